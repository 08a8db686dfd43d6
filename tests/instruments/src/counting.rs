//! An allocator that counts for each thread: how often something was allocated, and how much memory is held.
//!
//! A program that counts makes it its own:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: sotto_instruments::Counting = sotto_instruments::Counting;
//! ```
//!
//! In any other program all counts stay zero.

#![allow(unsafe_code)] // an allocator is unsafe by nature; this one hands everything on

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator with counts for the current thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
    /// The most that was held since the last [`needed`].
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

/// Counts so many allocations of so many bytes. At the end of a thread there may be nothing left to count with.
fn note(allocations: u64, bytes: i64) {
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + allocations));
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: everything is passed on to the system's allocator unchanged; the counts are thread-local integers
// whose access neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Where memory moves, both pieces are held for a moment.
        note(1, size as i64);
        note(0, -(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Returns how often `work` allocates on this thread.
pub fn allocations(work: impl FnOnce()) -> u64 {
    counted(work).1
}

/// Returns what `work` returns, and how often it allocates on this thread.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (result, ALLOCATIONS.with(Cell::get) - before)
}

/// Returns the bytes that this thread allocated and did not free. What C libraries allocate does not count.
pub fn held() -> i64 {
    HELD.with(Cell::get)
}

/// Returns how much more memory than before `work` needs at once, in bytes, on this thread.
pub fn needed(work: impl FnOnce()) -> usize {
    let before = held();
    PEAK.with(|peak| peak.set(before));
    work();
    usize::try_from(PEAK.with(Cell::get) - before).unwrap_or(0)
}
