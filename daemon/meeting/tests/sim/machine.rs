//! One computer: its daemon while it runs, its disk, its connections and its voice machines.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sotto_meeting::{Event, Mesh, Now, PeerId, RejoinPolicy, Setup, Topic};

use super::media::Voice;

pub(crate) const MEDIA_PORT: u16 = 4002;

/// A gossip message that waits for a verdict.
pub(crate) struct Judged {
    pub(crate) message: u64,
    pub(crate) topic: Topic,
    pub(crate) data: Vec<u8>,
    /// The neighbour that sent it.
    pub(crate) from: usize,
    pub(crate) author: PeerId,
}

/// One computer.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) id: PeerId,
    pub(crate) signing_seed: [u8; 32],
    pub(crate) address: IpAddr,
    pub(crate) rejoin: RejoinPolicy,
    /// By how many seconds the wall clock is ahead of the right time.
    pub(crate) clock_ahead: i64,
    /// The time of the machine's start, and the mark of that start.
    pub(crate) booted: Duration,
    pub(crate) boot: [u8; 16],
    /// What was stored last.
    pub(crate) disk: Option<Vec<u8>>,
    pub(crate) mesh: Option<Mesh>,
    /// Called with `true` before the mesh does anything, and with `false` after it.
    pub(crate) around: Option<fn(bool)>,
    /// Counts starts; messages to an earlier run are dropped.
    pub(crate) run: u64,
    pub(crate) voice: Voice,
    /// Events of all runs.
    pub(crate) events: Vec<Event>,
    /// Connections by the peer that they lead to, oldest first.
    pub(crate) connections: BTreeMap<PeerId, Vec<u64>>,
    /// Connections that the mesh has asked for.
    pub(crate) wanted: BTreeMap<PeerId, Vec<SocketAddr>>,
    pub(crate) topics: BTreeSet<Topic>,
    /// Gossip messages seen, with the mark of the other half of the time for forgetting.
    pub(crate) seen: [HashSet<u64>; 2],
    /// Gossip messages that wait for a verdict, by receipt.
    pub(crate) judged: BTreeMap<u64, Judged>,
    /// When the mesh is to be woken.
    pub(crate) timer: Option<Duration>,
    /// Bytes sent, in gossip and direct messages.
    pub(crate) sent: u64,
    /// Bytes received.
    pub(crate) received: u64,
}

impl Machine {
    pub(crate) fn new(name: &str, signing_seed: [u8; 32], address: IpAddr) -> Self {
        let setup = Setup {
            signing_seed,
            rng_seed: [0; 32],
            name: name.into(),
            device_name: String::new(),
            stored: None,
            rejoin: RejoinPolicy::default(),
            boot: None,
        };
        // The identity, without knowing how it is derived.
        let nowhere = Now {
            monotonic: Duration::ZERO,
            since_boot: Duration::ZERO,
            utc: sotto_meeting::Utc(0),
        };
        let id = Mesh::new(setup, nowhere).expect("nothing is stored").me();
        Self {
            name: name.into(),
            id,
            signing_seed,
            address,
            rejoin: RejoinPolicy::default(),
            clock_ahead: 0,
            booted: Duration::ZERO,
            boot: [1; 16],
            disk: None,
            mesh: None,
            around: None,
            run: 0,
            voice: Voice::default(),
            events: Vec::new(),
            connections: BTreeMap::new(),
            wanted: BTreeMap::new(),
            topics: BTreeSet::new(),
            seen: Default::default(),
            judged: BTreeMap::new(),
            timer: None,
            sent: 0,
            received: 0,
        }
    }

    pub(crate) fn start(&mut self, rng_seed: [u8; 32], now: Now) {
        assert!(self.mesh.is_none(), "{} runs already", self.name);
        let setup = Setup {
            signing_seed: self.signing_seed,
            rng_seed,
            name: self.name.clone(),
            device_name: format!("{}'s machine", self.name),
            stored: self.disk.clone(),
            rejoin: self.rejoin,
            boot: Some(self.boot),
        };
        let begin = || Mesh::new(setup, now).expect("the disk holds what was stored");
        self.mesh = Some(around(self.around, begin));
        self.run += 1;
        self.voice.restart();
    }

    /// Lets the mesh do something, if it runs.
    pub(crate) fn with_mesh<R>(&mut self, act: impl FnOnce(&mut Mesh) -> R) -> Option<R> {
        let mesh = self.mesh.as_mut()?;
        Some(around(self.around, || act(mesh)))
    }

    /// The process is gone.
    pub(crate) fn kill(&mut self) {
        self.mesh = None;
        self.run += 1;
        self.connections.clear();
        self.wanted.clear();
        self.topics.clear();
        self.seen = Default::default();
        self.judged.clear();
        self.timer = None;
        self.voice.power_off();
    }

    /// Whether this gossip message is new.
    pub(crate) fn sees(&mut self, message: u64) -> bool {
        if self.seen.iter().any(|seen| seen.contains(&message)) {
            return false;
        }
        if self.seen[0].len() > 20_000 {
            self.seen.swap(0, 1);
            self.seen[0].clear();
        }
        self.seen[0].insert(message)
    }
}

fn around<R>(around: Option<fn(bool)>, act: impl FnOnce() -> R) -> R {
    let tell = |working| {
        if let Some(around) = around {
            around(working);
        }
    };
    tell(true);
    let done = act();
    tell(false);
    done
}
