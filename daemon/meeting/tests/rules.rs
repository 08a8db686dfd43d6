//! The rules of meetings, told as short stories between a few people on a clear network.

// The lint's exception for tests covers test functions alone, not what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sim;

use std::time::Duration;

use sim::{Host, Sim};
use sotto_meeting::{
    Command, Event, Input, InvitationEnd, MeetingId, OfflineReason, Presence, Refusal,
    RejoinPolicy, Reply, Session, WhisperMode,
};

const ONLINE: Presence = Presence::Online;
const LOST: Presence = Presence::Offline(OfflineReason::Lost);
const NOT_JOINED: Presence = Presence::Offline(OfflineReason::NotJoined);
const ELSEWHERE: Presence = Presence::Offline(OfflineReason::Elsewhere);
const LEFT: Presence = Presence::Offline(OfflineReason::Left);
const CLOSED: Presence = Presence::Offline(OfflineReason::Closed);
const PHONE: Presence = Presence::Offline(OfflineReason::Phone);

fn is_away(presence: Option<Presence>) -> bool {
    matches!(presence, Some(Presence::Away(_)))
}

fn latch(sim: &Sim, to: &[Host]) -> Command {
    Command::Whisper {
        to: to.iter().map(|host| sim.id(*host)).collect(),
        mode: WhisperMode::Latch,
        at: None,
    }
}

fn hold(sim: &Sim, to: &[Host]) -> Command {
    Command::Whisper {
        to: to.iter().map(|host| sim.id(*host)).collect(),
        mode: WhisperMode::Hold,
        at: None,
    }
}

const TALK: Command = Command::Talk { at: None };
const MUTE: Command = Command::Mute { at: None };
const UNMUTE: Command = Command::Unmute { at: None };

// --- create, invite, join ---------------------------------------------------------------------------------------

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

// --- whispers -----------------------------------------------------------------------------------------------------

#[test]
fn only_the_chosen_receive_a_whisper_and_nobody_else_is_shown_it() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(11, ["Anna", "Bao", "Chen", "Dara"]);
    sim.gather(anna, "Planning", &[bao, chen, dara]);
    sim.capture();
    assert_eq!(sim.heard_by(anna), [bao, chen, dara]);
    let before = sim.view(dara);
    let start = sim.now();
    sim.ask(anna, latch(&sim, &[chen, bao]));
    sim.run(3);
    sim.ask(anna, TALK);
    let me = sim.id(anna);
    assert!(sim.voice(bao).hears_whisper(me, start) && sim.voice(chen).hears_whisper(me, start));
    let leaked = sim
        .voice(dara)
        .heard
        .iter()
        .any(|frame| frame.from == me && frame.captured > start && frame.whisper);
    assert!(!leaked);
    let told = |host: Host| {
        sim.events(host).iter().find_map(|event| match event {
            Event::WhisperStarted { from, others, .. } if *from == me => Some(others.clone()),
            _ => None,
        })
    };
    assert_eq!(
        told(chen),
        Some(vec![sim.id(bao)]),
        "Chen learns to whom else"
    );
    assert_eq!(told(bao), Some(vec![sim.id(chen)]));
    assert_eq!(told(dara), None);
    assert_eq!(
        sim.view(dara).meetings,
        before.meetings,
        "no roster shows who whispers"
    );
    sim.until("Chen learns that it is over", 2, |sim| {
        sim.saw(
            chen,
            |event| matches!(event, Event::WhisperStopped { from } if *from == me),
        )
    });
    assert_eq!(sim.heard_by(anna), [bao, chen, dara]);
}

#[test]
fn somebody_absent_is_refused_by_name_and_reason() {
    let (mut sim, [anna, bao, chen]) = Sim::with(12, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.ask(chen, Command::Phone);
    sim.until_seen(&[anna], meeting, chen, PHONE);
    let refusal = sim.command(anna, latch(&sim, &[bao, chen])).unwrap_err();
    assert_eq!(refusal.to_string(), "Chen is not there: Offline (phone)");
    sim.capture();
    assert_eq!(sim.heard_by(anna), [bao]);
}

#[test]
fn a_whisper_goes_on_with_the_rest_and_then_to_nobody_but_never_to_everyone() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(13, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen, dara]);
    sim.capture();
    sim.ask(anna, latch(&sim, &[bao, chen]));
    sim.ask(bao, Command::Leave { meeting: None });
    sim.until_seen(&[anna], meeting, bao, LEFT);
    assert_eq!(sim.heard_by(anna), [chen]);
    sim.meet(chen, "Elsewhere", &[dara]);
    sim.until_seen(&[anna], meeting, chen, ELSEWHERE);
    assert_eq!(sim.heard_by(anna), []);
    assert!(sim.saw(anna, |event| *event == Event::WhisperEmpty));
    sim.ask(anna, TALK);
    assert_eq!(sim.heard_by(anna), [dara]);
}

#[test]
fn a_receiver_that_was_cut_off_and_returns_is_included_again() {
    let (mut sim, [anna, bao, chen]) = Sim::with(14, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    sim.ask(anna, latch(&sim, &[chen]));
    sim.split(&[&[anna, bao], &[chen]]);
    sim.until_seen(&[anna], meeting, chen, LOST);
    assert_eq!(sim.heard_by(anna), []);
    sim.run(20);
    assert_eq!(sim.heard_by(anna), []);
    sim.heal();
    sim.until_seen(&[anna, bao], meeting, chen, ONLINE);
    assert_eq!(sim.heard_by(anna), [chen]);
}

#[test]
fn a_held_whisper_speaks_though_muted_and_a_latched_one_waits_for_unmute() {
    let (mut sim, [anna, bao, chen]) = Sim::with(15, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    sim.ask(anna, MUTE);
    sim.until("Bao sees it", 2, |sim| {
        sim.flags(bao, meeting, anna)
            .is_some_and(|flags| flags.muted)
    });
    assert_eq!(sim.heard_by(anna), []);
    sim.ask(anna, hold(&sim, &[chen]));
    assert_eq!(sim.heard_by(anna), [chen]);
    sim.ask(anna, TALK);
    assert_eq!(sim.heard_by(anna), []);
    sim.ask(anna, latch(&sim, &[bao]));
    assert_eq!(sim.heard_by(anna), []);
    sim.ask(anna, UNMUTE);
    assert_eq!(sim.heard_by(anna), [bao]);
}

#[test]
fn a_hold_that_nobody_releases_reaches_nobody_and_one_that_is_renewed_goes_on() {
    let (mut sim, [anna, bao, chen]) = Sim::with(31, ["Anna", "Bao", "Chen"]);
    sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    sim.ask(anna, hold(&sim, &[chen]));
    for _ in 0..15 {
        sim.run(1);
        sim.ask(anna, Command::Renew);
    }
    assert_eq!(sim.heard_by(anna), [chen]);
    let start = sim.now();
    sim.until("the hold is lost", 11, |sim| {
        sim.saw(anna, |event| *event == Event::HoldLost)
    });
    assert!(sim.now() - start > Duration::from_secs(9));
    assert_eq!(sim.heard_by(anna), []);
    assert_eq!(sim.command(anna, Command::Renew), Err(Refusal::NothingHeld));
    sim.ask(anna, TALK);
    assert_eq!(sim.heard_by(anna), [bao, chen]);
    sim.ask(anna, hold(&sim, &[chen]));
    sim.ask(anna, Command::Abandon { at: None });
    assert_eq!(sim.heard_by(anna), []);
    sim.run(60);
    assert_eq!(sim.heard_by(anna), []);
}

#[test]
fn a_reply_answers_the_whisperer_and_the_others_and_never_the_room() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(16, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen, dara]);
    sim.capture();
    let reply = Command::Reply {
        meant: None,
        mode: WhisperMode::Hold,
        at: None,
    };
    assert_eq!(
        sim.command(chen, reply.clone()),
        Err(Refusal::NothingToReplyTo)
    );
    sim.ask(anna, hold(&sim, &[chen, bao]));
    sim.run(1);
    sim.ask(anna, TALK);
    sim.run(1);
    let Reply::Whispering { to } = sim.ask(chen, reply.clone()) else {
        panic!()
    };
    assert_eq!(to, [sim.id(anna), sim.id(bao)]);
    assert_eq!(sim.heard_by(chen), [anna, bao]);
    sim.ask(chen, TALK);
    assert_eq!(sim.heard_by(chen), [anna, bao, dara]);
    sim.ask(anna, Command::Leave { meeting: None });
    sim.until_seen(&[chen], meeting, anna, LEFT);
    assert!(matches!(
        sim.command(chen, reply),
        Err(Refusal::WhispererGone { .. })
    ));
}

#[test]
fn a_deafened_receiver_sees_a_notice_and_the_speaker_is_told() {
    let (mut sim, [anna, bao, chen]) = Sim::with(17, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    sim.ask(chen, Command::Deafen { at: None });
    sim.until("the roster shows it", 2, |sim| {
        sim.flags(anna, meeting, chen)
            .is_some_and(|flags| flags.deafened && flags.muted)
    });
    sim.ask(anna, latch(&sim, &[chen]));
    sim.run(1);
    assert!(sim.saw(chen, |event| matches!(
        event,
        Event::WhisperStarted { unheard: true, .. }
    )));
    let told = sim
        .events(anna)
        .iter()
        .filter(|event| matches!(event, Event::ReceiverDeafened { .. }))
        .count();
    assert_eq!(told, 1);
    assert_eq!(
        sim.heard_by(anna),
        [],
        "nothing is played to who is deafened"
    );
}

#[test]
fn a_timed_whisper_returns_to_everyone_by_itself() {
    let (mut sim, [anna, bao, chen]) = Sim::with(18, ["Anna", "Bao", "Chen"]);
    sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    let to = vec![sim.id(chen)];
    sim.ask(
        anna,
        Command::Whisper {
            to,
            mode: WhisperMode::For(Duration::from_secs(5)),
            at: None,
        },
    );
    sim.run_millis(4700);
    assert_eq!(sim.heard_by(anna), [chen]);
    sim.run_millis(200);
    assert_eq!(sim.heard_by(anna), [bao, chen]);
    assert!(sim.saw(anna, |event| *event == Event::WhisperOver));
}

// --- presence -------------------------------------------------------------------------------------------------------

#[test]
fn away_is_seen_by_all_and_closes_the_microphone() {
    let (mut sim, [anna, bao]) = Sim::with(19, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.capture();
    sim.ask(anna, Command::Away);
    sim.until("Bao sees it", 2, |sim| {
        is_away(sim.presence(bao, meeting, anna))
    });
    assert_eq!(sim.heard_by(anna), []);
    assert_eq!(sim.heard_by(bao), [anna], "who is Away hears");
    sim.ask(anna, Command::Back);
    sim.until_seen(&[bao], meeting, anna, ONLINE);
    assert_eq!(sim.heard_by(anna), [bao]);
}

#[test]
fn idle_is_away_until_somebody_returns_but_what_the_user_said_stays() {
    let (mut sim, [anna, bao]) = Sim::with(20, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.happens(anna, Input::Session(Session::Locked));
    sim.until("Bao sees it", 2, |sim| {
        is_away(sim.presence(bao, meeting, anna))
    });
    sim.happens(anna, Input::Session(Session::Active));
    sim.until_seen(&[bao], meeting, anna, ONLINE);
    sim.ask(anna, Command::Away);
    sim.happens(anna, Input::Session(Session::Idle));
    sim.happens(anna, Input::Session(Session::Active));
    sim.run(5);
    assert!(is_away(sim.presence(bao, meeting, anna)), "by hand");
}

#[test]
fn speaking_counts_as_activity() {
    let (mut sim, [anna, bao]) = Sim::with(21, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.happens(anna, Input::Spoke);
    sim.happens(anna, Input::Session(Session::Idle));
    sim.run_millis(500);
    sim.happens(anna, Input::Spoke);
    sim.run(1);
    assert_eq!(sim.presence(bao, meeting, anna), Some(ONLINE));
}

#[test]
fn on_the_phone_nobody_is_heard_and_back_is_as_it_was() {
    let (mut sim, [anna, bao, chen]) = Sim::with(22, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    sim.ask(anna, latch(&sim, &[chen]));
    sim.ask(anna, Command::Phone);
    sim.until_seen(&[bao, chen], meeting, anna, PHONE);
    assert_eq!(sim.voice(anna).meeting, None, "both devices are closed");
    assert_eq!(sim.heard_by(bao), [chen]);
    sim.run(30);
    sim.ask(anna, Command::Back);
    sim.until_seen(&[bao, chen], meeting, anna, ONLINE);
    sim.run(1);
    assert_eq!(
        sim.heard_by(anna),
        [chen],
        "the whisper did not open to everyone"
    );
    assert_eq!(sim.heard_by(bao), [anna, chen]);
}

#[test]
fn after_a_call_that_the_system_noticed_the_meeting_is_restored_muted() {
    let (mut sim, [anna, bao]) = Sim::with(23, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.capture();
    sim.happens(anna, Input::SystemCall { active: true });
    sim.until_seen(&[bao], meeting, anna, PHONE);
    sim.happens(anna, Input::SystemCall { active: false });
    sim.until_seen(&[bao], meeting, anna, ONLINE);
    sim.run(1);
    assert_eq!(sim.heard_by(anna), []);
    assert!(
        sim.flags(bao, meeting, anna)
            .is_some_and(|flags| flags.muted)
    );
    assert!(sim.saw(anna, |event| matches!(event, Event::Restored { .. })));
    sim.ask(anna, UNMUTE);
    assert_eq!(sim.heard_by(anna), [bao]);
}

#[test]
fn sleep_is_offline_and_the_meeting_is_restored_muted() {
    let (mut sim, [anna, bao]) = Sim::with(24, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.happens(anna, Input::Suspend);
    sim.until_seen(&[bao], meeting, anna, CLOSED);
    assert_eq!(sim.voice(anna).meeting, None);
    sim.run(10);
    sim.happens(anna, Input::Resume);
    sim.until_seen(&[bao], meeting, anna, ONLINE);
    assert!(
        sim.flags(bao, meeting, anna)
            .is_some_and(|flags| flags.muted)
    );
}

#[test]
fn a_clean_end_is_seen_at_once_as_closed() {
    let (mut sim, [anna, bao, chen]) = Sim::with(25, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.stop(bao);
    let took = sim.until_seen(&[anna, chen], meeting, bao, CLOSED);
    assert!(took < Duration::from_millis(300), "{took:?}");
}

#[test]
fn an_old_message_that_another_sends_again_makes_nobody_look_alive() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(50, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen, dara]);
    // From now on Dara looks at the meeting from outside.
    sim.ask(dara, Command::Leave { meeting: None });
    sim.until_seen(&[anna], meeting, dara, LEFT);
    sim.crash(chen);
    // Nobody reports any more whom everybody knows to be lost.
    sim.run(180);
    assert_eq!(sim.presence(dara, meeting, chen), Some(LOST));
    for neighbour in [anna, bao] {
        for looker in [anna, bao, dara]
            .into_iter()
            .filter(|looker| *looker != neighbour)
        {
            sim.resend(neighbour, chen, looker);
            assert_eq!(sim.presence(looker, meeting, chen), Some(LOST));
        }
    }
    for _ in 0..60 {
        sim.run(1);
        assert_eq!(sim.presence(dara, meeting, chen), Some(LOST));
    }
    // The colleague itself is believed.
    sim.start(chen);
    sim.until("Chen is back", 20, |sim| {
        sim.presence(dara, meeting, chen) != Some(LOST)
    });
}

// --- several meetings -----------------------------------------------------------------------------------------------

#[test]
fn a_switch_is_seen_in_one_step_on_all_rosters_of_both_meetings() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(26, ["Anna", "Bao", "Chen", "Dara"]);
    let planning = sim.gather(anna, "Planning", &[bao, chen]);
    let review = sim.gather(dara, "Review", &[bao]);
    sim.until_seen(&[anna, chen, bao], planning, bao, ELSEWHERE);
    assert_eq!(
        sim.view(anna).meetings.len(),
        1,
        "nobody is told which other meeting it is"
    );
    sim.ask(bao, Command::Join { meeting: planning });
    assert_eq!(
        sim.view(bao).active,
        Some(planning),
        "no invitation is needed to return"
    );
    sim.until_seen(&[anna, bao, chen], planning, bao, ONLINE);
    sim.until_seen(&[bao, dara], review, bao, ELSEWHERE);
    sim.capture();
    sim.run(1);
    assert_eq!(sim.heard_by(bao), [anna, chen]);
    assert_eq!(sim.heard_by(dara), []);
}

#[test]
fn everybody_sees_all_rosters_they_are_on_live() {
    let (mut sim, [anna, bao, chen]) = Sim::with(27, ["Anna", "Bao", "Chen"]);
    let planning = sim.gather(anna, "Planning", &[bao, chen]);
    let review = sim.gather(bao, "Review", &[anna]);
    // Anna is in Review now, and follows Planning from there.
    sim.ask(chen, Command::Away);
    sim.until("Anna sees it", 5, |sim| {
        is_away(sim.presence(anna, planning, chen))
    });
    sim.crash(chen);
    let took = sim.until_seen(&[anna, bao], planning, chen, LOST);
    println!("whoever is outside sees the last one inside crash after {took:?}");
    assert_eq!(sim.presence(anna, review, bao), Some(ONLINE));
}

#[test]
fn switching_by_creating_leaves_the_first_meeting() {
    let (mut sim, [anna, bao, chen]) = Sim::with(28, ["Anna", "Bao", "Chen"]);
    let planning = sim.gather(anna, "Planning", &[bao, chen]);
    let review = sim.meet(bao, "Review", &[anna]);
    sim.until_seen(&[anna, bao, chen], planning, bao, ELSEWHERE);
    assert_eq!(sim.view(bao).active, Some(review));
}

// --- no single point ---------------------------------------------------------------------------------------------------

#[test]
fn the_meeting_goes_on_without_its_creator() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(29, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.ask(anna, Command::Leave { meeting: None });
    sim.until_seen(&[bao, chen], meeting, anna, LEFT);
    sim.ask(
        chen,
        Command::Invite {
            meeting,
            peers: vec![sim.id(dara)],
        },
    );
    sim.until("Dara is invited", 5, |sim| sim.is_invited(dara, meeting));
    sim.join(dara, meeting);
    sim.until_seen(&[bao, chen, dara], meeting, dara, ONLINE);
    sim.capture();
    sim.run(1);
    assert_eq!(sim.heard_by(dara), [bao, chen]);
}

#[test]
fn a_crash_is_seen_within_three_seconds_and_the_restarted_daemon_rejoins_muted() {
    let (mut sim, [anna, bao, chen]) = Sim::with(30, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.run(30);
    sim.crash(chen);
    let took = sim.until_seen(&[anna, bao], meeting, chen, LOST);
    println!("a crash is seen after {took:?}");
    assert!(took <= Duration::from_secs(3), "{took:?}");
    sim.start(chen);
    assert_eq!(sim.view(chen).active, Some(meeting), "back by itself");
    assert!(sim.saw(chen, |event| matches!(event, Event::Rejoined { .. })));
    let took = sim.until_seen(&[anna, bao], meeting, chen, ONLINE);
    println!("a restarted daemon is Online again after {took:?}");
    assert!(took <= Duration::from_secs(3), "{took:?}");
    assert!(
        sim.flags(bao, meeting, chen)
            .is_some_and(|flags| flags.muted)
    );
    sim.capture();
    sim.until("voice is back", 3, |sim| {
        sim.entry(bao, meeting, chen)
            .is_some_and(|entry| entry.voice)
    });
    sim.run(1);
    assert_eq!(sim.heard_by(chen), []);
    sim.ask(chen, UNMUTE);
    assert_eq!(sim.heard_by(chen), [anna, bao]);
    assert_eq!(sim.heard_by(anna), [bao, chen]);
}

#[test]
fn a_daemon_that_restarts_within_a_moment_is_heard_again() {
    let (mut sim, [anna, bao]) = Sim::with(31, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.crash(bao);
    sim.run_millis(300);
    sim.start(bao);
    sim.until("voice flows", 5, |sim| {
        sim.entry(bao, meeting, anna)
            .is_some_and(|entry| entry.voice)
    });
    sim.capture();
    sim.run(1);
    sim.ask(bao, UNMUTE);
    assert_eq!(sim.heard_by(bao), [anna]);
    assert_eq!(sim.heard_by(anna), [bao]);
}

#[test]
fn a_daemon_that_was_down_for_long_does_not_rejoin_by_itself() {
    let (mut sim, [anna, bao]) = Sim::with(32, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.crash(bao);
    sim.run(300);
    sim.start(bao);
    sim.run(5);
    assert_eq!(sim.view(bao).active, None);
    assert_eq!(sim.view(bao).meetings.len(), 1, "but it knows its meetings");
    assert!(
        !sim.presence(anna, meeting, bao)
            .is_some_and(Presence::is_present)
    );
    sim.join(bao, meeting);
    sim.until_seen(&[anna, bao], meeting, bao, ONLINE);
}

#[test]
fn rejoining_follows_the_setting() {
    for (rejoin, expected) in [(RejoinPolicy::Never, false), (RejoinPolicy::Always, true)] {
        let (mut sim, [anna, bao]) = Sim::with(33, ["Anna", "Bao"]);
        let meeting = sim.gather(anna, "Planning", &[bao]);
        sim.set_rejoin(bao, rejoin);
        sim.crash(bao);
        sim.run(if expected { 300 } else { 5 });
        sim.start(bao);
        sim.run(5);
        assert_eq!(
            sim.view(bao).active == Some(meeting),
            expected,
            "{rejoin:?}"
        );
    }
}

#[test]
fn two_halves_of_a_split_network_go_on_and_agree_again() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(34, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen, dara]);
    sim.split(&[&[anna, bao], &[chen, dara]]);
    sim.until_seen(&[anna, bao], meeting, chen, LOST);
    sim.until_seen(&[chen, dara], meeting, anna, LOST);
    assert_eq!(sim.presence(anna, meeting, bao), Some(ONLINE));
    assert_eq!(sim.presence(chen, meeting, dara), Some(ONLINE));
    sim.ask(bao, Command::Away);
    sim.ask(dara, Command::Leave { meeting: None });
    sim.run(120);
    sim.heal();
    let took = sim.until("all agree again", 60, |sim| {
        [anna, bao, chen, dara].iter().all(|viewer| {
            sim.presence(*viewer, meeting, anna) == Some(ONLINE)
                && is_away(sim.presence(*viewer, meeting, bao))
                && sim.presence(*viewer, meeting, chen) == Some(ONLINE)
                && sim.presence(*viewer, meeting, dara) == Some(LEFT)
        })
    });
    println!("two halves agree {took:?} after the split");
    sim.capture();
    sim.run(1);
    assert_eq!(sim.heard_by(anna), [bao, chen]);
}

#[test]
fn a_peer_whose_media_only_i_do_not_receive_is_not_lost() {
    let (mut sim, [anna, bao, chen]) = Sim::with(35, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.run(5);
    sim.block_media(bao, anna);
    sim.until("Bao is unreachable from Anna", 5, |sim| {
        sim.entry(anna, meeting, bao)
            .is_some_and(|entry| entry.unreachable)
    });
    sim.run(60);
    assert_eq!(sim.presence(anna, meeting, bao), Some(ONLINE));
    assert_eq!(sim.presence(chen, meeting, bao), Some(ONLINE));
}

#[test]
fn a_peer_whose_media_never_reached_me_is_not_lost_to_me() {
    let (mut sim, [anna, bao, chen]) = Sim::with(44, ["Anna", "Bao", "Chen"]);
    sim.block_media(bao, anna);
    sim.block_media(anna, bao);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.run(2);
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    sim.until("Chen is invited", 5, |sim| sim.is_invited(chen, meeting));
    sim.join(chen, meeting);
    sim.run(30);
    assert!(
        sim.entry(anna, meeting, bao)
            .is_some_and(|entry| entry.unreachable && entry.presence == ONLINE)
    );
    assert!(!sim.saw(anna, |event| matches!(
        event,
        Event::Presence { is: LOST, .. }
    )));
}

#[test]
fn five_percent_loss_makes_nobody_lost() {
    let (mut sim, [anna, bao, chen]) = Sim::with(36, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao, chen]);
    sim.weather.media_loss = 5;
    sim.weather.gossip_loss = 5;
    sim.weather.direct_loss = 5;
    sim.run(600);
    for viewer in [anna, bao, chen] {
        let lost = |event: &Event| matches!(event, Event::Presence { is: LOST, .. });
        assert!(!sim.saw(viewer, lost), "{:?}", sim.events(viewer));
        assert!(
            [anna, bao, chen]
                .iter()
                .all(|who| sim.presence(viewer, meeting, *who) == Some(ONLINE))
        );
    }
}

#[test]
fn a_meeting_ends_when_all_who_joined_have_left() {
    let (mut sim, [anna, bao, chen]) = Sim::with(37, ["Anna", "Bao", "Chen"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.ask(
        anna,
        Command::Invite {
            meeting,
            peers: vec![sim.id(chen)],
        },
    );
    sim.ask(anna, Command::Leave { meeting: None });
    sim.until_seen(&[bao], meeting, anna, LEFT);
    assert!(!sim.saw(bao, |event| matches!(event, Event::Ended { .. })));
    sim.ask(bao, Command::Leave { meeting: None });
    sim.until("it is over for both", 5, |sim| {
        [anna, bao]
            .iter()
            .all(|host| sim.saw(*host, |event| matches!(event, Event::Ended { .. })))
    });
}

#[test]
fn a_meeting_without_anyone_present_is_forgotten_after_seven_days() {
    let (mut sim, [anna, bao]) = Sim::with(38, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.stop(bao);
    sim.stop(anna);
    sim.run(6 * 24 * 3600);
    sim.start(bao);
    sim.run(2);
    assert!(
        sim.view(bao)
            .meetings
            .iter()
            .any(|known| known.meeting == meeting)
    );
    sim.stop(bao);
    sim.run(2 * 24 * 3600);
    sim.start(bao);
    sim.run(120);
    assert!(
        !sim.view(bao)
            .meetings
            .iter()
            .any(|known| known.meeting == meeting)
    );
}

#[test]
fn meetings_and_mute_survive_a_clean_restart() {
    let (mut sim, [anna, bao]) = Sim::with(39, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.stop(bao);
    sim.run(5);
    sim.start(bao);
    sim.run(3);
    assert_eq!(sim.view(bao).active, None, "a clean end is no crash");
    assert_eq!(sim.presence(bao, meeting, anna), Some(ONLINE));
    sim.join(bao, meeting);
    sim.until_seen(&[anna, bao], meeting, bao, ONLINE);
}

#[test]
fn a_restored_backup_moves_past_its_own_newer_records() {
    let (mut sim, [anna, bao]) = Sim::with(40, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.run(2);
    let backup = sim.machine(bao).disk.clone();
    for _ in 0..3 {
        sim.crash(bao);
        sim.run_millis(500);
        sim.start(bao);
        sim.run(2);
    }
    sim.ask(bao, Command::Leave { meeting: None });
    sim.until_seen(&[anna], meeting, bao, LEFT);
    sim.crash(bao);
    sim.set_disk(bao, backup);
    sim.run(300);
    sim.start(bao);
    sim.run(5);
    assert!(
        !sim.view(bao).me.cloned,
        "one past version is a backup, not a clone"
    );
    sim.join(bao, meeting);
    sim.until_seen(&[anna, bao], meeting, bao, ONLINE);
    assert!(!sim.view(bao).me.cloned);
}

#[test]
fn two_daemons_with_one_identity_notice_go_offline_and_say_so() {
    let (mut sim, [anna, bao]) = Sim::with(41, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    let copy = sim.clone_of(bao);
    sim.start(copy);
    sim.until("both notice", 120, |sim| {
        sim.view(bao).me.cloned && sim.view(copy).me.cloned
    });
    for host in [bao, copy] {
        assert!(sim.saw(host, |event| *event == Event::Cloned));
        assert_eq!(
            sim.command(host, Command::Join { meeting }),
            Err(Refusal::Cloned)
        );
        assert_eq!(sim.voice(host).meeting, None);
    }
    assert!(
        !sim.presence(anna, meeting, bao)
            .is_some_and(Presence::is_present)
    );
}

#[test]
fn equal_names_carry_a_key_suffix() {
    let (mut sim, [anna, _, _]) = Sim::with(42, ["Anna", "Bao", "Bao"]);
    sim.run(1);
    let labels: Vec<String> = sim
        .view(anna)
        .peers
        .iter()
        .map(|peer| peer.label.clone())
        .collect();
    assert_eq!(labels.len(), 2);
    assert_ne!(labels[0], labels[1]);
}

#[test]
fn a_stale_copy_does_not_revive_a_forgotten_meeting() {
    let (mut sim, [anna, bao, chen]) = Sim::with(43, ["Anna", "Bao", "Chen"]);
    let meeting: MeetingId = sim.gather(anna, "Planning", &[bao, chen]);
    sim.ask(anna, Command::Leave { meeting: None });
    sim.ask(anna, Command::Forget { meeting });
    sim.run(40);
    assert!(sim.view(anna).meetings.is_empty());
    sim.ask(bao, Command::Away);
    sim.run(40);
    assert!(sim.view(anna).meetings.is_empty() && sim.view(anna).invitations.is_empty());
}
