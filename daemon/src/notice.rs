//! Notices: sentences that a user reads about something that has happened.

use sotto_control::model::{Notice, NoticeKind, Severity};

use crate::threads::utc;

/// Makes a notice of `kind` that says `text`, with the time of now.
pub(crate) fn notice(kind: NoticeKind, severity: Severity, text: impl Into<String>) -> Notice {
    Notice {
        kind,
        severity,
        text: text.into(),
        time: utc().0,
        ..Notice::default()
    }
}
