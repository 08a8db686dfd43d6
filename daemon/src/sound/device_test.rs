//! Trying out microphone and loudspeaker: a sound, some seconds of listening, and what was heard played back.
//!
//! An echo test plays what others would hear of it instead, after processing and codec.
//!
//! The test opens the devices for itself, beside a meeting that may have them open too, and sends nothing to anybody.

mod echo;
mod measure;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use sotto_audio::{
    CaptureReader, CaptureRequest, DeviceError, DeviceSpec, PlaybackRequest, PlaybackWriter,
    SAMPLE_RATE, StreamStatus, Wake, open_capture, open_playback,
};
use sotto_control::in_one_line;
use sotto_control::model::{MicrophoneTest, TestProgress, TestStep};

use super::Devices;
use echo::Echo;

/// Progress is told this often.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// A device that lets nothing through for so long beyond what is due has stopped.
const PATIENCE: Duration = Duration::from_secs(3);

/// The amplitude of the sound: −20 dBFS.
const LOUDNESS: f32 = 0.1;

/// A test of the devices.
#[derive(Debug, Clone)]
pub(crate) struct DeviceTest {
    /// On which devices.
    pub(crate) devices: Devices,
    /// The time for which it listens.
    pub(crate) listen: Duration,
    /// It plays nothing.
    pub(crate) quiet: bool,
    /// It plays what others would hear, at this bitrate.
    pub(crate) echo: Option<u32>,
    /// Nobody waits for it any more.
    pub(crate) abandoned: Arc<AtomicBool>,
}

/// An open loudspeaker.
struct Loudspeaker {
    stream: sotto_audio::PlaybackStream,
    writer: PlaybackWriter,
    woken: Receiver<()>,
}

impl DeviceTest {
    /// Does it. Blocks for as long as it takes; `tell` is told how it goes.
    ///
    /// # Errors
    ///
    /// If the microphone cannot be opened, or stops. Without a loudspeaker the test goes on.
    pub(crate) fn run(
        &self,
        mut tell: impl FnMut(TestProgress),
    ) -> Result<MicrophoneTest, DeviceError> {
        let mut result = MicrophoneTest::default();
        let mut loudspeaker = None;
        if !self.quiet {
            match self.open_loudspeaker() {
                Ok(opened) => {
                    result.output = Some(opened.stream.device().name);
                    loudspeaker = Some(opened);
                }
                Err(error) => result.output_problem = Some(in_one_line(&error, error.hint())),
            }
        }
        if let Some(loudspeaker) = &mut loudspeaker
            && self.echo.is_none()
            && let Err(error) = loudspeaker.play(&chime(), self, TestStep::Sound, &mut tell)
        {
            result.output_problem = Some(in_one_line(&error, error.hint()));
        }
        let (wake, woken) = waker();
        // The device wakes this thread, which waits for nothing else.
        let capture = CaptureRequest {
            attended: false,
            ..self.devices.capture.clone()
        };
        let (stream, mut reader) = open_capture(&capture, wake)?;
        let microphone = stream.device();
        result.input = microphone.name.clone();
        let recorded = self.listen(&stream, &mut reader, &woken, &mut tell)?;
        let block = stream.statistics().block_time();
        drop((stream, reader));
        measure::measure(&recorded, &mut result);
        let heard = match self.echo {
            Some(bitrate) => {
                let around = (self.devices.profile, self.devices.treatments);
                let opened = loudspeaker.as_ref().map(|it| it.stream.device());
                let echo = Echo::new(around, bitrate, microphone, opened);
                echo.and_then(|mut echo| {
                    let heard = echo.of(&recorded)?;
                    result.processing = Some(echo.processing());
                    Ok((heard, echo.delay(block)))
                })
            }
            None => Ok((recorded, Duration::ZERO)),
        };
        let (heard, delay) = match heard {
            Ok(heard) => heard,
            Err(error) => {
                result.output_problem = Some(error.to_string());
                return Ok(result);
            }
        };
        if let Some(loudspeaker) = &mut loudspeaker
            && result.output_problem.is_none()
        {
            match loudspeaker.play(&heard, self, TestStep::PlayingBack, &mut tell) {
                Ok(behind) if self.echo.is_some() => {
                    let before = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    result.delay_ms = Some(before.saturating_add(milliseconds(behind)));
                }
                Ok(_) => {}
                Err(error) => result.output_problem = Some(in_one_line(&error, error.hint())),
            }
        }
        Ok(result)
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    fn open_loudspeaker(&self) -> Result<Loudspeaker, DeviceError> {
        if let DeviceSpec::File { path, .. } = &self.devices.playback.device {
            // It would be there when the meeting wants to create it.
            return Err(DeviceError::File {
                path: path.display().to_string(),
                detail: "a test writes no files".to_owned(),
            });
        }
        let (wake, woken) = waker();
        let playback = PlaybackRequest {
            attended: false,
            ..self.devices.playback.clone()
        };
        let (stream, writer) = open_playback(&playback, wake)?;
        Ok(Loudspeaker {
            stream,
            writer,
            woken,
        })
    }

    /// Records.
    fn listen(
        &self,
        stream: &sotto_audio::CaptureStream,
        reader: &mut CaptureReader,
        woken: &Receiver<()>,
        tell: &mut impl FnMut(TestProgress),
    ) -> Result<Vec<f32>, DeviceError> {
        let wanted = samples(self.listen);
        let mut recorded = Vec::with_capacity(wanted + 480);
        let (begin, mut told) = (Instant::now(), None::<Instant>);
        let mut frame = [0.0; 480];
        let mut since_told = 0;
        while recorded.len() < wanted && !self.is_abandoned() {
            while recorded.len() < wanted && reader.read(&mut frame).is_some() {
                recorded.extend_from_slice(&frame);
            }
            if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                let newest = &recorded[since_told..];
                tell(TestProgress {
                    step: TestStep::Listening,
                    level_dbfs: (!newest.is_empty()).then(|| measure::level(newest)),
                    remaining_ms: milliseconds(wanted - recorded.len().min(wanted)),
                });
                since_told = recorded.len();
            }
            if begin.elapsed() > self.listen + PATIENCE {
                break;
            }
            let _ = woken.recv_timeout(TELL_EVERY);
            if let StreamStatus::Failed(error) = stream.status() {
                return Err(error);
            }
        }
        Ok(recorded)
    }
}

impl Loudspeaker {
    /// Plays `sound` for `test` and waits until it was played. Returns how many samples lay before the ear meanwhile.
    fn play(
        &mut self,
        sound: &[f32],
        test: &DeviceTest,
        step: TestStep,
        tell: &mut impl FnMut(TestProgress),
    ) -> Result<usize, DeviceError> {
        let mut behind = 0;
        let mut left = sound;
        let mut told = None::<Instant>;
        let until =
            Instant::now() + Duration::from_millis(milliseconds(sound.len())) + 2 * PATIENCE;
        while (!left.is_empty() || self.writer.waiting() > 0)
            && Instant::now() < until
            && !test.is_abandoned()
        {
            let (now, later) = left.split_at(self.writer.wanted().min(left.len()));
            self.writer.write(now);
            left = later;
            behind = behind.max(self.writer.until_heard());
            if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                tell(TestProgress {
                    step,
                    level_dbfs: None,
                    remaining_ms: milliseconds(left.len()),
                });
            }
            let _ = self.woken.recv_timeout(TELL_EVERY);
            if let StreamStatus::Failed(error) = self.stream.status() {
                return Err(error);
            }
        }
        Ok(behind)
    }
}

/// Two tones, one after the other.
fn chime() -> Vec<f32> {
    let tone = |hertz: f32| {
        let count = samples(Duration::from_millis(200));
        (0..count).map(move |n| {
            let fade = (n.min(count - n) as f32 / 960.0).min(1.0);
            let turn = hertz * n as f32 / SAMPLE_RATE as f32;
            LOUDNESS * fade * (std::f32::consts::TAU * turn.fract()).sin()
        })
    };
    tone(660.0).chain(tone(880.0)).collect()
}

fn samples(time: Duration) -> usize {
    usize::try_from(time.as_millis()).unwrap_or(0) * (SAMPLE_RATE as usize / 1000)
}

fn milliseconds(samples: usize) -> u64 {
    samples as u64 * 1000 / u64::from(SAMPLE_RATE)
}

fn waker() -> (Wake, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    let wake: Wake = Arc::new(move || {
        let _ = sender.try_send(());
    });
    (wake, receiver)
}

#[cfg(test)]
mod tests {
    use sotto_audio::{Backend, DEFAULT_PERIOD};
    use sotto_control::config::Profile;
    use sotto_control::model::TestVerdict;

    use super::*;
    use crate::sound::Treatments;

    fn test(input: DeviceSpec, output: DeviceSpec) -> DeviceTest {
        DeviceTest {
            devices: Devices {
                capture: CaptureRequest {
                    backend: Backend::Null,
                    device: input,
                    period: DEFAULT_PERIOD,
                    channel: None,
                    attended: false,
                },
                playback: PlaybackRequest {
                    backend: Backend::Null,
                    device: output,
                    period: DEFAULT_PERIOD,
                    attended: false,
                },
                profile: Profile::Default,
                treatments: Treatments::default(),
            },
            listen: Duration::from_millis(500),
            quiet: false,
            echo: None,
            abandoned: Arc::default(),
        }
    }

    #[test]
    fn an_echo_says_what_was_done_to_it_and_how_long_it_took() {
        let mut steps = Vec::new();
        let echo = DeviceTest {
            echo: Some(48_000),
            ..test(DeviceSpec::Tone { hertz: 440 }, DeviceSpec::Null)
        };
        let result = echo.run(|progress| steps.push(progress.step)).unwrap();
        assert!(!steps.contains(&TestStep::Sound), "{steps:?}");
        assert!(steps.contains(&TestStep::PlayingBack), "{steps:?}");
        assert_eq!(result.output.as_deref(), Some("nowhere"));
        let processing = result.processing.unwrap();
        assert!(!processing.noise_suppression, "a tone is no device");
        let delay = result.delay_ms.unwrap();
        assert!((20..100).contains(&delay), "{delay} ms");
    }

    #[test]
    fn the_blocks_of_a_microphone_of_8_khz_count_as_long_as_they_last() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("said.wav");
        // PCM of 16 bits, mono, of a length that was never written.
        let header = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff";
        std::fs::write(&path, [header.as_slice(), &[0; 16_000]].concat()).unwrap();
        let looped = false;
        let mut echo = DeviceTest {
            echo: Some(48_000),
            ..test(DeviceSpec::File { path, looped }, DeviceSpec::Null)
        };
        echo.devices.capture.period = 2_400;
        let delay = echo.run(|_| ()).unwrap().delay_ms.unwrap();
        assert!((50..150).contains(&delay), "{delay} ms with blocks of 50");
    }

    #[test]
    fn a_test_that_nobody_waits_for_ends() {
        let abandoned = DeviceTest {
            listen: Duration::from_secs(10),
            ..test(DeviceSpec::Null, DeviceSpec::Null)
        };
        let begin = Instant::now();
        let _ = abandoned.run(|progress| {
            if progress.step == TestStep::Listening {
                abandoned.abandoned.store(true, Ordering::Relaxed);
            }
        });
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_microphone_that_gives_nothing_is_said_to_be_silent() {
        let mut steps = Vec::new();
        let result = test(DeviceSpec::Null, DeviceSpec::Null)
            .run(|progress| steps.push(progress.step))
            .unwrap();
        assert_eq!(result.verdict, TestVerdict::Silent);
        assert_eq!(result.recorded_ms, 500);
        for step in [TestStep::Sound, TestStep::Listening, TestStep::PlayingBack] {
            assert!(steps.contains(&step), "{steps:?}");
        }
    }

    #[test]
    fn a_tone_has_the_level_that_it_has_and_is_no_speech() {
        let result = test(DeviceSpec::Tone { hertz: 440 }, DeviceSpec::Null)
            .run(|_| ())
            .unwrap();
        assert!((result.peak_dbfs + 20.0).abs() < 0.5, "{result:?}");
        assert!((result.speech_dbfs + 23.0).abs() < 0.5, "{result:?}");
        assert_ne!(result.verdict, TestVerdict::Good);
    }

    #[test]
    fn a_test_writes_no_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heard.wav");
        let file = DeviceSpec::File {
            path: path.clone(),
            looped: false,
        };
        let result = test(DeviceSpec::Null, file).run(|_| ()).unwrap();
        assert!(result.output.is_none() && result.output_problem.is_some());
        assert!(!path.exists());
    }
}
