//! Pauses between attempts, and the chance that keeps many daemons from acting in step.

use std::time::Duration;

/// After so many connections that broke off, nothing but a pause helps.
const MAX_BROKEN: u32 = 3;

/// How long to leave a peer alone after dials that failed.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    /// Those of them that were dials, since it was known to be there.
    in_vain: u32,
    /// Connections in a row that broke off soon.
    broken: u32,
    /// No dial before this time.
    pub(super) not_before: Duration,
}

impl Backoff {
    /// Something changed for the better: the next dial may follow at once. Not if connections stand and break off: two
    /// daemons with one identity take turns at that, and both announce themselves.
    pub(super) fn reset(&mut self) {
        if self.broken < MAX_BROKEN {
            self.failures = 0;
            self.in_vain = 0;
            self.not_before = Duration::ZERO;
        }
    }

    /// A connection stood for a while.
    pub(super) fn steady(&mut self) {
        *self = Self::default();
    }

    /// A connection broke off soon after it stood.
    pub(super) fn broke_off(&mut self, now: Duration, wanted: bool, jitter: &mut Jitter) {
        self.broken = self.broken.saturating_add(1);
        self.failures = self.failures.max(self.broken - 1);
        self.failed(now, wanted, jitter);
        self.in_vain = 0;
    }

    /// Counts what makes the pauses: dials in a row that failed, and that the peer may have gone.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts the dials in a row that failed.
    pub(super) fn in_vain(&self) -> u32 {
        self.in_vain
    }

    /// The peer was there until now and may have gone: others are tried before it.
    pub(super) fn suspect(&mut self) {
        self.failures = self.failures.max(1);
        self.in_vain = 0;
    }

    /// Whether the last dial failed, or the peer may have gone.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// A dial failed. A wanted peer is tried again within 5 s, after half an hour within 30 s; a lobby peer, of which
    /// there are others, within 5 min.
    pub(super) fn failed(&mut self, now: Duration, wanted: bool, jitter: &mut Jitter) {
        self.failures = self.failures.saturating_add(1);
        self.in_vain = self.in_vain.saturating_add(1);
        let (first, limit) = match (wanted, self.failures) {
            (true, ..=360) => (Duration::from_millis(250), Duration::from_secs(5)),
            (true, _) => (Duration::from_secs(30), Duration::from_secs(30)),
            (false, _) => (Duration::from_secs(1), Duration::from_secs(300)),
        };
        self.not_before = now + jitter.around(doubled(first, self.failures, limit));
    }
}

/// `first`, doubled with every failure after the first, at most `limit`.
pub(super) fn doubled(first: Duration, failures: u32, limit: Duration) -> Duration {
    let factor = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(limit)
}

/// A small random generator (SplitMix64). It spreads decisions in time and guards no secret.
#[derive(Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between nothing and `limit`.
    pub(super) fn up_to(&mut self, limit: Duration) -> Duration {
        #[allow(clippy::cast_precision_loss)] // 53 bits of chance are enough
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        limit.mul_f64(share)
    }

    /// Between three and five quarters of `mean`.
    pub(super) fn around(&mut self, mean: Duration) -> Duration {
        mean * 3 / 4 + self.up_to(mean / 2)
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }

    pub(super) fn pick<T>(&mut self, mut of: Vec<T>) -> Option<T> {
        if of.is_empty() {
            return None;
        }
        let index = usize::try_from(self.next() % of.len() as u64).unwrap_or(0);
        Some(of.swap_remove(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_grows_to_its_limit_and_no_further() {
        let limit = Duration::from_secs(5);
        let pauses: Vec<_> = [1, 2, 3, 5, 6, 40, u32::MAX]
            .map(|failures| doubled(Duration::from_millis(250), failures, limit).as_millis())
            .into();
        assert_eq!(pauses, [250, 500, 1000, 4000, 5000, 5000, 5000]);
    }

    #[test]
    fn a_connection_that_broke_off_was_no_dial_in_vain() {
        let mut backoff = Backoff::default();
        let mut jitter = Jitter::new(1);
        backoff.failed(Duration::ZERO, true, &mut jitter);
        backoff.broke_off(Duration::ZERO, true, &mut jitter);
        assert_eq!((backoff.failures(), backoff.in_vain()), (2, 0));
    }

    #[test]
    fn chance_stays_within_its_span() {
        let mut jitter = Jitter::new(1);
        let mean = Duration::from_secs(4);
        for _ in 0..1000 {
            let around = jitter.around(mean);
            assert!((Duration::from_secs(3)..=Duration::from_secs(5)).contains(&around));
        }
        assert_eq!(jitter.pick(Vec::<u8>::new()), None);
    }
}
