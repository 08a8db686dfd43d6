//! The mixer: what is loud, what steps back, and the ceiling.

mod simulated;

use proptest::prelude::*;
use simulated::{Chance, level};
use sotto_voice::mix::{DELAY, Earcon, MAX_ACTIVE, MAX_BLOCK, Mixer, Part};
use sotto_voice::{Slot, Stream};

/// −1 dBTP.
const CEILING: f32 = 0.891_26;

/// Mixes one open sender.
fn mix_one(mixer: &mut Mixer, sound: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; sound.len()];
    for (block, out) in sound.chunks(480).zip(out.chunks_mut(480)) {
        mixer.begin(block.len());
        assert!(mixer.admit(Slot::new(1)));
        mixer.add(Slot::new(1), Stream::Open, Part::Speech, block);
        mixer.finish(out);
    }
    out
}

fn tone(frequency: f32, amplitude: f32, count: usize) -> Vec<f32> {
    (0..count)
        .map(|n| (n as f32 / 48_000.0 * frequency * std::f32::consts::TAU).sin() * amplitude)
        .collect()
}

/// The largest value of the band-limited signal through the samples, at 16 points a sample.
fn true_peak(sound: &[f32]) -> f32 {
    const REACH: i64 = 48;
    let mut peak = 0.0_f64;
    for at in REACH..sound.len() as i64 - REACH {
        let near = sound[at as usize - 1..=at as usize + 2].iter();
        if near.fold(0.0_f32, |loudest, sample| loudest.max(sample.abs())) < 0.4 {
            continue;
        }
        for point in 0..16 {
            let shift = f64::from(point) / 16.0;
            let mut sum = 0.0;
            for offset in -REACH + 1..=REACH {
                let x = offset as f64 - shift;
                let sinc = if x.abs() < 1e-9 {
                    1.0
                } else {
                    (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
                };
                let window = (std::f64::consts::PI * x / (2.0 * REACH as f64))
                    .cos()
                    .powi(2);
                sum += f64::from(sound[(at + offset) as usize]) * sinc * window;
            }
            peak = peak.max(sum.abs());
        }
    }
    peak as f32
}

#[test]
fn sound_below_the_ceiling_passes_unchanged() {
    let sound = tone(440.0, 0.75, 48_000);
    let out = mix_one(&mut Mixer::new(), &sound);
    for at in 1_000..48_000 {
        assert!((out[at] - sound[at - DELAY]).abs() < 1e-6, "sample {at}");
    }
}

#[test]
fn the_true_peak_of_loud_sound_stays_below_the_ceiling() {
    let mut worst = 0.0_f32;
    for seed in 1..=12 {
        let mut chance = Chance::new(seed);
        let mut sound = vec![0.0_f32; 24_000];
        let mut smoothed = 0.0;
        for (n, sample) in sound.iter_mut().enumerate() {
            // Bursts of noise up to 20 dB too loud; half of the seeds down to the band's edge.
            let loud = if (n / 1_500) % 2 == 0 { 10.0 } else { 0.3 };
            let sharpness = if seed % 2 == 0 { 1.0 } else { 0.5 };
            smoothed += sharpness * (chance.sample() * loud - smoothed);
            *sample = smoothed;
        }
        let out = mix_one(&mut Mixer::new(), &sound);
        let peak = true_peak(&out);
        println!("seed {seed}: true peak {:.2} dBTP", 20.0 * peak.log10());
        worst = worst.max(peak);
    }
    for frequency in [300.0, 3_000.0, 9_000.0, 12_000.0, 15_000.0] {
        let out = mix_one(&mut Mixer::new(), &tone(frequency, 3.0, 12_000));
        let peak = true_peak(&out);
        println!("{frequency} Hz: true peak {:.2} dBTP", 20.0 * peak.log10());
        worst = worst.max(peak);
    }
    assert!(worst <= CEILING, "{worst}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_sample_passes_the_ceiling_whatever_comes_in(
        blocks in prop::collection::vec(prop::collection::vec(any::<f32>(), 1..600), 1..8),
    ) {
        let mut mixer = Mixer::new();
        for block in blocks {
            let mut out = vec![0.0; block.len()];
            mixer.begin(block.len());
            mixer.admit(Slot::new(1));
            mixer.add(Slot::new(1), Stream::Whisper, Part::Speech, &block);
            mixer.finish(&mut out);
            prop_assert!(out.iter().all(|sample| sample.abs() <= CEILING));
        }
    }
}

#[test]
fn a_whisper_ducks_the_others_smoothly_and_they_return() {
    let mut mixer = Mixer::new();
    let (open, whisper) = (Slot::new(1), Slot::new(2));
    let voice = tone(200.0, 0.2, 480);
    let mut levels = Vec::new();
    let mut out = [0.0; 480];
    for block in 0..300 {
        mixer.begin(480);
        mixer.admit(open);
        mixer.add(open, Stream::Open, Part::Speech, &voice);
        let whispers = (100..150).contains(&block);
        if whispers {
            mixer.admit(whisper);
        }
        let part = if whispers {
            Part::Background
        } else {
            Part::Pause
        };
        mixer.add(whisper, Stream::Whisper, part, &[0.0; 480]);
        mixer.finish(&mut out);
        let step = out
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max);
        assert!(block == 0 || step < 0.01, "block {block}: {step}");
        levels.push(level(&out));
    }
    assert!((levels[90] - levels[120] - 12.0).abs() < 0.2);
    assert!((levels[90] - levels[299]).abs() < 0.1);
}

/// Mixes a block of 10 ms of 40 senders, whose sound `part` knows, and says who was admitted.
fn round(mixer: &mut Mixer, part: impl Fn(u8) -> Part) -> Vec<u8> {
    let mut admitted = Vec::new();
    mixer.begin(480);
    for number in 0..40 {
        let (slot, part) = (Slot::new(number), part(number));
        if part == Part::Pause || mixer.admit(slot) {
            if part != Part::Pause {
                admitted.push(number);
            }
            mixer.add(slot, Stream::Open, part, &[0.01; 480]);
        }
    }
    mixer.finish(&mut [0.0; 480]);
    assert!(admitted.len() <= MAX_ACTIVE);
    admitted
}

#[test]
fn at_most_sixteen_are_heard_and_the_quiet_make_room() {
    let mut mixer = Mixer::new();
    let speak = |talkers: std::ops::Range<u8>| {
        move |number| {
            if talkers.contains(&number) {
                Part::Speech
            } else {
                Part::Pause
            }
        }
    };
    for _ in 0..100 {
        assert_eq!(round(&mut mixer, speak(0..20)), Vec::from_iter(0..16));
    }
    // Those with a place keep it; those who fall silent hand it over in the next block.
    round(&mut mixer, speak(10..30));
    assert_eq!(round(&mut mixer, speak(10..30)).len(), MAX_ACTIVE);
    assert_eq!(round(&mut mixer, speak(39..40)).len(), 1);
}

#[test]
fn open_microphones_that_nobody_speaks_into_take_turns_and_a_speaker_keeps_the_place() {
    let mut mixer = Mixer::new();
    for senders in [17, 20, 40_u8] {
        let mut last_heard = vec![0; usize::from(senders)];
        let mut longest = 0;
        for block in 0..500 {
            let admitted = round(&mut mixer, |number| {
                if number >= senders {
                    Part::Pause
                } else if number == 5 {
                    Part::Speech
                } else {
                    Part::Background
                }
            });
            for number in admitted {
                let heard = &mut last_heard[usize::from(number)];
                if block > 100 {
                    longest = longest.max(block - *heard);
                }
                *heard = block;
            }
            assert!(block < 100 || last_heard[5] == block, "the speaker lost it");
        }
        println!("{senders} senders: the longest wait is {longest} blocks");
        // Nobody starves: a round takes the time of a trial for each 15 of them.
        let rounds = usize::from(senders).div_ceil(MAX_ACTIVE - 1);
        assert!(longest <= 8 * rounds, "{senders} senders: {longest} blocks");
    }
}

#[test]
fn ears_close_and_open_over_5_ms() {
    let mut mixer = Mixer::new();
    let sound = [0.5; 960];
    mix_one(&mut mixer, &sound);
    mixer.set_open(false);
    mixer.play(Earcon::Joined);
    let out = mix_one(&mut mixer, &sound);
    let step = out
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(0.0, f32::max);
    assert!(step < 0.01, "{step}");
    assert!(out[DELAY + 241..].iter().all(|sample| *sample == 0.0));
    mixer.set_open(true);
    let out = mix_one(&mut mixer, &sound);
    assert!((out[DELAY + 241] - 0.5).abs() < 1e-3);
}

#[test]
fn volume_is_per_person_and_bounded() {
    let mut mixer = Mixer::new();
    let sound = tone(300.0, 0.1, 4_800);
    mix_one(&mut mixer, &sound);
    let plain = level(&mix_one(&mut mixer, &sound));
    for (percent, gain) in [(50, -6.02), (200, 6.02), (900, 6.02)] {
        mixer.set_volume(Slot::new(1), percent);
        mix_one(&mut mixer, &sound);
        let changed = level(&mix_one(&mut mixer, &sound));
        assert!((changed - plain - gain).abs() < 0.1, "{percent}: {changed}");
    }
    mixer.set_volume(Slot::new(1), 0);
    mix_one(&mut mixer, &sound);
    assert!(level(&mix_one(&mut mixer, &sound)) < -150.0);
}

#[test]
fn earcons_are_short_soft_and_told_apart() {
    let mut signs = Vec::new();
    for earcon in [
        Earcon::Whisper,
        Earcon::Joined,
        Earcon::Left,
        Earcon::Muted,
        Earcon::Reminder,
    ] {
        let mut mixer = Mixer::new();
        for _ in 0..20 {
            mixer.play(earcon);
        }
        let mut out = vec![0.0; 48_000];
        for block in out.chunks_mut(MAX_BLOCK) {
            mixer.begin(block.len());
            mixer.finish(block);
        }
        let peak = out
            .iter()
            .fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
        assert!((0.04..=0.0632).contains(&peak), "{peak}");
        // However often it was asked for, it waits once.
        assert!(out[15_000..].iter().all(|sample| *sample == 0.0));
        signs.push(out);
    }
    assert!(signs[0] != signs[1] && signs[1] != signs[2]);
}
