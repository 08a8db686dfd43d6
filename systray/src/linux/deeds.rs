//! What this program does itself: it shows the window and starts the daemon.

use std::time::Duration;

use super::restart;
use sotto_control::Places;
use sotto_control::starter::{self, ANSWERS_WITHIN};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::child::Window;
use crate::click::Click;
use crate::face::{Face, Tray};
use crate::hands::{Deed, Hands};
use crate::hotkeys::Keyboard;
use crate::instance::ASIDE_EVERY;
use crate::wish::Wish;

/// How long keys do nothing for a window that does not ask again: it may have died.
const ASIDE_FOR: Duration = ASIDE_EVERY.saturating_mul(3);

/// Does what is asked for, one thing after the other, until nobody can ask any more.
pub(super) async fn run(
    places: &Places,
    mut deeds: mpsc::Receiver<Deed>,
    face: &Face<impl Tray>,
    window: &mut Window,
    hands: Hands,
    keyboard: &Keyboard,
) {
    let mut starts: JoinSet<Result<(), String>> = JoinSet::new();
    let mut answers_until = None;
    let mut back_at = None;
    loop {
        tokio::select! {
            deed = deeds.recv() => match deed {
                None => return,
                Some(Deed::Show(order)) => {
                    let trouble = window.show(&order).await.err();
                    face.here(|here| here.trouble = told(trouble)).await;
                }
                Some(Deed::Start) if starts.is_empty() => {
                    face.here(|here| {
                        here.starting = true;
                        here.trouble = None;
                    })
                    .await;
                    let places = places.clone();
                    starts.spawn(async move { starter::start(&places).await });
                    answers_until = None;
                }
                Some(Deed::Restart) if starts.is_empty() => {
                    face.here(|here| here.trouble = None).await;
                    let places = places.clone();
                    starts.spawn(async move { restart::restart(&places).await });
                    answers_until = None;
                }
                // It is on its way.
                Some(Deed::Start | Deed::Restart) => {}
                Some(Deed::ChooseKeys) => keyboard.choose(),
                Some(Deed::KeysAside(aside)) => {
                    keyboard.set_aside(aside);
                    back_at = aside.then(|| Instant::now() + ASIDE_FOR);
                }
            },
            trouble = window.ended() => {
                if trouble.is_some() {
                    face.here(|here| here.trouble = told(trouble)).await;
                }
            }
            Some(started) = starts.join_next() => match started {
                Ok(Ok(())) => {
                    answers_until = Some(Instant::now() + ANSWERS_WITHIN);
                    hands.click(Click::Ask(Wish::Connect), None);
                }
                Ok(Err(why)) => face.here(|here| {
                    here.starting = false;
                    here.trouble = told(Some(why));
                })
                .await,
                Err(error) => tracing::error!(%error, "the start failed"),
            },
            () = until(back_at) => {
                back_at = None;
                keyboard.set_aside(false);
            }
            () = until(answers_until) => {
                answers_until = None;
                face.here(|here| if std::mem::take(&mut here.starting) {
                    here.trouble = told(Some("Sotto has been started, but does not answer".into()));
                })
                .await;
            }
        }
    }
}

/// Notes in the log what is said in the menu.
fn told(trouble: Option<String>) -> Option<String> {
    if let Some(trouble) = &trouble {
        tracing::warn!("{trouble}");
    }
    trouble
}

/// Waits until then; for ever if there is no such time.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
