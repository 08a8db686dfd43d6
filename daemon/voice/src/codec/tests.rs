use proptest::prelude::*;

use super::*;
use crate::FRAME_SAMPLES;

fn tone(frame: usize) -> [f32; FRAME_SAMPLES] {
    std::array::from_fn(|n| {
        let at = (frame * FRAME_SAMPLES + n) as f32 / 48_000.0;
        0.3 * (at * 220.0 * std::f32::consts::TAU).sin()
    })
}

fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32
}

/// A decoder with a second of tone behind it, and the tone's next frame.
fn running() -> (Encoder, Decoder, Vec<u8>) {
    let mut encoder = Encoder::new().unwrap();
    let mut decoder = Decoder::new().unwrap();
    let mut packet = [0; MAX_FRAME_BYTES];
    let mut out = [0.0; FRAME_SAMPLES];
    for frame in 0..100 {
        let length = encoder.encode(&tone(frame), &mut packet).unwrap();
        decoder.decode(&packet[..length], &mut out).unwrap();
    }
    let length = encoder.encode(&tone(100), &mut packet).unwrap();
    (encoder, decoder, packet[..length].to_vec())
}

#[test]
fn every_frame_has_the_same_size_whatever_it_holds() {
    let mut encoder = Encoder::new().unwrap();
    let mut packet = [0; MAX_FRAME_BYTES];
    for frame in 0..50 {
        let sound = if frame % 3 == 0 {
            [0.0; FRAME_SAMPLES]
        } else {
            tone(frame)
        };
        assert_eq!(encoder.encode(&sound, &mut packet).unwrap(), 100);
    }
    encoder.set_bitrate(64_000).unwrap();
    assert_eq!(encoder.encode(&tone(50), &mut packet).unwrap(), 80);
    encoder.set_bitrate(MAX_BITRATE).unwrap();
    assert!(encoder.encode(&tone(51), &mut packet).unwrap() <= MAX_FRAME_BYTES);
    assert!(encoder.set_bitrate(MAX_BITRATE + 1).is_err());
    assert_eq!(encoder.lookahead(), 120);
    assert_eq!(Encoder::remembering().unwrap().lookahead(), 312);
}

#[test]
fn what_is_encoded_is_heard_after_the_look_ahead() {
    let mut encoder = Encoder::new().unwrap();
    let mut decoder = Decoder::new().unwrap();
    let mut packet = [0; MAX_FRAME_BYTES];
    let mut heard = Vec::new();
    for frame in 0..100 {
        let length = encoder.encode(&tone(frame), &mut packet).unwrap();
        let mut out = [0.0; FRAME_SAMPLES];
        decoder.decode(&packet[..length], &mut out).unwrap();
        heard.extend(out);
    }
    let lag = encoder.lookahead();
    let said: Vec<f32> = (0..100).flat_map(tone).collect();
    let (heard, said) = (&heard[24_000 + lag..], &said[24_000..48_000 - lag]);
    let product: f32 = heard.iter().zip(said).map(|(h, s)| h * s).sum();
    let alike = product / said.len() as f32 / (power(heard) * power(said)).sqrt();
    // The encoder's high-pass filter turns the phase of low tones a little.
    assert!(alike > 0.8, "{alike}");
}

#[test]
fn an_encoder_that_was_reset_has_forgotten_everything() {
    let (mut used, _, _) = running();
    used.reset().unwrap();
    let mut fresh = Encoder::new().unwrap();
    let (mut one, mut other) = ([0; MAX_FRAME_BYTES], [0; MAX_FRAME_BYTES]);
    for frame in 0..30 {
        let sound = tone(3 * frame);
        let length = used.encode(&sound, &mut one).unwrap();
        assert_eq!(length, fresh.encode(&sound, &mut other).unwrap());
        assert_eq!(one[..length], other[..length], "frame {frame}");
    }
}

#[test]
fn a_sample_that_is_no_number_leaves_no_trace() {
    let (mut encoder, mut decoder, _) = running();
    let mut packet = [0; MAX_FRAME_BYTES];
    let mut out = [0.0; FRAME_SAMPLES];
    let mut broken = tone(101);
    broken[7] = f32::NAN;
    broken[8] = f32::INFINITY;
    for frame in 101..110 {
        let sound = if frame == 101 { broken } else { tone(frame) };
        let length = encoder.encode(&sound, &mut packet).unwrap();
        decoder.decode(&packet[..length], &mut out).unwrap();
        assert!(out.iter().all(|sample| sample.abs() < 1.0), "frame {frame}");
    }
    assert!(power(&out) > 0.02);
}

#[test]
fn a_lost_frame_is_continued_and_a_reset_decoder_has_nothing_to_continue() {
    for concealment in [Concealment::Deep, Concealment::Plain] {
        let (_, mut decoder, _) = running();
        decoder.set_concealment(concealment).unwrap();
        let mut out = [0.0; FRAME_SAMPLES];
        decoder.conceal(&mut out).unwrap();
        assert!(power(&out) > 0.01, "{concealment:?}: {}", power(&out));
        decoder.reset().unwrap();
        decoder.conceal(&mut out).unwrap();
        assert!(power(&out) < 1e-6);
    }
}

#[test]
fn frames_of_another_size_or_duration_are_refused() {
    let (_, mut decoder, frame) = running();
    let mut out = [0.0; FRAME_SAMPLES];
    assert_eq!(
        decoder.decode(&[], &mut out),
        Err(CodecError::Size { bytes: 0 })
    );
    assert_eq!(
        decoder.decode(&[0; MAX_FRAME_BYTES + 1], &mut out),
        Err(CodecError::Size {
            bytes: MAX_FRAME_BYTES + 1
        })
    );
    let mut longer = frame.clone();
    longer[0] = (longer[0] & 0b0000_0111) | (15 << 3); // hybrid, full band, 20 ms
    assert_eq!(
        decoder.decode(&longer, &mut out),
        Err(CodecError::Duration { samples: 960 })
    );
    decoder.decode(&frame, &mut out).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_break_the_decoder(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..450), 1..12),
    ) {
        let mut decoder = Decoder::new().unwrap();
        let mut out = [0.0; FRAME_SAMPLES];
        for frame in &frames {
            if decoder.decode(frame, &mut out).is_ok() {
                prop_assert!(out.iter().all(|sample| sample.is_finite()));
            }
            decoder.conceal(&mut out).unwrap();
        }
    }

    #[test]
    fn no_damage_to_a_frame_breaks_the_decoder(
        at in 0..100_usize, with in any::<u8>(), length in 1..101_usize,
    ) {
        let (_, mut decoder, mut frame) = running();
        let mut out = [0.0; FRAME_SAMPLES];
        frame[at] ^= with;
        if decoder.decode(&frame[..length], &mut out).is_ok() {
            prop_assert!(out.iter().all(|sample| sample.is_finite()));
        }
        decoder.conceal(&mut out).unwrap();
    }
}

#[test]
fn a_burst_is_brought_back_from_what_a_later_frame_remembers() {
    let mut encoder = Encoder::remembering().unwrap();
    let mut frames = Vec::new();
    for frame in 0..120 {
        let mut packet = [0; MAX_FRAME_BYTES];
        let length = encoder.encode(&glide(frame), &mut packet).unwrap();
        assert_eq!(length, 120);
        frames.push(packet);
    }
    let mut memory = Memory::new().unwrap();
    // Frames 100 to 107 are lost.
    let reach = memory.read(&frames[108][..120]);
    assert!(reach >= 8 * FRAME_SAMPLES, "{reach}");
    let play = |recalled: Option<&Memory>| {
        let mut decoder = Decoder::new().unwrap();
        let mut out = [0.0; FRAME_SAMPLES];
        for frame in &frames[..100] {
            decoder.decode(&frame[..120], &mut out).unwrap();
        }
        let mut sound = Vec::new();
        for lost in 100..108 {
            match recalled {
                Some(memory) => {
                    let back = (108 - lost) * FRAME_SAMPLES;
                    decoder.recall(memory, back, &mut out).unwrap();
                }
                None => decoder.conceal(&mut out).unwrap(),
            }
            sound.extend(out);
        }
        power(&sound)
    };
    // What is continued dies away; what is remembered is as loud as it was.
    let said: Vec<f32> = (100..108).flat_map(glide).collect();
    let (continued, remembered) = (play(None), play(Some(&memory)));
    let off = |power: f32| (10.0 * (power / self::power(&said)).log10()).abs();
    assert!(off(remembered) < 6.0, "{} dB", off(remembered));
    assert!(off(remembered) < off(continued), "{} dB", off(continued));
}

/// Something like a voice that rises.
fn glide(frame: usize) -> [f32; FRAME_SAMPLES] {
    std::array::from_fn(|n| {
        let at = (frame * FRAME_SAMPLES + n) as f32 / 48_000.0;
        let cycles = 110.0 * at + 40.0 * at * at;
        let sum: f32 = (1..20)
            .map(|harmonic| {
                (cycles * harmonic as f32 * std::f32::consts::TAU).sin() / harmonic as f32
            })
            .sum();
        0.2 * sum
    })
}

#[test]
fn an_encoder_that_was_reset_remembers_nothing_and_goes_on_remembering() {
    let mut encoder = Encoder::remembering().unwrap();
    let mut packet = [0; MAX_FRAME_BYTES];
    let mut memory = Memory::new().unwrap();
    for frame in 0..100 {
        encoder.encode(&glide(frame), &mut packet).unwrap();
    }
    encoder.reset().unwrap();
    let mut farthest = 0;
    for frame in 100..150 {
        let length = encoder.encode(&glide(frame), &mut packet).unwrap();
        let reach = memory.read(&packet[..length]);
        assert!(
            reach <= (frame - 98) * FRAME_SAMPLES,
            "frame {frame}: {reach}"
        );
        farthest = farthest.max(reach);
    }
    assert!(farthest >= 4800, "{farthest}");
}

#[test]
fn a_frame_without_its_memory_sounds_the_same() {
    let mut encoder = Encoder::remembering().unwrap();
    let (mut whole, mut bare) = (Decoder::new().unwrap(), Decoder::new().unwrap());
    let mut memory = Memory::new().unwrap();
    for frame in 0..100 {
        let mut packet = [0; MAX_FRAME_BYTES];
        let length = encoder.encode(&glide(frame), &mut packet).unwrap();
        let (mut one, mut other) = ([0.0; FRAME_SAMPLES], [0.0; FRAME_SAMPLES]);
        whole.decode(&packet[..length], &mut one).unwrap();
        let length = strip_memory(&mut packet, length).unwrap();
        assert_eq!(length, 84, "frame {frame}");
        assert_eq!(memory.read(&packet[..length]), 0);
        bare.decode(&packet[..length], &mut other).unwrap();
        assert_eq!(one, other, "frame {frame}");
    }
    assert!(strip_memory(&mut [0xff; 10], 10).is_err());
}

proptest! {
    #[test]
    fn a_memory_of_any_bytes_does_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..=MAX_FRAME_BYTES + 1),
        back in 0_usize..100_000,
    ) {
        let mut memory = Memory::new().unwrap();
        let mut decoder = Decoder::new().unwrap();
        let reach = memory.read(&bytes);
        let mut out = [0.0; FRAME_SAMPLES];
        let _ = decoder.recall(&memory, back.min(reach), &mut out);
        let (_, _, frame) = running();
        let mut encoder = Encoder::remembering().unwrap();
        for before in 0..20 {
            encoder.encode(&tone(before), &mut [0; MAX_FRAME_BYTES]).unwrap();
        }
        let mut damaged = [0; MAX_FRAME_BYTES];
        let length = encoder.encode(&tone(101), &mut damaged).unwrap();
        for (at, byte) in bytes.iter().enumerate().take(7) {
            damaged[(at * 17 + 3) % length] ^= byte;
        }
        let reach = memory.read(&damaged[..length]);
        let _ = decoder.recall(&memory, back.min(reach), &mut out);
        decoder.decode(&frame, &mut out).unwrap();
    }
}
