//! Version 3: moments were by the wall clock, and nothing told how long the machine had run.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::ids::{MeetingId, PeerId, Utc};
use crate::presence::Presence;
use crate::stored;

#[derive(Deserialize)]
pub(super) struct State {
    pub(super) me: PeerId,
    pub(super) epoch: u64,
    pub(super) written: Utc,
    pub(super) clean: bool,
    pub(super) seat: Option<Seat>,
    pub(super) muted: bool,
    pub(super) deafened: bool,
    pub(super) meetings: Vec<Meeting>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) invited_again: Vec<(MeetingId, PeerId, Utc)>,
    pub(super) forgotten: Vec<(MeetingId, Utc)>,
    pub(super) contacts: Vec<Contact>,
    pub(super) volumes: Vec<(PeerId, u16)>,
}

#[derive(Deserialize)]
pub(super) struct Seat {
    pub(super) meeting: MeetingId,
    pub(super) presence: Presence,
}

#[derive(Deserialize)]
pub(super) struct Meeting {
    pub(super) founding: Vec<u8>,
    pub(super) secret: [u8; 32],
    pub(super) last_present: Utc,
    pub(super) records: Vec<Record>,
}

#[derive(Deserialize)]
pub(super) struct Record {
    pub(super) raw: Vec<u8>,
    pub(super) received: Utc,
}

#[derive(Deserialize)]
pub(super) struct Prompt {
    pub(super) founding: Vec<u8>,
    pub(super) invitations: Vec<Record>,
    pub(super) answers: Option<Vec<u8>>,
    pub(super) undelivered: bool,
    pub(super) inside: Vec<Claim>,
    pub(super) invited: Vec<Claim>,
    pub(super) offered_by: Vec<PeerId>,
    pub(super) declined: bool,
    pub(super) again: Option<Utc>,
}

#[derive(Deserialize)]
pub(super) struct Claim {
    pub(super) peer: PeerId,
    pub(super) name: String,
    pub(super) device: String,
}

#[derive(Deserialize)]
pub(super) struct Contact {
    pub(super) peer: PeerId,
    pub(super) name: String,
    pub(super) device: String,
    pub(super) addresses: Vec<SocketAddr>,
}

pub(super) fn read(body: &[u8]) -> Option<State> {
    super::whole(body)
}

impl From<State> for stored::State {
    fn from(old: State) -> Self {
        Self {
            me: old.me,
            epoch: old.epoch,
            written: old.written,
            wall: old.written,
            boot: None,
            clean: old.clean,
            seat: old.seat.map(|seat| stored::StoredSeat {
                meeting: seat.meeting,
                presence: seat.presence,
            }),
            muted: old.muted,
            deafened: old.deafened,
            meetings: old.meetings.into_iter().map(meeting).collect(),
            prompts: old.prompts.into_iter().map(prompt).collect(),
            invited_again: old.invited_again,
            forgotten: old.forgotten,
            contacts: old.contacts.into_iter().map(contact).collect(),
            volumes: old.volumes,
        }
    }
}

fn meeting(old: Meeting) -> stored::StoredMeeting {
    stored::StoredMeeting {
        founding: old.founding,
        secret: old.secret,
        last_present: old.last_present,
        records: old.records.into_iter().map(record).collect(),
    }
}

fn record(old: Record) -> stored::StoredRecord {
    stored::StoredRecord {
        raw: old.raw,
        made: old.received,
    }
}

fn prompt(old: Prompt) -> stored::StoredPrompt {
    stored::StoredPrompt {
        founding: old.founding,
        invitations: old.invitations.into_iter().map(record).collect(),
        answers: old.answers,
        undelivered: old.undelivered,
        inside: old.inside.into_iter().map(claim).collect(),
        invited: old.invited.into_iter().map(claim).collect(),
        offered_by: old.offered_by,
        declined: old.declined,
        again: old.again,
    }
}

fn claim(old: Claim) -> stored::StoredClaim {
    stored::StoredClaim {
        peer: old.peer,
        name: old.name,
        device: old.device,
    }
}

fn contact(old: Contact) -> stored::StoredContact {
    stored::StoredContact {
        peer: old.peer,
        name: old.name,
        device: old.device,
        addresses: old.addresses,
    }
}
