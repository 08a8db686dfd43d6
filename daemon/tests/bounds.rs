//! Each bound stands once: what the control API promises is what the crates behind it keep.

use sotto_meeting::bounds as meeting;

#[test]
fn the_control_api_offers_what_the_mesh_and_the_mixer_take() {
    assert_eq!(sotto_control::MAX_TITLE, meeting::MAX_TITLE);
    assert_eq!(sotto_control::MAX_DISPLAY_NAME, meeting::MAX_NAME);
    assert_eq!(sotto_control::MAX_NAMES, meeting::MAX_PARTICIPANTS);
    assert_eq!(sotto_control::MIN_WHISPER, meeting::MIN_WHISPER);
    assert_eq!(sotto_control::MAX_WHISPER, meeting::MAX_WHISPER);
    assert_eq!(sotto_control::HOLD_PATIENCE, meeting::HOLD_PATIENCE);
    assert_eq!(sotto_control::LONG_PRESS, meeting::LONG_PRESS);
    assert_eq!(sotto_control::LONGEST_PRESS, meeting::LONGEST_PRESS);
    assert_eq!(
        sotto_control::MAX_VOLUME_PERCENT,
        meeting::MAX_VOLUME_PERCENT
    );
    assert_eq!(
        sotto_control::MAX_VOLUME_PERCENT,
        sotto_voice::mix::MAX_VOLUME_PERCENT
    );
}
