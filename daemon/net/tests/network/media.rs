//! The media socket, and media over streams.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use mio::{Events, Poll, Token};
use sotto_net::{
    Interfaces, MAX_MEDIA_DATAGRAM, MediaSocket, MediaStreamError, MediaStreams, MediaWaker,
};
use tokio::sync::Notify;

use crate::fixture::{DEADLINE, Node, in_namespace, sh};

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);

fn lo() -> Interfaces {
    Interfaces::Named(vec!["lo".to_owned()])
}

/// Waits in `mio::Poll` until a datagram is there.
fn receive(socket: &MediaSocket, poll: &mut Poll) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let mut events = Events::with_capacity(8);
    let deadline = Instant::now() + DEADLINE;
    loop {
        match socket.receive_from(&mut buffer) {
            Ok((length, from)) => return (buffer[..length].to_vec(), from),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}"),
        }
        assert!(Instant::now() < deadline, "no datagram");
        poll.poll(&mut events, Some(Duration::from_millis(500)))
            .unwrap();
    }
}

#[test]
fn datagrams_go_both_ways_while_another_thread_waits() {
    in_namespace(
        "media::datagrams_go_both_ways_while_another_thread_waits",
        || async {
            for interfaces in [lo(), Interfaces::All] {
                let mut echo = MediaSocket::bind(0, &interfaces).unwrap();
                let port = echo.local_port();
                let thread = std::thread::spawn(move || {
                    let mut poll = Poll::new().unwrap();
                    echo.register(poll.registry(), SOCKET).unwrap();
                    for _ in 0..3 {
                        let (datagram, from) = receive(&echo, &mut poll);
                        echo.send_to(&datagram, from).unwrap();
                    }
                });
                let mut socket = MediaSocket::bind(0, &interfaces).unwrap();
                let uplink = socket.try_clone().unwrap();
                let mut poll = Poll::new().unwrap();
                socket.register(poll.registry(), SOCKET).unwrap();
                let to = SocketAddr::from(([127, 0, 0, 1], port));
                for number in 0..3 {
                    uplink.send_to(&[number; 1200], to).unwrap();
                    let (datagram, from) = receive(&socket, &mut poll);
                    assert_eq!(
                        (datagram, from),
                        (vec![number; 1200], to),
                        "IPv4 appears as IPv4"
                    );
                }
                thread.join().unwrap();
            }
        },
    );
}

#[test]
fn a_socket_for_all_interfaces_speaks_ipv6_too() {
    in_namespace(
        "media::a_socket_for_all_interfaces_speaks_ipv6_too",
        || async {
            let mut here = MediaSocket::bind(0, &Interfaces::All).unwrap();
            let there = MediaSocket::bind(0, &Interfaces::All).unwrap();
            let mut poll = Poll::new().unwrap();
            here.register(poll.registry(), SOCKET).unwrap();
            there
                .send_to(
                    b"six",
                    SocketAddr::new("::1".parse().unwrap(), here.local_port()),
                )
                .unwrap();
            let (datagram, from) = receive(&here, &mut poll);
            assert_eq!(
                (datagram, from.ip()),
                (b"six".to_vec(), "::1".parse().unwrap())
            );
        },
    );
}

#[test]
fn a_socket_for_loopback_alone_is_bound_to_it() {
    in_namespace(
        "media::a_socket_for_loopback_alone_is_bound_to_it",
        || async {
            let socket = MediaSocket::bind(0, &lo()).unwrap();
            let bound = sh("ss -Hulnp");
            assert!(
                bound.contains(&format!("127.0.0.1:{}", socket.local_port())),
                "{bound}"
            );
            assert!(
                !bound.contains(&format!("*:{}", socket.local_port())),
                "{bound}"
            );
        },
    );
}

#[test]
fn every_datagram_is_marked_for_expedited_forwarding() {
    in_namespace(
        "media::every_datagram_is_marked_for_expedited_forwarding",
        || async {
            sh(
                "nft add table inet t && nft add chain inet t out '{ type filter hook output priority 0; }'",
            );
            sh("nft add rule inet t out meta l4proto udp ip dscp ef counter");
            sh("nft add rule inet t out meta l4proto udp ip6 dscp ef counter");
            sh("nft add rule inet t out meta l4proto udp ip dscp != ef counter");
            let to = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 9);
            let only_v4 = MediaSocket::bind(0, &lo()).unwrap();
            let both = MediaSocket::bind(0, &Interfaces::All).unwrap();
            only_v4.send_to(b"x", to("127.0.0.1")).unwrap();
            both.send_to(b"x", to("127.0.0.1")).unwrap();
            both.send_to(b"x", to("::1")).unwrap();
            let rules = sh("nft list table inet t");
            let packets: Vec<_> = rules
                .lines()
                .filter_map(|line| line.split("packets ").nth(1)?.split(' ').next())
                .collect();
            assert_eq!(packets, ["2", "1", "0"], "{rules}");
        },
    );
}

#[test]
fn a_waker_ends_the_wait() {
    in_namespace("media::a_waker_ends_the_wait", || async {
        let mut poll = Poll::new().unwrap();
        let waker = MediaWaker::new(poll.registry(), WAKER).unwrap();
        let other = waker.clone();
        std::thread::spawn(move || other.wake()).join().unwrap();
        let mut events = Events::with_capacity(8);
        poll.poll(&mut events, Some(DEADLINE)).unwrap();
        assert_eq!(events.iter().next().map(|event| event.token()), Some(WAKER));
    });
}

#[test]
fn a_media_port_that_is_taken_is_named() {
    in_namespace("media::a_media_port_that_is_taken_is_named", || async {
        let first = MediaSocket::bind(0, &Interfaces::All).unwrap();
        let error = MediaSocket::bind(first.local_port(), &Interfaces::All).unwrap_err();
        assert!(error.hint().unwrap().contains("network.media_port"));
        let port = first.local_port().to_string();
        assert!(error.to_string().contains(&port), "{error}");
    });
}

/// A node's streams, and a bell that rings when something came in.
fn streams(node: &Node) -> (MediaStreams, Arc<Notify>) {
    let bell = Arc::new(Notify::new());
    let ring = Arc::clone(&bell);
    (
        node.network
            .media_streams(Arc::new(move || ring.notify_one())),
        bell,
    )
}

async fn exchange(anna: &Node, bao: &Node) {
    let (from_anna, anna_bell) = streams(anna);
    let (from_bao, bao_bell) = streams(bao);
    let mut buffer = [0; MAX_MEDIA_DATAGRAM];
    for number in 0..20_u8 {
        let datagram = vec![number; 1 + usize::from(number) * 70];
        // From a thread without a runtime, as the voice threads are.
        let (sender, id, copy) = (from_anna.clone(), bao.id, datagram.clone());
        std::thread::spawn(move || sender.try_send(id, &copy))
            .join()
            .unwrap()
            .unwrap();
        let (peer, length) = loop {
            if let Some(received) = from_bao.try_receive(&mut buffer) {
                break received;
            }
            tokio::time::timeout(DEADLINE, bao_bell.notified())
                .await
                .expect("no datagram from Anna");
        };
        assert_eq!((peer, &buffer[..length]), (anna.id, &datagram[..]));
        from_bao.try_send(anna.id, &[number]).unwrap();
        while from_anna.try_receive(&mut buffer) != Some((bao.id, 1)) {
            tokio::time::timeout(DEADLINE, anna_bell.notified())
                .await
                .expect("no datagram from Bao");
        }
        assert_eq!(buffer[0], number);
    }
}

#[test]
fn media_travels_over_a_stream_between_connected_peers() {
    in_namespace(
        "media::media_travels_over_a_stream_between_connected_peers",
        || async {
            let mut bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            anna.connected(bao.id).await;
            bao.connected(anna.id).await;
            exchange(&anna, &bao).await;
            assert_eq!(anna.network.statistics().stream_datagrams_dropped, 0);

            let (from_anna, _) = streams(&anna);
            let id = bao.id;
            bao.network.shutdown().await;
            anna.disconnected(id).await;
            assert_eq!(
                from_anna.try_send(id, b"x"),
                Err(MediaStreamError::NotConnected(id))
            );
        },
    );
}

#[test]
fn media_travels_where_udp_is_blocked() {
    in_namespace("media::media_travels_where_udp_is_blocked", || async {
        sh(
            "nft add table inet t && nft add chain inet t in '{ type filter hook input priority 0; }'",
        );
        sh("nft add rule inet t in meta l4proto udp drop");
        let mut bao = Node::start_static(2, &[]).await;
        let mut anna = Node::start_static(1, &[&bao]).await;
        anna.connected(bao.id).await;
        bao.connected(anna.id).await;
        exchange(&anna, &bao).await;
    });
}

#[test]
fn a_flood_of_media_drops_instead_of_blocking() {
    in_namespace(
        "media::a_flood_of_media_drops_instead_of_blocking",
        || async {
            let mut bao = Node::start_static(2, &[]).await;
            let mut anna = Node::start_static(1, &[&bao]).await;
            anna.connected(bao.id).await;
            bao.connected(anna.id).await;
            let (from_anna, _) = streams(&anna);
            let start = Instant::now();
            for _ in 0..20_000 {
                from_anna.try_send(bao.id, &[1; 1200]).unwrap();
            }
            println!("20,000 datagrams handed over in {:?}", start.elapsed());
            assert!(start.elapsed() < Duration::from_secs(5));
            assert!(anna.network.statistics().stream_datagrams_dropped > 0);
        },
    );
}
