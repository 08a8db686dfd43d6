//! What it costs to speak to 200 listeners, and to hear three of twenty.
//!
//! `send/200` is the processor time of one 10 ms frame: encoding it once and putting together and sealing
//! each recipient's packet. Divided by 10 ms it is the share of one core.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use sotto_voice::downlink::{ControlLink, InboundLink};
use sotto_voice::playout::PlayoutConfig;
use sotto_voice::uplink::OutboundLink;
use sotto_voice::{
    Audience, Destination, Downlink, DownlinkCommand, FRAME_SAMPLES, LinkSetup, MediaKeys, Slot,
    SlotSet, Ssrc, Uplink, UplinkCommand, VoiceConfig, VoiceError, voice_pair,
};

fn setup(slot: usize, number: u32) -> LinkSetup {
    LinkSetup {
        slot: Slot::from_index(slot).unwrap_or(Slot::new(0)),
        generation: 1,
        keys: MediaKeys {
            key: std::array::from_fn(|index| (number >> (8 * (index % 4))) as u8),
            salt: [slot as u8; 12],
        },
        open_ssrc: Ssrc::new(2 * number),
        whisper_ssrc: Ssrc::new(2 * number + 1),
    }
}

/// A talker whose `listeners` are reached over streams, which need no echo.
fn talker(listeners: usize) -> Result<(Uplink, Downlink), VoiceError> {
    let (mut uplink, mut downlink) = voice_pair(&VoiceConfig::new([1; 32]))?;
    for slot in 0..listeners {
        let setup = setup(slot, slot as u32 + 1);
        uplink.command(UplinkCommand::Link(OutboundLink::new(setup.clone())?))?;
        let control = ControlLink::new(setup, ([10, 0, 0, 1], 4000).into())?;
        downlink.command(DownlinkCommand::Outbound(control), Duration::ZERO)?;
    }
    downlink.handle_timeout(Duration::from_secs(3));
    while downlink.poll_transmit().is_some() {}
    let audience: SlotSet = (0..listeners).filter_map(Slot::from_index).collect();
    uplink.command(UplinkCommand::Audience {
        at: None,
        audience: Audience::Open(audience),
    })?;
    uplink.command(UplinkCommand::Microphone {
        at: None,
        open: true,
    })?;
    Ok((uplink, downlink))
}

/// One frame of something that keeps the encoder busy.
fn frame(start: u64) -> [f32; FRAME_SAMPLES] {
    std::array::from_fn(|offset| {
        let time = (start + offset as u64) as f64 / 48_000.0;
        let sum: f64 = (1..12)
            .map(|harmonic| {
                (120.0 * time * f64::from(harmonic) * std::f64::consts::TAU).sin()
                    / f64::from(harmonic)
            })
            .sum();
        (0.2 * (0.6 + 0.4 * (25.0 * time).sin()) * sum) as f32
    })
}

fn send(criterion: &mut Criterion) {
    let sound: Vec<_> = (0..100).map(|index| frame(index * 480)).collect();
    for listeners in [1, 8, 31, 200] {
        let Ok((mut uplink, _downlink)) = talker(listeners) else {
            continue;
        };
        let mut bytes = 0_u64;
        let mut index = 0;
        criterion.bench_function(&format!("send/{listeners}"), |bencher| {
            bencher.iter(|| {
                index += 1;
                uplink.capture(&sound[index % 100], Duration::ZERO, &mut |to, packet| {
                    bytes += black_box(packet).len() as u64;
                    black_box(to);
                });
            });
        });
        let frames = uplink.stats().frames.max(1);
        println!(
            "send/{listeners}: {:.2} packets and {} bytes a frame",
            uplink.stats().packets as f64 / frames as f64,
            bytes / frames
        );
    }
}

fn receive(criterion: &mut Criterion) {
    // Three of twenty speak; what is measured is 10 ms of receiving and playing all of them.
    let run = || -> Result<_, VoiceError> {
        let (_, mut downlink) = voice_pair(&VoiceConfig::new([2; 32]))?;
        let mut talkers = Vec::new();
        for slot in 0..20 {
            let setup = setup(slot, slot as u32 + 1);
            let inbound = InboundLink::new(setup.clone(), PlayoutConfig::default())?;
            downlink.command(DownlinkCommand::Inbound(inbound), Duration::ZERO)?;
            if slot < 3 {
                let (mut uplink, mut proof) = voice_pair(&VoiceConfig::new([slot as u8 + 9; 32]))?;
                uplink.command(UplinkCommand::Link(OutboundLink::new(setup.clone())?))?;
                let control = ControlLink::new(setup.clone(), ([10, 0, 0, 1], 4000).into())?;
                proof.command(DownlinkCommand::Outbound(control), Duration::ZERO)?;
                proof.handle_timeout(Duration::from_secs(3));
                uplink.command(UplinkCommand::Audience {
                    at: None,
                    audience: Audience::Open(SlotSet::only(setup.slot)),
                })?;
                uplink.command(UplinkCommand::Microphone {
                    at: None,
                    open: true,
                })?;
                talkers.push((setup.slot, uplink));
            }
        }
        Ok((downlink, talkers))
    };
    let Ok((mut downlink, mut talkers)) = run() else {
        return;
    };
    let mut now = Duration::from_secs(10);
    let mut start = 0;
    criterion.bench_function("receive/3 of 20", |bencher| {
        bencher.iter_custom(|count| {
            let mut spent = Duration::ZERO;
            for _ in 0..count {
                let sound = frame(start);
                start += 480;
                now += Duration::from_millis(10);
                let mut packets = Vec::new();
                for (slot, uplink) in &mut talkers {
                    uplink.capture(&sound, now, &mut |_, packet| {
                        packets.push((Destination::Stream(*slot), packet.to_vec()));
                    });
                }
                let began = std::time::Instant::now();
                for (source, packet) in &packets {
                    downlink.receive(*source, packet, now);
                }
                let mut block = [0.0; FRAME_SAMPLES];
                downlink.pull(&mut block, now);
                downlink.handle_timeout(now);
                black_box(&block);
                spent += began.elapsed();
                while downlink.poll_event().is_some() {}
            }
            spent
        });
    });
}

criterion_group!(benches, send, receive);
criterion_main!(benches);
