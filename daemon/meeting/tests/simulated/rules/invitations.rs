//! What becomes of an invitation, on a still network.

use sotto_meeting::JoinFailure;

use super::*;

#[test]
fn an_invitation_reaches_a_running_colleague_at_once() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let view = sim.view(bao);
    assert_eq!(view.invitations.len(), 1);
    assert_eq!(view.invitations[0].title, "Planning");
    assert_eq!(view.invitations[0].by[0].label, "Anna");
    assert_eq!(view.invitations[0].inside[0].label, "Anna");
    assert!(sim.saw(bao, |event| matches!(event, Event::Invited { .. })));
    assert_eq!(sim.presence(anna, meeting, bao), Some(NOT_JOINED));
}

#[test]
fn an_invitation_reaches_a_colleague_that_starts_later_though_the_inviter_has_gone() {
    let (mut sim, [anna, bao, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    let dara = sim.add("Dara");
    sim.start(dara);
    sim.run(1);
    sim.crash(dara);
    let meeting = sim.meet(anna, "Planning", &[bao, dara]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.run_millis(500);
    sim.crash(anna);
    sim.run(5);
    sim.start(dara);
    sim.run(5);
    assert!(sim.is_invited(dara, meeting));
    sim.join_at_once(dara, meeting);
    sim.run(1);
    assert_eq!(sim.presence(bao, meeting, dara), Some(ONLINE));
    assert_eq!(sim.presence(dara, meeting, bao), Some(ONLINE));
}

#[test]
fn all_invitations_to_one_meeting_are_one_prompt() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.ask(
        bao,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    sim.run(1);
    let view = sim.view(chen);
    assert_eq!(view.invitations.len(), 1);
    assert_eq!(view.invitations[0].by.len(), 2);
    let prompts = sim
        .events(chen)
        .iter()
        .filter(|event| matches!(event, Event::Invited { .. }))
        .count();
    assert_eq!(prompts, 1);
}

#[test]
fn a_declined_invitation_shows_as_such_and_its_decliner_cannot_get_in() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(chen, meeting);
    sim.ask(bao, Command::Decline { meeting });
    sim.run_millis(500);
    for viewer in [anna, chen] {
        assert!(sim.has_declined(viewer, meeting, bao));
    }
    assert!(sim.saw(
        anna,
        |event| matches!(event, Event::Declined { label, .. } if label == "Bao")
    ));
    assert!(!sim.is_invited(bao, meeting));
    assert!(matches!(
        sim.command(bao, Command::Join { meeting }),
        Err(Refusal::NoInvitation { .. })
    ));
}

#[test]
fn a_decline_is_delivered_when_somebody_inside_can_be_reached() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.split(&[&[anna]]);
    sim.ask(bao, Command::Decline { meeting });
    sim.run(10);
    assert_eq!(sim.presence(anna, meeting, bao), Some(NOT_JOINED));
    sim.heal();
    sim.run(1);
    assert!(sim.has_declined(anna, meeting, bao));
}

#[test]
fn after_a_decline_one_new_invitation_in_ten_minutes() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let peers = vec![sim.id(bao)];
    let invite = || Command::Invite {
        meeting,
        peers: peers.clone(),
    };
    sim.ask(bao, Command::Decline { meeting });
    sim.run(30);
    sim.ask(anna, invite());
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
    sim.ask(bao, Command::Decline { meeting });
    sim.run(30);
    assert!(matches!(
        sim.command(anna, invite()),
        Err(Refusal::DeclinedLately { .. })
    ));
    sim.run(600);
    sim.ask(anna, invite());
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
}

#[test]
fn a_withdrawn_invitation_is_taken_away_and_opens_nothing() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.ask(
        anna,
        Command::Withdraw {
            meeting,
            peers: vec![sim.id(bao)],
        },
    );
    sim.run_millis(500);
    assert!(!sim.is_invited(bao, meeting));
    assert!(sim.saw(bao, |event| *event
        == Event::InvitationClosed {
            meeting,
            end: InvitationEnd::Withdrawn
        }));
    assert!(sim.command(bao, Command::Join { meeting }).is_err());
    assert_eq!(sim.presence(anna, meeting, bao), None);
}

#[test]
fn only_the_inviter_withdraws_and_not_from_who_has_joined() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    let withdraw = |sim: &Sim, host| Command::Withdraw {
        meeting,
        peers: vec![sim.id(host)],
    };
    assert!(matches!(
        sim.command(bao, withdraw(&sim, chen)),
        Err(Refusal::NotYourInvitation { .. })
    ));
    assert!(matches!(
        sim.command(anna, withdraw(&sim, bao)),
        Err(Refusal::AlreadyJoined { .. })
    ));
}

#[test]
fn an_invitation_lapses_after_a_day() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.set_clocks_ahead(Duration::from_secs(24 * 3600));
    assert!(!sim.is_invited(bao, meeting));
    assert!(sim.command(bao, Command::Join { meeting }).is_err());
    sim.run(60);
    assert!(sim.saw(bao, |event| matches!(
        event,
        Event::InvitationClosed {
            end: InvitationEnd::Expired,
            ..
        }
    )));
    assert_eq!(sim.presence(anna, meeting, bao), None);
}

#[test]
fn a_join_that_nobody_can_answer_fails_and_leaves_the_invitation_open() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.split(&[&[bao]]);
    assert_eq!(
        sim.command(bao, Command::Join { meeting }),
        Ok(Reply::Joining { meeting })
    );
    assert_eq!(sim.view(bao).joining.len(), 1);
    sim.run(16);
    assert!(sim.view(bao).joining.is_empty());
    assert!(sim.saw(bao, |event| matches!(
        event,
        Event::JoinFailed {
            failure: JoinFailure::NobodyReachable,
            ..
        }
    )));
    assert!(sim.is_invited(bao, meeting));
    // It is there again before the next attempt is given up.
    sim.ask(bao, Command::Join { meeting });
    sim.run(5);
    sim.heal();
    sim.run(4);
    assert_eq!(sim.view(bao).active, Some(meeting));
}

#[test]
fn a_join_passes_over_candidates_that_have_crashed() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.ask(
        bao,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    sim.run_millis(500);
    sim.crash(anna);
    sim.ask(chen, Command::Join { meeting });
    sim.run(2);
    assert_eq!(sim.view(chen).active, Some(meeting));
}

#[test]
fn who_left_comes_back_and_can_be_invited_again() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.ask(bao, Command::Leave { meeting: None });
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.ask(bao, Command::Leave { meeting: None });
    sim.run(60);
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(bao)],
        },
    );
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
    sim.join_at_once(bao, meeting);
    assert!(!sim.is_invited(bao, meeting));
}

#[test]
fn a_forgotten_meeting_can_be_joined_by_a_new_invitation_only() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    assert!(matches!(
        sim.command(bao, Command::Forget { meeting }),
        Err(Refusal::StillInside { .. })
    ));
    sim.ask(bao, Command::Leave { meeting: None });
    sim.ask(bao, Command::Forget { meeting });
    sim.run(60);
    assert!(sim.view(bao).meetings.is_empty());
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(bao)],
        },
    );
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
    sim.join_at_once(bao, meeting);
    sim.run_millis(500);
    sim.everybody_sees(meeting, bao, ONLINE);
}

#[test]
fn who_delivered_an_invitation_can_be_joined_by_though_it_has_not_joined_the_audio() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let dara = sim.add("Dara");
    sim.start(dara);
    sim.run(1);
    sim.crash(dara);
    let meeting = sim.meet(anna, "Planning", &[bao, dara]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.run_millis(500);
    sim.meet(bao, "Elsewhere", &[]);
    sim.crash(anna);
    sim.run(60);
    sim.start(dara);
    sim.run(5);
    assert!(sim.is_invited(dara, meeting));
    assert!(sim.view(dara).invitations[0].inside.is_empty());
    // The memory of who delivered it outlives a restart.
    sim.crash(dara);
    sim.start(dara);
    sim.run(1);
    sim.join_at_once(dara, meeting);
    assert_eq!(sim.presence(bao, meeting, dara), Some(ONLINE));
}

#[test]
fn a_decline_reaches_the_participant_that_delivered_the_invitation() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let dara = sim.add("Dara");
    sim.start(dara);
    sim.run(1);
    sim.crash(dara);
    let meeting = sim.meet(anna, "Planning", &[bao, dara]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.meet(bao, "Elsewhere", &[]);
    sim.crash(anna);
    sim.run(60);
    sim.start(dara);
    sim.run(5);
    sim.ask(dara, Command::Decline { meeting });
    sim.run_millis(500);
    assert!(sim.has_declined(bao, meeting, dara));
}

#[test]
fn another_invitee_that_has_not_joined_ends_no_join() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run(2);
    sim.split(&[&[anna]]);
    sim.ask(chen, Command::Join { meeting });
    sim.run(8);
    assert_eq!(sim.view(chen).joining.len(), 1, "Anna may come back");
    sim.heal();
    sim.run(4);
    assert_eq!(sim.view(chen).active, Some(meeting));
}

#[test]
fn a_decline_reaches_whoever_joined_after_the_inviter_had_gone() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::still(["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    let peers = vec![sim.id(dara)];
    sim.ask(bao, Command::Invite { meeting, peers });
    sim.run_millis(200);
    sim.join_at_once(dara, meeting);
    sim.crash(anna);
    sim.crash(bao);
    sim.run(60);
    sim.ask(chen, Command::Decline { meeting });
    sim.run_millis(500);
    assert!(sim.has_declined(dara, meeting, chen));
}
