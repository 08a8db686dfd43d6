//! The invitations that lie before me: one prompt a meeting, however many people invite.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::prompt::Prompt;
use crate::ids::{MeetingId, PeerId, Utc};
use crate::limits::PROMPTS;
use crate::record::{Founding, Record};

/// Open prompts that one author may have before me, so that no stranger fills the list.
const OPEN_OF_ONE: usize = 8;

/// Whether there is room for one more prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Free,
    /// There is if this one goes.
    Instead(MeetingId),
    /// There is none.
    No,
}

/// All prompts, within bounds.
#[derive(Default)]
pub(super) struct Prompts {
    list: BTreeMap<MeetingId, Prompt>,
}

impl Prompts {
    /// Returns the prompt of a meeting.
    pub(super) fn get(&self, id: MeetingId) -> Option<&Prompt> {
        self.list.get(&id)
    }

    /// Returns the prompt of a meeting, to be changed.
    pub(super) fn get_mut(&mut self, id: MeetingId) -> Option<&mut Prompt> {
        self.list.get_mut(&id)
    }

    /// Returns all prompts.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Prompt> {
        self.list.values()
    }

    /// Returns the meetings of all prompts.
    pub(super) fn ids(&self) -> Vec<MeetingId> {
        self.list.keys().copied().collect()
    }

    /// Returns whether `peer` invites me anywhere, or did.
    pub(super) fn are_by(&self, peer: PeerId) -> bool {
        self.iter().any(|prompt| prompt.is_by(peer))
    }

    /// Returns the meetings in which `peer` may take an answer that waits.
    pub(super) fn waiting_for(&self, peer: PeerId) -> Vec<MeetingId> {
        self.iter()
            .filter(|prompt| prompt.is_undelivered() && prompt.may_hold_secret(peer))
            .map(Prompt::meeting)
            .collect()
    }

    /// Returns whether as many prompts as one author may have lie open before me, apart from that of `id`.
    pub(super) fn has_enough_open(&self, author: PeerId, id: MeetingId, utc: Utc) -> bool {
        let is_of_author = |prompt: &&Prompt| {
            prompt
                .open(utc)
                .any(|held| held.record.head.author == author)
        };
        let others = self.iter().filter(|prompt| prompt.meeting() != id);
        others.filter(is_of_author).count() >= OPEN_OF_ONE
    }

    /// Returns whether there is room for a prompt of `id`.
    ///
    /// A closed one goes before an open one, and of these the oldest of the author who has the most. That of `joining`
    /// stays.
    pub(super) fn room(&self, id: MeetingId, joining: Option<MeetingId>, utc: Utc) -> Room {
        if self.list.len() < PROMPTS || self.list.contains_key(&id) {
            return Room::Free;
        }
        let mut open_of: BTreeMap<PeerId, usize> = BTreeMap::new();
        for held in self.iter().flat_map(|prompt| prompt.open(utc)) {
            *open_of.entry(held.record.head.author).or_default() += 1;
        }
        let crowd = |prompt: &Prompt| {
            prompt
                .open(utc)
                .filter_map(|held| open_of.get(&held.record.head.author))
                // Somebody else invites there too: it is not only theirs.
                .min()
                .copied()
                .unwrap_or(usize::MAX)
        };
        self.iter()
            .filter(|prompt| Some(prompt.meeting()) != joining)
            .min_by_key(|prompt| {
                (
                    Reverse(crowd(prompt)),
                    prompt.is_undelivered(),
                    prompt.made(),
                    prompt.meeting(),
                )
            })
            .map_or(Room::No, |prompt| Room::Instead(prompt.meeting()))
    }

    /// Returns the prompt of a meeting; a new one if there is none.
    pub(super) fn of(&mut self, founding: &Record<Founding>) -> &mut Prompt {
        self.list
            .entry(MeetingId(founding.hash))
            .or_insert_with(|| Prompt::new(founding.clone()))
    }

    /// Takes up a prompt of an earlier run.
    pub(super) fn restore(&mut self, prompt: Prompt) {
        self.list.insert(prompt.meeting(), prompt);
    }

    /// Drops a prompt.
    pub(super) fn remove(&mut self, id: MeetingId) {
        self.list.remove(&id);
    }
}
