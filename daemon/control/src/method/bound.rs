//! The bounds of parameters: checked by the daemon, and described in the documentation.

use crate::bounds::{
    MAX_GROUP_NAME, MAX_NAMES, MAX_QUIET, MAX_SETTING, MAX_TEST, MAX_TEXT, MAX_TITLE,
    MAX_VOLUME_PERCENT, MAX_WAIT, MAX_WHISPER, MIN_QUIET, MIN_TEST, MIN_WHISPER,
};
use crate::config::{Device, LONGEST_DEVICE, check_group_name, group_name};
use crate::error::{ControlError, ErrorCode};
use crate::method::DeviceRole;
use crate::model::WhisperMode;
use std::fmt::Debug;
use std::time::Duration;

/// A bound in words.
pub(super) trait Describe: Debug + Sync {
    /// Says what fits.
    fn describe(&self) -> String;
}

/// A bound of values of type `T`.
pub(super) trait Bound<T>: Describe {
    /// Checks the value of the parameter `what`.
    fn check(&self, what: &str, value: &T) -> Result<(), ControlError>;
}

/// A colleague by name.
pub(super) const NAME: Text = Text { most: MAX_TEXT };
/// A meeting by title or id.
pub(super) const MEETING: Text = Text { most: MAX_TEXT };
/// An address.
pub(super) const ADDRESS: Text = Text { most: MAX_TEXT };
/// The title of a new meeting.
pub(super) const TITLE: Text = Text { most: MAX_TITLE };
/// Colleagues by name, or nobody.
pub(super) const NAMES: Names = Names { least: 0 };
/// Colleagues by name, at least one.
pub(super) const SOMEBODY: Names = Names { least: 1 };
/// The time for which the user wants to be left alone.
pub(super) const QUIET: Milliseconds = Milliseconds {
    least: MIN_QUIET,
    most: MAX_QUIET,
};
/// A setting by its key.
pub(super) const KEY: Text = Text { most: MAX_TEXT };
/// The value of a setting.
pub(super) const VALUE: Value = Value;
/// The name of a group.
pub(super) const GROUP: GroupName = GroupName;
/// A program's own name.
pub(super) const CLIENT: Label = Label;
/// A version of the API.
pub(super) const VERSION: Version = Version;
/// Yes or no.
pub(super) const FLAG: Flag = Flag;
/// A volume in per cent.
pub(super) const VOLUME: Percent = Percent {
    most: MAX_VOLUME_PERCENT,
};
/// The time that a test listens.
pub(super) const LISTENING: Milliseconds = Milliseconds {
    least: MIN_TEST,
    most: MAX_TEST,
};
/// The time that a connection is waited for.
pub(super) const WAITING: Milliseconds = Milliseconds {
    least: Duration::ZERO,
    most: MAX_WAIT,
};
/// How long a whisper lasts.
pub(super) const LASTING: Mode = Mode {
    least: MIN_WHISPER,
    most: MAX_WHISPER,
};
/// A device that a program may choose.
pub(super) const DEVICE: SystemDevice = SystemDevice;
/// What a device is used as.
pub(super) const ROLE: Role = Role;

/// A text that is not empty.
#[derive(Debug)]
pub(super) struct Text {
    /// The most bytes.
    most: usize,
}

impl Describe for Text {
    fn describe(&self) -> String {
        format!("1 to {} bytes", self.most)
    }
}

impl Bound<String> for Text {
    fn check(&self, what: &str, value: &String) -> Result<(), ControlError> {
        not_empty(what, value)?;
        short(what, value, self.most)
    }
}

impl Bound<Option<String>> for Text {
    fn check(&self, what: &str, value: &Option<String>) -> Result<(), ControlError> {
        value.as_ref().map_or(Ok(()), |text| self.check(what, text))
    }
}

/// Names of people.
#[derive(Debug)]
pub(super) struct Names {
    /// The fewest.
    least: usize,
}

impl Describe for Names {
    fn describe(&self) -> String {
        format!("{} to {MAX_NAMES}, each {}", self.least, NAME.describe())
    }
}

impl Bound<Vec<String>> for Names {
    fn check(&self, what: &str, values: &Vec<String>) -> Result<(), ControlError> {
        let count = values.len();
        if count < self.least {
            return Err(ControlError::invalid(format!("{what} is empty")));
        }
        if count > MAX_NAMES {
            return Err(ControlError::invalid(format!(
                "{what} lists {count}, and at most {MAX_NAMES}"
            )));
        }
        values.iter().try_for_each(|name| NAME.check(what, name))
    }
}

/// The name of a group, with or without the sign that only groups have.
#[derive(Debug)]
pub(super) struct GroupName;

impl Describe for GroupName {
    fn describe(&self) -> String {
        format!(
            "1 to {MAX_GROUP_NAME} bytes without spaces, dots, commas, quotes, brackets and `#`; a `@` before it does not count"
        )
    }
}

impl Bound<String> for GroupName {
    fn check(&self, what: &str, value: &String) -> Result<(), ControlError> {
        check_group_name(group_name(value))
            .map_err(|message| ControlError::invalid(format!("{what} {message}")))
    }
}

/// A text that may be empty and is shown as it is.
#[derive(Debug)]
pub(super) struct Label;

impl Describe for Label {
    fn describe(&self) -> String {
        format!("at most {MAX_TEXT} bytes, no control characters")
    }
}

impl Bound<String> for Label {
    fn check(&self, what: &str, value: &String) -> Result<(), ControlError> {
        short(what, value, MAX_TEXT)?;
        printable(what, value)
    }
}

/// A value as on a command line, which may be empty.
#[derive(Debug)]
pub(super) struct Value;

impl Describe for Value {
    fn describe(&self) -> String {
        format!("at most {MAX_SETTING} bytes, no control characters")
    }
}

impl Bound<Option<String>> for Value {
    fn check(&self, what: &str, value: &Option<String>) -> Result<(), ControlError> {
        let Some(value) = value else { return Ok(()) };
        short(what, value, MAX_SETTING)?;
        printable(what, value)
    }
}

/// Any version, or none.
#[derive(Debug)]
pub(super) struct Version;

impl Describe for Version {
    fn describe(&self) -> String {
        "a whole number".to_owned()
    }
}

impl Bound<Option<u32>> for Version {
    fn check(&self, _what: &str, _value: &Option<u32>) -> Result<(), ControlError> {
        Ok(())
    }
}

/// Yes or no.
#[derive(Debug)]
pub(super) struct Flag;

impl Describe for Flag {
    fn describe(&self) -> String {
        "`true` or `false`".to_owned()
    }
}

impl Bound<bool> for Flag {
    fn check(&self, _what: &str, _value: &bool) -> Result<(), ControlError> {
        Ok(())
    }
}

/// A share in per cent.
#[derive(Debug)]
pub(super) struct Percent {
    most: u16,
}

impl Describe for Percent {
    fn describe(&self) -> String {
        format!("0 to {}", self.most)
    }
}

impl Bound<u16> for Percent {
    fn check(&self, what: &str, value: &u16) -> Result<(), ControlError> {
        if *value > self.most {
            return Err(ControlError::invalid(format!(
                "{what} is {value}, and at most {}",
                self.most
            )));
        }
        Ok(())
    }
}

/// A time in milliseconds.
#[derive(Debug)]
pub(super) struct Milliseconds {
    least: Duration,
    most: Duration,
}

impl Milliseconds {
    fn check_time(&self, what: &str, time: Duration) -> Result<(), ControlError> {
        if !(self.least..=self.most).contains(&time) {
            return Err(ControlError::invalid(format!(
                "{what} is {}, and must be {}",
                time.as_millis(),
                self.describe()
            )));
        }
        Ok(())
    }
}

impl Describe for Milliseconds {
    fn describe(&self) -> String {
        format!("{} to {}", self.least.as_millis(), self.most.as_millis())
    }
}

impl Bound<Option<u64>> for Milliseconds {
    fn check(&self, what: &str, value: &Option<u64>) -> Result<(), ControlError> {
        value.map_or(Ok(()), |ms| {
            self.check_time(what, Duration::from_millis(ms))
        })
    }
}

/// How long a whisper lasts: two members on the wire.
#[derive(Debug)]
pub(super) struct Mode {
    least: Duration,
    most: Duration,
}

impl Mode {
    const fn time(&self) -> Milliseconds {
        Milliseconds {
            least: self.least,
            most: self.most,
        }
    }
}

impl Describe for Mode {
    fn describe(&self) -> String {
        format!(
            "`latch` (if absent), `hold`, or `until` with `for_ms`, {}",
            self.time().describe()
        )
    }
}

impl Bound<WhisperMode> for Mode {
    fn check(&self, _what: &str, value: &WhisperMode) -> Result<(), ControlError> {
        value
            .time()
            .map_or(Ok(()), |time| self.time().check_time("for_ms", time))
    }
}

/// A device of the system, or none. What reads or writes a file, or stands in for a microphone, is the configuration's
/// alone.
#[derive(Debug)]
pub(super) struct SystemDevice;

impl Describe for SystemDevice {
    fn describe(&self) -> String {
        format!("1 to {LONGEST_DEVICE} bytes; no file and no tone")
    }
}

impl Bound<String> for SystemDevice {
    fn check(&self, what: &str, value: &String) -> Result<(), ControlError> {
        short(what, value, LONGEST_DEVICE)?;
        not_empty(what, value)?;
        printable(what, value)?;
        match value.parse::<Device>() {
            Ok(Device::Default | Device::Null | Device::Named(_)) => Ok(()),
            Ok(Device::File { .. } | Device::Tone { .. }) | Err(_) => Err(ControlError::new(
                ErrorCode::Refused,
                "files and tones are no devices that a program may choose",
            )
            .with_hint("set them in config.toml and start sottod again")),
        }
    }
}

/// Microphone or loudspeaker.
#[derive(Debug)]
pub(super) struct Role;

impl Describe for Role {
    fn describe(&self) -> String {
        "`input` or `output`".to_owned()
    }
}

impl Bound<Option<DeviceRole>> for Role {
    fn check(&self, _what: &str, _value: &Option<DeviceRole>) -> Result<(), ControlError> {
        Ok(())
    }
}

fn short(what: &str, value: &str, most: usize) -> Result<(), ControlError> {
    if value.len() > most {
        return Err(ControlError::invalid(format!(
            "{what} is {} bytes long, and at most {most}",
            value.len()
        )));
    }
    Ok(())
}

fn not_empty(what: &str, value: &str) -> Result<(), ControlError> {
    if value.trim().is_empty() {
        return Err(ControlError::invalid(format!("{what} is empty")));
    }
    Ok(())
}

fn printable(what: &str, value: &str) -> Result<(), ControlError> {
    if value.chars().any(char::is_control) {
        return Err(ControlError::invalid(format!(
            "{what} contains control characters"
        )));
    }
    Ok(())
}
