//! The downlink against what a peer, or anybody else, may send.

mod hostile;
mod secrecy;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::pair::{LossNews, LossReport, PathUpdate, UplinkRings};
use crate::playout::PlayoutConfig;
use crate::wire::red::{self, Block};
use crate::wire::report::{self, ReportBlock, SenderInfo};
use crate::wire::rtcp::Compound;
use crate::wire::rtp::{HEADER_LENGTH, PayloadType, RtpHeader};
use crate::wire::srtp::{RTCP_OVERHEAD, RTP_OVERHEAD, Srtp};
use crate::wire::{feedback, path as path_packet};
use crate::{
    ExtendedSequence, FRAME_SAMPLES, LinkSetup, MediaKeys, SampleCount, SequenceNumber, Ssrc,
    Timestamp,
};

const OPEN: Ssrc = Ssrc::new(0x1111_1111);
const WHISPER: Ssrc = Ssrc::new(0x2222_2222);
const OURS: Ssrc = Ssrc::new(0x3333_3333);
const OUR_WHISPER: Ssrc = Ssrc::new(0x3333_3334);

fn address(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7)), port)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn setup(slot: u8, generation: u64, key: u8, open_ssrc: Ssrc, whisper_ssrc: Ssrc) -> LinkSetup {
    LinkSetup {
        slot: Slot::new(slot),
        generation,
        keys: MediaKeys {
            key: [key; 16],
            salt: [key; 12],
        },
        open_ssrc,
        whisper_ssrc,
    }
}

/// A downlink with one peer, and the peer's hands.
struct Bench {
    downlink: Downlink,
    rings: UplinkRings,
    peer: Srtp,
    sequence: SequenceNumber,
}

impl Bench {
    fn new() -> Self {
        Self::sending_with(2)
    }

    /// Its outbound link is sealed with a key and salt of this byte.
    fn sending_with(key: u8) -> Self {
        let (rings, downlink_rings) = crate::pair::rings();
        let downlink = Downlink::new(ChaCha20Rng::from_seed([3; 32]), downlink_rings).unwrap();
        let inbound = setup(5, 1, 1, OPEN, WHISPER);
        let mut bench = Self {
            downlink,
            rings,
            peer: Srtp::new(&inbound).unwrap(),
            sequence: SequenceNumber::new(100),
        };
        bench.inbound(&inbound).unwrap();
        let outbound = setup(5, 1, key, OURS, OUR_WHISPER);
        let link = ControlLink::new(outbound, address(4000)).unwrap();
        bench
            .downlink
            .command(DownlinkCommand::Outbound(link), Duration::ZERO)
            .unwrap();
        bench
    }

    fn inbound(&mut self, setup: &LinkSetup) -> Result<(), VoiceError> {
        let link = InboundLink::new(setup.clone(), PlayoutConfig::default()).unwrap();
        self.downlink
            .command(DownlinkCommand::Inbound(link), Duration::ZERO)
    }

    /// The next media packet with this payload, sealed.
    fn media(&mut self, payload_type: PayloadType, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        self.media_on(OPEN, payload_type, timestamp, payload)
    }

    fn media_on(
        &mut self,
        ssrc: Ssrc,
        payload_type: PayloadType,
        timestamp: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        let timestamp = Timestamp::new(timestamp);
        let header = RtpHeader {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc,
        };
        self.sequence = self.sequence + 1;
        let mut packet = vec![0; HEADER_LENGTH];
        header.write(&mut packet).unwrap();
        packet.extend_from_slice(payload);
        self.peer.seal_rtp(&header, &packet).unwrap().to_vec()
    }

    fn receive(&mut self, packet: &[u8], at: u64) {
        self.downlink
            .receive(Destination::Udp(address(4000)), packet, ms(at));
    }

    fn dropped(&self) -> Dropped {
        self.downlink.dropped()
    }
}

#[test]
fn each_reason_to_drop_a_datagram_is_told_apart() {
    let mut bench = Bench::new();
    let good = bench.media(PayloadType::Opus, 480, &[0xf8; 60]);
    assert_eq!(good.len(), HEADER_LENGTH + 60 + RTP_OVERHEAD);

    bench.receive(&good[..20], 0);
    bench.receive(&[], 0);
    bench.receive(&[0x80; 2000], 0);
    assert_eq!(bench.dropped().malformed, 3);

    let mut foreign = good.clone();
    foreign[8] ^= 1;
    bench.receive(&foreign, 0);
    assert_eq!(bench.dropped().unknown, 1);

    let elsewhere: SocketAddr = "192.168.1.8:4000".parse().unwrap();
    bench
        .downlink
        .receive(Destination::Udp(elsewhere), &good, ms(0));
    bench
        .downlink
        .receive(Destination::Stream(Slot::new(6)), &good, ms(0));
    assert_eq!(bench.dropped().misplaced, 2);

    let mut forged = good.clone();
    forged[40] ^= 1;
    bench.receive(&forged, 0);
    assert_eq!(bench.dropped().refused, 1);
    assert_eq!(bench.downlink.poll_event(), None);

    bench.receive(&good, 0);
    assert_eq!(
        bench.downlink.poll_event(),
        Some(DownlinkEvent::Heard { slot: Slot::new(5) })
    );
    bench.receive(&good, 1);
    assert_eq!(bench.dropped().refused, 2);

    let bad = bench.media(PayloadType::Red, 960, &[0xff; 60]);
    bench.receive(&bad, 2);
    assert_eq!(bench.dropped().unreadable, 1);
}

#[test]
fn a_genuine_packet_of_a_whisper_is_told_four_times_a_second_and_to_the_deafened_too() {
    let mut bench = Bench::new();
    let close = DownlinkCommand::Playback { open: false };
    bench.downlink.command(close, ms(0)).unwrap();
    let whispered = |bench: &mut Bench| {
        let events: Vec<_> = std::iter::from_fn(|| bench.downlink.poll_event()).collect();
        let told = DownlinkEvent::Whispered { slot: Slot::new(5) };
        events.iter().filter(|event| **event == told).count()
    };
    let open = bench.media(PayloadType::Opus, 480, &[0xf8; 60]);
    bench.receive(&open, 0);
    assert_eq!(whispered(&mut bench), 0);
    let good = bench.media_on(WHISPER, PayloadType::Opus, 960, &[0xf8; 60]);
    let mut forged = good.clone();
    forged[40] ^= 1;
    bench.receive(&forged, 10);
    assert_eq!(whispered(&mut bench), 0);
    bench.receive(&good, 10);
    assert_eq!(whispered(&mut bench), 1);
    bench.receive(&good, 500);
    assert_eq!(whispered(&mut bench), 0, "a replay");
    for frame in 3..103 {
        let packet = bench.media_on(WHISPER, PayloadType::Opus, frame * 480, &[0xf8; 60]);
        bench.receive(&packet, 500 + u64::from(frame) * 10);
    }
    assert_eq!(whispered(&mut bench), 4);
}

#[test]
fn the_same_address_in_ipv6_clothes_is_the_same() {
    let mut bench = Bench::new();
    let good = bench.media(PayloadType::Opus, 480, &[0xf8; 60]);
    let mapped = SocketAddr::new(
        IpAddr::V6(Ipv4Addr::new(192, 168, 1, 7).to_ipv6_mapped()),
        4000,
    );
    bench
        .downlink
        .receive(Destination::Udp(mapped), &good, ms(0));
    assert_eq!(bench.dropped(), Dropped::default());
}

#[test]
fn replays_are_dropped_inside_and_outside_the_window() {
    let mut bench = Bench::new();
    let packets: Vec<_> = (0..200)
        .map(|frame| bench.media(PayloadType::Opus, frame * 480, &[0xf8; 60]))
        .collect();
    for packet in &packets {
        bench.receive(packet, 0);
    }
    assert_eq!(bench.dropped().refused, 0);
    for packet in &packets {
        bench.receive(packet, 1);
    }
    assert_eq!(bench.dropped().refused, 200);

    let mut compound = Compound::new();
    report::write_receiver(&mut compound, OPEN, &[]);
    let control = bench.peer.seal_rtcp(compound.bytes()).unwrap().to_vec();
    assert_eq!(control.len(), compound.bytes().len() + RTCP_OVERHEAD);
    bench.receive(&control, 2);
    assert_eq!(bench.dropped().refused, 200);
    bench.receive(&control, 3);
    assert_eq!(bench.dropped().refused, 201);
}

#[test]
fn two_wraps_of_the_sequence_later_everything_still_opens_and_is_counted() {
    let mut bench = Bench::new();
    let close = DownlinkCommand::Playback { open: false };
    bench.downlink.command(close, Duration::ZERO).unwrap();
    bench.downlink.pull(&mut [0.0; 480], Duration::ZERO);
    let mut sent = 0_u32;
    for frame in 0..210_000_u32 {
        let packet = bench.media(PayloadType::Opus, frame.wrapping_mul(480), &[0xf8; 60]);
        if frame % 7 != 3 {
            bench.receive(&packet, u64::from(frame) * 10);
            sent += 1;
        }
        while bench.downlink.poll_event().is_some() {}
    }
    assert_eq!(bench.dropped(), Dropped::default());
    let link = bench
        .downlink
        .peers
        .get_mut(Slot::new(5))
        .inbound
        .as_mut()
        .unwrap();
    let block = link.receptions[0].report(OPEN, ms(0)).unwrap();
    assert_eq!(block.cumulative_lost as u32, 210_000 - sent);
    assert_eq!(block.highest_sequence.number(), 100 + 209_999);
}

#[test]
fn a_peer_that_can_only_send_is_not_a_reason_to_spin() {
    let mut bench = Bench::new();
    let unlinked = DownlinkCommand::Unlink { slot: Slot::new(5) };
    bench.downlink.command(unlinked, Duration::ZERO).unwrap();
    bench.inbound(&setup(5, 1, 1, OPEN, WHISPER)).unwrap();
    for (frame, at) in [(0, 0), (5, 50)] {
        bench.sequence = SequenceNumber::new(100) + frame;
        let packet = bench.media(PayloadType::Opus, u32::from(frame) * 480, &[0xf8; 60]);
        bench.receive(&packet, at);
    }
    let mut now = ms(50);
    bench.downlink.handle_timeout(now);
    for _ in 0..20 {
        let due = bench.downlink.next_timeout().unwrap();
        assert!(due >= now, "{due:?} is before {now:?}");
        now = due + Duration::from_nanos(1);
        bench.downlink.handle_timeout(now);
    }
    assert!(now > ms(10_000), "20 turns took only {now:?}");
}

#[test]
fn stream_numbers_belong_to_one_peer() {
    let mut bench = Bench::new();
    let taken = bench.inbound(&setup(6, 1, 9, Ssrc::new(77), WHISPER));
    assert_eq!(
        taken,
        Err(VoiceError::StreamNumberTaken {
            slot: Slot::new(6),
            ssrc: WHISPER
        })
    );
    assert!(
        InboundLink::new(
            setup(6, 1, 9, Ssrc::new(77), Ssrc::new(77)),
            PlayoutConfig::default()
        )
        .is_err()
    );
    bench
        .downlink
        .command(
            DownlinkCommand::Unlink { slot: Slot::new(5) },
            Duration::ZERO,
        )
        .unwrap();
    assert_eq!(
        bench.inbound(&setup(6, 1, 9, Ssrc::new(77), WHISPER)),
        Ok(())
    );
}

#[test]
fn generations_only_rise_and_keys_never_return() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.inbound(&setup(5, 4, 3, Ssrc::new(7), Ssrc::new(8))),
        Ok(())
    );
    assert!(matches!(
        bench.inbound(&setup(5, 2, 4, Ssrc::new(9), Ssrc::new(10))),
        Err(VoiceError::Outdated {
            offered: 2,
            current: 4,
            ..
        })
    ));
    let mut control = |generation, key| {
        let link =
            ControlLink::new(setup(5, generation, key, OURS, OUR_WHISPER), address(4000)).unwrap();
        bench
            .downlink
            .command(DownlinkCommand::Outbound(link), Duration::ZERO)
    };
    // The same link again, a newer one, an older one, and a newer one with an old key.
    assert_eq!(control(1, 2), Ok(()));
    assert_eq!(control(2, 6), Ok(()));
    assert!(matches!(control(1, 7), Err(VoiceError::Outdated { .. })));
    assert!(matches!(control(3, 2), Err(VoiceError::KeyReused { .. })));
    let mut retired = 0;
    while bench.downlink.take_retired().is_some() {
        retired += 1;
    }
    assert_eq!(retired, 5);
}

#[test]
fn the_uplink_learns_of_a_path_under_the_name_of_its_link() {
    let mut bench = Bench::new();
    let first = bench.rings.paths.pop().unwrap();
    assert_eq!(
        first,
        PathUpdate {
            slot: Slot::new(5),
            generation: 1,
            open_ssrc: OURS,
            destination: None
        }
    );
    // Echo every challenge.
    let mut ears = Srtp::new(&setup(5, 1, 2, OURS, OUR_WHISPER)).unwrap();
    bench.downlink.handle_timeout(ms(1));
    let (to, challenge) = bench.downlink.poll_transmit().unwrap();
    assert_eq!(to, Destination::Udp(address(4000)));
    let opened = ears.open_rtcp(challenge).unwrap();
    let packet = crate::wire::rtcp::packets(&opened).next().unwrap();
    let Some(path_packet::PathMessage::Challenge(token)) = path_packet::read(&packet) else {
        panic!("no challenge");
    };
    let mut compound = Compound::new();
    for token in [[0; 8], token] {
        compound.clear();
        path_packet::write(&mut compound, OPEN, path_packet::PathMessage::Echo(token));
        let echo = bench.peer.seal_rtcp(compound.bytes()).unwrap().to_vec();
        // Only the right one proves anything.
        assert!(bench.rings.paths.pop().is_err());
        bench.receive(&echo, 3);
    }
    let proven = bench.rings.paths.pop().unwrap();
    assert_eq!(proven.destination, Some(Destination::Udp(address(4000))));
    // A new generation inherits the path, since the address is the same.
    let link =
        ControlLink::new(setup(5, 2, 8, Ssrc::new(90), Ssrc::new(91)), address(4000)).unwrap();
    bench
        .downlink
        .command(DownlinkCommand::Outbound(link), ms(4))
        .unwrap();
    let inherited = bench.rings.paths.pop().unwrap();
    assert_eq!(
        (inherited.generation, inherited.open_ssrc),
        (2, Ssrc::new(90))
    );
    assert_eq!(inherited.destination, Some(Destination::Udp(address(4000))));
}

#[test]
fn echoes_are_limited() {
    let mut bench = Bench::new();
    let mut compound = Compound::new();
    for index in 0..1000_u64 {
        compound.clear();
        let challenge = path_packet::PathMessage::Challenge(index.to_be_bytes());
        path_packet::write(&mut compound, OPEN, challenge);
        let sealed = bench.peer.seal_rtcp(compound.bytes()).unwrap().to_vec();
        bench.receive(&sealed, index);
    }
    let mut echoes = 0;
    while bench.downlink.poll_transmit().is_some() {
        echoes += 1;
    }
    assert!((30..=80).contains(&echoes), "{echoes}");
}

/// A genuine RTCP compound of every kind of packet, unsealed.
fn every_report() -> Vec<u8> {
    let mut compound = Compound::new();
    let block = ReportBlock {
        ssrc: OURS,
        fraction_lost: 20,
        cumulative_lost: 3,
        highest_sequence: ExtendedSequence::new(1000),
        jitter: SampleCount::new(10),
        last_report: 1,
        delay_since: 2,
    };
    let info = SenderInfo {
        ntp: 1 << 32,
        timestamp: Timestamp::new(5),
        packets: 6,
        octets: 7,
    };
    report::write_sender(&mut compound, OPEN, &info, &[block, block]);
    report::write_receiver(&mut compound, WHISPER, &[block]);
    report::write_name(&mut compound, OPEN, b"0123456789ABCDEF");
    let missing = feedback::StreamFeedback {
        ssrc: OURS,
        begin: SequenceNumber::new(65_530),
        count: 20,
        received: 0xf_0f0f,
    };
    feedback::write(&mut compound, OPEN, &missing, |_| ms(1), ms(9));
    path_packet::write(
        &mut compound,
        OPEN,
        path_packet::PathMessage::Challenge([1; 8]),
    );
    path_packet::write(&mut compound, OPEN, path_packet::PathMessage::Echo([2; 8]));
    compound.bytes().to_vec()
}

/// A genuine payload with three copies.
fn every_block() -> Vec<u8> {
    let copies = [4, 2, 1].map(|distance| Block {
        offset: SampleCount::of_length(distance as usize * FRAME_SAMPLES),
        frame: &[0xf8; 60],
    });
    let mut payload = vec![0; 600];
    let length = red::write(&mut payload, &copies, &[0xf8; 60]).unwrap();
    payload.truncate(length);
    payload
}

#[test]
fn reports_reach_the_uplink() {
    let mut bench = Bench::new();
    for turn in 0..2 {
        let sealed = bench.peer.seal_rtcp(&every_report()).unwrap().to_vec();
        bench.receive(&sealed, turn);
    }
    let mut reports: Vec<LossReport> = Vec::new();
    while let Ok(report) = bench.rings.losses.pop() {
        reports.push(report);
    }
    // A report block has nothing before it to compare with, twice; feedback says the same again.
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[0], reports[1]);
    let LossNews::Feedback { begin, count, .. } = reports[0].news else {
        panic!("{:?}", reports[0]);
    };
    assert_eq!((begin.number(), count), (65_530, 20), "{:?}", reports[0]);
}

#[test]
fn timers_go_on_after_years_of_uptime() {
    for days in [1, 248, 249, 20_000] {
        let due = Duration::from_secs(days * 86_400) + ms(3);
        assert_eq!(round_up(due), due + ms(2));
    }
    assert_eq!(round_up(ms(5)), ms(5));
}
