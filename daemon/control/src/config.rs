//! `config.toml`: what the user has settled, and how mistakes in it are named.

mod device;
mod edit;
mod file;
mod profile;
mod schema;
mod treatment;

pub use device::{Backend, Device, HIGHEST_TONE, LONGEST_DEVICE};
pub use edit::{EditError, get, set, takes_a_list, unset};
pub use file::{read, replace};
pub use profile::Profile;
pub use schema::{Audio, Config, ConfigError, KEYS, Meeting, Network, Rejoin, nearest};
pub use treatment::{Treatment, VoiceGate};
