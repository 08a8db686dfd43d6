//! 'sotto config': reading and changing settings.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use support::home::{Home, soon};

#[tokio::test]
async fn settings_are_changed_with_their_comments_kept() {
    let home = Home::without_daemon();
    let path = home.text(&["config", "path"]).await;
    let path = path.trim_end();
    std::fs::write(
        path,
        "# mine\nname = \"Anna\" # short\n\n[audio]\ninput = \"default\"\n",
    )
    .unwrap();
    home.text(&["config", "set", "name", "Anna Berg"]).await;
    home.text(&["config", "set", "network.interfaces", "eth0", "wlan0"])
        .await;
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        "# mine\nname = \"Anna Berg\" # short\n\n[audio]\ninput = \"default\"\n\n[network]\ninterfaces = [\"eth0\", \"wlan0\"]\n"
    );
    assert_eq!(home.text(&["config", "get", "name"]).await, "Anna Berg\n");
    assert_eq!(
        home.text(&["config", "get", "audio.output"]).await,
        "default\n"
    );
    let json = home.json(&["config", "get"]).await;
    assert_eq!(
        json["network.interfaces"],
        serde_json::json!(["eth0", "wlan0"])
    );
    assert_eq!(json["network.listen_port"], 26606);
    let section = home.text(&["config", "get", "meeting"]).await;
    assert!(section.contains("meeting.rejoin"), "{section}");
    assert!(!section.contains("network"), "{section}");
    home.text(&["config", "unset", "network.interfaces"]).await;
    assert_eq!(
        home.text(&["config", "get", "network.interfaces"]).await,
        "[]\n"
    );
    let ran = home.run(&["config", "set", "audio.imput", "x"]).await;
    assert_eq!(
        ran.err,
        "sotto: there is no setting \"audio.imput\"; the nearest is \"audio.input\"\n"
    );
    // What is wrong already is named with its place, and not made worse.
    std::fs::write(path, "nmae = \"Anna\"\n").unwrap();
    let ran = home.run(&["config", "set", "name", "Bao"]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.err
            .contains("config.toml: line 1: there is no setting \"nmae\"; the nearest is \"name\""),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn a_value_with_spaces_is_not_taken_for_a_list() {
    let home = Home::without_daemon();
    let ran = home.run(&["config", "set", "name", "Anna", "Berg"]).await;
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "sotto: name takes one value, and 2 are given; put quotes around a value with spaces: sotto config set name 'Anna Berg'\n"
    );
    assert_eq!(home.text(&["config", "get", "name"]).await, "\n");
    let ran = home
        .run(&["config", "set", "audio.input", "tone:440.5"])
        .await;
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("from 1 to 20000"), "{}", ran.err);
}

#[tokio::test]
async fn keys_are_set_and_what_has_come_of_them_is_shown() {
    let home = Home::without_daemon();
    let text = home
        .text(&["config", "set", "hotkeys.whisper.desk", "ctrl+alt+d"])
        .await;
    assert_eq!(text, "hotkeys.whisper.desk is now Ctrl+Alt+D\n");
    let text = home.text(&["hotkeys", "--for", "sway"]).await;
    assert!(text.contains("sotto-tray does not run"), "{text}");
    assert!(text.contains("Whisper to desk while held"), "{text}");
    assert!(
        text.contains("bindsym --release Control+Mod1+d exec sotto talk"),
        "{text}"
    );
    let ran = home
        .run(&["config", "set", "hotkeys.mute", "Ctrl+Alt+D"])
        .await;
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("\"hotkeys.mute\" has already"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn lines_are_for_the_desktop_that_runs_or_for_all() {
    let home = Home::without_daemon();
    home.text(&["config", "set", "hotkeys.whisper.desk", "Super+D"])
        .await;
    let lines = async |desktop: Option<&str>, arguments: &[&str]| {
        let mut command = home.command(&[&["hotkeys", "--json"], arguments].concat());
        for variable in [
            "XDG_CURRENT_DESKTOP",
            "XDG_SESSION_DESKTOP",
            "SWAYSOCK",
            "HYPRLAND_INSTANCE_SIGNATURE",
            "I3SOCK",
        ] {
            command.env_remove(variable);
        }
        if let Some(desktop) = desktop {
            command.env("XDG_CURRENT_DESKTOP", desktop);
        }
        let output = soon(command.output()).await.unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let lines = shown["lines"].as_object().unwrap();
        lines.keys().cloned().collect::<Vec<_>>()
    };
    let all = ["GNOME", "Hyprland", "KDE", "i3", "sway"];
    assert_eq!(lines(None, &[]).await, all);
    assert_eq!(lines(Some("KDE"), &[]).await, ["KDE"]);
    assert_eq!(lines(Some("ubuntu:GNOME"), &[]).await, ["GNOME"]);
    assert_eq!(lines(Some("KDE"), &["--all"]).await, all);
    assert_eq!(lines(Some("KDE"), &["--for", "sway"]).await, ["sway"]);
    // Its settings are unknown.
    assert!(lines(Some("XFCE"), &[]).await.is_empty());
}
