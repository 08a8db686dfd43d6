//! Rules of the whole machine, between a few of them on one small network where everybody is connected.

mod admission;
mod damage;
mod inviting;
mod later;
mod limits;
mod names;
mod presence;
mod prompts;
mod restart;
mod telling;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::{
    Audience, Command, Event, Input, MeetingId, Mesh, Now, OfflineReason, Output, PeerId, Presence,
    Refusal, RejoinPolicy, Reply, RosterEntry, Setup, Topic, Utc, View, VoiceChange,
};

use crate::wire::{Message, Request};

const START: u64 = 1_800_000_000;

/// A daemon on its machine.
struct Machine {
    name: &'static str,
    seed: u8,
    mesh: Option<Mesh>,
    id: PeerId,
    disk: Option<Vec<u8>>,
    topics: BTreeSet<Topic>,
    events: Vec<Event>,
    voice: Vec<VoiceChange>,
    policy: RejoinPolicy,
}

/// Everybody on one network, on a virtual clock.
struct World {
    time: Duration,
    utc: u64,
    runs: u64,
    machines: Vec<Machine>,
    connected: BTreeSet<(usize, usize)>,
    /// Machines that nobody reaches.
    cut_off: BTreeSet<usize>,
    asked: BTreeMap<u64, (usize, u64)>,
    next_request: u64,
    receipts: u64,
    /// How often each was offered invitations.
    offers: BTreeMap<PeerId, usize>,
    /// Whoever is named here sends no heartbeats.
    silent: BTreeSet<usize>,
}

impl World {
    /// Machines of these names, all of them running.
    fn new(names: &[&'static str]) -> Self {
        let mut world = Self {
            time: Duration::from_secs(1),
            utc: START,
            runs: 0,
            machines: Vec::new(),
            connected: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            asked: BTreeMap::new(),
            next_request: 0,
            receipts: 0,
            offers: BTreeMap::new(),
            silent: BTreeSet::new(),
        };
        for name in names {
            let index = world.add(name);
            world.start(index);
        }
        world.run(1000);
        world
    }

    /// A machine on which nothing runs yet.
    fn add(&mut self, name: &'static str) -> usize {
        let seed = self.machines.len() as u8 + 1;
        self.machines.push(Machine {
            name,
            seed,
            mesh: None,
            id: PeerId([0; 32]),
            disk: None,
            topics: BTreeSet::new(),
            events: Vec::new(),
            voice: Vec::new(),
            policy: RejoinPolicy::default(),
        });
        self.machines.len() - 1
    }

    fn now(&self) -> Now {
        Now {
            monotonic: self.time,
            utc: Utc(self.utc + self.time.as_secs()),
        }
    }

    fn start(&mut self, index: usize) {
        self.runs += 1;
        let now = self.now();
        let machine = &mut self.machines[index];
        let mut rng_seed = [machine.seed; 32];
        rng_seed[..8].copy_from_slice(&self.runs.to_le_bytes());
        let setup = Setup {
            signing_seed: [machine.seed; 32],
            rng_seed,
            name: machine.name.to_owned(),
            device_name: "laptop".to_owned(),
            stored: machine.disk.clone(),
            rejoin: machine.policy,
        };
        let mesh = Mesh::new(setup, now).unwrap();
        machine.id = mesh.me();
        machine.mesh = Some(mesh);
        machine.topics.clear();
        self.settle();
        self.input(index, Input::MediaPort(4000));
        self.input(
            index,
            Input::ListenAddresses(vec![(address(index), 4001).into()]),
        );
        self.connect_all(index);
    }

    fn connect_all(&mut self, index: usize) {
        for other in 0..self.machines.len() {
            self.connect(index, other);
        }
    }

    fn connect(&mut self, one: usize, other: usize) {
        let pair = (one.min(other), one.max(other));
        let running = self.machines[one].mesh.is_some() && self.machines[other].mesh.is_some();
        if one == other || !running || self.is_cut(one, other) || !self.connected.insert(pair) {
            return;
        }
        let (a, b) = (self.machines[one].id, self.machines[other].id);
        self.input(
            one,
            Input::PeerConnected {
                peer: b,
                address: address(other),
            },
        );
        self.input(
            other,
            Input::PeerConnected {
                peer: a,
                address: address(one),
            },
        );
    }

    fn disconnect(&mut self, one: usize, other: usize) {
        if self.connected.remove(&(one.min(other), one.max(other))) {
            let (a, b) = (self.machines[one].id, self.machines[other].id);
            self.input(one, Input::PeerDisconnected { peer: b });
            self.input(other, Input::PeerDisconnected { peer: a });
        }
    }

    fn is_cut(&self, one: usize, other: usize) -> bool {
        self.cut_off.contains(&one) != self.cut_off.contains(&other)
    }

    /// Ends a daemon without a word.
    fn crash(&mut self, index: usize) {
        self.machines[index].mesh = None;
        for other in 0..self.machines.len() {
            if other != index && self.connected.remove(&(index.min(other), index.max(other))) {
                let peer = self.machines[index].id;
                self.input(other, Input::PeerDisconnected { peer });
            }
        }
    }

    /// Cuts machines off from the rest.
    fn cut(&mut self, group: &[usize]) {
        self.cut_off = group.iter().copied().collect();
        for (one, other) in self.connected.clone() {
            if self.is_cut(one, other) {
                self.disconnect(one, other);
            }
        }
    }

    fn heal(&mut self) {
        self.cut_off.clear();
        for index in 0..self.machines.len() {
            self.connect_all(index);
        }
    }

    fn command(&mut self, index: usize, command: Command) -> Result<Reply, Refusal> {
        let now = self.now();
        let reply = self.machines[index]
            .mesh
            .as_mut()
            .unwrap()
            .command(command, now);
        self.settle();
        reply
    }

    fn input(&mut self, index: usize, input: Input) {
        let now = self.now();
        if let Some(mesh) = &mut self.machines[index].mesh {
            mesh.handle(input, now);
        }
        self.settle();
    }

    /// Carries out everything that anybody wants done.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            let next = self
                .machines
                .iter_mut()
                .enumerate()
                .find_map(|(index, machine)| Some((index, machine.mesh.as_mut()?.poll_output()?)));
            match next {
                Some((index, output)) => self.carry_out(index, output),
                None => return,
            }
        }
        panic!("outputs never end");
    }

    fn carry_out(&mut self, index: usize, output: Output) {
        let me = self.machines[index].id;
        match output {
            Output::Subscribe(topic) => {
                self.machines[index].topics.insert(topic.clone());
                for other in self.neighbours(index) {
                    self.give(
                        other,
                        Input::Subscribed {
                            peer: me,
                            topic: topic.clone(),
                        },
                    );
                }
            }
            Output::Unsubscribe(topic) => {
                self.machines[index].topics.remove(&topic);
            }
            Output::Publish { topic, data } => {
                for other in self.neighbours(index) {
                    if self.machines[other].topics.contains(&topic) {
                        self.receipts += 1;
                        let receipt = self.receipts;
                        let data = data.clone();
                        self.give(
                            other,
                            Input::Gossip {
                                topic: topic.clone(),
                                author: me,
                                neighbour: me,
                                data,
                                receipt,
                            },
                        );
                    }
                }
            }
            Output::Request { to, id, data } => {
                if let Ok(Request::Invitation(_)) = Request::decode(&data) {
                    *self.offers.entry(to).or_default() += 1;
                }
                let target = self
                    .machines
                    .iter()
                    .position(|machine| machine.id == to && machine.mesh.is_some());
                match target {
                    Some(other) if !self.is_cut(index, other) => {
                        self.next_request += 1;
                        self.asked.insert(self.next_request, (index, id));
                        let request = self.next_request;
                        self.give(
                            other,
                            Input::Request {
                                from: me,
                                id: request,
                                data,
                            },
                        );
                    }
                    _ => {
                        let result = Err(crate::DirectError::Unreachable);
                        self.give(
                            index,
                            Input::Response {
                                id,
                                from: to,
                                result,
                            },
                        );
                    }
                }
            }
            Output::Respond { id, data } => {
                if let Some((asker, id)) = self.asked.remove(&id) {
                    self.give(
                        asker,
                        Input::Response {
                            id,
                            from: me,
                            result: Ok(data),
                        },
                    );
                }
            }
            Output::Connect { peer, .. } => {
                if let Some(other) = self.machines.iter().position(|machine| machine.id == peer) {
                    self.connect(index, other);
                }
            }
            Output::Store(bytes) | Output::StoreLater(bytes) => {
                self.machines[index].disk = Some(bytes)
            }
            Output::Voice(change) => self.machines[index].voice.push(change),
            Output::Event(event) => self.machines[index].events.push(event),
            Output::Release { .. } | Output::Verdict { .. } => {}
        }
    }

    /// Like [`Self::input`], from within [`Self::settle`].
    fn give(&mut self, index: usize, input: Input) {
        let now = self.now();
        if let Some(mesh) = &mut self.machines[index].mesh {
            mesh.handle(input, now);
        }
    }

    fn neighbours(&self, index: usize) -> Vec<usize> {
        (0..self.machines.len())
            .filter(|other| {
                self.connected
                    .contains(&(index.min(*other), index.max(*other)))
            })
            .collect()
    }

    /// Lets time pass, with a heartbeat every 500 ms between those who are in the same meeting.
    fn run(&mut self, milliseconds: u64) {
        let end = self.time + Duration::from_millis(milliseconds);
        let mut beat = self.time;
        while self.time < end {
            if beat <= self.time {
                beat = self.time + Duration::from_millis(500);
                self.heartbeats();
            }
            let due = self
                .machines
                .iter()
                .filter_map(|machine| machine.mesh.as_ref()?.next_timeout())
                .min()
                .unwrap_or(end)
                .max(self.time + Duration::from_millis(1));
            self.time = due.min(beat).min(end);
            let now = self.now();
            for index in 0..self.machines.len() {
                let Some(mesh) = &mut self.machines[index].mesh else {
                    continue;
                };
                if mesh.next_timeout().is_some_and(|due| due <= now.monotonic) {
                    mesh.handle_timeout(now);
                    self.settle();
                }
            }
        }
    }

    fn heartbeats(&mut self) {
        for one in 0..self.machines.len() {
            for other in 0..self.machines.len() {
                let active = |index: usize| self.try_view(index).and_then(|view| view.active);
                let hears = one != other
                    && !self.is_cut(one, other)
                    && !self.silent.contains(&one)
                    && active(one).is_some()
                    && active(one) == active(other);
                if hears {
                    let peer = self.machines[one].id;
                    self.input(other, Input::Heard { peer });
                    if self.whispers_to(one, self.id(other)) {
                        self.input(other, Input::Whispered { peer });
                    }
                }
            }
        }
    }

    /// Whether what `index` says right now goes to `peer` as a whisper.
    fn whispers_to(&self, index: usize, peer: PeerId) -> bool {
        let audience = self.machines[index].voice.iter().rev();
        let mut audience = audience.filter_map(|change| match change {
            VoiceChange::Audience { audience, .. } => Some(audience),
            _ => None,
        });
        matches!(audience.next(), Some(Audience::Whisper(peers)) if peers.contains(&peer))
    }

    fn try_view(&self, index: usize) -> Option<View> {
        Some(self.machines[index].mesh.as_ref()?.view(self.now()))
    }

    fn view(&self, index: usize) -> View {
        self.try_view(index).unwrap()
    }

    fn id(&self, index: usize) -> PeerId {
        self.machines[index].id
    }

    fn entry(&self, viewer: usize, meeting: MeetingId, peer: usize) -> Option<RosterEntry> {
        let peer = self.id(peer);
        let view = self.view(viewer);
        let meeting = view
            .meetings
            .into_iter()
            .find(|known| known.meeting == meeting)?;
        meeting.roster.into_iter().find(|entry| entry.peer == peer)
    }

    fn presence(&self, viewer: usize, meeting: MeetingId, peer: usize) -> Option<Presence> {
        self.entry(viewer, meeting, peer)
            .map(|entry| entry.presence)
    }

    /// Everybody running sees `peer` like this.
    fn everybody_sees(&self, meeting: MeetingId, peer: usize, presence: Presence) {
        for viewer in 0..self.machines.len() {
            if self.machines[viewer].mesh.is_some() {
                assert_eq!(
                    self.presence(viewer, meeting, peer),
                    Some(presence),
                    "seen by {viewer}"
                );
            }
        }
    }

    /// A meeting that `creator` starts and everybody else joins.
    fn meeting_of_all(&mut self, creator: usize) -> MeetingId {
        let others: Vec<usize> = (0..self.machines.len())
            .filter(|index| *index != creator)
            .collect();
        let meeting = self.create(creator, "Planning", &others);
        for other in others {
            self.join(other, meeting);
        }
        self.run(2000);
        meeting
    }

    fn create(&mut self, creator: usize, title: &str, invited: &[usize]) -> MeetingId {
        let invite = invited.iter().map(|index| self.id(*index)).collect();
        match self.command(
            creator,
            Command::Create {
                title: title.to_owned(),
                invite,
            },
        ) {
            Ok(Reply::Created { meeting }) => meeting,
            other => panic!("{other:?}"),
        }
    }

    fn join(&mut self, index: usize, meeting: MeetingId) {
        self.command(index, Command::Join { meeting }).unwrap();
        self.run(100);
        assert_eq!(
            self.view(index).active,
            Some(meeting),
            "{} joined",
            self.machines[index].name
        );
    }

    fn saw(&self, index: usize, wanted: impl Fn(&Event) -> bool) -> bool {
        self.machines[index].events.iter().any(wanted)
    }

    fn forget_events(&mut self) {
        for machine in &mut self.machines {
            machine.events.clear();
            machine.voice.clear();
        }
    }

    fn has_declined(&self, viewer: usize, meeting: MeetingId, peer: usize) -> bool {
        self.entry(viewer, meeting, peer)
            .is_some_and(|entry| entry.declined)
    }

    fn is_invited(&self, index: usize, meeting: MeetingId) -> bool {
        self.view(index)
            .invitations
            .iter()
            .any(|invitation| invitation.meeting == meeting)
    }
}

fn address(index: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, index as u8 + 1).into()
}

const ELSEWHERE: Presence = Presence::Offline(OfflineReason::Elsewhere);
const LEFT: Presence = Presence::Offline(OfflineReason::Left);
const CLOSED: Presence = Presence::Offline(OfflineReason::Closed);
const PHONE: Presence = Presence::Offline(OfflineReason::Phone);
const LOST: Presence = Presence::Offline(OfflineReason::Lost);
const NOT_JOINED: Presence = Presence::Offline(OfflineReason::NotJoined);
