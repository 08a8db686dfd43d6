//! The filter is moved for a distance that stays, and for nothing less.

use super::*;

/// Returns whether the filter moves while `frames` are found to be so far, in ms.
fn moves(distance: &mut Distance, found: usize, frames: u32) -> bool {
    (0..frames).any(|_| distance.follow(found))
}

#[test]
fn one_stray_estimate_moves_nothing() {
    let mut distance = Distance::new();
    assert!(!moves(&mut distance, 20, 50));
    for stray in [200, 60, 204, 200] {
        assert!(!moves(&mut distance, stray, STEADY - 1));
    }
    assert!(!moves(&mut distance, 20, 50));
    assert!(moves(&mut distance, 200, STEADY));
    assert_eq!(distance.held, 200 - AHEAD);
    assert!(!moves(&mut distance, 200, 50));
    assert!(!moves(&mut distance, 0, STEADY - 1));
    assert!(moves(&mut distance, 0, 1));
    assert_eq!(distance.held, 0);
}
