//! Which earlier frames a packet repeats, for one recipient.
//!
//! The frame is encoded once and the packet put together for each recipient, so one bad link costs the
//! others nothing. The rungs of the ladder are sets of distances, in frames. Every recipient stands on the
//! first, which repeats the frame before: it repairs every single loss at no added delay.
//!
//! How high to stand is not read off a model of loss but off the losses themselves: as each packet's fate
//! becomes known, every rung is asked which frame it would have failed to repair. The lowest rung that fails
//! seldom enough is the one to stand on: up at once, down when a lower one would have done for a while.
//!
//! The upper rungs bridge bursts, at the price of waiting for them. Where reports come back quickly, frames
//! that a recipient missed are repeated on demand instead (see [`sent_log`](super::sent_log)), which needs
//! less delay, and these rungs are not used.
//!
//! What is repeated on demand may come too late for the first frames behind a long burst. To who has such bursts, frames
//! carry a coarse memory of the past beside (see [`Memory`](crate::codec::Memory)).

use std::time::Duration;

/// Sets of distances, by how much loss they repair.
pub(super) const RUNGS: [&[u8]; 6] = [
    &[1],
    &[1, 2],
    &[1, 2, 3],
    &[1, 2, 3, 4],
    &[2, 4, 6, 8, 10],
    &[1, 3, 5, 7, 9, 11, 13, 15, 17],
];

/// How many of them are used where frames are repeated on demand.
const NEAR_RUNGS: usize = 4;

/// Up to this round trip, lost frames are repeated on demand. Beyond it, waiting for the answer costs more
/// delay than the upper rungs do.
const QUICK: Duration = Duration::from_millis(40);

/// From this share of lost packets on, a frame on demand is sent in two packets.
const TWICE: f32 = 0.08;

/// Packets after which a loss has lost two thirds of its weight in the quick average (a second of talk), and
/// in the slow one.
const QUICK_MEMORY: f32 = 100.0;
const SLOW_MEMORY: f32 = 1500.0;

/// A run of so many lost packets is long: it reaches beyond the copies of all but the upper rungs.
const LONG_BURST: u32 = 7;
/// From this share of packets on that make a burst long, frames carry a memory: one in the last second or so, and down to
/// that, none in the last half minute.
const BURSTS: f32 = 0.004;
const NO_BURSTS: f32 = 0.000_1;

/// The share of frames left unrepaired that makes a recipient step up: one in the last second.
const UNREPAIRED: f32 = 0.005;
/// The share that a lower rung would have left unrepaired for a recipient to step down.
const REPAIRED: f32 = 0.000_3;

/// A share of frames, averaged over two spans.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    quick: f32,
    slow: f32,
}

impl Share {
    fn note(&mut self, happened: bool) {
        let value = f32::from(u8::from(happened));
        self.quick += (value - self.quick) / QUICK_MEMORY;
        self.slow += (value - self.slow) / SLOW_MEMORY;
    }

    fn worst(&self) -> f32 {
        self.quick.max(self.slow)
    }
}

/// One recipient's place on the ladder.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ladder {
    rung: usize,
    /// The last packets: bit `i` is set when the packet `i` before the last was lost.
    pattern: u64,
    lost: Share,
    /// What each rung would have left unrepaired.
    unrepaired: [Share; RUNGS.len()],
    round_trip: Option<Duration>,
    expected: u64,
    missed: u64,
    burst: u32,
    longest_burst: u32,
    /// The packets that made a burst long.
    long_bursts: Share,
    memory: bool,
}

impl Ladder {
    /// The distances, in frames, of the earlier frames that the next packet repeats.
    pub(super) fn distances(&self) -> &'static [u8] {
        RUNGS[self.rung]
    }

    /// Whether its losses come in such long bursts that frames should carry a memory of the past.
    pub(super) fn wants_memory(&self) -> bool {
        self.memory
    }

    /// In how many packets a frame is repeated that was found missing; 0 where that would take too long.
    pub(super) fn tries(&self) -> u8 {
        match self.round_trip {
            Some(round_trip) if round_trip <= QUICK => 1 + u8::from(self.lost.worst() >= TWICE),
            _ => 0,
        }
    }

    /// Takes note of how long a report takes to come back.
    pub(super) fn set_round_trip(&mut self, round_trip: Option<Duration>) {
        self.round_trip = round_trip;
    }

    /// Takes note of how many packets were expected in a second, and how many of them were lost.
    pub(super) fn count(&mut self, expected: u32, lost: u32) {
        self.expected += u64::from(expected);
        self.missed += u64::from(lost);
    }

    /// Takes note of the next packet's fate.
    pub(super) fn packet(&mut self, lost: bool) {
        self.burst = if lost { self.burst + 1 } else { 0 };
        self.longest_burst = self.longest_burst.max(self.burst);
        self.pattern = self.pattern << 1 | u64::from(lost);
        self.lost.note(lost);
        self.long_bursts.note(self.burst == LONG_BURST);
        if self.long_bursts.quick > BURSTS {
            self.memory = true;
        } else if self.long_bursts.worst() < NO_BURSTS {
            self.memory = false;
        }
        for (distances, share) in RUNGS.iter().zip(&mut self.unrepaired) {
            share.note(leaves_unrepaired(self.pattern, distances));
        }
        self.choose();
    }

    fn choose(&mut self) {
        let rungs = if self.tries() > 0 {
            NEAR_RUNGS
        } else {
            RUNGS.len()
        };
        self.rung = self.rung.min(rungs - 1);
        while self.rung + 1 < rungs && self.unrepaired[self.rung].quick > UNREPAIRED {
            self.rung += 1;
        }
        if let Some(lower) = self.rung.checked_sub(1)
            && self.unrepaired[lower].worst() < REPAIRED
        {
            self.rung = lower;
        }
    }

    /// The longest run of packets that the recipient missed.
    pub(super) fn longest_burst(&self) -> u32 {
        self.longest_burst
    }

    /// The share of packets that the recipient lost lately, 0…1.
    pub(super) fn recent_loss(&self) -> f32 {
        self.lost.worst()
    }

    /// The share of packets that the recipient lost since the link was made, 0…1.
    pub(super) fn loss(&self) -> f32 {
        if self.expected == 0 {
            0.0
        } else {
            (self.missed as f32 / self.expected as f32).min(1.0)
        }
    }
}

/// Whether the newest frame whose copies' packets are all known was lost with all of them.
fn leaves_unrepaired(pattern: u64, distances: &[u8]) -> bool {
    let Some(farthest) = distances.last() else {
        return false;
    };
    let carriers = distances
        .iter()
        .fold(1_u64 << farthest, |carriers, distance| {
            carriers | 1 << (farthest - distance)
        });
    pattern & carriers == carriers
}

#[cfg(test)]
mod tests {
    use sotto_instruments::Chance;

    use super::*;

    const LAN: Option<Duration> = Some(Duration::from_millis(1));

    fn after(round_trip: Option<Duration>, losses: impl Iterator<Item = bool>) -> Ladder {
        let mut ladder = Ladder::default();
        ladder.set_round_trip(round_trip);
        losses.for_each(|lost| ladder.packet(lost));
        ladder
    }

    fn random(share: u32, seed: u64) -> impl Iterator<Item = bool> {
        let mut chance = Chance::new(seed);
        std::iter::repeat_with(move || chance.percent(share))
    }

    #[test]
    fn a_frame_is_unrepaired_when_it_and_all_its_copies_were_lost() {
        assert!(leaves_unrepaired(0b11, &[1]));
        assert!(!leaves_unrepaired(0b10, &[1]));
        assert!(leaves_unrepaired(0b1_0101, &[2, 4]));
        assert!(!leaves_unrepaired(0b1_0100, &[2, 4]));
    }

    #[test]
    fn single_losses_keep_everybody_on_the_first_rung() {
        let ladder = after(LAN, (0..2000).map(|packet| packet % 20 == 7));
        assert_eq!(ladder.distances(), [1]);
        assert_eq!(ladder.longest_burst(), 1);
    }

    #[test]
    fn heavy_loss_takes_a_recipient_up_within_a_second_and_down_slowly() {
        for seed in 0..20 {
            let losses = std::iter::repeat_n(false, 500).chain(random(30, seed).take(100));
            let mut ladder = after(LAN, losses);
            assert!(ladder.distances().len() >= 2, "seed {seed}: {ladder:?}");
            let high = ladder.distances();
            (0..200).for_each(|_| ladder.packet(false));
            assert_eq!(ladder.distances(), high, "seed {seed}");
            (0..12_000).for_each(|_| ladder.packet(false));
            assert_eq!(ladder.distances(), [1], "seed {seed}");
        }
    }

    #[test]
    fn bursts_are_bridged_by_the_upper_rungs_only_where_demands_take_too_long() {
        let bursts = |length| (0..1200).map(move |packet| packet % 60 < length);
        let far = Some(Duration::from_millis(80));
        assert_eq!(after(far, bursts(8)).distances(), RUNGS[4]);
        assert_eq!(after(None, bursts(12)).distances(), RUNGS[5]);
        assert_eq!(after(LAN, bursts(8)).distances(), RUNGS[3]);
        assert_eq!(after(LAN, bursts(12)).tries(), 2);
        assert_eq!(after(far, bursts(12)).tries(), 0);
    }
}
