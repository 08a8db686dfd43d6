//! Prints how fast daemons find each other and how fast gossip travels between them.
//!
//! Run it where nothing can leave the machine:
//! `unshare -rn sh -c 'ip link set lo up; cargo run --release -p sotto-net --example figures'`.
//! It refuses to start where any interface but loopback is up.

#![allow(clippy::expect_used)] // a measurement that cannot go on has nothing to print

use std::time::{Duration, Instant};

use sotto_net::{Interfaces, Network, NetworkCommand, NetworkConfig, NetworkEvent, Verdict};
use tokio::{sync::mpsc, time};

/// Starts measured.
const STARTS: usize = 30;
/// Messages measured.
const MESSAGES: u32 = 200;

type Events = mpsc::Receiver<NetworkEvent>;

async fn start(seed: u64) -> (Network, Events) {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&seed.to_be_bytes());
    let mut config = NetworkConfig::new(secret);
    config.interfaces = Interfaces::Named(vec!["lo".to_owned()]);
    let (network, events) = Network::start(config)
        .await
        .expect("the network starts on loopback");
    network
        .send(NetworkCommand::Subscribe("lobby".to_owned()))
        .await
        .expect("it runs");
    (network, events)
}

async fn until(events: &mut Events, mut wanted: impl FnMut(&NetworkEvent) -> bool) {
    let wait = async {
        while let Some(event) = events.recv().await {
            if wanted(&event) {
                return;
            }
        }
    };
    time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("it happens within 30 s");
}

fn print(what: &str, mut figures: Vec<Duration>) {
    figures.sort_unstable();
    let at = |percent: usize| {
        figures[(figures.len() * percent / 100).min(figures.len() - 1)].as_secs_f64() * 1e3
    };
    println!(
        "{what:<52} p50 {:>8.1} ms   p95 {:>8.1} ms   max {:>8.1} ms   n {}",
        at(50),
        at(95),
        at(100),
        figures.len()
    );
}

/// One daemon runs; another starts. When has the first discovered it, and when is it connected?
async fn discovery() {
    let (_anna, mut events) = start(1).await;
    let (mut discovered, mut connected, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..STARTS as u64 {
        let begin = Instant::now();
        let (bao, mut its_events) = start(100 + number).await;
        let id = bao.node();
        // The newcomer may have connected before its own announcement arrived.
        let (mut seen, mut joined) = (None, None);
        until(&mut events, |event| {
            match event {
                NetworkEvent::Discovered { peer, .. } if *peer == id => {
                    seen = Some(begin.elapsed())
                }
                NetworkEvent::Subscribed { peer, .. } if *peer == id => {
                    joined = Some(begin.elapsed())
                }
                _ => {}
            }
            seen.is_some() && joined.is_some()
        })
        .await;
        discovered.extend(seen);
        connected.extend(joined);
        until(&mut its_events, |event| {
            matches!(event, NetworkEvent::Subscribed { .. })
        })
        .await;
        let end = Instant::now();
        bao.shutdown().await;
        until(
            &mut events,
            |event| matches!(event, NetworkEvent::Disconnected { peer } if *peer == id),
        )
        .await;
        gone.push(end.elapsed());
    }
    print("start → discovered by a running daemon", discovered);
    print("start → connected and in the same topic", connected);
    print("shutdown → seen by the other", gone);
}

/// `count` daemons start together: when has the last one heard the last other one?
async fn together(count: u64) {
    let begin = Instant::now();
    let mut nodes = Vec::new();
    for seed in 0..count {
        nodes.push(start(1000 + seed).await);
    }
    for (_, events) in &mut nodes {
        until(events, |event| {
            matches!(event, NetworkEvent::Subscribed { .. })
        })
        .await;
    }
    println!(
        "{count} daemons start together, each has a neighbour after {:.1} ms",
        begin.elapsed().as_secs_f64() * 1e3
    );
    time::sleep(Duration::from_secs(3)).await;
    let connections: u64 = nodes
        .iter()
        .map(|(network, _)| network.statistics().connected_peers)
        .sum();
    println!(
        "connections per daemon after 3 s: {:.1}",
        connections as f64 / count as f64
    );

    let mut latency = Vec::new();
    let (publisher, mut publisher_events) = nodes.remove(0);
    tokio::spawn(async move { while publisher_events.recv().await.is_some() {} });
    let (heard, mut arrivals) = mpsc::channel(1024);
    for (network, mut events) in nodes {
        let heard = heard.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if let NetworkEvent::Gossip { data, receipt, .. } = event {
                    let now = Instant::now();
                    let _ = network
                        .send(NetworkCommand::Verdict {
                            receipt,
                            verdict: Verdict::Accept,
                        })
                        .await;
                    let _ = heard.send((data, now)).await;
                }
            }
        });
    }
    let mut expected = 0;
    for number in 0..MESSAGES {
        let data = number.to_be_bytes().to_vec();
        let sent = Instant::now();
        let publish = NetworkCommand::Publish {
            topic: "lobby".to_owned(),
            data: data.clone(),
        };
        publisher.send(publish).await.expect("it runs");
        expected += count - 1;
        let deadline = time::Instant::now() + Duration::from_millis(200);
        while let Ok(Some((arrived, at))) = time::timeout_at(deadline, arrivals.recv()).await {
            if arrived == data {
                latency.push(at - sent);
            }
            if latency.len() as u64 == expected {
                break;
            }
        }
    }
    println!("delivered {} of {expected}", latency.len());
    print(&format!("gossip among {count} daemons"), latency);
}

#[tokio::main]
async fn main() {
    let outside = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .find(|interface| !interface.is_loopback());
    if let Some(interface) = outside {
        eprintln!(
            "{} is up; run this in a network namespace that has only loopback (see the head of this file)",
            interface.name
        );
        std::process::exit(2);
    }
    discovery().await;
    together(2).await;
    together(12).await;
}
