//! Speech behind a microphone that nobody hears: whoever talks while muted is to be told.
//!
//! Nothing of the sound is kept, encoded or sent. It is judged frame by frame by its level, and by the detector of the
//! processor where there is one: that knows speech from a keyboard, and the user's voice from what the loudspeaker plays.
//! A processor that rests is woken by any sound.

use crate::activity::Activity;
use crate::{FrameLength, Level};

/// How many frames of 10 ms with speech in them, each no longer than a breath after the one before, make talking: 400 ms.
const TALKING: u32 = 40;

/// How many frames of 10 ms without speech end it: 1.7 s, after the 300 ms that still count as speech.
const OVER: u32 = 170;

/// How many frames of 10 ms a sound keeps the processor awake: 1 s.
const AWAKE: u32 = 100;

/// Listens for the user behind a closed microphone, while it is asked to.
#[derive(Debug)]
pub(super) struct MutedSpeech {
    length: FrameLength,
    wanted: bool,
    activity: Activity,
    /// Frames of speech, as long as it goes on.
    spoken: u32,
    /// Frames without speech.
    quiet: u32,
    /// Frames for which the processor is to stay awake.
    awake: u32,
    talking: bool,
}

impl MutedSpeech {
    pub(super) fn new(length: FrameLength) -> Self {
        Self {
            length,
            wanted: false,
            activity: Activity::for_frames(length),
            spoken: 0,
            quiet: 0,
            awake: 0,
            talking: false,
        }
    }

    /// Says whether to listen at all. Returns what to tell, if anything.
    pub(super) fn listen(&mut self, wanted: bool) -> Option<bool> {
        self.wanted = wanted;
        self.end()
    }

    /// Returns whether the processor should work although nobody hears the microphone.
    pub(super) fn needs_processor(&self) -> bool {
        self.wanted && self.awake > 0
    }

    /// Judges a frame that nobody hears, by its level and the probability of speech in it, where that is known. Returns
    /// whether the user talks, if that has changed.
    pub(super) fn judge(&mut self, level: Level, probability: Option<f32>) -> Option<bool> {
        if !self.wanted {
            return None;
        }
        let verdict = self.activity.judge(level, probability);
        self.awake = match verdict.passes {
            true => self.length.as_many_as(AWAKE),
            false => self.awake.saturating_sub(1),
        };
        if verdict.speech {
            self.spoken = self.spoken.saturating_add(u32::from(verdict.loud));
            self.quiet = 0;
        } else {
            self.spoken = 0;
            self.quiet = self.quiet.saturating_add(1);
        }
        let talking = match self.talking {
            true => self.quiet < self.length.as_many_as(OVER),
            false => self.spoken >= self.length.as_many_as(TALKING),
        };
        self.tell(talking)
    }

    /// Takes note that the microphone is heard. Returns what to tell, if anything.
    pub(super) fn end(&mut self) -> Option<bool> {
        self.activity.silence();
        (self.spoken, self.quiet, self.awake) = (0, 0, 0);
        self.tell(false)
    }

    fn tell(&mut self, talking: bool) -> Option<bool> {
        (std::mem::replace(&mut self.talking, talking) != talking).then_some(talking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listener that has heard a quiet room, at −66 dBFS.
    fn listening(length: FrameLength) -> MutedSpeech {
        let mut muted = MutedSpeech::new(length);
        assert_eq!(muted.listen(true), None);
        assert_eq!(hear(&mut muted, -66.0, None, 100), []);
        muted
    }

    /// Returns what is told of so many equal frames, each with its number.
    fn hear(
        muted: &mut MutedSpeech,
        db: f32,
        probability: Option<f32>,
        frames: u32,
    ) -> Vec<(u32, bool)> {
        (1..=frames)
            .filter_map(|frame| Some((frame, muted.judge(Level::from_db(db), probability)?)))
            .collect()
    }

    #[test]
    fn talking_is_told_after_400_ms_and_its_end_after_two_seconds() {
        for (length, factor) in [(FrameLength::Usual, 1), (FrameLength::Short, 2)] {
            let mut muted = listening(length);
            let told = hear(&mut muted, -25.0, None, 100 * factor);
            let [(frame, true)] = told[..] else {
                panic!("{told:?}");
            };
            assert!((40..=43).contains(&(frame / factor)), "{frame}");
            let told = hear(&mut muted, -66.0, None, 300 * factor);
            let [(frame, false)] = told[..] else {
                panic!("{told:?}");
            };
            assert!((195..=200).contains(&(frame / factor)), "{frame}");
        }
    }

    #[test]
    fn words_with_short_pauses_are_talking_and_clicks_are_not() {
        let mut muted = listening(FrameLength::Usual);
        for _ in 0..20 {
            assert_eq!(hear(&mut muted, -25.0, None, 5), [], "a click");
            assert_eq!(hear(&mut muted, -66.0, None, 60), []);
        }
        let mut told = Vec::new();
        for _ in 0..4 {
            told.extend(hear(&mut muted, -25.0, None, 15));
            told.extend(hear(&mut muted, -66.0, None, 20));
        }
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn a_keyboard_that_the_detector_knows_is_not_talking_but_wakes_the_processor() {
        let mut muted = listening(FrameLength::Usual);
        assert!(!muted.needs_processor());
        assert_eq!(hear(&mut muted, -25.0, Some(0.1), 20), []);
        assert!(muted.needs_processor());
        assert_eq!(hear(&mut muted, -66.0, Some(0.0), 100), []);
        assert!(!muted.needs_processor());
    }

    #[test]
    fn nothing_is_heard_unless_it_is_wanted_and_an_open_microphone_ends_it() {
        let mut muted = MutedSpeech::new(FrameLength::Usual);
        assert_eq!(hear(&mut muted, -25.0, None, 200), []);
        let mut muted = listening(FrameLength::Usual);
        assert_eq!(hear(&mut muted, -25.0, None, 100).len(), 1);
        assert_eq!(muted.end(), Some(false));
        assert_eq!(muted.end(), None);
        assert_eq!(hear(&mut muted, -25.0, None, 100).len(), 1);
        assert_eq!(muted.listen(false), Some(false));
        assert!(!muted.needs_processor());
    }
}
