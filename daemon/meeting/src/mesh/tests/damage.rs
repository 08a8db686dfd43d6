//! What comes back to somebody whose state was damaged.

use super::*;

/// How a machine lost what it knew.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// The file is gone, was cut off, or holds something else: the daemon begins with nothing.
    Everything,
    /// A backup was restored from before the meeting.
    Backup,
}

/// Machine 1 loses its state and starts again after `away` milliseconds.
fn lose(world: &mut World, loss: Loss, backup: Option<Vec<u8>>, away: u64) {
    world.crash(1);
    world.machines[1].disk = match loss {
        Loss::Everything => None,
        Loss::Backup => backup,
    };
    world.run(away);
    world.forget_events();
    world.start(1);
}

#[test]
fn a_participant_that_lost_its_state_is_brought_back_by_those_inside() {
    for loss in [Loss::Everything, Loss::Backup] {
        for away in [500, 60_000] {
            let mut world = World::new(&["Anna", "Bao", "Chen", "Dara"]);
            let backup = world.machines[1].disk.clone();
            let meeting = world.meeting_of_all(0);
            lose(&mut world, loss, backup, away);
            world.run(20_000);
            assert!(world.is_invited(1, meeting), "{loss:?} after {away} ms");
            let invited = |event: &&Event| matches!(event, Event::Invited { again: true, .. });
            let told = world.machines[1].events.iter().filter(invited).count();
            assert_eq!(told, 1, "told once");
            let by = world.view(1).invitations[0].by.len();
            assert_eq!(by, 1, "one of those inside is enough");
            assert_eq!(world.view(1).active, None);
            let enters = |change: &VoiceChange| matches!(change, VoiceChange::Enter { .. });
            let voice = &world.machines[1].voice;
            assert!(!voice.iter().any(enters), "nothing opens by itself");
            world.join(1, meeting);
            world.run(3000);
            world.everybody_sees(meeting, 1, Presence::Online);
            for other in [0, 2, 3] {
                assert!(world.entry(other, meeting, 1).unwrap().voice);
            }
            assert!(!world.view(1).me.cloned);
        }
    }
}

#[test]
fn the_creator_is_brought_back_to_its_own_meeting() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(1);
    // Longer than anybody keeps a lobby record.
    lose(&mut world, Loss::Everything, None, 1_000_000);
    world.run(20_000);
    assert!(world.is_invited(1, meeting));
    world.join(1, meeting);
    world.run(2000);
    world.everybody_sees(meeting, 1, Presence::Online);
}

#[test]
fn who_does_not_want_to_come_back_is_not_asked_at_every_start() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    lose(&mut world, Loss::Everything, None, 60_000);
    world.run(20_000);
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(1000);
    world.crash(1);
    world.run(900_000);
    world.forget_events();
    world.start(1);
    world.run(300_000);
    assert!(!world.is_invited(1, meeting));
    assert!(!world.saw(1, |event| matches!(event, Event::Invited { .. })));
}

#[test]
fn who_left_and_who_merely_starts_again_are_not_invited() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    // Chen has left before it loses everything.
    world.command(2, Command::Leave { meeting: None }).unwrap();
    world.run(1000);
    world.crash(2);
    world.machines[2].disk = None;
    // Bao knows its meetings.
    world.command(1, Command::Quit).unwrap();
    world.crash(1);
    world.run(60_000);
    world.forget_events();
    world.start(1);
    world.start(2);
    world.run(120_000);
    for index in [1, 2] {
        assert!(!world.is_invited(index, meeting), "{index}");
        assert!(!world.saw(index, |event| matches!(event, Event::Invited { .. })));
    }
    assert_eq!(world.presence(0, meeting, 1), Some(CLOSED));
}

#[test]
fn nobody_is_called_back_into_an_empty_meeting() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.crash(1);
    world.machines[1].disk = None;
    world.create(0, "Elsewhere", &[]);
    world.run(60_000);
    world.start(1);
    world.run(60_000);
    assert!(!world.is_invited(1, meeting));
    world.join(0, meeting);
    world.run(60_000);
    assert!(world.is_invited(1, meeting), "as soon as somebody is there");
}

#[test]
fn a_run_that_remembers_nothing_signs_above_all_earlier_ones() {
    let mut world = World::new(&["Anna", "Bao"]);
    let epoch = |world: &World| {
        let disk = world.machines[1].disk.as_ref().unwrap();
        crate::stored::State::decode(disk).unwrap().epoch
    };
    let before = epoch(&world);
    lose(&mut world, Loss::Everything, None, 5000);
    assert!(epoch(&world) > before);
    // Longer than anybody keeps a lobby record: nobody could show Bao what it had signed.
    let anna = |world: &World| world.view(0).peers[0].running;
    lose(&mut world, Loss::Everything, None, 1_000_000);
    world.run(1000);
    assert!(anna(&world));
    let bao = world.id(1);
    let mesh = world.machines[0].mesh.as_ref().unwrap();
    assert_eq!(
        mesh.people.run(bao),
        Some(epoch(&world)),
        "its record is news"
    );
}
