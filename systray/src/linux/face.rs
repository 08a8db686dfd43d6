//! Puts the state of the daemon and of this program together, and passes each new picture on to the panel.

use ksni::Handle;
use tokio::sync::Mutex;

use super::item::Item;
use crate::state::{Here, Link, State};
use crate::view::View;

/// The icon and menu in the panel.
pub(super) struct Face {
    handle: Handle<Item>,
    seen: Mutex<Seen>,
}

struct Seen {
    state: State,
    here: Here,
    shown: View,
}

/// Returns the state before the daemon has been asked.
pub(super) fn at_start() -> State {
    State {
        link: Link::Down {
            why: "connecting to the Sotto daemon".into(),
            startable: false,
        },
        refusal: None,
    }
}

impl Face {
    pub(super) fn new(handle: Handle<Item>) -> Self {
        let (state, here) = (at_start(), Here::default());
        let shown = View::of(&state, &here);
        Self {
            handle,
            seen: Mutex::new(Seen { state, here, shown }),
        }
    }

    /// Takes a new state over. With a daemon, what was said about starting it is out of date.
    pub(super) async fn state(&self, state: &State) {
        self.change(|seen| {
            seen.state.clone_from(state);
            if matches!(state.link, Link::Up(_)) && std::mem::take(&mut seen.here.starting) {
                seen.here.trouble = None;
            }
        })
        .await;
    }

    /// Changes what this program knows by itself.
    pub(super) async fn here(&self, change: impl FnOnce(&mut Here)) {
        self.change(|seen| change(&mut seen.here)).await;
    }

    async fn change(&self, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().await;
        change(&mut seen);
        let view = View::of(&seen.state, &seen.here);
        if seen.shown != view {
            seen.shown = view.clone();
            self.handle.update(|item| item.show(view)).await;
        }
    }
}
