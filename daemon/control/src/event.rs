//! What a subscriber hears after its snapshot.
//!
//! An event replaces a whole part of the snapshot. So nothing depends on having seen the event before, and a
//! subscriber that reads slowly can be given the newest value of each part instead of every one in between.

use crate::model::{
    Invitation, Levels, Meeting, Notice, Peer, Snapshot, Status, Talk, TestProgress,
};
use serde::{Deserialize, Serialize};

/// A change. On the wire it is the `params` of a notification `event`: `{"event":"talk","talk":{…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Replaces everything.
    Snapshot {
        /// The new whole.
        snapshot: Box<Snapshot>,
    },
    /// Replaces [`Snapshot::status`].
    Status {
        /// The new value.
        status: Box<Status>,
    },
    /// Replaces [`Snapshot::peers`].
    Peers {
        /// The new value.
        peers: Vec<Peer>,
    },
    /// Replaces [`Snapshot::meetings`], at most once a second for changes in [`crate::model::Stats`] alone.
    Meetings {
        /// The new value.
        meetings: Vec<Meeting>,
    },
    /// Replaces [`Snapshot::invitations`].
    Invitations {
        /// The new value.
        invitations: Vec<Invitation>,
    },
    /// Replaces [`Snapshot::talk`].
    Talk {
        /// The new value.
        talk: Talk,
    },
    /// Who speaks how loud; only for subscribers that asked for it.
    Levels {
        /// The new value.
        levels: Levels,
    },
    /// How a test of the microphone goes on; only for subscribers that asked for levels.
    Test {
        /// The new value.
        test: TestProgress,
    },
    /// Something happened that the user should see.
    Notice {
        /// What.
        notice: Notice,
    },
    /// Notices were dropped because this subscriber read too slowly. The state parts are complete nevertheless.
    Missed {
        /// How many notices.
        notices: u64,
    },
    /// An event that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Snapshot {
    /// Applies a change to this picture. Levels go into the participants of the active meeting; notices change
    /// nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Snapshot { snapshot } => *self = (**snapshot).clone(),
            Event::Status { status } => self.status = (**status).clone(),
            Event::Peers { peers } => self.peers.clone_from(peers),
            Event::Meetings { meetings } => self.meetings.clone_from(meetings),
            Event::Invitations { invitations } => self.invitations.clone_from(invitations),
            Event::Talk { talk } => self.talk.clone_from(talk),
            Event::Levels { levels } => self.apply_levels(levels),
            Event::Test { .. } | Event::Notice { .. } | Event::Missed { .. } | Event::Unknown => {}
        }
    }

    fn apply_levels(&mut self, levels: &Levels) {
        let active = self.meetings.iter_mut().filter(|meeting| meeting.active);
        for participant in active.flat_map(|meeting| meeting.participants.iter_mut()) {
            if participant.you {
                participant.speaking = levels.you_speak;
                participant.level_dbfs = levels.microphone_dbfs;
                continue;
            }
            let level = levels
                .speakers
                .iter()
                .find(|level| level.id == participant.person.id);
            participant.speaking = level.is_some();
            participant.level_dbfs = level.map(|level| level.level_dbfs);
        }
    }
}
