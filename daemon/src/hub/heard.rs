//! The last sign of each colleague.

use std::collections::HashMap;
use std::time::Instant;

use sotto_meeting::PeerId;

/// The most colleagues that are remembered: as many as a lobby may have.
const MOST: usize = 4096;

/// The last sign of each colleague in this run of the daemon.
#[derive(Debug, Default)]
pub(super) struct LastHeard {
    at: HashMap<PeerId, Instant>,
    /// The gossip message that is being judged, by its receipt, and who signed it.
    judged: Option<(u64, PeerId)>,
}

impl LastHeard {
    /// A gossip message of `author` is about to be judged. Only news tells of it: anybody may resend what is known.
    pub(super) fn gossiped(&mut self, receipt: u64, author: PeerId) {
        self.judged = Some((receipt, author));
    }

    /// A gossip message was accepted: it is news from its author.
    pub(super) fn accepted(&mut self, receipt: u64, now: Instant) {
        if let Some((_, author)) = self.judged.take_if(|(judged, _)| *judged == receipt) {
            self.note(author, now);
        }
    }

    /// Something came from `peer` itself.
    pub(super) fn note(&mut self, peer: PeerId, now: Instant) {
        if self.at.len() >= MOST && !self.at.contains_key(&peer) {
            let oldest = self
                .at
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(peer, _)| *peer);
            if let Some(oldest) = oldest {
                self.at.remove(&oldest);
            }
        }
        self.at.insert(peer, now);
    }

    /// Whole seconds since then; `None` if nothing has come.
    pub(super) fn seconds(&self, peer: PeerId, now: Instant) -> Option<u64> {
        let at = self.at.get(&peer)?;
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
    fn gossip_tells_of_its_author_only_if_it_is_news() {
        let start = Instant::now();
        let mut heard = LastHeard::default();
        heard.gossiped(7, peer(1));
        heard.gossiped(8, peer(2));
        heard.accepted(8, start);
        heard.accepted(7, start);
        assert_eq!(heard.seconds(peer(1), start), None, "known or refused");
        assert_eq!(heard.seconds(peer(2), start), Some(0));
    }

    #[test]
    fn strangers_push_out_only_whoever_was_silent_the_longest() {
        let start = Instant::now();
        let mut heard = LastHeard::default();
        for number in 0..=MOST {
            heard.note(peer(number), start + Duration::from_millis(number as u64));
        }
        assert_eq!(heard.at.len(), MOST);
        assert_eq!(heard.seconds(peer(0), start), None);
        assert_eq!(heard.seconds(peer(1), start), Some(0));
    }
}
