//! What a stream is created with.

use pulseaudio::protocol::{
    ChannelMap, ChannelPosition, CorkStreamParams, Prop, Props, SampleFormat, SampleSpec,
};

use super::form::Described;
use crate::SAMPLE_RATE;

/// Bytes of a sample.
pub(super) const SAMPLE: usize = size_of::<f32>();

/// Where voices go: one channel for mono and stereo, which the server spreads; the front pair of more.
pub(super) fn front_pair(device: &Described) -> ChannelMap {
    if device.channels <= 2 {
        return ChannelMap::new([ChannelPosition::Mono]);
    }
    let positions: Vec<ChannelPosition> = device.channel_map.into_iter().collect();
    let front = [ChannelPosition::FrontLeft, ChannelPosition::FrontRight];
    if front.iter().all(|side| positions.contains(side)) {
        ChannelMap::new(front)
    } else {
        // A studio's interface numbers its channels; the first two are what is listened to.
        ChannelMap::new(positions.into_iter().take(2))
    }
}

/// Returns the form of samples at this rate, in so many channels.
pub(super) fn spec(rate: u32, channels: u8) -> SampleSpec {
    SampleSpec {
        format: SampleFormat::Float32Le,
        channels,
        sample_rate: rate,
    }
}

/// The bytes of a period, given in samples at 48 kHz.
pub(super) fn bytes(period: u32, rate: u32, channels: u8) -> u32 {
    let frames = u64::from(period.clamp(48, 48_000)) * u64::from(rate) / u64::from(SAMPLE_RATE);
    let bytes = frames.max(1) * SAMPLE as u64 * u64::from(channels);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Returns the order to let a stream run.
pub(super) fn uncork(channel: u32) -> CorkStreamParams {
    CorkStreamParams {
        channel,
        cork: false,
    }
}

/// What mixers show beside the program's name. No role is given: servers answer that of a telephone by switching
/// Bluetooth headsets to telephone quality.
pub(super) fn named(name: &std::ffi::CStr) -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, name);
    props
}
