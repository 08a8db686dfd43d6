//! What a frame costs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sotto_voice::{FRAME_SAMPLES, Processor, ProcessorSettings, Reference};

/// The system's allocator with a count.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

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
    let (mut times, mut allocations) = (Vec::with_capacity(3000), 0);
    for index in 0..3500 {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let begin = Instant::now();
        frame();
        let time = begin.elapsed();
        if index >= 500 {
            allocations += ALLOCATIONS.load(Ordering::Relaxed) - before;
            times.push(time);
        }
    }
    times.sort();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{name:34} {:8.1} {:8.1} {:12.1}",
        micros(times[0]),
        micros(times[times.len() / 2]),
        allocations as f64 / times.len() as f64
    );
}
