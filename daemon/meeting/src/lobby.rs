//! Everyone on the network who runs Sotto.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::digest::Entry;
use crate::ids::{PeerId, Utc};
use crate::limits::{LOBBY_PEERS, PEERS_PER_ADDRESS};
use crate::record::{LobbyEntry, MAX_ADDRESSES, Record, Unknown, Version};
use crate::unknown::Unknowns;

/// How often my own record is renewed.
pub(crate) const RENEWAL: Duration = Duration::from_secs(300);
/// How long a record counts without renewal.
pub(crate) const LAPSE: Duration = Duration::from_secs(900);

/// Stands for the address of those who name none.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[derive(Debug)]
struct Present {
    record: Record<LobbyEntry>,
    /// When its author is last known to have stood by it.
    fresh: Duration,
    /// By which crowds are counted.
    address: Option<IpAddr>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merged {
    /// It is the newest of its author now.
    New {
        /// The author was not running, as far as was known, or has started again since.
        appeared: bool,
        /// The author says goodbye.
        gone: bool,
    },
    /// This or a newer one was known.
    Known,
    /// No room.
    Full,
}

/// The newest record of everyone.
#[derive(Debug, Default)]
pub(crate) struct Lobby {
    peers: BTreeMap<PeerId, Present>,
    by_address: BTreeMap<IpAddr, BTreeSet<PeerId>>,
    /// What else those in the lobby state, in later releases.
    unknown: Unknowns,
    /// The versions of records that have gone, with the time of that: whoever kept one does not make it news again.
    gone: BTreeMap<PeerId, (Version, Duration)>,
    /// Those who had to make room since they were last asked for.
    pushed_out: Vec<PeerId>,
    /// I listen on loopback alone, among other daemons of this machine.
    on_loopback: bool,
}

impl Lobby {
    /// Whether a record would be news, before its signature is checked.
    pub(crate) fn is_news(&self, record: &Record<LobbyEntry>) -> bool {
        let author = record.head.author;
        match self.peers.get(&author) {
            Some(known) => known.record.order(record).is_lt(),
            None => self
                .gone
                .get(&author)
                .is_none_or(|(version, _)| *version < record.head.version),
        }
    }

    /// Whether all my own addresses are loopback ones.
    pub(crate) fn set_on_loopback(&mut self, on_loopback: bool) {
        self.on_loopback = on_loopback;
    }

    /// Takes a verified record whose author stood by it at `fresh`.
    ///
    /// `keep` says who is not pushed out to make room: contacts and those connected. `proven` is where the connection to
    /// the author leads, if there is one: what a record says of addresses is only its author's word.
    pub(crate) fn merge(
        &mut self,
        record: Record<LobbyEntry>,
        fresh: Duration,
        now: Duration,
        proven: Option<IpAddr>,
        keep: impl Fn(PeerId) -> bool,
    ) -> Merged {
        let author = record.head.author;
        if !self.is_news(&record) {
            return Merged::Known;
        }
        if now.saturating_sub(fresh) >= LAPSE {
            return Merged::Known;
        }
        let was_running = self.is_running(author, now);
        let restarted = self
            .run(author)
            .is_some_and(|run| run < record.head.version.epoch);
        let address = self.counted_address(&record.body, proven);
        if !self.make_room(author, address, now, &keep) {
            return Merged::Full;
        }
        self.remove(author);
        self.gone.remove(&author);
        if let Some(address) = address {
            self.by_address.entry(address).or_default().insert(author);
        }
        let running = record.body.running;
        let present = Present {
            record,
            fresh,
            address,
        };
        self.peers.insert(author, present);
        Merged::New {
            appeared: running && (!was_running || restarted),
            gone: !running && was_running,
        }
    }

    /// Whether a record of a kind that only later releases understand would be news.
    pub(crate) fn is_unknown_news(&self, record: &Record<Unknown>) -> bool {
        self.peers.contains_key(&record.head.author) && self.unknown.is_news(record)
    }

    /// Takes a verified record of such a kind; returns whether it is kept or to be handed on.
    ///
    /// It stays no longer than its author's own lobby record.
    pub(crate) fn merge_unknown(
        &mut self,
        record: Record<Unknown>,
        fresh: Duration,
        now: Duration,
    ) -> bool {
        self.peers.contains_key(&record.head.author)
            && now.saturating_sub(fresh) < LAPSE
            && self.unknown.merge(record, Some(fresh), Utc::default())
    }

    fn make_room(
        &mut self,
        author: PeerId,
        address: Option<IpAddr>,
        now: Duration,
        keep: &impl Fn(PeerId) -> bool,
    ) -> bool {
        let crowd = address
            .and_then(|address| self.by_address.get(&address))
            .filter(|crowd| crowd.len() >= PEERS_PER_ADDRESS && !crowd.contains(&author));
        let full = self.peers.len() >= LOBBY_PEERS && !self.peers.contains_key(&author);
        // Somebody whom I know is let in for somebody whom I do not; strangers do not push each other out.
        let victim = match crowd {
            Some(_) | None if !keep(author) && (crowd.is_some() || full) => return false,
            Some(crowd) => crowd.iter().copied().find(|peer| !keep(*peer)),
            None if full => self.peers.keys().copied().find(|peer| !keep(*peer)),
            None => return true,
        };
        victim.is_some_and(|peer| {
            self.let_go(peer, now);
            self.pushed_out.push(peer);
            true
        })
    }

    /// Returns those who had to make room since this was last asked.
    pub(crate) fn take_pushed_out(&mut self) -> Vec<PeerId> {
        std::mem::take(&mut self.pushed_out)
    }

    /// Removes a record, and remembers which it was.
    fn let_go(&mut self, peer: PeerId, now: Duration) {
        let Some(known) = self.peers.get(&peer) else {
            return;
        };
        let version = known.record.head.version;
        self.remove(peer);
        self.unknown.forget(peer);
        if self.gone.len() >= LOBBY_PEERS
            && let Some(oldest) = self
                .gone
                .iter()
                .min_by_key(|(_, (_, at))| *at)
                .map(|(peer, _)| *peer)
        {
            self.gone.remove(&oldest);
        }
        self.gone.insert(peer, (version, now));
    }

    fn remove(&mut self, peer: PeerId) {
        if let Some(known) = self.peers.remove(&peer)
            && let Some(address) = known.address
            && let Some(crowd) = self.by_address.get_mut(&address)
        {
            crowd.remove(&peer);
            if crowd.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }

    /// Drops what has lapsed, and returns whose.
    pub(crate) fn lapse(&mut self, now: Duration) -> Vec<PeerId> {
        let lapsed: Vec<PeerId> = self
            .peers
            .iter()
            .filter(|(_, known)| now.saturating_sub(known.fresh) >= LAPSE)
            .map(|(peer, _)| *peer)
            .collect();
        for peer in &lapsed {
            self.let_go(*peer, now);
        }
        if let Some(since) = now.checked_sub(LAPSE) {
            self.unknown.lapse(since);
        }
        lapsed
    }

    pub(crate) fn is_running(&self, peer: PeerId, now: Duration) -> bool {
        self.peers.get(&peer).is_some_and(|known| {
            known.record.body.running && now.saturating_sub(known.fresh) < LAPSE
        })
    }

    /// Everybody who runs.
    pub(crate) fn running(&self, now: Duration) -> impl Iterator<Item = PeerId> + '_ {
        self.peers
            .keys()
            .copied()
            .filter(move |peer| self.is_running(*peer, now))
    }

    /// The run of `peer`'s daemon that announced itself last.
    pub(crate) fn run(&self, peer: PeerId) -> Option<u64> {
        Some(self.peers.get(&peer)?.record.head.version.epoch)
    }

    pub(crate) fn addresses(&self, peer: PeerId) -> &[SocketAddr] {
        self.peers
            .get(&peer)
            .map_or(&[], |known| &known.record.body.addresses)
    }

    pub(crate) fn contains(&self, peer: PeerId) -> bool {
        self.peers.contains_key(&peer)
    }

    /// The address by which crowds are counted: where a connection leads, or else the first that the record names.
    ///
    /// Those who name none that I could dial are one crowd. On my own loopback many daemons are nobody's flood.
    fn counted_address(&self, entry: &LobbyEntry, proven: Option<IpAddr>) -> Option<IpAddr> {
        let claimed = || entry.addresses.iter().map(SocketAddr::ip);
        if self.on_loopback && (claimed().any(|ip| ip.is_loopback()) || entry.addresses.is_empty())
        {
            return None;
        }
        proven
            .filter(|ip| !ip.is_loopback())
            .or_else(|| claimed().find(|ip| !ip.is_loopback()))
            .or(Some(NOWHERE))
    }

    /// What is held, for synchronisation.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let peers = self.peers.iter().map(|(peer, known)| Entry {
            slot: slot(*peer),
            reference: known.record.reference(),
        });
        peers.chain(self.unknown.entries()).collect()
    }

    /// The records of these slots as they were signed, each with its age.
    pub(crate) fn records<'a>(
        &'a self,
        slots: &'a BTreeSet<[u8; 8]>,
        now: Duration,
    ) -> impl Iterator<Item = (Duration, &'a [u8])> + 'a {
        let peers = self
            .peers
            .iter()
            .filter(|(peer, _)| slots.contains(&slot(**peer)))
            .map(|(_, known)| (known.fresh, &*known.record.raw));
        let unknown = self
            .unknown
            .records()
            .filter(|held| slots.contains(&held.entry.slot))
            .filter_map(|held| Some((held.fresh?, &*held.record.raw)));
        peers
            .chain(unknown)
            .map(move |(fresh, raw)| (now.saturating_sub(fresh), raw))
    }
}

/// Under which a peer's record is synchronised.
pub(crate) fn slot(peer: PeerId) -> [u8; 8] {
    crate::record::reference(&peer.ring())
}

/// Which of the machine's addresses others can dial, and should be told: the first ones, in the order given.
pub(crate) fn dialable(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let usable = |address: &&SocketAddr| {
        let ip = address.ip();
        let link_local = match ip {
            // Cannot be dialled without naming the interface, which differs on every machine.
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
            IpAddr::V4(_) => false,
        };
        address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !link_local
    };
    let mut chosen: Vec<SocketAddr> = addresses.iter().filter(usable).copied().collect();
    if chosen.iter().any(|address| !address.ip().is_loopback()) {
        chosen.retain(|address| !address.ip().is_loopback());
    }
    let mut told = BTreeSet::new();
    chosen.retain(|address| told.insert(*address));
    chosen.truncate(MAX_ADDRESSES);
    chosen
}
