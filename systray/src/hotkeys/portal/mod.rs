//! Keys that the desktop portal gives, on Wayland.
//!
//! The desktop asks the user once, and may show or give another key than the one that is asked for. It does so only for
//! programs that it knows, by the `.desktop` file of our id. When the portal ends and is started again, the keys are
//! asked for again.

mod interface;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use sotto_control::KeyReport;
use sotto_control::config::{HotkeyAction, Trigger};
use tokio::sync::{Notify, mpsc, watch};

use self::interface::{Asked, Ends, Event, Failure, Given, Portal, Session};
use super::{Held, Refused, Stroke, Wanted};
use crate::app;

/// The pauses before a portal that has ended is asked again: it is started by the first who asks, but what it needs may
/// need longer.
const AGAIN_AFTER: [Duration; 7] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// The reason why a session has ended.
enum End {
    /// Other keys are wanted.
    Changed,
    /// The portal takes them away, or nobody wants to know of them.
    Closed,
    /// The portal has ended, or what holds the keys behind it.
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
    // None until the portal has given keys: one that has given none is not asked again.
    let mut tries = None;
    let mut allowed = BTreeSet::new();
    let mut those_alone = false;
    loop {
        let keys = wanted.borrow_and_update().clone();
        if keys.is_empty() {
            let _ = reports.send(Held::default()).await;
            match wanted.changed().await {
                Ok(()) => continue,
                Err(_) => return Ok(()),
            }
        }
        let mut asker = Asker {
            keys,
            changed: wanted.clone(),
            strokes: strokes.clone(),
            reports: reports.clone(),
            dialogs: Arc::clone(dialogs),
            given: None,
        };
        let asked = asker.asked(those_alone.then_some(&allowed));
        let outcome = asker.ask(&asked).await;
        // A key that is down would be let go unseen.
        let _ = strokes.send(Stroke::Lost).await;
        if let Some(given) = asker.given.take() {
            tries = Some(AGAIN_AFTER.iter());
            allowed = given;
        }
        let error = match outcome {
            Ok(End::Changed) => {
                those_alone = false;
                // The desktop may ask the user, and until then gives none.
                let _ = reports.send(Held::default()).await;
                continue;
            }
            Ok(End::Closed) => return Ok(()),
            Ok(End::Gone) => Failure::Missing,
            // GNOME gives none if the user does not want one more. Those that were given stay.
            Err(Failure::Denied) if !those_alone && asker.has_any_of(&allowed) => {
                those_alone = true;
                continue;
            }
            Err(error) => error,
        };
        let again = tries.as_mut().and_then(Iterator::next);
        match (error, again) {
            (Failure::Missing | Failure::Failed(_), Some(&pause)) => {
                tracing::debug!(?pause, "the portal is asked again");
                let _ = reports.send(Held::default()).await;
                // Changed keys are asked for at once.
                let _ = tokio::time::timeout(pause, wanted.changed()).await;
            }
            (error, _) => return Err(refused(&error)),
        }
    }
}

fn refused(error: &Failure) -> Refused {
    let by_hand = "'sotto hotkeys' shows how to bind commands to keys instead";
    match error {
        Failure::Missing => Refused {
            problem: "this desktop gives programs no keys that work everywhere".into(),
            hint: by_hand.into(),
        },
        Failure::Denied => Refused {
            problem: "the desktop was not allowed to give Sotto its keys".into(),
            hint: "start sotto-tray again, or change a key: then the desktop asks again".into(),
        },
        Failure::Failed(said) if said.contains("app id") => Refused {
            problem: "this desktop gives keys to installed programs alone".into(),
            hint: "run 'sotto-tray install', then start Sotto from the menu of programs".into(),
        },
        Failure::Failed(said) => Refused {
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
    /// The ids of the keys that the portal has given, if it has.
    given: Option<BTreeSet<String>>,
}

impl Asker {
    /// Returns what to ask for: all, or those alone that are allowed.
    fn asked(&self, allowed: Option<&BTreeSet<String>>) -> Vec<Asked> {
        let all = self.keys.iter().map(asked);
        all.filter(|key| allowed.is_none_or(|allowed| allowed.contains(&key.id)))
            .collect()
    }

    fn has_any_of(&self, ids: &BTreeSet<String>) -> bool {
        self.keys
            .iter()
            .any(|(action, _)| ids.contains(&action.id()))
    }

    async fn ask(&mut self, keys: &[Asked]) -> Result<End, Failure> {
        let bus = zbus::Connection::session().await?;
        let mut ends = Ends::on(&bus).await?;
        let portal = Portal::of(bus, app::ID).await?;
        let mut signals = portal.signals().await?;
        // The user may take long, and meanwhile everything may change. What was asked for ends with the connection.
        let (session, given) = tokio::select! {
            opened = open(&portal, keys) => opened?,
            () = ends.next() => return Ok(End::Gone),
            changed = self.changed.changed() => {
                return Ok(changed.map_or(End::Closed, |()| End::Changed));
            }
        };
        let dialog = portal.has_dialog();
        self.take(&given, dialog).await;
        let dialogs = Arc::clone(&self.dialogs);
        loop {
            let message = tokio::select! {
                message = signals.next() => match message {
                    Some(message) => message?,
                    None => return Ok(End::Gone),
                },
                () = ends.next() => return Ok(End::Gone),
                changed = self.changed.changed() => {
                    // Keys are bound once in a session.
                    session.close().await;
                    return Ok(changed.map_or(End::Closed, |()| End::Changed));
                }
                () = dialogs.notified() => {
                    if let Err(error) = session.configure().await {
                        tracing::warn!(%error, "the desktop shows no dialog about keys");
                    }
                    continue;
                }
            };
            let stroke = match session.event(&message) {
                Some(Event::Pressed(id)) => self.action(&id).map(Stroke::Pressed),
                Some(Event::Released(id)) => self.action(&id).map(Stroke::Released),
                Some(Event::Changed(given)) => {
                    self.take(&given, dialog).await;
                    None
                }
                Some(Event::Closed) => return Ok(End::Closed),
                None => None,
            };
            if let Some(stroke) = stroke
                && self.strokes.send(stroke).await.is_err()
            {
                return Ok(End::Closed);
            }
        }
    }

    /// Remembers which keys are given, and tells of them.
    async fn take(&mut self, given: &[Given], dialog: bool) {
        self.given = Some(given.iter().map(|key| key.id.clone()).collect());
        self.report(given, dialog).await;
    }

    fn action(&self, id: &str) -> Option<HotkeyAction> {
        let mut all = self.keys.iter().map(|(action, _)| action);
        all.find(|action| action.id() == id).cloned()
    }

    async fn report(&self, given: &[Given], dialog: bool) {
        let keys = report(&self.keys, given);
        let _ = self.reports.send(Held { keys, dialog }).await;
    }
}

/// Opens a session with these keys, and returns it with those that are given.
///
/// All are asked for, also those that the desktop knows: most give none that is not asked for, and take it as unwanted.
/// They ask the user about new ones alone. Not so Plasma: it gives what it knows, and before 6.4 opens its settings with
/// every question.
async fn open<'a>(
    portal: &'a Portal,
    keys: &[Asked],
) -> Result<(Session<'a>, Vec<Given>), Failure> {
    let session = portal.open(keys).await?;
    if is_plasma() {
        let listed = session.list().await?;
        let known: BTreeSet<_> = listed.iter().map(|key| &key.id).collect();
        if known == keys.iter().map(|key| &key.id).collect() {
            return Ok((session, listed));
        }
    }
    // Plasma 6.4 does not tell what it gives. It tells in a signal, which waits.
    let given = session.bind(keys).await?.unwrap_or_default();
    Ok((session, given))
}

fn is_plasma() -> bool {
    let names = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    names.split(':').any(|name| name == "KDE")
}

fn asked((action, trigger): &Wanted) -> Asked {
    let held = if action.is_held() { " while held" } else { "" };
    Asked {
        id: action.id(),
        // For the desktop's own list.
        says: format!("{}{held}", action.says()),
        trigger: trigger.for_portal(),
    }
}

/// Returns the desktop's words for a key, or ours if it is the one that was asked for: GNOME says
/// `Press <Control><Alt>t`.
fn in_our_words(text: String, asked: &Trigger) -> String {
    let theirs = asked.for_gnome().to_lowercase();
    let says = text.to_lowercase();
    if says.split_whitespace().any(|word| word == theirs) {
        return asked.to_string();
    }
    text
}

fn report(wanted: &[Wanted], given: &[Given]) -> Vec<KeyReport> {
    let one = |(action, trigger): &Wanted| {
        let found = given.iter().find(|it| it.id == action.id());
        KeyReport {
            setting: action.setting(),
            key: trigger.to_string(),
            bound: found
                .and_then(|it| it.trigger.clone())
                .map(|text| in_our_words(text, trigger)),
            problem: found
                .is_none()
                .then(|| "the desktop has not given it a key".into()),
        }
    };
    wanted.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_as_gnome_writes_it_is_said_as_it_is_set() {
        let asked: Trigger = "Ctrl+Alt+T".parse().unwrap();
        let says = |text: &str| in_our_words(text.into(), &asked);
        assert_eq!(says("Press <Control><Alt>t"), "Ctrl+Alt+T");
        assert_eq!(says("Ctrl+Alt+T"), "Ctrl+Alt+T");
        // Another one, and two.
        assert_eq!(says("Press <Super>F8"), "Press <Super>F8");
        assert_eq!(says("Press <Control><Alt>Tab"), "Press <Control><Alt>Tab");
    }
}
