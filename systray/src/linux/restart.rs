//! Stopping the daemon and starting it again, for the user who asks for it after an update.

use std::time::Duration;

use sotto_control::{
    CallError, Client, ConnectError, DaemonQuit, ForPeople, Holder, Places, starter,
};
use tokio::time::{sleep, timeout};

use crate::app;

/// The longest time to the daemon's end. It says goodbye within a second.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// The time between two looks whether its process has gone.
const LOOK: Duration = Duration::from_millis(20);

/// Restarts the daemon. It comes back to its meetings, muted.
///
/// # Errors
/// A sentence that says what helps.
pub(super) async fn restart(places: &Places) -> Result<(), String> {
    match timeout(ENDS_WITHIN, stop(places)).await {
        Ok(stopped) => stopped?,
        Err(_) => return Err("the Sotto daemon does not stop; its log says why".into()),
    }
    starter::start(places).await
}

/// Stops the daemon, if one runs, and waits until its process has gone.
async fn stop(places: &Places) -> Result<(), String> {
    let client = match Client::connect_to_any_version(places, app::NAME).await {
        Ok(client) => client,
        Err(ConnectError::NotRunning { .. }) => return Ok(()),
        Err(error) => return Err(error.in_one_line()),
    };
    match client.call(DaemonQuit {}).await {
        // A daemon that is gone before its reply was read has done what was asked.
        Ok(_) | Err(CallError::Disconnected) => {}
        Err(error) => return Err(error.in_one_line()),
    }
    client.ended().await;
    while Holder::find(places).is_some() {
        sleep(LOOK).await;
    }
    Ok(())
}
