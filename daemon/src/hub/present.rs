//! From what the mesh and the voice machines know to what the control API shows.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sotto_control::Event;
use sotto_control::config::TalkMode;
use sotto_control::model::{
    self, IncomingWhisper, Invitation, Meeting, MeetingRef, Participant, Peer, Person, Talk, TalkTo,
};
use sotto_meeting::{
    AwayCause, Because, Cut, InvitationView, MeView, MeetingId, MeetingView, Mesh, NobodyBecause,
    Now, OfflineReason, PeerId, PeerView, Presence, RosterEntry, TalkTarget, TalkView, WhisperMode,
};

use super::heard::LastHeard;
use super::publisher::Shown;
use crate::sound::voice::Voiced;

/// Everything that is needed to show what is known.
pub(crate) struct Presenter<'a> {
    /// The mesh that is shown.
    pub(crate) mesh: &'a Mesh,
    /// The time as of which it is shown.
    pub(crate) now: Now,
    /// The voice of those in the active meeting.
    pub(crate) voiced: &'a HashMap<PeerId, Voiced>,
    /// The user's own voice.
    pub(crate) own: Voiced,
    /// The last sign of each.
    pub(super) heard: &'a LastHeard,
    /// Those who are heard through the room alone.
    pub(super) silenced: &'a HashSet<PeerId>,
}

impl Presenter<'_> {
    /// Returns every meeting, the active one first.
    pub(crate) fn meetings(&self) -> Vec<Meeting> {
        let meetings = self.mesh.meetings(self.now);
        meetings.iter().map(|one| self.show(one)).collect()
    }

    /// Returns one meeting, if the user is on its roster.
    pub(crate) fn meeting(&self, id: MeetingId) -> Option<Meeting> {
        let meeting = self.mesh.meeting(id, self.now)?;
        Some(self.show(&meeting))
    }

    /// Returns the event that brings a part as it is now; nothing for those that take more than who is where.
    pub(super) fn event(&self, part: Shown) -> Option<Event> {
        Some(match part {
            Shown::Peers => Event::Peers {
                peers: self.peers(),
            },
            Shown::Peer(peer) => self.peer_event(peer),
            Shown::Meetings => Event::Meetings {
                meetings: self.meetings(),
            },
            Shown::Meeting(meeting) => self.meeting_event(meeting),
            Shown::Participant(meeting, peer) => self.participant_event(meeting, peer),
            Shown::Invitations => Event::Invitations {
                invitations: self.invitations(),
            },
            Shown::Status | Shown::Talk | Shown::Groups => return None,
        })
    }

    /// Returns the event that brings one colleague as it is now.
    fn peer_event(&self, peer: PeerId) -> Event {
        match self.mesh.peer(peer, self.now) {
            Some(view) => {
                let shared = self.mesh.shared_meetings(peer, self.now);
                let meetings = shared
                    .into_iter()
                    .map(|id| reference_by_id(self.mesh, id))
                    .collect();
                Event::Peer {
                    peer: self.colleague(&view, meetings, Instant::now()),
                }
            }
            None => Event::PeerGone {
                id: peer.to_string(),
            },
        }
    }

    /// Returns the event that brings one meeting as it is now.
    fn meeting_event(&self, id: MeetingId) -> Event {
        match self.meeting(id) {
            Some(meeting) => Event::Meeting { meeting },
            None => Event::MeetingGone { id: id.to_string() },
        }
    }

    /// Returns the event that brings one line of a roster as it is now; the whole meeting if it is no longer on it.
    fn participant_event(&self, meeting: MeetingId, peer: PeerId) -> Event {
        match self.mesh.participant(meeting, peer, self.now) {
            Some(entry) => {
                let active = self.mesh.active() == Some(meeting);
                Event::Participant {
                    meeting: meeting.to_string(),
                    participant: Box::new(self.participant(&entry, active)),
                }
            }
            None => self.meeting_event(meeting),
        }
    }

    fn show(&self, meeting: &MeetingView) -> Meeting {
        let own = meeting.roster.iter().find(|entry| entry.me);
        Meeting {
            id: meeting.meeting.to_string(),
            title: meeting.title.clone(),
            active: meeting.active,
            presence: own.map(|own| self.presence_of(own)).unwrap_or_default(),
            creator: Some(self.person(meeting.creator)),
            created: meeting.created.0,
            participants: meeting
                .roster
                .iter()
                .map(|entry| self.participant(entry, meeting.active))
                .collect(),
        }
    }

    fn participant(&self, entry: &RosterEntry, active: bool) -> Participant {
        let voiced = match (active, entry.me) {
            (false, _) => Voiced::default(),
            (true, true) => self.own,
            (true, false) => self.voiced.get(&entry.peer).copied().unwrap_or_default(),
        };
        let present = entry.presence.is_present();
        Participant {
            person: Person {
                id: entry.peer.to_string(),
                name: entry.name.clone(),
                label: entry.label.clone(),
            },
            presence: self.presence_of(entry),
            muted: present && entry.flags.muted,
            deafened: present && entry.flags.deafened,
            you: entry.me,
            declined: entry.declined,
            speaking: present && voiced.speaking,
            level_dbfs: voiced.level_dbfs.filter(|_| present && voiced.speaking),
            volume_percent: entry.volume,
            silenced: active && self.silenced.contains(&entry.peer),
            same_room: present && voiced.same_room,
            stats: voiced.stats.filter(|_| present),
        }
    }

    /// Returns everyone known.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.peers_with(|_| None)
    }

    /// Returns all colleagues with the `release` of each one's program.
    pub(crate) fn peers_with(&self, release: impl Fn(PeerId) -> Option<String>) -> Vec<Peer> {
        let shared = self.shared_meetings();
        let now = Instant::now();
        let peers = self.mesh.peers(self.now);
        peers
            .iter()
            .map(|peer| {
                let meetings = shared.get(&peer.peer).cloned().unwrap_or_default();
                Peer {
                    version: release(peer.peer),
                    ..self.colleague(peer, meetings, now)
                }
            })
            .collect()
    }

    fn colleague(&self, peer: &PeerView, meetings: Vec<MeetingRef>, now: Instant) -> Peer {
        Peer {
            person: person_of_peer(peer),
            running: peer.running,
            connected: peer.connected,
            addresses: addresses(peer),
            meetings,
            last_heard_s: self.heard.seconds(peer.peer, now),
            clock_off_s: peer.clock_off,
            version: None,
        }
    }

    fn shared_meetings(&self) -> HashMap<PeerId, Vec<MeetingRef>> {
        let mut shared: HashMap<PeerId, Vec<MeetingRef>> = HashMap::new();
        for meeting in &self.mesh.meetings(self.now) {
            for entry in meeting.roster.iter().filter(|entry| !entry.me) {
                shared
                    .entry(entry.peer)
                    .or_default()
                    .push(reference(meeting));
            }
        }
        shared
    }

    /// Returns the invitations that wait for an answer.
    pub(crate) fn invitations(&self) -> Vec<Invitation> {
        let invitations = self.mesh.invitations(self.now);
        invitations.iter().map(|one| self.invitation(one)).collect()
    }

    fn invitation(&self, invitation: &InvitationView) -> Invitation {
        let people = |named: &[sotto_meeting::Named]| {
            named
                .iter()
                .map(|one| self.person(one.peer))
                .collect::<Vec<_>>()
        };
        let mut roster = people(&invitation.inside);
        roster.extend(people(&invitation.invited));
        Invitation {
            meeting: MeetingRef {
                id: invitation.meeting.to_string(),
                title: invitation.title.clone(),
            },
            from: people(&invitation.by),
            roster,
            inside: people(&invitation.inside),
            received: invitation.made.0,
            expires: invitation.expires.0,
        }
    }

    /// Returns whom the user speaks to, and who whispers.
    pub(crate) fn talk(&self, not_hearing: &[PeerId], mode: model::TalkMode) -> Talk {
        let TalkView {
            target,
            reply_to,
            whispers,
            deafened,
            speaking_possible,
            pressed,
            ..
        } = &self.mesh.voice(self.now);
        let to = match target {
            TalkTarget::Everyone if self.mesh.active().is_some() => TalkTo::Everyone,
            TalkTarget::Everyone | TalkTarget::Nobody(_) => TalkTo::Nobody,
            TalkTarget::Whisper {
                reached,
                mode,
                remaining,
                ..
            } => TalkTo::Whisper {
                to: reached.iter().map(|peer| self.person(*peer)).collect(),
                mode: whisper_mode(*mode, *remaining),
            },
        };
        let nobody_because = match target {
            TalkTarget::Nobody(because) => Some(nobody_because(*because)),
            TalkTarget::Everyone | TalkTarget::Whisper { .. } => None,
        };
        let not_hearing = match &to {
            TalkTo::Whisper { .. } => not_hearing.iter().map(|peer| self.person(*peer)).collect(),
            _ => Vec::new(),
        };
        Talk {
            to,
            nobody_because,
            microphone_open: *speaking_possible,
            mode,
            pressed: *pressed,
            muted_but_talking: false,
            not_hearing,
            incoming: whispers
                .iter()
                .map(|whisper| IncomingWhisper {
                    from: self.person(whisper.from.peer),
                    also_to: whisper
                        .others
                        .iter()
                        .map(|one| self.person(one.peer))
                        .collect(),
                    heard: !deafened,
                })
                .collect(),
            reply_to: reply_to.iter().map(|one| self.person(one.peer)).collect(),
        }
    }

    /// A roster line's presence.
    fn presence_of(&self, entry: &RosterEntry) -> model::Presence {
        // Of a meeting that the user is not in, nothing is known but what was signed.
        let me = entry.me.then(|| self.mesh.myself());
        let own = me.filter(|me| me.presence == Some(entry.presence));
        let shown = own.as_ref().and_then(own_presence);
        model::Presence {
            not_reachable_from_here: entry.unreachable,
            ..shown.unwrap_or_else(|| presence(entry.presence))
        }
    }

    /// Returns a peer as a person.
    fn person(&self, peer: PeerId) -> Person {
        person(self.mesh, peer)
    }
}

/// Returns a peer as a person.
pub(crate) fn person(mesh: &Mesh, peer: PeerId) -> Person {
    Person {
        id: peer.to_string(),
        name: mesh.name(peer).to_owned(),
        label: mesh.label(peer),
    }
}

fn person_of_peer(peer: &PeerView) -> Person {
    Person {
        id: peer.peer.to_string(),
        name: peer.name.clone(),
        label: peer.label.clone(),
    }
}

/// A meeting without its roster.
fn reference(meeting: &MeetingView) -> MeetingRef {
    MeetingRef {
        id: meeting.meeting.to_string(),
        title: meeting.title.clone(),
    }
}

/// Where a colleague is, what is in use first. Behind a router it does not know itself by that address.
fn addresses(peer: &PeerView) -> Vec<String> {
    let told = || peer.addresses.iter().map(SocketAddr::ip);
    let untold = peer.at.filter(|at| told().all(|ip| ip != *at));
    let told = peer.addresses.iter().map(ToString::to_string);
    untold.iter().map(ToString::to_string).chain(told).collect()
}

/// Returns a meeting's id and title, wherever the mesh has it.
pub(crate) fn reference_by_id(mesh: &Mesh, id: MeetingId) -> MeetingRef {
    MeetingRef {
        id: id.to_string(),
        title: mesh.title(id).unwrap_or_default().to_owned(),
    }
}

/// Returns the user's own presence, with its cause.
pub(crate) fn own_presence(me: &MeView) -> Option<model::Presence> {
    let because = me.because.map(|because| match because {
        Because::Said => model::Because::Said,
        Because::Idle => model::Because::Idle,
        Because::Locked => model::Because::Locked,
        Because::SystemCall => model::Because::SystemCall,
    });
    let shown = presence(me.presence?);
    Some(model::Presence {
        automatic: shown.automatic || because == Some(model::Because::SystemCall),
        because,
        ..shown
    })
}

/// Presence in the control API's form.
pub(crate) fn presence(presence: Presence) -> model::Presence {
    let mut shown = match presence {
        Presence::Online => model::Presence::online(),
        Presence::Away(_) => model::Presence::away(),
        Presence::Offline(reason) => model::Presence::offline(offline_reason(reason)),
    };
    shown.automatic = presence == Presence::Away(AwayCause::Automatic);
    shown
}

fn offline_reason(reason: OfflineReason) -> model::OfflineReason {
    match reason {
        OfflineReason::NotJoined => model::OfflineReason::NotJoined,
        OfflineReason::Closed => model::OfflineReason::Closed,
        OfflineReason::Phone => model::OfflineReason::Phone,
        OfflineReason::Elsewhere => model::OfflineReason::Elsewhere,
        OfflineReason::Left => model::OfflineReason::Left,
        OfflineReason::Lost => model::OfflineReason::Lost,
        OfflineReason::Unknown => model::OfflineReason::Other,
    }
}

fn nobody_because(because: NobodyBecause) -> model::NobodyBecause {
    match because {
        NobodyBecause::ReceiversGone => model::NobodyBecause::ReceiversGone,
        NobodyBecause::HoldLost => model::NobodyBecause::HoldLost,
        NobodyBecause::HoldCut(Cut::ScreenLocked) => model::NobodyBecause::ScreenLocked,
        NobodyBecause::HoldCut(Cut::ScreenSaver) => model::NobodyBecause::ScreenSaver,
        NobodyBecause::HoldCut(Cut::Suspended) => model::NobodyBecause::Suspended,
    }
}

/// Shows when the microphone is open.
pub(crate) const fn talk_mode(mode: TalkMode) -> model::TalkMode {
    match mode {
        TalkMode::Open => model::TalkMode::Open,
        TalkMode::Voice => model::TalkMode::Voice,
        TalkMode::Push => model::TalkMode::Push,
    }
}

/// Shows how long a whisper still lasts.
fn whisper_mode(mode: WhisperMode, remaining: Option<Duration>) -> model::WhisperMode {
    match mode {
        WhisperMode::Hold => model::WhisperMode::Hold,
        WhisperMode::Latch => model::WhisperMode::Latch,
        WhisperMode::For(asked) => model::WhisperMode::For(remaining.unwrap_or(asked)),
    }
}

/// Reads how long a client wants a whisper to last: the way back of what is shown.
pub(crate) const fn asked_mode(mode: model::WhisperMode) -> WhisperMode {
    match mode {
        model::WhisperMode::Hold => WhisperMode::Hold,
        model::WhisperMode::Latch => WhisperMode::Latch,
        model::WhisperMode::For(time) => WhisperMode::For(time),
    }
}
