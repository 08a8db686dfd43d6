//! Wall clocks that are wrong, or are set, on a still network.

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Anna, whose clock is `ahead`, and Bao and Chen are in a meeting. Anna invites Dara and goes.
fn invited_by_a_wrong_clock(ahead: i64) -> (Sim, [Host; 4], MeetingId) {
    let (mut sim, [anna, bao, chen, dara]) = Sim::still(["Anna", "Bao", "Chen", "Dara"]);
    sim.set_clock(anna, ahead);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    for host in [bao, chen] {
        sim.join_at_once(host, meeting);
    }
    sim.run(2);
    sim.stop(dara);
    let peers = vec![sim.id(dara)];
    sim.ask(anna, Command::Invite { meeting, peers });
    sim.run(1);
    sim.stop(anna);
    (sim, [anna, bao, chen, dara], meeting)
}

fn is_listed_as_invited(sim: &Sim, viewer: Host, meeting: MeetingId, who: Host) -> bool {
    let entry = sim.entry(viewer, meeting, who);
    entry.is_some_and(|entry| entry.presence == NOT_JOINED && !entry.invited_by.is_empty())
}

#[test]
fn an_invitation_lasts_a_day_for_everybody_whatever_its_authors_clock_says() {
    for ahead in [-9 * DAY, -DAY - HOUR, -23 * HOUR, 0, 23 * HOUR, 9 * DAY] {
        let (mut sim, [_, bao, chen, dara], meeting) = invited_by_a_wrong_clock(ahead);
        for viewer in [bao, chen] {
            assert!(is_listed_as_invited(&sim, viewer, meeting, dara), "{ahead}");
        }
        sim.set_clocks_ahead(Duration::from_secs(20 * 3600));
        sim.start(dara);
        sim.run(5);
        assert!(sim.is_invited(dara, meeting), "{ahead}: after 20 hours");
        sim.set_clocks_ahead(Duration::from_secs(5 * 3600));
        for viewer in [bao, chen] {
            assert!(
                !is_listed_as_invited(&sim, viewer, meeting, dara),
                "{ahead}"
            );
        }
        assert!(!sim.is_invited(dara, meeting), "{ahead}: after 25 hours");
    }
}

#[test]
fn whoever_learns_of_it_late_or_from_disk_counts_from_the_same_moment() {
    for ahead in [-9 * DAY, -23 * HOUR, 9 * DAY] {
        let (mut sim, [_, bao, chen, dara], meeting) = invited_by_a_wrong_clock(ahead);
        sim.set_clocks_ahead(Duration::from_secs(10 * 3600));
        // It is written within half a minute.
        sim.run(31);
        for host in [bao, chen] {
            sim.crash(host);
        }
        // Chen has forgotten what it knew of it, and hears it again from Bao.
        sim.set_disk(chen, None);
        for host in [bao, chen] {
            sim.start(host);
        }
        sim.run(10);
        let peers = vec![sim.id(chen)];
        if !sim.is_invited(chen, meeting) {
            sim.join_at_once(bao, meeting);
            sim.ask(bao, Command::Invite { meeting, peers });
            sim.run(1);
        }
        sim.join_at_once(chen, meeting);
        for viewer in [bao, chen] {
            assert!(is_listed_as_invited(&sim, viewer, meeting, dara), "{ahead}");
        }
        sim.set_clocks_ahead(Duration::from_secs(15 * 3600));
        for viewer in [bao, chen] {
            assert!(
                !is_listed_as_invited(&sim, viewer, meeting, dara),
                "{ahead}"
            );
        }
    }
}

#[test]
fn a_participant_lets_in_whom_a_wrong_clock_invited() {
    for ahead in [-9 * DAY, -23 * HOUR, 9 * DAY] {
        let (mut sim, [_, bao, _, dara], meeting) = invited_by_a_wrong_clock(ahead);
        sim.start(dara);
        sim.run(5);
        sim.join_at_once(dara, meeting);
        sim.run(1);
        assert_eq!(sim.presence(bao, meeting, dara), Some(ONLINE), "{ahead}");
    }
}

#[test]
fn a_meeting_that_was_left_is_invited_to_again_by_a_clock_that_is_behind() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    sim.set_clock(anna, -3 * DAY);
    let meeting = sim.meeting_of_all(anna);
    sim.ask(bao, Command::Leave { meeting: None });
    sim.ask(bao, Command::Forget { meeting });
    sim.run(60);
    let peers = vec![sim.id(bao)];
    sim.ask(anna, Command::Invite { meeting, peers });
    sim.run(1);
    assert!(sim.is_invited(bao, meeting));
    sim.join_at_once(bao, meeting);
}

#[test]
fn setting_my_own_clock_while_i_run_changes_no_age() {
    for ahead in [-9 * DAY, 9 * DAY] {
        let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
        let meeting = sim.meet(anna, "Planning", &[bao]);
        sim.run(1);
        for host in [anna, bao] {
            sim.set_clock(host, ahead);
        }
        sim.run(120);
        assert!(sim.is_invited(bao, meeting), "{ahead}");
        assert!(is_listed_as_invited(&sim, anna, meeting, bao), "{ahead}");
        let told = sim.view(bao).invitations[0].made;
        assert_eq!(told.0.abs_diff(sim.clock_of(bao).utc.0) / 300, 0, "{ahead}");
        sim.stop(bao);
        sim.start(bao);
        sim.set_clocks_ahead(Duration::from_secs(23 * 3600));
        assert!(sim.is_invited(bao, meeting), "{ahead}: after a restart");
        sim.set_clocks_ahead(Duration::from_secs(3600));
        assert!(!sim.is_invited(bao, meeting), "{ahead}: after a day");
    }
}

#[test]
fn after_a_crash_the_time_of_the_machine_says_how_long_ago_it_was() {
    for (ahead, seconds, rejoins) in [
        (-9 * DAY, 30, true),
        (9 * DAY, 30, true),
        (-100, 100, false),
        (-9 * DAY, 100, false),
    ] {
        let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
        let meeting = sim.meeting_of_all(anna);
        sim.run(20);
        sim.crash(bao);
        sim.run(seconds);
        sim.set_clock(bao, ahead);
        sim.start(bao);
        let back = rejoins.then_some(meeting);
        assert_eq!(sim.view(bao).active, back, "{ahead}, {seconds} s");
        assert_eq!(sim.view(bao).meetings.len(), 1, "{ahead}");
    }
}

#[test]
fn after_a_new_start_of_the_machine_a_clock_that_tells_nothing_is_told() {
    for (ahead, rejoins, told) in [
        (0, true, false),
        (-20, true, false),
        (-9 * DAY, false, true),
        (DAY, false, false),
        (9 * 365 * DAY, false, true),
    ] {
        let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
        let meeting = sim.meeting_of_all(anna);
        sim.run(20);
        sim.crash(bao);
        sim.run(30);
        sim.reboot(bao);
        sim.set_clock(bao, ahead);
        sim.start(bao);
        let back = rejoins.then_some(meeting);
        assert_eq!(sim.view(bao).active, back, "{ahead}");
        let not_back = |event: &Event| matches!(event, Event::NotRejoined { .. });
        assert_eq!(sim.saw(bao, not_back), told, "{ahead}");
        assert_eq!(sim.view(bao).meetings.len(), 1, "{ahead}");
    }
}

#[test]
fn a_clock_that_is_far_off_is_told_once_to_everybody_connected() {
    let off = |event: &&Event| matches!(event, Event::ClockOff { .. });
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    assert!(!sim.hosts().any(|host| sim.saw(host, |it| off(&it))));
    sim.set_clock(bao, -DAY);
    sim.run(600);
    for host in [anna, chen] {
        let told: Vec<_> = sim.events(host).iter().filter(off).cloned().collect();
        let [Event::ClockOff { peer, ahead, .. }] = told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((peer, (ahead + DAY).abs() < 10), (sim.id(bao), true));
        let view = sim.view(host);
        let peer = view.peers.iter().find(|peer| peer.peer == sim.id(bao));
        assert!(peer.is_some_and(|peer| peer.clock_off.is_some()));
    }
    // To Bao, everybody else's clock is wrong in the same way.
    let mine = |event: &Event| matches!(event, Event::OwnClockOff { .. });
    assert_eq!(sim.events(bao).iter().filter(off).count(), 1);
    assert_eq!(sim.events(bao).iter().filter(|it| mine(it)).count(), 1);
    sim.set_clock(bao, 0);
    sim.run(600);
    for host in [anna, bao, chen] {
        assert!(sim.saw(host, |event| *event == Event::ClocksRight));
        let view = sim.view(host);
        assert!(view.peers.iter().all(|peer| peer.clock_off.is_none()));
    }
}
