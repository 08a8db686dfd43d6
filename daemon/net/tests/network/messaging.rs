//! Gossip and direct messages.

use std::time::Instant;

use sotto_net::{
    DirectError, MAX_GOSSIP, MAX_REQUEST, MAX_RESPONSE, NetworkCommand, NetworkEvent, NodeId,
    Verdict,
};

use crate::fixture::{DEADLINE, Node, in_namespace};

async fn request(node: &Node, to: NodeId, id: u64, data: Vec<u8>) {
    node.send(NetworkCommand::Request { to, id, data }).await;
}

async fn response(node: &mut Node, number: u64) -> Result<Vec<u8>, DirectError> {
    node.wait("response", |event| match event {
        NetworkEvent::Response { id, result, .. } if *id == number => Some(result.clone()),
        _ => None,
    })
    .await
}

async fn incoming(node: &mut Node) -> (NodeId, u64, Vec<u8>) {
    node.wait("request", |event| match event {
        NetworkEvent::Request { from, id, data } => Some((*from, *id, data.clone())),
        _ => None,
    })
    .await
}

#[test]
fn a_request_is_answered() {
    in_namespace("messaging::a_request_is_answered", || async {
        let mut bao = Node::start_static(2, &[]).await;
        let mut anna = Node::start_static(1, &[&bao]).await;
        anna.connected(bao.id).await;
        for (number, length) in [(1, 0), (2, 5), (3, MAX_REQUEST)] {
            request(&anna, bao.id, number, vec![7; length]).await;
            let (from, id, data) = incoming(&mut bao).await;
            assert_eq!((from, data.len()), (anna.id, length));
            bao.send(NetworkCommand::Respond {
                id,
                data: vec![9; length * 4],
            })
            .await;
            assert_eq!(
                response(&mut anna, number).await.map(|data| data.len()),
                Ok(length * 4)
            );
        }
        assert_eq!(MAX_RESPONSE, MAX_REQUEST * 4);
    });
}

#[test]
fn a_request_dials_a_peer_that_is_only_known() {
    in_namespace(
        "messaging::a_request_dials_a_peer_that_is_only_known",
        || async {
            let mut bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[]).await;
            // Released at once: there is an address, and no wish for a connection.
            anna.send(NetworkCommand::Connect {
                peer: bao.id,
                addresses: vec![bao.address()],
            })
            .await;
            request(&anna, bao.id, 1, b"are you there".to_vec()).await;
            let (_, id, _) = incoming(&mut bao).await;
            bao.send(NetworkCommand::Respond {
                id,
                data: b"yes".to_vec(),
            })
            .await;
            assert_eq!(response(&mut anna, 1).await, Ok(b"yes".to_vec()));
        },
    );
}

#[test]
fn a_request_that_cannot_be_answered_fails_with_the_reason() {
    in_namespace(
        "messaging::a_request_that_cannot_be_answered_fails_with_the_reason",
        || async {
            let mut bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            request(&anna, NodeId::from_secret_seed([9; 32]), 1, vec![]).await;
            assert_eq!(response(&mut anna, 1).await, Err(DirectError::Unreachable));
            anna.connected(bao.id).await;
            request(&anna, bao.id, 2, vec![0; MAX_REQUEST + 1]).await;
            assert_eq!(response(&mut anna, 2).await, Err(DirectError::TooLong));
            // Received, and never answered.
            request(&anna, bao.id, 3, vec![]).await;
            incoming(&mut bao).await;
            // Both ends give up after 5 s; whose clock is ahead decides the wording.
            let error = response(&mut anna, 3).await.unwrap_err();
            assert!(
                matches!(error, DirectError::Timeout | DirectError::NoAnswer),
                "{error}"
            );
            // Too long an answer is not sent, and the requester hears of it.
            request(&anna, bao.id, 4, vec![]).await;
            let (_, id, _) = incoming(&mut bao).await;
            bao.send(NetworkCommand::Respond {
                id,
                data: vec![0; MAX_RESPONSE + 1],
            })
            .await;
            assert!(response(&mut anna, 4).await.is_err());
            let deadline = Instant::now() + DEADLINE;
            while bao.network.statistics().responses_unsent == 0 {
                assert!(
                    Instant::now() < deadline,
                    "the unsent response was not counted"
                );
                tokio::task::yield_now().await;
            }
        },
    );
}

/// Anna, Bao and Chen, of whom Anna and Chen know each other only through Bao; he relays what Anna says.
async fn line() -> [Node; 3] {
    let mut bao = Node::start_static(2, &[]).await;
    let mut anna = Node::start_static(1, &[&bao]).await;
    let mut chen = Node::start_static(3, &[&bao]).await;
    for node in [&anna, &bao, &chen] {
        node.subscribe("lobby").await;
    }
    for id in [anna.id, chen.id] {
        bao.subscribed(id, "lobby").await;
    }
    anna.subscribed(bao.id, "lobby").await;
    // Relaying needs a mesh, which forms with the first heartbeats.
    for number in 0..100 {
        anna.publish("lobby", &[number]).await;
        let gossip = bao.gossip(Verdict::Accept).await;
        assert_eq!((gossip.author, gossip.neighbour), (anna.id, anna.id));
        if chen.has(|event| matches!(event, NetworkEvent::Gossip { .. })) {
            return [anna, bao, chen];
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nothing was relayed");
}

#[test]
fn a_verdict_decides_whether_gossip_travels_on() {
    in_namespace(
        "messaging::a_verdict_decides_whether_gossip_travels_on",
        || async {
            let [anna, mut bao, mut chen] = line().await;
            for (verdict, data) in [
                (Verdict::Ignore, 200),
                (Verdict::Reject, 201),
                (Verdict::Accept, 202),
            ] {
                anna.publish("lobby", &[data]).await;
                while bao.gossip(verdict).await.data != [data] {}
            }
            loop {
                let gossip = chen.gossip(Verdict::Accept).await;
                assert_eq!(gossip.author, anna.id, "the author, not the relay");
                let data = gossip.data;
                assert!(
                    data[0] != 200 && data[0] != 201,
                    "what was not accepted has travelled"
                );
                if data == [202] {
                    break;
                }
            }
        },
    );
}

#[test]
fn gossip_names_its_author_and_the_neighbour_that_handed_it_on() {
    in_namespace(
        "messaging::gossip_names_its_author_and_the_neighbour_that_handed_it_on",
        || async {
            let [anna, bao, mut chen] = line().await;
            let gossip = chen.gossip(Verdict::Accept).await;
            assert_eq!((gossip.author, gossip.neighbour), (anna.id, bao.id));
        },
    );
}

#[test]
fn gossip_is_held_until_somebody_is_there() {
    in_namespace(
        "messaging::gossip_is_held_until_somebody_is_there",
        || async {
            let mut bao = Node::start_static(2, &[]).await;
            bao.subscribe("lobby").await;
            let anna = Node::start_static(1, &[&bao]).await;
            anna.subscribe("lobby").await;
            // Nobody is connected yet.
            anna.publish("lobby", b"early").await;
            let gossip = bao.gossip(Verdict::Accept).await;
            assert_eq!((gossip.author, gossip.data), (anna.id, b"early".to_vec()));
        },
    );
}

#[test]
fn gossip_of_the_greatest_length_passes_and_a_longer_one_does_not() {
    in_namespace(
        "messaging::gossip_of_the_greatest_length_passes_and_a_longer_one_does_not",
        || async {
            let topic = "t".repeat(128);
            let mut bao = Node::start_static(2, &[]).await;
            bao.subscribe(&topic).await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            anna.subscribe(&topic).await;
            anna.subscribed(bao.id, &topic).await;
            anna.publish(&topic, &vec![1; MAX_GOSSIP + 1]).await;
            anna.publish(&topic, &vec![2; MAX_GOSSIP]).await;
            assert_eq!(bao.gossip(Verdict::Accept).await.data, vec![2; MAX_GOSSIP]);
            assert_eq!(anna.network.statistics().gossip_unsent, 1);
        },
    );
}

#[test]
fn a_caller_that_falls_behind_loses_gossip_but_no_connection() {
    in_namespace(
        "messaging::a_caller_that_falls_behind_loses_gossip_but_no_connection",
        || async {
            let mut bao = Node::start_static(2, &[]).await;
            bao.subscribe("lobby").await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            anna.subscribe("lobby").await;
            anna.subscribed(bao.id, "lobby").await;
            for number in 0..4000_u32 {
                anna.publish("lobby", &number.to_be_bytes()).await;
                if number % 100 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            let id = anna.id;
            anna.network.shutdown().await;
            // Bao has not looked at an event so far.
            bao.disconnected(id).await;
        },
    );
}
