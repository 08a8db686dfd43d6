//! What a later release does besides what this one does, for tests in which both meet.

use super::*;
use crate::record::{AnyRecord, NO_MEETING};
use crate::seal::Place;

impl Mesh {
    /// Signs and gossips a record of a kind that this release does not know, in a meeting or in the lobby. Returns its
    /// bytes.
    pub(crate) fn say_later(
        &mut self,
        meeting: Option<MeetingId>,
        kind: u8,
        body: &[u8],
    ) -> Vec<u8> {
        let record = self
            .me
            .sign_later(meeting.unwrap_or(NO_MEETING), kind, body);
        let raw = record.raw.to_vec();
        match meeting {
            Some(id) => {
                let now = self.now;
                let known = self.meetings.get_mut(&id).unwrap();
                known.merge(AnyRecord::Unknown(record), Some(now.monotonic), now.utc);
                self.publish(id, &raw);
            }
            None => self.outbox.push(Output::Publish {
                topic: Topic::lobby(),
                data: raw.clone(),
            }),
        }
        self.outbox.save_now();
        self.settle();
        raw
    }

    /// Returns all records of such kinds that are held, as they were signed.
    pub(crate) fn heard_later(&self, meeting: Option<MeetingId>) -> Vec<Vec<u8>> {
        let now = self.now.monotonic;
        let all: Vec<Vec<u8>> = match meeting {
            Some(id) => self.meetings.get(&id).map_or_else(Vec::new, |meeting| {
                meeting.records().map(|kept| kept.raw.to_vec()).collect()
            }),
            None => {
                let slots = self
                    .people
                    .entries()
                    .iter()
                    .map(|entry| entry.slot)
                    .collect();
                self.people
                    .records(&slots, now)
                    .map(|(_, raw)| raw.to_vec())
                    .collect()
            }
        };
        let is_later =
            |raw: &Vec<u8>| matches!(crate::record::read(raw), Some(AnyRecord::Unknown(_)));
        all.into_iter().filter(is_later).collect()
    }

    /// Returns somebody's newest presence as it was signed.
    pub(crate) fn record_of(&self, id: MeetingId, peer: PeerId) -> Option<Vec<u8>> {
        let held = self.meetings.get(&id)?.presence(peer)?;
        Some(held.record.raw.to_vec())
    }

    /// Seals a request to another participant, whatever it says.
    pub(crate) fn seal_request(&mut self, id: MeetingId, to: PeerId, plain: &[u8]) -> Vec<u8> {
        let place = Place::Request {
            from: self.me.id,
            to,
        };
        let keys = self.meetings.get(&id).unwrap().keys();
        let sealed = keys.seal(&mut self.rng, place, plain);
        let tag = keys.tag;
        Request::Sealed { tag, sealed }.encode()
    }

    /// Opens the answer to such a request.
    pub(crate) fn open_response(&self, id: MeetingId, from: PeerId, data: &[u8]) -> Vec<u8> {
        let Ok(Response::Sealed(sealed)) = Response::decode(data) else {
            panic!("not sealed: {data:?}");
        };
        let place = Place::Response {
            from,
            to: self.me.id,
        };
        let keys = self.meetings.get(&id).unwrap().keys();
        keys.open(place, &sealed).unwrap()
    }
}
