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

#[test]
fn a_gate_closes_300_ms_after_the_last_word_and_opens_with_a_marker() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio
        .uplink
        .command(UplinkCommand::Gate(GateMode::Speech))
        .unwrap();
    studio.capture(50, voice);
    studio.capture(100, |_| 0.0);
    studio.capture(50, voice);
    let got = studio.heard_by(0, Stream::Open);
    assert_eq!(got.iter().filter(|got| got.header.marker).count(), 2);
    assert!((125..135).contains(&got.len()), "{}", got.len());
}
