//! What follows the buses, and what of it is reported.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::bus::{Bus, BusKind};
use super::knowledge::Knowledge;
use super::session_files::SESSIONS;
use super::{
    DesktopOptions, DesktopSignal, SessionState, idle, logins, phone, saver, session, sleep,
};

/// Starts the tasks that follow both buses.
pub(super) fn follow(
    options: DesktopOptions,
    idle_after: watch::Receiver<Option<Duration>>,
    signals: mpsc::Sender<DesktopSignal>,
) -> Vec<JoinHandle<()>> {
    let (knowledge, known) = watch::channel(Knowledge::default());
    vec![
        tokio::spawn(report_session(known, idle_after.clone(), signals.clone())),
        tokio::spawn(follow_session_bus(
            options.clone(),
            idle_after,
            knowledge.clone(),
            signals.clone(),
        )),
        tokio::spawn(follow_system_bus(options, knowledge, signals)),
    ]
}

/// Sends the session's state whenever it differs from what was sent last.
async fn report_session(
    mut known: watch::Receiver<Knowledge>,
    mut idle_after: watch::Receiver<Option<Duration>>,
    signals: mpsc::Sender<DesktopSignal>,
) {
    let mut reported = SessionState::default();
    loop {
        let idles = idle_after.borrow_and_update().is_some();
        let state = known.borrow_and_update().state(idles);
        if state != reported {
            reported = state;
            if signals.send(DesktopSignal::Session(state)).await.is_err() {
                return;
            }
        }
        let changed = tokio::select! {
            changed = known.changed() => changed,
            changed = idle_after.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn follow_session_bus(
    options: DesktopOptions,
    mut idle_after: watch::Receiver<Option<Duration>>,
    knowledge: watch::Sender<Knowledge>,
    signals: mpsc::Sender<DesktopSignal>,
) {
    let mut bus = Bus::new(BusKind::Session, options.session_bus);
    while let Some(connection) = bus.connect().await {
        let every = options.look_every;
        let ended = tokio::select! {
            ended = idle::follow(&connection, &mut idle_after, every, &knowledge) => ended,
            ended = saver::follow(&connection, &signals) => ended,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "lost the session bus");
        }
    }
}

async fn follow_system_bus(
    options: DesktopOptions,
    knowledge: watch::Sender<Knowledge>,
    signals: mpsc::Sender<DesktopSignal>,
) {
    // They outlive a connection, so that a missed resume, end of a call or logout is noticed afterwards.
    let mut here = None;
    let mut suspended = false;
    let mut in_call = false;
    let session_id = options.session_id.as_deref();
    let files = options.session_files.as_deref();
    let files = files.unwrap_or(Path::new(SESSIONS));
    let mut bus = Bus::new(BusKind::System, options.system_bus);
    while let Some(connection) = bus.connect().await {
        let ended = tokio::select! {
            ended = session::follow(&connection, session_id, &knowledge) => ended,
            ended = logins::follow(&connection, files, &mut here, &signals) => ended,
            ended = sleep::follow(&connection, &mut suspended, &signals) => ended,
            ended = phone::follow(&connection, &mut in_call, &signals) => ended,
        };
        match ended {
            Ok(()) => tracing::debug!("the system bus closed"),
            Err(error) => tracing::debug!(%error, "lost the system bus"),
        }
        if signals.is_closed() {
            return;
        }
    }
}
