//! Connections by address and by wish.

use std::time::{Duration, Instant};

use sotto_net::{
    DialAddressError, Network, NetworkCommand, NetworkError, NetworkEvent, NodeId, Transport,
};
use tokio::sync::oneshot;

use crate::fixture::{DEADLINE, Node, in_namespace, sh};

async fn dial(node: &Node, address: &str) -> Result<NodeId, DialAddressError> {
    let (reply, answer) = oneshot::channel();
    node.send(NetworkCommand::DialAddress(address.parse().unwrap(), reply))
        .await;
    answer.await.unwrap()
}

#[test]
fn a_static_peer_is_dialled_without_mdns_and_again_after_its_restart() {
    in_namespace(
        "connecting::a_static_peer_is_dialled_without_mdns_and_again_after_its_restart",
        || async {
            let bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            anna.connected(bao.id).await;
            let (id, port) = (bao.id, bao.network.port());
            bao.network.shutdown().await;
            anna.disconnected(id).await;
            let mut config = Node::config(2);
            config.discovery = false;
            config.listen_port = port;
            let _bao = Node::start_with(config).await;
            anna.connected(id).await;
        },
    );
}

#[test]
fn a_connected_peer_says_which_program_it_runs() {
    in_namespace(
        "connecting::a_connected_peer_says_which_program_it_runs",
        || async {
            let mut config = Node::config(2);
            config.discovery = false;
            config.agent = "sotto/9.8.7".to_owned();
            let mut bao = Node::start_with(config).await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            let release = async |node: &mut Node| {
                node.wait("what a program calls itself", |event| match event {
                    NetworkEvent::Identified { program, .. } => Some(program.release.clone()),
                    _ => None,
                })
                .await
            };
            assert_eq!(release(&mut anna).await.as_deref(), Some("9.8.7"));
            let own = Some(env!("CARGO_PKG_VERSION"));
            assert_eq!(release(&mut bao).await.as_deref(), own);
        },
    );
}

#[test]
fn dialling_an_address_tells_who_is_there() {
    in_namespace(
        "connecting::dialling_an_address_tells_who_is_there",
        || async {
            let bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[]).await;
            assert_eq!(dial(&anna, &bao.address().to_string()).await, Ok(bao.id));
            anna.connected(bao.id).await;
            // The address stays: when the connection is lost, it is dialled again.
            let (id, port) = (bao.id, bao.network.port());
            bao.network.shutdown().await;
            anna.disconnected(id).await;
            let mut config = Node::config(2);
            config.listen_port = port;
            config.discovery = false;
            let _bao = Node::start_with(config).await;
            anna.connected(id).await;
        },
    );
}

#[test]
fn dialling_whom_other_dials_have_reached_meanwhile_tells_who_is_there() {
    in_namespace(
        "connecting::dialling_whom_other_dials_have_reached_meanwhile_tells_who_is_there",
        || async {
            let bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[]).await;
            let address = bao.address().to_string();
            // More at once than there may be connections to one peer.
            let (a, b, c, d) = tokio::join!(
                dial(&anna, &address),
                dial(&anna, &address),
                dial(&anna, &address),
                dial(&anna, &address),
            );
            for answer in [a, b, c, d] {
                assert_eq!(answer, Ok(bao.id));
            }
            anna.connected(bao.id).await;
        },
    );
}

#[test]
fn dialling_in_vain_says_why() {
    in_namespace("connecting::dialling_in_vain_says_why", || async {
        let anna = Node::start_static(1, &[]).await;
        let own = anna.address();
        assert_eq!(
            dial(&anna, &own.to_string()).await,
            Err(DialAddressError::Myself(own))
        );
        for bad in [
            "[fe80::1]:4001",
            "224.0.0.251:5353",
            "0.0.0.0:1",
            "127.0.0.1:0",
        ] {
            let error = DialAddressError::NotDialable(bad.parse().unwrap());
            assert_eq!(dial(&anna, bad).await, Err(error));
        }
        let error = dial(&anna, "127.0.0.1:9").await.unwrap_err().to_string();
        println!("{error}");
        assert!(
            error.contains("127.0.0.1:9") && error.contains("refused"),
            "{error}"
        );
    });
}

#[test]
fn a_wanted_peer_is_connected_from_hints_alone() {
    in_namespace(
        "connecting::a_wanted_peer_is_connected_from_hints_alone",
        || async {
            let bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[]).await;
            anna.send(NetworkCommand::Connect {
                peer: bao.id,
                addresses: vec![bao.address()],
            })
            .await;
            let transport = anna
                .wait("connection", |event| match event {
                    NetworkEvent::Connected { transport, .. } => Some(*transport),
                    _ => None,
                })
                .await;
            assert_eq!(transport, Transport::Quic);
        },
    );
}

#[test]
fn another_identity_at_the_address_is_not_taken_for_the_wanted_one() {
    in_namespace(
        "connecting::another_identity_at_the_address_is_not_taken_for_the_wanted_one",
        || async {
            let bao = Node::start_static(2, &[]).await;
            let chen = Node::start_static(3, &[]).await;
            let mut anna = Node::start_static(1, &[]).await;
            anna.send(NetworkCommand::Connect {
                peer: bao.id,
                addresses: vec![chen.address()],
            })
            .await;
            anna.send(NetworkCommand::Connect {
                peer: bao.id,
                addresses: vec![bao.address()],
            })
            .await;
            anna.connected(bao.id).await;
            assert!(!anna.has(
                |event| matches!(event, NetworkEvent::Connected { peer, .. } if *peer == chen.id)
            ));
        },
    );
}

#[test]
fn where_udp_is_blocked_tcp_connects() {
    in_namespace("connecting::where_udp_is_blocked_tcp_connects", || async {
        let bao = Node::start_static(2, &[]).await;
        sh(
            "nft add table inet t && nft add chain inet t in '{ type filter hook input priority 0; }'",
        );
        sh("nft add rule inet t in meta l4proto udp drop");
        let mut anna = Node::start_static(1, &[&bao]).await;
        let start = Instant::now();
        let transport = anna
            .wait("connection", |event| match event {
                NetworkEvent::Connected { transport, .. } => Some(*transport),
                _ => None,
            })
            .await;
        assert_eq!(transport, Transport::Tcp);
        println!("TCP after {:?}", start.elapsed());
        assert!(start.elapsed().as_secs() < 3);
    });
}

#[test]
fn a_taken_port_is_named() {
    in_namespace("connecting::a_taken_port_is_named", || async {
        let bao = Node::start_static(2, &[]).await;
        let mut config = Node::config(1);
        config.listen_port = bao.network.port();
        let error = Network::start(config).await.unwrap_err();
        assert!(matches!(error, NetworkError::Listen { .. }), "{error}");
        assert!(error.to_string().contains(&bao.network.port().to_string()));
    });
}

#[test]
fn when_both_dial_one_connection_is_left() {
    in_namespace(
        "connecting::when_both_dial_one_connection_is_left",
        || async {
            let mut anna = Node::start_static(1, &[]).await;
            let mut bao = Node::start_static(2, &[]).await;
            anna.send(NetworkCommand::Connect {
                peer: bao.id,
                addresses: vec![bao.address()],
            })
            .await;
            bao.send(NetworkCommand::Connect {
                peer: anna.id,
                addresses: vec![anna.address()],
            })
            .await;
            anna.connected(bao.id).await;
            bao.connected(anna.id).await;
            // If both dials succeeded, one is closed after some seconds; neither end must notice.
            let deadline = Instant::now() + DEADLINE;
            for node in [&anna, &bao] {
                while node.network.statistics().connections != 1 {
                    assert!(Instant::now() < deadline, "{:?}", node.network.statistics());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            let gone = |event: &NetworkEvent| matches!(event, NetworkEvent::Disconnected { .. });
            assert!(!anna.has(gone) && !bao.has(gone));
        },
    );
}
