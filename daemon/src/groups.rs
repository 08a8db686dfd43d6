//! The user's groups of colleagues, as the configuration has them.

use std::collections::HashMap;

use sotto_control::config::{self, ConfigError, GROUP_SIGN};
use sotto_meeting::PeerId;
use sotto_meeting::resolve::composed;

/// Every group.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// By name.
    all: Vec<Group>,
    /// Everyone in a group, as clients were told of them last.
    told: HashMap<PeerId, Option<Told>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The name, as it was written.
    pub(crate) name: String,
    /// The members, in the order of the configuration.
    pub(crate) members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The key.
    pub(crate) peer: PeerId,
    /// The label when it was added; may be empty.
    pub(crate) label: String,
}

/// What clients show of a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The label.
    pub(crate) label: String,
    /// Whether this daemon knows them.
    pub(crate) known: bool,
}

impl Group {
    /// Returns the name as only a group can be called.
    pub(crate) fn signed(&self) -> String {
        format!("{GROUP_SIGN}{}", self.name)
    }

    /// Returns whether somebody is a member.
    pub(crate) fn has(&self, peer: PeerId) -> bool {
        self.members.iter().any(|member| member.peer == peer)
    }
}

impl Groups {
    /// Takes the groups of the configuration.
    ///
    /// # Errors
    ///
    /// The first member whose key is none.
    pub(crate) fn new(groups: Vec<config::Group>) -> Result<Self, ConfigError> {
        let mut all = groups
            .into_iter()
            .map(group)
            .collect::<Result<Vec<_>, _>>()?;
        all.sort_by_cached_key(|group| folded(&group.name));
        let members = all.iter().flat_map(|group| &group.members);
        let told = members.map(|member| (member.peer, None)).collect();
        Ok(Self { all, told })
    }

    /// Returns every group, by name.
    pub(crate) fn all(&self) -> &[Group] {
        &self.all
    }

    /// Returns the group of this name in full. A beginning is not enough: it may become somebody's name.
    pub(crate) fn named(&self, name: &str) -> Option<&Group> {
        let name = folded(name);
        self.all.iter().find(|group| folded(&group.name) == name)
    }

    /// Returns whether somebody is in any group.
    pub(crate) fn have(&self, peer: PeerId) -> bool {
        self.told.contains_key(&peer)
    }

    /// Notes what clients show of somebody now, and returns whether they were told something else.
    pub(crate) fn tell(&mut self, peer: PeerId, now: Told) -> bool {
        match self.told.get_mut(&peer) {
            Some(told) if told.as_ref() != Some(&now) => {
                *told = Some(now);
                true
            }
            _ => false,
        }
    }
}

fn group(group: config::Group) -> Result<Group, ConfigError> {
    let config::Group { name, members } = group;
    let member = |member: config::GroupMember| match member.key.parse() {
        Ok(peer) => Ok(Member {
            peer,
            label: member.label,
        }),
        Err(_) => Err(ConfigError::Value {
            key: format!("groups.{name}"),
            line: None,
            message: format!("lists {}, which is nobody's key", member.key),
        }),
    };
    let mut kept: Vec<Member> = Vec::with_capacity(members.len());
    for member in members.into_iter().map(member) {
        let member = member?;
        if kept.iter().all(|one| one.peer != member.peer) {
            kept.push(member);
        }
    }
    Ok(Group {
        name,
        members: kept,
    })
}

/// Returns a name as it is compared.
fn folded(name: &str) -> String {
    composed(name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Groups, ConfigError> {
        Groups::new(config::Config::parse(text).unwrap().groups)
    }

    #[test]
    fn a_group_is_found_by_its_name_in_full_however_it_is_typed() {
        let bao = PeerId([2; 32]);
        let groups = of(&format!(
            "groups.'Zo\u{eb}s' = ['Bao {bao}', '{bao}']\ngroups.a = []"
        ));
        let groups = groups.unwrap();
        let names: Vec<&str> = groups.all().iter().map(|group| &*group.name).collect();
        assert_eq!(names, ["a", "Zo\u{eb}s"]);
        let found = groups.named("zoe\u{308}S").unwrap();
        assert_eq!(found.signed(), "@Zo\u{eb}s");
        let label = "Bao".to_owned();
        assert_eq!(found.members, [Member { peer: bao, label }]);
        assert_eq!(groups.named("zo"), None);
    }

    #[test]
    fn a_member_is_told_when_something_has_changed() {
        let (bao, chen) = (PeerId([2; 32]), PeerId([3; 32]));
        let mut groups = of(&format!("groups.desk = ['Bao {bao}']")).unwrap();
        let told = |label: &str, known| Told {
            label: label.to_owned(),
            known,
        };
        assert!(groups.have(bao) && !groups.have(chen));
        assert!(groups.tell(bao, told("Bao", true)));
        assert!(!groups.tell(bao, told("Bao", true)));
        assert!(groups.tell(bao, told("Baobab", true)));
        assert!(!groups.tell(chen, told("Chen", true)));
    }

    #[test]
    fn what_only_looks_like_a_key_is_named_with_its_group() {
        let no_key = format!("12D3KooW{}", "z".repeat(44));
        let error = of(&format!("groups.desk = ['{no_key}']")).unwrap_err();
        assert_eq!(error.key(), Some("groups.desk"));
        assert!(error.to_string().contains(&no_key), "{error}");
    }
}
