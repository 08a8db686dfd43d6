//! What somebody reads who starts `sottod` with a mistake: once, with its place, with what helps.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Starts the daemon, which must refuse before it touches the network, and returns what it prints.
fn refusal(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sottod"))
        .args(["--log", "off"])
        .args(arguments)
        .env("SOTTO_HOME", home)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_wrong_setting_is_said_once_with_file_and_line() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    for (text, message) in [
        (
            "nmae = 'Anna'",
            "line 1: there is no setting \"nmae\"; the nearest is \"name\"",
        ),
        (
            "\n[audio]\ninput = 'tone:0'",
            "line 3: \"audio.input\" must be a whole frequency from 1 to 20000 after \"tone:\", as in \"tone:440\"",
        ),
    ] {
        std::fs::write(&config, text).unwrap();
        assert_eq!(
            refusal(home.path(), &[]),
            format!("sottod: {}: {message}\n", config.display())
        );
    }
}

#[test]
fn what_the_system_says_about_a_file_is_said_once() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::create_dir(&config).unwrap();
    assert_eq!(
        refusal(home.path(), &[]),
        format!(
            "sottod: cannot read {}: Is a directory (os error 21)\n  help: check that the file belongs to you\n",
            config.display()
        )
    );
    let blocked = home.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let within = blocked.join("home");
    assert_eq!(
        refusal(&within, &[]),
        format!(
            "sottod: cannot make the directory {}: Not a directory (os error 20)\n  help: a part of this path is a file: \
             move it away, or set SOTTO_HOME to another directory\n",
            within.display()
        )
    );
    let keys = home.path().join("keys");
    std::fs::write(&keys, "").unwrap();
    std::fs::remove_dir(&config).unwrap();
    assert_eq!(
        refusal(
            home.path(),
            &["--export-voice-keys", keys.to_str().unwrap()]
        ),
        format!(
            "sottod: --export-voice-keys: cannot write {}: File exists (os error 17)\n  help: check free space and that \
             the directory belongs to you\n",
            keys.display()
        )
    );
}

#[test]
fn an_identity_that_others_can_read_is_said_once() {
    let home = tempfile::tempdir().unwrap();
    let identity = home.path().join("identity");
    std::fs::write(&identity, "").unwrap();
    std::fs::set_permissions(&identity, std::fs::Permissions::from_mode(0o644)).unwrap();
    let path = identity.display();
    assert_eq!(
        refusal(home.path(), &[]),
        format!(
            "sottod: {path} can be read by other users, so the identity may be known to them\n  help: run 'chmod 600 {path}'\n"
        )
    );
}
