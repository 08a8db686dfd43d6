//! The service of the login.

use std::path::Path;
use std::time::{Duration, SystemTime};

use sotto_control::unit::WRONG_CONFIGURATION;

use super::{Ink, Style, duration};
use crate::commands::{Installed, Running, ServiceStatus, Stopped, Uninstalled};

pub(crate) fn service_stopped(stopped: &Stopped, _style: Style) -> String {
    match stopped.enabled {
        true => "The service has stopped; it starts again with your next login.".to_owned(),
        false => "The service has stopped.".to_owned(),
    }
}

pub(crate) fn service_installed(installed: &Installed, style: Style) -> String {
    let file = installed.file.display();
    let starts = program(installed.program.as_deref());
    let mut lines = vec![match installed.packaged {
        true => format!(
            "Sotto starts with your login: {file}, which came with a package, starts {starts}."
        ),
        false => format!("Sotto starts with your login: {file} starts {starts}."),
    }];
    if let Some(beside) = &installed.beside {
        let text = format!("That is another one than {}.", beside.display());
        lines.push(style.paint(Ink::Yellow, text));
    }
    if let Some(aside) = &installed.set_aside {
        lines.push(format!("What was there is in {} now.", aside.display()));
    }
    lines.push(
        match installed.running {
            Running::Nothing => "Start it now with 'sotto start'.",
            Running::Service => "It runs as before until you type 'sotto restart'.",
            Running::ByHand => {
                "A daemon that was started by hand runs; 'sotto restart' makes it the service."
            }
        }
        .to_owned(),
    );
    lines.join("\n")
}

pub(crate) fn service_uninstalled(uninstalled: &Uninstalled, _style: Style) -> String {
    let mut lines = Vec::new();
    if let Some(title) = &uninstalled.left {
        lines.push(format!(
            "You were in \"{title}\", and have said goodbye there."
        ));
    }
    lines.push(
        "Sotto starts no more with your login. Settings, identity and meetings are kept."
            .to_owned(),
    );
    if let Some(packaged) = &uninstalled.packaged {
        lines.push(format!(
            "{} came with a package and stays; 'sotto start' still uses it.",
            packaged.display()
        ));
    }
    if let Some(aside) = &uninstalled.set_aside {
        lines.push(format!(
            "The unit that was changed by hand is in {} now.",
            aside.display()
        ));
    }
    if let Some(drop_ins) = &uninstalled.drop_ins {
        lines.push(format!("Your own settings for the unit stay: {drop_ins}."));
    }
    if uninstalled.by_hand {
        lines.push("A daemon that was started by hand runs on; 'sotto quit' stops it.".to_owned());
    }
    lines.join("\n")
}

pub(crate) fn service_status(status: &ServiceStatus, style: Style) -> String {
    let unit = &status.unit;
    let mut lines = vec![state(status, style)];
    if status.installed {
        lines.push(match status.enabled {
            true => "It starts with your login.".to_owned(),
            false => "It does not start with your login; 'sotto service install' changes that."
                .to_owned(),
        });
        let file = unit.file.as_deref().unwrap_or(Path::new("its unit"));
        lines.push(format!(
            "{} starts {}.",
            file.display(),
            program(unit.program.as_deref())
        ));
    }
    if let Some(beside) = &status.beside {
        let text = format!("That is another one than {}.", beside.display());
        lines.push(style.paint(Ink::Yellow, text));
    }
    if let Some(drop_ins) = &unit.drop_ins {
        lines.push(format!("It is changed by {drop_ins}."));
    }
    if unit.outdated {
        let text = "Its file has changed since it was read; 'systemctl --user daemon-reload' reads it anew.";
        lines.push(style.paint(Ink::Yellow, text));
    }
    if status.running && unit.restarts > 0 {
        let times = match unit.restarts {
            1 => "once".to_owned(),
            many => format!("{many} times"),
        };
        let text =
            format!("It failed and was started again {times}; 'sotto service logs' says why.");
        lines.push(style.paint(Ink::Yellow, text));
    }
    if let Some(process) = status.by_hand {
        lines.push(format!(
            "A daemon that was started by hand runs (process {process}){}.",
            match status.installed {
                true => "; 'sotto restart' makes it the service",
                false => "",
            }
        ));
    }
    lines.join("\n")
}

fn state(status: &ServiceStatus, style: Style) -> String {
    let unit = &status.unit;
    if unit.load == "masked" {
        let text = "The service is masked: it never starts; 'systemctl --user unmask sottod' takes that back.";
        return style.paint(Ink::Yellow, text);
    }
    if !status.installed {
        return "Sotto is no service of your login; 'sotto service install' makes it one."
            .to_owned();
    }
    match unit.active.as_str() {
        "active" => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let time = unit.since.zip(now.ok()).map(|(since, now)| {
                let seconds = now.as_secs().saturating_sub(since).max(1);
                format!(" for {}", duration(Duration::from_secs(seconds)))
            });
            let process = unit
                .process
                .map(|process| format!(" (process {process})"))
                .unwrap_or_default();
            let doing = unit.doing.as_ref().map(|doing| format!(": {doing}"));
            format!(
                "{}{}{process}{}.",
                style.paint(Ink::Green, "The service has been running"),
                time.unwrap_or_default(),
                doing.unwrap_or_default()
            )
        }
        "activating" => "The service is starting.".to_owned(),
        "deactivating" => "The service is stopping.".to_owned(),
        "failed" => style.paint(Ink::Red, failed(status)),
        _ if status.by_hand.is_some() => "The service does not run.".to_owned(),
        _ => "The service does not run; 'sotto start' starts it.".to_owned(),
    }
}

fn failed(status: &ServiceStatus) -> String {
    let unit = &status.unit;
    if let Some(words) = &status.last_words {
        return format!("The service does not run: {words}.");
    }
    let why = match (unit.result.as_str(), unit.exit_code) {
        ("exit-code", WRONG_CONFIGURATION) => "its configuration or place is wrong".to_owned(),
        ("exit-code", code) => format!("it ended with exit code {code}"),
        ("watchdog", _) => "it hung and was ended".to_owned(),
        ("signal" | "core-dump", signal) => format!("it was ended by signal {signal}"),
        ("start-limit-hit", _) => "it failed too often in a row".to_owned(),
        ("timeout", _) => "it did not start or stop in time".to_owned(),
        (result, _) => format!("it failed ({result})"),
    };
    format!("The service does not run: {why}; 'sotto service logs' says more.")
}

fn program(program: Option<&Path>) -> String {
    program.map_or_else(
        || "nothing".to_owned(),
        |program| program.display().to_string(),
    )
}
