//! Everything that a program may show, in one snapshot.
//!
//! Names are ready to be shown: bounded, without control or direction characters, and with a key suffix
//! where two people could be taken for each other. Keys and secrets are not in here.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::command::WhisperMode;
use crate::ids::{MeetingId, PeerId, Utc};
use crate::presence::{Flags, Presence};

/// Everything that a program may show.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Me.
    pub me: MeView,
    /// Every colleague known, on the network now or not, by label.
    pub peers: Vec<PeerView>,
    /// My meetings that have not ended, the active one first, then by title.
    pub meetings: Vec<MeetingView>,
    /// The meeting whose audio I am in.
    pub active: Option<MeetingId>,
    /// Open invitations to me, newest first.
    pub invitations: Vec<InvitationView>,
    /// Joins under way.
    pub joining: Vec<JoiningView>,
    /// My voice.
    pub talk: TalkView,
    /// What was dropped, and why.
    pub counters: Counters,
}

/// Me.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeView {
    /// My key.
    pub peer: PeerId,
    /// My name.
    pub name: String,
    /// This device's name.
    pub device: String,
    /// As others with an equal name near me would see me.
    pub label: String,
    /// My presence in the active (or, on the phone, the interrupted) meeting.
    pub presence: Option<Presence>,
    /// The cause of my being Away or on the phone.
    pub because: Option<Because>,
    /// The meeting to return to after the phone call or sleep.
    pub interrupted: Option<MeetingId>,
    /// On the phone: by command or seen on the system.
    pub on_the_phone: bool,
    /// Another daemon uses my identity; nothing can be joined.
    pub cloned: bool,
    /// Goodbye has been said.
    pub closing: bool,
}

/// The cause of my being Away or on the phone. Others are not told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// I said so.
    Said,
    /// No input for some time.
    Idle,
    /// The screen is locked.
    Locked,
    /// The system sees a phone call.
    SystemCall,
}

/// A colleague.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// The key.
    pub peer: PeerId,
    /// The name as the peer gives it.
    pub name: String,
    /// The device as the peer gives it.
    pub device: String,
    /// What to show: the name, with device or key suffix where needed.
    pub label: String,
    /// Whether its daemon runs, as far as the lobby knows.
    pub running: bool,
    /// Whether there is a direct connection.
    pub connected: bool,
    /// Where the direct connection leads.
    pub at: Option<IpAddr>,
    /// Where it says that it can be dialled: what is in use first, and last what this machine has itself, as the networks of
    /// containers are numbered alike everywhere.
    pub addresses: Vec<SocketAddr>,
    /// By how many seconds its clock is ahead of mine, if it is far off.
    pub clock_off: Option<i64>,
}

/// One of my meetings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingView {
    /// Its id.
    pub meeting: MeetingId,
    /// What it is about.
    pub title: String,
    /// Who started it.
    pub creator: PeerId,
    /// When, according to its creator.
    pub created: Utc,
    /// The time when I was invited last, or founded it, by my own clock.
    pub since: Utc,
    /// Whether I am in its audio.
    pub active: bool,
    /// My own presence in it.
    pub presence: Presence,
    /// Everybody on it, me first, then the present, then the rest, each by label.
    pub roster: Vec<RosterEntry>,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// The key.
    pub peer: PeerId,
    /// The name as the peer gives it.
    pub name: String,
    /// The device as the peer gives it.
    pub device: String,
    /// What to show.
    pub label: String,
    /// Whether this is me.
    pub me: bool,
    /// As it is shown: `lost` included, and present in no more than one meeting.
    pub presence: Presence,
    /// Muted, deafened; meaningful while present.
    pub flags: Flags,
    /// Present, heard by others, but not by me.
    pub unreachable: bool,
    /// Who has invited it, while it has not joined.
    pub invited_by: Vec<PeerId>,
    /// It declined its invitation, and was not invited again.
    pub declined: bool,
    /// Whether voice can flow in both directions.
    pub voice: bool,
    /// How loud I hear it.
    pub volume: u16,
}

/// An open invitation to me: one prompt a meeting, however many invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationView {
    /// To which meeting.
    pub meeting: MeetingId,
    /// What it is about.
    pub title: String,
    /// Who invites.
    pub by: Vec<Named>,
    /// Who is inside, as those inside say; claimed, not verified.
    pub inside: Vec<Named>,
    /// Who else is on the roster, as those inside say; claimed, not verified.
    pub invited: Vec<Named>,
    /// When the newest of them was made.
    pub made: Utc,
    /// When it lapses.
    pub expires: Utc,
}

/// A peer and its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The key.
    pub peer: PeerId,
    /// What to show.
    pub label: String,
}

/// A join under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoiningView {
    /// Which meeting.
    pub meeting: MeetingId,
    /// What it is about.
    pub title: String,
    /// Who is being asked right now; none while waiting for somebody to become reachable.
    pub asking: Option<Named>,
    /// How many were asked so far without success.
    pub asked: u32,
    /// When it is given up.
    pub remaining: Duration,
}

/// Whom I speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TalkTarget {
    /// Everyone present.
    Everyone,
    /// A chosen few.
    Whisper {
        /// Those chosen, in that order, also those that are cut off right now.
        to: Vec<Named>,
        /// Those who receive it right now.
        reached: Vec<PeerId>,
        /// How long.
        mode: WhisperMode,
        /// For a timed whisper, what is left of it.
        remaining: Option<Duration>,
    },
    /// Nobody, until I say whom.
    Nobody(NobodyBecause),
}

/// The reason why I speak to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NobodyBecause {
    /// All receivers of my whisper have gone.
    ReceiversGone,
    /// A held whisper ended before it was released.
    HoldLost,
    /// Something happened at the machine while a whisper was held.
    HoldCut(Cut),
}

/// An event at the machine after which nobody can tell whether a key is still held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The screen was locked, or has gone with the user's session.
    ScreenLocked,
    /// A screen saver came on.
    ScreenSaver,
    /// The machine was suspended.
    Suspended,
}

/// My voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkView {
    /// The open microphone is closed by the user.
    pub muted: bool,
    /// Nothing is played, by the user.
    pub deafened: bool,
    /// Whether what I say right now is sent to anybody.
    pub speaking_possible: bool,
    /// The microphone is closed unless it is pressed.
    pub push_to_talk: bool,
    /// It is pressed.
    pub pressed: bool,
    /// Whom I speak to.
    pub target: TalkTarget,
    /// Who would get a reply, the whisperer first; empty if nobody whispered.
    pub reply_to: Vec<Named>,
    /// Who whispers to me right now, and to whom else.
    pub whispers: Vec<IncomingWhisper>,
}

/// Somebody whispers to me.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingWhisper {
    /// Who.
    pub from: Named,
    /// To whom else, according to the speaker.
    pub others: Vec<Named>,
}

/// What was dropped since the start, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages that no honest peer produces: wrong form, wrong signature, wrong seal.
    pub malformed: u64,
    /// Records beyond 10 a second and author.
    pub records_too_fast: u64,
    /// Invitations beyond 3 a minute and peer, or beyond the list's size.
    pub invitations_dropped: u64,
    /// Lobby records beyond 4,096 peers or 16 an address.
    pub peers_dropped: u64,
    /// Records of meetings or participants beyond the limits.
    pub roster_dropped: u64,
    /// Direct requests beyond the limits.
    pub requests_dropped: u64,
    /// Records accepted.
    pub records_accepted: u64,
}
