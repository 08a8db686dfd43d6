//! Other machines' clocks, as far as they are known.
//!
//! Nothing is decided by them. People are told of one that is far off, because times that are shown are wrong then, and
//! because theirs may be the clock that is right.

use std::collections::BTreeMap;

use super::TOLERANCE;
use crate::ids::PeerId;
use crate::limits::CONTACTS;

/// A clock that was far off is right again below this, in seconds, so that one at the border is not told twice.
const RIGHT: u64 = 240;
/// People are told of so many clocks in a run.
const TOLD: u8 = 8;

/// One clock.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// By how many seconds it is ahead of mine.
    ahead: i64,
    is_off: bool,
    /// Its owner told me directly. A record that somebody made some time ago says less.
    measured: bool,
    /// It was told in this run.
    told: bool,
}

/// A change of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is far off, which the user has been told, or right again.
    Shown,
    /// It is right again, and so are all others.
    AllRight,
    /// It is far off, which the user has not been told yet.
    Off,
    /// It is as far off as another: mine may be the one that is wrong.
    MineOff,
}

/// The clocks of those whom I have met in this run.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    of: BTreeMap<PeerId, Clock>,
    told: u8,
    mine_told: bool,
}

impl Clocks {
    /// Notes by how many seconds somebody's clock is ahead of mine. Returns what is news about it.
    pub(super) fn note(&mut self, peer: PeerId, ahead: i64, measured: bool) -> Option<Turn> {
        let known = self.of.get(&peer).copied();
        if known.is_some_and(|known| known.measured && !measured) {
            return None;
        }
        let was_off = known.is_some_and(|known| known.is_off);
        let limit = if was_off { RIGHT } else { TOLERANCE.as_secs() };
        let is_off = ahead.unsigned_abs() > limit;
        if known.is_none() && !self.make_room(is_off) {
            return None;
        }
        let told = known.is_some_and(|known| known.told);
        let tell = is_off && !told && self.told < TOLD;
        let mine = self.is_mine(peer, ahead);
        let clock = Clock {
            ahead,
            is_off,
            measured,
            told: told || tell,
        };
        self.of.insert(peer, clock);
        match (tell, mine) {
            (true, true) if self.mine_told => Some(Turn::Shown),
            (true, true) => {
                self.mine_told = true;
                Some(Turn::MineOff)
            }
            (true, false) => {
                self.told += 1;
                Some(Turn::Off)
            }
            (false, _) if is_off == was_off => None,
            (false, _) if self.of.values().any(|clock| clock.is_off) => Some(Turn::Shown),
            (false, _) => Some(Turn::AllRight),
        }
    }

    /// Returns by how many seconds somebody's clock is ahead of mine, if it is far off.
    pub(super) fn off(&self, peer: PeerId) -> Option<i64> {
        let clock = self.of.get(&peer)?;
        clock.is_off.then_some(clock.ahead)
    }

    /// Returns by how many seconds somebody's clock is ahead of mine, as far as is known.
    pub(super) fn ahead(&self, peer: PeerId) -> i64 {
        self.of.get(&peer).map_or(0, |clock| clock.ahead)
    }

    /// Returns whether more clocks differ from mine as much as this one than agree with mine.
    fn is_mine(&self, peer: PeerId, ahead: i64) -> bool {
        let others = || self.of.iter().filter(|(other, _)| **other != peer);
        let alike =
            |clock: &Clock| clock.is_off && clock.ahead.abs_diff(ahead) <= TOLERANCE.as_secs();
        let alike = others().filter(|(_, clock)| alike(clock)).count();
        let right = others().filter(|(_, clock)| !clock.is_off).count();
        alike > right
    }

    /// Returns whether there is room for another; one that is right goes for one that is not.
    fn make_room(&mut self, is_off: bool) -> bool {
        if self.of.len() < CONTACTS {
            return true;
        }
        let mut right = self.of.iter().filter(|(_, clock)| !clock.is_off);
        match right.next().map(|(peer, _)| *peer) {
            Some(peer) if is_off => self.of.remove(&peer).is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn peer(number: u16) -> PeerId {
        let mut id = [1; 32];
        id[..2].copy_from_slice(&number.to_le_bytes());
        PeerId(id)
    }

    #[test]
    fn a_clock_that_is_far_off_is_told_once_and_shown_until_it_is_right() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.note(peer(1), -299, true), None);
        assert_eq!(clocks.note(peer(1), -DAY, true), Some(Turn::Off));
        assert_eq!(clocks.note(peer(1), 1 - DAY, true), None);
        assert_eq!(clocks.off(peer(1)), Some(1 - DAY));
        assert_eq!(clocks.note(peer(1), -299, true), None, "at the border");
        assert_eq!(clocks.note(peer(1), 3, true), Some(Turn::AllRight));
        assert_eq!(clocks.off(peer(1)), None);
        assert_eq!(clocks.note(peer(1), -DAY, true), Some(Turn::Shown), "told");
    }

    #[test]
    fn what_its_owner_says_counts_before_what_a_record_says() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.note(peer(1), DAY, false), Some(Turn::Off));
        assert_eq!(clocks.note(peer(1), 0, true), Some(Turn::AllRight));
        assert_eq!(clocks.note(peer(1), DAY, false), None);
        assert_eq!((clocks.off(peer(1)), clocks.ahead(peer(1))), (None, 0));
    }

    #[test]
    fn if_everybody_disagrees_in_the_same_way_it_is_mine() {
        let mut clocks = Clocks::default();
        let told: Vec<_> = (1..5)
            .map(|it| clocks.note(peer(it), DAY + 9, true))
            .collect();
        let [first, second, third, fourth] = told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((first, second), (Some(Turn::Off), Some(Turn::MineOff)));
        assert_eq!((third, fourth), (Some(Turn::Shown), Some(Turn::Shown)));
        let mut clocks = Clocks::default();
        clocks.note(peer(1), 0, true);
        clocks.note(peer(2), 0, true);
        for number in 3..5 {
            let turn = clocks.note(peer(number), DAY, true);
            assert_eq!(turn, Some(Turn::Off), "others agree with mine");
        }
    }

    #[test]
    fn neither_clocks_nor_what_is_told_grow_without_end() {
        let mut clocks = Clocks::default();
        for number in 0..u16::try_from(CONTACTS).unwrap() {
            clocks.note(peer(number), 0, true);
        }
        let off = |number: u16| i64::from(number) * DAY;
        let told = (5000..7000).filter_map(|it| clocks.note(peer(it), off(it), true));
        assert_eq!(
            told.filter(|turn| *turn == Turn::Off).count(),
            usize::from(TOLD)
        );
        assert_eq!(clocks.of.len(), CONTACTS);
        assert_eq!(clocks.off(peer(5001)), Some(off(5001)));
    }
}
