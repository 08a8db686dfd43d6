//! Groups of colleagues, and who of them was left out.

use super::{Ink, Style, Table, names};
use sotto_control::config::GROUP_SIGN;
use sotto_control::model::{Group, LeftOut};
use sotto_control::{GroupReply, GroupsReply};

pub(crate) fn groups(reply: &GroupsReply, style: Style) -> String {
    if reply.groups.is_empty() {
        return "You have no groups. Make one: sotto group add NAME PERSON…".to_owned();
    }
    let mut table = Table::new().heading(&["GROUP", "MEMBERS"]);
    for group in &reply.groups {
        let (ink, text) = match group.members.is_empty() {
            true => (Ink::Dim, "nobody".to_owned()),
            false => (Ink::Plain, members(group)),
        };
        table.row([(Ink::Bold, signed(&group.name)), (ink, text)]);
    }
    table.render(style)
}

pub(crate) fn group_added(reply: &GroupReply, style: Style) -> String {
    let added = match reply.changed.as_slice() {
        [] => "They were in it already".to_owned(),
        added => format!("Added {}", names(added)),
    };
    let group = style.paint(Ink::Bold, signed(&reply.group.name));
    format!("{added}. In {group}: {}.", members(&reply.group))
}

pub(crate) fn group_removed(reply: &GroupReply, style: Style) -> String {
    let group = style.paint(Ink::Bold, signed(&reply.group.name));
    if reply.gone {
        return format!("{group} is gone.");
    }
    let removed = names(&reply.changed);
    format!("Removed {removed}. In {group}: {}.", members(&reply.group))
}

/// Returns those left out, a line for each group, each with a line feed before it.
pub(super) fn left_out(left_out: &[LeftOut], style: Style) -> String {
    let mut lines: Vec<(&str, Vec<String>)> = Vec::new();
    for one in left_out {
        match lines.iter_mut().find(|(group, _)| *group == one.group) {
            Some((_, people)) => people.push(one.to_string()),
            None => lines.push((&one.group, vec![one.to_string()])),
        }
    }
    let line = |(group, people): &(&str, Vec<String>)| {
        let people = people.join(", ");
        let text = format!("Left out of {}: {people}.", signed(group));
        format!("\n{}", style.paint(Ink::Yellow, text))
    };
    lines.iter().map(line).collect()
}

fn members(group: &Group) -> String {
    let members: Vec<String> = group
        .members
        .iter()
        .map(|member| {
            let label = &member.person.label;
            match (member.you, member.unknown) {
                (true, _) => format!("{label} (you)"),
                (false, true) => format!("{label} (not known here)"),
                (false, false) => label.clone(),
            }
        })
        .collect();
    members.join(", ")
}

fn signed(name: &str) -> String {
    format!("{GROUP_SIGN}{name}")
}
