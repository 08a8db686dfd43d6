//! Where a peer is dialled, and what makes it worth another attempt.

use std::collections::HashSet;

use super::*;

/// A place in the LAN and in `count` networks of containers, which are numbered from 172.17.0.0/16 on.
fn with_containers(count: u8) -> Place {
    let bridges = (0..count).map(|number| ([172, 17 + number, 0, 1].into(), 16));
    let networks = [(LAN.parse().unwrap(), 24)].into_iter().chain(bridges);
    let own = (0..count).map(|number| SocketAddr::from(([172, 17 + number, 0, 1], 4001)));
    Place {
        own: own.chain([at(1)]).collect(),
        ..Subnets::new(networks).into()
    }
}

impl Action {
    /// Where a dial goes.
    fn addresses(&self) -> Option<&[SocketAddr]> {
        match self {
            Self::Dial { addresses, .. } => Some(addresses),
            _ => None,
        }
    }
}

#[test]
fn own_addresses_are_never_dialled_whoever_names_them() {
    let mut world = World::new(1, 61);
    world.planner.set_place(with_containers(12), world.now);
    // The other machine has the same containers' networks.
    let mut told = with_containers(12).own;
    *told.last_mut().unwrap() = at(4);
    world.planner.want(node(4), &told, world.now);
    world.run(seconds(5));
    assert!(!world.log.is_empty());
    assert!(
        world
            .log
            .iter()
            .all(|(_, action)| action.addresses() == Some(&[at(4)]))
    );
}

#[test]
fn of_many_addresses_the_network_where_others_were_met_comes_first_and_each_has_its_turn() {
    let mut world = World::new(1, 67);
    let mut place = with_containers(12);
    place.met = Subnets::new([(LAN.parse().unwrap(), 24)]);
    world.planner.set_place(place, world.now);
    let there = (0..12).map(|number| SocketAddr::from(([172, 17 + number, 0, 9], 4001)));
    let told: Vec<_> = there.chain([at(4)]).collect();
    world.planner.want(node(4), &told, world.now);
    world.run(seconds(60));
    let dials: Vec<_> = world
        .log
        .iter()
        .filter_map(|(_, action)| action.addresses())
        .collect();
    assert_eq!(dials[0][0], at(4));
    assert!(dials.iter().all(|dial| dial.len() <= MAX_AT_ONCE));
    let tried: HashSet<_> = dials.iter().take(3).copied().flatten().collect();
    assert_eq!(tried.len(), told.len(), "within a few attempts all");
}

#[test]
fn what_came_over_a_link_that_both_share_is_tried_before_what_was_only_told() {
    let mut world = World::new(1, 79);
    let mut place = with_containers(12);
    place.leading_out = Subnets::new([([172, 17, 0, 1].into(), 16)]);
    world.planner.set_place(place, world.now);
    let told: Vec<_> = (0..12)
        .map(|number| SocketAddr::from(([172, 17 + number, 0, 9], 4001)))
        .collect();
    world.planner.discovered(node(4), &[at(4)], world.now);
    world.planner.want(node(4), &told, world.now);
    world.run(seconds(5));
    let (_, dial) = &world.log[0];
    let dial = dial.addresses().unwrap();
    assert_eq!(dial[..2], [at(4), told[0]], "then what leads out");
}

#[test]
fn a_container_that_starts_is_no_reason_to_dial_everybody() {
    let mut world = World::new(1, 71);
    world.planner.want(node(4), &[at(4)], world.now);
    world.run(seconds(120));
    world.log.clear();
    for count in 1..=20 {
        world.planner.set_place(with_containers(count), world.now);
        world.run(Duration::from_millis(50));
    }
    assert!(world.dials_of(4).len() <= 1, "{:?}", world.log);
    // An address in its own network that is new does matter: the cable may be in another socket.
    let moved = Subnets::new([("192.168.1.77".parse().unwrap(), 24)]);
    let before = world.log.len();
    world.planner.set_place(moved.into(), world.now);
    world.step();
    assert_eq!(world.log.len(), before + 1);
}

#[test]
fn a_peer_at_the_other_end_of_a_tunnel_is_dialled_where_it_was_met() {
    let mut world = World::new(1, 73);
    let tunnel: SocketAddr = "100.64.0.2:4001".parse().unwrap();
    world.planner.want(node(4), &[tunnel], world.now);
    world.run(seconds(30));
    assert!(world.log.is_empty(), "nobody proved that it is there");
    let came = Way::CameFromHost(tunnel.ip());
    world.planner.connected(node(4), came, world.now);
    world.run(seconds(30));
    world.planner.disconnected(node(4), world.now);
    world.run(seconds(5));
    let first = world.log.first().and_then(|(_, action)| action.addresses());
    assert_eq!(first, Some(&[tunnel][..]));
}

#[test]
fn connections_that_break_off_at_once_are_dialled_ever_more_rarely() {
    for wanted in [false, true] {
        let mut world = World::new(1, 79);
        if wanted {
            world.planner.want(node(4), &[at(4)], world.now);
        }
        let (start, mut dials) = (world.now, 0);
        world.alive.insert(node(4));
        while world.now < start + seconds(60) {
            // Two daemons with one identity announce themselves in turn, and a third gives up the one for the other.
            let number = 4 + u8::from(dials % 2 == 0);
            world.planner.discovered(node(4), &[at(number)], world.now);
            world.planner.reach(node(4), world.now);
            world.run(Duration::from_millis(50));
            if world.connected() == 1 {
                dials += 1;
                world.planner.disconnected(node(4), world.now);
            }
        }
        assert!(
            (2..=20).contains(&dials),
            "{dials} connections, wanted: {wanted}"
        );
        // What stands for a while is trusted again.
        world.run(seconds(400));
        world.planner.disconnected(node(4), world.now);
        world.planner.reach(node(4), world.now);
        world.log.clear();
        world.run(seconds(1));
        assert_eq!(world.dials_of(4).len(), 1);
    }
}
