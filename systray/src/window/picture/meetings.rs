//! Invitations, other meetings, and whom a meeting can be started with.

use sotto_control::model::{Meeting, Participant, PresenceState, Snapshot};

use super::tile::{Mark, mark, presence};
use crate::window::bidi::initials;
use crate::window::colour::of_person;
use crate::words::asks;

/// An invitation that waits for an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Invite {
    /// The meeting's id.
    pub(crate) id: String,
    /// The meeting's title.
    pub(crate) title: String,
    /// Who invites.
    pub(crate) from: String,
    /// Who is inside.
    pub(crate) inside: String,
    /// The whole in a sentence.
    pub(crate) sentence: String,
}

/// A meeting that the user is on the roster of and not in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Card {
    /// The meeting's id.
    pub(crate) id: String,
    /// The meeting's title.
    pub(crate) title: String,
    /// Why the user is not in it, and how many are.
    pub(crate) summary: String,
    /// The roster, those inside first.
    pub(crate) roster: Vec<Line>,
    /// Whether the user is in another meeting, so that entering this one is switching.
    pub(crate) switches: bool,
}

/// A line of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The person's id.
    pub(crate) id: String,
    /// The name.
    pub(crate) label: String,
    /// Where they are.
    pub(crate) mark: Mark,
    /// The same in words.
    pub(crate) presence: String,
}

/// Somebody, or a group, who can be invited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Colleague {
    /// What the daemon is given: the id, or the group's name with its sign.
    pub(crate) key: String,
    /// What to show.
    pub(crate) label: String,
    /// What is said beside it.
    pub(crate) remark: String,
    /// What stands in the circle.
    pub(crate) initials: String,
    /// Which colour the circle has.
    pub(crate) colour: usize,
    /// Whether they are reached at once.
    pub(crate) running: bool,
    /// Whether they are on the active meeting's roster already, and need no invitation.
    pub(crate) inside: bool,
}

/// The invitations.
pub(super) fn invitations(snapshot: &Snapshot) -> Vec<Invite> {
    let invite = |invitation: &sotto_control::model::Invitation| Invite {
        id: invitation.meeting.id.clone(),
        title: invitation.meeting.title.clone(),
        from: labels(invitation.from.iter().map(|person| &*person.label)),
        inside: match invitation.inside.len() {
            0 => "Nobody is inside now".to_owned(),
            _ => {
                let names = labels(invitation.inside.iter().map(|person| &*person.label));
                format!("Inside: {names}")
            }
        },
        sentence: asks(invitation),
    };
    snapshot.invitations.iter().map(invite).collect()
}

fn labels<'a>(labels: impl Iterator<Item = &'a str>) -> String {
    labels.collect::<Vec<_>>().join(", ")
}

/// Every meeting that the user is on the roster of and not in; those asked about by an invitation have their own card.
pub(super) fn others(snapshot: &Snapshot) -> Vec<Card> {
    let invited = |meeting: &&Meeting| {
        let mut invitations = snapshot.invitations.iter();
        !invitations.any(|invitation| invitation.meeting.id == meeting.id)
    };
    let elsewhere = snapshot.active().is_some();
    let meetings = snapshot.meetings.iter().filter(|meeting| !meeting.active);
    meetings
        .filter(invited)
        .map(|meeting| card(meeting, elsewhere))
        .collect()
}

fn card(meeting: &Meeting, switches: bool) -> Card {
    let you = match meeting.presence.state {
        PresenceState::Offline { reason } => format!("You: {reason}"),
        PresenceState::Online => "You: online".to_owned(),
        PresenceState::Away => "You: away".to_owned(),
        PresenceState::Unknown => String::new(),
    };
    let inside = match meeting.present() {
        0 => "nobody inside".to_owned(),
        count => format!("{count} inside"),
    };
    let line = |one: &Participant| Line {
        id: one.person.id.clone(),
        label: match one.you {
            true => format!("{} (you)", one.person.label),
            false => one.person.label.clone(),
        },
        mark: mark(one),
        presence: presence(one),
    };
    let mut roster: Vec<Line> = meeting.participants.iter().map(line).collect();
    roster.sort_by_key(|line| line.mark == Mark::Offline);
    Card {
        id: meeting.id.clone(),
        title: meeting.title.clone(),
        summary: match you.is_empty() {
            true => inside,
            false => format!("{you} · {inside}"),
        },
        roster,
        switches,
    }
}

/// Groups, then everyone known: those who run Sotto first.
pub(super) fn colleagues(snapshot: &Snapshot) -> Vec<Colleague> {
    let roster = snapshot.active().map(|meeting| &*meeting.participants);
    let on_roster = |id: &str| {
        let mut roster = roster.unwrap_or_default().iter();
        roster.any(|one| one.person.id == id && one.presence.is_present())
    };
    let groups = snapshot.groups.iter().map(|group| Colleague {
        key: format!("@{}", group.name),
        label: group.name.clone(),
        remark: match group.members.len() {
            1 => "group of 1".to_owned(),
            count => format!("group of {count}"),
        },
        initials: initials(&group.name),
        colour: of_person(&group.name),
        running: true,
        inside: false,
    });
    let mut people: Vec<Colleague> = snapshot
        .peers
        .iter()
        .map(|peer| {
            let inside = on_roster(&peer.person.id);
            let remark = match (inside, peer.running) {
                (true, _) => "already inside",
                (false, true) => "online",
                (false, false) => "not running Sotto now: asked when they appear",
            };
            Colleague {
                key: peer.person.id.clone(),
                label: peer.person.label.clone(),
                remark: remark.to_owned(),
                initials: initials(&peer.person.name),
                colour: of_person(&peer.person.id),
                running: peer.running,
                inside,
            }
        })
        .collect();
    people.sort_by_key(|colleague| !colleague.running);
    groups.chain(people).collect()
}
