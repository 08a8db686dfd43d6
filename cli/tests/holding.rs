//! 'sotto whisper --hold': what ends it, and how.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use sotto_control::Request;
use sotto_control::model::{TalkTo, WhisperMode};
use std::process::Stdio;
use support::Played;
use support::home::{Home, Ran, line, soon};
use support::terminal::terminal;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::Child;

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

/// Starts to hold a whisper to Bao.
fn hold(home: &Home, stdin: impl Into<Stdio>) -> Child {
    let mut command = home.command(&["whisper", "bao", "--hold"]);
    command.stdin(stdin).spawn().unwrap()
}

#[tokio::test]
async fn a_held_whisper_ends_with_enter() {
    let home = Home::in_scene("held-whisper");
    let mut child = hold(&home, Stdio::piped());
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
    let child = hold(&home, Stdio::piped());
    soon(home.daemon().until(held)).await;
    // Closes it.
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert!(
        ran.out.ends_with("Speaking to everyone in the meeting.\n"),
        "{}",
        ran.out
    );
    assert_eq!(home.daemon().count(is_release), 1);

    let home = Home::in_scene("abandoned-whisper");
    let mut child = hold(&home, Stdio::piped());
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
    let mut child = hold(&home, Stdio::piped());
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

/// Standard input that is at its end when a program starts.
fn ended() -> [Stdio; 2] {
    let (pipe, _closed) = std::io::pipe().unwrap();
    [Stdio::null(), pipe.into()]
}

#[tokio::test]
async fn a_held_whisper_with_nothing_to_read_lasts_until_a_signal_comes() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for input in ended() {
            let home = Home::in_scene("held-whisper");
            let child = hold(&home, input);
            let renewed = |request: &Request| matches!(request, Request::TalkRenew(_));
            let lasts = |played: &Played| held(played) && played.count(renewed) >= 2;
            soon(home.daemon().until(lasts)).await;
            let pid = i32::try_from(child.id().unwrap()).unwrap();
            kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
            let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
            assert_eq!(ran.code, 0, "{signal:?}: {}", ran.err);
            assert_eq!(ran.err, "End this program to stop.\n");
            assert!(
                ran.out.ends_with("Speaking to everyone in the meeting.\n"),
                "{signal:?}: {}",
                ran.out
            );
            assert_eq!(home.daemon().count(is_release), 1, "{signal:?}");
        }
    }
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
        let mut child = hold(&home, Stdio::piped());
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
    let mut child = hold(&home, inside);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line(&mut out).await;
    soon(home.daemon().until(held)).await;
    drop(outside);
    assert!(!soon(child.wait()).await.unwrap().success());
    soon(home.daemon().until(|played| !held(played))).await;
    assert_eq!(ends(&home), (false, TalkTo::Nobody));
}

#[tokio::test]
async fn a_held_whisper_that_loses_everyone_says_so() {
    let home = Home::in_scene("unheard-whisper");
    let mut child = hold(&home, Stdio::piped());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line(&mut out).await;
    // Waiting for the output would close it, which lets go.
    let _stdin = child.stdin.take();
    home.daemon().happens("Bao takes a phone call");
    let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
    assert_eq!(ran.code, 7);
    assert!(ran.err.contains("you speak to nobody"), "{}", ran.err);
}
