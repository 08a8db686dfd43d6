//! Whether somebody speaks.
//!
//! Energy against a noise floor: the floor falls at once to a quieter frame and rises slowly, so that speech
//! stands out of it and a fan that starts becomes part of it within seconds.

use crate::{FrameLength, Level};

/// How far above the noise floor speech stands, in dB.
const MARGIN: f32 = 9.0;

/// What is quieter than this is never speech, in dBFS.
const QUIETEST: f32 = -58.0;

/// How fast the floor rises, in dB in 10 ms: 5 dB a second.
const RISE: f32 = 0.05;

/// How many frames of 10 ms in a row make speech of a noise: a key click is shorter.
const ONSET: u32 = 2;

/// How many frames of 10 ms after the last loud one still count as speech: 300 ms, longer than a stop consonant and
/// the pauses between words.
const HANGOVER: u32 = 30;

/// Detects speech in a stream of frames.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    length: FrameLength,
    floor: f32,
    loud: u32,
    hangover: u32,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self::for_frames(FrameLength::Usual)
    }

    /// For frames of this length.
    pub(crate) fn for_frames(length: FrameLength) -> Self {
        Self {
            length,
            floor: QUIETEST - MARGIN,
            loud: 0,
            hangover: 0,
        }
    }

    /// Takes the next frame's level; tells whether there is speech.
    pub(crate) fn frame(&mut self, level: Level) -> bool {
        let level = level.db();
        if level < self.floor {
            // Not below what counts as noise at all, or digital silence would make everything speech.
            self.floor = level.max(QUIETEST - MARGIN);
        } else {
            let rise = RISE / self.length.as_many_as(1) as f32;
            self.floor = (self.floor + rise).min(level);
        }
        if level > QUIETEST && level > self.floor + MARGIN {
            self.loud += 1;
        } else {
            self.loud = 0;
        }
        if self.loud >= self.length.as_many_as(ONSET) {
            self.hangover = self.length.as_many_as(HANGOVER);
        } else {
            self.hangover = self.hangover.saturating_sub(1);
        }
        self.hangover > 0
    }

    /// A frame went by unheard: nothing is learned of its noise. Tells whether there still is speech.
    pub(crate) fn unheard(&mut self) -> bool {
        self.loud = 0;
        self.hangover = self.hangover.saturating_sub(1);
        self.hangover > 0
    }

    /// There is no sound to judge: the microphone closed.
    pub(crate) fn silence(&mut self) {
        self.loud = 0;
        self.hangover = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(activity: &mut Activity, db: f32, frames: usize) -> bool {
        let mut speaking = false;
        for _ in 0..frames {
            speaking = activity.frame(Level::from_db(db));
        }
        speaking
    }

    #[test]
    fn speech_above_noise_is_found_and_held_for_300_ms() {
        let mut activity = Activity::new();
        assert!(!run(&mut activity, -60.0, 100));
        assert!(!run(&mut activity, -25.0, 1));
        assert!(run(&mut activity, -25.0, 1));
        assert!(run(&mut activity, -60.0, 29));
        assert!(!run(&mut activity, -60.0, 1));
    }

    #[test]
    fn steady_noise_becomes_the_floor() {
        let mut activity = Activity::new();
        assert!(run(&mut activity, -40.0, 10));
        assert!(!run(&mut activity, -40.0, 1000));
        assert!(run(&mut activity, -20.0, 3));
    }
}
