//! `sotto start`

use std::future::pending;
use std::path::PathBuf;

use serde::Serialize;
use sotto_control::starter::{self, ANSWERS_WITHIN, Way};
use sotto_control::{Holder, Places, StatusGet};

use crate::connection::{connect, connect_when_running};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait;

/// Start the daemon: as the service of your login where it is one, else as a program in the background
#[derive(Debug, clap::Args)]
#[command(
    after_help = "As a program it writes its log to 'sottod.log' beside its state; 'sottod' alone runs in the foreground.\n\nExample:\n  sotto start"
)]
pub(crate) struct Start {}

/// The outcome of a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Started {
    /// It was running before.
    pub(crate) already: bool,
    /// The user's name, as colleagues see it.
    pub(crate) name: String,
    /// Its process, where it is known.
    pub(crate) process: Option<u32>,
    /// It was started as the service for the first time, and starts with the login from now on.
    pub(crate) first: bool,
    /// Its log, where it was started as a program.
    pub(crate) log: Option<PathBuf>,
}

impl Start {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let started = start().await?;
        output.show(&started, format::started)
    }
}

/// Starts the daemon unless it runs, and returns once it can be asked.
pub(super) async fn start() -> Result<Started, Failure> {
    let places = Places::find()?;
    let mut first = false;
    let (client, already, log) = match connect().await {
        Ok(client) => (client, true, None),
        Err(Failure::Connect(error)) if error.nobody_listens() => {
            let way = Way::find().await;
            first = way == Way::Service && !starter::was_started(&places);
            let started = async {
                way.start(&places).await?;
                pending::<Result<(), String>>().await
            };
            let answers =
                wait::within(ANSWERS_WITHIN, "the daemon's start", connect_when_running());
            let client = tokio::select! {
                failed = started => {
                    return Err(Failure::NotStarted(failed.err().unwrap_or_default()));
                }
                client = answers => client?,
            };
            let log = (way == Way::Program).then(|| starter::log_of(&places));
            (client, false, log)
        }
        Err(failure) => return Err(failure),
    };
    let status = client.call(StatusGet {}).await?;
    Ok(Started {
        already,
        name: status.you.name,
        process: Holder::find(&places).and_then(|holder| holder.process),
        first,
        log: log.filter(|log| log.exists()),
    })
}
