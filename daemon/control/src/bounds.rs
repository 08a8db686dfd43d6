//! Bounds of what a program can ask for, each in one place.
//!
//! The methods check them, the command line uses them in its parser, and `daemon/tests/bounds.rs` holds the crates
//! behind the daemon to the same figures.

use std::time::Duration;

/// The most people that one request may name: as many as a roster holds.
pub const MAX_NAMES: usize = 256;
/// The longest text that names a person, a meeting or an address, in bytes.
pub const MAX_TEXT: usize = 256;
/// The longest value of a setting, in bytes.
pub const MAX_SETTING: usize = 8192;
/// The longest title of a meeting, in bytes.
pub const MAX_TITLE: usize = 120;
/// The longest display name, in bytes.
pub const MAX_DISPLAY_NAME: usize = 64;
/// The most groups.
pub const MAX_GROUPS: usize = 64;
/// The most members of a group.
pub const MAX_GROUP_MEMBERS: usize = 64;
/// The longest name of a group, in bytes.
pub const MAX_GROUP_NAME: usize = 64;
/// The loudest that a person can be set, in per cent.
pub const MAX_VOLUME_PERCENT: u16 = 200;
/// The shortest whisper of a stated time.
pub const MIN_WHISPER: Duration = Duration::from_millis(100);
/// The longest whisper of a stated time.
pub const MAX_WHISPER: Duration = Duration::from_secs(3600);
/// How long a held whisper or press lasts without `talk.renew`.
pub const HOLD_PATIENCE: Duration = Duration::from_secs(10);
/// How long the microphone may be pressed before the user is reminded: the key may be stuck.
pub const LONG_PRESS: Duration = Duration::from_secs(60);
/// How long it may be pressed before it closes by itself.
pub const LONGEST_PRESS: Duration = Duration::from_secs(300);
/// How often a client that holds a whisper or a press renews it: a few may be late before it ends.
pub const RENEW_EVERY: Duration = Duration::from_secs(1);
/// The shortest time for which the user wants to be left alone.
pub const MIN_QUIET: Duration = Duration::from_secs(1);
/// The longest such time; without one it lasts until it is switched off.
pub const MAX_QUIET: Duration = Duration::from_secs(24 * 3600);
/// The longest that `network.connect` waits.
pub const MAX_WAIT: Duration = Duration::from_secs(600);
/// The longest that `meeting.join` and `meeting.switch` wait for others before they are answered.
pub const MAX_JOIN: Duration = Duration::from_secs(30);
/// The shortest time that `audio.test` listens.
pub const MIN_TEST: Duration = Duration::from_millis(1);
/// The time that `audio.test` listens unless told otherwise.
pub const USUAL_TEST: Duration = Duration::from_secs(3);
/// The longest that `audio.test` listens.
pub const MAX_TEST: Duration = Duration::from_secs(10);
