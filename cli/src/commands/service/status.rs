//! `sotto service status`

use std::path::PathBuf;

use serde::Serialize;
use sotto_control::Places;
use sotto_control::unit::{self, UnitState};

use super::install::same;
use crate::failure::Failure;
use crate::format;
use crate::log_source::by_hand;
use crate::output::Output;

/// The service at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ServiceStatus {
    /// There is a unit that can be started.
    pub(crate) installed: bool,
    /// It runs.
    pub(crate) running: bool,
    /// It starts with the login.
    pub(crate) enabled: bool,
    /// The unit as the service manager has it.
    pub(crate) unit: UnitState,
    /// The process of a daemon that was started by hand.
    pub(crate) by_hand: Option<u32>,
    /// The program beside this one, where the unit starts another.
    pub(crate) beside: Option<PathBuf>,
    /// Why it does not run, in the daemon's own words.
    pub(crate) last_words: Option<String>,
}

pub(super) async fn run(output: &Output) -> Result<(), Failure> {
    let places = Places::find()?;
    let state = UnitState::ask().await?;
    let last_words = match state.active.as_str() {
        "failed" if state.result == "exit-code" => unit::last_words().await,
        _ => None,
    };
    let beside = unit::daemon_beside_this()
        .filter(|beside| state.is_installed() && !same(state.program.as_deref(), beside));
    let status = ServiceStatus {
        installed: state.is_installed(),
        running: state.runs(),
        enabled: state.is_enabled(),
        by_hand: by_hand(&places, &state).and_then(|holder| holder.process),
        unit: state,
        beside,
        last_words,
    };
    output.show(&status, format::service_status)
}
