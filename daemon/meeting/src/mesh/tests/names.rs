//! Who is called how, whatever strangers say.

use super::admission::ask;
use super::prompts::{offer, strangers_invitation};
use super::*;
use crate::event::Part;
use crate::wire::Response;

fn label_of(world: &World, viewer: usize, peer: PeerId) -> Option<String> {
    let mut peers = world.view(viewer).peers.into_iter();
    peers.find(|view| view.peer == peer).map(|view| view.label)
}

/// A stranger invites `index`, and claims that everybody in `inside` is called "Claimed".
fn claim(world: &mut World, index: usize, inside: &[PeerId]) {
    let me = world.id(index);
    let (founding, invitation) = strangers_invitation(7, 1, me);
    let stranger = invitation.head.author;
    let request = offer(&founding.raw, vec![invitation.raw.to_vec()], inside);
    let answer = ask(world, index, stranger, &request);
    assert!(matches!(answer, Response::Answers { .. }), "it is taken");
}

#[test]
fn a_contacts_name_outlives_a_restart_and_no_claim_changes_it() {
    let mut world = World::new(&["Anna", "Bao"]);
    let bao = world.id(1);
    world.meeting_of_all(0);
    for index in [1, 0] {
        let leave = Command::Leave { meeting: None };
        world.command(index, leave).unwrap();
    }
    world.run(60_000);
    world.crash(1);
    world.crash(0);
    world.start(0);
    // Nothing that Bao has signed is left: the meeting is over, and the lobby is empty.
    assert!(world.view(0).meetings.is_empty());
    assert_eq!(label_of(&world, 0, bao).as_deref(), Some("Bao"));
    claim(&mut world, 0, &[bao]);
    assert_eq!(label_of(&world, 0, bao).as_deref(), Some("Bao"));
    world.run(60_000);
    world.crash(0);
    world.start(0);
    assert_eq!(label_of(&world, 0, bao).as_deref(), Some("Bao"));
    // Bao itself may have another name by now.
    world.machines[1].name = "Bao Nguyen";
    world.start(1);
    world.run(2000);
    assert_eq!(label_of(&world, 0, bao).as_deref(), Some("Bao Nguyen"));
}

#[test]
fn whom_i_invited_keeps_the_name_under_which_i_did() {
    let mut world = World::new(&["Anna", "Bao"]);
    let chen = PeerId([9; 32]);
    claim(&mut world, 0, &[chen]);
    assert_eq!(label_of(&world, 0, chen).as_deref(), Some("Claimed"));
    let invite = Command::Create {
        title: "Planning".to_owned(),
        invite: vec![chen],
    };
    world.command(0, invite).unwrap();
    let mesh = world.machines[0].mesh.as_mut().unwrap();
    mesh.learn(chen, "Mallory", "", crate::directory::Source::Claimed);
    assert_eq!(label_of(&world, 0, chen).as_deref(), Some("Claimed"));
}

#[test]
fn a_namesake_in_the_lobby_changes_the_roster_at_once() {
    let mut world = World::new(&["Anna", "Paul"]);
    let meeting = world.meeting_of_all(0);
    assert_eq!(world.entry(0, meeting, 1).unwrap().label, "Paul");
    world.forget_events();
    let imitator = world.add("PauI");
    world.start(imitator);
    world.run(500);
    let label = world.entry(0, meeting, 1).unwrap().label;
    assert!(label.starts_with("Paul (laptop)#"), "{label}");
    let part = Part::Participant(meeting, world.id(1));
    assert!(world.saw(0, |event| *event == Event::Changed(part)));
}
