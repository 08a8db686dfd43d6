//! From what a client named to people: one by one, and by groups.
//!
//! Where several people can be named, the name of a group in full means its members; `@` before it says that a group is
//! meant. Without the sign, a group whose name somebody has is ambiguous, and a group goes before people whose names only
//! begin so. Whoever is named one by one must fit, or nothing is done. Members of a group who do not fit are left out, and
//! the client is told. Of each group at least one must fit, so that a request never does less than nothing, and a whisper
//! never goes to anybody who was not named. The user is no member where a group is meant.

use sotto_control::config::{GROUP_SIGN, nearest};
use sotto_control::model::{LeftOut, LeftOutBecause, Person, Presence};
use sotto_control::{AbsentPerson, ControlError, ErrorCode};
use sotto_meeting::resolve::{self, Scope};
use sotto_meeting::{MeetingId, Mesh, PeerId, View};

use super::{Hub, present, refuse};
use crate::groups::{Group, Groups, Member};

/// The meaning of a name.
#[derive(Debug, PartialEq)]
enum Meant<'a> {
    Person(PeerId),
    Group(&'a Group),
}

/// The people and groups that names mean, each once.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// Those named one by one.
    pub(super) people: Vec<PeerId>,
    /// The groups.
    pub(super) groups: Vec<Group>,
}

/// Those whom a request is for.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen {
    /// Everyone, each once.
    pub(super) peers: Vec<PeerId>,
    /// Members of groups who do not fit.
    pub(super) left_out: Vec<LeftOut>,
}

/// The reason why a member does not fit.
type Reason = (LeftOutBecause, Option<Presence>);

impl Called {
    /// Returns everyone, whether they fit anything or not.
    pub(super) fn all(self) -> Vec<PeerId> {
        let mut all = self.people;
        for member in self.groups.iter().flat_map(|group| &group.members) {
            if !all.contains(&member.peer) {
                all.push(member.peer);
            }
        }
        all
    }

    /// Chooses the members who fit. `nobody` says what is wrong with a group that has none.
    fn choose(
        self,
        mesh: &Mesh,
        misfit: impl Fn(PeerId) -> Option<Reason>,
        nobody: impl Fn(&Group, Vec<LeftOut>) -> ControlError,
    ) -> Result<Chosen, ControlError> {
        let named = self.people;
        let mut peers = named.clone();
        let mut left_out = Vec::new();
        for group in self.groups {
            let others = group.members.iter().filter(|it| it.peer != mesh.me());
            if others.clone().next().is_none() {
                return Err(refuse::empty_group(&group));
            }
            let (mut fits, mut missing) = (false, Vec::new());
            for member in others {
                // Whoever is named beside the group must fit as everyone who is named.
                let reason = misfit(member.peer).filter(|_| !named.contains(&member.peer));
                match reason {
                    None => {
                        fits = true;
                        if !peers.contains(&member.peer) {
                            peers.push(member.peer);
                        }
                    }
                    Some((because, presence)) => missing.push(LeftOut {
                        person: member_person(mesh, member),
                        group: group.name.clone(),
                        because,
                        presence,
                    }),
                }
            }
            if !fits {
                return Err(nobody(&group, missing));
            }
            left_out.extend(missing);
        }
        Ok(Chosen { peers, left_out })
    }
}

impl Hub {
    /// Returns the one person whom a name means.
    pub(super) fn one_called(
        &self,
        view: &View,
        scope: Scope,
        text: &str,
    ) -> Result<PeerId, ControlError> {
        one(view, &self.run.groups, scope, text)
    }

    /// Returns the people whom these names mean, none of which is a group's.
    pub(super) fn people_called(
        &self,
        scope: Scope,
        names: &[String],
    ) -> Result<Vec<PeerId>, ControlError> {
        let view = self.view();
        let mut peers = Vec::with_capacity(names.len());
        for name in names {
            let peer = self.one_called(&view, scope, name)?;
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        Ok(peers)
    }

    /// Returns the people and the groups that these names mean.
    pub(super) fn everyone_called(
        &self,
        view: &View,
        scope: Scope,
        names: &[String],
    ) -> Result<Called, ControlError> {
        everyone(view, &self.run.groups, scope, names)
    }

    /// Chooses those whom this daemon knows.
    pub(super) fn known_of(&self, called: Called) -> Result<Chosen, ControlError> {
        let now = self.clock.now();
        let misfit = |peer| match self.mesh.peer(peer, now) {
            Some(_) => None,
            None => Some((LeftOutBecause::Unknown, None)),
        };
        called.choose(&self.mesh, misfit, |group, _| {
            let sentence = format!("nobody of {} is known here", group.signed());
            ControlError::new(ErrorCode::NotFound, sentence)
                .with_hint("they are as soon as their Sotto is met; see 'sotto peers'")
        })
    }

    /// Chooses those who are present in the active meeting.
    pub(super) fn present_of(&self, view: &View, called: Called) -> Result<Chosen, ControlError> {
        present_in(view, &self.mesh, called)
    }

    /// Chooses those whom the user has invited to a meeting, and who have not joined it.
    pub(super) fn invited_of(
        &self,
        view: &View,
        meeting: MeetingId,
        called: Called,
    ) -> Result<Chosen, ControlError> {
        let me = self.mesh.me();
        let meeting = view.meetings.iter().find(|it| it.meeting == meeting);
        let roster = meeting.map_or(&[][..], |meeting| &meeting.roster);
        let title = meeting.map_or("", |meeting| &meeting.title);
        let misfit = |peer| {
            let entry = roster.iter().find(|entry| entry.peer == peer);
            let mine = entry.is_some_and(|entry| entry.invited_by.contains(&me));
            (!mine).then_some((LeftOutBecause::NotInvited, None))
        };
        called.choose(&self.mesh, misfit, |group, _| {
            let sentence = format!(
                "of {}, nobody has an open invitation of yours to \"{title}\"",
                group.signed()
            );
            ControlError::new(ErrorCode::Refused, sentence)
                .with_hint("see who is invited with 'sotto roster'")
        })
    }
}

fn everyone(
    view: &View,
    groups: &Groups,
    scope: Scope,
    names: &[String],
) -> Result<Called, ControlError> {
    let mut called = Called::default();
    for name in names {
        match meant(view, groups, scope, name)? {
            Meant::Person(peer) if !called.people.contains(&peer) => called.people.push(peer),
            Meant::Group(group) if !called.groups.contains(group) => {
                called.groups.push(group.clone());
            }
            Meant::Person(_) | Meant::Group(_) => {}
        }
    }
    Ok(called)
}

/// Returns what a name means where a group may be meant.
fn meant<'a>(
    view: &View,
    groups: &'a Groups,
    scope: Scope,
    text: &str,
) -> Result<Meant<'a>, ControlError> {
    if let Some(name) = text.trim().strip_prefix(GROUP_SIGN) {
        let group = groups.named(name).ok_or_else(|| no_group(groups, name))?;
        return Ok(Meant::Group(group));
    }
    let Some(group) = groups.named(text) else {
        return person(view, groups, scope, text).map(Meant::Person);
    };
    // Somebody who is elsewhere now may be meant as well.
    let people = resolve::called_in_full(view, text);
    match people.as_slice() {
        [] => Ok(Meant::Group(group)),
        people => Err(refuse::group_or_person(view, group, people, text)),
    }
}

/// Returns whom a name means where one person is meant.
fn one(view: &View, groups: &Groups, scope: Scope, text: &str) -> Result<PeerId, ControlError> {
    let named = text.trim().strip_prefix(GROUP_SIGN);
    let found = match named {
        Some(name) => Err(no_group(groups, name)),
        None => person(view, groups, scope, text),
    };
    match (&found, groups.named(named.unwrap_or(text))) {
        (Err(error), Some(group)) if error.code == ErrorCode::NotFound => {
            Err(refuse::group_for_one(group))
        }
        _ => found,
    }
}

fn person(view: &View, groups: &Groups, scope: Scope, text: &str) -> Result<PeerId, ControlError> {
    resolve::peer(view, scope, text).map_err(|error| {
        let error = refuse::unresolved(error);
        match error.code {
            ErrorCode::NotFound if !groups.all().is_empty() => error.with_hint(
                "see your colleagues with 'sotto peers', your groups with 'sotto group'",
            ),
            _ => error,
        }
    })
}

/// Returns the refusal of a group that there is not.
pub(super) fn no_group(groups: &Groups, name: &str) -> ControlError {
    let shown: String = name.chars().take(64).collect();
    let sentence = format!("there is no group \"{GROUP_SIGN}{}\"", shown.escape_debug());
    let names = groups.all().iter().map(|group| &*group.name);
    let hint = match nearest(&shown, names) {
        Some(near) => format!("did you mean \"{GROUP_SIGN}{near}\"?"),
        None if groups.all().is_empty() => "make one with 'sotto group add NAME PERSON'".to_owned(),
        None => "see your groups with 'sotto group'".to_owned(),
    };
    ControlError::new(ErrorCode::NotFound, sentence).with_hint(hint)
}

fn present_in(view: &View, mesh: &Mesh, called: Called) -> Result<Chosen, ControlError> {
    let active = view
        .meetings
        .iter()
        .find(|it| Some(it.meeting) == view.active);
    let roster = active.map_or(&[][..], |meeting| &meeting.roster);
    let misfit = |peer| match roster.iter().find(|entry| entry.peer == peer) {
        Some(entry) if entry.presence.is_present() => None,
        Some(entry) => Some((
            LeftOutBecause::Absent,
            Some(present::presence(entry.presence)),
        )),
        None => Some((LeftOutBecause::NotInMeeting, None)),
    };
    called.choose(mesh, misfit, |group, left_out| {
        let absent: Vec<AbsentPerson> = left_out
            .into_iter()
            .filter_map(|one| {
                Some(AbsentPerson {
                    presence: one.presence?,
                    person: one.person,
                })
            })
            .collect();
        let place = match absent.is_empty() {
            true => "on this meeting's roster",
            false => "present in this meeting",
        };
        let sentence = format!("nobody of {} is {place}", group.signed());
        ControlError::new(ErrorCode::Absent, sentence)
            .with_hint("see who is there with 'sotto roster'")
            .with_absent(absent)
    })
}

/// Returns a member as a person: by the label that it was added with, if nothing newer is known.
pub(super) fn member_person(mesh: &Mesh, member: &Member) -> Person {
    if mesh.name(member.peer).is_empty() && !member.label.is_empty() {
        return Person {
            id: member.peer.to_string(),
            name: member.label.clone(),
            label: member.label.clone(),
        };
    }
    present::person(mesh, member.peer)
}

#[cfg(test)]
mod tests;
