//! What comes back to somebody whose state was damaged.

use sotto_meeting::VoiceChange;

use super::*;

/// How a machine lost what it knew.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// The file is gone, was cut off, or holds something else: the daemon begins with nothing.
    Everything,
    /// A backup was restored from before the meeting.
    Backup,
}

/// `host` loses its state and starts again after `away` milliseconds.
fn lose(sim: &mut Sim, host: Host, loss: Loss, backup: Option<Vec<u8>>, away: u64) {
    sim.crash(host);
    sim.set_disk(
        host,
        match loss {
            Loss::Everything => None,
            Loss::Backup => backup,
        },
    );
    sim.run_millis(away);
    sim.forget_events();
    sim.start(host);
}

#[test]
fn a_participant_that_lost_its_state_is_brought_back_by_those_inside() {
    for loss in [Loss::Everything, Loss::Backup] {
        for away in [500, 60_000] {
            let (mut sim, [anna, bao, chen, dara]) = Sim::still(["Anna", "Bao", "Chen", "Dara"]);
            let backup = sim.machine(bao).disk.clone();
            let meeting = sim.meeting_of_all(anna);
            lose(&mut sim, bao, loss, backup, away);
            sim.run(20);
            assert!(sim.is_invited(bao, meeting), "{loss:?} after {away} ms");
            let invited = |event: &&Event| matches!(event, Event::Invited { again: true, .. });
            let told = sim.events(bao).iter().filter(invited).count();
            assert_eq!(told, 1, "told once");
            let by = sim.view(bao).invitations[0].by.len();
            assert_eq!(by, 1, "one of those inside is enough");
            assert_eq!(sim.view(bao).active, None);
            let enters = |change: &VoiceChange| matches!(change, VoiceChange::Enter { .. });
            let voice = &sim.voice(bao).changes;
            assert!(!voice.iter().any(enters), "nothing opens by itself");
            sim.join_at_once(bao, meeting);
            sim.run(3);
            sim.everybody_sees(meeting, bao, ONLINE);
            for other in [anna, chen, dara] {
                assert!(sim.entry(other, meeting, bao).unwrap().voice);
            }
            assert!(!sim.view(bao).me.cloned);
        }
    }
}

#[test]
fn the_creator_is_brought_back_to_its_own_meeting() {
    let (mut sim, [_, bao, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(bao);
    // Longer than anybody keeps a lobby record.
    lose(&mut sim, bao, Loss::Everything, None, 1_000_000);
    sim.run(20);
    assert!(sim.is_invited(bao, meeting));
    sim.join_at_once(bao, meeting);
    sim.run(2);
    sim.everybody_sees(meeting, bao, ONLINE);
}

#[test]
fn who_does_not_want_to_come_back_is_not_asked_at_every_start() {
    let (mut sim, [anna, bao, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    lose(&mut sim, bao, Loss::Everything, None, 60_000);
    sim.run(20);
    sim.ask(bao, Command::Decline { meeting });
    sim.run(1);
    sim.crash(bao);
    sim.run(900);
    sim.forget_events();
    sim.start(bao);
    sim.run(300);
    assert!(!sim.is_invited(bao, meeting));
    assert!(!sim.saw(bao, |event| matches!(event, Event::Invited { .. })));
}

#[test]
fn who_left_and_who_merely_starts_again_are_not_invited() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    // Chen has left before it loses everything.
    sim.ask(chen, Command::Leave { meeting: None });
    sim.run(1);
    sim.crash(chen);
    sim.set_disk(chen, None);
    // Bao knows its meetings.
    sim.ask(bao, Command::Quit);
    sim.crash(bao);
    sim.run(60);
    sim.forget_events();
    sim.start(bao);
    sim.start(chen);
    sim.run(120);
    for host in [bao, chen] {
        assert!(!sim.is_invited(host, meeting), "{host:?}");
        assert!(!sim.saw(host, |event| matches!(event, Event::Invited { .. })));
    }
    assert_eq!(sim.presence(anna, meeting, bao), Some(CLOSED));
}

#[test]
fn nobody_is_called_back_into_an_empty_meeting() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.crash(bao);
    sim.set_disk(bao, None);
    sim.meet(anna, "Elsewhere", &[]);
    sim.run(60);
    sim.start(bao);
    sim.run(60);
    assert!(!sim.is_invited(bao, meeting));
    sim.join_at_once(anna, meeting);
    sim.run(60);
    assert!(sim.is_invited(bao, meeting), "as soon as somebody is there");
}
