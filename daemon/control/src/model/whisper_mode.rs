//! How long a whisper lasts: one type, and its two forms on the wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::time::Duration;

/// How long a whisper lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhisperMode {
    /// Until it is released (`talk.release`). Speaks even while muted. If it ends otherwise, because its connection ends or
    /// it is not renewed, the user speaks to nobody.
    Hold,
    /// Until the user speaks to everyone again. Silent while muted.
    #[default]
    Latch,
    /// For this long; whole milliseconds on the wire.
    For(Duration),
}

impl WhisperMode {
    /// Returns the time of a whisper that has one.
    #[must_use]
    pub const fn time(self) -> Option<Duration> {
        match self {
            Self::For(time) => Some(time),
            Self::Hold | Self::Latch => None,
        }
    }

    const fn word(self) -> Word {
        match self {
            Self::Hold => Word::Hold,
            Self::Latch => Word::Latch,
            Self::For(_) => Word::Until,
        }
    }

    fn milliseconds(self) -> Option<u64> {
        self.time()
            .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The mode's word on the wire.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Hold,
    #[default]
    Latch,
    Until,
}

/// The form in which a program asks: `{"mode":"until","for_ms":5000}`.
#[derive(Serialize, Deserialize)]
struct Asked {
    #[serde(default)]
    mode: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
}

impl Serialize for WhisperMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Asked {
            mode: self.word(),
            for_ms: self.milliseconds(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WhisperMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Asked { mode, for_ms } = Asked::deserialize(deserializer)?;
        match (mode, for_ms) {
            (Word::Until, Some(ms)) => Ok(Self::For(Duration::from_millis(ms))),
            (Word::Until, None) => Err(de::Error::custom(
                "mode \"until\" needs for_ms, the time in milliseconds",
            )),
            (Word::Hold, None) => Ok(Self::Hold),
            (Word::Latch, None) => Ok(Self::Latch),
            (Word::Hold | Word::Latch, Some(_)) => {
                Err(de::Error::custom("for_ms belongs to mode \"until\" alone"))
            }
        }
    }
}

/// The form in which a daemon tells: `{"mode":"until","remaining_ms":4200}`.
pub(super) mod left {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, WhisperMode, Word};

    /// The words of this version, and any other.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Known(Word),
        #[allow(dead_code)] // read, and told apart from the known ones
        Other(serde::de::IgnoredAny),
    }

    #[derive(Deserialize)]
    struct Incoming {
        #[serde(default)]
        mode: Option<Told>,
        #[serde(default)]
        remaining_ms: Option<u64>,
    }

    #[derive(Serialize)]
    struct Outgoing {
        mode: Word,
        #[serde(skip_serializing_if = "Option::is_none")]
        remaining_ms: Option<u64>,
    }

    pub(in crate::model) fn serialize<S: Serializer>(
        mode: &WhisperMode,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Outgoing {
            mode: mode.word(),
            remaining_ms: mode.milliseconds(),
        }
        .serialize(serializer)
    }

    /// Reads what a daemon of any release tells. A mode that this version does not know counts as one that lasts until
    /// the user speaks to everyone again: that ends every whisper.
    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<WhisperMode, D::Error> {
        let Incoming { mode, remaining_ms } = Incoming::deserialize(deserializer)?;
        Ok(match (mode, remaining_ms) {
            (Some(Told::Known(Word::Hold)), _) => WhisperMode::Hold,
            (Some(Told::Known(Word::Until)), Some(ms)) => {
                WhisperMode::For(Duration::from_millis(ms))
            }
            _ => WhisperMode::Latch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TalkTo;
    use serde_json::{Value, json};

    fn asked(json: Value) -> Result<WhisperMode, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mode_comes_back_as_it_was_asked_for() {
        for mode in [
            WhisperMode::Hold,
            WhisperMode::Latch,
            WhisperMode::For(Duration::from_millis(1500)),
        ] {
            assert_eq!(asked(serde_json::to_value(mode).unwrap()), Ok(mode));
        }
        assert_eq!(asked(json!({})), Ok(WhisperMode::Latch));
    }

    #[test]
    fn nonsense_is_refused_with_the_reason() {
        for (nonsense, reason) in [
            (json!({"mode": "until"}), "needs for_ms"),
            (json!({"mode": "hold", "for_ms": 5}), "alone"),
            (json!({"for_ms": 5}), "alone"),
            (json!({"mode": "for ever"}), "for ever"),
            (json!({"mode": "until", "for_ms": -1}), "-1"),
        ] {
            let error = asked(nonsense.clone()).unwrap_err();
            assert!(error.contains(reason), "{nonsense}: {error}");
        }
    }

    #[test]
    fn what_a_newer_daemon_tells_lasts_until_the_user_speaks_to_everyone() {
        let told = |mode: Value| {
            let to: TalkTo = serde_json::from_value(mode).unwrap();
            let TalkTo::Whisper { mode, .. } = to else {
                unreachable!("a whisper stays one")
            };
            mode
        };
        let with = |mode: Value| json!({"audience": "whisper", "to": [], "mode": mode});
        assert_eq!(told(with(json!("while_typing"))), WhisperMode::Latch);
        assert_eq!(told(with(json!({"until": 5}))), WhisperMode::Latch);
        assert_eq!(told(with(json!("until"))), WhisperMode::Latch);
        assert_eq!(told(with(json!("hold"))), WhisperMode::Hold);
    }
}
