//! Keys that the X server gives this program, whichever has the focus.
//!
//! A thread waits for them. Whoever waits in the queue behind it holds it up, so that nothing is lost.

use std::sync::Arc;
use std::thread;

use sotto_control::KeyReport;
use sotto_control::config::{HotkeyAction, Trigger};
use tokio::sync::{mpsc, oneshot, watch};
use x11rb::connection::Connection;
use x11rb::errors::{ReplyError, ReplyOrIdError};
use x11rb::protocol::xkb::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, GrabMode,
    Keycode, ModMask, Window, WindowClass,
};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;

use super::{Held, Refused, Stroke, Wanted};

/// A key is wanted whether or not these are on: CapsLock (2) and NumLock (16).
const LOCKS: [u16; 4] = [0, 2, 16, 2 | 16];
/// What is looked at of what is held: Shift (1), Ctrl (4), Alt (8) and Super (64).
const HELD: u16 = 1 | 4 | 8 | 64;

/// Holds the keys until the X server has gone; none while they are set `aside`.
///
/// # Errors
/// There is no X server, or it cannot be used.
pub(super) async fn hold(
    mut wanted: watch::Receiver<Vec<Wanted>>,
    mut aside: watch::Receiver<bool>,
    strokes: mpsc::Sender<Stroke>,
    reports: mpsc::Sender<Held>,
) -> Result<(), Refused> {
    let (ended, mut end) = oneshot::channel();
    let (ready, bell) = oneshot::channel();
    let news = News {
        wanted: wanted.clone(),
        aside: aside.clone(),
    };
    let spawned = thread::Builder::new()
        .name("sotto-keys".into())
        .spawn(move || {
            let outcome = watch(news, ready, &strokes, &reports);
            let _ = strokes.blocking_send(Stroke::Lost);
            let _ = ended.send(outcome);
        });
    if let Err(error) = spawned {
        return Err(refused(&error.to_string()));
    }
    let bell = bell.await.ok();
    loop {
        tokio::select! {
            outcome = &mut end => return match outcome {
                Ok(Err(why)) => Err(refused(&why)),
                Ok(Ok(())) | Err(_) => Ok(()),
            },
            Ok(()) = wanted.changed() => {}
            Ok(()) = aside.changed() => {}
        }
        if let Some(bell) = &bell {
            bell.ring();
        }
    }
}

fn refused(why: &str) -> Refused {
    Refused {
        problem: format!("the X server gives no keys: {why}"),
        hint: "start sotto-tray again from your desktop session".into(),
    }
}

/// The state that the thread looks at when it is woken.
struct News {
    wanted: watch::Receiver<Vec<Wanted>>,
    aside: watch::Receiver<bool>,
}

/// Wakes the thread, which waits for events alone.
struct Bell {
    connection: Arc<RustConnection>,
    /// A window that nobody sees.
    window: Window,
}

impl Bell {
    fn new(connection: Arc<RustConnection>, root: Window) -> Result<Self, ReplyOrIdError> {
        let window = connection.generate_id()?;
        let (class, nothing) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        connection
            .create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &nothing)?
            .check()?;
        Ok(Self { connection, window })
    }

    /// Sends an event to the window, which comes to whoever has made it.
    fn ring(&self) {
        let event = ClientMessageEvent::new(32, self.window, AtomEnum::CARDINAL, [0; 5]);
        // It fails with the connection, whose end wakes the thread too.
        let _ = self
            .connection
            .send_event(false, self.window, EventMask::NO_EVENT, event);
        let _ = self.connection.flush();
    }
}

fn watch(
    news: News,
    ready: oneshot::Sender<Bell>,
    strokes: &mpsc::Sender<Stroke>,
    reports: &mpsc::Sender<Held>,
) -> Result<(), String> {
    let (connection, screen) = x11rb::connect(None).map_err(|error| error.to_string())?;
    let connection = Arc::new(connection);
    let root = connection.setup().roots[screen].root;
    one_release(&connection).map_err(|error| error.to_string())?;
    let bell = Bell::new(Arc::clone(&connection), root).map_err(|error| error.to_string())?;
    let _ = ready.send(bell);
    let mut keys = Keys {
        connection: &connection,
        root,
        grabs: Vec::new(),
    };
    keys.hold(&news, reports)?;
    loop {
        let event = connection
            .wait_for_event()
            .map_err(|error| error.to_string())?;
        let stroke = match event {
            Event::KeyPress(event) => keys.pressed(event.detail, u16::from(event.state) & HELD),
            Event::KeyRelease(event) => keys.released(event.detail),
            // Another layout may have the letters elsewhere; another keyboard of the same layout tells of itself too.
            // A client's message is the bell.
            Event::MappingNotify(_) | Event::ClientMessage(_) => keys.hold(&news, reports)?,
            _ => None,
        };
        if let Some(stroke) = stroke
            && strokes.blocking_send(stroke).is_err()
        {
            return Ok(());
        }
    }
}

/// A key that is held by this program.
struct Grab {
    action: HotkeyAction,
    place: Place,
    down: bool,
}

/// A key of the keyboard, with what is held beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    keycode: Keycode,
    held: u16,
}

/// The keys that are held by this program.
struct Keys<'a> {
    connection: &'a RustConnection,
    root: Window,
    grabs: Vec<Grab>,
}

impl Keys<'_> {
    fn pressed(&mut self, keycode: Keycode, held: u16) -> Option<Stroke> {
        let place = Place { keycode, held };
        let grab = self.grabs.iter_mut().find(|grab| grab.place == place)?;
        let repeated = std::mem::replace(&mut grab.down, true);
        (!repeated).then(|| Stroke::Pressed(grab.action.clone()))
    }

    fn released(&mut self, keycode: Keycode) -> Option<Stroke> {
        let down = |grab: &&mut Grab| grab.place.keycode == keycode && grab.down;
        let grab = self.grabs.iter_mut().find(down)?;
        grab.down = false;
        Some(Stroke::Released(grab.action.clone()))
    }

    /// Gives back what is wanted no more, takes every other key that can be had, and reports what has come of each. What
    /// stays is not let go meanwhile. Returns a loss if a key was down that is held no more: its release will not come.
    fn hold(
        &mut self,
        news: &News,
        reports: &mpsc::Sender<Held>,
    ) -> Result<Option<Stroke>, String> {
        let aside = *news.aside.borrow();
        let wanted = match aside {
            true => Vec::new(),
            false => news.wanted.borrow().clone(),
        };
        let places = places(self.connection, &wanted)?;
        let stays = |grab: &Grab| {
            let mut pairs = wanted.iter().zip(&places);
            pairs.any(|((action, _), place)| *action == grab.action && *place == Some(grab.place))
        };
        let (stay, go): (Vec<_>, Vec<_>) = self.grabs.drain(..).partition(stays);
        self.grabs = stay;
        for grab in &go {
            ungrab(self.connection, self.root, grab.place);
        }
        let mut keys = Vec::new();
        for ((action, trigger), place) in wanted.iter().zip(&places) {
            let problem = match *place {
                None => Some(format!("this keyboard has no key {}", trigger.keysym())),
                Some(place) => self
                    .take(action, place)?
                    .map(|problem| format!("{trigger} {problem}")),
            };
            keys.push(KeyReport {
                setting: action.setting(),
                key: trigger.to_string(),
                bound: problem.is_none().then(|| trigger.to_string()),
                problem,
            });
        }
        self.connection.flush().map_err(|error| error.to_string())?;
        if !aside {
            let dialog = false;
            // Nobody reads it only when this program ends.
            let _ = reports.blocking_send(Held { keys, dialog });
        }
        Ok(go.iter().any(|grab| grab.down).then_some(Stroke::Lost))
    }

    /// Takes a key that is not held yet. Returns why it cannot be had, in a part of a sentence.
    fn take(&mut self, action: &HotkeyAction, place: Place) -> Result<Option<String>, String> {
        if self.grabs.iter().any(|grab| grab.action == *action) {
            return Ok(None);
        }
        let problem = grab(self.connection, self.root, place)?;
        if problem.is_none() {
            self.grabs.push(Grab {
                action: action.clone(),
                place,
                down: false,
            });
        }
        Ok(problem)
    }
}

/// Has the server send one release for a key that repeats, when it is let go.
fn one_release(connection: &RustConnection) -> Result<(), ReplyOrIdError> {
    connection.xkb_use_extension(1, 0)?.reply()?;
    let flag = xkb::PerClientFlag::DETECTABLE_AUTO_REPEAT;
    let none = xkb::BoolCtrl::default();
    connection
        .xkb_per_client_flags(xkb::ID::USE_CORE_KBD.into(), flag, flag, none, none, none)?
        .reply()?;
    Ok(())
}

/// Returns where the keys are on the keyboard as it is now: that which has the symbol, on any of its levels.
fn places(connection: &RustConnection, wanted: &[Wanted]) -> Result<Vec<Option<Place>>, String> {
    let setup = connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let count = last.saturating_sub(first).saturating_add(1);
    let mapping = connection
        .get_keyboard_mapping(first, count)
        .map_err(|error| error.to_string())?
        .reply()
        .map_err(|error| error.to_string())?;
    let width = usize::from(mapping.keysyms_per_keycode).max(1);
    let keys = || (first..=last).zip(mapping.keysyms.chunks(width));
    let keycode = |keysym: u32| {
        // What is typed without anything held comes first.
        let plain = keys().find(|(_, symbols)| symbols.first() == Some(&keysym));
        let any = || keys().find(|(_, symbols)| symbols.contains(&keysym));
        plain.or_else(any).map(|(keycode, _)| keycode)
    };
    Ok(wanted
        .iter()
        .map(|(_, trigger)| {
            let keycode = keycode(trigger.keysym_number())?;
            let held = held(trigger);
            Some(Place { keycode, held })
        })
        .collect())
}

/// Returns what is held beside a key, as the server counts it.
fn held(trigger: &Trigger) -> u16 {
    [
        (trigger.shift, 1),
        (trigger.ctrl, 4),
        (trigger.alt, 8),
        (trigger.logo, 64),
    ]
    .into_iter()
    .fold(0, |held, (is, bit)| if is { held | bit } else { held })
}

/// Takes a key. Returns why it cannot be had, in a part of a sentence.
fn grab(connection: &RustConnection, root: Window, place: Place) -> Result<Option<String>, String> {
    for locks in LOCKS {
        let modifiers = ModMask::from(place.held | locks);
        let asked = connection
            .grab_key(
                false,
                root,
                modifiers,
                place.keycode,
                GrabMode::ASYNC,
                GrabMode::ASYNC,
            )
            .map_err(|error| error.to_string())?;
        match asked.check() {
            Ok(()) => {}
            Err(ReplyError::ConnectionError(error)) => return Err(error.to_string()),
            Err(ReplyError::X11Error(error)) => {
                ungrab(connection, root, place);
                return Ok(Some(match error.error_kind {
                    ErrorKind::Access => "belongs to another program".into(),
                    kind => format!("is refused ({kind:?})"),
                }));
            }
        }
    }
    Ok(None)
}

/// Gives a key back.
fn ungrab(connection: &RustConnection, root: Window, place: Place) {
    for locks in LOCKS {
        let _ = connection.ungrab_key(place.keycode, root, ModMask::from(place.held | locks));
    }
}
