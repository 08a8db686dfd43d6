//! Direct connections: those that are there, those that I ask the network for, and the requests that travel on them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::ids::PeerId;
use crate::output::Output;
use crate::requests::Requests;

/// With fewer connections than this, some into the lobby are asked for.
pub(super) const LONELY: usize = 3;

/// All direct connections. `P` says what a request is for.
pub(super) struct Links<P> {
    requests: Requests<P>,
    /// The connections that I asked for, with the addresses given.
    wanted: BTreeMap<PeerId, Vec<SocketAddr>>,
    /// Those that are there, by where they lead.
    addresses: BTreeMap<PeerId, IpAddr>,
    /// I had hardly any connections when I last looked.
    lonely: bool,
    /// Other connections may be wanted now.
    changed: bool,
}

impl<P> Links<P> {
    pub(super) fn new() -> Self {
        Self {
            requests: Requests::new(),
            wanted: BTreeMap::new(),
            addresses: BTreeMap::new(),
            lonely: false,
            changed: true,
        }
    }

    /// Notes a connection, and where it leads. Requests that waited for it go out.
    pub(super) fn connected(&mut self, peer: PeerId, address: IpAddr, now: Duration) {
        self.addresses.insert(peer, address);
        self.requests.connected(peer, now);
        self.changed = true;
    }

    /// Notes the end of a connection.
    pub(super) fn disconnected(&mut self, peer: PeerId) {
        self.addresses.remove(&peer);
        self.requests.disconnected(peer);
        self.changed = true;
    }

    pub(super) fn is_connected(&self, peer: PeerId) -> bool {
        self.requests.is_connected(peer)
    }

    /// Returns everybody connected, in the order of their ids.
    pub(super) fn connections(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.requests.connections()
    }

    /// Returns where the connection to `peer` leads, if there is one.
    pub(super) fn address(&self, peer: PeerId) -> Option<IpAddr> {
        self.addresses.get(&peer).copied()
    }

    /// Asks `to`, now or once it is connected. Gives `purpose` back if there is too much under way.
    pub(super) fn ask(
        &mut self,
        to: PeerId,
        purpose: P,
        data: Vec<u8>,
        now: Duration,
    ) -> Result<(), P> {
        self.requests.send(to, purpose, data, now)
    }

    /// Ends a request of mine that `from` answered, and returns what it was for.
    pub(super) fn answered(&mut self, id: u64, from: PeerId) -> Option<P> {
        self.requests.finish(id, from)
    }

    /// Ends the requests that waited too long, and returns what they were for.
    pub(super) fn expired(&mut self, now: Duration) -> Vec<(PeerId, P)> {
        self.requests.expired(now)
    }

    /// Returns when a request will have waited too long.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.requests.next_timeout()
    }

    /// Returns whether a request that `matches` is under way.
    pub(super) fn is_under_way(&self, mut matches: impl FnMut(&P) -> bool) -> bool {
        self.requests.any(|_, purpose| matches(purpose))
    }

    /// Returns whether a request to `peer` that `matches` is under way.
    pub(super) fn is_asked(&self, peer: PeerId, mut matches: impl FnMut(&P) -> bool) -> bool {
        self.requests
            .any(|to, purpose| to == peer && matches(purpose))
    }

    /// Returns the next request to be sent.
    pub(super) fn poll_request(&mut self) -> Option<Output> {
        let (to, id, data) = self.requests.poll_ready()?;
        Some(Output::Request { to, id, data })
    }

    /// Returns those whose connection is needed for a request under way.
    pub(super) fn needed(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.requests.needed()
    }

    /// Notes that other connections may be wanted now.
    pub(super) fn reconsider(&mut self) {
        self.changed = true;
    }

    /// Returns whether other connections may be wanted since this was asked last.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed) | self.requests.take_needs_changed()
    }

    /// Asks the network for what is `wanted` and was not asked for, and gives up the rest.
    ///
    /// `dial` says where somebody can be found. That matters only as long as there is no connection.
    pub(super) fn choose(
        &mut self,
        wanted: &BTreeSet<PeerId>,
        dial: impl Fn(PeerId) -> Vec<SocketAddr>,
    ) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.wanted.retain(|peer, _| {
            let keep = wanted.contains(peer);
            if !keep {
                outputs.push(Output::Release { peer: *peer });
            }
            keep
        });
        for peer in wanted.iter().copied() {
            let known = self.wanted.get(&peer);
            if known.is_some() && self.requests.is_connected(peer) {
                continue;
            }
            let addresses = dial(peer);
            if known != Some(&addresses) {
                self.wanted.insert(peer, addresses.clone());
                outputs.push(Output::Connect { peer, addresses });
            }
        }
        outputs
    }

    /// Sees now and then whether the network has found me enough neighbours by itself.
    ///
    /// Where multicast does not pass it has not: everybody hangs on the one machine that was named by hand, and its end
    /// would leave everybody alone.
    pub(super) fn look_for_company(&mut self) {
        self.lonely = self.requests.connections().count() < LONELY;
    }

    /// Returns whether I had hardly any connections when I last looked.
    pub(super) fn is_lonely(&self) -> bool {
        self.lonely
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);
    const ANNA: PeerId = PeerId([1; 32]);
    const BAO: PeerId = PeerId([2; 32]);

    fn address(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 4001).into()
    }

    fn somewhere(_: PeerId) -> Vec<SocketAddr> {
        vec![address(1)]
    }

    fn connect(peer: PeerId) -> Output {
        Output::Connect {
            peer,
            addresses: somewhere(peer),
        }
    }

    #[test]
    fn a_connection_wanted_twice_is_asked_for_once() {
        let mut links = Links::<&str>::new();
        let wanted = BTreeSet::from([ANNA, BAO]);
        assert_eq!(
            links.choose(&wanted, somewhere),
            vec![connect(ANNA), connect(BAO)]
        );
        assert_eq!(links.choose(&wanted, somewhere), vec![]);
    }

    #[test]
    fn what_is_no_longer_wanted_is_given_up_before_others_are_asked_for() {
        let mut links = Links::<&str>::new();
        links.choose(&BTreeSet::from([BAO]), somewhere);
        assert_eq!(
            links.choose(&BTreeSet::from([ANNA]), somewhere),
            vec![Output::Release { peer: BAO }, connect(ANNA)]
        );
    }

    #[test]
    fn a_new_address_is_dialled_only_as_long_as_there_is_no_connection() {
        let mut links = Links::<&str>::new();
        let wanted = BTreeSet::from([ANNA]);
        links.choose(&wanted, somewhere);
        let elsewhere = |_| vec![address(2)];
        assert_eq!(links.choose(&wanted, elsewhere).len(), 1);
        links.connected(ANNA, address(2).ip(), NOW);
        assert_eq!(links.choose(&wanted, somewhere), vec![]);
        links.disconnected(ANNA);
        assert_eq!(links.choose(&wanted, somewhere), vec![connect(ANNA)]);
    }

    #[test]
    fn a_request_asks_for_the_connection_that_it_needs_until_it_is_answered() {
        let mut links = Links::new();
        assert!(links.take_changed(), "a start");
        assert!(!links.take_changed());
        links.ask(ANNA, "join", vec![1], NOW).unwrap();
        assert!(links.take_changed());
        assert_eq!(links.needed().collect::<Vec<_>>(), vec![ANNA]);
        assert_eq!(links.poll_request(), None);
        links.connected(ANNA, address(1).ip(), NOW);
        let Some(Output::Request { to, id, .. }) = links.poll_request() else {
            panic!("the connection is there");
        };
        assert_eq!(to, ANNA);
        assert!(links.is_under_way(|purpose| *purpose == "join"));
        assert_eq!(links.answered(id, ANNA), Some("join"));
        assert!(links.take_changed());
        assert_eq!(links.needed().count(), 0);
        assert!(!links.is_under_way(|purpose| *purpose == "join"));
    }

    #[test]
    fn a_connection_leads_somewhere_as_long_as_it_is_there() {
        let mut links = Links::<&str>::new();
        assert_eq!(links.address(ANNA), None);
        links.connected(ANNA, address(7).ip(), NOW);
        assert_eq!(links.address(ANNA), Some(address(7).ip()));
        assert!(links.is_connected(ANNA));
        links.disconnected(ANNA);
        assert_eq!(links.address(ANNA), None);
        assert!(!links.is_connected(ANNA));
    }

    #[test]
    fn with_few_neighbours_i_am_lonely_from_the_next_look_on() {
        let mut links = Links::<&str>::new();
        assert!(!links.is_lonely(), "nobody has looked yet");
        links.look_for_company();
        assert!(links.is_lonely());
        for peer in 1..=LONELY as u8 {
            links.connected(PeerId([peer; 32]), address(peer).ip(), NOW);
        }
        assert!(links.is_lonely());
        links.look_for_company();
        assert!(!links.is_lonely());
    }
}
