//! One example of everything that travels: every method with its reply, every event, a refusal.

use serde_json::Value;
use sotto_control::model::*;
use sotto_control::*;
use std::time::Duration;

use super::values::*;

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

/// One example for each method.
pub(super) fn examples() -> Vec<Example> {
    let names = || vec!["bao".to_owned(), "chen".to_owned()];
    let name = || "bao".to_owned();
    let title = || Some("Planning".to_owned());
    let invited = InviteReply {
        meeting: meeting(),
        invited: vec![person("Bao"), person("Chen")],
        left_out: left_out(),
    };
    let meeting_reply = MeetingReply { meeting: meeting() };
    let reference = MeetingRefReply {
        meeting: planning(),
    };
    let talk_reply = TalkReply {
        talk: talk(),
        left_out: Vec::new(),
    };
    let group_reply = GroupReply {
        group: group(),
        changed: vec![person("Bao")],
        gone: false,
    };
    let audio = AudioReply {
        muted: true,
        deafened: true,
        // Release 0.1 did not tell it.
        mode: TalkMode::Open,
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
                left_out: left_out(),
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
            &TalkReply {
                left_out: left_out(),
                ..talk_reply.clone()
            },
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
                echo: false,
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
                delay_ms: None,
                processing: None,
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
        example(
            GroupList {},
            &GroupsReply {
                groups: vec![group()],
            },
        ),
        example(
            GroupAdd {
                name: "desk".into(),
                names: names(),
            },
            &group_reply,
        ),
        example(
            GroupRemove {
                name: "desk".into(),
                names: names(),
            },
            &GroupReply {
                gone: true,
                ..group_reply.clone()
            },
        ),
        example(TalkPress { lasting: true }, &talk_reply),
        example(TalkToggle {}, &talk_reply),
        example(TalkUnpress {}, &talk_reply),
        example(
            SettingsGet {
                key: Some("talk.mode".into()),
            },
            &SettingsReply {
                settings: [("talk.mode".into(), "push".into())].into(),
            },
        ),
        example(
            SettingsSet {
                key: "talk.mode".into(),
                value: Some("push".into()),
            },
            &SettingReply {
                key: "talk.mode".into(),
                value: "push".into(),
                restart: true,
                not_saved: Some("the disk is full".into()),
            },
        ),
        example(
            DndSet {
                on: true,
                for_ms: Some(600_000),
            },
            &DndReply {
                dnd: dnd(),
                not_saved: Some("the disk is full".into()),
            },
        ),
        example(
            NetworkGet {},
            &NetworkReport {
                interfaces: vec![NetworkInterface {
                    name: "eth0".into(),
                    addresses: vec!["192.0.2.1/24".into()],
                    used: false,
                    unused_because: Some(UnusedBecause::NotChosen),
                    multicast_heard_back: Some(true),
                    others_heard_s: Some(4),
                }],
                listen_port: Some(42_113),
                media_port: Some(42_114),
                discovery: true,
                mdns_port_bound: Some(true),
                unreachable: vec![UnreachablePeer {
                    id: "12D3KooB".into(),
                    label: "Bao".into(),
                    addresses: vec!["192.0.2.10:42113".into()],
                    shares_network: true,
                    failures: 3,
                }],
                // Release 0.1 did not tell these.
                programs: Vec::new(),
                clones: vec!["192.0.2.11:42113".into()],
                problem: Some("multicast does not come back through eth0".into()),
                hint: Some("let UDP port 5353 through".into()),
            },
        ),
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
        groups,
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
        Event::Groups { groups },
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
