//! Bytes from outside reach a whole mesh: whatever they are, nothing panics, every message has its one answer, what
//! comes of it is bounded, and a meeting goes on.
//!
//! Two meshes meet over a wire on which copies of everything they say arrive, too, changed at random.

#![allow(clippy::unwrap_used)] // a test fails loudly, its fixtures too

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sotto_meeting::{
    Command, DirectError, Input, Mesh, Now, Output, PeerId, Presence, RejoinPolicy, Setup, Topic,
    Utc, View,
};

/// What one message may set off at once.
const MOST_OUTPUTS: usize = 300;
/// The longest message: a whole roster.
const LONGEST: usize = 256 * 1024;
/// Of virtual time.
const STEP: Duration = Duration::from_millis(100);

/// What the wire does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Clean,
    /// Changed copies of gossip and requests arrive beside the true ones.
    Copies,
    /// So do they of responses, and these before the true ones, which then come too late.
    Everything,
}

/// Two people.
struct Pair {
    meshes: [Mesh; 2],
    topics: [BTreeSet<Topic>; 2],
    time: Duration,
    rng: ChaCha20Rng,
    wire: Wire,
    /// Who gets what.
    under_way: VecDeque<(usize, Input)>,
    /// Requests on the wire, by the id that they have at whoever is asked: the asker's id for it.
    asked: BTreeMap<u64, u64>,
    next_id: u64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let time = Duration::from_secs(1_000);
        let mesh = |number: u8, name: &str| {
            let setup = Setup {
                signing_seed: [number; 32],
                rng_seed: [number + 10; 32],
                name: name.into(),
                device_name: "laptop".into(),
                stored: None,
                rejoin: RejoinPolicy::default(),
                boot: None,
            };
            Mesh::new(setup, at(time)).unwrap()
        };
        let mut pair = Self {
            meshes: [mesh(1, "Anna"), mesh(2, "Bao")],
            topics: Default::default(),
            time,
            rng: ChaCha20Rng::seed_from_u64(seed),
            wire: Wire::Clean,
            under_way: VecDeque::new(),
            asked: BTreeMap::new(),
            next_id: 1 << 32,
        };
        for who in 0..2 {
            let other = pair.id(1 - who);
            pair.input(
                who,
                Input::ListenAddresses(vec![SocketAddr::new(address(who), 4_001)]),
            );
            pair.input(who, Input::MediaPort(4_002));
            pair.input(
                who,
                Input::PeerConnected {
                    peer: other,
                    address: address(1 - who),
                },
            );
        }
        pair.run(Duration::from_secs(1));
        pair
    }

    fn id(&self, who: usize) -> PeerId {
        self.meshes[who].me()
    }

    fn view(&self, who: usize) -> View {
        self.meshes[who].view(at(self.time))
    }

    fn command(&mut self, who: usize, command: Command) -> bool {
        let done = self.meshes[who].command(command, at(self.time)).is_ok();
        self.collect(who);
        done
    }

    /// Hands something to a mesh and checks what comes of it.
    fn input(&mut self, who: usize, input: Input) {
        let (request, gossip) = match &input {
            Input::Request { id, .. } => (Some(*id), None),
            Input::Gossip { receipt, .. } => (None, Some(*receipt)),
            _ => (None, None),
        };
        self.meshes[who].handle(input, at(self.time));
        let outputs = self.collect(who);
        assert!(outputs.len() <= MOST_OUTPUTS, "{} outputs", outputs.len());
        if let Some(request) = request {
            let answers =
                |output: &&Output| matches!(output, Output::Respond { id, .. } if *id == request);
            assert_eq!(outputs.iter().filter(answers).count(), 1);
        }
        if let Some(gossip) = gossip {
            let verdicts = |output: &&Output| matches!(output, Output::Verdict { receipt, .. } if *receipt == gossip);
            assert_eq!(outputs.iter().filter(verdicts).count(), 1);
        }
    }

    /// Puts what a mesh says onto the wire.
    fn collect(&mut self, who: usize) -> Vec<Output> {
        let outputs: Vec<Output> = std::iter::from_fn(|| self.meshes[who].poll_output()).collect();
        let (me, other) = (self.id(who), 1 - who);
        for output in &outputs {
            match output {
                Output::Subscribe(topic) => {
                    self.topics[who].insert(topic.clone());
                    let subscribed = |peer| Input::Subscribed {
                        peer,
                        topic: topic.clone(),
                    };
                    if self.topics[other].contains(topic) {
                        let both = [(other, subscribed(me)), (who, subscribed(self.id(other)))];
                        self.under_way.extend(both);
                    }
                }
                Output::Unsubscribe(topic) => drop(self.topics[who].remove(topic)),
                Output::Publish { topic, data } => self.send_gossip(who, topic, data),
                Output::Request { to, id, data } => self.send_request(who, *to, *id, data),
                Output::Respond { id, data } => self.send_response(who, *id, data),
                _ => {}
            }
        }
        outputs
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn send_gossip(&mut self, who: usize, topic: &Topic, data: &[u8]) {
        assert!(data.len() <= LONGEST);
        if !self.topics[1 - who].contains(topic) {
            return;
        }
        for data in self.with_copies(data) {
            let gossip = Input::Gossip {
                topic: topic.clone(),
                author: self.id(who),
                neighbour: self.id(who),
                data,
                receipt: self.new_id(),
            };
            self.under_way.push_back((1 - who, gossip));
        }
    }

    fn send_request(&mut self, who: usize, to: PeerId, id: u64, data: &[u8]) {
        assert!(data.len() <= LONGEST);
        if to != self.id(1 - who) {
            let unreachable = Input::Response {
                id,
                from: to,
                result: Err(DirectError::Unreachable),
            };
            self.under_way.push_back((who, unreachable));
            return;
        }
        let all = self.with_copies(data);
        let last = all.len() - 1;
        for (number, data) in all.into_iter().enumerate() {
            let theirs = self.new_id();
            // The answer to a copy interests nobody.
            if number == last {
                self.asked.insert(theirs, id);
            }
            let request = Input::Request {
                from: self.id(who),
                id: theirs,
                data,
            };
            self.under_way.push_back((1 - who, request));
        }
    }

    fn send_response(&mut self, who: usize, id: u64, data: &[u8]) {
        assert!(data.len() <= LONGEST);
        let Some(id) = self.asked.remove(&id) else {
            return;
        };
        let all = match self.wire {
            Wire::Everything => self.with_copies(data),
            Wire::Clean | Wire::Copies => vec![data.to_vec()],
        };
        for data in all {
            let response = Input::Response {
                id,
                from: self.id(who),
                result: Ok(data),
            };
            self.under_way.push_back((1 - who, response));
        }
    }

    /// Changed copies of a message, and last the message itself.
    fn with_copies(&mut self, data: &[u8]) -> Vec<Vec<u8>> {
        let copies = match self.wire {
            Wire::Clean => 0,
            Wire::Copies | Wire::Everything => self.below(3),
        };
        let mut all: Vec<Vec<u8>> = (0..copies).map(|_| self.changed(data)).collect();
        all.push(data.to_vec());
        all
    }

    fn changed(&mut self, data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        for _ in 0..=self.below(4) {
            let place = self.below(data.len().max(1));
            match self.below(5) {
                0 => data.truncate(place),
                1 => data.push(self.rng.next_u32() as u8),
                2 => data.insert(place.min(data.len()), 0xff),
                _ if data.is_empty() => {}
                3 => data[place] ^= 1 << self.below(8),
                _ => data[place] = self.rng.next_u32() as u8,
            }
        }
        data
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.next_u32() as usize % bound
    }

    /// Lets time pass. Both hear each other all the while.
    fn run(&mut self, how_long: Duration) {
        let end = self.time + how_long;
        while self.time < end {
            self.time += STEP;
            for who in 0..2 {
                let peer = self.id(1 - who);
                self.input(who, Input::Heard { peer });
                if self.meshes[who]
                    .next_timeout()
                    .is_some_and(|at| at <= self.time)
                {
                    self.meshes[who].handle_timeout(at(self.time));
                    self.collect(who);
                }
            }
            // What is said now arrives now; answers to answers end, or the next step carries them on.
            for _ in 0..1_000 {
                let Some((who, input)) = self.under_way.pop_front() else {
                    break;
                };
                self.input(who, input);
            }
        }
    }

    /// Anna starts a meeting with Bao, who joins once the invitation is there.
    fn meet(&mut self) {
        let bao = self.id(1);
        let create = Command::Create {
            title: "Planning".into(),
            invite: vec![bao],
        };
        assert!(self.command(0, create));
        self.run(Duration::from_secs(5));
        self.join();
    }

    fn join(&mut self) {
        if let Some(invitation) = self.view(1).invitations.first() {
            let meeting = invitation.meeting;
            self.command(1, Command::Join { meeting });
        }
        self.run(Duration::from_secs(5));
    }

    /// Whether both see both in the meeting.
    fn both_are_inside(&self) -> bool {
        [0, 1].iter().all(|who| {
            let view = self.view(*who);
            view.meetings.iter().any(|meeting| {
                meeting.active
                    && meeting.roster.len() == 2
                    && meeting
                        .roster
                        .iter()
                        .all(|entry| entry.presence == Presence::Online)
            })
        })
    }
}

fn at(monotonic: Duration) -> Now {
    Now {
        monotonic,
        since_boot: monotonic,
        utc: Utc(1_800_000_000 + monotonic.as_secs()),
    }
}

fn address(who: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1 + who as u8))
}

#[test]
fn two_people_meet_over_a_clean_wire() {
    let mut pair = Pair::new(1);
    pair.meet();
    assert!(pair.both_are_inside());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn changed_copies_do_not_keep_people_apart(seed: u64) {
        let mut pair = Pair::new(seed);
        pair.wire = Wire::Copies;
        pair.meet();
        pair.wire = Wire::Clean;
        let malformed = [0, 1].map(|who| pair.view(who).counters.malformed);
        prop_assert!(malformed.iter().sum::<u64>() > 0, "no copy was worse than what it was made from");
        // Copies used up what a peer may ask for in a time; that comes back, and synchronisation with it.
        pair.run(Duration::from_secs(60));
        pair.join();
        prop_assert!(pair.both_are_inside());
        prop_assert_eq!(pair.view(0).peers.len(), 1);
    }

    #[test]
    fn changed_answers_break_nothing(seed: u64) {
        let mut pair = Pair::new(seed);
        pair.wire = Wire::Everything;
        pair.meet();
        pair.run(Duration::from_secs(40));
        let view = pair.view(0);
        prop_assert!(view.peers.len() <= 1 && view.meetings.len() <= 1);
        prop_assert!(view.meetings.iter().all(|meeting| meeting.roster.len() <= 2));
    }

    #[test]
    fn arbitrary_bytes_break_nothing(
        messages in prop::collection::vec((0..4_u8, prop::collection::vec(any::<u8>(), 0..600)), 1..40),
    ) {
        let mut pair = Pair::new(7);
        pair.meet();
        prop_assert!(pair.both_are_inside());
        let bao = pair.id(1);
        let topics: Vec<Topic> = pair.topics[0].iter().cloned().collect();
        for (kind, mut data) in messages {
            let receipt = pair.new_id();
            // Half of them begin like a message of this version.
            if kind % 2 == 0 && let Some(first) = data.first_mut() {
                *first = 1;
            }
            pair.input(0, Input::Request { from: bao, id: receipt, data: data.clone() });
            for topic in &topics {
                let receipt = pair.new_id();
                pair.input(0, Input::Gossip { topic: topic.clone(), author: bao, neighbour: bao, data: data.clone(), receipt });
            }
            pair.input(0, Input::Response { id: u64::from(kind), from: bao, result: Ok(data) });
        }
        pair.run(Duration::from_secs(5));
        prop_assert!(pair.both_are_inside());
    }
}
