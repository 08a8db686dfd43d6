//! The doctor in a sandbox, with stand-ins for the system's programs.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;

use crate::support::home::{Home, Ran, soon};

/// A cable whose other end is up, as `eth0` with an address.
pub(crate) const CABLE: &str = "ip link set lo up
ip link add eth0 type veth peer name far
ip link set far up
ip link set eth0 up
ip address add 192.168.1.7/24 dev eth0";

/// The doctor's report in a sandbox that a script has set up.
pub(crate) struct Diagnosis {
    pub(crate) code: i32,
    findings: Vec<Value>,
}

impl Diagnosis {
    /// Runs the doctor after a script.
    pub(crate) async fn after(home: &Home, script: &str) -> Self {
        let ran = run(home, &format!("{script}\nexec \"$SOTTO\" doctor --json")).await;
        let reply: Value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{error}: {} {}", ran.out, ran.err));
        Self {
            code: ran.code,
            findings: reply["findings"].as_array().unwrap().clone(),
        }
    }

    /// Returns what is told of a thing, with its weight before it.
    pub(crate) fn of(&self, check: &str) -> Vec<String> {
        let of = self.findings.iter().filter(|it| it["check"] == check);
        of.map(|it| {
            format!(
                "{}: {}",
                it["weight"].as_str().unwrap(),
                it["what"].as_str().unwrap()
            )
        })
        .collect()
    }

    #[track_caller]
    pub(crate) fn tells(&self, check: &str, weight_and_part: (&str, &str)) {
        let (weight, part) = weight_and_part;
        let told = self.of(check);
        let found = told
            .iter()
            .any(|it| it.starts_with(weight) && it.contains(part));
        assert!(
            found,
            "{check} says {told:?}, not {part:?}; all: {:#?}",
            self.findings
        );
    }

    #[track_caller]
    pub(crate) fn is_silent_about(&self, check: &str) {
        assert_eq!(self.of(check), [""; 0], "all: {:#?}", self.findings);
    }

    /// Returns what helps against the first finding of this kind.
    #[track_caller]
    pub(crate) fn help(&self, check: &str) -> String {
        let mut of = self.findings.iter().filter(|it| it["check"] == check);
        let help = of.find_map(|it| it["help"].as_str());
        help.unwrap_or_else(|| panic!("{check} has no help: {:#?}", self.findings))
            .to_owned()
    }
}

/// Runs a script in a sandbox. Nothing of the developer's session is in its environment.
pub(crate) async fn run(home: &Home, script: &str) -> Ran {
    let mut command = tokio::process::Command::from(sotto_namespaces::sandbox());
    command
        .args(["sh", "-euc", script])
        .env("SOTTO", env!("CARGO_BIN_EXE_sotto"))
        .env("HOLDER", std::env::current_exe().unwrap())
        .env("SOTTO_HOME", home.directory.path())
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("XDG_CURRENT_DESKTOP")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("PULSE_SERVER")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ran::from(soon(command.output()).await.unwrap())
}

/// Puts a script in the place of a system's program. The script of the sandbox must begin with [`BESIDE`].
pub(crate) fn program(home: &Home, name: &str, script: &str) {
    let directory = home.directory.path().join("bin");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Lets the sandbox find what [`program`] has put there.
pub(crate) const BESIDE: &str = "PATH=\"$SOTTO_HOME/bin:$PATH\"";
