//! What a subscriber hears after its snapshot.
//!
//! An event replaces a part of the snapshot: one person, one meeting, or a whole list. So nothing depends on having seen
//! the event before, and a subscriber that reads slowly can be given the newest value of each part instead of every one
//! in between. Telling of one person costs the same whether four or four thousand are known.

use crate::model::{
    Group, Invitation, Levels, Meeting, Notice, Participant, Peer, Snapshot, Status, Talk,
    TestProgress,
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
    /// Replaces one of [`Snapshot::peers`], or adds it.
    Peer {
        /// The new value.
        peer: Peer,
    },
    /// Removes one of [`Snapshot::peers`].
    PeerGone {
        /// The identity of whoever is no longer known.
        id: String,
    },
    /// Replaces [`Snapshot::meetings`].
    Meetings {
        /// The new value.
        meetings: Vec<Meeting>,
    },
    /// Replaces one of [`Snapshot::meetings`], or adds it; at most once a second for changes in
    /// [`crate::model::Stats`] alone.
    Meeting {
        /// The new value.
        meeting: Meeting,
    },
    /// Removes one of [`Snapshot::meetings`].
    MeetingGone {
        /// The meeting's id.
        id: String,
    },
    /// Replaces one line of a meeting's roster, or adds it.
    Participant {
        /// The meeting's id.
        meeting: String,
        /// The new value.
        participant: Box<Participant>,
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
    /// Replaces [`Snapshot::groups`].
    Groups {
        /// The new value.
        groups: Vec<Group>,
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

/// The part of the snapshot that an event replaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Everything,
    Status,
    Peers,
    Peer(String),
    Meetings,
    Meeting(String),
    /// Of this meeting, this person.
    Participant(String, String),
    Invitations,
    Talk,
    Groups,
    Levels,
    Test,
    Missed,
}

impl Place {
    /// Returns whether there can be places within this one.
    pub(crate) const fn holds_others(&self) -> bool {
        matches!(
            self,
            Self::Everything | Self::Peers | Self::Meetings | Self::Meeting(_)
        )
    }

    /// Returns whether `other` lies within this one.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _)
            | (Self::Peers, Self::Peer(_))
            | (Self::Meetings, Self::Meeting(_) | Self::Participant(..)) => true,
            (Self::Meeting(id), Self::Participant(meeting, _)) => id == meeting,
            _ => false,
        }
    }
}

impl Event {
    /// Returns the line by which it travels, without its line feed.
    #[must_use]
    pub fn to_line(&self) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            jsonrpc: &'static str,
            method: &'static str,
            params: &'a Event,
        }
        let line = Line {
            jsonrpc: "2.0",
            method: "event",
            params: self,
        };
        // The types of this crate always serialise.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Returns what this event replaces; nothing for a notice.
    pub(crate) fn place(&self) -> Option<Place> {
        Some(match self {
            Self::Snapshot { .. } => Place::Everything,
            Self::Status { .. } => Place::Status,
            Self::Peers { .. } => Place::Peers,
            Self::Peer { peer } => Place::Peer(peer.person.id.clone()),
            Self::PeerGone { id } => Place::Peer(id.clone()),
            Self::Meetings { .. } => Place::Meetings,
            Self::Meeting { meeting } => Place::Meeting(meeting.id.clone()),
            Self::MeetingGone { id } => Place::Meeting(id.clone()),
            Self::Participant {
                meeting,
                participant,
            } => Place::Participant(meeting.clone(), participant.person.id.clone()),
            Self::Invitations { .. } => Place::Invitations,
            Self::Talk { .. } => Place::Talk,
            Self::Groups { .. } => Place::Groups,
            Self::Levels { .. } => Place::Levels,
            Self::Test { .. } => Place::Test,
            Self::Missed { .. } => Place::Missed,
            Self::Notice { .. } | Self::Unknown => return None,
        })
    }
}

impl Snapshot {
    /// Applies a change to this picture. Levels go into the participants of the active meeting; notices change
    /// nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Snapshot { snapshot } => *self = (**snapshot).clone(),
            Event::Status { status } => self.status = (**status).clone(),
            Event::Peers { peers } => self.peers.clone_from(peers),
            Event::Peer { peer } => self.apply_peer(peer),
            Event::PeerGone { id } => self.peers.retain(|peer| peer.person.id != *id),
            Event::Meetings { meetings } => self.meetings.clone_from(meetings),
            Event::Meeting { meeting } => self.apply_meeting(meeting),
            Event::MeetingGone { id } => self.meetings.retain(|meeting| meeting.id != *id),
            Event::Participant {
                meeting,
                participant,
            } => self.apply_participant(meeting, participant),
            Event::Invitations { invitations } => self.invitations.clone_from(invitations),
            Event::Talk { talk } => self.talk.clone_from(talk),
            Event::Groups { groups } => self.groups.clone_from(groups),
            Event::Levels { levels } => self.apply_levels(levels),
            Event::Test { .. } | Event::Notice { .. } | Event::Missed { .. } | Event::Unknown => {}
        }
    }

    fn apply_peer(&mut self, peer: &Peer) {
        let order = |peer: &Peer| (peer.person.label.to_lowercase(), peer.person.id.clone());
        let same = |known: &Peer| known.person.id == peer.person.id;
        put(&mut self.peers, peer, same, order);
    }

    fn apply_meeting(&mut self, meeting: &Meeting) {
        let order = |one: &Meeting| (!one.active, one.title.to_lowercase(), one.id.clone());
        put(
            &mut self.meetings,
            meeting,
            |known| known.id == meeting.id,
            order,
        );
    }

    fn apply_participant(&mut self, meeting: &str, participant: &Participant) {
        let Some(meeting) = self.meetings.iter_mut().find(|it| it.id == meeting) else {
            return;
        };
        if participant.you {
            meeting.presence = participant.presence;
        }
        let order = |one: &Participant| {
            let present = one.presence.is_present();
            let label = one.person.label.to_lowercase();
            (!one.you, !present, label, one.person.id.clone())
        };
        let same = |known: &Participant| known.person.id == participant.person.id;
        put(&mut meeting.participants, participant, same, order);
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

/// Puts `new` where it belongs in a sorted list, in the place of the one that is the `same`.
fn put<T: Clone, K: Ord>(
    list: &mut Vec<T>,
    new: &T,
    same: impl Fn(&T) -> bool,
    order: impl Fn(&T) -> K,
) {
    let key = order(new);
    if let Some(known) = list.iter().position(same) {
        if order(&list[known]) == key {
            list[known] = new.clone();
            return;
        }
        list.remove(known);
    }
    let place = list.partition_point(|one| order(one) < key);
    list.insert(place, new.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OfflineReason, Person, Presence};

    fn person(name: &str) -> Person {
        Person {
            id: format!("id of {name}"),
            name: name.to_owned(),
            label: name.to_owned(),
        }
    }

    fn participant(name: &str, presence: Presence) -> Participant {
        Participant {
            person: person(name),
            presence,
            you: name == "Me",
            ..Participant::default()
        }
    }

    fn names(snapshot: &Snapshot) -> Vec<&str> {
        let peers = snapshot.peers.iter();
        peers.map(|peer| &*peer.person.label).collect()
    }

    #[test]
    fn one_colleague_is_added_replaced_and_removed_in_place() {
        let mut snapshot = Snapshot::default();
        let mut bao = Peer {
            person: person("Bao"),
            ..Peer::default()
        };
        for name in ["Chidi", "anna"] {
            let person = person(name);
            let peer = Peer {
                person,
                ..Peer::default()
            };
            snapshot.apply(&Event::Peer { peer });
        }
        snapshot.apply(&Event::Peer { peer: bao.clone() });
        assert_eq!(names(&snapshot), ["anna", "Bao", "Chidi"]);
        bao.running = true;
        snapshot.apply(&Event::Peer { peer: bao.clone() });
        assert!(snapshot.peers[1].running);
        bao.person.label = "Zoe".to_owned();
        snapshot.apply(&Event::Peer { peer: bao.clone() });
        assert_eq!(names(&snapshot), ["anna", "Chidi", "Zoe"]);
        snapshot.apply(&Event::PeerGone { id: bao.person.id });
        assert_eq!(names(&snapshot), ["anna", "Chidi"]);
    }

    #[test]
    fn a_roster_line_moves_where_its_presence_belongs() {
        let meeting = Meeting {
            id: "m".to_owned(),
            participants: vec![
                participant("Me", Presence::online()),
                participant("Anna", Presence::online()),
                participant("Bao", Presence::online()),
            ],
            ..Meeting::default()
        };
        let mut snapshot = Snapshot::default();
        snapshot.apply(&Event::Meeting { meeting });
        let closed = Presence::offline(OfflineReason::Closed);
        for one in [
            participant("Anna", closed),
            participant("Me", Presence::away()),
        ] {
            snapshot.apply(&Event::Participant {
                meeting: "m".to_owned(),
                participant: Box::new(one),
            });
        }
        let roster = &snapshot.meetings[0].participants;
        let order: Vec<&str> = roster.iter().map(|one| &*one.person.name).collect();
        assert_eq!(order, ["Me", "Bao", "Anna"]);
        assert_eq!(snapshot.meetings[0].presence, Presence::away());
        snapshot.apply(&Event::MeetingGone { id: "m".into() });
        assert!(snapshot.meetings.is_empty());
    }
}
