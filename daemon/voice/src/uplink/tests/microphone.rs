//! What is noticed behind the microphone, and what is kept from the encoder.

use super::*;

#[test]
fn speech_and_clipping_are_told_and_never_from_a_closed_microphone() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.capture(100, |_| 1.0);
    assert_eq!(studio.uplink.poll_event(), None);
    studio.microphone(None, true);
    studio.capture(250, |sample| 10.0 * voice(sample));
    let mut told = Vec::new();
    while let Some(event) = studio.uplink.poll_event() {
        told.push(event);
    }
    let count =
        |wanted: fn(&UplinkEvent) -> bool| told.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, UplinkEvent::Spoke)), 3);
    assert_eq!(count(|event| matches!(event, UplinkEvent::Clipped)), 3);
    assert_eq!(
        count(|event| matches!(event, UplinkEvent::Speaking { speaking: true, .. })),
        1
    );
    studio.microphone(None, false);
    studio.capture(1, voice);
    studio.capture(1, voice);
    assert!(matches!(
        studio.uplink.poll_event(),
        Some(UplinkEvent::Speaking {
            speaking: false,
            ..
        })
    ));
    assert_eq!(studio.uplink.stats().level, Level::SILENCE);
}

#[test]
fn talking_behind_a_closed_microphone_is_told_and_never_sent() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    let listen = |studio: &mut Studio, listen| {
        let command = UplinkCommand::ListenWhileMuted(listen);
        studio.uplink.command(command).unwrap();
    };
    let told = |studio: &mut Studio| -> Vec<bool> {
        std::iter::from_fn(|| studio.uplink.poll_event())
            .filter_map(|event| match event {
                UplinkEvent::TalkingMuted { talking } => Some(talking),
                _ => None,
            })
            .collect()
    };
    studio.capture(100, voice);
    assert_eq!(told(&mut studio), [], "unless it is wanted");
    listen(&mut studio, true);
    studio.capture(100, voice);
    assert_eq!(told(&mut studio), [true]);
    assert_eq!(studio.heard_by(0, Stream::Open).len(), 0);
    studio.microphone(None, true);
    studio.capture(10, voice);
    assert_eq!(told(&mut studio), [false]);
    studio.microphone(None, false);
    studio.capture(100, voice);
    listen(&mut studio, false);
    assert_eq!(told(&mut studio), [true, false]);
}

#[test]
fn what_a_driver_invents_does_not_reach_the_encoder() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(5, |_| f32::NAN);
    studio.capture(20, voice);
    let heard = studio.decode(0, Stream::Open, 0);
    assert!(heard.iter().all(|sample| sample.is_finite()));
    let said = level_of(voice, 10..25);
    let heard = db(&heard[10 * FRAME_SAMPLES..]);
    assert!((heard - said).abs() < 2.0, "{heard} of {said} dBFS");
    assert_eq!(studio.uplink.stats().failures, 0);
}

/// An open microphone with one listener, behind a gate.
fn gated() -> Studio {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio
        .uplink
        .command(UplinkCommand::Gate(GateMode::Speech))
        .unwrap();
    studio
}

#[test]
fn a_gate_closes_300_ms_after_the_last_word_and_opens_with_a_marker() {
    let mut studio = gated();
    studio.capture(50, voice);
    studio.capture(100, |_| 0.0);
    studio.capture(50, voice);
    let got = studio.heard_by(0, Stream::Open);
    assert_eq!(got.iter().filter(|got| got.header.marker).count(), 2);
    assert!((125..135).contains(&got.len()), "{}", got.len());
}

#[test]
fn a_gate_loses_nothing_of_the_first_syllable() {
    for offset in [0, 100, 300, 430] {
        let mut studio = gated();
        let begins = 200 * FRAME + offset;
        // A room at −66 dBFS, and a voice that begins in it.
        let room = |sample: u64| {
            let hash = (sample as u32).wrapping_mul(2_654_435_761) ^ (sample as u32 >> 3);
            ((hash >> 8) as f32 / 8_388_608.0 - 1.0) * 0.000_9
        };
        // From its beginning on: later the glide falls below what a speech codec lets pass.
        let said = |sample: u64| room(sample) + sample.checked_sub(begins).map_or(0.0, voice);
        studio.capture(250, said);
        let got = studio.heard_by(0, Stream::Open);
        let spurt: Vec<u64> = got
            .iter()
            .map(|got| got.frames.last().unwrap().0)
            .filter(|start| *start >= 100 * FRAME)
            .collect();
        assert_eq!(spurt[0], 200 * FRAME, "+{offset}");
        assert!(
            got.iter()
                .any(|got| got.header.marker && got.frames.last().unwrap().0 == spurt[0])
        );
        let heard = studio.decode(0, Stream::Open, 200 * FRAME);
        // The codec's own delay lies between the two.
        let window = 1920;
        let first: Vec<f32> = (begins..begins + window).map(said).collect();
        let from = offset as usize + 312;
        let heard = db(&heard[from..from + window as usize]);
        assert!(
            (heard - db(&first)).abs() < 1.5,
            "{heard} of {} dBFS at +{offset}",
            db(&first)
        );
    }
}
