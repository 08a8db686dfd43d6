//! Sound: the server, who may use the cards, and how the voice threads are scheduled.

use std::path::Path;

use sotto_control::model::{Sound, SoundState};

use super::devices;
use super::finding::{Area, Finding, Help};
use super::machine::Machine;
use super::told::{Daemon, Told};

/// What of the system's bus matters for sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RealTimeKit(pub(super) bool);

pub(super) fn examine(machine: &Machine, daemon: &Daemon, kit: RealTimeKit) -> Vec<Finding> {
    let mut found = Vec::new();
    let chosen = Server::chosen(machine, daemon.process());
    match daemon.told() {
        Some(told) => found.extend(of_daemon(machine, told, chosen.as_ref())),
        None => match &chosen {
            Some(server) => found.push(server.used()),
            None => found.extend(without_system(machine)),
        },
    }
    found.extend(permissions(machine, daemon));
    if let (Some(told), Some(process)) = (daemon.told(), daemon.process()) {
        let limits = machine.read(format!("/proc/{process}/limits"));
        found.extend(scheduling(&told.status.sound, limits.as_deref(), kit));
    }
    found
}

/// Judges what the daemon says of its devices.
fn of_daemon(machine: &Machine, told: &Told, chosen: Option<&Server>) -> Vec<Finding> {
    let sound = &told.status.sound;
    let Some(devices) = &told.devices else {
        return trouble(sound, told.no_devices.as_deref())
            .into_iter()
            .collect();
    };
    let mut found = Vec::new();
    let needs_system = devices.backend != "null"
        && [&devices.sound.input, &devices.sound.output]
            .iter()
            .any(|side| !devices::is_stand_in(&side.wanted));
    let nothing = devices.inputs.is_empty() && devices.outputs.is_empty();
    if needs_system && nothing {
        found.extend(match chosen {
            Some(server) => Some(server.fails(&devices.sound)),
            None => without_system(machine)
                .or_else(|| trouble(&devices.sound, Some("no sound device is found"))),
        });
        found.extend(devices::stand_ins(machine, devices));
        return found;
    }
    if let Some(server) = chosen.filter(|_| needs_system) {
        found.push(server.used());
    }
    let sides = [&sound.input, &sound.output];
    // What is wrong with a side is told of that side.
    if sides.iter().all(|side| side.problem.is_none()) {
        found.extend(trouble(sound, None));
    }
    found.extend(devices::judge(machine, devices, sound));
    found
}

/// The sound server that somebody chose by a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    name: String,
    /// The service manager started the daemon that uses it, nobody by hand.
    by_service: bool,
}

impl Server {
    /// Returns the server that the daemon's environment names, else this one's.
    fn chosen(machine: &Machine, daemon: Option<u32>) -> Option<Self> {
        let Some(process) = daemon else {
            let name = machine.variable("PULSE_SERVER")?.to_owned();
            return Some(Self {
                name,
                by_service: false,
            });
        };
        let environment = machine.read(format!("/proc/{process}/environ"))?;
        let value = |name: &str| {
            let mut variables = environment.split('\0');
            variables.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
        };
        let name = value("PULSE_SERVER").filter(|name| !name.is_empty())?;
        // systemd.exec(5): a process that was started by another one inherits the number of that.
        let started = value("SYSTEMD_EXEC_PID").and_then(|pid| pid.parse().ok());
        Some(Self {
            name: name.to_owned(),
            by_service: started == Some(process),
        })
    }

    fn used(&self) -> Finding {
        let what = format!(
            "sound goes to the server that PULSE_SERVER names: {}",
            self.name
        );
        Finding::note(Area::Sound, "server", what)
    }

    fn fails(&self, sound: &Sound) -> Finding {
        let why = sound.problem.as_deref().unwrap_or("no device is there");
        let what = format!("{why}; PULSE_SERVER names the server {}", self.name);
        Finding::problem(Area::Sound, "server", what)
            .because("sound goes to the server that is named and to no other: you are not heard, and hear nobody")
            .helped_by(if self.by_service {
                "if that server is not meant: systemctl --user unset-environment PULSE_SERVER && sotto restart"
            } else {
                "if that server is not meant: env -u PULSE_SERVER sotto restart"
            })
    }
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
    Some(
        Finding::problem(Area::Sound, "sound", what)
            .because("you are not heard, or hear nobody")
            .helped_by(Help::command("sotto devices"))
            .helped_if(sound.hint.clone()),
    )
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
        .helped_by(starting_a_server(machine)),
    )
}

/// Returns the command that starts the sound server which is installed here.
fn starting_a_server(machine: &Machine) -> Help {
    let pipewire = ["/usr/lib", "/lib", "/etc"];
    if pipewire
        .iter()
        .any(|place| machine.exists(format!("{place}/systemd/user/pipewire-pulse.service")))
    {
        Help::command("systemctl --user start pipewire-pulse")
    } else if machine.exists("/usr/bin/pulseaudio") {
        Help::command("pulseaudio --start")
    } else {
        "sudo apt install pipewire-pulse, or the like of your system; then log in anew".into()
    }
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
    use super::*;
    use sotto_control::model::{Devices, Status};

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
    fn a_sound_system_without_devices_is_told_once_with_what_helps() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[("XDG_RUNTIME_DIR", "/run/user/7")])
            .with("/run/user/7/pulse/native", "");
        let found = |hint: Option<&str>| {
            let sound = Sound {
                hint: hint.map(str::to_owned),
                ..Sound::default()
            };
            let devices = Some(Devices {
                backend: "auto".into(),
                sound,
                ..Devices::default()
            });
            let told = Told {
                devices,
                ..Told::default()
            };
            let found = of_daemon(&machine, &told, None).into_iter();
            let told = found.map(|it| (it.what, it.help.unwrap(), it.is_command));
            told.collect::<Vec<_>>()
        };
        let told = |help: &str, is_command| {
            let what = "no sound device is found".to_owned();
            [(what, help.to_owned(), is_command)]
        };
        assert_eq!(found(None), told("sotto devices", true));
        assert_eq!(found(Some("plug one in")), told("plug one in", false));
    }

    #[test]
    fn the_daemons_own_environment_names_the_server() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[("PULSE_SERVER", "here")])
            .with("/proc/7/environ", "A=b\0PULSE_SERVER=tcp:far\0C=d")
            .with(
                "/proc/9/environ",
                "SYSTEMD_EXEC_PID=9\0PULSE_SERVER=tcp:far",
            );
        let chosen = |process| {
            let server = Server::chosen(&machine, process)?;
            let help = server.fails(&Sound::default()).help.unwrap();
            Some((server.name, help.contains("systemctl")))
        };
        assert_eq!(chosen(Some(7)), Some(("tcp:far".to_owned(), false)));
        assert_eq!(chosen(Some(9)), Some(("tcp:far".to_owned(), true)));
        assert_eq!(chosen(Some(8)), None);
        assert_eq!(chosen(None), Some(("here".to_owned(), false)));
    }

    #[test]
    fn a_machine_without_sound_is_told_so_before_a_daemon_runs() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[("XDG_RUNTIME_DIR", "/run/user/7")]);
        let help = |machine: &Machine| without_system(machine).unwrap().help.unwrap();
        assert!(help(&machine).contains("install"));
        let machine = machine.with("/usr/bin/pulseaudio", "");
        assert_eq!(help(&machine), "pulseaudio --start");
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
