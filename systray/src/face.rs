//! Puts the state of the daemon and of this program together, and passes each new picture on to the panel.

use std::future::Future;

use tokio::sync::Mutex;

use crate::state::{Here, Link, State};
use crate::view::View;

/// The icon and its menu, as a system has them. What the user does there is a [`Click`](crate::click::Click), given to the
/// hands that it was made with.
pub(crate) trait Tray: Send + Sync {
    /// Shows another picture. Called only when it says something else: a menu that is rebuilt cannot be clicked.
    fn show(&self, view: View) -> impl Future<Output = ()> + Send;
}

/// The face of the program in the panel.
pub(crate) struct Face<T> {
    tray: T,
    seen: Mutex<Seen>,
}

struct Seen {
    state: State,
    here: Here,
    shown: View,
}

/// Returns the state before the daemon has been asked.
pub(crate) fn at_start() -> State {
    State {
        link: Link::Down {
            why: "connecting to the Sotto daemon".into(),
            startable: false,
        },
        refusal: None,
    }
}

impl<T: Tray> Face<T> {
    pub(crate) fn new(tray: T) -> Self {
        let (state, here) = (at_start(), Here::default());
        let shown = View::of(&state, &here);
        Self {
            tray,
            seen: Mutex::new(Seen { state, here, shown }),
        }
    }

    /// Takes a new state over. With a daemon, what was said about starting it is out of date.
    pub(crate) async fn state(&self, state: &State) {
        self.change(|seen| {
            seen.state.clone_from(state);
            if matches!(state.link, Link::Up(_)) && std::mem::take(&mut seen.here.starting) {
                seen.here.trouble = None;
            }
        })
        .await;
    }

    /// Changes what this program knows by itself.
    pub(crate) async fn here(&self, change: impl FnOnce(&mut Here)) {
        self.change(|seen| change(&mut seen.here)).await;
    }

    async fn change(&self, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().await;
        change(&mut seen);
        let view = View::of(&seen.state, &seen.here);
        if seen.shown != view {
            seen.shown = view.clone();
            self.tray.show(view).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{Face, Link, State, Tray, View, at_start};

    #[derive(Default)]
    struct Pretended {
        shown: Mutex<Vec<View>>,
    }

    impl Tray for Pretended {
        async fn show(&self, view: View) {
            self.shown.lock().unwrap().push(view);
        }
    }

    #[tokio::test]
    async fn a_panel_is_shown_only_what_says_something_else() {
        let face = Face::new(Pretended::default());
        face.state(&at_start()).await;
        assert!(face.tray.shown.lock().unwrap().is_empty());
        let gone = State {
            link: Link::Down {
                why: "the Sotto daemon is not running".into(),
                startable: true,
            },
            refusal: None,
        };
        face.state(&gone).await;
        face.state(&gone).await;
        assert_eq!(face.tray.shown.lock().unwrap().len(), 1);
        face.here(|here| here.starting = true).await;
        face.here(|here| here.starting = true).await;
        assert_eq!(face.tray.shown.lock().unwrap().len(), 2);
    }
}
