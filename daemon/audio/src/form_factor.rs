//! What kind of thing a device is, as far as its system knows.

use std::fmt;

/// What kind of thing a device is, to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FormFactor {
    /// Headphones with a microphone: nothing of what is played reaches the microphone.
    Headset,
    /// Headphones without a microphone.
    Headphones,
    /// A telephone's receiver.
    Handset,
    /// Loudspeakers, built in or not.
    Speakers,
    /// A microphone that stands by itself.
    Microphone,
    /// The microphone of a camera.
    Webcam,
    /// A microphone and a loudspeaker in one box, for a room.
    HandsFree,
    /// A television or monitor, over HDMI or DisplayPort.
    Screen,
    /// Built into the machine.
    BuiltIn,
    /// The system does not say.
    #[default]
    Unknown,
}

impl FormFactor {
    /// Whether what is played through it stays away from a microphone, so that there is no echo to cancel.
    #[must_use]
    pub fn is_worn(self) -> bool {
        matches!(self, Self::Headset | Self::Headphones | Self::Handset)
    }

    /// Its name for programs and for people: `headset`, `built-in`; nothing when it is not known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Headset => "headset",
            Self::Headphones => "headphones",
            Self::Handset => "handset",
            Self::Speakers => "speakers",
            Self::Microphone => "microphone",
            Self::Webcam => "webcam",
            Self::HandsFree => "hands-free",
            Self::Screen => "screen",
            Self::BuiltIn => "built-in",
            Self::Unknown => return None,
        })
    }
}

impl fmt::Display for FormFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("unknown"))
    }
}
