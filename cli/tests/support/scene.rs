//! What the pretended daemon knows when it starts.

use sotto_control::model::{
    Device, DeviceInUse, Devices, IncomingWhisper, Invitation, Meeting, MeetingRef, NetworkStatus,
    Notice, NoticeKind, OfflineReason, Participant, Path, Peer, Person, Presence, Severity,
    Snapshot, Sound, SoundState, Stats, Status, Talk, TalkTo,
};

/// Somebody by name.
pub fn person(name: &str) -> Person {
    Person {
        id: format!("12D3KooW{name}"),
        name: name.into(),
        label: name.into(),
    }
}

pub(super) fn not_joined(person: &Person) -> Participant {
    Participant {
        person: person.clone(),
        presence: Presence::offline(OfflineReason::NotJoined),
        volume_percent: 100,
        ..Participant::default()
    }
}

fn participant(name: &str, presence: Presence, stats: Option<Stats>) -> Participant {
    Participant {
        person: person(name),
        presence,
        volume_percent: 100,
        stats,
        ..Participant::default()
    }
}

fn stats(loss: f32, delay_ms: f32, path: Path) -> Option<Stats> {
    Some(Stats {
        loss,
        jitter_ms: 1.5,
        delay_ms,
        kbps: 61.0,
        path,
        ..Stats::default()
    })
}

/// Anna in *Planning* with Bao, Chen and Dara; *Retro* beside it; Emil invites her to a third.
pub fn scene() -> Snapshot {
    let planning = Meeting {
        id: "a".repeat(32),
        title: "Planning".into(),
        active: true,
        presence: Presence::online(),
        creator: Some(person("Anna")),
        created: 1_800_000_000,
        participants: vec![
            Participant {
                you: true,
                ..participant("Anna", Presence::online(), None)
            },
            Participant {
                speaking: true,
                level_dbfs: Some(-18.0),
                ..participant("Bao", Presence::online(), stats(0.003, 24.0, Path::Udp))
            },
            Participant {
                muted: true,
                ..participant("Chen", Presence::away(), stats(0.051, 96.0, Path::Stream))
            },
            participant("Dara", Presence::offline(OfflineReason::Phone), None),
        ],
    };
    let retro = Meeting {
        id: "b".repeat(32),
        title: "Retro".into(),
        presence: Presence::offline(OfflineReason::Elsewhere),
        creator: Some(person("Emil")),
        created: 1_800_000_100,
        participants: vec![
            Participant {
                you: true,
                ..participant("Anna", Presence::offline(OfflineReason::Elsewhere), None)
            },
            participant("Emil", Presence::online(), None),
        ],
        ..Meeting::default()
    };
    Snapshot {
        status: Status {
            you: person("Anna"),
            version: "0.1.0".into(),
            pid: 4711,
            uptime_s: 7500,
            config: "/home/anna/.config/sotto/config.toml".into(),
            meeting: Some(planning.to_ref()),
            presence: Some(Presence::online()),
            unmuted_by: Some("sotto-tray".into()),
            joined_by: Some("sotto".into()),
            invitations: 1,
            sound: Sound {
                state: SoundState::Open,
                input: DeviceInUse {
                    wanted: "default".into(),
                    open: Some("USB Headset".into()),
                    ..DeviceInUse::default()
                },
                output: DeviceInUse {
                    wanted: "default".into(),
                    open: Some("USB Headset".into()),
                    ..DeviceInUse::default()
                },
                ..Sound::default()
            },
            network: NetworkStatus {
                listening: vec!["192.0.2.7:42113".into()],
                media_port: Some(42114),
                running: 4,
                connected: 3,
                ..NetworkStatus::default()
            },
            warnings: vec![Notice {
                kind: NoticeKind::StateDamaged,
                severity: Severity::Warning,
                text: "the file of meetings was damaged and is set aside".into(),
                hint: Some("it is kept as meetings.damaged".into()),
                ..Notice::default()
            }],
            ..Status::default()
        },
        peers: [
            ("Bao", true, true),
            ("Chen", true, true),
            ("Dara", true, true),
            ("Emil", true, false),
            ("Emilia", false, false),
        ]
        .into_iter()
        .enumerate()
        .map(|(index, (name, running, connected))| Peer {
            person: person(name),
            running,
            connected,
            addresses: vec![format!("192.0.2.{}", 10 + index)],
            meetings: connected.then(|| planning.to_ref()).into_iter().collect(),
            last_heard_s: Some(if running { 0 } else { 7200 }),
        })
        .collect(),
        meetings: vec![planning, retro],
        invitations: vec![Invitation {
            meeting: MeetingRef {
                id: "c".repeat(32),
                title: "Design review".into(),
            },
            from: vec![person("Emil")],
            roster: vec![person("Emil"), person("Anna")],
            inside: vec![person("Emil")],
            ..Invitation::default()
        }],
        talk: Talk {
            to: TalkTo::Everyone,
            microphone_open: true,
            ..Talk::default()
        },
    }
}

/// Chen whispers to Anna and Bao.
pub fn incoming_whisper() -> IncomingWhisper {
    IncomingWhisper {
        from: person("Chen"),
        also_to: vec![person("Bao")],
        heard: true,
    }
}

pub(super) fn devices(sound: &Sound) -> Devices {
    let device = |id: &str, name: &str, default| Device {
        id: id.into(),
        name: name.into(),
        default,
        in_use: sound.input.open.as_deref() == Some(name),
        ..Device::default()
    };
    Devices {
        sound: sound.clone(),
        backend: "pulseaudio".into(),
        inputs: vec![
            device("usb_headset", "USB Headset", true),
            device("webcam", "Webcam", false),
            Device {
                bluetooth: true,
                form: Some("headset".into()),
                ..device("bluez_source", "Buds", false)
            },
            Device {
                monitor: true,
                ..device("usb_headset.monitor", "Monitor of USB Headset", false)
            },
        ],
        outputs: vec![device("usb_headset", "USB Headset", true)],
    }
}
