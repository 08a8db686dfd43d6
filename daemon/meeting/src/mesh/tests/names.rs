//! Who is called how, whatever strangers say.

use super::prompts::{offer, strangers_invitation};
use super::*;
use crate::wire::Response;

fn label_of(sim: &Sim, viewer: Host, peer: PeerId) -> Option<String> {
    let mut peers = sim.view(viewer).peers.into_iter();
    peers.find(|view| view.peer == peer).map(|view| view.label)
}

/// A stranger invites `host`, and claims that everybody in `inside` is called "Claimed".
fn claim(sim: &mut Sim, host: Host, inside: &[PeerId]) {
    let me = sim.id(host);
    let (founding, invitation) = strangers_invitation(7, 1, me);
    let stranger = invitation.head.author;
    let request = offer(&founding.raw, vec![invitation.raw.to_vec()], inside);
    let answer = ask_as(sim, host, stranger, &request);
    assert!(matches!(answer, Response::Answers { .. }), "it is taken");
}

#[test]
fn a_contacts_name_outlives_a_restart_and_no_claim_changes_it() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let peer = sim.id(bao);
    sim.meeting_of_all(anna);
    for host in [bao, anna] {
        let leave = Command::Leave { meeting: None };
        sim.ask(host, leave);
    }
    sim.run(60);
    sim.crash(bao);
    sim.crash(anna);
    sim.start(anna);
    // Nothing that Bao has signed is left: the meeting is over, and the lobby is empty.
    assert!(sim.view(anna).meetings.is_empty());
    assert_eq!(label_of(&sim, anna, peer).as_deref(), Some("Bao"));
    claim(&mut sim, anna, &[peer]);
    assert_eq!(label_of(&sim, anna, peer).as_deref(), Some("Bao"));
    sim.run(60);
    sim.crash(anna);
    sim.start(anna);
    assert_eq!(label_of(&sim, anna, peer).as_deref(), Some("Bao"));
    // Bao itself may have another name by now.
    sim.set_name(bao, "Bao Nguyen");
    sim.start(bao);
    sim.run(2);
    assert_eq!(label_of(&sim, anna, peer).as_deref(), Some("Bao Nguyen"));
}

#[test]
fn whom_i_invited_keeps_the_name_under_which_i_did() {
    let (mut sim, [anna, _]) = Sim::still(["Anna", "Bao"]);
    let chen = PeerId([9; 32]);
    claim(&mut sim, anna, &[chen]);
    assert_eq!(label_of(&sim, anna, chen).as_deref(), Some("Claimed"));
    let invite = Command::Create {
        title: "Planning".to_owned(),
        invite: vec![chen],
    };
    sim.ask(anna, invite);
    sim.with_mesh(anna, |mesh, _| {
        mesh.learn(chen, "Mallory", "", crate::directory::Source::Claimed);
    });
    assert_eq!(label_of(&sim, anna, chen).as_deref(), Some("Claimed"));
}
