//! What reaches the mesh from outside: the network, the media path and the machine.

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use crate::ids::PeerId;
use crate::output::Topic;

/// Whether somebody sits at this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// In use.
    Active,
    /// Unused for the time that the settings name.
    Idle,
    /// The screen is locked.
    Locked,
}

/// Why a direct request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DirectError {
    /// No connection could be made.
    #[error("no connection")]
    Unreachable,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke, or the other side does not speak this protocol.
    #[error("the connection broke")]
    Closed,
}

/// Something that happened outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The first authenticated connection with a peer is up.
    PeerConnected {
        /// Who, by the key that the connection proved.
        peer: PeerId,
        /// The remote address of that connection; media goes there and nowhere else.
        address: IpAddr,
    },
    /// The last connection with a peer is gone.
    PeerDisconnected {
        /// Who.
        peer: PeerId,
    },
    /// A connected peer listens to a topic.
    Subscribed {
        /// Who.
        peer: PeerId,
        /// What.
        topic: Topic,
    },
    /// A gossip message that waits for its verdict.
    Gossip {
        /// The topic.
        topic: Topic,
        /// The peer that signed the message, at some time: anybody may keep one and send it again.
        author: PeerId,
        /// The connected peer that handed it on, perhaps the author itself.
        neighbour: PeerId,
        /// The message.
        data: Vec<u8>,
        /// Names it in [`Output::Verdict`](crate::Output::Verdict).
        receipt: u64,
    },
    /// A direct request; exactly one [`Output::Respond`](crate::Output::Respond) follows.
    Request {
        /// Who asks, by the key that the connection proved.
        from: PeerId,
        /// Names it in the response.
        id: u64,
        /// The request.
        data: Vec<u8>,
    },
    /// The outcome of an [`Output::Request`](crate::Output::Request).
    Response {
        /// The request's id.
        id: u64,
        /// Who was asked.
        from: PeerId,
        /// The answer.
        result: Result<Vec<u8>, DirectError>,
    },
    /// An authenticated packet came on the media path (at most four a second and peer are reported).
    Heard {
        /// From whom.
        peer: PeerId,
    },
    /// An authenticated packet of a whisper to me came (at most four a second and peer are reported).
    Whispered {
        /// From whom.
        peer: PeerId,
    },
    /// The local user spoke (at most once a second): activity.
    Spoke,
    /// The UDP port on which this daemon receives media.
    MediaPort(u16),
    /// The addresses on which this daemon can be dialled.
    ListenAddresses(Vec<SocketAddr>),
    /// Another daemon has proven my identity over a connection.
    Cloned,
    /// Somebody came to, or went from, the machine.
    Session(Session),
    /// A screen saver came on. It may lock the screen, and covers it at least.
    ScreenSaver,
    /// The system sees a phone call begin or end.
    SystemCall {
        /// Whether a call is going on.
        active: bool,
    },
    /// The machine is about to sleep.
    Suspend,
    /// It woke up.
    Resume,
    /// The user's last session at this machine has ended: nobody is there to see an open microphone.
    LoggedOut,
    /// The user has a session at this machine again.
    LoggedIn,
}
