//! `config.toml` as people write it, and what they are told when it is wrong.

use sotto_control::config::{
    Backend, Config, ConfigError, Device, EditError, KEYS, Profile, Rejoin, TalkMode, get, set,
    unset,
};

#[test]
fn an_empty_file_is_all_defaults() {
    assert_eq!(Config::parse(""), Ok(Config::default()));
    assert_eq!(get("", "audio.input").unwrap(), "default");
    assert_eq!(get("", "meeting.rejoin").unwrap(), "after-crash");
    assert_eq!(get("", "network.listen_port").unwrap(), "26606");
    assert_eq!(get("", "network.media_port").unwrap(), "26607");
    assert_eq!(Config::default().network.listen_port, None);
}

#[test]
fn the_voice_gate_of_earlier_releases_is_a_talk_mode() {
    let mode = |text: &str| Config::parse(text).unwrap().talk.mode;
    assert_eq!(mode(""), TalkMode::Open);
    assert_eq!(mode("[talk]\nmode = 'push'"), TalkMode::Push);
    assert_eq!(mode("audio.voice_gate = 'on'"), TalkMode::Voice);
    assert_eq!(mode("audio.voice_gate = 'off'"), TalkMode::Open);
    let both = "[audio]\nvoice_gate = 'on' # old\nmusic = true\n[talk]\nmode = 'push'\n";
    assert_eq!(mode(both), TalkMode::Push);
    assert_eq!(
        set(both, "talk.mode", "open").unwrap(),
        "[audio]\nmusic = true\n[talk]\nmode = \"open\"\n"
    );
    assert_eq!(
        unset(both, "talk.mode").unwrap(),
        "[audio]\nmusic = true\n[talk]\n"
    );
    let error = set("", "audio.voice_gate", "on").unwrap_err().to_string();
    assert!(error.contains("talk.mode"), "{error}");
    let error = Config::parse("[audio]\nvoice_gate = true").unwrap_err();
    assert!(error.to_string().contains("talk.mode"), "{error}");
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(
        "name = ' Anna '\nmeeting.rejoin = 'always'\naudio = { backend = 'alsa', input = 'tone:440', output = 'null', profile = 'latency' }\n\
         [network]\ninterfaces = ['eth0']\nlisten_port = 4000\nmedia_port = 4001\nstatic_peers = ['[2001:db8::1]:5']\n",
    )
    .unwrap();
    assert_eq!(config.name.as_deref(), Some("Anna"));
    assert_eq!(config.meeting.rejoin, Rejoin::Always);
    assert_eq!(config.audio.backend, Backend::Alsa);
    assert_eq!(config.audio.input, Device::Tone { hertz: 440 });
    assert_eq!(config.audio.output, Device::Null);
    assert_eq!(config.audio.profile, Profile::Latency);
    assert_eq!(config.network.interfaces, ["eth0"]);
    assert_eq!(config.network.listen_port, Some(4000));
    assert_eq!(config.network.media_port, Some(4001));
    assert_eq!(
        config.network.static_peers,
        ["[2001:db8::1]:5".parse().unwrap()]
    );
}

#[test]
fn a_key_that_does_not_exist_is_named_with_its_line_and_the_nearest() {
    for (text, key, line, nearest) in [
        ("\nnmae = 1", "nmae", 2, "name"),
        (
            "[meeting]\nrejion = 'never'",
            "meeting.rejion",
            2,
            "meeting.rejoin",
        ),
        ("rejoin = 'never'", "rejoin", 1, "meeting.rejoin"),
        (
            "[network]\n\nlisten-port = 1",
            "network.listen-port",
            3,
            "network.listen_port",
        ),
        ("[netwrok]\nlisten_port = 1", "netwrok", 1, "network"),
        (
            "network.ports = 1",
            "network.ports",
            1,
            "network.media_port",
        ),
        (
            "[audio]\ninput.device = 'x'",
            "audio.input",
            2,
            "audio.input",
        ),
    ] {
        match Config::parse(text).unwrap_err() {
            ConfigError::UnknownKey {
                key: found,
                line: at,
                nearest: near,
            } => {
                assert_eq!(
                    (found.as_str(), at, near),
                    (key, Some(line), nearest),
                    "{text}"
                );
            }
            // A table where a text belongs is a wrong value of a key that exists.
            ConfigError::Value {
                key: found,
                line: at,
                ..
            } => {
                assert_eq!((found.as_str(), at), (key, Some(line)), "{text}");
                assert_eq!(key, nearest);
            }
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn a_value_that_does_not_fit_is_named_with_what_would() {
    for (text, message) in [
        ("name = ''", "line 1: \"name\" is empty"),
        ("name = 7", "line 1: \"name\" must be text in quotes"),
        (
            "[meeting]\nrejoin = 'maybe'",
            "line 2: \"meeting.rejoin\" must be \"after-crash\", \"always\" or \"never\"",
        ),
        (
            "[network]\nlisten_port = 70000",
            "line 2: \"network.listen_port\" must be 0 (any free port) or a port from 1024 to 65535; lower ones are the system's own",
        ),
        (
            "[network]\nstatic_peers = ['anna']",
            "line 2: \"network.static_peers\" must list addresses as IP:PORT, which \"anna\" is not",
        ),
        (
            "[audio]\ninput = 'tone:loud'",
            "line 2: \"audio.input\" must be a whole frequency from 1 to 20000 after \"tone:\", as in \"tone:440\"",
        ),
        (
            "[presence]\nidle_after = 10",
            "line 2: \"presence.idle_after\" must be text in quotes",
        ),
        (
            "[presence]\nidle_after = '5s'",
            "line 2: \"presence.idle_after\" must be \"never\", or a time from 10s to 24h, as in \"10m\"",
        ),
        (
            "[notifications]\nsounds = 'no'",
            "line 2: \"notifications.sounds\" must be true or false, without quotes",
        ),
        (
            "network = 1",
            "line 1: \"network\" must be a section: [network]",
        ),
    ] {
        assert_eq!(Config::parse(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn text_that_is_not_toml_is_named_by_its_line() {
    let error = Config::parse("name = 'Anna'\nname = ").unwrap_err();
    assert_eq!(error.line(), Some(2));
    let error = Config::parse("name = 'Anna'\nname = 'Bao'").unwrap_err();
    assert_eq!(error.line(), Some(2));
}

#[test]
fn setting_keeps_comments_order_and_everything_else() {
    let text = "# top\nname = 'Anna' # me\n\n[audio] # sound\ninput = 'default' # mic\n# end\n";
    let text = set(text, "audio.input", "USB Headset").unwrap();
    let text = set(&text, "audio.output", "null").unwrap();
    let text = set(&text, "meeting.rejoin", "never").unwrap();
    assert_eq!(
        text,
        "# top\nname = 'Anna' # me\n\n[audio] # sound\ninput = \"USB Headset\" # mic\noutput = \"null\"\n\n[meeting]\nrejoin = \"never\"\n# end\n"
    );
    let text = unset(&text, "audio.input").unwrap();
    assert_eq!(get(&text, "audio.input").unwrap(), "default");
    assert!(set(&text, "audio.volume", "1").is_err());
    assert!(set("name = ", "audio.input", "x").is_err());
}

#[test]
fn every_key_can_be_set_as_a_command_line_writes_it() {
    let values = [
        "Anna",
        "never",
        "push",
        "30m",
        "false",
        "false",
        "true",
        "false",
        "eth0,wlan0",
        "4000",
        "4001",
        "192.0.2.1:4,192.0.2.2:4",
        "alsa",
        "tone:440",
        "2",
        "null",
    ];
    let mut text = String::new();
    for (key, value) in KEYS.iter().zip(values) {
        text = set(&text, key, value).unwrap();
    }
    let config = Config::parse(&text).unwrap();
    assert_eq!(config.network.static_peers.len(), 2);
    assert_eq!(
        get(&text, "network.interfaces").unwrap(),
        "[\"eth0\", \"wlan0\"]"
    );
}

#[test]
fn every_form_of_a_device_is_shown_as_it_was_written() {
    for text in [
        "default",
        "null",
        "tone:1",
        "tone:20000",
        "file:/tmp/a.wav",
        "file:/tmp/a.wav?loop",
        "file:/tmp/a?b/c.wav?once",
        "USB Headset",
        "pulseaudio:alsa_input.usb",
    ] {
        let device: Device = text.parse().unwrap();
        assert_eq!(device.to_string(), text);
        assert_eq!(
            get(&set("", "audio.input", text).unwrap(), "audio.input").unwrap(),
            text
        );
    }
    let inside: Device = "file:/tmp/why?/a.wav".parse().unwrap();
    let path = "/tmp/why?/a.wav".into();
    assert_eq!(
        inside,
        Device::File {
            path,
            looped: false
        }
    );
    for backend in Backend::ALL {
        assert_eq!(backend.name().parse(), Ok(backend));
    }
}

#[test]
fn what_the_daemon_would_refuse_cannot_be_set() {
    let longest = "x".repeat(1024);
    assert!(set("", "audio.input", &longest).is_ok());
    let too_long = "x".repeat(1025);
    for (key, value, message) in [
        (
            "audio.backend",
            "jack",
            "must be \"auto\", \"pulseaudio\", \"pipewire\", \"alsa\" or \"null\"",
        ),
        (
            "audio.input",
            "tone:0.5",
            "must be a whole frequency from 1 to 20000 after \"tone:\", as in \"tone:440\"",
        ),
        (
            "audio.input",
            "tone:20001",
            "must be a whole frequency from 1 to 20000 after \"tone:\", as in \"tone:440\"",
        ),
        (
            "audio.input",
            "file:/a.wav?twice",
            "can be played \"?once\" or \"?loop\", not \"?twice\"",
        ),
        (
            "audio.output",
            "file:?once",
            "needs the path of a sound file after \"file:\", as in \"file:/home/anna/speech.wav\"",
        ),
        (
            "audio.output",
            "tone:440",
            "cannot be a tone; \"null\" plays to nobody",
        ),
        ("audio.input", &too_long, "is longer than 1024 bytes"),
        ("name", &too_long, "is longer than 64 bytes"),
    ] {
        let Err(EditError::Setting(error)) = set("", key, value) else {
            panic!("{key} = {value} is accepted");
        };
        assert_eq!(error.to_string(), format!("\"{key}\" {message}"));
    }
}

#[test]
fn ports_that_do_not_go_together_and_those_of_the_system_are_refused() {
    let error = |text: &str| Config::parse(text).unwrap_err().to_string();
    let same = error("[network]\nlisten_port = 4000\nmedia_port = 4000\n");
    assert!(
        same.starts_with("line 3: \"network.media_port\" must be another"),
        "{same}"
    );
    assert!(Config::parse("[network]\nlisten_port = 0\nmedia_port = 0\n").is_ok());
    let low = set("", "network.listen_port", "80")
        .unwrap_err()
        .to_string();
    assert!(low.contains("1024 to 65535"), "{low}");
    let file = "[network]\nlisten_port = 4000\n";
    let same = set(file, "network.media_port", "4000")
        .unwrap_err()
        .to_string();
    assert!(same.contains("must be another"), "{same}");
}

#[test]
fn interfaces_and_addresses_that_cannot_be_are_refused() {
    let error = |text: &str| Config::parse(text).unwrap_err().to_string();
    let blank = error("[network]\ninterfaces = [\"e0 \"]\n");
    assert!(blank.contains("which have no blanks"), "{blank}");
    for address in [
        "10.0.0.1:0",
        "0.0.0.0:7",
        "224.0.0.1:7",
        "255.255.255.255:7",
    ] {
        let why = error(&format!("[network]\nstatic_peers = [\"{address}\"]\n"));
        assert!(why.contains("no colleague's address"), "{why}");
    }
    let name = error("[network]\nstatic_peers = [\"anna-pc:7\"]\n");
    assert!(name.contains("as IP:PORT"), "{name}");
}

#[test]
fn a_name_with_a_number_sign_is_refused() {
    let error = set("", "name", "Anna#1").unwrap_err().to_string();
    assert!(error.contains("contains a #"), "{error}");
}

#[test]
fn a_name_with_a_character_that_nobody_sees_is_not_set_but_read() {
    for (name, code) in [("Anna\u{200b}", "U+200B"), ("Anna\u{ff03}1", "U+FF03")] {
        let error = set("", "name", name).unwrap_err().to_string();
        assert!(error.contains(code), "{error}");
        assert!(Config::parse(&format!("name = \"{name}\"")).is_ok());
    }
    assert!(set("", "name", "Zoë 👩‍💻").is_ok());
}
