//! Single facts for programs that need no more: a whole [`View`](crate::View) costs as much as everyone known.

use super::Mesh;
use crate::ids::{MeetingId, Now, PeerId};
use crate::presence::{OfflineReason, Presence};
use crate::view::{InvitationView, MeView, MeetingView, PeerView, RosterEntry, TalkView};

impl Mesh {
    /// Returns the meeting whose audio I am in.
    pub fn active(&self) -> Option<MeetingId> {
        self.seat.active()
    }

    /// Returns the active meeting, or the one that a phone call interrupted.
    pub fn own_meeting(&self) -> Option<MeetingId> {
        let phone = Presence::Offline(OfflineReason::Phone);
        self.active().or_else(|| {
            self.meetings
                .iter()
                .filter(|meeting| meeting.ended().is_none())
                .filter(|meeting| self.meetings.believed(meeting.id(), self.me.id) == phone)
                .min_by_key(|meeting| (meeting.title().to_lowercase(), meeting.id()))
                .map(|meeting| meeting.id())
        })
    }

    /// Returns [`View::me`](crate::View::me).
    pub fn myself(&self) -> MeView {
        self.me_view()
    }

    /// Returns the name that `peer` gives itself; empty if it is unknown.
    pub fn name(&self, peer: PeerId) -> &str {
        self.people.name(peer)
    }

    /// Returns what to show for `peer`.
    pub fn label(&self, peer: PeerId) -> String {
        self.people.label(peer)
    }

    /// Returns the title of a meeting that I am on the roster of, am invited to, or am joining.
    pub fn title(&self, id: MeetingId) -> Option<&str> {
        let listed = self.meetings.get(&id);
        listed
            .filter(|meeting| meeting.ended().is_none())
            .map(|meeting| meeting.title())
            .or_else(|| self.prompts.get(id).map(|prompt| prompt.title()))
            .or_else(|| self.join.title().filter(|_| self.is_joining(id)))
    }

    /// Returns how many participants of a meeting are present.
    pub fn present(&self, id: MeetingId) -> usize {
        let Some(meeting) = self.meetings.get(&id) else {
            return 0;
        };
        meeting
            .participants()
            .filter(|peer| self.meetings.shown(id, *peer).0.is_present())
            .count()
    }

    /// Returns [`View::peers`](crate::View::peers).
    pub fn peers(&self, now: Now) -> Vec<PeerView> {
        self.peer_views(self.now.at(now).monotonic)
    }

    /// Returns one of [`View::peers`](crate::View::peers).
    pub fn peer(&self, peer: PeerId, now: Now) -> Option<PeerView> {
        let known = peer != self.me.id && self.people.knows(peer);
        known.then(|| self.peer_view(peer, self.now.at(now).monotonic))
    }

    /// Returns whether a colleague runs Sotto, as far as is known here.
    pub fn runs_sotto(&self, peer: PeerId, now: Now) -> bool {
        peer != self.me.id && self.runs(peer, self.now.at(now).monotonic)
    }

    /// Returns the colleagues who run Sotto, as far as is known here.
    pub fn running(&self, now: Now) -> impl Iterator<Item = PeerId> + '_ {
        let now = self.now.at(now).monotonic;
        self.people
            .named()
            .filter(move |peer| *peer != self.me.id && self.runs(*peer, now))
    }

    /// Returns [`View::meetings`](crate::View::meetings).
    pub fn meetings(&self, now: Now) -> Vec<MeetingView> {
        self.meeting_views(self.now.at(now).utc)
    }

    /// Returns one of [`View::meetings`](crate::View::meetings).
    pub fn meeting(&self, id: MeetingId, now: Now) -> Option<MeetingView> {
        let meeting = self.meetings.get(&id)?;
        meeting
            .ended()
            .is_none()
            .then(|| self.meeting_view(meeting, self.now.at(now).utc))
    }

    /// Returns one line of a roster.
    pub fn participant(&self, id: MeetingId, peer: PeerId, now: Now) -> Option<RosterEntry> {
        let meeting = self.meetings.get(&id)?;
        if meeting.ended().is_some() {
            return None;
        }
        let declined = meeting.listing(peer, self.now.at(now).utc)?;
        Some(self.roster_entry(meeting, peer, declined, self.now.at(now).utc))
    }

    /// Returns the meetings whose rosters, as they are shown, name `peer`: the active one first, then by title.
    pub fn shared_meetings(&self, peer: PeerId, now: Now) -> Vec<MeetingId> {
        let mut shared: Vec<_> = self
            .meetings
            .iter()
            .filter(|meeting| meeting.ended().is_none())
            .filter(|meeting| meeting.listing(peer, self.now.at(now).utc).is_some())
            .map(|meeting| {
                let title = meeting.title().to_lowercase();
                (!self.is_inside(meeting.id()), title, meeting.id())
            })
            .collect();
        shared.sort();
        shared.into_iter().map(|(.., id)| id).collect()
    }

    /// Returns [`View::invitations`](crate::View::invitations).
    pub fn invitations(&self, now: Now) -> Vec<InvitationView> {
        self.invitation_views(self.now.at(now).utc)
    }

    /// Returns [`View::talk`](crate::View::talk).
    pub fn voice(&self, now: Now) -> TalkView {
        self.talk_view(self.now.at(now).monotonic)
    }
}
