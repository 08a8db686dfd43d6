//! When orders take effect.

use super::*;

#[test]
fn an_order_stamped_far_ahead_is_carried_out_within_200_ms() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(10, voice);
    // The clock that stamps ran on while the microphone stood still.
    studio.microphone(Some(10_000 * FRAME), false);
    studio.capture(100, voice);
    let last = studio.got.last().unwrap().frames.last().unwrap().0;
    assert_eq!(last, 29 * FRAME);
}

#[test]
fn a_mute_at_once_closes_what_was_about_to_open() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.capture(10, voice);
    studio.microphone(Some(11 * FRAME + 100), true);
    studio.microphone(None, false);
    studio.capture(50, voice);
    assert!(studio.got.is_empty());
}
