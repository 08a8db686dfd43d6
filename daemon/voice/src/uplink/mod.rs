//! From the microphone to sealed packets.
//!
//! For every captured frame, [`Uplink::capture`] decides who may hear which of its samples, encodes it once,
//! and puts one packet together for each recipient. The promises that everything here serves:
//!
//! - **No sample reaches anybody outside its audience.** Changes apply to the sample they name. Codecs
//!   remember: an encoder's look-ahead carries a whisper into the silence after it. So whenever the stream
//!   switches, the audience gains a member or sound resumes, the sound fades, the encoder is reset and begins
//!   anew, and copies of earlier frames go only to those who were in the audience of that frame.
//! - **The encoder never sees muted samples**, only zeros in their place.
//! - **No sequence number is sealed twice**, and no key is taken twice.
//!
//! A frame costs no allocation here but the SRTP crate's one per packet, and what a [`Processor`](crate::Processor)
//! takes.

mod chirp;
mod command;
mod history;
mod ladder;
mod packets;
mod processed;
mod recipient;
mod schedule;
mod sent_log;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

pub use command::{Audience, GateMode, RecipientStats, UplinkCommand, UplinkEvent, UplinkStats};
pub use recipient::OutboundLink;

use crate::activity::Activity;
use crate::codec::Encoder;
use crate::link::KeyMemory;
use crate::pair::{Overheard, SendCount, UplinkRings, VoiceConfig};
use crate::{
    Destination, FRAME_SAMPLES, FrameLength, Level, MAX_DATAGRAM, Retired, SAMPLE_RATE, SampleTime,
    Slot, SlotSet, Stream, VoiceError, duration_of,
};
use history::History;
use processed::Processing;
use recipient::Recipient;
use schedule::{Change, Listeners, Plan, Schedule};

/// Samples of a fade: 5 ms.
const FADE: usize = SAMPLE_RATE as usize / 200;

/// How far ahead a change may be stamped: 200 ms. Stamps come from a clock that runs on between captured
/// frames. When a microphone takes longer than that to open, or stops, the clock has run ahead of the
/// captured samples, and without this bound a mute would hold only after they have caught up.
const FARTHEST_AHEAD: u64 = SAMPLE_RATE as u64 / 5;

/// How many events wait to be polled.
const EVENTS: usize = 64;

/// A sample at or above this is clipped.
const CLIPPED: f32 = 0.999;

/// The sending half of a conversation. See the [module](self).
pub struct Uplink {
    length: FrameLength,
    encoder: Encoder,
    random: ChaCha20Rng,
    rings: UplinkRings,
    recipients: Vec<Recipient>,
    linked: SlotSet,
    schedule: Schedule,
    history: History,
    activity: Activity,
    processing: Processing,
    gate: GateMode,
    chirp: Option<chirp::Chirp>,
    two_frames_from: usize,
    /// The RTP timestamp of the first captured sample (RFC 3550 §5.1 wants it random).
    first_timestamp: u32,
    position: SampleTime,
    /// Lost samples that do not make a whole frame yet.
    owed: u64,
    /// What the encoder heard last, while it may go on.
    last: Option<Encoded>,
    /// Samples since the sound began, up to [`FADE`].
    faded_in: usize,
    /// Who would have heard the last frame, had the gate not been closed.
    withheld: Option<Listeners>,
    /// A frame that waits for the next, to share a packet.
    held: Option<Held>,
    pcm: [f32; FRAME_SAMPLES],
    packet: Box<[u8; MAX_DATAGRAM]>,
    speaking: bool,
    notices: Notices,
    keys: KeyMemory,
    events: VecDeque<UplinkEvent>,
    retired: VecDeque<Retired>,
    stats: UplinkStats,
}

/// The encoder's memory: who may know it, and where it ends.
#[derive(Debug, Clone, Copy)]
struct Encoded {
    listeners: Listeners,
    end: SampleTime,
}

/// A frame that was encoded but not sent.
#[derive(Debug, Clone, Copy)]
struct Held {
    timestamp: u32,
    /// Whether the encoder began anew with it, so that the decoder should.
    anew: bool,
    listeners: Listeners,
    captured: Duration,
}

/// When events that are limited to one a second came last, in samples captured before.
#[derive(Debug, Clone, Copy, Default)]
struct Notices {
    spoke: Option<u64>,
    clipped: Option<u64>,
}

impl Uplink {
    pub(crate) fn new(
        config: &VoiceConfig,
        mut random: ChaCha20Rng,
        rings: UplinkRings,
    ) -> Result<Self, VoiceError> {
        let first_timestamp = random.next_u32();
        let keys = KeyMemory::new(random.next_u64());
        let mut encoder = Encoder::for_frames(config.frames)?;
        encoder.set_bitrate(config.bitrate)?;
        Ok(Self {
            length: config.frames,
            encoder,
            random,
            rings,
            recipients: (0..Slot::COUNT).map(|_| Recipient::default()).collect(),
            linked: SlotSet::EMPTY,
            schedule: Schedule::new(config.frames),
            history: History::new(config.frames),
            activity: Activity::for_frames(config.frames),
            processing: Processing::default(),
            gate: GateMode::default(),
            chirp: None,
            two_frames_from: config.two_frames_from,
            first_timestamp,
            position: SampleTime(0),
            owed: 0,
            last: None,
            faded_in: 0,
            withheld: None,
            held: None,
            pcm: [0.0; FRAME_SAMPLES],
            packet: Box::new([0; MAX_DATAGRAM]),
            speaking: false,
            notices: Notices::default(),
            keys,
            events: VecDeque::with_capacity(EVENTS),
            retired: VecDeque::with_capacity(Slot::COUNT),
            stats: UplinkStats {
                position: SampleTime(0),
                frames: 0,
                packets: 0,
                bytes: 0,
                failures: 0,
                level: Level::SILENCE,
                echo: None,
            },
        })
    }

    /// How long its frames are.
    pub fn frame_length(&self) -> FrameLength {
        self.length
    }

    /// How much decoded sound lags behind what was encoded.
    pub fn look_ahead(&mut self) -> Duration {
        duration_of(self.encoder.lookahead() as u64)
    }

    /// The next sample to be captured.
    pub fn position(&self) -> SampleTime {
        self.position
    }

    /// What was done since the uplink was made.
    pub fn stats(&self) -> UplinkStats {
        UplinkStats {
            position: self.position,
            echo: self.processing.echo(),
            ..self.stats
        }
    }

    /// What `slot` reported about our packets to it since its link was made: the share that it lost, 0…1, and
    /// the longest run of lost packets that its feedback showed.
    pub fn reported_loss(&self, slot: Slot) -> (f32, u32) {
        let ladder = &self.recipients[slot.index()].ladder;
        (ladder.loss(), ladder.longest_burst())
    }

    /// The oldest event that was not taken yet.
    pub fn poll_event(&mut self) -> Option<UplinkEvent> {
        self.events.pop_front()
    }

    /// Something to be freed on another thread, if there is.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.retired.pop_front()
    }

    /// Carries out a command.
    ///
    /// # Errors
    ///
    /// A link that is [outdated](VoiceError::Outdated) or whose [key was used](VoiceError::KeyReused) changes
    /// nothing. [`VoiceError::ScheduleFull`] means that the change, and those before it, took effect already.
    pub fn command(&mut self, command: UplinkCommand) -> Result<(), VoiceError> {
        match command {
            UplinkCommand::Link(link) => self.link(link),
            UplinkCommand::Unlink { slot } => {
                self.unlink(slot);
                Ok(())
            }
            UplinkCommand::Audience { at, audience } => self.change(at, Change::Audience(audience)),
            UplinkCommand::Microphone { at, open } => self.change(at, Change::Microphone(open)),
            UplinkCommand::Gate(mode) => {
                self.gate = mode;
                Ok(())
            }
            UplinkCommand::Chirp { slot } => {
                self.plan_chirp(slot);
                Ok(())
            }
            UplinkCommand::Processing(processor) => {
                self.replace_processor(processor);
                Ok(())
            }
        }
    }

    fn change(&mut self, at: Option<SampleTime>, change: Change) -> Result<(), VoiceError> {
        let latest = self.position + FARTHEST_AHEAD;
        let earliest = self.earliest_change();
        let at = at.map_or(self.position, |at| at.clamp(earliest, latest));
        if self.schedule.add(at, change) {
            Ok(())
        } else {
            Err(VoiceError::ScheduleFull)
        }
    }

    fn link(&mut self, mut link: Box<OutboundLink>) -> Result<(), VoiceError> {
        let slot = link.slot();
        let recipient = &mut self.recipients[slot.index()];
        let current = recipient.link.as_ref().map(|link| link.generation());
        if current == Some(link.generation()) {
            // The same again: its sequence numbers must not begin anew.
            self.retire(Retired::Outbound(link));
            return Ok(());
        }
        if let Some(current) = current.filter(|current| *current > link.generation()) {
            let offered = link.generation();
            self.retire(Retired::Outbound(link));
            return Err(VoiceError::Outdated {
                slot,
                offered,
                current,
            });
        }
        if !self.keys.remember(&link.setup.keys) {
            self.retire(Retired::Outbound(link));
            return Err(VoiceError::KeyReused { slot });
        }
        link.start(&mut self.random);
        // The peer may have restarted: it begins without a past.
        self.history.remove(slot);
        self.linked.insert(slot);
        let recipient = &mut self.recipients[slot.index()];
        recipient.ladder = ladder::Ladder::default();
        if let Some(replaced) = recipient.link.replace(link) {
            self.retire(Retired::Outbound(replaced));
        }
        Ok(())
    }

    fn unlink(&mut self, slot: Slot) {
        self.schedule.remove(slot);
        self.history.remove(slot);
        self.linked.remove(slot);
        self.forget_chirp(slot);
        if let Some(last) = &mut self.last {
            last.listeners.slots.remove(slot);
        }
        if let Some(held) = &mut self.held {
            held.listeners.slots.remove(slot);
        }
        if let Some(link) = self.recipients[slot.index()].clear() {
            self.retire(Retired::Outbound(link));
        }
    }

    fn retire(&mut self, retired: Retired) {
        // A caller that never takes them makes us free them here, late but bounded.
        if self.retired.len() == self.retired.capacity() {
            self.retired.pop_front();
        }
        self.retired.push_back(retired);
    }

    /// Samples were lost between the last frame and the next: the capture clock goes on without them.
    ///
    /// The framing moves in whole frames; what is left over is remembered for the next loss.
    pub fn skip(&mut self, lost: u64) {
        self.owed = self.owed.saturating_add(lost);
        let frame = self.length.samples() as u64;
        let skipped = self.owed / frame * frame;
        self.owed -= skipped;
        self.position.0 = self.position.0.saturating_add(skipped);
        self.schedule.skip_to(self.position);
    }

    /// Lets the downlink know how loud it is at the microphone, so that it can tell who sits in the same room.
    ///
    /// `sound` is what the microphone gave (48 kHz mono), before any processing, muted or not; its last sample was
    /// captured at `end`. Only its level is kept.
    pub fn overhear(&mut self, sound: &[f32], end: Duration) {
        let power = sound.iter().map(|sample| sample * sample).sum::<f32>();
        // A downlink that does not listen needs no news.
        let _ = self.rings.overheard.push(Overheard {
            end,
            samples: sound.len(),
            power: power / sound.len().max(1) as f32,
        });
    }

    /// Takes the next frame (as many samples as its [length](Self::frame_length) says, f32 in −1…1, 48 kHz mono)
    /// and hands sealed packets to `send`. What a frame lacks is silent.
    ///
    /// `now` is when the frame's last sample was captured.
    pub fn capture(
        &mut self,
        frame: &[f32],
        now: Duration,
        send: &mut impl FnMut(Destination, &[u8]),
    ) {
        self.capture_with_reference(frame, &[0.0; FRAME_SAMPLES], now, send);
    }

    /// The same with what was played meanwhile, in the same form, for [echo cancellation](crate::Processor).
    pub fn capture_with_reference(
        &mut self,
        frame: &[f32],
        reference: &[f32; FRAME_SAMPLES],
        now: Duration,
        send: &mut impl FnMut(Destination, &[u8]),
    ) {
        self.listen_to_downlink();
        let start = self.position;
        let mut sound = [0.0; FRAME_SAMPLES];
        for (sample, captured) in sound.iter_mut().zip(frame) {
            *sample = *captured;
        }
        self.process(&mut sound, reference);
        let sound = &sound[..self.length.samples()];
        self.position = start + self.length.samples() as u64;
        let mut plan = self.schedule.plan(start);
        if let Some(plan) = &mut plan {
            plan.ends |= self.processing.is_ending() || self.chirps_at(self.position);
            self.notice_clipping(frame, start);
        }
        let captured = now.saturating_sub(self.processing.delay());
        let sent = self.send_chirp(start, captured, send)
            || plan.is_some_and(|plan| self.speak(sound, &plan, start, captured, send));
        if !sent {
            self.last = None;
            self.flush(send);
        }
        self.change_processor();
        self.report_counts(start);
    }

    /// Encodes what may be heard of a frame and sends it. Tells whether it was encoded.
    fn speak(
        &mut self,
        frame: &[f32],
        plan: &Plan,
        start: SampleTime,
        now: Duration,
        send: &mut impl FnMut(Destination, &[u8]),
    ) -> bool {
        self.take(frame, plan.audible.clone());
        let withheld = self.withheld.take();
        if !self.judge(plan.audible.clone(), start) && self.gate == GateMode::Speech {
            self.withheld = Some(plan.listeners);
            return false;
        }
        self.encode(plan, withheld, start, now, send)
    }

    /// Encodes the frame that was taken and sends it. Tells whether it was encoded. `withheld` are those who would have
    /// heard the frame before, had a gate not been closed.
    fn encode(
        &mut self,
        plan: &Plan,
        withheld: Option<Listeners>,
        start: SampleTime,
        now: Duration,
        send: &mut impl FnMut(Destination, &[u8]),
    ) -> bool {
        let continues = plan.audible.start == 0
            && self.last.is_some_and(|last| {
                last.end == start && last.listeners.may_continue_as(&plan.listeners)
            });
        if !continues {
            // What the encoder heard was for others. If it cannot forget, it must not go on.
            if self.encoder.reset().is_err() {
                self.stats.failures += 1;
                return false;
            }
            // What a gate withheld was background: what opens it begins in the midst of that, and a fade would eat
            // the first syllable.
            let opens = withheld == Some(plan.listeners) && plan.audible.start == 0;
            self.faded_in = if opens { FADE } else { 0 };
        }
        self.fade(plan);
        self.choose_memory(&plan.listeners);
        let timestamp = self.timestamp(start);
        let memory = self.encoder.memory();
        let encoded = self
            .history
            .add(timestamp, plan.listeners, memory, |bytes| {
                let frame = &self.pcm[..self.length.samples()];
                self.encoder.encode(frame, bytes).ok()
            });
        if encoded.is_none() {
            self.stats.failures += 1;
            return false;
        }
        self.stats.frames += 1;
        self.last = (plan.audible.end == self.length.samples()).then_some(Encoded {
            listeners: plan.listeners,
            end: self.position,
        });
        let next = Held {
            timestamp,
            anew: !continues,
            listeners: plan.listeners,
            captured: now,
        };
        self.pair_up(next, plan.ends, send);
        true
    }

    /// Lets frames remember the past while any of those who hear them has bursts of loss: the frame is encoded once for
    /// all. A crowd does without, because it would cost too much.
    fn choose_memory(&mut self, listeners: &Listeners) {
        let memory = self.length == FrameLength::Usual
            && listeners.slots.len() < self.two_frames_from
            && listeners
                .slots
                .iter()
                .any(|slot| self.recipients[slot.index()].ladder.wants_memory());
        if memory != self.encoder.memory() && self.encoder.set_memory(memory).is_err() {
            self.stats.failures += 1;
        }
    }

    /// Sends a frame, alone or together with the one before, or holds it for the one after.
    fn pair_up(&mut self, frame: Held, ends: bool, send: &mut impl FnMut(Destination, &[u8])) {
        let held = self.held.take();
        let partner = held.filter(|held| held.listeners == frame.listeners && !frame.anew);
        if let (Some(held), None) = (held, partner) {
            self.send_frames(held, None, send);
        }
        let crowd = frame.listeners.slots.len() >= self.two_frames_from;
        if crowd && partner.is_none() && !ends {
            self.held = Some(frame);
        } else {
            self.send_frames(frame, partner, send);
        }
    }

    /// Sends a frame that waited for a partner in vain.
    fn flush(&mut self, send: &mut impl FnMut(Destination, &[u8])) {
        if let Some(held) = self.held.take() {
            self.send_frames(held, None, send);
        }
    }

    /// Copies what may be heard, and silence for the rest.
    fn take(&mut self, frame: &[f32], audible: Range<usize>) {
        self.pcm = [0.0; FRAME_SAMPLES];
        let heard = frame.get(audible.clone()).unwrap_or_default();
        for (to, from) in self.pcm[audible].iter_mut().zip(heard) {
            // A driver's NaN would stay in the encoder for good.
            *to = if from.is_finite() {
                from.clamp(-1.0, 1.0)
            } else {
                0.0
            };
        }
    }

    /// Measures what may be heard; tells whether a gate would let it pass.
    fn judge(&mut self, audible: Range<usize>, start: SampleTime) -> bool {
        let heard = &self.pcm[audible];
        let level = Level::of(heard);
        self.stats.level = level;
        let verdict = self.activity.judge(level, self.processing.probability());
        if verdict.speech && is_due(self.notices.spoke, start) {
            self.notices.spoke = Some(start.0);
            self.tell(UplinkEvent::Spoke);
        }
        self.set_speaking(verdict.speech, level);
        verdict.passes
    }

    /// Tells when the microphone itself reaches full scale, whatever is made of its sound.
    fn notice_clipping(&mut self, captured: &[f32], start: SampleTime) {
        if captured.iter().any(|sample| sample.abs() >= CLIPPED)
            && is_due(self.notices.clipped, start)
        {
            self.notices.clipped = Some(start.0);
            self.tell(UplinkEvent::Clipped);
        }
    }

    fn set_speaking(&mut self, speaking: bool, level: Level) {
        if self.speaking != speaking {
            self.speaking = speaking;
            self.tell(UplinkEvent::Speaking { speaking, level });
        }
    }

    fn tell(&mut self, event: UplinkEvent) {
        if self.events.len() < EVENTS {
            self.events.push_back(event);
        }
    }

    /// Ramps sound that begins or ends, so that neither clicks.
    fn fade(&mut self, plan: &Plan) {
        for sample in &mut self.pcm[plan.audible.clone()] {
            if self.faded_in == FADE {
                break;
            }
            *sample *= self.faded_in as f32 / FADE as f32;
            self.faded_in += 1;
        }
        if plan.ends {
            let tail = self.pcm[plan.audible.clone()].iter_mut().rev();
            for (left, sample) in tail.take(FADE).enumerate() {
                *sample *= left as f32 / FADE as f32;
            }
        }
    }

    /// The RTP timestamp of a captured sample.
    fn timestamp(&self, sample: SampleTime) -> u32 {
        // Timestamps wrap every 24.8 hours.
        self.first_timestamp.wrapping_add(sample.0 as u32)
    }

    /// Takes over what the downlink learned.
    fn listen_to_downlink(&mut self) {
        while let Ok(update) = self.rings.paths.pop() {
            self.recipients[update.slot.index()].set_path(update);
        }
        while let Ok(report) = self.rings.losses.pop() {
            self.recipients[report.slot.index()].report(&report);
        }
        if self.schedule.is_silent() {
            self.activity.silence();
            self.stats.level = Level::SILENCE;
            self.set_speaking(false, Level::SILENCE);
        }
    }

    /// Hands what was sent to the downlink, for its sender reports: each slot once a second, spread over it.
    fn report_counts(&mut self, start: SampleTime) {
        let second = self.length.per_second();
        let turn = (start.0 / self.length.samples() as u64 % second) as usize;
        for index in (turn..Slot::COUNT).step_by(second as usize) {
            let recipient = &mut self.recipients[index];
            let stats = recipient.take_stats();
            let Some(link) = &mut recipient.link else {
                continue;
            };
            let mut sending = false;
            for stream in [Stream::Open, Stream::Whisper] {
                if let Some(sent) = link.take_count(stream) {
                    sending = true;
                    // A full ring costs one count, which the next one includes.
                    let _ = self.rings.counts.push(SendCount {
                        slot: link.setup.slot,
                        stream,
                        ssrc: sent.ssrc,
                        packets: sent.packets,
                        octets: sent.octets,
                        timestamp: sent.timestamp.wrapping_add(self.length.samples() as u32),
                        captured: sent.captured,
                    });
                }
            }
            if let Some(stats) = stats.filter(|_| sending) {
                self.tell(UplinkEvent::Recipient(stats));
            }
        }
    }
}

/// Whether a second has passed since the notice of this kind before.
fn is_due(last: Option<u64>, start: SampleTime) -> bool {
    last.is_none_or(|last| start.0 >= last + u64::from(SAMPLE_RATE))
}
