//! Commands as scripts and people use them: arguments in, text or JSON and an exit code out, against a pretended daemon.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use serde_json::Value;
use sotto_control::model::WhisperMode;
use sotto_control::{DeviceRole, MeetingCreate, MeetingJoin, NetworkConnect, Request, TalkWhisper};
use std::time::Duration;
use support::Pretended;
use support::home::{Home, Ran, line, soon};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

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
async fn who_waits_for_somebody_waits_for_a_daemon_that_is_starting() {
    let mut home = Home::without_daemon();
    let peers = home.spawn(&["peers", "--wait", "10s"]);
    let invites = home.spawn(&["invites", "--wait", "10s"]);
    home.daemon = Some(Pretended::start(home.directory.path(), "planning"));
    for child in [peers, invites] {
        let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
}

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
async fn without_a_daemon_every_command_says_what_helps() {
    let home = Home::without_daemon();
    for arguments in [
        &["status"][..],
        &["mute"],
        &["top"],
        &["events"],
        &["join", "--wait", "1s"],
    ] {
        let ran = home.run(arguments).await;
        assert_eq!(ran.code, 3, "{arguments:?}");
        assert_eq!(
            ran.err,
            "sotto: the Sotto daemon is not running; start it with 'sottod'\n"
        );
    }
    let ran = home.run(&["status", "--wait", "200ms"]).await;
    assert_eq!(ran.code, 8);
}

#[tokio::test]
async fn a_daemon_of_another_version_is_said_to_be_one() {
    let home = Home::without_daemon();
    let socket = home.directory.path().join("control.sock");
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    let answer = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        line(&mut stream).await;
        let refusal = r#"{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"sottod 9.0.0 speaks version 9 of the control API, the client version 1","data":{"code":"unsupported_version"}}}"#;
        stream
            .get_mut()
            .write_all(format!("{refusal}\n").as_bytes())
            .await
            .unwrap();
    };
    let (ran, ()) = tokio::join!(home.run(&["status"]), answer);
    assert_eq!(ran.code, 5);
    assert_eq!(
        ran.err,
        "sotto: sottod 9.0.0 speaks version 9 of the control API, the client version 1; stop it with 'sotto quit', then start the sottod that came with this program\n"
    );
}

/// What a daemon sends that answers the greeting and then `replies` to what comes, as long as there are some. It
/// listens at once, before anybody waits for it: a command that came first would find no daemon.
fn daemon_of_release_9(home: &Home, replies: &[&str]) -> impl Future<Output = Vec<Value>> {
    let socket = home.directory.path().join("control.sock");
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    let greeting = r#"{"jsonrpc":"2.0","id":1,"result":{"version":"9.0.0","api":1}}"#;
    let replies = [&[greeting], replies].concat().join("\n");
    soon(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut requests = Vec::new();
        for reply in replies.lines() {
            requests.push(serde_json::from_str(&line(&mut stream).await).unwrap());
            let reply = format!("{reply}\n");
            stream.get_mut().write_all(reply.as_bytes()).await.unwrap();
        }
        // Whatever is asked further is read and left unanswered until the client has gone.
        let mut rest = String::new();
        while stream.read_line(&mut rest).await.unwrap() > 0 {}
        requests
    })
}

#[tokio::test]
async fn a_daemon_of_another_version_can_be_stopped() {
    let home = Home::without_daemon();
    let done = r#"{"jsonrpc":"2.0","id":2,"result":{}}"#;
    let replies = [done];
    let daemon = daemon_of_release_9(&home, &replies);
    let (ran, requests) = tokio::join!(home.run(&["quit"]), daemon);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // Of whichever version of the API it is.
    assert_eq!(requests[0]["params"]["api"], Value::Null);
    assert_eq!(requests[1]["method"], "daemon.quit");
}

#[tokio::test]
async fn a_method_that_another_release_does_not_know_is_explained_by_that() {
    let home = Home::without_daemon();
    let unknown = r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"there is no method \"audio.mute\"","data":{"code":"unknown_method","hint":"did you mean \"audio.silence\"?"}}}"#;
    let replies = [unknown];
    let daemon = daemon_of_release_9(&home, &replies);
    let (ran, _) = tokio::join!(home.run(&["mute"]), daemon);
    assert_eq!(ran.code, 5);
    assert_eq!(
        ran.err,
        "sotto: there is no method \"audio.mute\"\n  help: the daemon is of release 9.0.0, this program of 0.1.0; stop it with 'sotto quit', then start the sottod of release 0.1.0\n"
    );
}

#[tokio::test]
async fn a_daemon_that_hangs_does_not_make_a_command_hang() {
    let home = Home::without_daemon();
    let (ran, _) = tokio::join!(
        home.run(&["mute", "--json"]),
        daemon_of_release_9(&home, &[])
    );
    assert_eq!(ran.code, 8);
    assert_eq!(
        ran.err,
        "sotto: the Sotto daemon has not answered audio.mute within 10 s: it hangs; end its process and start 'sottod' again\n"
    );
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["error"]["code"], "timeout");
}

#[tokio::test]
async fn wrong_usage_is_exit_code_2() {
    let home = Home::with_daemon();
    for arguments in [
        &[][..],
        &["mumble"],
        &["volume", "bao", "201"],
        &["volume", "bao", "loud"],
        &["connect", "example.org"],
        &["join", "--wait", "soon"],
        &["whisper", "bao", "--for", "2h"],
        &["whisper", "bao", "--for", "50ms"],
        &["reply", "--for", "61m"],
        &["connect", "192.0.2.3:4", "--wait", "11m"],
        &["top", "--json"],
        &["config", "set", "naem", "Anna"],
        &["config", "set", "network.listen_port", "many"],
    ] {
        assert_eq!(home.run(arguments).await.code, 2, "{arguments:?}");
    }
}

#[tokio::test]
async fn bounds_are_said_in_the_words_of_the_command_line() {
    let home = Home::with_daemon();
    let ran = home.run(&["whisper", "bao", "--for", "2h"]).await;
    assert!(
        ran.err
            .starts_with("error: invalid value '2h' for '--for <TIME>': must be 100 ms to 1 h\n"),
        "{}",
        ran.err
    );
    let ran = home.run(&["top", "--json"]).await;
    assert!(ran.err.contains("'sotto events'"), "{}", ran.err);
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
    assert_eq!(json["network.listen_port"], 0);
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
async fn completions_and_manual_pages_are_made() {
    let home = Home::without_daemon();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.text(&["completions", shell]).await;
        assert!(script.contains("undeafen"), "{shell}");
    }
    let pages = TempDir::new().unwrap();
    home.text(&["man", pages.path().to_str().unwrap()]).await;
    let whisper = std::fs::read_to_string(pages.path().join("sotto-whisper.1")).unwrap();
    assert!(whisper.contains("Speak to the chosen alone"));
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
