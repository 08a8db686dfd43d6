//! Screen savers of the desktop, which lock the screen, or cover it at least.
//!
//! Not every desktop that locks its screen tells logind, but nearly each tells that its screen saver came on. That the
//! user is not there does not follow from it: a saver may come on while somebody speaks for long and types nothing.

use futures::StreamExt;
use futures::stream::select_all;
use tokio::sync::mpsc;
use zbus::Connection;

use super::DesktopSignal;
use super::bus;

/// The names under which screen savers are on the session bus; each is its interface's name too.
const SAVERS: [&str; 5] = [
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
];

/// Reports each time that a screen saver comes on, until the bus is gone.
pub(super) async fn follow(
    bus: &Connection,
    signals: &mpsc::Sender<DesktopSignal>,
) -> zbus::Result<()> {
    let mut savers = Vec::new();
    for saver in SAVERS {
        savers.push(bus::signals(bus, saver, saver, "ActiveChanged").await?);
    }
    let mut changes = select_all(savers);
    while let Some(Ok(message)) = changes.next().await {
        let active = message.body().deserialize::<bool>().unwrap_or(false);
        if active && signals.send(DesktopSignal::ScreenSaver).await.is_err() {
            break;
        }
    }
    Ok(())
}
