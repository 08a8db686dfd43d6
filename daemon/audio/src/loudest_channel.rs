//! One channel out of several: the loudest.
//!
//! Averaging would halve the level of a microphone that fills one channel only, and would comb two microphones
//! that hear the same voice at different times. The choice changes rarely and with a cross-fade.

/// How much more energy another channel must have before it is chosen: 6 dB.
const LOUDER: f32 = 4.0;

/// For how long it must have it: 200 ms at 48 kHz, and near that at every usual rate.
const FOR_SAMPLES: usize = 9_600;

/// The time constant of the energies, in samples: 100 ms at 48 kHz.
const MEMORY: f32 = 4_800.0;

/// Chooses the loudest channel of interleaved sound.
#[derive(Debug)]
pub(crate) struct LoudestChannel {
    energy: Vec<f32>,
    chosen: usize,
    louder_for: usize,
    begun: bool,
}

impl LoudestChannel {
    pub(crate) fn new(channels: usize) -> Self {
        Self {
            energy: vec![0.0; channels.max(1)],
            chosen: 0,
            louder_for: 0,
            begun: false,
        }
    }

    pub(crate) fn channels(&self) -> usize {
        self.energy.len()
    }

    /// Takes the loudest channel out of whole interleaved frames; `mono` has one sample for each frame.
    pub(crate) fn take(&mut self, interleaved: &[f32], mono: &mut [f32]) {
        let channels = self.channels();
        if channels == 1 {
            mono.copy_from_slice(interleaved);
            return;
        }
        let before = self.chosen;
        self.choose(interleaved, mono.len());
        let steps = mono.len().max(1) as f32;
        for (n, (sample, frame)) in mono
            .iter_mut()
            .zip(interleaved.chunks_exact(channels))
            .enumerate()
        {
            *sample = if before == self.chosen {
                frame[before]
            } else {
                let share = (n + 1) as f32 / steps;
                frame[before] * (1.0 - share) + frame[self.chosen] * share
            };
        }
    }

    fn choose(&mut self, interleaved: &[f32], frames: usize) {
        let channels = self.channels();
        let weight = if self.begun {
            (frames as f32 / MEMORY).min(1.0)
        } else {
            1.0
        };
        for (channel, energy) in self.energy.iter_mut().enumerate() {
            let sum: f32 = interleaved
                .iter()
                .skip(channel)
                .step_by(channels)
                .map(|sample| sample * sample)
                .sum();
            *energy += weight * (sum / frames.max(1) as f32 - *energy);
        }
        let best = (0..channels)
            .max_by(|a, b| self.energy[*a].total_cmp(&self.energy[*b]))
            .unwrap_or(0);
        if self.energy[best] <= LOUDER * self.energy[self.chosen] {
            self.louder_for = 0;
        } else {
            self.louder_for += frames;
            if self.louder_for >= FOR_SAMPLES || !self.begun {
                self.chosen = best;
                self.louder_for = 0;
            }
        }
        self.begun = self.begun || self.energy[best] > 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(left: f32, right: f32) -> Vec<f32> {
        (0..480)
            .flat_map(|n| {
                if n % 2 == 0 {
                    [left, right]
                } else {
                    [-left, -right]
                }
            })
            .collect()
    }

    #[test]
    fn a_voice_in_one_channel_keeps_its_level() {
        let mut loudest = LoudestChannel::new(2);
        let mut mono = [0.0; 480];
        loudest.take(&stereo(0.0, 0.5), &mut mono);
        loudest.take(&stereo(0.0, 0.5), &mut mono);
        assert_eq!(mono[0], 0.5);
    }

    #[test]
    fn a_voice_in_any_of_up_to_eight_channels_keeps_its_level() {
        for channels in 1..=8 {
            for spoken in 0..channels {
                let mut loudest = LoudestChannel::new(channels);
                let block: Vec<f32> = (0..480)
                    .flat_map(|n| {
                        let sample = if n % 2 == 0 { 0.5 } else { -0.5 };
                        (0..channels).map(move |it| if it == spoken { sample } else { 0.01 })
                    })
                    .collect();
                let mut mono = [0.0; 480];
                for _ in 0..3 {
                    loudest.take(&block, &mut mono);
                }
                assert_eq!(mono[0], 0.5, "channel {spoken} of {channels}");
            }
        }
    }

    #[test]
    fn the_choice_does_not_follow_every_syllable() {
        let mut loudest = LoudestChannel::new(2);
        let mut mono = [0.0; 480];
        for _ in 0..50 {
            loudest.take(&stereo(0.5, 0.1), &mut mono);
        }
        for _ in 0..10 {
            loudest.take(&stereo(0.05, 0.5), &mut mono);
        }
        assert_eq!(mono[0], 0.05, "100 ms of the other channel change nothing");
        for _ in 0..60 {
            loudest.take(&stereo(0.05, 0.5), &mut mono);
        }
        assert_eq!(mono[0], 0.5, "half a second does");
    }

    #[test]
    fn changing_channels_makes_no_step() {
        let mut loudest = LoudestChannel::new(2);
        let mut mono = [0.0; 480];
        let mut last: Option<f32> = None;
        for round in 0..200 {
            let (left, right) = if round < 50 { (0.5, 0.1) } else { (0.0, 0.5) };
            let constant: Vec<f32> = (0..480).flat_map(|_| [left, right]).collect();
            loudest.take(&constant, &mut mono);
            if round != 50 {
                // at 50 the sound itself steps
                if let Some(last) = last {
                    assert!((mono[0] - last).abs() < 0.01, "step in round {round}");
                }
            }
            last = mono.last().copied();
        }
        assert_eq!(last, Some(0.5));
    }
}
