//! Being invited: taking invitations in, answering them, and handing the answers to somebody inside.

use std::time::Duration;

use super::clocks::Turn;
use super::direct::Purpose;
use super::prompt::{Prompt, Turned};
use super::prompts::Room;
use super::{Mesh, TOLERANCE};
use crate::command::Reply;
use crate::directory::Source;
use crate::event::{Event, InvitationEnd, JoinFailure, Part};
use crate::ids::{MeetingId, PeerId, Utc};
use crate::meeting::INVITATION_LIFE;
use crate::names;
use crate::record::{self, Answers, AnyRecord, Founding, Invitation, Record};
use crate::refusal::Refusal;
use crate::stored::StoredPrompt;
use crate::wire::{Claimed, Offered, Request, Response};

/// Participants to whom I hand my answers at the same time.
const TAKERS: usize = 3;

impl Mesh {
    /// Takes an offer of invitations, over a direct connection.
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
        if !self.take_offered(id, &founding, from, offered) {
            return Response::Refused;
        }
        // Whoever offers what an earlier run of mine has received wants to hear that this one knows of it.
        let epoch = self.me.epoch();
        if self
            .signed_answers(id)
            .is_some_and(|answers| answers.head.version.epoch < epoch)
        {
            self.sign_answers(id);
            self.outbox.save_with_batch();
        }
        if let Some(prompt) = self.prompts.get_mut(id) {
            if prompt.offered(from, cleaned(&offered.inside), cleaned(&offered.invited)) {
                self.outbox.changed(Part::Invitations);
            }
            self.learn_claims(id);
            self.outbox.save_soon(self.now.monotonic);
            if self.is_joining(id) {
                self.join_candidate_appeared(from);
            }
        }
        match self.signed_answers(id) {
            Some(answers) => Response::Answers {
                raw: answers.raw.to_vec(),
            },
            None => Response::Refused,
        }
    }

    /// Takes the invitations of an offer. Returns whether one of them is for me.
    fn take_offered(
        &mut self,
        id: MeetingId,
        founding: &Record<Founding>,
        from: PeerId,
        offered: &Offered,
    ) -> bool {
        let mut invited = false;
        let mut ages = offered.ages.iter();
        for raw in &offered.invitations {
            let age = ages.next().map(|age| Duration::from_secs((*age).into()));
            let made = age.map(|age| self.now.utc.minus(age));
            match record::read(raw) {
                Some(record @ AnyRecord::Invitation(_)) if record.head().meeting == id => {
                    if !record.verify() {
                        // The rest was not verified either.
                        self.guard.malformed();
                        self.blame(from);
                        break;
                    }
                    invited |= self.receive_invitation(founding, record, made);
                }
                _ => self.guard.malformed(),
            }
        }
        invited
    }

    fn signed_answers(&self, id: MeetingId) -> Option<&Record<Answers>> {
        self.prompts.get(id)?.answers()
    }

    /// Learns the names of those whom an offer has named.
    fn learn_claims(&mut self, id: MeetingId) {
        let Some(prompt) = self.prompts.get(id) else {
            return;
        };
        let claims: Vec<Claimed> = prompt
            .inside()
            .iter()
            .chain(prompt.invited())
            .cloned()
            .collect();
        for claim in claims {
            self.learn(claim.peer, &claim.name, &claim.device, Source::Claimed);
        }
    }

    /// Takes a verified invitation to me, whichever way it came. Returns whether it lies before me now, or did.
    ///
    /// It was `made` then, by my clock, if that was told.
    pub(super) fn receive_invitation(
        &mut self,
        founding: &Record<Founding>,
        record: AnyRecord,
        made: Option<Utc>,
    ) -> bool {
        let id = MeetingId(founding.hash);
        let AnyRecord::Invitation(invitation) = record else {
            return false;
        };
        let author = invitation.head.author;
        if invitation.body.invitee != self.me.id || author == self.me.id || self.me.is_cloned() {
            return false;
        }
        let (utc, now) = (self.now.utc, self.now.monotonic);
        let known = self.prompts.get(id);
        if known.is_some_and(|prompt| prompt.holds(&invitation)) {
            return true;
        }
        let by_its_clock = self.made_by_its_clock(&invitation);
        let stale = self
            .meetings
            .forgotten_at(id)
            .is_some_and(|forgotten| made.unwrap_or(by_its_clock) <= forgotten);
        let crowded = known.is_some_and(|prompt| !prompt.has_room_for(author));
        let withdrawn = invitation.body.withdrawn;
        if stale
            || crowded
            || (!withdrawn && self.prompts.has_enough_open(author, id, utc))
            || (!withdrawn && !self.guard.may_invite_me(author, now))
            || !self.make_room_for_prompt(id)
        {
            self.guard.invitation_dropped();
            return false;
        }
        let inside = self.signed_by_me(id).keeps_meeting();
        let (name, device) = (invitation.body.name.clone(), invitation.body.device.clone());
        let signed = Source::Signed(invitation.head.version);
        if !withdrawn {
            self.note_clock_of(&invitation);
        }
        // Nobody hands on what has lapsed. So one that seems older was made by a clock that is far behind.
        let has_lapsed = utc.since(by_its_clock) >= INVITATION_LIFE;
        let made = made.unwrap_or(if has_lapsed { utc } else { by_its_clock });
        let prompt = self.prompts.of(founding);
        if !prompt.take(invitation, inside, made, utc) {
            self.guard.invitation_dropped();
        }
        self.learn(author, &name, &device, signed);
        self.sign_answers(id);
        self.look_at_prompt(id, InvitationEnd::Withdrawn, Some(author));
        self.outbox.save_with_batch();
        true
    }

    /// Notes what an invitation says of its author's clock, if that is certainly wrong: it comes from the future, or is older
    /// than any that is handed on.
    fn note_clock_of(&mut self, invitation: &Record<Invitation>) {
        let ahead = invitation.body.made.seconds_after(self.now.wall());
        let oldest = INVITATION_LIFE + TOLERANCE;
        let is_certain = ahead > 0 || ahead.unsigned_abs() >= oldest.as_secs();
        self.note_clock(
            invitation.head.author,
            if is_certain { ahead } else { 0 },
            false,
        );
    }

    /// Takes what the clock of a peer shows at this moment. It comes again and again: of one who has no name yet people are
    /// told the next time.
    pub(super) fn clock_told(&mut self, peer: PeerId, clock: Utc) {
        if clock != Utc::default() && self.people.knows(peer) {
            self.note_clock(peer, clock.seconds_after(self.now.wall()), true);
        }
    }

    /// Notes by how many seconds somebody's clock is ahead of mine, and tells the user once if that is much.
    fn note_clock(&mut self, peer: PeerId, ahead: i64, measured: bool) {
        let Some(turn) = self.people.clocks_mut().note(peer, ahead, measured) else {
            return;
        };
        self.outbox.changed(Part::Peer(peer));
        match turn {
            Turn::Shown => {}
            Turn::AllRight => self.outbox.event(Event::ClocksRight),
            Turn::Off => {
                tracing::warn!(?peer, ahead, "a colleague's clock is far off");
                let label = self.people.label(peer);
                self.outbox.event(Event::ClockOff { peer, label, ahead });
            }
            Turn::MineOff => {
                tracing::warn!(ahead, "the clocks of several colleagues are as far off");
                self.outbox.event(Event::OwnClockOff { ahead });
            }
        }
    }

    /// Drops another prompt if there are as many as there may be. Returns whether there is room.
    fn make_room_for_prompt(&mut self, id: MeetingId) -> bool {
        let joining = self.join.meeting();
        match self.prompts.room(id, joining, self.now.utc) {
            Room::Free => true,
            Room::No => false,
            Room::Instead(victim) => {
                if self.prompts.get(victim).is_some_and(Prompt::was_open) {
                    self.outbox.event(Event::InvitationClosed {
                        meeting: victim,
                        end: InvitationEnd::Expired,
                    });
                    self.outbox.changed(Part::Invitations);
                }
                self.prompts.remove(victim);
                true
            }
        }
    }

    /// Returns those running who may hold the secret of a meeting that I am invited to.
    fn running_insiders(&self, prompt: &Prompt) -> Vec<PeerId> {
        self.running_among(prompt.insiders())
    }

    /// Returns everybody running whom an invitation names: those who may hold the secret, then those who were invited as
    /// well and may have joined since.
    pub(super) fn running_named(&self, prompt: &Prompt) -> Vec<PeerId> {
        let mut named = self.running_insiders(prompt);
        let others = self.running_among(prompt.invited().iter().map(|claimed| claimed.peer));
        named.extend(
            others
                .into_iter()
                .filter(|peer| !prompt.may_hold_secret(*peer)),
        );
        named
    }

    /// Returns those of `named` who run. A connection that is up answers soonest, so these come first.
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
    fn look_at_prompt(&mut self, id: MeetingId, end: InvitationEnd, by: Option<PeerId>) {
        let Some(prompt) = self.prompts.get_mut(id) else {
            return;
        };
        let turned = prompt.look(self.now.utc);
        self.outbox.changed(Part::Invitations);
        match (turned, by) {
            (Some(Turned::Open), Some(by)) => self.outbox.event(Event::Invited {
                meeting: id,
                title: prompt.title().to_owned(),
                by,
                label: self.people.label(by),
                again: prompt.is_back(by),
            }),
            (Some(Turned::Closed), _) => self
                .outbox
                .event(Event::InvitationClosed { meeting: id, end }),
            _ => {}
        }
    }

    /// Declines the invitations to a meeting.
    pub(super) fn decline(&mut self, id: MeetingId) -> Result<Reply, Refusal> {
        let prompt = self
            .prompts
            .get_mut(id)
            .ok_or(Refusal::UnknownMeeting(id))?;
        if !prompt.is_open(self.now.utc) {
            return Err(Refusal::NoInvitation {
                title: prompt.title().to_owned(),
            });
        }
        prompt.decline();
        self.remember_inviters(id);
        if self.is_joining(id) {
            self.cancel_join(JoinFailure::Cancelled);
        }
        self.sign_answers(id);
        self.look_at_prompt(id, InvitationEnd::Declined, None);
        self.deliver_answers(id);
        self.outbox.save_now();
        Ok(Reply::Done)
    }

    /// Notes that I have joined: that answers every invitation to this meeting.
    pub(super) fn answer_joined(&mut self, id: MeetingId) {
        let Some(prompt) = self.prompts.get_mut(id) else {
            return;
        };
        prompt.joined();
        self.remember_inviters(id);
        self.sign_answers(id);
        self.look_at_prompt(id, InvitationEnd::Joined, None);
    }

    fn remember_inviters(&mut self, id: MeetingId) {
        let prompt = self.prompts.get(id);
        let inviters: Vec<PeerId> = prompt.into_iter().flat_map(Prompt::inviters).collect();
        for inviter in inviters {
            self.remember_contact(inviter);
        }
    }

    /// Hands my answers to somebody inside, who seals and gossips them: I do not hold the secret.
    fn deliver_answers(&mut self, id: MeetingId) {
        let Some(prompt) = self
            .prompts
            .get(id)
            .filter(|prompt| prompt.is_undelivered())
        else {
            return;
        };
        let Some(raw) = prompt.answers().map(|answers| answers.raw.to_vec()) else {
            return;
        };
        if self
            .links
            .is_under_way(|purpose| *purpose == Purpose::Answers { meeting: id })
        {
            return;
        }
        for peer in self.running_insiders(prompt).into_iter().take(TAKERS) {
            self.ask(
                peer,
                Purpose::Answers { meeting: id },
                &Request::Answers { raw: raw.clone() },
            );
        }
    }

    /// Hands answers that wait to somebody who has appeared.
    pub(super) fn deliver_answers_to(&mut self, peer: PeerId) {
        for id in self.prompts.waiting_for(peer) {
            self.deliver_answers(id);
        }
    }

    /// Notes that a participant has taken my answers.
    pub(super) fn answers_delivered(&mut self, id: MeetingId) {
        if self.prompts.get_mut(id).is_some_and(Prompt::delivered) {
            self.outbox.save_soon(self.now.monotonic);
        }
    }

    /// Sees to lapsed invitations, and to answers that still wait.
    pub(super) fn look_at_prompts(&mut self) {
        let utc = self.now.utc;
        for id in self.prompts.ids() {
            let Some(prompt) = self.prompts.get(id) else {
                continue;
            };
            let is_over = prompt.is_over(utc);
            if prompt.was_open() && !prompt.is_open(utc) {
                self.look_at_prompt(id, InvitationEnd::Expired, None);
            }
            if is_over {
                self.prompts.remove(id);
                self.outbox.save_soon(self.now.monotonic);
            } else {
                self.deliver_answers(id);
            }
        }
    }

    /// Takes up a prompt of an earlier run, with the names that it says.
    pub(super) fn restore_prompt(&mut self, stored: StoredPrompt) {
        let Some(prompt) = Prompt::restored(stored, self.now.utc) else {
            return;
        };
        let id = prompt.meeting();
        let inviters: Vec<_> = prompt
            .invitations()
            .map(|invitation| {
                let body = &invitation.body;
                let signed = Source::Signed(invitation.head.version);
                let names = (body.name.clone(), body.device.clone());
                (invitation.head.author, names, signed)
            })
            .collect();
        self.prompts.restore(prompt);
        self.learn_claims(id);
        for (author, (name, device), signed) in inviters {
            self.learn(author, &name, &device, signed);
        }
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
