//! A meeting as one participant knows it: the newest record in every place, and what follows from them.
//!
//! Merging takes a record only if it is newer than the one in its place, so any order of arrival ends in the same
//! value. Expiry and open invitations are computed when asked for: nothing is ever deleted before the meeting is.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::digest::Entry;
use crate::ids::{MeetingId, PeerId, Utc};
use crate::limits::{INVITATIONS, PARTICIPANTS};
use crate::presence::{OfflineReason, Presence};
use crate::reach::Reach;
use crate::record::{
    Answer, Answers, AnyRecord, Founding, Invitation, Kind, PresenceBody, Record, Unknown, Version,
    reference,
};
use crate::seal::MeetingKeys;
use crate::unknown::Unknowns;

/// How long an invitation stays open.
pub(crate) const INVITATION_LIFE: Duration = Duration::from_secs(24 * 3600);

/// A record in its place.
#[derive(Debug, Clone)]
pub(crate) struct Held<B> {
    pub(crate) record: Record<B>,
    /// When its author is last known to have stood by it; `None` if it was loaded from disk.
    pub(crate) fresh: Option<Duration>,
    /// When it came, on the wall clock.
    pub(crate) received: Utc,
    /// Under which it is synchronised.
    pub(crate) entry: Entry,
}

impl<B: Placed> Held<B> {
    pub(crate) fn new(record: Record<B>, fresh: Option<Duration>, received: Utc) -> Self {
        let slot = slot(record.head.kind, record.head.author, record.body.about());
        let entry = Entry {
            slot,
            reference: record.reference(),
        };
        Self {
            record,
            fresh,
            received,
            entry,
        }
    }
}

/// What besides its author distinguishes a record's place.
pub(crate) trait Placed {
    fn about(&self) -> Option<PeerId> {
        None
    }
}

impl Placed for PresenceBody {}
impl Placed for Answers {}
impl Placed for Unknown {}
impl Placed for Invitation {
    fn about(&self) -> Option<PeerId> {
        Some(self.invitee)
    }
}

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

/// One meeting.
pub(crate) struct Meeting {
    pub(crate) id: MeetingId,
    pub(crate) founding: Record<Founding>,
    pub(crate) keys: MeetingKeys,
    presence: BTreeMap<PeerId, Held<PresenceBody>>,
    /// By invitee, then inviter.
    invitations: BTreeMap<(PeerId, PeerId), Held<Invitation>>,
    answers: BTreeMap<PeerId, Held<Answers>>,
    unknown: Unknowns,
    pub(crate) reach: Reach,
    /// How each participant was shown last.
    pub(crate) shown: BTreeMap<PeerId, Presence>,
    /// The number of times that somebody came or went since this run knows of the meeting.
    pub(crate) comings_and_goings: u64,
    /// When somebody was last known to be present.
    pub(crate) last_present: Utc,
    /// Since when everyone who joined has left.
    pub(crate) ended: Option<Duration>,
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

    /// Takes a verified record whose author stood by it at `fresh`.
    pub(crate) fn merge(&mut self, record: AnyRecord, fresh: Option<Duration>, utc: Utc) -> Merged {
        if record.head().meeting != self.id {
            return Merged::Foreign;
        }
        let author = record.head().author;
        match record {
            AnyRecord::Presence(record) => {
                if !self.presence.contains_key(&author) && !self.has_room_for(author, utc) {
                    return Merged::Full;
                }
                if place(&mut self.presence, author, record, fresh, utc) {
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
                if place(&mut self.invitations, key, record, fresh, utc) {
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
                if place(&mut self.answers, author, record, fresh, utc) {
                    Merged::Answers(before)
                } else {
                    Merged::Known
                }
            }
            // Of participants alone: so the roster's bound holds for these too. A record that comes before its author's
            // presence comes again by synchronisation.
            AnyRecord::Unknown(record) => {
                if self.is_participant(author) && self.unknown.merge(record, fresh, utc) {
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

    /// Everyone who declined, was not invited again since, and has never joined. They are shown, but belong to no roster.
    pub(crate) fn decliners(&self, utc: Utc) -> BTreeSet<PeerId> {
        let roster = self.roster(utc);
        self.invitations
            .values()
            .filter(|held| !held.record.body.withdrawn)
            .filter(|held| self.answer(&held.record) == Some(Answer::Declined))
            .map(|held| held.record.body.invitee)
            .filter(|invitee| !roster.contains(invitee))
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

    /// Whether everyone who joined has left.
    pub(crate) fn is_deserted(&self) -> bool {
        !self.presence.is_empty()
            && !self
                .presence
                .values()
                .any(|held| held.record.body.presence.keeps_meeting())
    }

    pub(crate) fn invitation(&self, invitee: PeerId, inviter: PeerId) -> Option<&Held<Invitation>> {
        self.invitations.get(&(invitee, inviter))
    }

    /// All invitations of one invitee, open or not.
    pub(crate) fn invitations_of(
        &self,
        invitee: PeerId,
    ) -> impl Iterator<Item = &Held<Invitation>> {
        let all = (invitee, PeerId([0; 32]))..=(invitee, PeerId([255; 32]));
        self.invitations.range(all).map(|(_, held)| held)
    }

    /// Whether anybody ever invited `peer`.
    /// Returns whether `peer` is shown as one who declined; nothing if it is not shown at all.
    ///
    /// It agrees with [`Self::roster`] and [`Self::decliners`].
    pub(crate) fn listing(&self, peer: PeerId, utc: Utc) -> Option<bool> {
        let mut invitations = self.invitations_of(peer);
        let listed = self.is_participant(peer)
            || self
                .invitations_of(peer)
                .any(|held| self.is_open(held, utc));
        if listed {
            return Some(false);
        }
        let declined = invitations.any(|held| {
            let withdrawn = held.record.body.withdrawn;
            !withdrawn && self.answer(&held.record) == Some(Answer::Declined)
        });
        declined.then_some(true)
    }

    pub(crate) fn is_invited(&self, peer: PeerId) -> bool {
        self.invitations_of(peer).next().is_some()
    }

    /// Everybody with an open invitation.
    pub(crate) fn open_invitees(&self, utc: Utc) -> BTreeSet<PeerId> {
        self.invitations
            .values()
            .filter(|held| self.is_open(held, utc))
            .map(|held| held.record.body.invitee)
            .collect()
    }

    /// Everybody who was ever invited.
    pub(crate) fn invitees(&self) -> BTreeSet<PeerId> {
        self.invitations
            .keys()
            .map(|(invitee, _)| *invitee)
            .collect()
    }

    /// What the invitee answered to this very invitation.
    pub(crate) fn answer(&self, invitation: &Record<Invitation>) -> Option<Answer> {
        let reference = invitation.reference();
        self.answers
            .get(&invitation.body.invitee)?
            .record
            .body
            .answers
            .iter()
            .find(|(of, _)| *of == reference)
            .map(|(_, answer)| *answer)
    }

    pub(crate) fn answers_of(&self, peer: PeerId) -> Option<&Held<Answers>> {
        self.answers.get(&peer)
    }

    /// Neither withdrawn nor answered nor too old, and its invitee not inside.
    fn is_open(&self, held: &Held<Invitation>, utc: Utc) -> bool {
        let invitation = &held.record;
        let answered = self.answer(invitation).is_some_and(Answer::is_final);
        !invitation.body.withdrawn
            && !answered
            && !self.is_inside_since(invitation)
            && utc < expiry(invitation, held.received)
    }

    /// Whether the invitee is in the meeting by a presence that the invitation does not look past.
    pub(crate) fn is_inside_since(&self, invitation: &Record<Invitation>) -> bool {
        self.presence
            .get(&invitation.body.invitee)
            .is_some_and(|held| {
                held.record.body.presence.keeps_meeting()
                    && invitation
                        .body
                        .past
                        .is_none_or(|past| past < held.record.head.version)
            })
    }

    /// The open invitations of `invitee`.
    pub(crate) fn open_invitations(&self, invitee: PeerId, utc: Utc) -> Vec<&Held<Invitation>> {
        self.invitations_of(invitee)
            .filter(|held| self.is_open(held, utc))
            .collect()
    }

    /// Invitations, and withdrawals of those, that their invitee is not known to have received.
    ///
    /// `run` is the invitee's run at present, if that is known: an earlier one may have lost what it had received.
    pub(crate) fn undelivered(
        &self,
        invitee: PeerId,
        run: Option<u64>,
        utc: Utc,
    ) -> Vec<&Held<Invitation>> {
        let earlier_run = self
            .answers
            .get(&invitee)
            .is_some_and(|held| run > Some(held.record.head.version.epoch));
        self.invitations_of(invitee)
            .filter(|held| {
                let invitation = &held.record;
                let told = match self.answer(invitation) {
                    None => false,
                    Some(answer) => answer.is_final() || invitation.body.withdrawn || !earlier_run,
                };
                utc < expiry(invitation, held.received)
                    && !told
                    && !self.is_inside_since(invitation)
            })
            .collect()
    }

    /// What is held, for synchronisation.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let presence = self.presence.values().map(|held| held.entry);
        let invitations = self.invitations.values().map(|held| held.entry);
        let answers = self.answers.values().map(|held| held.entry);
        presence
            .chain(invitations)
            .chain(answers)
            .chain(self.unknown.entries())
            .collect()
    }

    /// All records as they were signed, each with the moment at which its author stood by it: participation first.
    pub(crate) fn records(&self) -> impl Iterator<Item = ([u8; 8], Option<Duration>, &[u8])> {
        let presence = self
            .presence
            .values()
            .map(|held| (held.entry.slot, held.fresh, &*held.record.raw));
        let invitations = self
            .invitations
            .values()
            .map(|held| (held.entry.slot, held.fresh, &*held.record.raw));
        let answers = self
            .answers
            .values()
            .map(|held| (held.entry.slot, held.fresh, &*held.record.raw));
        let unknown = self
            .unknown
            .records()
            .map(|held| (held.entry.slot, held.fresh, &*held.record.raw));
        presence.chain(invitations).chain(answers).chain(unknown)
    }

    /// All records with the time at which they came, for the disk.
    pub(crate) fn received(&self) -> impl Iterator<Item = (&[u8], Utc)> {
        let invitations = self
            .invitations
            .values()
            .map(|held| (&*held.record.raw, held.received));
        let presence = self
            .presence
            .values()
            .map(|held| (&*held.record.raw, held.received));
        let answers = self
            .answers
            .values()
            .map(|held| (&*held.record.raw, held.received));
        let unknown = self
            .unknown
            .records()
            .map(|held| (&*held.record.raw, held.received));
        invitations.chain(presence).chain(answers).chain(unknown)
    }
}

/// When an invitation lapses: a day after it was made, or after it came if it claims to be from the future.
pub(crate) fn expiry(invitation: &Record<Invitation>, received: Utc) -> Utc {
    invitation.body.made.min(received).plus(INVITATION_LIFE)
}

fn place<K: Ord, B: Placed>(
    places: &mut BTreeMap<K, Held<B>>,
    key: K,
    record: Record<B>,
    fresh: Option<Duration>,
    received: Utc,
) -> bool {
    if places
        .get(&key)
        .is_some_and(|held| held.record.order(&record).is_ge())
    {
        return false;
    }
    places.insert(key, Held::new(record, fresh, received));
    true
}

/// Under which a record is synchronised.
fn slot(kind: Kind, author: PeerId, about: Option<PeerId>) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[kind.number()]).update(&author.0);
    if let Some(about) = about {
        hasher.update(&about.0);
    }
    reference(hasher.finalize().as_bytes())
}
