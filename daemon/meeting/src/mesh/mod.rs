//! The state machine that ties the parts together.
//!
//! Every call works in three steps. It takes in what happened. It lets the consequences settle: who is shown how, who
//! hears whom, which connections are wanted. Then it hands out one batch of outputs. If something in the batch must not
//! be said before it is on disk, the state to be stored comes first.
//!
//! The files beside this one are of two kinds. *Parts* own a piece of the state, with private fields and tests of their
//! own: `identity`, `people`, `meetings`, `prompts`, `join`, `offerings`, `seat`, `links`, `guard`, `timers`, `outbox`.
//! All others are *routes*, `impl Mesh`: each takes one kind of news through the parts that it concerns.

mod admission;
mod clock;
mod clocks;
mod commands;
mod connections;
mod direct;
mod gossip;
mod guard;
mod housekeeping;
mod identity;
mod invited;
mod inviting;
mod join;
mod joining;
mod links;
mod local;
mod lookup;
mod meetings;
mod merging;
mod offerings;
mod outbox;
mod people;
mod persistence;
mod prompt;
mod prompts;
mod recalls;
mod repeat;
mod reviews;
mod seat;
mod setup;
mod shown;
mod signing;
mod snapshot;
mod synchronisation;
mod telling;
#[cfg(test)]
mod tests;
mod timers;
mod voice;

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub use setup::{RejoinPolicy, Setup};

use crate::audience::Talk;
use crate::command::{Command, Reply};
use crate::ids::{Now, PeerId, Utc};
use crate::input::Input;
use crate::keys::Keys;
use crate::names;
use crate::output::{Output, Topic};
use crate::refusal::Refusal;
use crate::stored::{State, StoredError};
use crate::view::Cut;
pub(crate) use clock::TOLERANCE;
use clock::{CLOCK_START, Moment};
use direct::Purpose;
use guard::Guard;
use identity::Identity;
use join::Join;
use links::Links;
use meetings::Meetings;
use offerings::Offerings;
use outbox::Outbox;
use people::People;
use prompts::Prompts;
use seat::Seat;
use timers::Timers;

/// Everything one daemon knows about who is where.
///
/// Each part keeps its own rules and sees no other. The mesh alone knows them all, and routes between them.
pub struct Mesh {
    now: Moment,
    rng: ChaCha20Rng,
    me: Identity,

    people: People,
    meetings: Meetings,
    prompts: Prompts,
    join: Join,
    offerings: Offerings,

    seat: Seat,
    talk: Talk,
    keys: Keys,

    links: Links<Purpose>,
    guard: Guard,
    timers: Timers,
    outbox: Outbox,
}

impl Mesh {
    /// Starts from stored state, or from nothing.
    ///
    /// The first output stores the epoch of this run, before anything is signed in it.
    ///
    /// # Errors
    /// If the stored state cannot be read.
    pub fn new(setup: Setup, now: Now) -> Result<Self, StoredError> {
        let state = setup.stored.as_deref().map(State::decode).transpose()?;
        let age = state
            .as_ref()
            .and_then(|last| clock::age(last, now, setup.boot));
        let utc = state
            .as_ref()
            .map(|last| last.written.plus(age.unwrap_or_default()));
        let now = Moment::first(now, setup.boot, utc);
        let mut rng = ChaCha20Rng::from_seed(setup.rng_seed);
        let instance = rng.next_u64();
        let epoch = next_epoch(state.as_ref().map_or(0, |state| state.epoch), now.wall());
        let mut name = names::clean_name(&setup.name);
        if name.is_empty() {
            name = "Somebody".to_owned();
        }
        let device = names::clean_device(&setup.device_name);
        let me = Identity::new(&setup.signing_seed, instance, epoch, name, device);
        if state.as_ref().is_some_and(|state| state.me != me.id) {
            return Err(StoredError::OtherIdentity);
        }
        let mut keys_seed = [0; 32];
        rng.fill_bytes(&mut keys_seed);
        let mut people = People::new(me.id);
        people.call_me(&me.name, &me.device);
        let timers = Timers::new(now.monotonic, &mut rng);
        let mut mesh = Self {
            talk: Talk::new(me.id, first_serial(epoch)),
            keys: Keys::new(me.id, keys_seed),
            me,
            rng,
            now,
            people,
            meetings: Meetings::default(),
            prompts: Prompts::default(),
            join: Join::default(),
            offerings: Offerings::default(),
            seat: Seat::new(),
            links: Links::new(),
            guard: Guard::new(),
            timers,
            outbox: Outbox::new(),
        };
        mesh.outbox.push(Output::Subscribe(Topic::lobby()));
        if let Some(state) = state {
            mesh.restore(state, age, setup.rejoin);
        }
        mesh.announce_myself();
        mesh.settle();
        Ok(mesh)
    }

    /// My own identity.
    pub fn me(&self) -> PeerId {
        self.me.id
    }

    /// Does what the local user wants, or says why not.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing has changed then.
    pub fn command(&mut self, command: Command, now: Now) -> Result<Reply, Refusal> {
        self.now = self.now.at(now);
        let reply = self.obey(command);
        self.settle();
        reply
    }

    /// Takes in what happened outside.
    pub fn handle(&mut self, input: Input, now: Now) {
        self.now = self.now.at(now);
        match input {
            Input::PeerConnected { peer, address } => self.peer_connected(peer, address),
            Input::PeerDisconnected { peer } => self.peer_disconnected(peer),
            Input::Subscribed { peer: _, topic } => self.subscribed(&topic),
            Input::Gossip {
                topic,
                author,
                neighbour,
                data,
                receipt,
            } => self.gossip(&topic, author, neighbour, &data, receipt),
            Input::Request { from, id, data } => self.request(from, id, &data),
            Input::Response { id, from, result } => self.response(id, from, result),
            Input::Heard { peer } => self.heard(peer),
            Input::Whispered { peer } => self.whispered(peer),
            Input::Spoke => self.spoke(),
            Input::MediaPort(port) => self.keys.set_port(port, self.now.monotonic),
            Input::ListenAddresses(addresses) => self.listen_addresses(&addresses),
            Input::Cloned => self.met_clone(),
            Input::Session(session) => self.session_changed(session),
            Input::ScreenSaver => self.cut_holds(Cut::ScreenSaver),
            Input::SystemCall { active } => self.system_call(active),
            Input::Suspend => self.suspend(),
            Input::Resume => self.resume(),
            Input::LoggedOut => self.log_out(),
            Input::LoggedIn => self.log_in(),
        }
        self.settle();
    }

    /// Does what was due at [`Self::next_timeout`].
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = self.now.at(now);
        let now = self.now.monotonic;
        self.talk.handle_timeout(now);
        self.keys.handle_timeout(now);
        self.meetings.handle_timeout(now);
        for (peer, purpose) in self.links.expired(now) {
            self.failed(peer, purpose);
        }
        self.join_timeout();
        self.telling_timeouts();
        self.offering_timeouts();
        self.recall_timeouts();
        self.presence_timeouts();
        self.repeat_timeout();
        self.spread_timeouts();
        self.housekeeping();
        self.settle();
    }

    /// When [`Self::handle_timeout`] wants to be called, on the monotonic clock.
    pub fn next_timeout(&self) -> Option<Duration> {
        let save = self.outbox.next_timeout();
        if self.seat.is_closing() {
            return save.map(|due| due.saturating_sub(CLOCK_START));
        }
        [
            self.talk.next_timeout(),
            self.keys.next_timeout(),
            self.meetings.next_timeout(),
            self.links.next_timeout(),
            self.join.next_timeout(),
            self.offerings.next_timeout(),
            self.next_presence_timeout(),
            Some(self.timers.next_timeout()),
            save,
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|due| due.saturating_sub(CLOCK_START))
    }

    /// The next thing to do. Call until `None` after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbox.poll()
    }

    /// Lets the consequences of what happened come to rest, and hands out the batch.
    fn settle(&mut self) {
        self.voice_consequences();
        self.follow_changed_meetings();
        if self.links.take_changed() {
            self.choose_connections();
        }
        while let Some(request) = self.links.poll_request() {
            self.outbox.push(request);
        }
        let due = self.outbox.is_save_due(self.now.monotonic);
        let state = due.then(|| self.state().encode());
        self.outbox.hand_out(state);
    }
}

/// The epoch of this run: above the stored one, and above those of runs that were forgotten.
///
/// A run that has lost its state would sign below what others hold of it. Nobody is started more than once a second, so
/// the time is above all epochs that were taken from it, unless the clock was wrong. Then the run learns of them from
/// others. Serial numbers need what is below the bound.
fn next_epoch(stored: u64, utc: Utc) -> u64 {
    const LATEST: u64 = 0xf000_0000;
    stored.saturating_add(1).max(utc.0.min(LATEST))
}

/// Serial numbers of this run, above all of earlier ones.
fn first_serial(epoch: u64) -> u64 {
    (epoch.min(u64::from(u32::MAX)) << 32) + 1
}
