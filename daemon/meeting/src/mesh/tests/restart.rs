use super::*;
use crate::StoredError;

#[test]
fn after_a_crash_within_a_minute_the_meeting_is_rejoined_muted() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.run(20_000);
    world.crash(1);
    world.run(50_000);
    world.start(1);
    world.run(3000);
    assert_eq!(world.view(1).active, Some(meeting));
    assert!(world.view(1).talk.muted);
    assert!(world.saw(1, |event| matches!(event, Event::Rejoined { .. })));
    world.everybody_sees(meeting, 1, Presence::Online);
    assert!(world.entry(0, meeting, 1).unwrap().voice);
    assert!(world.entry(1, meeting, 0).unwrap().voice);
}

#[test]
fn later_it_is_not_and_everybody_sees_closed() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.crash(1);
    world.run(90_000);
    world.start(1);
    world.run(2000);
    assert_eq!(world.view(1).active, None);
    assert_eq!(world.view(1).meetings.len(), 1);
    world.everybody_sees(meeting, 1, CLOSED);
    world.join(1, meeting);
    world.run(1000);
    world.everybody_sees(meeting, 1, Presence::Online);
}

#[test]
fn after_goodbye_only_the_policy_always_rejoins() {
    for (policy, rejoins) in [
        (RejoinPolicy::AfterCrash, false),
        (RejoinPolicy::Always, true),
        (RejoinPolicy::Never, false),
    ] {
        let mut world = World::new(&["Anna", "Bao"]);
        let meeting = world.meeting_of_all(0);
        world.command(1, Command::Quit).unwrap();
        world.crash(1);
        world.run(5000);
        world.machines[1].policy = policy;
        world.start(1);
        world.run(1000);
        assert_eq!(
            world.view(1).active,
            rejoins.then_some(meeting),
            "{policy:?}"
        );
    }
}

#[test]
fn the_first_output_stores_the_epoch_before_anything_is_signed() {
    let mut world = World::new(&["Anna"]);
    world.crash(0);
    let machine = &world.machines[0];
    let setup = Setup {
        signing_seed: [machine.seed; 32],
        rng_seed: [9; 32],
        name: "Anna".to_owned(),
        device_name: String::new(),
        stored: machine.disk.clone(),
        rejoin: RejoinPolicy::Never,
    };
    let before = crate::stored::State::decode(machine.disk.as_ref().unwrap())
        .unwrap()
        .epoch;
    let mut mesh = Mesh::new(setup, world.now()).unwrap();
    let Some(Output::Store(bytes)) = mesh.poll_output() else {
        panic!("not stored first");
    };
    assert_eq!(
        crate::stored::State::decode(&bytes).unwrap().epoch,
        before + 1
    );
}

#[test]
fn everything_known_survives_a_restart() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(1, meeting);
    let bao = world.id(1);
    world
        .command(
            0,
            Command::Volume {
                peer: bao,
                percent: 50,
            },
        )
        .unwrap();
    world.command(0, Command::Leave { meeting: None }).unwrap();
    world.run(500);
    world.crash(2);
    world.cut(&[2]);
    world.start(2);
    assert!(
        world.is_invited(2, meeting),
        "an invitation waits for its answer"
    );
    world.cut(&[0]);
    world.crash(0);
    world.start(0);
    world.run(500);
    let view = world.view(0);
    assert_eq!(view.meetings[0].title, "Planning");
    let bao = world.entry(0, meeting, 1).unwrap();
    assert_eq!(bao.volume, 50);
    assert_eq!(bao.label, "Bao");
    assert_eq!(bao.presence, LOST, "what is on disk proves no liveness");
}

#[test]
fn damaged_state_is_told_from_foreign_state() {
    let world = World::new(&["Anna", "Bao"]);
    let setup = |stored: Vec<u8>| Setup {
        signing_seed: [1; 32],
        rng_seed: [9; 32],
        name: "Anna".to_owned(),
        device_name: String::new(),
        stored: Some(stored),
        rejoin: RejoinPolicy::Never,
    };
    let mut damaged = world.machines[0].disk.clone().unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let error = |stored| Mesh::new(setup(stored), world.now()).err();
    assert_eq!(error(damaged), Some(StoredError::Damaged));
    assert_eq!(
        error(world.machines[1].disk.clone().unwrap()),
        Some(StoredError::OtherIdentity)
    );
    assert_eq!(error(b"# a comment".to_vec()), Some(StoredError::NotState));
}

#[test]
fn a_restored_backup_moves_past_what_it_had_forgotten() {
    let mut world = World::new(&["Anna", "Bao"]);
    let backup = world.machines[0].disk.clone();
    let meeting = world.meeting_of_all(0);
    for _ in 0..3 {
        world.crash(0);
        world.run(200_000);
        world.start(0);
        world.run(1000);
    }
    world.crash(0);
    world.machines[0].disk = backup;
    world.start(0);
    world.run(60_000);
    assert!(!world.view(0).me.cloned);
    assert!(world.view(1).peers[0].running);
    let other = world.create(0, "Again", &[1]);
    world.run(500);
    assert!(world.is_invited(1, other));
    assert_ne!(other, meeting);
}

#[test]
fn two_daemons_with_one_key_both_stop_and_say_so() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.run(5000);
    // The same identity and state on another machine.
    let copy = world.add("Anna");
    world.machines[copy].seed = world.machines[0].seed;
    world.machines[copy].disk = world.machines[0].disk.clone();
    world.start(copy);
    world.run(120_000);
    for index in [0, copy] {
        assert!(world.view(index).me.cloned, "{index}");
        assert!(world.saw(index, |event| *event == Event::Cloned));
        assert_eq!(world.view(index).active, None);
        assert_eq!(
            world.command(index, Command::Join { meeting }),
            Err(Refusal::Cloned)
        );
    }
    assert_eq!(world.presence(1, meeting, 0), Some(CLOSED));
}

#[test]
fn two_daemons_with_one_key_notice_each_other_outside_meetings_too() {
    let mut world = World::new(&["Anna", "Bao"]);
    let copy = world.add("Anna");
    world.machines[copy].seed = world.machines[0].seed;
    world.machines[copy].disk = world.machines[0].disk.clone();
    world.start(copy);
    world.run(120_000);
    for index in [0, copy] {
        assert!(world.view(index).me.cloned, "{index}");
        assert!(world.saw(index, |event| *event == Event::Cloned));
    }
    let anna = world.id(0);
    let bao = world.machines[1].mesh.as_ref().unwrap();
    assert!(
        !bao.people.is_announced(anna, bao.now.monotonic),
        "both have said that they take part in nothing"
    );
}

#[test]
fn a_meeting_without_anyone_present_is_forgotten_after_a_week() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.command(0, Command::Quit).unwrap();
    world.crash(0);
    world.command(1, Command::Quit).unwrap();
    world.crash(1);
    world.utc += 6 * 24 * 3600;
    world.start(0);
    world.run(60_000);
    assert_eq!(world.view(0).meetings.len(), 1);
    world.crash(0);
    world.utc += 25 * 3600;
    world.start(0);
    world.run(60_000);
    assert!(world.view(0).meetings.is_empty());
    assert_eq!(
        world.command(0, Command::Join { meeting }),
        Err(Refusal::UnknownMeeting(meeting))
    );
}

#[test]
fn who_has_lost_its_state_is_invited_again_and_comes_back() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    let bao = world.id(1);
    world.crash(1);
    world.machines[1].disk = None;
    world.run(100_000);
    world.start(1);
    world.run(2000);
    assert_eq!(world.presence(0, meeting, 1), Some(LOST));
    assert_eq!(
        world.command(
            0,
            Command::Invite {
                meeting,
                peers: vec![bao],
            },
        ),
        Ok(Reply::Invited {
            invited: vec![bao],
            already: vec![],
        })
    );
    world.run(500);
    assert!(world.is_invited(1, meeting));
    world.join(1, meeting);
    world.run(1000);
    world.everybody_sees(meeting, 1, Presence::Online);
    assert!(!world.is_invited(1, meeting));
}

#[test]
fn who_is_merely_closed_answers_that_it_is_in_the_meeting() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    let bao = world.id(1);
    world.command(1, Command::Quit).unwrap();
    world.crash(1);
    world.run(30_000);
    let invite = || Command::Invite {
        meeting,
        peers: vec![bao],
    };
    world.command(0, invite()).unwrap();
    world.start(1);
    world.run(5000);
    assert!(!world.is_invited(1, meeting), "it knows of the meeting");
    assert_eq!(world.presence(0, meeting, 1), Some(CLOSED));
    world.join(1, meeting);
    world.run(1000);
    world.everybody_sees(meeting, 1, Presence::Online);
}

#[test]
fn an_invitation_lost_with_the_state_is_offered_again() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.run(500);
    assert!(world.is_invited(1, meeting));
    // Later runs have higher epochs, as the lost one knew.
    world.crash(1);
    world.start(1);
    world.run(3000);
    world.crash(1);
    world.machines[1].disk = None;
    world.run(5000);
    world.start(1);
    world.run(10_000);
    assert!(world.is_invited(1, meeting));
    let offers = world.view(0).counters.requests_dropped;
    assert_eq!(offers, 0);
    let anna = world.machines[0].mesh.as_ref().unwrap();
    assert!(anna.offerings.is_empty(), "the new run's receipt is known");
}

#[test]
fn an_ended_meeting_is_remembered_over_a_restart() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    let stored = crate::stored::State::decode(world.machines[1].disk.as_ref().unwrap()).unwrap();
    let prompt = &stored.prompts[0];
    let offer = crate::wire::Request::Invitation(crate::wire::Offered {
        founding: prompt.founding.clone(),
        invitations: vec![prompt.invitations[0].raw.clone()],
        inside: Vec::new(),
        invited: Vec::new(),
    });
    world.join(1, meeting);
    for index in [0, 1] {
        world
            .command(index, Command::Leave { meeting: None })
            .unwrap();
    }
    world.run(1000);
    assert!(world.saw(1, |event| matches!(event, Event::Ended { .. })));
    world.run(25_000);
    // The prompts of another machine's copy, after the memory of having answered is gone.
    let mut state = crate::stored::State::decode(world.machines[1].disk.as_ref().unwrap()).unwrap();
    state.prompts.clear();
    world.crash(1);
    world.machines[1].disk = Some(state.encode());
    world.cut(&[1]);
    world.start(1);
    let anna = world.id(0);
    let answer = super::admission::ask(&mut world, 1, anna, &offer);
    assert_eq!(answer, crate::wire::Response::Refused);
    assert!(
        !world.is_invited(1, meeting),
        "it does not revive the meeting"
    );
}

#[test]
fn who_hangs_on_one_machine_alone_connects_with_others_of_the_lobby() {
    let mut world = World::new(&["Anna", "Bao", "Chen", "Dara", "Emma"]);
    // As where multicast does not pass, and everybody was told Anna's address.
    for one in 1..5 {
        for other in one + 1..5 {
            world.disconnect(one, other);
        }
    }
    world.run(40_000);
    world.crash(0);
    for index in 1..5 {
        assert!(world.neighbours(index).len() >= 2, "{index} is alone");
    }
}
