//! The way to the caller, who may be slow.

use std::{collections::VecDeque, future::pending};

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::NetworkEvent;

/// Kept aside beyond the channel; above this, gossip and requests are dropped.
const BACKLOG: usize = 256;
/// Above this, the swarm is not polled. Changes of connection alone fill it only if the caller has stopped.
const STANDSTILL: usize = 4096;

/// Events for the caller, in their order. Those that find the channel full are kept aside.
#[derive(Debug)]
pub(super) struct Events {
    sender: mpsc::Sender<NetworkEvent>,
    backlog: VecDeque<NetworkEvent>,
}

impl Events {
    pub(super) fn new(sender: mpsc::Sender<NetworkEvent>) -> Self {
        Self {
            sender,
            backlog: VecDeque::new(),
        }
    }

    /// Hands an event to the caller, or keeps it for when there is room.
    pub(super) fn emit(&mut self, event: NetworkEvent) {
        if !self.backlog.is_empty() {
            self.backlog.push_back(event);
        } else if let Err(TrySendError::Full(event)) = self.sender.try_send(event) {
            self.backlog.push_back(event);
        }
    }

    /// Waits for room and hands over the oldest event that was kept; for ever if there is none. Cancel safe.
    pub(super) async fn catch_up(&mut self) {
        if self.backlog.is_empty() {
            pending::<()>().await;
        }
        match self.sender.reserve().await {
            Ok(permit) => {
                if let Some(event) = self.backlog.pop_front() {
                    permit.send(event);
                }
            }
            // Nobody listens any more; shutdown will follow.
            Err(_) => self.backlog.clear(),
        }
    }

    /// Returns whether the caller is so far behind that gossip and requests must be dropped.
    pub(super) fn is_behind(&self) -> bool {
        self.backlog.len() >= BACKLOG
    }

    /// Returns whether the caller is so far behind that the swarm must be left alone.
    pub(super) fn is_at_standstill(&self) -> bool {
        self.backlog.len() >= STANDSTILL
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::NodeId;

    /// An event that tells its number.
    fn event(number: usize) -> NetworkEvent {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        let peer = NodeId(key);
        NetworkEvent::Expired { peer }
    }

    fn is(received: Option<NetworkEvent>, number: usize) -> bool {
        let Some(NetworkEvent::Expired { peer }) = received else {
            return false;
        };
        peer.0[..8] == number.to_be_bytes()
    }

    /// Events for a caller with room for one.
    fn events() -> (Events, mpsc::Receiver<NetworkEvent>) {
        let (sender, receiver) = mpsc::channel(1);
        (Events::new(sender), receiver)
    }

    #[test]
    fn a_slow_caller_gets_everything_in_its_order() {
        let (mut events, mut caller) = events();
        for number in 0..3 {
            events.emit(event(number));
        }
        assert!(events.catch_up().now_or_never().is_none(), "no room");
        for number in 0..2 {
            assert!(is(caller.try_recv().ok(), number));
            if number == 0 {
                // Nothing overtakes what was kept, though there is room.
                events.emit(event(3));
            }
            assert!(events.catch_up().now_or_never().is_some());
        }
        assert!(is(caller.try_recv().ok(), 2));
        assert!(events.catch_up().now_or_never().is_some());
        assert!(is(caller.try_recv().ok(), 3));
        assert!(events.catch_up().now_or_never().is_none(), "all is told");
    }

    #[test]
    fn a_caller_who_stops_is_noticed_in_two_steps() {
        let (mut events, _caller) = events();
        let mut behind = None;
        for number in 0.. {
            if events.is_behind() && behind.is_none() {
                behind = Some(number);
            }
            if events.is_at_standstill() {
                assert_eq!((behind, number), (Some(1 + BACKLOG), 1 + STANDSTILL));
                return;
            }
            events.emit(event(number));
        }
    }

    #[test]
    fn nothing_is_kept_for_a_caller_who_is_gone() {
        let (mut events, caller) = events();
        for number in 0..3 {
            events.emit(event(number));
        }
        drop(caller);
        assert!(events.catch_up().now_or_never().is_some());
        assert!(events.backlog.is_empty());
    }
}
