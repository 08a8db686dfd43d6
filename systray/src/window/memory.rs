//! What the window remembers from one time to the next: where the strip stood, and what was said already. It is lost
//! without harm.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sotto_control::{Places, durable};

/// The things that are remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Remembered {
    /// Where the strip stood, where the system tells and allows it.
    pub(crate) strip: Option<(f32, f32)>,
    /// Where it hung on Wayland.
    pub(crate) layer: Option<Anchored>,
    /// Whether the user was told that closing the window keeps the meeting.
    pub(crate) told_kept: bool,
}

/// A place at a corner of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchored {
    /// The name of the screen; the desktop chooses one if there is none of that name.
    pub(crate) screen: Option<String>,
    /// Whether it counts from the right edge.
    pub(crate) right: bool,
    /// Whether it counts from the lower edge.
    pub(crate) bottom: bool,
    /// The distance from that side, in points.
    pub(crate) across: i32,
    /// The distance from that end.
    pub(crate) down: i32,
}

/// The file of what is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    file: PathBuf,
    now: Remembered,
}

impl Memory {
    /// Reads what was kept; what cannot be read is forgotten.
    pub(crate) fn open(places: &Places) -> Self {
        let file = places.state.join("window.json");
        let now = read(&file).unwrap_or_default();
        Self { file, now }
    }

    /// Returns what is remembered.
    pub(crate) const fn now(&self) -> &Remembered {
        &self.now
    }

    /// Changes it, and writes it down if it has changed.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Remembered)) {
        let before = self.now.clone();
        change(&mut self.now);
        if self.now == before {
            return;
        }
        if let Err(error) = self.write() {
            tracing::warn!(%error, file = %self.file.display(), "cannot remember where the strip stood");
        }
    }

    fn write(&self) -> std::io::Result<()> {
        if let Some(directory) = self.file.parent() {
            durable::create_private(directory)?;
        }
        durable::replace(&self.file, &serde_json::to_vec(&self.now)?)
    }
}

fn read(file: &Path) -> Option<Remembered> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_survives_and_nonsense_is_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::within(home.path());
        let mut memory = Memory::open(&places);
        assert_eq!(memory.now(), &Remembered::default());
        memory.change(|now| now.strip = Some((10.0, 20.0)));
        assert_eq!(Memory::open(&places).now().strip, Some((10.0, 20.0)));
        let corner = Anchored {
            screen: Some("HDMI-A-1".into()),
            right: true,
            bottom: false,
            across: 24,
            down: 48,
        };
        memory.change(|now| now.layer = Some(corner.clone()));
        assert_eq!(Memory::open(&places).now().layer, Some(corner));
        std::fs::write(&memory.file, "nonsense").unwrap();
        assert_eq!(Memory::open(&places).now(), &Remembered::default());
    }
}
