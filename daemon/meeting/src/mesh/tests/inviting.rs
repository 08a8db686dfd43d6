use super::*;
use crate::{InvitationEnd, JoinFailure};

#[test]
fn an_invitation_reaches_a_running_colleague_at_once() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    let view = world.view(1);
    assert_eq!(view.invitations.len(), 1);
    assert_eq!(view.invitations[0].title, "Planning");
    assert_eq!(view.invitations[0].by[0].label, "Anna");
    assert_eq!(view.invitations[0].inside[0].label, "Anna");
    assert!(world.saw(1, |event| matches!(event, Event::Invited { .. })));
    assert_eq!(world.presence(0, meeting, 1), Some(NOT_JOINED));
}

#[test]
fn an_invitation_reaches_a_colleague_that_starts_later_though_the_inviter_has_gone() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let dara = world.add("Dara");
    world.start(dara);
    world.run(1000);
    world.crash(dara);
    let meeting = world.create(0, "Planning", &[1, dara]);
    world.run(200);
    world.join(1, meeting);
    world.run(500);
    world.crash(0);
    world.run(5000);
    world.start(dara);
    world.run(5000);
    assert!(world.is_invited(dara, meeting));
    world.join(dara, meeting);
    world.run(1000);
    assert_eq!(world.presence(1, meeting, dara), Some(Presence::Online));
    assert_eq!(world.presence(dara, meeting, 1), Some(Presence::Online));
}

#[test]
fn all_invitations_to_one_meeting_are_one_prompt() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(1, meeting);
    let chen = world.id(2);
    world
        .command(
            1,
            Command::Invite {
                meeting,
                peers: vec![chen],
            },
        )
        .unwrap();
    world.run(1000);
    let view = world.view(2);
    assert_eq!(view.invitations.len(), 1);
    assert_eq!(view.invitations[0].by.len(), 2);
    let prompts = world.machines[2]
        .events
        .iter()
        .filter(|event| matches!(event, Event::Invited { .. }))
        .count();
    assert_eq!(prompts, 1);
}

#[test]
fn a_declined_invitation_shows_as_such_and_its_decliner_cannot_get_in() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(2, meeting);
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(500);
    for viewer in [0, 2] {
        assert!(world.has_declined(viewer, meeting, 1));
    }
    assert!(world.saw(
        0,
        |event| matches!(event, Event::Declined { label, .. } if label == "Bao")
    ));
    assert!(!world.is_invited(1, meeting));
    assert!(matches!(
        world.command(1, Command::Join { meeting }),
        Err(Refusal::NoInvitation { .. })
    ));
}

#[test]
fn a_decline_is_delivered_when_somebody_inside_can_be_reached() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.cut(&[0]);
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(10_000);
    assert_eq!(world.presence(0, meeting, 1), Some(NOT_JOINED));
    world.heal();
    world.run(1000);
    assert!(world.has_declined(0, meeting, 1));
}

#[test]
fn after_a_decline_one_new_invitation_in_ten_minutes() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    let bao = world.id(1);
    let invite = || Command::Invite {
        meeting,
        peers: vec![bao],
    };
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(30_000);
    world.command(0, invite()).unwrap();
    world.run(500);
    assert!(world.is_invited(1, meeting));
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(30_000);
    assert!(matches!(
        world.command(0, invite()),
        Err(Refusal::DeclinedLately { .. })
    ));
    world.run(600_000);
    world.command(0, invite()).unwrap();
    world.run(500);
    assert!(world.is_invited(1, meeting));
}

#[test]
fn a_withdrawn_invitation_is_taken_away_and_opens_nothing() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    let bao = world.id(1);
    world
        .command(
            0,
            Command::Withdraw {
                meeting,
                peers: vec![bao],
            },
        )
        .unwrap();
    world.run(500);
    assert!(!world.is_invited(1, meeting));
    assert!(world.saw(1, |event| *event
        == Event::InvitationClosed {
            meeting,
            end: InvitationEnd::Withdrawn
        }));
    assert!(world.command(1, Command::Join { meeting }).is_err());
    assert_eq!(world.presence(0, meeting, 1), None);
}

#[test]
fn only_the_inviter_withdraws_and_not_from_who_has_joined() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(1, meeting);
    let (bao, chen) = (world.id(1), world.id(2));
    let withdraw = |peer| Command::Withdraw {
        meeting,
        peers: vec![peer],
    };
    assert!(matches!(
        world.command(1, withdraw(chen)),
        Err(Refusal::NotYourInvitation { .. })
    ));
    assert!(matches!(
        world.command(0, withdraw(bao)),
        Err(Refusal::AlreadyJoined { .. })
    ));
}

#[test]
fn an_invitation_lapses_after_a_day() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.utc += 24 * 3600;
    assert!(!world.is_invited(1, meeting));
    assert!(world.command(1, Command::Join { meeting }).is_err());
    world.run(60_000);
    assert!(world.saw(1, |event| matches!(
        event,
        Event::InvitationClosed {
            end: InvitationEnd::Expired,
            ..
        }
    )));
    assert_eq!(world.presence(0, meeting, 1), None);
}

#[test]
fn a_join_that_nobody_can_answer_fails_and_leaves_the_invitation_open() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    world.cut(&[1]);
    assert_eq!(
        world.command(1, Command::Join { meeting }),
        Ok(Reply::Joining { meeting })
    );
    assert_eq!(world.view(1).joining.len(), 1);
    world.run(16_000);
    assert!(world.view(1).joining.is_empty());
    assert!(world.saw(1, |event| matches!(
        event,
        Event::JoinFailed {
            failure: JoinFailure::NobodyReachable,
            ..
        }
    )));
    assert!(world.is_invited(1, meeting));
    // It is there again before the next attempt is given up.
    world.command(1, Command::Join { meeting }).unwrap();
    world.run(5000);
    world.heal();
    world.run(4000);
    assert_eq!(world.view(1).active, Some(meeting));
}

#[test]
fn a_join_passes_over_candidates_that_have_crashed() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(1, meeting);
    let chen = world.id(2);
    world
        .command(
            1,
            Command::Invite {
                meeting,
                peers: vec![chen],
            },
        )
        .unwrap();
    world.run(500);
    world.crash(0);
    world.command(2, Command::Join { meeting }).unwrap();
    world.run(2000);
    assert_eq!(world.view(2).active, Some(meeting));
}

#[test]
fn who_left_comes_back_and_can_be_invited_again() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.command(1, Command::Leave { meeting: None }).unwrap();
    world.run(200);
    world.join(1, meeting);
    world.command(1, Command::Leave { meeting: None }).unwrap();
    world.run(60_000);
    let bao = world.id(1);
    world
        .command(
            0,
            Command::Invite {
                meeting,
                peers: vec![bao],
            },
        )
        .unwrap();
    world.run(500);
    assert!(world.is_invited(1, meeting));
    world.join(1, meeting);
    assert!(!world.is_invited(1, meeting));
}

#[test]
fn a_forgotten_meeting_can_be_joined_by_a_new_invitation_only() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    assert!(matches!(
        world.command(1, Command::Forget { meeting }),
        Err(Refusal::StillInside { .. })
    ));
    world.command(1, Command::Leave { meeting: None }).unwrap();
    world.command(1, Command::Forget { meeting }).unwrap();
    world.run(60_000);
    assert!(world.view(1).meetings.is_empty());
    let bao = world.id(1);
    world
        .command(
            0,
            Command::Invite {
                meeting,
                peers: vec![bao],
            },
        )
        .unwrap();
    world.run(500);
    assert!(world.is_invited(1, meeting));
    world.join(1, meeting);
    world.run(500);
    world.everybody_sees(meeting, 1, Presence::Online);
}
