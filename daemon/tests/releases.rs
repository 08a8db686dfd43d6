//! Daemons of other releases beside a real `sottod`.
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use std::time::Duration;

use sotto_control::model::NetworkReport;
use sotto_control::{Client, NetworkGet, PeersList, StatusGet};
use sotto_net::{Interfaces, Network, NetworkConfig};
use support::{Daemon, soon};

const OWN_RELEASE: &str = env!("CARGO_PKG_VERSION");

fn named(name: &str) -> Daemon {
    Daemon::start(&format!("name = '{name}'\n[audio]\nbackend = 'null'"), None)
}

/// The network once `wanted` holds of it.
async fn network(client: &Client, wanted: impl Fn(&NetworkReport) -> bool) -> NetworkReport {
    let told = async {
        loop {
            let report = client.call(NetworkGet {}).await.unwrap();
            if wanted(&report) {
                return report;
            }
            // No event tells of it.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(told).await
}

#[tokio::test]
async fn the_release_of_each_who_is_connected_is_told() {
    let (anna, bao) = (named("Anna"), named("Bao"));
    let client = anna.ready().await;
    bao.meets(&client).await;
    // A program of another release, which has nothing to say but that.
    let mut later = NetworkConfig::new([7; 32]);
    later.agent = "sotto/9.8.7".to_owned();
    later.interfaces = Interfaces::Named(vec!["lo".to_owned()]);
    later.discovery = false;
    let status = soon(client.call(StatusGet {})).await.unwrap();
    later.static_peers = vec![status.network.listening[0].parse().unwrap()];
    let (later, _events) = Network::start(later).await.unwrap();

    let told = |report: &NetworkReport| {
        let named = report.programs.iter().filter(|it| it.version.is_some());
        named.count() == 2
    };
    let programs = network(&client, told).await.programs;
    let versions: Vec<_> = programs.iter().map(|it| it.version.as_deref()).collect();
    assert_eq!(versions, [Some(OWN_RELEASE), Some("9.8.7")]);
    assert_eq!(programs[0].label, "Bao");
    assert_eq!(programs[1].id, later.node().to_string());
    assert!(programs.iter().all(|it| it.other_protocol.is_none()));

    let peers = soon(client.call(PeersList {})).await.unwrap().peers;
    let bao = peers.iter().find(|it| it.person.name == "Bao").unwrap();
    assert_eq!(bao.version.as_deref(), Some(OWN_RELEASE));

    later.shutdown().await;
    network(&client, |report| report.programs.len() == 1).await;
}
