//! Media packets in.

use std::time::Duration;

use super::{Downlink, DownlinkEvent};
use crate::mix::Earcon;
use crate::playout::{EncodedFrame, Packet};
use crate::wire::is_rtcp;
use crate::wire::red::{Blocks, MAX_BLOCKS};
use crate::wire::rtp::{HEADER_LENGTH, PayloadType, RtpHeader};
use crate::wire::srtp::RTP_OVERHEAD;
use crate::{Destination, MAX_DATAGRAM, MAX_PAYLOAD, SampleCount, Slot, Stream, Timestamp};

/// A whisper after a pause as long as this is announced again.
const WHISPER_PAUSE: Duration = Duration::from_secs(1);

/// How far a timestamp may stray from where the sender's clock should be before it counts as a new clock.
const SAME_CLOCK: SampleCount = SampleCount::from_millis(5_000);

/// The shortest time between two [`DownlinkEvent::Heard`], and two [`DownlinkEvent::Whispered`], of one peer: 4 a second.
const HEARD: Duration = Duration::from_millis(250);

/// How many links of one peer are tried.
const ATTEMPTS: usize = 2;

/// What is known of a genuine media packet.
struct Opened {
    header: RtpHeader,
    stream: Stream,
    /// Whether it came on the newest link, and is the first that did.
    current: bool,
    starts: bool,
}

impl Downlink {
    /// Takes a datagram that came from `source`.
    pub fn receive(&mut self, source: Destination, datagram: &[u8], now: Duration) {
        if datagram.len() > MAX_DATAGRAM {
            self.notices.drop(|dropped| &mut dropped.malformed);
        } else if is_rtcp(datagram) {
            self.receive_control(source, datagram, now);
        } else {
            self.receive_media(source, datagram, now);
        }
    }

    fn receive_media(&mut self, source: Destination, datagram: &[u8], now: Duration) {
        let header = RtpHeader::parse(datagram);
        let payload = HEADER_LENGTH + RTP_OVERHEAD + 1..=HEADER_LENGTH + RTP_OVERHEAD + MAX_PAYLOAD;
        let Some(header) = header.filter(|_| payload.contains(&datagram.len())) else {
            self.notices.drop(|dropped| &mut dropped.malformed);
            return;
        };
        let Some(slot) = self.peers.owner(header.ssrc) else {
            self.notices.drop(|dropped| &mut dropped.unknown);
            return;
        };
        if !self.admits(slot, source) {
            self.notices.drop(|dropped| &mut dropped.misplaced);
            return;
        }
        for attempt in 0..ATTEMPTS {
            let link = self.peers.get_mut(slot).link_for(header.ssrc, attempt);
            let Some((link, stream, current)) = link else {
                break;
            };
            let Some(packet) = link.srtp.open_rtp(&header, datagram) else {
                continue;
            };
            let payload = packet.get(HEADER_LENGTH..).unwrap_or_default();
            link.receptions[stream.index()].packet(
                header.sequence,
                header.timestamp,
                payload.len(),
                now,
            );
            let starts = current && !std::mem::replace(&mut link.used, true);
            self.heard(slot, source, now);
            if stream == Stream::Whisper && !self.ears.expects(slot, header.timestamp) {
                self.whispered(slot, now);
            }
            let opened = Opened {
                header,
                stream,
                current,
                starts,
            };
            self.play(slot, opened, payload, now);
            return;
        }
        self.notices.drop(|dropped| &mut dropped.refused);
    }

    /// Whether a packet for `slot` may come from `source`. Before we know the peer's address, its key alone
    /// decides.
    pub(super) fn admits(&self, slot: Slot, source: Destination) -> bool {
        match (&self.peers.get(slot).outbound, source) {
            (Some(outbound), source) => outbound.path.admits(source),
            (None, Destination::Stream(from)) => from == slot,
            (None, Destination::Udp(_)) => true,
        }
    }

    /// A genuine packet came from `slot`.
    pub(super) fn heard(&mut self, slot: Slot, source: Destination, now: Duration) {
        let peer = self.peers.get_mut(slot);
        if let Some(outbound) = &mut peer.outbound {
            outbound.path.heard_from(source);
        }
        if peer
            .heard
            .is_none_or(|heard| now.saturating_sub(heard) >= HEARD)
        {
            peer.heard = Some(now);
            self.notices.tell(DownlinkEvent::Heard { slot });
        }
    }

    /// A genuine packet of a whisper came from `slot`.
    fn whispered(&mut self, slot: Slot, now: Duration) {
        let peer = self.peers.get_mut(slot);
        if peer
            .whisper_told
            .is_none_or(|told| now.saturating_sub(told) >= HEARD)
        {
            peer.whisper_told = Some(now);
            self.notices.tell(DownlinkEvent::Whispered { slot });
        }
    }

    /// Hands a packet's frames to the sender's playout buffer.
    fn play(&mut self, slot: Slot, opened: Opened, payload: &[u8], now: Duration) {
        let Opened {
            header,
            stream,
            current,
            starts,
        } = opened;
        let blocks = match header.payload_type {
            PayloadType::Opus => Blocks::single(payload),
            PayloadType::Red => Blocks::parse(payload),
        };
        let Some(blocks) = blocks else {
            self.notices.drop(|dropped| &mut dropped.unreadable);
            return;
        };
        let restarted = starts && self.is_new_clock(slot, header.timestamp, now);
        let peer = self.peers.get_mut(slot);
        let Some(link) = &mut peer.inbound else {
            return;
        };
        if restarted {
            // The sender's program started anew. Nothing of the old one belongs on the new clock.
            link.playout.reset();
            self.peers.end_previous(slot, &mut self.retired);
        } else if !current && self.is_new_clock(slot, header.timestamp, now) {
            return;
        }
        let peer = self.peers.get_mut(slot);
        let Some(link) = &mut peer.inbound else {
            return;
        };
        peer.newest = Some((header.timestamp, now));
        if !self.ears.are_open() {
            return;
        }
        if stream == Stream::Whisper && !self.ears.expects(slot, header.timestamp) {
            let pause = peer
                .whispered
                .is_none_or(|last| now.saturating_sub(last) >= WHISPER_PAUSE);
            peer.whispered = Some(now);
            if pause {
                self.ears.sign(Earcon::Whisper);
            }
        }
        let mut frames = [EncodedFrame {
            timestamp: header.timestamp,
            payload: &[],
        }; MAX_BLOCKS];
        let count = blocks.iter().len();
        for (frame, block) in frames.iter_mut().zip(blocks.iter()) {
            frame.timestamp = header.timestamp - block.offset;
            frame.payload = block.frame;
        }
        let packet = Packet {
            stream,
            sequence: header.sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            frames: &frames[..count],
        };
        link.playout.insert(&packet, now);
    }

    /// Whether `timestamp` lies far from where the sender's clock should be by now.
    fn is_new_clock(&self, slot: Slot, timestamp: Timestamp, now: Duration) -> bool {
        self.peers.get(slot).newest.is_some_and(|(newest, at)| {
            let expected = newest + SampleCount::during(now.saturating_sub(at));
            timestamp.ahead_of(expected).abs() > SAME_CLOCK
        })
    }
}
