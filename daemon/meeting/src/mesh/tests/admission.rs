//! Who is let in, and what strangers are answered.

use ed25519_dalek::SigningKey;
use sotto_instruments::Chance;

use super::*;
use crate::ids::Utc;
use crate::record::{Invitation, Version, sign};
use crate::wire::{Message, NotAdmitted, Request, Response};

#[test]
fn the_secret_goes_to_nobody_without_an_open_invitation() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let join = Request::Join {
        meeting,
        invitations: Vec::new(),
    };
    assert_eq!(
        ask(&mut sim, anna, chen, &join),
        Response::NotAdmitted(NotAdmitted::NotInvited)
    );
    assert!(matches!(
        ask(&mut sim, anna, bao, &join),
        Response::Admitted(_)
    ));
    sim.ask(bao, Command::Decline { meeting });
    sim.run_millis(500);
    assert_eq!(
        ask(&mut sim, anna, bao, &join),
        Response::NotAdmitted(NotAdmitted::NotInvited)
    );
    let unknown = Request::Join {
        meeting: MeetingId([1; 32]),
        invitations: Vec::new(),
    };
    assert_eq!(
        ask(&mut sim, anna, bao, &unknown),
        Response::NotAdmitted(NotAdmitted::NotMine)
    );
}

#[test]
fn a_reason_that_only_a_later_release_knows_keeps_me_out_and_is_told_as_a_refusal() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.run_millis(200);
    let failure = sim.with_mesh(bao, |mesh, now| {
        mesh.command(Command::Join { meeting }, now).unwrap();
        let (id, from) = std::iter::from_fn(|| mesh.poll_output())
            .find_map(|output| match output {
                Output::Request { to, id, data } => {
                    matches!(Request::decode(&data), Ok(Request::Join { .. })).then_some((id, to))
                }
                _ => None,
            })
            .unwrap();
        let refusal = Response::NotAdmitted(NotAdmitted::Unknown(77));
        let response = Input::Response {
            id,
            from,
            result: Ok(refusal.encode()),
        };
        outputs(mesh, response, now)
            .into_iter()
            .find_map(|output| match output {
                Output::Event(Event::JoinFailed { failure, .. }) => Some(failure),
                _ => None,
            })
    });
    assert_eq!(failure, Some(crate::JoinFailure::Refused));
    assert_eq!(sim.view(bao).counters.malformed, 0);
}

#[test]
fn any_request_is_answered_and_changes_nothing_that_it_may_not() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    let from = sim.id(bao);
    let mut chance = Chance::new(1);
    for id in 0..500 {
        let data: Vec<u8> = (0..id % 200).map(|_| chance.byte()).collect();
        let request = Input::Request {
            from,
            id,
            data: data.clone(),
        };
        let answered = sim
            .with_mesh(anna, |mesh, now| outputs(mesh, request, now))
            .iter()
            .any(|output| matches!(output, Output::Respond { id: to, .. } if *to == id));
        assert!(answered);
        hand_gossip(&mut sim, anna, from, from, data);
    }
    assert_eq!(sim.presence(anna, meeting, bao), Some(Presence::Online));
    assert!(sim.view(anna).counters.malformed > 0);
    assert!(sim.view(anna).counters.requests_dropped > 0);
}

#[test]
fn somebody_elses_answer_is_not_taken() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.split(&[&[bao]]);
    sim.ask(bao, Command::Decline { meeting });
    let answers = crate::stored::State::decode(sim.machine(bao).disk.as_ref().unwrap())
        .unwrap()
        .prompts[0]
        .answers
        .clone()
        .unwrap();
    let request = Request::Answers { raw: answers };
    assert_eq!(ask(&mut sim, anna, chen, &request), Response::Refused);
    assert!(!sim.has_declined(anna, meeting, bao));
    assert_eq!(ask(&mut sim, anna, bao, &request), Response::Done);
    assert!(sim.has_declined(anna, meeting, bao));
}

#[test]
fn an_invitation_that_a_newcomer_brings_counts_if_a_participant_signed_it() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.join(bao, meeting);
    let ids = [anna, bao, chen].map(|host| sim.id(host));
    let seeds = [anna, bao, chen].map(|host| sim.machine(host).signing_seed);
    let brought = |seed: [u8; 32], invitee: PeerId| {
        let body = Invitation {
            invitee,
            made: Utc(EPOCH),
            withdrawn: false,
            past: None,
            name: "Somebody".to_owned(),
            device: String::new(),
            invitee_name: String::new(),
            invitee_device: String::new(),
        };
        let version = Version {
            epoch: u64::from(u32::MAX),
            counter: 1,
        };
        let key = SigningKey::from_bytes(&seed);
        Request::Join {
            meeting,
            invitations: vec![sign(&key, meeting, version, 0, body).raw.to_vec()],
        }
    };
    let not_invited = Response::NotAdmitted(NotAdmitted::NotInvited);
    // Chen's own, that of somebody unknown, and Bao's for another.
    for useless in [
        brought(seeds[2], ids[2]),
        brought([9; 32], ids[2]),
        brought(seeds[1], ids[0]),
    ] {
        assert_eq!(ask(&mut sim, anna, chen, &useless), not_invited);
    }
    // Bao's, of which Anna has not heard.
    let by_bao = ask(&mut sim, anna, chen, &brought(seeds[1], ids[2]));
    assert!(matches!(by_bao, Response::Admitted(_)), "{by_bao:?}");
}
