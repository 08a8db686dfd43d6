//! Programs that watch are told of every change, and of nothing beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use crate::event::{Event, Part};
use crate::{Command, MeetingId, MeetingView, PeerId, PeerView};

/// A program that looks only at what it is told of.
struct Watcher {
    at: usize,
    peers: BTreeMap<PeerId, PeerView>,
    meetings: BTreeMap<MeetingId, MeetingView>,
}

impl Watcher {
    /// Begins with what the machine `at` shows now.
    fn new(world: &mut World, at: usize) -> Self {
        world.machines[at].events.clear();
        let view = world.view(at);
        Self {
            at,
            peers: view.peers.into_iter().map(|it| (it.peer, it)).collect(),
            meetings: view.meetings.into_iter().map(sorted).collect(),
        }
    }

    /// Looks at the parts of which it was told, and returns them.
    fn follow(&mut self, world: &mut World) -> BTreeSet<Part> {
        let now = world.now();
        let machine = &mut world.machines[self.at];
        let mesh = machine.mesh.as_ref().unwrap();
        let mut parts = BTreeSet::new();
        for event in std::mem::take(&mut machine.events) {
            if let Event::Changed(part) = event {
                parts.insert(part);
            }
        }
        for part in &parts {
            match part {
                Part::Peer(peer) => set(&mut self.peers, *peer, mesh.peer(*peer, now)),
                Part::Meeting(id) => {
                    let meeting = mesh.meeting(*id, now).map(|it| sorted(it).1);
                    set(&mut self.meetings, *id, meeting);
                }
                Part::Participant(id, peer) => match mesh.participant(*id, *peer, now) {
                    Some(entry) => {
                        let Some(meeting) = self.meetings.get_mut(id) else {
                            continue;
                        };
                        meeting.roster.retain(|known| known.peer != *peer);
                        meeting.roster.push(entry);
                        meeting.roster.sort_by_key(|entry| entry.peer);
                    }
                    None => {
                        let meeting = mesh.meeting(*id, now).map(|it| sorted(it).1);
                        set(&mut self.meetings, *id, meeting);
                    }
                },
                Part::Active => {
                    self.meetings = mesh.meetings(now).into_iter().map(sorted).collect();
                }
                Part::Me | Part::Invitations | Part::Joining | Part::Talk => {}
            }
        }
        parts
    }

    /// Sees what a new look at everything would show.
    fn agrees(&mut self, world: &mut World, after: &str) {
        self.follow(world);
        let anew = Self::new(world, self.at);
        assert_eq!(self.peers, anew.peers, "{after}");
        assert_eq!(self.meetings, anew.meetings, "{after}");
    }
}

/// A meeting with its roster in the order of keys.
fn sorted(mut meeting: MeetingView) -> (MeetingId, MeetingView) {
    meeting.roster.sort_by_key(|entry| entry.peer);
    (meeting.meeting, meeting)
}

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

#[test]
fn whoever_looks_only_at_what_it_is_told_of_sees_everything() {
    let mut world = World::new(&["Anna", "Bao", "Chidi", "Dana"]);
    let mut watcher = Watcher::new(&mut world, 0);
    let meeting = world.create(1, "Planning", &[0, 2, 3]);
    world.run(500);
    watcher.agrees(&mut world, "an invitation");
    for index in [0, 2] {
        world.join(index, meeting);
        watcher.agrees(&mut world, "a join");
    }
    world.command(3, Command::Decline { meeting }).unwrap();
    world.run(500);
    watcher.agrees(&mut world, "a decline");
    let steps = [
        (2, "mute", Command::Mute { at: None }),
        (2, "away", Command::Away),
        (0, "my own mute", Command::Mute { at: None }),
        (
            0,
            "my own volume",
            Command::Volume {
                peer: world.id(1),
                percent: 50,
            },
        ),
        (2, "back", Command::Back),
        (1, "a phone call", Command::Phone),
        (1, "its end", Command::Back),
    ];
    for (index, after, command) in steps {
        world.command(index, command).unwrap();
        world.run(500);
        watcher.agrees(&mut world, after);
    }
    let namesake = world.add("Bao");
    world.start(namesake);
    world.run(1000);
    watcher.agrees(&mut world, "a namesake");
    world.crash(2);
    world.run(20_000);
    watcher.agrees(&mut world, "a crash");
    world.start(2);
    world.run(20_000);
    watcher.agrees(&mut world, "a restart");
    world.cut(&[0]);
    world.run(30_000);
    watcher.agrees(&mut world, "a cut");
    world.heal();
    world.run(30_000);
    watcher.agrees(&mut world, "its end");
    let leave = Command::Leave {
        meeting: Some(meeting),
    };
    world.command(1, leave).unwrap();
    world.run(500);
    watcher.agrees(&mut world, "somebody leaves");
    world.crash(namesake);
    world.run(1_000_000);
    watcher.agrees(&mut world, "the namesake has lapsed");
}

#[test]
fn a_change_of_one_person_is_told_as_one_person() {
    let mut world = World::new(&["Anna", "Bao", "Bao", "Chidi"]);
    let meeting = world.meeting_of_all(0);
    let mut watcher = Watcher::new(&mut world, 0);
    world.command(1, Command::Away).unwrap();
    world.run(50);
    let bao = Part::Participant(meeting, world.id(1));
    assert_eq!(watcher.follow(&mut world), BTreeSet::from([bao]));
    world.disconnect(0, 1);
    assert_eq!(
        watcher.follow(&mut world),
        BTreeSet::from([Part::Peer(world.id(1))])
    );
}
