//! PulseAudio, and PipeWire's stand-in for it, spoken to directly.
//!
//! cpal has a host for it, which could not be used for a microphone that must never be moved: it does not let a
//! stream be marked as immovable, and it drops the server's messages that a stream was moved or killed, so that a
//! microphone that was unplugged went on as another one, unnoticed. It also asks the server for the latency with
//! every block, and clears a megabyte with every read.
//!
//! Here, every stream has a connection of its own. A voice thread that asks for it attends to the stream itself: it waits
//! for the connection together with whatever else it waits for. Otherwise the stream has a thread that does nothing but
//! answer the server:
//!
//! - A **microphone** is opened by name and stays there. When its device goes, the server ends the stream and says so.
//! - A **loudspeaker** that was asked for as "the default" is left to the server, which moves it when the default
//!   changes or its device goes; the stream then says which device it is now.
//!
//! Which server that is follows PulseAudio's own rules (`server`, `client_conf`), so that it is the one that `pactl`
//! speaks to.
//!
//! The same connection subscribes to changes of the defaults, so nothing has to be polled.

mod client_conf;
mod connection;
mod cookie;
mod form;
mod incoming;
mod listing;
mod loudspeaker;
mod opening;
mod parameters;
mod refusal;
mod server;
mod socket;
mod stream;
mod told;

pub(crate) use connection::{is_named, is_running};
pub(crate) use listing::list;
pub(crate) use opening::{open_capture, open_playback};
