//! Meetings, their rosters, and invitations to them.

use super::{Person, Presence};
use serde::{Deserialize, Serialize};

/// A meeting by name, where its roster does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRef {
    /// The meeting's id; for comparing, not for showing.
    pub id: String,
    /// The title, cleaned of control characters.
    pub title: String,
}

/// A meeting that this daemon is on the roster of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Meeting {
    /// The meeting's id; for comparing, not for showing.
    pub id: String,
    /// The title, cleaned of control characters.
    pub title: String,
    /// Whether this is the one meeting whose audio the user is in.
    #[serde(default)]
    pub active: bool,
    /// The user's own presence in it.
    #[serde(default)]
    pub presence: Presence,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<Person>,
    /// When it was created, in seconds since 1970 by the creator's clock.
    #[serde(default)]
    pub created: u64,
    /// The roster: everyone who joined or is invited, the user included.
    #[serde(default)]
    pub participants: Vec<Participant>,
}

impl Meeting {
    /// The meeting without its roster.
    #[must_use]
    pub fn to_ref(&self) -> MeetingRef {
        MeetingRef {
            id: self.id.clone(),
            title: self.title.clone(),
        }
    }

    /// How many participants are Online or Away.
    #[must_use]
    pub fn present(&self) -> usize {
        self.participants
            .iter()
            .filter(|one| one.presence.is_present())
            .count()
    }
}

/// One line of a roster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    /// Who it is; flat on the wire (`id`, `name`, `label`).
    #[serde(flatten)]
    pub person: Person,
    /// Presence in this meeting, as seen from here.
    #[serde(default)]
    pub presence: Presence,
    /// Whether the microphone is closed by its owner.
    #[serde(default)]
    pub muted: bool,
    /// Whether the participant hears nothing by their own choice; implies `muted`.
    #[serde(default)]
    pub deafened: bool,
    /// Whether this is the user.
    #[serde(default)]
    pub you: bool,
    /// Whether the invitation was declined.
    #[serde(default)]
    pub declined: bool,
    /// Whether voice is heard from them (or sent by the user) right now. `levels` events bring it up to date
    /// between two `meetings` events.
    #[serde(default)]
    pub speaking: bool,
    /// Level of that voice in decibels relative to full scale (0 is the loudest); absent when silent or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_dbfs: Option<f32>,
    /// How loud the user has set this participant, in per cent of what is received: 0 to 200.
    #[serde(default = "full_volume")]
    pub volume_percent: u16,
    /// Whether this participant is played to the user by the room alone: silenced here with `audio.silence`.
    #[serde(default)]
    pub silenced: bool,
    /// Whether this participant seems to sit within earshot, so that their voice is heard twice.
    #[serde(default)]
    pub same_room: bool,
    /// What the network does between the two; absent unless both are present in the active meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
}

const fn full_volume() -> u16 {
    100
}

/// The state of the voice path from one participant, over the last seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Packets lost on the way here, from 0 to 1.
    #[serde(default)]
    pub loss: f32,
    /// Interarrival jitter in milliseconds (RFC 3550 §6.4.1).
    #[serde(default)]
    pub jitter_ms: f32,
    /// Playout delay of the jitter buffer plus half of the measured round trip, in milliseconds.
    #[serde(default)]
    pub delay_ms: f32,
    /// What arrives, in kilobits a second.
    #[serde(default)]
    pub kbps: f32,
    /// How packets travel.
    #[serde(default)]
    pub path: Path,
    /// How long sound is held for packets that take longer than the fastest, and for copies, in milliseconds.
    #[serde(default)]
    pub target_ms: f32,
    /// The round trip on the media path in milliseconds; absent while it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f32>,
    /// Frames of 10 ms in the last second that were lost and played from a copy in another packet.
    #[serde(default)]
    pub recovered: u32,
    /// Frames in the last second that nothing brought, so that they were continued by guesswork, or `recalled`.
    #[serde(default)]
    pub concealed: u32,
    /// Of those, frames that were brought back coarsely from what a later packet remembers.
    #[serde(default)]
    pub recalled: u32,
    /// The user's own voice on its way there; absent before anything was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
}

/// What the other side says of the voice sent to it, and what is done about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Packets that it lost lately, from 0 to 1.
    #[serde(default)]
    pub loss: f32,
    /// The longest run of packets that it lost.
    #[serde(default)]
    pub longest_burst: u32,
    /// How many earlier frames each packet repeats.
    #[serde(default)]
    pub copies: u8,
    /// How far back the farthest of them lies, in frames of 10 ms.
    #[serde(default)]
    pub farthest: u8,
    /// Whether packets carry a coarse memory of the past beside, because the losses come in long bursts.
    #[serde(default)]
    pub memory: bool,
    /// Frames in the last second that were repeated because it had missed them.
    #[serde(default)]
    pub repeated: u32,
}

/// How media packets travel between two peers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// Datagrams from machine to machine.
    Udp,
    /// Over the peers' encrypted connection, where datagrams are blocked.
    Stream,
    /// Not yet confirmed by an echo.
    Probing,
    /// None, or one that this version does not know.
    #[default]
    #[serde(other)]
    None,
}

/// A prompt that asks the user to join a meeting. All invitations to one meeting are one prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// The meeting.
    pub meeting: MeetingRef,
    /// Who invites, the newest first.
    pub from: Vec<Person>,
    /// Who is on the roster, as claimed by whoever offered the invitation last.
    #[serde(default)]
    pub roster: Vec<Person>,
    /// Who is inside, as claimed by whoever offered the invitation last; not verified until the user has joined.
    #[serde(default)]
    pub inside: Vec<Person>,
    /// When it arrived, in seconds since 1970.
    #[serde(default)]
    pub received: u64,
    /// When it lapses, in seconds since 1970.
    #[serde(default)]
    pub expires: u64,
}
