//! What control packets tell somebody who only watches.

use super::*;
use crate::pair::SendCount;
use crate::wire::rtcp::{kind, packets};
use crate::{Stream, Timestamp};

/// The SSRC in clear of every control packet sent in six seconds in which we speak openly and whisper.
fn ssrcs_in_clear(key: u8) -> Vec<Ssrc> {
    let mut bench = Bench::sending_with(key);
    let mut ears = Srtp::new(&setup(5, 1, key, OURS, OUR_WHISPER)).unwrap();
    let (mut clear, mut reported) = (Vec::new(), Vec::new());
    for at in (0..6_000).step_by(20) {
        let (stream, ssrc) = match at / 1_000 {
            2 => (Stream::Open, OURS),
            3 => (Stream::Whisper, OUR_WHISPER),
            4 if at % 40 == 0 => (Stream::Open, OURS),
            _ => (Stream::Whisper, OUR_WHISPER),
        };
        let count = SendCount {
            slot: Slot::new(5),
            stream,
            ssrc,
            packets: at,
            octets: 60 * at,
            timestamp: Timestamp::new(48 * at),
            captured: ms(u64::from(at)),
        };
        bench.rings.counts.push(count).unwrap();
        // Something of theirs is missing now and then, so that feedback is sent too.
        bench.sequence = bench.sequence + u16::from(at % 500 == 0);
        let packet = bench.media(PayloadType::Opus, 480 * at, &[0; 60]);
        bench.receive(&packet, u64::from(at));
        bench.downlink.handle_timeout(ms(u64::from(at)));
        while let Some((_, packet)) = bench.downlink.poll_transmit() {
            clear.push(Ssrc::from_be_bytes(packet[4..8].try_into().unwrap()));
            let opened = ears.open_rtcp(packet).unwrap();
            for packet in packets(&opened) {
                reported.extend((packet.kind == kind::SENDER_REPORT).then_some(packet.ssrc));
            }
        }
    }
    for ssrc in [OURS, OUR_WHISPER] {
        assert!(reported.contains(&ssrc), "no report on {ssrc} with {key}");
    }
    clear
}

#[test]
fn control_packets_do_not_tell_which_stream_is_for_whispers() {
    let even = ssrcs_in_clear(2);
    assert!(even.len() > 40, "{}", even.len());
    assert!(even.iter().all(|ssrc| *ssrc == OURS), "{even:?}");
    let odd = ssrcs_in_clear(3);
    assert!(odd.iter().all(|ssrc| *ssrc == OUR_WHISPER), "{odd:?}");
}
