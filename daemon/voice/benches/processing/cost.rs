//! What a frame costs.

use std::time::{Duration, Instant};

use sotto_instruments::{Counting, allocations};
use sotto_voice::{FRAME_SAMPLES, Processor, ProcessorSettings, Reference};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Prints the fastest and the median of many frames, and the allocations in one.
pub(crate) fn report(far: &[f32], near: &[f32]) {
    println!("\nCost of a frame of 10 ms");
    println!(
        "{:34} {:>8} {:>8} {:>12}",
        "", "least us", "median", "allocations"
    );
    let settings = |echo, noise, gain| ProcessorSettings {
        echo_cancellation: echo,
        noise_suppression: noise,
        gain_control: gain,
    };
    for (name, settings) in [
        ("echo", settings(true, false, false)),
        ("noise", settings(false, true, false)),
        ("level", settings(false, false, true)),
        ("noise, level", settings(false, true, true)),
        ("echo, noise, level", settings(true, true, true)),
    ] {
        let mut processor = Processor::new(settings);
        let mut at = 0;
        row(name, || {
            let mut frame: [f32; FRAME_SAMPLES] =
                std::array::from_fn(|n| near[at + n] + 0.3 * far[at + n]);
            let reference: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| far[at + n]);
            at += FRAME_SAMPLES;
            processor.process(&mut frame, &reference);
        });
    }
    let mut reference = Reference::new(48_000);
    let mut at = 0;
    row("the reference", || {
        let now = Duration::from_micros(at as u64 * 1_000_000 / 48_000);
        reference.played(&far[at..at + FRAME_SAMPLES], now);
        reference.frame(now);
        at += FRAME_SAMPLES;
    });
}

fn row(name: &str, mut frame: impl FnMut()) {
    let (mut times, mut allocated) = (Vec::with_capacity(3000), 0);
    for index in 0..3500 {
        let mut time = Duration::ZERO;
        let count = allocations(|| {
            let begin = Instant::now();
            frame();
            time = begin.elapsed();
        });
        if index >= 500 {
            allocated += count;
            times.push(time);
        }
    }
    times.sort();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{name:34} {:8.1} {:8.1} {:12.1}",
        micros(times[0]),
        micros(times[times.len() / 2]),
        allocated as f64 / times.len() as f64
    );
}
