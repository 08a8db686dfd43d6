//! The connection to the daemon: kept up as long as this program runs, without ever polling.
//!
//! Every change of state is handed to one function, and the user's wishes come in through one bounded channel.

use std::time::Duration;

use sotto_control::model::{Notice, Snapshot};
use sotto_control::{CallError, Client, ConnectError, Event, Events, ForPeople, Places};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::state::{Link, State};
use crate::wish::{Outcome, Wish, ask};

/// What this program calls itself to the daemon, which names it to the user beside what it caused.
const NAME: &str = "sotto-tray";
/// The first pause before connecting again; doubled after each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause: a daemon that was started shows after this at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A connection that lasted this long was a good one: the next pause is the first again.
const LASTING: Duration = Duration::from_secs(5);
/// Wishes that may be under way at once, and clicks that may wait; more are dropped, as one drops a second click.
const MOST_WISHES: usize = 8;
/// What is said of a click that is dropped.
pub(crate) const TOO_MANY: &str = "too many clicks at once";

/// What the user clicks, on its way to the daemon.
#[derive(Debug)]
pub(crate) struct Wishes {
    wishes: mpsc::Receiver<Wish>,
    /// Beside the others, so that quitting gets through whatever they wait for.
    quit: mpsc::Receiver<()>,
}

/// Where clicks go in.
#[derive(Debug, Clone)]
pub(crate) struct Clicks {
    wishes: mpsc::Sender<Wish>,
    quit: mpsc::Sender<()>,
}

/// Both ends.
pub(crate) fn wishes() -> (Clicks, Wishes) {
    let (wishes_in, wishes) = mpsc::channel(MOST_WISHES);
    let (quit_in, quit) = mpsc::channel(1);
    (
        Clicks {
            wishes: wishes_in,
            quit: quit_in,
        },
        Wishes { wishes, quit },
    )
}

impl Clicks {
    /// Takes a click, without waiting. Returns whether it was taken: too many at once are not.
    pub(crate) fn click(&self, wish: Wish) -> bool {
        if wish == Wish::Quit {
            // Full means that quitting is on its way already.
            let _ = self.quit.try_send(());
            return true;
        }
        let taken = self.wishes.try_send(wish);
        if let Err(error) = &taken {
            tracing::warn!(%error, "{TOO_MANY}");
        }
        taken.is_ok()
    }
}

impl Wishes {
    /// The next one, quitting before all others; `None` when nobody can click any more. Cancel safe.
    async fn next(&mut self) -> Option<Wish> {
        tokio::select! {
            biased;
            Some(()) = self.quit.recv() => Some(Wish::Quit),
            wish = self.wishes.recv() => wish,
        }
    }
}

/// Something that happened, beside the state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// The daemon says something to the user.
    Notice(Notice),
    /// A wish was granted, or refused for this reason: the daemon's sentence with its hint.
    Answered {
        /// The wish.
        wish: Wish,
        /// Why it was refused.
        refusal: Option<String>,
    },
}

/// Who is told of every new state.
pub(crate) trait Screen {
    /// Whether a new state is wanted when the user begins or ends to speak. It costs ten events a second.
    const SPEAKING: bool;

    /// Shows the state.
    fn show(&mut self, state: &State) -> impl Future<Output = ()> + Send;

    /// Takes note of what happened.
    fn tell(&mut self, news: News);
}

/// Follows the daemon until the user quits or nobody can wish any more.
pub(crate) async fn follow<S: Screen>(places: &Places, mut wishes: Wishes, screen: &mut S) {
    let mut pause = FIRST_PAUSE;
    loop {
        let (why, startable) = match connect(places, S::SPEAKING).await {
            Ok((client, snapshot, events)) => {
                tracing::info!(version = client.daemon().version, "connected");
                let since = Instant::now();
                if attend(&client, snapshot, events, &mut wishes, screen).await == Ended::ByTheUser
                {
                    return;
                }
                if since.elapsed() >= LASTING {
                    pause = FIRST_PAUSE;
                }
                (CallError::Disconnected.in_one_line(), true)
            }
            Err(why) => why,
        };
        tracing::debug!(why, "not connected");
        screen
            .show(&State {
                link: Link::Down {
                    why: why.clone(),
                    startable,
                },
                refusal: None,
            })
            .await;
        let again = Instant::now() + pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // Without a daemon only quitting makes sense; what was clicked just before is out of date.
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(again) => break,
                wish = wishes.next() => match wish {
                    Some(Wish::Quit) | None => return,
                    Some(Wish::Connect) => {
                        pause = FIRST_PAUSE;
                        break;
                    }
                    Some(wish) => screen.tell(News::Answered { wish, refusal: Some(why.clone()) }),
                }
            }
        }
    }
}

/// Connects and subscribes, or says in a sentence why not, and whether starting the daemon helps.
async fn connect(
    places: &Places,
    levels: bool,
) -> Result<(Client, Snapshot, Events), (String, bool)> {
    let client = Client::connect(places, NAME).await.map_err(|error| {
        let startable = matches!(error, ConnectError::NotRunning { .. });
        (error.in_one_line(), startable)
    })?;
    let (snapshot, events) = client
        .subscribe(levels)
        .await
        .map_err(|error| (error.in_one_line(), false))?;
    Ok((client, snapshot, events))
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    ByTheUser,
    ByTheDaemon,
}

/// Shows what the daemon says and carries the user's wishes to it.
async fn attend<S: Screen>(
    client: &Client,
    snapshot: Snapshot,
    mut events: Events,
    wishes: &mut Wishes,
    screen: &mut S,
) -> Ended {
    let mut snapshot = Box::new(snapshot);
    let mut refusal = None;
    let mut under_way: JoinSet<(Wish, Outcome)> = JoinSet::new();
    let mut changed = true;
    loop {
        if changed {
            screen
                .show(&State {
                    link: Link::Up(snapshot.clone()),
                    refusal: refusal.clone(),
                })
                .await;
        }
        changed = true;
        tokio::select! {
            event = events.next() => match event {
                Some(Event::Notice { notice }) => screen.tell(News::Notice(notice)),
                Some(event @ Event::Levels { .. }) => {
                    let spoke = you_speak(&snapshot);
                    snapshot.apply(&event);
                    changed = you_speak(&snapshot) != spoke;
                }
                Some(event) => snapshot.apply(&event),
                None => return if under_way.is_empty() { Ended::ByTheDaemon } else { quit_among(under_way).await },
            },
            wish = wishes.next() => match wish {
                None => return Ended::ByTheUser,
                Some(wish) if wish == Wish::Quit || under_way.len() < MOST_WISHES => {
                    under_way.spawn(grant(client.clone(), wish));
                }
                Some(wish) => {
                    tracing::warn!(?wish, "{TOO_MANY}");
                    screen.tell(News::Answered { wish, refusal: Some(TOO_MANY.into()) });
                }
            },
            Some(outcome) = under_way.join_next() => match outcome {
                Ok((_, Outcome::Quit)) => return Ended::ByTheUser,
                Ok((wish, Outcome::Granted)) => {
                    refusal = None;
                    screen.tell(News::Answered { wish, refusal: None });
                }
                Ok((wish, Outcome::Refused(why))) => {
                    tracing::warn!(why, "refused");
                    refusal = Some(why.clone());
                    screen.tell(News::Answered { wish, refusal: Some(why) });
                }
                Err(error) => tracing::error!(%error, "a wish failed"),
            },
        }
    }
}

/// Returns whether the user's voice is being sent.
pub(crate) fn you_speak(snapshot: &Snapshot) -> bool {
    let roster = snapshot.active().map(|meeting| meeting.participants.iter());
    roster
        .into_iter()
        .flatten()
        .any(|one| one.you && one.speaking)
}

/// The daemon has gone; was it because the user quit?
async fn quit_among(mut under_way: JoinSet<(Wish, Outcome)>) -> Ended {
    while let Some(outcome) = under_way.join_next().await {
        if matches!(outcome, Ok((_, Outcome::Quit))) {
            return Ended::ByTheUser;
        }
    }
    Ended::ByTheDaemon
}

/// Carries one wish to the daemon.
async fn grant(client: Client, wish: Wish) -> (Wish, Outcome) {
    let outcome = ask(&client, wish.clone()).await;
    (wish, outcome)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use sotto_control::server::{Answer, Call, InstanceLock, Listener};
    use sotto_control::{Done, Request};
    use tokio::time::timeout;

    use super::*;

    struct Nowhere;

    impl Screen for Nowhere {
        const SPEAKING: bool = false;

        async fn show(&mut self, _state: &State) {}

        fn tell(&mut self, _news: News) {}
    }

    async fn soon<T>(what: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(20), what)
            .await
            .expect("within the deadline")
    }

    #[test]
    fn quitting_passes_clicks_that_wait() {
        let (clicks, mut wishes) = wishes();
        for _ in 0..2 * MOST_WISHES {
            clicks.click(Wish::Mute);
        }
        clicks.click(Wish::Quit);
        let next = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(wishes.next());
        assert_eq!(next, Some(Wish::Quit));
    }

    #[tokio::test]
    async fn quitting_passes_wishes_that_are_under_way() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::within(home.path());
        let listener = Listener::bind(&places, InstanceLock::acquire(&places).unwrap()).unwrap();
        let daemon = tokio::spawn(async move {
            let mut connection = listener.accept().await;
            let mut unanswered: Vec<Answer> = Vec::new();
            loop {
                let Call {
                    request, answer, ..
                } = connection.next().await.unwrap();
                match request {
                    Request::EventsSubscribe(params) => {
                        answer.subscribe(params, Snapshot::default());
                    }
                    Request::DaemonQuit(_) => {
                        answer.send(Ok(Done {}));
                        return unanswered.len();
                    }
                    _ => unanswered.push(answer),
                }
            }
        });
        let (clicks, mut wishes) = wishes();
        let (client, snapshot, events) = soon(connect(&places, false)).await.unwrap();
        let attended = tokio::spawn(async move {
            attend(&client, snapshot, events, &mut wishes, &mut Nowhere).await
        });
        for _ in 0..MOST_WISHES {
            soon(clicks.wishes.send(Wish::Join("planning".into())))
                .await
                .unwrap();
        }
        // All are under way once there is room for as many again.
        soon(clicks.wishes.reserve_many(MOST_WISHES)).await.unwrap();
        clicks.click(Wish::Quit);
        assert_eq!(soon(attended).await.unwrap(), Ended::ByTheUser);
        soon(daemon).await.unwrap();
    }
}
