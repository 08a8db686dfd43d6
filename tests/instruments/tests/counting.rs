//! The counting allocator counts.

use std::hint::black_box;

use sotto_instruments::{Counting, allocations, held, needed};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn allocations_and_memory_are_counted_on_the_thread_that_causes_them() {
    let before = held();
    let mut kept = Vec::new();
    assert_eq!(allocations(|| kept = black_box(vec![0_u8; 1000])), 1);
    assert_eq!(held() - before, 1000);
    assert_eq!(allocations(|| kept.reserve_exact(1000)), 1);
    assert_eq!(held() - before, 2000);
    drop(kept);
    assert_eq!(held(), before);
    let elsewhere = allocations(|| {
        std::thread::scope(|scope| {
            let counted = scope.spawn(|| allocations(|| drop(black_box(vec![0_u8; 10]))));
            assert_eq!(counted.join().ok(), Some(1));
        });
    });
    assert!(elsewhere > 0, "a thread is started by its starter");
}

#[test]
fn what_is_needed_at_once_is_the_peak() {
    let needs = needed(|| {
        drop(black_box(vec![0_u8; 5000]));
        drop(black_box(vec![0_u8; 3000]));
    });
    assert_eq!(needs, 5000);
    let grows = needed(|| {
        let mut list = black_box(vec![0_u8; 1000]);
        list.reserve_exact(1000);
        black_box(&list);
    });
    assert_eq!(grows, 3000);
}
