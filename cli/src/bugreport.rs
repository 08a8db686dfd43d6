//! What a report of a fault holds: the programs, the doctor's findings, the daemon's state, settings and log, without
//! names and addresses.

mod redaction;
mod settings;

use std::time::Duration;

use redaction::Redaction;
use serde::Serialize;
use serde_json::Value;
use sotto_control::{EventsSubscribe, Places, config};
use tokio::time::timeout;

use crate::connection::ask;
use crate::doctor::{self, Machine};
use crate::failure::Failure;
use crate::format::{self, Style};
use crate::log_source::{LogSource, log_file};

/// The lines of the log that are told.
const LOG_LINES: u32 = 300;
/// The longest time that reading them may take.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Makes the report. Takes two to four seconds, like the doctor.
///
/// # Errors
/// There is no place for Sotto's files.
pub(crate) async fn make() -> Result<String, Failure> {
    let places = Places::find()?;
    let machine = Machine::here();
    let (snapshot, looked) = tokio::join!(ask(EventsSubscribe { levels: false }), doctor::look());
    let (findings, told) = looked?;
    let snapshot = snapshot.map(|snapshot| serde_json::to_value(snapshot).unwrap_or_default());
    let mut redaction = redaction(&machine, snapshot.as_ref().ok());
    // The doctor names also those who are not reached.
    if let Some(told) = told {
        redaction.hide_all_of(&told);
    }
    let state = match &snapshot {
        Ok(snapshot) => in_json(snapshot),
        Err(failure) => failure.to_string(),
    };
    let settings = match config::read(&places.config) {
        Ok(text) if text.is_empty() => "none".to_owned(),
        Ok(text) => text,
        Err(error) => error.to_string(),
    };
    redaction.hide_names_in(&settings);
    // A name must not be broken into two lines before it is replaced.
    let findings = findings.reworded(|text| redaction.of(text));
    let sections = [
        ("Programs", programs(&machine)),
        (
            "What the doctor found",
            format::diagnosis(&findings, true, Style::for_stream(false)),
        ),
        ("The daemon's state", state),
        ("Settings", settings),
        ("The end of the log", log(&places).await),
    ];
    let mut text = "A report about Sotto. Names, titles, identities and addresses are replaced; the same thing has the same \
                    replacement throughout.\n"
        .to_owned();
    for (title, content) in sections {
        let content = redaction.of(content.trim_end());
        text.push_str(&format!("\n== {title} ==\n{content}\n"));
    }
    Ok(text)
}

/// Prepares to hide whoever is known.
fn redaction(machine: &Machine, snapshot: Option<&Value>) -> Redaction {
    let mut redaction = Redaction::default();
    if let Some(snapshot) = snapshot {
        redaction.hide_all_of(snapshot);
    }
    // These names are on everybody's machine.
    let usual = |name: &str| matches!(name, "root" | "localhost");
    if let Some(home) = machine.variable("HOME").filter(|home| home.len() > 1) {
        redaction.hide_as(home, "~");
    }
    for variable in ["USER", "LOGNAME"] {
        let name = machine.variable(variable).filter(|name| !usual(name));
        redaction.hide_as(name.unwrap_or_default(), "user");
    }
    let host = machine.read("/etc/hostname").unwrap_or_default();
    let host = host.trim();
    if !usual(host) {
        redaction.hide_as(host, "host");
    }
    redaction
}

fn programs(machine: &Machine) -> String {
    let system = machine.read("/etc/os-release").unwrap_or_default();
    let system = system
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let kernel = machine
        .read("/proc/sys/kernel/osrelease")
        .unwrap_or_default();
    let mut text = format!(
        "sotto {}\nsystem {}, {}\nkernel {}\n",
        env!("CARGO_PKG_VERSION"),
        system.unwrap_or(std::env::consts::OS).trim_matches('"'),
        std::env::consts::ARCH,
        kernel.trim()
    );
    for variable in [
        "XDG_CURRENT_DESKTOP",
        "XDG_SESSION_TYPE",
        "WAYLAND_DISPLAY",
        "DISPLAY",
        "LANG",
        "TERM",
    ] {
        if let Some(value) = machine.variable(variable) {
            text.push_str(&format!("{variable}={value}\n"));
        }
    }
    text
}

fn in_json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())
}

/// Returns the end of the daemon's log. Where the journal has nothing, it may still be in a file.
async fn log(places: &Places) -> String {
    let source = match LogSource::find(places).await {
        Ok(source) => source,
        Err(error) => return error.to_string(),
    };
    let file = log_file(places).map(LogSource::File);
    for source in source.into_iter().chain(file) {
        let mut reader = source.reader(LOG_LINES, false);
        let read = timeout(READ_WITHIN, reader.kill_on_drop(true).output()).await;
        if let Ok(Ok(printed)) = read
            && !printed.stdout.trim_ascii().is_empty()
        {
            return String::from_utf8_lossy(&printed.stdout).into_owned();
        }
    }
    "none was found".to_owned()
}
