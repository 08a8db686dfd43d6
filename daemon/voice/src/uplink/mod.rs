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
mod encoders;
mod frame_encoder;
mod gate;
mod history;
mod ladder;
mod muted;
mod notices;
mod output_time;
mod packets;
mod processed;
mod recipient;
mod recipients;
mod schedule;
mod sent_log;
#[cfg(test)]
mod tests;
mod timeline;

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

pub use command::{Audience, GateMode, RecipientStats, UplinkCommand, UplinkEvent, UplinkStats};
pub use recipient::OutboundLink;

use crate::link::KeyMemory;
use crate::pair::{Bitrates, Overheard, UplinkRings, VoiceConfig};
use crate::retired::RetiredQueue;
use crate::{
    Destination, FRAME_SAMPLES, FrameLength, Level, Retired, SampleCount, SampleTime, Slot,
    Timestamp, VoiceError,
};
use frame_encoder::FrameEncoder;
use gate::Gate;
use muted::MutedSpeech;
use notices::Notices;
use packets::{Packets, Unsent};
use processed::Processing;
use recipients::Recipients;
use schedule::{Change, Listeners, Plan, Schedule};
use timeline::Timeline;

/// How far ahead a change may be stamped. Stamps come from a clock that runs on between captured
/// frames. When a microphone takes longer than that to open, or stops, the clock has run ahead of the
/// captured samples, and without this bound a mute would hold only after they have caught up.
const FARTHEST_AHEAD: SampleCount = SampleCount::from_millis(200);

/// The sending half of a conversation. See the [module](self).
pub struct Uplink {
    timeline: Timeline,
    schedule: Schedule,
    processing: Processing,
    chirp: Option<chirp::Chirp>,
    gate: Gate,
    muted: MutedSpeech,
    bitrates: Bitrates,
    encoder: FrameEncoder,
    packets: Packets,
    recipients: Recipients,
    rings: UplinkRings,
    notices: Notices,
    retired: RetiredQueue,
    stats: UplinkStats,
}

impl Uplink {
    pub(crate) fn new(
        config: &VoiceConfig,
        mut random: ChaCha20Rng,
        rings: UplinkRings,
    ) -> Result<Self, VoiceError> {
        let length = config.frames;
        let first_timestamp = Timestamp::new(random.next_u32());
        let keys = KeyMemory::new(random.next_u64());
        Ok(Self {
            timeline: Timeline::new(length, first_timestamp),
            schedule: Schedule::new(length),
            processing: Processing::default(),
            chirp: None,
            gate: Gate::new(length),
            muted: MutedSpeech::new(length),
            bitrates: config.bitrates,
            encoder: FrameEncoder::new(length, config.bitrates.most)?,
            packets: Packets::new(length, config.two_frames_from),
            recipients: Recipients::new(random, keys),
            rings,
            notices: Notices::new(),
            retired: RetiredQueue::with_capacity(Slot::COUNT),
            stats: UplinkStats {
                position: SampleTime::START,
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
        self.timeline.frame_length()
    }

    /// How much decoded sound lags behind what was encoded.
    pub fn look_ahead(&mut self) -> Duration {
        self.encoder.look_ahead().duration()
    }

    /// The next sample to be captured.
    pub fn position(&self) -> SampleTime {
        self.timeline.position()
    }

    /// What was done since the uplink was made.
    pub fn stats(&self) -> UplinkStats {
        UplinkStats {
            position: self.position(),
            echo: self.processing.echo(),
            ..self.stats
        }
    }

    /// What `slot` reported about our packets to it since its link was made: the share that it lost, 0…1, and
    /// the longest run of lost packets that its feedback showed.
    pub fn reported_loss(&self, slot: Slot) -> (f32, u32) {
        self.recipients.reported_loss(slot)
    }

    /// The oldest event that was not taken yet.
    pub fn poll_event(&mut self) -> Option<UplinkEvent> {
        self.notices.poll()
    }

    /// Something to be freed on another thread, if there is.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.retired.pop()
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
                self.gate.set_mode(mode);
                Ok(())
            }
            UplinkCommand::ListenWhileMuted(listen) => {
                let told = self.muted.listen(listen);
                self.tell_muted(told);
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
        let position = self.position();
        let latest = position + FARTHEST_AHEAD;
        let earliest = self.earliest_change();
        let at = at.map_or(position, |at| at.clamp(earliest, latest));
        if self.schedule.add(at, change) {
            Ok(())
        } else {
            Err(VoiceError::ScheduleFull)
        }
    }

    fn link(&mut self, link: Box<OutboundLink>) -> Result<(), VoiceError> {
        let slot = link.slot();
        if self.recipients.link(link, &mut self.retired)? {
            // The peer may have restarted: it begins without a past.
            self.packets.forget(slot);
        }
        Ok(())
    }

    fn unlink(&mut self, slot: Slot) {
        self.schedule.remove(slot);
        self.encoder.remove(slot);
        self.packets.remove(slot);
        self.forget_chirp(slot);
        self.recipients.unlink(slot, &mut self.retired);
    }

    /// Samples were lost between the last frame and the next: the capture clock goes on without them.
    ///
    /// The framing moves in whole frames; what is left over is remembered for the next loss.
    pub fn skip(&mut self, lost: SampleCount) {
        self.timeline.skip(lost);
        self.schedule.skip_to(self.position());
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
        let start = self.position();
        let mut sound = [0.0; FRAME_SAMPLES];
        for (sample, captured) in sound.iter_mut().zip(frame) {
            *sample = *captured;
        }
        self.process(&mut sound, reference);
        let sound = &sound[..self.frame_length().samples()];
        self.hear_muted(sound);
        self.timeline.advance();
        let mut plan = self.schedule.plan(start);
        if let Some(plan) = &mut plan {
            plan.ends |= self.processing.is_ending() || self.chirps_at(self.position());
            self.notices.captured(frame, start);
        }
        let captured = now.saturating_sub(self.processing.delay());
        let sent = self.send_chirp(start, captured, send)
            || plan.is_some_and(|plan| self.speak(sound, &plan, start, captured, send));
        if !sent {
            self.encoder.break_off();
            self.packets
                .flush(&mut self.recipients, &mut self.stats, send);
        }
        self.change_processor();
        self.recipients.report_counts(
            self.timeline.frames_before(start),
            self.timeline.frame_length(),
            &mut self.rings.counts,
            |event| self.notices.tell(event),
        );
    }

    /// Listens to a frame for the user's own sake, if nobody hears it.
    fn hear_muted(&mut self, sound: &[f32]) {
        let told = match self.schedule.is_silent() {
            true => self
                .muted
                .judge(Level::of(sound), self.processing.probability()),
            false => self.muted.end(),
        };
        self.tell_muted(told);
    }

    fn tell_muted(&mut self, talking: Option<bool>) {
        if let Some(talking) = talking {
            self.notices.tell(UplinkEvent::TalkingMuted { talking });
        }
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
        let level = self.encoder.take(frame, plan.audible.clone());
        self.stats.level = level;
        let judged = self
            .gate
            .judge(level, self.processing.probability(), &plan.listeners);
        self.notices.speech(judged.speech, level, start);
        judged.passes && self.encode(plan, judged.opens, start, now, send)
    }

    /// Encodes the frame that was taken and sends it. Tells whether it was encoded. It `opens` a gate if the same
    /// listeners would have heard the frame before, had the gate not been closed.
    fn encode(
        &mut self,
        plan: &Plan,
        opens: bool,
        start: SampleTime,
        now: Duration,
        send: &mut impl FnMut(Destination, &[u8]),
    ) -> bool {
        self.choose_encoder(&plan.listeners);
        let Ok(anew) = self.encoder.begin(plan, start, opens) else {
            self.stats.failures += 1;
            return false;
        };
        let timestamp = self.timeline.timestamp(start);
        let memory = self.encoder.has_memory();
        let encoder = &mut self.encoder;
        let encoded = self
            .packets
            .remember(timestamp, plan.listeners, memory, |bytes| {
                encoder.encode(bytes)
            });
        if encoded.is_none() {
            self.stats.failures += 1;
            return false;
        }
        self.stats.frames += 1;
        self.encoder.encoded(plan, self.timeline.position());
        let frame = Unsent {
            timestamp,
            anew,
            listeners: plan.listeners,
            captured: now,
        };
        let (recipients, stats) = (&mut self.recipients, &mut self.stats);
        self.packets.push(frame, plan.ends, recipients, stats, send);
        true
    }

    /// Lets frames remember the past while any of those who hear them has bursts of loss: the frame is encoded once for
    /// all. A crowd does without, because it would cost too much. The more there are, the less each may cost.
    fn choose_encoder(&mut self, listeners: &Listeners) {
        let crowd = self.packets.is_crowd(listeners);
        let memory = !crowd && self.recipients.want_memory(&listeners.slots);
        self.encoder.set_memory(memory);
        let bitrate = self.bitrates.choose(listeners.slots.len(), crowd);
        if self.encoder.set_bitrate(bitrate).is_err() {
            self.stats.failures += 1;
        }
    }

    /// Takes over what the downlink learned.
    fn listen_to_downlink(&mut self) {
        while let Ok(update) = self.rings.paths.pop() {
            self.recipients.set_path(update);
        }
        while let Ok(report) = self.rings.losses.pop() {
            self.recipients.report(&report);
        }
        if self.schedule.is_silent() {
            self.gate.silence();
            self.stats.level = Level::SILENCE;
            self.notices.silence();
        }
    }
}
