//! One sender's jitter buffer: packets in, sound out.

use std::time::Duration;

use super::arrivals::{Arrivals, Observation};
use super::concealment::Concealing;
use super::decoding::Decoding;
use super::demand::{Demand, NOT_PULLED, Pull};
use super::incoming::Incoming;
use super::noise::Noise;
use super::sequence::Order;
use super::sound::Sound;
use super::store::{FrameStore, Stored};
use super::stretch::Stretch;
use super::timeline::{Moment, Offset};
use super::{Activity, Inserted, Packet, PlayoutConfig, PlayoutStats, Pulled, Source};
use crate::codec::{CodecError, Concealment, MAX_FRAME_BYTES};
use crate::wire::red::MAX_OFFSET;
use crate::{Level, MediaTime, SampleCount, Stream};

/// More than this is heard after all when it comes late.
const A_WORD: SampleCount = SampleCount::from_millis(100);

/// What was held back for longer than this is not played any more: it could not be caught up with in a second.
const CAUGHT_UP_WITH: SampleCount = SampleCount::from_millis(300);

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
    pub(super) incoming: Incoming,
    pub(super) store: FrameStore,
    pub(super) decoding: Decoding,
    pub(super) concealing: Concealing,
    pub(super) sound: Sound,
    pub(super) stretch: Stretch,
    pub(super) noise: Noise,
    demand: Demand,
    pub(super) state: State,
    /// The timestamp behind the last decoded or concealed sample: where the next frame belongs.
    pub(super) decode_at: MediaTime,
    /// Where frames went missing with nothing behind them. Should they come yet, they are played.
    pub(super) stalled: Option<MediaTime>,
    /// An outage ended; playback has to find back to the target.
    pub(super) recovering: bool,
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
            incoming: Incoming::new(),
            store: FrameStore::new(),
            decoding: Decoding::new()?,
            concealing: Concealing::new(),
            sound: Sound::new(),
            stretch: Stretch::new(),
            noise: Noise::new(config.comfort_noise),
            demand: Demand::new(),
            state: State::Pause,
            decode_at: MediaTime::START,
            stalled: None,
            recovering: false,
            stats: PlayoutStats::default(),
        })
    }

    /// Forgets the sender's streams and clock, for one that starts anew. Counters, and what is known of the
    /// link's jitter and loss, stay.
    pub fn reset(&mut self) {
        self.arrivals.reset_clock();
        self.noise.reset();
        self.sound.clear();
        self.incoming.forget();
        self.forget_frames();
        self.demand.forget_place();
    }

    /// Finds back to the target after so much was due that nobody has heard. A word is played, and faster than it was said
    /// until playback has caught up. Less is left out: it was concealed, and two changes of pace would be heard more.
    fn make_up_for(&mut self, missed: SampleCount) {
        if missed > A_WORD {
            self.recovering = false;
            self.stretch.catch_up();
        } else {
            self.recovering = true;
        }
    }

    /// Forgets what waits to be played, and what was played before.
    fn forget_frames(&mut self) {
        self.stats.discarded += self.store.clear();
        self.decoding.forget();
        self.concealing.forget();
        self.state = State::Pause;
        self.decode_at = MediaTime::MIN;
        self.stalled = None;
        self.recovering = false;
    }

    /// Chooses how lost frames are continued: the neural model is for the loudest senders only when many
    /// speak at once.
    pub fn set_concealment(&mut self, concealment: Concealment) {
        self.decoding.set_concealment(concealment);
    }

    /// Takes in a packet that arrived `now`.
    pub fn insert(&mut self, packet: &Packet<'_>, now: Duration) -> Inserted {
        let arrival = Moment::at(now);
        self.stats.packets += 1;
        let noted = self.incoming.note(packet);
        let timestamp = noted.timestamp;
        if let Some(frame) = noted.frame {
            self.arrivals.set_frame(frame);
        }
        // A copy may have brought the frame before its own packet, whose delay then matters to nobody.
        // And where sound is overdue, it was we who stood still, not the network.
        let needed = if self.demand.stood_still(arrival) {
            false
        } else if timestamp < self.floor() {
            self.concealing.remembers(timestamp)
        } else {
            !self.store.contains(timestamp)
        };
        match self
            .arrivals
            .packet(timestamp, arrival, noted.order != Order::Again, needed)
        {
            Observation::Usual => {}
            Observation::OutageOver(missed) => {
                self.stats.outages += 1;
                self.make_up_for(missed);
            }
            Observation::AnotherClock => {
                self.forget_frames();
                self.incoming.restart(packet, timestamp);
            }
        }
        let mut inserted = Inserted::default();
        for frame in packet.frames {
            let distance = packet.timestamp.since(frame.timestamp);
            if distance > MAX_OFFSET
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
                .map(|frame| timestamp - packet.timestamp.since(frame.timestamp))
                .filter(|frame| noted.before.is_none_or(|before| *frame > before))
                .min();
            self.store.mark(news.unwrap_or(timestamp));
        }
        inserted
    }

    fn insert_frame(
        &mut self,
        stream: Stream,
        timestamp: MediaTime,
        distance: SampleCount,
        payload: &[u8],
        inserted: &mut Inserted,
    ) {
        let copy = distance > SampleCount::ZERO;
        let mut first = true;
        if timestamp < self.floor() {
            first = self.concealing.take(timestamp);
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
            self.arrivals.brought(timestamp, distance);
        }
    }

    /// A frame that is later than this when playback begins anew, or after it was concealed, is left out, because
    /// playback goes on from the target: half a frame, so that the nearest one is chosen. After a stall playback is what
    /// was held back.
    pub(super) fn too_late(&self) -> SampleCount {
        if self.stretch.is_catching_up() {
            CAUGHT_UP_WITH
        } else {
            self.incoming.frame().count() / 2
        }
    }

    /// Frames before this have had their turn.
    pub(super) fn floor(&self) -> MediaTime {
        self.stalled.unwrap_or(self.decode_at)
    }

    /// Returns how our timeline lies to the sender's.
    pub(super) fn base(&self) -> Offset {
        self.arrivals.base().unwrap_or(Offset::NONE)
    }

    /// Returns when the frame of `timestamp` is due.
    pub(super) fn due(&self, timestamp: MediaTime) -> Moment {
        timestamp + (self.base() + self.target())
    }

    /// What is to be held beyond the fastest packets: time for the others to arrive, and the block of
    /// samples that is asked for at once, because its last sample has to be there together with its first.
    pub(super) fn target(&self) -> SampleCount {
        self.arrivals.target() + self.demand.longest()
    }

    /// Whether the next `count` samples from `now` on hold more than comfort noise.
    pub fn is_active(&self, count: usize, now: Duration) -> bool {
        let end = Moment::at(now) + SampleCount::of_length(count);
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
        let start = Moment::at(now);
        let length = SampleCount::of_length(out.len());
        self.notice_interruption(start, length);
        self.demand.observe(length);
        let mut source = None;
        let mut activity = Activity::Pause;
        let mut filled = 0;
        while filled < out.len() {
            let current = start + SampleCount::of_length(filled);
            let rest = &mut out[filled..];
            let count = match self.state {
                State::Playing => {
                    if self.sound.remaining() == 0 {
                        self.refill(current);
                        continue;
                    }
                    let ahead = SampleCount::of_length(self.sound.remaining());
                    source.get_or_insert(Source {
                        offset: filled,
                        timestamp: self.decode_at - ahead,
                    });
                    let count = self.sound.take(rest);
                    if self.concealing.is_on() {
                        activity = Activity::Concealed;
                    } else if activity == Activity::Pause {
                        activity = Activity::Sound;
                    }
                    self.noise.add(&mut rest[..count], false);
                    self.stretch.played(count);
                    count
                }
                State::Pause => {
                    let wait = match self.next_start(current) {
                        Some((timestamp, due)) if due <= current => {
                            self.begin(timestamp, current);
                            continue;
                        }
                        Some((_, due)) => (due - current).length(),
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
            stream: self.decoding.stream(),
            source,
            level: match activity {
                Activity::Pause => Level::SILENCE,
                Activity::Sound | Activity::Concealed => Level::of(out),
            },
        }
    }

    /// Lets `count` samples go by unheard and undecoded.
    pub fn skip(&mut self, count: usize, now: Duration) {
        let (start, count) = (Moment::at(now), SampleCount::of_length(count));
        self.notice_interruption(start, count);
        let end = start + count;
        if self.state == State::Playing {
            self.stop();
        }
        self.sound.clear();
        while let Some(timestamp) = self.store.earliest() {
            if self.due(timestamp) >= end {
                break;
            }
            self.store.remove(timestamp);
            let behind = timestamp + self.incoming.frame().count();
            self.decode_at = self.decode_at.max(behind);
            self.stalled = None;
        }
    }

    /// Delays and counters.
    pub fn stats(&self) -> PlayoutStats {
        PlayoutStats {
            target: self.target().duration(),
            delay: self.stretch.hold().duration(),
            jitter: self.arrivals.jitter().duration(),
            ..self.stats
        }
    }

    /// Starts anew if nobody has asked for sound for a while.
    fn notice_interruption(&mut self, start: Moment, count: SampleCount) {
        match self.demand.pass(start, count) {
            Pull::Onward => {}
            Pull::First => {
                // A loudspeaker that has just been opened may take a while before it asks for anything.
                let earliest = self.store.earliest();
                self.recovering |= earliest.is_some_and(|it| self.due(it) < start - NOT_PULLED);
            }
            Pull::Skipped(missed) => {
                // The loudspeaker was silent meanwhile.
                self.sound.skip(missed.length());
                self.recovering = true;
            }
            Pull::Anew => {
                if self.state == State::Playing {
                    self.stop();
                }
                self.sound.clear();
                self.recovering = true;
            }
        }
    }

    /// The next frame to begin with, and when.
    fn next_start(&mut self, current: Moment) -> Option<(MediaTime, Moment)> {
        if self.recovering || self.stretch.is_catching_up() {
            self.leave_out(current - self.too_late(), MediaTime::MAX);
        }
        let timestamp = self.store.earliest()?;
        Some((timestamp, self.due(timestamp)))
    }

    fn begin(&mut self, timestamp: MediaTime, current: Moment) {
        let marked = self.store.get(timestamp).is_some_and(|held| held.marked);
        if self.recovering && !marked {
            // What was taken for the end was none.
            self.concealing.note_gap(timestamp);
        }
        if timestamp == self.decode_at && !marked && self.due(timestamp) < current - self.too_late()
        {
            // It was taken for the end because it was quiet, and something may have been said while nothing came.
            self.stretch.catch_up();
        }
        self.state = State::Playing;
        self.decode_at = timestamp;
        self.stalled = None;
        self.concealing.restart();
        self.recovering = false;
        self.stretch.begin(current - timestamp - self.base());
        self.play_frame(timestamp, Begin::AfterPause);
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
