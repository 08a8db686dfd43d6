//! Who hears the user now, and who whispers to the user.

use super::{Person, WhisperMode};
use serde::{Deserialize, Serialize};

/// The user's audience and the whispers that reach the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Whom voice goes to when the microphone is open.
    pub to: TalkTo,
    /// Why that is nobody, although the user is in a meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nobody_because: Option<NobodyBecause>,
    /// Whether the microphone is open at this moment: a held whisper opens it although `muted` is set.
    #[serde(default)]
    pub microphone_open: bool,
    /// When it is open while the user is unmuted.
    #[serde(default)]
    pub mode: TalkMode,
    /// Whether it is pressed: open although `mode` or a mute would have it closed.
    #[serde(default)]
    pub pressed: bool,
    /// Whether the user talks although muted, and nobody hears it.
    #[serde(default)]
    pub muted_but_talking: bool,
    /// Receivers of the whisper who hear nothing because they are deafened.
    #[serde(default)]
    pub not_hearing: Vec<Person>,
    /// Whispers that reach the user now.
    #[serde(default)]
    pub incoming: Vec<IncomingWhisper>,
    /// Whom `talk.reply` would speak to; empty if there is nobody to answer.
    #[serde(default)]
    pub reply_to: Vec<Person>,
}

/// The times at which an unmuted microphone is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TalkMode {
    /// Always.
    #[default]
    Open,
    /// Always, and what it captures is sent while there is speech.
    Voice,
    /// While it is pressed.
    Push,
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

/// Whom the user's voice goes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "audience", rename_all = "snake_case")]
pub enum TalkTo {
    /// Everyone present in the active meeting.
    Everyone,
    /// The chosen alone.
    Whisper {
        /// Who was chosen and is still present.
        to: Vec<Person>,
        /// How long it still lasts; on the wire `mode`, and `remaining_ms` for a stated time.
        #[serde(flatten, with = "super::whisper_mode::left")]
        mode: WhisperMode,
    },
    /// Nobody: no active meeting, or what [`Talk::nobody_because`] says.
    #[default]
    Nobody,
    /// An audience that this version does not know; somebody may hear the user.
    #[serde(other)]
    Unknown,
}

/// The reason why the user speaks to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NobodyBecause {
    /// All receivers of the whisper have gone.
    ReceiversGone,
    /// A held whisper ended before it was released.
    HoldLost,
    /// The screen was locked while a whisper was held.
    ScreenLocked,
    /// A screen saver came on while a whisper was held.
    ScreenSaver,
    /// The machine was suspended while a whisper was held.
    Suspended,
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

/// A whisper that reaches the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingWhisper {
    /// Who whispers.
    pub from: Person,
    /// Who else hears it, according to the speaker; the user is not among them.
    #[serde(default)]
    pub also_to: Vec<Person>,
    /// Whether the user hears it; `false` while deafened.
    #[serde(default)]
    pub heard: bool,
}

/// Who speaks how loud, at most ten times a second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Level of the user's microphone in decibels relative to full scale, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microphone_dbfs: Option<f32>,
    /// Whether the user's own voice is being sent.
    #[serde(default)]
    pub you_speak: bool,
    /// Everyone heard right now. Who is missing here is silent.
    #[serde(default)]
    pub speakers: Vec<Level>,
}

/// How loud one participant is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The participant's `id`.
    pub id: String,
    /// Decibels relative to full scale.
    pub level_dbfs: f32,
    /// Whether this is a whisper to the user.
    #[serde(default)]
    pub whisper: bool,
}
