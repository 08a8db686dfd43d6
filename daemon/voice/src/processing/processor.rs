//! One captured frame in, one frame for the encoder out.

use sonora::high_pass_filter::HighPassFilter;
use sonora::three_band_filter_bank::{NUM_BANDS, SPLIT_BAND_SIZE, ThreeBandFilterBank};
use sonora_agc2::vad_wrapper::VoiceActivityDetectorWrapper;
use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

use super::canceller::{Bands, Canceller, Hearing};
use super::leveler::Leveler;
use crate::{FRAME_SAMPLES, SAMPLE_RATE, SampleCount};

/// Full scale, as AGC2 counts it.
const FULL_SCALE: f32 = 32_768.0;

/// The settings of a processor.
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
    /// Returns whether there is anything to do.
    pub fn any(self) -> bool {
        self.echo_cancellation || self.noise_suppression || self.gain_control
    }
}

/// The place in a processor's output where a captured sample is found, counted from its own place in the input.
///
/// Measured on sudden beginnings and ends, with and without echo to cancel, down to −80 dBFS from −15 dBFS; the end
/// counts from the frame in which the processor was told to [`forget`](Processor::forget).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blur {
    /// Nothing of a sample comes out earlier, counted from the beginning of the frame that it is in: within that,
    /// windows carry it to before its own place.
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

/// A processor that takes echo and noise out of captured sound and evens its level.
///
/// Make it outside the voice thread, because that allocates. With echo cancellation it goes on allocating in every
/// frame, and [`forget`](Self::forget) allocates too.
pub struct Processor {
    settings: ProcessorSettings,
    /// One channel, in −32768…32767, as all that follows.
    sound: Vec<Vec<f32>>,
    high_pass: HighPassFilter,
    /// Microphone and loudspeaker.
    banks: [ThreeBandFilterBank; 2],
    canceller: Option<Canceller>,
    noise: Option<NoiseSuppressor>,
    detector: VoiceActivityDetectorWrapper,
    leveler: Option<Leveler>,
}

impl Processor {
    /// Creates a processor that has heard nothing.
    pub fn new(settings: ProcessorSettings) -> Box<Self> {
        let backend = sonora_simd::detect_backend();
        let noise = NsConfig {
            target_level: SuppressionLevel::K12dB,
        };
        Box::new(Self {
            settings,
            sound: vec![vec![0.0; FRAME_SAMPLES]],
            high_pass: high_pass(),
            banks: [ThreeBandFilterBank::new(), ThreeBandFilterBank::new()],
            canceller: settings.echo_cancellation.then(Canceller::new),
            noise: settings
                .noise_suppression
                .then(|| NoiseSuppressor::new_with_bands(noise, NUM_BANDS)),
            // The rate is a constant that fits.
            detector: VoiceActivityDetectorWrapper::new(backend, SAMPLE_RATE as i32),
            leveler: settings.gain_control.then(Leveler::new),
        })
    }

    /// Returns what it does.
    pub fn settings(&self) -> ProcessorSettings {
        self.settings
    }

    /// Returns where a captured sample is found in what comes out.
    pub fn blur(&self) -> Blur {
        let (early, delay, late) = match (
            self.settings.echo_cancellation,
            self.settings.noise_suppression,
        ) {
            (false, false) => (0, 0, 48),
            (true, false) => (0, 286, 576),
            (false, true) => (0, 334, 816),
            (true, true) => (0, 574, 1392),
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
        let hearing = Hearing::of(frame);
        for (sound, sample) in self.sound[0].iter_mut().zip(frame.iter()) {
            *sound = FULL_SCALE * clean(*sample);
        }
        self.high_pass.process_channels(&mut self.sound);
        self.suppress(reference, hearing);
        let mut scaled = [0.0; FRAME_SAMPLES];
        scaled.copy_from_slice(&self.sound[0]);
        let probability = self.detector.analyze(&scaled);
        if let Some(leveler) = &mut self.leveler {
            leveler.process(&mut scaled, probability);
        }
        for (sample, scaled) in frame.iter_mut().zip(&scaled) {
            *sample = scaled / FULL_SCALE;
        }
        probability
    }

    /// Takes echo and noise out.
    fn suppress(&mut self, reference: &[f32; FRAME_SAMPLES], hearing: Hearing) {
        if self.canceller.is_none() && self.noise.is_none() {
            return;
        }
        let mut heard = [0.0; FRAME_SAMPLES];
        heard.copy_from_slice(&self.sound[0]);
        let mut bands = split(&mut self.banks[0], &heard);
        // Noise is learned before the canceller puts noise of its own in place of echo.
        if let Some(noise) = &mut self.noise {
            noise.analyze(&bands[0]);
        }
        if let Some(canceller) = &mut self.canceller {
            let played = reference.map(|sample| FULL_SCALE * clean(sample));
            let played = split(&mut self.banks[1], &played);
            canceller.process(&mut bands, &played, hearing);
        }
        if let Some(noise) = &mut self.noise {
            let [low, high @ ..] = &mut bands;
            noise.process(low);
            let gain = noise.upper_band_gain();
            for (index, band) in high.iter_mut().enumerate() {
                noise.process_upper_band(band, index, gain);
                NoiseSuppressor::clamp_frame(band);
            }
        }
        self.banks[0].synthesis(&bands, &mut heard);
        self.sound[0].copy_from_slice(&heard);
    }

    /// Forgets the sound so far, apart from what [`blur`](Self::blur) says is still on its way. What was learned about
    /// room, noise and level stays.
    ///
    /// The high-pass filter would otherwise ring on for a tenth of a second.
    pub fn forget(&mut self) {
        self.high_pass = high_pass();
    }

    /// Returns by how much the echo canceller lowers echo now, in dB, and the delay that it found between the reference and
    /// its echo, in ms.
    pub fn echo(&self) -> Option<(f64, i32)> {
        self.canceller.as_ref().map(Canceller::state)
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

fn high_pass() -> HighPassFilter {
    // The rate is one that it knows.
    HighPassFilter::new(SAMPLE_RATE as i32, 1)
}

fn split(bank: &mut ThreeBandFilterBank, sound: &[f32; FRAME_SAMPLES]) -> Bands {
    let mut bands = [[0.0; SPLIT_BAND_SIZE]; NUM_BANDS];
    bank.analysis(sound, &mut bands);
    bands
}
