//! News for the programs that watch: which part of the view changed, and things worth a sentence.

use crate::ids::{MeetingId, PeerId};
use crate::presence::Presence;
use crate::view::Cut;

/// A part of the [`View`](crate::View): as small as what has changed, so that telling of one person costs the same
/// however many are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Me: presence, name, identity.
    Me,
    /// One colleague on the network; also its appearance and disappearance.
    Peer(PeerId),
    /// A meeting's roster or title; also its appearance and disappearance.
    Meeting(MeetingId),
    /// One participant of a meeting.
    Participant(MeetingId, PeerId),
    /// Which meeting is active.
    Active,
    /// Open invitations to me.
    Invitations,
    /// Joins under way.
    Joining,
    /// My microphone, whispers and replies.
    Talk,
}

/// Why a join came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinFailure {
    /// No participant who could let me in was reachable in time.
    NobodyReachable,
    /// The invitation was withdrawn, or nobody inside knows of it.
    NotInvited,
    /// The roster or my list of meetings is full.
    Full,
    /// The meeting has ended.
    Ended,
    /// A participant refused for a reason that only a later release knows.
    Refused,
    /// Cancelled by the user, or overtaken by another join.
    Cancelled,
}

/// Why an invitation is no longer open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationEnd {
    /// I joined.
    Joined,
    /// I declined.
    Declined,
    /// Everyone who had invited me withdrew.
    Withdrawn,
    /// 24 hours went by.
    Expired,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part of the view is no longer what it was.
    Changed(Part),
    /// A new invitation: worth a notification.
    Invited {
        /// To which meeting.
        meeting: MeetingId,
        /// Its title.
        title: String,
        /// Who invites.
        by: PeerId,
        /// By name.
        label: String,
        /// I am on its roster, and may have lost what I knew of it.
        again: bool,
    },
    /// An invitation to me is no longer open: take its notification away.
    InvitationClosed {
        /// To which meeting.
        meeting: MeetingId,
        /// Why.
        end: InvitationEnd,
    },
    /// Somebody declined.
    Declined {
        /// Which meeting.
        meeting: MeetingId,
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// I am in.
    Joined {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// A join came to nothing.
    JoinFailed {
        /// Which meeting.
        meeting: MeetingId,
        /// Its title.
        title: String,
        /// Why.
        failure: JoinFailure,
    },
    /// Rejoined by itself after a restart, muted.
    Rejoined {
        /// Which meeting.
        meeting: MeetingId,
        /// Its title.
        title: String,
    },
    /// Not rejoined after a crash: no clock tells how long ago it was.
    NotRejoined {
        /// Which meeting.
        meeting: MeetingId,
        /// Its title.
        title: String,
    },
    /// Returned to the meeting by itself after a phone call or sleep, muted.
    Restored {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Somebody's presence changed, as I see it.
    Presence {
        /// In which meeting.
        meeting: MeetingId,
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
        /// From.
        was: Presence,
        /// To.
        is: Presence,
    },
    /// A meeting is over: everyone who joined has left.
    Ended {
        /// Which meeting.
        meeting: MeetingId,
        /// Its title.
        title: String,
    },
    /// Somebody begins to whisper to me.
    WhisperStarted {
        /// Who.
        from: PeerId,
        /// By name.
        label: String,
        /// To whom else, according to the speaker.
        others: Vec<PeerId>,
        /// I am deafened, so it cannot be heard: show it.
        unheard: bool,
    },
    /// A whisper to me is over.
    WhisperStopped {
        /// Whose.
        from: PeerId,
    },
    /// A receiver of my whisper is deafened.
    ReceiverDeafened {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// A receiver of my whisper is no longer there; it goes on with the rest.
    ReceiverGone {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// A receiver that was cut off is included again.
    ReceiverBack {
        /// Who.
        peer: PeerId,
        /// By name.
        label: String,
    },
    /// Nobody is left to hear my whisper: I speak to nobody until I say whom.
    WhisperEmpty,
    /// A whisper's time is over.
    WhisperOver,
    /// A held whisper ended before it was released: I speak to nobody until I say whom.
    HoldLost,
    /// Something happened at the machine while I held a whisper: I speak to nobody until I say whom.
    HoldCut(Cut),
    /// Something happened at the machine while the microphone was pressed open, so it is closed.
    PressCut(Cut),
    /// The microphone is pressed for long: the key may be stuck.
    PressLong,
    /// It was pressed for so long that it is no longer.
    PressTooLong,
    /// Whoever held the press shows no life, so it has ended.
    PressLost,
    /// A colleague's clock is far off mine. Told once in a run.
    ClockOff {
        /// Whose.
        peer: PeerId,
        /// By name.
        label: String,
        /// By how many seconds it is ahead of mine.
        ahead: i64,
    },
    /// Several colleagues' clocks are as far off mine, so mine may be the wrong one. Told once in a run.
    OwnClockOff {
        /// By how many seconds theirs are ahead of mine.
        ahead: i64,
    },
    /// No colleague's clock is far off mine any longer.
    ClocksRight,
    /// Two daemons use my identity; I am Offline and join nothing.
    Cloned,
    /// Something was more than the limits allow; details in [`View::counters`](crate::View).
    LimitReached {
        /// What, in words.
        what: &'static str,
    },
}
