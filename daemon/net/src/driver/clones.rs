//! Other daemons with this one's identity.
//!
//! mDNS shows this daemon's own announcement too, under addresses that may be out of date, so an address that is not ours
//! means nothing yet. Whoever answers there and proves this identity is a clone.

use std::{net::SocketAddr, time::Duration};

/// Pause between two rounds of dials, which doubles.
const PAUSE: Duration = Duration::from_secs(2);
/// Rounds in vain after which an address is given up until it is announced again.
const ROUNDS: u32 = 5;
/// Addresses suspected, and clones known.
const MAX_ADDRESSES: usize = 8;

/// Who is suspected, and who is proven.
#[derive(Debug, Default)]
pub(super) struct Clones {
    suspects: Vec<SocketAddr>,
    proven: Vec<SocketAddr>,
    rounds: u32,
    next: Duration,
}

impl Clones {
    /// Notes where this daemon's identity is announced and this daemon is not.
    pub(super) fn suspect(&mut self, addresses: impl Iterator<Item = SocketAddr>) {
        for address in addresses {
            let known = self.suspects.contains(&address) || self.proven.contains(&address);
            if !known && self.suspects.len() < MAX_ADDRESSES {
                self.suspects.push(address);
                self.rounds = 0;
            }
        }
    }

    /// Returns where to dial now.
    pub(super) fn due(&mut self, now: Duration) -> Vec<SocketAddr> {
        if self.suspects.is_empty() || now < self.next {
            return Vec::new();
        }
        self.next = now + PAUSE * (1 << self.rounds.min(ROUNDS));
        self.rounds += 1;
        if self.rounds > ROUNDS {
            self.suspects.clear();
        }
        self.suspects.clone()
    }

    /// Notes that this daemon's identity was proven there; returns whether that is news.
    pub(super) fn prove(&mut self, address: SocketAddr) -> bool {
        self.suspects.retain(|suspect| *suspect != address);
        let news = !self.proven.contains(&address) && self.proven.len() < MAX_ADDRESSES;
        if news {
            self.proven.push(address);
        }
        news
    }

    /// Returns where clones are.
    pub(super) fn proven(&self) -> &[SocketAddr] {
        &self.proven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_is_dialled_a_few_times_and_a_clone_is_told_once() {
        let mut clones = Clones::default();
        let (there, gone) = (
            SocketAddr::from(([192, 0, 2, 7], 4001)),
            SocketAddr::from(([192, 0, 2, 8], 4001)),
        );
        clones.suspect([there, gone].into_iter());
        assert_eq!(clones.due(Duration::ZERO), [there, gone]);
        assert!(clones.due(Duration::ZERO).is_empty(), "not again at once");
        assert!(clones.prove(there));
        assert!(!clones.prove(there));
        clones.suspect([there, gone].into_iter());
        let dials: usize = (1..600)
            .map(|second| clones.due(Duration::from_secs(second)).len())
            .sum();
        assert!(
            (2..=5).contains(&dials),
            "{dials} dials of an address where nobody is"
        );
        assert_eq!(clones.proven(), [there]);
    }
}
