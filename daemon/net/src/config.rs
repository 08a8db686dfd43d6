//! What the network needs to be told before it starts.

use std::{fmt, net::SocketAddr};

use crate::MediaFollower;

/// Which network interfaces Sotto uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Interfaces {
    /// Every interface, loopback included.
    #[default]
    All,
    /// Only the interfaces of these names (`eth0`, `lo`). One that does not exist yet is used from when it appears.
    Named(Vec<String>),
}

impl Interfaces {
    /// Whether the interface of this name may be used.
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|allowed| allowed == name),
        }
    }
}

/// How a [`Network`](crate::Network) is to run.
#[derive(Clone)]
pub struct NetworkConfig {
    /// The ed25519 seed of this daemon's identity.
    pub secret_seed: [u8; 32],
    /// The UDP port for QUIC and the TCP port of the same number. 0: any port that is free as both.
    pub listen_port: u16,
    /// The interfaces to listen, discover and dial on.
    pub interfaces: Interfaces,
    /// Peers that are dialled by address, and dialled again whenever they are not connected.
    pub static_peers: Vec<SocketAddr>,
    /// Whether to announce and browse by mDNS. Default: yes.
    pub discovery: bool,
    /// The topic that every peer listens to, if there is one. A connected peer that does not is connected with anew, once.
    pub common_topic: Option<String>,
    /// The media socket, if it has to follow the addresses of the named interfaces.
    pub media: Option<MediaFollower>,
    /// What this program calls itself to connected peers, at most 64 bytes. Default: `sotto/` and the version.
    pub agent: String,
}

impl NetworkConfig {
    /// The defaults around an identity: any port, all interfaces, mDNS on, no static peers.
    pub fn new(secret_seed: [u8; 32]) -> Self {
        Self {
            secret_seed,
            listen_port: 0,
            interfaces: Interfaces::All,
            static_peers: Vec::new(),
            discovery: true,
            common_topic: None,
            media: None,
            agent: concat!("sotto/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl fmt::Debug for NetworkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seed stays out of logs.
        f.debug_struct("NetworkConfig")
            .field("listen_port", &self.listen_port)
            .field("interfaces", &self.interfaces)
            .field("static_peers", &self.static_peers.len())
            .field("discovery", &self.discovery)
            .field("common_topic", &self.common_topic)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}
