//! Commands that stay: '--wait' and the stream of events.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use serde_json::Value;
use sotto_control::Request;
use support::Played;
use support::home::{Home, Ran, line, soon};
use tokio::io::BufReader;

#[tokio::test]
async fn join_waits_for_the_invitation_and_for_voice() {
    let home = Home::in_scene("joining");
    let child = home.spawn(&["join", "--wait", "20s"]);
    let refused = |played: &Played| matches!(played.requests.last(), Some(Request::MeetingJoin(_)));
    soon(home.daemon().until(refused)).await;
    home.daemon().happens("Emil invites Anna");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out
            .starts_with("You are in.\nDesign review, 2 of 2 present"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn switch_waits_until_voice_travels_and_gives_up_in_time() {
    let home = Home::in_scene("switching");
    // Emil is present in Retro, and no path to him is confirmed.
    let ran = home.run(&["switch", "retro", "--wait", "300ms"]).await;
    assert_eq!(ran.code, 8);
    assert_eq!(ran.err, "sotto: switching did not happen within 300 ms\n");
    home.text(&["switch", "planning"]).await;
    let child = home.spawn(&["switch", "retro", "--wait"]);
    let switches = |request: &Request| matches!(request, Request::MeetingSwitch(_));
    soon(home.daemon().until(|played| played.count(switches) == 3)).await;
    home.daemon().happens("voice travels between Anna and Emil");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[tokio::test]
async fn meet_waits_until_everyone_has_joined_or_declined() {
    let home = Home::in_scene("meeting-up");
    let child = home.spawn(&["meet", "Standup", "bao", "chen", "--wait", "20s", "--json"]);
    let begun = |played: &Played| played.shown.meetings.len() == 3;
    soon(home.daemon().until(begun)).await;
    home.daemon().happens("Bao joins, and Chen declines");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        json["meeting"]["participants"][1]["presence"]["state"],
        "online"
    );
    assert_eq!(json["meeting"]["participants"][2]["declined"], true);
}

#[tokio::test]
async fn peers_waits_for_names_and_counts() {
    let home = Home::in_scene("appearing");
    assert_eq!(
        home.run(&["peers", "--count", "9", "--wait", "200ms"])
            .await
            .code,
        8
    );
    assert_eq!(
        home.run(&["peers", "emilia", "--wait", "200ms"]).await.code,
        8
    );
    let child = home.spawn(&["peers", "emilia", "--wait", "20s"]);
    home.daemon().happens("Emilia starts");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("Emilia") && !ran.out.contains("Bao"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn events_are_one_line_each_beginning_with_the_whole_and_end_with_the_daemon() {
    let mut home = Home::with_daemon();
    let mut child = home.spawn(&["events"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let first: Value = serde_json::from_str(&line(&mut out).await).unwrap();
    assert_eq!(first["event"], "snapshot");
    assert_eq!(first["snapshot"]["status"]["you"]["name"], "Anna");
    home.text(&["mute"]).await;
    // Other parts may come before it, because a newer value of a part takes the place of an older one.
    let status = loop {
        let event: Value = serde_json::from_str(&line(&mut out).await).unwrap();
        if event["event"] == "status" {
            break event;
        }
    };
    assert_eq!(status["status"]["muted"], true);
    home.daemon.take();
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 3);
}

#[tokio::test]
async fn nobody_reading_the_output_is_no_failure() {
    let home = Home::with_daemon();
    let mut child = home.spawn(&["events"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line(&mut out).await;
    // Nothing happens any more, so nothing is written.
    drop(out);
    let status = soon(child.wait()).await.unwrap();
    assert!(status.success());
}
