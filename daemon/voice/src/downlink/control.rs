//! Control packets in and out: heartbeats and echoes, reports, feedback.

use std::time::Duration;

use rand_chacha::rand_core::Rng;

use super::peer::Outbound;
use super::{Downlink, DownlinkEvent, FrameStats, REPORT, SenderStats};
use crate::pair::{LossNews, LossReport};
use crate::wire::delays::{self, Delays};
use crate::wire::path::PathMessage;
use crate::wire::report::{self, ReportBlock, SenderInfo};
use crate::wire::rtcp::{Packet, packets};
use crate::wire::{chirp, feedback, path};
use crate::{Destination, ExtendedSequence, PathState, SampleCount, Slot, Ssrc, Stream};

/// The shortest SRTCP packet: header and SSRC, tag, index.
const SHORTEST: usize = 28;

const STREAMS: [Stream; 2] = [Stream::Open, Stream::Whisper];

impl Downlink {
    pub(super) fn receive_control(&mut self, source: Destination, datagram: &[u8], now: Duration) {
        let ssrc = match datagram.get(4..8) {
            Some(&[a, b, c, d]) if datagram.len() >= SHORTEST => Ssrc::from_be_bytes([a, b, c, d]),
            _ => {
                self.notices.drop(|dropped| &mut dropped.malformed);
                return;
            }
        };
        let Some(slot) = self.peers.owner(ssrc) else {
            self.notices.drop(|dropped| &mut dropped.unknown);
            return;
        };
        if !self.admits(slot, source) {
            self.notices.drop(|dropped| &mut dropped.misplaced);
            return;
        }
        let mut attempt = 0;
        let opened = loop {
            let Some((link, ..)) = self.peers.get_mut(slot).link_for(ssrc, attempt) else {
                self.notices.drop(|dropped| &mut dropped.refused);
                return;
            };
            if let Some(opened) = link.srtp.open_rtcp(datagram) {
                break opened;
            }
            attempt += 1;
        };
        self.heard(slot, source, now);
        for packet in packets(&opened) {
            match path::read(&packet) {
                Some(PathMessage::Challenge(token)) => self.echo(slot, source, token, now),
                Some(PathMessage::Echo(token)) => {
                    if let Some(outbound) = &mut self.peers.get_mut(slot).outbound {
                        outbound.path.echoed(token, now);
                    }
                    self.update_path(slot, now);
                }
                None => match chirp::read(&packet) {
                    Some(message) => self.take_chirp_message(slot, message, now),
                    None => self.take_report(slot, &packet, now),
                },
            }
        }
    }

    /// Answers a challenge where it came from, which is the peer's machine by now.
    fn echo(&mut self, slot: Slot, source: Destination, token: path::Token, now: Duration) {
        let Some(outbound) = &mut self.peers.get_mut(slot).outbound else {
            return;
        };
        if !outbound.path.may_echo(now) {
            return;
        }
        // Who challenges us has our keys: now it can answer a challenge of ours.
        outbound.path.hurry(now);
        let ssrc = outbound.link.setup.control_ssrc();
        path::write(self.outbox.begin(), ssrc, PathMessage::Echo(token));
        self.outbox.send(outbound, source);
    }

    /// Sends the challenges that are due.
    pub(super) fn challenge(&mut self, slot: Slot, now: Duration) {
        let Some(outbound) = &mut self.peers.get_mut(slot).outbound else {
            return;
        };
        for to in outbound.path.due(now).into_iter().flatten() {
            let mut token = path::Token::default();
            self.random.fill_bytes(&mut token);
            outbound.path.challenged(token, to, now);
            let ssrc = outbound.link.setup.control_ssrc();
            path::write(self.outbox.begin(), ssrc, PathMessage::Challenge(token));
            self.outbox.send(outbound, to);
        }
    }

    /// Takes what a peer reports on our streams, and on its own.
    fn take_report(&mut self, slot: Slot, packet: &Packet<'_>, now: Duration) {
        let peer = self.peers.get_mut(slot);
        if let Some(delays) = delays::read(packet) {
            peer.delays = Some(delays);
            return;
        }
        if let Some(info) = report::read_sender(packet)
            && let Some(link) = &mut peer.inbound
            && let Some(stream) = link.setup.stream(packet.ssrc)
        {
            link.receptions[stream.index()].sender_report(report::compact(info.ntp), now);
            peer.clock.report(info.ntp, info.timestamp, now);
        }
        let Some(outbound) = &mut peer.outbound else {
            return;
        };
        let generation = outbound.link.setup.generation;
        let round_trip = outbound.path.round_trip();
        let mut tell = |stream, news| {
            // A full ring costs a report, and the next one is a second away.
            let _ = self.rings.losses.push(LossReport {
                slot,
                generation,
                stream,
                news,
                round_trip,
            });
        };
        for block in report::read_blocks(packet) {
            let Some(stream) = outbound.link.setup.stream(block.ssrc) else {
                continue;
            };
            if let Some((expected, lost)) = outbound.reported[stream.index()].block(&block) {
                let highest = block.highest_sequence.sequence();
                let news = LossNews::Report {
                    expected,
                    lost,
                    highest,
                };
                tell(stream, news);
            }
        }
        for feedback in feedback::read(packet) {
            if let Some(stream) = outbound.link.setup.stream(feedback.ssrc) {
                let news = LossNews::Feedback {
                    begin: feedback.begin,
                    count: feedback.count,
                    received: feedback.received,
                };
                tell(stream, news);
            }
        }
    }

    /// Tells the sender at once which packets are missing.
    pub(super) fn send_feedback(&mut self, slot: Slot, now: Duration) {
        let peer = self.peers.get_mut(slot);
        let Some(link) = &mut peer.inbound else {
            return;
        };
        // Without a proven path there is nobody to tell; what is due is over all the same.
        let outbound = peer.outbound.as_mut();
        let sender = outbound
            .as_ref()
            .map_or(NOBODY, |outbound| outbound.link.setup.control_ssrc());
        let compound = self.outbox.begin();
        for stream in STREAMS {
            let reception = &mut link.receptions[stream.index()];
            let ssrc = link.setup.ssrc(stream);
            if let Some(missing) = reception.take_feedback(ssrc, now) {
                feedback::write(
                    compound,
                    sender,
                    &missing,
                    |index| reception.age(&missing, index, now),
                    now,
                );
            }
        }
        if let Some(outbound) = outbound
            && let Some(to) = outbound.path.destination(outbound.told)
        {
            self.outbox.send(outbound, to);
        }
    }

    /// Sends the reports of the last second and tells what happened in it.
    pub(super) fn send_report(&mut self, slot: Slot, now: Duration) {
        let peer = self.peers.get_mut(slot);
        let Some(outbound) = &mut peer.outbound else {
            return;
        };
        if outbound.report_due > now {
            return;
        }
        outbound.report_due = next_second(outbound.report_due, now);
        let mut blocks = [EMPTY_BLOCK; STREAMS.len()];
        let mut count = 0;
        if let Some(link) = &mut peer.inbound {
            for stream in STREAMS {
                let ssrc = link.setup.ssrc(stream);
                if let Some(block) = link.receptions[stream.index()].report(ssrc, now) {
                    blocks[count] = block;
                    count += 1;
                }
            }
        }
        let blocks = &blocks[..count];
        let compound = self.outbox.begin();
        write_reports(compound, outbound, blocks, now);
        let ssrc = outbound.link.setup.control_ssrc();
        report::write_name(compound, ssrc, &self.name);
        let told = Delays {
            transit: peer.transit,
            ..self.delays
        };
        delays::write(compound, ssrc, &told);
        if let Some(to) = outbound.path.destination(outbound.told) {
            self.outbox.send(outbound, to);
        }
    }

    /// Tells what arrived from a peer in the last second.
    pub(super) fn tell_stats(&mut self, slot: Slot, now: Duration) {
        let peer = self.peers.get_mut(slot);
        if peer.stats_due > now {
            return;
        }
        let Some(link) = &mut peer.inbound else {
            return;
        };
        peer.stats_due = next_second(peer.stats_due, now);
        let mut expected = 0;
        let mut lost = 0;
        let mut bytes = 0;
        let mut jitter = Duration::ZERO;
        for reception in &mut link.receptions {
            let interval = reception.close_interval();
            expected += interval.expected;
            lost += interval.lost;
            bytes += interval.bytes;
            if interval.expected > 0 {
                jitter = jitter.max(reception.jitter());
            }
        }
        let playout = link.playout.stats();
        let before = std::mem::replace(&mut peer.stats_before, playout);
        let level = peer.take_level();
        let (round_trip, path) = peer
            .outbound
            .as_ref()
            .map_or((None, PathState::Probing), |outbound| {
                (outbound.path.round_trip(), outbound.told)
            });
        // What was measured last holds while nothing is heard.
        let transit = peer.played.zip(round_trip);
        let transit = transit.and_then(|(played, trip)| peer.clock.transit(played, trip));
        peer.transit = transit.or(peer.transit);
        let (transit, delays) = (peer.transit, peer.delays);
        let playback_delay = self.delays.playback;
        self.notices.tell(DownlinkEvent::Stats(SenderStats {
            slot,
            loss: if expected == 0 {
                0.0
            } else {
                lost as f32 / expected as f32
            },
            jitter,
            target_delay: playout.target,
            delay: playout.delay,
            frames: FrameStats::between(&before, &playout),
            bitrate: (bytes * 8).min(u64::from(u32::MAX)) as u32,
            level,
            round_trip,
            path,
            transit,
            playback_delay,
            delays,
        }));
    }
}

/// Stands where no stream is meant.
const NOBODY: Ssrc = Ssrc::new(0);

const EMPTY_BLOCK: ReportBlock = ReportBlock {
    ssrc: NOBODY,
    fraction_lost: 0,
    cumulative_lost: 0,
    highest_sequence: ExtendedSequence::new(0),
    jitter: SampleCount::ZERO,
    last_report: 0,
    delay_since: 0,
};

/// The next multiple of the report interval after `now`: what was missed is not made up for.
fn next_second(due: Duration, now: Duration) -> Duration {
    let next = due + REPORT;
    if next > now { next } else { now + REPORT }
}

/// A sender report for each stream that sent since the last, else one receiver report (RFC 3550 §6.4).
fn write_reports(
    compound: &mut crate::wire::rtcp::Compound,
    outbound: &mut Outbound,
    blocks: &[ReportBlock],
    now: Duration,
) {
    let mut blocks = blocks;
    // The first packet's SSRC is in clear.
    let first = outbound.link.setup.control_stream();
    let control = outbound.link.setup.control_ssrc();
    let mut begun = false;
    for stream in [first, first.other()] {
        let Some((sent, told)) = &mut outbound.sent[stream.index()] else {
            continue;
        };
        if std::mem::replace(told, true) {
            continue;
        }
        if !begun && stream != first {
            report::write_receiver(compound, control, std::mem::take(&mut blocks));
        }
        let since = SampleCount::during(now.saturating_sub(sent.captured));
        let info = SenderInfo {
            ntp: report::ntp(now),
            timestamp: sent.timestamp + since,
            packets: sent.packets,
            octets: sent.octets,
        };
        report::write_sender(compound, sent.ssrc, &info, std::mem::take(&mut blocks));
        begun = true;
    }
    if !begun {
        report::write_receiver(compound, control, blocks);
    }
}
