//! `config.toml`: what the user has settled, and how mistakes in it are named.

mod edit;
mod schema;

pub use edit::{EditError, get, set, unset};
pub use schema::{Audio, Config, ConfigError, KEYS, Meeting, Network, Rejoin, nearest};
