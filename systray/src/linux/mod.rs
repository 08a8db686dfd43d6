//! The icon on Linux and the BSDs: a StatusNotifierItem on the session bus, and notifications beside it.

use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use ksni::menu::{StandardItem, SubMenu};
use ksni::{Category, Handle, Icon, MenuItem, ToolTip, Tray, TrayMethods};
use sotto_control::Places;
use tokio::signal::unix::{SignalKind, signal};

use crate::daemon::{self, Clicks, News, Screen};
use crate::icon;
use crate::notify::bus::{self as notifications, Teller};
use crate::state::{Link, State};
use crate::view::{Entry, View};

/// How long the server of notifications may take to close them when this program ends.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Shows the icon, and notifications if they are wanted, until the user quits, the program is asked to end or the
/// session ends.
pub(crate) async fn run(places: &Places, with_notifications: bool) -> anyhow::Result<()> {
    let bus = session_bus().await?;
    let (clicks, wishes) = daemon::wishes();
    let start = State {
        link: Link::Down {
            why: "connecting to the Sotto daemon".into(),
        },
        refusal: None,
    };
    let item = Item {
        view: View::of(&start),
        clicks: clicks.clone(),
    };
    // A panel that starts later, or again, finds the icon too.
    let handle = match item.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => bail!("cannot show an icon: {error}"),
    };
    let (teller, told) = notifications::channel();
    let mut panel = Panel {
        handle: handle.clone(),
        shown: None,
        teller: with_notifications.then_some(teller),
    };
    let notifications =
        with_notifications.then(|| tokio::spawn(notifications::run(bus.clone(), told, clicks)));
    tokio::select! {
        () = daemon::follow(places, wishes, &mut panel) => {}
        signal = asked_to_end() => signal?,
        () = ended(&bus) => bail!("the desktop session has ended"),
    }
    drop(panel);
    if let Some(notifications) = notifications {
        let _ = tokio::time::timeout(CLOSE_WITHIN, notifications).await;
    }
    handle.shutdown().await;
    Ok(())
}

/// Waits until the system, or the terminal that this was started in, asks the program to end. The meeting runs on.
async fn asked_to_end() -> anyhow::Result<()> {
    let failed = "cannot listen for signals";
    let mut terminated = signal(SignalKind::terminate()).context(failed)?;
    let mut interrupted = signal(SignalKind::interrupt()).context(failed)?;
    let mut hung_up = signal(SignalKind::hangup()).context(failed)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        _ = hung_up.recv() => {}
    }
    Ok(())
}

/// Connects to the session bus.
async fn session_bus() -> anyhow::Result<zbus::Connection> {
    zbus::Connection::session().await.context(
        "cannot show an icon: there is no desktop session bus; start sotto-tray from your desktop session, \
         or use 'sotto top' in a terminal",
    )
}

/// Waits until the bus has gone.
async fn ended(bus: &zbus::Connection) {
    let mut messages = zbus::MessageStream::from(bus);
    while let Some(Ok(_)) = messages.next().await {}
}

/// Passes each new picture on to the panel, and what is worth a notification to its server.
struct Panel {
    handle: Handle<Item>,
    shown: Option<View>,
    teller: Option<Teller>,
}

impl Screen for Panel {
    async fn show(&mut self, state: &State) {
        if let Some(teller) = &self.teller {
            teller.show(state);
        }
        let view = View::of(state);
        if self.shown.as_ref() != Some(&view) {
            self.shown = Some(view.clone());
            self.handle.update(|item| item.view = view).await;
        }
    }

    fn tell(&mut self, news: News) {
        if let Some(teller) = &self.teller {
            teller.tell(news);
        }
    }
}

/// The icon as the panel sees it.
struct Item {
    view: View,
    clicks: Clicks,
}

impl Tray for Item {
    // Clicking must not do something that depends on what the icon happens to show at that moment.
    const MENU_ON_ACTIVATE: bool = true;

    fn id(&self) -> String {
        "sotto".into()
    }

    fn title(&self) -> String {
        "Sotto".into()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        icon::draw(self.view.mood, self.view.badge)
            .into_iter()
            .map(|picture| Icon {
                width: picture.size.into(),
                height: picture.size.into(),
                data: picture.argb,
            })
            .collect()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: without_markup(&self.view.headline),
            description: without_markup(&self.view.details),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().cloned().map(menu_item).collect()
    }
}

fn menu_item(entry: Entry) -> MenuItem<Item> {
    match entry {
        Entry::Text(label) => text(&label),
        Entry::Action { label, wish } => StandardItem {
            label: plain(&label),
            activate: Box::new(move |item: &mut Item| {
                item.clicks.click(wish.clone());
            }),
            ..StandardItem::default()
        }
        .into(),
        Entry::List { label, lines } => SubMenu {
            label: plain(&label),
            submenu: lines.iter().map(|line| text(line)).collect(),
            ..SubMenu::default()
        }
        .into(),
        Entry::Separator => MenuItem::Separator,
    }
}

fn text(label: &str) -> MenuItem<Item> {
    StandardItem {
        label: plain(label),
        enabled: false,
        ..StandardItem::default()
    }
    .into()
}

/// A label in which underscores do not name access keys.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

/// A tooltip may contain markup, and some panels load pictures that it names; others show it as it is. Names come from
/// other people, so the characters that begin markup are replaced rather than escaped.
fn without_markup(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›").replace('&', "＆")
}
