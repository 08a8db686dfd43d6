//! The programs that are connected, and what is known of them.

use std::collections::HashMap;

use sotto_control::Event;
use sotto_control::server::{ConnectionId, Outbox};

/// Every connected program, and which of them did what the user may want to know.
///
/// `O` is where events for one of them go.
#[derive(Debug)]
pub(super) struct Clients<O = Outbox> {
    outboxes: HashMap<ConnectionId, O>,
    held_by: Option<ConnectionId>,
    pressed_by: Option<ConnectionId>,
    unmuted_by: Option<String>,
    joined_by: Option<String>,
}

impl<O> Default for Clients<O> {
    fn default() -> Self {
        Self {
            outboxes: HashMap::new(),
            held_by: None,
            pressed_by: None,
            unmuted_by: None,
            joined_by: None,
        }
    }
}

impl<O> Clients<O> {
    /// Notes a new connection.
    pub(super) fn opened(&mut self, connection: ConnectionId, outbox: O) {
        self.outboxes.insert(connection, outbox);
    }

    /// Forgets a connection; a whisper or a press that it holds is still to be ended.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        self.outboxes.remove(&connection);
    }

    /// Notes whether the whisper that has just begun lasts as long as `connection` holds it.
    pub(super) fn whispers(&mut self, connection: ConnectionId, hold: bool) {
        self.held_by = hold.then_some(connection);
    }

    /// Notes that nobody holds a whisper any more.
    pub(super) fn lets_go(&mut self) {
        self.held_by = None;
    }

    /// Returns whether `connection` holds a whisper.
    pub(super) fn holds(&self, connection: ConnectionId) -> bool {
        self.held_by == Some(connection)
    }

    /// Takes the hold from `connection`; returns whether it had one.
    pub(super) fn take_hold(&mut self, connection: ConnectionId) -> bool {
        self.held_by
            .take_if(|holder| *holder == connection)
            .is_some()
    }

    /// Notes who holds the press that has just begun: `None` if it lasts without a holder.
    pub(super) fn pressed(&mut self, by: Option<ConnectionId>) {
        self.pressed_by = by;
    }

    /// Returns whether `connection` has pressed last and not let go, whether or not the microphone is still open for it.
    pub(super) fn holds_press(&self, connection: ConnectionId) -> bool {
        self.pressed_by == Some(connection)
    }

    /// Notes that `connection` has let go; returns whether it held a press.
    pub(super) fn take_press(&mut self, connection: ConnectionId) -> bool {
        self.pressed_by
            .take_if(|holder| *holder == connection)
            .is_some()
    }

    /// Notes which client opened the microphone last; `None` closed it.
    pub(super) fn set_unmuted_by(&mut self, client: Option<&str>) {
        self.unmuted_by = client.map(str::to_owned);
    }

    /// Returns the client that opened the microphone last.
    pub(super) fn unmuted_by(&self) -> Option<&str> {
        self.unmuted_by.as_deref()
    }

    /// Notes which client joined last.
    pub(super) fn set_joined_by(&mut self, client: &str) {
        self.joined_by = Some(client.to_owned());
    }

    /// Returns the client that joined last.
    pub(super) fn joined_by(&self) -> Option<&str> {
        self.joined_by.as_deref()
    }
}

impl Clients {
    /// Returns whether anybody has subscribed to events.
    pub(super) fn listen(&self) -> bool {
        self.outboxes.values().any(Outbox::is_subscribed)
    }

    /// Returns whether anybody wants to know who speaks how loud.
    pub(super) fn want_levels(&self) -> bool {
        self.outboxes.values().any(Outbox::wants_levels)
    }

    /// Sends an event to every subscriber.
    pub(super) fn send(&self, event: &Event) {
        for outbox in self.outboxes.values() {
            outbox.event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: ConnectionId = ConnectionId(1);
    const SECOND: ConnectionId = ConnectionId(2);

    #[test]
    fn only_the_connection_that_holds_a_whisper_ends_it_and_only_once() {
        let mut clients: Clients<()> = Clients::default();
        clients.whispers(FIRST, true);
        assert!(clients.holds(FIRST) && !clients.holds(SECOND));
        assert!(!clients.take_hold(SECOND));
        assert!(clients.take_hold(FIRST));
        assert!(!clients.take_hold(FIRST));
    }

    #[test]
    fn a_whisper_that_is_not_held_takes_the_hold_away() {
        let mut clients: Clients<()> = Clients::default();
        clients.whispers(FIRST, true);
        clients.whispers(SECOND, false);
        assert!(!clients.take_hold(FIRST) && !clients.take_hold(SECOND));
        clients.whispers(FIRST, true);
        clients.lets_go();
        assert!(!clients.take_hold(FIRST));
    }

    #[test]
    fn whoever_holds_a_key_lets_go_of_it_once() {
        let mut clients: Clients<()> = Clients::default();
        clients.pressed(Some(FIRST));
        assert!(clients.holds_press(FIRST) && !clients.take_press(SECOND));
        assert!(clients.take_press(FIRST) && !clients.take_press(FIRST));
        clients.pressed(Some(FIRST));
        clients.pressed(None);
        assert!(!clients.take_press(FIRST), "another press has begun since");
    }

    #[test]
    fn a_connection_that_closes_can_still_be_asked_for_its_hold() {
        let mut clients = Clients::default();
        clients.opened(FIRST, ());
        clients.whispers(FIRST, true);
        clients.closed(FIRST);
        assert!(clients.take_hold(FIRST));
    }
}
