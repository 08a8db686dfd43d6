//! The daemon at a glance, the people it knows, and the snapshot that opens a subscription.

use super::{Dnd, Group, Invitation, Meeting, MeetingRef, Notice, Presence, Sound, Talk};
use serde::{Deserialize, Serialize};

/// Somebody, by identity and by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// The peer's identity (`12D3Koo…`); for comparing, not for showing.
    pub id: String,
    /// The display name as its owner set it, cleaned of control characters.
    pub name: String,
    /// What to show: the name, with the device (`Anna (laptop)`) and a key suffix (`Anna (laptop)#k3fq`) where another
    /// name is equal or confusable.
    pub label: String,
}

/// A colleague: somebody who runs, or ran, Sotto on this network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Who it is; flat on the wire (`id`, `name`, `label`).
    #[serde(flatten)]
    pub person: Person,
    /// Whether the colleague's daemon runs, as far as is known here.
    #[serde(default)]
    pub running: bool,
    /// Whether there is a direct connection.
    #[serde(default)]
    pub connected: bool,
    /// Where it is reached: IP addresses, the one in use first.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Meetings that both are on the roster of.
    #[serde(default)]
    pub meetings: Vec<MeetingRef>,
    /// Seconds since something was last heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heard_s: Option<u64>,
    /// Seconds by which its clock is ahead of this machine's, negative if behind; absent unless far off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_off_s: Option<i64>,
    /// The release of its daemon, for instance `0.1.0`; only in the reply to `peers.list`, and while it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Reply to `status.get`: the daemon at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The user, as colleagues see them.
    pub you: Person,
    /// The daemon's release, for instance `0.1.0`.
    #[serde(default)]
    pub version: String,
    /// Whether an update has put another program in the place of the one that runs: a restart brings it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart_to_update: bool,
    /// The daemon's process id.
    #[serde(default)]
    pub pid: u32,
    /// Seconds since the daemon started.
    #[serde(default)]
    pub uptime_s: u64,
    /// The configuration file.
    #[serde(default)]
    pub config: String,
    /// The active meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<MeetingRef>,
    /// The user's presence in the active meeting, or in the one that a phone call interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// Whether the user closed the microphone.
    #[serde(default)]
    pub muted: bool,
    /// Whether the user closed the loudspeaker, and with it the microphone.
    #[serde(default)]
    pub deafened: bool,
    /// Who hears the user, and who whispers; absent from daemons that did not tell it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk: Option<Talk>,
    /// The client that last opened the microphone; absent while muted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmuted_by: Option<String>,
    /// The client that last joined or switched; absent without an active meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_by: Option<String>,
    /// Whether the user wants to be left alone.
    #[serde(default)]
    pub dnd: Dnd,
    /// Whether the user has switched notifications on the desktop off.
    #[serde(default)]
    pub notifications_off: bool,
    /// How many invitations wait for an answer.
    #[serde(default)]
    pub invitations: usize,
    /// Sound devices.
    #[serde(default)]
    pub sound: Sound,
    /// The network.
    #[serde(default)]
    pub network: NetworkStatus,
    /// What the user should know: a damaged state file that was set aside, a second daemon with the same identity.
    #[serde(default)]
    pub warnings: Vec<Notice>,
}

/// The daemon's place on the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkStatus {
    /// Addresses at which colleagues reach this daemon (`192.168.1.7:42113`).
    #[serde(default)]
    pub listening: Vec<String>,
    /// UDP port for voice, while known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_port: Option<u16>,
    /// Interfaces in use; empty when they are not limited.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// Colleagues who run Sotto, as far as is known here.
    #[serde(default)]
    pub running: usize,
    /// Colleagues with a direct connection.
    #[serde(default)]
    pub connected: usize,
    /// What is wrong, when something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What helps against it, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Everything that a client may show, as it is when a subscription begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The daemon at a glance.
    pub status: Status,
    /// Everyone known.
    #[serde(default)]
    pub peers: Vec<Peer>,
    /// Every meeting that the user is on the roster of.
    #[serde(default)]
    pub meetings: Vec<Meeting>,
    /// Invitations that wait for an answer.
    #[serde(default)]
    pub invitations: Vec<Invitation>,
    /// Who hears the user, and who whispers.
    #[serde(default)]
    pub talk: Talk,
    /// The user's groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

impl Snapshot {
    /// The meeting whose audio the user is in.
    #[must_use]
    pub fn active(&self) -> Option<&Meeting> {
        self.meetings.iter().find(|meeting| meeting.active)
    }
}
