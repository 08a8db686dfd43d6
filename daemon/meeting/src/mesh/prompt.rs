//! What lies before me about one meeting: who invites me, what I answered, and who is said to be inside.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::held::Held;
use crate::ids::{MeetingId, PeerId, Utc};
use crate::meeting::expiry;
use crate::record::{self, Answer, Answers, AnyRecord, Founding, Invitation, MAX_ANSWERS, Record};
use crate::stored::{StoredPrompt, StoredRecord};
use crate::wire::Claimed;

/// After a decline, new invitations to the same meeting are shown at most this often.
pub(super) const AGAIN: Duration = Duration::from_secs(600);
/// People who invite me to the same meeting.
const INVITERS: usize = 24;
/// People remembered for having handed me invitations of others.
const OFFERERS: usize = 16;

/// How a prompt has changed for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// An invitation waits for the user now.
    Open,
    /// None does any longer.
    Closed,
}

/// An invitation to me, or several to the same meeting.
pub(super) struct Prompt {
    founding: Record<Founding>,
    /// The newest of every inviter, and my answer to it.
    invitations: BTreeMap<PeerId, (Held<Invitation>, Answer)>,
    /// Those inside, as claimed by the last who offered it.
    inside: Vec<Claimed>,
    /// The others who are invited, as claimed likewise.
    invited: Vec<Claimed>,
    /// Those who handed me invitations of others, the latest last. They are inside: nobody else has those.
    offered_by: Vec<PeerId>,
    /// My answers as I signed them last.
    answers: Option<Record<Answers>>,
    /// My answer has not reached a participant yet.
    undelivered: bool,
    /// The user has declined once, whatever has become of that invitation since.
    declined: bool,
    /// When a new invitation was shown after a decline.
    again: Option<Utc>,
    /// It was open when last looked at.
    was_open: bool,
}

impl Prompt {
    /// Returns a prompt without any invitation yet.
    pub(super) fn new(founding: Record<Founding>) -> Self {
        Self {
            founding,
            invitations: BTreeMap::new(),
            inside: Vec::new(),
            invited: Vec::new(),
            offered_by: Vec::new(),
            answers: None,
            undelivered: false,
            declined: false,
            again: None,
            was_open: false,
        }
    }

    /// Returns the meeting that it is about.
    pub(super) fn meeting(&self) -> MeetingId {
        MeetingId(self.founding.hash)
    }

    /// Returns the meeting's title.
    pub(super) fn title(&self) -> &str {
        &self.founding.body.title
    }

    /// Returns the invitations that wait for the user.
    pub(super) fn open(&self, utc: Utc) -> impl Iterator<Item = &Held<Invitation>> {
        self.invitations.values().filter_map(move |(held, answer)| {
            let open = !held.record.body.withdrawn && !answer.is_final() && utc < expiry(held);
            open.then_some(held)
        })
    }

    /// Returns whether an invitation waits for the user.
    pub(super) fn is_open(&self, utc: Utc) -> bool {
        self.open(utc).next().is_some()
    }

    /// Returns whether the user knows it as open.
    pub(super) fn was_open(&self) -> bool {
        self.was_open
    }

    /// Looks whether it has opened or closed since the last look.
    pub(super) fn look(&mut self, utc: Utc) -> Option<Turned> {
        let is_open = self.is_open(utc);
        match (std::mem::replace(&mut self.was_open, is_open), is_open) {
            (false, true) => Some(Turned::Open),
            (true, false) => Some(Turned::Closed),
            _ => None,
        }
    }

    /// Returns the newest invitation of every inviter.
    pub(super) fn invitations(&self) -> impl Iterator<Item = &Record<Invitation>> {
        self.invitations.values().map(|(held, _)| &held.record)
    }

    /// Returns everybody who invites me, or did.
    pub(super) fn inviters(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.invitations.keys().copied()
    }

    /// Returns whether `peer` invites me, or did.
    pub(super) fn is_by(&self, peer: PeerId) -> bool {
        self.invitations.contains_key(&peer)
    }

    /// Returns whether `peer` invites me back into a meeting that I was in.
    pub(super) fn is_back(&self, peer: PeerId) -> bool {
        self.invitations
            .get(&peer)
            .is_some_and(|(held, _)| held.record.body.past.is_some())
    }

    /// Returns those who may hold the secret: inviters, those who brought me their invitations, and those whom they call
    /// inside.
    pub(super) fn insiders(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.inviters()
            .chain(self.offered_by.iter().rev().copied())
            .chain(self.inside.iter().map(|claimed| claimed.peer))
    }

    /// Returns whether `peer` may hold the secret.
    pub(super) fn may_hold_secret(&self, peer: PeerId) -> bool {
        self.insiders().any(|insider| insider == peer)
    }

    /// Returns those who are said to be inside.
    pub(super) fn inside(&self) -> &[Claimed] {
        &self.inside
    }

    /// Returns those who are said to be invited as well.
    pub(super) fn invited(&self) -> &[Claimed] {
        &self.invited
    }

    /// Returns when the newest of its invitations was made.
    pub(super) fn made(&self) -> Utc {
        self.invitations
            .values()
            .map(|(held, _)| held.made)
            .max()
            .unwrap_or(Utc(0))
    }

    /// Returns whether nothing of it is younger than a day. Nobody offers it any more then.
    pub(super) fn is_over(&self, utc: Utc) -> bool {
        self.invitations
            .values()
            .all(|(held, _)| utc >= expiry(held))
    }

    /// Returns whether it holds this invitation, or a newer one of its author.
    pub(super) fn holds(&self, invitation: &Record<Invitation>) -> bool {
        self.invitations
            .get(&invitation.head.author)
            .is_some_and(|(held, _)| held.record.order(invitation).is_ge())
    }

    /// Returns whether there is room for an invitation of `author`.
    pub(super) fn has_room_for(&self, author: PeerId) -> bool {
        self.is_by(author) || self.invitations.len() < INVITERS
    }

    /// Takes a verified invitation that is news, and was made at this moment of my clock. I am in the meeting, or not.
    ///
    /// Returns whether the user sees it. After a decline one is shown in ten minutes; others count as declined at once.
    pub(super) fn take(
        &mut self,
        invitation: Record<Invitation>,
        inside: bool,
        made: Utc,
        utc: Utc,
    ) -> bool {
        let withdrawn = invitation.body.withdrawn;
        // While a prompt is open, another invitation only adds a name to it.
        let again = !withdrawn && !self.is_open(utc) && self.declined;
        let too_soon = again && self.again.is_some_and(|last| utc.since(last) < AGAIN);
        let answer = if inside {
            Answer::Joined
        } else if too_soon || (withdrawn && self.declined) {
            // Taking back what was declined does not undo that it was.
            Answer::Declined
        } else {
            if again {
                self.again = Some(utc);
            }
            Answer::Received
        };
        let author = invitation.head.author;
        let held = Held::new(invitation, None, made);
        self.invitations.insert(author, (held, answer));
        inside || !too_soon
    }

    /// Notes what an offer of `peer` says besides its invitations. Returns whether that is news.
    pub(super) fn offered(
        &mut self,
        peer: PeerId,
        inside: Vec<Claimed>,
        invited: Vec<Claimed>,
    ) -> bool {
        self.remember_offerer(peer);
        if self.inside == inside && self.invited == invited {
            return false;
        }
        self.inside = inside;
        self.invited = invited;
        true
    }

    fn remember_offerer(&mut self, peer: PeerId) {
        if self.is_by(peer) {
            return;
        }
        self.offered_by.retain(|known| *known != peer);
        if self.offered_by.len() >= OFFERERS {
            self.offered_by.remove(0);
        }
        self.offered_by.push(peer);
    }

    /// Declines everything that is open.
    pub(super) fn decline(&mut self) {
        for (_, answer) in self.invitations.values_mut() {
            if !answer.is_final() {
                *answer = Answer::Declined;
            }
        }
        self.undelivered = true;
        self.declined = true;
    }

    /// Notes that I have joined: that answers every invitation.
    pub(super) fn joined(&mut self) {
        for (_, answer) in self.invitations.values_mut() {
            *answer = Answer::Joined;
        }
        self.undelivered = false;
        self.declined = false;
        self.again = None;
    }

    /// Returns my answers, to be signed.
    pub(super) fn to_sign(&self) -> Vec<([u8; 8], Answer)> {
        self.invitations
            .values()
            .take(MAX_ANSWERS)
            .map(|(held, answer)| (held.record.reference(), *answer))
            .collect()
    }

    /// Notes my answers as I signed them.
    pub(super) fn signed(&mut self, answers: Record<Answers>) {
        self.answers = Some(answers);
    }

    /// Returns my answers as I signed them last.
    pub(super) fn answers(&self) -> Option<&Record<Answers>> {
        self.answers.as_ref()
    }

    /// Returns whether my answer has yet to reach a participant.
    pub(super) fn is_undelivered(&self) -> bool {
        self.undelivered
    }

    /// Notes that my answer has reached a participant. Returns whether that is news.
    pub(super) fn delivered(&mut self) -> bool {
        std::mem::take(&mut self.undelivered)
    }

    /// Returns what outlives the daemon.
    pub(super) fn to_store(&self) -> StoredPrompt {
        StoredPrompt {
            founding: self.founding.raw.to_vec(),
            invitations: self
                .invitations
                .values()
                .map(|(held, _)| StoredRecord {
                    raw: held.record.raw.to_vec(),
                    made: held.made,
                })
                .collect(),
            answers: self.answers.as_ref().map(|answers| answers.raw.to_vec()),
            undelivered: self.undelivered,
            inside: self.inside.iter().cloned().map(Into::into).collect(),
            invited: self.invited.iter().cloned().map(Into::into).collect(),
            offered_by: self.offered_by.clone(),
            declined: self.declined,
            again: self.again,
        }
    }

    /// Takes up what an earlier run stored. The checksum vouches for what was verified before.
    pub(super) fn restored(stored: StoredPrompt, utc: Utc) -> Option<Self> {
        let Some(AnyRecord::Founding(founding)) = record::read(&stored.founding) else {
            return None;
        };
        let mut prompt = Self::new(founding);
        prompt.answers = stored.answers.and_then(|raw| match record::read(&raw) {
            Some(AnyRecord::Answer(record)) => Some(record),
            _ => None,
        });
        prompt.undelivered = stored.undelivered;
        prompt.inside = stored.inside.into_iter().map(Into::into).collect();
        prompt.invited = stored.invited.into_iter().map(Into::into).collect();
        prompt.offered_by = stored.offered_by;
        prompt.declined = stored.declined;
        prompt.again = stored.again;
        for stored in stored.invitations {
            if let Some(AnyRecord::Invitation(record)) = record::read(&stored.raw) {
                let answer = prompt.answered(&record).unwrap_or(Answer::Received);
                let author = record.head.author;
                let held = Held::new(record, None, stored.made);
                prompt.invitations.insert(author, (held, answer));
            }
        }
        prompt.was_open = prompt.is_open(utc);
        Some(prompt)
    }

    /// Returns my signed answer to an invitation.
    fn answered(&self, invitation: &Record<Invitation>) -> Option<Answer> {
        let reference = invitation.reference();
        let answers = &self.answers.as_ref()?.body.answers;
        answers
            .iter()
            .find(|(of, _)| *of == reference)
            .map(|(_, answer)| *answer)
    }
}
