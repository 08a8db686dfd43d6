//! The way of a click: to the daemon, or to what this program does itself.

use tokio::sync::mpsc;

use crate::click::{Click, Show};
use crate::daemon::{Clicks, TOO_MANY};

/// Things to do here that may wait; more are dropped, as one drops a second click.
const MOST_DEEDS: usize = 8;

/// Something that this program does itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Show the window.
    Show(Order),
    /// Start the daemon.
    Start,
    /// Stop the daemon, and start it again.
    Restart,
    /// Show the desktop's own dialog about keys.
    ChooseKeys,
    /// Let the keys that work everywhere do nothing for a moment, or again what they do.
    KeysAside(bool),
}

/// The window is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// Where.
    pub(crate) show: Show,
    /// What lets the window come to the front, where the desktop asks for that.
    pub(crate) token: Option<String>,
}

/// The way in for every click.
#[derive(Debug, Clone)]
pub(crate) struct Hands {
    clicks: Clicks,
    deeds: mpsc::Sender<Deed>,
}

/// Makes the way for deeds, beside the way for wishes.
pub(crate) fn hands(clicks: Clicks) -> (Hands, mpsc::Receiver<Deed>) {
    let (deeds, done) = mpsc::channel(MOST_DEEDS);
    (Hands { clicks, deeds }, done)
}

impl Hands {
    /// Takes a click, without waiting. `token` is what the desktop gives a program that may open a window for it.
    /// Returns whether it was taken: too many at once are not.
    pub(crate) fn click(&self, click: Click, token: Option<String>) -> bool {
        let deed = match click {
            Click::Ask(wish) => return self.clicks.click(wish),
            Click::Show(show) => Deed::Show(Order { show, token }),
            Click::Start => Deed::Start,
            Click::Restart => Deed::Restart,
            Click::ChooseKeys => Deed::ChooseKeys,
            Click::KeysAside(aside) => Deed::KeysAside(aside),
        };
        let taken = self.deeds.try_send(deed);
        if let Err(error) = &taken {
            tracing::warn!(%error, "{TOO_MANY}");
        }
        taken.is_ok()
    }
}
