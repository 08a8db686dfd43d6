//! Colleagues who are announced and cannot be reached.

use std::net::IpAddr;

use sotto_control::model::Peer;

use super::finding::{Area, Finding};
use super::interfaces::Interface;

/// Judges who is there and who is reached.
pub(super) fn judge(peers: &[Peer], interfaces: &[Interface]) -> Vec<Finding> {
    let connected = peers.iter().filter(|peer| peer.connected).count();
    let apart: Vec<&Peer> = peers
        .iter()
        .filter(|peer| peer.running && !peer.connected)
        .collect();
    let mut found = Vec::new();
    if connected > 0 {
        let what = match connected {
            1 => "1 colleague is connected".to_owned(),
            many => format!("{many} colleagues are connected"),
        };
        found.push(Finding::fine(Area::Network, "colleagues", what));
    } else if apart.is_empty() {
        found.push(
            Finding::note(Area::Network, "colleagues", "no colleague has been found yet")
                .because("nobody runs Sotto on this network, or the network does not pass multicast")
                .helped_by("sotto connect ADDRESS, with what 'sotto status' shows as network at the colleague's"),
        );
    }
    for peer in apart {
        found.push(unreachable(peer, interfaces));
    }
    found
}

fn unreachable(peer: &Peer, interfaces: &[Interface]) -> Finding {
    let name = &peer.person.label;
    let at = peer.addresses.join(", ");
    let near = peer
        .addresses
        .iter()
        .filter_map(|text| address(text))
        .any(|ip| interfaces.iter().any(|interface| interface.reaches(ip)));
    if near {
        let what = format!("{name} is announced at {at}, but cannot be reached");
        Finding::problem(Area::Network, "unreachable", what)
            .because(
                "a firewall on either machine, or an access point that keeps its guests apart (client isolation)",
            )
            .helped_by(
                "at the colleague's: sotto doctor; on Wi-Fi try another one than the guests' network",
            )
    } else if at.is_empty() {
        Finding::note(
            Area::Network,
            "unreachable",
            format!("{name} was heard of, but at no address"),
        )
    } else {
        let what = format!("{name} is at {at}: no network in common with this machine");
        Finding::problem(Area::Network, "no_common_network", what)
            .because("both are on different networks, or one of both uses an address that it no longer has")
            .helped_by("join the same network; or, where a router passes between both: sotto connect ADDRESS:PORT")
    }
}

/// Reads an address with or without port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = text.parse::<std::net::SocketAddr>().map(|it| it.ip());
    with_port.or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::interfaces::interface;
    use super::*;
    use sotto_control::model::Person;

    fn peer(label: &str, connected: bool, addresses: &[&str]) -> Peer {
        Peer {
            person: Person {
                label: label.into(),
                ..Person::default()
            },
            running: true,
            connected,
            addresses: addresses.iter().map(|&it| it.to_owned()).collect(),
            ..Peer::default()
        }
    }

    #[test]
    fn isolation_and_foreign_networks_are_told_apart() {
        let here = [interface("eth0", &[("192.168.1.7", 24)])];
        let found = judge(
            &[
                peer("Bao", true, &["192.168.1.8:26606"]),
                peer("Chen", false, &["192.168.1.9:26606"]),
                peer("Dara", false, &["10.9.9.9"]),
            ],
            &here,
        );
        let checks: Vec<&str> = found.iter().map(|it| it.check).collect();
        assert_eq!(checks, ["colleagues", "unreachable", "no_common_network"]);
        assert!(found[1].what.contains("Chen"), "{found:?}");
    }

    #[test]
    fn nobody_at_all_is_no_more_than_a_note() {
        let found = judge(&[], &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].help.as_ref().unwrap().contains("sotto connect"));
    }
}
