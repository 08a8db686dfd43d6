//! A talker, a bad network and a listener on a virtual clock.
//!
//! Everything random comes from one seed, so that any run can be had again.

#![allow(dead_code, unreachable_pub)] // each test program uses a part
#![allow(clippy::unwrap_used)] // a test ends here if something does not work

use std::time::Duration;

pub use sotto_instruments::Chance;
use sotto_voice::codec::{Encoder, MAX_FRAME_BYTES};
use sotto_voice::playout::{EncodedFrame, Packet, PlayoutConfig, PlayoutStats, SenderPlayout};
use sotto_voice::wire::red::{self, Block, Blocks};
use sotto_voice::{
    FRAME_SAMPLES, FrameLength, MAX_PAYLOAD, MediaTime, SampleCount, SequenceNumber, Stream,
    Timestamp,
};

/// Which packets are lost.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    None,
    Random(f64),
    /// This share of packets, in bursts of this length.
    Bursts(f64, u32),
}

/// The network between the two.
#[derive(Debug, Clone)]
pub struct Network {
    pub seed: u64,
    pub loss: Loss,
    /// The frames whose packets are lost besides.
    pub lost: Vec<usize>,
    /// Each packet takes up to this much longer, so that packets overtake each other. Milliseconds.
    pub jitter: f64,
    /// How much faster the talker's clock runs. Parts per million.
    pub drift: f64,
    /// How far back the copies in each packet lie, in frames.
    pub copies: Vec<u32>,
    /// Nothing arrives from here on for so long; then all of it at once. Milliseconds.
    pub outages: Vec<(f64, f64)>,
    /// The talker's program stands still for so long, about every 2 s: what is captured meanwhile leaves
    /// all at once. Milliseconds.
    pub talker_stalls: f64,
    /// The listener's program stands still for so long, about every 2 s: packets are taken in and sound is
    /// asked for only afterwards, and what the device had to play meanwhile is silence. Milliseconds.
    pub listener_stalls: f64,
    /// The listener asks up to this much after its turn. Milliseconds.
    pub lateness: f64,
    /// Samples that the listener asks for at a time.
    pub block: usize,
    /// When the listener asks first, after the talker began. Milliseconds.
    pub phase: f64,
    /// The first RTP timestamp and sequence number.
    pub timestamp: Timestamp,
    pub sequence: SequenceNumber,
    pub playout: PlayoutConfig,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            seed: 1,
            loss: Loss::None,
            lost: Vec::new(),
            jitter: 0.3,
            drift: 0.0,
            copies: vec![1],
            outages: Vec::new(),
            talker_stalls: 0.0,
            listener_stalls: 0.0,
            lateness: 0.0,
            block: 120,
            phase: 0.0,
            timestamp: Timestamp::new(1_000),
            sequence: SequenceNumber::new(7),
            playout: PlayoutConfig {
                comfort_noise: false,
                ..PlayoutConfig::default()
            },
        }
    }
}

/// What the listener heard.
pub struct Heard {
    pub sound: Vec<f32>,
    /// For blocks with sound: the place in `sound`, and the sample of the talker's sound played there.
    pub sources: Vec<(usize, i64)>,
    /// For the same blocks: how long the sample took from the talker's microphone, in ms, less the shortest
    /// way through the network.
    pub delays: Vec<f64>,
    pub stats: PlayoutStats,
    pub packets_lost: usize,
}

impl Heard {
    pub fn mean_delay(&self) -> f64 {
        mean(&self.delays)
    }

    /// The mean of the delays between two moments, in seconds.
    pub fn mean_delay_between(&self, from: f64, to: f64) -> f64 {
        let chosen: Vec<f64> = self
            .sources
            .iter()
            .zip(&self.delays)
            .filter(|((at, _), _)| {
                let at = *at as f64 / 48_000.0;
                at >= from && at < to
            })
            .map(|(_, delay)| *delay)
            .collect();
        mean(&chosen)
    }
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Encodes sound, one entry a frame. `None` where `spoken` is false: nothing is sent there.
pub fn encode(sound: &[f32], spoken: impl Fn(usize) -> bool) -> Vec<Option<Vec<u8>>> {
    encode_with(Encoder::new().unwrap(), sound, spoken)
}

/// The same with this encoder.
pub fn encode_with(
    mut encoder: Encoder,
    sound: &[f32],
    spoken: impl Fn(usize) -> bool,
) -> Vec<Option<Vec<u8>>> {
    let mut packet = [0; MAX_FRAME_BYTES];
    sound
        .chunks_exact(FRAME_SAMPLES)
        .enumerate()
        .map(|(index, frame)| {
            spoken(index).then(|| {
                let length = encoder.encode(frame, &mut packet).unwrap();
                packet[..length].to_vec()
            })
        })
        .collect()
}

struct Arrival {
    /// Nanoseconds.
    at: u64,
    frame: usize,
    sequence: SequenceNumber,
    marker: bool,
}

/// How far a device's buffer reaches beyond the block that it asked for: a pull that comes later than this
/// after its turn finds the block replaced by silence. Nanoseconds.
pub const DEVICE_BUFFER: f64 = 10e6;

/// Stretches of time in which a program stands still, in nanoseconds.
#[derive(Debug, Clone)]
pub struct Stalls(Vec<(f64, f64)>);

impl Stalls {
    /// Stalls of `length` ms, one somewhere in every `period` ms, drawn from `seed`.
    pub fn new(seed: u64, length: f64, period: f64, until: f64) -> Self {
        let mut chance = Chance::new(seed ^ 0x57a1_1000);
        let mut stalls = Vec::new();
        let mut from = 1e9;
        while length > 0.0 && from < until {
            let begin = from + chance.unit() * (period - length - 10.0).max(0.0) * 1e6;
            stalls.push((begin, begin + length * 1e6));
            from += period * 1e6;
        }
        Self(stalls)
    }

    /// When something that was to happen `at` happens.
    pub fn after(&self, at: f64) -> f64 {
        self.0
            .iter()
            .find(|(from, to)| (*from..*to).contains(&at))
            .map_or(at, |(_, to)| *to)
    }
}

/// The time in which one stall of either program falls. Milliseconds.
const STALLS_EVERY: f64 = 2_000.0;

/// Sends `count` frames (those of `frames` over and over) through the network and plays them.
pub fn carry(frames: &[Option<Vec<u8>>], count: usize, network: &Network) -> Heard {
    let mut chance = Chance::new(network.seed);
    let frame_time = 10_000_000.0 / (1.0 + network.drift * 1e-6);
    let captured = |sample: f64| (sample / FRAME_SAMPLES as f64) * frame_time;
    let mut sequence = network.sequence;
    let mut burst = 0;
    let mut lost = 0;
    let mut before = false;
    let mut arrivals = Vec::new();
    let end = captured((count + 100) as f64 * 480.0);
    let stalls = |length| Stalls::new(network.seed, length, STALLS_EVERY, end);
    let talker_stalls = stalls(network.talker_stalls);
    let listener_stalls = stalls(network.listener_stalls);
    for frame in 0..count {
        let sent = frames[frame % frames.len()].is_some();
        let marker = sent && !before;
        before = sent;
        if !sent {
            continue;
        }
        let number = sequence;
        sequence = sequence + 1;
        let drop = match network.loss {
            Loss::None => false,
            Loss::Random(share) => chance.unit() < share,
            Loss::Bursts(share, length) => {
                if burst > 0 {
                    burst -= 1;
                    true
                } else {
                    let begins = chance.unit() < share / f64::from(length) / (1.0 - share);
                    burst = if begins { length - 1 } else { 0 };
                    begins
                }
            }
        };
        if drop || network.lost.contains(&frame) {
            lost += 1;
            continue;
        }
        let left = talker_stalls.after(captured((frame + 1) as f64 * 480.0));
        let mut at = left + chance.unit() * network.jitter * 1e6;
        for (from, length) in &network.outages {
            let (from, to) = (from * 1e6, (from + length) * 1e6);
            if at >= from && at < to {
                at = to + (at - from) * 0.001;
            }
        }
        arrivals.push(Arrival {
            at: listener_stalls.after(at) as u64,
            frame,
            sequence: number,
            marker,
        });
    }
    arrivals.sort_by_key(|arrival| arrival.at);

    let mut playout = SenderPlayout::new(network.playout.clone()).unwrap();
    let mut heard = Heard {
        sound: Vec::new(),
        sources: Vec::new(),
        delays: Vec::new(),
        stats: PlayoutStats::default(),
        packets_lost: lost,
    };
    let mut block = vec![0.0; network.block];
    let mut waiting = arrivals.into_iter().peekable();
    let timestamp =
        |frame: usize| network.timestamp + SampleCount::of_length(frame * FRAME_SAMPLES);
    let mut pulls = 0_u64;
    loop {
        let turn = network.phase * 1e6 + (pulls as f64 * network.block as f64) / 48_000.0 * 1e9;
        if turn > end {
            break;
        }
        pulls += 1;
        let mut asked = turn;
        if network.lateness > 0.0 {
            asked += chance.unit() * network.lateness * 1e6;
        }
        let now = listener_stalls.after(asked);
        if now > turn + DEVICE_BUFFER {
            heard.sound.extend(std::iter::repeat_n(0.0, network.block));
            continue;
        }
        while let Some(arrival) = waiting.next_if(|arrival| arrival.at as f64 <= now) {
            let mut copies = Vec::new();
            for distance in network.copies.iter().rev() {
                if let Some(earlier) = arrival.frame.checked_sub(*distance as usize)
                    && let Some(frame) = &frames[earlier % frames.len()]
                {
                    copies.push(Block {
                        offset: FrameLength::Usual.count() * i64::from(*distance),
                        frame,
                    });
                }
            }
            let primary = frames[arrival.frame % frames.len()].as_ref().unwrap();
            let mut payload = [0; MAX_PAYLOAD];
            let length = red::write(&mut payload, &copies, primary).unwrap();
            let blocks = Blocks::parse(&payload[..length]).unwrap();
            let content: Vec<EncodedFrame<'_>> = blocks
                .iter()
                .map(|block| EncodedFrame {
                    timestamp: timestamp(arrival.frame) - block.offset,
                    payload: block.frame,
                })
                .collect();
            let packet = Packet {
                stream: Stream::Open,
                sequence: arrival.sequence,
                timestamp: timestamp(arrival.frame),
                marker: arrival.marker,
                frames: &content,
            };
            playout.insert(&packet, Duration::from_nanos(arrival.at));
        }
        let pulled = playout.pull(&mut block, Duration::from_nanos(asked as u64));
        if let Some(source) = pulled.source {
            let position = (source.timestamp - MediaTime::first(network.timestamp)).number();
            let plays = turn + source.offset as f64 / 48_000.0 * 1e9;
            // A sample's packet leaves when the last sample of its frame is captured.
            let delay = (plays - captured(position as f64) - frame_time) / 1e6;
            heard
                .sources
                .push((heard.sound.len() + source.offset, position));
            heard.delays.push(delay);
        }
        heard.sound.extend_from_slice(&block);
    }
    heard.stats = playout.stats();
    heard
}

/// Speech-like sound: voiced syllables of changing pitch and vowel, hisses, and short pauses over a soft
/// background noise.
pub fn speech_like(seconds: f64, seed: u64) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let count = (seconds * 48_000.0) as usize;
    let mut sound = Vec::with_capacity(count);
    let mut phase = 0.0_f64;
    let mut formants = [[0.0_f64; 2]; 3];
    while sound.len() < count {
        let kind = chance.below(8);
        let length = 5_000 + chance.below(9_000) as usize;
        let pitch = 90.0 + chance.unit() * 120.0;
        let glide = (chance.unit() - 0.5) * 60.0;
        let centres = [
            300.0 + chance.unit() * 500.0,
            900.0 + chance.unit() * 1_400.0,
            2_400.0 + chance.unit() * 900.0,
        ];
        for n in 0..length {
            let along = n as f64 / length as f64;
            let envelope = (std::f64::consts::PI * along).sin();
            phase += (pitch + glide * along) / 48_000.0;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                1.0
            } else {
                0.0
            };
            let source = match kind {
                0 => 0.0,
                1 => f64::from(chance.sample()) * 0.05,
                _ => pulse + f64::from(chance.sample()) * 0.002,
            };
            let mut value = 0.0;
            for (state, centre) in formants.iter_mut().zip(centres) {
                let radius = 1.0 - 90.0 * std::f64::consts::PI / 48_000.0;
                let turn = (centre / 48_000.0 * std::f64::consts::TAU).cos();
                let next = source + 2.0 * radius * turn * state[0] - radius * radius * state[1];
                *state = [next, state[0]];
                value += next;
            }
            let noise = f64::from(chance.sample()) * 0.0005;
            sound.push((value * envelope * 0.02).clamp(-0.9, 0.9) as f32 + noise as f32);
        }
    }
    sound.truncate(count);
    sound
}

/// The level of `sound` in dBFS.
pub fn level(sound: &[f32]) -> f64 {
    let sum: f64 = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (sum / sound.len().max(1) as f64 + 1e-20).log10()
}

/// The most that playback takes out of the sound at once, in samples: 30 ms.
const TAKEN_OUT: i64 = 1_440;

/// `sound` put back onto the talker's time, by its `sources`: where a stretch of it begins, and which of the talker's
/// samples is heard there. What was not heard is silent. What was taken out to save time is filled with what was heard
/// before it, as long, because it was a pitch period or a pause like the one before.
pub fn unwarp(sound: &[f32], sources: &[(usize, i64)], count: usize) -> Vec<f32> {
    let mut straight = vec![0.0; count];
    let mut put = |place: i64, sample: f32| {
        if let Ok(place) = usize::try_from(place)
            && let Some(to) = straight.get_mut(place)
        {
            *to = sample;
        }
    };
    for (index, (at, position)) in sources.iter().enumerate() {
        let next = sources.get(index + 1);
        let length = next.map_or(480, |next| next.0 - at).min(960);
        for (offset, sample) in sound.iter().skip(*at).take(length).enumerate() {
            put(position + offset as i64, *sample);
        }
        let end = position + length as i64;
        let taken_out = next.map_or(0, |next| next.1 - end);
        if (1..=TAKEN_OUT).contains(&taken_out) {
            let before = (at + length).saturating_sub(taken_out as usize);
            for (offset, sample) in sound[before..at + length].iter().enumerate() {
                put(end + offset as i64, *sample);
            }
        }
    }
    straight
}

/// `heard` put back onto the talker's time, `lag` samples early to make up for the codec.
pub fn unwarped(heard: &Heard, count: usize, lag: i64) -> Vec<f32> {
    let sources: Vec<(usize, i64)> = heard
        .sources
        .iter()
        .map(|(at, position)| (*at, position - lag))
        .collect();
    unwarp(&heard.sound, &sources, count)
}
