//! The window on a display of its own. They need `Xvfb` (Debian: `xvfb`) and a software OpenGL (`libgl1-mesa-dri`).
//!
//! Pictures of every state are made by name. They go to `target/pictures`, or to the directory that `SOTTO_PICTURES` names.
//!
//! ```text
//! cargo test -p sotto-tray --test tray window -- --ignored
//! ```

mod display;
mod scenes;

use std::path::PathBuf;
use std::process::Stdio;

use sotto_control::Request;
use sotto_control::model::{TalkMode, TalkTo};

use crate::fixture::{Daemon, Session};
use display::{Display, Portal};

fn directory() -> PathBuf {
    let directory = std::env::var_os("SOTTO_PICTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/pictures"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

#[tokio::test]
#[ignore = "needs Xvfb; writes pictures"]
async fn pictures_of_every_state() {
    let directory = directory();
    for (dark, scale) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
        let display = Display::start();
        for scene in scenes::all() {
            if scale == 2 && !scene.large {
                continue;
            }
            let session = Session::start();
            let _portal = Portal::start(&session, dark).await;
            let daemon = Daemon::start(&session.places(), scene.snapshot.clone());
            let window = display.window(&session, scene.arguments, scale, Stdio::inherit());
            let theme = if dark { "dark" } else { "light" };
            let picture = directory.join(format!("{}-{theme}-{scale}x.png", scene.name));
            for levels in scene.levels {
                daemon.event_when_heard(&levels).await;
            }
            for notice in scene.notices {
                daemon.tell(notice);
            }
            if let Some((x, y)) = scene.click {
                display.settled().await;
                display.press(x, y);
                display.release();
            }
            display.picture(&picture).await;
            drop(window);
        }
    }
}

#[tokio::test]
#[ignore = "needs Xvfb; writes pictures"]
async fn a_picture_without_a_daemon() {
    let display = Display::start();
    let session = Session::start();
    let window = display.window(&session, &["window"], 1, Stdio::inherit());
    let picture = directory().join("no-daemon-light-1x.png");
    display.picture(&picture).await;
    drop(window);
}

#[tokio::test]
async fn the_window_turns_dark_and_light_with_the_desktop() {
    let session = Session::start();
    let display = Display::start();
    let portal = Portal::start(&session, true).await;
    let _daemon = Daemon::start(&session.places(), scenes::small());
    let _window = display.window(&session, &["window"], 1, Stdio::inherit());
    display.corner(false).await;
    portal.turn(false).await;
    display.corner(true).await;
    portal.turn(true).await;
    display.corner(false).await;
}

#[tokio::test]
async fn window_and_strip_have_the_class_that_the_desktop_file_names() {
    for arguments in [&["window"][..], &["window", "--strip"]] {
        let session = Session::start();
        let display = Display::start();
        let _daemon = Daemon::start(&session.places(), scenes::small());
        let _window = display.window(&session, arguments, 1, Stdio::inherit());
        display.settled().await;
        assert!(display.has_class(sotto_control::APP_ID));
    }
}

#[tokio::test]
async fn talk_is_pressed_while_the_mouse_holds_it() {
    let session = Session::start();
    let display = Display::start();
    let mut pushing = scenes::small();
    pushing.talk.mode = TalkMode::Push;
    pushing.talk.microphone_open = false;
    let mut daemon = Daemon::start(&session.places(), pushing);
    let window = display.window(&session, &["window"], 1, Stdio::inherit());
    display.settled().await;
    // The first of the buttons.
    display.press(50, 595);
    let pressed = daemon.next_request().await;
    assert!(matches!(pressed, Request::TalkPress(_)), "{pressed:?}");
    daemon.renewed().await;
    display.release();
    let released = daemon.next_request().await;
    assert!(matches!(released, Request::TalkRelease(_)), "{released:?}");
    drop(window);
}

#[tokio::test]
async fn a_face_held_with_the_mouse_is_whispered_to_until_it_is_let_go() {
    let session = Session::start();
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), scenes::small());
    let window = display.window(&session, &["window"], 1, Stdio::inherit());
    display.settled().await;
    // The second tile of the first row.
    display.press(250, 150);
    let Request::TalkWhisper(whisper) = daemon.next_request().await else {
        panic!("expected talk.whisper")
    };
    assert_eq!(whisper.mode, sotto_control::model::WhisperMode::Hold);
    daemon.change(|snapshot| {
        snapshot.talk.to = TalkTo::Whisper {
            to: vec![snapshot.meetings[0].participants[1].person.clone()],
            mode: sotto_control::model::WhisperMode::Hold,
        };
    });
    daemon.renewed().await;
    display.release();
    let released = daemon.next_request().await;
    assert!(matches!(released, Request::TalkRelease(_)), "{released:?}");
    drop(window);
}

#[tokio::test]
async fn a_window_stays_open_while_nobody_says_that_the_microphone_is_closed() {
    let session = Session::start();
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), scenes::small());
    let mut window = display.window(&session, &["window"], 1, Stdio::inherit());
    display.settled().await;
    daemon.hang();
    display.close(sotto_control::APP_ID);
    let muting = daemon.next_request().await;
    assert!(matches!(muting, Request::AudioMute(_)), "{muting:?}");
    // It says why it is still there.
    display.warned().await;
    assert!(window.runs());
    display.close(sotto_control::APP_ID);
    window.ends().await;
}

#[tokio::test]
async fn a_disk_that_hangs_holds_up_the_settings_alone() {
    let session = Session::start();
    let display = Display::start();
    // Whoever reads it waits for somebody to write.
    let file = session.places().config;
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    let mut daemon = Daemon::start(&session.places(), scenes::small());
    let _window = display.window(&session, &["window"], 1, Stdio::inherit());
    display.settled().await;
    display.press(543, 31);
    display.release();
    let listed = daemon.next_request().await;
    assert!(matches!(listed, Request::AudioDevices(_)), "{listed:?}");
    let reading = display.settled().await;
    std::fs::write(&file, "name = \"Anna\"\n").unwrap();
    display.changed(&reading).await;
}
