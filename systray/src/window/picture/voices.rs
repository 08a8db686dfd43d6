//! Who speaks, in steps that the eye can tell apart, so that nothing is drawn anew for less.

use std::collections::HashMap;

use sotto_control::model::Levels;

/// The softest level that is shown, in decibels relative to full scale.
const SOFTEST: f32 = -54.0;
/// How many steps a level has.
pub(crate) const STEPS: u8 = 4;

/// Everyone who is heard right now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Voices {
    speakers: HashMap<String, Speaker>,
    you: Option<u8>,
    microphone: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Speaker {
    step: u8,
    whisper: bool,
}

impl Voices {
    /// Takes what the daemon says.
    pub(crate) fn of(levels: &Levels) -> Self {
        let speakers = levels.speakers.iter().map(|level| {
            let speaker = Speaker {
                step: step(level.level_dbfs),
                whisper: level.whisper,
            };
            (level.id.clone(), speaker)
        });
        let microphone = levels.microphone_dbfs.map(step);
        Self {
            speakers: speakers.collect(),
            you: levels.you_speak.then(|| microphone.unwrap_or(1)),
            microphone,
        }
    }

    /// Returns how loud a person speaks, from 1 to [`STEPS`]; nothing for one who is silent.
    pub(crate) fn loudness(&self, id: &str, you: bool) -> Option<u8> {
        match you {
            true => self.you,
            false => self.speakers.get(id).map(|speaker| speaker.step),
        }
    }

    /// Returns whether what this person says is a whisper to the user.
    pub(crate) fn whispers(&self, id: &str) -> bool {
        self.speakers.get(id).is_some_and(|speaker| speaker.whisper)
    }

    /// Returns how loud the microphone is, while it is open.
    pub(crate) const fn microphone(&self) -> Option<u8> {
        self.microphone
    }
}

/// Whoever is heard is at least at step 1.
fn step(dbfs: f32) -> u8 {
    let share = ((dbfs - SOFTEST) / -SOFTEST).clamp(0.0, 1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from 0 to 4
    let step = (share * f32::from(STEPS)).ceil() as u8;
    step.clamp(1, STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_control::model::Level;

    #[test]
    fn small_changes_of_a_level_change_nothing() {
        let voices = |level_dbfs| {
            Voices::of(&Levels {
                speakers: vec![Level {
                    id: "bao".into(),
                    level_dbfs,
                    whisper: false,
                }],
                ..Levels::default()
            })
        };
        assert_eq!(voices(-20.0), voices(-19.5));
        assert_ne!(voices(-40.0), voices(-10.0));
        assert_eq!(voices(-90.0).loudness("bao", false), Some(1));
        assert_eq!(voices(3.0).loudness("bao", false), Some(STEPS));
        assert_eq!(voices(f32::NAN).loudness("bao", false), Some(1));
        assert_eq!(voices(-20.0).loudness("chen", false), None);
    }
}
