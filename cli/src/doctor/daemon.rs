//! The daemon: its settings, its process, its service, and others beside it.

use std::path::Path;

use sotto_control::config::{self, Config};
use sotto_control::model::{NoticeKind, Severity};
use sotto_control::unit::{self, UNIT, UnitError, UnitState};
use sotto_control::{ForPeople, Places};

use super::finding::{Area, Finding, Help};
use super::machine::{Machine, Said};
use super::told::{Daemon, Told};

const OWN_RELEASE: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn examine(machine: &Machine, places: &Places, daemon: &Daemon) -> Vec<Finding> {
    let mut found = Vec::new();
    #[cfg(unix)]
    found.extend(super::files::judge(machine, places));
    // Why they cannot be read has been told then.
    let closed = !found.is_empty();
    found.extend(settings(&places.config, closed));
    found.push(running(daemon));
    if let Some(told) = daemon.told() {
        found.extend(release(told));
        found.extend(warnings(told));
    }
    found.extend(others(machine, daemon.process()));
    // A home of its own is no service of the login.
    if !unit::is_elsewhere() {
        found.extend(service(UnitState::ask().await));
        found.extend(linger(machine));
    }
    let clock = ["show", "--property=NTPSynchronized", "--value"];
    found.extend(clock_is_set(machine.ask("timedatectl", &clock).await));
    found
}

fn settings(path: &Path, closed: bool) -> Option<Finding> {
    let text = match config::read(path) {
        Ok(text) => text,
        Err(_) if closed => return None,
        Err(error) => {
            let what = format!("{} cannot be read: {error}", path.display());
            return Some(
                Finding::problem(Area::Daemon, "settings", what)
                    .because("the daemon does not start with settings that it cannot read")
                    .helped_by("make it readable for you, or move it away"),
            );
        }
    };
    let error = Config::parse(&text).err()?;
    let what = format!("{}: {error}", path.display());
    Some(
        Finding::problem(Area::Daemon, "settings", what)
            .because("the daemon does not start with settings that it does not understand")
            .helped_by("correct it: $EDITOR \"$(sotto config path)\""),
    )
}

fn running(daemon: &Daemon) -> Finding {
    match daemon {
        Daemon::Answers(told) => {
            let status = &told.status;
            let what = format!("sottod {} runs as process {}", status.version, status.pid);
            Finding::fine(Area::Daemon, "running", what)
        }
        Daemon::Silent { why, help } => Finding::problem(Area::Daemon, "running", why.clone())
            .because("nobody sees you, and no meeting can reach you")
            .helped_if(help.clone()),
    }
}

fn release(told: &Told) -> Option<Finding> {
    let release = &told.status.version;
    let what = if release != OWN_RELEASE {
        format!("the daemon is of release {release}, this program of {OWN_RELEASE}")
    } else if told.status.restart_to_update {
        "the daemon's program was replaced since it started".to_owned()
    } else {
        return None;
    };
    Some(
        Finding::note(Area::Daemon, "release", what)
            .because("an update takes effect with the daemon's next start")
            .helped_by(Help::command("sotto restart")),
    )
}

/// The daemon's own warnings, each in the area that it is about.
fn warnings(told: &Told) -> Vec<Finding> {
    let warnings = told.status.warnings.iter();
    let findings = warnings.map(|warning| {
        let (area, check) = match warning.kind {
            NoticeKind::Network => (Area::Network, "network"),
            NoticeKind::Sound | NoticeKind::SameRoom => (Area::Sound, "sound"),
            NoticeKind::IdentityCloned => (Area::Daemon, "clones"),
            _ => (Area::Daemon, "warning"),
        };
        let finding = match (warning.severity, warning.kind) {
            // With other ports than the usual ones the network works all the same.
            (Severity::Info, _) | (Severity::Warning, NoticeKind::Network) => {
                Finding::note(area, check, warning.text.clone())
            }
            (Severity::Warning | Severity::Error, _) => {
                Finding::problem(area, check, warning.text.clone())
            }
        };
        finding.helped_if(warning.hint.clone())
    });
    findings.collect()
}

/// Other daemons on this machine.
fn others(machine: &Machine, own: Option<u32>) -> Option<Finding> {
    let processes = machine.names("/proc").into_iter();
    let mut others: Vec<u32> = processes
        .filter_map(|name| name.parse().ok())
        .filter(|&process| Some(process) != own)
        .filter(|process| {
            let name = machine.read(format!("/proc/{process}/comm"));
            name.is_some_and(|name| name.trim() == "sottod")
        })
        .collect();
    others.sort_unstable();
    let processes: Vec<String> = others.iter().map(u32::to_string).collect();
    let (what, why) = match (processes.as_slice(), own) {
        ([], _) => return None,
        (many, None) => (
            format!(
                "a daemon runs that does not answer here: process {}",
                many.join(", ")
            ),
            "it has another home or another user, or its socket is closed to you",
        ),
        ([one], Some(_)) => (
            format!("another daemon runs on this machine: process {one}"),
            "colleagues see another person; only one of both has the usual ports",
        ),
        (many, Some(_)) => (
            format!(
                "{} other daemons run on this machine: processes {}",
                many.len(),
                many.join(", ")
            ),
            "colleagues see each as another person; only one of them has the usual ports",
        ),
    };
    Some(
        Finding::note(Area::Daemon, "instances", what)
            .because(why)
            .helped_by(match processes.as_slice() {
                [one] => format!("if it should not run: kill {one}"),
                many => format!("those that should not run: kill {}", many.join(" ")),
            }),
    )
}

fn service(asked: Result<UnitState, UnitError>) -> Option<Finding> {
    let state = match asked {
        Ok(state) => state,
        Err(UnitError::NoSystemd) => return None,
        Err(error) => {
            return Some(
                Finding::note(Area::Daemon, "service", error.to_string())
                    .because("whether Sotto starts when you log in cannot be told from here")
                    .helped_if(error.hint()),
            );
        }
    };
    let note = |what: &str| {
        Finding::note(Area::Daemon, "service", what)
            .because("Sotto does not start by itself when you log in")
            .helped_by(Help::command("sotto service install"))
    };
    Some(if state.load == "masked" {
        Finding::problem(Area::Daemon, "service", "the service is masked")
            .because("a masked service cannot be started")
            .helped_by(Help::command(format!("systemctl --user unmask {UNIT}")))
    } else if !state.is_installed() {
        note("is no service of your login")
    } else if state.active == "failed" {
        Finding::problem(
            Area::Daemon,
            "service",
            "the service of your login has failed",
        )
        .because("it does not start again by itself after a wrong setting")
        .helped_by(Help::command("sotto service logs"))
    } else if !state.is_enabled() {
        note("the service is not enabled")
    } else if state.runs() {
        Finding::fine(Area::Daemon, "service", "runs as a service of your login")
    } else {
        Finding::note(
            Area::Daemon,
            "service",
            "is a service of your login, but not started as one now",
        )
        .helped_by(Help::command("sotto service start"))
    })
}

fn linger(machine: &Machine) -> Option<Finding> {
    let user = machine.variable("USER")?;
    if user.contains('/') || !machine.exists(format!("/var/lib/systemd/linger/{user}")) {
        return None;
    }
    Some(
        Finding::note(
            Area::Daemon,
            "linger",
            "your services go on after you have logged out",
        )
        .because("the daemon leaves your meeting when you log out, but goes on running")
        .helped_by("if you do not want that: loginctl disable-linger"),
    )
}

fn clock_is_set(said: Option<Said>) -> Option<Finding> {
    let said = said.filter(|said| said.success)?;
    match said.text.as_str() {
        "yes" => Some(Finding::fine(
            Area::Daemon,
            "clock",
            "the clock is kept by network time",
        )),
        "no" => Some(
            Finding::note(
                Area::Daemon,
                "clock",
                "nothing keeps this machine's clock right",
            )
            .because("times that colleagues see may be wrong")
            .helped_by(Help::command("sudo timedatectl set-ntp true")),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;
    use sotto_control::model::{Notice, Status};

    fn said(text: &str) -> Option<Said> {
        let text = text.to_owned();
        Some(Said {
            success: true,
            text,
        })
    }

    fn runs(status: Status) -> Told {
        Told {
            status,
            ..Told::default()
        }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        assert_eq!(settings(&path, false), None, "no file is no fault");
        std::fs::write(&path, "[network]\nlisten_port = 'x'\n").unwrap();
        let found = settings(&path, false).unwrap();
        assert_eq!(found.weight, Weight::Problem);
        assert!(found.what.contains("config.toml"), "{found:?}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(settings(&path, false).unwrap().weight, Weight::Problem);
        assert_eq!(settings(&path, true), None, "the reason is told already");
    }

    #[test]
    fn a_daemon_of_another_release_and_a_replaced_program_are_told() {
        let told = |version: &str, restart_to_update| {
            runs(Status {
                version: version.into(),
                restart_to_update,
                ..Status::default()
            })
        };
        assert_eq!(release(&told(OWN_RELEASE, false)), None);
        let other = release(&told("0.0.1", false)).unwrap();
        assert!(other.what.contains("0.0.1"));
        let replaced = release(&told(OWN_RELEASE, true)).unwrap();
        assert_eq!(replaced.help.unwrap(), "sotto restart");
    }

    #[test]
    fn other_daemons_are_counted_and_the_own_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[])
            .with("/proc/7/comm", "sottod\n")
            .with("/proc/8/comm", "bash\n")
            .with("/proc/version", "Linux");
        assert_eq!(others(&machine, Some(7)), None);
        let machine = machine.with("/proc/12/comm", "sottod\n");
        let found = others(&machine, Some(7)).unwrap();
        assert!(found.what.ends_with("process 12"), "{found:?}");
        let silent = others(&machine, None).unwrap();
        assert!(silent.what.ends_with("process 7, 12"), "{silent:?}");
    }

    #[test]
    fn warnings_of_the_daemon_stand_where_they_belong() {
        let warning = |kind, severity| Notice {
            kind,
            severity,
            text: "text".into(),
            hint: Some("hint".into()),
            ..Notice::default()
        };
        let found = warnings(&runs(Status {
            warnings: vec![
                warning(NoticeKind::IdentityCloned, Severity::Error),
                warning(NoticeKind::Network, Severity::Warning),
                warning(NoticeKind::Other, Severity::Info),
            ],
            ..Status::default()
        }));
        assert_eq!(
            found
                .iter()
                .map(|it| (it.area, it.check, it.weight))
                .collect::<Vec<_>>(),
            [
                (Area::Daemon, "clones", Weight::Problem),
                (Area::Network, "network", Weight::Note),
                (Area::Daemon, "warning", Weight::Note),
            ]
        );
        assert!(found.iter().all(|it| it.help.as_deref() == Some("hint")));
    }

    #[test]
    fn the_service_is_told_in_every_state() {
        let weight = |load: &str, enabled: &str, active: &str| {
            let state = UnitState {
                load: load.into(),
                enabled: enabled.into(),
                active: active.into(),
                ..UnitState::default()
            };
            service(Ok(state)).map(|found| found.weight)
        };
        let loaded = |enabled, active| weight("loaded", enabled, active);
        assert_eq!(loaded("enabled", "active"), Some(Weight::Fine));
        assert_eq!(loaded("enabled", "inactive"), Some(Weight::Note));
        assert_eq!(loaded("enabled", "failed"), Some(Weight::Problem));
        assert_eq!(loaded("disabled", "inactive"), Some(Weight::Note));
        assert_eq!(
            weight("masked", "masked", "inactive"),
            Some(Weight::Problem)
        );
        assert_eq!(weight("not-found", "", "inactive"), Some(Weight::Note));
        assert_eq!(weight("", "", "inactive"), Some(Weight::Note));
        let unreachable = service(Err(UnitError::Unreachable("no bus".into())));
        assert_eq!(unreachable.unwrap().weight, Weight::Note);
        assert_eq!(
            service(Err(UnitError::NoSystemd)),
            None,
            "no systemd, nothing to say"
        );
    }

    #[test]
    fn lingering_and_an_unset_clock_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[("USER", "anna")]);
        assert_eq!(linger(&machine), None);
        let machine = machine.with("/var/lib/systemd/linger/anna", "");
        assert_eq!(linger(&machine).unwrap().check, "linger");
        assert_eq!(clock_is_set(said("no")).unwrap().weight, Weight::Note);
        assert_eq!(clock_is_set(said("yes")).unwrap().weight, Weight::Fine);
        assert_eq!(clock_is_set(said("")), None);
    }
}
