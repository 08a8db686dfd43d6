//! Speaking to a few, and answering.

use super::*;

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
fn a_hold_ends_in_nobody_when_the_screen_is_locked_or_the_machine_sleeps() {
    let (mut sim, [anna, bao, chen]) = Sim::with(33, ["Anna", "Bao", "Chen"]);
    sim.gather(anna, "Planning", &[bao, chen]);
    sim.capture();
    let locked = [Input::Session(Session::Locked)];
    let asleep = [Input::Suspend, Input::Resume];
    let happenings = [
        (&locked[..], Cut::ScreenLocked),
        (&[Input::ScreenSaver][..], Cut::ScreenSaver),
        (&asleep[..], Cut::Suspended),
    ];
    for (inputs, cut) in happenings {
        sim.ask(anna, hold(&sim, &[chen]));
        assert_eq!(sim.heard_by(anna), [chen]);
        for input in inputs {
            sim.happens(anna, input.clone());
        }
        sim.happens(anna, Input::Session(Session::Active));
        assert!(sim.saw(anna, |event| *event == Event::HoldCut(cut)));
        // Whoever comes back has said nothing of everyone.
        sim.ask(anna, UNMUTE);
        sim.run(1);
        assert_eq!(sim.heard_by(anna), [], "{cut:?}");
        assert_eq!(sim.command(anna, Command::Renew), Err(Refusal::NothingHeld));
        sim.ask(anna, TALK);
        sim.run(1);
        assert_eq!(sim.heard_by(anna), [bao, chen]);
    }
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
