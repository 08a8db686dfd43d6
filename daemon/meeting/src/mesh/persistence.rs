//! To the disk and back.

use std::time::Duration;

use super::prompt::Prompt;
use super::{Mesh, RejoinPolicy};
use crate::directory::Source;
use crate::event::Event;
use crate::ids::{MeetingId, Utc};
use crate::presence::{OfflineReason, Presence};
use crate::record::{self, AnyRecord};
use crate::stored::{State, StoredContact, StoredMeeting, StoredRecord, StoredSeat};

/// A crash this long ago is still followed by a rejoin: a minute, and the time since the last sign of life on disk.
const AFTER_CRASH: Duration = Duration::from_secs(60 + 15);

impl Mesh {
    /// Everything that outlives the daemon.
    pub(super) fn state(&self) -> State {
        let seat = self.seat.to_store();
        State {
            me: self.me.id,
            epoch: self.me.epoch(),
            written: self.now.utc,
            wall: self.now.wall(),
            boot: self.now.boot(),
            clean: self.seat.is_closing(),
            seat: seat.map(|(meeting, presence)| StoredSeat { meeting, presence }),
            muted: self.talk.muted_by_hand(),
            deafened: self.talk.flags().deafened,
            meetings: self
                .meetings
                .iter()
                .filter(|meeting| meeting.ended().is_none())
                .map(|meeting| StoredMeeting {
                    founding: meeting.founding().raw.to_vec(),
                    secret: *meeting.keys().secret,
                    last_present: meeting.last_present(),
                    records: meeting
                        .records()
                        .map(|kept| StoredRecord {
                            raw: kept.raw.to_vec(),
                            made: kept.made,
                        })
                        .collect(),
                })
                .collect(),
            prompts: self.prompts.iter().map(Prompt::to_store).collect(),
            invited_again: self.offerings.to_store(),
            // A meeting that has ended is not taken up again, and no copy of it may call people back into it.
            forgotten: self.meetings.over(self.now.utc),
            contacts: self
                .people
                .contacts()
                .map(|(peer, addresses)| StoredContact {
                    peer,
                    name: self.people.name(peer).to_owned(),
                    device: self.people.device(peer).to_owned(),
                    addresses: addresses.to_vec(),
                })
                .collect(),
            volumes: self.people.volumes().collect(),
        }
    }

    /// Takes up what the last run left, of this age if a clock tells, and returns to its meeting if the settings say so.
    pub(super) fn restore(&mut self, state: State, age: Option<Duration>, policy: RejoinPolicy) {
        self.people.restore_volumes(state.volumes);
        self.meetings.restore_forgotten(state.forgotten);
        self.offerings.restore(state.invited_again);
        for contact in state.contacts {
            self.people.restore_contact(contact.peer, contact.addresses);
            self.learn(contact.peer, &contact.name, &contact.device, Source::Pinned);
        }
        for stored in state.meetings {
            self.restore_meeting(stored);
        }
        for stored in state.prompts {
            self.restore_prompt(stored);
        }
        self.talk.remember(state.muted, state.deafened);

        let seat = state
            .seat
            .filter(|seat| self.meetings.contains(seat.meeting));
        let crashed = !state.clean && seat.as_ref().is_some_and(|seat| seat.presence.is_present());
        let rejoin = match policy {
            RejoinPolicy::Never => false,
            RejoinPolicy::Always => true,
            RejoinPolicy::AfterCrash => crashed && age.is_some_and(|age| age <= AFTER_CRASH),
        };
        self.seat.set_counter(self.me.next_counter());
        if policy == RejoinPolicy::AfterCrash
            && crashed
            && age.is_none()
            && let Some(seat) = &seat
        {
            tracing::warn!("does not rejoin: no clock tells how long ago the last run crashed");
            self.outbox.event(Event::NotRejoined {
                meeting: seat.meeting,
                title: self.title_of(seat.meeting),
            });
        }
        let rejoined = seat.filter(|_| rejoin).map(|seat| seat.meeting);
        // What the last run said is true no longer, unless I return at once.
        let stale: Vec<MeetingId> = self
            .meetings
            .iter()
            .filter(|meeting| {
                let signed = meeting.signed_presence(self.me.id);
                let phone = signed == Presence::Offline(OfflineReason::Phone);
                (signed.is_present() || phone) && Some(meeting.id()) != rejoined
            })
            .map(|meeting| meeting.id())
            .collect();
        for id in stale {
            self.sign_presence(id, Presence::Offline(OfflineReason::Closed));
        }
        if let Some(id) = rejoined {
            self.talk.remember(true, state.deafened);
            self.take_seat(id);
            let title = self.title_of(id);
            self.outbox.event(Event::Rejoined { meeting: id, title });
        }
    }

    fn title_of(&self, id: MeetingId) -> String {
        let meeting = self.meetings.get(&id);
        meeting.map_or_else(String::new, |meeting| meeting.title().to_owned())
    }

    fn restore_meeting(&mut self, stored: StoredMeeting) {
        let Some(AnyRecord::Founding(founding)) = record::read(&stored.founding) else {
            return;
        };
        let id = self.add_meeting(founding, stored.secret);
        for record in stored.records {
            self.restore_record(id, &record.raw, record.made);
        }
        if let Some(meeting) = self.meetings.get_mut(&id) {
            meeting.set_last_present(stored.last_present);
        }
        let peers: Vec<_> = self
            .meetings
            .get(&id)
            .map(|meeting| meeting.participants().collect())
            .unwrap_or_default();
        for peer in peers {
            self.review_peer(peer);
        }
        self.outbox.drop_presence_events();
    }

    /// The checksum vouches for what was verified before it was stored.
    fn restore_record(&mut self, id: MeetingId, raw: &[u8], made: Utc) {
        let Some(record) = record::read(raw) else {
            return;
        };
        let version = record.head().version;
        let author = record.head().author;
        let (name, device) = match &record {
            AnyRecord::Presence(record) => (record.body.name.clone(), record.body.device.clone()),
            AnyRecord::Answer(record) => (record.body.name.clone(), record.body.device.clone()),
            AnyRecord::Invitation(record) => (record.body.name.clone(), record.body.device.clone()),
            _ => (String::new(), String::new()),
        };
        if let AnyRecord::Invitation(record) = &record {
            let body = record.body.clone();
            self.learn(
                body.invitee,
                &body.invitee_name,
                &body.invitee_device,
                Source::Claimed,
            );
        }
        if !name.is_empty() {
            self.learn(author, &name, &device, Source::Signed(version));
        }
        let utc = self.now.utc;
        if let Some(meeting) = self.meetings.get_mut(&id) {
            meeting.merge_made(record, None, made, utc);
        }
    }
}
