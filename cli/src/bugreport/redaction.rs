//! Takes out of a text who somebody is and where: names, titles, identities, addresses, the login, the home.
//!
//! The same thing has the same replacement throughout, so that a reader still follows who did what.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use super::settings::{self, Name};

/// The shortest run of hexadecimal digits that is taken for a key.
const KEY_DIGITS: usize = 16;
/// The beginning of every identity, and the shortest one.
const IDENTITY: (&str, usize) = ("12D3Koo", 20);

/// Texts, and the name by which each is replaced.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    /// Longest first, so that no part is replaced before its whole.
    known: Vec<(String, String)>,
    counts: HashMap<&'static str, usize>,
    found: HashMap<String, String>,
}

impl Redaction {
    /// Replaces `text` by the next name of its kind: `person-3`.
    pub(super) fn hide(&mut self, kind: &'static str, text: &str) {
        let text = text.trim();
        // Signs alone are nobody, and stand everywhere.
        if !text.contains(char::is_alphanumeric)
            || self.known.iter().any(|(known, _)| known == text)
        {
            return;
        }
        let by = self.next(kind);
        self.hide_as(text, by);
    }

    /// Replaces `text` by `by`.
    pub(super) fn hide_as(&mut self, text: &str, by: impl Into<String>) {
        if text.is_empty() || self.known.iter().any(|(known, _)| known == text) {
            return;
        }
        self.known.push((text.to_owned(), by.into()));
        self.known
            .sort_by_key(|(known, _)| std::cmp::Reverse(known.len()));
    }

    /// Replaces everybody and every meeting that stands in a reply of the daemon.
    pub(super) fn hide_all_of(&mut self, reply: &Value) {
        match reply {
            Value::Array(list) => list.iter().for_each(|one| self.hide_all_of(one)),
            Value::Object(members) => {
                self.hide_person(reply);
                if let Some(title) = reply["title"].as_str() {
                    self.hide("meeting", title);
                }
                if let Some(groups) = reply["groups"].as_array() {
                    let names = groups.iter().filter_map(|group| group["name"].as_str());
                    names.for_each(|name| self.hide("group", name));
                }
                if let (Some(id), Some(_)) = (reply["id"].as_str(), reply["title"].as_str()) {
                    self.hide("meeting-id", id);
                }
                members.values().for_each(|member| self.hide_all_of(member));
            }
            _ => {}
        }
    }

    /// Replaces the names in a configuration, also in one that cannot be understood.
    pub(super) fn hide_names_in(&mut self, settings: &str) {
        for name in settings::names(settings) {
            match name {
                Name::Group(name) => self.hide("group", name),
                Name::Person(person) => self.hide_member(person),
            }
        }
    }

    /// Replaces a member of a group, who may have a key behind the name.
    fn hide_member(&mut self, member: &str) {
        let (label, key) = member
            .rsplit_once(char::is_whitespace)
            .unwrap_or(("", member));
        match key.starts_with(IDENTITY.0) {
            true => self.hide_person(&json!({"id": key, "label": label.trim()})),
            false => self.hide("person", member),
        }
    }

    /// A person has one replacement, whichever of their names is met.
    fn hide_person(&mut self, reply: &Value) {
        let text = |member: &str| reply[member].as_str().unwrap_or_default();
        if !text("id").starts_with(IDENTITY.0) {
            return;
        }
        let known = self.known.iter().find(|(known, _)| known == text("id"));
        let person = match known {
            Some((_, by)) => by.trim_start_matches("id-of-").to_owned(),
            None => self.next("person"),
        };
        self.hide_as(text("id"), format!("id-of-{person}"));
        self.hide_as(text("label"), person.clone());
        self.hide_as(text("name"), person);
    }

    fn next(&mut self, kind: &'static str) -> String {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        format!("{kind}-{count}")
    }

    /// Returns the text with everything replaced.
    pub(super) fn of(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (known, by) in &self.known {
            text = replaced(&text, known, by);
        }
        self.without_numbers(&text)
    }

    /// Replaces what is known by its form: addresses, identities, keys.
    fn without_numbers(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !is_of_a_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            out.push_str(&self.word(word));
            let mut letters = after.chars();
            out.extend(letters.next());
            rest = letters.as_str();
        }
        out
    }

    fn word(&mut self, word: &str) -> String {
        // The end of a sentence is none of it.
        let bare = word.trim_end_matches(['.', ':']);
        let end = &word[bare.len()..];
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return format!("{}{end}", self.address(ip));
        }
        if let Ok(address) = bare.parse::<SocketAddr>() {
            return format!("{}:{}{end}", self.address(address.ip()), address.port());
        }
        let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_hardware = bare.len() == 17
            && bare.split(':').count() == 6
            && bare
                .split(':')
                .all(|part| part.len() == 2 && hexadecimal(part));
        if is_hardware {
            return format!("{}{end}", self.found("hardware", bare));
        }
        let is_identity = bare.starts_with(IDENTITY.0) && bare.len() >= IDENTITY.1;
        let is_key = bare.len() >= KEY_DIGITS
            && hexadecimal(bare)
            && bare.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_identity || is_key {
            return format!("{}{end}", self.found("key", bare));
        }
        word.to_owned()
    }

    fn address(&mut self, ip: IpAddr) -> String {
        // These tell of nobody.
        if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
            return ip.to_string();
        }
        let kind = match ip {
            IpAddr::V4(ip) if ip.is_link_local() => "link-local-ipv4",
            IpAddr::V4(ip) if ip.is_private() => "private-ipv4",
            IpAddr::V4(_) => "ipv4",
            IpAddr::V6(ip) if ip.is_unicast_link_local() => "link-local-ipv6",
            IpAddr::V6(_) => "ipv6",
        };
        self.found(kind, &ip.to_string())
    }

    fn found(&mut self, kind: &'static str, text: &str) -> String {
        if let Some(by) = self.found.get(text) {
            return by.clone();
        }
        let by = self.next(kind);
        self.found.insert(text.to_owned(), by.clone());
        by
    }
}

/// The letters of which addresses, identities and keys are made.
const fn is_of_a_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | ':')
}

/// Replaces a text where it stands as a word of its own, in whatever case.
fn replaced(text: &str, known: &str, by: &str) -> String {
    let (lower, known) = (text.to_lowercase(), known.to_lowercase());
    // Some letters become longer: then places do not fit, and case matters.
    let (searched, known) = if lower.len() == text.len() {
        (lower.as_str(), known.as_str())
    } else {
        (text, known.as_str())
    };
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in searched.match_indices(known) {
        let end = at + known.len();
        let (Some(before), Some(after)) = (text.get(..at), text.get(end..)) else {
            continue;
        };
        let joined = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        let begins = known.chars().next().is_some_and(char::is_alphanumeric);
        let ends = known.chars().next_back().is_some_and(char::is_alphanumeric);
        let is_part = (begins && joined(before.chars().next_back()))
            || (ends && joined(after.chars().next()));
        if at < done || is_part {
            continue;
        }
        out.push_str(&text[done..at]);
        out.push_str(by);
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_meetings_of_a_reply_are_replaced_everywhere() {
        let mut redaction = Redaction::default();
        redaction.hide_all_of(&json!({
            "you": {"id": "12D3KooWAnnaAnnaAnnaAnna", "name": "Anna", "label": "Anna (laptop)"},
            "meetings": [{"id": "6f1c", "title": "Budget cuts"}],
            "peers": [{"id": "12D3KooWBaoBaoBaoBaoBao", "name": "Bao Nguyễn", "label": "Bao Nguyễn"}],
            "groups": [{"name": "board"}],
        }));
        let text = redaction.of(
            "anna (laptop) joined Budget Cuts with BAO NGUYỄN; Annabelle and the board stay; 12D3KooWAnnaAnnaAnnaAnna",
        );
        assert_eq!(
            text,
            "person-2 joined meeting-1 with person-1; Annabelle and the group-1 stay; id-of-person-2"
        );
    }

    #[test]
    fn addresses_and_keys_are_known_by_their_form() {
        let mut redaction = Redaction::default();
        let text = redaction.of(
            "from 192.168.1.7:42 and 192.168.1.7, [fd00::1]:7, /ip4/8.8.8.8/udp/1, 127.0.0.1, fe80::1%eth0, at 10:23:44 in 0.1.0; key 0123456789abcdef0123. mac 02:42:ac:11:00:02",
        );
        assert_eq!(
            text,
            "from private-ipv4-1:42 and private-ipv4-1, [ipv6-1]:7, /ip4/ipv4-1/udp/1, 127.0.0.1, link-local-ipv6-1%eth0, at 10:23:44 in 0.1.0; key key-1. mac hardware-1"
        );
        assert_eq!(
            redaction.of("192.168.1.7"),
            "private-ipv4-1",
            "once named, always"
        );
    }

    #[test]
    fn a_home_is_replaced_before_the_login_in_it() {
        let mut redaction = Redaction::default();
        redaction.hide_as("anna", "user");
        redaction.hide_as("/home/anna", "~");
        assert_eq!(redaction.of("/home/anna/x of anna"), "~/x of user");
    }

    #[test]
    fn names_in_settings_are_replaced_also_where_they_are_wrong() {
        let settings =
            "name = \"Anna Berg\"\n[network]\ninterfaces = [\"eth0\"]\n[groups]\nboard = ['Bao']\n";
        let mut redaction = Redaction::default();
        redaction.hide_names_in(settings);
        assert_eq!(
            redaction.of(settings),
            "name = \"person-1\"\n[network]\ninterfaces = [\"eth0\"]\n[groups]\ngroup-1 = ['person-2']\n"
        );
        assert_eq!(
            redaction.of("\"groups.board\" has \"Bao\""),
            "\"groups.group-1\" has \"person-2\""
        );
    }

    #[test]
    fn a_report_is_whole_after_the_names_of_settings_are_replaced() {
        let settings = "[groups] # ours\n# the board's desk\nboard = [\n  \"Bao\",\n  \"Chen O'Neil 12D3KooWChenChenChen\",\n]\n";
        let mut redaction = Redaction::default();
        redaction.hide_names_in(settings);
        assert_eq!(
            redaction.of(settings),
            "[groups] # ours\n# the group-1's desk\ngroup-1 = [\n  \"person-1\",\n  \"person-2 id-of-person-2\",\n]\n"
        );
        assert_eq!(
            redaction.of("[\"Bao\", 1] of Chen O'Neil"),
            "[\"person-1\", 1] of person-2"
        );
    }
}
