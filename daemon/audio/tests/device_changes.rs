//! What becomes of open devices when they, or their sound system, change: on a real PulseAudio server.

#![cfg(all(target_os = "linux", feature = "pulseaudio"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pulse;

use std::time::{Duration, Instant};

use pulse::{DEADLINE, Kept, Server, is_open, measured, pactl, plug};
use sotto_audio::{
    Backend, Capture, CaptureReader, CaptureRequest, DEFAULT_PERIOD, DeviceError, DeviceSpec,
    DeviceState, Direction, FormFactor, Playback, PlaybackRequest, devices,
};

/// Sound is back within this of its device.
const BACK: Duration = Duration::from_secs(2);

fn microphone(device: DeviceSpec) -> Option<CaptureRequest> {
    Some(CaptureRequest {
        backend: Backend::Auto,
        device,
        period: DEFAULT_PERIOD,
        channel: None,
        attended: false,
    })
}

fn loudspeaker(device: DeviceSpec) -> Option<PlaybackRequest> {
    Some(PlaybackRequest {
        backend: Backend::Auto,
        device,
        period: DEFAULT_PERIOD,
        attended: false,
    })
}

fn named(name: &str) -> DeviceSpec {
    DeviceSpec::Named(name.to_owned())
}

/// A microphone that hears nothing.
fn plug_headset() -> pulse::Plugged {
    plug(
        "module-null-source",
        &[
            "source_name=headset",
            "rate=48000",
            "channels=1",
            "description=Headset",
        ],
    )
}

/// The loudest sample that a microphone gives until `woken` is silent for 300 ms or a second has passed.
fn loudest(reader: &mut CaptureReader, kept: &Kept<Capture>) -> f32 {
    let (begin, mut loudest) = (Instant::now(), 0.0_f32);
    let mut frame = [0.0; 480];
    while begin.elapsed() < Duration::from_secs(1) {
        while reader.read(&mut frame).is_some() {
            loudest = frame.iter().fold(loudest, |peak, it| peak.max(it.abs()));
        }
        if kept.woken.recv_timeout(Duration::from_millis(300)).is_err() {
            break;
        }
    }
    loudest
}

const SPEAKERS: &str = "module-null-sink sink_name=speakers rate=48000 channels=2";
/// A microphone that hears a loud tone, so that its sound is told from that of another.
const CAMERA: &str = "module-sine-source source_name=camera rate=48000 frequency=440";

#[test]
fn an_unplugged_microphone_closes_and_is_not_replaced_while_it_is_open_to_others() {
    pulse::run("inside_unplugged_microphone");
}

#[test]
#[ignore = "run by an_unplugged_microphone_closes_and_is_not_replaced_while_it_is_open_to_others"]
fn inside_unplugged_microphone() {
    let _server = Server::start(&[SPEAKERS, CAMERA]);
    let headset = plug_headset();
    pactl(&["set-default-source", "headset"]);
    let kept = Kept::<Capture>::start();
    kept.keeper.want(microphone(DeviceSpec::Default));
    kept.wait_open("headset");
    let mut reader = kept.latest().unwrap();

    let begin = Instant::now();
    headset.unplug();
    let (at, error) = kept.wait_failed();
    measured("a microphone that was unplugged is told", begin, at);
    assert!(matches!(error, DeviceError::Lost { .. }), "{error}");
    // Not a sample of the other microphone, neither through the old end nor through a new one.
    let heard = loudest(&mut reader, &kept);
    assert!(heard < 0.001, "the camera was heard: {heard}");
    let (_, error) = kept.wait_failed();
    let DeviceError::Replaced { gone, offered } = &error else {
        panic!("{error}");
    };
    assert!(offered.contains("Sine"), "{offered}");
    assert!(!gone.is_empty());
    let hint = error.hint().unwrap();
    assert!(hint.contains("sotto unmute"), "{hint}");
    assert!(kept.latest().is_none(), "nothing is handed out");

    let begin = Instant::now();
    let headset = plug_headset();
    let took = measured(
        "a microphone that was plugged in again works",
        begin,
        kept.wait_open("headset"),
    );
    assert!(took < BACK, "{took:?}");
    assert!(kept.latest().is_some());

    // The user goes on with what there is.
    headset.unplug();
    kept.wait_failed();
    kept.keeper.accept();
    kept.wait_open("camera");
    let mut reader = kept.latest().unwrap();
    let begin = Instant::now();
    while loudest(&mut reader, &kept) < 0.1 {
        assert!(begin.elapsed() < DEADLINE, "the camera is not heard");
    }
}

#[test]
fn a_muted_microphone_follows_the_system() {
    pulse::run("inside_muted_microphone");
}

#[test]
#[ignore = "run by a_muted_microphone_follows_the_system"]
fn inside_muted_microphone() {
    let _server = Server::start(&[SPEAKERS, CAMERA]);
    let headset = plug_headset();
    pactl(&["set-default-source", "headset"]);
    let kept = Kept::<Capture>::start();
    kept.keeper.want(microphone(DeviceSpec::Default));
    kept.wait_open("headset");

    // Open to others: the default changes, and the microphone stays.
    pactl(&["set-default-source", "camera"]);
    let (_, state) = kept.wait("told of the new default", |state| {
        matches!(
            state,
            DeviceState::Open {
                default_elsewhere: Some(_),
                ..
            }
        )
    });
    let DeviceState::Open {
        device,
        default_elsewhere,
    } = state
    else {
        unreachable!()
    };
    assert_eq!(device.id, "pulseaudio:headset");
    assert_eq!(default_elsewhere.as_deref(), Some("pulseaudio:camera"));

    // Muted: it follows.
    let begin = Instant::now();
    kept.keeper.may_move(true);
    let took = measured(
        "a muted microphone follows",
        begin,
        kept.wait_open("camera"),
    );
    assert!(took < BACK);
    // And back.
    let begin = Instant::now();
    pactl(&["set-default-source", "headset"]);
    measured(
        "a muted microphone follows a changed default",
        begin,
        kept.wait_open("headset"),
    );
    // Also when it is unplugged.
    headset.unplug();
    kept.wait_open("camera");
    kept.keeper.may_move(false);
}

#[test]
fn a_loudspeaker_follows_the_default_and_a_named_one_stays() {
    pulse::run("inside_loudspeaker");
}

#[test]
#[ignore = "run by a_loudspeaker_follows_the_default_and_a_named_one_stays"]
fn inside_loudspeaker() {
    let _server = Server::start(&[SPEAKERS]);
    let plug_headset = || {
        plug(
            "module-null-sink",
            &["sink_name=headset", "rate=48000", "channels=2"],
        )
    };
    let headset = plug_headset();
    pactl(&["set-default-sink", "headset"]);
    let kept = Kept::<Playback>::start();
    kept.keeper.want(loudspeaker(DeviceSpec::Default));
    kept.wait_open("headset");

    let begin = Instant::now();
    pactl(&["set-default-sink", "speakers"]);
    let took = measured(
        "a loudspeaker follows a changed default",
        begin,
        kept.wait_open("speakers"),
    );
    assert!(took < BACK);
    pactl(&["set-default-sink", "headset"]);
    kept.wait_open("headset");
    let begin = Instant::now();
    headset.unplug();
    let took = measured(
        "a loudspeaker follows when it is unplugged",
        begin,
        kept.wait_open("speakers"),
    );
    assert!(took < BACK);

    kept.keeper.want(None);
    kept.wait("closed", |state| *state == DeviceState::Closed);
    let headset = plug_headset();
    kept.keeper.want(loudspeaker(named("headset")));
    kept.wait_open("headset");
    headset.unplug();
    kept.wait_failed();
    let (_, error) = kept.wait_failed();
    assert!(matches!(error, DeviceError::NotFound { .. }), "{error}");
    let begin = Instant::now();
    let _headset = plug_headset();
    let took = measured(
        "a named loudspeaker that was plugged in again works",
        begin,
        kept.wait_open("headset"),
    );
    assert!(took < BACK);
}

#[test]
fn devices_that_come_back_in_another_form_are_opened_again() {
    pulse::run("inside_another_form");
}

#[test]
#[ignore = "run by devices_that_come_back_in_another_form_are_opened_again"]
fn inside_another_form() {
    let _server = Server::start(&[SPEAKERS]);
    let plug_box = |rate: &str, channels: &str| {
        [
            plug("module-null-sink", &["sink_name=box", rate, channels]),
            plug("module-null-source", &["source_name=mic", rate, channels]),
        ]
    };
    let mut plugged = plug_box("rate=48000", "channels=2");
    let (speaker, mic) = (Kept::<Playback>::start(), Kept::<Capture>::start());
    speaker.keeper.want(loudspeaker(named("box")));
    mic.keeper.want(microphone(named("mic")));
    speaker.wait_open("box");
    mic.wait_open("mic");
    for (rate, channels) in [("44100", 6), ("96000", 8), ("16000", 1), ("48000", 2)] {
        plugged.into_iter().for_each(pulse::Plugged::unplug);
        speaker.wait_failed();
        mic.wait_failed();
        let begin = Instant::now();
        plugged = plug_box(&format!("rate={rate}"), &format!("channels={channels}"));
        for at in [speaker.wait_open("box"), mic.wait_open("mic")] {
            let what = format!("a device that has {rate} Hz and {channels} channels now works");
            let took = measured(&what, begin, at);
            assert!(took < BACK);
        }
        let begin = Instant::now();
        while mic.keeper.report().statistics.channels != channels {
            assert!(begin.elapsed() < DEADLINE, "{:?}", mic.keeper.report());
            std::thread::yield_now();
        }
        println!("measured: {:?}", mic.keeper.report().statistics);
    }
}

#[test]
fn sound_comes_back_with_the_server() {
    pulse::run("inside_server_restarts");
}

#[test]
#[ignore = "run by sound_comes_back_with_the_server"]
fn inside_server_restarts() {
    let modules = [
        SPEAKERS,
        "module-null-source source_name=headset rate=48000 channels=1",
    ];
    let (speaker, mic) = (Kept::<Playback>::start(), Kept::<Capture>::start());
    // None to begin with.
    speaker.keeper.want(loudspeaker(DeviceSpec::Default));
    mic.keeper.want(microphone(DeviceSpec::Default));
    let (_, error) = mic.wait_failed();
    assert!(
        matches!(error, DeviceError::NoSoundSystem { .. }),
        "{error}"
    );
    speaker.wait_failed();
    let mut server = None;
    for round in 0..3 {
        let begin = Instant::now();
        let started = Server::start(&modules);
        let ready = Instant::now();
        for (what, at) in [
            ("the loudspeaker", speaker.wait_open("speakers")),
            ("the microphone", mic.wait_open("headset")),
        ] {
            let what = format!("round {round}: {what} works");
            measured(&format!("{what} after the server's start,"), begin, at);
            assert!(at.saturating_duration_since(ready) < BACK);
        }
        started.kill();
        let (at, _) = mic.wait_failed();
        assert!(at.elapsed() < DEADLINE);
        speaker.wait_failed();
        server = Some(());
    }
    assert!(server.is_some());
}

#[test]
fn a_bluetooth_microphone_and_a_monitor_are_only_opened_by_name() {
    pulse::run("inside_bluetooth");
}

#[test]
#[ignore = "run by a_bluetooth_microphone_and_a_monitor_are_only_opened_by_name"]
fn inside_bluetooth() {
    let _server = Server::start(&[SPEAKERS]);
    // The only source is what the speakers play.
    let kept = Kept::<Capture>::start();
    kept.keeper.want(microphone(DeviceSpec::Default));
    let (_, error) = kept.wait_failed();
    assert_eq!(error, DeviceError::NoDefault(Direction::Capture));

    let _headset = plug(
        "module-remap-source",
        &[
            "source_name=bluez_source.00_11_22_33_44_55.headset",
            "master=speakers.monitor",
            "source_properties='device.bus=bluetooth device.form_factor=headset device.description=Buds'",
        ],
    );
    let found = devices(Backend::PulseAudio).unwrap();
    let buds = found
        .iter()
        .find(|device| device.id.contains("bluez_source"))
        .unwrap();
    assert!(buds.bluetooth && !buds.is_monitor, "{buds:?}");
    pactl(&[
        "set-default-source",
        "bluez_source.00_11_22_33_44_55.headset",
    ]);
    let (_, state) = kept.wait("told about Bluetooth", |state| {
        matches!(
            state,
            DeviceState::Failed(DeviceError::BluetoothMicrophone { .. })
        )
    });
    let DeviceState::Failed(error) = state else {
        unreachable!()
    };
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("sotto devices use pulseaudio:bluez_source"),
        "{hint}"
    );
    kept.keeper.want(microphone(named(&buds.id)));
    kept.wait_open("bluez_source.00_11_22_33_44_55.headset");
}

#[test]
fn a_device_keeps_its_identifier_and_is_described() {
    pulse::run("inside_identifiers");
}

#[test]
#[ignore = "run by a_device_keeps_its_identifier_and_is_described"]
fn inside_identifiers() {
    let modules = [
        SPEAKERS,
        "module-null-sink sink_name=usb sink_properties=device.form_factor=headset",
        CAMERA,
    ];
    let ids = || {
        let mut ids: Vec<String> = devices(Backend::Auto)
            .unwrap()
            .into_iter()
            .map(|device| device.id)
            .collect();
        ids.sort();
        ids
    };
    let server = Server::start(&modules);
    let before = ids();
    assert!(
        before.contains(&"pulseaudio:camera".to_owned()),
        "{before:?}"
    );
    let found = devices(Backend::Auto).unwrap();
    let usb = found.iter().find(|it| it.id == "pulseaudio:usb").unwrap();
    assert_eq!(usb.form, FormFactor::Headset);
    server.kill();
    // Another order, so that the server's numbers are others.
    let _server = Server::start(&[modules[2], modules[1], modules[0]]);
    assert_eq!(ids(), before);
    // Muted in the system's settings.
    let kept = Kept::<Capture>::start();
    kept.keeper.want(microphone(named("camera")));
    kept.wait_open("camera");
    pactl(&["set-source-mute", "camera", "1"]);
    kept.wait("muted by the system", |state| {
        is_open(state, "camera")
            && matches!(state, DeviceState::Open { device, .. } if device.muted)
    });
}
