//! Commands that ask the daemon to do something, and what they say when it refuses.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use serde_json::Value;
use sotto_control::model::WhisperMode;
use sotto_control::{
    AudioDeafen, AudioMute, MeetingCreate, MeetingJoin, NetworkConnect, Request, TalkReplyTo,
    TalkWhisper,
};
use std::time::Duration;
use support::home::Home;

#[tokio::test]
async fn a_meeting_is_made_of_a_title_and_names_or_of_another_without_some() {
    let home = Home::in_scene("creating");
    let text = home.text(&["meet", "Stand up", "bao", "emilia"]).await;
    assert!(
        text.starts_with("Invited Bao and Emilia.\nStand up, 1 of 3 present\n"),
        "{text}"
    );
    home.text(&["meet", "Again", "--from", "planning", "--without", "dara"])
        .await;
    let Request::MeetingCreate(request) = home.daemon().last() else {
        panic!("a meeting is created");
    };
    assert_eq!(
        request,
        MeetingCreate {
            title: "Again".into(),
            names: vec![],
            from: Some("planning".into()),
            without: vec!["dara".into()],
        }
    );
    assert_eq!(home.run(&["meet", "Alone"]).await.code, 2);
    let ran = home.run(&["meet", &"x".repeat(121), "bao"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("at most 120"), "{}", ran.err);
}

#[tokio::test]
async fn a_whisper_latches_unless_a_time_is_given() {
    let home = Home::with_daemon();
    let text = home.text(&["whisper", "bao", "chen"]).await;
    assert_eq!(text, "Whispering to Bao and Chen, until 'sotto talk'.\n");
    home.text(&["whisper", "bao", "--for", "1.5s"]).await;
    let expected = TalkWhisper {
        names: vec!["bao".into()],
        mode: WhisperMode::For(Duration::from_millis(1500)),
    };
    assert_eq!(home.daemon().last(), expected.into());
    let text = home.text(&["talk"]).await;
    assert_eq!(text, "Speaking to everyone in the meeting.\n");
    assert_eq!(
        home.run(&["whisper", "bao", "--for", "5s", "--hold"])
            .await
            .code,
        2
    );
}

#[tokio::test]
async fn a_latched_whisper_while_muted_says_that_nobody_hears_it() {
    let home = Home::in_scene("muted");
    home.text(&["mute"]).await;
    let text = home.text(&["whisper", "bao"]).await;
    assert!(text.contains("You are muted"), "{text}");
}

#[tokio::test]
async fn a_toggle_closes_what_is_open() {
    let home = Home::in_scene("planning");
    for (command, expected) in [
        ("mute", Request::from(AudioMute {})),
        ("deafen", AudioDeafen {}.into()),
    ] {
        home.text(&[command, "--toggle"]).await;
        assert_eq!(home.daemon().last(), expected);
    }
}

#[tokio::test]
async fn a_reply_says_whom_it_answers_and_is_meant_for_nobody_else() {
    let home = Home::in_scene("whispered-to");
    let ran = home.run(&["reply"]).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err, "Answering Chen and Bao.\n");
    let expected = TalkReplyTo {
        to: vec![support::person("Chen").id, support::person("Bao").id],
        ..TalkReplyTo::default()
    };
    assert_eq!(home.daemon().last(), Request::TalkReplyTo(expected));
}

#[tokio::test]
async fn somebody_absent_is_refused_by_name_and_reason() {
    let home = Home::with_daemon();
    let ran = home.run(&["whisper", "dara"]).await;
    assert_eq!(ran.code, 7);
    assert_eq!(
        ran.err,
        "sotto: Dara is not there: Offline (phone)\n  Dara: offline, on the phone\n  help: see who is there with 'sotto roster'\n"
    );
    assert_eq!(ran.out, "");
}

#[tokio::test]
async fn an_ambiguous_name_lists_the_candidates() {
    let home = Home::with_daemon();
    let ran = home.run(&["invite", "em"]).await;
    assert_eq!(ran.code, 6);
    assert_eq!(
        ran.err,
        "sotto: \"em\" may be Emil or Emilia\n  Emil\n  Emilia\n  help: write more of the name, as it is listed\n"
    );
    let ran = home.run(&["invite", "em", "--json"]).await;
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["error"]["code"], "ambiguous");
    assert_eq!(
        json["error"]["candidates"],
        serde_json::json!(["Emil", "Emilia"])
    );
    let ran = home.run(&["invite", "nobody"]).await;
    assert_eq!(ran.code, 6);
    assert!(
        ran.err
            .contains("help: see your colleagues with 'sotto peers'"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn connect_hands_its_patience_to_the_daemon() {
    let home = Home::with_daemon();
    let text = home.text(&["connect", "192.0.2.3:4", "--wait", "3s"]).await;
    assert_eq!(text, "Connected to Emil at 192.0.2.3:4.\n");
    let expected = NetworkConnect {
        address: "192.0.2.3:4".into(),
        wait_ms: Some(3000),
    };
    assert_eq!(home.daemon().last(), expected.into());
    assert_eq!(
        home.run(&["connect", "192.0.2.3:9", "--wait", "300ms"])
            .await
            .code,
        8
    );
}

#[tokio::test]
async fn join_can_be_muted() {
    let home = Home::in_scene("invited");
    home.text(&["join", "--muted"]).await;
    let expected = MeetingJoin {
        meeting: None,
        muted: true,
    };
    assert_eq!(home.daemon().last(), expected.into());
}
