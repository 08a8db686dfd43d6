//! Colleagues: who is connected, who is announced and cannot be reached, and whose clock is wrong.

use std::time::Duration;

use sotto_control::model::{NetworkReport, Notice, NoticeKind, Peer, UnreachablePeer};

use super::finding::{Area, Finding};
use crate::format;

/// Dials that must fail before somebody counts as unreachable: the first may come too early. Whoever is in no network in
/// common is not dialled.
const FAILURES: u32 = 2;

/// Judges who is there and who is reached; that nobody is there says nothing where a problem of the network is `known`.
pub(super) fn judge(peers: &[Peer], network: &NetworkReport, known: bool) -> Vec<Finding> {
    let connected = peers.iter().filter(|peer| peer.connected).count();
    let mut found = Vec::new();
    if connected > 0 {
        let what = match connected {
            1 => "1 colleague is connected".to_owned(),
            many => format!("{many} colleagues are connected"),
        };
        found.push(Finding::fine(Area::Network, "colleagues", what));
    } else if network.unreachable.is_empty() && !known {
        found.push(
            Finding::note(Area::Network, "colleagues", "no colleague has been found yet")
                .because("nobody runs Sotto on this network, or the network does not pass multicast")
                .helped_by("sotto connect ADDRESS, with the one that 'sotto status' shows on the colleague's machine"),
        );
    }
    found.extend(network.unreachable.iter().filter_map(unreachable));
    found
}

/// Judges colleagues' clocks, of which the daemon has not warned by itself.
pub(super) fn clocks(peers: &[Peer], warnings: &[Notice]) -> Vec<Finding> {
    if warnings.iter().any(|it| it.kind == NoticeKind::Clock) {
        return Vec::new();
    }
    peers.iter().filter_map(clock).collect()
}

fn unreachable(peer: &UnreachablePeer) -> Option<Finding> {
    let name = &peer.label;
    let at = peer.addresses.join(", ");
    let is_dialled = peer.shares_network || peer.addresses.is_empty();
    if is_dialled && peer.failures < FAILURES {
        return None;
    }
    Some(if peer.addresses.is_empty() {
        let what = format!("{name} was heard of, but at no address");
        Finding::note(Area::Network, "unreachable", what)
    } else if peer.shares_network {
        let what = format!("{name} is announced at {at}, but cannot be reached");
        Finding::problem(Area::Network, "unreachable", what)
            .because(
                "a firewall on either machine, or an access point that keeps its guests apart (client isolation)",
            )
            .helped_by(
                "at the colleague's: sotto doctor; on Wi-Fi try another one than the guests' network",
            )
    } else {
        let what = format!("{name} is at {at}: no network in common with this machine");
        Finding::problem(Area::Network, "no_common_network", what)
            .because("both are on different networks, or one of both uses an address that it no longer has")
            .helped_by("join the same network; or, where a router passes between both: sotto connect ADDRESS:PORT")
    })
}

fn clock(peer: &Peer) -> Option<Finding> {
    let off = peer.clock_off_s?;
    let by = format::duration(Duration::from_secs(off.unsigned_abs()));
    let direction = if off < 0 { "behind" } else { "ahead of" };
    let what = format!(
        "the clock of {} is {by} {direction} this machine's",
        peer.person.label
    );
    Some(
        Finding::note(Area::Network, "colleagues_clock", what)
            .because("one of both shows wrong times")
            .helped_by("on the machine that is wrong: sudo timedatectl set-ntp true"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_control::model::Person;

    fn away(label: &str, address: &str, shares_network: bool, failures: u32) -> UnreachablePeer {
        UnreachablePeer {
            label: label.into(),
            addresses: vec![address.into()],
            shares_network,
            failures,
            ..UnreachablePeer::default()
        }
    }

    fn checks(found: &[Finding]) -> Vec<&'static str> {
        found.iter().map(|it| it.check).collect()
    }

    #[test]
    fn isolation_and_foreign_networks_are_told_apart() {
        let bao = Peer {
            connected: true,
            ..Peer::default()
        };
        let network = NetworkReport {
            unreachable: vec![
                away("Chen", "192.168.1.9:26606", true, 3),
                away("Dara", "10.9.9.9:26606", false, 0),
                away("Emil", "192.168.1.10:26606", true, 0),
            ],
            ..NetworkReport::default()
        };
        let found = judge(&[bao], &network, false);
        assert_eq!(
            checks(&found),
            ["colleagues", "unreachable", "no_common_network"]
        );
        assert!(found[1].what.contains("Chen"), "{found:?}");
    }

    #[test]
    fn nobody_at_all_is_no_more_than_a_note() {
        let found = judge(&[], &NetworkReport::default(), false);
        assert_eq!(checks(&found), ["colleagues"]);
        assert!(judge(&[], &NetworkReport::default(), true).is_empty());
        assert!(found[0].help.as_ref().unwrap().contains("sotto connect"));
    }

    #[test]
    fn a_clock_that_is_far_off_is_told() {
        let peer = Peer {
            connected: true,
            person: Person {
                label: "Bao".into(),
                ..Person::default()
            },
            clock_off_s: Some(-86_400 * 3),
            ..Peer::default()
        };
        let peers = [peer];
        assert_eq!(
            clocks(&peers, &[])[0].what,
            "the clock of Bao is 3 days behind this machine's"
        );
        let warned = Notice {
            kind: NoticeKind::Clock,
            ..Notice::default()
        };
        assert_eq!(clocks(&peers, &[warned]), [], "the daemon says it");
    }
}
