//! What a method refuses, in a form that both people and scripts can use.

use crate::model::{Person, Presence};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a request was not carried out: a stable code, a sentence, and what the user can do.
///
/// On the wire this is the `error` member of a JSON-RPC 2.0 response: the numeric [`ErrorCode::number`] and the
/// sentence, with everything else in `data`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ControlError {
    /// The kind of refusal; never changes its meaning between versions.
    pub code: ErrorCode,
    /// One sentence without a full stop, for people.
    pub message: String,
    /// What the user can do, if there is something.
    pub hint: Option<String>,
    /// Those whom an ambiguous name could mean.
    pub candidates: Vec<String>,
    /// Those who are absent, and why.
    pub absent: Vec<AbsentPerson>,
}

/// Somebody who cannot be spoken to now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentPerson {
    /// Who; flat on the wire (`id`, `name`, `label`).
    #[serde(flatten)]
    pub person: Person,
    /// Where they are instead.
    pub presence: Presence,
}

/// An error for people: `Display` is one sentence without a full stop, and the hint names a command that helps.
///
/// The two travel apart and are joined in one place, so that nobody takes a sentence apart again.
pub trait ForPeople: std::error::Error {
    /// Returns what the user can do, if there is something.
    fn hint(&self) -> Option<String>;

    /// Returns sentence and hint in one line.
    fn in_one_line(&self) -> String {
        in_one_line(self, self.hint())
    }
}

impl ForPeople for ControlError {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// Joins a sentence and the hint that goes with it.
pub fn in_one_line(sentence: impl fmt::Display, hint: Option<impl fmt::Display>) -> String {
    match hint {
        Some(hint) => format!("{sentence}; {hint}"),
        None => sentence.to_string(),
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $number:literal;)+) => {
        /// The stable codes of [`ControlError`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $variant,)+
            /// A code that this version does not know.
            Unknown,
        }

        impl ErrorCode {
            /// Every code that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as text, for instance `not_found`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ Self::Unknown => "unknown" }
            }

            /// The code as JSON-RPC's number.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self { $(Self::$variant => $number,)+ Self::Unknown => 0 }
            }

            /// The code with this text; [`Self::Unknown`] for one of a newer version.
            #[must_use]
            pub fn from_name(name: &str) -> Self {
                match name { $($name => Self::$variant,)+ _ => Self::Unknown }
            }

            /// The code with this number; [`Self::Unknown`] for one of a newer version.
            #[must_use]
            pub const fn from_number(number: i64) -> Self {
                match number { $($number => Self::$variant,)+ _ => Self::Unknown }
            }
        }
    };
}

codes! {
    /// The line is not JSON, or longer than a request may be.
    Parse = "parse", -32700;
    /// The line is JSON, but no JSON-RPC 2.0 request.
    InvalidRequest = "invalid_request", -32600;
    /// There is no such method.
    UnknownMethod = "unknown_method", -32601;
    /// A parameter is missing, of the wrong type, or out of range.
    Invalid = "invalid", -32602;
    /// The daemon failed; its log says why.
    Internal = "internal", -32603;
    /// No such person, meeting or invitation.
    NotFound = "not_found", 1;
    /// A name fits several; `candidates` lists them.
    Ambiguous = "ambiguous", 2;
    /// Somebody is not present; `absent` says who, and why.
    Absent = "absent", 3;
    /// The method needs an active meeting, and there is none.
    NotInMeeting = "not_in_meeting", 4;
    /// Something that excludes this is under way; trying again later helps.
    Busy = "busy", 5;
    /// A rule forbids it.
    Refused = "refused", 6;
    /// The client speaks another version of this API.
    UnsupportedVersion = "unsupported_version", 7;
    /// It did not happen in time.
    Timeout = "timeout", 8;
    /// A limit on meetings, people or invitations is reached.
    Limit = "limit", 9;
    /// What it needs is not there: no sound system, no network.
    Unavailable = "unavailable", 10;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_name(&String::deserialize(deserializer)?))
    }
}

impl ControlError {
    /// An error with a sentence that has no full stop.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            candidates: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        self.with_hint_if(Some(hint))
    }

    /// Adds what the user can do, if there is something.
    #[must_use]
    pub fn with_hint_if(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// Adds those whom an ambiguous name could mean, as the user would have to write them.
    #[must_use]
    pub fn with_candidates(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates;
        self
    }

    /// Adds those who are absent.
    #[must_use]
    pub fn with_absent(mut self, absent: Vec<AbsentPerson>) -> Self {
        self.absent = absent;
        self
    }

    /// A parameter that does not fit.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    /// A failure of the daemon's own.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message).with_hint("the daemon's log says more")
    }
}

/// The `error` member of a response.
#[derive(Serialize, Deserialize)]
struct Wire {
    code: i64,
    message: String,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Serialize, Deserialize)]
struct Data {
    #[serde(default)]
    code: Option<ErrorCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    absent: Vec<AbsentPerson>,
}

impl Serialize for ControlError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            code: self.code.number(),
            message: self.message.clone(),
            data: Some(Data {
                code: Some(self.code),
                hint: self.hint.clone(),
                candidates: self.candidates.clone(),
                absent: self.absent.clone(),
            }),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ControlError {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let mut error = Self::new(ErrorCode::from_number(wire.code), wire.message);
        if let Some(data) = wire.data {
            error.code = data.code.unwrap_or(error.code);
            error.hint = data.hint;
            error.candidates = data.candidates;
            error.absent = data.absent;
        }
        Ok(error)
    }
}
