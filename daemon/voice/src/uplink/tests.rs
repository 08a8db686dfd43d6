//! The promises of the uplink, checked on the packets that it hands out.

mod leak;
mod memory;
mod microphone;
mod orders;
mod processing;

use std::time::Duration;

use rand_chacha::rand_core::Rng;

use super::*;
use crate::codec::Decoder;
use crate::pair::{DownlinkRings, PathUpdate, VoiceConfig};
use crate::wire::red::Blocks;
use crate::wire::rtp::{HEADER_LENGTH, PayloadType, RtpHeader};
use crate::wire::srtp::Srtp;
use crate::{LinkSetup, MediaKeys, SequenceNumber, SlotSet, Ssrc, Stream};
use rand_chacha::rand_core::SeedableRng;

const FRAME: u64 = FRAME_SAMPLES as u64;

/// What a recipient got in one packet.
#[derive(Debug, Clone)]
struct Got {
    slot: Slot,
    stream: Stream,
    header: RtpHeader,
    /// Timestamps relative to the first captured sample, and Opus frames; the primary last.
    frames: Vec<(u64, Vec<u8>)>,
}

/// An uplink whose paths are all proven, and the ears of its recipients.
struct Studio {
    uplink: Uplink,
    rings: DownlinkRings,
    ears: Vec<(LinkSetup, Srtp)>,
    got: Vec<Got>,
}

fn setup(slot: u8, generation: u64) -> LinkSetup {
    let mut random = ChaCha20Rng::seed_from_u64(u64::from(slot) << 32 | generation);
    let mut keys = MediaKeys {
        key: [0; 16],
        salt: [0; 12],
    };
    random.fill_bytes(&mut keys.key);
    random.fill_bytes(&mut keys.salt);
    LinkSetup {
        slot: Slot::new(slot),
        generation,
        keys,
        open_ssrc: Ssrc::new(random.next_u32()),
        whisper_ssrc: Ssrc::new(random.next_u32()),
    }
}

fn set(slots: &[u8]) -> SlotSet {
    slots.iter().copied().map(Slot::new).collect()
}

impl Studio {
    /// With recipients in slots 0…`recipients`, nobody in the audience, the microphone closed.
    fn new(recipients: u8) -> Self {
        let (uplink_rings, rings) = crate::pair::rings();
        let config = VoiceConfig::new([7; 32]);
        let random = ChaCha20Rng::from_seed(config.seed);
        let uplink = Uplink::new(&config, random, uplink_rings).unwrap();
        let mut studio = Self {
            uplink,
            rings,
            ears: Vec::new(),
            got: Vec::new(),
        };
        for slot in 0..recipients {
            studio.link(slot, 1);
        }
        studio
    }

    fn link(&mut self, slot: u8, generation: u64) {
        let setup = setup(slot, generation);
        let link = OutboundLink::new(setup.clone()).unwrap();
        self.uplink.command(UplinkCommand::Link(link)).unwrap();
        self.prove(&setup);
        self.ears.push((setup.clone(), Srtp::new(&setup).unwrap()));
    }

    fn prove(&mut self, setup: &LinkSetup) {
        self.rings
            .paths
            .push(PathUpdate {
                slot: setup.slot,
                generation: setup.generation,
                open_ssrc: setup.open_ssrc,
                destination: Some(Destination::Stream(setup.slot)),
            })
            .unwrap();
    }

    fn audience(&mut self, at: Option<u64>, audience: Audience) {
        let at = at.map(SampleTime::new);
        self.uplink
            .command(UplinkCommand::Audience { at, audience })
            .unwrap();
    }

    fn microphone(&mut self, at: Option<u64>, open: bool) {
        let at = at.map(SampleTime::new);
        self.uplink
            .command(UplinkCommand::Microphone { at, open })
            .unwrap();
    }

    /// Captures frames that `sound` makes from the capture time of their samples.
    fn capture(&mut self, frames: usize, mut sound: impl FnMut(u64) -> f32) {
        for _ in 0..frames {
            let start = self.uplink.position().number();
            let mut frame = [0.0; FRAME_SAMPLES];
            for (offset, sample) in frame.iter_mut().enumerate() {
                *sample = sound(start + offset as u64);
            }
            let now = Duration::from_micros((start + FRAME) * 1_000_000 / 48_000);
            let mut sent = Vec::new();
            self.uplink.capture(&frame, now, &mut |to, packet| {
                sent.push((to, packet.to_vec()));
            });
            for (to, packet) in sent {
                self.open(to, &packet);
            }
        }
    }

    fn open(&mut self, to: Destination, packet: &[u8]) {
        let header = RtpHeader::parse(packet).unwrap();
        let (setup, srtp) = self
            .ears
            .iter_mut()
            .rev()
            .find(|(setup, _)| {
                Destination::Stream(setup.slot) == to && setup.stream(header.ssrc).is_some()
            })
            .expect("a packet went to somebody whose stream it is not");
        let opened = srtp
            .open_rtp(&header, packet)
            .expect("sealed for somebody else");
        let payload = &opened[HEADER_LENGTH..];
        let blocks = match header.payload_type {
            PayloadType::Opus => Blocks::single(payload),
            PayloadType::Red => Blocks::parse(payload),
        }
        .unwrap();
        let first = self.uplink.timeline.timestamp(SampleTime::START);
        self.got.push(Got {
            slot: setup.slot,
            stream: setup.stream(header.ssrc).unwrap(),
            header,
            frames: blocks
                .iter()
                .map(|block| {
                    let timestamp = header.timestamp - block.offset;
                    (timestamp.since(first).number() as u64, block.frame.to_vec())
                })
                .collect(),
        });
    }

    /// What `slot` got on `stream`.
    fn heard_by(&self, slot: u8, stream: Stream) -> Vec<&Got> {
        self.got
            .iter()
            .filter(|got| got.slot == Slot::new(slot) && got.stream == stream)
            .collect()
    }

    /// Decodes the frames that `slot` got on `stream` from capture time `from` on.
    fn decode(&self, slot: u8, stream: Stream, from: u64) -> Vec<f32> {
        self.decode_frames(slot, stream, from, false)
    }

    /// The same with every copy decoded too, as it comes: not for listening, but nothing is left out.
    fn decode_all(&self, slot: u8, stream: Stream, from: u64) -> Vec<f32> {
        self.decode_frames(slot, stream, from, true)
    }

    fn decode_frames(&self, slot: u8, stream: Stream, from: u64, copies: bool) -> Vec<f32> {
        let mut decoder = Decoder::new().unwrap();
        let mut sound = Vec::new();
        for got in self.heard_by(slot, stream) {
            if got.frames.last().unwrap().0 < from {
                continue;
            }
            let skipped = if copies { 0 } else { got.frames.len() - 1 };
            for (_, frame) in &got.frames[skipped..] {
                let mut out = [0.0; FRAME_SAMPLES];
                decoder.decode(frame, &mut out).unwrap();
                sound.extend(out);
            }
        }
        sound
    }
}

/// Something like a voice: a glide of harmonics with syllables.
fn voice(sample: u64) -> f32 {
    let time = sample as f32 / 48_000.0;
    let pitch = 120.0 + 30.0 * (time * 1.7).sin();
    let syllable = 0.6 + 0.4 * (time * 25.0).sin();
    let sum: f32 = (1..12)
        .map(|harmonic| {
            let phase = time * pitch * harmonic as f32;
            (phase.fract() * std::f32::consts::TAU).sin() / harmonic as f32
        })
        .sum();
    0.25 * syllable * sum
}

fn db(sound: &[f32]) -> f32 {
    Level::of(sound).db()
}

/// The level of `sound` in these frames.
fn level_of(sound: impl Fn(u64) -> f32, frames: std::ops::Range<u64>) -> f32 {
    let samples: Vec<f32> = (frames.start * FRAME..frames.end * FRAME)
        .map(sound)
        .collect();
    db(&samples)
}

#[test]
fn a_whisper_reaches_the_chosen_alone_and_the_open_stream_falls_silent() {
    let mut studio = Studio::new(4);
    studio.microphone(None, true);
    studio.audience(None, Audience::Open(set(&[0, 1, 2, 3])));
    studio.capture(20, voice);
    studio.audience(Some(20 * FRAME), Audience::Whisper(set(&[2])));
    studio.capture(20, voice);
    studio.audience(Some(40 * FRAME), Audience::Open(set(&[0, 1, 2, 3])));
    studio.capture(20, voice);
    for slot in 0..4 {
        let open = studio.heard_by(slot, Stream::Open);
        assert_eq!(open.len(), 40);
        for got in open {
            for (timestamp, _) in &got.frames {
                let frame = timestamp / FRAME;
                assert!(
                    !(20..40).contains(&frame),
                    "frame {frame} of the whisper went to {slot}"
                );
            }
        }
        let whispered = studio.heard_by(slot, Stream::Whisper).len();
        assert_eq!(whispered, if slot == 2 { 20 } else { 0 });
    }
}

#[test]
fn a_copy_goes_only_to_those_who_were_there_when_it_was_captured() {
    let mut studio = Studio::new(2);
    studio.microphone(None, true);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.capture(10, voice);
    studio.audience(None, Audience::Open(set(&[0, 1])));
    studio.capture(10, voice);
    let first = studio.heard_by(1, Stream::Open)[0].clone();
    assert_eq!(first.header.payload_type, PayloadType::Opus);
    assert!(first.header.marker);
    let same = studio.heard_by(0, Stream::Open)[10].clone();
    assert_eq!(same.header.timestamp, first.header.timestamp);
    assert_eq!(same.frames.len(), 2);
    // The encoder began anew for everybody, and everybody is told.
    assert!(same.header.marker);
    assert!(!studio.heard_by(0, Stream::Open)[11].header.marker);
    // From then on both get the frame before.
    assert!(
        studio.heard_by(1, Stream::Open)[1..]
            .iter()
            .all(|got| got.frames.len() == 2)
    );
}

#[test]
fn timestamps_count_captured_samples_and_sequence_numbers_count_packets() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(5, voice);
    studio.microphone(None, false);
    studio.capture(7, voice);
    studio.uplink.skip(SampleCount::new(1000));
    studio.uplink.skip(SampleCount::new(440));
    studio.microphone(None, true);
    studio.capture(5, voice);
    let got = studio.heard_by(0, Stream::Open);
    let first = got[0].header;
    assert!(first.sequence.number() < 0x8000);
    for (index, got) in got.iter().enumerate() {
        assert_eq!(got.header.sequence, first.sequence + index as u16);
        // Seven muted frames and three lost ones.
        let frame = if index < 5 { index } else { index + 10 };
        assert_eq!(
            got.header.timestamp,
            first.timestamp + FrameLength::Usual.count() * frame as i64
        );
        assert_eq!(got.header.marker, index == 0 || index == 5);
    }
}

#[test]
fn every_frame_costs_the_same_whatever_is_said() {
    let mut studio = Studio::new(1);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(50, voice);
    studio.capture(50, |_| 0.0);
    let sizes: std::collections::BTreeSet<usize> = studio
        .got
        .iter()
        .flat_map(|got| got.frames.iter().map(|(_, frame)| frame.len()))
        .collect();
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [100]);
}

#[test]
fn without_a_proven_path_nothing_is_sent() {
    let mut studio = Studio::new(1);
    let unproven = setup(1, 1);
    let link = OutboundLink::new(unproven.clone()).unwrap();
    studio.uplink.command(UplinkCommand::Link(link)).unwrap();
    studio.audience(None, Audience::Open(set(&[0, 1])));
    studio.microphone(None, true);
    studio.capture(5, voice);
    assert!(studio.heard_by(1, Stream::Open).is_empty());
    assert_eq!(studio.heard_by(0, Stream::Open).len(), 5);
    // A path that was proven for another link of the slot does not count either.
    studio.prove(&setup(1, 2));
    studio.capture(5, voice);
    assert!(studio.heard_by(1, Stream::Open).is_empty());
}

#[test]
fn a_slot_that_changes_hands_inherits_nothing() {
    let mut studio = Studio::new(2);
    studio.audience(None, Audience::Open(set(&[0, 1])));
    studio.microphone(None, true);
    studio.capture(10, voice);
    studio.audience(Some(20 * FRAME), Audience::Whisper(set(&[1])));
    studio
        .uplink
        .command(UplinkCommand::Unlink { slot: Slot::new(1) })
        .unwrap();
    studio.link(1, 2);
    let before = studio.got.len();
    studio.capture(20, voice);
    // Neither the audience of now nor the one to come includes the newcomer.
    assert!(
        studio.got[before..]
            .iter()
            .all(|got| got.slot == Slot::new(0))
    );
    studio.audience(None, Audience::Open(set(&[0, 1])));
    studio.capture(1, voice);
    assert_eq!(studio.got.last().unwrap().frames.len(), 1);
}

#[test]
fn a_key_is_never_taken_twice_and_an_older_generation_never_wins() {
    let mut studio = Studio::new(1);
    let again = OutboundLink::new(setup(0, 1)).unwrap();
    assert_eq!(studio.uplink.command(UplinkCommand::Link(again)), Ok(()));
    let retired = studio.uplink.take_retired();
    assert!(retired.is_some_and(|it| it.is::<OutboundLink>()));
    studio.link(0, 3);
    let older = OutboundLink::new(setup(0, 2)).unwrap();
    assert!(matches!(
        studio.uplink.command(UplinkCommand::Link(older)),
        Err(VoiceError::Outdated { .. })
    ));
    studio
        .uplink
        .command(UplinkCommand::Unlink { slot: Slot::new(0) })
        .unwrap();
    let reused = OutboundLink::new(setup(0, 1)).unwrap();
    assert_eq!(
        studio.uplink.command(UplinkCommand::Link(reused)),
        Err(VoiceError::KeyReused { slot: Slot::new(0) })
    );
}

#[test]
fn no_sequence_number_is_sealed_twice_and_two_wraps_later_all_still_opens() {
    let setup = setup(9, 1);
    let mut link = OutboundLink::new(setup.clone()).unwrap();
    let seed = 20_260_601;
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    link.start(&mut random);
    let mut ears = Srtp::new(&setup).unwrap();
    let mut opened = 0_u32;
    let mut arrived = 0_u32;
    let mut expected = None;
    for index in 0..220_000_u32 {
        let mut packet = [0x55; 40];
        let mut sealed = Vec::new();
        let sent = link.seal(
            recipient::Head {
                stream: Stream::Open,
                marker: false,
                payload_type: PayloadType::Opus,
                timestamp: Timestamp::new(index.wrapping_mul(480)),
                carried: 1,
                captured: Duration::ZERO,
            },
            &mut packet,
            |bytes| sealed.extend_from_slice(bytes),
        );
        assert!(sent);
        let header = RtpHeader::parse(&sealed).unwrap();
        let sequence = expected.get_or_insert(header.sequence);
        assert_eq!(header.sequence, *sequence);
        *sequence = *sequence + 1;
        // A tenth is lost.
        if random.next_u32() % 10 == 0 {
            continue;
        }
        arrived += 1;
        let packet = ears.open_rtp(&header, &sealed);
        opened += u32::from(packet.is_some_and(|packet| packet[12..] == [0x55; 28]));
        assert!(
            ears.open_rtp(&header, &sealed).is_none(),
            "replayed at {index}, seed {seed}"
        );
    }
    assert_eq!(opened, arrived, "seed {seed}");
}

#[test]
fn a_crowd_gets_two_frames_a_packet_and_misses_none() {
    let mut studio = Studio::new(40);
    let everyone: SlotSet = (0..40).map(Slot::new).collect();
    studio.microphone(None, true);
    studio.audience(None, Audience::Open(everyone));
    studio.capture(21, voice);
    studio.microphone(None, false);
    studio.capture(1, voice);
    for slot in 0..40 {
        let got = studio.heard_by(slot, Stream::Open);
        // Ten pairs, and the odd one on its own.
        assert_eq!(got.len(), 11);
        let mut frames: Vec<u64> = got
            .iter()
            .flat_map(|got| got.frames.iter().map(|(timestamp, _)| timestamp / FRAME))
            .collect();
        frames.sort_unstable();
        frames.dedup();
        assert_eq!(frames, (0..21).collect::<Vec<_>>());
        assert_eq!(got.iter().filter(|got| got.header.marker).count(), 1);
        // Every frame is repeated in the packet after its own.
        assert_eq!(got[3].frames.len(), 4);
        assert_eq!(got[3].frames[0].1, got[2].frames[2].1);
    }
}

#[test]
fn a_loss_report_stays_with_its_recipient() {
    let mut studio = Studio::new(2);
    studio
        .rings
        .losses
        .push(crate::pair::LossReport {
            slot: Slot::new(1),
            generation: 1,
            stream: Stream::Open,
            news: crate::pair::LossNews::Report {
                expected: 100,
                lost: 10,
                highest: SequenceNumber::new(0),
            },
            round_trip: None,
        })
        .unwrap();
    studio.capture(1, voice);
    assert_eq!(studio.uplink.reported_loss(Slot::new(0)).0, 0.0);
    assert!((studio.uplink.reported_loss(Slot::new(1)).0 - 0.1).abs() < 1e-6);
}
