//! Direct messages: asking, answering, and what an answer or its absence means.

use std::net::IpAddr;

use super::Mesh;
use super::merging::{Taken, Via, Way};
use crate::event::Part;
use crate::growable::Unread;
use crate::ids::{MeetingId, PeerId};
use crate::input::DirectError;
use crate::keys;
use crate::output::Output;
use crate::record::{self, AnyRecord};
use crate::seal::Place;
use crate::wire::{MeetingRequest, MeetingResponse, Message, Request, Response};

/// What a direct request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    LobbyDigest {
        rounds: u8,
    },
    /// `again` asks for another round of so many once this is done.
    LobbyExchange {
        again: Option<u8>,
    },
    MeetingDigest {
        meeting: MeetingId,
        buckets: usize,
        rounds: u8,
    },
    MeetingExchange {
        meeting: MeetingId,
        again: Option<u8>,
    },
    Announce,
    Invitation {
        meeting: MeetingId,
    },
    Join {
        meeting: MeetingId,
    },
    Answers {
        meeting: MeetingId,
    },
    VoiceKeys {
        meeting: MeetingId,
        generation: u64,
    },
    Whisper {
        meeting: MeetingId,
        serial: u64,
    },
}

impl Mesh {
    pub(super) fn peer_connected(&mut self, peer: PeerId, address: IpAddr) {
        if peer == self.me.id {
            return;
        }
        self.links.connected(peer, address, self.now.monotonic);
        self.keys.connected(peer, address, self.now.monotonic);
        self.outbox.changed(Part::Peer(peer));
        self.synchronise_with(peer);
        self.peer_appeared(peer);
    }

    pub(super) fn peer_disconnected(&mut self, peer: PeerId) {
        self.links.disconnected(peer);
        self.keys.disconnected(peer);
        self.outbox.changed(Part::Peer(peer));
    }

    /// Asks a peer something; [`Self::response`] or [`Self::failed`] gets the outcome.
    pub(super) fn ask(&mut self, to: PeerId, purpose: Purpose, request: &Request) {
        // A failure on the spot is reported like a late one, but not from within whoever asks.
        if let Err(purpose) = self
            .links
            .ask(to, purpose, request.encode(), self.now.monotonic)
        {
            tracing::debug!(peer = ?to, ?purpose, "too many requests under way");
            self.guard.request_dropped();
            self.failed(to, purpose);
        }
    }

    /// Asks another participant, sealed with the meeting's secret.
    pub(super) fn ask_participant(
        &mut self,
        meeting: MeetingId,
        to: PeerId,
        purpose: Purpose,
        request: &MeetingRequest,
    ) {
        let Some(known) = self.meetings.get(&meeting) else {
            self.failed(to, purpose);
            return;
        };
        let place = Place::Request {
            from: self.me.id,
            to,
        };
        let sealed = known.keys().seal(&mut self.rng, place, &request.encode());
        let tag = known.keys().tag;
        self.ask(to, purpose, &Request::Sealed { tag, sealed });
    }

    /// A request came; it is answered in any case.
    pub(super) fn request(&mut self, from: PeerId, id: u64, data: &[u8]) {
        let response = if self.guard.may_ask(from, self.now.monotonic) {
            match Request::decode(data) {
                Ok(request) => self.answer(from, request),
                Err(Unread::UnknownKind(kind)) => {
                    tracing::debug!(peer = ?from, kind, "asks what only a later Sotto knows");
                    Response::UnknownRequest
                }
                Err(Unread::Broken) => {
                    self.guard.malformed();
                    Response::Refused
                }
            }
        } else {
            Response::Refused
        };
        self.outbox.push(Output::Respond {
            id,
            data: response.encode(),
        });
    }

    fn answer(&mut self, from: PeerId, request: Request) -> Response {
        if from == self.me.id || self.seat.is_closing() {
            return Response::Refused;
        }
        match request {
            Request::LobbyDigest { hashes, clock } => {
                self.clock_told(from, clock);
                Response::Listing(self.lobby_listing(&hashes))
            }
            Request::LobbyExchange { want, give } => {
                self.take_lobby_records(from, give);
                Response::Records(self.lobby_records(&want))
            }
            Request::Invitation(offered) => self.offered(from, &offered),
            Request::Join {
                meeting,
                invitations,
            } => self.admit(from, meeting, &invitations),
            Request::Answers { raw } => self.answers_handed_over(from, &raw),
            Request::Sealed { tag, sealed } => self.answer_sealed(from, &tag, &sealed),
        }
    }

    fn answer_sealed(&mut self, from: PeerId, tag: &[u8; 32], sealed: &[u8]) -> Response {
        let Some(id) = self.meetings.tagged(tag) else {
            return Response::Refused;
        };
        let me = self.me.id;
        let request = self
            .meetings
            .get(&id)
            .and_then(|meeting| meeting.keys().open(Place::Request { from, to: me }, sealed))
            .ok_or(Unread::Broken)
            .and_then(|bytes| MeetingRequest::decode(&bytes));
        let response = match request {
            Ok(MeetingRequest::Whisper(notice))
                if !self.talk.admits_notice(from, &notice, self.now.monotonic) =>
            {
                // An honest speaker says it again later.
                self.guard.request_dropped();
                return Response::Refused;
            }
            Ok(request) => self.answer_participant(id, from, request),
            Err(Unread::UnknownKind(kind)) => {
                tracing::debug!(peer = ?from, kind, "asks what only a later Sotto knows");
                MeetingResponse::UnknownRequest
            }
            Err(Unread::Broken) => {
                self.guard.malformed();
                return Response::Refused;
            }
        };
        let Some(meeting) = self.meetings.get(&id) else {
            return Response::Refused;
        };
        Response::Sealed(meeting.keys().seal(
            &mut self.rng,
            Place::Response { from: me, to: from },
            &response.encode(),
        ))
    }

    fn answer_participant(
        &mut self,
        id: MeetingId,
        from: PeerId,
        request: MeetingRequest,
    ) -> MeetingResponse {
        match request {
            MeetingRequest::Digest { hashes, mine } => {
                self.take_from_author(id, from, mine.as_deref());
                MeetingResponse::Listing {
                    listing: self.meeting_listing(id, &hashes),
                    mine: self.my_record(id),
                }
            }
            MeetingRequest::Exchange { want, give } => {
                self.take_meeting_records(id, from, give);
                MeetingResponse::Records(self.meeting_records(id, &want))
            }
            MeetingRequest::Announce { records } => {
                for raw in records {
                    self.take_and_pass_on(id, from, &raw);
                }
                MeetingResponse::Done
            }
            MeetingRequest::VoiceKeys(offer) => {
                let record = offer.record.clone();
                let answer =
                    if offer.meeting == id && self.take_from_author(id, from, Some(&record)) {
                        self.keys.handle_offer(from, offer, self.now.monotonic)
                    } else {
                        keys::Answer::Refused(keys::AnswerRefusal::Malformed)
                    };
                MeetingResponse::VoiceKeys(answer)
            }
            MeetingRequest::Whisper(notice) => {
                if self.is_inside(id) {
                    self.talk.handle_notice(from, &notice, self.now.monotonic);
                    self.outbox.changed(Part::Talk);
                    if self.talk.flags().deafened && notice.others.is_some() {
                        return MeetingResponse::Deafened;
                    }
                }
                MeetingResponse::Done
            }
        }
    }

    /// Takes a presence record from its author itself, which proves that the author stands by it.
    fn take_from_author(&mut self, id: MeetingId, from: PeerId, raw: Option<&[u8]>) -> bool {
        let Some(record) = raw.and_then(record::read) else {
            return false;
        };
        if !matches!(record, AnyRecord::Presence(_)) || record.head().author != from {
            return false;
        }
        let via = Via {
            relay: from,
            way: Way::Author,
        };
        let taken = self.take_record(id, record, Some(self.now.monotonic), via);
        if taken == Taken::Bad {
            self.blame(from);
        }
        taken != Taken::Bad
    }

    /// An answer came, or the news that none will.
    pub(super) fn response(&mut self, id: u64, from: PeerId, result: Result<Vec<u8>, DirectError>) {
        let Some(purpose) = self.links.answered(id, from) else {
            return;
        };
        // An answer of an unknown kind is as good as none.
        match result.ok().and_then(|data| Response::decode(&data).ok()) {
            Some(Response::Sealed(sealed)) => self.sealed_response(from, purpose, &sealed),
            Some(response) => self.plain_response(from, purpose, response),
            None => self.failed(from, purpose),
        }
    }

    fn plain_response(&mut self, from: PeerId, purpose: Purpose, response: Response) {
        if let (Purpose::MeetingDigest { meeting, .. }, Response::Refused) = (&purpose, &response) {
            self.refused_as_participant(*meeting, from);
        }
        match (purpose, response) {
            (Purpose::LobbyDigest { rounds }, Response::Listing(listing)) => {
                self.lobby_listed(from, &listing, rounds);
            }
            (Purpose::LobbyExchange { again }, Response::Records(records)) => {
                self.take_lobby_records(from, records);
                if let Some(rounds) = again {
                    self.compare_lobby(from, rounds);
                }
            }
            (Purpose::Invitation { meeting }, Response::Answers { raw }) => {
                self.receipt(meeting, from, &raw);
            }
            (Purpose::Join { meeting }, Response::Admitted(admission)) => {
                self.admitted(meeting, from, admission)
            }
            (Purpose::Join { meeting }, Response::NotAdmitted(why)) => {
                self.not_admitted(meeting, from, why)
            }
            (Purpose::Answers { meeting }, Response::Done) => self.answers_delivered(meeting),
            (purpose, _) => self.failed(from, purpose),
        }
    }

    fn sealed_response(&mut self, from: PeerId, purpose: Purpose, sealed: &[u8]) {
        let id = match &purpose {
            Purpose::MeetingDigest { meeting, .. }
            | Purpose::MeetingExchange { meeting, .. }
            | Purpose::VoiceKeys { meeting, .. }
            | Purpose::Whisper { meeting, .. } => Some(*meeting),
            _ => None,
        };
        let place = Place::Response {
            from,
            to: self.me.id,
        };
        let response = id
            .and_then(|id| self.meetings.get(&id))
            .and_then(|meeting| meeting.keys().open(place, sealed))
            .and_then(|bytes| MeetingResponse::decode(&bytes).ok());
        match (purpose, response) {
            (
                Purpose::MeetingDigest {
                    meeting,
                    buckets,
                    rounds,
                },
                Some(MeetingResponse::Listing { listing, mine }),
            ) => {
                self.take_from_author(meeting, from, mine.as_deref());
                self.meeting_listed(meeting, from, &listing, buckets, rounds);
            }
            (
                Purpose::MeetingExchange { meeting, again },
                Some(MeetingResponse::Records(records)),
            ) => {
                self.take_meeting_records(meeting, from, records);
                if let Some(rounds) = again {
                    self.compare_meeting(meeting, from, rounds);
                }
            }
            (
                Purpose::VoiceKeys {
                    meeting,
                    generation,
                },
                Some(MeetingResponse::VoiceKeys(answer)),
            ) => {
                if let keys::Answer::Accepted(offer) = &answer {
                    let record = offer.record.clone();
                    self.take_from_author(meeting, from, Some(&record));
                }
                self.keys
                    .handle_answer(from, generation, Some(answer), self.now.monotonic);
            }
            (Purpose::Whisper { serial, .. }, Some(MeetingResponse::Done)) => {
                self.talk.told(from, serial, true, self.now.monotonic);
            }
            (Purpose::Whisper { meeting, serial }, Some(MeetingResponse::Deafened)) => {
                self.talk.told(from, serial, true, self.now.monotonic);
                if self.is_seated(meeting) {
                    self.talk.receiver_is_deafened(from);
                }
            }
            (Purpose::Announce, _) => {}
            (purpose, _) => self.failed(from, purpose),
        }
    }

    /// A request came to nothing.
    pub(super) fn failed(&mut self, peer: PeerId, purpose: Purpose) {
        match purpose {
            Purpose::VoiceKeys { generation, .. } => {
                self.keys
                    .handle_answer(peer, generation, None, self.now.monotonic);
            }
            Purpose::Whisper { serial, .. } => {
                self.talk.told(peer, serial, false, self.now.monotonic)
            }
            Purpose::Join { meeting } => self.join_unanswered(meeting, peer),
            Purpose::Invitation { meeting } => self.offer_failed(meeting, peer),
            // The next round of synchronisation, or the next appearance of the peer, makes up for these.
            Purpose::LobbyDigest { .. }
            | Purpose::LobbyExchange { .. }
            | Purpose::MeetingDigest { .. }
            | Purpose::MeetingExchange { .. }
            | Purpose::Announce
            | Purpose::Answers { .. } => {}
        }
    }
}
