//! What the downlink knows of one slot.

use std::time::Duration;

use super::link::{ControlLink, InboundLink};
use super::path::Path;
use super::speech::SpeechMeter;
use super::transit::SenderClock;
use super::{PathState, Played};
use crate::pair::{PathUpdate, SendCount};
use crate::playout::PlayoutStats;
use crate::wire::delays::Delays;
use crate::wire::report::ReportBlock;
use crate::{ExtendedSequence, Level, Ssrc, Stream, Timestamp};

/// How long the keys before the newest still open packets.
pub(super) const OVERLAP: Duration = Duration::from_secs(2);

/// A slot, whether anybody holds it or not.
pub(super) struct Peer {
    pub(super) inbound: Option<Box<InboundLink>>,
    /// The link before, and until when it opens packets.
    pub(super) previous: Option<(Box<InboundLink>, Duration)>,
    pub(super) outbound: Option<Outbound>,
    /// When the last [`Heard`](super::DownlinkEvent::Heard) was told.
    pub(super) heard: Option<Duration>,
    /// When the last [`Whispered`](super::DownlinkEvent::Whispered) was told.
    pub(super) whisper_told: Option<Duration>,
    /// When the last whispered packet was played.
    pub(super) whispered: Option<Duration>,
    pub(super) meter: SpeechMeter,
    /// Whether its lost frames are continued by the neural model, as new playouts do.
    pub(super) neural: bool,
    /// When statistics are due.
    pub(super) stats_due: Duration,
    /// The playout's counters at the last statistics.
    pub(super) stats_before: PlayoutStats,
    /// What the last pull played of it.
    pub(super) played: Option<Played>,
    /// The peer's clocks, the last transit of its sound, and what it says of its own delays.
    pub(super) clock: SenderClock,
    pub(super) transit: Option<Duration>,
    pub(super) delays: Option<Delays>,
    /// The timestamp and the arrival of the newest media packet.
    pub(super) newest: Option<(Timestamp, Duration)>,
}

/// The control direction to a peer.
pub(super) struct Outbound {
    pub(super) link: Box<ControlLink>,
    pub(super) path: Path,
    /// The state that was told last.
    pub(super) told: PathState,
    pub(super) report_due: Duration,
    /// What the uplink sent on each stream, and whether that was reported.
    pub(super) sent: [Option<(SendCount, bool)>; 2],
    /// What the peer reported on each of our streams.
    pub(super) reported: [Reported; 2],
}

/// The peer's view of one of our streams, to tell what is new in its next report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reported {
    highest: Option<ExtendedSequence>,
}

impl Reported {
    /// Packets that `block` covers and none before did, and how many of them were lost.
    pub(super) fn block(&mut self, block: &ReportBlock) -> Option<(u32, u32)> {
        let before = self.highest.replace(block.highest_sequence)?;
        let expected = block.highest_sequence.since(before);
        // More than 5 minutes of packets in one interval, or a step back, is no report of ours.
        (1..0x8000).contains(&expected).then(|| {
            let lost = (expected * u32::from(block.fraction_lost)).div_ceil(256);
            (expected, lost)
        })
    }
}

impl Peer {
    pub(super) fn new() -> Self {
        Self {
            inbound: None,
            previous: None,
            outbound: None,
            heard: None,
            whisper_told: None,
            whispered: None,
            meter: SpeechMeter::new(),
            neural: true,
            stats_due: Duration::ZERO,
            stats_before: PlayoutStats::default(),
            played: None,
            clock: SenderClock::default(),
            transit: None,
            delays: None,
            newest: None,
        }
    }

    /// The link, current or previous, on which `ssrc` stands for a stream; the `attempt`-th of them.
    pub(super) fn link_for(
        &mut self,
        ssrc: Ssrc,
        attempt: usize,
    ) -> Option<(&mut InboundLink, Stream, bool)> {
        let current = self.inbound.as_deref_mut().map(|link| (link, true));
        let previous = self
            .previous
            .as_mut()
            .map(|(link, _)| (link.as_mut(), false));
        current
            .into_iter()
            .chain(previous)
            .filter_map(|(link, current)| {
                let stream = link.setup.stream(ssrc)?;
                Some((link, stream, current))
            })
            .nth(attempt)
    }

    /// How loud the peer was since the last call.
    pub(super) fn take_level(&mut self) -> Level {
        self.meter.take_level()
    }
}

impl Outbound {
    /// The state for the uplink, in terms of the link it was proven for.
    pub(super) fn path_update(&self) -> PathUpdate {
        PathUpdate {
            slot: self.link.setup.slot,
            generation: self.link.setup.generation,
            open_ssrc: self.link.setup.open_ssrc,
            destination: self.path.destination(self.told),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleCount;

    #[test]
    fn a_report_that_steps_back_says_nothing() {
        let block = |highest, fraction_lost| ReportBlock {
            ssrc: Ssrc::new(1),
            fraction_lost,
            cumulative_lost: 0,
            highest_sequence: ExtendedSequence::new(highest),
            jitter: SampleCount::ZERO,
            last_report: 0,
            delay_since: 0,
        };
        let mut reported = Reported::default();
        assert_eq!(reported.block(&block(100, 0)), None);
        assert_eq!(reported.block(&block(200, 64)), Some((100, 25)));
        assert_eq!(reported.block(&block(150, 64)), None);
        assert_eq!(reported.block(&block(u32::MAX, 255)), None);
    }
}
