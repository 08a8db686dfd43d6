//! The task that owns the swarm and connects it with everything else.
//!
//! One loop waits for whatever comes first: news from the swarm, a command, a sighting by mDNS, a planned dial, the
//! next look at the interfaces. It never waits for the caller: events that find the channel full are kept aside, and
//! if the caller stays behind, gossip and requests are dropped and, last, the swarm is left alone until it catches up.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use libp2p::Swarm;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};

use crate::{
    Interfaces, NetworkCommand, NetworkConfig, NetworkError, NetworkEvent, NodeId,
    behaviour::{self, Behaviour},
    direct,
    discovery::{Discovery, Sighting},
    gossip,
    interfaces::InterfaceTable,
    listeners::Listeners,
    media_stream,
    planner::Planner,
    statistics::Counters,
};

mod commands;
mod connections;
mod dialling;
mod incoming;
#[cfg(test)]
mod tests;

use connections::Connections;
use dialling::Attempts;

/// Commands carried out between two looks at everything else.
const COMMANDS_AT_ONCE: usize = 64;
/// How often the interfaces are looked at, and overdue things dropped.
const LOOK: Duration = Duration::from_secs(1);
/// Kept aside beyond the channel; above this, gossip and requests are dropped.
const BACKLOG: usize = 256;
/// Above this, the swarm is not polled. Changes of connection alone fill it only if the caller has stopped.
const STANDSTILL: usize = 4096;
/// Closing connections at the end.
const FAREWELL: Duration = Duration::from_millis(300);

/// Everything that the task owns.
pub(crate) struct Driver {
    node: NodeId,
    started: Instant,
    swarm: Swarm<Behaviour>,
    interfaces: Interfaces,
    table: InterfaceTable,
    listeners: Listeners,
    planner: Planner,
    discovery: Option<Discovery>,
    sightings: Option<mpsc::Receiver<Sighting>>,
    connections: Connections,
    attempts: Attempts,
    inbox: direct::Inbox,
    outbox: direct::Outbox,
    receipts: gossip::Receipts,
    held: gossip::Held,
    events: mpsc::Sender<NetworkEvent>,
    backlog: VecDeque<NetworkEvent>,
    media: Arc<media_stream::Shared>,
    media_task: JoinHandle<()>,
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
        let table = InterfaceTable::read(&config.interfaces).map_err(NetworkError::Interfaces)?;
        let port = Listeners::choose_port(config.listen_port, &config.interfaces, &table).await?;
        let listeners = Listeners::open(&mut swarm, port, &config.interfaces, &table);
        let started = Instant::now();
        let mut planner = Planner::new(node, chance(), Duration::ZERO);
        planner.set_subnets(table.subnets(), Duration::ZERO);
        for address in config.static_peers {
            if !planner.add_static(address, Duration::ZERO) {
                tracing::warn!(%address, "a static peer is left out: its address cannot be dialled, or there are over 64");
            }
        }
        let (discovery, sightings) = if config.discovery {
            let interfaces = config.interfaces.clone();
            let (discovery, sightings) =
                Discovery::start(node, listeners.port(), interfaces, Arc::clone(&counters));
            (Some(discovery), Some(sightings))
        } else {
            (None, None)
        };
        let media_task = tokio::spawn(media_stream::run(
            Arc::clone(&media),
            swarm.behaviour().media.new_control(),
        ));
        let mut driver = Self {
            node,
            started,
            swarm,
            interfaces: config.interfaces,
            table,
            listeners,
            planner,
            discovery,
            sightings,
            connections: Connections::default(),
            attempts: Attempts::default(),
            inbox: direct::Inbox::default(),
            outbox: direct::Outbox::default(),
            receipts: gossip::Receipts::default(),
            held: gossip::Held::default(),
            events,
            backlog: VecDeque::new(),
            media,
            media_task,
            counters,
        };
        driver.emit(NetworkEvent::Listening(
            driver.table.dialable(driver.listeners.port()),
        ));
        Ok(driver)
    }

    pub(crate) fn port(&self) -> u16 {
        self.listeners.port()
    }

    /// Works until told to stop, or until the handle is gone.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<NetworkCommand>,
        mut stop: oneshot::Receiver<()>,
    ) {
        let mut look = time::interval(LOOK);
        look.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let events = self.events.clone();
        while self.obey(&mut commands) {
            self.follow_plan();
            self.end_head_starts();
            let plan = self.planner.next_timeout().map(|at| self.started + at);
            let wake = plan.into_iter().chain(self.attempts.next_timeout()).min();
            tokio::select! {
                biased;
                _ = &mut stop => break,
                permit = events.reserve(), if !self.backlog.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.backlog.pop_front() {
                            permit.send(event);
                        }
                    }
                    // Nobody listens any more; shutdown will follow.
                    Err(_) => self.backlog.clear(),
                },
                _ = look.tick() => self.look(),
                // Before the commands: these had their turn just now.
                event = self.swarm.select_next_some(), if self.backlog.len() < STANDSTILL => self.on_swarm_event(event),
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                sighting = next_sighting(&mut self.sightings) => self.on_sighting(sighting),
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
        if !self.backlog.is_empty() {
            self.backlog.push_back(event);
        } else if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            self.backlog.push_back(event);
        }
    }

    /// Whether the caller is so far behind that gossip and requests must be dropped.
    fn is_behind(&self) -> bool {
        self.backlog.len() >= BACKLOG
    }

    /// Once a second: the interfaces, and whatever has waited too long.
    fn look(&mut self) {
        match InterfaceTable::read(&self.interfaces) {
            Ok(table) if table != self.table => self.on_interfaces_changed(table),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "cannot read the network interfaces"),
        }
        self.listeners.follow(&mut self.swarm, &self.table);
        let now = Instant::now();
        while let Some(receipt) = self.receipts.overdue(now) {
            self.counters.verdicts_missed.increment();
            self.report(&receipt, libp2p::gossipsub::MessageAcceptance::Ignore);
        }
        self.counters
            .gossip_unsent
            .add(self.held.expire(now) as u64);
        for (asked, _) in self.outbox.expired(now) {
            self.fail_request(asked, crate::DirectError::Timeout);
        }
        self.expire_inquiries(now);
        self.close_surplus(now);
        self.counters
            .addresses_refused
            .add(self.planner.take_refused());
        self.counters.wanted_peers.set(self.planner.wanted());
    }

    fn on_interfaces_changed(&mut self, table: InterfaceTable) {
        tracing::info!("the network interfaces changed");
        let port = self.listeners.port();
        let moved = table.dialable(port) != self.table.dialable(port);
        let cut_off = self
            .connections
            .cut_off(&self.table.subnets(), &table.subnets());
        for connection in cut_off {
            self.swarm.close_connection(connection);
        }
        self.table = table;
        self.listeners.follow(&mut self.swarm, &self.table);
        let now = self.now();
        self.planner.set_subnets(self.table.subnets(), now);
        self.emit(NetworkEvent::InterfacesChanged);
        if moved {
            self.emit(NetworkEvent::Listening(self.table.dialable(port)));
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
            Sighting::Gone { peer } => {
                self.planner.expired(peer);
                let known = self.connections.note_expired(peer);
                self.counters.discovered_peers.set(known);
                self.emit(NetworkEvent::Expired { peer });
            }
        }
    }

    /// Closes every connection and withdraws the announcement.
    async fn say_goodbye(mut self) {
        let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let discovery = self.discovery.take();
        let swarm = &mut self.swarm;
        let close = async {
            while swarm.connected_peers().next().is_some() {
                let _ = swarm.select_next_some().await;
            }
            // The last packets are sent by tasks of the transport.
            time::sleep(Duration::from_millis(30)).await;
        };
        let withdraw = async {
            if let Some(discovery) = discovery {
                discovery.stop().await;
            }
        };
        let _ = tokio::join!(time::timeout(FAREWELL, close), withdraw);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.media_task.abort();
    }
}

/// A seed for staggering, different for every daemon and start.
fn chance() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0_u8)
}

async fn next_sighting(sightings: &mut Option<mpsc::Receiver<Sighting>>) -> Sighting {
    if let Some(receiver) = sightings {
        if let Some(sighting) = receiver.recv().await {
            return sighting;
        }
        *sightings = None;
    }
    std::future::pending().await
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
