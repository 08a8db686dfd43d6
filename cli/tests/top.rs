//! 'sotto top' in a terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use support::home::{Home, soon};
use support::terminal::{shows, terminal};

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
