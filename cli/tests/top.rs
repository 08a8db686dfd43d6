//! 'sotto top' in a terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::termios::{LocalModes, tcgetattr};
use sotto_control::model::TalkTo;
use std::fs::File;
use std::io::Write;
use support::Played;
use support::home::{Home, soon};
use support::terminal::{rest, shows, terminal, until};
use tokio::process::Child;

const TAKES_THE_SCREEN: &str = "\x1b[?1049h";
const GIVES_IT_BACK: &str = "\x1b[?1049l";

/// Runs `sotto top` in a terminal, as a job of its own.
fn top(home: &Home, terminal: &File) -> Child {
    let stdio = || terminal.try_clone().unwrap();
    home.command(&["top"])
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .process_group(0)
        .spawn()
        .unwrap()
}

fn pid(child: &Child) -> Pid {
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    Pid::from_raw(pid).unwrap()
}

/// Waits until a program has stopped, and not ended.
async fn stopped(pid: Pid) {
    let stopped = tokio::task::spawn_blocking(move || {
        let told = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap();
        told.unwrap().1.stopped()
    });
    assert!(soon(stopped).await.unwrap());
}

#[tokio::test]
async fn top_gives_the_terminal_back_when_it_is_told_to_end() {
    let home = Home::with_daemon();
    for signal in [Signal::TERM, Signal::HUP] {
        let (outside, inside) = terminal();
        let mut child = top(&home, &inside);
        let outside = shows(outside, TAKES_THE_SCREEN).await;
        kill_process(pid(&child), signal).unwrap();
        shows(outside, GIVES_IT_BACK).await;
        assert!(soon(child.wait()).await.unwrap().success());
        drop(inside);
    }
}

#[tokio::test]
async fn control_z_lets_go_of_a_whisper_and_gives_the_terminal_to_the_shell() {
    let home = Home::in_scene("held-whisper");
    let (outside, inside) = terminal();
    let mut child = top(&home, &inside);
    let mut keys = outside.try_clone().unwrap();
    let mut types = |key: &[u8]| keys.write_all(key).unwrap();
    let outside = shows(outside, "Planning").await;
    types(b"w");
    let outside = shows(outside, "Whisper to").await;
    types(b"h");
    let held = |played: &Played| matches!(played.shown.talk.to, TalkTo::Whisper { .. });
    soon(home.daemon().until(held)).await;

    types(b"\x1a");
    let outside = shows(outside, GIVES_IT_BACK).await;
    stopped(pid(&child)).await;
    assert_eq!(home.daemon().shown().talk.to, TalkTo::Everyone);
    let modes = tcgetattr(&inside).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO));

    kill_process(pid(&child), Signal::CONT).unwrap();
    let (outside, anew) = until(outside, "Planning").await;
    assert!(anew.contains(TAKES_THE_SCREEN), "{anew:?}");
    types(b"q");
    shows(outside, GIVES_IT_BACK).await;
    assert!(soon(child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn a_program_that_is_ended_while_it_is_stopped_leaves_the_terminal_alone() {
    let home = Home::with_daemon();
    let (outside, inside) = terminal();
    let mut child = top(&home, &inside);
    let mut keys = outside.try_clone().unwrap();
    let outside = shows(outside, "Planning").await;
    keys.write_all(b"\x1a").unwrap();
    let outside = shows(outside, GIVES_IT_BACK).await;
    stopped(pid(&child)).await;
    for signal in [Signal::TERM, Signal::CONT] {
        kill_process(pid(&child), signal).unwrap();
    }
    assert!(soon(child.wait()).await.unwrap().success());
    drop(inside);
    let rest = soon(tokio::task::spawn_blocking(move || rest(outside))).await;
    let rest = rest.unwrap();
    assert!(!rest.contains(TAKES_THE_SCREEN), "{rest:?}");
}
