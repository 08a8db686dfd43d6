//! Keys that work whichever program is in front.
//!
//! The settings say which; `x11` or `portal` holds them, as the desktop allows, and hands over [`Stroke`]s; `holder` asks
//! the daemon. What has come of each key is published for `sotto hotkeys`.
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
use tokio::sync::mpsc;

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

/// Holds the keys that the settings name until it is dropped. Waits for ever if there are none, or none can be held.
pub(crate) async fn run(places: &Places, told: Told) {
    if let Err(error) = hold(places, &told).await {
        told.say(&error.problem, Some(error.hint));
    }
    std::future::pending().await
}

async fn hold(places: &Places, told: &Told) -> Result<(), Refused> {
    let Some(mut publisher) = publisher(places).await? else {
        return Ok(());
    };
    let backend = KeyBackend::here();
    let mut publish = |report: &KeysReport| {
        if let Err(error) = publisher.publish(report) {
            tracing::warn!(%error, "which keys are held cannot be read");
        }
    };
    let ended = hold_with(backend, places, told, &mut publish).await;
    if let Err(refused) = &ended {
        publish(&KeysReport {
            backend,
            problem: Some(refused.problem.clone()),
            hint: Some(refused.hint.clone()),
            keys: Vec::new(),
        });
        told.say(&refused.problem, Some(refused.hint.clone()));
    }
    // What is published stands as long as this program runs.
    std::future::pending().await
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

async fn hold_with(
    backend: KeyBackend,
    places: &Places,
    told: &Told,
    publish: &mut impl FnMut(&KeysReport),
) -> Result<(), Refused> {
    publish(&KeysReport {
        backend,
        ..KeysReport::default()
    });
    let wanted = wanted(places)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let (strokes, received) = mpsc::channel(MOST_STROKES);
    let (reports, mut report) = mpsc::channel(MOST_STROKES);
    let held = async {
        match backend {
            KeyBackend::X11 => x11::hold(wanted, strokes, reports).await,
            KeyBackend::Portal => portal::hold(wanted, strokes, reports).await,
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
            Some(keys) = report.recv() => {
                for (text, hint) in troubles(&keys) {
                    told.say(&text, hint);
                }
                publish(&KeysReport { backend, keys, ..KeysReport::default() });
            }
            ended = &mut both => {
                return ended.and(Err(Refused {
                    problem: "the desktop holds Sotto's keys no more".into(),
                    hint: "start sotto-tray again".into(),
                }));
            }
        }
    }
}

/// Reads which keys are wanted.
fn wanted(places: &Places) -> Result<Vec<Wanted>, Refused> {
    let path = &places.config;
    let read = config::read(path)
        .map_err(|error| error.to_string())
        .and_then(|text| Config::parse(&text).map_err(|error| error.to_string()));
    match read {
        Ok(config) => Ok(config.hotkeys.all()),
        Err(error) => Err(Refused {
            problem: format!("no keys are held: {}: {error}", path.display()),
            hint: "put it right, then start sotto-tray again".into(),
        }),
    }
}

/// Returns what is to be said of keys that are not held.
fn troubles(keys: &[KeyReport]) -> Vec<(String, Option<String>)> {
    keys.iter()
        .filter_map(|key| {
            let problem = key.problem.as_ref()?;
            let hint = format!("choose another with 'sotto config set {} KEY'", key.setting);
            Some((format!("{}: {problem}", key.setting), Some(hint)))
        })
        .collect()
}
