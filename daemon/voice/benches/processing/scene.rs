//! Rooms, devices and people, on a virtual clock.

use std::time::Duration;

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use sotto_instruments::Chance;
use sotto_voice::{FRAME_SAMPLES, Processor, ProcessorSettings, Reference};

pub(crate) const SECOND: usize = 48_000;

pub(crate) fn db(sound: &[f32]) -> f64 {
    let power: f64 = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / sound.len().max(1) as f64 + 1e-14).log10()
}

pub(crate) fn scaled(sound: &[f32], by_db: f64) -> Vec<f32> {
    let gain = 10.0_f64.powf(by_db / 20.0) as f32;
    sound.iter().map(|sample| sample * gain).collect()
}

/// The level of what is not a pause.
pub(crate) fn speech_level(sound: &[f32]) -> f64 {
    let loud: Vec<f32> = sound
        .chunks(480)
        .filter(|frame| db(frame) > -50.0)
        .flatten()
        .copied()
        .collect();
    db(&loud)
}

/// A room's impulse response: a direct path, six early reflections and a tail of decaying noise. 0 dB in all.
pub(crate) fn room(reverberation: f64, seed: u32) -> Vec<f32> {
    let mut chance = Chance::new(seed.into());
    let direct = 180 + (chance.sample().abs() * 200.0) as usize;
    let mut response = vec![0.0_f32; direct + (reverberation * SECOND as f64) as usize];
    response[direct] = 1.0;
    for _ in 0..6 {
        let after = (chance.sample().abs() * 1500.0) as usize;
        if let Some(place) = response.get_mut(direct + 50 + after) {
            *place += 0.5 * chance.sample();
        }
    }
    for (index, place) in response[direct..].iter_mut().enumerate() {
        // −60 dB after the reverberation time.
        let decay = 10.0_f64.powf(-3.0 * index as f64 / (reverberation * SECOND as f64));
        *place += 0.05 * chance.sample() * decay as f32;
    }
    let energy: f32 = response.iter().map(|tap| tap * tap).sum();
    let gain = 1.0 / energy.sqrt();
    response.iter().map(|tap| tap * gain).collect()
}

/// `sound` in a room.
pub(crate) fn convolve(sound: &[f32], response: &[f32]) -> Vec<f32> {
    let size = (sound.len() + response.len()).next_power_of_two();
    let mut planner = FftPlanner::<f32>::new();
    let forward = planner.plan_fft_forward(size);
    let spectrum = |sound: &[f32]| {
        let mut buffer = vec![Complex::new(0.0, 0.0); size];
        for (place, sample) in buffer.iter_mut().zip(sound) {
            place.re = *sample;
        }
        forward.process(&mut buffer);
        buffer
    };
    let mut product = spectrum(sound);
    for (a, b) in product.iter_mut().zip(spectrum(response)) {
        *a *= b;
    }
    planner.plan_fft_inverse(size).process(&mut product);
    product[..sound.len()]
        .iter()
        .map(|value| value.re / size as f32)
        .collect()
}

/// What the loudspeaker plays, as the microphone's clock samples it: `drift` is by how much the loudspeaker's runs
/// faster.
pub(crate) fn warp(sound: &[f32], drift: f64) -> Vec<f32> {
    if drift == 0.0 {
        return sound.to_vec();
    }
    const REACH: isize = 16;
    (0..sound.len())
        .map(|n| {
            let place = n as f64 * (1.0 + drift);
            let whole = place.floor() as isize;
            let part = place - whole as f64;
            let sum: f64 = (-REACH + 1..=REACH)
                .filter_map(|tap| {
                    let x = tap as f64 - part;
                    let sinc = if x.abs() < 1e-9 {
                        1.0
                    } else {
                        (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
                    };
                    let window = (std::f64::consts::FRAC_PI_2 * x / (REACH as f64 + 1.0))
                        .cos()
                        .powi(2);
                    let sample = sound.get(usize::try_from(whole + tap).ok()?)?;
                    Some(f64::from(*sample) * sinc * window)
                })
                .sum();
            sum as f32
        })
        .collect()
}

/// A loudspeaker that is driven too hard: a soft limit near `peak`.
fn driven(sound: &[f32], peak: f32) -> Vec<f32> {
    sound
        .iter()
        .map(|sample| peak * (sample / peak).tanh())
        .collect()
}

/// A conversation at one desk.
#[derive(Clone)]
pub(crate) struct Desk {
    /// What the loudspeaker plays, on its own clock.
    pub(crate) far: Vec<f32>,
    /// What the microphone hears besides.
    pub(crate) near: Vec<f32>,
    /// How loud the echo is against what is played, in dB.
    pub(crate) coupling: f64,
    pub(crate) reverberation: f64,
    /// Which of the rooms with that reverberation.
    pub(crate) room: u32,
    /// By how much the loudspeaker's clock runs faster.
    pub(crate) drift: f64,
    /// The loudspeaker bends everything near this peak.
    pub(crate) driven: Option<f32>,
    /// Another loudspeaker takes over at this sample, with another delay and another echo.
    pub(crate) change: Option<usize>,
}

/// What the microphone hears, and what is known of what was played.
pub(crate) struct Scene {
    /// The echo at the microphone.
    pub(crate) echo: Vec<f32>,
    /// The microphone's sound.
    pub(crate) captured: Vec<f32>,
    references: Vec<[f32; FRAME_SAMPLES]>,
}

/// From the callback that takes a block to the air, samples: two periods.
const DEVICE: usize = 960;
/// By how many milliseconds callbacks come late at most.
const LATE: f64 = 1.5;

impl Desk {
    /// A desk with nothing unusual: a room of medium size and devices on one clock.
    pub(crate) fn new(far: Vec<f32>, near: Vec<f32>, coupling: f64) -> Self {
        Self {
            far,
            near,
            coupling,
            reverberation: 0.4,
            room: 1,
            drift: 0.0,
            driven: None,
            change: None,
        }
    }

    pub(crate) fn scene(&self) -> Scene {
        let length = self.near.len().min(self.far.len()) / FRAME_SAMPLES * FRAME_SAMPLES;
        let heard = |response: &[f32], device: usize| {
            let played = match self.driven {
                Some(peak) => driven(&self.far, peak),
                None => self.far.clone(),
            };
            let played = warp(&played, self.drift);
            let mut echo = convolve(&played[..length], response);
            echo.splice(0..0, std::iter::repeat_n(0.0, device));
            echo.truncate(length);
            scaled(&echo, self.coupling)
        };
        let mut echo = heard(&room(self.reverberation, self.room), DEVICE);
        if let Some(change) = self.change {
            let other = heard(&room(self.reverberation, self.room + 8), DEVICE + 1800);
            echo[change..].copy_from_slice(&other[change..]);
        }
        let captured = echo.iter().zip(&self.near).map(|(a, b)| a + b).collect();
        Scene {
            references: self.references(length / FRAME_SAMPLES),
            echo,
            captured,
        }
    }

    /// What is handed to the processor beside each captured frame.
    fn references(&self, frames: usize) -> Vec<[f32; FRAME_SAMPLES]> {
        let mut reference = Reference::new(48_000);
        let mut chance = Chance::new(3);
        let mut played = 0;
        (1..=frames)
            .map(|index| {
                let end = index * FRAME_SAMPLES;
                if self
                    .change
                    .is_some_and(|change| end >= change && end - FRAME_SAMPLES < change)
                {
                    reference = Reference::new(48_000);
                }
                let now = end as f64 / SECOND as f64;
                // Blocks of a period that were taken by now. The loudspeaker's clock says when.
                loop {
                    let due =
                        (played + FRAME_SAMPLES) as f64 / (SECOND as f64 * (1.0 + self.drift));
                    let at = due + f64::from(chance.sample().abs()) * LATE / 1000.0;
                    if at > now + LATE / 1000.0 || played + FRAME_SAMPLES > self.far.len() {
                        break;
                    }
                    reference.played(
                        &self.far[played..played + FRAME_SAMPLES],
                        Duration::from_secs_f64(at),
                    );
                    played += FRAME_SAMPLES;
                }
                reference.frame(Duration::from_secs_f64(now))
            })
            .collect()
    }
}

impl Scene {
    /// What goes to the encoder, put back onto the time of the capture.
    pub(crate) fn sent(&self, settings: ProcessorSettings) -> Vec<f32> {
        let mut processor = Processor::new(settings);
        let delay = processor.blur().delay.length();
        let mut sent = Vec::with_capacity(self.captured.len());
        for (frame, reference) in self
            .captured
            .chunks_exact(FRAME_SAMPLES)
            .zip(&self.references)
        {
            let mut sound: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| frame[n]);
            processor.process(&mut sound, reference);
            sent.extend(sound);
        }
        sent.drain(..delay);
        sent.resize(self.captured.len(), 0.0);
        sent
    }
}
