//! A conversation under way allocates nothing but what is stated here.
//!
//! The exceptions: the SRTP crate allocates each packet that it seals or opens, once. Sealed control packets
//! are made that way too. Nothing else does, on either thread.

mod counting;
mod room;

use counting::allocations;
use room::*;
use sotto_voice::{Destination, FRAME_SAMPLES};

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
            let start = sender.uplink.position().0;
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

/// What both ends allocated while packets of one got lost, and what they did.
#[derive(Debug, Default)]
struct Count {
    capturing: u64,
    sealed: u64,
    receiving: u64,
    opened: u64,
    pulling: u64,
    /// Reports and feedback: sealed by one, opened by the other.
    housekeeping: u64,
    control: u64,
    listening: u64,
    heard: u64,
    /// The largest media packet, in bytes.
    largest: usize,
}

#[test]
fn more_copies_for_a_bad_link_allocate_nothing_either() {
    let mut room = Room::new(2, 5);
    for member in &mut room.members {
        member.voice = Box::new(voice);
    }
    room.run(ms(3000));
    let mut count = Count::default();
    let mut chance = 0x2545_f491_u32;
    let mut burst = 0;
    // Room for what one frame may bring, repetitions on demand included.
    let mut packets: Vec<Vec<u8>> = (0..64).map(|_| Vec::with_capacity(1500)).collect();
    let (sender_at, listener_at) = (
        Destination::Udp(address(0, 4000)),
        Destination::Udp(address(1, 4000)),
    );
    // 10 s without loss, 10 s with three of ten packets lost, 10 s with bursts of eight.
    for tick in 0..30_000_u64 {
        let now = room.now + ms(tick);
        let (sender, listener) = room.members.split_at_mut(1);
        let (sender, listener) = (&mut sender[0], &mut listener[0]);
        let mut filled = 0;
        if tick % 10 == 0 {
            let start = sender.uplink.position().0;
            let frame: [f32; FRAME_SAMPLES] =
                std::array::from_fn(|offset| voice(start + offset as u64));
            count.capturing += allocations(|| {
                sender.uplink.capture(&frame, now, &mut |to, bytes| {
                    count.sealed += 1;
                    if to == listener_at && filled < packets.len() {
                        packets[filled].clear();
                        packets[filled].extend_from_slice(bytes);
                        filled += 1;
                    }
                });
            });
        }
        for packet in &packets[..filled] {
            count.largest = count.largest.max(packet.len());
            chance ^= chance << 13;
            chance ^= chance >> 17;
            chance ^= chance << 5;
            let lost = match tick / 10_000 {
                0 => false,
                1 => chance % 10 < 3,
                _ if burst > 0 => {
                    burst -= 1;
                    true
                }
                _ => {
                    burst = if chance.is_multiple_of(32) { 7 } else { 0 };
                    burst > 0
                }
            };
            if !lost {
                count.opened += 1;
                count.receiving +=
                    allocations(|| listener.downlink.receive(sender_at, packet, now));
            }
        }
        if tick % 10 == 5 {
            let mut block = [0.0; FRAME_SAMPLES];
            count.pulling += allocations(|| listener.downlink.pull(&mut block, now));
        }
        for (from, to, source) in [(1, 0, listener_at), (0, 1, sender_at)] {
            let mut waiting = 0;
            let member = &mut room.members[from];
            count.housekeeping += allocations(|| {
                if member.downlink.next_timeout().is_some_and(|due| due <= now) {
                    member.downlink.handle_timeout(now);
                }
                while let Some((_, bytes)) = member.downlink.poll_transmit() {
                    count.control += 1;
                    if waiting < packets.len() {
                        packets[waiting].clear();
                        packets[waiting].extend_from_slice(bytes);
                        waiting += 1;
                    }
                }
                while member.downlink.poll_event().is_some() {}
            });
            let other = &mut room.members[to];
            for packet in &packets[..waiting] {
                count.heard += 1;
                count.listening += allocations(|| other.downlink.receive(source, packet, now));
            }
        }
    }
    println!("{count:?}");
    assert!(
        count.largest > 4 * 60,
        "no packet carried more than a copy or two"
    );
    assert_eq!(count.capturing, count.sealed);
    assert_eq!(count.receiving, count.opened);
    assert_eq!(count.pulling, 0);
    assert!(count.control > 200);
    assert!(count.housekeeping <= count.control, "{count:?}");
    // Each control packet is opened once; what is answered at once is sealed, too.
    assert!(count.listening <= 2 * count.heard, "{count:?}");
}
