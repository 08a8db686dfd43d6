//! `sotto top`: the meeting, live.
//!
//! What is on the screen is a function of [`state::Screen`], and that changes by [`state::Screen::update`] alone, which
//! touches neither terminal nor socket: it takes what happened and returns what to ask of the daemon.
//! [`surface::Surface`] has the terminal. This file is the rest: keys in, events in, requests out.

mod meter;
mod picker;
mod state;
mod surface;
#[cfg(test)]
mod tests;
mod view;

use crate::connection::{connect, connect_when_running};
use crate::failure::Failure;
use crate::signals::{End, terminated};
use crossterm::event::{self, Event as TerminalEvent};
use sotto_control::{CallError, Client, ErrorCode, Events, Request};
use state::{Effect, Input, Refusal, Screen};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use surface::Surface;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How often the keyboard's thread looks whether it is still wanted.
const KEYBOARD_PERIOD: Duration = Duration::from_millis(100);

/// Shows the meeting until the user quits.
pub(crate) async fn run() -> Result<(), Failure> {
    // Before the screen is taken, so that a daemon that does not run is said as usual.
    let client = connect().await?;
    let (snapshot, events) = client.subscribe(true).await?;
    let mut screen = Screen::new(snapshot);
    // From before the screen is taken until it is given back: a signal must not end the program in between.
    let mut terminated: Terminated = Box::pin(terminated());
    let mut surface = Surface::take().map_err(Failure::Terminal)?;
    // Where the terminal can tell a key's release, a held whisper ends with it.
    screen.set_key_releases(surface.tells_releases());
    follow(&mut surface, &mut screen, client, events, &mut terminated).await
}

/// Waits until this program is to end.
type Terminated = Pin<Box<dyn Future<Output = End> + Send>>;

/// What woke the loop.
enum Woken {
    Key(Option<io::Result<TerminalEvent>>),
    Event(Option<Box<sotto_control::Event>>),
    Refused(Refused),
    Second,
    /// Somebody had stopped this program.
    Continued,
}

/// What the daemon refused.
enum Refused {
    /// A request, and why.
    Request(Refusal),
    /// To keep up a held whisper.
    Renewal,
}

/// How long to wait for a whisper's release when the program ends or stops.
const LAST_WORD: Duration = Duration::from_secs(1);

async fn follow(
    surface: &mut Surface,
    screen: &mut Screen,
    mut client: Client,
    mut events: Events,
    terminated: &mut Terminated,
) -> Result<(), Failure> {
    let mut keyboard = Keyboard::start();
    let (refusals, mut refused) = mpsc::channel(16);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        surface.draw(screen).map_err(Failure::Terminal)?;
        let woken = tokio::select! {
            key = keyboard.keys.recv() => Woken::Key(key),
            event = events.next() => Woken::Event(event.map(Box::new)),
            Some(refusal) = refused.recv() => Woken::Refused(refusal),
            _ = seconds.tick(), if screen.wants_seconds() => Woken::Second,
            // The terminal must be given back before this program ends.
            _ = &mut *terminated => return Ok(()),
            () = surface.continued() => Woken::Continued,
        };
        let input = match woken {
            Woken::Key(Some(Ok(TerminalEvent::Key(key)))) => Input::Key(key),
            Woken::Key(Some(Ok(TerminalEvent::FocusLost))) => Input::FocusLost,
            Woken::Key(Some(Ok(_))) => continue,
            Woken::Key(Some(Err(error))) => return Err(Failure::Terminal(error)),
            // The terminal has gone.
            Woken::Key(None) => return Ok(()),
            Woken::Event(Some(event)) => Input::Event(event),
            Woken::Refused(Refused::Request(refusal)) => Input::Refused(refusal),
            Woken::Refused(Refused::Renewal) => Input::NotHeld,
            Woken::Second => Input::Second,
            Woken::Continued => match unless_ended(surface.go_on(), terminated).await? {
                true => continue,
                false => return Ok(()),
            },
            Woken::Event(None) => {
                screen.update(Input::Lost);
                let found = reconnect(surface, screen, &mut keyboard, terminated).await?;
                let Some(found) = found else {
                    return Ok(());
                };
                let snapshot;
                (client, snapshot, events) = found;
                Input::Found(Box::new(snapshot))
            }
        };
        let mut asked = None;
        for effect in screen.update(input) {
            let stays = match effect {
                Effect::Ask(request) => {
                    asked = Some(ask(&client, request, &refusals));
                    continue;
                }
                Effect::Suspend => true,
                Effect::Quit => false,
            };
            // The user has let go of a whisper: the daemon must hear of it before this program ends or stops.
            if let Some(asked) = asked.take() {
                let _ = tokio::time::timeout(LAST_WORD, asked).await;
            }
            if !stays || !unless_ended(surface.suspend(), terminated).await? {
                return Ok(());
            }
        }
    }
}

/// Does something that takes the terminal again, unless this program is to end; returns whether it goes on.
///
/// A program that is ended while it is stopped goes on for that. It is in the background and must leave the terminal
/// alone, or it would be stopped again.
async fn unless_ended(
    taking: impl Future<Output = io::Result<()>>,
    terminated: &mut Terminated,
) -> Result<bool, Failure> {
    tokio::select! {
        biased;
        _ = terminated => Ok(false),
        taken = taking => taken.map(|()| true).map_err(Failure::Terminal),
    }
}

/// Sends a request without waiting: what it changes comes back as an event.
fn ask(client: &Client, request: Request, refusals: &mpsc::Sender<Refused>) -> JoinHandle<()> {
    let (client, refusals) = (client.clone(), refusals.clone());
    tokio::spawn(async move {
        let renewal = matches!(request, Request::TalkRenew(_));
        let refused = match client.request(&request).await {
            Ok(_) | Err(CallError::Disconnected) => return,
            // A daemon of another release, which waits for the end of the connection alone.
            Err(CallError::Refused(error)) if renewal && error.code == ErrorCode::UnknownMethod => {
                return;
            }
            Err(CallError::Refused(_)) if renewal => Refused::Renewal,
            Err(error) => Refused::Request(Refusal::of(&error)),
        };
        // Full only if sixteen refusals have not been shown yet; then one more tells nothing new.
        let _ = refusals.try_send(refused);
    })
}

/// Waits for a daemon; `None` if the program is to end meanwhile.
async fn reconnect(
    surface: &mut Surface,
    screen: &mut Screen,
    keyboard: &mut Keyboard,
    terminated: &mut Terminated,
) -> Result<Option<(Client, sotto_control::model::Snapshot, Events)>, Failure> {
    let found = async {
        let client = connect_when_running().await?;
        let (snapshot, events) = client.subscribe(true).await?;
        Ok::<_, Failure>((client, snapshot, events))
    };
    tokio::pin!(found);
    loop {
        surface.draw(screen).map_err(Failure::Terminal)?;
        let key = tokio::select! {
            found = &mut found => return found.map(Some),
            key = keyboard.keys.recv() => key,
            _ = &mut *terminated => return Ok(None),
            () = surface.continued() => {
                match unless_ended(surface.go_on(), terminated).await? {
                    true => continue,
                    false => return Ok(None),
                }
            }
        };
        let key = match key {
            Some(Ok(TerminalEvent::Key(key))) => key,
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Err(Failure::Terminal(error)),
            None => return Ok(None),
        };
        for effect in screen.update(Input::Key(key)) {
            let goes_on = match effect {
                // There is nobody to ask.
                Effect::Ask(_) => true,
                Effect::Suspend => unless_ended(surface.suspend(), terminated).await?,
                Effect::Quit => false,
            };
            if !goes_on {
                return Ok(None);
            }
        }
    }
}

/// Reads the keyboard in a thread of its own, because that read blocks.
struct Keyboard {
    keys: mpsc::Receiver<io::Result<TerminalEvent>>,
    unwanted: Arc<AtomicBool>,
}

impl Keyboard {
    fn start() -> Self {
        let (pressed, keys) = mpsc::channel(64);
        let unwanted = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&unwanted);
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let event = match event::poll(KEYBOARD_PERIOD) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let failed = event.is_err();
                if pressed.blocking_send(event).is_err() || failed {
                    return;
                }
            }
        });
        Self { keys, unwanted }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}
