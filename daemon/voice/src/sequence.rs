//! Numbers of packets, as they stand in a packet and with their wraps.

use std::fmt;
use std::ops::Add;

/// One lap of the sequence numbers.
const LAP: u64 = 1 << 16;

/// The sequence number of an RTP packet (RFC 3550 §5.1). It counts the packets of one stream and wraps.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SequenceNumber(u16);

impl SequenceNumber {
    /// Returns this sequence number.
    #[inline]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[inline]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Reads a sequence number from a packet.
    #[inline]
    pub const fn from_be_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_be_bytes(bytes))
    }

    /// Returns the bytes that stand in a packet.
    #[inline]
    pub const fn to_be_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// Returns how many packets later this one was sent than `other`; less than zero if it was sent before.
    ///
    /// Of the two ways round the circle, the shorter one counts.
    #[inline]
    pub const fn ahead_of(self, other: Self) -> i16 {
        self.0.wrapping_sub(other.0) as i16
    }

    /// Returns how many packets ago it was sent, given the last one.
    #[inline]
    pub const fn before(self, last: Self) -> u16 {
        last.0.wrapping_sub(self.0)
    }
}

impl Add<u16> for SequenceNumber {
    type Output = Self;

    #[inline]
    fn add(self, packets: u16) -> Self {
        Self(self.0.wrapping_add(packets))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SequenceNumber({})", self.0)
    }
}

/// The extended highest sequence number of a report (RFC 3550 §6.4.1): 16 bits of wraps, 16 of sequence number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtendedSequence(u32);

impl ExtendedSequence {
    /// Returns this extended sequence number.
    #[inline]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the sequence number without its wraps.
    #[inline]
    pub const fn sequence(self) -> SequenceNumber {
        SequenceNumber(self.0 as u16)
    }

    /// Returns how many packets were sent since `earlier`. A step back is a very large number.
    #[inline]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl fmt::Display for ExtendedSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.0 >> 16, self.sequence())
    }
}

impl fmt::Debug for ExtendedSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtendedSequence({self})")
    }
}

/// A packet's place in its stream: the packet index of RFC 3711 §3.3.1. It never wraps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PacketIndex(u64);

impl PacketIndex {
    /// Returns the index of the first packet that was received.
    ///
    /// It lies a lap ahead, so that packets that were sent before it have an index too.
    #[inline]
    pub(crate) const fn first(sequence: SequenceNumber) -> Self {
        Self(LAP + sequence.0 as u64)
    }

    /// Returns the index of the first packet that is sent.
    #[inline]
    pub(crate) const fn starting(sequence: SequenceNumber) -> Self {
        Self(sequence.0 as u64)
    }

    /// Returns the sequence number that stands in the packet.
    #[inline]
    pub(crate) const fn sequence(self) -> SequenceNumber {
        SequenceNumber(self.0 as u16)
    }

    /// Returns what a report says of it, if the count began with [`first`](Self::first).
    #[inline]
    pub(crate) const fn extended(self) -> ExtendedSequence {
        ExtendedSequence(self.0.wrapping_sub(LAP) as u32)
    }

    /// Returns the index nearest to this one that has `sequence`.
    #[inline]
    pub(crate) const fn nearest(self, sequence: SequenceNumber) -> Self {
        Self(
            self.0
                .saturating_add_signed(sequence.ahead_of(self.sequence()) as i64),
        )
    }

    /// Returns the last index up to this one that has `sequence`, if there is one.
    #[inline]
    pub(crate) const fn latest(self, sequence: SequenceNumber) -> Option<Self> {
        match self.0.checked_sub(sequence.before(self.sequence()) as u64) {
            Some(index) => Some(Self(index)),
            None => None,
        }
    }

    /// Returns the index of the packet that follows.
    #[inline]
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Returns the index of the packet before, if there is one.
    #[inline]
    pub(crate) const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(index) => Some(Self(index)),
            None => None,
        }
    }

    /// Returns the index `packets` before this one; zero if there are fewer.
    #[inline]
    pub(crate) const fn back(self, packets: u64) -> Self {
        Self(self.0.saturating_sub(packets))
    }

    /// Returns how many packets later this one was sent than `earlier`; zero if it was not.
    #[inline]
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns its place in a ring of so many entries.
    #[inline]
    pub(crate) const fn place(self, entries: usize) -> usize {
        (self.0 % entries as u64) as usize
    }

    /// Returns the indices from this one up to, but without, `end`.
    #[inline]
    pub(crate) fn until(self, end: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

impl fmt::Debug for PacketIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PacketIndex({}+{})", self.0 >> 16, self.sequence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: SequenceNumber = SequenceNumber::new(u16::MAX);
    const ZERO: SequenceNumber = SequenceNumber::new(0);

    #[test]
    fn the_number_after_the_last_is_the_first() {
        assert_eq!(LAST + 1, ZERO);
        assert_eq!(ZERO.ahead_of(LAST), 1);
        assert_eq!(LAST.ahead_of(ZERO), -1);
        assert_eq!(LAST.before(ZERO), 1);
        assert_eq!(ZERO.before(LAST), u16::MAX);
        assert_eq!(SequenceNumber::new(0x8000).ahead_of(ZERO), i16::MIN);
    }

    #[test]
    fn an_index_counts_on_across_a_wrap_in_both_directions() {
        let index = PacketIndex::first(LAST);
        let next = index.nearest(ZERO);
        assert_eq!(next, index.next());
        assert_eq!(next.since(index), 1);
        assert_eq!(index.since(next), 0);
        assert_eq!(next.nearest(LAST), index);
        assert_eq!(next.previous(), Some(index));
        assert_eq!(index.extended(), ExtendedSequence::new(0xffff));
        assert_eq!(next.extended(), ExtendedSequence::new(0x1_0000));
        assert_eq!(index.until(next.next()).collect::<Vec<_>>(), [index, next]);
    }

    #[test]
    fn a_packet_before_the_first_that_was_received_has_an_index() {
        let first = PacketIndex::first(ZERO);
        assert_eq!(first.nearest(LAST).next(), first);
    }

    #[test]
    fn a_packet_that_was_never_sent_has_no_index() {
        let sent = PacketIndex::starting(SequenceNumber::new(5));
        assert_eq!(sent.latest(SequenceNumber::new(6)), None);
        assert_eq!(sent.latest(ZERO).map(|index| sent.since(index)), Some(5));
        assert_eq!(PacketIndex::starting(ZERO).previous(), None);
        assert_eq!(sent.back(9), PacketIndex::starting(ZERO));
    }

    #[test]
    fn an_extended_number_wraps_after_its_upper_half() {
        let before = ExtendedSequence::new(u32::MAX);
        let after = ExtendedSequence::new(2);
        assert_eq!(after.since(before), 3);
        assert_eq!(before.since(after), u32::MAX - 2);
        assert_eq!(before.sequence(), LAST);
        assert_eq!(ExtendedSequence::new(0x2_0007).to_string(), "2+7");
    }
}
