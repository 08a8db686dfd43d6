//! Bounds of what the local user can ask for, and of what is kept of it.
//!
//! Whoever offers a wish to the user refuses what lies beyond these before it gets here.

use std::time::Duration;

/// Bytes of a name.
pub const MAX_NAME: usize = 64;
/// Bytes of a title.
pub const MAX_TITLE: usize = 120;
/// Participants of one meeting, me included.
pub const MAX_PARTICIPANTS: usize = 256;
/// The loudest that somebody is played, in per cent.
pub const MAX_VOLUME_PERCENT: u16 = 200;
/// The shortest whisper of a stated time.
pub const MIN_WHISPER: Duration = Duration::from_millis(100);
/// The longest whisper of a stated time.
pub const MAX_WHISPER: Duration = Duration::from_secs(3600);
/// How long a held whisper lasts without a sign of life from whoever holds it. A suspended program leaves its connection
/// open, so the connection alone shows nothing.
pub const HOLD_PATIENCE: Duration = Duration::from_secs(10);
/// How long the microphone may be pressed before the user is reminded: the key may be stuck.
pub const LONG_PRESS: Duration = Duration::from_secs(60);
/// How long it may be pressed before it closes by itself.
pub const LONGEST_PRESS: Duration = Duration::from_secs(300);
