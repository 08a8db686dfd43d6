//! Keys that the X server gives this program, whichever has the focus.
//!
//! A thread waits for them. Whoever waits in the queue behind it holds it up, so that nothing is lost.

use std::thread;

use sotto_control::KeyReport;
use sotto_control::config::HotkeyAction;
use tokio::sync::{mpsc, oneshot};
use x11rb::connection::Connection;
use x11rb::errors::{ReplyError, ReplyOrIdError};
use x11rb::protocol::xkb::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, Keycode, ModMask, Window};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;

use super::{Refused, Stroke, Wanted};

/// A key is wanted whether or not these are on: CapsLock (2) and NumLock (16).
const LOCKS: [u16; 4] = [0, 2, 16, 2 | 16];
/// What is looked at of what is held: Shift (1), Ctrl (4), Alt (8) and Super (64).
const HELD: u16 = 1 | 4 | 8 | 64;

/// Holds the keys until the X server has gone.
///
/// # Errors
/// There is no X server, or it cannot be used.
pub(super) async fn hold(
    wanted: Vec<Wanted>,
    strokes: mpsc::Sender<Stroke>,
    reports: mpsc::Sender<Vec<KeyReport>>,
) -> Result<(), Refused> {
    let (ended, end) = oneshot::channel();
    let spawned = thread::Builder::new()
        .name("sotto-keys".into())
        .spawn(move || {
            let outcome = watch(&wanted, &strokes, &reports);
            let _ = strokes.blocking_send(Stroke::Lost);
            let _ = ended.send(outcome);
        });
    if let Err(error) = spawned {
        return Err(refused(&error.to_string()));
    }
    match end.await {
        Ok(Err(why)) => Err(refused(&why)),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

fn refused(why: &str) -> Refused {
    Refused {
        problem: format!("the X server gives no keys: {why}"),
        hint: "start sotto-tray again from your desktop session".into(),
    }
}

/// A key that is held by this program.
struct Grab {
    action: HotkeyAction,
    keycode: Keycode,
    held: u16,
    down: bool,
}

fn watch(
    wanted: &[Wanted],
    strokes: &mpsc::Sender<Stroke>,
    reports: &mpsc::Sender<Vec<KeyReport>>,
) -> Result<(), String> {
    let (connection, screen) = x11rb::connect(None).map_err(|error| error.to_string())?;
    let root = connection.setup().roots[screen].root;
    one_release(&connection).map_err(|error| error.to_string())?;
    let mut places = keycodes(&connection, wanted)?;
    let mut grabs = grab_all(&connection, root, wanted, &places, reports)?;
    loop {
        let event = connection
            .wait_for_event()
            .map_err(|error| error.to_string())?;
        let stroke = match event {
            Event::KeyPress(event) => {
                let held = u16::from(event.state) & HELD;
                let grab = grabs
                    .iter_mut()
                    .find(|grab| grab.keycode == event.detail && grab.held == held);
                grab.and_then(|grab| {
                    let repeated = std::mem::replace(&mut grab.down, true);
                    (!repeated).then(|| Stroke::Pressed(grab.action.clone()))
                })
            }
            Event::KeyRelease(event) => {
                let grab = grabs
                    .iter_mut()
                    .find(|grab| grab.keycode == event.detail && grab.down);
                grab.map(|grab| {
                    grab.down = false;
                    Stroke::Released(grab.action.clone())
                })
            }
            // Another layout may have the letters elsewhere; another keyboard of the same layout tells of itself too.
            Event::MappingNotify(_) => {
                let now = keycodes(&connection, wanted)?;
                if now != places {
                    places = now;
                    let _ = connection.ungrab_key(0u8, root, ModMask::ANY);
                    for grab in grabs.iter().filter(|grab| grab.down) {
                        let _ = strokes.blocking_send(Stroke::Released(grab.action.clone()));
                    }
                    grabs = grab_all(&connection, root, wanted, &places, reports)?;
                }
                None
            }
            _ => None,
        };
        if let Some(stroke) = stroke
            && strokes.blocking_send(stroke).is_err()
        {
            return Ok(());
        }
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

/// Takes every key that can be had, and reports what has come of each.
fn grab_all(
    connection: &RustConnection,
    root: Window,
    wanted: &[Wanted],
    places: &[Option<Keycode>],
    reports: &mpsc::Sender<Vec<KeyReport>>,
) -> Result<Vec<Grab>, String> {
    let mut grabs = Vec::new();
    let mut keys = Vec::new();
    for ((action, trigger), keycode) in wanted.iter().zip(places) {
        let held = [
            (trigger.shift, 1),
            (trigger.ctrl, 4),
            (trigger.alt, 8),
            (trigger.logo, 64),
        ];
        let held = held
            .into_iter()
            .fold(0, |held, (is, bit)| if is { held | bit } else { held });
        let problem = match *keycode {
            None => Some(format!("this keyboard has no key {}", trigger.keysym())),
            Some(keycode) => {
                let problem = grab(connection, root, keycode, held)?;
                if problem.is_none() {
                    grabs.push(Grab {
                        action: action.clone(),
                        keycode,
                        held,
                        down: false,
                    });
                }
                problem.map(|problem| format!("{trigger} {problem}"))
            }
        };
        keys.push(KeyReport {
            setting: action.setting(),
            bound: problem.is_none().then(|| trigger.to_string()),
            problem,
        });
    }
    // Nobody reads it only when this program ends.
    let _ = reports.blocking_send(keys);
    Ok(grabs)
}

/// Returns where the keys are on the keyboard as it is now: that which has the symbol, on any of its levels.
fn keycodes(
    connection: &RustConnection,
    wanted: &[Wanted],
) -> Result<Vec<Option<Keycode>>, String> {
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
    let place = |keysym: u32| {
        // What is typed without anything held comes first.
        let plain = keys().find(|(_, symbols)| symbols.first() == Some(&keysym));
        let any = || keys().find(|(_, symbols)| symbols.contains(&keysym));
        plain.or_else(any).map(|(keycode, _)| keycode)
    };
    Ok(wanted
        .iter()
        .map(|(_, trigger)| place(trigger.keysym_number()))
        .collect())
}

/// Takes a key. Returns why it cannot be had, in a part of a sentence.
fn grab(
    connection: &RustConnection,
    root: Window,
    keycode: Keycode,
    held: u16,
) -> Result<Option<String>, String> {
    for locks in LOCKS {
        let modifiers = ModMask::from(held | locks);
        let asked = connection
            .grab_key(
                false,
                root,
                modifiers,
                keycode,
                GrabMode::ASYNC,
                GrabMode::ASYNC,
            )
            .map_err(|error| error.to_string())?;
        match asked.check() {
            Ok(()) => {}
            Err(ReplyError::ConnectionError(error)) => return Err(error.to_string()),
            Err(ReplyError::X11Error(error)) => {
                for locks in LOCKS {
                    let _ = connection.ungrab_key(keycode, root, ModMask::from(held | locks));
                }
                return Ok(Some(match error.error_kind {
                    ErrorKind::Access => "belongs to another program".into(),
                    kind => format!("is refused ({kind:?})"),
                }));
            }
        }
    }
    Ok(None)
}
