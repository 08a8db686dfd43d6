//! `[network]`: where colleagues are looked for, and where they reach this daemon.

use std::net::SocketAddr;

use toml_edit::Item;

use super::values::texts;
use crate::colleague_address::{ColleagueAddress, Host};

/// Lower ports are kept for the system's own services (IANA), and given to root alone.
const FIRST_PORT: u16 = 1024;

/// `[network]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// `interfaces`: names of the interfaces to use; empty: all.
    pub interfaces: Vec<String>,
    /// `listen_port`: for connections (QUIC and TCP); 0: any free one; `None`: [`LISTEN_PORT`](super::LISTEN_PORT), or any
    /// where that is taken.
    pub listen_port: Option<u16>,
    /// `media_port`: for voice (UDP); 0: any free one; `None`: [`MEDIA_PORT`](super::MEDIA_PORT), or any where that is
    /// taken.
    pub media_port: Option<u16>,
    /// `static_peers`: colleagues by `IP:PORT`, where multicast does not pass.
    pub static_peers: Vec<SocketAddr>,
}

impl Network {
    /// Returns the setting that does not go together with another, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        match (self.listen_port, self.media_port) {
            (Some(listen), Some(media)) if listen == media && listen != 0 => Some((
                "network.media_port",
                format!("must be another than network.listen_port, which is {listen} too"),
            )),
            _ => None,
        }
    }
}

pub(super) fn port(item: &Item) -> Result<u16, String> {
    let port = item
        .as_integer()
        .and_then(|number| u16::try_from(number).ok());
    port.filter(|&port| port == 0 || port >= FIRST_PORT).ok_or_else(|| {
        format!("must be 0 (any free port) or a port from {FIRST_PORT} to 65535; lower ones are the system's own")
    })
}

pub(super) fn interfaces(item: &Item) -> Result<Vec<String>, String> {
    let names = texts(item)?;
    match names.iter().find(|name| name.contains(char::is_whitespace)) {
        Some(name) => Err(format!(
            "must list names of interfaces, which have no blanks, unlike \"{name}\"; 'ip link' shows them"
        )),
        None => Ok(names),
    }
}

pub(super) fn static_peers(item: &Item) -> Result<Vec<SocketAddr>, String> {
    let read = |text: &String| {
        let no_address = || {
            format!(
                "must list addresses as IP:PORT, which \"{}\" is not",
                text.escape_debug()
            )
        };
        let address: SocketAddr = text.parse().map_err(|_| no_address())?;
        let checked: ColleagueAddress = text
            .parse()
            .map_err(|why: String| format!("has an entry of no use: {why}"))?;
        match checked.host {
            Host::Ip(_) => Ok(address),
            Host::Name(_) => Err(no_address()),
        }
    };
    texts(item)?.iter().map(read).collect()
}
