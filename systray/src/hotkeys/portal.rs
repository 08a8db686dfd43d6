//! Keys that the desktop portal gives, on Wayland.
//!
//! The desktop asks the user once, and may show or give another key than the one that is asked for. It does so only for
//! programs that it knows, by the `.desktop` file of our id.

use std::collections::HashSet;

use ashpd::AppID;
use ashpd::desktop::global_shortcuts::{
    Activated, BindShortcutsOptions, Deactivated, GlobalShortcuts, ListShortcutsOptions,
    NewShortcut, Shortcut, ShortcutsChanged,
};
use ashpd::desktop::{CreateSessionOptions, Session};
use futures::StreamExt;
use sotto_control::KeyReport;
use sotto_control::config::HotkeyAction;
use tokio::sync::mpsc;
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use super::{Refused, Stroke, Wanted};
use crate::app;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";
/// Signals that may wait before reading from the bus pauses.
const MOST_SIGNALS: usize = 64;

/// Holds the keys until the portal takes them away.
///
/// # Errors
/// The desktop has no such portal, or refuses.
pub(super) async fn hold(
    wanted: Vec<Wanted>,
    strokes: mpsc::Sender<Stroke>,
    reports: mpsc::Sender<Vec<KeyReport>>,
) -> Result<(), Refused> {
    // In a task of its own: the library takes some answers of portals for impossible, and panics.
    let held = tokio::spawn(ask(wanted, strokes.clone(), reports));
    let outcome = held.await;
    let _ = strokes.send(Stroke::Lost).await;
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refused(&error)),
        Err(error) => {
            tracing::debug!(%error, "the portal answered what it must not");
            Err(refused(&ashpd::Error::NoResponse))
        }
    }
}

fn refused(error: &ashpd::Error) -> Refused {
    let by_hand = "'sotto hotkeys' shows how to bind commands to keys instead";
    let said = error.to_string();
    match error {
        // No portal at all, or one without keys.
        error if matches!(error, ashpd::Error::PortalNotFound(_)) || said.contains(PORTAL) => {
            Refused {
                problem: "this desktop gives programs no keys that work everywhere".into(),
                hint: by_hand.into(),
            }
        }
        ashpd::Error::Response(_) => Refused {
            problem: "the desktop was not allowed to give Sotto its keys".into(),
            hint:
                "allow it in the desktop's settings for applications, then start sotto-tray again"
                    .into(),
        },
        _ if said.contains("app id") => Refused {
            problem: "this desktop gives keys to installed programs alone".into(),
            hint: "run 'sotto-tray install', then start Sotto from the menu of programs".into(),
        },
        _ => Refused {
            problem: format!("this desktop gives programs no keys that work everywhere ({said})"),
            hint: by_hand.into(),
        },
    }
}

async fn ask(
    wanted: Vec<Wanted>,
    strokes: mpsc::Sender<Stroke>,
    reports: mpsc::Sender<Vec<KeyReport>>,
) -> ashpd::Result<()> {
    // The id belongs to the connection, and must be told before anything else is asked.
    let bus = zbus::Connection::session().await?;
    let id = AppID::try_from(app::ID)?;
    if let Err(error) = ashpd::register_host_app_with_connection(bus.clone(), id).await {
        // Portals before 1.20 have no such method, and go by the name of the process's scope.
        tracing::debug!(%error, "the portal was not told who asks");
    }
    let portal = GlobalShortcuts::with_connection(bus.clone()).await?;
    // All signals in one line: a press and a release that change places would never end.
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(PORTAL)?
        .interface(SHORTCUTS)?
        .build();
    let mut signals = MessageStream::for_match_rule(rule, &bus, Some(MOST_SIGNALS)).await?;
    let session = portal
        .create_session(CreateSessionOptions::default())
        .await?;
    let bound = bind(&portal, &session, &wanted).await?;
    let _ = reports.send(report(&wanted, &bound)).await;
    let action = |id: &str| {
        let mut all = wanted.iter().map(|(action, _)| action);
        all.find(|action| action.id() == id).cloned()
    };
    let mut closed = std::pin::pin!(session.receive_closed().await?);
    loop {
        let message = tokio::select! {
            message = signals.next() => match message {
                Some(message) => message?,
                None => return Ok(()),
            },
            _ = closed.next() => return Ok(()),
        };
        let (header, body) = (message.header(), message.body());
        let stroke = match header.member().map(|member| member.as_str()) {
            Some("Activated") => {
                let event: Activated = body.deserialize()?;
                action(event.shortcut_id()).map(Stroke::Pressed)
            }
            Some("Deactivated") => {
                let event: Deactivated = body.deserialize()?;
                action(event.shortcut_id()).map(Stroke::Released)
            }
            Some("ShortcutsChanged") => {
                let event: ShortcutsChanged = body.deserialize()?;
                let _ = reports.send(report(&wanted, event.shortcuts())).await;
                None
            }
            _ => None,
        };
        if let Some(stroke) = stroke
            && strokes.send(stroke).await.is_err()
        {
            return Ok(());
        }
    }
}

/// Asks for what the desktop does not know yet. Asking for what it knows would ask the user again at every login.
async fn bind(
    portal: &GlobalShortcuts,
    session: &Session<GlobalShortcuts>,
    wanted: &[Wanted],
) -> ashpd::Result<Vec<Shortcut>> {
    let listed = portal
        .list_shortcuts(session, ListShortcutsOptions::default())
        .await
        .and_then(|request| request.response());
    // Some portals do not list.
    let mut bound = listed.map(|it| it.shortcuts().to_vec()).unwrap_or_default();
    let known: HashSet<String> = bound.iter().map(|it| it.id().to_owned()).collect();
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(action, _)| !known.contains(&action.id()))
        .map(|(action, trigger)| {
            NewShortcut::new(action.id(), says(action))
                .preferred_trigger(trigger.for_portal().as_str())
        })
        .collect();
    if !missing.is_empty() {
        let options = BindShortcutsOptions::default();
        let asked = portal
            .bind_shortcuts(session, &missing, None, options)
            .await?;
        bound.extend(asked.response()?.shortcuts().iter().cloned());
    }
    Ok(bound)
}

/// Says what a key does, for the desktop's own list.
fn says(action: &HotkeyAction) -> String {
    let held = if action.is_held() { " while held" } else { "" };
    format!("{}{held}", action.says())
}

fn report(wanted: &[Wanted], bound: &[Shortcut]) -> Vec<KeyReport> {
    let of = |action: &HotkeyAction| bound.iter().find(|it| it.id() == action.id());
    wanted
        .iter()
        .map(|(action, _)| {
            let found = of(action);
            KeyReport {
                setting: action.setting(),
                bound: found
                    .map(|it| it.trigger_description().to_owned())
                    .filter(|text| !text.is_empty()),
                problem: found
                    .is_none()
                    .then(|| "the desktop has not given it a key".into()),
            }
        })
        .collect()
}
