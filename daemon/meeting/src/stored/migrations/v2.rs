//! Version 2: before the first release. The file did not say which release wrote it.

use std::net::SocketAddr;

use serde::Deserialize;

use super::v3;
use crate::ids::{MeetingId, PeerId, Utc};
use crate::presence::Presence;

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

impl From<State> for v3::State {
    fn from(old: State) -> Self {
        Self {
            me: old.me,
            epoch: old.epoch,
            written: old.written,
            clean: old.clean,
            seat: old.seat.map(|seat| v3::Seat {
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

fn meeting(old: Meeting) -> v3::Meeting {
    v3::Meeting {
        founding: old.founding,
        secret: old.secret,
        last_present: old.last_present,
        records: old.records.into_iter().map(record).collect(),
    }
}

fn record(old: Record) -> v3::Record {
    v3::Record {
        raw: old.raw,
        received: old.received,
    }
}

fn prompt(old: Prompt) -> v3::Prompt {
    v3::Prompt {
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

fn claim(old: Claim) -> v3::Claim {
    v3::Claim {
        peer: old.peer,
        name: old.name,
        device: old.device,
    }
}

fn contact(old: Contact) -> v3::Contact {
    v3::Contact {
        peer: old.peer,
        name: old.name,
        device: old.device,
        addresses: old.addresses,
    }
}
