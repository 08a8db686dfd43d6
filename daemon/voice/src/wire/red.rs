//! Redundant audio (RFC 2198): earlier frames in front of the newest.
//!
//! Every block but the last has a header of four bytes: a set bit, seven bits of payload type, 14 bits that
//! say how many samples the block lies before the packet's timestamp, and ten bits of length. The last
//! header is one byte. The blocks follow in the same order, the primary last.

use super::rtp::PayloadType;
use crate::{MAX_PAYLOAD, SampleCount};

/// The most blocks a packet may have, primary included: the widest rung of copies has nine, twice that in
/// packets of two frames.
pub const MAX_BLOCKS: usize = 20;

/// The farthest that a block may lie before the packet's timestamp.
pub const MAX_OFFSET: SampleCount = SampleCount::new((1 << 14) - 1);

/// The longest block but the last, in bytes.
pub const MAX_BLOCK: usize = (1 << 10) - 1;

/// One frame of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// How far the frame lies before the packet's timestamp; zero for the primary.
    pub offset: SampleCount,
    /// The Opus frame.
    pub frame: &'a [u8],
}

/// The frames of one packet, oldest first as sent. At least one, and the last is the primary.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    blocks: [Block<'a>; MAX_BLOCKS],
    count: usize,
}

impl<'a> Blocks<'a> {
    /// A packet that is one frame and nothing else.
    pub fn single(frame: &'a [u8]) -> Option<Self> {
        let mut blocks = Self::empty();
        blocks.push(Block {
            offset: SampleCount::ZERO,
            frame,
        })?;
        Some(blocks)
    }

    /// Takes a payload of type RED apart.
    ///
    /// `None` when it is cut off, has too many blocks, an empty primary, a block that is not Opus, or bytes
    /// left over. Blocks of no length stand for frames the sender does not have, and are left out.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        if payload.len() > MAX_PAYLOAD {
            return None;
        }
        let mut headers = [(SampleCount::ZERO, 0_usize); MAX_BLOCKS - 1];
        let mut count = 0;
        let mut rest = payload;
        loop {
            let (&first, _) = rest.split_first()?;
            if PayloadType::from_number(first & 0x7f) != Some(PayloadType::Opus) {
                return None;
            }
            if first & 0x80 == 0 {
                rest = &rest[1..];
                break;
            }
            let (header, behind) = rest.split_first_chunk::<4>()?;
            let bits = u32::from_be_bytes(*header);
            let offset = SampleCount::new(i64::from(bits >> 10) & MAX_OFFSET.number());
            *headers.get_mut(count)? = (offset, (bits & 0x3ff) as usize);
            count += 1;
            rest = behind;
        }
        let mut blocks = Self::empty();
        for &(offset, length) in &headers[..count] {
            let (frame, behind) = rest.split_at_checked(length)?;
            rest = behind;
            // A copy of the packet's own timestamp would contradict the primary.
            if length > 0 && offset > SampleCount::ZERO {
                blocks.push(Block { offset, frame })?;
            }
        }
        blocks.push(Block {
            offset: SampleCount::ZERO,
            frame: rest,
        })?;
        (!rest.is_empty()).then_some(blocks)
    }

    /// The frames, the primary last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Block<'a>> + ExactSizeIterator + '_ {
        self.blocks[..self.count].iter().copied()
    }

    fn empty() -> Self {
        Self {
            blocks: [Block {
                offset: SampleCount::ZERO,
                frame: &[],
            }; MAX_BLOCKS],
            count: 0,
        }
    }

    fn push(&mut self, block: Block<'a>) -> Option<()> {
        *self.blocks.get_mut(self.count)? = block;
        self.count += 1;
        Some(())
    }
}

/// Writes `copies`, oldest first, and the primary; returns the payload's length.
///
/// `None` when a copy is too far back or too long, or the payload would exceed `payload` or
/// [`MAX_PAYLOAD`].
pub fn write(payload: &mut [u8], copies: &[Block<'_>], primary: &[u8]) -> Option<usize> {
    if copies.len() >= MAX_BLOCKS || primary.is_empty() {
        return None;
    }
    let headers = copies.len() * 4 + 1;
    let bytes: usize = copies.iter().map(|copy| copy.frame.len()).sum();
    let length = headers + bytes + primary.len();
    if length > payload.len().min(MAX_PAYLOAD) {
        return None;
    }
    let opus = u32::from(PayloadType::Opus.number());
    let (mut header, mut body) = payload.split_at_mut(headers);
    for copy in copies {
        let far = copy.offset <= SampleCount::ZERO || copy.offset > MAX_OFFSET;
        if far || copy.frame.len() > MAX_BLOCK {
            return None;
        }
        let offset = copy.offset.number() as u32;
        let bits = 1 << 31 | opus << 24 | offset << 10 | copy.frame.len() as u32;
        let (place, behind) = header.split_at_mut(4);
        place.copy_from_slice(&bits.to_be_bytes());
        header = behind;
        let (place, behind) = body.split_at_mut(copy.frame.len());
        place.copy_from_slice(copy.frame);
        body = behind;
    }
    header[0] = PayloadType::Opus.number();
    body[..primary.len()].copy_from_slice(primary);
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let copies = [
            Block {
                offset: SampleCount::new(960),
                frame: &[1; 60],
            },
            Block {
                offset: SampleCount::new(480),
                frame: &[2; 61],
            },
        ];
        let mut payload = [0; 300];
        let length = write(&mut payload, &copies, &[3; 62]).unwrap();
        assert_eq!(length, 4 + 4 + 1 + 60 + 61 + 62);
        let blocks = Blocks::parse(&payload[..length]).unwrap();
        let read: Vec<_> = blocks.iter().collect();
        assert_eq!(read[..2], copies);
        assert_eq!(read[2].frame, [3; 62]);
        assert_eq!(read[2].offset, SampleCount::ZERO);
    }

    #[test]
    fn a_payload_that_is_cut_off_or_not_opus_is_refused() {
        let mut payload = [0; 300];
        let copy = Block {
            offset: SampleCount::new(480),
            frame: &[2; 60],
        };
        let length = write(&mut payload, &[copy], &[3; 60]).unwrap();
        for cut in 0..=length - 60 {
            assert!(Blocks::parse(&payload[..cut]).is_none(), "{cut}");
        }
        payload[4] = 96;
        assert!(Blocks::parse(&payload[..length]).is_none());
    }

    #[test]
    fn endless_headers_are_refused() {
        assert!(Blocks::parse(&[0x80 | 111; 1200]).is_none());
        assert!(Blocks::parse(&[0x80 | 111; 1201]).is_none());
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let far = Block {
            offset: MAX_OFFSET + SampleCount::new(1),
            frame: &[1],
        };
        assert!(write(&mut [0; 100], &[far], &[1]).is_none());
        assert!(write(&mut [0; 4], &[], &[1; 4]).is_none());
        assert!(write(&mut [0; 2000], &[], &[1; 1200]).is_none());
        assert!(write(&mut [0; 100], &[], &[]).is_none());
    }
}
