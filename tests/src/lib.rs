//! Real daemons on virtual hosts, speaking real sentences.
//!
//! A [`Lab`] is a network of virtual hosts: Linux network namespaces joined by a bridge, in a sandbox that takes
//! everything with it when its process ends. A cable may be [`Impaired`]. A [`Colleague`] is a host with a daemon, a
//! spoken [`Script`] as microphone and a WAV file as speaker. What each one heard is compared with what was said:
//! located by correlation and judged by PESQ, or shown to be absent.
//!
//! Nothing here touches a real network interface.

pub mod capture;
pub mod colleague;
pub mod colleague_views;
pub mod desk;
pub mod hearing;
pub mod host;
pub mod impaired;
pub mod lab;
pub mod programs;
pub mod sandbox;
pub mod setup;
pub mod signal;
pub mod sound_server;
pub mod speech;
pub mod story;
pub mod trace;
pub mod user_manager;
pub mod watch;

pub use capture::{Capture, VoicePacket};
pub use colleague::Colleague;
pub use desk::Desk;
pub use hearing::{Heard, Recording};
pub use host::{Host, PacketCounter};
pub use impaired::Impaired;
pub use lab::Lab;
pub use setup::Setup;
pub use sound_server::SoundServer;
pub use speech::{Clip, Line, Script, Voice};
pub use trace::Trace;
pub use user_manager::UserManager;
pub use watch::{PATIENCE, Watch};
