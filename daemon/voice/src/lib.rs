//! Sound to packets and back, without I/O.
//!
//! Two state machines carry a conversation, one for each direction and each on a thread of its own:
//!
//! - [`Uplink`] is handed captured frames. It takes echo and noise out of them, applies mute and audience changes to the very sample they
//!   belong to, encodes each frame once, and seals one packet per recipient.
//! - [`Downlink`] is handed datagrams. It opens them, sorts them into per-sender playout buffers, and fills
//!   whatever the playback device asks for. It also keeps the conversation's housekeeping: reports,
//!   feedback on loss, heartbeats, and the proof that a media path really leads to the peer.
//!
//! Neither opens a socket, reads a clock or starts a thread. Time is a [`Duration`](std::time::Duration)
//! since an arbitrary start that both machines share; [`voice_pair`] joins the two by bounded lock-free
//! rings. So a whole conversation, loss and all, runs in a test on a virtual clock.
//!
//! **A frame is identified by its RTP timestamp**, which counts captured samples and advances through mute,
//! closed gates and overruns. Sequence numbers only count packets, per recipient and stream. A missing
//! timestamp without a missing sequence number was therefore never sent: silence, not loss.
//!
//! Every pair of peers has four streams: an open and a whisper one in each direction. Which of the two a
//! packet belongs to is told by its SSRC, whose meaning only the two ends know.
//!
//! The bytes are described in `daemon/docs/PROTOCOL.md`.

mod activity;
mod chirp;
pub mod codec;
pub mod downlink;
mod error;
mod frame;
mod level;
mod link;
pub mod mix;
mod pair;
pub mod playout;
pub mod processing;
mod retired;
mod same_room;
mod sequence;
mod slot;
mod ssrc;
mod time;
pub mod uplink;
pub mod wire;

pub use chirp::ChirpOutcome;
pub use downlink::{
    Downlink, DownlinkCommand, DownlinkEvent, FrameStats, PathState, Played, SenderStats,
};
pub use error::VoiceError;
pub use frame::FrameLength;
pub use level::Level;
pub use link::{Destination, LinkSetup, MediaKeys, Stream};
pub use pair::{Bitrates, VoiceConfig, voice_pair};
pub use processing::{Processor, ProcessorSettings, Reference};
pub use retired::Retired;
pub use same_room::SameRoom;
pub use sequence::{ExtendedSequence, SequenceNumber};
pub use slot::{Slot, SlotSet};
pub use ssrc::Ssrc;
pub use time::{MediaTime, SampleCount, SampleTime, Timestamp, duration_of};
pub use uplink::{
    Audience, GateMode, RecipientStats, Uplink, UplinkCommand, UplinkEvent, UplinkStats,
};

/// The sample rate of everything in this crate, and of the RTP clock (RFC 7587).
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in the longest frame, which is the usual one: 10 ms of 48 kHz mono. See [`FrameLength`].
pub const FRAME_SAMPLES: usize = 480;

/// The largest RTP payload we send or accept, in bytes. With headers and tag it stays below the smallest
/// MTU that IPv6 permits.
pub const MAX_PAYLOAD: usize = 1200;

/// The largest datagram we accept on the media path, in bytes.
pub const MAX_DATAGRAM: usize = 1500;
