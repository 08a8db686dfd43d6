//! What the mesh wants done: network, disk, voice, and news for the programs that watch.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::event::Event;
use crate::ids::{MeetingId, PeerId};

/// A gossip topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// The topic on which everyone announces themselves.
    pub const LOBBY: &'static str = "sotto/1/lobby";

    /// The topic on which everyone announces themselves.
    pub fn lobby() -> Self {
        Self(Self::LOBBY.into())
    }

    /// The topic of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name on the network.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What becomes of a gossip message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good and new: hand it on.
    Accept,
    /// Nothing new, or nothing that I can judge: do not hand it on, hold nothing against its sender.
    Ignore,
    /// Wrong in a way that no honest peer produces.
    Reject,
}

/// What the mesh wants done. Outputs are carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Listen to a topic.
    Subscribe(Topic),
    /// Stop listening.
    Unsubscribe(Topic),
    /// Gossip a message. With nobody there to hear it, it may be dropped: synchronisation brings it later.
    Publish {
        /// The topic.
        topic: Topic,
        /// The message.
        data: Vec<u8>,
    },
    /// What becomes of a gossip message.
    Verdict {
        /// Which message.
        receipt: u64,
        /// What becomes of it.
        verdict: Verdict,
    },
    /// Ask a peer something, over an authenticated connection (made for it if none is up).
    Request {
        /// Whom.
        to: PeerId,
        /// Names it in [`Input::Response`](crate::Input::Response), which always follows.
        id: u64,
        /// The request.
        data: Vec<u8>,
    },
    /// Answer a request.
    Respond {
        /// The request's id.
        id: u64,
        /// The answer.
        data: Vec<u8>,
    },
    /// Keep a direct connection with a peer until [`Output::Release`].
    Connect {
        /// With whom.
        peer: PeerId,
        /// Where it says it can be dialled (signed by itself; the network filters by own subnets).
        addresses: Vec<SocketAddr>,
    },
    /// A connection is no longer needed.
    Release {
        /// With whom.
        peer: PeerId,
    },
    /// Write this durably before any later output tells another peer something.
    Store(Vec<u8>),
    /// Write this durably. No later output depends on it: whoever forgets it can have it again, or is none the worse.
    StoreLater(Vec<u8>),
    /// Tell the voice machines.
    Voice(VoiceChange),
    /// Tell the programs that watch.
    Event(Event),
}

/// Who receives my voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Nobody.
    Nobody,
    /// Everyone else who is present.
    Open(Vec<PeerId>),
    /// A chosen few.
    Whisper(Vec<PeerId>),
}

/// A change for the voice machines.
///
/// Keys are handed over only between [`VoiceChange::Enter`] and [`VoiceChange::Leave`]: no audio is captured or played
/// for a meeting that the local user has not joined.
#[derive(Clone, PartialEq, Eq)]
pub enum VoiceChange {
    /// The local user is in a meeting: open the devices.
    Enter {
        /// Which.
        meeting: MeetingId,
    },
    /// Close the devices and forget all links.
    Leave,
    /// With what, and whereto, I send to a peer.
    Outbound {
        /// The receiver.
        peer: PeerId,
        /// Grows with every new key of this direction.
        generation: u64,
        /// AES-128-GCM master key.
        key: [u8; 16],
        /// Master salt.
        salt: [u8; 12],
        /// Open voice, as the receiver allotted it.
        open_ssrc: u32,
        /// Whispers, as the receiver allotted it.
        whisper_ssrc: u32,
        /// The address of the authenticated connection with the port that the peer named there.
        address: SocketAddr,
    },
    /// With what I receive from a peer.
    Inbound {
        /// The sender.
        peer: PeerId,
        /// Grows with every new key of this direction.
        generation: u64,
        /// AES-128-GCM master key.
        key: [u8; 16],
        /// Master salt.
        salt: [u8; 12],
        /// Open voice, as I allotted it.
        open_ssrc: u32,
        /// Whispers, as I allotted it.
        whisper_ssrc: u32,
    },
    /// Forget a peer's keys of both directions.
    Unlink {
        /// Whose.
        peer: PeerId,
    },
    /// Who receives my voice from this capture time on (`None`: from now on).
    Audience {
        /// Capture time.
        at: Option<u64>,
        /// Who.
        audience: Audience,
    },
    /// Whether what the microphone captures from this time on may be sent at all.
    Microphone {
        /// Capture time.
        at: Option<u64>,
        /// Open or closed.
        open: bool,
    },
    /// Whether anything is played: closed while deafened or Offline.
    Playback {
        /// Open or closed.
        open: bool,
    },
    /// How loud a peer is played.
    Volume {
        /// Whom.
        peer: PeerId,
        /// 100 is as it comes.
        percent: u16,
    },
}

impl fmt::Debug for VoiceChange {
    /// Leaves the keys out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter { meeting } => write!(f, "Enter({meeting:?})"),
            Self::Leave => write!(f, "Leave"),
            Self::Outbound {
                peer,
                generation,
                address,
                ..
            } => {
                write!(f, "Outbound({peer:?}, generation {generation}, {address})")
            }
            Self::Inbound {
                peer, generation, ..
            } => {
                write!(f, "Inbound({peer:?}, generation {generation})")
            }
            Self::Unlink { peer } => write!(f, "Unlink({peer:?})"),
            Self::Audience { at, audience } => write!(f, "Audience({audience:?} at {at:?})"),
            Self::Microphone { at, open } => write!(f, "Microphone(open {open} at {at:?})"),
            Self::Playback { open } => write!(f, "Playback(open {open})"),
            Self::Volume { peer, percent } => write!(f, "Volume({peer:?}, {percent} %)"),
        }
    }
}
