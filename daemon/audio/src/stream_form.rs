//! The form in which a device of the hardware is opened: rate, channels, sample format and buffer.

use cpal::{
    BufferSize, SampleFormat, StreamConfig, SupportedBufferSize, SupportedStreamConfig,
    SupportedStreamConfigRange,
};

use crate::resampling::RATES;
use crate::{DEFAULT_PERIOD, SAMPLE_RATE};

/// More channels than any microphone of a person has.
const MOST_CHANNELS: u16 = 32;

/// Sample formats that are understood, the best first.
const FORMATS: [SampleFormat; 8] = [
    SampleFormat::F32,
    SampleFormat::I32,
    SampleFormat::I24,
    SampleFormat::I16,
    SampleFormat::U32,
    SampleFormat::U16,
    SampleFormat::I8,
    SampleFormat::U8,
];

/// The form in which a device is opened.
pub(crate) struct Form {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    pub(crate) format: SampleFormat,
    buffer: SupportedBufferSize,
}

impl Form {
    /// The period in the device's samples, within what it supports.
    pub(crate) fn period(&self, period: u32) -> u32 {
        let period =
            u64::from(period.clamp(48, 4_800)) * u64::from(self.rate) / u64::from(SAMPLE_RATE);
        let period = u32::try_from(period).unwrap_or(480).max(1);
        match self.buffer {
            SupportedBufferSize::Range { min, max } if min <= max => period.clamp(min, max),
            _ => period,
        }
    }

    /// Returns what cpal is told, with this buffer size.
    pub(crate) fn config(&self, buffer_size: BufferSize) -> StreamConfig {
        StreamConfig {
            channels: self.channels,
            sample_rate: self.rate,
            buffer_size,
        }
    }
}

/// Chooses 48 kHz and floats where the device has them, and as many channels as it has by default.
pub(crate) fn choose(
    default: SupportedStreamConfig,
    offered: impl Iterator<Item = SupportedStreamConfigRange>,
) -> Form {
    let rank = |range: &SupportedStreamConfigRange| {
        let format = FORMATS
            .iter()
            .position(|format| *format == range.sample_format());
        let channels = range
            .channels()
            .abs_diff(default.channels().min(MOST_CHANNELS));
        (!range.contains_rate(SAMPLE_RATE), channels, format)
    };
    let best = offered
        .filter(|range| FORMATS.contains(&range.sample_format()))
        .min_by_key(rank);
    match best {
        None => Form {
            rate: default.sample_rate(),
            channels: default.channels(),
            format: default.sample_format(),
            buffer: *default.buffer_size(),
        },
        Some(range) => {
            // The nearest rate to 48 kHz that the device has.
            let rate = SAMPLE_RATE.clamp(
                range.min_sample_rate(),
                range.max_sample_rate().max(range.min_sample_rate()),
            );
            Form {
                rate: rate.clamp(*RATES.start(), *RATES.end()),
                channels: range.channels(),
                format: range.sample_format(),
                buffer: *range.buffer_size(),
            }
        }
    }
}

/// The buffer sizes to try: the fixed period, a doubled one, one that everybody bears, and only then whatever the
/// system likes, which has been seen to be two seconds.
pub(crate) fn buffer_sizes(form: &Form, period: u32) -> [BufferSize; 4] {
    let fixed = form.period(period);
    [
        BufferSize::Fixed(fixed),
        BufferSize::Fixed(form.period(2 * period)),
        BufferSize::Fixed(form.period(DEFAULT_PERIOD.max(2 * period))),
        BufferSize::Default,
    ]
}

#[cfg(test)]
mod tests {
    use cpal::{FromSample, SizedSample};

    use super::*;

    fn range(channels: u16, rates: (u32, u32), format: SampleFormat) -> SupportedStreamConfigRange {
        SupportedStreamConfigRange::new(
            channels,
            rates.0,
            rates.1,
            SupportedBufferSize::Unknown,
            format,
        )
    }

    fn stereo_44() -> SupportedStreamConfig {
        SupportedStreamConfig::new(2, 44_100, SupportedBufferSize::Unknown, SampleFormat::I16)
    }

    #[test]
    fn forty_eight_kilohertz_comes_first_then_the_channels_then_floats() {
        let form = choose(
            stereo_44(),
            [
                range(2, (44_100, 44_100), SampleFormat::F32),
                range(1, (48_000, 48_000), SampleFormat::F32),
                range(2, (8_000, 192_000), SampleFormat::I16),
                range(2, (8_000, 192_000), SampleFormat::F32),
                range(2, (48_000, 48_000), SampleFormat::F64),
            ]
            .into_iter(),
        );
        assert_eq!(
            (form.rate, form.channels, form.format),
            (48_000, 2, SampleFormat::F32)
        );
    }

    #[test]
    fn a_device_without_48_khz_runs_at_the_nearest_rate_it_has() {
        let form = choose(
            stereo_44(),
            [range(2, (8_000, 44_100), SampleFormat::I16)].into_iter(),
        );
        assert_eq!((form.rate, form.format), (44_100, SampleFormat::I16));
        assert_eq!(form.period(480), 441);
    }

    /// How much is lost in a device's sample format, in dB below a sine of half scale, there and back.
    fn loss<T>() -> f64
    where
        T: SizedSample + FromSample<f32>,
        f32: FromSample<T>,
    {
        let (mut signal, mut noise) = (0.0, 0.0);
        for n in 0..48_000 {
            let sample = (0.5 * (f64::from(n) * 0.131).sin()) as f32;
            let there: T = T::from_sample_(sample);
            let back = <f32 as FromSample<T>>::from_sample_(there);
            signal += f64::from(sample).powi(2);
            noise += (f64::from(sample) - f64::from(back)).powi(2);
        }
        10.0 * (signal / noise.max(f64::MIN_POSITIVE)).log10()
    }

    #[test]
    fn every_sample_format_keeps_what_its_bits_can_hold() {
        for (format, ratio, least) in [
            ("f32", loss::<f32>(), 140.0),
            ("i32", loss::<i32>(), 130.0),
            ("i24", loss::<cpal::I24>(), 130.0),
            ("i16", loss::<i16>(), 85.0),
            ("u32", loss::<u32>(), 130.0),
            ("u16", loss::<u16>(), 85.0),
            ("i8", loss::<i8>(), 37.0),
            ("u8", loss::<u8>(), 37.0),
        ] {
            println!("{format}: {ratio:.0} dB");
            assert!(ratio > least, "{format}: {ratio:.1} dB");
        }
    }

    #[test]
    fn a_device_without_floats_is_opened_in_the_best_format_that_it_has() {
        for (offered, best) in [
            (
                vec![SampleFormat::U16, SampleFormat::I16],
                SampleFormat::I16,
            ),
            (
                vec![SampleFormat::I16, SampleFormat::I32],
                SampleFormat::I32,
            ),
            (vec![SampleFormat::U16, SampleFormat::U8], SampleFormat::U16),
        ] {
            let ranges = offered
                .iter()
                .map(|format| range(2, (44_100, 96_000), *format));
            assert_eq!(choose(stereo_44(), ranges).format, best, "{offered:?}");
        }
    }
}
