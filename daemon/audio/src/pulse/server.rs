//! Which server is meant, by the rules of PulseAudio's own library: what `pactl` would speak to.
//!
//! A server that is named, by `PULSE_SERVER` or `default-server` in `client.conf`, is the only one that is tried. Sound
//! must not go to another machine or person because a name has a form that is not understood.

use std::io;
use std::net::{Ipv6Addr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::client_conf::{self, ClientConf};
use super::socket::Socket;

/// The port of a server that is named without one.
const PORT: u16 = 4713;

/// A server on the network has this long to accept.
const ACCEPTING: Duration = Duration::from_secs(1);

/// More servers or addresses than these are not tried.
const MOST: usize = 16;

/// Where the server of the whole system listens, if there is one.
const SYSTEM: &str = "/run/pulse/native";

/// An address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    Tcp {
        host: String,
        port: u16,
        /// Only IPv4 or only IPv6, if that was said.
        only: Option<Version>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Four,
    Six,
}

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) server: Option<String>,
    pub(super) runtime: Option<PathBuf>,
    pub(super) cookie: Option<PathBuf>,
    pub(super) xdg_runtime: Option<PathBuf>,
    /// The directory of the user's own settings of PulseAudio.
    pub(super) configuration: Option<PathBuf>,
    /// The machine's identifier and its name: either marks a server as one of this machine.
    pub(super) id: Option<String>,
    pub(super) name: String,
}

impl Surroundings {
    /// Of this process.
    pub(super) fn here() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let id = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok());
        Self {
            server: set("PULSE_SERVER").map(|it| it.to_string_lossy().into_owned()),
            runtime: set("PULSE_RUNTIME_PATH").map(PathBuf::from),
            cookie: set("PULSE_COOKIE").map(PathBuf::from),
            xdg_runtime: set("XDG_RUNTIME_DIR").map(PathBuf::from),
            configuration: client_conf::user_directory(std::env::home_dir().as_deref()),
            id: id.map(|id| id.trim().to_owned()),
            name: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
        }
    }
}

/// The servers to try, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Servers {
    pub(super) addresses: Vec<Address>,
    /// As the user named them, if they did.
    pub(super) named: Option<String>,
    /// The file with the cookie, if one is named.
    pub(super) cookie: Option<PathBuf>,
}

impl Servers {
    /// The servers that are meant here.
    pub(super) fn here() -> Self {
        Self::of(&Surroundings::here(), &client_conf::here())
    }

    /// The servers that are meant.
    pub(super) fn of(around: &Surroundings, conf: &ClientConf) -> Self {
        let named = around
            .server
            .clone()
            .or_else(|| conf.default_server.clone());
        let addresses = match &named {
            Some(named) => named
                .split_whitespace()
                .filter_map(|server| address(server, around))
                .take(MOST)
                .collect(),
            None => usual(around),
        };
        Self {
            addresses,
            named,
            cookie: around.cookie.clone().or_else(|| conf.cookie_file.clone()),
        }
    }

    /// Connects to the first that answers.
    ///
    /// # Errors
    ///
    /// The reason of each that does not, in one sentence; `None` if there is none at all.
    pub(super) fn connect(&self) -> Result<Socket, Option<String>> {
        let mut reasons = Vec::new();
        for address in &self.addresses {
            match address.connect() {
                Ok(socket) => return Ok(socket),
                // Nobody named it, and nothing is there.
                Err(error) if self.named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => reasons.push(format!("{address}: {error}")),
            }
        }
        match (&self.named, reasons.is_empty()) {
            (Some(named), true) => {
                Err(Some(format!("\"{named}\" names no server of this machine")))
            }
            (None, true) => Err(None),
            (_, false) => Err(Some(reasons.join(", "))),
        }
    }
}

impl Address {
    fn connect(&self) -> io::Result<Socket> {
        match self {
            Self::Unix(path) => UnixStream::connect(path).map(Socket::Unix),
            Self::Tcp { host, port, only } => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
                let of_version = |address: &std::net::SocketAddr| match only {
                    None => true,
                    Some(Version::Four) => address.is_ipv4(),
                    Some(Version::Six) => address.is_ipv6(),
                };
                let addresses = (host.as_str(), *port).to_socket_addrs()?;
                for address in addresses.filter(of_version).take(MOST) {
                    match TcpStream::connect_timeout(&address, ACCEPTING) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            return Ok(Socket::Tcp(stream));
                        }
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
        }
    }
}

/// Where servers listen that nobody named.
fn usual(around: &Surroundings) -> Vec<Address> {
    // As the library does, the first of these is taken, whether or not a server is there.
    let own = match (&around.runtime, &around.xdg_runtime) {
        (Some(runtime), _) => Some(runtime.clone()),
        (None, Some(xdg)) => Some(xdg.join("pulse")),
        (None, None) => around
            .id
            .as_ref()
            .zip(around.configuration.as_ref())
            .map(|(id, configuration)| configuration.join(format!("{id}-runtime"))),
    };
    own.map(|directory| directory.join("native"))
        .into_iter()
        .chain([PathBuf::from(SYSTEM)])
        .map(Address::Unix)
        .collect()
}

/// Returns the server that one word names; `None` if it is one of another machine.
fn address(word: &str, around: &Surroundings) -> Option<Address> {
    let word = match word.strip_prefix('{') {
        Some(marked) => {
            let (mark, rest) = marked.split_once('}')?;
            let own = around.id.as_deref() == Some(mark) || around.name == mark;
            own.then_some(rest)?
        }
        None => word,
    };
    if word.starts_with('/') {
        return Some(Address::Unix(word.into()));
    }
    if let Some(path) = word.strip_prefix("unix:") {
        return Some(Address::Unix(path.into()));
    }
    let (rest, only) = [
        ("tcp4:", Some(Version::Four)),
        ("tcp6:", Some(Version::Six)),
        ("tcp:", None),
    ]
    .into_iter()
    .find_map(|(kind, only)| Some((word.strip_prefix(kind)?, only)))
    .unwrap_or((word, None));
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        // An address of IPv6 has more than one colon.
        None if rest.parse::<Ipv6Addr>().is_ok() => (rest, None),
        None => match rest.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => PORT,
    };
    let host = host.to_owned();
    (!host.is_empty()).then_some(Address::Tcp { host, port, only })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around() -> Surroundings {
        Surroundings {
            id: Some("4f2a".to_owned()),
            name: "anna-pc".to_owned(),
            configuration: Some("/home/anna/.config/pulse".into()),
            xdg_runtime: Some("/run/user/1".into()),
            ..Surroundings::default()
        }
    }

    fn tcp(host: &str, port: u16, only: Option<Version>) -> Address {
        let host = host.to_owned();
        Address::Tcp { host, port, only }
    }

    #[test]
    fn servers_are_named_as_pactl_takes_them() {
        let unix = |path: &str| Address::Unix(path.into());
        for (named, expected) in [
            ("unix:/tmp/pulse", vec![unix("/tmp/pulse")]),
            ("/tmp/pulse", vec![unix("/tmp/pulse")]),
            ("tcp:sound.local:4000", vec![tcp("sound.local", 4000, None)]),
            ("tcp:192.0.2.1", vec![tcp("192.0.2.1", PORT, None)]),
            ("sound", vec![tcp("sound", PORT, None)]),
            ("sound:4000", vec![tcp("sound", 4000, None)]),
            ("tcp4:sound", vec![tcp("sound", PORT, Some(Version::Four))]),
            (
                "tcp6:[2001:db8::1]:4",
                vec![tcp("2001:db8::1", 4, Some(Version::Six))],
            ),
            ("[::1]", vec![tcp("::1", PORT, None)]),
            ("::1", vec![tcp("::1", PORT, None)]),
            (
                "{4f2a}unix:/a {other}unix:/b tcp:c",
                vec![unix("/a"), tcp("c", PORT, None)],
            ),
            ("{anna-pc}/a", vec![unix("/a")]),
            ("{other}unix:/b", vec![]),
            ("sound:port {broken", vec![]),
        ] {
            let server = Some(named.to_owned());
            let servers = Servers::of(&Surroundings { server, ..around() }, &ClientConf::default());
            assert_eq!(servers.addresses, expected, "{named}");
            assert_eq!(servers.named.as_deref(), Some(named));
        }
    }

    #[test]
    fn what_is_said_nearer_counts_more() {
        let conf = ClientConf {
            default_server: Some("/from/conf".to_owned()),
            cookie_file: Some("/conf/cookie".into()),
        };
        let servers = Servers::of(&around(), &conf);
        assert_eq!(servers.addresses, [Address::Unix("/from/conf".into())]);
        assert_eq!(servers.cookie, Some("/conf/cookie".into()));
        let named = Surroundings {
            server: Some("/from/environment".to_owned()),
            cookie: Some("/mine".into()),
            ..around()
        };
        let servers = Servers::of(&named, &conf);
        assert_eq!(
            servers.addresses,
            [Address::Unix("/from/environment".into())]
        );
        assert_eq!(servers.cookie, Some("/mine".into()));
    }

    #[test]
    fn without_a_name_it_is_the_users_own_server_then_the_systems() {
        let first = |around: &Surroundings| {
            let servers = Servers::of(around, &ClientConf::default());
            assert_eq!(
                servers.addresses.last(),
                Some(&Address::Unix(SYSTEM.into()))
            );
            servers.addresses[0].to_string()
        };
        assert_eq!(first(&around()), "/run/user/1/pulse/native");
        let runtime = Surroundings {
            runtime: Some("/r".into()),
            ..around()
        };
        assert_eq!(first(&runtime), "/r/native");
        let without = Surroundings {
            xdg_runtime: None,
            ..around()
        };
        assert_eq!(
            first(&without),
            "/home/anna/.config/pulse/4f2a-runtime/native"
        );
    }

    #[test]
    fn a_server_that_was_named_and_does_not_answer_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("native");
        for named in [
            gone.display().to_string(),
            "tcp:127.0.0.1:1".to_owned(),
            "{other}/x".to_owned(),
        ] {
            let server = Some(named);
            let servers = Servers::of(&Surroundings { server, ..around() }, &ClientConf::default());
            let reason = servers.connect().err().unwrap().unwrap();
            assert!(
                reason.contains('/') || reason.contains("127.0.0.1:1"),
                "{reason}"
            );
        }
    }
}
