//! What a run stores, and what the next one makes of it.

use super::*;
use crate::stored::State;
use crate::wire::{Offered, Request, Response};

#[test]
fn the_first_output_stores_the_epoch_before_anything_is_signed() {
    let (mut sim, [anna]) = Sim::still(["Anna"]);
    sim.crash(anna);
    let machine = sim.machine(anna);
    let setup = Setup {
        signing_seed: machine.signing_seed,
        rng_seed: [9; 32],
        name: "Anna".to_owned(),
        device_name: String::new(),
        stored: machine.disk.clone(),
        rejoin: RejoinPolicy::Never,
        boot: None,
    };
    let before = State::decode(machine.disk.as_ref().unwrap()).unwrap().epoch;
    let mut mesh = Mesh::new(setup, sim.clock_of(anna)).unwrap();
    let Some(Output::Store(bytes)) = mesh.poll_output() else {
        panic!("not stored first");
    };
    assert_eq!(State::decode(&bytes).unwrap().epoch, before + 1);
}

#[test]
fn two_daemons_with_one_key_notice_each_other_outside_meetings_too() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let copy = sim.clone_of(anna);
    sim.start(copy);
    sim.run(120);
    for host in [anna, copy] {
        assert!(sim.view(host).me.cloned, "{host:?}");
        assert!(sim.saw(host, |event| *event == Event::Cloned));
    }
    let peer = sim.id(anna);
    let mesh = sim.mesh(bao);
    assert!(
        !mesh.people.is_announced(peer, mesh.now.monotonic),
        "both have said that they take part in nothing"
    );
}

#[test]
fn an_invitation_lost_with_the_state_is_offered_again() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
    // Later runs have higher epochs, as the lost one knew.
    sim.crash(bao);
    sim.start(bao);
    sim.run(3);
    sim.crash(bao);
    sim.set_disk(bao, None);
    sim.run(5);
    sim.start(bao);
    sim.run(10);
    assert!(sim.is_invited(bao, meeting));
    let offers = sim.view(anna).counters.requests_dropped;
    assert_eq!(offers, 0);
    let mesh = sim.mesh(anna);
    assert!(mesh.offerings.is_empty(), "the new run's receipt is known");
}

#[test]
fn an_ended_meeting_is_remembered_over_a_restart() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let stored = State::decode(sim.machine(bao).disk.as_ref().unwrap()).unwrap();
    let prompt = &stored.prompts[0];
    let offer = Request::Invitation(Offered {
        founding: prompt.founding.clone(),
        invitations: vec![prompt.invitations[0].raw.clone()],
        inside: Vec::new(),
        invited: Vec::new(),
        ages: Vec::new(),
    });
    sim.join_at_once(bao, meeting);
    for host in [anna, bao] {
        sim.ask(host, Command::Leave { meeting: None });
    }
    sim.run(1);
    assert!(sim.saw(bao, |event| matches!(event, Event::Ended { .. })));
    sim.run(25);
    // The prompts of another machine's copy, after the memory of having answered is gone.
    let mut state = State::decode(sim.machine(bao).disk.as_ref().unwrap()).unwrap();
    state.prompts.clear();
    sim.crash(bao);
    sim.set_disk(bao, Some(state.encode()));
    sim.split(&[&[bao]]);
    sim.start(bao);
    let answer = ask(&mut sim, bao, anna, &offer);
    assert_eq!(answer, Response::Refused);
    assert!(
        !sim.is_invited(bao, meeting),
        "it does not revive the meeting"
    );
}
