//! Stopping the daemon, whichever program asks for it.

use std::time::Duration;

use tokio::time::sleep;

use crate::client::Client;
use crate::client_error::{CallError, ConnectError};
use crate::error::ForPeople;
use crate::holder::Holder;
use crate::method::DaemonQuit;
use crate::places::Places;

/// The longest time to the daemon's end. It says goodbye within a second.
pub const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// The time between two looks whether its process has gone.
const LOOK: Duration = Duration::from_millis(20);

/// The reason that the daemon was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// It cannot be asked.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It refused.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl ForPeople for StopError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Call(error) => error.hint(),
        }
    }
}

/// A daemon that was told to stop.
#[derive(Debug)]
pub struct Stopping {
    client: Client,
    places: Places,
}

/// Tells the daemon of this home, of whatever release, to stop. `name` is what the program calls itself. Returns nothing
/// where none runs.
///
/// # Errors
/// It cannot be asked, or refuses.
pub async fn stop(places: &Places, name: &str) -> Result<Option<Stopping>, StopError> {
    let client = match Client::connect_to_any_version(places, name).await {
        Ok(client) => client,
        Err(ConnectError::NotRunning { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match client.call(DaemonQuit {}).await {
        // A daemon that is gone before its reply was read has done what was asked.
        Ok(_) | Err(CallError::Disconnected) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Some(Stopping {
        client,
        places: places.clone(),
    }))
}

impl Stopping {
    /// Waits until its process has gone, so that the next can start.
    pub async fn ended(self) {
        self.client.ended().await;
        while Holder::find(&self.places).is_some() {
            sleep(LOOK).await;
        }
    }
}
