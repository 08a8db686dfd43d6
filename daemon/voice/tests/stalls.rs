//! Playback on machines that stand still now and then, and of encoders that begin anew: what was missed
//! costs a moment, not seconds of stretched sound.

mod simulated;

use std::time::Duration;

use simulated::{Network, carry, encode, encode_with, speech_like};
use sotto_voice::codec::{Decoder, Encoder};
use sotto_voice::playout::{Activity, EncodedFrame, Packet, PlayoutConfig, SenderPlayout};
use sotto_voice::{MediaTime, SequenceNumber, Stream, Timestamp};

/// Frames in a second.
const SECOND: usize = 100;

fn talk(seconds: f64) -> Vec<Option<Vec<u8>>> {
    encode(&speech_like(seconds, 42), |_| true)
}

#[test]
fn a_stall_of_the_talker_shifts_no_time() {
    let frames = talk(20.0);
    for stall in [30.0, 60.0, 90.0] {
        let network = Network {
            talker_stalls: stall,
            ..Network::default()
        };
        let heard = carry(&frames, 20 * SECOND, &network);
        println!("{stall} ms: {:?}", heard.stats);
        assert!(heard.stats.concealed > 10, "{:?}", heard.stats);
        // All delays, those right after the stalls included. Where two stalls follow each other within a second,
        // playback waits for a third.
        let longest = heard.delays.iter().copied().fold(0.0, f64::max);
        assert!(longest < 60.0, "{longest} ms");
        let mean = heard.mean_delay_between(3.0, 20.0);
        assert!(mean < 30.0, "{mean} ms");
        assert!(
            heard.stats.samples_removed < 9_600,
            "{} samples removed",
            heard.stats.samples_removed
        );
    }
}

#[test]
fn one_stall_in_two_seconds_is_no_reason_to_wait() {
    let frames = talk(20.0);
    for stall in [20.0, 40.0, 60.0, 90.0] {
        let network = Network {
            outages: (0..9)
                .map(|index| (f64::from(index) * 2_003.0 + 1_404.0, stall))
                .collect(),
            ..Network::default()
        };
        let heard = carry(&frames, 20 * SECOND, &network);
        println!("{stall} ms: {:?}", heard.stats);
        let mut delays = heard.delays.clone();
        delays.sort_by(f64::total_cmp);
        let p95 = delays[delays.len() * 95 / 100];
        assert!(p95 < 7.0, "{stall} ms: {p95} ms");
        assert!(heard.stats.target < Duration::from_millis(7));
    }
}

#[test]
fn what_was_due_while_the_listener_stood_still_is_not_played_afterwards() {
    let frames = talk(20.0);
    for stall in [30.0, 60.0, 90.0] {
        let network = Network {
            listener_stalls: stall,
            block: 480,
            ..Network::default()
        };
        let heard = carry(&frames, 20 * SECOND, &network);
        println!("{stall} ms: {:?}", heard.stats);
        let longest = heard.delays.iter().copied().fold(0.0, f64::max);
        assert!(longest < 35.0, "{longest} ms");
        assert!(
            heard.stats.samples_removed < 9_600,
            "{} samples removed",
            heard.stats.samples_removed
        );
    }
}

#[test]
fn a_link_that_stalls_all_the_time_is_waited_for() {
    let frames = talk(20.0);
    let network = Network {
        outages: (0..100)
            .map(|index| (f64::from(index) * 200.0 + 100.0, 70.0))
            .collect(),
        ..Network::default()
    };
    let heard = carry(&frames, 20 * SECOND, &network);
    println!("{:?}", heard.stats);
    let settled = heard.mean_delay_between(5.0, 20.0);
    assert!(settled > 60.0, "{settled} ms");
    assert!(heard.stats.concealed < 60, "{:?}", heard.stats);
}

#[test]
fn pulls_that_come_a_little_late_change_nothing() {
    let frames = talk(20.0);
    let network = Network {
        block: 480,
        lateness: 4.0,
        ..Network::default()
    };
    let heard = carry(&frames, 20 * SECOND, &network);
    println!("{:?}", heard.stats);
    assert!(heard.stats.concealed <= 10, "{:?}", heard.stats);
    assert_eq!(heard.stats.discarded, 0);
    assert_eq!(heard.stats.played, 20 * SECOND as u64);
}

#[test]
fn a_marked_frame_is_decoded_without_a_memory_of_those_before() {
    // Frames that carry a memory are made in the mode for speech, whose decoder remembers longest.
    let encode = |sound: &[f32]| encode_with(Encoder::remembering().unwrap(), sound, |_| true);
    let sound = speech_like(2.0, 42);
    let before = encode(&sound[..48_000]);
    // A second encoder, as after a reset in the middle of a word.
    let after = encode(&sound[48_000..]);
    let frames: Vec<_> = before.into_iter().chain(after.iter().cloned()).collect();
    let mut fresh = Decoder::new().unwrap();
    let mut block = [0.0; 480];
    let mut wanted = Vec::new();
    for frame in after.iter().flatten() {
        fresh.decode(frame, &mut block).unwrap();
        wanted.extend_from_slice(&block);
    }
    let mut differs = |marked: bool| {
        let mut playout = SenderPlayout::new(PlayoutConfig {
            comfort_noise: false,
            ..PlayoutConfig::default()
        })
        .unwrap();
        let mut heard = Vec::new();
        for (frame, payload) in frames.iter().enumerate() {
            let now = Duration::from_millis(10 * frame as u64);
            let timestamp = Timestamp::new((frame * 480) as u32);
            let payload = payload.as_ref().unwrap();
            playout.insert(
                &Packet {
                    stream: Stream::Open,
                    sequence: SequenceNumber::new(frame as u16),
                    timestamp,
                    marker: marked && frame == 100,
                    frames: &[EncodedFrame { timestamp, payload }],
                },
                now,
            );
            let pulled = playout.pull(&mut block, now);
            if let Some(source) = pulled.source {
                let at = (source.timestamp - MediaTime::first(Timestamp::new(0))).number();
                let at = at - source.offset as i64;
                heard.extend((at..).zip(block));
            }
        }
        assert_eq!(playout.stats().concealed, 0);
        // From the end of the cross-fade on, 100 ms.
        let (mut difference, mut energy) = (0.0, 0.0);
        for (at, sample) in heard {
            let at = at - 48_000;
            if (240..4_800).contains(&at) {
                let wanted = wanted[at as usize];
                difference += f64::from(sample - wanted).powi(2);
                energy += f64::from(wanted).powi(2);
            }
        }
        10.0 * (difference / energy + 1e-12_f64).log10()
    };
    let (with, without) = (differs(true), differs(false));
    println!("with a marker {with:.1} dB, without {without:.1} dB");
    assert!(with < -60.0, "{with} dB");
    assert!(without > -30.0, "{without} dB: the test would find nothing");
}

/// How many blocks of 10 ms are invented behind the last packet, on a link that lost three in a row before
/// or none.
#[allow(clippy::unwrap_used)] // a test ends here if something does not work
fn invented_at_the_end(lossy: bool) -> usize {
    // A vowel that breaks off in full voice.
    let vowel: Vec<f32> = (0..480 * 120)
        .map(|sample| {
            let turns = sample as f32 / 48_000.0 * 130.0;
            (1..8)
                .map(|harmonic| (turns * harmonic as f32 * std::f32::consts::TAU).sin() * 0.05)
                .sum()
        })
        .collect();
    let frames = encode(&vowel, |_| true);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    let mut invented = 0;
    for step in 0..160_usize {
        let now = Duration::from_millis(10 * step as u64);
        let lost = lossy && (60..63).contains(&step);
        if step < 120 && !lost {
            let timestamp = Timestamp::new((step * 480) as u32);
            let payload = frames.get(step).unwrap().as_ref().unwrap();
            playout.insert(
                &Packet {
                    stream: Stream::Open,
                    sequence: SequenceNumber::new(step as u16),
                    timestamp,
                    marker: step == 0,
                    frames: &[EncodedFrame { timestamp, payload }],
                },
                now,
            );
        }
        let pulled = playout.pull(&mut block, now);
        invented += usize::from(step >= 120 && pulled.activity == Activity::Concealed);
    }
    invented
}

#[test]
fn behind_the_end_40_ms_are_invented_on_a_good_link_and_100_on_a_bad_one() {
    let (good, bad) = (invented_at_the_end(false), invented_at_the_end(true));
    println!("{good} and {bad} blocks");
    assert!((1..=5).contains(&good), "{good} blocks");
    assert!((8..=11).contains(&bad), "{bad} blocks");
}
