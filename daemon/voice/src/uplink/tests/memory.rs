//! Who has long bursts of loss gets a memory of the past with each frame, and nobody gets a past that was not theirs.

use super::leak::changes;
use super::*;
use crate::codec::Memory;
use crate::pair::{LossNews, LossReport};

/// Tells the uplink what became of the last 64 packets to `slot`: bit `i` of `received` is that of packet `i`.
fn report(studio: &mut Studio, slot: u8, stream: Stream, received: u64) {
    let sent = studio.heard_by(slot, stream);
    let begin = sent[sent.len() - 64].header.sequence;
    studio
        .rings
        .losses
        .push(LossReport {
            slot: Slot::new(slot),
            generation: 1,
            stream,
            news: LossNews::Feedback {
                begin,
                count: 64,
                received,
            },
            round_trip: Some(Duration::from_millis(1)),
        })
        .unwrap();
}

/// How many samples before its frame each packet's memory reaches that `slot` got on `stream`, by capture time.
fn memories(studio: &Studio, slot: u8, stream: Stream) -> Vec<(u64, u64)> {
    let mut memory = Memory::new().unwrap();
    let mut reach = |got: &Got| {
        let (timestamp, frame) = got.frames.last().unwrap();
        (*timestamp, memory.read(frame) as u64)
    };
    studio
        .heard_by(slot, stream)
        .into_iter()
        .map(&mut reach)
        .collect()
}

/// The slots `0` and `1` are heard by, and slot 0 has bursts.
fn bursty(audience: Audience, stream: Stream, open: bool) -> Studio {
    let mut studio = Studio::new(2);
    studio.audience(None, audience);
    studio.microphone(None, true);
    studio.capture(80, voice);
    // Ten in a row were lost.
    report(&mut studio, 0, stream, !0x3ff);
    studio.microphone(None, open);
    studio.capture(60, voice);
    studio
}

#[test]
fn a_long_burst_brings_a_memory_and_a_quiet_link_ends_it() {
    let mut studio = bursty(Audience::Open(set(&[0, 1])), Stream::Open, true);
    // The frame is one for all, so all get it.
    for slot in 0..2 {
        let memories = memories(&studio, slot, Stream::Open);
        assert!(memories[..80].iter().all(|(_, reach)| *reach == 0));
        assert!(memories[90..].iter().all(|(_, reach)| *reach > 0));
        assert!(memories[90..].iter().any(|(_, reach)| *reach > 9_600));
    }
    // Half a minute without another.
    for _ in 0..130 {
        studio.capture(64, voice);
        report(&mut studio, 0, Stream::Open, !0);
    }
    let memories = memories(&studio, 0, Stream::Open);
    assert!(memories[1_000].1 > 0, "a few seconds are not enough");
    assert_eq!(memories.last().unwrap().1, 0);
}

#[test]
fn packets_with_a_memory_have_one_size_whatever_is_said() {
    let mut studio = bursty(Audience::Open(set(&[0])), Stream::Open, true);
    studio.capture(60, |sample| {
        if sample % 9_600 < 4_800 {
            voice(sample)
        } else {
            0.0
        }
    });
    let with = &studio.heard_by(0, Stream::Open)[84..];
    for got in with {
        let (_, primary) = got.frames.last().unwrap();
        assert_eq!(primary.len(), 120);
    }
    let copies = with[20..]
        .iter()
        .flat_map(|got| &got.frames[..got.frames.len() - 1]);
    for (timestamp, copy) in copies {
        assert_eq!(copy.len(), 84, "at {timestamp}");
    }
}

#[test]
fn a_memory_reaches_nobody_who_was_not_there() {
    let mut far = 0;
    for offset in [0, 239, 300] {
        for (name, before, after, muted, listener, stream) in changes() {
            let first = match before {
                Audience::Whisper(_) => Stream::Whisper,
                _ => Stream::Open,
            };
            let mut studio = bursty(before, first, !muted);
            let at = 145 * FRAME + offset;
            studio.audience(Some(at), after);
            studio.microphone(Some(at), true);
            studio.capture(60, voice);
            let got = studio.heard_by(listener, stream);
            let since = got.iter().map(|got| got.frames.last().unwrap());
            let since: Vec<_> = since.filter(|(from, _)| *from >= at - FRAME).collect();
            assert!(since.len() >= 30, "{name}: only {}", since.len());
            let begin = since[0].0;
            let mut memory = Memory::new().unwrap();
            for (timestamp, frame) in since {
                let (reach, known) = (memory.read(frame) as u64, timestamp - begin);
                assert!(
                    reach <= known,
                    "{name} at +{offset}: {reach} samples before {timestamp}, begun at {begin}"
                );
                far += u32::from(reach > 4_800);
            }
        }
    }
    assert!(far > 100, "what nobody remembers proves nothing: {far}");
}
