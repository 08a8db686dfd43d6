//! Inviting others, withdrawing that, and seeing to it that they get to know.
//!
//! An invitee that holds no secret hears no gossip, so a participant tells it directly: the inviter at once, and when an
//! invitee appears later, participants in order of hash(participant, invitee), half a second apart, until one gossips
//! the invitee's signed receipt.

use std::time::Duration;

use super::Mesh;
use super::direct::Purpose;
use crate::command::Reply;
use crate::event::Part;
use crate::held::Held;
use crate::ids::{MeetingId, PeerId};
use crate::limits::PARTICIPANTS;
use crate::names;
use crate::presence::{OfflineReason, Presence};
use crate::record::{self, Answer, AnyRecord, Founding, Invitation, NO_MEETING};
use crate::refusal::Refusal;
use crate::seal::MeetingKeys;
use crate::wire::{Claimed, MAX_CLAIMED, MAX_OFFERED, Offered, Request, Response};
use rand_chacha::rand_core::Rng;

/// The next participant's turn comes this much later.
pub(super) const TURN: Duration = Duration::from_millis(500);
impl Mesh {
    pub(super) fn create(&mut self, title: &str, invite: &[PeerId]) -> Result<Reply, Refusal> {
        if self.me.is_cloned() {
            return Err(Refusal::Cloned);
        }
        let title = names::clean_title(title);
        if title.is_empty() {
            return Err(Refusal::EmptyTitle);
        }
        let invite = unique(invite);
        if invite.len() >= PARTICIPANTS {
            return Err(Refusal::MeetingFull {
                title,
                limit: PARTICIPANTS,
            });
        }
        for peer in &invite {
            self.may_invite(*peer)?;
        }
        self.make_room_for_meeting()?;
        self.cancel_join(crate::event::JoinFailure::Cancelled);
        let mut nonce = [0; 16];
        let mut secret = [0; 32];
        self.rng.fill_bytes(&mut nonce);
        self.rng.fill_bytes(&mut secret);
        let founding = self.me.sign(
            NO_MEETING,
            Founding {
                title,
                created: self.now.wall(),
                nonce,
                commitment: MeetingKeys::commitment(&secret),
            },
        );
        let id = self.add_meeting(founding, secret);
        self.take_seat(id);
        for peer in invite {
            self.make_invitation(id, peer);
        }
        Ok(Reply::Created { meeting: id })
    }

    /// Whether I can invite somebody at all, and often enough.
    fn may_invite(&self, peer: PeerId) -> Result<(), Refusal> {
        if peer == self.me.id {
            return Err(Refusal::Yourself);
        }
        if !self.people.knows(peer) {
            return Err(Refusal::UnknownPeer(peer));
        }
        let wait = self.guard.wait_to_invite(peer, self.now.monotonic);
        if wait > Duration::ZERO {
            return Err(Refusal::TooManyInvitations {
                peer,
                label: self.people.label(peer),
                wait,
            });
        }
        Ok(())
    }

    pub(super) fn invite(&mut self, id: MeetingId, peers: &[PeerId]) -> Result<Reply, Refusal> {
        if self.me.is_cloned() {
            return Err(Refusal::Cloned);
        }
        let meeting = self.meetings.get(&id).ok_or(Refusal::UnknownMeeting(id))?;
        let title = meeting.title().to_owned();
        if !meeting.signed_presence(self.me.id).keeps_meeting() {
            return Err(Refusal::NotJoined { title });
        }
        let peers = unique(peers);
        if peers.is_empty() {
            return Err(Refusal::NobodyNamed);
        }
        let utc = self.now.utc;
        let roster = meeting.roster(utc);
        let (mut invited, mut already) = (Vec::new(), Vec::new());
        for peer in peers {
            let open = meeting.invitation(peer, self.me.id).is_some_and(|held| {
                meeting
                    .open_invitations(peer, utc)
                    .iter()
                    .any(|open| open.record.hash == held.record.hash)
            });
            let inside = matches!(
                self.meetings.shown(id, peer).0,
                Presence::Online | Presence::Away(_) | Presence::Offline(OfflineReason::Phone)
            );
            // Who is shown absent may have lost what it knew of the meeting; if not, it answers that it is in it.
            if open || inside {
                already.push(peer);
            } else {
                self.may_invite(peer)?;
                self.may_invite_again(id, peer)?;
                invited.push(peer);
            }
        }
        let new = invited.iter().filter(|peer| !roster.contains(peer)).count();
        if roster.len() + new > PARTICIPANTS {
            return Err(Refusal::MeetingFull {
                title,
                limit: PARTICIPANTS,
            });
        }
        for peer in &invited {
            self.make_invitation(id, *peer);
            self.outbox.save_now();
        }
        Ok(Reply::Invited { invited, already })
    }

    /// After a decline, at most one new invitation in ten minutes.
    fn may_invite_again(&self, id: MeetingId, peer: PeerId) -> Result<(), Refusal> {
        let wait = self.offerings.wait_to_invite_again(id, peer, self.now.utc);
        if wait > Duration::ZERO && self.has_declined(id, peer) {
            return Err(Refusal::DeclinedLately {
                peer,
                label: self.people.label(peer),
                wait,
            });
        }
        Ok(())
    }

    fn has_declined(&self, id: MeetingId, peer: PeerId) -> bool {
        self.meetings.get(&id).is_some_and(|meeting| {
            meeting.answers_of(peer).is_some_and(|held| {
                held.record
                    .body
                    .answers
                    .iter()
                    .any(|(_, answer)| *answer == Answer::Declined)
            })
        })
    }

    pub(super) fn make_invitation(&mut self, id: MeetingId, peer: PeerId) {
        let now = self.now.monotonic;
        self.guard.invited(peer, now);
        let past = self
            .meetings
            .get(&id)
            .and_then(|meeting| meeting.presence(peer))
            .map(|held| held.record.head.version);
        if self.has_declined(id, peer) {
            self.offerings.invited_again(id, peer, self.now.utc);
        }
        let invitation = Invitation {
            invitee: peer,
            made: self.now.wall(),
            withdrawn: false,
            past,
            name: String::new(),
            device: String::new(),
            invitee_name: self.people.name(peer).to_owned(),
            invitee_device: self.people.device(peer).to_owned(),
        };
        self.remember_contact(peer);
        self.sign_invitation(id, invitation);
    }

    pub(super) fn withdraw(&mut self, id: MeetingId, peers: &[PeerId]) -> Result<Reply, Refusal> {
        let meeting = self.meetings.get(&id).ok_or(Refusal::UnknownMeeting(id))?;
        let peers = unique(peers);
        if peers.is_empty() {
            return Err(Refusal::NobodyNamed);
        }
        let mut withdrawn = Vec::new();
        for peer in peers {
            let label = self.people.label(peer);
            let held = meeting.invitation(peer, self.me.id);
            let held = held.ok_or_else(|| Refusal::NotYourInvitation {
                peer,
                label: label.clone(),
            })?;
            if meeting.is_inside_since(&held.record) {
                return Err(Refusal::AlreadyJoined { peer, label });
            }
            withdrawn.push(Invitation {
                withdrawn: true,
                ..held.record.body.clone()
            });
        }
        for invitation in withdrawn {
            self.sign_invitation(id, invitation);
        }
        self.outbox.save_now();
        Ok(Reply::Done)
    }

    /// The meeting is over: nobody is to be called into an empty room.
    pub(super) fn withdraw_all_of_mine(&mut self, id: MeetingId) {
        let me = self.me.id;
        let Some(meeting) = self.meetings.get(&id) else {
            return;
        };
        let open: Vec<Invitation> = meeting
            .invitees()
            .into_iter()
            .filter(|invitee| !meeting.open_invitations(*invitee, self.now.utc).is_empty())
            .filter_map(|invitee| meeting.invitation(invitee, me))
            .filter(|held| !held.record.body.withdrawn)
            .map(|held| Invitation {
                withdrawn: true,
                ..held.record.body.clone()
            })
            .collect();
        if self.me.is_cloned() || self.seat.is_closing() {
            return;
        }
        for invitation in open {
            self.sign_invitation(id, invitation);
        }
    }

    /// Signs an invitation of mine or its withdrawal, keeps it, gossips it, and tells the invitee.
    pub(super) fn sign_invitation(&mut self, id: MeetingId, mut invitation: Invitation) {
        invitation.name.clone_from(&self.me.name);
        invitation.device.clone_from(&self.me.device);
        let invitee = invitation.invitee;
        let record = self.me.sign(id, invitation);
        let raw = record.raw.clone();
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return;
        };
        meeting.merge(
            AnyRecord::Invitation(record),
            Some(self.now.monotonic),
            self.now.utc,
        );
        self.publish(id, &raw);
        self.outbox.changed(Part::Meeting(id));
        self.attendance_changed(id);
        self.offerings.plan(id, invitee, self.now.monotonic);
        self.offering_timeouts();
    }

    /// An invitation or withdrawal of somebody came to me as a participant.
    pub(super) fn invitation_merged(&mut self, id: MeetingId, invitee: PeerId, author: PeerId) {
        self.attendance_changed(id);
        if invitee != self.me.id {
            self.consider_offer(id, invitee);
            return;
        }
        let Some(meeting) = self.meetings.get(&id) else {
            return;
        };
        let founding = meeting.founding().clone();
        if let Some(held) = meeting.invitation(invitee, author) {
            let record = AnyRecord::Invitation(held.record.clone());
            let made = Some(held.made);
            self.receive_invitation(&founding, record, made);
        }
    }

    /// An invitee's answers are known: perhaps nothing is left to tell it.
    pub(super) fn answered(&mut self, id: MeetingId, invitee: PeerId) {
        self.attendance_changed(id);
        if self.to_tell(id, invitee).is_empty() {
            self.offerings.done(id, invitee);
        }
    }

    /// Somebody appeared: perhaps one that is yet to be told of invitations.
    pub(super) fn consider_offers_to(&mut self, peer: PeerId) {
        let meetings: Vec<MeetingId> = self
            .meetings
            .ids()
            .filter(|id| !self.undelivered(*id, peer).is_empty())
            .collect();
        for id in meetings {
            let offer = Purpose::Invitation { meeting: id };
            // What waited for a connection goes by itself now.
            if !self.links.is_asked(peer, |purpose| *purpose == offer) {
                self.offerings.done(id, peer);
                self.consider_offer(id, peer);
            }
        }
        self.tell_soon(peer);
    }

    /// What `invitee` is yet to be told about a meeting of mine.
    pub(super) fn undelivered(&self, id: MeetingId, invitee: PeerId) -> Vec<&Held<Invitation>> {
        let run = self.people.run(invitee);
        self.meetings
            .get(&id)
            .map(|meeting| meeting.undelivered(invitee, run, self.now.utc))
            .unwrap_or_default()
    }

    /// Takes a place in the order of those who tell `invitee`.
    fn consider_offer(&mut self, id: MeetingId, invitee: PeerId) {
        if self.me.is_cloned()
            || self.seat.is_closing()
            || self.offerings.is_planned(id, invitee)
            || !self.is_running(invitee)
            || self.undelivered(id, invitee).is_empty()
        {
            return;
        }
        let wait = TURN.saturating_mul(self.turn_before(id, invitee));
        self.offerings.plan(id, invitee, self.now.monotonic + wait);
    }

    /// Returns how many of those running in a meeting come before me in telling `peer` something.
    pub(super) fn turn_before(&self, id: MeetingId, peer: PeerId) -> u32 {
        let mine = turn(self.me.id, peer);
        let before = self.meetings.get(&id).map_or(0, |meeting| {
            meeting
                .participants()
                .filter(|other| {
                    *other != self.me.id
                        && *other != peer
                        && self.is_running(*other)
                        && turn(*other, peer) < mine
                })
                .count()
        });
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    pub(super) fn offering_timeouts(&mut self) {
        for (id, invitee) in self.offerings.due(self.now.monotonic) {
            self.offer(id, invitee);
        }
    }

    /// It is my turn.
    fn offer(&mut self, id: MeetingId, invitee: PeerId) {
        let utc = self.now.utc;
        let running = self.is_running(invitee) && !self.me.is_cloned();
        let Some(meeting) = self.meetings.get(&id).filter(|_| running) else {
            // It is told when it appears.
            self.offerings.done(id, invitee);
            return;
        };
        let to_tell = self.to_tell(id, invitee);
        if to_tell.is_empty() {
            self.offerings.done(id, invitee);
            return;
        }
        let to_tell = &to_tell[..to_tell.len().min(MAX_OFFERED)];
        let invitations = to_tell.iter().map(|it| it.record.raw.to_vec()).collect();
        let age = |made| u32::try_from(utc.since(made).as_secs()).unwrap_or(u32::MAX);
        let ages = to_tell.iter().map(|held| age(held.made)).collect();
        let claimed = |peer: PeerId| Claimed {
            peer,
            name: self.people.name(peer).to_owned(),
            device: self.people.device(peer).to_owned(),
        };
        let inside = self.inside(id, invitee);
        let mut others = meeting.roster(utc);
        others.retain(|peer| *peer != invitee && !inside.contains(peer));
        let request = Request::Invitation(Offered {
            founding: meeting.founding().raw.to_vec(),
            invitations,
            inside: inside.into_iter().take(MAX_CLAIMED).map(claimed).collect(),
            invited: others.into_iter().take(MAX_CLAIMED).map(claimed).collect(),
            ages,
        });
        let says = self.what_to_say(id, invitee);
        self.offerings.told(id, invitee);
        self.offerings.says(id, invitee, says);
        self.ask(invitee, Purpose::Invitation { meeting: id }, &request);
    }

    /// The invitee answered an offer with its signed receipt, or with what the user had decided before.
    pub(super) fn receipt(&mut self, id: MeetingId, from: PeerId, raw: &[u8]) {
        if self.take_answers(id, from, raw) {
            self.offerings.heard(id, from);
        }
        if self.undelivered(id, from).is_empty() {
            self.offerings.done(id, from);
        } else {
            self.offer_failed(id, from);
        }
    }

    pub(super) fn offer_failed(&mut self, id: MeetingId, invitee: PeerId) {
        self.offerings.failed(id, invitee, self.now.monotonic);
    }

    /// An invitee hands me its answers, for me to seal and gossip.
    pub(super) fn answers_handed_over(&mut self, from: PeerId, raw: &[u8]) -> Response {
        match record::read(raw) {
            Some(AnyRecord::Answer(record))
                if self.take_answers(record.head.meeting, from, raw) =>
            {
                Response::Done
            }
            _ => Response::Refused,
        }
    }

    /// Takes answers from their author; says whether they belong to a meeting of mine.
    ///
    /// Answers of people whom nobody invited concern nobody.
    fn take_answers(&mut self, id: MeetingId, from: PeerId, raw: &[u8]) -> bool {
        let was_invited = self
            .meetings
            .get(&id)
            .is_some_and(|meeting| meeting.invitations_of(from).next().is_some());
        match record::read(raw) {
            Some(record @ AnyRecord::Answer(_)) if was_invited && record.head().author == from => {
                self.take_and_pass_on(id, from, raw);
                true
            }
            _ => {
                self.guard.malformed();
                false
            }
        }
    }
}

/// The order in which participants tell an invitee.
pub(super) fn turn(participant: PeerId, invitee: PeerId) -> [u8; 32] {
    *blake3::Hasher::new()
        .update(&participant.0)
        .update(&invitee.0)
        .finalize()
        .as_bytes()
}

fn unique(peers: &[PeerId]) -> Vec<PeerId> {
    let mut seen = std::collections::BTreeSet::new();
    peers
        .iter()
        .copied()
        .filter(|peer| seen.insert(*peer))
        .collect()
}
