//! What a voice thread no longer needs.

use std::collections::VecDeque;
use std::fmt;

/// Something that is only to be dropped. Freeing it takes time, so that should happen where nobody waits.
pub struct Retired {
    what: &'static str,
    #[expect(dead_code, reason = "held only to be dropped")]
    unneeded: Box<dyn Send>,
}

impl Retired {
    /// Tells whether it is of this type.
    #[cfg(test)]
    pub(crate) fn is<T>(&self) -> bool {
        self.what == std::any::type_name::<T>()
    }

    /// Retires what is in this box.
    pub fn new<T: Send + 'static>(unneeded: Box<T>) -> Self {
        Self {
            what: std::any::type_name::<T>(),
            unneeded,
        }
    }
}

impl fmt::Debug for Retired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Retired({})", self.what)
    }
}

/// What waits to be taken away. It takes memory once and for all.
#[derive(Debug)]
pub(crate) struct RetiredQueue(VecDeque<Retired>);

impl RetiredQueue {
    /// Returns an empty queue with room for so much.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(VecDeque::with_capacity(capacity))
    }

    /// Adds what is in this box. If nobody takes anything away, the oldest is freed here, late but bounded.
    pub(crate) fn push<T: Send + 'static>(&mut self, unneeded: Box<T>) {
        if self.0.len() == self.0.capacity() {
            self.0.pop_front();
        }
        self.0.push_back(Retired::new(unneeded));
    }

    /// Takes the oldest away.
    pub(crate) fn pop(&mut self) -> Option<Retired> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_retired_is_dropped_by_whoever_takes_it_or_when_the_queue_is_full() {
        let thing = Arc::new(());
        let mut queue = RetiredQueue::with_capacity(4);
        let capacity = queue.0.capacity();
        for _ in 0..2 * capacity {
            queue.push(Box::new(Arc::clone(&thing)));
        }
        assert_eq!(Arc::strong_count(&thing), 1 + capacity);
        assert_eq!(queue.0.capacity(), capacity);
        let taken = queue.pop();
        assert_eq!(Arc::strong_count(&thing), 1 + capacity);
        drop(taken);
        assert_eq!(Arc::strong_count(&thing), capacity);
    }
}
