//! Packets that wait to be sent, in memory that is used again.

use std::collections::VecDeque;

use crate::Destination;
use crate::wire::rtcp::MAX_COMPOUND;
use crate::wire::srtp::RTCP_OVERHEAD;

/// How many packets wait at most: a heartbeat and a report for each of 256 peers, and as many echoes.
const CAPACITY: usize = 1024;

/// How many buffers are there from the beginning. A large meeting makes more, once.
const READY: usize = 16;

/// Memory for any control packet.
fn buffer() -> Vec<u8> {
    Vec::with_capacity(MAX_COMPOUND + RTCP_OVERHEAD)
}

/// A bounded queue of sealed packets.
pub(super) struct TransmitQueue {
    waiting: VecDeque<(Destination, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
    taken: Vec<u8>,
    overflow: u64,
}

impl TransmitQueue {
    pub(super) fn new() -> Self {
        Self {
            waiting: VecDeque::with_capacity(CAPACITY),
            spare: (0..READY).map(|_| buffer()).collect(),
            taken: buffer(),
            overflow: 0,
        }
    }

    pub(super) fn push(&mut self, destination: Destination, packet: &[u8]) {
        if self.waiting.len() == CAPACITY {
            self.overflow += 1;
            return;
        }
        let mut bytes = self.spare.pop().unwrap_or_else(buffer);
        bytes.clear();
        bytes.extend_from_slice(packet);
        self.waiting.push_back((destination, bytes));
    }

    pub(super) fn pop(&mut self) -> Option<(Destination, &[u8])> {
        let (destination, bytes) = self.waiting.pop_front()?;
        let spare = std::mem::replace(&mut self.taken, bytes);
        if self.spare.len() < CAPACITY {
            self.spare.push(spare);
        }
        Some((destination, &self.taken))
    }

    /// Packets that found the queue full.
    pub(super) fn overflow(&self) -> u64 {
        self.overflow
    }
}
