//! What a daemon says about itself, as it says it.
//!
//! One connection subscribes to a daemon's events and keeps the newest picture, every notice, every change of
//! presence, and when sound devices opened. Waiting means waiting for such an event, with a deadline.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sotto_control::model::{Notice, Presence, Snapshot};
use sotto_control::{Client, Event, Events, Places};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How long anything may take before a scenario fails, unless it says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The most notices and changes that are kept.
const MOST_KEPT: usize = 100_000;

/// A change of somebody's presence in a meeting, as one daemon saw it.
#[derive(Debug, Clone)]
pub struct PresenceChange {
    /// When it was seen.
    pub at: Instant,
    /// In which meeting.
    pub title: String,
    /// Whose, by label.
    pub who: String,
    /// What it became.
    pub presence: Presence,
}

/// A sound device that was opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// When.
    pub at: Instant,
    /// Which device, in the daemon's words.
    pub device: String,
}

#[derive(Debug, Default)]
struct Past {
    notices: Vec<(Instant, Notice)>,
    changes: Vec<PresenceChange>,
    seen: HashMap<(String, String), Presence>,
    inputs: Vec<Opening>,
    outputs: Vec<Opening>,
    open: (Option<String>, Option<String>),
}

/// One daemon, observed.
#[derive(Debug)]
pub struct Watch {
    name: String,
    client: Client,
    picture: watch::Receiver<Snapshot>,
    past: Arc<Mutex<Past>>,
    task: AbortHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    /// Connects to a daemon as soon as it answers.
    ///
    /// # Errors
    ///
    /// When it does not within [`PATIENCE`], or refuses.
    pub async fn connect(name: &str, places: &Places) -> Result<Self> {
        let begin = Instant::now();
        let client = loop {
            match Client::connect(places, "scenario").await {
                Ok(client) => break client,
                Err(error) if error.nobody_listens() && begin.elapsed() < PATIENCE => {
                    // There is no event for a socket that is about to appear.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("{name}'s daemon does not answer"));
                }
            }
        };
        let (snapshot, events) = client.subscribe(false).await.context("events.subscribe")?;
        let past = Arc::new(Mutex::new(Past::default()));
        lock(&past).note(&snapshot);
        let (newest, picture) = watch::channel(snapshot);
        let task = tokio::spawn(follow(events, newest, Arc::clone(&past))).abort_handle();
        Ok(Self {
            name: name.to_owned(),
            client,
            picture,
            past,
            task,
        })
    }

    /// The connection, for requests.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The newest picture.
    #[must_use]
    pub fn now(&self) -> Snapshot {
        self.picture.borrow().clone()
    }

    /// Waits until the picture is as wanted, and says how long that took.
    ///
    /// # Errors
    ///
    /// When it is not within `limit`, or the daemon ends; the error shows the picture.
    pub async fn until_within(
        &self,
        limit: Duration,
        what: &str,
        wanted: impl Fn(&Snapshot) -> bool,
    ) -> Result<Duration> {
        let begin = Instant::now();
        let mut picture = self.picture.clone();
        let waiting = picture.wait_for(|snapshot| wanted(snapshot));
        match tokio::time::timeout(limit, waiting).await {
            Ok(Ok(_)) => Ok(begin.elapsed()),
            Ok(Err(_)) => bail!("{}: the daemon ended while waiting until {what}", self.name),
            Err(_) => bail!(
                "{}: waited {:.1} s in vain until {what}\n{}",
                self.name,
                limit.as_secs_f64(),
                describe(&self.now())
            ),
        }
    }

    /// Every notice so far that `wanted` picks.
    #[must_use]
    pub fn notices(&self, wanted: impl Fn(&Notice) -> bool) -> Vec<Notice> {
        lock(&self.past)
            .notices
            .iter()
            .map(|(_, notice)| notice)
            .filter(|notice| wanted(notice))
            .cloned()
            .collect()
    }

    /// Waits for a notice, one that came before included.
    ///
    /// # Errors
    ///
    /// When none comes within [`PATIENCE`].
    pub async fn notice(&self, what: &str, wanted: impl Fn(&Notice) -> bool) -> Result<Notice> {
        let begin = Instant::now();
        let mut picture = self.picture.clone();
        loop {
            if let Some(notice) = self.notices(&wanted).into_iter().next() {
                return Ok(notice);
            }
            let left = PATIENCE.saturating_sub(begin.elapsed());
            // Notices mark the picture as changed.
            if !matches!(
                tokio::time::timeout(left, picture.changed()).await,
                Ok(Ok(()))
            ) {
                let seen: Vec<String> = self
                    .notices(|_| true)
                    .into_iter()
                    .map(|notice| notice.text)
                    .collect();
                bail!(
                    "{}: waited in vain for a notice of {what}; there were {seen:?}",
                    self.name
                );
            }
        }
    }

    /// Every change of presence since `since`.
    #[must_use]
    pub fn changes(&self, since: Instant) -> Vec<PresenceChange> {
        lock(&self.past)
            .changes
            .iter()
            .filter(|change| change.at >= since)
            .cloned()
            .collect()
    }

    /// Every opening of a microphone so far.
    #[must_use]
    pub fn inputs(&self) -> Vec<Opening> {
        lock(&self.past).inputs.clone()
    }

    /// Every opening of a speaker so far.
    #[must_use]
    pub fn outputs(&self) -> Vec<Opening> {
        lock(&self.past).outputs.clone()
    }
}

fn lock(past: &Mutex<Past>) -> MutexGuard<'_, Past> {
    past.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow(mut events: Events, newest: watch::Sender<Snapshot>, past: Arc<Mutex<Past>>) {
    while let Some(event) = events.next().await {
        if let Event::Notice { notice } = &event {
            let mut past = lock(&past);
            if past.notices.len() < MOST_KEPT {
                past.notices.push((Instant::now(), notice.clone()));
            }
        }
        newest.send_modify(|snapshot| {
            snapshot.apply(&event);
            lock(&past).note(snapshot);
        });
    }
}

impl Past {
    fn note(&mut self, snapshot: &Snapshot) {
        let at = Instant::now();
        for meeting in &snapshot.meetings {
            for participant in &meeting.participants {
                let key = (meeting.id.clone(), participant.person.id.clone());
                let before = self.seen.insert(key, participant.presence);
                if before != Some(participant.presence) && self.changes.len() < MOST_KEPT {
                    self.changes.push(PresenceChange {
                        at,
                        title: meeting.title.clone(),
                        who: participant.person.label.clone(),
                        presence: participant.presence,
                    });
                }
            }
        }
        let sound = &snapshot.status.sound;
        let open = (sound.input.open.clone(), sound.output.open.clone());
        for (now, before, list) in [
            (&open.0, &self.open.0, &mut self.inputs),
            (&open.1, &self.open.1, &mut self.outputs),
        ] {
            if let Some(device) = now
                && now != before
                && list.len() < MOST_KEPT
            {
                list.push(Opening {
                    at,
                    device: device.clone(),
                });
            }
        }
        self.open = open;
    }
}

/// A picture in a few lines, for errors.
#[must_use]
pub fn describe(snapshot: &Snapshot) -> String {
    let mut lines = Vec::new();
    let peers: Vec<String> = snapshot
        .peers
        .iter()
        .map(|peer| {
            format!(
                "{}{}",
                peer.person.label,
                if peer.running { "" } else { " (not running)" }
            )
        })
        .collect();
    lines.push(format!("  colleagues: {}", peers.join(", ")));
    for meeting in &snapshot.meetings {
        let roster: Vec<String> = meeting
            .participants
            .iter()
            .map(|one| format!("{}: {}", one.person.label, one.presence))
            .collect();
        let active = if meeting.active { " (active)" } else { "" };
        lines.push(format!(
            "  meeting {}{active}: {}",
            meeting.title,
            roster.join("; ")
        ));
    }
    for invitation in &snapshot.invitations {
        lines.push(format!("  invited to {}", invitation.meeting.title));
    }
    lines.push(format!("  sound: {:?}", snapshot.status.sound));
    lines.push(format!("  talk: {:?}", snapshot.talk.to));
    lines.join("\n")
}
