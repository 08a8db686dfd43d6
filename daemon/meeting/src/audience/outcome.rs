//! What talking leads to: what the user is told, what is to be done, what is refused, what is shown.

use std::time::Duration;

use super::announce::WhisperNotice;
use crate::command::WhisperMode;
use crate::ids::PeerId;
use crate::output::VoiceChange;
use crate::presence::{Flags, Presence};
use crate::refusal::Refusal;
use crate::view::{Cut, NobodyBecause};

/// What the user must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A receiver of my whisper is deafened.
    ReceiverDeafened(PeerId),
    /// A receiver of my whisper has gone or was cut off; it goes on with the rest.
    ReceiverGone(PeerId),
    /// A receiver that was cut off is included again.
    ReceiverBack(PeerId),
    /// Nobody is left to hear my whisper: I speak to nobody.
    WhisperEmpty,
    /// A whisper's time is over.
    WhisperOver,
    /// A held whisper ended before it was released: I speak to nobody.
    HoldLost,
    /// Something happened at the machine while a whisper was held: I speak to nobody.
    HoldCut(Cut),
    /// Something happened at the machine while the microphone was pressed open.
    PressCut(Cut),
    /// Somebody begins to whisper to me, or to other people than before.
    WhisperStarted {
        /// Who.
        from: PeerId,
        /// To whom else, according to the speaker.
        others: Vec<PeerId>,
        /// I am deafened, so it cannot be heard.
        unheard: bool,
    },
    /// A whisper to me is over.
    WhisperStopped {
        /// Whose.
        from: PeerId,
    },
    /// The microphone is pressed for long: the key may be stuck.
    PressLong,
    /// It was pressed for so long that it is no longer.
    PressTooLong,
    /// Whoever held the press shows no life.
    PressLost,
}

/// What [`Talk`](super::Talk) wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TalkOutput {
    /// Tell the voice machines.
    Voice(VoiceChange),
    /// Tell the user.
    Notice(Notice),
    /// Tell a receiver, by a direct message, that my whisper to it starts or stops; then call [`Talk::told`](super::Talk::told).
    Tell {
        /// Whom.
        peer: PeerId,
        /// What.
        notice: WhisperNotice,
    },
    /// My muted or deafened flag is no longer what was signed.
    FlagsChanged(Flags),
}

/// Why a wish was not granted. The mesh knows the names that a [`Refusal`] needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TalkRefusal {
    NotInMeeting,
    OnThePhone,
    YouAreAway,
    YouAreDeafened,
    NobodyNamed,
    Yourself,
    Absent {
        peer: PeerId,
        presence: Presence,
    },
    NotOnRoster {
        peer: PeerId,
    },
    NothingToReplyTo,
    WhispererGone {
        peer: PeerId,
    },
    /// The answer would not go to those whom the user meant, but to `peer`.
    ReplyMoved {
        peer: PeerId,
    },
    /// The answer would reach `peer`, whom the user did not mean.
    ReplyReaches {
        peer: PeerId,
    },
    NothingHeld,
    WrongDuration,
}

impl TalkRefusal {
    /// The same in words; `label` gives a peer's name.
    pub(crate) fn named(self, label: impl Fn(PeerId) -> String) -> Refusal {
        match self {
            Self::NotInMeeting => Refusal::NotInMeeting,
            Self::OnThePhone => Refusal::OnThePhone,
            Self::YouAreAway => Refusal::YouAreAway,
            Self::YouAreDeafened => Refusal::YouAreDeafened,
            Self::NobodyNamed => Refusal::NobodyNamed,
            Self::Yourself => Refusal::Yourself,
            Self::Absent { peer, presence } => Refusal::Absent {
                peer,
                label: label(peer),
                presence,
            },
            Self::NotOnRoster { peer } => Refusal::NotOnRoster {
                peer,
                label: label(peer),
            },
            Self::NothingToReplyTo => Refusal::NothingToReplyTo,
            Self::WhispererGone { peer } => Refusal::WhispererGone {
                peer,
                label: label(peer),
            },
            Self::ReplyMoved { peer } => Refusal::ReplyMoved {
                peer,
                label: label(peer),
            },
            Self::ReplyReaches { peer } => Refusal::ReplyReaches {
                peer,
                label: label(peer),
            },
            Self::NothingHeld => Refusal::NothingHeld,
            Self::WrongDuration => Refusal::WrongDuration,
        }
    }
}

/// To whom I speak, as it is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Everyone present.
    Everyone,
    /// A chosen few.
    Whisper {
        /// Those chosen, in that order, also those that are cut off right now.
        to: Vec<PeerId>,
        /// Those who receive it right now.
        reached: Vec<PeerId>,
        /// How long.
        mode: WhisperMode,
        /// For a whisper of stated length, when it ends.
        until: Option<Duration>,
    },
    /// Nobody, until the user says whom.
    Nobody(NobodyBecause),
}
