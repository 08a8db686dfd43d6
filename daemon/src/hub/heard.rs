//! When something last came from each colleague.

use std::collections::HashMap;
use std::time::Instant;

use sotto_meeting::PeerId;

/// The most colleagues that are remembered: as many as a lobby may have.
const MOST: usize = 4096;

/// When something last came from each colleague, in this run of the daemon.
#[derive(Debug, Default)]
pub(super) struct LastHeard(HashMap<PeerId, Instant>);

impl LastHeard {
    /// Something came from `peer`, itself or passed on by others but signed by it.
    pub(super) fn note(&mut self, peer: PeerId, now: Instant) {
        if self.0.len() >= MOST && !self.0.contains_key(&peer) {
            let oldest = self
                .0
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(peer, _)| *peer);
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(peer, now);
    }

    /// Whole seconds since then; `None` if nothing has come.
    pub(super) fn seconds(&self, peer: PeerId, now: Instant) -> Option<u64> {
        let at = self.0.get(&peer)?;
        Some(now.saturating_duration_since(*at).as_secs())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn peer(number: usize) -> PeerId {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        PeerId(key)
    }

    #[test]
    fn silence_is_counted_from_the_last_thing_heard() {
        let start = Instant::now();
        let mut heard = LastHeard::default();
        assert_eq!(heard.seconds(peer(1), start), None);
        heard.note(peer(1), start);
        heard.note(peer(1), start + Duration::from_secs(5));
        let later = start + Duration::from_millis(7900);
        assert_eq!(heard.seconds(peer(1), later), Some(2));
    }

    #[test]
    fn strangers_push_out_only_whoever_was_silent_the_longest() {
        let start = Instant::now();
        let mut heard = LastHeard::default();
        for number in 0..=MOST {
            heard.note(peer(number), start + Duration::from_millis(number as u64));
        }
        assert_eq!(heard.0.len(), MOST);
        assert_eq!(heard.seconds(peer(0), start), None);
        assert_eq!(heard.seconds(peer(1), start), Some(0));
    }
}
