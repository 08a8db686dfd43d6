//! One recipient: its keys, its sequence numbers, and where its packets go.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use rtrb::Producer;

use super::RecipientStats;
use super::ladder::Ladder;
use super::sent_log::SentLog;
use crate::pair::{LossNews, LossReport, PathUpdate, SendCount};
use crate::wire::rtp::{HEADER_LENGTH, PayloadType, RtpHeader};
use crate::wire::srtp::Srtp;
use crate::{
    Destination, FrameLength, LinkSetup, SequenceNumber, Slot, Ssrc, Stream, Timestamp, VoiceError,
};

/// The sending direction to a peer, ready to seal.
///
/// Made outside the voice thread, because deriving keys allocates.
pub struct OutboundLink {
    pub(super) setup: LinkSetup,
    srtp: Srtp,
    streams: [Outgoing; 2],
}

/// What was sent on one stream.
#[derive(Debug, Clone)]
struct Outgoing {
    packets: u32,
    octets: u32,
    last: Option<(Timestamp, Duration)>,
    /// Counts every packet, whatever its fate, so that no sequence number is sealed twice under one rollover count.
    log: SentLog,
    /// Whether something was sent since the last count was handed to the downlink.
    fresh: bool,
}

impl Outgoing {
    fn new() -> Self {
        Self {
            packets: 0,
            octets: 0,
            last: None,
            log: SentLog::new(SequenceNumber::new(0)),
            fresh: false,
        }
    }
}

/// What a packet's header says beyond what the link knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) stream: Stream,
    pub(super) marker: bool,
    pub(super) payload_type: PayloadType,
    pub(super) timestamp: Timestamp,
    /// The frames in it: bit `d` stands for the one `d` frames before the primary.
    pub(super) carried: u32,
    /// When the newest frame's last sample was captured.
    pub(super) captured: Duration,
}

/// What was sent on one stream, in the terms of a sender report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) ssrc: Ssrc,
    pub(super) packets: u32,
    pub(super) octets: u32,
    pub(super) timestamp: Timestamp,
    pub(super) captured: Duration,
}

impl OutboundLink {
    /// Derives the session keys for the direction from us to a peer.
    ///
    /// # Errors
    ///
    /// [`VoiceError::StreamNumberTaken`] when both streams have one SSRC, [`VoiceError::Cryptography`] when
    /// the keys cannot be used.
    pub fn new(setup: LinkSetup) -> Result<Box<Self>, VoiceError> {
        setup.check()?;
        let srtp = Srtp::new(&setup)?;
        Ok(Box::new(Self {
            setup,
            srtp,
            streams: [Outgoing::new(), Outgoing::new()],
        }))
    }

    /// The peer.
    pub fn slot(&self) -> Slot {
        self.setup.slot
    }

    /// The link's generation.
    pub fn generation(&self) -> u64 {
        self.setup.generation
    }

    /// Draws the first sequence numbers. They lie below 2¹⁵ so that a receiver that misses the first packets
    /// still guesses the rollover count right (RFC 3711 §3.3.1).
    pub(super) fn start(&mut self, random: &mut ChaCha20Rng) {
        for stream in &mut self.streams {
            let first = SequenceNumber::new((random.next_u32() & 0x7fff) as u16);
            stream.log = SentLog::new(first);
        }
    }

    /// Whether a packet whose oldest new frame is `first` resumes the stream after a pause.
    pub(super) fn resumes(&self, stream: Stream, first: Timestamp, length: FrameLength) -> bool {
        self.streams[stream.index()]
            .last
            .is_none_or(|(last, _)| last + length.count() != first)
    }

    /// Seals `packet`, whose payload begins behind the space for the header, and hands it to `send`.
    /// Tells whether that worked; the sequence number is spent either way.
    pub(super) fn seal(&mut self, head: Head, packet: &mut [u8], send: impl FnOnce(&[u8])) -> bool {
        let outgoing = &mut self.streams[head.stream.index()];
        let header = RtpHeader {
            marker: head.marker,
            payload_type: head.payload_type,
            sequence: outgoing.log.sequence(),
            timestamp: head.timestamp,
            ssrc: self.setup.ssrc(head.stream),
        };
        outgoing.log.sent(head.timestamp, head.carried);
        outgoing.last = Some((head.timestamp, head.captured));
        if header.write(packet).is_none() {
            return false;
        }
        let Some(sealed) = self.srtp.seal_rtp(&header, packet) else {
            return false;
        };
        outgoing.packets = outgoing.packets.wrapping_add(1);
        // RFC 3550 §6.4.1 counts the payload alone.
        let octets = packet.len().saturating_sub(HEADER_LENGTH) as u32;
        outgoing.octets = outgoing.octets.wrapping_add(octets);
        outgoing.fresh = true;
        send(&sealed);
        true
    }

    /// What was sent on `stream` and what became of it.
    pub(super) fn log(&mut self, stream: Stream) -> &mut SentLog {
        &mut self.streams[stream.index()].log
    }

    /// What was sent on `stream`, if anything since the last call.
    pub(super) fn take_count(&mut self, stream: Stream) -> Option<Sent> {
        let ssrc = self.setup.ssrc(stream);
        let outgoing = &mut self.streams[stream.index()];
        let (timestamp, captured) = outgoing.last?;
        std::mem::take(&mut outgoing.fresh).then_some(Sent {
            ssrc,
            packets: outgoing.packets,
            octets: outgoing.octets,
            timestamp,
            captured,
        })
    }
}

/// A slot of the uplink.
#[derive(Default)]
pub(super) struct Recipient {
    pub(super) link: Option<Box<OutboundLink>>,
    pub(super) ladder: Ladder,
    /// Frames repeated on demand since they were told last.
    pub(super) repeated: u32,
    path: Option<PathUpdate>,
}

impl Recipient {
    /// Takes note of where this slot's packets may go. It may come before the link that it is for.
    pub(super) fn set_path(&mut self, update: PathUpdate) {
        self.path = Some(update);
    }

    /// Takes note of what the peer reported. A report on another link than this says nothing of it.
    pub(super) fn report(&mut self, report: &LossReport) {
        let Some(link) = self.link.as_deref_mut() else {
            return;
        };
        if link.setup.generation != report.generation {
            return;
        }
        let ladder = &mut self.ladder;
        ladder.set_round_trip(report.round_trip);
        let log = link.log(report.stream);
        match report.news {
            LossNews::Report {
                expected,
                lost,
                highest,
            } => {
                ladder.count(expected, lost);
                log.report(highest, |lost| ladder.packet(lost));
            }
            LossNews::Feedback {
                begin,
                count,
                received,
            } => log.feedback(begin, count, received, |lost| ladder.packet(lost)),
        }
    }

    /// How the packets to it fare, and begins to count anew.
    fn take_stats(&mut self) -> Option<RecipientStats> {
        let link = self.link.as_ref()?;
        Some(RecipientStats {
            slot: link.setup.slot,
            loss: self.ladder.recent_loss(),
            longest_burst: self.ladder.longest_burst(),
            copies: self.ladder.distances(),
            memory: self.ladder.wants_memory(),
            repeated: std::mem::take(&mut self.repeated),
        })
    }

    /// Hands what was sent to it to the downlink. Returns how its packets fare, if anything was sent.
    pub(super) fn report_counts(
        &mut self,
        length: FrameLength,
        counts: &mut Producer<SendCount>,
    ) -> Option<RecipientStats> {
        let stats = self.take_stats();
        let link = self.link.as_mut()?;
        let mut sending = false;
        for stream in [Stream::Open, Stream::Whisper] {
            if let Some(sent) = link.take_count(stream) {
                sending = true;
                // A full ring costs one count, which the next one includes.
                let _ = counts.push(SendCount {
                    slot: link.setup.slot,
                    stream,
                    ssrc: sent.ssrc,
                    packets: sent.packets,
                    octets: sent.octets,
                    timestamp: sent.timestamp + length.count(),
                    captured: sent.captured,
                });
            }
        }
        stats.filter(|_| sending)
    }

    /// Ends the link, and what was known about it.
    pub(super) fn clear(&mut self) -> Option<Box<OutboundLink>> {
        self.path = None;
        self.ladder = Ladder::default();
        self.link.take()
    }

    /// The link and the proven way to it, if there are both.
    pub(super) fn ready(&mut self) -> Option<(&mut OutboundLink, Destination)> {
        let link = self.link.as_deref_mut()?;
        let path = self.path.as_ref()?;
        // A path is proven for one link: the slot may belong to somebody else by now.
        let proven =
            path.generation == link.setup.generation && path.open_ssrc == link.setup.open_ssrc;
        let destination = path.destination.filter(|_| proven)?;
        Some((link, destination))
    }
}
