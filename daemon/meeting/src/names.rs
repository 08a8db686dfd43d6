//! Names and titles are data: bounded, without characters that act, and never taken for somebody else's.
//!
//! The [`Directory`] knows what everybody is called and gives each a label. As long as nobody else has an equal or a
//! confusable name (UTS #39), the label is the name. Otherwise all of them carry device and key suffix:
//! `Anna (laptop)#k3fq`.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use crate::ids::PeerId;
use crate::record::Version;

/// Bytes of a name.
const MAX_NAME: usize = 64;
/// Bytes of a device's name.
const MAX_DEVICE: usize = 32;
/// Bytes of a title.
const MAX_TITLE: usize = 120;
/// Combining marks in a row: more would paint over neighbouring lines.
const MAX_MARKS: usize = 3;

/// A name fit to be shown; empty if nothing remains.
pub(crate) fn clean_name(text: &str) -> String {
    // '#' begins the key suffix in labels, which nobody may imitate.
    clean(text, MAX_NAME, true)
}

/// A device's name fit to be shown.
pub(crate) fn clean_device(text: &str) -> String {
    clean(text, MAX_DEVICE, true)
}

/// A title fit to be shown.
pub(crate) fn clean_title(text: &str) -> String {
    clean(text, MAX_TITLE, false)
}

fn clean(text: &str, max_bytes: usize, is_name: bool) -> String {
    let mut cleaned = String::new();
    let mut space = false;
    let mut marks = 0;
    // A text of any length may be handed in; what lies beyond this cannot be within the bound any more.
    for character in text.chars().take(4 * max_bytes).nfc() {
        if character.is_whitespace() {
            space = !cleaned.is_empty();
            continue;
        }
        if character.is_control() || acts_unseen(character) || (is_name && character == '#') {
            continue;
        }
        marks = if unicode_normalization::char::is_combining_mark(character) {
            marks + 1
        } else {
            0
        };
        if marks > MAX_MARKS {
            continue;
        }
        if cleaned.len() + usize::from(space) + character.len_utf8() > max_bytes {
            break;
        }
        if space {
            cleaned.push(' ');
            space = false;
        }
        cleaned.push(character);
    }
    cleaned
}

/// Direction marks, invisible characters, and what has no meaning outside a private agreement.
///
/// The joiners U+200C and U+200D stay: Persian and emoji need them, and they make no two names differ in the
/// comparison of [`skeleton`].
fn acts_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'
        | '\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// What a name looks like: equal for names that people take for each other.
pub(crate) fn skeleton(name: &str) -> String {
    let lower = name.to_lowercase();
    unicode_security::skeleton(&lower)
        .collect::<String>()
        .to_lowercase()
}

/// Where a name comes from: what somebody signed about itself goes before what others call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Others say so, or it was remembered.
    Claimed,
    /// Signed by the peer itself, in this version.
    Signed(Version),
}

#[derive(Debug, Clone)]
struct Known {
    name: String,
    device: String,
    skeleton: String,
    source: Source,
}

/// What everybody is called.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    peers: BTreeMap<PeerId, Known>,
    alike: BTreeMap<String, BTreeSet<PeerId>>,
}

impl Directory {
    /// Learns what `peer` is called; returns whether that changes what is shown.
    pub(crate) fn learn(&mut self, peer: PeerId, name: &str, device: &str, source: Source) -> bool {
        if let Some(known) = self.peers.get_mut(&peer) {
            if known.source > source {
                return false;
            }
            known.source = source;
            if known.name == name && known.device == device {
                return false;
            }
        }
        self.forget(peer);
        let skeleton = skeleton(name);
        self.alike.entry(skeleton.clone()).or_default().insert(peer);
        let known = Known {
            name: name.to_owned(),
            device: device.to_owned(),
            skeleton,
            source,
        };
        self.peers.insert(peer, known);
        true
    }

    pub(crate) fn forget(&mut self, peer: PeerId) {
        if let Some(known) = self.peers.remove(&peer)
            && let Some(alike) = self.alike.get_mut(&known.skeleton)
        {
            alike.remove(&peer);
            if alike.is_empty() {
                self.alike.remove(&known.skeleton);
            }
        }
    }

    pub(crate) fn knows(&self, peer: PeerId) -> bool {
        self.peers.contains_key(&peer)
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.peers.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn name(&self, peer: PeerId) -> &str {
        self.peers.get(&peer).map_or("", |known| &known.name)
    }

    pub(crate) fn device(&self, peer: PeerId) -> &str {
        self.peers.get(&peer).map_or("", |known| &known.device)
    }

    /// What to show for `peer`.
    pub(crate) fn label(&self, peer: PeerId) -> String {
        let Some(known) = self.peers.get(&peer).filter(|known| !known.name.is_empty()) else {
            return format!("somebody#{}", peer.suffix());
        };
        let alike = self.alike.get(&known.skeleton);
        // A name with parentheses could imitate somebody else's name and device.
        if alike.is_none_or(|alike| alike.len() < 2) && !known.name.contains('(') {
            return known.name.clone();
        }
        // Four characters can be made alike in a minute of trying; then more are shown.
        let characters = (4..=52)
            .step_by(4)
            .find(|characters| {
                let mine = peer.suffix_of(*characters);
                alike.is_none_or(|alike| {
                    alike
                        .iter()
                        .all(|other| *other == peer || other.suffix_of(*characters) != mine)
                })
            })
            .unwrap_or(52);
        let suffix = peer.suffix_of(characters);
        if known.device.is_empty() {
            format!("{}#{suffix}", known.name)
        } else {
            format!("{} ({})#{suffix}", known.name, known.device)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn directory(names: &[(u8, &str, &str)]) -> Directory {
        let mut directory = Directory::default();
        for (peer, name, device) in names {
            directory.learn(PeerId([*peer; 32]), name, device, Source::Claimed);
        }
        directory
    }

    #[test]
    fn a_name_of_its_own_stays_as_it_is() {
        let directory = directory(&[(1, "Anna", "laptop"), (2, "Bao", "desk")]);
        assert_eq!(directory.label(PeerId([1; 32])), "Anna");
    }

    #[test]
    fn equal_names_carry_device_and_key_suffix() {
        let directory = directory(&[(1, "Anna", "laptop"), (2, "anna", "desk")]);
        let suffix = PeerId([1; 32]).suffix();
        assert_eq!(
            directory.label(PeerId([1; 32])),
            format!("Anna (laptop)#{suffix}")
        );
        assert!(directory.label(PeerId([2; 32])).starts_with("anna (desk)#"));
    }

    #[test]
    fn confusable_names_carry_a_suffix_too() {
        // The second begins with a Cyrillic letter.
        let directory = directory(&[(1, "Anna", ""), (2, "\u{410}nna", "")]);
        assert!(directory.label(PeerId([1; 32])).contains('#'));
        assert!(directory.label(PeerId([2; 32])).contains('#'));
    }

    #[test]
    fn nobody_imitates_a_suffix_or_a_device() {
        assert_eq!(clean_name("Anna#k3fq"), "Annak3fq");
        let directory = directory(&[(1, "Anna (laptop)", "")]);
        assert!(directory.label(PeerId([1; 32])).contains('#'));
    }

    #[test]
    fn what_a_peer_signs_goes_before_what_others_call_it() {
        let mut directory = Directory::default();
        let (peer, version) = (
            PeerId([1; 32]),
            Version {
                epoch: 1,
                counter: 1,
            },
        );
        directory.learn(peer, "Anna", "laptop", Source::Signed(version));
        assert!(!directory.learn(peer, "Mallory", "", Source::Claimed));
        assert_eq!(directory.label(peer), "Anna");
    }

    #[test]
    fn a_title_keeps_its_words_and_loses_what_acts() {
        assert_eq!(
            clean_title("  Plan\u{7}ning\n for\u{202e} Q3 #2\t"),
            "Planning for Q3 #2"
        );
    }

    proptest! {
        #[test]
        fn cleaned_text_is_bounded_and_stays_clean(text in "\\PC*|.*") {
            for cleaned in [clean_name(&text), clean_title(&text)] {
                prop_assert!(cleaned.len() <= MAX_TITLE);
                prop_assert!(!cleaned.chars().any(|c| c.is_control() || acts_unseen(c)));
                prop_assert_eq!(cleaned.trim(), &cleaned);
            }
        }
    }
}
