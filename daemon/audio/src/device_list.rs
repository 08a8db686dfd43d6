//! Which devices there are, and which one a name means.

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, DeviceType, Host, InterfaceType};

use crate::error::{DeviceError, Direction};
use crate::form_factor::FormFactor;
use crate::own_thread::within_limit;
use crate::spec::Backend;
use crate::system::{self, System, first_that, host};

/// The most devices that are listed for one direction.
pub(crate) const MOST_DEVICES: usize = 256;

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
    /// Whether it is no microphone but what another device plays, or a loudspeaker that plays into nothing.
    pub is_monitor: bool,
    /// What kind of thing it is, where the system knows.
    pub form: FormFactor,
    /// Whether it is connected by Bluetooth. Such a microphone is opened only where it is chosen by name.
    pub bluetooth: bool,
    /// Whether it is muted in the system's own settings.
    pub muted: bool,
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
        let mut found = first_that(backend, |system| {
            let found: Vec<DeviceInfo> = match system {
                #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
                System::PulseAudio => crate::pulse::list()?,
                System::Cpal(id) => {
                    let host = host(id)?;
                    [Direction::Capture, Direction::Playback]
                        .into_iter()
                        .flat_map(|direction| list(&host, direction))
                        .collect()
                }
            };
            if found.is_empty() {
                return Err(DeviceError::NoSoundSystem {
                    tried: format!("{}: no devices", system::name(system)),
                });
            }
            Ok(found)
        })?;
        found.sort_by_key(|device| {
            let playback = device.direction == Direction::Playback;
            (playback, !device.is_default, device.is_monitor)
        });
        Ok(found)
    })
}

fn list(host: &Host, direction: Direction) -> Vec<DeviceInfo> {
    let default = match direction {
        Direction::Capture => host.default_input_device(),
        Direction::Playback => host.default_output_device(),
    };
    let default = default.as_ref().map(identifier);
    all(host, direction)
        .iter()
        .filter(|device| is_lasting(&identifier(device)))
        .map(|device| {
            let id = identifier(device);
            DeviceInfo {
                name: title(device),
                direction,
                is_default: default.as_ref() == Some(&id),
                is_monitor: id.ends_with(".monitor"),
                form: form_factor(device),
                bluetooth: is_bluetooth(&id),
                muted: false,
                id,
            }
        })
        .collect()
}

/// Whether an identifier means the same device after a restart. ALSA lists each card by its number too, which another
/// card may have then; by its name (`CARD=PCH`) it is listed as well.
fn is_lasting(id: &str) -> bool {
    let Some((_, card)) = id.split_once("CARD=") else {
        return true;
    };
    let card = card.split(',').next().unwrap_or(card);
    card.is_empty() || !card.chars().all(|digit| digit.is_ascii_digit())
}

/// What kind of thing a device is, by cpal's knowledge.
pub(crate) fn form_factor(device: &Device) -> FormFactor {
    let Ok(description) = device.description() else {
        return FormFactor::Unknown;
    };
    match description.device_type() {
        DeviceType::Headset => FormFactor::Headset,
        DeviceType::Headphones | DeviceType::HearingAid => FormFactor::Headphones,
        DeviceType::Earpiece | DeviceType::Handset => FormFactor::Handset,
        DeviceType::Speaker | DeviceType::Dock => FormFactor::Speakers,
        DeviceType::Microphone => FormFactor::Microphone,
        _ => match description.interface_type() {
            InterfaceType::Hdmi | InterfaceType::DisplayPort => FormFactor::Screen,
            InterfaceType::BuiltIn => FormFactor::BuiltIn,
            _ => FormFactor::Unknown,
        },
    }
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
    let known: Vec<Named> = devices
        .iter()
        .map(|device| {
            let id = identifier(device);
            Named {
                title: title(device),
                monitor: id.ends_with(".monitor"),
                id,
            }
        })
        .collect();
    let index = choose(&known, direction, name)?;
    devices
        .into_iter()
        .nth(index)
        .ok_or_else(|| not_found(direction, name))
}

/// The one device of a list that a name means: its identifier, its name, or the unique beginning of one.
///
/// # Errors
///
/// When it means none, or several; the error then names them.
pub fn find<'a>(
    devices: &'a [DeviceInfo],
    direction: Direction,
    name: &str,
) -> Result<&'a DeviceInfo, DeviceError> {
    let of_direction: Vec<&DeviceInfo> = devices
        .iter()
        .filter(|device| device.direction == direction)
        .collect();
    let known: Vec<Named> = of_direction
        .iter()
        .map(|device| Named {
            id: device.id.clone(),
            title: device.name.clone(),
            monitor: device.is_monitor,
        })
        .collect();
    choose(&known, direction, name).map(|index| of_direction[index])
}

fn not_found(direction: Direction, name: &str) -> DeviceError {
    DeviceError::NotFound {
        direction,
        name: name.to_owned(),
    }
}

/// A device by what it may be called.
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) title: String,
    /// It is no microphone, so that it is only meant by its identifier or its whole name.
    pub(crate) monitor: bool,
}

/// An identifier, with or without its sound system, comes before a whole name, that before the beginning of one or of
/// an identifier, and that before a part of a name.
pub(crate) fn choose(
    known: &[Named],
    direction: Direction,
    name: &str,
) -> Result<usize, DeviceError> {
    let wanted = name.to_lowercase();
    if wanted.is_empty() {
        return Err(not_found(direction, name));
    }
    let bare = |id: &str| {
        id.split_once(':')
            .map_or_else(|| id.to_owned(), |(_, bare)| bare.to_owned())
    };
    let fits = |way: usize, device: &Named| {
        let (id, title) = (&device.id, device.title.to_lowercase());
        match way {
            0 => id == name || bare(id) == name,
            1 => title == wanted,
            2 => !device.monitor && (title.starts_with(&wanted) || bare(id).starts_with(name)),
            _ => !device.monitor && title.contains(&wanted),
        }
    };
    for way in 0..4 {
        let fitting: Vec<usize> = (0..known.len())
            .filter(|index| fits(way, &known[*index]))
            .collect();
        match fitting[..] {
            [] => {}
            [index] => return Ok(index),
            _ => {
                let candidates = fitting
                    .iter()
                    .map(|index| format!("\"{}\" ({})", known[*index].title, known[*index].id));
                return Err(DeviceError::Ambiguous {
                    name: name.to_owned(),
                    candidates: candidates.collect(),
                });
            }
        }
    }
    Err(not_found(direction, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Named> {
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
        .into_iter()
        .map(|(id, title)| Named {
            id: id.to_owned(),
            title: title.to_owned(),
            monitor: id.ends_with(".monitor"),
        })
        .collect()
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
        let error = choose(&known(), Direction::Capture, "Jabra").unwrap_err();
        let hint = error.hint().unwrap();
        assert!(
            error.to_string().contains("\"Jabra\"") && hint.contains("sotto devices"),
            "{error}; {hint}"
        );
    }
}
