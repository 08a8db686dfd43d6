//! The task that carries media where datagrams do not pass.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::{NodeId, media_stream};

/// The streams for media. Their task ends with this.
pub(super) struct Media {
    shared: Arc<media_stream::Shared>,
    task: JoinHandle<()>,
}

impl Media {
    pub(super) fn start(
        shared: Arc<media_stream::Shared>,
        control: libp2p_stream::Control,
    ) -> Self {
        let task = tokio::spawn(media_stream::run(Arc::clone(&shared), control));
        Self { shared, task }
    }

    /// Notes that there is a connection to `peer`.
    pub(super) fn connected(&self, peer: NodeId) {
        self.shared.connected(peer);
    }

    /// Notes that there is none any more.
    pub(super) fn disconnected(&self, peer: NodeId) {
        self.shared.disconnected(peer);
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.task.abort();
    }
}
