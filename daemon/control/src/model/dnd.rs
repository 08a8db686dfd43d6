//! Do not disturb.

use serde::{Deserialize, Serialize};

/// Whether the user wants to be left alone: no sounds and no notifications of invitations and of who comes and goes.
/// Everything stays listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dnd {
    /// Whether it is on.
    #[serde(default)]
    pub on: bool,
    /// When it ends by itself, in seconds since 1970; absent: not before the user says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}
