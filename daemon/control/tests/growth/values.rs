//! What the examples are made of: one value of each type, with everything that it may carry.

use std::time::Duration;

use sotto_control::model::*;

pub(super) fn person(name: &str) -> Person {
    Person {
        id: format!("12D3KooW{name}"),
        name: name.into(),
        label: name.into(),
    }
}

pub(super) fn planning() -> MeetingRef {
    meeting().to_ref()
}

pub(super) fn meeting() -> Meeting {
    let participant = |name: &str, presence| Participant {
        person: person(name),
        presence,
        volume_percent: 100,
        ..Participant::default()
    };
    Meeting {
        id: "a".repeat(32),
        title: "Planning".into(),
        active: true,
        presence: Presence::online(),
        creator: Some(person("Anna")),
        created: 1_800_000_000,
        participants: vec![
            Participant {
                you: true,
                ..participant("Anna", Presence::online())
            },
            Participant {
                speaking: true,
                level_dbfs: Some(-18.0),
                stats: Some(Stats {
                    loss: 0.25,
                    jitter_ms: 1.5,
                    delay_ms: 24.0,
                    kbps: 61.0,
                    path: Path::Udp,
                    target_ms: 12.0,
                    round_trip_ms: Some(0.5),
                    recovered: 3,
                    concealed: 2,
                    recalled: 1,
                    sent: Some(Sent {
                        loss: 0.125,
                        longest_burst: 2,
                        copies: 1,
                        farthest: 3,
                        memory: true,
                        repeated: 4,
                    }),
                }),
                ..participant("Bao", Presence::online())
            },
            Participant {
                muted: true,
                silenced: true,
                same_room: true,
                ..participant("Chen", Presence::away())
            },
            participant("Dara", Presence::offline(OfflineReason::Phone)),
        ],
    }
}

pub(super) fn invitation() -> Invitation {
    Invitation {
        meeting: planning(),
        from: vec![person("Bao")],
        roster: vec![person("Bao"), person("Chen")],
        inside: vec![person("Bao")],
        received: 1_800_000_000,
        expires: 1_800_086_400,
    }
}

pub(super) fn device() -> Device {
    Device {
        id: "pulseaudio:alsa_input.usb".into(),
        name: "USB Headset".into(),
        default: true,
        in_use: true,
        form: Some("headset".into()),
        bluetooth: true,
        muted_by_system: true,
        monitor: true,
    }
}

pub(super) fn sound() -> Sound {
    let used = DeviceInUse {
        wanted: "default".into(),
        open: Some("USB Headset".into()),
        id: Some(device().id),
        form: device().form,
        muted_by_system: true,
        default_elsewhere: Some("pulseaudio:camera".into()),
        problem: None,
        hint: None,
    };
    Sound {
        state: SoundState::Failed,
        problem: Some("the microphone \"USB Headset\" is gone".into()),
        hint: Some("plug it in again".into()),
        scheduling: Some("real-time".into()),
        profile: Some("default".into()),
        input: used.clone(),
        output: used,
        processing: Some(Processing {
            echo_cancellation: false,
            reason: Some("a headset is in use".into()),
            noise_suppression: true,
            gain_control: true,
            gate: true,
        }),
    }
}

pub(super) fn notice() -> Notice {
    Notice {
        kind: NoticeKind::ParticipantGone,
        severity: Severity::Warning,
        text: "Dara took a phone call".into(),
        hint: Some("see who is there with 'sotto roster'".into()),
        client: Some("sotto".into()),
        meeting: Some(planning()),
        person: Some(person("Dara")),
        time: 1_800_000_000,
    }
}

pub(super) fn status() -> Status {
    Status {
        you: person("Anna"),
        version: "0.1.0".into(),
        pid: 4711,
        uptime_s: 7500,
        config: "/home/anna/.config/sotto/config.toml".into(),
        meeting: Some(planning()),
        presence: Some(Presence::online()),
        muted: true,
        deafened: true,
        talk: None,
        unmuted_by: Some("sotto".into()),
        joined_by: Some("sotto-tray".into()),
        // Release 0.1 did not tell these.
        dnd: Dnd::default(),
        notifications_off: false,
        invitations: 1,
        sound: sound(),
        network: NetworkStatus {
            listening: vec!["192.0.2.7:42113".into()],
            media_port: Some(42114),
            interfaces: vec!["eth0".into()],
            running: 4,
            connected: 3,
            problem: Some("no network".into()),
            hint: None,
        },
        warnings: vec![notice()],
        restart_to_update: false,
    }
}

pub(super) fn dnd() -> Dnd {
    Dnd {
        on: true,
        until: Some(1_800_000_600),
    }
}

pub(super) fn peer() -> Peer {
    Peer {
        person: person("Bao"),
        running: true,
        connected: true,
        addresses: vec!["192.0.2.10".into()],
        meetings: vec![planning()],
        last_heard_s: Some(2),
        clock_off_s: None,
        // Release 0.1 did not tell it.
        version: None,
    }
}

pub(super) fn talk() -> Talk {
    Talk {
        to: TalkTo::Whisper {
            to: vec![person("Chen")],
            mode: WhisperMode::For(Duration::from_millis(4200)),
        },
        nobody_because: None,
        microphone_open: true,
        // Release 0.1 did not tell these.
        mode: TalkMode::Open,
        pressed: false,
        muted_but_talking: false,
        not_hearing: vec![person("Chen")],
        incoming: vec![IncomingWhisper {
            from: person("Bao"),
            also_to: vec![person("Chen")],
            heard: true,
        }],
        reply_to: vec![person("Bao"), person("Chen")],
    }
}

pub(super) fn snapshot() -> Snapshot {
    Snapshot {
        status: status(),
        peers: vec![peer()],
        meetings: vec![meeting()],
        invitations: vec![invitation()],
        talk: talk(),
        groups: vec![group()],
    }
}

pub(super) fn group() -> Group {
    let member = |name: &str| GroupMember {
        person: person(name),
        you: false,
        unknown: false,
    };
    Group {
        name: "desk".into(),
        members: vec![
            GroupMember {
                you: true,
                ..member("Anna")
            },
            member("Bao"),
            GroupMember {
                unknown: true,
                ..member("Dara")
            },
        ],
    }
}

pub(super) fn left_out() -> Vec<LeftOut> {
    vec![LeftOut {
        person: person("Dara"),
        group: "desk".into(),
        because: LeftOutBecause::Absent,
        presence: Some(Presence::offline(OfflineReason::Phone)),
    }]
}

pub(super) fn way() -> Way {
    Way {
        capture_ms: 1.0,
        frame_ms: 10.0,
        processing_ms: 2.0,
        codec_ms: 6.5,
        network_ms: 0.5,
        jitter_buffer_ms: 14.5,
        playback_ms: 8.5,
        total_ms: 43.0,
        chirp_ms: Some(42.5),
    }
}
