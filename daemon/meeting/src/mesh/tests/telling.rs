//! Who is invited hears who can let it in.

use std::collections::BTreeSet;

use super::*;
use crate::JoinFailure;
use crate::wire::{NotAdmitted, Request};

fn told_inside(sim: &Sim, host: Host) -> BTreeSet<PeerId> {
    let invitation = sim.view(host).invitations.remove(0);
    invitation.inside.iter().map(|named| named.peer).collect()
}

#[test]
fn however_many_are_inside_three_of_them_tell_an_invitee() {
    let names = [
        "Anna", "Bao", "Chen", "Dara", "Emil", "Fay", "Gus", "Hana", "Ivo", "Juno", "Kim", "Lea",
    ];
    let (mut sim, people) = Sim::still(names);
    sim.count(|data| matches!(Request::decode(data), Ok(Request::Invitation(_))));
    let [anna, .., last_inside, invitee] = people;
    let meeting = sim.meet(anna, "Planning", &people[1..]);
    sim.run_millis(200);
    assert_eq!(sim.take_count(invitee), 1);
    for host in &people[1..11] {
        sim.join_at_once(*host, meeting);
    }
    sim.run(60);
    let offers = sim.take_count(invitee);
    assert!((3..=6).contains(&offers), "{offers}");
    assert_eq!(told_inside(&sim, invitee).len(), 11);
    // As long as nothing changes, nothing is said.
    sim.run(600);
    assert_eq!(sim.take_count(invitee), 0);
    // One change a second is told every ten.
    for _ in 0..60 {
        sim.ask(people[5], Command::Leave { meeting: None });
        sim.run_millis(500);
        sim.join_at_once(people[5], meeting);
        sim.run_millis(400);
    }
    sim.run(20);
    let offers = sim.take_count(invitee);
    assert!((1..=12).contains(&offers), "{offers}");
    for host in &people[..10] {
        sim.crash(*host);
    }
    sim.run(60);
    assert!(
        sim.take_count(invitee) <= 30,
        "by those who crashed as well"
    );
    assert_eq!(
        told_inside(&sim, invitee),
        BTreeSet::from([sim.id(last_inside)])
    );
    sim.join_at_once(invitee, meeting);
    sim.run(60);
    sim.ask(last_inside, Command::Leave { meeting: None });
    sim.run(60);
    assert_eq!(sim.take_count(invitee), 0, "it is inside now");
}

#[test]
fn another_invitee_that_has_not_joined_does_not_keep_a_refused_join_alive() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run(2);
    sim.split(&[&[anna]]);
    sim.ask(chen, Command::Join { meeting });
    sim.run(2);
    let by = sim.id(anna);
    sim.with_mesh(chen, |mesh, _| {
        mesh.not_admitted(meeting, by, NotAdmitted::NotInvited);
        mesh.settle();
    });
    assert!(sim.view(chen).joining.is_empty());
    assert!(sim.saw(chen, |event| matches!(
        event,
        Event::JoinFailed {
            failure: JoinFailure::NotInvited,
            ..
        }
    )));
}

#[test]
fn an_offer_that_waits_for_a_connection_is_made_once() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    sim.count(|data| matches!(Request::decode(data), Ok(Request::Invitation(_))));
    sim.disconnect_from(anna, bao);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.run(5);
    assert!(sim.is_invited(bao, meeting));
    assert_eq!(sim.take_count(bao), 1);
}
