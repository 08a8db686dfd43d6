//! What the downlink is told, and what it tells.

use std::net::SocketAddr;
use std::time::Duration;

use crate::mix::Earcon;
use crate::playout::PlayoutStats;
use crate::wire::delays::{Delays, SendingDelays};
use crate::{ChirpOutcome, Level, Slot, Timestamp};

use super::{ControlLink, InboundLink};

/// A change to what the downlink plays, or to whom it talks.
pub enum DownlinkCommand {
    /// A receiving direction was agreed on. The one before still opens packets for 2 s.
    Inbound(Box<InboundLink>),
    /// The sending direction that reports and heartbeats travel in, with the address that media goes to.
    /// Its path is proven afresh when the address differs from the one before.
    Outbound(Box<ControlLink>),
    /// Both directions ended. What had arrived is forgotten.
    Unlink {
        /// The peer.
        slot: Slot,
    },
    /// Whether anything is played. Closed while deafened; reports and heartbeats go on.
    Playback {
        /// Whether it is.
        open: bool,
    },
    /// How loud a peer is played: 100 is as sent, 0 is silent, at most
    /// [`MAX_VOLUME_PERCENT`](crate::mix::MAX_VOLUME_PERCENT).
    Volume {
        /// The peer.
        slot: Slot,
        /// Per cent.
        percent: u16,
    },
    /// What our own voice's way out costs, to be told to everybody.
    Sending(SendingDelays),
    /// Plays a short sign.
    Earcon(Earcon),
    /// Whether short signs are played at all; they are until this is said.
    Signs {
        /// Whether they are.
        wanted: bool,
    },
    /// Tells a peer that the uplink will send it a chirp. Without a proven path nobody is told.
    Chirp {
        /// Whom.
        slot: Slot,
        /// The RTP timestamp of its first sample.
        timestamp: Timestamp,
    },
}

impl std::fmt::Debug for DownlinkCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inbound(link) => write!(f, "Inbound({})", link.slot()),
            Self::Outbound(link) => write!(f, "Outbound({})", link.slot()),
            Self::Unlink { slot } => write!(f, "Unlink({slot})"),
            Self::Playback { open } => write!(f, "Playback({open})"),
            Self::Volume { slot, percent } => write!(f, "Volume({slot}, {percent} %)"),
            Self::Sending(delays) => write!(f, "{delays:?}"),
            Self::Earcon(_) => f.write_str("Earcon"),
            Self::Signs { wanted } => write!(f, "Signs({wanted})"),
            Self::Chirp { slot, timestamp } => write!(f, "Chirp({slot}, {timestamp})"),
        }
    }
}

/// How packets reach a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathState {
    /// Not yet, or no longer: only challenges are sent.
    Probing,
    /// Directly: the peer answered a challenge at this address within the last 5 s.
    Udp(SocketAddr),
    /// Over its authenticated connection, because UDP does not reach it.
    Stream,
}

/// What arrived from a peer in the last second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SenderStats {
    /// The peer.
    pub slot: Slot,
    /// The share of packets that did not arrive, 0…1, before any repair.
    pub loss: f32,
    /// The interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// How long sound is held to ride out jitter and wait for copies.
    pub target_delay: Duration,
    /// How long sound is being held right now.
    pub delay: Duration,
    /// What playback did about frames that did not come in time.
    pub frames: FrameStats,
    /// RTP payload received, in bits per second.
    pub bitrate: u32,
    /// How loud it was.
    pub level: Level,
    /// The time from a challenge to its echo.
    pub round_trip: Option<Duration>,
    /// How our packets reach the peer.
    pub path: PathState,
    /// From a sample's capture at the peer to its turn in the jitter buffer, as it was measured last.
    pub transit: Option<Duration>,
    /// From there to the ear: mixer, ring and device.
    pub playback_delay: Duration,
    /// What the peer says of its own delays.
    pub delays: Option<Delays>,
}

/// What playback did in the last second about a peer's frames that did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameStats {
    /// Frames that had to be concealed.
    pub concealed: u32,
    /// Frames that were concealed although a later one had come already.
    pub repairable: u32,
    /// Of those, frames that were brought back coarsely from what the later one remembers.
    pub recalled: u32,
    /// Frames that were lost with their packet and played from a copy in another.
    pub recovered: u32,
    /// Of the frames that had been concealed, those that came yet.
    pub late: u32,
    /// Frames that came and were left out, to get back to the target delay.
    pub discarded: u32,
    /// Gaps in arrival that ended in a burst.
    pub outages: u32,
    /// Samples put in to lengthen the delay.
    pub samples_added: u32,
    /// Samples taken out to shorten it.
    pub samples_removed: u32,
}

impl FrameStats {
    /// Returns what has changed `since` these counters.
    pub(super) fn between(since: &PlayoutStats, now: &PlayoutStats) -> Self {
        let count = |counter: fn(&PlayoutStats) -> u64| {
            // Less than before: what had been concealed came yet, and was played.
            let more = counter(now).saturating_sub(counter(since));
            u32::try_from(more).unwrap_or(u32::MAX)
        };
        Self {
            concealed: count(|stats| stats.concealed),
            repairable: count(|stats| stats.repairable),
            recalled: count(|stats| stats.recalled),
            recovered: count(|stats| stats.recovered),
            late: count(|stats| stats.late),
            discarded: count(|stats| stats.discarded),
            outages: count(|stats| stats.outages),
            samples_added: count(|stats| stats.samples_added),
            samples_removed: count(|stats| stats.samples_removed),
        }
    }
}

/// Where a peer's sound comes from that was played last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// The RTP timestamp of a sample: when it was captured, on the peer's clock, modulo 2³².
    pub timestamp: Timestamp,
    /// When that sample is played, on the clock that [`Downlink::pull`](super::Downlink::pull) is told. The
    /// mixer adds [`mix::DELAY`](crate::mix::DELAY) to it.
    pub at: Duration,
}

/// What the downlink noticed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lies in a ring that the voice threads fill, and they do not allocate"
)]
pub enum DownlinkEvent {
    /// A genuine packet came; at most 4 times a second for each peer.
    Heard {
        /// The peer.
        slot: Slot,
    },
    /// A genuine packet of a whisper came; at most 4 times a second for each peer. Chirps do not count.
    Whispered {
        /// The peer.
        slot: Slot,
    },
    /// A peer began to speak, still speaks (10 times a second), or stopped.
    Speaking {
        /// The peer.
        slot: Slot,
        /// Whether it speaks.
        speaking: bool,
        /// Whether it is a whisper to us.
        whisper: bool,
        /// How loud it is.
        level: Level,
    },
    /// Packets to a peer take another path now.
    Path {
        /// The peer.
        slot: Slot,
        /// The path.
        state: PathState,
    },
    /// A peer seems to sit in the same room: their voice is at the microphone before it is played. Once for each peer.
    SameRoom {
        /// The peer.
        slot: Slot,
    },
    /// A peer tells what became of a chirp of ours.
    Chirp {
        /// The peer.
        slot: Slot,
        /// The RTP timestamp of its first sample.
        timestamp: Timestamp,
        /// What became of it.
        outcome: ChirpOutcome,
    },
    /// Once a second for each peer with a receiving direction.
    Stats(SenderStats),
}

/// Datagrams that were not taken, by reason, since the downlink was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Neither RTP nor RTCP as we speak it, or of an impossible length.
    pub malformed: u64,
    /// For a stream that nobody was given. Dropped before any cryptography.
    pub unknown: u64,
    /// From an address that is not the peer's.
    pub misplaced: u64,
    /// Forged, damaged or replayed.
    pub refused: u64,
    /// Genuine, but with a payload that does not parse.
    pub unreadable: u64,
    /// Events and packets of ours that found their queue full.
    pub overflow: u64,
}
