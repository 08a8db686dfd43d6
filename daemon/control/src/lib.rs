//! Sotto's control API: what a program on the same machine can ask of the daemon, and what it is told.
//!
//! JSON-RPC 2.0, one object a line, over a Unix socket that only its user can open (a named pipe on Windows). The
//! command line and the tray depend on this crate alone; the daemon implements its methods. So what is possible
//! stands in one place: [`Request`] lists every method, [`model`] everything that is known, [`Event`] every
//! change, [`ControlError`] every refusal.
//!
//! A client never polls. It subscribes once, gets a [`model::Snapshot`], and then hears every change: each event
//! replaces a part of the snapshot, so that a slow reader can be given the newest and nothing is lost.
//!
//! Names and meetings travel as the user typed them, and the daemon resolves them. Settings live in `config.toml`,
//! which [`config`] reads for the daemon and edits for it and its clients. What is changed through the socket is written
//! there too; of devices, through the socket, only the system's own can be chosen.
//!
//! ```text
//! $ echo '{"jsonrpc":"2.0","id":1,"method":"status.get"}' | socat - UNIX:$XDG_RUNTIME_DIR/sotto/control.sock | jq
//! ```

mod app;
mod bounds;
mod client;
mod client_error;
mod colleague_address;
pub mod config;
mod data_directories;
pub mod durable;
mod error;
mod event;
mod hangup;
mod holder;
mod hotkeys;
mod method;
pub mod model;
mod places;
mod program;
pub mod server;
mod shell;
pub mod starter;
pub mod stopper;
pub mod unit;
mod wire;

pub use app::APP_ID;
pub use bounds::*;
pub use client::{Client, Events};
pub use client_error::{CallError, ConnectError};
pub use colleague_address::{ColleagueAddress, Host};
pub use data_directories::data_directories;
pub use error::{AbsentPerson, ControlError, ErrorCode, ForPeople, in_one_line};
pub use event::Event;
pub use hangup::hung_up;
pub use holder::Holder;
pub use hotkeys::{
    KeyBackend, KeyReport, KeysPublisher, KeysReport, keys_report, keys_report_path,
};
pub use method::*;
pub use places::{HOME_VARIABLE, NoHome, Places, own_home};
pub use program::OwnProgram;
pub use shell::shell_word;
pub use wire::{Envelope, MAX_REPLY_LINE, MAX_REQUEST_LINE, parse_request};

/// The version of this API. It changes when an older client would misunderstand a newer daemon; new methods,
/// members and events do not change it.
pub const API_VERSION: u32 = 1;
