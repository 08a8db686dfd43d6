//! Many people in one meeting, and in one lobby.

use std::time::Duration;

use crate::sim::{Host, Sim};
use sotto_meeting::{Command, OfflineReason, Presence};

/// Everyone in one meeting is Online on all rosters.
fn all_agree(sim: &Sim, everyone: &[Host]) -> bool {
    everyone.iter().all(|viewer| {
        let view = sim.view(*viewer);
        view.meetings.first().is_some_and(|meeting| {
            meeting.roster.len() == everyone.len()
                && meeting
                    .roster
                    .iter()
                    .all(|entry| entry.presence == Presence::Online && !entry.unreachable)
        })
    })
}

#[test]
#[ignore = "takes more than a minute; 'cargo xtask test' runs it beside the others"]
fn two_hundred_people_come_to_agree() {
    const PEOPLE: usize = 200;
    let mut sim = Sim::new(200);
    let everyone: Vec<Host> = (0..PEOPLE)
        .map(|number| sim.add(&format!("Person {number:03}")))
        .collect();
    let started = std::time::Instant::now();
    for host in &everyone {
        sim.start(*host);
    }
    let first = everyone[0];
    let lobby = sim.until("the first knows everybody", 30, |sim| {
        sim.view(first)
            .peers
            .iter()
            .filter(|peer| peer.running)
            .count()
            == PEOPLE - 1
    });
    println!("{PEOPLE} peers in the lobby: known to the first after {lobby:?}");

    let before: Vec<u64> = everyone
        .iter()
        .map(|host| sim.machine(*host).sent + sim.machine(*host).received)
        .collect();
    let meeting = sim.meet(first, "All hands", &everyone[1..]);
    let invited = sim.until("everyone is invited", 60, |sim| {
        everyone[1..]
            .iter()
            .all(|host| sim.is_invited(*host, meeting))
    });
    println!("all invited after {invited:?}");
    for host in &everyone[1..] {
        sim.ask(*host, Command::Join { meeting });
    }
    let agreed = sim.until("all rosters agree", 60, |sim| all_agree(sim, &everyone));
    let bytes: Vec<u64> = everyone
        .iter()
        .zip(before)
        .map(|(host, before)| sim.machine(*host).sent + sim.machine(*host).received - before)
        .collect();
    let mean = bytes.iter().sum::<u64>() / PEOPLE as u64;
    let most = bytes.iter().max().copied().unwrap_or_default();
    println!(
        "all {PEOPLE} rosters agree {agreed:?} after all joined at once; bytes per peer, sent and received: mean {mean}, most {most}"
    );
    let voice = sim.until("everybody has keys with everybody", 60, |sim| {
        everyone
            .iter()
            .all(|host| sim.voice(*host).inbound.len() == PEOPLE - 1)
    });
    println!("every pair has voice keys {voice:?} later");

    let changed = everyone[77];
    sim.ask(changed, Command::Away);
    let seen = sim.until("everyone sees one change", 10, |sim| {
        everyone.iter().all(|viewer| {
            matches!(
                sim.presence(*viewer, meeting, changed),
                Some(Presence::Away(_))
            )
        })
    });
    println!("one change is on all rosters after {seen:?}");
    println!(
        "(took {:?} of real time, {} messages)",
        started.elapsed(),
        sim.messages
    );
    assert!(agreed < Duration::from_secs(30));
}

#[test]
fn fifty_people_see_a_change_and_a_crash_in_time() {
    const PEOPLE: usize = 50;
    let mut sim = Sim::new(50);
    let everyone: Vec<Host> = (0..PEOPLE)
        .map(|number| sim.add(&format!("Person {number:03}")))
        .collect();
    for host in &everyone {
        sim.start(*host);
    }
    sim.until("the first knows everybody", 30, |sim| {
        sim.view(everyone[0]).peers.len() == PEOPLE - 1
    });
    sim.gather(everyone[0], "All hands", &everyone[1..]);
    let meeting = sim.view(everyone[0]).meetings[0].meeting;
    sim.weather.media_loss = 5;
    sim.run(10);
    let changed = everyone[7];
    let start = sim.now();
    sim.ask(changed, Command::Mute { at: None });
    sim.until("everyone sees it", 5, |sim| {
        everyone.iter().all(|viewer| {
            sim.flags(*viewer, meeting, changed)
                .is_some_and(|flags| flags.muted)
        })
    });
    let change = sim.now() - start;
    sim.crash(changed);
    let rest: Vec<Host> = everyone
        .iter()
        .copied()
        .filter(|host| *host != changed)
        .collect();
    let crash = sim.until_seen(
        &rest,
        meeting,
        changed,
        Presence::Offline(OfflineReason::Lost),
    );
    println!(
        "{PEOPLE} people: a change is on all rosters after {change:?}, a crash after {crash:?}"
    );
    assert!(change <= Duration::from_millis(100), "{change:?}");
    assert!(crash <= Duration::from_secs(3), "{crash:?}");
}
