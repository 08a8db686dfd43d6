//! The ways to others, one by one: for finding out why nobody is heard.

use serde::{Deserialize, Serialize};

/// Reply to `network.get`: what the daemon knows of its interfaces, of multicast, and of whom it does not reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// Every interface of this machine that is there, those that are not used included.
    #[serde(default)]
    pub interfaces: Vec<NetworkInterface>,
    /// UDP and TCP port at which colleagues reach this daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen_port: Option<u16>,
    /// UDP port for voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_port: Option<u16>,
    /// Whether colleagues are looked for by multicast DNS (`network.discovery`).
    #[serde(default)]
    pub discovery: bool,
    /// Whether UDP port 5353 could be had together with other programs; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mdns_port_bound: Option<bool>,
    /// Colleagues that announce themselves, or are announced by others, and are not connected.
    #[serde(default)]
    pub unreachable: Vec<UnreachablePeer>,
    /// The programs of those who are connected, also of those who speak another protocol and are therefore no colleagues.
    #[serde(default)]
    pub programs: Vec<PeerProgram>,
    /// Addresses of another daemon with this daemon's identity.
    #[serde(default)]
    pub clones: Vec<String>,
    /// What is wrong, in one sentence, when something is: as in the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What helps against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// An interface of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// Its name (`eth0`).
    pub name: String,
    /// Its addresses with the lengths of their prefixes (`192.168.1.7/24`).
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Whether colleagues may be reached through it.
    #[serde(default)]
    pub used: bool,
    /// Why not, if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_because: Option<UnusedBecause>,
    /// Whether a packet of our own, sent to everybody's multicast DNS, came back through it; absent until that is known, and
    /// where there is no multicast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multicast_heard_back: Option<bool>,
    /// Seconds since somebody else's multicast DNS was last heard through it; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others_heard_s: Option<u64>,
}

/// Why an interface is not used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedBecause {
    /// `network.interfaces` does not name it.
    NotChosen,
    /// It is switched off.
    Down,
    /// It has no link: no cable, or no wireless network.
    NoLink,
    /// It has no address, or IPv6 link-local ones alone.
    NoAddress,
    /// Loopback: it leads to nobody else while there is another interface.
    Loopback,
    /// Something that this version does not know.
    #[default]
    #[serde(other)]
    Other,
}

/// A colleague that is known to run and is not reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreachablePeer {
    /// The peer's identity.
    pub id: String,
    /// Its label, to be shown.
    pub label: String,
    /// Where it says that it is.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Whether one of these lies in a network that this machine is in too.
    #[serde(default)]
    pub shares_network: bool,
    /// How many dials in a row have failed.
    #[serde(default)]
    pub failures: u32,
}

/// The program at the other end of a connection, as it describes itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerProgram {
    /// The peer's identity.
    pub id: String,
    /// Its label, to be shown.
    pub label: String,
    /// Its IP address.
    #[serde(default)]
    pub address: String,
    /// The release of its daemon; absent if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The protocol that it speaks (`/sotto/2`), if that is another than this daemon's: neither understands the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_protocol: Option<String>,
}
