//! A meeting as one participant knows it: the newest record in every place, and what follows from them.
//!
//! Merging takes a record only if it is newer than the one in its place, so any order of arrival ends in the same
//! value. Expiry and open invitations are computed when asked for: nothing is ever deleted before the meeting is.

mod invitations;
mod records;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(crate) use invitations::{INVITATION_LIFE, expiry};
pub(crate) use records::Kept;

use crate::held::{Held, place};
use crate::ids::{MeetingId, PeerId, Utc};
use crate::limits::{INVITATIONS, PARTICIPANTS};
use crate::presence::{OfflineReason, Presence};
use crate::reach::Reach;
use crate::record::{Answers, AnyRecord, Founding, Invitation, PresenceBody, Record, Version};
use crate::seal::MeetingKeys;
use crate::unknown::Unknowns;

/// What became of a record.
#[derive(Debug)]
pub(crate) enum Merged {
    /// It is the newest in its place now.
    Presence,
    /// It is the newest in its place now.
    Invitation,
    /// It is the newest in its place now; before, these were the answers.
    Answers(Option<Answers>),
    /// It says something that only later releases understand.
    Unknown,
    /// This or a newer one was known.
    Known,
    /// No room.
    Full,
    /// Not a record that belongs into a meeting, or into this one.
    Foreign,
}

/// A turn in a meeting's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The last who had joined has left.
    Ended,
    /// Somebody is back in a meeting that had ended.
    Back,
}

/// One meeting.
pub(crate) struct Meeting {
    id: MeetingId,
    founding: Record<Founding>,
    keys: MeetingKeys,
    presence: BTreeMap<PeerId, Held<PresenceBody>>,
    /// By invitee, then inviter.
    invitations: BTreeMap<(PeerId, PeerId), Held<Invitation>>,
    answers: BTreeMap<PeerId, Held<Answers>>,
    unknown: Unknowns,
    reach: Reach,
    /// How each participant was shown last.
    shown: BTreeMap<PeerId, Presence>,
    /// The number of times that somebody came or went since this run knows of the meeting.
    comings_and_goings: u64,
    /// When somebody was last known to be present.
    last_present: Utc,
    /// Since when everyone who joined has left.
    ended: Option<Duration>,
}

impl Meeting {
    pub(crate) fn new(
        founding: Record<Founding>,
        secret: [u8; 32],
        reach: Reach,
        now: Utc,
    ) -> Self {
        Self {
            id: MeetingId(founding.hash),
            founding,
            keys: MeetingKeys::new(secret),
            presence: BTreeMap::new(),
            invitations: BTreeMap::new(),
            answers: BTreeMap::new(),
            unknown: Unknowns::default(),
            reach,
            shown: BTreeMap::new(),
            comings_and_goings: 0,
            last_present: now,
            ended: None,
        }
    }

    /// Returns the meeting's name among peers.
    pub(crate) fn id(&self) -> MeetingId {
        self.id
    }

    /// Returns the record that founded it.
    pub(crate) fn founding(&self) -> &Record<Founding> {
        &self.founding
    }

    /// Returns the keys that its secret gives.
    pub(crate) fn keys(&self) -> &MeetingKeys {
        &self.keys
    }

    /// Returns who reaches whom.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Returns who reaches whom, to be changed.
    pub(crate) fn reach_mut(&mut self) -> &mut Reach {
        &mut self.reach
    }

    /// Returns its title.
    pub(crate) fn title(&self) -> &str {
        &self.founding.body.title
    }

    /// Whether a record would change anything, before its signature is checked.
    pub(crate) fn is_news(&self, record: &AnyRecord) -> bool {
        let author = record.head().author;
        record.head().meeting == self.id
            && match record {
                AnyRecord::Presence(new) => self
                    .presence
                    .get(&author)
                    .is_none_or(|held| held.record.order(new).is_lt()),
                AnyRecord::Invitation(new) => self
                    .invitations
                    .get(&(new.body.invitee, author))
                    .is_none_or(|held| held.record.order(new).is_lt()),
                AnyRecord::Answer(new) => self
                    .answers
                    .get(&author)
                    .is_none_or(|held| held.record.order(new).is_lt()),
                AnyRecord::Unheard(new) => self.reach.is_news(author, &new.body.report),
                AnyRecord::Unknown(new) => self.is_participant(author) && self.unknown.is_news(new),
                AnyRecord::Founding(_) | AnyRecord::Lobby(_) => false,
            }
    }

    /// Takes a verified record that was made now, as far as anybody knows, and whose author stood by it at `fresh`.
    pub(crate) fn merge(&mut self, record: AnyRecord, fresh: Option<Duration>, utc: Utc) -> Merged {
        self.merge_made(record, fresh, utc, utc)
    }

    /// Takes a verified record that was `made` at that moment of my clock.
    pub(crate) fn merge_made(
        &mut self,
        record: AnyRecord,
        fresh: Option<Duration>,
        made: Utc,
        utc: Utc,
    ) -> Merged {
        if record.head().meeting != self.id {
            return Merged::Foreign;
        }
        let author = record.head().author;
        match record {
            AnyRecord::Presence(record) => {
                if !self.presence.contains_key(&author) && !self.has_room_for(author, utc) {
                    return Merged::Full;
                }
                if place(&mut self.presence, author, record, fresh, made) {
                    Merged::Presence
                } else {
                    Merged::Known
                }
            }
            AnyRecord::Invitation(record) => {
                let key = (record.body.invitee, author);
                let known = self.invitations.contains_key(&key);
                if !known
                    && (self.invitations.len() >= INVITATIONS
                        || !self.has_room_for(record.body.invitee, utc))
                {
                    return Merged::Full;
                }
                if place(&mut self.invitations, key, record, fresh, made) {
                    Merged::Invitation
                } else {
                    Merged::Known
                }
            }
            AnyRecord::Answer(record) => {
                // The invitation may still be on its way, so an answer without one is kept as well.
                if !self.answers.contains_key(&author) && self.answers.len() >= INVITATIONS {
                    return Merged::Full;
                }
                let before = self
                    .answers
                    .get(&author)
                    .map(|held| held.record.body.clone());
                if place(&mut self.answers, author, record, fresh, made) {
                    Merged::Answers(before)
                } else {
                    Merged::Known
                }
            }
            // Of participants alone: so the roster's bound holds for these too. A record that comes before its author's
            // presence comes again by synchronisation.
            AnyRecord::Unknown(record) => {
                if self.is_participant(author) && self.unknown.merge(record, fresh, made) {
                    Merged::Unknown
                } else {
                    Merged::Known
                }
            }
            AnyRecord::Founding(_) | AnyRecord::Lobby(_) | AnyRecord::Unheard(_) => Merged::Foreign,
        }
    }

    /// Whether `peer` is on the roster, or would fit.
    fn has_room_for(&self, peer: PeerId, utc: Utc) -> bool {
        self.presence.contains_key(&peer)
            || self.presence.len() + self.invitations.len() < PARTICIPANTS
            || self
                .invitations_of(peer)
                .any(|held| self.is_open(held, utc))
            || self.roster(utc).len() < PARTICIPANTS
    }

    /// Everyone with a presence record, and everyone with an open invitation.
    pub(crate) fn roster(&self, utc: Utc) -> BTreeSet<PeerId> {
        let invited = self
            .invitations
            .values()
            .filter(|held| self.is_open(held, utc));
        self.presence
            .keys()
            .copied()
            .chain(invited.map(|held| held.record.body.invitee))
            .collect()
    }

    /// Everyone who has joined at some time: all of them hold the secret.
    pub(crate) fn participants(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.presence.keys().copied()
    }

    pub(crate) fn is_participant(&self, peer: PeerId) -> bool {
        self.presence.contains_key(&peer)
    }

    /// The newest presence that `peer` signed.
    pub(crate) fn presence(&self, peer: PeerId) -> Option<&Held<PresenceBody>> {
        self.presence.get(&peer)
    }

    /// The run of `peer`'s daemon that signed its presence last.
    pub(crate) fn run(&self, peer: PeerId) -> Option<u64> {
        self.presence
            .get(&peer)
            .map(|held| held.record.head.version.epoch)
    }

    /// Notes that the author of this very record stands by it now.
    pub(crate) fn refresh(&mut self, peer: PeerId, hash: &[u8; 32], at: Duration) -> bool {
        match self.presence.get_mut(&peer) {
            Some(held)
                if held.record.hash == *hash && held.fresh.is_none_or(|fresh| fresh < at) =>
            {
                held.fresh = Some(at);
                true
            }
            _ => false,
        }
    }

    /// What `peer` signed, with not joined for those without a record.
    pub(crate) fn signed_presence(&self, peer: PeerId) -> Presence {
        self.presence
            .get(&peer)
            .map_or(Presence::Offline(OfflineReason::NotJoined), |held| {
                held.record.body.presence
            })
    }

    /// The version before which a record that calls `peer` present somewhere else has been overtaken.
    pub(crate) fn seat(&self, peer: PeerId) -> Option<Version> {
        let held = self.presence.get(&peer)?;
        Some(Version {
            epoch: held.record.head.version.epoch,
            counter: held.record.body.seat,
        })
    }

    /// Returns how each participant was shown last.
    pub(crate) fn shown(&self) -> &BTreeMap<PeerId, Presence> {
        &self.shown
    }

    /// Returns whether `peer` was shown as present last.
    pub(crate) fn shows_present(&self, peer: PeerId) -> bool {
        self.shown
            .get(&peer)
            .is_some_and(|shown| shown.is_present())
    }

    /// Notes how a participant is shown now. Returns how it was shown before.
    pub(crate) fn show(&mut self, peer: PeerId, is: Presence) -> Presence {
        let not_joined = Presence::Offline(OfflineReason::NotJoined);
        let was = self.shown.insert(peer, is).unwrap_or(not_joined);
        if was.is_present() != is.is_present() {
            self.comings_and_goings += 1;
        }
        was
    }

    /// Returns how often somebody came or went since this run knows of the meeting.
    pub(crate) fn comings_and_goings(&self) -> u64 {
        self.comings_and_goings
    }

    /// Returns when somebody was last known to be present.
    pub(crate) fn last_present(&self) -> Utc {
        self.last_present
    }

    /// Notes when somebody was last known to be present.
    pub(crate) fn set_last_present(&mut self, at: Utc) {
        self.last_present = at;
    }

    /// Returns since when everyone who joined has left.
    pub(crate) fn ended(&self) -> Option<Duration> {
        self.ended
    }

    /// Looks whether everyone who joined has left. Returns whether the meeting has ended since the last look, or begun
    /// anew.
    pub(crate) fn look_at_end(&mut self, now: Duration) -> Option<Turn> {
        match (self.is_deserted(), self.ended) {
            (true, None) => {
                self.ended = Some(now);
                Some(Turn::Ended)
            }
            (false, Some(_)) => {
                self.ended = None;
                Some(Turn::Back)
            }
            _ => None,
        }
    }

    /// Returns whether everyone who joined has left.
    fn is_deserted(&self) -> bool {
        !self.presence.is_empty()
            && !self
                .presence
                .values()
                .any(|held| held.record.body.presence.keeps_meeting())
    }
}
