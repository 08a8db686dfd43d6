//! The icon on Linux and the BSDs: a StatusNotifierItem on the session bus, and notifications beside it.

mod deeds;
mod gone;
mod host;
mod item;
mod restart;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use ksni::TrayMethods;
use sotto_control::{Places, hung_up};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::child::{Program, Window};
use crate::click::{Click, Show};
use crate::daemon::{self, News, Screen};
use crate::face::{self, Face, Tray};
use crate::hands::hands;
use crate::hotkeys;
use crate::install;
use crate::instance;
use crate::notify::bus::{self as notifications, Teller};
use crate::state::{Here, Link, State};
use crate::view::View;
use item::Item;

/// How long the server of notifications may take to close them when this program ends.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// The user's wishes for this start.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Whether to show notifications.
    pub(crate) notifications: bool,
    /// Where to open the window at once.
    pub(crate) open: Option<Show>,
    /// The program that shows the window, if it is not this one.
    pub(crate) window: Option<PathBuf>,
}

/// Shows the icon, and notifications if they are wanted, until the user quits, the program is asked to end or the
/// session ends. If it runs already, only opens its window.
pub(crate) async fn run(places: &Places, wanted: Wanted) -> anyhow::Result<()> {
    let (clicks, wishes) = daemon::wishes();
    let (hands, deeds) = hands(clicks);
    let no_bus = "cannot show an icon: there is no desktop session bus; start sotto-tray from your desktop session, \
                  or use 'sotto top' in a terminal";
    let bus = instance::connect(hands.clone()).await.context(no_bus)?;
    if !instance::claim(&bus).await.context(no_bus)? {
        let show = wanted.open.unwrap_or(Show::Window);
        return instance::activate(&bus, &show).await.context(
            "sotto-tray runs already, and does not answer; end its process and start it again",
        );
    }

    let program = match wanted.window {
        Some(path) => Program::other(path),
        None => Program::of_this().context("cannot tell where sotto-tray is")?,
    };
    let mut window = Window::new(program);
    let (host, host_changes) = watch::channel(true);
    let start = View::of(&face::at_start(), &Here::default());
    let item = Item::new(start, hands.clone(), install::icons_are_installed(), host);
    // A panel that starts later, or again, finds the icon too.
    let handle = match item.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => bail!("cannot show an icon: {error}"),
    };
    let (teller, told) = notifications::channel();
    let teller = wanted.notifications.then(|| Arc::new(teller));
    let face = Face::new(handle.clone());
    let notifications = wanted
        .notifications
        .then(|| tokio::spawn(notifications::run(bus.clone(), told, hands.clone())));
    if let Some(show) = wanted.open {
        hands.click(Click::Show(show), instance::own_token());
    }

    let (up, daemon) = watch::channel(false);
    let mut panel = Panel {
        face: &face,
        teller: teller.clone(),
        up,
    };
    let keyboard = hotkeys::Keyboard::default();
    let keys_told = hotkeys::Told::by(teller.clone());
    let missing = say_if_missed(host_changes, teller.as_deref());
    let gone = say_if_gone(daemon, teller.as_deref());
    let ended = tokio::select! {
        () = daemon::follow(places, wishes, &mut panel) => Ok(Ended::ByTheUser),
        () = deeds::run(places, deeds, &face, &mut window, hands, &keyboard) => Ok(Ended::ByTheUser),
        signal = asked_to_end() => signal.map(|()| Ended::BySignal),
        () = ended(&bus) => Err(anyhow::anyhow!("the desktop session has ended")),
        () = missing => Ok(Ended::BySignal),
        () = gone => Ok(Ended::BySignal),
        () = hotkeys::run(places, keys_told, &keyboard) => Ok(Ended::BySignal),
    };
    if matches!(ended, Ok(Ended::ByTheUser)) {
        window.end();
    }
    // With the last of these the notifications end.
    drop((panel, teller));
    if let Some(notifications) = notifications {
        let _ = tokio::time::timeout(CLOSE_WITHIN, notifications).await;
    }
    handle.shutdown().await;
    ended.map(drop)
}

/// The reason why the program ends.
enum Ended {
    /// The user quits: nothing of it is to stay.
    ByTheUser,
    /// It is asked to end. A window goes on.
    BySignal,
}

/// Says once if no panel shows the icon, and keeps waiting.
async fn say_if_missed(panel: watch::Receiver<bool>, teller: Option<&Teller>) {
    let notice = host::missed(panel, host::APPEARS_WITHIN).await;
    let hint = notice.hint.as_deref().unwrap_or_default();
    tracing::warn!("{}; {hint}", notice.text);
    if let Some(teller) = teller {
        teller.tell(News::Notice(notice));
    }
    std::future::pending().await
}

/// Says each time when the daemon has gone and does not come back.
async fn say_if_gone(mut up: watch::Receiver<bool>, teller: Option<&Teller>) {
    loop {
        let notice = gone::missed(&mut up, gone::RETURNS_WITHIN).await;
        tracing::warn!("{}", notice.text);
        if let Some(teller) = teller {
            teller.tell(News::Notice(notice));
        }
    }
}

/// Waits until the system, or the terminal that this was started in, asks the program to end. The meeting runs on.
async fn asked_to_end() -> anyhow::Result<()> {
    let failed = "cannot listen for signals";
    let mut terminated = signal(SignalKind::terminate()).context(failed)?;
    let mut interrupted = signal(SignalKind::interrupt()).context(failed)?;
    let hung_up = hung_up().context(failed)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = hung_up => {}
    }
    Ok(())
}

/// Waits until the bus has gone.
async fn ended(bus: &zbus::Connection) {
    let mut messages = zbus::MessageStream::from(bus);
    while let Some(Ok(_)) = messages.next().await {}
}

/// Passes each new state on to the panel, and what is worth a notification to its server.
struct Panel<'a, T> {
    face: &'a Face<T>,
    teller: Option<Arc<Teller>>,
    /// Told whether the daemon is there.
    up: watch::Sender<bool>,
}

impl<T: Tray> Screen for Panel<'_, T> {
    const SPEAKING: bool = true;

    async fn show(&mut self, state: &State) {
        if let Some(teller) = &self.teller {
            teller.show(state);
        }
        self.up.send_replace(matches!(state.link, Link::Up(_)));
        self.face.state(state).await;
    }

    fn tell(&mut self, news: News) {
        if let Some(teller) = &self.teller {
            teller.tell(news);
        }
    }
}
