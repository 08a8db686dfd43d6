//! The way to the network.

use sotto_meeting::Output;
use sotto_net::{Network, NetworkCommand, SendError};
use tokio::sync::mpsc;

use super::commands::Commands;

/// The network, and what waits to be handed to it.
pub(super) struct Link {
    network: Network,
    commands: Commands,
}

impl Link {
    /// Has nothing to hand over yet.
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            commands: Commands::default(),
        }
    }

    /// Takes `output` if it is for the network, and gives it back otherwise.
    pub(super) fn take(&mut self, output: Output) -> Option<Output> {
        self.commands.take(output)
    }

    /// Hands over what waits.
    ///
    /// # Errors
    ///
    /// If the network has stopped; nothing waits any more then.
    pub(super) async fn flush(&mut self) -> Result<(), SendError> {
        while let Some(command) = self.commands.next() {
            if let Err(stopped) = self.network.send(command).await {
                self.commands.clear();
                return Err(stopped);
            }
        }
        Ok(())
    }

    /// Hands one command over at once, beside those that wait.
    ///
    /// # Errors
    ///
    /// If the network has stopped.
    pub(super) async fn send(&self, command: NetworkCommand) -> Result<(), SendError> {
        self.network.send(command).await
    }

    /// Returns the way for commands of a task of its own.
    pub(super) fn commands(&self) -> mpsc::Sender<NetworkCommand> {
        self.network.commands()
    }

    /// Says goodbye to everybody, and ends.
    pub(super) async fn shutdown(self) {
        self.network.shutdown().await;
    }
}
