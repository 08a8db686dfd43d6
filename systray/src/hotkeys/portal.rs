//! Keys that the desktop portal gives, on Wayland.
//!
//! The desktop asks the user once, and may show or give another key than the one that is asked for. It does so only for
//! programs that it knows, by the `.desktop` file of our id.

use std::collections::HashSet;
use std::sync::Arc;

use ashpd::AppID;
use ashpd::desktop::global_shortcuts::{
    Activated, BindShortcutsOptions, ConfigureShortcutsOptions, Deactivated, GlobalShortcuts,
    ListShortcutsOptions, NewShortcut, Shortcut, ShortcutsChanged,
};
use ashpd::desktop::{CreateSessionOptions, Session};
use futures::StreamExt;
use sotto_control::KeyReport;
use sotto_control::config::HotkeyAction;
use tokio::sync::{Notify, mpsc, watch};
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use super::{Held, Refused, Stroke, Wanted};
use crate::app;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";
/// The first release of the interface with a dialog about keys.
const WITH_DIALOG: u32 = 2;
/// Signals that may wait before reading from the bus pauses.
const MOST_SIGNALS: usize = 64;

/// The reason why a session has ended.
enum End {
    /// Other keys are wanted.
    Changed,
    /// The portal takes them away.
    Gone,
}

/// Holds the keys until the portal takes them away. `dialogs` asks for the desktop's own dialog about them.
///
/// # Errors
/// The desktop has no such portal, or refuses.
pub(super) async fn hold(
    mut wanted: watch::Receiver<Vec<Wanted>>,
    strokes: mpsc::Sender<Stroke>,
    reports: mpsc::Sender<Held>,
    dialogs: &Arc<Notify>,
) -> Result<(), Refused> {
    loop {
        let keys = wanted.borrow_and_update().clone();
        if keys.is_empty() {
            let _ = reports.send(Held::default()).await;
            match wanted.changed().await {
                Ok(()) => continue,
                Err(_) => return Ok(()),
            }
        }
        let asker = Asker {
            keys,
            changed: wanted.clone(),
            strokes: strokes.clone(),
            reports: reports.clone(),
            dialogs: Arc::clone(dialogs),
        };
        // In a task of its own: the library takes some answers of portals for impossible, and panics.
        let outcome = tokio::spawn(asker.ask()).await;
        // A key that is down would be let go unseen.
        let _ = strokes.send(Stroke::Lost).await;
        match outcome {
            Ok(Ok(End::Changed)) => {}
            Ok(Ok(End::Gone)) => return Ok(()),
            Ok(Err(error)) => return Err(refused(&error)),
            Err(error) => {
                tracing::debug!(%error, "the portal answered what it must not");
                return Err(refused(&ashpd::Error::NoResponse));
            }
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

/// A session of the portal: it binds keys once, and ends when others are wanted.
struct Asker {
    keys: Vec<Wanted>,
    changed: watch::Receiver<Vec<Wanted>>,
    strokes: mpsc::Sender<Stroke>,
    reports: mpsc::Sender<Held>,
    dialogs: Arc<Notify>,
}

impl Asker {
    async fn ask(mut self) -> ashpd::Result<End> {
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
        let bound = bind(&portal, &session, &self.keys).await?;
        let dialog = portal.version() >= WITH_DIALOG;
        self.report(&bound, dialog).await;
        let mut closed = std::pin::pin!(session.receive_closed().await?);
        let dialogs = Arc::clone(&self.dialogs);
        loop {
            let message = tokio::select! {
                message = signals.next() => match message {
                    Some(message) => message?,
                    None => return Ok(End::Gone),
                },
                _ = closed.next() => return Ok(End::Gone),
                changed = self.changed.changed() => {
                    // Keys are bound once in a session.
                    if let Err(error) = session.close().await {
                        tracing::debug!(%error, "the session was not closed");
                    }
                    return Ok(changed.map_or(End::Gone, |()| End::Changed));
                }
                () = dialogs.notified() => {
                    let options = ConfigureShortcutsOptions::default();
                    if let Err(error) = portal.configure_shortcuts(&session, None, options).await {
                        tracing::warn!(%error, "the desktop shows no dialog about keys");
                    }
                    continue;
                }
            };
            if !self.signal(&message, dialog).await? {
                return Ok(End::Gone);
            }
        }
    }

    /// Takes what the portal tells. Returns whether anybody wants to know more.
    async fn signal(&self, message: &zbus::Message, dialog: bool) -> ashpd::Result<bool> {
        let (header, body) = (message.header(), message.body());
        let stroke = match header.member().map(|member| member.as_str()) {
            Some("Activated") => {
                let event: Activated = body.deserialize()?;
                self.action(event.shortcut_id()).map(Stroke::Pressed)
            }
            Some("Deactivated") => {
                let event: Deactivated = body.deserialize()?;
                self.action(event.shortcut_id()).map(Stroke::Released)
            }
            Some("ShortcutsChanged") => {
                let event: ShortcutsChanged = body.deserialize()?;
                self.report(event.shortcuts(), dialog).await;
                None
            }
            _ => None,
        };
        Ok(match stroke {
            Some(stroke) => self.strokes.send(stroke).await.is_ok(),
            None => true,
        })
    }

    fn action(&self, id: &str) -> Option<HotkeyAction> {
        let mut all = self.keys.iter().map(|(action, _)| action);
        all.find(|action| action.id() == id).cloned()
    }

    async fn report(&self, bound: &[Shortcut], dialog: bool) {
        let keys = report(&self.keys, bound);
        let _ = self.reports.send(Held { keys, dialog }).await;
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
        .map(|(action, trigger)| {
            let found = of(action);
            KeyReport {
                setting: action.setting(),
                key: trigger.to_string(),
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
