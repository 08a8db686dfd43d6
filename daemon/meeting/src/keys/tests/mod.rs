//! Two peers who agree on keys over a network that delays and loses.

mod agreeing;
mod histories;
mod offering;

use rand_chacha::rand_core::Rng;

use super::*;

const MEETING: MeetingId = MeetingId([5; 32]);
const OTHER: MeetingId = MeetingId([6; 32]);
const ANNA: PeerId = PeerId([1; 32]);
const BAO: PeerId = PeerId([2; 32]);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    generation: u64,
    key: [u8; 16],
    salt: [u8; 12],
    ssrcs: (u32, u32),
    address: Option<SocketAddr>,
}

/// One peer and what its voice machines were told.
struct Side {
    id: PeerId,
    keys: Keys,
    outbound: BTreeMap<PeerId, Link>,
    inbound: BTreeMap<PeerId, Link>,
    offers: VecDeque<(PeerId, Offer)>,
    used: Vec<([u8; 16], u32)>,
}

impl Side {
    fn new(id: PeerId, seed: u8) -> Self {
        Self {
            id,
            keys: Keys::new(id, [seed; 32]),
            outbound: BTreeMap::new(),
            inbound: BTreeMap::new(),
            offers: VecDeque::new(),
            used: Vec::new(),
        }
    }

    fn inside(id: PeerId, seed: u8, peer: PeerId, now: Duration) -> Self {
        let mut side = Self::new(id, seed);
        side.keys.set_port(40000 + u16::from(id.0[0]), now);
        side.keys.enter(MEETING, vec![id.0[0]; 100]);
        side.keys.present(peer, now);
        side
    }

    fn drain(&mut self) {
        while let Some(output) = self.keys.poll() {
            match output {
                KeysOutput::Offer { to, offer } => self.offers.push_back((to, offer)),
                KeysOutput::Voice(VoiceChange::Outbound {
                    peer,
                    generation,
                    key,
                    salt,
                    open_ssrc,
                    whisper_ssrc,
                    address,
                }) => {
                    for ssrc in [open_ssrc, whisper_ssrc] {
                        assert!(
                            !self.used.contains(&(key, ssrc)),
                            "a key meets an SSRC a second time"
                        );
                        self.used.push((key, ssrc));
                    }
                    let before = self.outbound.get(&peer).map_or(0, |link| link.generation);
                    assert!(generation > before, "generations grow");
                    let link = Link {
                        generation,
                        key,
                        salt,
                        ssrcs: (open_ssrc, whisper_ssrc),
                        address: Some(address),
                    };
                    self.outbound.insert(peer, link);
                }
                KeysOutput::Voice(VoiceChange::Inbound {
                    peer,
                    generation,
                    key,
                    salt,
                    open_ssrc,
                    whisper_ssrc,
                }) => {
                    let link = Link {
                        generation,
                        key,
                        salt,
                        ssrcs: (open_ssrc, whisper_ssrc),
                        address: None,
                    };
                    self.inbound.insert(peer, link);
                }
                KeysOutput::Voice(VoiceChange::Unlink { peer }) => {
                    self.inbound.remove(&peer);
                    self.outbound.remove(&peer);
                }
                KeysOutput::Voice(other) => panic!("{other:?}"),
            }
        }
    }
}

/// Anna and Bao and what is on the way between them.
struct Two {
    sides: [Side; 2],
    now: Duration,
    rng: ChaCha20Rng,
    loss: u32,
    way: Vec<(Duration, usize, Way)>,
}

#[derive(Debug)]
enum Way {
    Offer(Offer),
    Answer(u64, Option<Answer>),
}

fn ip(number: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, number])
}

impl Two {
    fn new(seed: u8, loss: u32) -> Self {
        let now = Duration::from_secs(5);
        Self {
            sides: [
                Side::inside(ANNA, seed, BAO, now),
                Side::inside(BAO, seed ^ 0x55, ANNA, now),
            ],
            now,
            rng: ChaCha20Rng::from_seed([seed; 32]),
            loss,
            way: Vec::new(),
        }
    }

    fn id(side: usize) -> PeerId {
        [ANNA, BAO][side]
    }

    fn connect(&mut self, side: usize) {
        let other = 1 - side;
        self.sides[side]
            .keys
            .connected(Self::id(other), ip(other as u8 + 1), self.now);
    }

    fn restart(&mut self, side: usize, seed: u8) {
        self.sides[side] = Side::inside(Self::id(side), seed, Self::id(1 - side), self.now);
        self.connect(side);
    }

    fn random(&mut self, below: u32) -> u32 {
        self.rng.next_u32() % below
    }

    fn send(&mut self, to: usize, what: Way) {
        let delay = Duration::from_millis(u64::from(self.random(80)));
        self.way.push((self.now + delay, to, what));
    }

    /// Runs for `time`, delivering in random order and losing `loss` percent.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            for side in 0..2 {
                self.sides[side].drain();
                while let Some((_, offer)) = self.sides[side].offers.pop_front() {
                    if self.random(100) < self.loss {
                        self.send(side, Way::Answer(offer.generation, None));
                    } else {
                        self.send(1 - side, Way::Offer(offer));
                    }
                }
            }
            let arrival = self.way.iter().map(|(at, ..)| *at).min();
            let timeout = self
                .sides
                .iter()
                .filter_map(|side| side.keys.next_timeout())
                .min();
            let Some(next) = arrival
                .into_iter()
                .chain(timeout)
                .min()
                .filter(|next| *next <= end)
            else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            for side in &mut self.sides {
                side.keys.handle_timeout(self.now);
            }
            let now = self.now;
            let due: Vec<_> = self.way.extract_if(.., |(at, ..)| *at <= now).collect();
            for (_, to, what) in due {
                let from = Self::id(1 - to);
                match what {
                    Way::Offer(offer) => {
                        let generation = offer.generation;
                        let answer = self.sides[to].keys.handle_offer(from, offer, self.now);
                        let answer = (self.random(100) >= self.loss).then_some(answer);
                        self.send(1 - to, Way::Answer(generation, answer));
                    }
                    Way::Answer(generation, answer) => {
                        self.sides[to]
                            .keys
                            .handle_answer(from, generation, answer, self.now);
                    }
                }
            }
        }
    }

    fn agree(&self) -> bool {
        (0..2).all(|side| {
            let (me, other) = (&self.sides[side], &self.sides[1 - side]);
            match (me.outbound.get(&other.id), other.inbound.get(&me.id)) {
                (Some(out), Some(into)) => {
                    Link {
                        address: None,
                        ..out.clone()
                    } == *into
                }
                _ => false,
            }
        })
    }

    fn generation(&self) -> u64 {
        self.sides[0].outbound[&BAO].generation
    }
}

fn linked(seed: u8) -> Two {
    let mut two = Two::new(seed, 0);
    two.connect(0);
    two.connect(1);
    two.run(Duration::from_secs(1));
    assert!(two.agree());
    two
}
