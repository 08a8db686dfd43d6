//! Where a colleague's daemon is, as a person writes it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::config::LISTEN_PORT;

/// The longest name of a machine (RFC 1035 §2.3.4), in bytes.
const LONGEST_NAME: usize = 253;

/// A machine and a port.
///
/// ```
/// use sotto_control::ColleagueAddress;
///
/// let address: ColleagueAddress = "anna-pc.local:26606".parse()?;
/// assert_eq!(address.to_string(), "anna-pc.local:26606");
/// assert_eq!("192.168.1.7".parse::<ColleagueAddress>()?.to_string(), "192.168.1.7:26606");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColleagueAddress {
    /// The machine.
    pub host: Host,
    /// The port; where none is written, the usual one.
    pub port: u16,
}

/// A machine on the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// By its address.
    Ip(IpAddr),
    /// By its name, which the system looks up.
    Name(String),
}

impl FromStr for ColleagueAddress {
    /// A sentence that says what is wanted.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let address = if let Ok(address) = text.parse::<SocketAddr>() {
            Self {
                host: Host::Ip(address.ip()),
                port: address.port(),
            }
        } else if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            Self {
                host: Host::Ip(ip),
                port: LISTEN_PORT,
            }
        } else {
            by_name(text).ok_or_else(|| {
                format!(
                    "\"{}\" is not an address as IP:PORT or NAME:PORT",
                    text.escape_debug()
                )
            })?
        };
        match address.reason_against() {
            None => Ok(address),
            Some(why) => Err(format!("{address} is no colleague's address: {why}")),
        }
    }
}

impl ColleagueAddress {
    /// Returns why nobody can be there.
    fn reason_against(&self) -> Option<&'static str> {
        let ip = match &self.host {
            _ if self.port == 0 => return Some("no daemon listens at port 0"),
            Host::Ip(ip) => ip.to_canonical(),
            Host::Name(_) => return None,
        };
        let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        if ip.is_unspecified() {
            Some("it means every address of the own machine")
        } else if ip.is_multicast() || is_broadcast {
            Some("it means many machines at once")
        } else if matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local()) {
            Some("a link-local address (fe80…) does not say on which interface")
        } else {
            None
        }
    }
}

/// Reads `anna-pc`, `anna-pc.local:26606`.
fn by_name(text: &str) -> Option<ColleagueAddress> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().ok()?),
        None => (text, LISTEN_PORT),
    };
    let of_a_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_');
    let is_a_name = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.chars().all(of_a_name)
        // A mistyped address is no name.
        && name.chars().any(char::is_alphabetic)
        && !name.starts_with(['-', '.']);
    is_a_name.then(|| ColleagueAddress {
        host: Host::Name(name.to_owned()),
        port,
    })
}

impl fmt::Display for ColleagueAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<ColleagueAddress>().map(|it| it.to_string())
    }

    #[test]
    fn addresses_and_names_are_read_with_and_without_a_port() {
        assert_eq!(read("192.168.1.7:1").unwrap(), "192.168.1.7:1");
        assert_eq!(read(" 192.168.1.7 ").unwrap(), "192.168.1.7:26606");
        assert_eq!(read("[fd00::20]:42113").unwrap(), "[fd00::20]:42113");
        assert_eq!(read("fd00::20").unwrap(), "[fd00::20]:26606");
        assert_eq!(read("[fd00::20]").unwrap(), "[fd00::20]:26606");
        assert_eq!(read("anna-pc").unwrap(), "anna-pc:26606");
        assert_eq!(read("anna-pc.local:7").unwrap(), "anna-pc.local:7");
        assert_eq!(read("büro-2").unwrap(), "büro-2:26606");
    }

    #[test]
    fn what_nobody_can_be_at_is_refused_with_its_reason() {
        let reason = |text: &str| read(text).unwrap_err();
        assert!(reason("192.168.1.7:0").contains("port 0"));
        assert!(reason("anna-pc:0").contains("port 0"));
        assert!(reason("0.0.0.0:7").contains("own machine"));
        assert!(reason("[::]:7").contains("own machine"));
        assert!(reason("255.255.255.255:7").contains("many machines"));
        assert!(reason("224.0.0.251:7").contains("many machines"));
        assert!(reason("[fe80::1]:7").contains("interface"));
        for text in [
            "",
            ":7",
            "192.168.1:7",
            "192.168.1.7:port",
            "anna pc",
            "-x",
            "a:1:2",
            "anna:99999",
        ] {
            assert!(reason(text).contains("IP:PORT"), "{text}");
        }
    }
}
