//! A conversation under way allocates nothing but what is stated here.
//!
//! The exceptions: the SRTP crate allocates each packet that it seals or opens, once. Sealed control packets
//! are made that way too. Echo cancellation and level control allocate in every frame, inside the crates that do
//! them. Nothing else does, on either thread.

mod room;

use room::*;
use sotto_instruments::{Counting, allocations};
use sotto_voice::codec::{Encoder, MAX_FRAME_BYTES};
use sotto_voice::playout::{EncodedFrame, Packet, PlayoutConfig, SenderPlayout};
use sotto_voice::{
    Destination, FRAME_SAMPLES, Processor, ProcessorSettings, Reference, SequenceNumber, Stream,
    Timestamp, UplinkCommand,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_conversation_under_way_allocates_once_a_packet_and_no_more() {
    let mut room = Room::new(3, 1);
    for member in &mut room.members {
        member.voice = Box::new(voice);
    }
    room.run(ms(3000));
    let (mut sealed, mut opened, mut control) = (0_u64, 0_u64, 0_u64);
    let (mut capturing, mut receiving, mut pulling, mut housekeeping) = (0, 0, 0, 0);
    let mut packets: Vec<Vec<u8>> = Vec::new();
    let mut sound = 0;
    for tick in 0..5000_u64 {
        let now = room.now + ms(tick);
        if tick % 10 == 0 {
            let (sender, listener) = room.members.split_at_mut(1);
            let (sender, listener) = (&mut sender[0], &mut listener[0]);
            let start = sender.uplink.position().number();
            let frame: [f32; FRAME_SAMPLES] =
                std::array::from_fn(|offset| voice(start + offset as u64));
            for packet in &mut packets {
                packet.clear();
            }
            packets.resize_with(2, || Vec::with_capacity(1500));
            let mut count = 0;
            capturing += allocations(|| {
                sender.uplink.capture(&frame, now, &mut |to, bytes| {
                    if to == Destination::Udp(address(1, 4000)) {
                        packets[0].extend_from_slice(bytes);
                    }
                    count += 1;
                });
            });
            sealed += count;
            // Every twentieth is lost, so that concealment and feedback take part.
            if tick % 200 != 0 {
                let source = Destination::Udp(address(0, 4000));
                receiving += allocations(|| listener.downlink.receive(source, &packets[0], now));
                opened += 1;
            }
        }
        let listener = &mut room.members[1];
        if tick % 10 == 5 {
            let mut block = [0.0; FRAME_SAMPLES];
            pulling += allocations(|| listener.downlink.pull(&mut block, now));
            sound += u64::from(level(&block) > -60.0);
        }
        if listener
            .downlink
            .next_timeout()
            .is_some_and(|due| due <= now)
        {
            housekeeping += allocations(|| listener.downlink.handle_timeout(now));
        }
        housekeeping += allocations(|| {
            while listener.downlink.poll_transmit().is_some() {
                control += 1;
            }
            while listener.downlink.poll_event().is_some() {}
        });
    }
    println!(
        "500 frames: {capturing} allocations for {sealed} packets sealed, {receiving} for {opened} opened, \
         {pulling} for 500 pulls, {housekeeping} for {control} control packets"
    );
    assert_eq!(sealed, 1000);
    assert!(sound > 400, "only {sound} of 500 blocks had sound");
    assert_eq!(capturing, sealed);
    assert_eq!(receiving, opened);
    assert_eq!(pulling, 0);
    assert!(control > 20);
    assert!(
        housekeeping <= control,
        "{housekeeping} for {control} control packets"
    );
}

#[test]
fn processing_adds_what_its_crate_allocates_and_no_more() {
    let settings = ProcessorSettings {
        echo_cancellation: true,
        noise_suppression: true,
        gain_control: true,
    };
    let mut room = Room::new(2, 1);
    for member in &mut room.members {
        member.voice = Box::new(voice);
    }
    room.run(ms(3000));
    let mut now = room.now;
    let uplink = &mut room.members[0].uplink;
    let processor = Processor::new(settings);
    uplink
        .command(UplinkCommand::Processing(Some(processor)))
        .unwrap();
    // It takes its place behind the next frame.
    uplink.capture(&[0.0; FRAME_SAMPLES], now, &mut |_, _| ());
    // The same processor alone, with the same sound.
    let mut alone = Processor::new(settings);
    let mut reference = Reference::new(48_000);
    let (mut together, mut apart, mut referring, mut sealed) = (0, 0, 0, 0);
    for _ in 0..500 {
        now += ms(10);
        let start = uplink.position().number();
        let mut frame: [f32; FRAME_SAMPLES] =
            std::array::from_fn(|offset| voice(start + offset as u64));
        let mut played = [0.0; FRAME_SAMPLES];
        referring += allocations(|| {
            reference.played(&frame, now);
            played = reference.frame(now);
        });
        together += allocations(|| {
            uplink.capture_with_reference(&frame, &played, now, &mut |_, _| sealed += 1);
        });
        apart += allocations(|| {
            alone.process(&mut frame, &played);
        });
    }
    println!("500 frames: {together} allocations, {apart} of them in processing, {sealed} packets");
    assert_eq!(sealed, 500);
    assert!(apart > 0);
    assert_eq!(together, apart + sealed);
    assert_eq!(referring, 0);
}

#[test]
fn what_is_brought_back_from_a_memory_allocates_nothing() {
    let mut encoder = Encoder::remembering().unwrap();
    let mut playout = SenderPlayout::new(PlayoutConfig::default()).unwrap();
    let mut arrivals = Vec::new();
    for frame in 0..1000_u64 {
        let sound: [f32; FRAME_SAMPLES] =
            std::array::from_fn(|offset| voice(frame * FRAME_SAMPLES as u64 + offset as u64));
        let mut bytes = vec![0; MAX_FRAME_BYTES];
        let length = encoder.encode(&sound, &mut bytes).unwrap();
        bytes.truncate(length);
        // Some come so late that all wait, and eight in a row never come.
        let late = if frame % 7 == 0 { ms(100) } else { ms(0) };
        if frame % 50 < 42 {
            arrivals.push((ms(10 * frame) + late, frame, bytes));
        }
    }
    arrivals.sort_by_key(|(at, ..)| *at);
    let mut arrivals = arrivals.into_iter().peekable();
    let mut allocated = 0;
    for tick in 0..1000 {
        let now = ms(10 * tick);
        while let Some((at, frame, bytes)) = arrivals.next_if(|(at, ..)| *at <= now) {
            let timestamp = Timestamp::new((frame * FRAME_SAMPLES as u64) as u32);
            let packet = Packet {
                stream: Stream::Open,
                sequence: SequenceNumber::new(frame as u16),
                timestamp,
                marker: frame == 0,
                frames: &[EncodedFrame {
                    timestamp,
                    payload: &bytes,
                }],
            };
            allocated += allocations(|| _ = playout.insert(&packet, at));
        }
        let mut block = [0.0; FRAME_SAMPLES];
        allocated += allocations(|| _ = playout.pull(&mut block, now));
    }
    let stats = playout.stats();
    println!("{} of {} brought back", stats.recalled, stats.concealed);
    assert!(stats.recalled > 50, "{stats:?}");
    assert_eq!(allocated, 0);
}
