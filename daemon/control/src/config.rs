//! `config.toml`: what the user has settled, and how mistakes in it are named.

mod channel;
mod device;
mod edit;
mod file;
mod group_edit;
mod groups;
mod hotkeys;
mod network;
mod notifications;
mod ports;
mod presence;
mod profile;
mod schema;
mod spelling;
mod talk;
mod treatment;
mod trigger;
mod values;
mod window;

pub use channel::Channel;
pub use device::{Backend, Device, HIGHEST_TONE, LONGEST_DEVICE};
pub use edit::{
    EditError, get, is_read_from_the_file, is_yes_or_no, keys, set, takes_a_list, unset,
};
pub use file::{decoded, read, replace};
pub use group_edit::{add_to_group, remove_from_group};
pub(crate) use groups::check as check_group_name;
pub use groups::{GROUP_SIGN, Group, GroupMember, group_name};
pub use hotkeys::{HotkeyAction, Hotkeys};
pub use network::Network;
pub use notifications::Notifications;
pub use ports::{LISTEN_PORT, MEDIA_PORT};
pub use presence::{IdleAfter, Presence};
pub use profile::Profile;
pub use schema::{Audio, Config, ConfigError, KEYS, Meeting, Rejoin, is_section};
pub use spelling::nearest;
pub use talk::{Talk, TalkMode};
pub use treatment::Treatment;
pub use trigger::Trigger;
pub use window::{OnClose, Window};
