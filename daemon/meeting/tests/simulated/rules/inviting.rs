//! Creating a meeting, inviting to it, and joining.

use super::*;

#[test]
fn creating_is_joining_and_everyone_else_is_not_joined() {
    let (mut sim, [anna, bao, chen]) = Sim::with(1, ["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    assert_eq!(sim.view(anna).active, Some(meeting));
    assert_eq!(sim.presence(anna, meeting, anna), Some(ONLINE));
    for other in [bao, chen] {
        assert_eq!(sim.presence(anna, meeting, other), Some(NOT_JOINED));
    }
}

#[test]
fn an_invitation_names_title_inviter_and_who_is_inside_and_blocks_nothing() {
    let (mut sim, [anna, bao, chen]) = Sim::with(2, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.ask(
        bao,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    let took = sim.until("the invitation is there", 5, |sim| {
        sim.is_invited(chen, meeting)
    });
    assert!(took < Duration::from_secs(1), "{took:?}");
    let invitation = sim.view(chen).invitations[0].clone();
    assert_eq!(invitation.title, "Planning");
    assert_eq!(
        invitation.by.iter().map(|by| by.peer).collect::<Vec<_>>(),
        [sim.id(bao)]
    );
    let inside: Vec<_> = invitation.inside.iter().map(|inside| inside.peer).collect();
    assert!(inside.contains(&sim.id(anna)) && inside.contains(&sim.id(bao)));
    assert_eq!(sim.view(chen).active, None);
    assert_eq!(
        sim.voice(chen).meeting,
        None,
        "no audio before a local join"
    );
}

#[test]
fn joining_hands_over_the_whole_roster_and_shows_on_every_roster() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(3, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(dara)],
        },
    );
    sim.until("Dara is invited", 5, |sim| sim.is_invited(dara, meeting));
    sim.ask(dara, Command::Join { meeting });
    let took = sim.until_seen(&[anna, bao, chen, dara], meeting, dara, ONLINE);
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert_eq!(sim.view(dara).meetings[0].roster.len(), 4);
    for other in [anna, bao, chen] {
        assert_eq!(sim.presence(dara, meeting, other), Some(ONLINE));
    }
}

#[test]
fn invitations_of_several_people_to_one_meeting_are_one_prompt() {
    let (mut sim, [anna, bao, chen]) = Sim::with(4, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    let peers = vec![sim.id(chen)];
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: peers.clone(),
        },
    );
    let _ = sim.command(bao, Command::Invite { meeting, peers });
    sim.until("Chen is invited", 5, |sim| sim.is_invited(chen, meeting));
    sim.run(3);
    assert_eq!(sim.view(chen).invitations.len(), 1);
    assert_eq!(
        sim.events(chen)
            .iter()
            .filter(|event| matches!(event, Event::Invited { .. }))
            .count(),
        1
    );
}

#[test]
fn an_invitee_that_appears_later_is_invited_though_the_inviter_has_gone() {
    let (mut sim, [anna, bao]) = Sim::with(5, ["Anna", "Bao"]);
    let chen = sim.add("Chen");
    // Anna has met Chen before.
    sim.start(chen);
    sim.until("Anna knows Chen", 10, |sim| sim.view(anna).peers.len() == 2);
    sim.stop(chen);
    sim.run(1);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    sim.until("Bao knows of it", 5, |sim| {
        sim.entry(bao, meeting, chen).is_some()
    });
    sim.crash(anna);
    sim.run(60);
    sim.start(chen);
    let took = sim.until("Chen is invited", 30, |sim| sim.is_invited(chen, meeting));
    println!("an invitee that starts later is invited after {took:?}");
    sim.join(chen, meeting);
    sim.until_seen(&[bao, chen], meeting, chen, ONLINE);
}

#[test]
fn a_withdrawn_invitation_disappears_and_lets_nobody_in() {
    let (mut sim, [anna, bao]) = Sim::with(6, ["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.until("Bao is invited", 5, |sim| sim.is_invited(bao, meeting));
    sim.ask(
        anna,
        Command::Withdraw {
            meeting,
            peers: vec![sim.id(bao)],
        },
    );
    sim.until("the invitation is gone", 5, |sim| {
        !sim.is_invited(bao, meeting)
    });
    let closed = Event::InvitationClosed {
        meeting,
        end: InvitationEnd::Withdrawn,
    };
    assert!(sim.saw(bao, |event| *event == closed));
    assert!(sim.command(bao, Command::Join { meeting }).is_err());
    assert_eq!(sim.presence(anna, meeting, bao), None, "off the roster");
}

#[test]
fn only_the_inviter_withdraws() {
    let (mut sim, [anna, bao, chen]) = Sim::with(7, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    sim.until("Bao knows of it", 5, |sim| {
        sim.entry(bao, meeting, chen).is_some()
    });
    let refusal = sim.command(
        bao,
        Command::Withdraw {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    assert!(
        matches!(refusal, Err(Refusal::NotYourInvitation { .. })),
        "{refusal:?}"
    );
}

#[test]
fn after_a_decline_a_new_invitation_is_possible_once_in_ten_minutes() {
    let (mut sim, [anna, bao]) = Sim::with(8, ["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let peers = vec![sim.id(bao)];
    sim.until("Bao is invited", 5, |sim| sim.is_invited(bao, meeting));
    sim.ask(bao, Command::Decline { meeting });
    sim.until("Anna is told", 5, |sim| {
        sim.saw(anna, |event| matches!(event, Event::Declined { .. }))
    });
    assert!(!sim.is_invited(bao, meeting));
    // Whether at once or after ten minutes: the second one within ten minutes is refused.
    let first = sim.command(
        anna,
        Command::Invite {
            meeting,
            peers: peers.clone(),
        },
    );
    if first.is_ok() {
        sim.until("Bao is invited again", 5, |sim| {
            sim.is_invited(bao, meeting)
        });
        sim.ask(bao, Command::Decline { meeting });
        sim.run(2);
        let second = sim.command(
            anna,
            Command::Invite {
                meeting,
                peers: peers.clone(),
            },
        );
        assert!(
            matches!(second, Err(Refusal::DeclinedLately { .. })),
            "{second:?}"
        );
    } else {
        assert!(
            matches!(first, Err(Refusal::DeclinedLately { .. })),
            "{first:?}"
        );
    }
    sim.run(601);
    sim.ask(anna, Command::Invite { meeting, peers });
    sim.until("Bao is invited after ten minutes", 5, |sim| {
        sim.is_invited(bao, meeting)
    });
    sim.join(bao, meeting);
    sim.until_seen(&[anna, bao], meeting, bao, ONLINE);
}

#[test]
fn an_invitation_lapses_after_a_day() {
    let (mut sim, [anna, bao]) = Sim::with(9, ["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.until("Bao is invited", 5, |sim| sim.is_invited(bao, meeting));
    sim.stop(anna);
    sim.run(24 * 3600 + 120);
    assert!(!sim.is_invited(bao, meeting));
}

#[test]
fn an_uninvited_peer_is_not_let_in() {
    let (mut sim, [anna, bao, chen]) = Sim::with(10, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    let refusal = sim.command(chen, Command::Join { meeting });
    assert!(
        matches!(refusal, Err(Refusal::UnknownMeeting(_))),
        "{refusal:?}"
    );
    sim.run(2);
    assert_eq!(sim.presence(anna, meeting, chen), None);
}

#[test]
fn an_invitation_opens_the_door_even_where_nobody_has_heard_of_it() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(9, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.split(&[&[anna, dara]]);
    let peers = vec![sim.id(dara)];
    sim.ask(anna, Command::Invite { meeting, peers });
    sim.until("Dara is invited", 5, |sim| sim.is_invited(dara, meeting));
    sim.crash(anna);
    sim.heal();
    sim.until("Dara and Bao know of one another", 60, |sim| {
        let bao = sim.id(bao);
        sim.view(dara)
            .peers
            .iter()
            .any(|peer| peer.peer == bao && peer.running)
    });
    sim.join(dara, meeting);
    sim.until_seen(&[bao, chen], meeting, dara, ONLINE);
}
