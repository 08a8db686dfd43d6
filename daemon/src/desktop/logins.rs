//! Whether the user still sits at this machine.
//!
//! A user's services outlive their sessions, by ten seconds or, where they *linger*, for ever. So the end of the last
//! session is looked for: of those with a screen or a console. A remote login shows nobody at the microphone.
//!
//! logind sends signals when a session begins and when it has gone, but none when it is closing, which a program left
//! behind in it can draw out for hours. So the files of sessions are watched. Where there are none, each signal is followed
//! by some looks of our own, and there is one now and then in any case.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc;
use zbus::Connection;
use zbus::fdo::PropertiesProxy;
use zbus::names::InterfaceName;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::DesktopSignal;
use super::bus::{self, Presence};
use super::logind::{LOGIND, MANAGER, MANAGER_PATH, PROPERTIES, SESSION, USER};
use super::session::{own_uid, user_of};
use super::session_files::SessionFiles;

/// The pauses before the looks that follow a signal.
const AFTER_A_SIGNAL: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
];
/// The pause before any other look.
pub(super) const NOW_AND_THEN: Duration = Duration::from_secs(10);

/// Follows the user's sessions until the bus is gone. Whether there are any is kept in `here` from one bus to the next;
/// `files` is where logind keeps a file for each.
pub(super) async fn follow(
    bus: &Connection,
    files: &Path,
    here: &mut Option<bool>,
    signals: &mpsc::Sender<DesktopSignal>,
) -> zbus::Result<()> {
    let mut begun = bus::signals(bus, LOGIND, MANAGER, "SessionNew").await?;
    let mut ended = bus::signals(bus, LOGIND, MANAGER, "SessionRemoved").await?;
    let mut changes = bus::signals(bus, LOGIND, PROPERTIES, "PropertiesChanged").await?;
    let mut presence = Presence::of(bus, LOGIND).await?;
    let uid = own_uid(bus).await?;
    let mut files = SessionFiles::watch(files);
    let mut present = bus::is_present(bus, LOGIND).await?;
    let mut looks = AFTER_A_SIGNAL.iter();
    loop {
        // While logind is away, what was known stays.
        let now = match present {
            true => look(bus, uid, *here).await,
            false => None,
        };
        let signal = match (*here, now) {
            // Whoever is there at the start is no news.
            (None | Some(true), Some(true)) | (Some(false), Some(false)) | (_, None) => None,
            (Some(false), Some(true)) => Some(DesktopSignal::LoggedIn),
            (None | Some(true), Some(false)) => Some(DesktopSignal::LoggedOut),
        };
        *here = now.or(*here);
        if let Some(signal) = signal
            && signals.send(signal).await.is_err()
        {
            return Ok(());
        }
        let pause = looks.next().copied().unwrap_or(NOW_AND_THEN);
        let told = tokio::select! {
            message = begun.next() => message,
            message = ended.next() => message,
            message = changes.next() => message,
            now = presence.changed() => {
                let Some(now) = now else { return Ok(()) };
                present = now;
                looks = AFTER_A_SIGNAL.iter();
                continue;
            }
            // What logind says then is as new as the file.
            () = files.changed() => continue,
            () = tokio::time::sleep(pause) => continue,
        };
        if !matches!(told, Some(Ok(_))) {
            return Ok(());
        }
        looks = AFTER_A_SIGNAL.iter();
    }
}

/// Returns whether the user is at this machine, as far as that can be said. Who was never seen there, as on a machine that
/// is used from afar, has not gone; but who has no session at all, and a service that runs on, has.
async fn look(bus: &Connection, uid: u32, here: Option<bool>) -> Option<bool> {
    let sessions = sessions(bus, uid).await.ok()?;
    for session in sessions {
        // One that has gone meanwhile is none.
        if is_at_this_machine(bus, &session).await.unwrap_or(false) {
            return Some(true);
        }
    }
    match here {
        Some(_) => Some(false),
        None => lingers(bus, uid).await.then_some(false),
    }
}

async fn sessions(bus: &Connection, uid: u32) -> zbus::Result<Vec<OwnedObjectPath>> {
    type Listed = (String, u32, String, String, OwnedObjectPath);
    let reply = bus
        .call_method(
            Some(LOGIND),
            MANAGER_PATH,
            Some(MANAGER),
            "ListSessions",
            &(),
        )
        .await?;
    let all: Vec<Listed> = reply.body().deserialize()?;
    Ok(all
        .into_iter()
        .filter(|(_, owner, ..)| *owner == uid)
        .map(|(.., session)| session)
        .collect())
}

async fn is_at_this_machine(bus: &Connection, session: &OwnedObjectPath) -> zbus::Result<bool> {
    let properties = PropertiesProxy::builder(bus)
        .destination(LOGIND)?
        .path(session.as_ref())?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?
        .get_all(InterfaceName::from_static_str(SESSION)?)
        .await?;
    let text = |name: &str| text(&properties, name);
    let remote = properties
        .get("Remote")
        .and_then(|value| bool::try_from(value).ok());
    Ok(Session {
        class: text("Class"),
        kind: text("Type"),
        state: text("State"),
        remote: remote.unwrap_or(false),
    }
    .is_at_this_machine())
}

fn text(properties: &HashMap<String, OwnedValue>, name: &str) -> String {
    let value = properties.get(name).cloned();
    value
        .and_then(|value| String::try_from(value).ok())
        .unwrap_or_default()
}

async fn lingers(bus: &Connection, uid: u32) -> bool {
    let Some(user) = user_of(bus, uid).await else {
        return false;
    };
    let state = super::session::property(bus, &user, USER, "State").await;
    let state = state.ok().and_then(|state| String::try_from(state).ok());
    state.as_deref() == Some("lingering")
}

/// What logind says of a session.
#[derive(Debug, Clone, Default)]
struct Session {
    class: String,
    kind: String,
    state: String,
    remote: bool,
}

impl Session {
    /// Returns whether it shows somebody at this machine: a person's session, not over, with a screen or a console.
    fn is_at_this_machine(&self) -> bool {
        // "user", and its kinds; a login screen and a job are none.
        let person = self.class.starts_with("user");
        let graphical = matches!(self.kind.as_str(), "x11" | "wayland" | "mir");
        let console = !self.remote && self.kind != "web";
        person && self.state != "closing" && (graphical || console)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(class: &str, kind: &str, state: &str, remote: bool) -> bool {
        Session {
            class: class.into(),
            kind: kind.into(),
            state: state.into(),
            remote,
        }
        .is_at_this_machine()
    }

    #[test]
    fn a_screen_or_a_console_shows_somebody_and_nothing_else_does() {
        assert!(session("user", "wayland", "active", false));
        assert!(
            session("user", "x11", "online", false),
            "another is in front"
        );
        assert!(session("user-early", "tty", "opening", false));
        assert!(session("user", "x11", "active", true), "a remote screen");
        assert!(!session("user", "wayland", "closing", false));
        assert!(!session("user", "tty", "active", true), "ssh");
        assert!(!session("user", "web", "active", false));
        assert!(!session("greeter", "wayland", "active", false));
        assert!(
            !session("background", "unspecified", "active", false),
            "cron"
        );
        assert!(!session("manager", "unspecified", "active", false));
    }
}
