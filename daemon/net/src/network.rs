//! The handle by which the rest of the daemon holds the network.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};

use crate::{
    MediaStreams, NetworkCommand, NetworkConfig, NetworkError, NetworkEvent, NodeId, SendError,
    Statistics, Wake, driver::Driver, media_stream, statistics::Counters,
};

/// Commands and events that may wait.
pub(crate) const QUEUE: usize = 1024;
/// Saying goodbye must not hold up the end of the program.
const GOODBYE: Duration = Duration::from_millis(900);

/// A running network. Dropping it stops everything without a goodbye by mDNS; [`shutdown`](Self::shutdown) is the
/// polite way.
pub struct Network {
    commands: mpsc::Sender<NetworkCommand>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    media: Arc<media_stream::Shared>,
    counters: Arc<Counters>,
    node: NodeId,
    port: u16,
}

impl Network {
    /// Starts listening, discovery and the swarm; must be called within a tokio runtime.
    ///
    /// Events come through the returned channel, which holds 1,024. A caller that falls behind loses gossip and
    /// requests (counted), never changes of connection.
    ///
    /// # Errors
    /// If the configured port is taken or the interfaces cannot be read. That no interface is up is no error.
    pub async fn start(
        config: NetworkConfig,
    ) -> Result<(Self, mpsc::Receiver<NetworkEvent>), NetworkError> {
        let node = NodeId::from_secret_seed(config.secret_seed);
        let counters = Arc::new(Counters::default());
        let media = media_stream::Shared::new(Arc::clone(&counters));
        let (commands, command_receiver) = mpsc::channel(QUEUE);
        let (events, event_receiver) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let driver = Driver::new(
            node,
            config,
            Arc::clone(&media),
            Arc::clone(&counters),
            events,
        )
        .await?;
        let port = driver.port();
        let task = tokio::spawn(driver.run(command_receiver, stopped));
        let network = Self {
            commands,
            stop: Some(stop),
            task,
            media,
            counters,
            node,
            port,
        };
        Ok((network, event_receiver))
    }

    /// This daemon's own identity.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The port of QUIC (UDP) and TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Hands over a command, waiting while 1,024 are queued.
    ///
    /// # Errors
    /// [`SendError::Closed`] after shutdown.
    pub async fn send(&self, command: NetworkCommand) -> Result<(), SendError> {
        self.commands
            .send(command)
            .await
            .map_err(|_| SendError::Closed)
    }

    /// Returns the way for commands, for tasks that send some of their own.
    pub fn commands(&self) -> mpsc::Sender<NetworkCommand> {
        self.commands.clone()
    }

    /// Hands over a command without waiting.
    ///
    /// # Errors
    /// If 1,024 commands are queued, or after shutdown.
    pub fn try_send(&self, command: NetworkCommand) -> Result<(), SendError> {
        self.commands
            .try_send(command)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => SendError::Full,
                mpsc::error::TrySendError::Closed(_) => SendError::Closed,
            })
    }

    /// The streams that carry media where UDP is blocked. `wake` is called, from any thread, when a datagram has
    /// come in; it must not block. A later call replaces the callback.
    pub fn media_streams(&self, wake: Wake) -> MediaStreams {
        self.media.handle(wake)
    }

    /// Counts since the start.
    pub fn statistics(&self) -> Statistics {
        self.counters.snapshot()
    }

    /// Says goodbye by mDNS, closes every connection so that the others see it at once, and stops. Takes at most 1 s.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if time::timeout(GOODBYE, &mut self.task).await.is_err() {
            tracing::warn!("the network did not stop in time");
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("node", &self.node)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
