//! Chirps: ours are announced, those of peers listened for and answered.

use std::time::Duration;

use super::{Downlink, DownlinkEvent, Played};
use crate::chirp::{Announced, ChirpOutcome};
use crate::wire::chirp::{self, ChirpMessage};
use crate::{Slot, Timestamp};

impl Downlink {
    /// Tells a peer which of our samples will be a chirp.
    pub(super) fn announce_chirp(&mut self, slot: Slot, timestamp: Timestamp) {
        self.send_chirp_message(slot, ChirpMessage::Announced { timestamp });
    }

    /// Takes what a peer says of a chirp of its own, or of one of ours.
    pub(super) fn take_chirp_message(&mut self, slot: Slot, message: ChirpMessage, now: Duration) {
        match message {
            ChirpMessage::Announced { timestamp } if self.ears.are_open() => {
                self.ears.expect_chirp(Announced { slot, timestamp }, now);
            }
            ChirpMessage::Announced { timestamp } => {
                let outcome = ChirpOutcome::Deaf;
                self.send_chirp_message(slot, ChirpMessage::Answered { timestamp, outcome });
            }
            ChirpMessage::Answered { timestamp, outcome } => {
                self.notices.tell(DownlinkEvent::Chirp {
                    slot,
                    timestamp,
                    outcome,
                });
            }
        }
    }

    /// Goes on looking for a chirp in what was played, and answers whose it was.
    pub(super) fn search_chirp(&mut self) {
        let Some(found) = self.ears.search_chirp() else {
            return;
        };
        let Announced { slot, timestamp } = found.announced;
        let peer = self.peers.get(slot);
        let round_trip = peer.outbound.as_ref().and_then(|out| out.path.round_trip());
        let transit = found
            .at
            .zip(round_trip)
            .and_then(|(at, round_trip)| peer.clock.transit(Played { timestamp, at }, round_trip));
        let outcome = transit.map_or(ChirpOutcome::Missed, ChirpOutcome::Heard);
        self.send_chirp_message(slot, ChirpMessage::Answered { timestamp, outcome });
    }

    fn send_chirp_message(&mut self, slot: Slot, message: ChirpMessage) {
        let Some(outbound) = &mut self.peers.get_mut(slot).outbound else {
            return;
        };
        let ssrc = outbound.link.setup.control_ssrc();
        if let Some(to) = outbound.path.destination(outbound.told) {
            chirp::write(self.outbox.begin(), ssrc, message);
            self.outbox.send(outbound, to);
        }
    }
}
