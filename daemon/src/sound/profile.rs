//! The meaning of a profile: periods of the devices, length of a frame, delay of playback.

use std::time::Duration;

use sotto_audio::{Backend, DEFAULT_PERIOD, DeviceSpec};
use sotto_control::config::Profile;
use sotto_voice::playout::{CopyWait, PlayoutConfig};
use sotto_voice::{FrameLength, VoiceConfig};

/// Loudspeakers of a sound system in the default profile: 2.5 ms. What is played lies in our ring for a period and in
/// the system's buffer for another, and what is asked for at once must have arrived at once, so that a period counts
/// three times.
const SMALL_PERIOD: u32 = 120;

/// The same in the `latency` profile, where the processor may work for it: 1.3 ms.
const SMALLEST_PERIOD: u32 = 64;

/// A microphone's frame of 5 ms.
const SHORT_PERIOD: u32 = 240;

/// Both ways in the `safe` profile: 20 ms.
const LONG_PERIOD: u32 = 960;

/// The period to ask of a microphone, in samples at 48 kHz. A frame has to be complete before it is sent, so that less
/// than a frame's length gains nothing.
pub(crate) fn capture_period(profile: Profile) -> u32 {
    match profile {
        Profile::Default => DEFAULT_PERIOD,
        Profile::Latency => SHORT_PERIOD,
        Profile::Safe => LONG_PERIOD,
    }
}

/// The period to ask of a loudspeaker, in samples at 48 kHz. Files, tones and nothing have no buffer behind the period,
/// and nobody who listens.
pub(crate) fn playback_period(profile: Profile, backend: Backend, device: &DeviceSpec) -> u32 {
    let real =
        backend != Backend::Null && matches!(device, DeviceSpec::Default | DeviceSpec::Named(_));
    match profile {
        Profile::Default if real => SMALL_PERIOD,
        Profile::Default => DEFAULT_PERIOD,
        Profile::Latency if real => SMALLEST_PERIOD,
        Profile::Latency => SHORT_PERIOD,
        Profile::Safe => LONG_PERIOD,
    }
}

/// Returns how a conversation is set up.
pub(crate) fn voice(profile: Profile, seed: [u8; 32]) -> VoiceConfig {
    match profile {
        Profile::Default | Profile::Safe => VoiceConfig::new(seed),
        Profile::Latency => VoiceConfig::low_delay(seed),
    }
}

/// Returns how long our frames are.
pub(crate) fn frames(profile: Profile) -> FrameLength {
    voice(profile, [0; 32]).frames
}

/// Returns how a sender is played.
pub(crate) fn playout(profile: Profile) -> PlayoutConfig {
    let default = PlayoutConfig::default();
    match profile {
        Profile::Default => default,
        Profile::Latency => PlayoutConfig::low_delay(),
        Profile::Safe => PlayoutConfig {
            copy_wait: CopyWait::Always,
            initial_target: Duration::from_millis(40),
            margin: Duration::from_millis(15),
            ..default
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_loudspeakers_get_small_periods_in_the_default_profile() {
        let period = |backend, device| playback_period(Profile::Default, backend, &device);
        let file = DeviceSpec::File {
            path: "/tmp/a.wav".into(),
            looped: false,
        };
        assert_eq!(period(Backend::Auto, DeviceSpec::Default), SMALL_PERIOD);
        assert_eq!(period(Backend::Auto, file), DEFAULT_PERIOD);
        assert_eq!(period(Backend::Auto, DeviceSpec::Null), DEFAULT_PERIOD);
        assert_eq!(period(Backend::Null, DeviceSpec::Default), DEFAULT_PERIOD);
    }
}
