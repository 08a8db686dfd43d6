//! The names by which the desktop and people know this program.

/// The id of everything that is the desktop's.
pub(crate) const ID: &str = sotto_control::APP_ID;

/// The name that people read.
pub(crate) const NAME: &str = "Sotto";
