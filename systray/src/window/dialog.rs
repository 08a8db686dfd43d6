//! What the user is writing: a meeting to start, or whom to invite to the one that runs. Pure.

use std::collections::BTreeSet;

use sotto_control::{MAX_NAMES, MAX_TITLE};

use super::picture::Colleague;
use crate::wish::Wish;

/// A dialog that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialog {
    /// The meeting to invite to; none for one that is to be started.
    meeting: Option<(String, String)>,
    /// The title of the meeting to start.
    pub(crate) title: String,
    /// What the list is searched for.
    pub(crate) search: String,
    picked: BTreeSet<String>,
    /// Whether it was drawn already, so that a field takes the keyboard once.
    pub(crate) drawn: bool,
}

impl Dialog {
    /// A meeting to start.
    pub(crate) fn start() -> Self {
        Self {
            meeting: None,
            title: String::new(),
            search: String::new(),
            picked: BTreeSet::new(),
            drawn: false,
        }
    }

    /// Opens the dialog that invites to this meeting.
    pub(crate) fn invite(id: &str, title: &str) -> Self {
        Self {
            meeting: Some((id.to_owned(), title.to_owned())),
            ..Self::start()
        }
    }

    /// Returns the title of the meeting to invite to.
    pub(crate) fn inviting(&self) -> Option<&str> {
        self.meeting.as_ref().map(|(_, title)| title.as_str())
    }

    /// Returns whether this one is picked.
    pub(crate) fn is_picked(&self, key: &str) -> bool {
        self.picked.contains(key)
    }

    /// Picks one, or no longer.
    pub(crate) fn pick(&mut self, key: &str) {
        if !self.picked.remove(key) {
            self.picked.insert(key.to_owned());
        }
    }

    /// Returns how many are picked.
    pub(crate) fn count(&self) -> usize {
        self.picked.len()
    }

    /// Returns those that fit what is searched for; whoever is picked stays in sight.
    pub(crate) fn listed<'a>(
        &'a self,
        all: &'a [Colleague],
    ) -> impl Iterator<Item = &'a Colleague> {
        let wanted = self.search.trim().to_lowercase();
        all.iter().filter(move |one| {
            let fits = one.label.to_lowercase().contains(&wanted) || self.is_picked(&one.key);
            fits && !(one.inside && self.meeting.is_some())
        })
    }

    /// Returns what keeps this from being done, if something does.
    pub(crate) fn missing(&self) -> Option<String> {
        let title = self.title.trim();
        if self.meeting.is_none() && title.is_empty() {
            Some("Give the meeting a title.".to_owned())
        } else if title.len() > MAX_TITLE {
            Some("The title is too long.".to_owned())
        } else if self.picked.is_empty() {
            Some("Choose at least one colleague.".to_owned())
        } else if self.picked.len() > MAX_NAMES {
            Some(format!("At most {MAX_NAMES} can be invited at once."))
        } else {
            None
        }
    }

    /// Returns what is asked of the daemon; nothing while something is missing.
    pub(crate) fn wish(&self) -> Option<Wish> {
        if self.missing().is_some() {
            return None;
        }
        let names = self.picked.iter().cloned().collect();
        Some(match &self.meeting {
            Some((meeting, _)) => Wish::Invite {
                meeting: meeting.clone(),
                names,
            },
            None => Wish::Create {
                title: self.title.trim().to_owned(),
                names,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colleague(name: &str, inside: bool) -> Colleague {
        Colleague {
            key: format!("id of {name}"),
            label: name.into(),
            inside,
            ..Colleague::default()
        }
    }

    #[test]
    fn a_meeting_starts_once_it_has_a_title_and_somebody() {
        let mut dialog = Dialog::start();
        assert!(dialog.missing().is_some_and(|text| text.contains("title")));
        dialog.title = " Planning ".into();
        assert!(
            dialog
                .missing()
                .is_some_and(|text| text.contains("colleague"))
        );
        assert_eq!(dialog.wish(), None);
        dialog.pick("id of Bao");
        let names = vec!["id of Bao".to_owned()];
        let title = "Planning".to_owned();
        assert_eq!(dialog.wish(), Some(Wish::Create { title, names }));
        dialog.pick("id of Bao");
        assert_eq!(dialog.wish(), None);
        dialog.pick("id of Bao");
        dialog.title = "x".repeat(121);
        assert_eq!(dialog.wish(), None);
    }

    #[test]
    fn those_inside_are_not_invited_again_and_a_pick_stays_in_sight() {
        let all = [
            colleague("Bao", true),
            colleague("Chen", false),
            colleague("Dara", false),
        ];
        let mut dialog = Dialog::invite("aa11", "Planning");
        let names = |dialog: &Dialog| -> Vec<String> {
            let listed = dialog.listed(&all);
            listed.map(|one| one.label.clone()).collect()
        };
        assert_eq!(names(&dialog), ["Chen", "Dara"]);
        dialog.pick("id of Chen");
        dialog.search = "DA".into();
        assert_eq!(names(&dialog), ["Chen", "Dara"]);
        dialog.pick("id of Chen");
        assert_eq!(names(&dialog), ["Dara"]);
    }
}
