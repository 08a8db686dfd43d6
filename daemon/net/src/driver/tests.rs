//! The order in which the driver's task does things, which no test from outside can see.

use std::net::{Ipv4Addr, SocketAddr};

use super::*;
use crate::Interfaces;

/// A driver on loopback, with the ends that its caller holds.
pub(super) struct Bench {
    pub(super) driver: Driver,
    commands: mpsc::Sender<NetworkCommand>,
    queue: mpsc::Receiver<NetworkCommand>,
    /// Kept open; nothing here reads events.
    _events: mpsc::Receiver<NetworkEvent>,
}

pub(super) async fn bench() -> Bench {
    let config = NetworkConfig {
        interfaces: Interfaces::Named(vec!["lo".to_owned()]),
        discovery: false,
        ..NetworkConfig::new([7; 32])
    };
    let node = NodeId::from_secret_seed(config.secret_seed);
    let counters = Arc::new(Counters::default());
    let media = media_stream::Shared::new(Arc::clone(&counters));
    let (commands, queue) = mpsc::channel(1024);
    let (events, _events) = mpsc::channel(1024);
    let driver = Driver::new(node, config, media, counters, events)
        .await
        .expect("loopback is there");
    Bench {
        driver,
        commands,
        queue,
        _events,
    }
}

impl Bench {
    fn order(&self, command: NetworkCommand) {
        self.commands.try_send(command).expect("there is room");
    }

    fn topics(&mut self) -> usize {
        self.driver.swarm.behaviour_mut().gossip.topics().count()
    }

    fn limits(&mut self) -> String {
        format!(
            "{:?}",
            self.driver.swarm.behaviour_mut().limits.limits_mut()
        )
    }
}

#[tokio::test]
async fn commands_that_wait_are_carried_out_some_at_a_time() {
    let mut bench = bench().await;
    let more = 3;
    for number in 0..COMMANDS_AT_ONCE + more {
        bench.order(NetworkCommand::Subscribe(format!("topic {number}")));
    }
    assert!(bench.driver.obey(&mut bench.queue));
    // The swarm has its turn before the rest.
    assert_eq!(
        (bench.topics(), bench.queue.len()),
        (COMMANDS_AT_ONCE, more)
    );
    assert!(bench.driver.obey(&mut bench.queue));
    assert_eq!(
        (bench.topics(), bench.queue.len()),
        (COMMANDS_AT_ONCE + more, 0)
    );
    drop(bench.commands);
    assert!(!bench.driver.obey(&mut bench.queue), "no more can come");
}

#[tokio::test]
async fn commands_that_wait_are_carried_out_before_anything_else_is_looked_at() {
    let bench = bench().await;
    let own = SocketAddr::from((Ipv4Addr::LOCALHOST, bench.driver.port()));
    let (reply, mut replied) = oneshot::channel();
    bench.order(NetworkCommand::DialAddress(own, reply));
    // What is looked at first among everything else, and what a swarm that never rests could not come before.
    let (stop, stopped) = oneshot::channel();
    stop.send(()).expect("it is held here");
    bench.driver.run(bench.queue, stopped).await;
    let reply = replied.try_recv().expect("it was answered before the end");
    assert!(matches!(reply, Err(crate::DialAddressError::Myself(_))));
}

#[tokio::test]
async fn the_limits_grow_with_wanted_peers_and_shrink_again() {
    let mut bench = bench().await;
    let peers: Vec<NodeId> = (1..=40).map(|number| NodeId([number; 32])).collect();
    let limits = |wanted| format!("{:?}", behaviour::limits(wanted));
    assert_eq!(bench.limits(), limits(0));
    for (wanted, &peer) in peers.iter().enumerate() {
        let addresses = Vec::new();
        bench
            .driver
            .on_command(NetworkCommand::Connect { peer, addresses });
        assert_eq!(bench.limits(), limits(wanted + 1));
    }
    // Wanted again is no further wish.
    let (peer, addresses) = (peers[0], Vec::new());
    bench
        .driver
        .on_command(NetworkCommand::Connect { peer, addresses });
    assert_eq!(bench.limits(), limits(peers.len()));
    let wanted = |bench: &mut Bench| {
        let limits = &bench.driver.swarm.behaviour().limits;
        peers
            .iter()
            .filter(|peer| limits.is_bypassed(&peer.to_peer_id()))
            .count()
    };
    assert_eq!(wanted(&mut bench), peers.len());
    for peer in &peers[..30] {
        bench
            .driver
            .on_command(NetworkCommand::Release { peer: *peer });
    }
    assert_eq!(bench.limits(), limits(10));
    assert_eq!(wanted(&mut bench), 10);
}
