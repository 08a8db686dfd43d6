//! 'sotto talk' with a key, 'sotto dnd', and settings of a daemon that runs.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use sotto_control::model::DeviceInUse;
use sotto_control::{DndSet, Event, SettingsSet, TalkEveryone, TalkPress, TalkToggle, TalkUnpress};
use support::home::Home;

#[tokio::test]
async fn a_talk_key_is_pressed_and_let_go_by_commands_that_end_at_once() {
    let home = Home::in_scene("talk-key");
    assert_eq!(
        home.text(&["talk", "--mode", "push"]).await,
        "talk.mode is now push\n"
    );
    let status = home.text(&["status"]).await;
    assert!(
        status.contains("closed until you press to talk"),
        "{status}"
    );
    let text = home.text(&["whisper", "bao"]).await;
    assert_eq!(
        text,
        "Whispering to Bao, until 'sotto talk'.\n\
         They hear you while you press to talk, as with 'sotto talk --press'.\n"
    );
    assert_eq!(
        home.text(&["talk", "--press"]).await,
        "Your microphone is open while you press to talk. Whispering to Bao, until 'sotto talk'.\n"
    );
    assert_eq!(home.daemon().last(), TalkPress { lasting: true }.into());
    let status = home.text(&["status"]).await;
    assert!(status.contains("open while you press to talk"), "{status}");
    assert_eq!(
        home.text(&["talk", "--release"]).await,
        "Your microphone is closed.\n"
    );
    assert_eq!(home.daemon().last(), TalkUnpress {}.into());
    home.text(&["mute"]).await;
    assert_eq!(
        home.text(&["unmute"]).await,
        "You are not muted: your microphone is open while you press to talk.\n"
    );
    home.text(&["talk", "--toggle"]).await;
    assert_eq!(home.daemon().last(), TalkToggle {}.into());
    for wrong in [
        ["talk", "--press", "--release"],
        ["talk", "--mode", "shout"],
    ] {
        assert_eq!(home.run(&wrong).await.code, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_key_that_knows_only_a_press_begins_a_whisper_and_ends_it() {
    let home = Home::in_scene("planning");
    let toggle = ["whisper", "bao", "--toggle"];
    assert_eq!(
        home.text(&toggle).await,
        "Whispering to Bao, until 'sotto talk'.\n"
    );
    // To others, it begins: nobody else is let in.
    assert_eq!(
        home.text(&["whisper", "bao", "chen", "--toggle"]).await,
        "Whispering to Bao and Chen, until 'sotto talk'.\n"
    );
    home.text(&toggle).await;
    assert_eq!(
        home.text(&toggle).await,
        "Speaking to everyone in the meeting.\n"
    );
    assert_eq!(home.daemon().last(), TalkEveryone {}.into());
    assert_eq!(
        home.run(&["whisper", "bao", "--toggle", "--hold"])
            .await
            .code,
        2
    );

    let ran = Home::without_daemon().run(&toggle).await;
    assert_ne!(ran.code, 0);
    assert!(
        ran.err.contains("the Sotto daemon is not running"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn an_answer_is_begun_and_ended_by_the_same_key() {
    let home = Home::in_scene("whispered-to");
    let begun = home.text(&["reply", "--toggle"]).await;
    assert!(begun.starts_with("Whispering to Chen"), "{begun}");
    assert_eq!(
        home.text(&["reply", "--toggle"]).await,
        "Speaking to everyone in the meeting.\n"
    );
}

#[tokio::test]
async fn a_daemon_that_runs_changes_its_settings_itself() {
    let home = Home::in_scene("talk-key");
    assert_eq!(
        home.text(&["config", "set", "talk.mode", "push"]).await,
        "talk.mode is now push\n"
    );
    let set = SettingsSet {
        key: "talk.mode".into(),
        value: Some("push".into()),
    };
    assert_eq!(home.daemon().last(), set.into());
    let ran = home.run(&["config", "set", "talk.mode", "shout"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("\"push\""), "{}", ran.err);
    // Files and tones are no daemon's business.
    let asked = home.daemon().requests().len();
    assert_eq!(
        home.text(&["config", "set", "audio.input", "tone:440"])
            .await,
        "audio.input is now tone:440; sottod reads it when it starts again\n"
    );
    assert_eq!(home.daemon().requests().len(), asked);
}

#[tokio::test]
async fn whoever_wants_to_be_left_alone_says_for_how_long() {
    let home = Home::in_scene("quiet");
    assert_eq!(home.text(&["dnd"]).await, "Do not disturb is off.\n");
    assert_eq!(
        home.text(&["dnd", "on"]).await,
        "Do not disturb is on, until 'sotto dnd off'.\n"
    );
    let text = home.text(&["dnd", "10m"]).await;
    assert!(text.starts_with("Do not disturb is on, until "), "{text}");
    let asked = DndSet {
        on: true,
        for_ms: Some(600_000),
    };
    assert_eq!(home.daemon().last(), asked.into());
    let status = home.text(&["status"]).await;
    assert!(status.contains("do not disturb, until "), "{status}");
    assert_eq!(home.text(&["dnd", "off"]).await, "Do not disturb is off.\n");
    assert_eq!(home.run(&["dnd", "25:00"]).await.code, 2);
}

#[tokio::test]
async fn a_microphone_that_does_not_work_is_told_to_whoever_speaks() {
    let home = Home::in_scene("planning");
    let told = |problem: Option<&str>, muted| {
        let mut status = home.daemon().shown().status;
        status.sound.input = DeviceInUse {
            wanted: "headset".into(),
            open: problem.is_none().then(|| "USB Headset".into()),
            problem: problem.map(str::to_owned),
            hint: problem.map(|_| "plug it in again".into()),
            muted_by_system: muted,
            ..DeviceInUse::default()
        };
        home.daemon().send(&Event::Status {
            status: Box::new(status),
        });
    };
    told(None, false);
    assert_eq!(home.run(&["whisper", "bao", "--toggle"]).await.err, "");
    told(Some("the microphone \"USB Headset\" is gone"), false);
    let ran = home.run(&["whisper", "bao", "--toggle"]).await;
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.err,
        "Your microphone does not work: the microphone \"USB Headset\" is gone; plug it in again.\n"
    );
    told(Some("the microphone \"USB Headset\" is gone"), false);
    // A program reads what it asked for, and can ask for the rest.
    assert_eq!(
        home.run(&["whisper", "bao", "--toggle", "--json"])
            .await
            .err,
        ""
    );
    told(None, true);
    let ran = home.run(&["whisper", "bao", "--toggle"]).await;
    assert!(ran.err.contains("muted in the system"), "{}", ran.err);
}
