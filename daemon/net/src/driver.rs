//! The task that owns the swarm and connects it with everything else.
//!
//! One loop waits for whatever comes first: news from the swarm, a command, a sighting by mDNS, a planned dial, the
//! next look at the interfaces. It never waits for the caller: events that find the channel full are kept aside, and
//! if the caller stays behind, gossip and requests are dropped and, last, the swarm is left alone until it catches up.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use libp2p::Swarm;
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

use crate::{
    NetworkCommand, NetworkConfig, NetworkError, NetworkEvent, NetworkReport, NodeId,
    behaviour::{self, Behaviour},
    direct,
    discovery::Sighting,
    gossip, media_stream,
    planner::Planner,
    report,
    statistics::Counters,
};

mod clones;
mod commands;
mod connections;
mod dialling;
mod events;
mod hellos;
mod incoming;
mod lookout;
mod media;
mod own_addresses;
#[cfg(test)]
mod tests;

use clones::Clones;
use connections::Connections;
use dialling::Attempts;
use events::Events;
use lookout::Lookout;
use media::Media;
use own_addresses::{Moved, OwnAddresses};

/// Commands carried out between two looks at everything else.
const COMMANDS_AT_ONCE: usize = 64;
/// How often the interfaces are looked at, and overdue things dropped.
const LOOK: Duration = Duration::from_secs(1);
/// Closing connections at the end.
const FAREWELL: Duration = Duration::from_millis(300);

/// Everything that the task owns.
pub(crate) struct Driver {
    node: NodeId,
    started: Instant,
    swarm: Swarm<Behaviour>,
    own: OwnAddresses,
    planner: Planner,
    lookout: Lookout,
    connections: Connections,
    clones: Clones,
    attempts: Attempts,
    inbox: direct::Inbox,
    outbox: direct::Outbox,
    gossip: gossip::Waiting,
    events: Events,
    media: Media,
    counters: Arc<Counters>,
}

impl Driver {
    pub(crate) async fn new(
        node: NodeId,
        config: NetworkConfig,
        media: Arc<media_stream::Shared>,
        counters: Arc<Counters>,
        events: mpsc::Sender<NetworkEvent>,
    ) -> Result<Self, NetworkError> {
        let mut swarm = behaviour::swarm(&config)?;
        let interfaces = config.interfaces.clone();
        let own =
            OwnAddresses::open(&mut swarm, interfaces, config.listen_port, config.media).await?;
        let started = Instant::now();
        let mut planner = Planner::new(node, chance(), Duration::ZERO);
        planner.set_place(own.place(), Duration::ZERO);
        for address in config.static_peers {
            if !planner.add_static(address, Duration::ZERO) {
                tracing::warn!(%address, "a static peer is left out: its address cannot be dialled, or there are over 64");
            }
        }
        let lookout = match config.discovery {
            true => Lookout::start(node, own.port(), config.interfaces, &counters),
            false => Lookout::none(),
        };
        let media = Media::start(media, swarm.behaviour().media.new_control());
        let mut driver = Self {
            node,
            started,
            swarm,
            own,
            planner,
            lookout,
            connections: Connections::new(config.common_topic),
            clones: Clones::default(),
            attempts: Attempts::default(),
            inbox: direct::Inbox::default(),
            outbox: direct::Outbox::default(),
            gossip: gossip::Waiting::default(),
            events: Events::new(events),
            media,
            counters,
        };
        driver.emit(NetworkEvent::Listening(driver.own.dialable()));
        Ok(driver)
    }

    pub(crate) fn port(&self) -> u16 {
        self.own.port()
    }

    /// Works until told to stop, or until the handle is gone.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<NetworkCommand>,
        mut stop: oneshot::Receiver<()>,
    ) {
        let mut look = time::interval(LOOK);
        look.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        while self.obey(&mut commands) {
            self.follow_plan();
            self.end_head_starts();
            self.renew_silent_connections();
            let plan = self.planner.next_timeout().map(|at| self.started + at);
            let wake = plan
                .into_iter()
                .chain(self.attempts.next_timeout())
                .chain(self.connections.next_timeout())
                .min();
            tokio::select! {
                biased;
                _ = &mut stop => break,
                () = self.events.catch_up() => {}
                _ = look.tick() => self.look(),
                // Before the commands: these had their turn just now.
                event = self.swarm.select_next_some(), if !self.events.is_at_standstill() => self.on_swarm_event(event),
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                sighting = self.lookout.next() => self.on_sighting(sighting),
                () = sleep_until(wake) => {}
            }
        }
        self.say_goodbye().await;
    }

    /// Carries out the commands that wait, up to so many at once. A neighbour that never lets the swarm come to rest must
    /// not keep the local daemon from answering, nor a flood of commands the swarm.
    ///
    /// Returns whether there may be more, ever.
    fn obey(&mut self, commands: &mut mpsc::Receiver<NetworkCommand>) -> bool {
        for _ in 0..COMMANDS_AT_ONCE {
            match commands.try_recv() {
                Ok(command) => self.on_command(command),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Time as the planner counts it.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Hands an event to the caller, or keeps it for when there is room.
    fn emit(&mut self, event: NetworkEvent) {
        self.events.emit(event);
    }

    /// Once a second: the interfaces, and whatever has waited too long.
    fn look(&mut self) {
        if let Some(moved) = self.own.look() {
            self.on_interfaces_changed(&moved);
        }
        self.own.listen(&mut self.swarm);
        let now = Instant::now();
        while let Some(receipt) = self.gossip.receipts.overdue(now) {
            self.counters.verdicts_missed.increment();
            self.report(&receipt, libp2p::gossipsub::MessageAcceptance::Ignore);
        }
        self.counters
            .gossip_unsent
            .add(self.gossip.held.expire(now) as u64);
        for (asked, _) in self.outbox.expired(now) {
            self.fail_request(asked, crate::DirectError::Timeout);
        }
        self.expire_inquiries(now);
        self.close_surplus(now);
        self.check_suspects();
        self.counters
            .addresses_refused
            .add(self.planner.take_refused());
        self.counters.wanted_peers.set(self.planner.wanted());
    }

    fn on_interfaces_changed(&mut self, moved: &Moved) {
        tracing::debug!("the network interfaces changed");
        let subnets = self.own.subnets();
        for connection in self.connections.cut_off(&moved.before, &subnets) {
            self.swarm.close_connection(connection);
        }
        self.own.listen(&mut self.swarm);
        let now = self.now();
        self.planner.set_place(self.own.place(), now);
        self.emit(NetworkEvent::InterfacesChanged);
        if moved.told {
            self.emit(NetworkEvent::Listening(self.own.dialable()));
        }
    }

    fn on_sighting(&mut self, sighting: Sighting) {
        let now = self.now();
        match sighting {
            Sighting::Listed { peer, addresses } => {
                let news = self.planner.discovered(peer, &addresses, now);
                if news {
                    let known = self.connections.note_discovered(peer);
                    self.counters.discovered_peers.set(known);
                    self.emit(NetworkEvent::Discovered { peer, addresses });
                }
            }
            Sighting::Ourselves { addresses } => {
                let elsewhere = addresses.into_iter().filter(self.own.elsewhere());
                self.clones.suspect(elsewhere);
                self.check_suspects();
            }
            Sighting::Hearing(deafness) => self.emit(NetworkEvent::Hearing(deafness)),
            Sighting::Gone { peer } => {
                self.planner.expired(peer);
                let known = self.connections.note_expired(peer);
                self.counters.discovered_peers.set(known);
                self.emit(NetworkEvent::Expired { peer });
            }
        }
    }

    /// Tells what is known of the ways to others.
    fn describe(&self) -> NetworkReport {
        let mut report = NetworkReport {
            interfaces: report::interfaces(self.own.interfaces()),
            unreachable: self.planner.unreachable(),
            clones: self.clones.proven().to_vec(),
            ..NetworkReport::default()
        };
        self.lookout.report(&mut report);
        report
    }

    /// Closes every connection and withdraws the announcement.
    async fn say_goodbye(mut self) {
        let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let swarm = &mut self.swarm;
        let close = async {
            while swarm.connected_peers().next().is_some() {
                let _ = swarm.select_next_some().await;
            }
            // The last packets are sent by tasks of the transport.
            time::sleep(Duration::from_millis(30)).await;
        };
        let _ = tokio::join!(time::timeout(FAREWELL, close), self.lookout.stop());
    }
}

/// A seed for staggering, different for every daemon and start.
fn chance() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0_u8)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
