//! Colleagues by address.

use std::net::SocketAddr;
use std::time::Duration;

use sotto_control::model::NetworkReport;
use sotto_control::server::Answer;
use sotto_control::{ConnectReply, ControlError, ErrorCode, Reply};
use sotto_meeting::PeerId;
use sotto_net::NetworkCommand;
use tokio::sync::oneshot;

use super::super::{Hub, Later, present};

impl Hub {
    pub(super) async fn connect(
        &mut self,
        address: SocketAddr,
        wait_ms: Option<u64>,
        answer: Answer,
    ) {
        let (reply, dialled) = oneshot::channel();
        let dial = NetworkCommand::DialAddress(address, reply);
        if let Err(error) = self.link.send(dial).await {
            answer.send(Err::<Reply, _>(ControlError::internal(error.to_string())));
            return;
        }
        let Some(wait) = wait_ms else {
            answer.send(Ok(ConnectReply {
                address: address.to_string(),
                person: None,
            }));
            return;
        };
        let later = self.laters.sender.clone();
        let wait = Duration::from_millis(wait);
        tokio::spawn(async move {
            let failed = match tokio::time::timeout(wait, dialled).await {
                Ok(Ok(Ok(node))) => {
                    let _ = later
                        .send(Later::Connected {
                            peer: PeerId(node.0),
                            address,
                            answer,
                            waited: 0,
                        })
                        .await;
                    return;
                }
                Ok(Ok(Err(error))) => ControlError::new(ErrorCode::Unavailable, error.to_string())
                    .with_hint_if(error.hint()),
                Ok(Err(_)) => ControlError::internal("the network has stopped"),
                Err(_) => ControlError::new(
                    ErrorCode::Timeout,
                    format!("no connection to {address} within {} s", wait.as_secs()),
                )
                .with_hint("the daemon goes on trying; see 'sotto peers'"),
            };
            answer.send(Err::<Reply, _>(failed));
        });
    }

    /// Returns the ways to others, one by one.
    pub(super) fn network_report(&self) -> NetworkReport {
        let status = self.neighbours.status(self.voice.media_port());
        NetworkReport {
            media_port: status.media_port,
            problem: status.problem,
            hint: status.hint,
            ..NetworkReport::default()
        }
    }

    /// Answers a connection by address that stands, once the name of who is there has come over it.
    pub(in crate::hub) fn connected(
        &self,
        peer: PeerId,
        address: SocketAddr,
        answer: Answer,
        waited: u32,
    ) {
        const PAUSE: Duration = Duration::from_millis(50);
        const PAUSES: u32 = 40;
        let person = present::person(&self.mesh, peer);
        if person.name.is_empty() && waited < PAUSES {
            let later = self.laters.sender.clone();
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                let _ = later
                    .send(Later::Connected {
                        peer,
                        address,
                        answer,
                        waited: waited + 1,
                    })
                    .await;
            });
            return;
        }
        answer.send(Ok(ConnectReply {
            address: address.to_string(),
            person: Some(person),
        }));
    }
}

pub(super) fn connect_address(text: &str) -> Result<SocketAddr, ControlError> {
    text.trim().parse().map_err(|_| {
        ControlError::invalid(format!("\"{}\" is not an address", text.escape_debug()))
            .with_hint("write IP:PORT, as 'sotto status' shows it on the other machine")
    })
}
