//! `sotto service start`, `stop` and `restart`

use serde::Serialize;
use sotto_control::Places;
use sotto_control::unit::{self, UNIT, UnitState};

use crate::commands::start;
use crate::failure::Failure;
use crate::format;
use crate::log_source::by_hand;
use crate::output::Output;

/// The outcome of a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stopped {
    /// It starts again with the next login.
    pub(crate) enabled: bool,
}

pub(super) async fn start(output: &Output) -> Result<(), Failure> {
    ready_to_start().await?;
    output.show(&start::start().await?, format::started)
}

pub(super) async fn restart(output: &Output) -> Result<(), Failure> {
    if ready_to_start().await?.runs() {
        unit::act(&["stop", UNIT]).await?;
    }
    output.show(&start::start().await?, format::started)
}

pub(super) async fn stop(output: &Output) -> Result<(), Failure> {
    let places = Places::find()?;
    let state = UnitState::ask().await?;
    if !state.runs() {
        return Err(match by_hand(&places, &state) {
            Some(holder) => Failure::service(
                format!(
                    "the service does not run; a daemon that was started by hand does{}",
                    holder.in_brackets()
                ),
                "'sotto quit' stops it",
            ),
            None => Failure::NothingToStop,
        });
    }
    unit::act(&["stop", UNIT]).await?;
    let stopped = Stopped {
        enabled: state.is_enabled(),
    };
    output.show(&stopped, format::service_stopped)
}

/// Makes sure that there is a service, and that no other daemon is in its way.
async fn ready_to_start() -> Result<UnitState, Failure> {
    let places = Places::find()?;
    let state = UnitState::ask().await?;
    if state.load == "masked" {
        return Err(masked());
    }
    if !state.is_installed() {
        return Err(Failure::service(
            "Sotto is no service of your login",
            "'sotto service install' makes it one; 'sotto start' runs it as a program",
        ));
    }
    match by_hand(&places, &state) {
        Some(holder) => Err(Failure::service(
            format!(
                "a daemon that was started by hand runs already{}",
                holder.in_brackets()
            ),
            "'sotto restart' stops it and starts the service",
        )),
        None => Ok(state),
    }
}

/// The failure where the user has told the service manager never to start it.
pub(super) fn masked() -> Failure {
    Failure::service(
        "the service is masked: it was said that it is never to start",
        format!("'systemctl --user unmask {UNIT}' takes that back"),
    )
}
