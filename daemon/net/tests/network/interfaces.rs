//! Interfaces that are chosen, and that come and go.

use std::{net::TcpStream, time::Instant};

use sotto_net::{Interfaces, MediaSocket, NetworkConfig, NetworkEvent, NodeId};

use crate::fixture::{Node, PeerProcess, in_namespace, sh};

fn on(seed: u8, interface: &str) -> NetworkConfig {
    let mut config = NetworkConfig::new([seed; 32]);
    config.interfaces = Interfaces::Named(vec![interface.to_owned()]);
    config
}

/// `d0` with the address 10.77.0.1, up and with a link.
fn add_interface() {
    sh("ip link add d0 type veth peer name d1 && ip addr add 10.77.0.1/24 dev d0");
    sh("ip link set d0 addrgenmode none && ip link set d1 up && ip link set d0 up");
}

#[test]
fn an_address_that_two_interfaces_have_is_no_port_taken() {
    in_namespace(
        "interfaces::an_address_that_two_interfaces_have_is_no_port_taken",
        || async {
            add_interface();
            sh("ip link add e0 type veth peer name e1 && ip addr add 10.77.0.1/24 dev e0");
            sh("ip link set e1 up && ip link set e0 up");
            let mut config = on(1, "d0");
            config.interfaces = Interfaces::Named(vec!["d0".to_owned(), "e0".to_owned()]);
            let media = MediaSocket::bind(0, &config.interfaces);
            media.expect("the address is bound once");
            let mut node = Node::start_with(config).await;
            let mut addresses = Vec::new();
            while addresses.is_empty() {
                addresses = listening(&mut node).await;
            }
            assert_eq!(addresses, ["10.77.0.1"]);
        },
    );
}

async fn listening(node: &mut Node) -> Vec<String> {
    node.wait("listening addresses", |event| match event {
        NetworkEvent::Listening(addresses) => Some(
            addresses
                .iter()
                .map(|address| address.ip().to_string())
                .collect(),
        ),
        _ => None,
    })
    .await
}

#[test]
fn only_the_named_interface_is_used() {
    in_namespace("interfaces::only_the_named_interface_is_used", || async {
        add_interface();
        let mut node = Node::start_with(on(1, "d0")).await;
        // The link may need a moment to come up.
        let mut addresses = Vec::new();
        while addresses.is_empty() {
            addresses = listening(&mut node).await;
        }
        assert_eq!(addresses, ["10.77.0.1"]);
        let port = node.network.port();
        // The listeners open within the swarm's first turns.
        let deadline = Instant::now() + crate::fixture::DEADLINE;
        while TcpStream::connect(("10.77.0.1", port)).is_err() {
            assert!(
                Instant::now() < deadline,
                "it does not listen on the named interface"
            );
            tokio::task::yield_now().await;
        }
        assert!(
            TcpStream::connect(("127.0.0.1", port)).is_err(),
            "it listens on loopback"
        );
    });
}

#[test]
fn a_named_interface_that_appears_later_is_used() {
    in_namespace(
        "interfaces::a_named_interface_that_appears_later_is_used",
        || async {
            let mut node = Node::start_with(on(1, "d0")).await;
            assert!(listening(&mut node).await.is_empty());
            add_interface();
            let start = Instant::now();
            assert_eq!(listening(&mut node).await, ["10.77.0.1"]);
            assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
            assert!(node.has(|event| *event == NetworkEvent::InterfacesChanged));
        },
    );
}

async fn goes_down_and_comes_back(config: NetworkConfig) {
    let _peer = PeerProcess::elsewhere(2, "v1", "v2");
    let id = NodeId::from_secret_seed([2; 32]);
    let mut anna = Node::start_with(config).await;
    anna.subscribe("lobby").await;
    anna.connected(id).await;
    for _ in 0..2 {
        sh("ip link set v1 down");
        anna.disconnected(id).await;
        sh("ip link set v1 up");
        let start = Instant::now();
        anna.connected(id).await;
        println!(
            "connected again {:?} after the interface came back",
            start.elapsed()
        );
        assert!(start.elapsed().as_secs() < 6, "{:?}", start.elapsed());
    }
}

#[test]
fn a_named_interface_that_returns_is_picked_up_within_six_seconds() {
    in_namespace(
        "interfaces::a_named_interface_that_returns_is_picked_up_within_six_seconds",
        || goes_down_and_comes_back(on(1, "v1")),
    );
}

#[test]
fn any_interface_that_returns_is_picked_up_within_six_seconds() {
    in_namespace(
        "interfaces::any_interface_that_returns_is_picked_up_within_six_seconds",
        || goes_down_and_comes_back(NetworkConfig::new([1; 32])),
    );
}

#[test]
fn a_daemon_that_starts_without_network_is_found_when_it_has_one() {
    in_namespace(
        "interfaces::a_daemon_that_starts_without_network_is_found_when_it_has_one",
        || async {
            let mut anna = Node::start_with(NetworkConfig::new([1; 32])).await;
            let _peer = PeerProcess::elsewhere(2, "v1", "v2");
            let start = Instant::now();
            anna.connected(NodeId::from_secret_seed([2; 32])).await;
            println!("connected {:?} after the network appeared", start.elapsed());
            assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
        },
    );
}
