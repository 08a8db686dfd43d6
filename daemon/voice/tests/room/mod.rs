//! A conversation in memory: several pairs of machines, a network with faults, and a virtual clock.
//!
//! Time moves in steps of 1 ms. Member `i` has slot `i` at everybody. Every random choice comes from one
//! seed, which failing tests print.

// Each test binary uses its part of the fixture; and a fixture that cannot be made should fail the test.
#![allow(dead_code, unused_imports, clippy::expect_used)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sotto_voice::downlink::{ControlLink, InboundLink};
use sotto_voice::playout::PlayoutConfig;
use sotto_voice::uplink::OutboundLink;
use sotto_voice::wire::is_rtcp;
use sotto_voice::{
    Audience, Destination, Downlink, DownlinkCommand, DownlinkEvent, FRAME_SAMPLES, FrameLength,
    LinkSetup, MediaKeys, PathState, SampleCount, SampleTime, SenderStats, Slot, SlotSet, Ssrc,
    Timestamp, Uplink, UplinkCommand, VoiceConfig, voice_pair,
};

/// What happens to datagrams on their way. Streams lose nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// The chance that a datagram is lost, in per cent.
    pub(crate) loss: u32,
    /// The chance that one arrives twice, in per cent.
    pub(crate) duplicates: u32,
    /// The shortest and the longest time that one takes.
    pub(crate) delay: (Duration, Duration),
}

/// A wired network on a good day.
pub(crate) const CLEAR: Weather = Weather {
    loss: 0,
    duplicates: 0,
    delay: (Duration::from_micros(200), Duration::from_micros(400)),
};

/// One packet that a member sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) to: Destination,
    pub(crate) control: bool,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Member {
    pub(crate) uplink: Uplink,
    pub(crate) downlink: Downlink,
    /// How it plays whoever is linked from now on.
    pub(crate) playout: PlayoutConfig,
    pub(crate) address: SocketAddr,
    /// When it captured last.
    pub(crate) captured: Duration,
    /// The RTP timestamp of its first captured sample, once it has sent something.
    pub(crate) first_timestamp: Option<Timestamp>,
    /// What is said, by capture time.
    pub(crate) voice: Box<dyn FnMut(u64) -> f32>,
    /// What was heard, from the beginning.
    pub(crate) heard: Vec<f32>,
    pub(crate) events: Vec<(Duration, DownlinkEvent)>,
    pub(crate) sent: Vec<Sent>,
    /// Whether sent packets are kept for the test to look at.
    pub(crate) keep: bool,
    /// Whether datagrams to and from this member are swallowed.
    pub(crate) blocked: bool,
    /// The next datagrams to this member that are lost: media only.
    pub(crate) swallow: u32,
}

type Arrival = Reverse<(Duration, u64, usize, Destination2, Vec<u8>)>;

/// A source that can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Destination2 {
    Udp(SocketAddr),
    Stream(u8),
}

pub(crate) struct Room {
    pub(crate) members: Vec<Member>,
    pub(crate) now: Duration,
    pub(crate) weather: Weather,
    pub(crate) seed: u64,
    /// Datagrams to addresses where nobody is.
    pub(crate) strays: Vec<Sent>,
    random: ChaCha20Rng,
    network: BinaryHeap<Arrival>,
    counter: u64,
}

pub(crate) fn silence(_: u64) -> f32 {
    0.0
}

/// Something like a voice: a glide of harmonics with syllables.
pub(crate) fn voice(sample: u64) -> f32 {
    let time = sample as f64 / 48_000.0;
    let pitch = 120.0 * time - 18.0 * (time * 1.7).cos();
    let syllable = 0.6 + 0.4 * (time * 25.0).sin();
    let sum: f64 = (1..12)
        .map(|harmonic| {
            (pitch * f64::from(harmonic) * std::f64::consts::TAU).sin() / f64::from(harmonic)
        })
        .sum();
    (0.2 * syllable * sum) as f32
}

pub(crate) fn slot(index: usize) -> Slot {
    Slot::from_index(index).expect("a small room")
}

pub(crate) fn slots(indices: &[usize]) -> SlotSet {
    indices.iter().copied().map(slot).collect()
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The level of `sound` in dBFS.
pub(crate) fn level(sound: &[f32]) -> f32 {
    sotto_voice::Level::of(sound).db()
}

impl Room {
    /// With members that are not linked yet.
    pub(crate) fn strangers(members: usize, seed: u64) -> Self {
        Self::strangers_with(&vec![FrameLength::Usual; members], seed)
    }

    /// The same, with the length of each one's frames. Who sends short ones waits for nothing either.
    pub(crate) fn strangers_with(members: &[FrameLength], seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let members = members
            .iter()
            .enumerate()
            .map(|(index, length)| {
                let mut key = [0; 32];
                random.fill_bytes(&mut key);
                let (config, playout) = match length {
                    FrameLength::Usual => (VoiceConfig::new(key), PlayoutConfig::default()),
                    FrameLength::Short => (VoiceConfig::low_delay(key), PlayoutConfig::low_delay()),
                };
                let (uplink, downlink) = voice_pair(&config).expect("a codec");
                Member {
                    uplink,
                    downlink,
                    playout,
                    address: address(index, 4000),
                    captured: Duration::ZERO,
                    first_timestamp: None,
                    voice: Box::new(silence),
                    heard: Vec::new(),
                    events: Vec::new(),
                    sent: Vec::new(),
                    keep: false,
                    blocked: false,
                    swallow: 0,
                }
            })
            .collect();
        Self {
            members,
            now: Duration::ZERO,
            weather: CLEAR,
            seed,
            strays: Vec::new(),
            random,
            network: BinaryHeap::new(),
            counter: 0,
        }
    }

    /// With members that all hear and talk to each other, after the paths have been proven.
    pub(crate) fn new(members: usize, seed: u64) -> Self {
        Self::with(&vec![FrameLength::Usual; members], seed)
    }

    /// The same, with the length of each one's frames.
    pub(crate) fn with(lengths: &[FrameLength], seed: u64) -> Self {
        let members = lengths.len();
        let mut room = Self::strangers_with(lengths, seed);
        for from in 0..members {
            for to in 0..members {
                if from != to {
                    room.link(from, to, 1);
                }
            }
        }
        room.run(ms(100));
        for index in 0..members {
            room.talk_to_all(index);
            room.microphone(index, true);
        }
        room
    }

    /// Fresh keys for the direction from one to another.
    pub(crate) fn setup(&mut self, generation: u64) -> LinkSetup {
        let mut keys = MediaKeys {
            key: [0; 16],
            salt: [0; 12],
        };
        self.random.fill_bytes(&mut keys.key);
        self.random.fill_bytes(&mut keys.salt);
        LinkSetup {
            slot: Slot::new(0),
            generation,
            keys,
            open_ssrc: Ssrc::new(self.random.next_u32()),
            whisper_ssrc: Ssrc::new(self.random.next_u32()),
        }
    }

    /// Links a direction at both its ends.
    pub(crate) fn link(&mut self, from: usize, to: usize, generation: u64) {
        let setup = self.setup(generation);
        self.link_sender(from, to, &setup);
        self.link_receiver(from, to, &setup);
    }

    pub(crate) fn link_sender(&mut self, from: usize, to: usize, setup: &LinkSetup) {
        let address = self.members[to].address;
        self.link_sender_at(from, to, setup, address);
    }

    /// The sender's end, with an address of its own for the receiver.
    pub(crate) fn link_sender_at(
        &mut self,
        from: usize,
        to: usize,
        setup: &LinkSetup,
        address: SocketAddr,
    ) {
        let setup = LinkSetup {
            slot: slot(to),
            ..setup.clone()
        };
        let sender = &mut self.members[from];
        let control = ControlLink::new(setup.clone(), address).expect("keys");
        let outbound = OutboundLink::new(setup).expect("keys");
        sender
            .uplink
            .command(UplinkCommand::Link(outbound))
            .expect("new");
        sender
            .downlink
            .command(DownlinkCommand::Outbound(control), self.now)
            .expect("new");
    }

    pub(crate) fn link_receiver(&mut self, from: usize, to: usize, setup: &LinkSetup) {
        let setup = LinkSetup {
            slot: slot(from),
            ..setup.clone()
        };
        let playout = self.members[to].playout.clone();
        let inbound = InboundLink::new(setup, playout).expect("keys");
        self.members[to]
            .downlink
            .command(DownlinkCommand::Inbound(inbound), self.now)
            .expect("new");
    }

    pub(crate) fn talk_to_all(&mut self, index: usize) {
        let everyone: SlotSet = (0..self.members.len())
            .filter(|other| *other != index)
            .map(slot)
            .collect();
        self.audience(index, None, Audience::Open(everyone));
    }

    pub(crate) fn audience(&mut self, index: usize, at: Option<u64>, audience: Audience) {
        let at = at.map(SampleTime::new);
        self.members[index]
            .uplink
            .command(UplinkCommand::Audience { at, audience })
            .expect("room in the schedule");
    }

    pub(crate) fn microphone(&mut self, index: usize, open: bool) {
        self.members[index]
            .uplink
            .command(UplinkCommand::Microphone { at: None, open })
            .expect("room in the schedule");
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += ms(1);
            self.step();
        }
    }

    fn step(&mut self) {
        while self
            .network
            .peek()
            .is_some_and(|Reverse((at, ..))| *at <= self.now)
        {
            let Some(Reverse((at, _, to, source, bytes))) = self.network.pop() else {
                break;
            };
            let source = match source {
                Destination2::Udp(address) => Destination::Udp(address),
                Destination2::Stream(number) => Destination::Stream(Slot::new(number)),
            };
            self.members[to].downlink.receive(source, &bytes, at);
            self.send_waiting(to);
        }
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            if member
                .downlink
                .next_timeout()
                .is_some_and(|due| due <= self.now)
            {
                member.downlink.handle_timeout(self.now);
            }
            self.send_waiting(index);
            // Devices do not run in step with each other.
            let phase = (self.now.as_millis() as u64 + index as u64 * 3) % 10;
            let short = self.members[index].uplink.frame_length() == FrameLength::Short;
            if phase == 0 || short && phase == 5 {
                self.capture(index);
            }
            if phase == 5 || short && phase == 0 {
                let member = &mut self.members[index];
                let mut block = [0.0; FRAME_SAMPLES];
                let count = member.uplink.frame_length().samples();
                let block = &mut block[..count];
                member.downlink.pull(block, self.now);
                member.heard.extend_from_slice(block);
            }
            let member = &mut self.members[index];
            while let Some(event) = member.downlink.poll_event() {
                member.events.push((self.now, event));
            }
        }
    }

    fn capture(&mut self, index: usize) {
        let member = &mut self.members[index];
        let start = member.uplink.position().number();
        let mut frame = [0.0; FRAME_SAMPLES];
        let frame = &mut frame[..member.uplink.frame_length().samples()];
        for (offset, sample) in frame.iter_mut().enumerate() {
            *sample = (member.voice)(start + offset as u64);
        }
        member.uplink.overhear(frame, self.now);
        let mut packets = Vec::new();
        member.captured = self.now;
        member.uplink.capture(frame, self.now, &mut |to, bytes| {
            packets.push((to, bytes.to_vec()));
        });
        if let Some((_, [_, _, _, _, a, b, c, d, ..])) =
            packets.last().map(|(to, bytes)| (to, &bytes[..]))
        {
            let timestamp = Timestamp::from_be_bytes([*a, *b, *c, *d]);
            let captured = SampleCount::new(start as i64);
            member.first_timestamp = Some(timestamp - captured);
        }
        for (to, bytes) in packets {
            self.carry(index, to, bytes);
        }
    }

    fn send_waiting(&mut self, index: usize) {
        while let Some((to, bytes)) = self.members[index].downlink.poll_transmit() {
            let bytes = bytes.to_vec();
            self.carry(index, to, bytes);
        }
    }

    fn carry(&mut self, from: usize, to: Destination, bytes: Vec<u8>) {
        let sent = Sent {
            at: self.now,
            to,
            control: is_rtcp(&bytes),
            bytes,
        };
        if self.members[from].keep {
            self.members[from].sent.push(sent.clone());
        }
        let (receiver, source) = match to {
            Destination::Stream(slot) => (slot.index(), Destination2::Stream(from as u8)),
            Destination::Udp(address) => {
                let Some(receiver) = self
                    .members
                    .iter()
                    .position(|member| member.address == address)
                else {
                    self.strays.push(sent);
                    return;
                };
                let member = &mut self.members[receiver];
                if !sent.control && member.swallow > 0 {
                    member.swallow -= 1;
                    return;
                }
                if self.members[from].blocked || self.members[receiver].blocked {
                    return;
                }
                (receiver, Destination2::Udp(self.members[from].address))
            }
        };
        let copies = match to {
            Destination::Stream(_) => 1,
            Destination::Udp(_) if self.chance(self.weather.loss) => 0,
            Destination::Udp(_) => 1 + u32::from(self.chance(self.weather.duplicates)),
        };
        for _ in 0..copies {
            let (shortest, longest) = self.weather.delay;
            let spread = (longest - shortest).as_micros() as u64 + 1;
            let delay = shortest + Duration::from_micros(self.random.next_u64() % spread);
            self.counter += 1;
            self.network.push(Reverse((
                self.now + delay,
                self.counter,
                receiver,
                source,
                sent.bytes.clone(),
            )));
        }
    }

    fn chance(&mut self, per_cent: u32) -> bool {
        self.random.next_u32() % 100 < per_cent
    }

    /// What `listener` heard since `from`.
    pub(crate) fn heard_since(&self, listener: usize, from: Duration) -> &[f32] {
        let heard = &self.members[listener].heard;
        let samples = (from.as_millis() as usize * 48).min(heard.len());
        &heard[samples..]
    }

    /// The last statistics that `listener` has of `sender`.
    pub(crate) fn stats(&self, listener: usize, sender: usize) -> SenderStats {
        self.members[listener]
            .events
            .iter()
            .rev()
            .find_map(|(_, event)| match event {
                DownlinkEvent::Stats(stats) if stats.slot == slot(sender) => Some(*stats),
                _ => None,
            })
            .expect("statistics once a second")
    }

    /// The paths that `from` took to `to`, with the times of the changes.
    pub(crate) fn paths(&self, from: usize, to: usize) -> Vec<(Duration, PathState)> {
        self.members[from]
            .events
            .iter()
            .filter_map(|(at, event)| match event {
                DownlinkEvent::Path { slot: other, state } if *other == slot(to) => {
                    Some((*at, *state))
                }
                _ => None,
            })
            .collect()
    }
}

/// Each member is a machine of its own.
pub(crate) fn address(index: usize, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1 + index as u8)), port)
}
