//! What a notification says, and how a server is told it.

use sotto_control::model::{IncomingWhisper, Invitation, Notice, NoticeKind, Severity};

use crate::words::{LONGEST, LONGEST_MESSAGE, asks, names, quoted, shorten};

/// The sound of a message that came in, by its name in the desktop's sound theme.
const MESSAGE: &str = "message-new-instant";
/// The longest body, in characters: a sentence of the daemon with its hint fits.
const LONGEST_BODY: usize = 320;
/// The name by which the server tells of a click on the notification itself, and its label where it is shown.
pub(super) const DEFAULT: &str = "default";
const DEFAULT_LABEL: &str = "Open Sotto";
/// Where to answer if a notification has no buttons.
const ANSWER_ELSEWHERE: &str =
    "Join or decline in the menu of Sotto's icon, or with 'sotto join' or 'sotto decline'";

/// What a server of notifications can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// It shows buttons.
    pub(crate) actions: bool,
    /// It reads the body as markup.
    pub(crate) markup: bool,
}

impl Capabilities {
    /// Reads what `GetCapabilities` answers.
    pub(crate) fn of(names: &[String]) -> Self {
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        Self {
            actions: has("actions"),
            markup: has("body-markup"),
        }
    }
}

/// How the user answers an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Join,
    Decline,
}

impl Answer {
    /// Both, in the order of the buttons.
    const ALL: [Self; 2] = [Self::Join, Self::Decline];

    /// Returns the name by which the server tells that the button was pressed.
    const fn key(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Decline => "decline",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Join => "Join",
            Self::Decline => "Decline",
        }
    }

    /// Returns the answer with this key; none for the default action, which is a click beside the buttons.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.key() == key)
    }
}

/// How urgent a notification is.
///
/// The third, *critical*, is never used: servers then ignore how long a notification may stay, and do-not-disturb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Urgency {
    /// Good to know.
    Low = 0,
    /// Worth a look.
    Normal = 1,
}

/// What a notification says, whatever the server can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    summary: String,
    body: String,
    /// Whether the user can join and decline.
    answers: bool,
    urgency: Urgency,
    category: &'static str,
    /// Whether it is worth nothing once it has gone from the screen.
    transient: bool,
    sound: Option<&'static str>,
}

/// A notification as it goes to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    /// The notification that it replaces; 0 for none.
    pub(crate) replaces: u32,
    /// The first line, always plain text.
    pub(crate) summary: String,
    /// The rest, escaped where the server reads markup.
    pub(crate) body: String,
    /// Keys and labels of the buttons, in turn.
    pub(crate) actions: Vec<&'static str>,
    /// How urgent it is.
    pub(crate) urgency: Urgency,
    /// What kind it is, by the specification's names.
    pub(crate) category: &'static str,
    /// Whether it is to stay out of the list of past notifications.
    pub(crate) transient: bool,
    /// The sound to play, by its name in the desktop's sound theme; none: no sound at all.
    pub(crate) sound: Option<&'static str>,
}

impl Message {
    /// Says who invites the user to what, and who is inside.
    pub(super) fn invitation(invitation: &Invitation) -> Self {
        let body = match invitation.inside.as_slice() {
            [] => String::new(),
            [one] => format!("{} is inside", shorten(&one.label, LONGEST)),
            several => format!("{} are inside", names(several)),
        };
        Self {
            summary: asks(invitation),
            body,
            answers: true,
            urgency: Urgency::Normal,
            category: "im.received",
            transient: false,
            sound: Some(MESSAGE),
        }
    }

    /// Says that an answer was refused, in the daemon's words. The invitation may be answered again.
    pub(super) fn refusal(invitation: &Invitation, answer: Answer, why: &str) -> Self {
        let title = quoted(&invitation.meeting.title);
        Self {
            summary: match answer {
                Answer::Join => format!("Cannot join {title}"),
                Answer::Decline => format!("Cannot decline {title}"),
            },
            answers: true,
            ..Self::problem(why)
        }
    }

    /// Says that an answer was refused that came too late for its invitation.
    pub(super) fn late_refusal(answer: Answer, why: &str) -> Self {
        Self {
            summary: match answer {
                Answer::Join => "Cannot join the meeting".into(),
                Answer::Decline => "Cannot decline the invitation".into(),
            },
            ..Self::problem(why)
        }
    }

    /// Says who whispers to the user.
    pub(super) fn whisper(whisper: &IncomingWhisper) -> Self {
        let others = match whisper.also_to.as_slice() {
            [] => String::new(),
            others => format!("Also to {}. ", names(others)),
        };
        let hint = if whisper.heard {
            "Answer with 'sotto reply'"
        } else {
            "You are deafened and do not hear it; hear again with 'sotto undeafen'"
        };
        Self {
            summary: format!("{} whispers to you", shorten(&whisper.from.label, LONGEST)),
            body: format!("{others}{hint}"),
            answers: false,
            urgency: Urgency::Low,
            category: "im",
            transient: true,
            // The whisper itself is heard.
            sound: None,
        }
    }

    /// Says what the daemon says.
    pub(super) fn notice(notice: &Notice) -> Self {
        let said = Self {
            category: match notice.kind {
                NoticeKind::Sound => "device.error",
                NoticeKind::Network | NoticeKind::IdentityCloned => "network.error",
                _ => "im.error",
            },
            sound: Some(match notice.severity {
                Severity::Error => "dialog-error",
                Severity::Warning | Severity::Info => "dialog-warning",
            }),
            ..Self::problem(notice.hint.as_deref().unwrap_or_default())
        };
        let text = shorten(&notice.text, LONGEST_MESSAGE);
        if notice.kind != NoticeKind::SpeakingToNobody {
            return Self {
                summary: text,
                ..said
            };
        }
        Self {
            summary: "Nobody hears you".into(),
            body: match said.body.as_str() {
                "" => text,
                hint => format!("{text}; {hint}"),
            },
            ..said
        }
    }

    fn problem(what: &str) -> Self {
        Self {
            summary: String::new(),
            body: shorten(what, LONGEST_BODY),
            answers: false,
            urgency: Urgency::Normal,
            category: "im.error",
            transient: false,
            sound: Some("dialog-warning"),
        }
    }

    /// Writes it down for a server. A `quiet` one replaces what the user has seen already, and makes no sound.
    pub(super) fn for_server(
        &self,
        server: Capabilities,
        replaces: u32,
        quiet: bool,
    ) -> Notification {
        let mut body = self.body.clone();
        let mut actions = Vec::new();
        if server.actions {
            // Some desktops take the buttons away after a moment. A click on what is left leads to the same.
            actions.extend([DEFAULT, DEFAULT_LABEL]);
        }
        if self.answers && server.actions {
            actions.extend(Answer::ALL.iter().flat_map(|it| [it.key(), it.label()]));
        } else if self.answers {
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(ANSWER_ELSEWHERE);
        }
        Notification {
            replaces,
            summary: self.summary.clone(),
            body: if server.markup { escaped(&body) } else { body },
            actions,
            urgency: self.urgency,
            category: self.category,
            transient: self.transient,
            sound: self.sound.filter(|_| !quiet),
        }
    }
}

/// Writes text as markup that shows just this text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
