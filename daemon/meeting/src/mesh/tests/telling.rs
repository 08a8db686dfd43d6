//! Who is invited hears who can let it in.

use super::*;
use crate::JoinFailure;
use crate::wire::NotAdmitted;

/// The number of offers to `index` since this was asked last.
fn offers_to(world: &mut World, index: usize) -> usize {
    let id = world.id(index);
    world.offers.remove(&id).unwrap_or_default()
}

fn told_inside(world: &World, index: usize) -> BTreeSet<PeerId> {
    let invitation = world.view(index).invitations.remove(0);
    invitation.inside.iter().map(|named| named.peer).collect()
}

#[test]
fn however_many_are_inside_three_of_them_tell_an_invitee() {
    let names = [
        "Anna", "Bao", "Chen", "Dara", "Emil", "Fay", "Gus", "Hana", "Ivo", "Juno", "Kim", "Lea",
    ];
    let mut world = World::new(&names);
    let invitee = 11;
    let meeting = world.create(0, "Planning", &(1..=invitee).collect::<Vec<_>>());
    world.run(200);
    assert_eq!(offers_to(&mut world, invitee), 1);
    for index in 1..invitee {
        world.join(index, meeting);
    }
    world.run(60_000);
    let offers = offers_to(&mut world, invitee);
    assert!((3..=6).contains(&offers), "{offers}");
    assert_eq!(told_inside(&world, invitee).len(), 11);
    // As long as nothing changes, nothing is said.
    world.run(600_000);
    assert_eq!(offers_to(&mut world, invitee), 0);
    // One change a second is told every ten.
    for _ in 0..60 {
        world.command(5, Command::Leave { meeting: None }).unwrap();
        world.run(500);
        world.join(5, meeting);
        world.run(400);
    }
    world.run(20_000);
    let offers = offers_to(&mut world, invitee);
    assert!((1..=12).contains(&offers), "{offers}");
    for index in 0..10 {
        world.crash(index);
    }
    world.run(60_000);
    assert!(
        offers_to(&mut world, invitee) <= 30,
        "by those who crashed as well"
    );
    assert_eq!(told_inside(&world, invitee), BTreeSet::from([world.id(10)]));
    world.join(invitee, meeting);
    world.run(60_000);
    world.command(10, Command::Leave { meeting: None }).unwrap();
    world.run(60_000);
    assert_eq!(offers_to(&mut world, invitee), 0, "it is inside now");
}

#[test]
fn another_invitee_that_has_not_joined_ends_no_join() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(2000);
    world.cut(&[0]);
    world.command(2, Command::Join { meeting }).unwrap();
    world.run(8000);
    assert_eq!(world.view(2).joining.len(), 1, "Anna may come back");
    world.heal();
    world.run(4000);
    assert_eq!(world.view(2).active, Some(meeting));
}

#[test]
fn another_invitee_that_has_not_joined_does_not_keep_a_refused_join_alive() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(2000);
    world.cut(&[0]);
    world.command(2, Command::Join { meeting }).unwrap();
    world.run(2000);
    let anna = world.id(0);
    let chen = world.machines[2].mesh.as_mut().unwrap();
    chen.not_admitted(meeting, anna, NotAdmitted::NotInvited);
    chen.settle();
    world.settle();
    assert!(world.view(2).joining.is_empty());
    assert!(world.saw(2, |event| matches!(
        event,
        Event::JoinFailed {
            failure: JoinFailure::NotInvited,
            ..
        }
    )));
}

#[test]
fn a_decline_reaches_whoever_joined_after_the_inviter_had_gone() {
    let mut world = World::new(&["Anna", "Bao", "Chen", "Dara"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(1, meeting);
    let dara = world.id(3);
    let peers = vec![dara];
    world
        .command(1, Command::Invite { meeting, peers })
        .unwrap();
    world.run(200);
    world.join(3, meeting);
    world.crash(0);
    world.crash(1);
    world.run(60_000);
    world.command(2, Command::Decline { meeting }).unwrap();
    world.run(500);
    assert!(world.has_declined(3, meeting, 2));
}
