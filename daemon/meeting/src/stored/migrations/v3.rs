//! Versions 2 and 3: moments were by the wall clock, and nothing told how long the machine had run. They differ in what
//! stands before the body: in version 2, nothing said which release wrote it.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::ids::{MeetingId, PeerId, Utc};
use crate::presence::Presence;
use crate::stored;

#[derive(Deserialize)]
pub(super) struct State {
    me: PeerId,
    epoch: u64,
    written: Utc,
    clean: bool,
    seat: Option<Seat>,
    muted: bool,
    deafened: bool,
    meetings: Vec<Meeting>,
    prompts: Vec<Prompt>,
    invited_again: Vec<(MeetingId, PeerId, Utc)>,
    forgotten: Vec<(MeetingId, Utc)>,
    contacts: Vec<Contact>,
    volumes: Vec<(PeerId, u16)>,
}

#[derive(Deserialize)]
struct Seat {
    meeting: MeetingId,
    presence: Presence,
}

#[derive(Deserialize)]
struct Meeting {
    founding: Vec<u8>,
    secret: [u8; 32],
    last_present: Utc,
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    raw: Vec<u8>,
    received: Utc,
}

#[derive(Deserialize)]
struct Prompt {
    founding: Vec<u8>,
    invitations: Vec<Record>,
    answers: Option<Vec<u8>>,
    undelivered: bool,
    inside: Vec<Claim>,
    invited: Vec<Claim>,
    offered_by: Vec<PeerId>,
    declined: bool,
    again: Option<Utc>,
}

#[derive(Deserialize)]
struct Claim {
    peer: PeerId,
    name: String,
    device: String,
}

#[derive(Deserialize)]
struct Contact {
    peer: PeerId,
    name: String,
    device: String,
    addresses: Vec<SocketAddr>,
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
