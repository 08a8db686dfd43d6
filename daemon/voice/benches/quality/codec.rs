//! The encoder alone: what each complexity costs, and what it brings, on a clean link.

use std::time::Duration;

use opus::{Application, Bitrate, Channels, Signal};
use sotto_judge::Reference;
use sotto_voice::FRAME_SAMPLES;
use sotto_voice::codec::Decoder;

use crate::cpu::counting;

/// Prints, for every complexity, PESQ-WB and STOI of the sentence and the processor time of a frame of 10 ms.
pub(crate) fn measure(sentence: &[f32]) {
    println!("10 ms frames, constant bitrate; µs per frame");
    println!(
        "{:10} {:>10} {:>8} {:>8} {:>7} {:>8} {:>8}",
        "mode", "complexity", "kbit/s", "PESQ-WB", "STOI", "encode", "decode"
    );
    let reference = Reference::new(sentence);
    for mode in [Mode::Speech, Mode::Transform, Mode::LowDelay] {
        for kilobits in [48, 64, 96] {
            for complexity in [0, 1, 2, 3, 4, 5, 6, 8, 10] {
                match one(sentence, mode, kilobits, complexity) {
                    Ok((sound, encode, decode)) => {
                        let score = reference.judge(&sound);
                        let frames = (sentence.len() / FRAME_SAMPLES) as f64;
                        println!(
                            "{:10} {complexity:10} {kilobits:8} {:8.3} {:7.4} {:8.1} {:8.1}",
                            format!("{mode:?}"),
                            score.pesq,
                            score.stoi,
                            encode.as_secs_f64() * 1e6 / frames,
                            decode.as_secs_f64() * 1e6 / frames
                        );
                    }
                    Err(error) => eprintln!("{mode:?}, complexity {complexity}: {error}"),
                }
            }
        }
    }
}

/// Which of its coders libopus is led to use.
#[derive(Debug, Clone, Copy)]
enum Mode {
    /// SILK below 8 kHz and CELT above: what Sotto uses.
    Speech,
    /// CELT alone.
    Transform,
    /// CELT alone, without the delay that would let it change over to SILK.
    LowDelay,
}

/// The sentence, decoded, and what the encoder and the decoder took for it.
fn one(
    sentence: &[f32],
    mode: Mode,
    kilobits: i32,
    complexity: i32,
) -> Result<(Vec<f32>, Duration, Duration), Box<dyn std::error::Error>> {
    let (application, signal) = match mode {
        Mode::Speech => (Application::Voip, Signal::Voice),
        Mode::Transform => (Application::Audio, Signal::Music),
        Mode::LowDelay => (Application::LowDelay, Signal::Voice),
    };
    let mut encoder = opus::Encoder::new(48_000, Channels::Mono, application)?;
    encoder.set_signal(signal)?;
    encoder.set_complexity(complexity)?;
    encoder.set_vbr(false)?;
    encoder.set_bitrate(Bitrate::Bits(kilobits * 1_000))?;
    let mut decoder = Decoder::new()?;
    let (mut encoding, mut decoding) = (Duration::ZERO, Duration::ZERO);
    let mut sound = Vec::with_capacity(sentence.len() + FRAME_SAMPLES);
    for frame in sentence.chunks_exact(FRAME_SAMPLES) {
        let mut packet = [0; 400];
        let length = counting(&mut encoding, || encoder.encode_float(frame, &mut packet))?;
        let mut out = [0.0; FRAME_SAMPLES];
        counting(&mut decoding, || {
            decoder.decode(&packet[..length], &mut out)
        })?;
        sound.extend(out);
    }
    let lag = usize::try_from(encoder.get_lookahead()?)?;
    sound.drain(..lag.min(sound.len()));
    Ok((sound, encoding, decoding))
}
