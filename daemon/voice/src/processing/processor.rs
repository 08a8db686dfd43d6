//! One captured frame in, one frame for the encoder out.

use sonora::config::{
    EchoCanceller, HighPassFilter, MaxProcessingRate, NoiseSuppression, NoiseSuppressionLevel,
    Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};
use sonora_agc2::vad_wrapper::VoiceActivityDetectorWrapper;

use super::leveler::Leveler;
use crate::{FRAME_SAMPLES, SAMPLE_RATE, SampleCount};

/// Full scale, as AGC2 counts it.
const FULL_SCALE: f32 = 32_768.0;

/// What a processor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessorSettings {
    /// Takes out what the loudspeaker plays into the microphone.
    pub echo_cancellation: bool,
    /// Takes out steady noise.
    pub noise_suppression: bool,
    /// Brings speech to an even level.
    pub gain_control: bool,
}

impl ProcessorSettings {
    /// Whether there is anything to do.
    pub fn any(self) -> bool {
        self.echo_cancellation || self.noise_suppression || self.gain_control
    }
}

/// Where in a processor's output a captured sample is found, counted from its own place in the input.
///
/// Measured on sudden beginnings and ends, with and without echo to cancel, down to −80 dBFS from −15 dBFS; the end
/// counts from the frame in which the processor was told to [`forget`](Processor::forget).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blur {
    /// Nothing of a sample comes out earlier.
    pub early: SampleCount,
    /// Most of it comes out here: the delay that a listener notices.
    pub delay: SampleCount,
    /// Nothing of it comes out later.
    pub late: SampleCount,
}

impl Blur {
    /// What passes untouched.
    pub const NONE: Self = Self {
        early: SampleCount::ZERO,
        delay: SampleCount::ZERO,
        late: SampleCount::ZERO,
    };
}

/// Takes echo and noise out of captured sound and evens its level.
///
/// Made outside the voice thread, because it allocates; it goes on allocating in every frame.
pub struct Processor {
    settings: ProcessorSettings,
    suppression: AudioProcessing,
    detector: VoiceActivityDetectorWrapper,
    leveler: Option<Leveler>,
    /// In −32768…32767.
    scaled: [f32; FRAME_SAMPLES],
}

impl Processor {
    /// A processor that has heard nothing.
    pub fn new(settings: ProcessorSettings) -> Box<Self> {
        let stream = StreamConfig::new(SAMPLE_RATE, 1);
        let suppression = AudioProcessing::builder()
            .config(config(settings, true))
            .capture_config(stream)
            .render_config(stream)
            .build();
        let backend = sonora_simd::detect_backend();
        Box::new(Self {
            settings,
            suppression,
            // The rate is a constant that fits.
            detector: VoiceActivityDetectorWrapper::new(backend, SAMPLE_RATE as i32),
            leveler: settings.gain_control.then(Leveler::new),
            scaled: [0.0; FRAME_SAMPLES],
        })
    }

    /// What it does.
    pub fn settings(&self) -> ProcessorSettings {
        self.settings
    }

    /// Where a captured sample is found in what comes out.
    pub fn blur(&self) -> Blur {
        let (early, delay, late) = match (
            self.settings.echo_cancellation,
            self.settings.noise_suppression,
        ) {
            (false, false) => (0, 46, 96),
            (true, false) => (120, 430, 736),
            (false, true) => (0, 334, 816),
            (true, true) => (0, 718, 1552),
        };
        Blur {
            early: SampleCount::new(early),
            delay: SampleCount::new(delay),
            late: SampleCount::new(late),
        }
    }

    /// Processes a captured frame (480 samples, f32 in −1…1, 48 kHz mono) in place; `reference` was played
    /// meanwhile, in the same form. Returns how likely there is speech in it, 0…1.
    ///
    /// A sample that is not a finite number counts as zero, for it would stay in every filter.
    pub fn process(
        &mut self,
        frame: &mut [f32; FRAME_SAMPLES],
        reference: &[f32; FRAME_SAMPLES],
    ) -> f32 {
        for sample in frame.iter_mut() {
            *sample = clean(*sample);
        }
        if self.settings.echo_cancellation {
            let played = reference.map(clean);
            let mut unused = [0.0; FRAME_SAMPLES];
            // The form was fixed when it was made, so that there is nothing to refuse.
            let _ = self
                .suppression
                .process_render_f32(&[&played], &mut [&mut unused]);
        }
        let captured = *frame;
        if self
            .suppression
            .process_capture_f32(&[&captured], &mut [frame])
            .is_err()
        {
            *frame = captured;
        }
        for (scaled, sample) in self.scaled.iter_mut().zip(frame.iter()) {
            *scaled = sample * FULL_SCALE;
        }
        let probability = self.detector.analyze(&self.scaled);
        if let Some(leveler) = &mut self.leveler {
            leveler.process(&mut self.scaled, probability);
            for (sample, scaled) in frame.iter_mut().zip(&self.scaled) {
                *sample = scaled / FULL_SCALE;
            }
        }
        probability
    }

    /// Forgets the sound so far, apart from what [`blur`](Self::blur) says is still on its way. What was learned about
    /// room, noise and level stays.
    ///
    /// The high-pass filter would otherwise ring on for a tenth of a second.
    pub fn forget(&mut self) {
        // A filter that moves between full and split band begins anew, and nothing else notices.
        self.suppression.apply_config(config(self.settings, false));
        self.suppression.apply_config(config(self.settings, true));
    }

    /// By how much the echo canceller lowers echo now, in dB, and the delay that it found between the reference and
    /// its echo, in ms.
    pub fn echo(&self) -> Option<(f64, i32)> {
        let statistics = self.suppression.statistics();
        statistics
            .echo_return_loss_enhancement
            .zip(statistics.delay_ms)
    }
}

impl std::fmt::Debug for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processor")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn clean(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

fn config(settings: ProcessorSettings, apply_in_full_band: bool) -> Config {
    Config {
        pipeline: Pipeline {
            // Its default of 32 kHz would cost everything above 16 kHz.
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            multi_channel_render: false,
            multi_channel_capture: false,
            ..Pipeline::default()
        },
        high_pass_filter: Some(HighPassFilter { apply_in_full_band }),
        // While both speak, near speech suffers from AEC3's suppressor and from its using the coarse filter's output, about
        // as much from each (`benches/processing`, `double`). sonora hands out neither setting.
        echo_canceller: settings.echo_cancellation.then(EchoCanceller::default),
        noise_suppression: settings.noise_suppression.then(|| NoiseSuppression {
            level: NoiseSuppressionLevel::Moderate,
            ..NoiseSuppression::default()
        }),
        ..Config::default()
    }
}
