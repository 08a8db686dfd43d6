//! Arbitrary bytes, and valid ones with changes, from strangers and from peers with genuine keys.

use proptest::prelude::*;

use super::*;

/// Valid bytes with some of them changed, cut off or repeated.
fn mutated(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = valid.len();
    (
        prop::collection::vec((0..length, any::<u8>()), 0..8),
        prop::option::of(0..length),
        prop::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(move |(changes, cut, tail)| {
            let mut bytes = valid.clone();
            for (place, value) in changes {
                bytes[place] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut);
            }
            bytes.extend(tail);
            bytes
        })
}

fn arbitrary_or_mutated(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..1300),
        3 => mutated(valid),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Anything on the socket, most of it dressed up as our streams.
    #[test]
    fn no_datagram_does_harm(
        packets in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..1600), 0..4_u8, any::<bool>()),
            1..20,
        ),
    ) {
        let mut bench = Bench::new();
        for (index, (mut bytes, dress, stream)) in packets.into_iter().enumerate() {
            if bytes.len() >= 12 {
                if dress >= 1 {
                    bytes[0] = 0x80;
                    bytes[1] = if dress == 1 { 200 } else { 111 };
                }
                let at = if dress == 1 { 4 } else { 8 };
                bytes[at..at + 4].copy_from_slice(&OPEN.to_be_bytes());
            }
            let source = if stream {
                Destination::Stream(Slot::new(5))
            } else {
                Destination::Udp(address(4000))
            };
            bench.downlink.receive(source, &bytes, ms(index as u64));
        }
        prop_assert_eq!(bench.downlink.poll_event(), None);
    }

    /// A peer with genuine keys that seals nonsense.
    #[test]
    fn no_payload_of_a_genuine_peer_does_harm(
        payloads in prop::collection::vec(
            (arbitrary_or_mutated(every_block()), any::<bool>(), any::<u32>(), any::<bool>()),
            1..12,
        ),
    ) {
        let mut bench = Bench::new();
        let mut block = [0.0; FRAME_SAMPLES];
        for (index, (payload, red, timestamp, wild)) in payloads.into_iter().enumerate() {
            let payload_type = if red { PayloadType::Red } else { PayloadType::Opus };
            let timestamp = if wild { timestamp } else { index as u32 * 480 };
            let packet = bench.media(payload_type, timestamp, &payload);
            bench.receive(&packet, index as u64 * 10);
            bench.downlink.handle_timeout(ms(index as u64 * 10));
            bench.downlink.pull(&mut block, ms(index as u64 * 10));
            prop_assert!(block.iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0));
        }
    }

    /// The same for control packets.
    #[test]
    fn no_report_of_a_genuine_peer_does_harm(
        compounds in prop::collection::vec(arbitrary_or_mutated(every_report()), 1..12),
    ) {
        let mut bench = Bench::new();
        for (index, mut compound) in compounds.into_iter().enumerate() {
            if compound.len() < 8 {
                continue;
            }
            compound[0] = compound[0] & 0x3f | 0x80;
            compound[1] = 200;
            compound[4..8].copy_from_slice(&OPEN.to_be_bytes());
            let sealed = bench.peer.seal_rtcp(&compound).unwrap().to_vec();
            bench.receive(&sealed, index as u64 * 300);
            bench.downlink.handle_timeout(ms(index as u64 * 300));
        }
        while let Ok(report) = bench.rings.losses.pop() {
            match report.news {
                LossNews::Report { expected, lost, .. } => prop_assert!(lost <= expected),
                LossNews::Feedback { count, .. } => prop_assert!(count <= 64),
            }
        }
    }

    /// The parsers on their own, without the cryptography in front of them.
    #[test]
    fn no_bytes_break_a_parser(
        bytes in prop_oneof![arbitrary_or_mutated(every_block()), arbitrary_or_mutated(every_report())],
    ) {
        let _ = RtpHeader::parse(&bytes);
        if let Some(blocks) = red::Blocks::parse(&bytes) {
            let total: usize = blocks.iter().map(|block| block.frame.len()).sum();
            prop_assert!(total < bytes.len() && blocks.iter().len() <= red::MAX_BLOCKS);
        }
        for packet in crate::wire::rtcp::packets(&bytes) {
            prop_assert!(packet.body.len() < bytes.len());
            let _ = report::read_sender(&packet);
            prop_assert!(report::read_blocks(&packet).count() <= report::MAX_BLOCKS);
            for stream in feedback::read(&packet) {
                prop_assert!(stream.lost() <= u32::from(stream.count));
            }
            let _ = path_packet::read(&packet);
        }
    }
}
