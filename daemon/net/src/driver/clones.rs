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
    suspects: Vec<Suspect>,
    proven: Vec<SocketAddr>,
}

/// An address where a clone may be.
#[derive(Debug)]
struct Suspect {
    address: SocketAddr,
    rounds: u32,
    next: Duration,
}

impl Clones {
    /// Notes where this daemon's identity is announced and this daemon is not.
    pub(super) fn suspect(&mut self, addresses: impl Iterator<Item = SocketAddr>) {
        for address in addresses {
            let suspected = self.suspects.iter().any(|it| it.address == address);
            let known = suspected || self.proven.contains(&address);
            if !known && self.suspects.len() < MAX_ADDRESSES {
                self.suspects.push(Suspect {
                    address,
                    rounds: 0,
                    next: Duration::ZERO,
                });
            }
        }
    }

    /// Returns where to dial now.
    pub(super) fn due(&mut self, now: Duration) -> Vec<SocketAddr> {
        let mut due = Vec::new();
        for suspect in self.suspects.iter_mut().filter(|it| it.next <= now) {
            suspect.next = now + PAUSE * (1 << suspect.rounds.min(ROUNDS));
            suspect.rounds += 1;
            if suspect.rounds <= ROUNDS {
                due.push(suspect.address);
            }
        }
        // The pause after the last round counts too: until then an announcement changes nothing.
        self.suspects.retain(|it| it.rounds <= ROUNDS + 1);
        due
    }

    /// Notes that this daemon's identity was proven there; returns whether that is news.
    pub(super) fn prove(&mut self, address: SocketAddr) -> bool {
        self.suspects.retain(|it| it.address != address);
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

    #[test]
    fn a_new_suspect_does_not_wait_for_the_pauses_of_another() {
        let mut clones = Clones::default();
        let (gone, there) = (
            SocketAddr::from(([192, 0, 2, 8], 4001)),
            SocketAddr::from(([192, 0, 2, 7], 4001)),
        );
        clones.suspect([gone].into_iter());
        for second in 0..40 {
            clones.due(Duration::from_secs(second));
        }
        clones.suspect([there].into_iter());
        assert_eq!(clones.due(Duration::from_secs(40)), [there]);
    }
}
