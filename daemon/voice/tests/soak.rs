//! A day on a virtual clock: delay does not creep, memory does not grow, and every number that counts up wraps.
//!
//! The talker speaks for a second now and then, and for a minute without pause in the first hour and the last. Its clock
//! runs 200 ppm fast: 17 s in a day, which have to go somewhere. In a day its sequence numbers wrap, and its timestamps
//! (24.8 hours, from a random beginning).

mod room;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use room::*;
use sotto_instruments::{Chance, Counting, held};
use sotto_voice::wire::is_rtcp;
use sotto_voice::wire::rtp::RtpHeader;
use sotto_voice::{Destination, FRAME_SAMPLES, FrameLength};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A packet on its way: when it arrives (ns), its number, to whom, and its bytes.
type Arrival = Reverse<(u64, u64, usize, Vec<u8>)>;

/// A second, in frames.
const SECOND: u64 = 100;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Between the talker's clock and ours, in parts per million.
const DRIFT: f64 = 200.0;

/// Whether the microphone is open in this frame.
fn talks(frame: u64) -> bool {
    // The minutes without pause: the second of the first hour, and one before the end.
    let long = [MINUTE, 24 * HOUR - 2 * MINUTE];
    frame % (2 * MINUTE) < SECOND
        || long
            .iter()
            .any(|from| (*from..from + MINUTE).contains(&frame))
}

/// Delays of what was played, by the hour in which it was said.
#[derive(Debug, Clone, Copy, Default)]
struct Delays {
    sum: f64,
    count: u32,
    largest: f64,
}

impl Delays {
    fn mean(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }
}

#[test]
#[ignore = "takes half a minute; 'cargo xtask test' runs it beside the others"]
fn after_a_day_the_delay_and_the_memory_are_what_they_were_after_an_hour() {
    let began = Instant::now();
    let seed = 11;
    let mut room = Room::new(2, seed);
    room.run(ms(500));
    // Ahead of the clock that captures: what the room captured so far.
    let before = room.members[0].uplink.position().number() / FRAME_SAMPLES as u64;
    let frame_time = 10e6 / (1.0 + DRIFT * 1e-6);
    let beginning = room.now.as_nanos() as f64 - before as f64 * frame_time;
    let mut network: BinaryHeap<Arrival> = BinaryHeap::new();
    let mut chance = Chance::new(seed);
    let mut sent = 0;
    let mut media = 0_u32;
    let mut origin = None;
    let (mut newest, mut timestamp_wraps) = (None, 0);
    let (mut sequence, mut sequence_wraps) = (None, 0);
    let mut hours = [Delays::default(); 24];
    let mut memory = Vec::new();
    let sounds: Vec<[f32; FRAME_SAMPLES]> = (0..SECOND)
        .map(|index| std::array::from_fn(|n| voice(index * FRAME_SAMPLES as u64 + n as u64)))
        .collect();
    let mut open = true;
    let mut frame = before;
    let mut pulls = 0_u64;
    let first_pull = room.now.as_nanos() as u64 + 3_000_000;
    while frame < 24 * HOUR {
        let capture = (beginning + (frame + 1) as f64 * frame_time) as u64;
        let pull = first_pull + pulls * 10_000_000;
        let at = capture.min(pull);
        // Everything that happens before the next turn of a device, on the next millisecond.
        let mut now = at;
        if let Some(Reverse((due, ..))) = network.peek() {
            now = now.min(*due);
        }
        let moment = Duration::from_nanos(now);
        for index in 0..2 {
            let member = &mut room.members[index];
            if member
                .downlink
                .next_timeout()
                .is_some_and(|due| due <= moment)
            {
                member.downlink.handle_timeout(moment);
            }
        }
        if now < at {
            if let Some(Reverse((_, _, to, bytes))) = network.pop() {
                let from = Destination::Udp(address(1 - to, 4000));
                room.members[to].downlink.receive(from, &bytes, moment);
            }
        } else if at == capture {
            if talks(frame) != open {
                open = !open;
                room.microphone(0, open);
            }
            let sound = &sounds[(frame % SECOND) as usize];
            let mut packets = Vec::new();
            room.members[0]
                .uplink
                .capture(sound, moment, &mut |_, bytes| packets.push(bytes.to_vec()));
            for bytes in packets {
                if let Some(header) = RtpHeader::parse(&bytes).filter(|_| !is_rtcp(&bytes)) {
                    media += 1;
                    let captured = FrameLength::Usual.count() * frame as i64;
                    origin.get_or_insert(header.timestamp - captured);
                    let number = header.timestamp.number();
                    let before = newest.replace(number);
                    timestamp_wraps += u32::from(before.is_some_and(|it| it > number));
                    let number = header.sequence.number();
                    let before = sequence.replace(number);
                    sequence_wraps += u32::from(before.is_some_and(|it| it > number));
                }
                // One in a hundred is lost, the others take up to 8 ms longer.
                if !chance.percent(1) {
                    sent += 1;
                    let takes = 200_000 + u64::from(chance.below(8_000)) * 1_000;
                    network.push(Reverse((now + takes, sent, 1, bytes)));
                }
            }
            frame += 1;
            if frame.is_multiple_of(HOUR) {
                memory.push(held());
            }
        } else {
            pulls += 1;
            let mut block = [0.0; FRAME_SAMPLES];
            let listener = &mut room.members[1];
            listener.downlink.pull(&mut block, moment);
            if let (Some(played), Some(origin)) = (listener.downlink.played(slot(0)), origin) {
                // Within a lap of 2³² samples of what is captured just now.
                let captured = FrameLength::Usual.count() * frame as i64;
                let behind = (origin + captured).ahead_of(played.timestamp);
                let said = (captured - behind).number() as f64;
                let captured = beginning + said / FRAME_SAMPLES as f64 * frame_time;
                let delay = (played.at.as_nanos() as f64 - captured) / 1e6;
                let hour = &mut hours[((frame / HOUR) as usize).min(23)];
                hour.sum += delay;
                hour.count += 1;
                hour.largest = hour.largest.max(delay);
            }
        }
        for index in 0..2 {
            let member = &mut room.members[index];
            while let Some((_, bytes)) = member.downlink.poll_transmit() {
                sent += 1;
                network.push(Reverse((now + 300_000, sent, 1 - index, bytes.to_vec())));
            }
            while member.downlink.poll_event().is_some() {}
        }
    }
    println!(
        "seed {seed}, {:.0} s for a day",
        began.elapsed().as_secs_f64()
    );
    println!(
        "{media} packets, {sequence_wraps} wraps of the sequence, {timestamp_wraps} of the timestamp"
    );
    for (number, hour) in hours.iter().enumerate() {
        println!(
            "hour {number:2}: delay {:.1} ms, at most {:.1}; {} bytes held",
            hour.mean(),
            hour.largest,
            memory.get(number).copied().unwrap_or_default()
        );
    }
    assert!(sequence_wraps >= 1 && timestamp_wraps == 1);
    for (number, hour) in hours.iter().enumerate() {
        assert!(
            hour.count >= 2_500,
            "hour {number}: only {} blocks",
            hour.count
        );
        let change = hour.mean() - hours[1].mean();
        assert!(change.abs() < 5.0, "hour {number}: {change} ms");
        assert!(hour.largest < 120.0, "hour {number}: {} ms", hour.largest);
    }
    // What the queues and the network hold differs by what is just under way.
    let grown = memory[23] - memory[0];
    assert!(grown < 16_384, "{grown} bytes more after a day");
}
