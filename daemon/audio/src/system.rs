//! Which sound systems there are, and which of them answers.

use cpal::{Host, HostId};

use crate::alsa_messages;
use crate::error::DeviceError;
use crate::spec::Backend;

/// A sound system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// PulseAudio, or PipeWire's stand-in for it.
    #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
    PulseAudio,
    /// Another one, through cpal.
    Cpal(HostId),
}

/// The sound systems of a backend, in the order in which they are tried.
fn systems(backend: Backend) -> Result<Vec<System>, DeviceError> {
    let all = || {
        let others = cpal::ALL_HOSTS.iter().copied().map(System::Cpal);
        #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
        {
            // After PipeWire itself, where that is built in; before ALSA, whose default goes through the others.
            let mut all: Vec<System> = others.collect();
            let first = all
                .iter()
                .position(|system| name(*system) != Backend::PipeWire.name())
                .unwrap_or(all.len());
            all.insert(first, System::PulseAudio);
            all
        }
        #[cfg(not(all(target_os = "linux", feature = "pulseaudio")))]
        others.collect::<Vec<System>>()
    };
    match backend {
        // Sound must not go elsewhere because the server that the user named does not answer.
        #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
        Backend::Auto if crate::pulse::is_named() => Ok(vec![System::PulseAudio]),
        Backend::Auto => Ok(all()),
        Backend::Null => Ok(Vec::new()),
        Backend::PulseAudio | Backend::PipeWire | Backend::Alsa => all()
            .into_iter()
            .find(|system| name(*system) == backend.name())
            .map(|system| vec![system])
            .ok_or(DeviceError::NotBuilt {
                backend: backend.name(),
            }),
    }
}

/// The sound system's name, as in the configuration.
pub(crate) fn name(system: System) -> String {
    match system {
        #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
        System::PulseAudio => Backend::PulseAudio.name().to_owned(),
        System::Cpal(host) => host.to_string().to_lowercase(),
    }
}

fn is_running(system: System) -> bool {
    match system {
        #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
        System::PulseAudio => crate::pulse::is_running(),
        System::Cpal(host) => cpal::available_hosts().contains(&host),
    }
}

/// Whether the kernel knows a sound card.
fn has_sound_card() -> bool {
    let entries = std::fs::read_dir("/dev/snd")
        .into_iter()
        .flatten()
        .flatten();
    entries.into_iter().any(|entry| {
        entry.file_name().to_string_lossy().starts_with("pcm") || !cfg!(target_os = "linux")
    })
}

/// Does `work` with the first sound system that answers, and says why none did otherwise.
pub(crate) fn first_that<T>(
    backend: Backend,
    work: impl FnMut(System) -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    alsa_messages::collected(|| first_that_answers(backend, work))
}

fn first_that_answers<T>(
    backend: Backend,
    mut work: impl FnMut(System) -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    let mut tried = Vec::new();
    let mut refusal = None;
    for system in systems(backend)? {
        if !is_running(system) {
            tried.push(format!("{}: not running", name(system)));
            continue;
        }
        // ALSA without a card only complains, and on standard error.
        if backend == Backend::Auto && name(system) == Backend::Alsa.name() && !has_sound_card() {
            tried.push(format!("{}: no sound card", name(system)));
            continue;
        }
        match work(system) {
            Ok(done) => return Ok(done),
            Err(DeviceError::NoSoundSystem { tried: why }) => tried.push(why),
            // A sound system without this device may stand before one that has it. But where one has the say over
            // microphones and does not give this one, it is not gone round it.
            Err(
                error @ (DeviceError::BluetoothMicrophone { .. }
                | DeviceError::NoDefault(_)
                | DeviceError::Busy { .. }),
            ) => return Err(error),
            Err(error) => {
                refusal.get_or_insert(error);
            }
        }
    }
    Err(refusal.unwrap_or_else(|| DeviceError::NoSoundSystem {
        tried: tried.join("; "),
    }))
}

/// The host that cpal has for a sound system. A connection is never kept: once its server has gone it is dead.
pub(crate) fn host(id: HostId) -> Result<Host, DeviceError> {
    cpal::host_from_id(id).map_err(|error| DeviceError::NoSoundSystem {
        tried: format!("{id}: {error}"),
    })
}
