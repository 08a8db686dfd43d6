//! The user's session, as the buses last told it.

use super::SessionState;

/// The last word of each source about the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Knowledge {
    /// logind: the screen is locked.
    pub(super) locked: bool,
    /// logind: the desktop marked the session as idle, by its own setting.
    pub(super) idle_hint: bool,
    /// The idle time reached ours. `None` where nothing tells a time.
    pub(super) idle_by_time: Option<bool>,
}

impl Knowledge {
    /// Returns the state that follows; without input the user `idles`, or never does. A known idle time overrules the
    /// hint, because it is measured against our own setting.
    pub(super) fn state(self, idles: bool) -> SessionState {
        if self.locked {
            SessionState::Locked
        } else if idles && self.idle_by_time.unwrap_or(self.idle_hint) {
            SessionState::Idle
        } else {
            SessionState::Active
        }
    }
}
