//! Lists that open over the screen: whom to whisper to, where to go, what to join.

use sotto_control::model::{Meeting, Participant, Snapshot};

/// What is open over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picker {
    /// Whom to whisper to: space chooses, Enter latches, `h` holds.
    Whisper { cursor: usize, chosen: Vec<String> },
    /// Which meeting to switch to.
    Switch { cursor: usize },
    /// Which invitation to accept.
    Join { cursor: usize },
    /// Whether to leave.
    Leave,
}

/// One line of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Id of the person or the meeting.
    pub(super) id: String,
    pub(super) label: String,
    /// Said beside it.
    pub(super) remark: String,
}

impl Picker {
    /// The lines, as the daemon's state is now.
    pub(super) fn choices(&self, snapshot: &Snapshot) -> Vec<Choice> {
        match self {
            Self::Whisper { .. } => whisper_choices(snapshot.active()),
            Self::Switch { .. } => snapshot
                .meetings
                .iter()
                .filter(|meeting| !meeting.active)
                .map(|meeting| Choice {
                    id: meeting.id.clone(),
                    label: meeting.title.clone(),
                    remark: format!("{} present", meeting.present()),
                })
                .collect(),
            Self::Join { .. } => snapshot
                .invitations
                .iter()
                .map(|invitation| Choice {
                    id: invitation.meeting.id.clone(),
                    label: invitation.meeting.title.clone(),
                    remark: format!("from {}", crate::format::names(&invitation.from)),
                })
                .collect(),
            Self::Leave => Vec::new(),
        }
    }

    /// Where the cursor is; never beyond the last line, although lines may have gone since it was moved.
    pub(super) fn position(&self, snapshot: &Snapshot) -> Option<usize> {
        let last = self.choices(snapshot).len().checked_sub(1)?;
        match self {
            Self::Whisper { cursor, .. } | Self::Switch { cursor } | Self::Join { cursor } => {
                Some((*cursor).min(last))
            }
            Self::Leave => None,
        }
    }

    /// Moves the cursor, from the last line to the first and back.
    pub(super) fn step(&mut self, snapshot: &Snapshot, forward: bool) {
        let count = self.choices(snapshot).len();
        let Some(position) = self.position(snapshot) else {
            return;
        };
        let moved = match (forward, position) {
            (true, position) => (position + 1) % count,
            (false, 0) => count - 1,
            (false, position) => position - 1,
        };
        match self {
            Self::Whisper { cursor, .. } | Self::Switch { cursor } | Self::Join { cursor } => {
                *cursor = moved;
            }
            Self::Leave => {}
        }
    }

    /// Chooses the person under the cursor, or no longer.
    pub(super) fn toggle(&mut self, snapshot: &Snapshot) {
        let Some(id) = self.under_cursor(snapshot) else {
            return;
        };
        if let Self::Whisper { chosen, .. } = self {
            match chosen.iter().position(|it| *it == id) {
                Some(index) => drop(chosen.remove(index)),
                None => chosen.push(id),
            }
        }
    }

    /// The id under the cursor.
    pub(super) fn under_cursor(&self, snapshot: &Snapshot) -> Option<String> {
        let position = self.position(snapshot)?;
        self.choices(snapshot)
            .into_iter()
            .nth(position)
            .map(|choice| choice.id)
    }

    /// Whom the whisper goes to: the chosen who are still there, or the one under the cursor if none was chosen.
    pub(super) fn receivers(&self, snapshot: &Snapshot) -> Vec<String> {
        let Self::Whisper { chosen, .. } = self else {
            return Vec::new();
        };
        if chosen.is_empty() {
            return self.under_cursor(snapshot).into_iter().collect();
        }
        // One who has gone since is named nevertheless: the daemon then says that they are absent, instead of a
        // whisper that silently reaches fewer than were chosen.
        chosen.clone()
    }
}

fn whisper_choices(meeting: Option<&Meeting>) -> Vec<Choice> {
    let participants = meeting.map_or(&[][..], |meeting| &meeting.participants);
    participants
        .iter()
        .filter(|one| !one.you && one.presence.is_present())
        .map(|one| Choice {
            id: one.person.id.clone(),
            label: one.person.label.clone(),
            remark: remark(one),
        })
        .collect()
}

fn remark(one: &Participant) -> String {
    match one {
        Participant { deafened: true, .. } => "deafened".to_owned(),
        one => one.presence.to_string(),
    }
}
