//! What the uplink tells, and how often.

use std::collections::VecDeque;

use super::UplinkEvent;
use crate::{Level, SampleCount, SampleTime};

/// How many events wait to be polled.
const EVENTS: usize = 64;

/// A sample at or above this is clipped.
const CLIPPED: f32 = 0.999;

/// Events that are limited are at least this far apart.
const APART: SampleCount = SampleCount::from_millis(1_000);

/// Events that wait to be polled.
#[derive(Debug)]
pub(super) struct Notices {
    events: VecDeque<UplinkEvent>,
    speaking: bool,
    /// When limited events came last.
    spoke: Option<SampleTime>,
    clipped: Option<SampleTime>,
}

impl Notices {
    pub(super) fn new() -> Self {
        Self {
            events: VecDeque::with_capacity(EVENTS),
            speaking: false,
            spoke: None,
            clipped: None,
        }
    }

    /// Takes the oldest event out.
    pub(super) fn poll(&mut self) -> Option<UplinkEvent> {
        self.events.pop_front()
    }

    /// Adds an event, if there is room.
    pub(super) fn tell(&mut self, event: UplinkEvent) {
        if self.events.len() < EVENTS {
            self.events.push_back(event);
        }
    }

    /// Tells of speech in the frame that begins at `start`.
    pub(super) fn speech(&mut self, speech: bool, level: Level, start: SampleTime) {
        if speech && is_due(self.spoke, start) {
            self.spoke = Some(start);
            self.tell(UplinkEvent::Spoke);
        }
        self.set_speaking(speech, level);
    }

    /// Tells that the microphone closed.
    pub(super) fn silence(&mut self) {
        self.set_speaking(false, Level::SILENCE);
    }

    fn set_speaking(&mut self, speaking: bool, level: Level) {
        if self.speaking != speaking {
            self.speaking = speaking;
            self.tell(UplinkEvent::Speaking { speaking, level });
        }
    }

    /// Tells when the microphone itself reaches full scale, whatever is made of its sound.
    pub(super) fn captured(&mut self, sound: &[f32], start: SampleTime) {
        if sound.iter().any(|sample| sample.abs() >= CLIPPED) && is_due(self.clipped, start) {
            self.clipped = Some(start);
            self.tell(UplinkEvent::Clipped);
        }
    }
}

/// Tells whether a second has passed since the notice of this kind before.
fn is_due(last: Option<SampleTime>, start: SampleTime) -> bool {
    last.is_none_or(|last| start.since(last) >= APART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_and_speech_are_told_once_a_second() {
        let mut notices = Notices::new();
        for frame in 0..100 {
            let start = SampleTime::new(frame * 480);
            notices.captured(&[0.0, -1.0], start);
            notices.speech(true, Level::SILENCE, start);
        }
        let speaking = UplinkEvent::Speaking {
            speaking: true,
            level: Level::SILENCE,
        };
        let told: Vec<_> = std::iter::from_fn(|| notices.poll()).collect();
        assert_eq!(told, [UplinkEvent::Clipped, UplinkEvent::Spoke, speaking]);
        notices.captured(&[1.0], SampleTime::new(48_000));
        assert_eq!(notices.poll(), Some(UplinkEvent::Clipped));
    }

    #[test]
    fn whoever_polls_nothing_loses_the_newest() {
        let mut notices = Notices::new();
        for _ in 0..2 * EVENTS {
            notices.tell(UplinkEvent::Spoke);
        }
        assert_eq!(std::iter::from_fn(|| notices.poll()).count(), EVENTS);
    }
}
