//! What the running daemon says of itself.

use serde_json::Value;
use sotto_control::model::{Devices, NetworkReport, Peer, Status};
use sotto_control::{AudioDevices, Client, ForPeople, NetworkGet, PeersList, StatusGet};

use crate::connection::connect;
use crate::failure::Failure;

/// The daemon, as far as it answers.
#[derive(Debug)]
pub(super) enum Daemon {
    Answers(Box<Told>),
    /// It does not run, hangs, or belongs to somebody else.
    Silent {
        /// The sentence that any command would fail with.
        why: String,
        help: Option<String>,
    },
}

/// The answers of a daemon.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) status: Status,
    pub(super) peers: Vec<Peer>,
    pub(super) network: NetworkReport,
    /// Absent where it cannot list them.
    pub(super) devices: Option<Devices>,
    /// Why it cannot.
    pub(super) no_devices: Option<String>,
}

impl Daemon {
    pub(super) async fn ask() -> Self {
        match told().await {
            Ok(told) => Self::Answers(Box::new(told)),
            Err(failure) => Self::Silent {
                why: failure.to_string(),
                help: failure.hint(),
            },
        }
    }

    pub(super) fn told(&self) -> Option<&Told> {
        match self {
            Self::Answers(told) => Some(told),
            Self::Silent { .. } => None,
        }
    }

    /// Returns its process.
    pub(super) fn process(&self) -> Option<u32> {
        self.told()
            .map(|told| told.status.pid)
            .filter(|&pid| pid != 0)
    }
}

impl Told {
    /// Returns every answer that people stand in.
    pub(super) fn of_people(&self) -> Value {
        serde_json::to_value((&self.status, &self.peers, &self.network)).unwrap_or_default()
    }
}

async fn told() -> Result<Told, Failure> {
    let client: Client = connect().await?;
    let status = client.call(StatusGet {}).await?;
    let peers = client.call(PeersList {}).await?.peers;
    // A daemon of an earlier release does not know the question.
    let network = client.call(NetworkGet {}).await.unwrap_or_default();
    let (devices, no_devices) = match client.call(AudioDevices {}).await {
        Ok(devices) => (Some(devices), None),
        Err(error) => (None, Some(in_full(&error))),
    };
    Ok(Told {
        status,
        peers,
        network,
        devices,
        no_devices,
    })
}

fn in_full(error: &(impl ForPeople + std::fmt::Display)) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}
