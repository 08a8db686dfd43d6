//! One channel out of several: the one that is spoken into.
//!
//! Averaging would halve the level of a microphone that fills one channel only, and would comb two microphones
//! that hear the same voice at different times. The loudest channel is not always a voice: an input that nothing is
//! plugged into hums. So channels are compared by what speech has and hum, hiss and whine have not: it lies between
//! 200 Hz and 4 kHz, and comes and goes. The choice changes rarely and with a cross-fade. Nothing waits for it: a sample
//! goes out when it comes in.

use std::f32::consts::TAU;

/// The band of speech that is compared, in Hz.
const BAND: (f32, f32) = (200.0, 4_000.0);

/// How much more speech another channel must have before it is chosen: 6 dB.
const MORE: f32 = 4.0;

/// For how long it must have it, in seconds.
const FOR: f32 = 0.2;

/// The same while nothing has been heard yet from the channel that is chosen.
const AT_FIRST: f32 = 0.06;

/// The time constant of the energies, in seconds.
const MEMORY: f32 = 0.05;

/// What does not change within this time is steady sound, in seconds. Within it, speech pauses.
const STEADY: f32 = 0.75;

/// What steady sound counts, against speech: −20 dB.
const STEADY_COUNTS: f32 = 0.01;

/// Energy below this is silence: −100 dBFS.
const SILENCE: f32 = 1e-10;

/// A rest of sound in a filter counts as nothing below this. Left alone it would fall to the smallest numbers that
/// there are and stay there, and processors reckon with those many times slower.
const FADED: f32 = 1e-18;

/// Chooses a channel of interleaved sound.
#[derive(Debug)]
pub(crate) struct SpeechChannel {
    channels: Vec<Heard>,
    rate: f32,
    chosen: usize,
    /// It was chosen by the user, and stays.
    fixed: bool,
    /// For how many samples another has had more speech.
    more_for: usize,
    /// How many samples of the present window have been heard.
    window: usize,
    begun: bool,
}

/// One channel as it was heard.
#[derive(Debug, Clone, Default)]
struct Heard {
    band: Band,
    /// The energy in the band.
    energy: f32,
    /// The least energy of the present window and of the one before.
    least: [f32; 2],
    /// Something like speech came from it.
    spoke: bool,
}

impl Heard {
    /// The energy of what is always there.
    fn steady(&self) -> f32 {
        self.least[0].min(self.least[1])
    }

    /// The energy of what comes and goes.
    fn speech(&self) -> f32 {
        (self.energy - 2.0 * self.steady()).max(0.0)
    }

    fn is_speech(&self) -> bool {
        self.speech() > self.steady().max(SILENCE)
    }

    /// How much it has of what is to be sent.
    fn worth(&self) -> f32 {
        self.speech() + STEADY_COUNTS * self.steady()
    }
}

impl SpeechChannel {
    /// Chooses by itself, or always the channel that was `chosen`.
    pub(crate) fn new(channels: usize, rate: u32, chosen: Option<usize>) -> Self {
        let rate = rate.max(1) as f32;
        let heard = Heard {
            band: Band::new(rate),
            ..Heard::default()
        };
        let channels = channels.max(1);
        Self {
            channels: vec![heard; channels],
            rate,
            chosen: chosen.unwrap_or(0).min(channels - 1),
            fixed: chosen.is_some(),
            more_for: 0,
            window: 0,
            begun: false,
        }
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Takes the chosen channel out of whole interleaved frames; `mono` has one sample for each frame.
    pub(crate) fn take(&mut self, interleaved: &[f32], mono: &mut [f32]) {
        let channels = self.channels();
        if channels == 1 {
            mono.copy_from_slice(interleaved);
            return;
        }
        let before = self.chosen;
        if !self.fixed && !mono.is_empty() {
            self.listen(interleaved, mono.len());
            self.choose(mono.len());
        }
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

    fn listen(&mut self, interleaved: &[f32], frames: usize) {
        let channels = self.channels();
        let weight = match self.begun {
            true => (frames as f32 / (MEMORY * self.rate)).min(1.0),
            false => 1.0,
        };
        self.window += frames;
        let anew = self.window as f32 >= STEADY * self.rate;
        if anew {
            self.window = 0;
        }
        for (n, heard) in self.channels.iter_mut().enumerate() {
            let samples = interleaved.iter().skip(n).step_by(channels);
            let sum: f32 = samples.map(|sample| heard.band.energy(*sample)).sum();
            heard.band.settle();
            heard.energy += weight * (sum / frames as f32 - heard.energy);
            if !self.begun {
                heard.least = [heard.energy; 2];
            } else if anew {
                heard.least = [heard.energy, heard.least[0]];
            } else {
                heard.least[0] = heard.least[0].min(heard.energy);
            }
            heard.spoke |= heard.is_speech();
        }
    }

    fn choose(&mut self, frames: usize) {
        let worth = |n: usize| self.channels[n].worth();
        let best = (0..self.channels())
            .max_by(|a, b| worth(*a).total_cmp(&worth(*b)))
            .unwrap_or(0);
        let chosen = &self.channels[self.chosen];
        // Steady sound does not win over a speaker who is silent, but over a channel that is dead.
        let may = self.channels[best].is_speech() || chosen.energy < SILENCE;
        if worth(best) <= MORE * chosen.worth() {
            self.more_for = 0;
        } else if !self.begun {
            self.chosen = best;
        } else if may {
            self.more_for += frames;
            let needed = if chosen.spoke { FOR } else { AT_FIRST };
            if self.more_for as f32 >= needed * self.rate {
                self.chosen = best;
                self.more_for = 0;
            }
        }
        self.begun |= self.channels.iter().any(|it| it.energy > SILENCE);
    }
}

/// The band of speech: a second-order high pass, twice, and a second-order low pass.
#[derive(Debug, Clone, Default)]
struct Band {
    high: Biquad,
    again: Biquad,
    low: Biquad,
}

impl Band {
    fn new(rate: f32) -> Self {
        Self {
            high: Biquad::new(BAND.0, rate, true),
            again: Biquad::new(BAND.0, rate, true),
            low: Biquad::new(BAND.1.min(0.4 * rate), rate, false),
        }
    }

    fn energy(&mut self, sample: f32) -> f32 {
        let passed = self.again.pass(self.high.pass(sample));
        let passed = self.low.pass(passed);
        passed * passed
    }

    /// Forgets what has faded, of the sound so far.
    fn settle(&mut self) {
        for filter in [&mut self.high, &mut self.again, &mut self.low] {
            for state in &mut filter.state {
                if state.abs() < FADED {
                    *state = 0.0;
                }
            }
        }
    }
}

/// A Butterworth filter of second order, transposed direct form II.
#[derive(Debug, Clone, Default)]
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    state: [f32; 2],
}

impl Biquad {
    fn new(hertz: f32, rate: f32, high: bool) -> Self {
        let (sine, cosine) = (TAU * hertz / rate).sin_cos();
        let alpha = sine * std::f32::consts::FRAC_1_SQRT_2;
        let norm = 1.0 / (1.0 + alpha);
        let edge = if high { 1.0 + cosine } else { 1.0 - cosine };
        let middle = if high { -edge } else { edge };
        Self {
            b: [0.5 * edge, middle, 0.5 * edge].map(|it| it * norm),
            a: [-2.0 * cosine * norm, (1.0 - alpha) * norm],
            state: [0.0; 2],
        }
    }

    fn pass(&mut self, sample: f32) -> f32 {
        let passed = self.b[0] * sample + self.state[0];
        self.state[0] = self.b[1] * sample - self.a[0] * passed + self.state[1];
        self.state[1] = self.b[2] * sample - self.a[1] * passed;
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;

    /// A source of sound, by the number of a sample.
    type Sound = Box<dyn Fn(usize) -> f32>;

    fn decibels(level: f32) -> f32 {
        10.0_f32.powf(level / 20.0) * 2.0_f32.sqrt()
    }

    fn tone(hertz: f32, level: f32) -> Sound {
        let amplitude = decibels(level);
        Box::new(move |n| amplitude * (TAU * (hertz * n as f32 / RATE as f32).fract()).sin())
    }

    /// What the mains leave in an open input: 50 Hz and its overtones.
    fn hum(level: f32) -> Sound {
        let parts: Vec<Sound> = [(50.0, 0.0), (100.0, -10.0), (150.0, -8.0), (250.0, -20.0)]
            .map(|(hertz, below)| tone(hertz, level + below))
            .into();
        Box::new(move |n| parts.iter().map(|part| part(n)).sum())
    }

    fn hiss(level: f32) -> Sound {
        let amplitude = decibels(level);
        Box::new(move |n| {
            let mixed = (n as u32).wrapping_mul(2_654_435_761);
            let mixed = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519);
            amplitude * (f64::from(mixed ^ mixed >> 13) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
        })
    }

    /// Syllables of 150 ms, 100 ms apart, in every second from `from` on, over a quiet room.
    fn speech(level: f32, from: f32) -> Sound {
        let (voice, room) = (tone(500.0, level), hiss(level - 45.0));
        Box::new(move |n| {
            let time = n as f32 / RATE as f32 - from;
            let spoken = time >= 0.0 && time % 2.0 < 1.0 && time % 0.25 < 0.15;
            room(n) + if spoken { voice(n) } else { 0.0 }
        })
    }

    /// Which channel was chosen after each block of 10 ms.
    fn chosen(channels: &[Sound], seconds: f32) -> Vec<usize> {
        let mut speech = SpeechChannel::new(channels.len(), RATE, None);
        let mut mono = [0.0; 480];
        (0..(seconds * 100.0) as usize)
            .map(|block| {
                let interleaved: Vec<f32> = (block * 480..(block + 1) * 480)
                    .flat_map(|n| channels.iter().map(move |channel| channel(n)))
                    .collect();
                speech.take(&interleaved, &mut mono);
                speech.chosen
            })
            .collect()
    }

    #[test]
    fn noise_of_any_kind_on_another_channel_does_not_silence_speech() {
        for (name, noise) in [
            ("50 Hz", tone(50.0, -10.0)),
            ("60 Hz", tone(60.0, -10.0)),
            ("hum with overtones", hum(-15.0)),
            ("hiss", hiss(-35.0)),
            ("a whine", tone(15_000.0, -12.0)),
            ("a whistle", tone(1_000.0, -30.0)),
        ] {
            let chosen = chosen(&[noise, speech(-26.0, 1.0)], 8.0);
            let spoken = &chosen[110..];
            assert!(spoken.iter().all(|it| *it == 1), "{name}: {chosen:?}");
        }
    }

    #[test]
    fn a_steady_voice_band_is_chosen_before_louder_hum() {
        for (left, right) in [(0, 1), (1, 0)] {
            let mut channels = [tone(1_000.0, -26.0), tone(50.0, -10.0)];
            if left == 1 {
                channels.swap(0, 1);
            }
            let chosen = chosen(&channels, 3.0);
            assert!(chosen.iter().all(|it| *it == left), "{right}: {chosen:?}");
        }
    }

    #[test]
    fn a_voice_in_any_of_up_to_eight_channels_keeps_its_level() {
        for channels in 1..=8 {
            for spoken in 0..channels {
                let voice = tone(500.0, -9.0);
                let mut speech = SpeechChannel::new(channels, RATE, None);
                let mut mono = [0.0; 480];
                for block in 0..3 {
                    let interleaved: Vec<f32> = (block * 480..(block + 1) * 480)
                        .map(&voice)
                        .flat_map(|sample| {
                            (0..channels)
                                .map(move |it| sample * if it == spoken { 1.0 } else { 0.02 })
                        })
                        .collect();
                    speech.take(&interleaved, &mut mono);
                }
                let peak = mono.iter().fold(0.0_f32, |peak, it| peak.max(it.abs()));
                let level = decibels(-9.0);
                assert!(
                    (peak - level).abs() < 0.01,
                    "{spoken} of {channels}: {peak}"
                );
            }
        }
    }

    #[test]
    fn a_microphone_that_is_plugged_in_later_is_found() {
        let silence: Sound = Box::new(|_| 0.0);
        let chosen = chosen(&[silence, speech(-30.0, 2.0)], 4.0);
        assert_eq!(chosen[215], 1, "{chosen:?}");
    }

    #[test]
    fn two_who_speak_in_turn_into_two_microphones_are_both_heard() {
        let turns = |parity: usize| -> Sound {
            let (voice, room) = (speech(-26.0, 0.0), hiss(-70.0));
            Box::new(move |n| {
                room(n)
                    + if n / 96_000 % 2 == parity {
                        voice(n)
                    } else {
                        0.0
                    }
            })
        };
        let chosen = chosen(&[turns(0), turns(1)], 8.0);
        for (turn, spoken) in chosen.chunks(200).enumerate() {
            let right = spoken[40..100].iter().all(|it| *it == turn % 2);
            assert!(right, "turn {turn}: {spoken:?}");
        }
    }

    #[test]
    fn the_choice_does_not_follow_every_syllable() {
        let quieter = |parity: usize| -> Sound {
            let voice = tone(500.0, -20.0);
            // The other channel is louder for 100 ms in every second.
            Box::new(move |n| {
                voice(n)
                    * if (n % RATE as usize > 43_200) == (parity == 1) {
                        1.0
                    } else {
                        0.1
                    }
            })
        };
        let chosen = chosen(&[quieter(0), quieter(1)], 5.0);
        // At first, before the left has been heard to speak, the choice is made sooner.
        assert!(chosen[150..].iter().all(|it| *it == 0), "{chosen:?}");
    }

    #[test]
    fn changing_channels_makes_no_step() {
        let mut speech = SpeechChannel::new(2, RATE, None);
        let (left, right) = (tone(500.0, -9.0), tone(500.0, -9.0));
        let (mut mono, mut last, mut changes) = ([0.0; 480], 0.0_f32, 0);
        for block in 0..200 {
            let (at_left, at_right) = if block < 50 { (1.0, 0.0) } else { (0.0, 1.0) };
            let interleaved: Vec<f32> = (block * 480..(block + 1) * 480)
                .flat_map(|n| [left(n) * at_left, right(n) * at_right])
                .collect();
            let before = speech.chosen;
            speech.take(&interleaved, &mut mono);
            changes += usize::from(speech.chosen != before);
            for sample in mono {
                assert!((sample - last).abs() < 0.05, "step in block {block}");
                last = sample;
            }
        }
        assert_eq!(changes, 1);
    }

    #[test]
    fn nothing_is_left_of_sound_after_a_second_of_silence() {
        let mut speech = SpeechChannel::new(2, RATE, None);
        let (voice, mut mono) = (tone(500.0, -9.0), [0.0; 480]);
        for block in 0..200 {
            let level = if block < 100 { 1.0 } else { 0.0 };
            let interleaved: Vec<f32> = (block * 480..(block + 1) * 480)
                .flat_map(|n| [voice(n) * level; 2])
                .collect();
            speech.take(&interleaved, &mut mono);
        }
        for Heard { band, .. } in &speech.channels {
            for filter in [&band.high, &band.again, &band.low] {
                assert_eq!(filter.state, [0.0; 2], "{band:?}");
            }
        }
    }

    #[test]
    fn a_channel_that_the_user_chose_stays() {
        let mut speech = SpeechChannel::new(2, RATE, Some(1));
        let voice = tone(500.0, -9.0);
        let mut mono = [1.0; 480];
        for block in 0..100 {
            let interleaved: Vec<f32> = (block * 480..(block + 1) * 480)
                .flat_map(|n| [voice(n), 0.0])
                .collect();
            speech.take(&interleaved, &mut mono);
            assert_eq!(mono, [0.0; 480]);
        }
    }
}
