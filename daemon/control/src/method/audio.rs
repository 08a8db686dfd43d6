//! What is heard of the user, and of others.

use super::bound::{FLAG, NAME, VOLUME};
use super::declare::{Answered, method};
use crate::model::{Latency, Person, TalkMode};
use serde::{Deserialize, Serialize};
use std::time::Duration;

method! {
    /// Closes the microphone.
    pub struct AudioMute: "audio.mute" -> AudioReply;
    reply: "`muted`; `deafened`; `mode`: as in **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Opens the microphone.
    pub struct AudioUnmute: "audio.unmute" -> AudioReply;
    reply: "`muted`; `deafened`; `mode`: as in **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Closes loudspeaker and microphone.
    pub struct AudioDeafen: "audio.deafen" -> AudioReply;
    reply: "`muted`; `deafened`; `mode`: as in **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Opens the loudspeaker; the microphone returns to what it was.
    pub struct AudioUndeafen: "audio.undeafen" -> AudioReply;
    reply: "`muted`; `deafened`; `mode`: as in **Talk**";
    answered: Answered::AtOnce;
}

/// The reply to `audio.mute`, `unmute`, `deafen` and `undeafen`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioReply {
    /// Whether the microphone is closed.
    pub muted: bool,
    /// Whether the loudspeaker is closed too.
    pub deafened: bool,
    /// When the microphone is open while it is not muted.
    #[serde(default)]
    pub mode: TalkMode,
}

method! {
    /// Sets how loud one person is.
    pub struct AudioVolume: "audio.volume" -> VolumeReply;
    reply: "`person`: **Person**; `percent`";
    answered: Answered::AtOnce;
    required {
        /// The person.
        name: String = NAME;
        /// The volume, in per cent of what is received.
        percent: u16 = VOLUME;
    }
}

/// The reply to `audio.volume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeReply {
    /// The person.
    pub person: Person,
    /// The volume, in per cent.
    pub percent: u16,
}

/// The longest that a chirp is sent and searched for.
const CHIRPING: Duration = Duration::from_secs(5);

method! {
    /// Tells how long sound takes between the user and a colleague, and where.
    pub struct AudioLatency: "audio.latency" -> Latency;
    reply: "`person`: **Person**; `to` and `from`: **Way**, each once something was heard that way";
    answered: Answered::As(chirping, "at once; 5 s with a chirp");
    required {
        /// The colleague, present in the active meeting.
        name: String = NAME;
    }
    optional {
        /// Whether to measure the way there with a [chirp](#chirps) too, which takes about a second. It goes to this person alone, who does not hear it; others do not hear the user for 60 ms.
        chirp: bool = FLAG;
    }
}

fn chirping(params: &AudioLatency) -> Duration {
    match params.chirp {
        true => CHIRPING,
        false => Duration::ZERO,
    }
}

method! {
    /// Stops playing somebody who is heard through the room anyway.
    pub struct AudioSilence: "audio.silence" -> SilenceReply;
    reply: "`person`: **Person**; `silenced`";
    answered: Answered::AtOnce;
    required {
        /// The person, in the active meeting.
        name: String = NAME;
    }
}

method! {
    /// Plays them again.
    pub struct AudioUnsilence: "audio.unsilence" -> SilenceReply;
    reply: "`person`: **Person**; `silenced`";
    answered: Answered::AtOnce;
    required {
        /// The person, in the active meeting.
        name: String = NAME;
    }
}

/// The reply to `audio.silence` and `audio.unsilence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceReply {
    /// The person.
    pub person: Person,
    /// Whether they are heard through the room alone now.
    pub silenced: bool,
}
