use ed25519_dalek::SigningKey;
use sotto_instruments::Chance;

use super::*;
use crate::record::{Invitation, Version, sign};
use crate::wire::{Message, NotAdmitted, Request, Response};

/// Asks `index` as `from` would, and reads the answer.
pub(super) fn ask(world: &mut World, index: usize, from: PeerId, request: &Request) -> Response {
    let now = world.now();
    let mesh = world.machines[index].mesh.as_mut().unwrap();
    mesh.handle(
        Input::Request {
            from,
            id: u64::MAX,
            data: request.encode(),
        },
        now,
    );
    let mut answer = None;
    while let Some(output) = mesh.poll_output() {
        if let Output::Respond { id: u64::MAX, data } = output {
            answer = Response::decode(&data).ok();
        }
    }
    answer.unwrap()
}

#[test]
fn the_secret_goes_to_nobody_without_an_open_invitation() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1]);
    let (bao, chen) = (world.id(1), world.id(2));
    let join = Request::Join {
        meeting,
        invitations: Vec::new(),
    };
    assert_eq!(
        ask(&mut world, 0, chen, &join),
        Response::NotAdmitted(NotAdmitted::NotInvited)
    );
    assert!(matches!(
        ask(&mut world, 0, bao, &join),
        Response::Admitted(_)
    ));
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(500);
    assert_eq!(
        ask(&mut world, 0, bao, &join),
        Response::NotAdmitted(NotAdmitted::NotInvited)
    );
    let unknown = Request::Join {
        meeting: MeetingId([1; 32]),
        invitations: Vec::new(),
    };
    assert_eq!(
        ask(&mut world, 0, bao, &unknown),
        Response::NotAdmitted(NotAdmitted::NotMine)
    );
}

#[test]
fn a_reason_that_only_a_later_release_knows_keeps_me_out_and_is_told_as_a_refusal() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.run(200);
    let now = world.now();
    let mesh = world.machines[1].mesh.as_mut().unwrap();
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
    mesh.handle(response, now);
    let failure = std::iter::from_fn(|| mesh.poll_output()).find_map(|output| match output {
        Output::Event(Event::JoinFailed { failure, .. }) => Some(failure),
        _ => None,
    });
    assert_eq!(failure, Some(crate::JoinFailure::Refused));
    assert_eq!(mesh.view(now).counters.malformed, 0);
}

#[test]
fn a_newcomer_is_handed_the_whole_roster() {
    let mut world = World::new(&["Anna", "Bao", "Chen", "Dara"]);
    let meeting = world.create(0, "Planning", &[1, 2, 3]);
    world.run(200);
    world.join(1, meeting);
    world.join(2, meeting);
    world.command(2, Command::Phone).unwrap();
    world.run(200);
    world.join(3, meeting);
    assert_eq!(world.presence(3, meeting, 0), Some(Presence::Online));
    assert_eq!(world.presence(3, meeting, 1), Some(Presence::Online));
    assert_eq!(world.presence(3, meeting, 2), Some(PHONE));
}

#[test]
fn any_request_is_answered_and_changes_nothing_that_it_may_not() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    let bao = world.id(1);
    let now = world.now();
    let mesh = world.machines[0].mesh.as_mut().unwrap();
    let mut chance = Chance::new(1);
    for id in 0..500 {
        let data: Vec<u8> = (0..id % 200).map(|_| chance.byte()).collect();
        mesh.handle(
            Input::Request {
                from: bao,
                id,
                data: data.clone(),
            },
            now,
        );
        let mut answered = false;
        while let Some(output) = mesh.poll_output() {
            answered |= matches!(output, Output::Respond { id: to, .. } if to == id);
        }
        assert!(answered);
        mesh.handle(
            Input::Gossip {
                topic: Topic::lobby(),
                author: bao,
                neighbour: bao,
                data,
                receipt: id,
            },
            now,
        );
        while mesh.poll_output().is_some() {}
    }
    assert_eq!(world.presence(0, meeting, 1), Some(Presence::Online));
    assert!(world.view(0).counters.malformed > 0);
    assert!(world.view(0).counters.requests_dropped > 0);
}

#[test]
fn somebody_elses_answer_is_not_taken() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.cut(&[1]);
    world.command(1, Command::Decline { meeting }).unwrap();
    let answers = crate::stored::State::decode(world.machines[1].disk.as_ref().unwrap())
        .unwrap()
        .prompts[0]
        .answers
        .clone()
        .unwrap();
    let (bao, chen) = (world.id(1), world.id(2));
    let request = Request::Answers { raw: answers };
    assert_eq!(ask(&mut world, 0, chen, &request), Response::Refused);
    assert!(!world.has_declined(0, meeting, 1));
    assert_eq!(ask(&mut world, 0, bao, &request), Response::Done);
    assert!(world.has_declined(0, meeting, 1));
}

#[test]
fn an_invitation_that_a_newcomer_brings_counts_if_a_participant_signed_it() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.join(1, meeting);
    let (bao, chen) = (world.id(1), world.id(2));
    let brought = |seed: u8, invitee: PeerId| {
        let body = Invitation {
            invitee,
            made: Utc(START),
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
        let key = SigningKey::from_bytes(&[seed; 32]);
        Request::Join {
            meeting,
            invitations: vec![sign(&key, meeting, version, 0, body).raw.to_vec()],
        }
    };
    let not_invited = Response::NotAdmitted(NotAdmitted::NotInvited);
    // Chen's own, that of somebody unknown, and Bao's for another.
    assert_eq!(ask(&mut world, 0, chen, &brought(3, chen)), not_invited);
    assert_eq!(ask(&mut world, 0, chen, &brought(9, chen)), not_invited);
    assert_eq!(ask(&mut world, 0, chen, &brought(2, bao)), not_invited);
    // Bao's, of which Anna has not heard.
    let by_bao = ask(&mut world, 0, chen, &brought(2, chen));
    assert!(matches!(by_bao, Response::Admitted(_)), "{by_bao:?}");
}
