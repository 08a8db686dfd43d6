//! What one gets from libopus alone: one encoder with in-band FEC, 20 ms frames, a fixed jitter buffer and its own
//! concealment.
//!
//! The buffer holds 60 ms from the first packet's arrival. A frame that is missing when its turn comes is taken from
//! the FEC of the next one, if that has come, and continued by libopus's classic concealment if not.

use std::time::Duration;

use opus::{Application, Bitrate, Channels, Signal};
use sotto_impairment::{Link, MS};

use crate::conditions::Condition;
use crate::cpu::counting;
use crate::heard::{HEADERS, Heard};
use crate::simulated::DEVICE_BUFFER;

const FRAME: usize = 960;
const FRAME_TIME: f64 = 20.0 * MS;
/// What decoded speech lags behind what was encoded: 6.5 ms, in samples.
const LAG: i64 = 312;
/// Enough for speech: PESQ-WB is 4.46 on a clean link, and no more bits would help where packets are lost.
const BITRATE: i32 = 48_000;
/// What is held from the first arrival on.
const BUFFER: f64 = 60.0 * MS;
/// The header of RTP.
const RTP: u64 = 12;
/// When the microphone opens, as on Sotto's side.
const BEGIN: f64 = 300.0 * MS;

/// Lets `sound` be said, and returns what was heard. Bytes are counted from sample `judged` on.
pub(crate) fn run(
    sound: &[f32],
    judged: usize,
    condition: &Condition,
    seed: u64,
) -> Result<Heard, opus::Error> {
    let frame_time = FRAME_TIME / (1.0 + condition.drift * 1e-6);
    let frames = sound.len() / FRAME;
    let length = Duration::from_nanos((frames as f64 * frame_time) as u64);
    let first_judged = judged / FRAME;
    let skipped = Duration::from_nanos((first_judged as f64 * frame_time) as u64);
    let mut heard = Heard {
        sound: Vec::with_capacity(sound.len() + FRAME),
        sources: Vec::new(),
        mouth_to_ear: Vec::new(),
        added: Vec::new(),
        bytes: 0,
        sending: length.saturating_sub(skipped),
        talker: Duration::ZERO,
        listener: Duration::ZERO,
        speech: length,
        concealed: 0,
        repairable: 0,
    };
    let mut encoder = opus::Encoder::new(48_000, Channels::Mono, Application::Voip)?;
    encoder.set_signal(Signal::Voice)?;
    encoder.set_bitrate(Bitrate::Bits(BITRATE))?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(condition.expected_loss)?;
    let mut link = Link::new(condition.impairment, seed.wrapping_mul(2));
    let end = BEGIN + frames as f64 * frame_time;
    let (talker_stalls, listener_stalls) = condition.draw_stalls(seed, end);
    let mut packets = Vec::with_capacity(frames);
    for (index, frame) in sound.chunks_exact(FRAME).enumerate() {
        let mut packet = [0; 1_275];
        let length = counting(&mut heard.talker, || {
            encoder.encode_float(frame, &mut packet)
        })?;
        if index >= first_judged {
            heard.bytes += length as u64 + RTP + HEADERS;
        }
        let leaves = talker_stalls.after(BEGIN + (index + 1) as f64 * frame_time);
        let arrives = link.send(leaves as u64);
        let taken = arrives.map(|at| listener_stalls.after(at as f64) as u64);
        packets.push((taken, packet[..length].to_vec()));
    }
    let Some(first) = packets.iter().enumerate().find_map(|(index, (at, _))| {
        Some(at.as_ref().copied()? as f64 - index as f64 * FRAME_TIME)
    }) else {
        return Ok(heard);
    };
    let mut decoder = opus::Decoder::new(48_000, Channels::Mono)?;
    for index in 0..frames {
        let turn = first + BUFFER + index as f64 * FRAME_TIME;
        let asked = listener_stalls.after(turn);
        let arrived = |index: usize| {
            packets
                .get(index)
                .filter(|(at, _)| at.is_some_and(|at| at as f64 <= asked))
                .map(|(_, packet)| packet.as_slice())
        };
        let (packet, fec): (&[u8], bool) = match (arrived(index), arrived(index + 1)) {
            (Some(packet), _) => (packet, false),
            (None, Some(next)) => (next, true),
            (None, None) => (&[], false),
        };
        let mut block = [0.0; FRAME];
        counting(&mut heard.listener, || {
            decoder.decode_float(packet, &mut block, fec)
        })?;
        if asked > turn + DEVICE_BUFFER {
            // The device could not wait.
            block.fill(0.0);
        }
        let captured = BEGIN + index as f64 * frame_time;
        let since = (turn - captured) / MS;
        heard
            .sources
            .push((heard.sound.len(), (index * FRAME) as i64 - LAG));
        heard.mouth_to_ear.push(since + LAG as f64 / 48.0);
        heard
            .added
            .push(since - frame_time / MS - condition.impairment.base);
        heard.sound.extend_from_slice(&block);
    }
    Ok(heard)
}
