//! The jitter buffer between a talker and a listener, on a virtual clock.

mod simulated;

use std::time::Duration;

use simulated::{Heard, Loss, Network, carry, encode, level, speech_like};
use sotto_voice::playout::{
    Activity, CopyWait, EncodedFrame, Packet, PlayoutConfig, SenderPlayout,
};
use sotto_voice::{SampleCount, SequenceNumber, Stream, Timestamp};

/// Frames in a second.
const SECOND: usize = 100;

fn talk(seconds: f64) -> Vec<Option<Vec<u8>>> {
    encode(&speech_like(seconds, 42), |_| true)
}

fn first_sound(heard: &Heard) -> f64 {
    heard.sources[0].0 as f64 / 48.0
}

#[test]
fn on_a_clean_link_nothing_is_concealed_and_a_copy_is_waited_for_if_that_is_wished() {
    for (copy_wait, holds) in [
        // 3 ms for jitter and waking up, 2.5 for the block; 10 for the copy.
        (CopyWait::Never, 4.0..=6.0),
        (CopyWait::AfterLoss, 4.0..=6.0),
        (CopyWait::Always, 13.0..=16.0),
    ] {
        let network = Network {
            playout: PlayoutConfig {
                copy_wait,
                ..PlayoutConfig::default()
            },
            ..Network::default()
        };
        let heard = carry(&talk(10.0), 10 * SECOND, &network);
        // At the end nobody can know yet that it is one.
        assert!(heard.stats.concealed <= 10, "{:?}", heard.stats);
        assert_eq!(heard.stats.played, 10 * SECOND as u64);
        let settled = heard.mean_delay_between(3.0, 10.0);
        assert!(holds.contains(&settled), "{copy_wait:?}: {settled} ms");
    }
}

#[test]
fn from_the_first_loss_on_a_copy_is_waited_for() {
    let frames = talk(20.0);
    let network = Network {
        lost: vec![800, 1_000, 1_100],
        ..Network::default()
    };
    let heard = carry(&frames, 20 * SECOND, &network);
    println!("{:?}", heard.stats);
    let (before, after) = (
        heard.mean_delay_between(6.0, 8.0),
        heard.mean_delay_between(8.1, 20.0),
    );
    assert!(before < 6.0, "{before} ms");
    assert!((13.0..=16.5).contains(&after), "{after} ms");
    // The first was continued and then heard, the others were heard at once.
    assert!(heard.stats.concealed <= 10, "{:?}", heard.stats);
    assert_eq!(heard.stats.played, 20 * SECOND as u64);
}

#[test]
fn speech_survives_jitter_and_reordering() {
    let frames = talk(20.0);
    for jitter in [20.0, 40.0, 60.0] {
        for seed in 1..=3 {
            let network = Network {
                seed,
                jitter,
                ..Network::default()
            };
            let heard = carry(&frames, 20 * SECOND, &network);
            let settled = heard.mean_delay_between(5.0, 20.0);
            println!(
                "jitter {jitter} seed {seed}: {settled:.1} ms, {:?}",
                heard.stats
            );
            assert!(heard.stats.concealed <= 20, "{:?}", heard.stats);
            assert!(settled < jitter * 1.25 + 17.0, "{settled} ms");
        }
    }
}

#[test]
fn one_copy_repairs_single_losses() {
    let frames = talk(20.0);
    for seed in 1..=3 {
        let network = Network {
            seed,
            loss: Loss::Random(0.1),
            ..Network::default()
        };
        let heard = carry(&frames, 20 * SECOND, &network);
        println!("seed {seed}: {:?}", heard.stats);
        // What is left are two losses in a row: one in a hundred frames.
        assert!(heard.stats.concealed < 50, "{:?}", heard.stats);
        assert!(heard.stats.recovered > 100, "{:?}", heard.stats);
        let settled = heard.mean_delay_between(3.0, 20.0);
        assert!(settled < 20.0, "{settled} ms");
    }
}

#[test]
fn drift_of_the_clocks_adds_no_delay_in_30_minutes() {
    let frames = talk(20.0);
    for drift in [-200.0, 200.0] {
        let network = Network {
            drift,
            ..Network::default()
        };
        let heard = carry(&frames, 30 * 60 * SECOND, &network);
        let early = heard.mean_delay_between(30.0, 90.0);
        let late = heard.mean_delay_between(29.0 * 60.0, 30.0 * 60.0);
        println!(
            "{drift} ppm: {early:.2} ms, {late:.2} ms, {:?}",
            heard.stats
        );
        assert!((late - early).abs() <= 5.0, "{early} ms, then {late} ms");
        assert!(heard.stats.concealed < 30, "{:?}", heard.stats);
    }
}

#[test]
fn an_outage_leaves_no_delay_behind() {
    let frames = talk(20.0);
    for length in [120.0, 200.0, 300.0] {
        let network = Network {
            outages: vec![(5_003.0, length), (10_007.0, length), (15_001.0, length)],
            ..Network::default()
        };
        let heard = carry(&frames, 20 * SECOND, &network);
        let before = heard.mean_delay_between(4.0, 5.0);
        let after = heard.mean_delay_between(6.4, 7.0);
        println!(
            "{length} ms: {before:.1} ms, {after:.1} ms, {:?}",
            heard.stats
        );
        assert_eq!(heard.stats.outages, 3);
        assert!(after - before < 3.0, "{before} ms, then {after} ms");
        assert!(heard.stats.target < Duration::from_millis(20));
        // Every word of it is heard afterwards.
        assert_eq!(heard.stats.played, 20 * SECOND as u64);
        assert_eq!(heard.stats.discarded, 0);
        // 100 ms into the outage there is silence.
        let from = ((5.003 + 0.13) * 48_000.0) as usize;
        if length >= 200.0 {
            assert!(level(&heard.sound[from..from + 960]) < -80.0);
        }
    }
}

#[test]
fn a_way_that_has_become_longer_is_followed_within_a_second() {
    let frames = talk(10.0);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    let mut active = 0;
    for step in 0..10 * SECOND {
        let now = Duration::from_millis(10 * step as u64);
        // From 5 s on everything takes 300 ms longer.
        let sent = if step < 500 {
            Some(step)
        } else if step < 530 {
            None
        } else {
            Some(step - 30)
        };
        if let Some(frame) = sent {
            insert(&mut playout, &frames, frame, now);
        }
        let pulled = playout.pull(&mut block, now);
        active += usize::from(step >= 630 && pulled.activity == Activity::Sound);
    }
    assert!(
        active > 360,
        "{active} of 370 blocks, {:?}",
        playout.stats()
    );
}

fn insert(playout: &mut SenderPlayout, frames: &[Option<Vec<u8>>], frame: usize, now: Duration) {
    let sequence = SequenceNumber::new(frame as u16);
    insert_as(playout, frames, frame, sequence, Stream::Open, now);
}

#[allow(clippy::unwrap_used)] // a test ends here if a frame is missing
fn insert_as(
    playout: &mut SenderPlayout,
    frames: &[Option<Vec<u8>>],
    frame: usize,
    sequence: SequenceNumber,
    stream: Stream,
    now: Duration,
) {
    let timestamp = Timestamp::new((frame * 480) as u32);
    playout.insert(
        &Packet {
            stream,
            sequence,
            timestamp,
            marker: false,
            frames: &[EncodedFrame {
                timestamp,
                payload: frames[frame].as_ref().unwrap(),
            }],
        },
        now,
    );
}

#[test]
fn timestamps_and_sequence_numbers_wrap_unheard() {
    let frames = talk(10.0);
    let plain = carry(&frames, 10 * SECOND, &Network::default());
    let network = Network {
        timestamp: Timestamp::new(u32::MAX - 100_000),
        sequence: SequenceNumber::new(u16::MAX - 300),
        ..Network::default()
    };
    let wrapped = carry(&frames, 10 * SECOND, &network);
    assert!(plain.sound == wrapped.sound);
    let position = wrapped.sources.last().unwrap().1;
    assert!(position > 900 * 480, "{position}");
}

#[test]
fn a_pause_is_not_decoded_as_loss_and_the_next_syllable_is_whole() {
    let sound = speech_like(8.0, 7);
    // Talks for a second, is silent for half a second.
    let frames = encode(&sound, |frame| frame % 150 < 100);
    for block in [64, 240, 480, 513, 960] {
        let network = Network {
            block,
            ..Network::default()
        };
        let heard = carry(&frames, frames.len(), &network);
        println!("block {block}: {:?}", heard.stats);
        // A talk spurt that ends in full voice is continued for at most 40 ms, softer and softer.
        assert!(heard.stats.concealed <= 6 * 4, "{:?}", heard.stats);
        let sent = frames.iter().flatten().count() as u64;
        assert_eq!(heard.stats.played, sent);
        for spurt in 1..5 {
            let first = (spurt * 150 * 480) as i64;
            assert!(
                heard
                    .sources
                    .iter()
                    .any(|(_, position)| (first..first + 4).contains(position)),
                "spurt {spurt} is clipped"
            );
        }
    }
}

#[test]
fn lost_frames_are_concealed_without_a_later_packet_saying_so() {
    let frames = talk(2.0);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    for step in 0..200_u64 {
        let now = Duration::from_millis(10 * step);
        if !(100..103).contains(&step) {
            insert(&mut playout, &frames, step as usize, now);
        }
        playout.pull(&mut block, now);
        assert!(block.iter().all(|sample| sample.abs() <= 1.5));
    }
    assert_eq!(playout.stats().concealed, 3);
    assert_eq!(playout.stats().late, 0);
}

#[test]
fn starts_differ_by_less_than_a_millisecond_whatever_the_phase() {
    let frames = talk(1.0);
    let mut starts = Vec::new();
    for phase in 0..20 {
        let network = Network {
            phase: f64::from(phase) * 0.5,
            jitter: 0.0,
            ..Network::default()
        };
        let heard = carry(&frames, SECOND, &network);
        starts.push(first_sound(&heard) + network.phase);
    }
    let (low, high) = starts.iter().fold((f64::MAX, f64::MIN), |(low, high), at| {
        (low.min(*at), high.max(*at))
    });
    println!("starts {low:.2} to {high:.2} ms");
    assert!(high - low <= 1.0);
}

#[test]
fn a_whisper_and_open_voice_follow_each_other_on_one_timeline() {
    let open = talk(3.0);
    let whispered = encode(&speech_like(3.0, 9), |_| true);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    let (mut open_blocks, mut whisper_blocks) = (0, 0);
    let mut sequences = [SequenceNumber::new(0); 2];
    for step in 0..300_usize {
        let now = Duration::from_millis(10 * step as u64);
        let whisper = (100..200).contains(&step);
        let (stream, frames) = if whisper {
            (Stream::Whisper, &whispered)
        } else {
            (Stream::Open, &open)
        };
        let sequence = &mut sequences[usize::from(whisper)];
        insert_as(&mut playout, frames, step, *sequence, stream, now);
        *sequence = *sequence + 1;
        match (playout.pull(&mut block, now), step) {
            (pulled, _) if pulled.activity == Activity::Pause => {}
            (pulled, _) if pulled.stream == Stream::Open => open_blocks += 1,
            _ => whisper_blocks += 1,
        }
    }
    assert_eq!(playout.stats().concealed, 0);
    assert!((99..=101).contains(&whisper_blocks), "{whisper_blocks}");
    assert!(open_blocks >= 196, "{open_blocks}");
}

#[test]
fn a_sender_that_starts_anew_is_heard_at_once() {
    let frames = talk(2.0);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    for step in 0..150_usize {
        let now = Duration::from_millis(10 * step as u64);
        insert_as(
            &mut playout,
            &frames,
            step,
            SequenceNumber::new(step as u16),
            Stream::Open,
            now,
        );
        playout.pull(&mut block, now);
    }
    playout.reset();
    let mut quiet = 0;
    for step in 150..300_usize {
        let now = Duration::from_millis(10 * step as u64);
        insert_as(
            &mut playout,
            &frames,
            step - 150,
            SequenceNumber::new(step as u16),
            Stream::Open,
            now,
        );
        quiet += usize::from(playout.pull(&mut block, now).activity == Activity::Pause);
    }
    assert!(quiet <= 3, "{quiet} silent blocks");
}

#[test]
fn playback_that_stood_still_goes_on_from_the_target() {
    let frames = talk(10.0);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    for step in 0..1000_usize {
        let now = Duration::from_millis(10 * step as u64);
        insert(&mut playout, &frames, step, now);
        if !(300..600).contains(&step) {
            let pulled = playout.pull(&mut block, now);
            if step == 605 {
                let timestamp = pulled.source.unwrap().timestamp.timestamp();
                let delay = 605.0 * 10.0 - f64::from(timestamp.number()) / 48.0;
                assert!(delay < 30.0, "{delay} ms");
            }
        }
    }
}

#[test]
fn what_came_before_anything_was_asked_for_leaves_no_delay_behind() {
    let frames = talk(2.0);
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut block = [0.0; 480];
    for frame in 0..200 {
        let now = Duration::from_millis(10 * frame as u64);
        insert(&mut playout, &frames, frame, now);
        if frame >= 64 {
            playout.pull(&mut block, now);
        }
        if frame >= 68 {
            let stats = playout.stats();
            let ahead = stats.delay.saturating_sub(stats.target);
            assert!(ahead < Duration::from_millis(10), "{frame}: {stats:?}");
        }
    }
}

#[test]
fn comfort_noise_is_as_loud_as_the_background_was() {
    let mut chance = simulated::Chance::new(3);
    // Background noise of −60 dBFS, and nothing else, then a pause.
    let sound: Vec<f32> = (0..480 * 300)
        .map(|_| chance.sample() * 0.001_732)
        .collect();
    let frames = encode(&sound, |frame| frame < 200);
    let network = Network {
        playout: PlayoutConfig::default(),
        ..Network::default()
    };
    let heard = carry(&frames, 300, &network);
    let noise = level(&heard.sound[48_000 * 22 / 10..48_000 * 29 / 10]);
    let background = level(&heard.sound[48_000..48_000 * 19 / 10]);
    println!("background {background:.1} dBFS, comfort noise {noise:.1} dBFS");
    assert!((noise - background).abs() < 4.0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_packets_whatever_break_playout(
        packets in proptest::collection::vec(
            (
                proptest::prelude::any::<(u16, u32, bool, bool)>(),
                0_u64..300,
                proptest::collection::vec(
                    (0_u32..20_000, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..450)),
                    0..4,
                ),
                1_usize..1_200,
            ),
            1..40,
        ),
    ) {
        let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
        let mut now = Duration::ZERO;
        for ((sequence, timestamp, marker, whisper), wait, frames, count) in packets {
            now += Duration::from_millis(wait);
            // Half of the timestamps lie near each other.
            let timestamp = Timestamp::new(if marker { timestamp % 100_000 } else { timestamp });
            let frames: Vec<EncodedFrame<'_>> = frames
                .iter()
                .map(|(back, payload)| EncodedFrame {
                    timestamp: timestamp - SampleCount::new(i64::from(*back)),
                    payload,
                })
                .collect();
            let stream = if whisper { Stream::Whisper } else { Stream::Open };
            let number = sequence;
            let sequence = SequenceNumber::new(number);
            playout.insert(&Packet { stream, sequence, timestamp, marker, frames: &frames }, now);
            let mut block = vec![0.0; count];
            playout.pull(&mut block, now);
            proptest::prop_assert!(block.iter().all(|sample| sample.is_finite()));
            if number % 7 == 0 {
                playout.skip(count, now);
            }
        }
    }
}
