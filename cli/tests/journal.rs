//! The log of the service, with stand-ins for systemd's programs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use support::home::{Home, Ran, soon};

/// A machine that is run by systemd.
const BY_SYSTEMD: &str = "if [ ! -d /run/systemd/system ]; then
    mount -t tmpfs tmpfs /run
    mkdir -p /run/systemd/system
fi
unset SOTTO_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_RUNTIME_DIR
PATH=\"$HOME/bin:$PATH\"";

/// A login on that machine, with a service.
struct Login(Home);

impl Login {
    /// The service is `active`, and the journal answers by a script.
    fn new(active: &str, journal: &str) -> Self {
        let login = Self(Home::without_daemon());
        let unit = format!("LoadState=loaded\\nActiveState={active}\\nMainPID=0\\n");
        login.program(
            "systemctl",
            &format!("echo >> \"$HOME/asked\"\nprintf '{unit}'"),
        );
        login.program("journalctl", journal);
        login
    }

    fn program(&self, name: &str, script: &str) {
        let path = format!("bin/{name}");
        self.put(&path, &format!("#!/bin/sh\n{script}\n"));
        let path = self.0.directory.path().join(path);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Returns how often the service manager was asked.
    fn asked(&self) -> usize {
        let asked = std::fs::read_to_string(self.0.directory.path().join("asked"));
        asked.unwrap().lines().count()
    }

    async fn logs(&self, arguments: &[&str]) -> Ran {
        let script = format!("{BY_SYSTEMD}\nexec \"$SOTTO\" service logs \"$@\"");
        let mut command = tokio::process::Command::from(sotto_namespaces::sandbox());
        command
            .args(["sh", "-euc", &script, "sh"])
            .args(arguments)
            .env("SOTTO", env!("CARGO_BIN_EXE_sotto"))
            .env("HOME", self.0.directory.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ran::from(soon(command.output()).await.unwrap())
    }
}

#[tokio::test]
async fn a_journal_with_lines_is_shown_without_a_second_question() {
    let login = Login::new("active", "echo \"$*\"");
    let ran = login.logs(&["-n", "7"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("sottod.service"), "{}", ran.out);
    assert!(ran.out.contains("--lines=7"), "{}", ran.out);
    assert_eq!(login.asked(), 1);
    let ran = login.logs(&["-n", "7", "--follow"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("--lines=7 --follow"), "{}", ran.out);
    assert_eq!(login.asked(), 2);
}

#[tokio::test]
async fn an_empty_journal_is_explained_by_the_state_of_the_service() {
    let login = Login::new("active", "exit 0");
    let ran = login.logs(&[]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("keeps nothing of the service"),
        "{}",
        ran.err
    );
    let login = Login::new("inactive", "exit 0");
    let ran = login.logs(&[]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("has nothing of the service"),
        "{}",
        ran.err
    );
    let closed = "echo 'No journal files were opened due to insufficient permissions.' >&2\nexit 1";
    let login = Login::new("active", closed);
    let ran = login.logs(&[]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("may not be read by you"), "{}", ran.err);
}

#[tokio::test]
async fn where_the_journal_has_nothing_the_log_of_a_program_is_shown() {
    let login = Login::new("inactive", "exit 0");
    login.put(".local/state/sotto/sottod.log", "an earlier run\n");
    let ran = login.logs(&[]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "an earlier run\n"));
    assert!(ran.err.contains("log of a daemon"), "{}", ran.err);
}
