//! How bad the network is.

use std::time::Duration;

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// One way.
    pub(crate) delay: (Duration, Duration),
    /// Percent of gossip deliveries that never arrive.
    pub(crate) gossip_loss: u32,
    /// Percent of gossip deliveries that arrive twice.
    pub(crate) duplication: u32,
    /// Percent of direct requests that fail.
    pub(crate) direct_loss: u32,
    /// Percent of media packets that are lost.
    pub(crate) media_loss: u32,
    /// A silent connection is given up after this.
    pub(crate) broken_after: Duration,
}

impl Weather {
    /// A wired network.
    pub(crate) const CLEAR: Self = Self {
        delay: (Duration::from_micros(300), Duration::from_millis(3)),
        gossip_loss: 0,
        duplication: 0,
        direct_loss: 0,
        media_loss: 0,
        broken_after: Duration::from_secs(10),
    };

    /// Crowded radio: a lot is lost, late, and out of order.
    pub(crate) const STORM: Self = Self {
        delay: (Duration::from_millis(1), Duration::from_millis(120)),
        gossip_loss: 20,
        duplication: 15,
        direct_loss: 10,
        media_loss: 5,
        broken_after: Duration::from_secs(10),
    };

    /// Nothing takes time.
    pub(crate) const STILL: Self = Self {
        delay: (Duration::ZERO, Duration::ZERO),
        broken_after: Duration::ZERO,
        ..Self::CLEAR
    };

    pub(super) const fn is_still(&self) -> bool {
        self.delay.1.is_zero()
    }
}
