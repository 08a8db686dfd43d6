//! Away, on the phone, asleep, gone.

use super::*;

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
fn a_logout_is_offline_and_a_login_restores_the_meeting_muted() {
    let (mut sim, [anna, bao]) = Sim::with(26, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.happens(anna, Input::LoggedOut);
    sim.until_seen(&[bao], meeting, anna, CLOSED);
    assert_eq!(sim.voice(anna).meeting, None);
    // A machine that wakes up, or a phone call that ends, brings nobody to the screen.
    for input in [
        Input::Suspend,
        Input::Resume,
        Input::SystemCall { active: true },
        Input::SystemCall { active: false },
    ] {
        sim.happens(anna, input);
        sim.run(1);
        assert_eq!(sim.voice(anna).meeting, None);
    }
    sim.happens(anna, Input::LoggedIn);
    sim.until_seen(&[bao], meeting, anna, ONLINE);
    assert!(
        sim.flags(bao, meeting, anna)
            .is_some_and(|flags| flags.muted)
    );
    assert!(sim.saw(anna, |event| matches!(event, Event::Restored { .. })));
}

#[test]
fn a_logout_during_a_phone_call_is_closed_not_on_the_phone() {
    let (mut sim, [anna, bao]) = Sim::with(27, ["Anna", "Bao"]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    sim.happens(anna, Input::SystemCall { active: true });
    sim.until_seen(&[bao], meeting, anna, PHONE);
    sim.happens(anna, Input::LoggedOut);
    sim.until_seen(&[bao], meeting, anna, CLOSED);
    sim.happens(anna, Input::SystemCall { active: false });
    sim.run(5);
    assert_eq!(sim.voice(anna).meeting, None);
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
