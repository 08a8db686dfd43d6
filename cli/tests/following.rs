//! Commands that stay: `--wait`, held whispers, and the stream of events.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use serde_json::Value;
use sotto_control::model::{TalkTo, WhisperMode};
use sotto_control::{Request, TalkReplyTo};
use std::process::Stdio;
use support::Played;
use support::home::{Home, Ran, line, soon};
use tokio::io::{AsyncWriteExt, BufReader};

/// Whether a whisper is held.
fn held(played: &Played) -> bool {
    matches!(
        played.shown.talk.to,
        TalkTo::Whisper {
            mode: WhisperMode::Hold,
            ..
        }
    )
}

fn is_release(request: &Request) -> bool {
    matches!(request, Request::TalkRelease(_))
}

#[tokio::test]
async fn a_held_whisper_ends_with_enter() {
    let home = Home::in_scene("held-whisper");
    let mut child = home
        .command(&["whisper", "bao", "--hold"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(
        line(&mut out).await,
        "Whispering to Bao, while you hold it.\n"
    );
    soon(home.daemon().until(held)).await;
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"\n").await.unwrap();
    assert_eq!(
        line(&mut out).await,
        "Speaking to everyone in the meeting.\n"
    );
    assert!(soon(child.wait()).await.unwrap().success());
    soon(home.daemon().until(|played| !held(played))).await;
}

#[tokio::test]
async fn a_held_whisper_ends_when_standard_input_closes_or_the_program_dies() {
    let home = Home::in_scene("held-whisper");
    let text = home.text(&["whisper", "bao", "--hold"]).await;
    assert!(
        text.ends_with("Speaking to everyone in the meeting.\n"),
        "{text}"
    );
    assert_eq!(home.daemon().count(is_release), 1);

    let home = Home::in_scene("abandoned-whisper");
    let mut child = home
        .command(&["whisper", "bao", "--hold"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line(&mut out).await;
    soon(child.kill()).await.unwrap();
    let gone = |played: &Played| played.shown.talk.to == TalkTo::Nobody;
    soon(home.daemon().until(gone)).await;
    assert_eq!(
        home.daemon().count(is_release),
        0,
        "who dies releases nothing"
    );
}

#[tokio::test]
async fn a_held_whisper_is_renewed_and_says_when_that_came_too_late() {
    let home = Home::in_scene("unrenewed-whisper");
    let mut child = home
        .command(&["whisper", "bao", "--hold"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let _stdin = child.stdin.take();
    let renewed = |request: &Request| matches!(request, Request::TalkRenew(_));
    let twice = |played: &Played| played.count(renewed) >= 2;
    soon(home.daemon().until(twice)).await;
    home.daemon().happens("the program shows no life for 10 s");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 7);
    assert!(
        ran.err
            .contains("showed no life for 10 s; you speak to nobody until 'sotto talk'"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn a_held_whisper_is_let_go_by_who_asks_the_program_to_end_but_not_with_its_terminal() {
    use rustix::process::{Pid, Signal, kill_process};
    let ends = |home: &Home| {
        let daemon = home.daemon();
        (daemon.count(is_release) > 0, daemon.shown().talk.to)
    };
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let gone = signal == Signal::HUP;
        let home = Home::in_scene(match gone {
            true => "abandoned-whisper",
            false => "held-whisper",
        });
        let mut child = home
            .command(&["whisper", "bao", "--hold"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        line(&mut out).await;
        soon(home.daemon().until(held)).await;
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        // Waiting would close it, which lets go.
        let _stdin = child.stdin.take();
        let status = soon(child.wait()).await.unwrap();
        assert_eq!(status.success(), !gone, "{signal:?}");
        soon(home.daemon().until(|played| !held(played))).await;
        let to = if gone {
            TalkTo::Nobody
        } else {
            TalkTo::Everyone
        };
        assert_eq!(ends(&home), (!gone, to), "{signal:?}");
    }

    // A terminal that has gone says the same as one that tells so with a signal.
    let home = Home::in_scene("abandoned-whisper");
    let (outside, inside) = terminal();
    let mut child = home
        .command(&["whisper", "bao", "--hold"])
        .stdin(inside)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line(&mut out).await;
    soon(home.daemon().until(held)).await;
    drop(outside);
    assert!(!soon(child.wait()).await.unwrap().success());
    soon(home.daemon().until(|played| !held(played))).await;
    assert_eq!(ends(&home), (false, TalkTo::Nobody));
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
async fn status_and_roster_tell_of_whispers_and_why_nobody_hears() {
    for command in ["status", "roster"] {
        let text = Home::in_scene("unrenewed-whisper").text(&[command]).await;
        let expected = "Speaking to nobody: your whisper ended before you let go of it. Speak to everyone with 'sotto talk'.";
        assert!(text.contains(expected), "{text}");
        let text = Home::in_scene("whispered-to").text(&[command]).await;
        assert!(
            text.contains("Whispering to Bao, until 'sotto talk'."),
            "{text}"
        );
        assert!(text.contains("Chen whispers to you and Bao"), "{text}");
        let text = Home::in_scene("planning").text(&[command]).await;
        assert!(!text.contains("hisper"), "{text}");
    }
}

#[tokio::test]
async fn a_held_whisper_that_loses_everyone_says_so() {
    let home = Home::in_scene("unheard-whisper");
    let mut child = home
        .command(&["whisper", "bao", "--hold"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line(&mut out).await;
    // Waiting for the output would close it, which lets go.
    let _stdin = child.stdin.take();
    home.daemon().happens("Bao takes a phone call");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 7);
    assert!(ran.err.contains("you speak to nobody"), "{}", ran.err);
}

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
    drop(child.stdout.take());
    home.text(&["mute"]).await;
    let status = soon(child.wait()).await.unwrap();
    assert!(status.success());
}

/// A terminal: what a person sees and types at, and what a program in it has.
fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&outside).unwrap();
    unlockpt(&outside).unwrap();
    // Or else programs that are started would keep the terminal alive.
    rustix::io::fcntl_setfd(&outside, rustix::io::FdFlags::CLOEXEC).unwrap();
    let name = ptsname(&outside, Vec::new()).unwrap();
    let inside = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (outside.into(), inside)
}

/// Reads what is shown until `text` is among it.
async fn shows(mut terminal: std::fs::File, text: &'static str) -> std::fs::File {
    let reading = tokio::task::spawn_blocking(move || {
        let mut shown = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&shown).contains(text) {
            let length = std::io::Read::read(&mut terminal, &mut buffer).unwrap();
            shown.extend_from_slice(&buffer[..length]);
        }
        terminal
    });
    soon(reading).await.unwrap()
}

#[tokio::test]
async fn top_gives_the_terminal_back_when_it_is_told_to_end() {
    const TAKES_THE_SCREEN: &str = "\x1b[?1049h";
    const GIVES_IT_BACK: &str = "\x1b[?1049l";
    use rustix::process::{Pid, Signal, kill_process};
    let home = Home::with_daemon();
    for signal in [Signal::TERM, Signal::HUP] {
        let (outside, inside) = terminal();
        let mut child = home
            .command(&["top"])
            .stdin(inside.try_clone().unwrap())
            .stdout(inside.try_clone().unwrap())
            .stderr(inside.try_clone().unwrap())
            .spawn()
            .unwrap();
        let outside = shows(outside, TAKES_THE_SCREEN).await;
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        shows(outside, GIVES_IT_BACK).await;
        assert!(soon(child.wait()).await.unwrap().success());
        drop(inside);
    }
}
