//! Whether somebody speaks.
//!
//! Energy against a noise floor: the floor falls at once to a quieter frame and rises slowly, so that speech
//! stands out of it and a fan that starts becomes part of it within seconds. Energy knows no speech from a slammed
//! door; where a detector says how likely a frame is speech, it has the last word, and energy only what is worth asking.
//!
//! Two questions are answered. *Is there speech?* may be answered some frames late: it lights an indicator. *May a gate
//! close?* must not be, or first syllables are cut off: whatever stands out of the noise passes at once, and is cut
//! off a quarter of a second later if it turns out to be none.

use crate::{FrameLength, Level};

/// How far above the noise floor speech stands, in dB.
const MARGIN: f32 = 9.0;

/// How far above the noise floor sound must stand to pass a gate before anybody knows what it is, in dB.
const NOTICEABLE: f32 = 4.5;

/// What is quieter than this is never speech, in dBFS.
const QUIETEST: f32 = -58.0;

/// How fast the floor rises, in dB in 10 ms: 5 dB a second.
const RISE: f32 = 0.05;

/// How many frames of 10 ms in a row make speech of a noise: a key click is shorter.
const ONSET: u32 = 2;

/// The same where a detector answers.
const LIKELY_ONSET: u32 = 3;

/// From this probability on a frame is speech, see `benches/processing`.
const LIKELY: f32 = 0.7;

/// How many frames of 10 ms after the last loud one still count as speech: 300 ms, longer than a stop consonant and
/// the pauses between words.
const HANGOVER: u32 = 30;

/// For how many frames of 10 ms what stands out of the noise passes a gate without being speech: the detector knows by then.
const TRIAL: u32 = 25;

/// What is known of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// There is speech, or was a moment ago.
    pub(crate) speech: bool,
    /// A gate lets it pass.
    pub(crate) passes: bool,
    /// It sounds like speech by itself.
    pub(crate) loud: bool,
}

/// Detects speech in a stream of frames.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    length: FrameLength,
    floor: f32,
    loud: u32,
    hangover: u32,
    /// Frames in a row that stood out of the noise.
    noticed: u32,
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
            noticed: 0,
        }
    }

    /// Takes the next frame's level; tells whether there is speech.
    pub(crate) fn frame(&mut self, level: Level) -> bool {
        self.judge(level, None).speech
    }

    /// The same with the probability of speech in it, 0…1, where that is known.
    pub(crate) fn judge(&mut self, level: Level, probability: Option<f32>) -> Verdict {
        let level = level.db();
        if level < self.floor {
            // Not below what counts as noise at all, or digital silence would make everything speech.
            self.floor = level.max(QUIETEST - MARGIN);
        } else {
            let rise = RISE / self.length.as_many_as(1) as f32;
            self.floor = (self.floor + rise).min(level);
        }
        let (loud, onset) = match probability {
            None => (level > self.floor + MARGIN, ONSET),
            Some(probability) => (probability >= LIKELY, LIKELY_ONSET),
        };
        if level > QUIETEST && loud {
            self.loud += 1;
        } else {
            self.loud = 0;
        }
        if self.loud >= self.length.as_many_as(onset) {
            self.hangover = self.length.as_many_as(HANGOVER);
        } else {
            self.hangover = self.hangover.saturating_sub(1);
        }
        if level > QUIETEST && level > self.floor + NOTICEABLE {
            self.noticed = self.noticed.saturating_add(1);
        } else {
            self.noticed = 0;
        }
        let speech = self.hangover > 0;
        Verdict {
            speech,
            passes: speech || (1..=self.length.as_many_as(TRIAL)).contains(&self.noticed),
            loud: self.loud > 0,
        }
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
        self.noticed = 0;
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

    #[test]
    fn a_gate_lets_the_first_frame_of_anything_pass_and_noise_for_a_quarter_of_a_second() {
        let mut activity = Activity::new();
        run(&mut activity, -60.0, 100);
        let mut passed = 0;
        for _ in 0..100 {
            let verdict = activity.judge(Level::from_db(-40.0), Some(0.1));
            assert!(!verdict.speech);
            passed += u32::from(verdict.passes);
        }
        assert_eq!(passed, TRIAL);
        run(&mut activity, -60.0, 10);
        assert!(activity.judge(Level::from_db(-40.0), Some(0.9)).passes);
    }

    #[test]
    fn a_detector_has_the_last_word() {
        let mut activity = Activity::new();
        for _ in 0..100 {
            assert!(!activity.judge(Level::from_db(-20.0), Some(0.2)).speech);
        }
        for frame in 1..10 {
            let speech = activity.judge(Level::from_db(-45.0), Some(0.95)).speech;
            assert_eq!(speech, frame >= LIKELY_ONSET);
        }
    }
}
