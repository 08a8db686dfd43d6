//! One example of everything that travels: every method with its reply, every event, a refusal.

use serde_json::Value;
use sotto_control::model::*;
use sotto_control::*;
use std::time::Duration;

/// A request, its reply, and how this release reads that reply.
pub(super) struct Example {
    pub(super) request: Request,
    /// The parameters as they travel.
    pub(super) params: Value,
    pub(super) reply: Value,
    /// Reads the reply as the method's type, and returns what of it this release keeps.
    pub(super) read: fn(&Value) -> serde_json::Result<Value>,
}

fn example<M: Method>(request: M, reply: &M::Reply) -> Example {
    Example {
        params: serde_json::to_value(&request).unwrap(),
        request: request.into(),
        reply: serde_json::to_value(reply).unwrap(),
        read: |told| {
            let reply: M::Reply = serde_json::from_value(told.clone())?;
            serde_json::to_value(reply)
        },
    }
}

pub(super) fn person(name: &str) -> Person {
    Person {
        id: format!("12D3KooW{name}"),
        name: name.into(),
        label: name.into(),
    }
}

fn planning() -> MeetingRef {
    meeting().to_ref()
}

fn meeting() -> Meeting {
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

fn invitation() -> Invitation {
    Invitation {
        meeting: planning(),
        from: vec![person("Bao")],
        roster: vec![person("Bao"), person("Chen")],
        inside: vec![person("Bao")],
        received: 1_800_000_000,
        expires: 1_800_086_400,
    }
}

fn device() -> Device {
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

fn sound() -> Sound {
    let used = DeviceInUse {
        wanted: "default".into(),
        open: Some("USB Headset".into()),
        id: Some(device().id),
        form: device().form,
        muted_by_system: true,
        default_elsewhere: Some("pulseaudio:camera".into()),
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

fn notice() -> Notice {
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

fn status() -> Status {
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
        invitations: 1,
        sound: sound(),
        network: NetworkStatus {
            listening: vec!["192.0.2.7:42113".into()],
            media_port: Some(42114),
            interfaces: vec!["eth0".into()],
            running: 4,
            connected: 3,
            problem: Some("no network".into()),
        },
        warnings: vec![notice()],
    }
}

fn peer() -> Peer {
    Peer {
        person: person("Bao"),
        running: true,
        connected: true,
        addresses: vec!["192.0.2.10".into()],
        meetings: vec![planning()],
        last_heard_s: Some(2),
    }
}

fn talk() -> Talk {
    Talk {
        to: TalkTo::Whisper {
            to: vec![person("Chen")],
            mode: WhisperMode::For(Duration::from_millis(4200)),
        },
        nobody_because: None,
        microphone_open: true,
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
    }
}

fn way() -> Way {
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

/// One example for each method.
pub(super) fn examples() -> Vec<Example> {
    let names = || vec!["bao".to_owned(), "chen".to_owned()];
    let name = || "bao".to_owned();
    let title = || Some("Planning".to_owned());
    let invited = InviteReply {
        meeting: meeting(),
        invited: vec![person("Bao"), person("Chen")],
    };
    let meeting_reply = MeetingReply { meeting: meeting() };
    let reference = MeetingRefReply {
        meeting: planning(),
    };
    let talk_reply = TalkReply { talk: talk() };
    let audio = AudioReply {
        muted: true,
        deafened: true,
    };
    let silence = |silenced| SilenceReply {
        person: person("Bao"),
        silenced,
    };
    let presence = |presence| PresenceReply {
        presence: Some(presence),
        meeting: Some(planning()),
        muted: true,
    };
    vec![
        example(
            Version {
                client: "sotto".into(),
                api: Some(1),
            },
            &VersionReply {
                version: "0.1.0".into(),
                api: 1,
            },
        ),
        example(StatusGet {}, &status()),
        example(
            PeersList {},
            &PeersReply {
                peers: vec![peer()],
            },
        ),
        example(
            MeetingCreate {
                title: "Planning".into(),
                names: names(),
                from: Some("Retro".into()),
                without: vec!["dara".into()],
            },
            &invited,
        ),
        example(
            MeetingInvite {
                names: names(),
                meeting: title(),
            },
            &invited,
        ),
        example(
            MeetingWithdraw {
                names: names(),
                meeting: title(),
            },
            &WithdrawReply {
                meeting: planning(),
                withdrawn: vec![person("Bao")],
            },
        ),
        example(
            MeetingJoin {
                meeting: title(),
                muted: true,
            },
            &meeting_reply,
        ),
        example(MeetingDecline { meeting: title() }, &reference),
        example(MeetingLeave { meeting: title() }, &reference),
        example(
            MeetingSwitch {
                meeting: "Retro".into(),
            },
            &meeting_reply,
        ),
        example(
            MeetingList {},
            &MeetingsReply {
                meetings: vec![meeting()],
            },
        ),
        example(MeetingRoster { meeting: title() }, &meeting_reply),
        example(
            InvitationsList {},
            &InvitationsReply {
                invitations: vec![invitation()],
            },
        ),
        example(
            TalkWhisper {
                names: names(),
                mode: WhisperMode::For(Duration::from_secs(5)),
            },
            &talk_reply,
        ),
        example(
            TalkReplyTo {
                to: Vec::new(),
                mode: WhisperMode::Hold,
            },
            &talk_reply,
        ),
        example(TalkRelease {}, &talk_reply),
        example(TalkEveryone {}, &talk_reply),
        example(AudioMute {}, &audio),
        example(AudioUnmute {}, &audio),
        example(AudioDeafen {}, &audio),
        example(AudioUndeafen {}, &audio),
        example(
            AudioVolume {
                name: name(),
                percent: 150,
            },
            &VolumeReply {
                person: person("Bao"),
                percent: 150,
            },
        ),
        example(
            AudioLatency {
                name: name(),
                chirp: true,
            },
            &Latency {
                person: person("Bao"),
                to: Some(way()),
                from: Some(way()),
            },
        ),
        example(AudioSilence { name: name() }, &silence(true)),
        example(AudioUnsilence { name: name() }, &silence(false)),
        example(
            AudioDevices {},
            &Devices {
                sound: sound(),
                backend: "pulseaudio".into(),
                inputs: vec![device()],
                outputs: vec![device()],
            },
        ),
        example(
            AudioUse {
                device: "usb".into(),
                only: Some(DeviceRole::Input),
            },
            &DeviceChoice {
                input: Some(device()),
                output: Some(device()),
                not_saved: Some("the disk is full".into()),
            },
        ),
        example(
            AudioTest {
                listen_ms: Some(3000),
                quiet: true,
            },
            &MicrophoneTest {
                input: "USB Headset".into(),
                output: Some("USB Headset".into()),
                output_problem: Some("busy".into()),
                recorded_ms: 3000,
                peak_dbfs: -12.0,
                speech_dbfs: -22.0,
                noise_dbfs: -66.0,
                clipped_samples: 1,
                verdict: TestVerdict::Good,
            },
        ),
        example(PresenceAway {}, &presence(Presence::away())),
        example(PresenceBack {}, &presence(Presence::online())),
        example(
            PresencePhone {},
            &presence(Presence::offline(OfflineReason::Phone)),
        ),
        example(
            NetworkConnect {
                address: "192.0.2.10:42113".into(),
                wait_ms: Some(5000),
            },
            &ConnectReply {
                address: "192.0.2.10:42113".into(),
                person: Some(person("Bao")),
            },
        ),
        example(EventsSubscribe { levels: true }, &snapshot()),
        example(DaemonQuit {}, &Done {}),
        example(TalkRenew {}, &Done {}),
        example(TalkAbandon {}, &talk_reply),
    ]
}

/// One event of each kind; the snapshot comes first, because it makes older ones worthless.
pub(super) fn events() -> Vec<Event> {
    let Snapshot {
        status,
        peers,
        meetings,
        invitations,
        talk,
    } = snapshot();
    vec![
        Event::Snapshot {
            snapshot: Box::new(snapshot()),
        },
        Event::Status {
            status: Box::new(status),
        },
        Event::Peers {
            peers: peers.clone(),
        },
        Event::Peer {
            peer: peers[0].clone(),
        },
        Event::PeerGone {
            id: person("Chen").id,
        },
        Event::Meetings {
            meetings: meetings.clone(),
        },
        Event::Meeting {
            meeting: meetings[0].clone(),
        },
        Event::MeetingGone { id: "b".repeat(52) },
        Event::Participant {
            meeting: meetings[0].id.clone(),
            participant: Box::new(meetings[0].participants[1].clone()),
        },
        Event::Invitations { invitations },
        Event::Talk { talk },
        Event::Levels {
            levels: Levels {
                microphone_dbfs: Some(-20.0),
                you_speak: true,
                speakers: vec![Level {
                    id: person("Bao").id,
                    level_dbfs: -18.0,
                    whisper: true,
                }],
            },
        },
        Event::Test {
            test: TestProgress {
                step: TestStep::Listening,
                level_dbfs: Some(-30.0),
                remaining_ms: 1500,
            },
        },
        Event::Missed { notices: 3 },
        Event::Notice { notice: notice() },
    ]
}

/// A refusal with everything that one may carry.
pub(super) fn refusal() -> ControlError {
    ControlError::new(ErrorCode::Absent, "Dara is not present")
        .with_hint("see who is there with 'sotto roster'")
        .with_candidates(vec!["Dara (laptop)".into()])
        .with_absent(vec![AbsentPerson {
            person: person("Dara"),
            presence: Presence::offline(OfflineReason::Phone),
        }])
}
