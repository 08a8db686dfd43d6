//! Discovery by mDNS, if it is wanted.

use std::{future::pending, sync::Arc};

use tokio::sync::mpsc;

use crate::{
    Interfaces, NodeId,
    discovery::{Discovery, Sighting},
    statistics::Counters,
};

/// Discovery and what it sees. Without discovery, nothing.
pub(super) struct Lookout(Option<(Discovery, mpsc::Receiver<Sighting>)>);

impl Lookout {
    /// Sees nobody.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Announces `node` at `port`, and looks for others.
    pub(super) fn start(
        node: NodeId,
        port: u16,
        interfaces: Interfaces,
        counters: &Arc<Counters>,
    ) -> Self {
        let counters = Arc::clone(counters);
        Self(Some(Discovery::start(node, port, interfaces, counters)))
    }

    /// Waits for the next sighting. Cancel safe.
    pub(super) async fn next(&mut self) -> Sighting {
        if let Some((_, sightings)) = &mut self.0
            && let Some(sighting) = sightings.recv().await
        {
            return sighting;
        }
        pending().await
    }

    /// Withdraws the announcement.
    pub(super) async fn stop(self) {
        if let Some((discovery, _)) = self.0 {
            discovery.stop().await;
        }
    }
}
