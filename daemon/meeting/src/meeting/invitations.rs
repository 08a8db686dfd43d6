//! The invitations to a meeting: which are open, who was told of them, and what became of them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Meeting;
use crate::held::Held;
use crate::ids::{PeerId, Utc};
use crate::record::{Answer, Answers, Invitation, Record};

/// How long an invitation stays open.
pub(crate) const INVITATION_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Returns when an invitation lapses: a day after it was made.
pub(crate) fn expiry(invitation: &Held<Invitation>) -> Utc {
    invitation.made.plus(INVITATION_LIFE)
}

impl Meeting {
    /// Returns everyone who declined, was not invited again since, and has never joined. They are shown, but belong to no roster.
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

    /// Returns the newest invitation of `invitee` by `inviter`.
    pub(crate) fn invitation(&self, invitee: PeerId, inviter: PeerId) -> Option<&Held<Invitation>> {
        self.invitations.get(&(invitee, inviter))
    }

    /// Returns all invitations of one invitee, open or not.
    pub(crate) fn invitations_of(
        &self,
        invitee: PeerId,
    ) -> impl Iterator<Item = &Held<Invitation>> {
        let all = (invitee, PeerId([0; 32]))..=(invitee, PeerId([255; 32]));
        self.invitations.range(all).map(|(_, held)| held)
    }

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

    /// Returns whether anybody ever invited `peer`.
    pub(crate) fn is_invited(&self, peer: PeerId) -> bool {
        self.invitations_of(peer).next().is_some()
    }

    /// Returns everybody with an open invitation.
    pub(crate) fn open_invitees(&self, utc: Utc) -> BTreeSet<PeerId> {
        self.invitations
            .values()
            .filter(|held| self.is_open(held, utc))
            .map(|held| held.record.body.invitee)
            .collect()
    }

    /// Returns everybody who was ever invited.
    pub(crate) fn invitees(&self) -> BTreeSet<PeerId> {
        self.invitations
            .keys()
            .map(|(invitee, _)| *invitee)
            .collect()
    }

    /// Returns what the invitee answered to this very invitation.
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

    /// Returns the newest answers of `peer`.
    pub(crate) fn answers_of(&self, peer: PeerId) -> Option<&Held<Answers>> {
        self.answers.get(&peer)
    }

    /// Returns whether an invitation is neither withdrawn nor answered nor too old, and its invitee not inside.
    pub(super) fn is_open(&self, held: &Held<Invitation>, utc: Utc) -> bool {
        let invitation = &held.record;
        let answered = self.answer(invitation).is_some_and(Answer::is_final);
        !invitation.body.withdrawn
            && !answered
            && !self.is_inside_since(invitation)
            && utc < expiry(held)
    }

    /// Returns whether the invitee is in the meeting by a presence that the invitation does not look past.
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

    /// Returns the open invitations of `invitee`.
    pub(crate) fn open_invitations(&self, invitee: PeerId, utc: Utc) -> Vec<&Held<Invitation>> {
        self.invitations_of(invitee)
            .filter(|held| self.is_open(held, utc))
            .collect()
    }

    /// Returns invitations, and withdrawals of those, that their invitee is not known to have received.
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
                utc < expiry(held) && !told && !self.is_inside_since(invitation)
            })
            .collect()
    }
}
