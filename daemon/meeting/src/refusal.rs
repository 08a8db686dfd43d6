//! Why a command was not done, in words for the person who gave it.

use std::time::Duration;

use thiserror::Error;

use crate::bounds::{MAX_VOLUME_PERCENT, MAX_WHISPER, MIN_WHISPER};
use crate::ids::{MeetingId, PeerId};
use crate::presence::Presence;

/// Why a command was refused. `Display` is a sentence for people; [`Refusal::hint`] says what helps.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No such meeting on my list and no invitation to it.
    #[error("there is no meeting {} on your list", .0.short())]
    UnknownMeeting(MeetingId),
    /// A peer that I have never seen.
    #[error("nobody with the key {0} is known")]
    UnknownPeer(PeerId),
    /// I am in no meeting.
    #[error("you are in no meeting")]
    NotInMeeting,
    /// I am on the roster, but have not joined this meeting.
    #[error("you have not joined \"{title}\"")]
    NotJoined {
        /// Its title.
        title: String,
    },
    /// No open invitation to this meeting.
    #[error("you have no open invitation to \"{title}\"")]
    NoInvitation {
        /// Its title.
        title: String,
    },
    /// The title is empty once control characters are removed.
    #[error("a meeting needs a title")]
    EmptyTitle,
    /// My name is empty once control characters are removed.
    #[error("a name may not be empty")]
    EmptyName,
    /// The list of colleagues is empty.
    #[error("nobody was named")]
    NobodyNamed,
    /// I named myself.
    #[error("you cannot do that with yourself")]
    Yourself,
    /// I keep as many meetings as is possible.
    #[error("your list holds {limit} meetings already")]
    TooManyMeetings {
        /// The limit.
        limit: usize,
    },
    /// The roster is full.
    #[error("\"{title}\" has {limit} participants already")]
    MeetingFull {
        /// Its title.
        title: String,
        /// The limit.
        limit: usize,
    },
    /// The whisper's receiver is not present in the active meeting.
    #[error("{label} is not there: {presence}")]
    Absent {
        /// The receiver.
        peer: PeerId,
        /// By name.
        label: String,
        /// As it is shown to me.
        presence: Presence,
    },
    /// The whisper's receiver is not on the active meeting's roster.
    #[error("{label} is not on this meeting's roster")]
    NotOnRoster {
        /// The receiver.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// Declined lately; a new invitation is possible later.
    #[error("{label} declined; you can invite again in {} s", .wait.as_secs().max(1))]
    DeclinedLately {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
        /// How long to wait.
        wait: Duration,
    },
    /// Too many invitations to this peer in a short time.
    #[error("{label} was invited too often; try again in {} s", .wait.as_secs().max(1))]
    TooManyInvitations {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
        /// How long to wait.
        wait: Duration,
    },
    /// Only the inviter withdraws.
    #[error("you did not invite {label}")]
    NotYourInvitation {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// The invited peer joined in the meantime.
    #[error("{label} has joined already")]
    AlreadyJoined {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// I am still in this meeting.
    #[error("you are still in \"{title}\"")]
    StillInside {
        /// Its title.
        title: String,
    },
    /// I am on the phone.
    #[error("you are on the phone")]
    OnThePhone,
    /// I am Away, so my microphone is closed.
    #[error("you are away")]
    YouAreAway,
    /// I am deafened, so I cannot speak openly.
    #[error("you are deafened")]
    YouAreDeafened,
    /// Nobody has whispered to me in this meeting.
    #[error("nobody has whispered to you in this meeting")]
    NothingToReplyTo,
    /// The last whisperer is not present any more.
    #[error("{label}, who whispered to you, is not there any more")]
    WhispererGone {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// Somebody else has begun to whisper to me since.
    #[error("{label} was the last to begin a whisper to you")]
    ReplyMoved {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// The answer would reach somebody whom the user did not mean.
    #[error("the answer would reach {label} too")]
    ReplyReaches {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// The held whisper or press has ended already, or was never begun.
    #[error("you hold neither a whisper nor the talk key")]
    NothingHeld,
    /// A volume beyond [`MAX_VOLUME_PERCENT`].
    #[error("a volume is 0 to {MAX_VOLUME_PERCENT} percent")]
    WrongVolume,
    /// A whisper's time is not [`MIN_WHISPER`] to [`MAX_WHISPER`].
    #[error("a whisper lasts {} s to {} s", MIN_WHISPER.as_secs_f32(), MAX_WHISPER.as_secs())]
    WrongDuration,
    /// Another daemon uses my identity.
    #[error("another Sotto on this network uses the same identity as this one")]
    Cloned,
    /// Goodbye has been said.
    #[error("Sotto is closing")]
    Closing,
}

impl Refusal {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownMeeting(_) => {
                "see your meetings with 'sotto meetings' and 'sotto invites'"
            }
            Self::UnknownPeer(_) | Self::NobodyNamed => "see your colleagues with 'sotto peers'",
            Self::NotInMeeting => {
                "start one with 'sotto meet TITLE NAME', or join one with 'sotto join'"
            }
            Self::NotJoined { .. } => "join it with 'sotto join'",
            Self::NoInvitation { .. } => "ask a participant to invite you",
            Self::TooManyMeetings { .. } => {
                "leave a meeting that you no longer need with 'sotto leave'"
            }
            Self::MeetingFull { .. } => "start another meeting for those who remain",
            Self::Absent { .. } | Self::NotOnRoster { .. } => {
                "see who is there with 'sotto roster'"
            }
            Self::StillInside { .. } => "leave it first with 'sotto leave'",
            Self::OnThePhone | Self::YouAreAway => "return with 'sotto back'",
            Self::YouAreDeafened => "hear again with 'sotto undeafen'",
            Self::ReplyMoved { .. } | Self::ReplyReaches { .. } => {
                "answer with 'sotto reply', which says whom it answers, or choose with 'sotto whisper NAME'"
            }
            Self::NothingHeld => "see whom you speak to with 'sotto status'",
            Self::WhispererGone { .. } => "whisper to somebody else with 'sotto whisper NAME'",
            Self::Cloned => {
                "stop the other one, or remove the copied identity file on one of the two machines, then start Sotto again"
            }
            _ => return None,
        })
    }
}
