//! Sound: the server, the devices, and how the voice threads are scheduled.

use std::path::Path;

use sotto_control::model::{Device, Devices, Sound, SoundState};

use super::finding::{Area, Finding};
use super::machine::Machine;
use super::told::Daemon;

/// What of the system's bus matters for sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RealTimeKit(pub(super) bool);

pub(super) fn examine(machine: &Machine, daemon: &Daemon, kit: RealTimeKit) -> Vec<Finding> {
    let mut found = Vec::new();
    let chosen = chosen_server(machine, daemon.process());
    if let Some(server) = &chosen {
        let what = format!("sound goes to the server that PULSE_SERVER names: {server}");
        found.push(Finding::note(Area::Sound, "server", what));
    }
    match daemon.told() {
        Some(told) => {
            found.extend(trouble(&told.status.sound, told.no_devices.as_deref()));
            if let Some(devices) = &told.devices {
                let nothing = devices.inputs.is_empty() && devices.outputs.is_empty();
                match without_system(machine).filter(|_| nothing) {
                    Some(finding) => found.push(finding),
                    None => found.extend(devices_of(devices)),
                }
            }
        }
        None if chosen.is_none() => found.extend(without_system(machine)),
        None => {}
    }
    found.extend(permissions(machine, daemon));
    if let (Some(told), Some(process)) = (daemon.told(), daemon.process()) {
        let limits = machine.read(format!("/proc/{process}/limits"));
        found.extend(scheduling(&told.status.sound, limits.as_deref(), kit));
    }
    found
}

/// Returns the server that the daemon's environment names, else this one's.
fn chosen_server(machine: &Machine, daemon: Option<u32>) -> Option<String> {
    let Some(process) = daemon else {
        return machine.variable("PULSE_SERVER").map(str::to_owned);
    };
    let environment = machine.read(format!("/proc/{process}/environ"))?;
    let mut variables = environment.split('\0');
    let server = variables.find_map(|it| it.strip_prefix("PULSE_SERVER="))?;
    (!server.is_empty()).then(|| server.to_owned())
}

fn trouble(sound: &Sound, no_devices: Option<&str>) -> Option<Finding> {
    let failed = matches!(sound.state, SoundState::Failed | SoundState::Unavailable);
    let what = sound
        .problem
        .clone()
        .or_else(|| no_devices.map(str::to_owned));
    let what = match (what, failed) {
        (Some(what), _) => what,
        (None, true) => "no sound device works".to_owned(),
        (None, false) => return None,
    };
    let finding =
        Finding::problem(Area::Sound, "sound", what).because("you are not heard, or hear nobody");
    Some(match &sound.hint {
        Some(hint) => finding.helped_by(hint.clone()),
        None => finding.helped_by("sotto devices"),
    })
}

fn devices_of(devices: &Devices) -> Vec<Finding> {
    let wanted = &devices.sound;
    let microphone = side(
        "microphone",
        "nobody hears you",
        &wanted.input.wanted,
        wanted.input.open.as_deref(),
        &devices.inputs,
    );
    let loudspeaker = side(
        "loudspeaker",
        "you hear nobody",
        &wanted.output.wanted,
        wanted.output.open.as_deref(),
        &devices.outputs,
    );
    vec![microphone, loudspeaker]
}

/// Judges one side of sound.
fn side(
    role: &'static str,
    without: &str,
    wanted: &str,
    open: Option<&str>,
    list: &[Device],
) -> Finding {
    let is_a_file = ["file:", "tone:"].iter().any(|it| wanted.starts_with(it));
    if is_a_file || wanted == "null" {
        let what = format!("the {role} is {wanted}, by your settings");
        return Finding::note(Area::Sound, role, what).helped_by(match role {
            "microphone" => "for a real one: sotto devices use --input default",
            _ => "for a real one: sotto devices use --output default",
        });
    }
    let real: Vec<&Device> = list.iter().filter(|device| !device.monitor).collect();
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
        .helped_by("unmute it there, for instance with pavucontrol"),
        Some(device) => Finding::fine(Area::Sound, role, format!("the {role} is {}", device.name)),
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
                .helped_by("choose one: sotto devices use NAME")
        }
        None => {
            let what = format!("the chosen {role} {wanted} is not here");
            Finding::problem(Area::Sound, role, what)
                .because(without)
                .helped_by("plug it in, or choose another: sotto devices use NAME")
        }
    }
}

fn is_default(wanted: &str) -> bool {
    matches!(wanted, "" | "default")
}

/// Looks for a sound system by its files.
fn without_system(machine: &Machine) -> Option<Finding> {
    let runtime = machine
        .variable("XDG_RUNTIME_DIR")
        .unwrap_or("/nonexistent");
    let server = machine.exists(Path::new(runtime).join("pulse/native"));
    let cards = machine
        .names("/dev/snd")
        .iter()
        .any(|name| name.starts_with("pcm"));
    if server || cards {
        return None;
    }
    Some(
        Finding::problem(
            Area::Sound,
            "sound",
            "there is no sound server and no sound card",
        )
        .because("you are not heard, and hear nobody")
        .helped_by("start one: systemctl --user start pipewire-pulse, or pulseaudio --start"),
    )
}

/// Sound cards that this user may not open, where no server opens them for it.
fn permissions(machine: &Machine, daemon: &Daemon) -> Option<Finding> {
    let by_server = daemon.told().and_then(|told| told.devices.as_ref());
    if by_server.is_some_and(|devices| !devices.inputs.is_empty()) {
        return None;
    }
    let mut names = machine.names("/dev/snd");
    names.retain(|name| name.starts_with("pcm"));
    let closed = !names.is_empty()
        && names
            .iter()
            .all(|name| is_closed(&machine.path(format!("/dev/snd/{name}"))));
    closed.then(|| {
        Finding::problem(
            Area::Sound,
            "permission",
            "you may not use this machine's sound cards",
        )
        .because("neither microphone nor loudspeaker can be opened")
        .helped_by("sudo usermod -aG audio $USER, then log in anew")
    })
}

#[cfg(unix)]
fn is_closed(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(path, Access::READ_OK | Access::WRITE_OK) == Err(rustix::io::Errno::ACCESS)
}

#[cfg(not(unix))]
const fn is_closed(_path: &Path) -> bool {
    false
}

fn scheduling(sound: &Sound, limits: Option<&str>, kit: RealTimeKit) -> Option<Finding> {
    match sound.scheduling.as_deref() {
        Some("real-time") => {
            let what = "the voice threads have real-time priority";
            return Some(Finding::fine(Area::Sound, "priority", what));
        }
        Some(_) => {}
        // No meeting is active: they do not run.
        None => {
            let limit = limits.and_then(real_time_limit).unwrap_or(0);
            if kit.0 || limit > 0 {
                return None;
            }
        }
    }
    Some(
        Finding::note(
            Area::Sound,
            "priority",
            "the voice threads get no real-time priority",
        )
        .because("sound may break up while this machine is busy")
        .helped_by("sudo apt install rtkit, or the like of your system"),
    )
}

/// Reads the highest priority from the limits of a process (proc(5)).
fn real_time_limit(limits: &str) -> Option<u32> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max realtime priority"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(99),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::super::told::Told;
    use super::*;
    use sotto_control::model::Status;

    fn device(name: &str) -> Device {
        Device {
            id: format!("pulseaudio:{name}"),
            name: name.into(),
            default: true,
            ..Device::default()
        }
    }

    fn microphone(wanted: &str, list: &[Device]) -> Finding {
        side("microphone", "nobody hears you", wanted, None, list)
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
    fn what_the_daemon_complains_of_is_told_with_its_hint() {
        let sound = Sound {
            state: SoundState::Failed,
            problem: Some("the microphone is used by another program".into()),
            hint: Some("close it".into()),
            ..Sound::default()
        };
        let found = trouble(&sound, None).unwrap();
        assert_eq!(found.help.as_deref(), Some("close it"));
        assert_eq!(trouble(&Sound::default(), None), None);
        assert!(trouble(&Sound::default(), Some("refused")).is_some());
    }

    #[test]
    fn the_daemons_own_environment_names_the_server() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[("PULSE_SERVER", "here")])
            .with("/proc/7/environ", "A=b\0PULSE_SERVER=tcp:far\0C=d");
        assert_eq!(chosen_server(&machine, Some(7)).as_deref(), Some("tcp:far"));
        assert_eq!(chosen_server(&machine, Some(8)), None);
        assert_eq!(chosen_server(&machine, None).as_deref(), Some("here"));
    }

    #[test]
    fn a_machine_without_sound_is_told_so_before_a_daemon_runs() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[("XDG_RUNTIME_DIR", "/run/user/7")]);
        assert!(without_system(&machine).is_some());
        let machine = machine.with("/run/user/7/pulse/native", "");
        assert_eq!(without_system(&machine), None);
    }

    #[cfg(unix)]
    #[test]
    fn sound_cards_that_are_closed_to_the_user_are_found() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[]).with("/dev/snd/pcmC0D0c", "");
        let card = machine.path("/dev/snd/pcmC0D0c");
        let silent = Daemon::Answers(Box::new(Told {
            status: Status::default(),
            ..Told::default()
        }));
        assert_eq!(permissions(&machine, &silent), None);
        std::fs::set_permissions(&card, std::fs::Permissions::from_mode(0o000)).unwrap();
        // Nothing is closed to root.
        let closed = is_closed(&card);
        assert_eq!(permissions(&machine, &silent).is_some(), closed);
    }

    #[test]
    fn threads_without_priority_are_told() {
        let limits = "Max realtime priority     0                    0\n";
        let found = |sound: &Sound, kit| scheduling(sound, Some(limits), RealTimeKit(kit));
        let closed = Sound::default();
        assert!(found(&closed, false).is_some());
        assert_eq!(found(&closed, true), None);
        let with = |name: &str| Sound {
            scheduling: Some(name.into()),
            ..Sound::default()
        };
        assert_eq!(
            found(&with("real-time"), false).unwrap().weight,
            Weight::Fine
        );
        assert_eq!(found(&with("ordinary"), true).unwrap().weight, Weight::Note);
        assert_eq!(
            real_time_limit("Max realtime priority     95     95"),
            Some(95)
        );
    }
}
