//! Devices without hardware, and what keeps devices open, in real time.

// A test's fixtures fail the test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sotto_audio::{
    Backend, CaptureReader, CaptureRequest, DEFAULT_PERIOD, DeviceError, DeviceSpec, DeviceState,
    PlaybackKeeper, PlaybackRequest, PlaybackWriter, StreamStatus, Wake, open_capture,
    open_playback,
};

const DEADLINE: Duration = Duration::from_secs(20);

fn capture(device: DeviceSpec) -> CaptureRequest {
    CaptureRequest {
        backend: Backend::Auto,
        device,
        period: DEFAULT_PERIOD,
        channel: None,
        attended: false,
    }
}

fn playback(device: DeviceSpec) -> PlaybackRequest {
    PlaybackRequest {
        backend: Backend::Auto,
        device,
        period: DEFAULT_PERIOD,
        attended: false,
    }
}

fn file(path: &Path) -> DeviceSpec {
    DeviceSpec::File {
        path: path.to_owned(),
        looped: false,
    }
}

fn waker() -> (Wake, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    let wake: Wake = Arc::new(move || {
        let _ = sender.try_send(());
    });
    (wake, receiver)
}

fn read(reader: &mut CaptureReader, woken: &Receiver<()>, samples: usize) -> Vec<f32> {
    let mut sound = Vec::new();
    let mut frame = [0.0; 480];
    while sound.len() < samples {
        match reader.read(&mut frame) {
            Some(lost) => {
                sound.extend(std::iter::repeat_n(0.0, lost as usize));
                sound.extend_from_slice(&frame);
            }
            None => woken
                .recv_timeout(DEADLINE)
                .expect("the device wakes its reader"),
        }
    }
    sound
}

fn play(
    writer: &mut PlaybackWriter,
    woken: &Receiver<()>,
    samples: usize,
    mut sound: impl FnMut(usize) -> f32,
) {
    let mut written = 0;
    while written < samples {
        let block: Vec<f32> = (written..written + writer.wanted())
            .map(&mut sound)
            .collect();
        written += block.len();
        writer.write(&block);
        woken
            .recv_timeout(DEADLINE)
            .expect("the device wakes its writer");
    }
}

fn ramp(path: &Path, samples: i16) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in 1..=samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

#[test]
fn a_file_is_spoken_once_and_then_is_silent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ramp.wav");
    ramp(&path, 5_000);
    let (wake, woken) = waker();
    let (stream, mut reader) = open_capture(&capture(file(&path)), wake).unwrap();
    let sound = read(&mut reader, &woken, 9_600);
    for (n, sample) in sound.iter().enumerate() {
        let expected = if n < 5_000 {
            (n + 1) as f32 / 32_768.0
        } else {
            0.0
        };
        assert!((sample - expected).abs() < 1e-6, "sample {n} is {sample}");
    }
    assert_eq!(stream.status(), StreamStatus::Running);
    assert!(stream.device().name.contains("ramp.wav"));
}

#[test]
fn a_looped_file_begins_anew_without_a_gap() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ramp.wav");
    ramp(&path, 1_000);
    let (wake, woken) = waker();
    let (_stream, mut reader) = open_capture(
        &capture(DeviceSpec::File {
            path: path.clone(),
            looped: true,
        }),
        wake,
    )
    .unwrap();
    let sound = read(&mut reader, &woken, 4_800);
    for (n, sample) in sound.iter().enumerate() {
        assert!(
            (sample - (n % 1_000 + 1) as f32 / 32_768.0).abs() < 1e-6,
            "sample {n} is {sample}"
        );
    }
}

#[test]
fn a_second_of_tone_takes_a_second() {
    let (wake, woken) = waker();
    let begin = Instant::now();
    let (_stream, mut reader) =
        open_capture(&capture(DeviceSpec::Tone { hertz: 1000 }), wake).unwrap();
    let sound = read(&mut reader, &woken, 48_000);
    let took = begin.elapsed();
    assert!(
        took > Duration::from_millis(980) && took < Duration::from_millis(1500),
        "{took:?}"
    );
    let crossings = sound
        .windows(2)
        .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
        .count();
    assert!((999..=1001).contains(&crossings), "{crossings}");
}

#[test]
fn what_is_played_into_a_file_is_what_it_holds() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("heard.wav");
    let (wake, woken) = waker();
    let (stream, mut writer) = open_playback(&playback(file(&path)), wake).unwrap();
    play(&mut writer, &woken, 72_000, |n| {
        0.4 * (n as f32 * 0.05).sin()
    });
    let statistics = stream.statistics();
    // As after a crash: the header is only as new as the last flush.
    let early = hound::WavReader::open(&path).unwrap();
    assert!(
        early.duration() >= 24_000,
        "{} samples are readable while it runs",
        early.duration()
    );
    drop(stream);
    let heard: Vec<f32> = hound::WavReader::open(&path)
        .unwrap()
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_767.0)
        .collect();
    assert!(heard.len() >= 71_000, "{}", heard.len());
    let loud = heard.iter().filter(|sample| sample.abs() > 0.05).count();
    assert!(loud * 10 > heard.len() * 8, "{loud} of {}", heard.len());
    assert_eq!(statistics.block, 480);
}

#[test]
fn a_second_opening_writes_a_second_file() {
    let directory = tempfile::tempdir().unwrap();
    let request = playback(file(&directory.path().join("heard.wav")));
    for _ in 0..3 {
        let (wake, _woken) = waker();
        open_playback(&request, wake).unwrap();
    }
    for name in ["heard.wav", "heard-2.wav", "heard-3.wav"] {
        assert!(directory.path().join(name).exists(), "{name}");
    }
}

#[test]
fn null_devices_keep_time() {
    let (wake, woken) = waker();
    let (_stream, mut reader) = open_capture(&capture(DeviceSpec::Null), wake).unwrap();
    assert!(
        read(&mut reader, &woken, 4_800)
            .iter()
            .all(|sample| *sample == 0.0)
    );
    let (wake, woken) = waker();
    let (stream, mut writer) = open_playback(&playback(DeviceSpec::Null), wake).unwrap();
    let begin = Instant::now();
    play(&mut writer, &woken, 24_000, |_| 0.1);
    assert!(begin.elapsed() > Duration::from_millis(470));
    assert_eq!(stream.status(), StreamStatus::Running);
}

#[test]
fn a_tone_is_no_speaker() {
    let (wake, _woken) = waker();
    assert!(matches!(
        open_playback(&playback(DeviceSpec::Tone { hertz: 440 }), wake),
        Err(DeviceError::CaptureOnly { .. })
    ));
}

#[test]
fn a_keeper_opens_what_is_wanted_again_after_it_could_not() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("later");
    let request = playback(file(&missing.join("heard.wav")));
    let (states, seen) = std::sync::mpsc::channel();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let delivered = Arc::clone(&ends);
    let keeper = PlaybackKeeper::start(
        Arc::new(|| ()),
        move |end| delivered.lock().unwrap().push(end.is_some()),
        move |state| states.send(state.clone()).unwrap(),
    )
    .unwrap();
    keeper.want(Some(request));
    let wait_for = |wanted: fn(&DeviceState) -> bool| {
        while !wanted(
            &seen
                .recv_timeout(DEADLINE)
                .expect("the keeper reports a state"),
        ) {}
    };
    wait_for(|state| matches!(state, DeviceState::Failed(DeviceError::File { .. })));
    std::fs::create_dir(&missing).unwrap();
    wait_for(|state| matches!(state, DeviceState::Open { .. }));
    keeper.want(None);
    wait_for(|state| *state == DeviceState::Closed);
    assert_eq!(*ends.lock().unwrap(), [true, false]);
}
