//! Groups of colleagues: listed from memory, changed in the configuration.

use std::sync::{Arc, PoisonError};

use sotto_control::config::{self, Config, GROUP_SIGN, group_name};
use sotto_control::model::{self, Person};
use sotto_control::server::Answer;
use sotto_control::{
    ControlError, ErrorCode, GroupAdd, GroupRemove, GroupReply, MAX_GROUP_MEMBERS, MAX_GROUPS,
    Reply,
};
use sotto_meeting::resolve::{self, Candidate, ResolveError, Scope};
use sotto_meeting::{PeerId, View};

use super::super::naming::{member_person, no_group};
use super::super::publisher::Shown;
use super::super::{Hub, Later, present, refuse};
use crate::config_file::ConfigFile;
use crate::groups::{Group, Groups, Member, Told};

/// A change of a group.
pub(super) struct Change {
    /// The name of the group.
    name: String,
    edit: Edit,
    /// Those whom it adds or removes.
    changed: Vec<Person>,
}

enum Edit {
    /// Adds these.
    Add(Vec<config::GroupMember>),
    /// Removes those with these keys; without keys, everyone.
    Remove(Option<Vec<String>>),
}

/// The end of a change.
pub(in crate::hub) struct Saved {
    /// All groups, as the configuration has them now.
    groups: Result<Groups, ControlError>,
    name: String,
    changed: Vec<Person>,
}

impl Change {
    /// Writes it into the configuration. Waits for the disk.
    fn save(self, config: &ConfigFile) -> Saved {
        let Self {
            name,
            edit,
            changed,
        } = self;
        let group = name.clone();
        let edited = config.edit(Box::new(move |text| match edit {
            Edit::Add(members) => config::add_to_group(text, &group, &members),
            Edit::Remove(keys) => config::remove_from_group(text, &group, keys.as_deref()),
        }));
        let groups = edited.and_then(|text| {
            let config = Config::parse(&text).map_err(|error| error.to_string())?;
            Groups::new(config.groups).map_err(|error| error.to_string())
        });
        Saved {
            groups: groups.map_err(|problem| {
                let sentence = format!("{GROUP_SIGN}{name} is as it was: {problem}");
                ControlError::new(ErrorCode::Unavailable, sentence)
            }),
            name,
            changed,
        }
    }
}

impl Hub {
    /// Returns every group, as clients show it.
    pub(in crate::hub) fn groups(&self) -> Vec<model::Group> {
        let groups = self.run.groups.all().iter();
        groups.map(|group| self.shown_group(group)).collect()
    }

    fn shown_group(&self, group: &Group) -> model::Group {
        let now = self.clock.now();
        let me = self.mesh.me();
        let members = group.members.iter();
        let mut members: Vec<model::GroupMember> = members
            .map(|member| model::GroupMember {
                person: member_person(&self.mesh, member),
                you: member.peer == me,
                unknown: member.peer != me && self.mesh.peer(member.peer, now).is_none(),
            })
            .collect();
        members.sort_by_cached_key(|member| member.person.label.to_lowercase());
        model::Group {
            name: group.name.clone(),
            members,
        }
    }

    /// Returns whether clients show somebody in a group otherwise than is so now.
    pub(in crate::hub) fn member_changed(&mut self, peer: PeerId) -> bool {
        if !self.run.groups.have(peer) {
            return false;
        }
        let told = Told {
            label: self.mesh.label(peer),
            known: self.mesh.peer(peer, self.clock.now()).is_some(),
        };
        self.run.groups.tell(peer, told)
    }

    /// Returns what adding colleagues to a group changes.
    pub(super) fn addition(&self, params: &GroupAdd) -> Result<Change, ControlError> {
        let name = resolve::composed(group_name(&params.name));
        let view = self.view();
        let known = self.run.groups.named(&name);
        if known.is_none() {
            self.may_be_called(&view, &name)?;
        }
        let called = self.everyone_called(&view, Scope::Everyone, &params.names)?;
        let people = called.people.into_iter().map(|peer| Member {
            peer,
            label: self.mesh.label(peer),
        });
        let members = called.groups.into_iter().flat_map(|group| group.members);
        let mut added: Vec<Member> = Vec::new();
        for member in people.chain(members) {
            let is_new = member.peer != self.mesh.me()
                && !known.is_some_and(|group| group.has(member.peer))
                && added.iter().all(|one| one.peer != member.peer);
            if is_new {
                added.push(member);
            }
        }
        let count = known.map_or(0, |group| group.members.len()) + added.len();
        if count == 0 {
            return Err(ControlError::invalid("nobody was named"));
        }
        if count > MAX_GROUP_MEMBERS {
            let sentence = format!(
                "{GROUP_SIGN}{name} would have {count} members, and a group has at most {MAX_GROUP_MEMBERS}"
            );
            return Err(ControlError::new(ErrorCode::Limit, sentence)
                .with_hint("make a second group for some of them"));
        }
        let people = added.iter().map(|it| member_person(&self.mesh, it));
        Ok(Change {
            changed: people.collect(),
            name: known.map_or(name, |group| group.name.clone()),
            edit: Edit::Add(
                added
                    .into_iter()
                    .map(|member| config::GroupMember {
                        key: member.peer.to_string(),
                        label: member.label,
                    })
                    .collect(),
            ),
        })
    }

    /// Checks the name of a new group.
    fn may_be_called(&self, view: &View, name: &str) -> Result<(), ControlError> {
        if let Some(somebody) = resolve::called_in_full(view, name).first() {
            let label = present::person(&self.mesh, *somebody).label;
            let sentence = format!("\"{name}\" is the name of a colleague, {label}");
            return Err(ControlError::new(ErrorCode::Refused, sentence)
                .with_hint("choose another name for the group"));
        }
        if self.run.groups.all().len() >= MAX_GROUPS {
            let sentence = format!("you have {MAX_GROUPS} groups already");
            return Err(ControlError::new(ErrorCode::Limit, sentence)
                .with_hint("remove one that you no longer need with 'sotto group remove'"));
        }
        Ok(())
    }

    /// Returns what removing members from a group changes.
    pub(super) fn removal(&self, params: &GroupRemove) -> Result<Change, ControlError> {
        let groups = &self.run.groups;
        let name = group_name(&params.name);
        let group = groups.named(name).ok_or_else(|| no_group(groups, name))?;
        let view = self.view();
        let mut removed: Vec<&Member> = Vec::new();
        for text in &params.names {
            let peer = among_members(&view, group, text)?;
            let member = group.members.iter().find(|it| it.peer == peer);
            removed.extend(member.filter(|it| removed.iter().all(|one| one.peer != it.peer)));
        }
        let keys = match params.names.as_slice() {
            [] => {
                removed.extend(&group.members);
                None
            }
            _ => Some(removed.iter().map(|it| it.peer.to_string()).collect()),
        };
        let people = removed.iter().map(|it| member_person(&self.mesh, it));
        Ok(Change {
            changed: people.collect(),
            name: group.name.clone(),
            edit: Edit::Remove(keys),
        })
    }

    /// Writes a change into the configuration; the answer comes when that is done.
    pub(super) fn change_group(&self, change: Result<Change, ControlError>, answer: Answer) {
        let change = match change {
            Ok(change) => change,
            Err(error) => return answer.send(Err::<Reply, _>(error)),
        };
        let config = Arc::clone(self.run.config_file());
        let order = Arc::clone(self.run.config_order());
        let later = self.laters.sender.clone();
        tokio::task::spawn_blocking(move || {
            // The hub takes in changes in the order in which they reached the file.
            let _turn = order.lock().unwrap_or_else(PoisonError::into_inner);
            let saved = change.save(&config);
            let _ = later.blocking_send(Later::Grouped(Box::new(saved), answer));
        });
    }

    /// Takes in the groups as the configuration has them now, and answers.
    pub(in crate::hub) fn groups_saved(&mut self, saved: Saved, answer: Answer) {
        let Saved {
            groups,
            name,
            changed,
        } = saved;
        let groups = match groups {
            Ok(groups) => groups,
            Err(error) => return answer.send(Err::<Reply, _>(error)),
        };
        self.run.groups = groups;
        self.changed(Shown::Groups);
        let group = self.run.groups.named(&name);
        answer.send(Ok(GroupReply {
            gone: group.is_none(),
            group: match group {
                Some(group) => self.shown_group(group),
                None => model::Group {
                    name,
                    members: Vec::new(),
                },
            },
            changed,
        }));
    }
}

/// Finds a member of a group by what it is called now, or was when it was added.
fn among_members(view: &View, group: &Group, text: &str) -> Result<PeerId, ControlError> {
    let candidates = group.members.iter().map(|member| {
        let Member { peer, label } = member;
        let known = view.peers.iter().find(|it| it.peer == *peer);
        match known {
            Some(known) => Candidate {
                peer: *peer,
                name: &known.name,
                device: &known.device,
                label: &known.label,
            },
            None if *peer == view.me.peer => Candidate {
                peer: *peer,
                name: &view.me.name,
                device: &view.me.device,
                label: &view.me.label,
            },
            None => Candidate {
                peer: *peer,
                name: label,
                device: "",
                label,
            },
        }
    });
    resolve::among(candidates, text).map_err(|error| match error {
        ResolveError::Unknown { text, .. } => {
            let sentence = format!("nobody in {} is called \"{text}\"", group.signed());
            ControlError::new(ErrorCode::NotFound, sentence)
                .with_hint("see who is in it with 'sotto group'")
        }
        error => refuse::unresolved(error),
    })
}
