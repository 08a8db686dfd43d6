//! Discovery by mDNS, if it is wanted.

use std::{
    future::pending,
    sync::{Arc, PoisonError},
};

use tokio::sync::mpsc;

use crate::{
    Interfaces, NetworkReport, NodeId,
    discovery::{Discovery, Overhearing, Sighting},
    statistics::Counters,
};

/// Discovery and what it sees. Without discovery, nothing.
pub(super) struct Lookout {
    discovery: Option<(Discovery, mpsc::Receiver<Sighting>)>,
    overhearing: Overhearing,
}

impl Lookout {
    /// Sees nobody.
    pub(super) fn none() -> Self {
        Self {
            discovery: None,
            overhearing: Overhearing::default(),
        }
    }

    /// Announces `node` at `port`, and looks for others.
    pub(super) fn start(
        node: NodeId,
        port: u16,
        interfaces: Interfaces,
        counters: &Arc<Counters>,
    ) -> Self {
        let counters = Arc::clone(counters);
        let overhearing = Overhearing::default();
        let shared = Arc::clone(&overhearing);
        let discovery = Discovery::start(node, port, interfaces, counters, shared);
        Self {
            discovery: Some(discovery),
            overhearing,
        }
    }

    /// Adds what is known of multicast to a report.
    pub(super) fn report(&self, report: &mut NetworkReport) {
        let heard = self.overhearing.lock();
        let heard = heard.unwrap_or_else(PoisonError::into_inner);
        report.discovery = self.discovery.is_some();
        report.mdns_port_bound = heard.bound;
        for interface in &mut report.interfaces {
            if let Some(heard) = heard.interfaces.get(&interface.name) {
                interface.heard_back = heard.back;
                interface.others_heard = heard.others.map(|at| at.elapsed());
            }
        }
    }

    /// Waits for the next sighting. Cancel safe.
    pub(super) async fn next(&mut self) -> Sighting {
        if let Some((_, sightings)) = &mut self.discovery
            && let Some(sighting) = sightings.recv().await
        {
            return sighting;
        }
        pending().await
    }

    /// Withdraws the announcement.
    pub(super) async fn stop(self) {
        if let Some((discovery, _)) = self.discovery {
            discovery.stop().await;
        }
    }
}
