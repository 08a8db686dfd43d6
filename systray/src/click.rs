//! What a click asks for: something of the daemon, or something that this program does itself.

use crate::wish::Wish;

/// A click in the menu, on the icon or on a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Click {
    /// The daemon is to do it.
    Ask(Wish),
    /// The window is to be shown.
    Show(Show),
    /// The daemon is to be started.
    Start,
    /// The daemon is to be stopped and started again.
    Restart,
    /// The desktop's own dialog about keys is to be shown.
    ChooseKeys,
    /// The keys that work everywhere are to do nothing for a moment, or to do again what they do.
    KeysAside(bool),
}

/// The place at which the window is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Show {
    /// Where it is.
    Window,
    /// At the invitation to the meeting with this id.
    Invitation(String),
    /// Where a meeting is started.
    NewMeeting,
    /// At the settings.
    Settings,
}
