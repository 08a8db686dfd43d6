//! How much one peer may ask of another.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Meetings on one list.
pub(crate) const MEETINGS: usize = 64;
/// Participants of one meeting.
pub(crate) const PARTICIPANTS: usize = crate::bounds::MAX_PARTICIPANTS;
/// Invitations on record in one meeting, by all inviters together.
pub(crate) const INVITATIONS: usize = 1024;
/// Meetings to which I am invited.
pub(crate) const PROMPTS: usize = 64;
/// Peers in the lobby.
pub(crate) const LOBBY_PEERS: usize = 4096;
/// Lobby peers that name the same IP address.
pub(crate) const PEERS_PER_ADDRESS: usize = 16;
/// People remembered though they are not in the lobby.
pub(crate) const CONTACTS: usize = 1024;
/// Names of people who are neither here nor contacts nor on a roster are learned only below this many.
pub(crate) const NAMES: usize = LOBBY_PEERS + 2 * CONTACTS;
/// Ids of forgotten meetings.
pub(crate) const FORGOTTEN: usize = 1024;
/// Peers whose rates are watched.
const WATCHED: usize = 8192;

/// A bucket that fills with permissions at a steady rate.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Duration,
}

/// Bounds how often something happens, for each of many authors.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    per_second: f64,
    burst: f64,
    buckets: HashMap<K, Bucket>,
}

impl<K: Hash + Eq + Clone> Rates<K> {
    /// `per_second` in the long run, `burst` at once.
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        Self {
            per_second,
            burst,
            buckets: HashMap::new(),
        }
    }

    /// Takes one permission of `key`, if there is one.
    pub(crate) fn take(&mut self, key: &K, now: Duration) -> bool {
        let (per_second, burst) = (self.per_second, self.burst);
        let level = |bucket: &Bucket| {
            (bucket.tokens + now.saturating_sub(bucket.filled).as_secs_f64() * per_second)
                .min(burst)
        };
        if self.buckets.len() >= WATCHED && !self.buckets.contains_key(key) {
            // A full bucket says nothing that a new one would not.
            self.buckets.retain(|_, bucket| level(bucket) < burst);
            if self.buckets.len() >= WATCHED {
                return false;
            }
        }
        let bucket = self.buckets.entry(key.clone()).or_insert(Bucket {
            tokens: burst,
            filled: now,
        });
        bucket.tokens = level(bucket);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    /// How long until [`Self::take`] succeeds again.
    pub(crate) fn wait(&self, key: &K, now: Duration) -> Duration {
        self.buckets.get(key).map_or(Duration::ZERO, |bucket| {
            let level =
                bucket.tokens + now.saturating_sub(bucket.filled).as_secs_f64() * self.per_second;
            Duration::from_secs_f64(((1.0 - level) / self.per_second).max(0.0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_steady_rate() {
        let mut rates = Rates::new(10.0, 20.0);
        let mut passed = 0;
        for step in 0..300 {
            passed += u32::from(rates.take(&1, Duration::from_millis(step * 10)));
        }
        assert!((48..=51).contains(&passed), "{passed}");
    }

    #[test]
    fn one_author_does_not_use_up_anothers_share() {
        let mut rates = Rates::new(1.0, 1.0);
        assert!(rates.take(&1, Duration::ZERO));
        assert!(!rates.take(&1, Duration::ZERO));
        assert!(rates.take(&2, Duration::ZERO));
        assert_eq!(rates.wait(&1, Duration::ZERO), Duration::from_secs(1));
    }
}
