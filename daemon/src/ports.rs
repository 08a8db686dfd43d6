//! The ports at which this daemon is reached: those that the user chose, else Sotto's own, else any that are free.
//!
//! Whoever chose a port means that one, so that a taken one is an error. Sotto's own may belong to the daemon of another
//! user of this machine; then any will do, and the user is told, as a firewall may be in the way.

use std::io::ErrorKind;
use std::time::Duration;

use sotto_control::config::{self, LISTEN_PORT, MEDIA_PORT};
use sotto_control::model::{Notice, NoticeKind, Severity};
use sotto_net::{Interfaces, MediaSocket, Network, NetworkConfig, NetworkError, NetworkEvent};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::notice::notice;

/// A daemon that has just ended may hold its port for a moment longer than its lock.
const PREDECESSOR: Duration = Duration::from_secs(1);
/// Any free port.
const ANY: u16 = 0;

/// What was opened.
pub(crate) struct Opened {
    /// The socket for voice.
    pub(crate) socket: MediaSocket,
    /// The network.
    pub(crate) network: Network,
    /// News from it.
    pub(crate) events: mpsc::Receiver<NetworkEvent>,
    /// Says that other ports are used than Sotto's own, if so.
    pub(crate) warning: Option<Notice>,
}

/// Opens the socket for voice, and starts the network.
///
/// # Errors
///
/// If a port that the user chose is taken, or the network cannot be started at all.
pub(crate) async fn open(
    wanted: &config::Network,
    mut config: NetworkConfig,
) -> Result<Opened, NetworkError> {
    let connections = Wanted::of(wanted.listen_port, LISTEN_PORT, wanted.media_port);
    let voice = Wanted::of(wanted.media_port, MEDIA_PORT, wanted.listen_port);
    let socket = open_socket(voice, &config.interfaces).await?;
    config.media = socket.follower();
    let (network, events) = start_network(connections, config).await?;
    let warning = warning(
        connections.elsewhere(network.port(), "connections"),
        voice.elsewhere(socket.local_port(), "voice"),
    );
    if let Some(warning) = &warning {
        tracing::warn!("{}", warning.text);
    }
    Ok(Opened {
        socket,
        network,
        events,
        warning,
    })
}

/// A port to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// This one, or with 0 any.
    Chosen(u16),
    /// This one if it is free.
    Own(u16),
}

impl Wanted {
    /// Returns what to ask for, beside a port that the user chose for the other purpose.
    fn of(chosen: Option<u16>, own: u16, other: Option<u16>) -> Self {
        match chosen {
            Some(port) => Self::Chosen(port),
            None if other == Some(own) => Self::Chosen(ANY),
            None => Self::Own(own),
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Chosen(port) | Self::Own(port) => port,
        }
    }

    fn may_be_another(self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Returns the port that was wanted and the one that is used for `purpose`, if they differ.
    fn elsewhere(self, used: u16, purpose: &'static str) -> Option<Elsewhere> {
        (self.may_be_another() && used != self.port()).then(|| Elsewhere {
            taken: self.port(),
            used,
            purpose,
        })
    }
}

/// One of Sotto's own ports that is taken, and the one that is used instead.
struct Elsewhere {
    taken: u16,
    used: u16,
    purpose: &'static str,
}

impl Elsewhere {
    fn instead(&self) -> String {
        format!("{} for {}", self.used, self.purpose)
    }
}

fn warning(connections: Option<Elsewhere>, voice: Option<Elsewhere>) -> Option<Notice> {
    let (ports, instead) = match (connections, voice) {
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => (format!("port {} is", one.taken), one.instead()),
        (Some(one), Some(other)) => (
            format!("ports {} and {} are", one.taken, other.taken),
            format!("{} and {}", one.instead(), other.instead()),
        ),
    };
    let text = format!(
        "{ports} taken by another program or another user's Sotto: using {instead} until the next start"
    );
    let mut warning = notice(NoticeKind::Network, Severity::Warning, text);
    warning.hint = Some(
        "without a firewall all is well; else choose free ports with 'sotto config set network.listen_port' and \
         'network.media_port', and let them in"
            .to_owned(),
    );
    Some(warning)
}

async fn open_socket(wanted: Wanted, interfaces: &Interfaces) -> Result<MediaSocket, NetworkError> {
    let deadline = Instant::now() + PREDECESSOR;
    loop {
        match MediaSocket::bind(wanted.port(), interfaces) {
            Err(error) if is_taken(&error) && Instant::now() < deadline => {
                sleep(PREDECESSOR / 10).await;
            }
            Err(_) if wanted.may_be_another() => return MediaSocket::bind(ANY, interfaces),
            bound => return bound,
        }
    }
}

async fn start_network(
    wanted: Wanted,
    mut config: NetworkConfig,
) -> Result<(Network, mpsc::Receiver<NetworkEvent>), NetworkError> {
    config.listen_port = wanted.port();
    // It waits for a predecessor by itself.
    match Network::start(config.clone()).await {
        Err(NetworkError::Listen { .. }) if wanted.may_be_another() => {
            config.listen_port = ANY;
            Network::start(config).await
        }
        started => started,
    }
}

fn is_taken(error: &NetworkError) -> bool {
    matches!(error, NetworkError::MediaSocket { source, .. } if source.kind() == ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_chosen_for_one_purpose_is_not_wanted_for_the_other() {
        assert_eq!(Wanted::of(None, MEDIA_PORT, None), Wanted::Own(MEDIA_PORT));
        assert_eq!(
            Wanted::of(None, MEDIA_PORT, Some(MEDIA_PORT)),
            Wanted::Chosen(ANY)
        );
        assert_eq!(
            Wanted::of(Some(4000), MEDIA_PORT, Some(MEDIA_PORT)),
            Wanted::Chosen(4000)
        );
    }

    #[test]
    fn only_a_taken_port_of_sottos_own_is_told() {
        let own = Wanted::Own(LISTEN_PORT);
        assert!(own.elsewhere(LISTEN_PORT, "connections").is_none());
        assert!(Wanted::Chosen(ANY).elsewhere(4000, "voice").is_none());
        assert_eq!(warning(None, None), None);
        let connections = || own.elsewhere(4000, "connections");
        let one = warning(connections(), None).unwrap().text;
        assert!(one.starts_with("port 26606 is taken"), "{one}");
        let voice = Wanted::Own(MEDIA_PORT).elsewhere(4001, "voice");
        let warning = warning(connections(), voice).unwrap();
        assert!(
            warning.text.starts_with("ports 26606 and 26607 are taken"),
            "{}",
            warning.text
        );
        assert!(
            warning
                .text
                .contains("using 4000 for connections and 4001 for voice"),
            "{}",
            warning.text
        );
    }
}
