//! Arguments that do not fit, and what helps whoever types them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use support::home::Home;
use tempfile::TempDir;

#[tokio::test]
async fn wrong_usage_is_exit_code_2() {
    let home = Home::with_daemon();
    for arguments in [
        &[][..],
        &["mumble"],
        &["volume", "bao", "201"],
        &["volume", "bao", "loud"],
        &["connect", "example.org:port"],
        &["join", "--wait=soon"],
        &["whisper", "bao", "--for", "2h"],
        &["whisper", "bao", "--for", "50ms"],
        &["reply", "--for", "61m"],
        &["connect", "192.0.2.3:4", "--wait", "11m"],
        &["top", "--json"],
        &["service"],
        &["service", "logs", "-n", "0"],
        &["service", "logs", "--lines", "100001"],
        &["config", "set", "naem", "Anna"],
        &["config", "set", "network.listen_port", "many"],
    ] {
        assert_eq!(home.run(arguments).await.code, 2, "{arguments:?}");
    }
}

#[tokio::test]
async fn bounds_are_said_in_the_words_of_the_command_line() {
    let home = Home::with_daemon();
    let ran = home.run(&["whisper", "bao", "--for", "2h"]).await;
    assert!(
        ran.err
            .starts_with("error: invalid value '2h' for '--for <TIME>': must be 100 ms to 1 h\n"),
        "{}",
        ran.err
    );
    let ran = home.run(&["top", "--json"]).await;
    assert!(ran.err.contains("'sotto events'"), "{}", ran.err);
}

#[tokio::test]
async fn completions_and_manual_pages_are_made() {
    let home = Home::without_daemon();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.text(&["completions", shell]).await;
        assert!(script.contains("undeafen"), "{shell}");
    }
    let pages = TempDir::new().unwrap();
    home.text(&["man", pages.path().to_str().unwrap()]).await;
    let whisper = std::fs::read_to_string(pages.path().join("sotto-whisper.1")).unwrap();
    assert!(whisper.contains("Speak to the chosen alone"));
}

#[tokio::test]
async fn the_service_is_not_that_of_a_home_of_its_own() {
    let home = Home::without_daemon();
    for command in [
        "install",
        "start",
        "stop",
        "restart",
        "status",
        "logs",
        "uninstall",
    ] {
        let ran = home.run(&["service", command]).await;
        assert_eq!(ran.code, 1, "{command}");
        assert!(ran.err.contains("SOTTO_HOME is set"), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_word_of_another_program_is_led_to_the_command() {
    let home = Home::without_daemon();
    let ran = home.run(&["hangup"]).await;
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("tip: here that is 'sotto leave'"),
        "{}",
        ran.err
    );
    let ran = home.run(&["--json", "config", "list"]).await;
    let hint = r#""hint":"here that is 'sotto config get'""#;
    assert!(ran.out.contains(hint), "{}", ran.out);
}
