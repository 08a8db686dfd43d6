//! Devices that are no hardware: files, tones and silence, moving one period at a time in real time.
//!
//! Deadlines are absolute. A thread that oversleeps catches up, so a minute of sound takes a minute, and one
//! file device does not drift against another on the same machine. It catches up one block after the other, not
//! with all of them at once, so that whoever is on the other side of the ring can keep up.

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use crate::capture::{CaptureFeed, CaptureForm, CaptureReader, capture_ring};
use crate::error::DeviceError;
use crate::playback::{PlaybackWriter, playback_ring};
use crate::priority::raise_current_thread;
use crate::recording::Recording;
use crate::sound_file::{Ahead, Block};
use crate::stream::{CaptureStream, Health, Kept, Owner, PlaybackStream};
use crate::{CaptureRequest, DEFAULT_PERIOD, Direction, SAMPLE_RATE, Wake};

/// How loud a tone is: −20 dBFS.
const TONE_LEVEL: f64 = 0.1;

/// Closing a file waits this long: it cannot hang like a sound system, and what was recorded is to be whole.
const CLOSING_LIMIT: Duration = Duration::from_secs(3);

/// Catching up is at most so many times as fast as real time.
const HASTE: u32 = 4;

/// The periods that can be asked for: 1 ms to 100 ms.
const PERIODS: std::ops::RangeInclusive<u32> = 48..=4_800;

/// The form of what is no file.
const MONO: CaptureForm = CaptureForm {
    rate: SAMPLE_RATE,
    channels: 1,
    channel: None,
};

fn usable(period: u32) -> u32 {
    if PERIODS.contains(&period) {
        period
    } else {
        DEFAULT_PERIOD
    }
}

/// A microphone that speaks a file, at the file's own rate and with all of its channels.
pub(crate) fn capture_file(
    path: &Path,
    looped: bool,
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let mut file = Ahead::open(path, looped)?;
    let channels = file.channels;
    let form = CaptureForm {
        rate: file.rate,
        channels,
        channel: request.channel,
    };
    let mut block = Vec::new();
    capture(
        &format!("file {}", path.display()),
        form,
        request.period,
        wake,
        move |feed, period, health| {
            block.resize(period as usize * channels, 0.0);
            let filled = file.fill(&mut block);
            feed.push(block.iter().copied());
            match filled {
                Block::Whole | Block::Ended => true,
                Block::Late(missing) => {
                    health.interrupted(missing / channels);
                    true
                }
                Block::Failed(detail) => {
                    health.fail(|| detail);
                    false
                }
            }
        },
    )
}

/// A microphone that hears a sine.
pub(crate) fn capture_tone(
    hertz: u32,
    period: u32,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let mut sample = 0_u64;
    capture(
        &format!("tone of {hertz} Hz"),
        MONO,
        period,
        wake,
        move |feed, period, _| {
            feed.push((0..period).map(|_| {
                // A whole second of any whole frequency ends where it began.
                let phase = (sample * u64::from(hertz) % u64::from(SAMPLE_RATE)) as f64
                    / f64::from(SAMPLE_RATE);
                sample = (sample + 1) % u64::from(SAMPLE_RATE);
                (TONE_LEVEL * (TAU * phase).sin()) as f32
            }));
            true
        },
    )
}

/// A microphone that hears nothing.
pub(crate) fn capture_silence(
    period: u32,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    capture("silence", MONO, period, wake, |feed, period, _| {
        feed.push((0..period).map(|_| 0.0));
        true
    })
}

/// A speaker that writes a new file.
pub(crate) fn playback_file(
    path: &Path,
    period: u32,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    let mut recording = Recording::create(path)?;
    let description = format!("file {}", recording.path().display());
    playback(&description, period, wake, move |block| {
        recording.write(block)
    })
}

/// A speaker that nobody hears.
pub(crate) fn playback_nowhere(
    period: u32,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    playback("nowhere", period, wake, |_| Ok(()))
}

/// A microphone of this form. Its `source` is asked for each period, until it says false.
fn capture(
    description: &str,
    form: CaptureForm,
    period: u32,
    wake: Wake,
    mut source: impl FnMut(&mut CaptureFeed, u32, &Health) -> bool + Send + 'static,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let rate = form.rate;
    let period = u64::from(usable(period)) * u64::from(rate) / u64::from(SAMPLE_RATE);
    let period = u32::try_from(period).unwrap_or(DEFAULT_PERIOD).max(1);
    let health = Health::new(Direction::Capture);
    let (mut feed, reader) = capture_ring(description, form, &health, wake)?;
    let about = Arc::clone(&health);
    let owner = pace(description, Direction::Capture, rate, period, move || {
        source(&mut feed, period, &about)
    })?;
    Ok((CaptureStream::new(health, owner), reader))
}

fn playback(
    description: &str,
    period: u32,
    wake: Wake,
    mut sink: impl FnMut(&[f32]) -> Result<(), DeviceError> + Send + 'static,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    let period = usable(period);
    let health = Health::new(Direction::Playback);
    let (writer, mut drain) =
        playback_ring(description, SAMPLE_RATE, 1, period as usize, &health, wake)?;
    let mut block = vec![0.0; period as usize];
    let failing = Arc::clone(&health);
    let owner = pace(
        description,
        Direction::Playback,
        SAMPLE_RATE,
        period,
        move || {
            drain.fill(&mut block, 1, |sample| sample);
            match sink(&block) {
                Ok(()) => true,
                Err(error) => {
                    failing.fail_with(|_| error);
                    false
                }
            }
        },
    )?;
    Ok((PlaybackStream::new(health, owner), writer))
}

/// Calls `step` once a period of samples at `rate`, on a thread of its own, until it returns false or the owner is
/// dropped.
fn pace(
    description: &str,
    direction: Direction,
    rate: u32,
    period: u32,
    step: impl FnMut() -> bool + Send + 'static,
) -> Result<Owner, DeviceError> {
    let (owner, stopped, closing) = Owner::new(CLOSING_LIMIT);
    let name = match direction {
        Direction::Capture => "sotto-file-in",
        Direction::Playback => "sotto-file-out",
    };
    let begin = Instant::now();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Dropped in reverse order: what `step` holds, a file to be completed, goes before the word that it has.
            let _closing = closing;
            let mut step = step;
            // Hardware is punctual, and so is what stands in for it.
            let _ = raise_current_thread();
            let pause = Duration::from_nanos(
                u64::from(period) * 1_000_000_000 / (u64::from(rate) * u64::from(HASTE)),
            );
            let mut earliest = begin;
            let mut periods = 0_u64;
            loop {
                periods += 1;
                let samples = periods * u64::from(period);
                let deadline = begin + Duration::from_secs_f64(samples as f64 / f64::from(rate));
                let left = deadline
                    .max(earliest)
                    .saturating_duration_since(Instant::now());
                if stopped.recv_timeout(left) != Err(RecvTimeoutError::Timeout) || !step() {
                    return;
                }
                earliest = Instant::now() + pause;
            }
        })
        .map_err(|error| DeviceError::Unusable {
            direction,
            name: description.to_owned(),
            detail: error.to_string(),
        })?;
    Ok(owner)
}
