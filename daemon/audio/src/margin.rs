//! How much a loudspeaker is given early.

/// Samples that are kept ready beyond one block, for a machine that wakes the writer too late.
///
/// Grows by 2.5 ms with each interruption that follows another within ten seconds, to 20 ms at most, and shrinks
/// again after ten quiet seconds: an accident must not cost delay for the whole meeting.
#[derive(Debug, Default)]
pub(crate) struct Margin {
    samples: usize,
    interruptions: u64,
    /// The block after which the last change or interruption came.
    quiet_since: Option<u64>,
}

/// Seconds without interruption after which the margin shrinks.
const QUIET: u64 = 10;

impl Margin {
    /// Returns how many they are from now on, for a device that moves `block` samples at once, at `rate`.
    pub(crate) fn update(
        &mut self,
        (interruptions, blocks): (u64, u64),
        block: usize,
        rate: u32,
    ) -> usize {
        let step = rate as usize / 400;
        let quiet = self.quiet_since.is_none_or(|since| {
            blocks.saturating_sub(since) * block as u64 >= QUIET * u64::from(rate)
        });
        if interruptions != self.interruptions {
            self.interruptions = interruptions;
            self.quiet_since = Some(blocks);
            if !quiet {
                self.samples = (self.samples + step).min(8 * step);
            }
        } else if quiet && self.samples > 0 {
            self.quiet_since = Some(blocks);
            self.samples = self.samples.saturating_sub(step);
        }
        self.samples
    }

    /// Returns how many they are at present.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_grows_with_trouble_and_goes_with_it() {
        let mut margin = Margin::default();
        assert_eq!(margin.update((0, 10), 480, 48_000), 0);
        assert_eq!(
            margin.update((1, 20), 480, 48_000),
            0,
            "one accident costs nothing"
        );
        assert_eq!(margin.update((2, 30), 480, 48_000), 120);
        assert_eq!(margin.update((9, 40), 480, 48_000), 240);
        assert_eq!(margin.update((9, 500), 480, 48_000), 240);
        assert_eq!(margin.update((9, 1040), 480, 48_000), 120);
        assert_eq!(margin.update((9, 2040), 480, 48_000), 0);
        assert_eq!(margin.update((10, 9000), 480, 48_000), 0);
    }

    #[test]
    fn the_margin_is_a_matter_of_time_and_not_of_the_block() {
        let mut margin = Margin::default();
        margin.update((1, 10), 64, 48_000);
        assert_eq!(margin.update((2, 20), 64, 48_000), 120);
        assert_eq!(margin.update((2, 7_000), 64, 48_000), 120);
        assert_eq!(margin.update((2, 7_520), 64, 48_000), 0);
    }
}
