//! What holds for phone calls whoever reports them.

/// More calls than this at a time are not a phone's; the rest is not counted.
pub(super) const MOST_CALLS: usize = 32;
