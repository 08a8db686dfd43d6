//! Stopping the daemon and starting it again, for the user who asks for it after an update.

use sotto_control::stopper::{self, ENDS_WITHIN};
use sotto_control::{ForPeople, Places, starter};
use tokio::time::timeout;

use crate::app;

/// Restarts the daemon. It comes back to its meetings, muted.
///
/// # Errors
/// A sentence that says what helps.
pub(super) async fn restart(places: &Places) -> Result<(), String> {
    let over = async {
        if let Some(stopping) = stopper::stop(places, app::NAME).await? {
            stopping.ended().await;
        }
        Ok(())
    };
    match timeout(ENDS_WITHIN, over).await {
        Ok(stopped) => stopped.map_err(|error: stopper::StopError| error.in_one_line())?,
        Err(_) => return Err("the Sotto daemon does not stop; its log says why".into()),
    }
    starter::start(places).await
}
