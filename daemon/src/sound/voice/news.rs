//! News from the voice threads: who speaks, how well voices arrive, and where sound spends its time.

use std::sync::Arc;
use std::time::Duration;

use sotto_audio::priority::Priority;
use sotto_control::model::{Path, Sent, Stats};
use sotto_meeting::PeerId;
use sotto_voice::wire::delays::SendingDelays;
use sotto_voice::{
    DownlinkCommand, DownlinkEvent, FRAME_SAMPLES, FrameLength, PathState, RecipientStats,
    SenderStats, UplinkEvent,
};
use tokio::sync::Notify;

use super::super::profile;
use super::{Voice, VoiceEvent};
use crate::threads::VoiceNews;

impl Voice {
    /// Returns what is notified when there is news.
    pub(crate) fn arrived(&self) -> Arc<Notify> {
        self.lines.arrived()
    }

    /// Takes in what the threads tell; what the hub must know goes to `tell`.
    pub(crate) fn take_news(
        &mut self,
        mut tell: impl FnMut(VoiceEvent),
    ) -> Vec<(&'static str, u64)> {
        let mut for_rtkit = Vec::new();
        while let Some(news) = self.lines.take_news() {
            match news {
                VoiceNews::Uplink(event) => self.uplink_event(event, &mut tell),
                VoiceNews::Downlink(event) => self.downlink_event(event, &mut tell),
                VoiceNews::Scheduled {
                    thread,
                    priority,
                    id,
                } => {
                    tracing::debug!(thread, %priority, "voice thread scheduled");
                    self.lines.set_priority(thread, priority);
                    if priority != Priority::Realtime {
                        for_rtkit.push((thread, id));
                    }
                }
                VoiceNews::Failed(error) => tracing::error!("{error}"),
                VoiceNews::Past(_) => {}
            }
        }
        for_rtkit
    }

    fn uplink_event(&mut self, event: UplinkEvent, tell: &mut impl FnMut(VoiceEvent)) {
        match event {
            UplinkEvent::Speaking { speaking, level } => {
                let heard = speaking && self.lines.inside();
                self.figures.own_level(heard.then_some(level.db()));
                tell(VoiceEvent::Levels);
            }
            UplinkEvent::Spoke => tell(VoiceEvent::Spoke),
            UplinkEvent::Clipped => tell(VoiceEvent::Clipped),
            UplinkEvent::TalkingMuted { talking } => {
                // What is told late, of a microphone that has been left, is of no interest.
                tell(VoiceEvent::TalkingMuted(talking && self.listening.is_on()));
            }
            UplinkEvent::Chirp { slot, timestamp } => {
                self.lines.down(DownlinkCommand::Chirp { slot, timestamp });
            }
            UplinkEvent::Recipient(stats) => {
                if let Some(peer) = self.slots.peer(stats.slot) {
                    let frame = profile::frames(self.equipment.profile());
                    self.figures.sent(peer, sent(&stats, frame));
                    tell(VoiceEvent::Stats);
                }
            }
        }
    }

    fn downlink_event(&mut self, event: DownlinkEvent, tell: &mut impl FnMut(VoiceEvent)) {
        let slot = match event {
            DownlinkEvent::Heard { slot }
            | DownlinkEvent::Whispered { slot }
            | DownlinkEvent::SameRoom { slot }
            | DownlinkEvent::Chirp { slot, .. }
            | DownlinkEvent::Speaking { slot, .. }
            | DownlinkEvent::Path { slot, .. } => slot,
            DownlinkEvent::Stats(stats) => stats.slot,
        };
        // What is told of a slot that was freed meanwhile is of no interest.
        let Some(peer) = self.slots.peer(slot) else {
            return;
        };
        match event {
            DownlinkEvent::Heard { .. } => tell(VoiceEvent::Heard(peer)),
            DownlinkEvent::Whispered { .. } => tell(VoiceEvent::Whispered(peer)),
            DownlinkEvent::SameRoom { .. } => {
                self.figures.same_room(peer);
                tell(VoiceEvent::SameRoom(peer));
            }
            DownlinkEvent::Speaking {
                speaking,
                whisper,
                level,
                ..
            } => {
                let level = speaking.then_some(level.db());
                self.figures.level(peer, level, whisper);
                tell(VoiceEvent::Levels);
            }
            DownlinkEvent::Path { state, .. } => {
                tracing::debug!(peer = ?peer, ?state, "media path");
                self.figures.path(peer, path(state));
                tell(VoiceEvent::Stats);
            }
            DownlinkEvent::Chirp { outcome, .. } => {
                tracing::debug!(?peer, ?outcome, "chirp");
                tell(VoiceEvent::Chirp(peer, outcome));
            }
            DownlinkEvent::Stats(stats) => {
                let frames = stats.frames;
                if frames.concealed + frames.late + frames.discarded + frames.outages > 0 {
                    tracing::debug!(?peer, ?stats, "voice was disturbed");
                }
                self.tell_sending();
                self.figures.received(peer, stats, shown(&stats));
                tell(VoiceEvent::Stats);
            }
        }
    }

    /// Returns what arrived from `peer` in the last second.
    pub(crate) fn figures(&self, peer: PeerId) -> Option<&SenderStats> {
        self.figures.arrived(peer)
    }

    /// Returns the delays of our own voice's way out.
    pub(crate) fn sending(&self) -> SendingDelays {
        self.sending
    }

    /// Tells everybody what our own voice's way out costs, if that has changed: devices have the blocks that they have.
    fn tell_sending(&mut self) {
        let frame = profile::frames(self.equipment.profile());
        let frame = frame.count().duration();
        let sending = SendingDelays {
            capture: self.equipment.block().saturating_sub(frame),
            frame,
            processing: self.equipment.processing_delay(),
            look_ahead: self.look_ahead,
        };
        if self.sending != sending {
            self.sending = sending;
            self.lines.down(DownlinkCommand::Sending(sending));
        }
    }
}

fn path(state: PathState) -> Path {
    match state {
        PathState::Probing => Path::Probing,
        PathState::Udp(_) => Path::Udp,
        PathState::Stream => Path::Stream,
    }
}

fn shown(stats: &SenderStats) -> Stats {
    Stats {
        loss: stats.loss,
        jitter_ms: milliseconds(stats.jitter),
        delay_ms: milliseconds(stats.delay + stats.round_trip.unwrap_or_default() / 2),
        kbps: stats.bitrate as f32 / 1000.0,
        path: path(stats.path),
        target_ms: milliseconds(stats.target_delay),
        round_trip_ms: stats.round_trip.map(milliseconds),
        recovered: stats.frames.recovered,
        concealed: stats.frames.concealed,
        recalled: stats.frames.recalled,
        sent: None,
    }
}

/// `frame` is how long our frames are, in which distances are counted.
fn sent(stats: &RecipientStats, frame: FrameLength) -> Sent {
    let farthest = usize::from(stats.copies.last().copied().unwrap_or(0)) * frame.samples();
    Sent {
        loss: stats.loss,
        longest_burst: stats.longest_burst,
        copies: stats.copies.len() as u8,
        farthest: u8::try_from(farthest.div_ceil(FRAME_SAMPLES)).unwrap_or(u8::MAX),
        memory: stats.memory,
        repeated: stats.repeated,
    }
}

pub(crate) fn milliseconds(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}
