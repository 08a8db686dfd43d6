//! Whether a peer speaks, judged from what is played.
//!
//! Packets come at a constant bitrate whether somebody speaks or not, and carry no level, so this can only
//! be told after decoding.

use std::time::Duration;

use super::DownlinkEvent;
use crate::activity::Activity;
use crate::{FRAME_SAMPLES, Level, Slot, Stream};

/// The time between two notices while somebody speaks.
const NOTICE: Duration = Duration::from_millis(100);

/// Follows one sender's sound.
#[derive(Debug, Clone)]
pub(super) struct SpeechMeter {
    activity: Activity,
    /// The frame being collected: energy and samples.
    energy: f32,
    samples: usize,
    /// The same since the level was taken last.
    total_energy: f32,
    total_samples: usize,
    level: Level,
    speaking: bool,
    stream: Stream,
    /// The last that was told: when, and what.
    told: Option<(Duration, Stream)>,
}

/// What should be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Speech {
    pub(super) speaking: bool,
    pub(super) whisper: bool,
    pub(super) level: Level,
}

impl Speech {
    /// The end of speech.
    pub(super) const END: Self = Self {
        speaking: false,
        whisper: false,
        level: Level::SILENCE,
    };

    /// Returns what is told of a peer.
    pub(super) fn of(self, slot: Slot) -> DownlinkEvent {
        DownlinkEvent::Speaking {
            slot,
            speaking: self.speaking,
            whisper: self.whisper,
            level: self.level,
        }
    }
}

impl SpeechMeter {
    pub(super) fn new() -> Self {
        Self {
            activity: Activity::new(),
            energy: 0.0,
            samples: 0,
            total_energy: 0.0,
            total_samples: 0,
            level: Level::SILENCE,
            speaking: false,
            stream: Stream::Open,
            told: None,
        }
    }

    /// Takes a block that was played; `sound` is empty where nothing was sent.
    pub(super) fn block(&mut self, stream: Stream, sound: &[f32], count: usize) {
        self.stream = stream;
        let mut at = 0;
        while at < count {
            let part = (FRAME_SAMPLES - self.samples).min(count - at);
            let heard = &sound[at.min(sound.len())..(at + part).min(sound.len())];
            self.energy += heard.iter().map(|sample| sample * sample).sum::<f32>();
            self.samples += part;
            at += part;
            if self.samples == FRAME_SAMPLES {
                self.level = Level::from_power(self.energy / FRAME_SAMPLES as f32);
                self.speaking = self.activity.frame(self.level);
                self.total_energy += self.energy;
                self.total_samples += FRAME_SAMPLES;
                self.energy = 0.0;
                self.samples = 0;
            }
        }
    }

    /// Lets `count` samples go by that were sent but not decoded, so that nobody knows what is in them.
    pub(super) fn unheard(&mut self, count: usize) {
        self.energy = 0.0;
        self.samples += count;
        while self.samples >= FRAME_SAMPLES {
            self.samples -= FRAME_SAMPLES;
            self.speaking = self.activity.unheard();
        }
    }

    /// Whether there is speech, or was within the last 300 ms.
    pub(super) fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// How loud the last frame was, in dBFS; who speaks, or paused just now, counts as 100 dB louder.
    pub(super) fn loudness(&self) -> f32 {
        self.level.db() + if self.speaking { 100.0 } else { 0.0 }
    }

    /// Nothing is played any more.
    pub(super) fn stop(&mut self) {
        self.activity.silence();
        self.speaking = false;
        self.level = Level::SILENCE;
        self.energy = 0.0;
        self.samples = 0;
    }

    /// Whether speech was told of whose end was not.
    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// The end of speech was told by other means.
    pub(super) fn forget_told(&mut self) {
        self.told = None;
    }

    /// The level since the last call.
    pub(super) fn take_level(&mut self) -> Level {
        let samples = std::mem::take(&mut self.total_samples).max(1);
        Level::from_power(std::mem::take(&mut self.total_energy) / samples as f32)
    }

    /// What to tell now, if anything.
    pub(super) fn notice(&mut self, now: Duration) -> Option<Speech> {
        match (self.told, self.speaking) {
            (None, false) => return None,
            (Some((at, stream)), true)
                if stream == self.stream && now.saturating_sub(at) < NOTICE =>
            {
                return None;
            }
            (_, true) => self.told = Some((now, self.stream)),
            (Some(_), false) => self.told = None,
        }
        Some(Speech {
            speaking: self.speaking,
            whisper: self.stream == Stream::Whisper,
            level: self.level,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_told_when_it_begins_every_100_ms_and_when_it_ends() {
        let mut meter = SpeechMeter::new();
        let mut told = Vec::new();
        let loud = [0.1; 240];
        for block in 0..200_u64 {
            let sound: &[f32] = if (40..80).contains(&block) {
                &loud
            } else {
                &[]
            };
            meter.block(Stream::Whisper, sound, 240);
            told.extend(meter.notice(Duration::from_millis(block * 5)));
        }
        assert!(told.iter().all(|speech| speech.whisper));
        assert!(told[0].speaking && !told.last().unwrap().speaking);
        // 180 ms of speech after the onset, and 300 ms of hangover.
        assert_eq!(told.len(), 6);
    }
}
