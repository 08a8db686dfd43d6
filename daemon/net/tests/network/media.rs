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

const WAKER: Token = Token(0);
const SOCKET: Token = Token(1);

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
        socket.note_ready(&events);
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
fn every_socket_speaks_ipv6_too() {
    in_namespace("media::every_socket_speaks_ipv6_too", || async {
        for interfaces in [lo(), Interfaces::All] {
            let mut here = MediaSocket::bind(0, &interfaces).unwrap();
            let there = MediaSocket::bind(0, &interfaces).unwrap();
            let mut poll = Poll::new().unwrap();
            here.register(poll.registry(), SOCKET).unwrap();
            for ip in ["::1", "127.0.0.1", "::1"] {
                let ip = ip.parse().unwrap();
                let to = SocketAddr::new(ip, here.local_port());
                there.send_to(b"six", to).unwrap();
                let (datagram, from) = receive(&here, &mut poll);
                assert_eq!((datagram, from.ip()), (b"six".to_vec(), ip));
            }
        }
    });
}

/// Whether a datagram to `ip` at the socket's port meets nobody.
fn is_closed(socket: &MediaSocket, ip: &str) -> bool {
    let asks = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    asks.connect((ip, socket.local_port())).unwrap();
    asks.send(b"x").unwrap();
    asks.set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let error = asks.recv(&mut [0; 9]).unwrap_err();
    error.kind() == std::io::ErrorKind::ConnectionRefused
}

#[test]
fn a_socket_for_named_interfaces_is_open_on_these_alone() {
    in_namespace(
        "media::a_socket_for_named_interfaces_is_open_on_these_alone",
        || async {
            sh("ip addr add 10.77.0.1/24 dev lo && ip link add d0 type veth peer name d1");
            sh("ip addr add 10.88.0.1/24 dev d0 && ip link set d1 up && ip link set d0 up");
            let named = Interfaces::Named(vec!["d0".to_owned()]);
            let socket = MediaSocket::bind(0, &named).unwrap();
            assert!(is_closed(&socket, "10.77.0.1"));
            assert!(!is_closed(&socket, "10.88.0.1"));
            let everywhere = MediaSocket::bind(0, &Interfaces::All).unwrap();
            assert!(!is_closed(&everywhere, "10.77.0.1"));
        },
    );
}

#[test]
fn a_socket_follows_the_addresses_of_its_interfaces() {
    in_namespace(
        "media::a_socket_follows_the_addresses_of_its_interfaces",
        || async {
            let mut socket = MediaSocket::bind(0, &lo()).unwrap();
            let mut poll = Poll::new().unwrap();
            socket.register(poll.registry(), SOCKET).unwrap();
            let mut config = Node::config(1);
            config.interfaces = lo();
            config.media = socket.follower();
            let _node = Node::start_with(config).await;
            sh("ip addr add 10.77.0.1/24 dev lo");
            let deadline = Instant::now() + DEADLINE;
            while is_closed(&socket, "10.77.0.1") {
                assert!(Instant::now() < deadline, "it was not opened");
                tokio::task::yield_now().await;
            }
            // The poll that is there already waits for it.
            while receive(&socket, &mut poll).1.ip() != std::net::IpAddr::from([10, 77, 0, 1]) {}
            sh("ip addr del 10.77.0.1/24 dev lo && ip addr add 10.77.0.2/24 dev lo");
            let to = SocketAddr::from(([10, 77, 0, 2], socket.local_port()));
            while is_closed(&socket, "10.77.0.2") {
                assert!(Instant::now() < deadline, "it was not opened");
                tokio::task::yield_now().await;
            }
            socket.send_to(b"self", to).unwrap();
            while receive(&socket, &mut poll) != (b"self".to_vec(), to) {}
            let bound = sh("ss -Huln");
            assert!(!bound.contains("10.77.0.1:"), "{bound}");
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
