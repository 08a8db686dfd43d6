//! `sotto service start`, `stop` and `restart`

use serde::Serialize;
use sotto_control::starter;
use sotto_control::unit::{self, UNIT, UnitState};
use sotto_control::{Holder, Places, StatusGet};

use crate::commands::Started;
use crate::connection::connect_when_running;
use crate::failure::Failure;
use crate::format;
use crate::log_source::by_hand;
use crate::output::Output;
use crate::wait;

/// The outcome of a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stopped {
    /// It starts again with the next login.
    pub(crate) enabled: bool,
}

pub(super) async fn start(output: &Output) -> Result<(), Failure> {
    let (places, state) = ready_to_start().await?;
    if state.active == "active" {
        return runs(&places, true, output).await;
    }
    starter::start(&places).await.map_err(Failure::NotStarted)?;
    runs(&places, false, output).await
}

pub(super) async fn restart(output: &Output) -> Result<(), Failure> {
    let (places, state) = ready_to_start().await?;
    if state.runs() {
        unit::act(&["stop", UNIT]).await?;
    }
    starter::start(&places).await.map_err(Failure::NotStarted)?;
    runs(&places, false, output).await
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
async fn ready_to_start() -> Result<(Places, UnitState), Failure> {
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
        None => Ok((places, state)),
    }
}

/// The failure where the user has told the service manager never to start it.
pub(super) fn masked() -> Failure {
    Failure::service(
        "the service is masked: it was said that it is never to start",
        format!("'systemctl --user unmask {UNIT}' takes that back"),
    )
}

async fn runs(places: &Places, already: bool, output: &Output) -> Result<(), Failure> {
    let client = wait::within(
        starter::ANSWERS_WITHIN,
        "the daemon's start",
        connect_when_running(),
    )
    .await?;
    let status = client.call(StatusGet {}).await?;
    let started = Started {
        already,
        name: status.you.name,
        process: Holder::find(places).and_then(|holder| holder.process),
        first: false,
        log: None,
    };
    output.show(&started, format::started)
}
