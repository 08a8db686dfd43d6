//! A virtual network that drives real [`Mesh`]es on a virtual clock.
//!
//! Everything random comes from one seed, which is printed when a test fails. The network delays, loses, duplicates and
//! reorders gossip (each neighbour relays what its mesh accepts), carries direct requests over connections that break
//! only after a while, and sends heartbeats and frames between peers that hold one another's keys. Machines crash,
//! restart with what they have on disk, and are cut off from one another.

// The lint's exception for tests covers test functions alone, not the fixtures that they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(dead_code, reason = "each test file uses a part")]

mod connections;
mod direct;
mod gossip;
mod happenings;
pub(crate) mod histories;
mod looking;
mod machine;
mod media;
mod outputs;
mod still;
mod weather;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use connections::Connection;
use direct::Answering;
use happenings::{Happening, Scheduled};
pub(crate) use machine::Machine;
pub(crate) use media::Voice;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sotto_meeting::{
    Command, Event, Input, MeetingId, Mesh, Now, OfflineReason, PeerId, Presence, Refusal,
    RejoinPolicy, Reply, Topic, Utc,
};
pub(crate) use weather::Weather;

/// Names a machine of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Host(pub usize);

/// The world.
pub(crate) struct Sim {
    seed: u64,
    now: Duration,
    /// The time slept: the time of day is so far ahead of the time that has passed.
    ahead: Duration,
    /// Connections into the lobby that a machine makes by itself.
    pub(crate) lobby_connections: usize,
    /// A connection that nobody wants any more is kept where each machine has fewer than this into the lobby.
    pub(crate) spare_connections: usize,
    rng: ChaCha20Rng,
    pub(crate) weather: Weather,
    machines: Vec<Machine>,
    hosts_by_address: BTreeMap<IpAddr, usize>,
    connections: BTreeMap<u64, Connection>,
    /// Which part of a split network each machine is in.
    parts: Vec<usize>,
    /// Media packets that are dropped, from and to.
    deaf: BTreeSet<(usize, usize)>,
    queue: BinaryHeap<Scheduled>,
    next_id: u64,
    /// The last messages that each peer gossiped and signed: anybody may keep them.
    envelopes: BTreeMap<PeerId, VecDeque<(Topic, Vec<u8>)>>,
    /// Requests being answered: whom the answer goes to, and over what.
    answering: BTreeMap<u64, Answering>,
    /// Which requests are counted, and how many of them were sent to whom.
    counting: fn(&[u8]) -> bool,
    counted: BTreeMap<PeerId, usize>,
    /// The number of gossip deliveries and direct messages so far.
    pub(crate) messages: u64,
    finished: Cell<bool>,
}

/// The time of day at which the simulation's clock is zero.
pub(crate) const EPOCH: u64 = 1_800_000_000;

impl Sim {
    /// An empty world with a wired network.
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut sim = Self {
            seed,
            now: Duration::from_secs(1000),
            ahead: Duration::ZERO,
            lobby_connections: connections::LOBBY_CONNECTIONS,
            spare_connections: 0,
            rng: ChaCha20Rng::from_seed(bytes),
            weather: Weather::CLEAR,
            machines: Vec::new(),
            hosts_by_address: BTreeMap::new(),
            connections: BTreeMap::new(),
            parts: Vec::new(),
            deaf: BTreeSet::new(),
            queue: BinaryHeap::new(),
            next_id: 1,
            envelopes: BTreeMap::new(),
            answering: BTreeMap::new(),
            counting: |_| false,
            counted: BTreeMap::new(),
            messages: 0,
            finished: Cell::new(false),
        };
        sim.schedule(media::HEARTBEAT, Happening::Heartbeats);
        sim.schedule(connections::UPKEEP, Happening::Upkeep);
        sim
    }

    /// A world in which machines of these names run and know of one another.
    pub(crate) fn with<const N: usize>(seed: u64, names: [&str; N]) -> (Self, [Host; N]) {
        let mut sim = Self::new(seed);
        let hosts = sim.add_all(names);
        (sim, hosts)
    }

    /// Adds machines of these names, all of which run and know of one another.
    fn add_all<const N: usize>(&mut self, names: [&str; N]) -> [Host; N] {
        let hosts = names.map(|name| self.add(name));
        for host in hosts {
            self.start(host);
        }
        self.until("everyone knows everyone", 60, |sim| {
            hosts.iter().all(|host| {
                sim.view(*host)
                    .peers
                    .iter()
                    .filter(|peer| peer.running)
                    .count()
                    == N - 1
            })
        });
        hosts
    }

    /// A new machine that does not run yet.
    pub(crate) fn add(&mut self, name: &str) -> Host {
        let signing_seed = self.random_bytes();
        self.add_with_seed(name, signing_seed)
    }

    /// A machine with a copy of another's identity and disk.
    pub(crate) fn clone_of(&mut self, host: Host) -> Host {
        let (name, seed, disk) = {
            let machine = self.machine(host);
            (
                machine.name.clone(),
                machine.signing_seed,
                machine.disk.clone(),
            )
        };
        let copy = self.add_with_seed(&name, seed);
        self.machines[copy.0].disk = disk;
        self.machines[copy.0].voice = Voice::copy_of(self.voice(host));
        copy
    }

    fn add_with_seed(&mut self, name: &str, signing_seed: [u8; 32]) -> Host {
        let number = self.machines.len();
        let address = IpAddr::from([10, 0, (number / 250) as u8, (number % 250 + 1) as u8]);
        self.machines
            .push(Machine::new(name, signing_seed, address));
        self.hosts_by_address.insert(address, number);
        self.parts.push(0);
        Host(number)
    }

    /// Starts the daemon with what is on its disk.
    pub(crate) fn start(&mut self, host: Host) {
        let rng_seed = self.random_bytes();
        let now = self.clock_of(host);
        let machine = &mut self.machines[host.0];
        machine.start(rng_seed, now);
        let address = machine.address;
        self.drain(host.0);
        self.input(
            host.0,
            Input::ListenAddresses(vec![SocketAddr::new(address, 4001)]),
        );
        self.input(host.0, Input::MediaPort(machine::MEDIA_PORT));
        self.connect_at_once();
    }

    /// The process is killed: nobody is told, and connections to it break only after a while.
    pub(crate) fn crash(&mut self, host: Host) {
        self.machines[host.0].kill();
        self.abandon_connections(host.0);
        self.connect_at_once();
    }

    /// A clean end: goodbye to everybody, then the process ends.
    pub(crate) fn stop(&mut self, host: Host) {
        let _ = self.command(host, Command::Quit);
        self.run_millis(100);
        self.machines[host.0].kill();
        self.close_connections(host.0);
    }

    /// Splits the network. Machines that are not named form a part of their own.
    pub(crate) fn split(&mut self, parts: &[&[Host]]) {
        self.parts.fill(parts.len());
        for (number, part) in parts.iter().enumerate() {
            for host in *part {
                self.parts[host.0] = number;
            }
        }
        self.connect_at_once();
    }

    /// The network is whole again.
    pub(crate) fn heal(&mut self) {
        self.parts.fill(0);
        self.deaf.clear();
        self.connect_at_once();
    }

    /// Media from `from` does not reach `to` any more; everything else does.
    pub(crate) fn block_media(&mut self, from: Host, to: Host) {
        self.deaf.insert((from.0, to.0));
    }

    /// Runs the world for `seconds`.
    pub(crate) fn run(&mut self, seconds: u64) {
        self.run_millis(seconds * 1000);
    }

    /// Runs the world for `millis`.
    pub(crate) fn run_millis(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until `holds`, looking every 20 ms, and returns how long that took.
    pub(crate) fn until(
        &mut self,
        what: &str,
        seconds: u64,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Duration {
        let start = self.now;
        let deadline = start + Duration::from_secs(seconds);
        while !holds(self) {
            if self.now >= deadline {
                self.dump();
                panic!("after {seconds} s it is not true that {what}");
            }
            self.run_millis(20);
        }
        self.now - start
    }

    /// What the local user of `host` wants.
    pub(crate) fn command(&mut self, host: Host, command: Command) -> Result<Reply, Refusal> {
        let now = self.clock_of(host);
        let machine = &mut self.machines[host.0];
        let reply = machine
            .with_mesh(|mesh| mesh.command(command.clone(), now))
            .expect("a stopped machine takes no commands");
        machine.voice.intend(&command, reply.as_ref());
        self.drain(host.0);
        self.deliver_at_once();
        reply
    }

    /// A command that must succeed.
    pub(crate) fn ask(&mut self, host: Host, command: Command) -> Reply {
        let text = format!("{command:?}");
        match self.command(host, command) {
            Ok(reply) => reply,
            Err(refusal) => {
                self.dump();
                panic!("{} refused {text}: {refusal}", self.machine(host).name)
            }
        }
    }

    /// Something that happens at `host`.
    pub(crate) fn happens(&mut self, host: Host, input: Input) {
        self.input(host.0, input);
        self.deliver_at_once();
    }

    /// Lets the mesh of `host` do something, and carries out what comes of it.
    pub(crate) fn with_mesh<R>(&mut self, host: Host, act: impl FnOnce(&mut Mesh, Now) -> R) -> R {
        let now = self.clock_of(host);
        let done = self.machines[host.0]
            .with_mesh(|mesh| act(mesh, now))
            .expect("a stopped machine does nothing");
        self.drain(host.0);
        self.deliver_at_once();
        done
    }

    /// What is called around everything that the mesh of `host` does.
    pub(crate) fn set_around(&mut self, host: Host, around: fn(bool)) {
        self.machines[host.0].around = Some(around);
    }

    /// `host` starts a meeting.
    pub(crate) fn meet(&mut self, host: Host, title: &str, invite: &[Host]) -> MeetingId {
        let invite = invite.iter().map(|host| self.id(*host)).collect();
        match self.ask(
            host,
            Command::Create {
                title: title.into(),
                invite,
            },
        ) {
            Reply::Created { meeting } => meeting,
            other => panic!("{other:?}"),
        }
    }

    /// Everybody named is invited and joins; returns once all see all of them Online.
    pub(crate) fn gather(&mut self, host: Host, title: &str, others: &[Host]) -> MeetingId {
        let meeting = self.meet(host, title, others);
        for other in others {
            let other = *other;
            self.until("the invitation is there", 10, |sim| {
                sim.is_invited(other, meeting)
            });
            self.ask(other, Command::Join { meeting });
        }
        let all: Vec<Host> = std::iter::once(host)
            .chain(others.iter().copied())
            .collect();
        self.until("all are Online on all rosters, with voice", 20, |sim| {
            all.iter().all(|viewer| {
                all.iter()
                    .all(|who| sim.presence(*viewer, meeting, *who) == Some(Presence::Online))
                    && all.iter().all(|who| {
                        who == viewer || sim.entry(*viewer, meeting, *who).is_some_and(|e| e.voice)
                    })
            })
        });
        meeting
    }

    pub(crate) fn join(&mut self, host: Host, meeting: MeetingId) {
        self.ask(host, Command::Join { meeting });
        self.until("the join succeeds", 20, |sim| {
            sim.view(host).active == Some(meeting)
        });
    }

    /// Waits until all `viewers` see `who` like this.
    pub(crate) fn until_seen(
        &mut self,
        viewers: &[Host],
        meeting: MeetingId,
        who: Host,
        presence: Presence,
    ) -> Duration {
        let name = self.machine(who).name.clone();
        self.until(&format!("{name} is seen as {presence}"), 60, |sim| {
            viewers
                .iter()
                .all(|viewer| sim.presence(*viewer, meeting, who) == Some(presence))
        })
    }

    pub(crate) fn offline(reason: OfflineReason) -> Presence {
        Presence::Offline(reason)
    }

    pub(crate) fn set_rejoin(&mut self, host: Host, rejoin: RejoinPolicy) {
        self.machines[host.0].rejoin = rejoin;
    }

    pub(crate) fn set_disk(&mut self, host: Host, disk: Option<Vec<u8>>) {
        self.machines[host.0].disk = disk;
    }

    /// `host`'s user has this name from the next start on.
    pub(crate) fn set_name(&mut self, host: Host, name: &str) {
        name.clone_into(&mut self.machines[host.0].name);
    }

    /// Takes out what `host` has told its user since it started, or since this was called last.
    pub(crate) fn take_events(&mut self, host: Host) -> Vec<Event> {
        std::mem::take(&mut self.machines[host.0].events)
    }

    /// Everybody forgets which events and changes of voice there were.
    pub(crate) fn forget_events(&mut self) {
        for machine in &mut self.machines {
            machine.events.clear();
            machine.voice.changes.clear();
        }
    }

    /// Sets everybody's time of day ahead; no time passes.
    pub(crate) fn set_clocks_ahead(&mut self, by: Duration) {
        self.ahead += by;
    }

    /// From now on these requests are counted.
    pub(crate) fn count(&mut self, requests: fn(&[u8]) -> bool) {
        self.counting = requests;
    }

    /// Returns how many of the counted requests were sent to `host` since this was asked last.
    pub(crate) fn take_count(&mut self, host: Host) -> usize {
        let to = self.id(host);
        self.counted.remove(&to).unwrap_or_default()
    }

    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    /// A number below `below`.
    pub(crate) fn random(&mut self, below: u32) -> u32 {
        self.rng.next_u32() % below.max(1)
    }

    pub(crate) fn clock(&self) -> Now {
        Now {
            monotonic: self.now,
            since_boot: self.now + self.ahead,
            utc: Utc(EPOCH + (self.now + self.ahead).as_secs()),
        }
    }

    /// The clocks of a machine, whose wall clock may be wrong.
    pub(crate) fn clock_of(&self, host: Host) -> Now {
        let machine = self.machine(host);
        let right = self.clock();
        let since_boot = self.now + self.ahead - machine.booted;
        Now {
            since_boot,
            utc: Utc(right.utc.0.saturating_add_signed(machine.clock_ahead)),
            ..right
        }
    }

    /// Sets the wall clock of `host`, which is right at first, so many seconds ahead of the right time.
    pub(crate) fn set_clock(&mut self, host: Host, ahead: i64) {
        self.machines[host.0].clock_ahead = ahead;
    }

    /// The machine of `host`, whose daemon does not run, starts anew.
    pub(crate) fn reboot(&mut self, host: Host) {
        let now = self.now + self.ahead;
        let machine = &mut self.machines[host.0];
        assert!(machine.mesh.is_none(), "{} runs", machine.name);
        machine.booted = now;
        machine.boot[0] += 1;
    }

    fn random_bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    fn chance(&mut self, percent: u32) -> bool {
        percent > 0 && self.random(100) < percent
    }

    fn schedule(&mut self, after: Duration, what: Happening) {
        let order = self.next_id;
        self.next_id += 1;
        self.queue.push(Scheduled {
            at: self.now + after,
            order,
            what,
        });
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.finished.replace(true) {
            eprintln!(
                "the simulation's seed was {} and its time {:?}",
                self.seed, self.now
            );
        }
    }
}
