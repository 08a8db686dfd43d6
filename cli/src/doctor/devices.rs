//! The microphone and the loudspeaker, or what stands in for them.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use sotto_control::config;
use sotto_control::model::{Device, DeviceInUse, Devices, Sound};

use super::finding::{Area, Finding, Help, Weight};
use super::machine::Machine;

/// One side of sound.
struct Side<'a> {
    role: &'static str,
    /// The loss without it.
    without: &'static str,
    /// The command that chooses a real device.
    choose: &'static str,
    used: &'a DeviceInUse,
    list: &'a [Device],
}

/// Returns both sides.
fn sides(devices: &Devices) -> [Side<'_>; 2] {
    [
        Side {
            role: "microphone",
            without: "nobody hears you",
            choose: "sotto devices use --input",
            used: &devices.sound.input,
            list: &devices.inputs,
        },
        Side {
            role: "loudspeaker",
            without: "you hear nobody",
            choose: "sotto devices use --output",
            used: &devices.sound.output,
            list: &devices.outputs,
        },
    ]
}

/// Judges both sides; `sound` is what the daemon's status says of them.
pub(super) fn judge(machine: &Machine, devices: &Devices, sound: &Sound) -> Vec<Finding> {
    let mut judged = each(machine, devices, sound);
    // What holds of both is told once.
    if let [one, other] = judged.as_mut_slice()
        && one.weight == Weight::Note
        && one.help == other.help
    {
        one.what = format!(
            "there is no sound, by your settings: audio.backend is {}",
            devices.backend
        );
        one.check = "sound";
        judged.truncate(1);
    }
    judged
}

fn each(machine: &Machine, devices: &Devices, sound: &Sound) -> Vec<Finding> {
    let states = [&sound.input, &sound.output];
    let judged = sides(devices).into_iter().zip(states);
    judged
        .map(|(side, state)| {
            side.file(machine)
                .or_else(|| side.failed(state))
                .or_else(|| side.stand_in(&devices.backend))
                .unwrap_or_else(|| side.device())
        })
        .collect()
}

/// Judges the sides that need no sound system.
pub(super) fn stand_ins(machine: &Machine, devices: &Devices) -> Vec<Finding> {
    let judged = sides(devices).into_iter();
    judged
        .filter_map(|side| {
            side.file(machine)
                .or_else(|| side.stand_in(&devices.backend))
        })
        .collect()
}

/// Returns whether a device of the settings needs no sound system.
pub(super) fn is_stand_in(wanted: &str) -> bool {
    use config::Device::{File, Null, Tone};
    matches!(wanted.parse(), Ok(File { .. } | Tone { .. } | Null))
}

impl Side<'_> {
    /// A sound file that cannot be used.
    fn file(&self, machine: &Machine) -> Option<Finding> {
        let Ok(config::Device::File { path: file, .. }) = self.used.wanted.parse() else {
            return None;
        };
        let path = machine.path(&file);
        let (verb, tried) = match self.role {
            "microphone" => ("read", opens(&path, OpenOptions::new().read(true))),
            _ => ("written", can_be_written(&path)),
        };
        let error = tried.err()?;
        let what = format!(
            "the {} is the file {}, which cannot be {verb}: {error}",
            self.role,
            file.display()
        );
        Some(
            Finding::problem(Area::Sound, self.role, what)
                .because(self.without)
                .helped_by(format!(
                    "put the file there, or use a real one: {} default",
                    self.choose
                )),
        )
    }

    /// Judges it by what the daemon says is wrong.
    fn failed(&self, state: &DeviceInUse) -> Option<Finding> {
        let problem = state.problem.clone()?;
        Some(
            Finding::problem(Area::Sound, self.role, problem)
                .because(self.without)
                .helped_by(Help::command("sotto devices"))
                .helped_if(state.hint.clone()),
        )
    }

    fn stand_in(&self, backend: &str) -> Option<Finding> {
        let wanted = self.used.wanted.as_str();
        let (what, help) = if is_stand_in(wanted) {
            let what = format!("the {} is {wanted}, by your settings", self.role);
            (what, format!("for a real one: {} default", self.choose))
        } else if backend == "null" {
            let what = format!(
                "there is no {}, by your settings: audio.backend is null",
                self.role
            );
            let help = "for a real one: sotto config set audio.backend auto && sotto restart";
            (what, help.to_owned())
        } else {
            return None;
        };
        Some(Finding::note(Area::Sound, self.role, what).helped_by(help))
    }

    /// A device of the system.
    fn device(&self) -> Finding {
        let (role, without) = (self.role, self.without);
        let open = self.used.open.as_deref();
        let wanted = self.used.wanted.as_str();
        let real: Vec<&Device> = self.list.iter().filter(|device| !device.monitor).collect();
        let chosen = real
            .iter()
            .find(|device| device.in_use)
            .or_else(|| {
                real.iter()
                    .find(|device| device.id == wanted || device.name == wanted)
            })
            .or_else(|| {
                real.iter()
                    .find(|device| device.default && is_default(wanted))
            });
        match chosen {
            Some(device) if device.muted_by_system => Finding::problem(
                Area::Sound,
                role,
                format!(
                    "the {role} {} is muted in the system's settings",
                    device.name
                ),
            )
            .because(without)
            .helped_by(self.unmuting(&device.id)),
            Some(device) => {
                Finding::fine(Area::Sound, role, format!("the {role} is {}", device.name))
            }
            None if open.is_some() => {
                let what = format!("the {role} is {}", open.unwrap_or_default());
                Finding::fine(Area::Sound, role, what)
            }
            None if real.is_empty() => {
                Finding::problem(Area::Sound, role, format!("there is no {role}"))
                    .because(without)
                    .helped_by("plug one in, or switch it on in the system's sound settings")
            }
            None if is_default(wanted) => {
                let what = format!("the system has no default {role}");
                Finding::problem(Area::Sound, role, what)
                    .because(without)
                    .helped_by(format!(
                        "choose one that 'sotto devices' lists: {} NAME",
                        self.choose
                    ))
            }
            None => {
                let what = format!("the chosen {role} {wanted} is not here");
                Finding::problem(Area::Sound, role, what)
                    .because(without)
                    .helped_by(format!(
                        "plug it in, or choose another: {} NAME",
                        self.choose
                    ))
            }
        }
    }

    /// Returns what switches a device of the system on again.
    fn unmuting(&self, id: &str) -> Help {
        match (id.strip_prefix("pulseaudio:"), self.role) {
            (Some(name), "microphone") => Help::command(format!("pactl set-source-mute {name} 0")),
            (Some(name), _) => Help::command(format!("pactl set-sink-mute {name} 0")),
            (None, _) => "switch it on there".into(),
        }
    }
}

fn is_default(wanted: &str) -> bool {
    matches!(wanted, "" | "default")
}

/// Returns why a file cannot be written, if so. It is left as it is.
fn can_be_written(path: &Path) -> io::Result<()> {
    match opens(path, OpenOptions::new().write(true)) {
        // It will be made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::metadata(path.parent().unwrap_or(path)).map(drop)
        }
        opened => opened,
    }
}

/// Opens a file for a moment. A pipe is not opened: that waits for its other end.
fn opens(path: &Path, options: &OpenOptions) -> io::Result<()> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    match kind.is_file() {
        true => options.open(path).map(drop),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str) -> Device {
        Device {
            id: format!("pulseaudio:{name}"),
            name: name.into(),
            default: true,
            ..Device::default()
        }
    }

    fn judged(backend: &str, used: DeviceInUse, list: &[Device]) -> Finding {
        let sound = Sound {
            input: used,
            ..Sound::default()
        };
        let devices = Devices {
            backend: backend.into(),
            inputs: list.to_vec(),
            sound: sound.clone(),
            ..Devices::default()
        };
        let machine = Machine::pretended(Path::new("/"), &[]);
        judge(&machine, &devices, &sound).swap_remove(0)
    }

    fn wants(device: &str) -> DeviceInUse {
        DeviceInUse {
            wanted: device.into(),
            ..DeviceInUse::default()
        }
    }

    fn microphone(wanted: &str, list: &[Device]) -> Finding {
        judged("auto", wants(wanted), list)
    }

    #[test]
    fn each_state_of_a_microphone_has_its_finding() {
        assert_eq!(
            microphone("default", &[device("Headset")]).weight,
            Weight::Fine
        );
        assert_eq!(microphone("default", &[]).what, "there is no microphone");
        let mut muted = device("Headset");
        muted.muted_by_system = true;
        assert!(
            microphone("default", &[muted])
                .what
                .contains("muted in the system")
        );
        let mut monitor = device("Monitor of Speakers");
        monitor.monitor = true;
        assert_eq!(
            microphone("default", &[monitor]).what,
            "there is no microphone"
        );
        assert!(
            microphone("Blue", &[device("Headset")])
                .what
                .contains("Blue is not here")
        );
        assert_eq!(microphone("null", &[]).weight, Weight::Note);
        let mut other = device("Other");
        other.default = false;
        assert!(
            microphone("default", &[other])
                .what
                .contains("no default microphone")
        );
    }

    #[test]
    fn a_muted_device_is_switched_on_by_one_command() {
        let mut muted = device("alsa_input.usb");
        muted.muted_by_system = true;
        let help = microphone("default", std::slice::from_ref(&muted)).help;
        assert_eq!(
            help.as_deref(),
            Some("pactl set-source-mute alsa_input.usb 0")
        );
        muted.id = "alsa:hw".into();
        assert!(
            !microphone("default", &[muted])
                .help
                .unwrap()
                .contains("pactl")
        );
    }

    #[test]
    fn a_sound_file_must_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mic.wav");
        let wanted = |ending: &str| format!("file:{}{ending}", path.display());
        let missing = microphone(&wanted("?loop"), &[]);
        assert_eq!(missing.weight, Weight::Problem);
        assert!(missing.what.contains("mic.wav, which"), "{missing:?}");
        std::fs::create_dir(&path).unwrap();
        assert_eq!(microphone(&wanted(""), &[]).weight, Weight::Problem);
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "RIFF").unwrap();
        assert_eq!(microphone(&wanted("?once"), &[]).weight, Weight::Note);
        assert!(can_be_written(&directory.path().join("new.wav")).is_ok());
        assert!(can_be_written(&directory.path().join("no/new.wav")).is_err());
    }

    #[test]
    fn the_daemons_own_words_and_no_sound_at_all_are_told() {
        let failed = DeviceInUse {
            problem: Some("the microphone is used by another program".into()),
            hint: Some("close it".into()),
            ..wants("default")
        };
        let found = judged("auto", failed, &[device("Headset")]);
        assert_eq!(found.weight, Weight::Problem);
        assert_eq!(found.help.as_deref(), Some("close it"));
        let silent = judged("null", wants("default"), &[]);
        assert_eq!(silent.weight, Weight::Note);
        assert!(silent.what.contains("audio.backend"), "{silent:?}");
    }
}
