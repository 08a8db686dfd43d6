//! What others would hear of a recording: after processing and codec.

use std::time::Duration;

use sotto_audio::{DeviceState, OpenDevice, SAMPLE_RATE};
use sotto_control::config::Profile;
use sotto_control::model::Processing;
use sotto_voice::codec::{CodecError, Decoder, Encoder, MAX_FRAME_BYTES};
use sotto_voice::{FRAME_SAMPLES, Processor, ProcessorSettings};

use super::super::processing::{self, End, Treatments};
use super::super::profile;

/// A way that sound takes from a microphone to somebody's ear, without a network.
pub(super) struct Echo {
    processor: Option<Box<Processor>>,
    encoder: Encoder,
    decoder: Decoder,
    /// Samples in a frame.
    frame: usize,
    shown: Processing,
}

impl Echo {
    /// The way that sound takes in a meeting with these devices.
    pub(super) fn new(
        (profile, treatments): (Profile, Treatments),
        bitrate: u32,
        microphone: OpenDevice,
        loudspeaker: Option<OpenDevice>,
    ) -> Result<Self, CodecError> {
        let state = |device| DeviceState::Open {
            device,
            default_elsewhere: None,
        };
        let loudspeaker = loudspeaker.map_or(DeviceState::Closed, state);
        let microphone = End::of(&state(microphone));
        let decision = processing::decide(&treatments, microphone, End::of(&loudspeaker));
        let settings = ProcessorSettings {
            // Nothing plays while the microphone is listened to.
            echo_cancellation: false,
            ..decision.settings
        };
        let frames = profile::frames(profile);
        let mut encoder = Encoder::for_frames(frames)?;
        encoder.set_bitrate(bitrate)?;
        Ok(Self {
            processor: settings.any().then(|| Processor::new(settings)),
            encoder,
            decoder: Decoder::new()?,
            frame: frames.samples(),
            shown: processing::shown(&decision, &treatments),
        })
    }

    /// What is done to the sound.
    pub(super) fn processing(&self) -> Processing {
        self.shown.clone()
    }

    /// Returns how much later sound comes out than it goes in, from a microphone with blocks of this length.
    pub(super) fn delay(&mut self, block: Duration) -> Duration {
        let processed = self
            .processor
            .as_ref()
            .map_or(Duration::ZERO, |it| it.blur().delay.duration());
        let time =
            |samples: usize| Duration::from_secs_f64(samples as f64 / f64::from(SAMPLE_RATE));
        // A frame is complete with its last block: both are waited for at once.
        processed + block.max(time(self.frame)) + time(self.encoder.lookahead())
    }

    /// Makes of a recording what others would hear.
    pub(super) fn of(&mut self, recorded: &[f32]) -> Result<Vec<f32>, CodecError> {
        let mut heard = Vec::with_capacity(recorded.len() + FRAME_SAMPLES);
        let mut packet = [0; MAX_FRAME_BYTES];
        for block in recorded.chunks(FRAME_SAMPLES) {
            let mut captured = [0.0; FRAME_SAMPLES];
            captured[..block.len()].copy_from_slice(block);
            if let Some(processor) = &mut self.processor {
                processor.process(&mut captured, &[0.0; FRAME_SAMPLES]);
            }
            for frame in captured.chunks_exact(self.frame) {
                let length = self.encoder.encode(frame, &mut packet)?;
                let mut decoded = [0.0; FRAME_SAMPLES];
                let length = self.decoder.decode(&packet[..length], &mut decoded)?;
                heard.extend(
                    decoded[..length.samples()]
                        .iter()
                        .map(|it| it.clamp(-1.0, 1.0)),
                );
            }
        }
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech() -> Vec<f32> {
        (0..48_000)
            .map(|n| 0.3 * (std::f32::consts::TAU * 300.0 * n as f32 / 48_000.0).sin())
            .collect()
    }

    #[test]
    fn what_is_heard_is_what_was_said_after_the_codec() {
        for profile in [Profile::Default, Profile::Latency, Profile::Safe] {
            let device = OpenDevice::default();
            let usual = (profile, Treatments::default());
            let mut echo = Echo::new(usual, 48_000, device.clone(), Some(device)).unwrap();
            let said = speech();
            let heard = echo.of(&said).unwrap();
            assert_eq!(heard.len(), said.len());
            assert_ne!(heard, said, "it has been through a codec");
            let energy = |sound: &[f32]| -> f32 { sound[9_600..].iter().map(|it| it * it).sum() };
            let ratio = energy(&heard) / energy(&said);
            assert!((0.8..1.25).contains(&ratio), "{profile}: {ratio}");
            let delay = echo.delay(Duration::ZERO);
            let expected = Duration::from_millis(5)..Duration::from_millis(30);
            assert!(expected.contains(&delay), "{profile}: {delay:?}");
            assert_eq!(echo.delay(Duration::from_millis(5)), delay, "{profile}");
        }
    }
}
