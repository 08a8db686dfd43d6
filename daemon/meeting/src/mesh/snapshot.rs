//! Everything that a program may show.

use std::time::Duration;

use super::Mesh;
use super::seat::Interruption;
use crate::audience::Target;
use crate::ids::{Now, PeerId, Utc};
use crate::meeting::{Meeting, expiry};
use crate::presence::Flags;
use crate::view::{
    IncomingWhisper, InvitationView, JoiningView, MeView, MeetingView, Named, PeerView,
    RosterEntry, TalkTarget, TalkView, View,
};
use crate::wire::Claimed;

impl Mesh {
    /// Everything that a program may show, as of `now`.
    pub fn view(&self, now: Now) -> View {
        let now = self.now.at(now);
        View {
            me: self.me_view(),
            peers: self.peer_views(now.monotonic),
            meetings: self.meeting_views(now.utc),
            active: self.seat.active(),
            invitations: self.invitation_views(now.utc),
            joining: self.joining_views(now.monotonic),
            talk: self.talk_view(now.monotonic),
            counters: self.guard.counters(),
        }
    }

    fn named(&self, peer: PeerId) -> Named {
        Named {
            peer,
            label: self.people.label(peer),
        }
    }

    pub(super) fn me_view(&self) -> MeView {
        let interrupted = self.seat.interrupted();
        MeView {
            peer: self.me.id,
            name: self.me.name.clone(),
            device: self.me.device.clone(),
            label: self.people.label(self.me.id),
            presence: self.seat.presence(self.now.monotonic),
            because: self.seat.because(self.now.monotonic),
            interrupted: interrupted.map(|(meeting, _)| meeting),
            on_the_phone: matches!(interrupted, Some((_, Interruption::Phone { .. }))),
            cloned: self.me.is_cloned(),
            closing: self.seat.is_closing(),
        }
    }

    pub(super) fn peer_views(&self, now: Duration) -> Vec<PeerView> {
        let mut peers: Vec<PeerView> = self
            .people
            .named()
            .filter(|peer| *peer != self.me.id)
            .map(|peer| self.peer_view(peer, now))
            .collect();
        peers.sort_by_cached_key(|peer| (peer.label.to_lowercase(), peer.peer));
        peers
    }

    pub(super) fn peer_view(&self, peer: PeerId, now: Duration) -> PeerView {
        let at = self.links.address(peer);
        let mut addresses = self.people.addresses(peer).to_vec();
        let mine = |ip| self.people.my_addresses().iter().any(|it| it.ip() == ip);
        addresses.sort_by_key(|address| (at != Some(address.ip()), mine(address.ip())));
        PeerView {
            peer,
            name: self.people.name(peer).to_owned(),
            device: self.people.device(peer).to_owned(),
            label: self.people.label(peer),
            running: self.runs(peer, now),
            connected: self.links.is_connected(peer),
            at,
            addresses,
            clock_off: self.people.clocks().off(peer),
        }
    }

    pub(super) fn runs(&self, peer: PeerId, now: Duration) -> bool {
        self.people.is_announced(peer, now) || self.is_running(peer)
    }

    pub(super) fn meeting_views(&self, utc: Utc) -> Vec<MeetingView> {
        let mut meetings: Vec<MeetingView> = self
            .meetings
            .iter()
            .filter(|meeting| meeting.ended().is_none())
            .map(|meeting| self.meeting_view(meeting, utc))
            .collect();
        meetings.sort_by_cached_key(|meeting| {
            (
                !meeting.active,
                meeting.title.to_lowercase(),
                meeting.meeting,
            )
        });
        meetings
    }

    pub(super) fn meeting_view(&self, meeting: &Meeting, utc: Utc) -> MeetingView {
        MeetingView {
            meeting: meeting.id(),
            title: meeting.title().to_owned(),
            creator: meeting.founding().head.author,
            created: meeting.founding().body.created,
            since: self.now.shown(self.member_since(meeting)),
            active: self.is_inside(meeting.id()),
            presence: meeting.signed_presence(self.me.id),
            roster: self.roster_view(meeting, utc),
        }
    }

    /// Returns when I was invited to a meeting last, or else when I founded it, or its creator says so.
    fn member_since(&self, meeting: &Meeting) -> Utc {
        let invited = meeting.invitations_of(self.me.id).map(|held| held.made);
        let created = self.now.mine(meeting.founding().body.created);
        invited.max().unwrap_or(created).min(self.now.utc)
    }

    fn roster_view(&self, meeting: &Meeting, utc: Utc) -> Vec<RosterEntry> {
        let decliners = meeting.decliners(utc);
        let mut roster: Vec<RosterEntry> = meeting
            .roster(utc)
            .union(&decliners)
            .map(|peer| self.roster_entry(meeting, *peer, decliners.contains(peer), utc))
            .collect();
        roster.sort_by_cached_key(|entry| {
            (
                !entry.me,
                !entry.presence.is_present(),
                entry.label.to_lowercase(),
                entry.peer,
            )
        });
        roster
    }

    pub(super) fn roster_entry(
        &self,
        meeting: &Meeting,
        peer: PeerId,
        declined: bool,
        utc: Utc,
    ) -> RosterEntry {
        let (presence, unreachable) = self.meetings.shown(meeting.id(), peer);
        let me = peer == self.me.id;
        let flags = if me {
            self.talk.flags()
        } else {
            meeting
                .presence(peer)
                .map_or_else(Flags::default, |held| held.record.body.flags)
        };
        RosterEntry {
            peer,
            name: self.people.name(peer).to_owned(),
            device: self.people.device(peer).to_owned(),
            label: self.people.label(peer),
            me,
            presence,
            flags,
            unreachable,
            invited_by: meeting
                .open_invitations(peer, utc)
                .into_iter()
                .map(|held| held.record.head.author)
                .collect(),
            declined,
            voice: self.is_inside(meeting.id()) && self.keys.is_linked(peer),
            volume: self.people.volume(peer),
        }
    }

    pub(super) fn invitation_views(&self, utc: Utc) -> Vec<InvitationView> {
        let named = |claims: &[Claimed]| -> Vec<Named> {
            claims
                .iter()
                .filter(|claim| claim.peer != self.me.id)
                .map(|claim| self.named(claim.peer))
                .collect()
        };
        let mut invitations: Vec<InvitationView> = self
            .prompts
            .iter()
            .filter_map(|prompt| {
                let made = prompt.open(utc).map(|held| held.made).max()?;
                let expires = prompt.open(utc).map(expiry).max()?;
                Some(InvitationView {
                    meeting: prompt.meeting(),
                    title: prompt.title().to_owned(),
                    by: prompt
                        .open(utc)
                        .map(|held| self.named(held.record.head.author))
                        .collect(),
                    inside: named(prompt.inside()),
                    invited: named(prompt.invited()),
                    made: self.now.shown(made),
                    expires: self.now.shown(expires),
                })
            })
            .collect();
        invitations
            .sort_by_key(|invitation| (std::cmp::Reverse(invitation.made), invitation.meeting));
        invitations
    }

    fn joining_views(&self, now: Duration) -> Vec<JoiningView> {
        let meeting = self.join.meeting().into_iter();
        meeting
            .map(|meeting| JoiningView {
                meeting,
                title: self.join.title().unwrap_or_default().to_owned(),
                asking: self.join.asking().map(|peer| self.named(peer)),
                asked: self.join.asked(),
                remaining: self.join.remaining(now),
            })
            .collect()
    }

    pub(super) fn talk_view(&self, now: Duration) -> TalkView {
        let named = |peers: &[PeerId]| -> Vec<Named> {
            peers.iter().map(|peer| self.named(*peer)).collect()
        };
        let target = match self.talk.target() {
            Target::Everyone => TalkTarget::Everyone,
            Target::Nobody(because) => TalkTarget::Nobody(because),
            Target::Whisper {
                to,
                reached,
                mode,
                until,
            } => TalkTarget::Whisper {
                to: named(&to),
                reached,
                mode,
                remaining: until.map(|until| until.saturating_sub(now)),
            },
        };
        TalkView {
            muted: self.talk.flags().muted,
            deafened: self.talk.flags().deafened,
            speaking_possible: self.talk.is_heard(),
            push_to_talk: self.talk.needs_press(),
            pressed: self.talk.is_pressed(),
            target,
            reply_to: named(&self.talk.reply_to()),
            whispers: self
                .talk
                .whispers()
                .map(|(from, others)| IncomingWhisper {
                    from: self.named(from),
                    others: named(others),
                })
                .collect(),
        }
    }
}
