use super::*;
use proptest::prelude::*;
use rand_chacha::rand_core::Rng;

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

#[test]
fn each_sends_with_its_own_key_to_the_ssrcs_that_its_receiver_allotted() {
    let two = linked(1);
    let (anna, bao) = (&two.sides[0].outbound[&BAO], &two.sides[1].outbound[&ANNA]);
    assert_ne!(anna.key, bao.key);
    assert_ne!(anna.ssrcs, bao.ssrcs);
    assert_eq!(anna.generation, 1, "one agreement is enough");
}

#[test]
fn media_goes_to_the_address_of_the_connection_and_the_port_named_there() {
    let two = linked(2);
    assert_eq!(
        two.sides[0].outbound[&BAO].address,
        Some(SocketAddr::new(ip(2), 40002))
    );
    assert_eq!(
        two.sides[1].outbound[&ANNA].address,
        Some(SocketAddr::new(ip(1), 40001))
    );
}

#[test]
fn simultaneous_offers_do_not_conflict() {
    for seed in 0..50 {
        let mut two = Two::new(seed, 0);
        two.connect(0);
        two.connect(1);
        // Both offer at once, without the second waiting for the first.
        two.now += SECOND_WAIT;
        two.run(Duration::from_secs(2));
        assert!(two.agree(), "seed {seed}");
    }
}

#[test]
fn a_new_connection_brings_a_new_generation_on_both_sides() {
    let mut two = linked(3);
    let before = two.sides[0].outbound[&BAO].clone();
    for side in 0..2 {
        two.sides[side].keys.disconnected(Two::id(1 - side));
    }
    two.run(Duration::from_secs(1));
    assert_eq!(
        two.sides[0].outbound[&BAO], before,
        "without connection, the keys stay"
    );
    two.connect(0);
    two.connect(1);
    two.run(Duration::from_secs(1));
    assert!(two.agree());
    assert!(two.generation() > before.generation);
    assert_ne!(two.sides[0].outbound[&BAO].key, before.key);
}

#[test]
fn a_restarted_peer_that_has_forgotten_its_generation_gets_a_newer_one() {
    for side in 0..2 {
        let mut two = linked(4);
        two.restart(side, 99);
        two.run(Duration::from_secs(2));
        assert!(two.agree(), "side {side}");
        assert!(two.generation() > 1);
    }
}

#[test]
fn nobody_who_is_not_present_gets_keys() {
    let mut two = linked(5);
    let offer = Offer {
        generation: 9,
        ..two.sides[0].keys.offer_to(BAO).unwrap()
    };
    let mut away = Side::new(BAO, 9);
    let answer = away.keys.handle_offer(ANNA, offer.clone(), two.now);
    assert_eq!(
        answer,
        Answer::Refused(AnswerRefusal::NotPresent),
        "I am in no meeting"
    );
    away.keys.set_port(4, two.now);
    away.keys.connected(ANNA, ip(1), two.now);
    away.keys.enter(MEETING, Vec::new());
    let answer = away.keys.handle_offer(ANNA, offer.clone(), two.now);
    assert_eq!(answer, Answer::Refused(AnswerRefusal::YouAreNotPresent));
    away.keys.present(ANNA, two.now);
    let elsewhere = Offer {
        meeting: OTHER,
        ..offer
    };
    assert_eq!(
        away.keys.handle_offer(ANNA, elsewhere, two.now),
        Answer::Refused(AnswerRefusal::NotPresent)
    );
    two.sides[1].keys.leave();
    two.sides[1].drain();
    assert!(two.sides[1].outbound.is_empty() && two.sides[1].inbound.is_empty());
}

#[test]
fn keys_are_erased_when_either_is_no_longer_present() {
    let mut two = linked(6);
    two.sides[0].keys.absent(BAO);
    two.sides[0].drain();
    assert!(two.sides[0].outbound.is_empty() && two.sides[0].inbound.is_empty());
    assert!(!two.sides[0].keys.is_linked(BAO));
    two.sides[0].keys.present(BAO, two.now);
    two.run(Duration::from_secs(2));
    assert!(two.agree());
    assert!(two.generation() > 1, "a new join brings a new generation");
}

#[test]
fn offers_wait_for_a_port_and_a_connection() {
    let now = Duration::ZERO;
    let mut side = Side::new(ANNA, 1);
    side.keys.enter(MEETING, Vec::new());
    side.keys.present(BAO, now);
    assert_eq!(side.keys.next_timeout(), None);
    side.keys.connected(BAO, ip(2), now);
    assert_eq!(side.keys.next_timeout(), None);
    side.keys.set_port(4000, now);
    assert_eq!(
        side.keys.next_timeout(),
        Some(now),
        "the smaller identity offers at once"
    );
    let mut side = Side::new(BAO, 1);
    side.keys.set_port(4000, now);
    side.keys.enter(MEETING, Vec::new());
    side.keys.connected(ANNA, ip(1), now);
    side.keys.present(ANNA, now);
    assert_eq!(
        side.keys.next_timeout(),
        Some(SECOND_WAIT),
        "the greater a little later"
    );
}

#[test]
fn failing_offers_back_off_and_rest_after_the_deadline() {
    let mut side = Side::inside(ANNA, 1, BAO, Duration::ZERO);
    side.keys.connected(BAO, ip(2), Duration::ZERO);
    let mut moments = Vec::new();
    while let Some(next) = side.keys.next_timeout() {
        moments.push(next);
        side.keys.handle_timeout(next);
        side.drain();
        let (_, offer) = side.offers.pop_front().unwrap();
        side.keys.handle_answer(BAO, offer.generation, None, next);
        assert!(moments.len() < 100);
    }
    assert!((10..25).contains(&moments.len()), "{moments:?}");
    assert!(*moments.last().unwrap() <= DEADLINE);
    side.keys.connected(BAO, ip(2), Duration::from_secs(300));
    assert!(
        side.keys.next_timeout().is_some(),
        "a new connection begins anew"
    );
}

#[test]
fn ssrcs_are_unique_and_never_zero() {
    let mut side = Side::new(ANNA, 3);
    side.keys.set_port(1, Duration::ZERO);
    side.keys.enter(MEETING, Vec::new());
    let mut seen = BTreeSet::new();
    for number in 2..=255 {
        let peer = PeerId([number; 32]);
        side.keys.present(peer, Duration::ZERO);
        side.keys.connected(peer, ip(number), Duration::ZERO);
        let half = side.keys.offer_to(peer).unwrap().half;
        assert!(half.open_ssrc != 0 && half.whisper_ssrc != 0);
        assert!(seen.insert(half.open_ssrc) && seen.insert(half.whisper_ssrc));
    }
}

#[test]
fn keys_are_not_printed() {
    let mut two = linked(7);
    let offer = two.sides[0].keys.offer_to(BAO).unwrap();
    let key = format!("{:?}", offer.half.material.key);
    for text in [
        format!("{offer:?}"),
        format!("{:?}", two.sides[0].keys),
        format!("{:?}", Answer::Accepted(offer)),
    ] {
        assert!(!text.contains(&key), "{text}");
    }
}

#[test]
fn a_malformed_offer_is_refused() {
    let mut two = linked(8);
    let good = two.sides[0].keys.offer_to(BAO).unwrap();
    let zero = Half {
        open_ssrc: 0,
        ..good.half.clone()
    };
    let same = Half {
        open_ssrc: good.half.whisper_ssrc,
        ..good.half.clone()
    };
    for bad in [
        Offer {
            generation: 0,
            ..good.clone()
        },
        Offer {
            generation: u64::MAX,
            ..good.clone()
        },
        Offer {
            port: 0,
            ..good.clone()
        },
        Offer {
            half: zero,
            ..good.clone()
        },
        Offer {
            half: same,
            ..good.clone()
        },
        Offer {
            record: vec![0; 5000],
            ..good.clone()
        },
    ] {
        let answer = two.sides[1].keys.handle_offer(ANNA, bad, two.now);
        assert_eq!(answer, Answer::Refused(AnswerRefusal::Malformed));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Run(u16),
    Connect(usize),
    Disconnect(usize),
    Restart(usize, u8),
    Rejoin(usize),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_sides_agree_after_any_history(
        seed: u8,
        loss in 0u32..60,
        steps in proptest::collection::vec(prop_oneof![
            (0u16..900).prop_map(Step::Run),
            (0usize..2).prop_map(Step::Connect),
            (0usize..2).prop_map(Step::Disconnect),
            (0usize..2, any::<u8>()).prop_map(|(side, seed)| Step::Restart(side, seed)),
            (0usize..2).prop_map(Step::Rejoin),
        ], 0..15),
    ) {
        let mut two = Two::new(seed, loss);
        for step in steps {
            match step {
                Step::Run(time) => two.run(Duration::from_millis(time.into())),
                Step::Connect(side) => two.connect(side),
                Step::Disconnect(side) => two.sides[side].keys.disconnected(Two::id(1 - side)),
                Step::Restart(side, seed) => two.restart(side, seed),
                Step::Rejoin(side) => {
                    let now = two.now;
                    two.sides[side].keys.enter(MEETING, Vec::new());
                    two.sides[side].drain();
                    two.sides[side].keys.present(Two::id(1 - side), now);
                }
            }
        }
        two.run(Duration::from_millis(300));
        two.connect(0);
        two.connect(1);
        two.loss = 0;
        two.run(Duration::from_secs(20));
        prop_assert!(two.agree());
        prop_assert!(two.sides.iter().all(|side| side.keys.next_timeout().is_none()), "and rest");
    }

    #[test]
    fn arbitrary_messages_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = postcard::from_bytes::<Offer>(&bytes);
        let _ = postcard::from_bytes::<Answer>(&bytes);
    }
}
