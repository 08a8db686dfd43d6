//! The handful of connections into the lobby: made soon after the start, renewed slowly ever after.

use std::time::Duration;

use super::{Action, LOBBY_PACE, MAX_DIALS, Planner, peer::Peer};
use crate::NodeId;

/// Below this many lobby connections, more are dialled without delay.
pub(super) const LOBBY_MIN: usize = 3;
/// Above this many, those that this side dialled are given up.
pub(super) const LOBBY_MAX: usize = 6;
/// A dial that has not succeeded after this long no longer stands in for the connection that it was to become: mDNS
/// lists crashed daemons for a while, and they must not keep living ones waiting.
pub(super) const DOUBTFUL: Duration = Duration::from_millis(250);
/// Pause between two connections given up; the upper end of a random span. Forty are closed within some five seconds.
const SHED_PACE: Duration = Duration::from_millis(200);
/// A lobby connection is left alone for this long before it may be given up.
const SETTLED: Duration = Duration::from_secs(60);

impl Planner {
    pub(super) fn dial_lobby(&mut self, now: Duration) {
        if self.lobby(now) >= LOBBY_MIN {
            // If a dial among these becomes doubtful, another peer's turn comes.
            let on_their_way = self
                .peers
                .values()
                .filter(|peer| !peer.wanted && peer.connected.is_none() && peer.dials > 0);
            let doubtful = on_their_way
                .map(|peer| peer.dialled_at + DOUBTFUL)
                .filter(|&at| at > now)
                .min();
            if let Some(at) = doubtful {
                self.wake_at(at);
            }
            return;
        }
        let earliest_candidate = self.candidates().map(|(_, ready)| ready).min();
        let Some(ready) = earliest_candidate else {
            return;
        };
        let due = ready.max(self.lobby_after);
        if due > now {
            self.wake_at(due);
            return;
        }
        self.dial_one_of_the_lobby(now);
        self.lobby_after = now + LOBBY_PACE / 3 + self.jitter.up_to(LOBBY_PACE * 2 / 3);
        self.wake_at(self.lobby_after);
    }

    pub(super) fn explore(&mut self, now: Duration) {
        let lobby = self.lobby(now);
        if lobby < LOBBY_MAX || self.jitter.one_in(4) {
            self.dial_one_of_the_lobby(now);
        }
    }

    /// Gives up lobby connections beyond the most, one after the other: after a large meeting there are many.
    pub(super) fn shed(&mut self, now: Duration) {
        if self.lobby(now) <= LOBBY_MAX {
            self.shed_at = None;
            return;
        }
        let settles = |peer: &Peer| {
            let link = peer
                .connected
                .filter(|link| link.outbound && !peer.wanted)?;
            Some(link.since + SETTLED)
        };
        let Some(first) = self.peers.values().filter_map(settles).min() else {
            return;
        };
        // Random also before the first, so that two ends of many connections do not act at the same time.
        let pause = SHED_PACE / 3 + self.jitter.up_to(SHED_PACE * 2 / 3);
        let due = first.max(*self.shed_at.get_or_insert(now + pause));
        if due > now {
            self.wake_at(due);
            return;
        }
        let mut settled: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| settles(peer).is_some_and(|at| at <= now))
            .map(|(&id, _)| id)
            .collect();
        // As below, so that decisions follow from the seed alone.
        settled.sort_unstable();
        if let Some(peer) = self.jitter.pick(settled) {
            self.actions.push_back(Action::Close { peer });
        }
        self.shed_at = Some(now + pause);
        self.wake_at(now + pause);
    }

    fn dial_one_of_the_lobby(&mut self, now: Duration) {
        let mut ready: Vec<_> = self
            .candidates()
            .filter(|&(_, ready)| ready <= now)
            .map(|(id, _)| id)
            .collect();
        // The map's own order differs from run to run; decisions must follow from the seed alone.
        ready.sort_unstable();
        // Those that have not failed before come first.
        let unblemished = |id: &NodeId| {
            self.peers
                .get(id)
                .is_some_and(|peer| !peer.backoff.has_failed())
        };
        if ready.iter().any(unblemished) {
            ready.retain(unblemished);
        }
        let Some(id) = self.jitter.pick(ready) else {
            return;
        };
        if self.dials() >= MAX_DIALS {
            return;
        }
        if let Some(peer) = self.peers.get_mut(&id) {
            let addresses = peer.addresses(&self.place);
            peer.dials += 1;
            peer.dialled_at = now;
            peer.fresh = false;
            self.actions.push_back(Action::Dial {
                peer: id,
                addresses,
            });
        }
    }

    /// Discovered peers that could become lobby connections, and from when on.
    fn candidates(&self) -> impl Iterator<Item = (NodeId, Duration)> {
        self.peers
            .iter()
            .filter(|(_, peer)| !peer.wanted && !peer.discovered.is_empty() && peer.may_dial())
            .filter(|(_, peer)| !peer.addresses(&self.place).is_empty())
            .map(|(&id, peer)| (id, peer.lobby_from.max(peer.backoff.not_before)))
    }

    /// Lobby connections, those on their way included.
    fn lobby(&self, now: Duration) -> usize {
        let on_its_way = |peer: &Peer| peer.dials > 0 && now < peer.dialled_at + DOUBTFUL;
        let counts = |peer: &&Peer| !peer.wanted && (peer.connected.is_some() || on_its_way(peer));
        self.peers.values().filter(counts).count()
    }
}
