//! The daemon's end of the socket.
//!
//! [`Listener`] admits programs of the same user alone. A [`ServerConnection`] turns lines into [`Call`]s, which the
//! daemon answers in any order, and gives it an [`Outbox`] for events. What arrives malformed, too long or of another
//! version is answered here; the daemon sees only requests that it can carry out. Nothing here ever waits for a
//! client: an outbox takes an event at once and keeps only the newest, and a client that reads nothing at all is
//! disconnected.

mod bind_error;
mod connection;
mod door;
mod listener;
mod lock;

pub use bind_error::BindError;
pub use connection::{Answer, Call, Caller, ConnectionId, Outbox, ServerConnection};
pub use listener::Listener;
pub use lock::InstanceLock;
