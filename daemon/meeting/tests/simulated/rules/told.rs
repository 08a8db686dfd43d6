//! Programs that watch are told of every change, and of nothing beside it.

use std::collections::{BTreeMap, BTreeSet};

use sotto_meeting::{MeetingView, Part, PeerId, PeerView};

use super::*;

/// A program that looks only at what it is told of.
struct Watcher {
    at: Host,
    peers: BTreeMap<PeerId, PeerView>,
    meetings: BTreeMap<MeetingId, MeetingView>,
}

impl Watcher {
    /// Begins with what the machine `at` shows now.
    fn new(sim: &mut Sim, at: Host) -> Self {
        sim.take_events(at);
        let view = sim.view(at);
        Self {
            at,
            peers: view.peers.into_iter().map(|it| (it.peer, it)).collect(),
            meetings: view.meetings.into_iter().map(sorted).collect(),
        }
    }

    /// Looks at the parts of which it was told, and returns them.
    fn follow(&mut self, sim: &mut Sim) -> BTreeSet<Part> {
        let now = sim.clock();
        let mut parts = BTreeSet::new();
        for event in sim.take_events(self.at) {
            if let Event::Changed(part) = event {
                parts.insert(part);
            }
        }
        let mesh = sim.mesh(self.at);
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
    fn agrees(&mut self, sim: &mut Sim, after: &str) {
        self.follow(sim);
        let anew = Self::new(sim, self.at);
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
    let (mut sim, [anna, bao, chidi, dana]) = Sim::still(["Anna", "Bao", "Chidi", "Dana"]);
    let mut watcher = Watcher::new(&mut sim, anna);
    let meeting = sim.meet(bao, "Planning", &[anna, chidi, dana]);
    sim.run_millis(500);
    watcher.agrees(&mut sim, "an invitation");
    for host in [anna, chidi] {
        sim.join_at_once(host, meeting);
        watcher.agrees(&mut sim, "a join");
    }
    sim.ask(dana, Command::Decline { meeting });
    sim.run_millis(500);
    watcher.agrees(&mut sim, "a decline");
    let steps = [
        (chidi, "mute", Command::Mute { at: None }),
        (chidi, "away", Command::Away),
        (anna, "my own mute", Command::Mute { at: None }),
        (
            anna,
            "my own volume",
            Command::Volume {
                peer: sim.id(bao),
                percent: 50,
            },
        ),
        (chidi, "back", Command::Back),
        (bao, "a phone call", Command::Phone),
        (bao, "its end", Command::Back),
    ];
    for (host, after, command) in steps {
        sim.ask(host, command);
        sim.run_millis(500);
        watcher.agrees(&mut sim, after);
    }
    let namesake = sim.add("Bao");
    sim.start(namesake);
    sim.run(1);
    watcher.agrees(&mut sim, "a namesake");
    sim.crash(chidi);
    sim.run(20);
    watcher.agrees(&mut sim, "a crash");
    sim.start(chidi);
    sim.run(20);
    watcher.agrees(&mut sim, "a restart");
    sim.split(&[&[anna]]);
    sim.run(30);
    watcher.agrees(&mut sim, "a cut");
    sim.heal();
    sim.run(30);
    watcher.agrees(&mut sim, "its end");
    let leave = Command::Leave {
        meeting: Some(meeting),
    };
    sim.ask(bao, leave);
    sim.run_millis(500);
    watcher.agrees(&mut sim, "somebody leaves");
    sim.crash(namesake);
    sim.run(1000);
    watcher.agrees(&mut sim, "the namesake has lapsed");
}

#[test]
fn a_change_of_one_person_is_told_as_one_person() {
    let (mut sim, [anna, bao, _, _]) = Sim::still(["Anna", "Bao", "Bao", "Chidi"]);
    let meeting = sim.meeting_of_all(anna);
    let mut watcher = Watcher::new(&mut sim, anna);
    sim.ask(bao, Command::Away);
    sim.run_millis(50);
    let part = Part::Participant(meeting, sim.id(bao));
    assert_eq!(watcher.follow(&mut sim), BTreeSet::from([part]));
    sim.disconnect_from(anna, bao);
    assert_eq!(
        watcher.follow(&mut sim),
        BTreeSet::from([Part::Peer(sim.id(bao))])
    );
}
