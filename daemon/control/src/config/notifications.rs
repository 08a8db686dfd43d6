//! What may draw the user's attention.

/// `[notifications]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notifications {
    /// `desktop`: whether the tray shows notifications on the desktop.
    pub desktop: bool,
    /// `sounds`: whether there are short sounds at all.
    pub sounds: bool,
    /// `join_sounds`: whether there are such of who joins and leaves.
    pub join_sounds: bool,
    /// `muted_talking`: whether the user is told of talking while muted.
    pub muted_talking: bool,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            desktop: true,
            sounds: true,
            join_sounds: true,
            muted_talking: true,
        }
    }
}

impl Notifications {
    /// Returns the value of a key, if it is one of these.
    pub(super) fn get(mut self, key: &str) -> Option<bool> {
        self.value(key).copied()
    }

    /// Returns the place of a key's value, if it is one of these.
    pub(super) fn value(&mut self, key: &str) -> Option<&mut bool> {
        Some(match key {
            "notifications.desktop" => &mut self.desktop,
            "notifications.sounds" => &mut self.sounds,
            "notifications.join_sounds" => &mut self.join_sounds,
            "notifications.muted_talking" => &mut self.muted_talking,
            _ => return None,
        })
    }
}
