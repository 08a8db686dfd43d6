//! What mDNS lists now, within bounds.
//!
//! Anyone on the network can announce anything, also under another's identity. So announcements are kept per
//! instance name, a few instances per identity, 16 per IP address (loopback excepted, where test networks live)
//! and 4,096 in all.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use super::{Announcement, Tally};
use crate::{Deafness, NodeId, addresses::dialable, statistics::Counters};

const MAX_INSTANCES: usize = 4096;
const MAX_PER_IP: usize = 16;
const MAX_PER_NODE: usize = 4;
/// A DNS name has at most 255 bytes; escaped, four times that.
const MAX_NAME: usize = 1024;

/// A change in what mDNS lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// All addresses listed for a peer.
    Listed {
        peer: NodeId,
        addresses: Vec<SocketAddr>,
    },
    /// None is left.
    Gone { peer: NodeId },
    /// This daemon's own identity is announced there: by itself, or by another with a copy of it.
    Ourselves { addresses: Vec<SocketAddr> },
    /// Multicast works, or why it does not.
    Hearing(Option<Deafness>),
}

/// The instances that mDNS has resolved.
#[derive(Debug)]
pub(super) struct Sightings {
    own: NodeId,
    instances: HashMap<String, Instance>,
    per_ip: Tally<IpAddr>,
    per_node: Tally<NodeId>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Instance {
    node: NodeId,
    addresses: Vec<SocketAddr>,
}

impl Sightings {
    pub(super) fn new(own: NodeId, counters: Arc<Counters>) -> Self {
        Self {
            own,
            instances: HashMap::new(),
            per_ip: Tally::default(),
            per_node: Tally::default(),
            counters,
        }
    }

    /// An instance was resolved, perhaps again with other addresses: all those that are held of it.
    pub(super) fn resolved(
        &mut self,
        fullname: &str,
        announcement: Option<Announcement>,
        found: Vec<SocketAddr>,
    ) -> Option<Sighting> {
        let Some(Announcement { node }) = announcement.filter(|_| fullname.len() <= MAX_NAME)
        else {
            self.counters.announcements_refused.increment();
            tracing::debug!("an mDNS announcement was not understood");
            return None;
        };
        // Link-local addresses come with every announcement; leaving them out is not worth counting.
        let addresses = dialable(&found);
        if node == self.own {
            return (!addresses.is_empty()).then_some(Sighting::Ourselves { addresses });
        }
        // What mDNS holds now takes the place of what it held before: an address that was given up must not stay.
        let was_listed = self.take(fullname).map(|before| before.node);
        let crowded = |address: &SocketAddr| {
            !address.ip().is_loopback() && self.per_ip.get(&address.ip()) >= MAX_PER_IP
        };
        if self.instances.len() >= MAX_INSTANCES
            || self.per_node.get(&node) >= MAX_PER_NODE
            || addresses.iter().any(crowded)
        {
            self.counters.announcements_refused.increment();
            return was_listed.map(|node| self.listed(node));
        }
        if addresses.is_empty() {
            return was_listed.map(|node| self.listed(node));
        }
        for address in &addresses {
            self.per_ip.add(address.ip());
        }
        self.per_node.add(node);
        self.instances
            .insert(fullname.to_owned(), Instance { node, addresses });
        Some(self.listed(node))
    }

    /// An instance expired or said goodbye.
    pub(super) fn removed(&mut self, fullname: &str) -> Option<Sighting> {
        let gone = self.take(fullname)?;
        Some(self.listed(gone.node))
    }

    fn take(&mut self, fullname: &str) -> Option<Instance> {
        let instance = self.instances.remove(fullname)?;
        for address in &instance.addresses {
            self.per_ip.remove(&address.ip());
        }
        self.per_node.remove(&instance.node);
        Some(instance)
    }

    fn listed(&self, peer: NodeId) -> Sighting {
        if self.per_node.get(&peer) == 0 {
            return Sighting::Gone { peer };
        }
        let mut addresses: Vec<_> = self
            .instances
            .values()
            .filter(|instance| instance.node == peer)
            .flat_map(|instance| instance.addresses.iter().copied())
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        Sighting::Listed { peer, addresses }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> (Sightings, Arc<Counters>) {
        let counters = Arc::new(Counters::default());
        (
            Sightings::new(NodeId([0; 32]), Arc::clone(&counters)),
            counters,
        )
    }

    fn by(number: u16) -> Option<Announcement> {
        let mut key = [1; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        Some(Announcement::new(NodeId(key)))
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_held_now_takes_the_place_of_what_was_before() {
        let (mut table, _) = table();
        let peer = by(1).unwrap().node;
        for number in 1..40 {
            let held = [format!("192.0.2.{number}:9"), format!("[fe80::{number}]:9")];
            let sighting = table.resolved("a", by(1), held.iter().map(|it| at(it)).collect());
            let addresses = vec![at(&held[0])];
            assert_eq!(sighting, Some(Sighting::Listed { peer, addresses }));
        }
        assert_eq!(table.per_ip.0.len(), 1);
    }

    #[test]
    fn a_restart_on_another_port_replaces_the_old_one() {
        let (mut table, _) = table();
        table.resolved("a", by(1), vec![at("192.0.2.1:9")]);
        let sighting = table.resolved("a", by(1), vec![at("192.0.2.1:10")]);
        let peer = by(1).unwrap().node;
        assert_eq!(
            sighting,
            Some(Sighting::Listed {
                peer,
                addresses: vec![at("192.0.2.1:10")]
            })
        );
    }

    #[test]
    fn a_peer_is_gone_with_its_last_instance() {
        let (mut table, _) = table();
        let peer = by(1).unwrap().node;
        table.resolved("a", by(1), vec![at("192.0.2.1:9")]);
        table.resolved("b", by(1), vec![at("192.0.2.2:9")]);
        let left = vec![at("192.0.2.2:9")];
        assert_eq!(
            table.removed("a"),
            Some(Sighting::Listed {
                peer,
                addresses: left
            })
        );
        assert_eq!(table.removed("b"), Some(Sighting::Gone { peer }));
        assert_eq!(table.removed("b"), None);
        assert!(table.per_ip.0.is_empty() && table.per_node.0.is_empty());
    }

    #[test]
    fn sixteen_per_address_except_on_loopback() {
        let (mut table, counters) = table();
        for number in 0..40 {
            table.resolved(
                &format!("lan {number}"),
                by(number),
                vec![at("192.0.2.1:9")],
            );
            table.resolved(
                &format!("lo {number}"),
                by(100 + number),
                vec![at("127.0.0.1:9")],
            );
        }
        assert_eq!(table.instances.len(), MAX_PER_IP + 40);
        assert_eq!(counters.snapshot().announcements_refused, 24);
    }

    #[test]
    fn a_foreign_announcement_cannot_crowd_out_an_identity() {
        let (mut table, _) = table();
        for number in 0..40 {
            table.resolved(
                &format!("forged {number}"),
                by(1),
                vec![at(&format!("192.0.2.{number}:9"))],
            );
        }
        assert_eq!(table.instances.len(), MAX_PER_NODE);
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut table, _) = table();
        for number in 0..6000 {
            table.resolved(&format!("{number}"), by(number), vec![at("127.0.0.1:9")]);
        }
        assert_eq!(table.instances.len(), MAX_INSTANCES);
    }

    #[test]
    fn ourselves_and_nonsense_are_not_listed() {
        let (mut table, counters) = table();
        let own = Some(Announcement::new(NodeId([0; 32])));
        let addresses = vec![at("192.0.2.1:9")];
        assert_eq!(
            table.resolved("a", own, addresses.clone()),
            Some(Sighting::Ourselves { addresses }),
            "perhaps a clone"
        );
        assert!(table.instances.is_empty());
        assert_eq!(table.resolved("a", None, vec![at("192.0.2.1:9")]), None);
        assert_eq!(
            table.resolved(&"a".repeat(MAX_NAME + 1), by(1), vec![at("192.0.2.1:9")]),
            None
        );
        assert_eq!(counters.snapshot().announcements_refused, 2);
    }
}
