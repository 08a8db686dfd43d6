//! A reply on its way to a program.

use crate::error::ControlError;
use serde::Serialize;
use serde_json::value::RawValue;

/// A reply as it travels, of whichever method.
///
/// It is no [`Serialize`] itself, so that everything that is one becomes a reply.
#[derive(Debug)]
pub struct Reply(Result<Box<RawValue>, String>);

impl<T: Serialize> From<T> for Reply {
    fn from(reply: T) -> Self {
        // The types of this crate always serialise; a level that is not a number becomes null.
        Self(serde_json::value::to_raw_value(&reply).map_err(|error| error.to_string()))
    }
}

impl Reply {
    /// Returns the reply's JSON.
    pub(crate) fn json(self) -> Result<Box<RawValue>, ControlError> {
        self.0.map_err(|error| {
            ControlError::internal(format!("the reply cannot be written: {error}"))
        })
    }
}
