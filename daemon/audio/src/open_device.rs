//! Which device a stream is open on.

use crate::form_factor::FormFactor;

/// The device that a stream is open on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenDevice {
    /// The identifier by which it is found again, as [`DeviceInfo::id`](crate::DeviceInfo::id); empty for what is no
    /// device of the system.
    pub id: String,
    /// What it is called, for people.
    pub name: String,
    /// What kind of thing it is.
    pub form: FormFactor,
    /// Whether it is connected by Bluetooth.
    pub bluetooth: bool,
    /// Whether it is muted in the system's own settings, so that nothing comes of it.
    pub muted: bool,
}
