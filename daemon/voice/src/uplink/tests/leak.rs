//! Codecs remember: what was said to some must not be decodable by others after a switch.

use super::*;

/// Another sound with nothing in common with [`voice`].
pub(super) fn hum(sample: u64) -> f32 {
    let time = sample as f32 / 48_000.0;
    0.05 * ((time * 1931.0).fract() * std::f32::consts::TAU).sin()
}

/// The largest normalised correlation of `heard` with any place of `secret`, over windows of 20 ms.
pub(super) fn correlation(heard: &[f32], secret: &[f32]) -> f32 {
    let window = 960;
    let mut worst: f32 = 0.0;
    for heard in heard.chunks_exact(window) {
        let energy: f32 = heard.iter().map(|sample| sample * sample).sum();
        // Below −80 dBFS there is nothing to hear, and rounding correlates with anything.
        if energy / window as f32 * 1e8 < 1.0 {
            continue;
        }
        for lag in (0..secret.len().saturating_sub(window)).step_by(8) {
            let secret = &secret[lag..lag + window];
            let other: f32 = secret.iter().map(|sample| sample * sample).sum();
            let product: f32 = heard.iter().zip(secret).map(|(a, b)| a * b).sum();
            worst = worst.max(product.abs() / (energy * other).sqrt().max(1e-9));
        }
    }
    worst
}

/// The changes after which sound must not reach those who were outside before: what is done at sample
/// `at`, who may hear the secret before it, and who listens after it on which stream.
pub(super) fn changes() -> Vec<(&'static str, Audience, Audience, bool, u8, Stream)> {
    vec![
        (
            "a whisper ends",
            Audience::Whisper(set(&[0])),
            Audience::Open(set(&[0, 1])),
            false,
            1,
            Stream::Open,
        ),
        (
            "a whisper is retargeted",
            Audience::Whisper(set(&[0])),
            Audience::Whisper(set(&[1])),
            false,
            1,
            Stream::Whisper,
        ),
        (
            "a whisper gains a member",
            Audience::Whisper(set(&[0])),
            Audience::Whisper(set(&[0, 1])),
            false,
            1,
            Stream::Whisper,
        ),
        (
            "somebody joins",
            Audience::Open(set(&[0])),
            Audience::Open(set(&[0, 1])),
            false,
            1,
            Stream::Open,
        ),
        (
            "a whisper begins",
            Audience::Open(set(&[0])),
            Audience::Whisper(set(&[1])),
            false,
            1,
            Stream::Whisper,
        ),
        (
            "unmute",
            Audience::Open(set(&[0, 1])),
            Audience::Open(set(&[0, 1])),
            true,
            1,
            Stream::Open,
        ),
    ]
}

#[test]
fn nothing_of_the_sound_before_a_switch_is_decodable_after_it() {
    for offset in [0, 1, 239, 240, 300, 479] {
        for (name, before, after, muted, listener, stream) in changes() {
            let at = 100 * FRAME + offset;
            let mut studio = Studio::new(2);
            studio.audience(None, before);
            // While muted the secret is what is said into the closed microphone.
            studio.microphone(None, !muted);
            studio.capture(90, voice);
            studio.audience(Some(at), after);
            studio.microphone(Some(at), true);
            studio.capture(10, voice);
            studio.capture(40, |sample| if sample < at { voice(sample) } else { 0.0 });
            // 30 packets, copies included.
            let heard = studio.decode_all(listener, stream, at - FRAME);
            assert!(
                heard.len() >= 30 * FRAME_SAMPLES,
                "{name}: only {}",
                heard.len()
            );
            let level = db(&heard);
            assert!(level < -80.0, "{name} at +{offset}: {level} dBFS leak");

            // The same with sound after the switch, which must be all that there is: what is heard is the same, sample by
            // sample, whatever was said before.
            let heard = [voice, other_voice].map(|secret| {
                let mut studio = Studio::new(2);
                studio.audience(None, before);
                studio.microphone(None, !muted);
                studio.capture(90, secret);
                studio.audience(Some(at), after);
                studio.microphone(Some(at), true);
                studio.capture(10, secret);
                studio.capture(40, |sample| {
                    if sample < at {
                        secret(sample)
                    } else {
                        hum(sample)
                    }
                });
                let level = db(&studio.decode(listener, stream, at - FRAME));
                assert!(level > -32.0, "{name}: {level} dBFS");
                studio.decode_all(listener, stream, at - FRAME)
            });
            assert_eq!(heard[0], heard[1], "{name} at +{offset}");
        }
    }
}

/// A secret that has nothing in common with [`voice`].
fn other_voice(sample: u64) -> f32 {
    let time = sample as f32 / 48_000.0;
    0.2 * ((time * 317.0).fract() * std::f32::consts::TAU).sin()
}

#[test]
fn the_leak_test_would_find_a_leak() {
    // Whoever was in the audience before has the sound itself.
    let mut studio = Studio::new(2);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(100, voice);
    let heard = studio.decode(0, Stream::Open, 90 * FRAME);
    let secret: Vec<f32> = (85 * FRAME..100 * FRAME).map(voice).collect();
    assert!(correlation(&heard, &secret) > 0.8);
    let said = level_of(voice, 90..100);
    assert!(
        (db(&heard) - said).abs() < 2.0,
        "{} of {said} dBFS",
        db(&heard)
    );
}
