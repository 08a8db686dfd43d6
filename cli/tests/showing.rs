//! Commands that show something, as text and as JSON.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use sotto_control::{DeviceRole, Request};
use support::home::Home;

#[tokio::test]
async fn status_shows_the_daemon_at_a_glance() {
    let home = Home::with_daemon();
    assert_eq!(
        home.text(&["status"]).await,
        "\
Anna
  meeting      Planning, online, joined with sotto
  microphone   open, by sotto-tray
  sound        open; in USB Headset, out USB Headset
  network      4 colleagues running, 3 connected; at 192.0.2.7:42113
  invitations  1; see it with 'sotto invites'
  daemon       sottod 0.1.0, process 4711, running for 2 h 5 min
! restart to update: another sottod is installed than the one that runs
  'sotto restart', best after the meeting: it interrupts you for some seconds
! the file of meetings was damaged and is set aside
  it is kept as meetings.damaged
"
    );
    let json = home.json(&["status"]).await;
    assert_eq!(json["meeting"]["title"], "Planning");
    assert_eq!(json["presence"]["state"], "online");
}

#[tokio::test]
async fn lists_line_up_and_carry_no_colour_into_a_pipe() {
    let home = Home::with_daemon();
    assert_eq!(
        home.text(&["roster"]).await,
        "\
Planning, 3 of 4 present
  ●  Anna (you)  online
  ●  Bao         online        speaking  loss 0.3 %  delay 24 ms
  ◐  Chen        away          muted     loss 5.1 %  delay 96 ms over a stream
  ○  Dara        on the phone
"
    );
    assert_eq!(
        home.text(&["meetings"]).await,
        "   MEETING   YOU                 PRESENT
▸  Planning  online              3 of 4   with Bao and Chen
   Retro     in another meeting  1 of 2   with Emil
"
    );
    assert_eq!(
        home.text(&["peers"]).await,
        "   COLLEAGUE                MEETINGS  ADDRESS
●  Bao        connected     Planning  192.0.2.10
●  Chen       connected     Planning  192.0.2.11
●  Dara       connected     Planning  192.0.2.12
●  Emil       running       Retro     192.0.2.13
○  Emilia     gone for 2 h            192.0.2.14
"
    );
    let home = Home::in_scene("invited");
    assert_eq!(
        home.text(&["invites"]).await,
        "\
Design review: Emil invites you
  inside   Emil
  roster   Emil
Answer with 'sotto join MEETING' or 'sotto decline MEETING'.
"
    );
}

#[tokio::test]
async fn every_reply_can_be_had_as_json() {
    let planning = Home::with_daemon();
    for arguments in [
        &["status"][..],
        &["peers"],
        &["roster", "retro"],
        &["meetings"],
        &["invites"],
        &["devices"],
        &["devices", "use", "webcam"],
        &["devices", "test", "--listen", "1s"],
        &["silence", "bao"],
        &["unsilence", "bao"],
        &["mute"],
        &["unmute"],
        &["deafen"],
        &["undeafen"],
        &["volume", "bao", "150%"],
        &["latency", "bao"],
        &["away"],
        &["phone"],
        &["back"],
        &["whisper", "bao"],
        &["talk"],
        &["invite", "emilia"],
        &["withdraw", "emilia"],
        &["connect", "192.0.2.3:4"],
        &["config", "get"],
        &["config", "get", "name"],
        &["config", "path"],
    ] {
        let json = planning.json(arguments).await;
        assert!(json.is_object(), "{arguments:?}: {json}");
    }
    for (scene, arguments) in [
        ("invited", &["join", "design"][..]),
        ("switching", &["switch", "retro"]),
        ("leaving", &["leave"]),
        ("meeting-up", &["meet", "Standup", "bao", "chen"]),
        ("leaving", &["quit", "--wait", "10s"]),
    ] {
        let json = Home::in_scene(scene).json(arguments).await;
        assert!(json.is_object(), "{arguments:?}: {json}");
    }
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
async fn the_way_from_mouth_to_ear_is_shown_stage_by_stage() {
    let home = Home::with_daemon();
    assert_eq!(
        home.text(&["latency", "bao"]).await,
        "               you to Bao  Bao to you
microphone     –           0.0 ms
frame          –           10.0 ms
processing     –           0.0 ms
codec          –           6.5 ms
network        –           0.4 ms
jitter buffer  –           14.6 ms
loudspeaker    –           8.5 ms
mouth to ear   –           40.0 ms
Nothing was heard of you yet, so nothing was measured.
"
    );
}

#[tokio::test]
async fn a_chirp_has_a_line_of_its_own_and_a_name_may_be_needed() {
    let home = Home::with_daemon();
    let text = home.text(&["latency", "bao", "--chirp"]).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[lines.len() - 2..],
        [
            "mouth to ear   41.0 ms     40.0 ms",
            "by a chirp     40.6 ms     –"
        ],
        "{text}"
    );
    let ran = home.run(&["latency"]).await;
    assert_eq!(ran.code, 2);
    assert_eq!(ran.err, "sotto: say with whom: Bao, Chen\n");
}

#[tokio::test]
async fn devices_are_listed_in_human_words_and_chosen_by_the_beginning_of_a_name() {
    let home = Home::with_daemon();
    let text = home.text(&["devices"]).await;
    for word in [
        "USB Headset",
        "in use, default",
        "headset, Bluetooth",
        "telephone quality",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("Monitor of"), "{text}");
    let text = home.text(&["devices", "--all"]).await;
    assert!(text.contains("Monitor of"), "{text}");

    let text = home.text(&["devices", "use", "usb"]).await;
    assert_eq!(
        text,
        "The microphone is USB Headset.\nThe loudspeaker is USB Headset.\n"
    );
    let text = home.text(&["devices", "use", "--output", "usb"]).await;
    assert_eq!(text, "The loudspeaker is USB Headset.\n");
    let Request::AudioUse(request) = home.daemon().last() else {
        panic!("a device is chosen");
    };
    assert_eq!(request.only, Some(DeviceRole::Output));
    let text = home.text(&["devices", "use", "buds"]).await;
    assert!(text.contains("telephone quality"), "{text}");
    let ran = home.run(&["devices", "use", "jabra"]).await;
    assert_eq!(ran.code, 6, "{ran:?}");
    // A file is refused before the daemon is asked to do anything.
    let ran = home.run(&["devices", "use", "file:/etc/passwd"]).await;
    assert_eq!(ran.code, 7, "{ran:?}");
}

#[tokio::test]
async fn an_echo_test_says_what_was_heard_and_how_late() {
    let home = Home::with_daemon();
    let ran = home.run(&["echo-test"]).await;
    assert!(ran.err.contains("Speak for 3 s"), "{}", ran.err);
    let text = ran.out;
    assert!(
        text.starts_with("Nothing was heard: is the microphone muted"),
        "{text}"
    );
    assert!(
        text.contains("USB Headset") && text.contains("42 ms from your mouth"),
        "{text}"
    );
    let Request::AudioTest(request) = home.daemon().last() else {
        panic!("a test is asked for");
    };
    assert!(request.echo && !request.quiet);
    let json = home.run(&["echo-test", "--json"]).await;
    assert!(
        json.out.contains("\"delay_ms\": 42") && json.err.is_empty(),
        "{json:?}"
    );
}

#[tokio::test]
async fn a_test_says_what_the_microphone_is_like() {
    let home = Home::with_daemon();
    let text = home.text(&["devices", "test"]).await;
    assert!(text.starts_with("The microphone works well.\n"), "{text}");
    assert!(
        text.contains("-22 dBFS") && text.contains("-66 dBFS"),
        "{text}"
    );
    home.text(&["devices", "test", "--listen", "2s", "--quiet"])
        .await;
    let Request::AudioTest(request) = home.daemon().last() else {
        panic!("the devices are tested");
    };
    assert_eq!((request.listen_ms, request.quiet), (Some(2000), true));
    let ran = home.run(&["devices", "test", "--listen", "1m"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
}
