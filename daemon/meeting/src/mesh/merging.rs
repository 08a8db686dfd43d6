//! Taking in records, whichever way they came.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Mesh;
use crate::directory::Source;
use crate::event::{Event, Part};
use crate::ids::{MeetingId, PeerId};
use crate::lobby;
use crate::meeting::{Merged, Turn};
use crate::record::{Answer, AnyRecord, LobbyEntry, NO_MEETING, Record, Unknown};

/// What became of a record from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// News.
    New,
    /// Known, overtaken, or no room for it.
    Known,
    /// Nothing that an honest peer hands on.
    Bad,
}

/// The way on which a record came to me.
#[derive(Debug, Clone, Copy)]
pub(super) struct Via {
    /// From whom I have it: its author, or another.
    pub(super) relay: PeerId,
    pub(super) way: Way,
}

impl Via {
    /// Whether `author` itself handed the record over, so that it lives and stands by it.
    pub(super) fn is_from(self, author: PeerId) -> bool {
        self.relay == author && !matches!(self.way, Way::Relayed)
    }
}

/// How a record was handed over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// By gossip of whoever handed it over, or to be gossiped.
    Gossip,
    /// By gossip that another signed: it may be old, and sent again.
    Relayed,
    /// By synchronisation, or on joining.
    Carried,
    /// By its author directly, beside a request of its own.
    Author,
}

impl Mesh {
    /// Takes a record about a meeting of mine, not verified yet, whose author stood by it at `fresh`.
    pub(super) fn take_record(
        &mut self,
        id: MeetingId,
        record: AnyRecord,
        fresh: Option<Duration>,
        via: Via,
    ) -> Taken {
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return Taken::Known;
        };
        let author = record.head().author;
        if record.head().meeting != id {
            self.guard.malformed();
            return Taken::Bad;
        }
        if author != self.me.id && !meeting.is_news(&record) {
            // That a known record is handed on proves its author's life only if the author does it.
            if let (AnyRecord::Presence(record), Some(at)) = (&record, fresh)
                && via.is_from(author)
                && meeting.refresh(author, &record.hash, at)
            {
                self.review_peer(author);
            }
            return Taken::Known;
        }
        if !record.verify() {
            self.guard.malformed();
            return Taken::Bad;
        }
        if author == self.me.id {
            return self.take_own(id, record);
        }
        let bulk = matches!(record, AnyRecord::Invitation(_));
        if !self.may_come(id, author, bulk, via) {
            return Taken::Known;
        }
        self.merge(id, record, fresh)
    }

    /// Takes a verified record of somebody else, or one of mine that I had forgotten.
    pub(super) fn merge(
        &mut self,
        id: MeetingId,
        record: AnyRecord,
        fresh: Option<Duration>,
    ) -> Taken {
        let made = match &record {
            AnyRecord::Invitation(invitation) => self.made(invitation, fresh),
            _ => self.now.utc,
        };
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return Taken::Known;
        };
        let author = record.head().author;
        if let AnyRecord::Unheard(record) = record {
            if meeting
                .reach_mut()
                .report(author, record.body.report, self.now.monotonic)
            {
                self.meetings.reach_changed(id);
                return Taken::New;
            }
            return Taken::Known;
        }
        let names = Names::of(&record);
        let about = match &record {
            AnyRecord::Invitation(record) => record.body.invitee,
            _ => author,
        };
        let changed = match &record {
            AnyRecord::Presence(_) => Part::Participant(id, author),
            _ => Part::Meeting(id),
        };
        let run = meeting.run(author);
        match meeting.merge_made(record, fresh, made, self.now.utc) {
            Merged::Known | Merged::Foreign => return Taken::Known,
            Merged::Full => {
                self.guard.roster_dropped();
                return Taken::Known;
            }
            Merged::Presence => {
                // What an earlier run heard or did not hear, and how long it was silent, says nothing of this one.
                if run.is_some() && run != meeting.run(author) {
                    meeting.reach_mut().absent(author, self.now.monotonic);
                    self.meetings.reach_changed(id);
                }
                self.review_peer(author);
            }
            Merged::Unknown => {
                tracing::debug!(peer = ?author, "a record of a kind that a later Sotto knows");
            }
            Merged::Invitation => self.invitation_merged(id, about, author),
            Merged::Answers(before) => {
                let declined_before: Vec<[u8; 8]> =
                    before.map_or_else(Vec::new, |answers| declined(&answers.answers));
                self.answers_merged(id, author, &declined_before);
            }
        }
        self.guard.accepted();
        for (peer, name, device, source) in names.0 {
            self.learn(peer, &name, &device, source);
            self.remember_contact(peer);
        }
        self.outbox.changed(changed);
        self.check_ended(id);
        self.outbox.save_soon(self.now.monotonic);
        Taken::New
    }

    fn answers_merged(&mut self, id: MeetingId, author: PeerId, declined_before: &[[u8; 8]]) {
        let Some(meeting) = self.meetings.get(&id) else {
            return;
        };
        let declined_mine = meeting.invitation(author, self.me.id).is_some_and(|held| {
            !held.record.body.withdrawn
                && meeting.answer(&held.record) == Some(Answer::Declined)
                && !declined_before.contains(&held.record.reference())
        });
        if declined_mine {
            let label = self.people.label(author);
            self.outbox.event(Event::Declined {
                meeting: id,
                peer: author,
                label,
            });
        }
        self.answered(id, author);
    }

    /// Takes a lobby record, not verified yet, whose author stood by it at `fresh`.
    pub(super) fn take_lobby_record(
        &mut self,
        record: Record<LobbyEntry>,
        fresh: Duration,
        via: Via,
    ) -> Taken {
        let author = record.head.author;
        let record = AnyRecord::Lobby(record);
        let AnyRecord::Lobby(entry) = &record else {
            return Taken::Known;
        };
        if author != self.me.id && !self.people.is_news(entry) {
            return Taken::Known;
        }
        if !record.verify() {
            self.guard.malformed();
            return Taken::Bad;
        }
        if author == self.me.id {
            self.meet_own(&record);
            return Taken::Known;
        }
        if !self.may_come(NO_MEETING, author, false, via) {
            return Taken::Known;
        }
        let AnyRecord::Lobby(entry) = record else {
            return Taken::Known;
        };
        let (body, version) = (entry.body.clone(), entry.head.version);
        let now = self.now.monotonic;
        let proven = self.links.address(author);
        let links = &self.links;
        let is_connected = |peer: PeerId| links.is_connected(peer);
        match self.people.merge(entry, fresh, now, proven, is_connected) {
            lobby::Merged::Known => return Taken::Known,
            lobby::Merged::Full => {
                self.guard.peer_dropped();
                return Taken::Known;
            }
            lobby::Merged::New { appeared, gone } => {
                self.guard.accepted();
                self.learn(author, &body.name, &body.device, Source::Signed(version));
                if body.running && self.people.found(author, &body.addresses) {
                    self.outbox.save_soon(now);
                }
                if appeared {
                    self.peer_appeared(author);
                }
                if gone {
                    tracing::debug!(peer = ?author, "said goodbye");
                }
                self.links.reconsider();
                self.outbox.changed(Part::Peer(author));
                for pushed_out in self.people.take_pushed_out() {
                    self.outbox.changed(Part::Peer(pushed_out));
                }
            }
        }
        Taken::New
    }

    /// Takes a lobby record of a kind that only later releases understand, not verified yet.
    pub(super) fn take_unknown_lobby_record(
        &mut self,
        record: Record<Unknown>,
        fresh: Duration,
        via: Via,
    ) -> Taken {
        let author = record.head.author;
        if record.head.meeting != NO_MEETING {
            self.guard.malformed();
            return Taken::Bad;
        }
        if !self.people.is_unknown_news(&record) {
            return Taken::Known;
        }
        let record = AnyRecord::Unknown(record);
        if !record.verify() {
            self.guard.malformed();
            return Taken::Bad;
        }
        let AnyRecord::Unknown(record) = record else {
            return Taken::Known;
        };
        if !self.may_come(NO_MEETING, author, false, via)
            || !self.people.merge_unknown(record, fresh, self.now.monotonic)
        {
            return Taken::Known;
        }
        self.guard.accepted();
        Taken::New
    }

    /// Somebody who was not there runs Sotto now.
    pub(super) fn peer_appeared(&mut self, peer: PeerId) {
        self.consider_offers_to(peer);
        self.join_candidate_appeared(peer);
        self.deliver_answers_to(peer);
    }

    /// Learns what somebody is called.
    pub(super) fn learn(&mut self, peer: PeerId, name: &str, device: &str, source: Source) {
        let full = self.people.is_full_of_names() && !self.people.knows(peer);
        if full && !self.needs_name(peer) {
            return;
        }
        let relabelled = self.people.learn(peer, name, device, source);
        self.labels_changed(&relabelled);
    }

    /// Shows these people anew wherever they are shown.
    pub(super) fn labels_changed(&mut self, peers: &BTreeSet<PeerId>) {
        if peers.is_empty() {
            return;
        }
        for peer in peers.iter().filter(|peer| **peer != self.me.id) {
            self.outbox.changed(Part::Peer(*peer));
        }
        for meeting in self.meetings.iter() {
            if peers.contains(&meeting.founding().head.author) {
                self.outbox.changed(Part::Meeting(meeting.id()));
            }
            let shows =
                |peer: &&PeerId| meeting.is_participant(**peer) || meeting.is_invited(**peer);
            for peer in peers.iter().filter(shows) {
                self.outbox.changed(Part::Participant(meeting.id(), *peer));
            }
        }
        if peers.iter().any(|peer| self.prompts.are_by(*peer)) {
            self.outbox.changed(Part::Invitations);
        }
        if peers.contains(&self.me.id) {
            self.outbox.changed(Part::Me);
        }
    }

    /// Remembers somebody I have to do with, with the name, even when it is not in the lobby.
    pub(super) fn remember_contact(&mut self, peer: PeerId) {
        let meetings = &self.meetings;
        self.people
            .remember(peer, |contact| meetings.is_colleague(contact));
    }

    /// Looks whether everyone who joined has left, or somebody is back.
    pub(super) fn check_ended(&mut self, id: MeetingId) {
        let now = self.now.monotonic;
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return;
        };
        match meeting.look_at_end(now) {
            Some(Turn::Ended) => {
                let title = meeting.title().to_owned();
                self.outbox.event(Event::Ended { meeting: id, title });
                self.outbox.changed(Part::Meeting(id));
                self.withdraw_all_of_mine(id);
            }
            Some(Turn::Back) => self.outbox.changed(Part::Meeting(id)),
            None => {}
        }
    }
}

fn declined(answers: &[([u8; 8], Answer)]) -> Vec<[u8; 8]> {
    answers
        .iter()
        .filter(|(_, answer)| *answer == Answer::Declined)
        .map(|(of, _)| *of)
        .collect()
}

/// What a record says about how people are called.
struct Names(Vec<(PeerId, String, String, Source)>);

impl Names {
    fn of(record: &AnyRecord) -> Self {
        let head = record.head();
        let signed = Source::Signed(head.version);
        let author =
            |name: &String, device: &String| (head.author, name.clone(), device.clone(), signed);
        Self(match record {
            AnyRecord::Presence(record) => vec![author(&record.body.name, &record.body.device)],
            AnyRecord::Answer(record) => vec![author(&record.body.name, &record.body.device)],
            AnyRecord::Invitation(record) => vec![
                author(&record.body.name, &record.body.device),
                (
                    record.body.invitee,
                    record.body.invitee_name.clone(),
                    record.body.invitee_device.clone(),
                    Source::Claimed,
                ),
            ],
            AnyRecord::Founding(_)
            | AnyRecord::Lobby(_)
            | AnyRecord::Unheard(_)
            | AnyRecord::Unknown(_) => Vec::new(),
        })
    }
}
