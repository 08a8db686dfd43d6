//! The ways to others, as the network and the mesh know them together.

use sotto_control::ControlError;
use sotto_control::Reply;
use sotto_control::model::{
    NetworkInterface, NetworkReport, PeerProgram, UnreachablePeer, UnusedBecause,
};
use sotto_control::server::Answer;
use sotto_meeting::PeerId;
use sotto_net::{InterfaceReport, NetworkCommand, UnreachableNode, Unused};
use tokio::sync::oneshot;

use super::super::neighbours::Connected;
use super::super::{Hub, Later, present};

impl Hub {
    /// Asks the network for its report. [`Self::tell_outlook`] answers.
    pub(super) async fn ask_outlook(&mut self, answer: Answer) {
        let (reply, told) = oneshot::channel();
        if let Err(error) = self.link.send(NetworkCommand::Report(reply)).await {
            answer.send(Err::<Reply, _>(ControlError::internal(error.to_string())));
            return;
        }
        let later = self.laters.sender.clone();
        tokio::spawn(async move {
            match told.await {
                Ok(report) => {
                    // Without a hub nobody waits for it.
                    let _ = later.send(Later::Outlook(Box::new(report), answer)).await;
                }
                Err(_) => {
                    let stopped = ControlError::internal("the network has stopped");
                    answer.send(Err::<Reply, _>(stopped));
                }
            }
        });
    }

    /// Answers with the network's report, names added.
    pub(in crate::hub) fn tell_outlook(&self, report: sotto_net::NetworkReport, answer: Answer) {
        let status = self.neighbours.status(self.voice.media_port());
        let unreachable = |it: UnreachableNode| {
            let person = present::person(&self.mesh, PeerId(it.node.0));
            UnreachablePeer {
                label: person.label,
                id: person.id,
                addresses: it.addresses.iter().map(ToString::to_string).collect(),
                shares_network: it.shares_network,
                failures: it.failures,
            }
        };
        let mut programs: Vec<PeerProgram> = self
            .neighbours
            .all_connected()
            .map(|(peer, connected)| self.program(peer, connected))
            .collect();
        programs.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
        answer.send(Ok(NetworkReport {
            interfaces: report.interfaces.into_iter().map(interface).collect(),
            listen_port: self.neighbours.listen_port(),
            media_port: status.media_port,
            discovery: report.discovery,
            mdns_port_bound: report.mdns_port_bound,
            unreachable: report.unreachable.into_iter().map(unreachable).collect(),
            programs,
            clones: report.clones.iter().map(ToString::to_string).collect(),
            problem: status.problem,
            hint: status.hint,
        }));
    }

    fn program(&self, peer: PeerId, connected: &Connected) -> PeerProgram {
        let person = present::person(&self.mesh, peer);
        PeerProgram {
            label: person.label,
            id: person.id,
            address: connected.address.to_string(),
            version: connected.program.release.clone(),
            other_protocol: connected.program.other_protocol.clone(),
        }
    }
}

fn interface(report: InterfaceReport) -> NetworkInterface {
    let address = |(ip, prefix): &(std::net::IpAddr, u8)| format!("{ip}/{prefix}");
    NetworkInterface {
        addresses: report.addresses.iter().map(address).collect(),
        used: report.unused.is_none(),
        unused_because: report.unused.map(|unused| match unused {
            Unused::NotChosen => UnusedBecause::NotChosen,
            Unused::Down => UnusedBecause::Down,
            Unused::NoLink => UnusedBecause::NoLink,
            Unused::NoAddress => UnusedBecause::NoAddress,
            Unused::Loopback => UnusedBecause::Loopback,
        }),
        multicast_heard_back: report.heard_back,
        others_heard_s: report.others_heard.map(|ago| ago.as_secs()),
        name: report.name,
    }
}
