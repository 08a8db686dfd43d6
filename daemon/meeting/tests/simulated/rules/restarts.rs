//! What outlives a restart, on a still network.

use sotto_meeting::{Mesh, Setup, StoredError};

use super::*;

#[test]
fn after_a_crash_within_a_minute_the_meeting_is_rejoined_muted() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.run(20);
    sim.crash(bao);
    sim.run(50);
    sim.start(bao);
    sim.run(3);
    assert_eq!(sim.view(bao).active, Some(meeting));
    assert!(sim.view(bao).talk.muted);
    assert!(sim.saw(bao, |event| matches!(event, Event::Rejoined { .. })));
    sim.everybody_sees(meeting, bao, ONLINE);
    assert!(sim.entry(anna, meeting, bao).unwrap().voice);
    assert!(sim.entry(bao, meeting, anna).unwrap().voice);
}

#[test]
fn later_it_is_not_and_everybody_sees_closed() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.crash(bao);
    sim.run(90);
    sim.start(bao);
    sim.run(2);
    assert_eq!(sim.view(bao).active, None);
    assert_eq!(sim.view(bao).meetings.len(), 1);
    sim.everybody_sees(meeting, bao, CLOSED);
    sim.join_at_once(bao, meeting);
    sim.run(1);
    sim.everybody_sees(meeting, bao, ONLINE);
}

#[test]
fn after_goodbye_only_the_policy_always_rejoins() {
    for (policy, rejoins) in [
        (RejoinPolicy::AfterCrash, false),
        (RejoinPolicy::Always, true),
        (RejoinPolicy::Never, false),
    ] {
        let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
        let meeting = sim.meeting_of_all(anna);
        sim.ask(bao, Command::Quit);
        sim.crash(bao);
        sim.run(5);
        sim.set_rejoin(bao, policy);
        sim.start(bao);
        sim.run(1);
        assert_eq!(
            sim.view(bao).active,
            rejoins.then_some(meeting),
            "{policy:?}"
        );
    }
}

#[test]
fn everything_known_survives_a_restart() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    let peer = sim.id(bao);
    sim.ask(anna, Command::Volume { peer, percent: 50 });
    sim.ask(anna, Command::Leave { meeting: None });
    sim.run_millis(500);
    sim.crash(chen);
    sim.split(&[&[chen]]);
    sim.start(chen);
    assert!(
        sim.is_invited(chen, meeting),
        "an invitation waits for its answer"
    );
    sim.split(&[&[anna]]);
    sim.crash(anna);
    sim.start(anna);
    sim.run_millis(500);
    let view = sim.view(anna);
    assert_eq!(view.meetings[0].title, "Planning");
    let bao = sim.entry(anna, meeting, bao).unwrap();
    assert_eq!(bao.volume, 50);
    assert_eq!(bao.label, "Bao");
    assert_eq!(bao.presence, LOST, "what is on disk proves no liveness");
}

#[test]
fn damaged_state_is_told_from_foreign_state() {
    let (sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let setup = |stored: Vec<u8>| Setup {
        signing_seed: sim.machine(anna).signing_seed,
        rng_seed: [9; 32],
        name: "Anna".to_owned(),
        device_name: String::new(),
        stored: Some(stored),
        rejoin: RejoinPolicy::Never,
        boot: None,
    };
    let mut damaged = sim.machine(anna).disk.clone().unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let error = |stored| Mesh::new(setup(stored), sim.clock()).err();
    assert_eq!(error(damaged), Some(StoredError::Damaged));
    assert_eq!(
        error(sim.machine(bao).disk.clone().unwrap()),
        Some(StoredError::OtherIdentity)
    );
    assert_eq!(error(b"# a comment".to_vec()), Some(StoredError::NotState));
}

#[test]
fn a_restored_backup_moves_past_what_it_had_forgotten() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let backup = sim.machine(anna).disk.clone();
    let meeting = sim.meeting_of_all(anna);
    for _ in 0..3 {
        sim.crash(anna);
        sim.run(200);
        sim.start(anna);
        sim.run(1);
    }
    sim.crash(anna);
    sim.set_disk(anna, backup);
    sim.start(anna);
    sim.run(60);
    assert!(!sim.view(anna).me.cloned);
    assert!(sim.view(bao).peers[0].running);
    let other = sim.meet(anna, "Again", &[bao]);
    sim.run_millis(500);
    assert!(sim.is_invited(bao, other));
    assert_ne!(other, meeting);
}

#[test]
fn two_daemons_with_one_key_both_stop_and_say_so() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.run(5);
    // The same identity and state on another machine.
    let copy = sim.clone_of(anna);
    sim.start(copy);
    sim.run(120);
    for host in [anna, copy] {
        assert!(sim.view(host).me.cloned, "{host:?}");
        assert!(sim.saw(host, |event| *event == Event::Cloned));
        assert_eq!(sim.view(host).active, None);
        assert_eq!(
            sim.command(host, Command::Join { meeting }),
            Err(Refusal::Cloned)
        );
    }
    assert_eq!(sim.presence(bao, meeting, anna), Some(CLOSED));
}

#[test]
fn a_meeting_without_anyone_present_is_forgotten_after_a_week() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.ask(anna, Command::Quit);
    sim.crash(anna);
    sim.ask(bao, Command::Quit);
    sim.crash(bao);
    sim.set_clocks_ahead(Duration::from_secs(6 * 24 * 3600));
    sim.start(anna);
    sim.run(60);
    assert_eq!(sim.view(anna).meetings.len(), 1);
    sim.crash(anna);
    sim.set_clocks_ahead(Duration::from_secs(25 * 3600));
    sim.start(anna);
    sim.run(60);
    assert!(sim.view(anna).meetings.is_empty());
    assert_eq!(
        sim.command(anna, Command::Join { meeting }),
        Err(Refusal::UnknownMeeting(meeting))
    );
}

#[test]
fn who_has_lost_its_state_is_invited_again_and_comes_back() {
    let (mut sim, [anna, bao, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    let peers = vec![sim.id(bao)];
    sim.crash(bao);
    sim.set_disk(bao, None);
    sim.run(100);
    sim.start(bao);
    sim.run(2);
    assert_eq!(sim.presence(anna, meeting, bao), Some(LOST));
    assert_eq!(
        sim.command(
            anna,
            Command::Invite {
                meeting,
                peers: peers.clone(),
            },
        ),
        Ok(Reply::Invited {
            invited: peers,
            already: vec![],
        })
    );
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
    sim.join_at_once(bao, meeting);
    sim.run(1);
    sim.everybody_sees(meeting, bao, ONLINE);
    assert!(!sim.is_invited(bao, meeting));
}

#[test]
fn who_is_merely_closed_answers_that_it_is_in_the_meeting() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    let peers = vec![sim.id(bao)];
    sim.ask(bao, Command::Quit);
    sim.crash(bao);
    sim.run(30);
    sim.ask(anna, Command::Invite { meeting, peers });
    sim.start(bao);
    sim.run(5);
    assert!(!sim.is_invited(bao, meeting), "it knows of the meeting");
    assert_eq!(sim.presence(anna, meeting, bao), Some(CLOSED));
    sim.join_at_once(bao, meeting);
    sim.run(1);
    sim.everybody_sees(meeting, bao, ONLINE);
}
