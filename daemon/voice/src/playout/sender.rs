//! One sender's jitter buffer: packets in, sound out.

use std::time::Duration;

use super::arrivals::{Arrivals, Observation};
use super::noise::Noise;
use super::sequence::{Order, PacketLog};
use super::sound::Sound;
use super::store::{FrameStore, Stored};
use super::{
    Activity, Inserted, Packet, PlayoutConfig, PlayoutStats, Pulled, Source, duration, samples,
};
use crate::codec::{CodecError, Concealment, Decoder, MAX_FRAME_BYTES, Memory, frame_length};
use crate::{FRAME_SAMPLES, Level, Stream};

const FRAME: i64 = FRAME_SAMPLES as i64;

/// The farthest that a copy may lie behind its packet's timestamp: what RFC 2198 can express.
const FARTHEST_COPY: i64 = (1 << 14) - 1;

/// Playback that was not asked for sound for longer than this has skipped it, and goes on where it is then:
/// 8 ms, more than a busy machine makes a turn late.
const SKIPPED: i64 = 384;

/// Playback that was not asked for sound for as long as this starts anew: 100 ms.
const NOT_PULLED: i64 = 4800;

/// Concealed frames remembered, to know a late frame from one sent twice.
const REMEMBERED: usize = 32;

/// Timestamps are unwrapped from here on, so that those before the first stay positive. A multiple of 2³².
const FIRST_LAP: i64 = 1 << 32;

/// Whether the sender's sound is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Pause,
    Playing,
}

/// One sender's jitter buffer and decoders.
///
/// Nothing is allocated after [`SenderPlayout::new`].
#[derive(Debug)]
pub struct SenderPlayout {
    pub(super) arrivals: Arrivals,
    pub(super) logs: [PacketLog; 2],
    pub(super) store: FrameStore,
    pub(super) decoders: [Decoder; 2],
    /// What a frame in the store remembers: its timestamp, and how many samples before it that reaches.
    pub(super) memory: Memory,
    pub(super) remembered: Option<(i64, i64)>,
    /// Whether lost frames are brought back or continued by neural models.
    pub(super) neural: bool,
    pub(super) sound: Sound,
    pub(super) noise: Noise,
    pub(super) state: State,
    /// The stream whose decoder is running.
    pub(super) stream: Stream,
    /// The length of the sender's frames, in samples, as its last packet had it.
    pub(super) frame: i64,
    /// The timestamp behind the last decoded or concealed sample: where the next frame belongs.
    pub(super) decode_at: i64,
    /// Where frames went missing with nothing behind them. Should they come yet, they are played.
    pub(super) stalled: Option<i64>,
    /// Samples concealed in a row.
    pub(super) concealing: i64,
    /// Where sound went on after it had been concealed.
    pub(super) last_gap: Option<i64>,
    /// The gain at the end of the sound so far, below 1 while a concealment fades.
    pub(super) gain: f32,
    /// An outage ended; playback has to find back to the target.
    pub(super) recovering: bool,
    /// What is held, smoothed; samples.
    pub(super) hold: f32,
    /// Samples played since the last change of length, and samples that may be removed from voice.
    pub(super) since_stretch: i64,
    pub(super) removable: f32,
    concealed: [i64; REMEMBERED],
    concealed_next: usize,
    newest: Option<i64>,
    lead: Lead,
    pulled_until: Option<i64>,
    pub(super) stats: PlayoutStats,
}

impl SenderPlayout {
    /// Sets up for a sender, with all memory that it will ever use.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory.
    pub fn new(config: PlayoutConfig) -> Result<Self, CodecError> {
        Ok(Self {
            arrivals: Arrivals::new(&config),
            logs: [PacketLog::new(), PacketLog::new()],
            store: FrameStore::new(),
            decoders: [Decoder::new()?, Decoder::new()?],
            memory: Memory::new()?,
            remembered: None,
            neural: true,
            sound: Sound::new(),
            noise: Noise::new(config.comfort_noise),
            state: State::Pause,
            stream: Stream::Open,
            frame: FRAME,
            decode_at: 0,
            stalled: None,
            concealing: 0,
            last_gap: None,
            gain: 1.0,
            recovering: false,
            hold: 0.0,
            since_stretch: 0,
            removable: 0.0,
            concealed: [i64::MIN; REMEMBERED],
            concealed_next: 0,
            newest: None,
            lead: Lead::new(),
            pulled_until: None,
            stats: PlayoutStats::default(),
        })
    }

    /// Forgets the sender's streams and clock, for one that starts anew. Counters, and what is known of the
    /// link's jitter and loss, stay.
    pub fn reset(&mut self) {
        self.arrivals.reset_clock();
        self.noise.reset();
        self.sound.clear();
        self.forget_streams();
        self.newest = None;
        self.pulled_until = None;
    }

    fn forget_streams(&mut self) {
        for log in &mut self.logs {
            log.reset();
        }
        self.stats.discarded += self.store.clear();
        for decoder in &mut self.decoders {
            // libopus has no reason to refuse; a decoder with a past only begins less cleanly.
            let _ = decoder.reset();
        }
        self.state = State::Pause;
        self.decode_at = i64::MIN;
        self.stalled = None;
        self.concealing = 0;
        self.last_gap = None;
        self.remembered = None;
        self.recovering = false;
        self.concealed = [i64::MIN; REMEMBERED];
    }

    /// Chooses how lost frames are continued: the neural model is for the loudest senders only when many
    /// speak at once.
    pub fn set_concealment(&mut self, concealment: Concealment) {
        self.neural = concealment == Concealment::Deep;
        for decoder in &mut self.decoders {
            // The setting is one of two constants that libopus accepts.
            let _ = decoder.set_concealment(concealment);
        }
    }

    /// Takes in a packet that arrived `now`.
    pub fn insert(&mut self, packet: &Packet<'_>, now: Duration) -> Inserted {
        let arrival = samples(now);
        let timestamp = self.unwrap(packet.timestamp);
        self.learn_frame(packet);
        self.stats.packets += 1;
        let before = self.logs[packet.stream.index()].newest();
        let order = self.logs[packet.stream.index()].note(packet.sequence, timestamp);
        // A copy may have brought the frame before its own packet, whose delay then matters to nobody.
        // And where sound is overdue, it was we who stood still, not the network.
        let stood_still = self
            .pulled_until
            .is_some_and(|until| (SKIPPED..=NOT_PULLED).contains(&(arrival - until)));
        let needed = if stood_still {
            false
        } else if timestamp < self.floor() {
            self.concealed.contains(&timestamp)
        } else {
            !self.store.contains(timestamp)
        };
        match self
            .arrivals
            .packet(timestamp, arrival, order != Order::Again, needed)
        {
            Observation::Usual => {}
            Observation::OutageOver => {
                self.stats.outages += 1;
                self.recovering = true;
            }
            Observation::AnotherClock => {
                self.forget_streams();
                self.newest = Some(timestamp);
                self.logs[packet.stream.index()].note(packet.sequence, timestamp);
            }
        }
        let mut inserted = Inserted::default();
        for frame in packet.frames {
            let distance = i64::from(packet.timestamp.wrapping_sub(frame.timestamp));
            if distance > FARTHEST_COPY
                || frame.payload.is_empty()
                || frame.payload.len() > MAX_FRAME_BYTES
            {
                self.stats.malformed += 1;
                continue;
            }
            self.insert_frame(
                packet.stream,
                timestamp - distance,
                distance,
                frame.payload,
                &mut inserted,
            );
        }
        if packet.marker {
            // The encoder began anew with the oldest frame that no packet before this one was made for.
            let news = packet
                .frames
                .iter()
                .map(|frame| timestamp - i64::from(packet.timestamp.wrapping_sub(frame.timestamp)))
                .filter(|frame| before.is_none_or(|before| *frame > before))
                .min();
            self.store.mark(news.unwrap_or(timestamp));
        }
        inserted
    }

    fn insert_frame(
        &mut self,
        stream: Stream,
        timestamp: i64,
        distance: i64,
        payload: &[u8],
        inserted: &mut Inserted,
    ) {
        let copy = distance > 0;
        let mut first = true;
        if timestamp < self.floor() {
            first = self.was_concealed(timestamp);
            if first {
                self.stats.late += 1;
                inserted.late = inserted.late.saturating_add(1);
            }
        } else {
            match self.store.insert(timestamp, stream, copy, payload) {
                Stored::Fresh => {}
                Stored::Evicted => self.stats.discarded += 1,
                Stored::Present => first = false,
            }
            if first {
                inserted.fresh = inserted.fresh.saturating_add(1);
                inserted.copies = inserted.copies.saturating_add(u8::from(copy));
            }
        }
        if first && copy {
            self.arrivals.brought(distance);
        }
    }

    /// Learns from a packet's primary how long the sender's frames are.
    fn learn_frame(&mut self, packet: &Packet<'_>) {
        let primary = packet
            .frames
            .iter()
            .find(|frame| frame.timestamp == packet.timestamp);
        let Some(length) = primary.and_then(|frame| frame_length(frame.payload)) else {
            return;
        };
        let frame = length.samples() as i64;
        if frame != self.frame {
            self.frame = frame;
            self.arrivals.set_frame(frame);
            for log in &mut self.logs {
                log.set_frame(frame);
            }
        }
    }

    /// A frame that is later than this after an outage, or after it was concealed, is left out, because playback
    /// goes on from the target: half a frame, so that the nearest one is chosen.
    pub(super) fn too_late(&self) -> i64 {
        self.frame / 2
    }

    /// Extends a 32-bit timestamp by the laps so far.
    fn unwrap(&mut self, timestamp: u32) -> i64 {
        let unwrapped = match self.newest {
            None => FIRST_LAP + i64::from(timestamp),
            Some(newest) => newest + i64::from(timestamp.wrapping_sub(newest as u32) as i32),
        };
        self.newest = Some(
            self.newest
                .map_or(unwrapped, |newest| newest.max(unwrapped)),
        );
        unwrapped
    }

    /// Frames before this have had their turn.
    pub(super) fn floor(&self) -> i64 {
        self.stalled.unwrap_or(self.decode_at)
    }

    /// When the frame of `timestamp` is due.
    pub(super) fn due(&self, timestamp: i64) -> i64 {
        let base = self.arrivals.base().unwrap_or(0);
        timestamp + base + self.target()
    }

    /// What is to be held beyond the fastest packets: time for the others to arrive, and the block of
    /// samples that is asked for at once, because its last sample has to be there together with its first.
    pub(super) fn target(&self) -> i64 {
        self.arrivals.target() + self.lead.samples()
    }

    /// Whether the next `count` samples from `now` on hold more than comfort noise.
    pub fn is_active(&self, count: usize, now: Duration) -> bool {
        let end = samples(now) + count as i64;
        self.state == State::Playing
            || self.sound.remaining() > 0
            || self
                .store
                .earliest()
                .is_some_and(|timestamp| self.due(timestamp) < end)
    }

    /// Fills `out`, of any length, with the sound whose first sample plays `now`.
    ///
    /// The shorter the blocks, the lower the delay: what is asked for at once must have arrived at once, so
    /// the delay contains the longest block of the last seconds (up to 20 ms).
    pub fn pull(&mut self, out: &mut [f32], now: Duration) -> Pulled {
        let start = samples(now);
        self.notice_interruption(start, out.len());
        self.lead.observe(out.len());
        let mut source = None;
        let mut activity = Activity::Pause;
        let mut filled = 0;
        while filled < out.len() {
            let current = start + filled as i64;
            let rest = &mut out[filled..];
            let count = match self.state {
                State::Playing => {
                    if self.sound.remaining() == 0 {
                        self.refill(current);
                        continue;
                    }
                    let position = self.decode_at - self.sound.remaining() as i64;
                    source.get_or_insert(Source {
                        offset: filled,
                        timestamp: u64::try_from(position).unwrap_or(0),
                    });
                    let count = self.sound.take(rest);
                    if self.concealing > 0 {
                        activity = Activity::Concealed;
                    } else if activity == Activity::Pause {
                        activity = Activity::Sound;
                    }
                    self.noise.add(&mut rest[..count], false);
                    self.since_stretch += count as i64;
                    count
                }
                State::Pause => {
                    let wait = match self.next_start(current) {
                        Some((timestamp, due)) if due <= current => {
                            self.begin(timestamp, current);
                            continue;
                        }
                        Some((_, due)) => usize::try_from(due - current).unwrap_or(usize::MAX),
                        None => usize::MAX,
                    };
                    let count = rest.len().min(wait);
                    let rest = &mut rest[..count];
                    let tail = self.sound.take(rest);
                    rest[tail..].fill(0.0);
                    self.noise.add(rest, true);
                    count
                }
            };
            filled += count;
        }
        Pulled {
            activity,
            stream: self.stream,
            source,
            level: match activity {
                Activity::Pause => Level::SILENCE,
                Activity::Sound | Activity::Concealed => Level::of(out),
            },
        }
    }

    /// Lets `count` samples go by unheard and undecoded.
    pub fn skip(&mut self, count: usize, now: Duration) {
        let start = samples(now);
        self.notice_interruption(start, count);
        let end = start + count as i64;
        if self.state == State::Playing {
            self.stop();
        }
        self.sound.clear();
        while let Some(timestamp) = self.store.earliest() {
            if self.due(timestamp) >= end {
                break;
            }
            self.store.remove(timestamp);
            self.decode_at = self.decode_at.max(timestamp + self.frame);
            self.stalled = None;
        }
    }

    /// Delays and counters.
    pub fn stats(&self) -> PlayoutStats {
        PlayoutStats {
            target: duration(self.target()),
            delay: duration(self.hold as i64),
            jitter: duration(self.arrivals.jitter()),
            ..self.stats
        }
    }

    /// Starts anew if nobody has asked for sound for a while.
    fn notice_interruption(&mut self, start: i64, count: usize) {
        let end = start + count as i64;
        let Some(until) = self.pulled_until.replace(end) else {
            // A loudspeaker that has just been opened may take a while before it asks for anything.
            let earliest = self.store.earliest();
            self.recovering |= earliest.is_some_and(|it| self.due(it) < start - NOT_PULLED);
            return;
        };
        if (SKIPPED..=NOT_PULLED).contains(&(start - until)) {
            self.sound.skip((start - until) as usize);
            self.recovering = true;
        } else if (start - until).abs() > NOT_PULLED {
            if self.state == State::Playing {
                self.stop();
            }
            self.sound.clear();
            self.recovering = true;
        }
    }

    /// The next frame to begin with, and when.
    fn next_start(&mut self, current: i64) -> Option<(i64, i64)> {
        if self.recovering {
            self.leave_out(current - self.too_late(), i64::MAX);
        }
        let timestamp = self.store.earliest()?;
        Some((timestamp, self.due(timestamp)))
    }

    fn begin(&mut self, timestamp: i64, current: i64) {
        let marked = self.store.get(timestamp).is_some_and(|held| held.marked);
        if self.recovering && !marked {
            // What was taken for the end was none.
            self.last_gap = Some(timestamp);
        }
        self.state = State::Playing;
        self.decode_at = timestamp;
        self.stalled = None;
        self.concealing = 0;
        self.gain = 1.0;
        self.recovering = false;
        self.since_stretch = 0;
        self.hold = (current - timestamp - self.arrivals.base().unwrap_or(0)) as f32;
        self.play_frame(timestamp, Begin::AfterPause);
    }

    /// Remembers that a frame was concealed.
    pub(super) fn remember_concealed(&mut self, timestamp: i64) {
        self.stats.concealed += 1;
        self.concealed[self.concealed_next] = timestamp;
        self.concealed_next = (self.concealed_next + 1) % REMEMBERED;
    }

    /// Whether a frame was concealed. True once only.
    pub(super) fn was_concealed(&mut self, timestamp: i64) -> bool {
        let found = self.concealed.iter_mut().find(|held| **held == timestamp);
        found.is_some_and(|held| std::mem::replace(held, i64::MIN) == timestamp)
    }
}

/// The longest block asked for lately.
#[derive(Debug)]
struct Lead {
    /// The maximum of this window, and of the one before.
    current: i64,
    previous: i64,
    left: u32,
}

impl Lead {
    /// Pulls in a window: 2.5 to 10 s, by their length.
    const WINDOW: u32 = 1000;
    /// Assumed before anything was asked for: 5 ms.
    const INITIAL: i64 = 240;
    /// More than this at once is catching up rather than playing: 20 ms.
    const MAX: usize = 960;

    fn new() -> Self {
        Self {
            current: 0,
            previous: 0,
            left: Self::WINDOW,
        }
    }

    fn observe(&mut self, count: usize) {
        self.current = self.current.max(count.min(Self::MAX) as i64);
        self.left -= 1;
        if self.left == 0 {
            self.previous = std::mem::replace(&mut self.current, 0);
            self.left = Self::WINDOW;
        }
    }

    fn samples(&self) -> i64 {
        match self.current.max(self.previous) {
            0 => Self::INITIAL,
            longest => longest,
        }
    }
}

/// How a frame's sound follows what was before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// The decoder goes on where it was.
    Seamless,
    /// The frame is not what the sound before it led up to.
    Jump,
    /// Nothing was playing, but for what still dies away.
    AfterPause,
}
