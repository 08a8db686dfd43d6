//! The planner's rules on a virtual clock.

use std::collections::HashSet;

use crate::addresses::Subnets;

mod places;

use super::{
    lobby::{DOUBTFUL, LOBBY_MAX, LOBBY_MIN},
    *,
};

const LAN: &str = "192.168.1.1";

fn node(number: u8) -> NodeId {
    NodeId([number; 32])
}

fn at(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 168, 1, number], 4001))
}

/// A place in one network.
fn lan() -> Place {
    Subnets::new([(LAN.parse().unwrap(), 24)]).into()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A planner, its clock, and a network in which the peers of `alive` answer.
struct World {
    planner: Planner,
    now: Duration,
    alive: HashSet<NodeId>,
    log: Vec<(Duration, Action)>,
}

impl World {
    fn new(own: u8, seed: u64) -> Self {
        let now = seconds(100);
        let mut planner = Planner::new(node(own), seed, now);
        planner.set_place(lan(), now);
        Self {
            planner,
            now,
            alive: HashSet::new(),
            log: Vec::new(),
        }
    }

    fn discover(&mut self, numbers: impl IntoIterator<Item = u8>) {
        for number in numbers {
            self.alive.insert(node(number));
            self.planner
                .discovered(node(number), &[at(number)], self.now);
        }
    }

    fn step(&mut self) {
        self.planner.handle_timeout(self.now);
        while let Some(action) = self.planner.poll_action() {
            match &action {
                Action::Dial { peer, addresses } => {
                    let well = self.alive.contains(peer);
                    if well {
                        self.planner
                            .connected(*peer, Way::Dialled(addresses[0]), self.now);
                    }
                    self.planner.dialled(*peer, well, self.now);
                }
                Action::DialStatic { address } => {
                    let SocketAddr::V4(v4) = address else {
                        panic!("only IPv4 here")
                    };
                    let peer = node(v4.ip().octets()[3]);
                    let answer = self.alive.contains(&peer).then_some(peer);
                    if answer.is_some() {
                        self.planner
                            .connected(peer, Way::Dialled(*address), self.now);
                    }
                    self.planner.static_dialled(*address, answer, self.now);
                }
                Action::Close { peer } => self.planner.disconnected(*peer, self.now),
                Action::Unreachable { .. } => {}
            }
            self.log.push((self.now, action));
        }
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        let mut steps = 0;
        while let Some(next) = self.planner.next_timeout().filter(|&next| next <= end) {
            self.now = self.now.max(next);
            self.step();
            steps += 1;
            assert!(steps < 100_000, "the planner spins");
        }
        self.now = end;
    }

    fn connected(&self) -> usize {
        self.planner
            .peers
            .values()
            .filter(|peer| peer.connected.is_some())
            .count()
    }

    fn dials_of(&self, number: u8) -> Vec<Duration> {
        let dialled =
            |action: &Action| matches!(action, Action::Dial { peer, .. } if *peer == node(number));
        self.log
            .iter()
            .filter(|(_, action)| dialled(action))
            .map(|&(at, _)| at)
            .collect()
    }
}

#[test]
fn a_newcomer_dials_three_of_many_one_after_the_other() {
    for seed in 0..50 {
        let mut world = World::new(1, seed);
        let start = world.now;
        world.discover(2..=200);
        world.run(seconds(2));
        assert_eq!(world.connected(), LOBBY_MIN, "seed {seed}");
        let times: Vec<_> = world.log.iter().map(|&(at, _)| at - start).collect();
        assert!(
            times
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= LOBBY_PACE / 3),
            "seed {seed}: {times:?}"
        );
        assert!(
            *times.last().unwrap() < seconds(1),
            "seed {seed}: {times:?}"
        );
    }
}

#[test]
fn lobby_connections_grow_to_six_and_stay_about_there() {
    let mut world = World::new(1, 3);
    world.discover(2..=200);
    world.run(seconds(3600));
    assert!(
        (LOBBY_MAX..=LOBBY_MAX + 1).contains(&world.connected()),
        "{}",
        world.connected()
    );
    // About one dial in two minutes renews them; nothing hectic.
    assert!(world.log.len() < 150, "{}", world.log.len());
}

#[test]
fn after_a_large_meeting_the_surplus_is_closed_within_seconds_but_not_at_once() {
    let mut world = World::new(1, 5);
    world.discover(2..=50);
    for number in 2..=50 {
        world.planner.want(node(number), &[at(number)], world.now);
    }
    world.run(seconds(120));
    assert_eq!(world.connected(), 49);
    world.log.clear();
    for number in 2..=50 {
        world.planner.release(node(number), world.now);
    }
    world.run(seconds(1));
    assert!(world.connected() > 30, "{}", world.connected());
    world.run(seconds(9));
    assert_eq!(world.connected(), LOBBY_MAX);
    world.run(seconds(10));
    assert!(world.connected() >= LOBBY_MIN, "no more than the surplus");
}

#[test]
fn of_two_that_discover_each_other_the_smaller_key_dials_first() {
    let mut smaller = World::new(1, 5);
    smaller.discover([9]);
    let start = smaller.now;
    smaller.run(seconds(1));
    let mut greater = World::new(9, 5);
    greater.discover([1]);
    greater.run(seconds(1));
    assert!(smaller.dials_of(9)[0] - start < Duration::from_millis(50));
    assert!(greater.dials_of(1)[0] - start >= YIELD);
}

#[test]
fn a_wanted_peer_is_dialled_at_once_and_again_within_five_seconds_for_ever() {
    let mut world = World::new(1, 7);
    world.planner.want(node(4), &[at(4)], world.now);
    let start = world.now;
    world.run(seconds(600));
    let dials = world.dials_of(4);
    assert_eq!(dials[0], start);
    assert!(
        dials
            .windows(2)
            .all(|pair| pair[1] - pair[0] <= Duration::from_millis(6_300)),
        "{dials:?}"
    );
    assert!((90..=200).contains(&dials.len()), "{}", dials.len());
}

#[test]
fn a_wanted_peer_comes_on_top_of_the_lobby() {
    let mut world = World::new(1, 11);
    world.discover(2..=50);
    for number in 60..70 {
        world.alive.insert(node(number));
        world.planner.want(node(number), &[at(number)], world.now);
    }
    world.run(seconds(5));
    assert_eq!(world.connected(), 10 + LOBBY_MIN);
}

#[test]
fn fresh_discovery_ends_the_back_off_even_during_a_dial() {
    let mut world = World::new(1, 13);
    world.planner.want(node(4), &[at(4)], world.now);
    world.planner.handle_timeout(world.now);
    assert!(matches!(
        world.planner.poll_action(),
        Some(Action::Dial { .. })
    ));
    // The old address does not answer yet; the peer has restarted on another port.
    let moved = SocketAddr::new(at(4).ip(), 5555);
    world.now += Duration::from_millis(10);
    assert!(world.planner.discovered(node(4), &[moved], world.now));
    world.planner.handle_timeout(world.now);
    let Some(Action::Dial { addresses, .. }) = world.planner.poll_action() else {
        panic!("no second dial")
    };
    assert!(addresses.contains(&moved));
    // A third dial at the same time does not happen.
    world
        .planner
        .discovered(node(4), &[SocketAddr::new(at(4).ip(), 6666)], world.now);
    world.planner.handle_timeout(world.now);
    assert_eq!(world.planner.poll_action(), None);
}

#[test]
fn repeated_discovery_of_the_same_address_is_no_news() {
    let mut world = World::new(1, 17);
    assert!(world.planner.discovered(node(4), &[at(4)], world.now));
    assert!(!world.planner.discovered(node(4), &[at(4)], world.now));
    assert!(
        !world.planner.discovered(node(1), &[at(1)], world.now),
        "this is us"
    );
}

#[test]
fn addresses_outside_the_own_subnets_are_never_dialled() {
    let mut world = World::new(1, 19);
    let outside: SocketAddr = "203.0.113.5:53".parse().unwrap();
    let link_local: SocketAddr = "[fe80::1]:4001".parse().unwrap();
    world
        .planner
        .discovered(node(4), &[outside, link_local], world.now);
    world.planner.want(node(5), &[outside], world.now);
    world.run(seconds(120));
    assert!(world.log.is_empty(), "{:?}", world.log);
    assert_eq!(world.planner.take_refused(), 3);
}

#[test]
fn an_address_that_was_inside_is_not_dialled_after_the_interface_has_gone() {
    let mut world = World::new(1, 23);
    world.planner.want(node(4), &[at(4)], world.now);
    world.run(seconds(1));
    world.log.clear();
    world.planner.set_place(Place::default(), world.now);
    world.run(seconds(60));
    assert!(world.log.is_empty());
    // It returns: dialled at once.
    let back = world.now;
    world.planner.set_place(lan(), back);
    world.run(seconds(1));
    assert_eq!(world.dials_of(4)[0], back);
}

#[test]
fn static_peers_are_dialled_on_any_subnet_and_again_with_bounded_pauses() {
    let mut world = World::new(1, 29);
    let far: SocketAddr = "10.9.9.9:4001".parse().unwrap();
    assert!(world.planner.add_static(far, world.now));
    world.run(seconds(300));
    let pauses: Vec<_> = world
        .log
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    assert!(
        pauses
            .iter()
            .all(|pause| *pause <= Duration::from_millis(12_500)),
        "{pauses:?}"
    );
    world.log.clear();
    world.alive.insert(node(9));
    world.run(seconds(60));
    assert_eq!(world.log.len(), 1, "once connected it is left alone");
    world.alive.remove(&node(9));
    world.planner.disconnected(node(9), world.now);
    world.log.clear();
    world.run(seconds(2));
    assert!(
        !world.log.is_empty(),
        "it is dialled again after it was lost"
    );
}

#[test]
fn at_most_sixty_four_static_peers() {
    let mut world = World::new(1, 31);
    let added = (0..=255)
        .filter(|&number| world.planner.add_static(at(number), world.now))
        .count();
    assert_eq!(added, MAX_STATIC);
    assert!(
        !world
            .planner
            .add_static("[fe80::1]:1".parse().unwrap(), world.now)
    );
}

#[test]
fn a_request_to_an_unknown_peer_fails_at_once_and_to_a_known_one_dials() {
    let mut world = World::new(1, 37);
    world.planner.reach(node(8), world.now);
    world.step();
    assert_eq!(
        world.log,
        [(world.now, Action::Unreachable { peer: node(8) })]
    );
    world.log.clear();

    // Enough lobby connections: node 8 would not be dialled for its own sake.
    world.discover(2..=7);
    world.run(seconds(5));
    world.planner.discovered(node(8), &[at(8)], world.now);
    world.planner.reach(node(8), world.now);
    world.log.clear();
    world.step();
    assert_eq!(
        world.log.len(),
        2,
        "a dial, and that it failed: {:?}",
        world.log
    );
    assert_eq!(world.log[1].1, Action::Unreachable { peer: node(8) });
}

#[test]
fn two_halves_of_a_network_grow_together_again() {
    let mut world = World::new(1, 41);
    // Our half gives us all the connections that we need.
    world.discover(2..=7);
    world.run(seconds(200));
    assert_eq!(world.connected(), 6);
    world.discover(100..=105);
    world.run(seconds(900));
    let crossed = (100..=105).any(|number| world.planner.peers[&node(number)].connected.is_some());
    assert!(crossed);
}

#[test]
fn what_nobody_needs_is_forgotten() {
    let mut world = World::new(1, 43);
    world.planner.want(node(4), &[at(4)], world.now);
    world.run(seconds(3));
    world.planner.release(node(4), world.now);
    world.discover([5]);
    world.planner.expired(node(5));
    assert!(
        world.planner.peers.is_empty(),
        "{:?}",
        world.planner.peers.keys()
    );
}

#[test]
fn there_is_room_for_1024_wanted_peers() {
    let mut world = World::new(1, 47);
    let wanted = (0..2000_u16)
        .filter(|number| {
            let mut key = [3; 32];
            key[..2].copy_from_slice(&number.to_be_bytes());
            world.planner.want(NodeId(key), &[], world.now)
        })
        .count();
    assert_eq!(wanted, MAX_WANTED);
}

#[test]
fn crashed_daemons_that_mdns_still_lists_do_not_keep_a_living_one_waiting() {
    for seed in 0..20 {
        let mut planner = Planner::new(node(1), seed, Duration::ZERO);
        planner.set_place(lan(), Duration::ZERO);
        // Nobody answers these, and a dial takes 2 s to fail.
        for number in 2..=11 {
            planner.discovered(node(number), &[at(number)], Duration::ZERO);
        }
        let mut now = Duration::ZERO;
        let alive = node(99);
        while now < Duration::from_secs(10) {
            now = planner.next_timeout().unwrap().max(now);
            if now >= seconds(1) {
                break;
            }
            planner.handle_timeout(now);
            while planner.poll_action().is_some() {}
        }
        let start = now;
        planner.discovered(alive, &[at(99)], now);
        loop {
            now = planner.next_timeout().unwrap().max(now);
            planner.handle_timeout(now);
            let dialled = std::iter::from_fn(|| planner.poll_action())
                .any(|action| matches!(action, Action::Dial { peer, .. } if peer == alive));
            if dialled {
                break;
            }
            assert!(
                now < start + seconds(5),
                "seed {seed}: the living one was not dialled"
            );
        }
        assert!(
            now - start <= DOUBTFUL + LOBBY_PACE,
            "seed {seed}: {:?}",
            now - start
        );
    }
}

#[test]
fn who_was_connected_until_now_was_not_dialled_in_vain() {
    let mut world = World::new(1, 59);
    world.discover([4]);
    world.run(seconds(100));
    world.planner.disconnected(node(4), world.now);
    assert_eq!(world.planner.unreachable(), []);
    world.alive.clear();
    world.run(seconds(4));
    let unreachable = world.planner.unreachable();
    let dials = u32::try_from(world.dials_of(4).len()).unwrap();
    assert_eq!(
        unreachable[0].failures,
        dials - 1,
        "the first one went well"
    );
}

#[test]
fn an_address_told_twice_is_reported_once() {
    let mut world = World::new(1, 59);
    world.planner.discovered(node(4), &[at(4)], world.now);
    world.planner.want(node(4), &[at(4), at(5)], world.now);
    world.run(seconds(1));
    assert_eq!(world.planner.unreachable()[0].addresses, [at(4), at(5)]);
}

#[test]
fn a_hundred_wishes_do_not_make_a_hundred_dials_at_once() {
    let mut planner = Planner::new(node(1), 53, Duration::ZERO);
    planner.set_place(lan(), Duration::ZERO);
    for number in 2..=101 {
        planner.want(node(number), &[at(number)], Duration::ZERO);
    }
    planner.handle_timeout(Duration::ZERO);
    let dials = std::iter::from_fn(|| planner.poll_action()).count();
    assert_eq!(dials, MAX_DIALS);
}
