//! Control packets on their way out.

use super::peer::Outbound;
use super::transmit::TransmitQueue;
use crate::Destination;
use crate::wire::rtcp::Compound;

/// Where control packets are written, sealed and queued.
pub(super) struct Outbox {
    compound: Compound,
    transmit: TransmitQueue,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            compound: Compound::new(),
            transmit: TransmitQueue::new(),
        }
    }

    /// Returns a compound packet to be written.
    pub(super) fn begin(&mut self) -> &mut Compound {
        self.compound.clear();
        &mut self.compound
    }

    /// Seals what was written with the keys of `outbound` and queues it, if anything was written.
    pub(super) fn send(&mut self, outbound: &mut Outbound, to: Destination) {
        if self.compound.bytes().is_empty() {
            return;
        }
        if let Some(sealed) = outbound.link.srtp.seal_rtcp(self.compound.bytes()) {
            self.transmit.push(to, &sealed);
        }
    }

    /// Takes the next packet out.
    pub(super) fn poll(&mut self) -> Option<(Destination, &[u8])> {
        self.transmit.pop()
    }

    /// Returns how many packets found the queue full.
    pub(super) fn overflow(&self) -> u64 {
        self.transmit.overflow()
    }
}
