//! Bytes from outside: whatever a program or a file holds, it is read or refused, and nothing panics.
#![allow(clippy::unwrap_used)] // a test may fail loudly, its fixtures too

use proptest::prelude::*;
use serde_json::{Value, json};
use sotto_control::config::{self, Config, KEYS};
use sotto_control::{Envelope, ErrorCode, Event, Request, parse_request};

/// A valid request for every method.
fn valid() -> Vec<Value> {
    let filled = [
        ("version", json!({"client": "sotto", "api": 1})),
        (
            "meeting.create",
            json!({"title": "Planning", "names": ["bao", "chen"], "from": "Retro", "without": ["dara"]}),
        ),
        (
            "meeting.invite",
            json!({"names": ["bao"], "meeting": "Planning"}),
        ),
        ("meeting.withdraw", json!({"names": ["bao"]})),
        (
            "meeting.join",
            json!({"meeting": "Planning", "muted": true}),
        ),
        ("meeting.switch", json!({"meeting": "Retro"})),
        (
            "talk.whisper",
            json!({"names": ["chen"], "mode": "until", "for_ms": 5000}),
        ),
        (
            "talk.reply",
            json!({"mode": "hold", "to": ["12D3Koo1", "12D3Koo2"]}),
        ),
        ("group.add", json!({"name": "@desk", "names": ["bao"]})),
        ("group.remove", json!({"name": "desk"})),
        ("dnd.set", json!({"on": true, "for_ms": 60_000})),
        ("settings.get", json!({"key": "talk.mode"})),
        ("settings.set", json!({"key": "talk.mode", "value": "push"})),
        ("talk.press", json!({"lasting": true})),
        ("audio.volume", json!({"name": "bao", "percent": 150})),
        ("audio.use", json!({"device": "headset", "only": "input"})),
        ("audio.test", json!({"listen_ms": 5_000, "quiet": true})),
        ("audio.test", json!({"echo": true})),
        ("audio.silence", json!({"name": "bao"})),
        ("audio.unsilence", json!({"name": "bao"})),
        ("audio.latency", json!({"name": "bao"})),
        (
            "network.connect",
            json!({"address": "192.0.2.1:4", "wait_ms": 100}),
        ),
        ("events.subscribe", json!({"levels": true})),
    ];
    Request::METHODS
        .iter()
        .enumerate()
        .map(|(id, method)| {
            let params = filled.iter().find(|(name, _)| name == method);
            let params = params.map_or(json!({}), |(_, params)| params.clone());
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        })
        .collect()
}

fn refused(line: &str) -> ErrorCode {
    parse_request(line.as_bytes()).request.unwrap_err().code
}

#[test]
fn every_method_is_read_and_unknown_members_are_ignored() {
    for mut request in valid() {
        request["params"]["from_the_future"] = json!({"x": [1]});
        request["trace"] = json!("abc");
        let Envelope { id, request: read } = parse_request(request.to_string().as_bytes());
        assert_eq!(id.as_ref(), request.get("id"));
        assert_eq!(read.unwrap().method(), request["method"]);
    }
}

#[test]
fn what_a_method_does_not_take_is_refused() {
    let with = |method: &str, params: Value| {
        refused(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
    };
    for (method, params) in [
        ("meeting.create", json!({"title": "Planning"})),
        ("meeting.create", json!({"title": " ", "names": ["bao"]})),
        (
            "meeting.create",
            json!({"title": "x".repeat(121), "names": ["bao"]}),
        ),
        (
            "meeting.create",
            json!({"title": "x", "names": vec!["bao"; 257]}),
        ),
        ("meeting.invite", json!({"names": []})),
        ("meeting.switch", json!({})),
        ("meeting.join", json!({"meeting": 7})),
        ("talk.whisper", json!({"names": [""]})),
        ("talk.whisper", json!({"names": ["bao"], "mode": "until"})),
        ("talk.whisper", json!({"names": ["bao"], "for_ms": 5})),
        (
            "talk.whisper",
            json!({"names": ["bao"], "mode": "until", "for_ms": 99}),
        ),
        (
            "talk.whisper",
            json!({"names": ["bao"], "mode": "until", "for_ms": 3_600_001}),
        ),
        (
            "talk.whisper",
            json!({"names": ["bao"], "mode": "for ever"}),
        ),
        ("talk.reply", json!({"to": vec!["bao"; 257]})),
        ("talk.reply", json!({"to": [""]})),
        ("group.add", json!({"name": "desk", "names": []})),
        ("group.add", json!({"name": "@", "names": ["bao"]})),
        ("group.add", json!({"name": "-desk", "names": ["bao"]})),
        ("group.remove", json!({"name": "the desk"})),
        ("group.remove", json!({"name": "x".repeat(65)})),
        ("audio.latency", json!({"name": ""})),
        ("audio.volume", json!({"name": "bao", "percent": 201})),
        ("audio.volume", json!({"name": "bao", "percent": -1})),
        ("audio.use", json!({})),
        ("audio.use", json!({"device": "default", "only": "both"})),
        ("audio.test", json!({"listen_ms": 0})),
        ("audio.test", json!({"listen_ms": 10_001})),
        ("audio.silence", json!({"name": ""})),
        ("version", json!({"client": "a\u{1b}[2J"})),
        (
            "network.connect",
            json!({"address": "x", "wait_ms": 600_001}),
        ),
        ("audio.mute", json!([1])),
        ("audio.mute", json!("x")),
    ] {
        assert_eq!(
            with(method, params.clone()),
            ErrorCode::Invalid,
            "{method} {params}"
        );
    }
    for device in ["file:/etc/passwd", "tone:440"] {
        let params = json!({"device": device});
        assert_eq!(with("audio.use", params), ErrorCode::Refused, "{device}");
    }
    assert_eq!(with("meeting.destroy", json!({})), ErrorCode::UnknownMethod);
    assert_eq!(refused("[]"), ErrorCode::InvalidRequest);
    assert_eq!(refused("{}"), ErrorCode::InvalidRequest);
    assert_eq!(
        refused(r#"{"jsonrpc":"2.0","id":{},"method":"audio.mute"}"#),
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        refused(r#"{"jsonrpc":"1.0","id":1,"method":"audio.mute"}"#),
        ErrorCode::InvalidRequest
    );
    assert_eq!(refused("{"), ErrorCode::Parse);
    assert_eq!(refused(&"[".repeat(60_000)), ErrorCode::Parse);
}

#[test]
fn a_misspelt_method_is_answered_with_the_nearest() {
    let line = br#"{"jsonrpc":"2.0","id":1,"method":"meeting.jion"}"#;
    let error = parse_request(line).request.unwrap_err();
    assert_eq!(
        error.hint.as_deref(),
        Some("did you mean \"meeting.join\"?")
    );
}

#[test]
fn events_of_a_newer_daemon_are_taken_for_unknown() {
    let event: Event = serde_json::from_value(json!({"event": "hologram", "x": 1})).unwrap();
    assert_eq!(event, Event::Unknown);
    let talk = json!({"event": "talk", "talk": {"to": {"audience": "telepathy", "to": 3}, "nobody_because": "weather"}});
    assert!(serde_json::from_value::<Event>(talk).is_ok());
    let notice =
        json!({"event": "notice", "notice": {"kind": "new", "severity": "new", "text": "x"}});
    assert!(serde_json::from_value::<Event>(notice).is_ok());
}

#[test]
fn codes_have_one_name_and_one_number_each() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_name(code.name()), *code);
        assert_eq!(ErrorCode::from_number(code.number()), *code);
    }
}

/// Changes some bytes of a text: others, fewer, more.
fn mutate(text: &str, changes: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, byte, kind) in changes {
        let place = place % (bytes.len() + 1);
        match kind % 4 {
            0 => bytes.insert(place, *byte),
            1 if place < bytes.len() => drop(bytes.remove(place)),
            2 => bytes.truncate(place),
            _ => {
                if let Some(at) = bytes.get_mut(place) {
                    *at = *byte;
                }
            }
        }
    }
    bytes
}

const CONFIG: &str = "\
# Mine
name = \"Anna Berg\"

[meeting]
rejoin = \"never\" # quiet mornings

[network]
interfaces = [\"eth0\", \"wlan0\"]
listen_port = 4000
media_port = 4001
static_peers = [\"192.0.2.1:4000\", \"[2001:db8::1]:4000\"]

[audio]
backend = \"pulseaudio\"
input = \"tone:440\"
output = \"file:/tmp/heard.wav\"
";

proptest! {
    #[test]
    fn arbitrary_bytes_are_answered(line: Vec<u8>) {
        let envelope = parse_request(&line);
        prop_assert!(envelope.request.is_err());
    }

    #[test]
    fn mutated_requests_are_read_or_refused(
        which in 0..Request::METHODS.len(),
        changes in proptest::collection::vec(any::<(usize, u8, u8)>(), 1..5),
    ) {
        let line = mutate(&valid()[which].to_string(), &changes);
        match parse_request(&line).request {
            Ok(request) => prop_assert!(Request::METHODS.contains(&request.method())),
            Err(error) => prop_assert!(!error.message.is_empty() && error.message.len() < 4096),
        }
    }

    #[test]
    fn arbitrary_parameters_are_read_or_refused(
        which in 0..Request::METHODS.len(),
        name in "[a-z_]{1,8}",
        text in ".{0,300}",
        number: i64,
    ) {
        let method = Request::METHODS[which];
        for value in [json!(text), json!(number), json!([text]), json!({"x": number}), json!(null)] {
            for key in ["names", "meeting", "title", "percent", "for_ms", "mode", name.as_str()] {
                let params = json!({"names": ["x"], "meeting": "x", "title": "x", "name": "x", key: value});
                let _ = Request::parse(method, Some(params));
            }
        }
    }

    #[test]
    fn arbitrary_configuration_is_read_or_refused(text in "(?s).{0,400}") {
        let _ = Config::parse(&text);
    }

    #[test]
    fn mutated_configuration_is_read_or_its_line_named(
        changes in proptest::collection::vec(any::<(usize, u8, u8)>(), 1..4),
    ) {
        let Ok(text) = String::from_utf8(mutate(CONFIG, &changes)) else { return Ok(()) };
        if let Err(error) = Config::parse(&text) {
            let lines = text.lines().count().max(1);
            prop_assert!(error.line().is_some_and(|line| (1..=lines + 1).contains(&line)), "{error}");
        }
    }

    #[test]
    fn what_is_set_is_what_is_got(key in prop::sample::select(KEYS), value in "\\PC{1,40}") {
        if let Ok(text) = config::set(CONFIG, key, &value) {
            prop_assert!(Config::parse(&text).is_ok(), "{text}");
            prop_assert!(text.starts_with("# Mine\n"));
            prop_assert!(text.contains("# quiet mornings"));
            if ["audio.backend", "audio.input", "audio.output"].contains(&key) {
                prop_assert_eq!(config::get(&text, key).unwrap(), value);
            }
        }
    }
}
