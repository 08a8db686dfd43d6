//! Invitations to me: one prompt a meeting, however many people invite.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Mesh;
use super::direct::Purpose;
use crate::command::Reply;
use crate::directory::Source;
use crate::event::{Event, InvitationEnd, Part};
use crate::ids::{MeetingId, PeerId, Utc};
use crate::limits::PROMPTS;
use crate::meeting::{Held, expiry};
use crate::names;
use crate::record::{self, Answer, Answers, AnyRecord, Founding, Invitation, MAX_ANSWERS, Record};
use crate::refusal::Refusal;
use crate::wire::{Claimed, Offered, Request, Response};

/// After a decline, new invitations to the same meeting are shown at most this often.
pub(super) const AGAIN: Duration = Duration::from_secs(600);
/// People who invite me to the same meeting.
const INVITERS: usize = 24;
/// Open prompts that one author may have before me, so that no stranger fills the list.
const OPEN_OF_ONE: usize = 8;
/// People remembered for having handed me invitations of others.
const OFFERERS: usize = 16;

/// An invitation to me, or several to the same meeting.
pub(super) struct Prompt {
    pub(super) founding: Record<Founding>,
    /// The newest of every inviter, and what I answered to it.
    pub(super) invitations: BTreeMap<PeerId, (Held<Invitation>, Answer)>,
    /// Who is inside, as claimed by the last who offered it.
    pub(super) inside: Vec<Claimed>,
    pub(super) invited: Vec<Claimed>,
    /// Who handed me invitations that others had signed, the latest last. They are inside: nobody else has those.
    pub(super) offered_by: Vec<PeerId>,
    /// My answers as I signed them last.
    pub(super) answers: Option<Record<Answers>>,
    /// My answer has not reached a participant yet.
    pub(super) undelivered: bool,
    /// The user has declined once, whatever has become of that invitation since.
    pub(super) declined: bool,
    /// When a new invitation was shown after a decline.
    pub(super) again: Option<Utc>,
    /// It was open when last looked at.
    was_open: bool,
}

impl Prompt {
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

    pub(super) fn title(&self) -> &str {
        &self.founding.body.title
    }

    /// Invitations that wait for the user.
    pub(super) fn open(&self, utc: Utc) -> impl Iterator<Item = &Held<Invitation>> {
        self.invitations.values().filter_map(move |(held, answer)| {
            let open = !held.record.body.withdrawn
                && !answer.is_final()
                && utc < expiry(&held.record, held.received);
            open.then_some(held)
        })
    }

    pub(super) fn is_open(&self, utc: Utc) -> bool {
        self.open(utc).next().is_some()
    }

    pub(super) fn inviters(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.invitations.keys().copied()
    }

    /// Those who may hold the secret: inviters, who brought me their invitations, and whom they call inside.
    fn insiders(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.inviters()
            .chain(self.offered_by.iter().rev().copied())
            .chain(self.inside.iter().map(|claimed| claimed.peer))
    }

    pub(super) fn may_hold_secret(&self, peer: PeerId) -> bool {
        self.insiders().any(|insider| insider == peer)
    }

    /// When the newest of its invitations came.
    fn received(&self) -> Utc {
        self.invitations
            .values()
            .map(|(held, _)| held.received)
            .max()
            .unwrap_or(Utc(0))
    }

    fn remember_offerer(&mut self, peer: PeerId) {
        if self.invitations.contains_key(&peer) {
            return;
        }
        self.offered_by.retain(|known| *known != peer);
        if self.offered_by.len() >= OFFERERS {
            self.offered_by.remove(0);
        }
        self.offered_by.push(peer);
    }

    /// Nothing of it is younger than a day: nobody offers it any more.
    fn is_over(&self, utc: Utc) -> bool {
        self.invitations
            .values()
            .all(|(held, _)| utc >= expiry(&held.record, held.received))
    }
}

impl Mesh {
    /// Somebody offers me invitations, over a direct connection.
    ///
    /// What else the offer says counts only if it brings an invitation: anybody can claim who is inside.
    pub(super) fn offered(&mut self, from: PeerId, offered: &Offered) -> Response {
        if self.is_blamed(from) {
            return Response::Refused;
        }
        let Some(AnyRecord::Founding(founding)) = record::read_verified(&offered.founding) else {
            self.guard.malformed();
            self.blame(from);
            return Response::Refused;
        };
        let id = MeetingId(founding.hash);
        let mut invited = false;
        for raw in &offered.invitations {
            match record::read(raw) {
                Some(record @ AnyRecord::Invitation(_)) if record.head().meeting == id => {
                    if !record.verify() {
                        // The rest was not verified either.
                        self.guard.malformed();
                        self.blame(from);
                        break;
                    }
                    invited |= self.receive_invitation(&founding, record);
                }
                _ => self.guard.malformed(),
            }
        }
        if !invited {
            return Response::Refused;
        }
        // Who offers what an earlier run of mine has received wants to hear that this one knows of it.
        let epoch = self.me.epoch();
        if self
            .prompts
            .get(&id)
            .and_then(|prompt| prompt.answers.as_ref())
            .is_some_and(|answers| answers.head.version.epoch < epoch)
        {
            self.sign_answers(id);
            self.outbox.save_with_batch();
        }
        if let Some(prompt) = self.prompts.get_mut(&id) {
            prompt.remember_offerer(from);
            let (inside, invited) = (cleaned(&offered.inside), cleaned(&offered.invited));
            if prompt.inside != inside || prompt.invited != invited {
                prompt.inside = inside;
                prompt.invited = invited;
                self.outbox.changed(Part::Invitations);
            }
            let claims: Vec<Claimed> = prompt
                .inside
                .iter()
                .chain(&prompt.invited)
                .cloned()
                .collect();
            for claim in claims {
                self.learn(claim.peer, &claim.name, &claim.device, Source::Claimed);
            }
            self.outbox.save_soon(self.now.monotonic);
            if self.is_joining(id) {
                self.join_candidate_appeared(from);
            }
        }
        match self
            .prompts
            .get(&id)
            .and_then(|prompt| prompt.answers.as_ref())
        {
            Some(answers) => Response::Answers {
                raw: answers.raw.to_vec(),
            },
            None => Response::Refused,
        }
    }

    /// Takes a verified invitation to me, whichever way it came. Says whether it lies before me now, or did.
    pub(super) fn receive_invitation(
        &mut self,
        founding: &Record<Founding>,
        record: AnyRecord,
    ) -> bool {
        let id = MeetingId(founding.hash);
        let AnyRecord::Invitation(invitation) = record else {
            return false;
        };
        let author = invitation.head.author;
        if invitation.body.invitee != self.me.id || author == self.me.id || self.cloned {
            return false;
        }
        let (utc, now) = (self.now.utc, self.now.monotonic);
        let known = self
            .prompts
            .get(&id)
            .and_then(|prompt| prompt.invitations.get(&author));
        if known.is_some_and(|(held, _)| held.record.order(&invitation).is_ge()) {
            return true;
        }
        let is_known = known.is_some();
        let stale = self
            .meetings
            .forgotten_at(id)
            .is_some_and(|forgotten| invitation.body.made <= forgotten);
        let crowded = !is_known
            && self
                .prompts
                .get(&id)
                .is_some_and(|prompt| prompt.invitations.len() >= INVITERS);
        let withdrawn = invitation.body.withdrawn;
        if stale
            || crowded
            || (!withdrawn && self.has_enough_open(author, id))
            || (!withdrawn && !self.guard.may_invite_me(author, now))
            || !self.make_room_for_prompt(id)
        {
            self.guard.invitation_dropped();
            return false;
        }
        let inside = self.signed_by_me(id).keeps_meeting();
        let (name, device) = (invitation.body.name.clone(), invitation.body.device.clone());
        let signed = Source::Signed(invitation.head.version);
        let prompt = self
            .prompts
            .entry(id)
            .or_insert_with(|| Prompt::new(founding.clone()));
        // While a prompt is open, another invitation only adds a name to it.
        let again = !withdrawn && !prompt.is_open(utc) && prompt.declined;
        let answer = if inside {
            Answer::Joined
        } else if withdrawn && prompt.declined {
            // Taking back what was declined does not undo that it was.
            Answer::Declined
        } else if again && prompt.again.is_some_and(|last| utc.since(last) < AGAIN) {
            self.guard.invitation_dropped();
            Answer::Declined
        } else {
            if again {
                prompt.again = Some(utc);
            }
            Answer::Received
        };
        prompt
            .invitations
            .insert(author, (Held::new(invitation, Some(now), utc), answer));
        self.learn(author, &name, &device, signed);
        self.sign_answers(id);
        self.look_at_prompt(id, InvitationEnd::Withdrawn, Some(author));
        self.outbox.save_with_batch();
        true
    }

    /// Whether as many prompts as one author may have lie open before me.
    fn has_enough_open(&self, author: PeerId, id: MeetingId) -> bool {
        let utc = self.now.utc;
        let of_author = |prompt: &Prompt| {
            prompt
                .open(utc)
                .any(|held| held.record.head.author == author)
        };
        let open = self
            .prompts
            .iter()
            .filter(|(other, prompt)| **other != id && of_author(prompt))
            .count();
        open >= OPEN_OF_ONE
    }

    /// Lets go of a prompt if there are as many as there may be: of one that has closed, or else of the oldest of the
    /// author who has the most.
    fn make_room_for_prompt(&mut self, id: MeetingId) -> bool {
        if self.prompts.len() < PROMPTS || self.prompts.contains_key(&id) {
            return true;
        }
        let utc = self.now.utc;
        let joining = self.joining.as_ref().map(|joining| joining.meeting);
        let mut open_of: BTreeMap<PeerId, usize> = BTreeMap::new();
        for prompt in self.prompts.values() {
            for held in prompt.open(utc) {
                *open_of.entry(held.record.head.author).or_default() += 1;
            }
        }
        let crowd = |prompt: &Prompt| {
            prompt
                .open(utc)
                .filter_map(|held| open_of.get(&held.record.head.author))
                // Somebody else invites there too: it is not only theirs.
                .min()
                .copied()
                .unwrap_or(usize::MAX)
        };
        let victim = self
            .prompts
            .iter()
            .filter(|(other, _)| Some(**other) != joining)
            .min_by_key(|(other, prompt)| {
                (
                    std::cmp::Reverse(crowd(prompt)),
                    prompt.undelivered,
                    prompt.received(),
                    **other,
                )
            })
            .map(|(other, _)| *other);
        let Some(victim) = victim else {
            return false;
        };
        self.look_at_prompt_closing(victim);
        self.prompts.remove(&victim);
        true
    }

    /// A prompt is about to go; the user is told if it was open.
    fn look_at_prompt_closing(&mut self, id: MeetingId) {
        if self.prompts.get(&id).is_some_and(|prompt| prompt.was_open) {
            self.outbox.event(Event::InvitationClosed {
                meeting: id,
                end: InvitationEnd::Expired,
            });
            self.outbox.changed(Part::Invitations);
        }
    }

    /// Those running who may hold the secret of a meeting that I am invited to. A connection that is up answers soonest.
    fn running_insiders(&self, prompt: &Prompt) -> Vec<PeerId> {
        self.running_among(prompt.insiders())
    }

    /// Everybody running whom an invitation names: those who may hold the secret, then those who were invited as well and
    /// may have joined since.
    pub(super) fn running_named(&self, prompt: &Prompt) -> Vec<PeerId> {
        let mut named = self.running_insiders(prompt);
        let others = self.running_among(prompt.invited.iter().map(|claimed| claimed.peer));
        named.extend(
            others
                .into_iter()
                .filter(|peer| !prompt.may_hold_secret(*peer)),
        );
        named
    }

    fn running_among(&self, named: impl Iterator<Item = PeerId>) -> Vec<PeerId> {
        let mut peers: Vec<PeerId> = Vec::new();
        for peer in named {
            if peer != self.me.id && !peers.contains(&peer) && self.is_running(peer) {
                peers.push(peer);
            }
        }
        peers.sort_by_key(|peer| !self.links.is_connected(*peer));
        peers
    }

    /// Tells the user when a prompt opens or closes.
    pub(super) fn look_at_prompt(&mut self, id: MeetingId, end: InvitationEnd, by: Option<PeerId>) {
        let utc = self.now.utc;
        let Some(prompt) = self.prompts.get_mut(&id) else {
            return;
        };
        let is_open = prompt.is_open(utc);
        let was_open = std::mem::replace(&mut prompt.was_open, is_open);
        let title = prompt.title().to_owned();
        let again = by
            .and_then(|by| prompt.invitations.get(&by))
            .is_some_and(|(held, _)| held.record.body.past.is_some());
        self.outbox.changed(Part::Invitations);
        match (was_open, is_open, by) {
            (false, true, Some(by)) => {
                let label = self.people.label(by);
                self.outbox.event(Event::Invited {
                    meeting: id,
                    title,
                    by,
                    label,
                    again,
                });
            }
            (true, false, _) => self
                .outbox
                .event(Event::InvitationClosed { meeting: id, end }),
            _ => {}
        }
    }

    /// Signs my answers to all invitations to a meeting; who is in it, is told.
    pub(super) fn sign_answers(&mut self, id: MeetingId) {
        let Some(prompt) = self.prompts.get(&id) else {
            return;
        };
        let answers = prompt
            .invitations
            .values()
            .take(MAX_ANSWERS)
            .map(|(held, answer)| (held.record.reference(), *answer))
            .collect();
        let body = Answers {
            answers,
            name: self.me.name.clone(),
            device: self.me.device.clone(),
        };
        let record = self.me.sign(id, body);
        let raw = record.raw.clone();
        if let Some(meeting) = self.meetings.get_mut(&id) {
            meeting.merge(
                AnyRecord::Answer(record.clone()),
                Some(self.now.monotonic),
                self.now.utc,
            );
            self.publish(id, &raw);
        }
        if let Some(prompt) = self.prompts.get_mut(&id) {
            prompt.answers = Some(record);
        }
    }

    pub(super) fn decline(&mut self, id: MeetingId) -> Result<Reply, Refusal> {
        let utc = self.now.utc;
        let prompt = self
            .prompts
            .get_mut(&id)
            .ok_or(Refusal::UnknownMeeting(id))?;
        if !prompt.is_open(utc) {
            return Err(Refusal::NoInvitation {
                title: prompt.title().to_owned(),
            });
        }
        for (_, answer) in prompt.invitations.values_mut() {
            if !answer.is_final() {
                *answer = Answer::Declined;
            }
        }
        prompt.undelivered = true;
        prompt.declined = true;
        let inviters: Vec<PeerId> = prompt.inviters().collect();
        for inviter in inviters {
            self.remember_contact(inviter);
        }
        if self.is_joining(id) {
            self.cancel_join(crate::event::JoinFailure::Cancelled);
        }
        self.sign_answers(id);
        self.look_at_prompt(id, InvitationEnd::Declined, None);
        self.deliver_answers(id);
        self.outbox.save_now();
        Ok(Reply::Done)
    }

    /// I have joined: every invitation to this meeting is answered with that.
    pub(super) fn answer_joined(&mut self, id: MeetingId) {
        let Some(prompt) = self.prompts.get_mut(&id) else {
            return;
        };
        for (_, answer) in prompt.invitations.values_mut() {
            *answer = Answer::Joined;
        }
        prompt.undelivered = false;
        prompt.declined = false;
        prompt.again = None;
        let inviters: Vec<PeerId> = prompt.inviters().collect();
        for inviter in inviters {
            self.remember_contact(inviter);
        }
        self.sign_answers(id);
        self.look_at_prompt(id, InvitationEnd::Joined, None);
    }

    /// Hands my answers to somebody inside, who seals and gossips them: I do not hold the secret.
    fn deliver_answers(&mut self, id: MeetingId) {
        let Some(prompt) = self.prompts.get(&id).filter(|prompt| prompt.undelivered) else {
            return;
        };
        let Some(raw) = prompt.answers.as_ref().map(|answers| answers.raw.to_vec()) else {
            return;
        };
        if self
            .links
            .is_under_way(|purpose| *purpose == Purpose::Answers { meeting: id })
        {
            return;
        }
        let candidates = self.running_insiders(prompt);
        for peer in candidates.into_iter().take(3) {
            self.ask(
                peer,
                Purpose::Answers { meeting: id },
                &Request::Answers { raw: raw.clone() },
            );
        }
    }

    /// Somebody appeared: perhaps one who can take an answer that waits.
    pub(super) fn deliver_answers_to(&mut self, peer: PeerId) {
        let waiting: Vec<MeetingId> = self
            .prompts
            .iter()
            .filter(|(_, prompt)| prompt.undelivered && prompt.may_hold_secret(peer))
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            self.deliver_answers(id);
        }
    }

    pub(super) fn answers_delivered(&mut self, id: MeetingId) {
        if let Some(prompt) = self.prompts.get_mut(&id)
            && prompt.undelivered
        {
            prompt.undelivered = false;
            self.outbox.save_soon(self.now.monotonic);
        }
    }

    /// Lapsed invitations, and answers that still wait.
    pub(super) fn look_at_prompts(&mut self) {
        let utc = self.now.utc;
        let ids: Vec<MeetingId> = self.prompts.keys().copied().collect();
        for id in ids {
            let Some(prompt) = self.prompts.get(&id) else {
                continue;
            };
            if prompt.was_open && !prompt.is_open(utc) {
                self.look_at_prompt(id, InvitationEnd::Expired, None);
            }
            if self
                .prompts
                .get(&id)
                .is_some_and(|prompt| prompt.is_over(utc))
            {
                self.prompts.remove(&id);
                self.outbox.save_soon(self.now.monotonic);
            } else {
                self.deliver_answers(id);
            }
        }
    }

    /// A prompt from the disk.
    pub(super) fn restore_prompt(&mut self, id: MeetingId, mut prompt: Prompt) {
        prompt.was_open = prompt.is_open(self.now.utc);
        self.prompts.insert(id, prompt);
    }
}

fn cleaned(claims: &[Claimed]) -> Vec<Claimed> {
    claims
        .iter()
        .map(|claim| Claimed {
            peer: claim.peer,
            name: names::clean_name(&claim.name),
            device: names::clean_device(&claim.device),
        })
        .collect()
}
