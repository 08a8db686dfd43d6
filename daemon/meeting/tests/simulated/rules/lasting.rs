//! Nothing hangs on one machine: crashes, restarts, split networks, and what outlives them.

use super::*;

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
