//! News that everyone hands on.

use super::Mesh;
use super::merging::{Taken, Via, Way};
use crate::event::Part;
use crate::ids::{MeetingId, PeerId};
use crate::output::{Output, Topic, Verdict};
use crate::record::{self, AnyRecord, LobbyEntry, MAX_RECORD, NO_MEETING};
use crate::seal::{Place, SEAL_OVERHEAD};

impl Mesh {
    /// Signs and gossips my lobby record.
    pub(super) fn announce_myself(&mut self) {
        if !self.me.is_cloned() {
            self.announce(!self.seat.is_closing());
        }
    }

    /// Signs and gossips a lobby record, and keeps it for synchronisation.
    pub(super) fn announce(&mut self, running: bool) {
        let body = LobbyEntry {
            running,
            name: self.me.name.clone(),
            device: self.me.device.clone(),
            addresses: self.people.my_addresses().to_vec(),
        };
        let record = self.me.sign(NO_MEETING, body);
        self.outbox.push(Output::Publish {
            topic: Topic::lobby(),
            data: record.raw.to_vec(),
        });
        self.timers.published(&Topic::lobby(), self.now.monotonic);
        self.people.announce(record);
        self.timers.announced(self.now.monotonic, &mut self.rng);
    }

    /// Seals a record for the participants of a meeting, and gossips it.
    pub(super) fn publish(&mut self, id: MeetingId, raw: &[u8]) {
        if let Some(meeting) = self.meetings.get(&id) {
            let data = meeting.keys().seal(&mut self.rng, Place::Gossip, raw);
            let topic = meeting.keys().topic.clone();
            self.timers.published(&topic, self.now.monotonic);
            self.outbox.push(Output::Publish { topic, data });
        }
    }

    pub(super) fn listen_addresses(&mut self, addresses: &[std::net::SocketAddr]) {
        if self.people.set_my_addresses(addresses) {
            self.announce_myself();
        }
    }

    pub(super) fn rename(&mut self, name: String, device: String) {
        self.me.name = name;
        self.me.device = device;
        let relabelled = self.people.call_me(&self.me.name, &self.me.device);
        self.labels_changed(&relabelled);
        self.outbox.changed(Part::Me);
        self.announce_myself();
        if let Some(id) = self.seat.meeting() {
            self.sign_presence(id, self.signed_by_me(id));
        }
        self.outbox.save_with_batch();
    }

    pub(super) fn subscribed(&mut self, topic: &Topic) {
        self.timers.subscribed(topic, self.now.monotonic);
    }

    pub(super) fn repeat_timeout(&mut self) {
        for topic in self.timers.take_repeats(self.now.monotonic) {
            if let Some(id) = self.meetings.in_topic(&topic) {
                if let Some(meeting) = self.meetings.get(&id)
                    && let Some(held) = meeting.presence(self.me.id)
                {
                    let data = meeting
                        .keys()
                        .seal(&mut self.rng, Place::Gossip, &held.record.raw);
                    self.outbox.push(Output::Publish { topic, data });
                }
            } else if let Some(record) = self.people.mine() {
                self.outbox.push(Output::Publish {
                    topic,
                    data: record.raw.to_vec(),
                });
            }
        }
    }

    /// Judges a gossip message that `author` signed and `neighbour` handed on.
    ///
    /// The neighbour has checked it, if it is honest: so the neighbour answers for it. The author need not be there.
    pub(super) fn gossip(
        &mut self,
        topic: &Topic,
        author: PeerId,
        neighbour: PeerId,
        data: &[u8],
        receipt: u64,
    ) {
        let via = Via {
            relay: neighbour,
            way: if author == neighbour {
                Way::Gossip
            } else {
                Way::Relayed
            },
        };
        let verdict = if self.is_blamed(neighbour) {
            self.guard.malformed();
            Verdict::Ignore
        } else if topic.as_str() == Topic::LOBBY {
            self.lobby_gossip(data, via)
        } else {
            self.meeting_gossip(topic, data, via)
        };
        if verdict == Verdict::Reject {
            self.guard.malformed();
            self.blame(neighbour);
        }
        self.outbox.push(Output::Verdict { receipt, verdict });
    }

    fn lobby_gossip(&mut self, data: &[u8], via: Via) -> Verdict {
        let now = self.now.monotonic;
        match record::read(data) {
            Some(AnyRecord::Lobby(record)) => verdict(self.take_lobby_record(record, now, via)),
            Some(AnyRecord::Unknown(record)) => {
                verdict(self.take_unknown_lobby_record(record, now, via))
            }
            _ => Verdict::Reject,
        }
    }

    fn meeting_gossip(&mut self, topic: &Topic, data: &[u8], via: Via) -> Verdict {
        let Some(id) = self.meetings.in_topic(topic) else {
            return Verdict::Ignore;
        };
        let Some(meeting) = self.meetings.get(&id) else {
            return Verdict::Ignore;
        };
        if data.len() > MAX_RECORD + SEAL_OVERHEAD {
            return Verdict::Reject;
        }
        let Some(record) = meeting
            .keys()
            .open(Place::Gossip, data)
            .and_then(|raw| record::read(&raw))
        else {
            return Verdict::Reject;
        };
        verdict(self.take_record(id, record, Some(self.now.monotonic), via))
    }

    /// Whether a verified record is within what its author, or for invitations that are carried in bulk its bearer, may
    /// tell me.
    ///
    /// Nobody but the author of a record uses up the author's share: hence only after its signature was checked, and
    /// apart from what others hand on of the author's.
    pub(super) fn may_come(&mut self, id: MeetingId, author: PeerId, bulk: bool, via: Via) -> bool {
        match via.way {
            Way::Author => true,
            Way::Carried if bulk => self.guard.may_carry(via.relay, self.now.monotonic),
            Way::Gossip | Way::Relayed | Way::Carried => {
                let itself = via.is_from(author);
                self.guard.may_speak(id, author, itself, self.now.monotonic)
            }
        }
    }

    /// `relay` handed on what no honest peer does. It did check it, if it is honest: so it is to blame, whoever made it.
    pub(super) fn blame(&mut self, relay: PeerId) {
        self.guard.blame(relay, self.now.monotonic);
    }

    /// Whether `relay` has handed on so much of that kind that nothing of it is looked at for a while.
    pub(super) fn is_blamed(&self, relay: PeerId) -> bool {
        self.guard.is_blamed(relay, self.now.monotonic)
    }
}

fn verdict(taken: Taken) -> Verdict {
    match taken {
        Taken::New => Verdict::Accept,
        Taken::Known => Verdict::Ignore,
        Taken::Bad => Verdict::Reject,
    }
}
