//! Finding each other by mDNS.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sotto_net::{
    Deafness, Interfaces, NetworkCommand, NetworkConfig, NetworkEvent, NetworkReport, Unused,
    Verdict,
};
use tokio::task::JoinSet;

use crate::fixture::{Node, in_namespace, sh};

#[test]
fn two_nodes_find_each_other_and_gossip() {
    in_namespace(
        "discovering::two_nodes_find_each_other_and_gossip",
        || async {
            let mut anna = Node::start(1).await;
            let mut bao = Node::start(2).await;
            for node in [&anna, &bao] {
                node.subscribe("lobby").await;
            }
            anna.connected(bao.id).await;
            bao.subscribed(anna.id, "lobby").await;
            bao.publish("lobby", b"hello").await;
            let gossip = anna.gossip(Verdict::Accept).await;
            assert_eq!((gossip.author, gossip.data), (bao.id, b"hello".to_vec()));
        },
    );
}

#[test]
fn an_announcement_names_the_addresses_of_the_other() {
    in_namespace(
        "discovering::an_announcement_names_the_addresses_of_the_other",
        || async {
            let mut anna = Node::start(1).await;
            let bao = Node::start(2).await;
            let found = anna.discovered(bao.id).await;
            assert!(found.contains(&bao.address()), "{found:?}");
        },
    );
}

#[test]
fn a_goodbye_ends_connection_and_announcement() {
    in_namespace(
        "discovering::a_goodbye_ends_connection_and_announcement",
        || async {
            let mut anna = Node::start(1).await;
            let bao = Node::start(2).await;
            let id = bao.id;
            // Bao may have dialled before his announcement has arrived, and only what was announced can expire.
            anna.discovered(id).await;
            anna.connected(id).await;
            let start = Instant::now();
            bao.network.shutdown().await;
            let stopped = start.elapsed();
            anna.disconnected(id).await;
            let seen = start.elapsed();
            println!("shutdown took {stopped:?}, seen after {seen:?}");
            assert!(stopped.as_millis() < 1000, "{stopped:?}");
            assert!(seen.as_millis() < 1000, "{seen:?}");
            anna.wait("expiry", |event| {
                matches!(event, NetworkEvent::Expired { peer } if *peer == id).then_some(())
            })
            .await;
        },
    );
}

#[test]
fn twelve_nodes_that_start_together_hear_each_other() {
    in_namespace(
        "discovering::twelve_nodes_that_start_together_hear_each_other",
        || async {
            let mut nodes = Vec::new();
            for seed in 1..=12 {
                let node = Node::start(seed).await;
                node.subscribe("lobby").await;
                nodes.push(node);
            }
            // Everyone is in the gossip once it has a neighbour; flooding relays the rest.
            for node in &mut nodes {
                node.wait("subscription", |event| {
                    matches!(event, NetworkEvent::Subscribed { .. }).then_some(())
                })
                .await;
            }
            let start = Instant::now();
            let ids: Vec<_> = nodes.iter().map(|node| node.id).collect();
            let unfinished = Arc::new(AtomicUsize::new(nodes.len()));
            let mut tasks = JoinSet::new();
            for mut node in nodes {
                let mut missing: Vec<_> = ids.iter().copied().filter(|id| *id != node.id).collect();
                let unfinished = Arc::clone(&unfinished);
                tasks.spawn(async move {
                    // The overlay is still growing while the first messages travel, so each says it until all were heard.
                    let mut round = 0_u32;
                    while unfinished.load(Ordering::Relaxed) > 0 {
                        node.publish("lobby", &round.to_be_bytes()).await;
                        round += 1;
                        let pause = tokio::time::sleep(std::time::Duration::from_millis(300));
                        tokio::pin!(pause);
                        loop {
                            tokio::select! {
                                gossip = node.gossip(Verdict::Accept) => {
                                    let before = missing.len();
                                    missing.retain(|id| *id != gossip.author);
                                    if before > 0 && missing.is_empty() {
                                        unfinished.fetch_sub(1, Ordering::Relaxed);
                                    }
                                }
                                () = &mut pause => break,
                            }
                        }
                        assert!(round < 100, "{} never heard {missing:?}", node.id);
                    }
                    node
                });
            }
            let mut nodes = tasks.join_all().await;
            println!("12 nodes heard each other after {:?}", start.elapsed());
            for node in &mut nodes {
                // mDNS tells a newcomer of those who announced themselves a moment ago only after a second.
                for _ in 0..3 {
                    node.wait("one of three connections", |event| {
                        matches!(event, NetworkEvent::Connected { .. }).then_some(())
                    })
                    .await;
                }
                assert_eq!(node.network.statistics().gossip_dropped, 0);
            }
        },
    );
}

#[test]
fn a_restart_on_another_port_is_found_at_once() {
    in_namespace(
        "discovering::a_restart_on_another_port_is_found_at_once",
        || async {
            let mut anna = Node::start(1).await;
            let bao = Node::start(2).await;
            anna.send(NetworkCommand::Connect {
                peer: bao.id,
                addresses: vec![],
            })
            .await;
            anna.connected(bao.id).await;
            // Gone without a word: no goodbye by mDNS.
            let old_port = bao.network.port();
            drop(bao);
            let start = Instant::now();
            let bao = Node::start(2).await;
            assert_ne!(bao.network.port(), old_port);
            anna.connected(bao.id).await;
            println!("connected {:?} after the restart", start.elapsed());
            assert!(start.elapsed().as_secs() < 3);
        },
    );
}

async fn hearing(node: &mut Node) -> Option<Deafness> {
    node.wait("what is heard of multicast", |event| match event {
        NetworkEvent::Hearing(deafness) => Some(deafness.clone()),
        _ => None,
    })
    .await
}

async fn report(node: &Node) -> NetworkReport {
    let (reply, told) = tokio::sync::oneshot::channel();
    node.send(NetworkCommand::Report(reply)).await;
    told.await.unwrap()
}

#[test]
fn a_port_that_another_holds_alone_is_told_and_taken_once_it_is_free() {
    in_namespace(
        "discovering::a_port_that_another_holds_alone_is_told_and_taken_once_it_is_free",
        || async {
            let holders = ["0.0.0.0:5353", "[::]:5353"];
            let holders: Vec<_> = holders
                .iter()
                .filter_map(|address| std::net::UdpSocket::bind(address).ok())
                .collect();
            let mut anna = Node::start(1).await;
            assert_eq!(hearing(&mut anna).await, Some(Deafness::PortTaken));
            assert_eq!(report(&anna).await.mdns_port_bound, Some(false));
            drop(holders);
            assert_eq!(hearing(&mut anna).await, None);
            let bao = Node::start(2).await;
            anna.connected(bao.id).await;
            assert_eq!(report(&anna).await.mdns_port_bound, Some(true));
        },
    );
}

#[test]
fn multicast_that_is_dropped_is_told_and_others_are_found_once_it_is_not() {
    in_namespace(
        "discovering::multicast_that_is_dropped_is_told_and_others_are_found_once_it_is_not",
        || async {
            sh(
                "nft add table inet t && nft add chain inet t in '{ type filter hook input priority 0; }'",
            );
            sh("nft add rule inet t in udp dport 5353 drop");
            let mut anna = Node::start(1).await;
            let bao = Node::start(2).await;
            let lo = vec!["lo".to_owned()];
            assert_eq!(hearing(&mut anna).await, Some(Deafness::NotHeardBack(lo)));
            let interfaces = report(&anna).await.interfaces;
            assert_eq!(
                (&*interfaces[0].name, interfaces[0].heard_back),
                ("lo", Some(false))
            );
            sh("nft delete table inet t");
            assert_eq!(hearing(&mut anna).await, None);
            anna.connected(bao.id).await;
            let interfaces = report(&anna).await.interfaces;
            assert_eq!(interfaces[0].heard_back, Some(true));
        },
    );
}

#[test]
fn a_clone_is_told_though_nobody_else_is_there() {
    in_namespace(
        "discovering::a_clone_is_told_though_nobody_else_is_there",
        || async {
            let mut anna = Node::start(1).await;
            let mut clone = Node::start(1).await;
            let places = [clone.address(), anna.address()];
            for (told, of) in [&mut anna, &mut clone].into_iter().zip(places) {
                let address = told.wait("a clone", |event| match event {
                    NetworkEvent::Cloned { address } => Some(*address),
                    _ => None,
                });
                assert_eq!(address.await.port(), of.port());
                assert_eq!(report(told).await.clones.len(), 1);
            }
        },
    );
}

#[test]
fn a_third_is_not_hammered_by_two_clones() {
    in_namespace(
        "discovering::a_third_is_not_hammered_by_two_clones",
        || async {
            let mut bao = Node::start(2).await;
            let anna = Node::start(1).await;
            let clone = Node::start(1).await;
            let begin = Instant::now();
            let (mut connected, mut refused) = (0, 0);
            while let Some(left) = Duration::from_secs(10).checked_sub(begin.elapsed()) {
                let news = tokio::time::timeout(left, bao.events.recv()).await;
                match news {
                    Ok(Some(NetworkEvent::Connected { peer, .. })) if peer == anna.id => {
                        connected += 1;
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("Bao's network has stopped"),
                    Err(_) => break,
                }
                refused = bao.network.statistics().connections_refused;
            }
            let dials = [&anna, &clone].map(|node| node.network.statistics().dials);
            println!("{connected} connections, {refused} refused, {dials:?} dials");
            assert!((1..=8).contains(&connected), "{connected} connections");
            assert!(refused <= 6, "{refused} connections were refused");
            assert!(dials.iter().all(|dials| *dials <= 12), "{dials:?} dials");
        },
    );
}

/// `d0` with an address of IPv6 alone; `d1` is its other end.
const CABLE: &str = "ip link add d0 type veth peer name d1 && ip link set d0 addrgenmode none && \
                     ip addr add fd00:77::1/64 dev d0 nodad && ip link set d0 up";

fn on_cable(seed: u8) -> NetworkConfig {
    let mut config = NetworkConfig::new([seed; 32]);
    config.interfaces = Interfaces::Named(vec!["d0".to_owned()]);
    config
}

#[test]
fn multicast_of_ipv6_alone_is_listened_to() {
    in_namespace(
        "discovering::multicast_of_ipv6_alone_is_listened_to",
        || async {
            sh(CABLE);
            sh("ip link set d1 up");
            sh(
                "nft add table inet t && nft add chain inet t in '{ type filter hook input priority 0; }'",
            );
            sh("nft add rule inet t in udp dport 5353 drop");
            let mut anna = Node::start_with(on_cable(1)).await;
            let d0 = vec!["d0".to_owned()];
            assert_eq!(hearing(&mut anna).await, Some(Deafness::NotHeardBack(d0)));
            sh("nft delete table inet t");
            assert_eq!(hearing(&mut anna).await, None);
            let interfaces = report(&anna).await.interfaces;
            let d0 = interfaces.iter().find(|it| it.name == "d0").unwrap();
            assert_eq!(d0.heard_back, Some(true));
        },
    );
}

#[test]
fn a_cable_that_is_not_plugged_in_is_told_and_that_it_is() {
    in_namespace(
        "discovering::a_cable_that_is_not_plugged_in_is_told_and_that_it_is",
        || async {
            sh(CABLE);
            let mut anna = Node::start_with(on_cable(1)).await;
            let d0 = vec!["d0".to_owned()];
            assert_eq!(hearing(&mut anna).await, Some(Deafness::NoLink(d0)));
            let unused = |report: NetworkReport| {
                let mut interfaces = report.interfaces.into_iter();
                interfaces.find(|it| it.name == "d0").unwrap().unused
            };
            assert_eq!(unused(report(&anna).await), Some(Unused::NoLink));
            sh("ip link set d1 up");
            assert_eq!(hearing(&mut anna).await, None);
            assert_eq!(unused(report(&anna).await), None);
            sh("ip link set d0 down");
            assert_eq!(unused(report(&anna).await), Some(Unused::Down));
        },
    );
}
