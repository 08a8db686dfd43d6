//! Which earlier frames a packet repeats, for one recipient.
//!
//! The frame is encoded once and the packet put together for each recipient, so one bad link costs the
//! others nothing. The rungs of the ladder are sets of distances, in frames. Every recipient stands on the
//! first, which repeats the frame before: it repairs every single loss at no added delay. Reports on loss
//! are counted here for the choice of further rungs.

use crate::pair::{LossReport, LossSource};

/// Sets of distances, by how much loss they repair.
pub(super) const RUNGS: [&[u8]; 1] = [&[1]];

/// One recipient's place on the ladder.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ladder {
    rung: usize,
    expected: u64,
    lost: u64,
    longest_burst: u32,
}

impl Ladder {
    /// The distances, in frames, of the earlier frames that the next packet repeats.
    pub(super) fn distances(&self) -> &'static [u8] {
        RUNGS[self.rung]
    }

    /// Takes note of what the recipient lost.
    pub(super) fn report(&mut self, report: &LossReport) {
        self.longest_burst = self.longest_burst.max(report.longest_burst);
        if report.source == LossSource::Report {
            self.expected += u64::from(report.expected);
            self.lost += u64::from(report.lost);
        }
    }

    /// The longest run of packets that the recipient missed, as far as its feedback told.
    pub(super) fn longest_burst(&self) -> u32 {
        self.longest_burst
    }

    /// The share of packets that the recipient lost since the link was made, 0…1.
    pub(super) fn loss(&self) -> f32 {
        if self.expected == 0 {
            0.0
        } else {
            (self.lost as f32 / self.expected as f32).min(1.0)
        }
    }
}
