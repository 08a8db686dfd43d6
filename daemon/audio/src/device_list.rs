//! Which devices there are, and which one a name means.

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host};

use crate::error::{DeviceError, Direction};
use crate::hardware::{with_host, within_limit};
use crate::spec::Backend;

/// The most devices that are listed for one direction.
const MOST_DEVICES: usize = 256;

/// A device of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// A stable identifier, as in `pulseaudio:alsa_input.usb-Headset`; give it as `audio.input` or
    /// `audio.output`.
    pub id: String,
    /// What the system calls it, in words for a person.
    pub name: String,
    /// Which way sound goes through it.
    pub direction: Direction,
    /// Whether the system uses it by default.
    pub is_default: bool,
    /// Whether it is no microphone but what another device plays.
    pub is_monitor: bool,
}

/// Lists the devices of a sound system, microphones first, defaults before the rest.
///
/// Blocks for at most [`OPENING_LIMIT`](crate::OPENING_LIMIT).
///
/// # Errors
///
/// When no sound system answers.
pub fn devices(backend: Backend) -> Result<Vec<DeviceInfo>, DeviceError> {
    if backend == Backend::Null {
        return Ok(Vec::new());
    }
    within_limit(move || {
        with_host(backend, |host| {
            let mut found = Vec::new();
            for direction in [Direction::Capture, Direction::Playback] {
                found.extend(list(host, direction));
            }
            if found.is_empty() {
                return Err(DeviceError::NoDefault(Direction::Playback));
            }
            Ok(found)
        })
    })
}

fn list(host: &Host, direction: Direction) -> Vec<DeviceInfo> {
    let default = match direction {
        Direction::Capture => host.default_input_device(),
        Direction::Playback => host.default_output_device(),
    };
    let default = default.as_ref().map(identifier);
    let mut found: Vec<DeviceInfo> = all(host, direction)
        .iter()
        .map(|device| {
            let id = identifier(device);
            DeviceInfo {
                name: title(device),
                direction,
                is_default: default.as_ref() == Some(&id),
                is_monitor: id.ends_with(".monitor"),
                id,
            }
        })
        .collect();
    found.sort_by_key(|device| (!device.is_default, device.is_monitor));
    found
}

fn all(host: &Host, direction: Direction) -> Vec<Device> {
    let listed = match direction {
        Direction::Capture => host.input_devices(),
        Direction::Playback => host.output_devices(),
    };
    listed
        .map(|devices| devices.take(MOST_DEVICES).collect())
        .unwrap_or_default()
}

/// The identifier by which a device is found again after a restart.
pub(crate) fn identifier(device: &Device) -> String {
    device.id().map(|id| id.to_string()).unwrap_or_default()
}

/// What the system calls a device.
pub(crate) fn title(device: &Device) -> String {
    device.description().map_or_else(
        |_| identifier(device),
        |description| description.name().to_owned(),
    )
}

/// Whether a microphone belongs to a Bluetooth headset, by PulseAudio's and PipeWire's identifiers.
pub(crate) fn is_bluetooth(id: &str) -> bool {
    id.contains("bluez_input") || id.contains("bluez_source")
}

/// The device that a name means.
pub(crate) fn select(host: &Host, direction: Direction, name: &str) -> Result<Device, DeviceError> {
    let devices = all(host, direction);
    let known: Vec<(String, String)> = devices
        .iter()
        .map(|device| (identifier(device), title(device)))
        .collect();
    let index = choose(&known, direction, name)?;
    devices
        .into_iter()
        .nth(index)
        .ok_or_else(|| not_found(direction, name))
}

fn not_found(direction: Direction, name: &str) -> DeviceError {
    DeviceError::NotFound {
        direction,
        name: name.to_owned(),
    }
}

/// An identifier, with or without its sound system, comes before a whole name, and that before a part of one.
fn choose(
    known: &[(String, String)],
    direction: Direction,
    name: &str,
) -> Result<usize, DeviceError> {
    let wanted = name.to_lowercase();
    let bare = |id: &str| {
        id.split_once(':')
            .map_or_else(|| id.to_owned(), |(_, bare)| bare.to_owned())
    };
    let fits = |way: usize, id: &str, title: &str| match way {
        0 => id == name || bare(id) == name,
        1 => title.to_lowercase() == wanted,
        _ => title.to_lowercase().contains(&wanted) && !id.ends_with(".monitor"),
    };
    for way in 0..3 {
        let fitting: Vec<usize> = (0..known.len())
            .filter(|index| fits(way, &known[*index].0, &known[*index].1))
            .collect();
        match fitting[..] {
            [] => {}
            [index] => return Ok(index),
            _ => {
                let candidates: Vec<String> = fitting
                    .iter()
                    .map(|index| format!("\"{}\" ({})", known[*index].1, known[*index].0))
                    .collect();
                return Err(DeviceError::Ambiguous {
                    name: name.to_owned(),
                    candidates: candidates.join(" or "),
                });
            }
        }
    }
    Err(not_found(direction, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<(String, String)> {
        [
            ("pulseaudio:alsa_input.usb-headset", "USB Headset"),
            ("pulseaudio:alsa_input.usb-camera", "USB Camera"),
            (
                "pulseaudio:alsa_output.usb-headset.monitor",
                "Monitor of USB Headset",
            ),
            ("pulseaudio:alsa_input.pci", "Built-in"),
            ("pulseaudio:alsa_input.pci-2", "Built-in"),
        ]
        .map(|(id, name)| (id.to_owned(), name.to_owned()))
        .to_vec()
    }

    #[test]
    fn a_device_is_found_by_identifier_by_name_and_by_a_part_of_its_name() {
        for (name, index) in [
            ("pulseaudio:alsa_input.pci-2", 4),
            ("alsa_input.pci", 3),
            ("USB Headset", 0),
            ("usb headset", 0),
            ("camera", 1),
            ("alsa_output.usb-headset.monitor", 2),
        ] {
            assert_eq!(
                choose(&known(), Direction::Capture, name),
                Ok(index),
                "{name}"
            );
        }
    }

    #[test]
    fn a_name_that_fits_several_devices_lists_them() {
        let error = choose(&known(), Direction::Capture, "Built-in")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("alsa_input.pci)") && error.contains("alsa_input.pci-2)"),
            "{error}"
        );
        assert!(matches!(
            choose(&known(), Direction::Capture, "USB"),
            Err(DeviceError::Ambiguous { .. })
        ));
    }

    #[test]
    fn an_unknown_device_says_what_to_do() {
        let error = choose(&known(), Direction::Capture, "Jabra")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"Jabra\"") && error.contains("sotto devices"),
            "{error}"
        );
    }
}
