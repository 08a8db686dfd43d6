//! What this program knows: what the daemon last said, or why it cannot be reached.

use sotto_control::model::Snapshot;

/// All that the tray knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    /// The daemon, as far as it can be reached.
    pub(crate) link: Link,
    /// Why the user's last wish was not granted, in a sentence.
    pub(crate) refusal: Option<String>,
}

/// The connection to the daemon.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Link {
    /// None, and why; it is being tried again.
    Down {
        /// A sentence that says what helps.
        why: String,
        /// Whether no daemon runs, so that starting one helps.
        startable: bool,
    },
    /// What the daemon last said.
    Up(Box<Snapshot>),
}

/// The state of this program itself, beside the daemon's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Here {
    /// Whether the daemon is being started.
    pub(crate) starting: bool,
    /// What this program could not do that the user asked for, in a sentence.
    pub(crate) trouble: Option<String>,
}
