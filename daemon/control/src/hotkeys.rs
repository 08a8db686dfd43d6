//! Keys that work everywhere: by which way this desktop gives them, and what has come of it.
//!
//! The tray holds the keys and publishes a [`KeysReport`]; `sotto hotkeys` reads it. The report stands in a file that
//! the tray keeps locked, so that what a tray has left behind that runs no more is told from what holds now.

use crate::Places;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

/// The longest report that is read, in bytes.
const LONGEST: u64 = 256 * 1024;

/// The way by which a desktop gives a program keys that work everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyBackend {
    /// The X server.
    X11,
    /// The portal `org.freedesktop.portal.GlobalShortcuts`, on Wayland.
    Portal,
    /// None: there is no desktop.
    #[default]
    #[serde(other)]
    None,
}

impl KeyBackend {
    /// Returns the way on the desktop in whose environment this program runs.
    #[must_use]
    pub fn here() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::of(
            variable("WAYLAND_DISPLAY").as_deref(),
            variable("XDG_SESSION_TYPE").as_deref(),
            variable("DISPLAY").as_deref(),
        )
    }

    /// Returns it for this environment. On Wayland the X server that is there too sees no keys but those of old
    /// programs.
    #[must_use]
    pub fn of(wayland: Option<&str>, session: Option<&str>, display: Option<&str>) -> Self {
        if wayland.is_some() || session == Some("wayland") {
            Self::Portal
        } else if display.is_some() {
            Self::X11
        } else {
            Self::None
        }
    }
}

/// The state of the keys in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysReport {
    /// The way by which they are held.
    #[serde(default)]
    pub backend: KeyBackend,
    /// Why none is held, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Each key.
    #[serde(default)]
    pub keys: Vec<KeyReport>,
    /// Whether the desktop has a dialog of its own in which the user chooses the keys.
    #[serde(default)]
    pub dialog: bool,
}

/// The state of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// The setting that it comes from.
    pub setting: String,
    /// The key in that setting, as it was when this was tried.
    #[serde(default)]
    pub key: String,
    /// The key as the desktop holds it; absent if it does not, or does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// Why it is not held, in a part of a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The right to publish, and to hold keys: one program of each home has it.
#[derive(Debug)]
pub struct KeysPublisher {
    file: File,
}

/// Returns where the report is.
#[must_use]
pub fn keys_report_path(places: &Places) -> PathBuf {
    places.lock.with_file_name("hotkeys.json")
}

impl KeysPublisher {
    /// Takes the right. `None` if another program has it.
    ///
    /// # Errors
    /// What the system said of the file.
    pub fn acquire(places: &Places) -> io::Result<Option<Self>> {
        let path = keys_report_path(places);
        if let Some(directory) = path.parent() {
            crate::durable::create_private(directory)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Replaces the report.
    ///
    /// # Errors
    /// What the system said of the file.
    pub fn publish(&mut self, report: &KeysReport) -> io::Result<()> {
        let json = serde_json::to_vec(report)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&json)
    }
}

/// Returns the report of the program that holds the keys; `None` if none does.
///
/// # Errors
/// The report cannot be read.
pub fn keys_report(places: &Places) -> io::Result<Option<KeysReport>> {
    let mut file = match File::open(keys_report_path(places)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut json = Vec::new();
    (&mut file).take(LONGEST).read_to_end(&mut json)?;
    if json.is_empty() {
        // It has only just begun.
        return Ok(Some(KeysReport::default()));
    }
    Ok(Some(serde_json::from_slice(&json)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wayland_goes_before_the_x_server_that_is_there_too() {
        for (wayland, session, display, expected) in [
            (
                Some("wayland-0"),
                Some("wayland"),
                Some(":0"),
                KeyBackend::Portal,
            ),
            (None, Some("wayland"), Some(":0"), KeyBackend::Portal),
            (Some("wayland-1"), None, None, KeyBackend::Portal),
            (None, Some("x11"), Some(":0"), KeyBackend::X11),
            (None, Some("tty"), None, KeyBackend::None),
            (None, None, None, KeyBackend::None),
        ] {
            assert_eq!(KeyBackend::of(wayland, session, display), expected);
        }
    }

    #[test]
    fn a_report_holds_as_long_as_the_program_that_made_it() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::within(home.path());
        assert_eq!(keys_report(&places).unwrap(), None);
        let mut publisher = KeysPublisher::acquire(&places).unwrap().unwrap();
        assert!(KeysPublisher::acquire(&places).unwrap().is_none());
        let long = KeysReport {
            problem: Some("a sentence that is longer than the next report".into()),
            ..KeysReport::default()
        };
        publisher.publish(&long).unwrap();
        assert_eq!(keys_report(&places).unwrap(), Some(long));
        let report = KeysReport {
            backend: KeyBackend::X11,
            ..KeysReport::default()
        };
        publisher.publish(&report).unwrap();
        assert_eq!(keys_report(&places).unwrap(), Some(report));
        drop(publisher);
        assert_eq!(keys_report(&places).unwrap(), None);
    }
}
