//! Brings quiet and loud talkers to one level: AGC2's adaptive gain and limiter, with a speech detector of ours.
//!
//! sonora's own AGC2 runs a detector that it shows to nobody. Assembled here from its parts, one detector serves the
//! gain, the gate and the speaking indicator.

use sonora_agc2::adaptive_digital_gain_controller::{AdaptiveDigitalGainController, FrameInfo};
use sonora_agc2::common::{
    ADJACENT_SPEECH_FRAMES_THRESHOLD, SATURATION_PROTECTOR_INITIAL_HEADROOM_DB, float_s16_to_dbfs,
};
use sonora_agc2::limiter::Limiter;
use sonora_agc2::noise_level_estimator::NoiseLevelEstimator;
use sonora_agc2::saturation_protector::SaturationProtector;
use sonora_agc2::speech_level_estimator::{AdaptiveDigitalConfig, SpeechLevelEstimator};

use crate::FRAME_SAMPLES;

/// The gain before anything was heard, in dB. AGC2's own 15 dB would greet everybody with a burst.
const INITIAL_GAIN_DB: f32 = 0.0;

/// The highest gain, in dB. More would raise the room along with the talker.
const HIGHEST_GAIN_DB: f32 = 24.0;

/// How fast the gain changes at most, in dB a second.
const FASTEST_DB_PER_SECOND: f32 = 6.0;

/// The loudest that amplified background noise may become, in dBFS.
const LOUDEST_NOISE_DBFS: f32 = -50.0;

/// What remains between speech and full scale, in dB.
const HEADROOM_DB: f32 = 5.0;

/// Samples are in −32768…32767 here, as everywhere in AGC2.
pub(super) struct Leveler {
    noise: NoiseLevelEstimator,
    speech: SpeechLevelEstimator,
    saturation: SaturationProtector,
    gain: AdaptiveDigitalGainController,
    limiter: Limiter,
}

impl Leveler {
    pub(super) fn new() -> Self {
        let config = AdaptiveDigitalConfig {
            headroom_db: HEADROOM_DB,
            max_gain_db: HIGHEST_GAIN_DB,
            initial_gain_db: INITIAL_GAIN_DB,
            max_gain_change_db_per_second: FASTEST_DB_PER_SECOND,
            max_output_noise_level_dbfs: LOUDEST_NOISE_DBFS,
        };
        Self {
            noise: NoiseLevelEstimator::default(),
            speech: SpeechLevelEstimator::new(&config, ADJACENT_SPEECH_FRAMES_THRESHOLD),
            saturation: SaturationProtector::new(
                SATURATION_PROTECTOR_INITIAL_HEADROOM_DB,
                ADJACENT_SPEECH_FRAMES_THRESHOLD,
            ),
            gain: AdaptiveDigitalGainController::new(config, ADJACENT_SPEECH_FRAMES_THRESHOLD),
            limiter: Limiter::new(FRAME_SAMPLES),
        }
    }

    /// Applies the gain to a frame that holds speech with `probability`, 0…1.
    pub(super) fn process(&mut self, frame: &mut [f32; FRAME_SAMPLES], probability: f32) {
        let mut peak = 0.0_f32;
        let mut power = 0.0_f32;
        for sample in frame.iter() {
            peak = peak.max(sample.abs());
            power += sample * sample;
        }
        let rms_dbfs = float_s16_to_dbfs((power / FRAME_SAMPLES as f32).sqrt());
        let noise_rms_dbfs = self.noise.analyze(&[frame]);
        self.speech.update(rms_dbfs, probability);
        let speech_level_dbfs = self.speech.level_dbfs();
        self.saturation
            .analyze(probability, float_s16_to_dbfs(peak), speech_level_dbfs);
        let info = FrameInfo {
            speech_probability: probability,
            speech_level_dbfs,
            speech_level_reliable: self.speech.is_confident(),
            noise_rms_dbfs,
            headroom_db: self.saturation.headroom_db(),
            limiter_envelope_dbfs: float_s16_to_dbfs(self.limiter.last_audio_level()),
        };
        self.gain.process(&info, &mut [frame]);
        self.limiter.process(&mut [frame]);
    }
}
