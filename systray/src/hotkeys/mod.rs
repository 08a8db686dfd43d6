//! Keys that work whichever program is in front.
//!
//! The settings say which, and a change of them holds at once; `x11` or `portal` holds the keys, as the desktop allows, and
//! hands over [`Stroke`]s; `holder` asks the daemon. What has come of each key is published for `sotto hotkeys` and the
//! window.
//!
//! - What is held ends when the key is let go, when this program ends, and when the daemon has not heard of
//!   it for a while. A whisper never goes on into the open room.
//! - A stroke is never dropped, so that no release is missed: whoever reads keys waits instead.

mod hold;
mod holder;
mod portal;
mod x11;

use std::sync::Arc;
use std::time::Duration;

use sotto_control::config::{self, Config, HotkeyAction, Trigger};
use sotto_control::model::{Notice, NoticeKind, Severity};
use sotto_control::{KeyBackend, KeyReport, KeysPublisher, KeysReport, Places};
use tokio::sync::{Notify, mpsc, watch};

use crate::changes::{Changes, When};
use crate::daemon::News;
use crate::notify::bus::Teller;

/// Strokes that may wait for the daemon.
const MOST_STROKES: usize = 16;

/// How often the right to hold keys is tried for.
const LOOKS: usize = 20;
/// The pause between two tries.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A key with what it does.
type Wanted = (HotkeyAction, Trigger);

/// The state of the keys.
#[derive(Debug, Clone, Default)]
struct Held {
    keys: Vec<KeyReport>,
    /// Whether the desktop has a dialog of its own about them.
    dialog: bool,
}

/// Something that happens to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stroke {
    /// It is pressed. May come again and again while it is held.
    Pressed(HotkeyAction),
    /// It is let go.
    Released(HotkeyAction),
    /// Keys can be held no more.
    Lost,
}

/// The reason why no key is held.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    problem: String,
    hint: String,
}

/// The way to tell the user what went wrong.
#[derive(Clone)]
pub(crate) struct Told(Option<Arc<Teller>>);

impl Told {
    pub(crate) const fn by(teller: Option<Arc<Teller>>) -> Self {
        Self(teller)
    }

    fn say(&self, text: &str, hint: Option<String>) {
        tracing::warn!(hint, "{text}");
        if let Some(teller) = &self.0 {
            teller.tell(News::Notice(Notice {
                kind: NoticeKind::Other,
                severity: Severity::Warning,
                text: text.to_owned(),
                hint,
                ..Notice::default()
            }));
        }
    }
}

/// Requests about the keys, from the window where they are chosen.
#[derive(Debug, Clone)]
pub(crate) struct Keyboard {
    dialogs: Arc<Notify>,
    aside: watch::Sender<bool>,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self {
            dialogs: Arc::default(),
            aside: watch::Sender::new(false),
        }
    }
}

impl Keyboard {
    /// Has the desktop show its own dialog, if it has one.
    pub(crate) fn choose(&self) {
        self.dialogs.notify_waiters();
    }

    /// Lets keys do nothing, so that they can be pressed elsewhere, or again what they do. A portal has no such thing.
    pub(crate) fn set_aside(&self, aside: bool) {
        self.aside
            .send_if_modified(|now| std::mem::replace(now, aside) != aside);
    }
}

/// Holds the keys that the settings name, whenever they change, until it is dropped.
pub(crate) async fn run(places: &Places, told: Told, keyboard: &Keyboard) {
    if let Err(error) = hold(places, &told, keyboard).await {
        told.say(&error.problem, Some(error.hint));
    }
    // What is published stands as long as this program runs.
    std::future::pending().await
}

async fn hold(places: &Places, told: &Told, keyboard: &Keyboard) -> Result<(), Refused> {
    let Some(publisher) = publisher(places).await? else {
        return Ok(());
    };
    // Before the first look, so that no change is missed.
    let changes = Changes::of(&places.config, When::Whole);
    let first = wanted(places).await;
    let mistaken = first.is_err();
    let mut published = Published {
        backend: KeyBackend::here(),
        publisher,
        told,
        keys: Vec::new(),
    };
    match &first {
        Ok(_) => published.held(Held::default()),
        Err(refused) => published.refused(refused),
    }
    let (sender, wanted) = watch::channel(first.unwrap_or_default());
    tokio::join!(
        follow(places, told, changes, sender, mistaken),
        hold_those(places, wanted, published, keyboard),
    );
    Ok(())
}

/// Reads the settings whenever they change. While there is a mistake in them, the keys stay as they are.
async fn follow(
    places: &Places,
    told: &Told,
    mut changes: Changes,
    keys: watch::Sender<Vec<Wanted>>,
    mut mistaken: bool,
) {
    loop {
        changes.next().await;
        match wanted(places).await {
            Ok(read) => {
                let changed = std::mem::take(&mut mistaken);
                keys.send_if_modified(|now| {
                    let changed = changed || *now != read;
                    *now = read;
                    changed
                });
            }
            Err(refused) => {
                mistaken = true;
                told.say(&refused.problem, Some(refused.hint));
            }
        }
    }
}

/// Holds these keys. What keeps it from that is published, and tried again with the next change.
async fn hold_those(
    places: &Places,
    mut wanted: watch::Receiver<Vec<Wanted>>,
    mut published: Published<'_>,
    keyboard: &Keyboard,
) {
    loop {
        let any = !wanted.borrow_and_update().is_empty();
        if any {
            let refused = hold_with(places, wanted.clone(), &mut published, keyboard).await;
            published.refused(&refused);
        }
        if wanted.changed().await.is_err() {
            return;
        }
        published.held(Held::default());
    }
}

/// The report that `sotto hotkeys` and the window read.
struct Published<'a> {
    backend: KeyBackend,
    publisher: KeysPublisher,
    told: &'a Told,
    keys: Vec<KeyReport>,
}

impl Published<'_> {
    /// Publishes what has come of the keys, and says what is new and not as it should be.
    fn held(&mut self, held: Held) {
        let before = std::mem::replace(&mut self.keys, held.keys.clone());
        let new = held.keys.iter().filter(|key| !before.contains(key));
        for (text, hint) in new.filter_map(|key| trouble(key, self.backend)) {
            self.told.say(&text, Some(hint));
        }
        self.publish(&KeysReport {
            backend: self.backend,
            keys: held.keys,
            dialog: held.dialog,
            ..KeysReport::default()
        });
    }

    /// Publishes and says why there is none.
    fn refused(&mut self, refused: &Refused) {
        self.keys.clear();
        self.publish(&KeysReport {
            backend: self.backend,
            problem: Some(refused.problem.clone()),
            hint: Some(refused.hint.clone()),
            ..KeysReport::default()
        });
        self.told.say(&refused.problem, Some(refused.hint.clone()));
    }

    fn publish(&mut self, report: &KeysReport) {
        if let Err(error) = self.publisher.publish(report) {
            tracing::warn!(%error, "which keys are held cannot be read");
        }
    }
}

/// Takes the right to hold keys. None if another tray of this home has it, on another desktop.
async fn publisher(places: &Places) -> Result<Option<KeysPublisher>, Refused> {
    for _ in 0..LOOKS {
        let publisher = KeysPublisher::acquire(places).map_err(|error| Refused {
            problem: format!("cannot say which keys are held: {error}"),
            hint: format!("see {}", places.state.display()),
        })?;
        if publisher.is_some() {
            return Ok(publisher);
        }
        // Whoever reads the report is in the way for a moment.
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    tracing::warn!("another sotto-tray holds the keys");
    Ok(None)
}

/// Holds keys until they can be held no more, and returns why.
async fn hold_with(
    places: &Places,
    wanted: watch::Receiver<Vec<Wanted>>,
    published: &mut Published<'_>,
    keyboard: &Keyboard,
) -> Refused {
    let (strokes, received) = mpsc::channel(MOST_STROKES);
    let (reports, mut report) = mpsc::channel(MOST_STROKES);
    let (backend, told) = (published.backend, published.told);
    let held = async {
        match backend {
            KeyBackend::X11 => {
                let aside = keyboard.aside.subscribe();
                x11::hold(wanted, aside, strokes, reports).await
            }
            KeyBackend::Portal => portal::hold(wanted, strokes, reports, &keyboard.dialogs).await,
            KeyBackend::None => Err(Refused {
                problem: "there is no desktop that could hold keys".into(),
                hint: "start sotto-tray from your desktop session".into(),
            }),
        }
    };
    let answered = holder::run(places, received, told);
    // The end of one is the end of the other: what is held by a key is let go before it is said that none is held.
    let both = async { tokio::join!(held, answered).0 };
    tokio::pin!(both);
    loop {
        tokio::select! {
            Some(held) = report.recv() => published.held(held),
            ended = &mut both => {
                return ended.err().unwrap_or_else(|| Refused {
                    problem: "the desktop holds Sotto's keys no more".into(),
                    hint: "start sotto-tray again".into(),
                });
            }
        }
    }
}

/// Reads which keys are wanted, on a thread of its own, because a disk may hang.
async fn wanted(places: &Places) -> Result<Vec<Wanted>, Refused> {
    let path = &places.config;
    let file = path.clone();
    let read = tokio::task::spawn_blocking(move || config::read(&file)).await;
    let read = read
        .map_err(|error| error.to_string())
        .and_then(|read| read.map_err(|error| error.to_string()))
        .and_then(|text| Config::parse(&text).map_err(|error| error.to_string()));
    match read {
        Ok(config) => Ok(config.hotkeys.all()),
        Err(error) => Err(Refused {
            problem: format!("keys cannot be read: {}: {error}", path.display()),
            hint: "put it right; until then the keys stay as they are".into(),
        }),
    }
}

/// Returns what is to be said of a key that is not held, and what helps.
fn trouble(key: &KeyReport, backend: KeyBackend) -> Option<(String, String)> {
    let problem = key.problem.as_ref()?;
    let hint = match backend {
        // Sotto only proposes it.
        KeyBackend::Portal => "choose it in the desktop's settings for keys, under Sotto".into(),
        KeyBackend::X11 | KeyBackend::None => {
            format!("choose another with 'sotto config set {} KEY'", key.setting)
        }
    };
    Some((format!("{}: {problem}", key.setting), hint))
}
