//! What the local user wants, and what Sotto answers.

use std::time::Duration;

use crate::ids::{MeetingId, PeerId};

/// How long a whisper lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhisperMode {
    /// While a key or button is pressed: until [`Command::Release`]. It speaks even while muted. If it ends without one,
    /// I speak to nobody: after [`Command::Abandon`], 10 s without [`Command::Renew`], or when another whisper covers it.
    Hold,
    /// Until released.
    Latch,
    /// For this long, then back to what was before.
    For(Duration),
}

/// The end of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PressMode {
    /// While a program holds it: until [`Command::Unpress`], or 10 s without [`Command::RenewPress`].
    Hold,
    /// Until [`Command::Unpress`]: nobody has to show life, because whoever asked does not live on.
    Latch,
}

/// A wish of the local user.
///
/// Moments marked `at` are capture times: the count of 48 kHz samples captured since the daemon entered voice. They are
/// handed through to [`VoiceChange`](crate::VoiceChange), where the change applies exactly to the sample it belongs to;
/// `None` means "now".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Start a meeting and join it. Answered with [`Reply::Created`].
    Create {
        /// What the meeting is about.
        title: String,
        /// Who is invited.
        invite: Vec<PeerId>,
    },
    /// Invite more colleagues. Answered with [`Reply::Invited`].
    Invite {
        /// One of my meetings.
        meeting: MeetingId,
        /// Who is invited.
        peers: Vec<PeerId>,
    },
    /// Take back invitations that I made.
    Withdraw {
        /// One of my meetings.
        meeting: MeetingId,
        /// Whose invitations.
        peers: Vec<PeerId>,
    },
    /// Join a meeting that I am invited to or know; joining while in another one is switching.
    /// Answered with [`Reply::Joined`] or [`Reply::Joining`].
    Join {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Stop trying to join.
    CancelJoin {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Turn an invitation down.
    Decline {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Leave a meeting, active or not.
    Leave {
        /// Which meeting; the active one if not given.
        meeting: Option<MeetingId>,
    },
    /// Take a meeting that I have left, or that has ended, off my list.
    Forget {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// I am away from the desk.
    Away,
    /// I am back: from Away, from a phone call, or (unmuted as before) from an automatic absence.
    Back,
    /// I take a phone call.
    Phone,
    /// Goodbye to everybody, before the program ends. Nothing but [`Command::Quit`] is accepted afterwards.
    Quit,
    /// Change how I am called.
    Rename {
        /// My name.
        name: String,
        /// This device's name.
        device: String,
    },
    /// How loud I hear somebody.
    Volume {
        /// Whom.
        peer: PeerId,
        /// 0 to [`MAX_VOLUME_PERCENT`](crate::bounds::MAX_VOLUME_PERCENT); 100 is as it comes.
        percent: u16,
    },
    /// Close the open microphone.
    Mute {
        /// Capture time.
        at: Option<u64>,
    },
    /// Open it again.
    Unmute {
        /// Capture time.
        at: Option<u64>,
    },
    /// Play nothing; implies mute.
    Deafen {
        /// Capture time.
        at: Option<u64>,
    },
    /// Play again; the microphone returns to what it was.
    Undeafen {
        /// Capture time.
        at: Option<u64>,
    },
    /// Speak to a chosen few of the active meeting. Answered with [`Reply::Whispering`].
    Whisper {
        /// To whom.
        to: Vec<PeerId>,
        /// How long.
        mode: WhisperMode,
        /// Capture time.
        at: Option<u64>,
    },
    /// Answer the last whisperer and the others who received that whisper. Answered with [`Reply::Whispering`].
    Reply {
        /// Whom the user means to answer, the whisperer first. Refused if the answer would go to anybody else.
        meant: Option<Vec<PeerId>>,
        /// How long.
        mode: WhisperMode,
        /// Capture time.
        at: Option<u64>,
    },
    /// End a held whisper: what was before it comes back. Without one, nothing changes.
    Release {
        /// Capture time.
        at: Option<u64>,
    },
    /// Whoever holds a whisper is still there. Refused if none is held.
    Renew,
    /// Whoever held a whisper has gone without releasing it: I speak to nobody. Without one, nothing changes.
    Abandon {
        /// Capture time.
        at: Option<u64>,
    },
    /// Back to everyone.
    Talk {
        /// Capture time.
        at: Option<u64>,
    },
    /// Keep the microphone closed unless it is pressed, or no longer. Ends a press.
    PushToTalk {
        /// Whether it must be pressed.
        needed: bool,
        /// Capture time.
        at: Option<u64>,
    },
    /// Open the microphone while it is pressed, although it is muted or must be pressed. If it is pressed already, that
    /// ends. Where it is open anyway, nothing changes.
    Press {
        /// How long.
        mode: PressMode,
        /// Capture time.
        at: Option<u64>,
    },
    /// Whoever holds a press is still there. Refused if none is held.
    RenewPress,
    /// End the press. Without one, nothing changes.
    Unpress {
        /// Capture time.
        at: Option<u64>,
    },
}

/// What became of a [`Command`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done,
    /// The meeting exists and I am in it.
    Created {
        /// Its id.
        meeting: MeetingId,
    },
    /// Who got an invitation now, and who was invited or inside already.
    Invited {
        /// Newly invited.
        invited: Vec<PeerId>,
        /// On the roster before.
        already: Vec<PeerId>,
    },
    /// I am in the meeting.
    Joined {
        /// Its id.
        meeting: MeetingId,
    },
    /// A participant is being asked to let me in; [`Event::Joined`](crate::Event::Joined) or
    /// [`Event::JoinFailed`](crate::Event::JoinFailed) follows.
    Joining {
        /// Its id.
        meeting: MeetingId,
    },
    /// The whisper goes to these.
    Whispering {
        /// The receivers, in the order chosen.
        to: Vec<PeerId>,
    },
}
