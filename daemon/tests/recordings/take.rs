//! The recording of one scene.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use sotto_control::model::{Meeting, Peer, Snapshot};
use sotto_control::{CallError, Client, Event, Events, Method};

use super::cast::{Cast, PATIENCE};
use super::layout;
use super::support::soon;

/// Writes the files anew if it is set.
const RECORD: &str = "SOTTO_RECORD";

/// A recording that is being made.
pub(crate) struct Take<'a> {
    cast: &'a Cast,
    name: &'static str,
    scene: &'static str,
    /// The program that asks.
    client: Client,
    /// Another one, which watches.
    watching: Client,
    events: Events,
    /// The picture to which the events have led.
    followed: Snapshot,
    /// The picture at the beginning.
    first: Value,
    /// The picture as it was last recorded.
    shown: Snapshot,
    steps: Vec<Value>,
}

impl<'a> Take<'a> {
    /// Begins a recording with the picture that Anna's daemon gives now.
    pub(crate) async fn begin(cast: &'a Cast, name: &'static str, scene: &'static str) -> Self {
        let client = cast.anna.client("sotto").await;
        let watching = cast.anna.client("watching").await;
        let (followed, events) = soon(watching.subscribe(false)).await.unwrap();
        let shown = cast.normal(&followed);
        Self {
            cast,
            name,
            scene,
            client,
            watching,
            events,
            followed,
            first: serde_json::to_value(&shown).unwrap(),
            shown,
            steps: Vec::new(),
        }
    }

    /// Asks, and records the reply with what it has changed by then.
    pub(crate) async fn ask<M: Method>(&mut self, params: M) {
        self.ask_until(params, |_| true).await;
    }

    /// Asks, and records the refusal.
    pub(crate) async fn ask_in_vain<M: Method>(&mut self, params: M) {
        let step = self.answer(params).await;
        assert!(step["reply"].is_null(), "refused: {step}");
        self.record(step, |_| true).await;
    }

    /// Asks, and records the reply with what has changed when everything is `settled`.
    pub(crate) async fn ask_until<M: Method>(
        &mut self,
        params: M,
        settled: impl Fn(&Snapshot) -> bool,
    ) {
        let step = self.answer(params).await;
        assert!(step["error"].is_null(), "not refused: {step}");
        self.record(step, settled).await;
    }

    /// Asks what ends the daemon, and records the answer.
    pub(crate) async fn ask_last<M: Method>(&mut self, params: M) {
        let mut step = self.answer(params).await;
        step["ends"] = json!(true);
        self.steps.push(step);
    }

    async fn answer<M: Method>(&self, params: M) -> Value {
        let mut step = json!({
            "method": M::NAME,
            "params": self.cast.normal_json(&params),
        });
        match soon(self.client.request(&params.into())).await {
            Ok(reply) => step["reply"] = self.cast.normal_json(&reply),
            Err(CallError::Refused(error)) => step["error"] = self.cast.normal_json(&error),
            Err(error) => panic!("{}: {error}", M::NAME),
        }
        step
    }

    /// Ends the program that asks, and records what is told of that.
    pub(crate) async fn program_ends(&mut self, settled: impl Fn(&Snapshot) -> bool) {
        self.client = self.cast.anna.client("sotto").await;
        self.happens("the program ends", settled).await;
    }

    /// Records what is told of something that nobody asked for over this connection.
    pub(crate) async fn happens(
        &mut self,
        what: &'static str,
        settled: impl Fn(&Snapshot) -> bool,
    ) {
        self.record(json!({"happens": what}), settled).await;
    }

    async fn record(&mut self, mut step: Value, settled: impl Fn(&Snapshot) -> bool) {
        let now = self.settle(settled).await;
        let now = self.cast.normal(&now);
        let told = changes(&self.shown, &now);
        if !told.is_empty() {
            step["events"] = serde_json::to_value(told).unwrap();
        }
        self.shown = now;
        self.steps.push(step);
    }

    /// Waits until the daemon's picture is `settled`, and until the events have led to the same one.
    async fn settle(&mut self, settled: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut now = Snapshot::default();
        let settling = async {
            loop {
                (now, _) = soon(self.watching.subscribe(false)).await.unwrap();
                let told = || self.lasting(&self.followed) == self.lasting(&now);
                if settled(&now) && told() {
                    return;
                }
                let event = self.events.next().await.expect("the daemon runs");
                self.followed.apply(&event);
            }
        };
        if tokio::time::timeout(PATIENCE, settling).await.is_err() {
            let (now, told) = (self.lasting(&now), self.lasting(&self.followed));
            panic!(
                "{}: never settles: {now:?}\nevents led to {told:?}",
                self.name
            );
        }
        now
    }

    /// Returns what events tell as soon as it changes.
    fn lasting(&self, snapshot: &Snapshot) -> Snapshot {
        let mut lasting = self.cast.normal(snapshot);
        for peer in &mut lasting.peers {
            // Told when the peer changes, and not when a meeting does.
            peer.meetings.clear();
        }
        let meetings = lasting.meetings.iter_mut();
        for line in meetings.flat_map(|meeting| &mut meeting.participants) {
            // Told once a second.
            (line.stats, line.speaking, line.level_dbfs) = (None, false, None);
        }
        lasting
    }

    /// Compares the recording with its file, or writes it.
    pub(crate) fn end(self) {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/recordings")
            .join(format!("{}.json", self.name));
        let text = layout::text(json!({
            "scene": self.scene,
            "snapshot": self.first,
            "steps": self.steps,
        }));
        if std::env::var_os(RECORD).is_some() {
            std::fs::write(file, text).unwrap();
            return;
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        let lines = || kept.lines().zip(text.lines());
        if let Some((number, (kept, now))) = (1..).zip(lines()).find(|(_, (kept, now))| kept != now)
        {
            panic!(
                "{}:{number}: recorded:\n{kept}\na daemon of today:\n{now}\nrecord anew with {RECORD}=1 if that is meant",
                file.display()
            );
        }
        assert_eq!(kept, text, "{}", file.display());
    }
}

/// Returns the events that lead from one picture to another, each the newest of its part.
fn changes(before: &Snapshot, now: &Snapshot) -> Vec<Event> {
    let mut events = Vec::new();
    let peers: BTreeMap<_, _> = before.peers.iter().map(|it| (&it.person.id, it)).collect();
    let changed = |peer: &&Peer| peers.get(&peer.person.id) != Some(peer);
    for peer in now.peers.iter().filter(changed) {
        events.push(Event::Peer { peer: peer.clone() });
    }
    for gone in peers.into_keys() {
        if now.peers.iter().all(|it| it.person.id != *gone) {
            events.push(Event::PeerGone { id: gone.clone() });
        }
    }
    for meeting in &now.meetings {
        let known = before.meetings.iter().find(|it| it.id == meeting.id);
        events.extend(meeting_changes(known, meeting));
    }
    for gone in &before.meetings {
        if now.meetings.iter().all(|it| it.id != gone.id) {
            let id = gone.id.clone();
            events.push(Event::MeetingGone { id });
        }
    }
    if before.invitations != now.invitations {
        let invitations = now.invitations.clone();
        events.push(Event::Invitations { invitations });
    }
    if before.talk != now.talk {
        let talk = now.talk.clone();
        events.push(Event::Talk { talk });
    }
    if before.groups != now.groups {
        let groups = now.groups.clone();
        events.push(Event::Groups { groups });
    }
    if before.status != now.status {
        let status = Box::new(now.status.clone());
        events.push(Event::Status { status });
    }
    events
}

/// Returns the changed lines of a roster, or the whole meeting if more has changed.
fn meeting_changes(before: Option<&Meeting>, now: &Meeting) -> Vec<Event> {
    let whole = || {
        let meeting = now.clone();
        vec![Event::Meeting { meeting }]
    };
    let Some(before) = before else {
        return whole();
    };
    let frame = |meeting: &Meeting| {
        let people = meeting.participants.iter();
        let people: Vec<String> = people.map(|it| it.person.id.clone()).collect();
        let frame = Meeting {
            participants: Vec::new(),
            ..meeting.clone()
        };
        (frame, people)
    };
    if frame(before) != frame(now) {
        return whole();
    }
    let lines = before.participants.iter().zip(&now.participants);
    lines
        .filter(|(before, now)| before != now)
        .map(|(_, line)| Event::Participant {
            meeting: now.id.clone(),
            participant: Box::new(line.clone()),
        })
        .collect()
}
