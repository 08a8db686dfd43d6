//! Peers of this release and of a later one in the same meeting.
//!
//! The later release adds bytes at the end of everything that it writes, at every depth; takes phone calls for a reason
//! of its own; states records of new kinds, and asks new questions.

use super::sim::{Host, Sim};
use crate::growable::tests::{ADDITION, pretend_to_be_later};
use crate::ids::{MeetingId, Now};
use crate::mesh::Mesh;
use crate::{Command, Input, OfflineReason, Output, Presence, Reply, Topic, Verdict, WhisperMode};

const PHONE: Presence = Presence::Offline(OfflineReason::Phone);
/// A phone call as who does not know the reason sees it.
const OFFLINE: Presence = Presence::Offline(OfflineReason::Unknown);

/// Machines that know of one another; those named run a later release.
fn world<const N: usize>(seed: u64, names: [&str; N], later: &[usize]) -> (Sim, [Host; N]) {
    let mut sim = Sim::new(seed);
    let hosts = names.map(|name| sim.add(name));
    for index in later {
        sim.set_around(hosts[*index], pretend_to_be_later);
    }
    for host in hosts {
        sim.start(host);
    }
    sim.until("everyone knows everyone", 60, |sim| {
        hosts.iter().all(|host| {
            let view = sim.view(*host);
            view.peers.iter().filter(|peer| peer.running).count() == N - 1
        })
    });
    (sim, hosts)
}

/// Nobody has seen anything that no honest peer sends.
fn assert_nobody_is_blamed(sim: &Sim) {
    for host in sim.running() {
        let counters = sim.view(host).counters;
        assert_eq!(counters.malformed, 0, "{}", sim.machine(host).name);
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn releases_meet_whichever_begins() {
    for (seed, later) in [(1, [0, 2].as_slice()), (2, &[1]), (3, &[0, 1, 2])] {
        let (mut sim, [anna, bao, chi]) = world(seed, ["Anna", "Bao", "Chi"], later);
        let meeting = sim.gather(anna, "Planning", &[bao, chi]);
        let is_later = |host: Host| later.contains(&host.0);
        sim.capture();
        for who in [anna, bao, chi] {
            sim.ask(who, Command::Phone);
            for viewer in [anna, bao, chi] {
                let understands = !is_later(who) || is_later(viewer);
                let shown = if understands { PHONE } else { OFFLINE };
                sim.until_seen(&[viewer], meeting, who, shown);
            }
            sim.ask(who, Command::Back);
            sim.until_seen(&[anna, bao, chi], meeting, who, Presence::Online);
        }
        for (speaker, receiver) in [(anna, bao), (bao, anna)] {
            let to = vec![sim.id(receiver)];
            let whisper = Command::Whisper {
                to,
                mode: WhisperMode::Hold,
                at: None,
            };
            let reply = sim.ask(speaker, whisper);
            assert!(matches!(reply, Reply::Whispering { .. }), "{reply:?}");
            let from = sim.id(speaker);
            sim.until("the whisper is announced", 5, |sim| {
                let incoming = sim.view(receiver).talk.whispers;
                incoming.iter().any(|whisper| whisper.from.peer == from)
            });
            sim.ask(speaker, Command::Release { at: None });
        }
        sim.run(60);
        assert_nobody_is_blamed(&sim);
    }
}

#[test]
fn what_a_later_release_says_comes_to_another_as_it_was_signed_through_one_that_does_not_know_it() {
    let (mut sim, [anna, bao, chi]) = world(4, ["Anna", "Bao", "Chi"], &[0, 2]);
    let meeting = sim.gather(anna, "Planning", &[bao, chi]);
    sim.crash(chi);
    sim.run(1);
    let say = |sim: &mut Sim, meeting, kind, body: &'static [u8]| {
        sim.with_mesh(anna, |mesh, _| mesh.say_later(meeting, kind, body))
    };
    let overtaken = say(&mut sim, Some(meeting), 9, b"agenda: one");
    let agenda = say(&mut sim, Some(meeting), 9, b"agenda: two");
    let hand = say(&mut sim, Some(meeting), 10, b"hand is up");
    let status = say(&mut sim, None, 11, b"at lunch");
    let passing = say(&mut sim, Some(meeting), 200, b"applause");
    sim.run(5);
    sim.crash(anna);
    let heard = |sim: &Sim, host: Host, meeting| {
        let mesh = sim.machine(host).mesh.as_ref().unwrap();
        let mut heard = mesh.heard_later(meeting);
        heard.sort();
        heard
    };
    let said = {
        let mut said = vec![agenda.clone(), hand.clone()];
        said.sort();
        said
    };
    assert_eq!(heard(&sim, bao, Some(meeting)), said);
    let status = vec![status];
    assert_eq!(heard(&sim, bao, None), status);
    // Bao alone has them now, and hands them on.
    sim.start(chi);
    sim.until("Chi has what Anna said", 60, |sim| {
        heard(sim, chi, Some(meeting)) == said && heard(sim, chi, None) == status
    });
    // What Anna signed of herself comes with her additions, too.
    let mesh = sim.machine(chi).mesh.as_ref().unwrap();
    let presence = mesh.record_of(meeting, sim.id(anna)).unwrap();
    assert!(contains(&presence, &ADDITION));
    for raw in [overtaken, passing] {
        assert!(!heard(&sim, chi, Some(meeting)).contains(&raw));
    }
    assert_nobody_is_blamed(&sim);

    // They are on Bao's disk: after a restart, and with Chi's memory gone, it is the same.
    sim.crash(chi);
    sim.set_disk(chi, None);
    sim.stop(bao);
    sim.start(bao);
    assert_eq!(heard(&sim, bao, Some(meeting)), said);
    assert_nobody_is_blamed(&sim);
}

/// What a mesh puts out when it takes in something, beyond what the network would carry out.
fn outputs(mesh: &mut Mesh, input: Input, now: Now) -> Vec<Output> {
    mesh.handle(input, now);
    std::iter::from_fn(|| mesh.poll_output()).collect()
}

fn verdict(sim: &mut Sim, host: Host, topic: Topic, data: Vec<u8>, from: Host) -> Verdict {
    let author = sim.id(from);
    let gossip = Input::Gossip {
        topic,
        author,
        neighbour: author,
        data,
        receipt: u64::MAX,
    };
    let outputs = sim.with_mesh(host, |mesh, now| outputs(mesh, gossip, now));
    outputs
        .iter()
        .find_map(|output| match output {
            Output::Verdict { verdict, .. } => Some(*verdict),
            _ => None,
        })
        .unwrap()
}

/// What a mesh gossips when it says something.
fn published(sim: &mut Sim, host: Host, say: impl FnOnce(&mut Mesh)) -> (Topic, Vec<u8>) {
    sim.with_mesh(host, |mesh, _| {
        say(mesh);
        std::iter::from_fn(|| mesh.poll_output())
            .find_map(|output| match output {
                Output::Publish { topic, data } => Some((topic, data)),
                _ => None,
            })
            .unwrap()
    })
}

#[test]
fn gossip_of_unknown_kinds_is_handed_on_once() {
    let (mut sim, [anna, bao]) = world(5, ["Anna", "Bao"], &[0]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    for (place, kind) in [
        (Some(meeting), 9),
        (Some(meeting), 200),
        (None, 9),
        (None, 200),
    ] {
        let (topic, data) = published(&mut sim, anna, |mesh| {
            mesh.say_later(place, kind, b"something");
        });
        let mut ask = |data: &[u8]| verdict(&mut sim, bao, topic.clone(), data.to_vec(), anna);
        assert_eq!(ask(&data), Verdict::Accept, "{place:?}, {kind}");
        assert_eq!(ask(&data), Verdict::Ignore, "{place:?}, {kind}");
    }
    assert_nobody_is_blamed(&sim);
    // A lobby record is in clear: whoever changes one is found out.
    let (topic, mut data) = published(&mut sim, anna, |mesh| {
        mesh.say_later(None, 9, b"something else");
    });
    let last = data.len() - 1;
    data[last] ^= 1;
    assert_eq!(verdict(&mut sim, bao, topic, data, anna), Verdict::Reject);
    assert!(sim.view(bao).counters.malformed > 0);
}

#[test]
fn an_author_with_too_many_unknown_kinds_crowds_out_only_itself() {
    let (mut sim, [anna, bao]) = world(6, ["Anna", "Bao"], &[0]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    for kind in (7..40).rev() {
        sim.with_mesh(anna, |mesh, _| {
            mesh.say_later(Some(meeting), kind, &[kind; 600])
        });
        sim.run(1);
    }
    let mesh = sim.machine(bao).mesh.as_ref().unwrap();
    let kinds: Vec<u8> = mesh
        .heard_later(Some(meeting))
        .iter()
        .map(|raw| raw[8])
        .collect();
    assert_eq!(kinds, [7, 8, 9, 10]);
    assert_nobody_is_blamed(&sim);
}

fn answer(sim: &mut Sim, host: Host, from: Host, data: Vec<u8>) -> Vec<u8> {
    let from = sim.id(from);
    let request = Input::Request {
        from,
        id: u64::MAX,
        data,
    };
    let outputs = sim.with_mesh(host, |mesh, now| outputs(mesh, request, now));
    outputs
        .into_iter()
        .find_map(|output| match output {
            Output::Respond { data, .. } => Some(data),
            _ => None,
        })
        .unwrap()
}

#[test]
fn a_question_that_only_a_later_release_asks_is_answered_with_a_no_that_blames_nobody() {
    let (mut sim, [anna, bao]) = world(7, ["Anna", "Bao"], &[0]);
    let meeting = sim.gather(anna, "Planning", &[bao]);
    let plain = answer(&mut sim, bao, anna, vec![1, 60, 1, 2, 3]);
    assert_eq!(plain, [1, 8], "unknown request");
    let to = sim.id(bao);
    let sealed = sim.with_mesh(anna, |mesh, _| {
        mesh.seal_request(meeting, to, &[1, 60, 1, 2, 3])
    });
    let response = answer(&mut sim, bao, anna, sealed);
    let opened = sim.with_mesh(anna, |mesh, _| mesh.open_response(meeting, to, &response));
    assert_eq!(opened[..2], [1, 5], "unknown request, sealed");
    assert_nobody_is_blamed(&sim);
}

/// Everything that Bao asks is answered in ways that only a later release knows.
fn with_odd_answers(seed: u64, odd: &[u8]) {
    let (mut sim, [anna, bao]) = world(seed, ["Anna", "Bao"], &[]);
    let meeting: MeetingId = sim.gather(anna, "Planning", &[bao]);
    let connect = |sim: &mut Sim| {
        let (peer, address) = (sim.id(anna), sim.machine(anna).address);
        sim.with_mesh(bao, |mesh, now| {
            let gone = outputs(mesh, Input::PeerDisconnected { peer }, now);
            let mut asked = outputs(mesh, Input::PeerConnected { peer, address }, now);
            asked.extend(gone);
            asked
        })
    };
    let asked = connect(&mut sim);
    let mut answered = 0;
    for output in asked {
        let Output::Request { to, id, .. } = output else {
            continue;
        };
        let response = Input::Response {
            id,
            from: to,
            result: Ok(odd.to_vec()),
        };
        sim.with_mesh(bao, |mesh, now| outputs(mesh, response, now));
        answered += 1;
    }
    assert!(answered >= 2, "the lobby and the meeting are compared");
    assert_nobody_is_blamed(&sim);
    sim.until_seen(&[bao], meeting, anna, Presence::Online);
}

#[test]
fn an_answer_that_only_a_later_release_gives_is_as_good_as_none() {
    with_odd_answers(8, &[1, 8]);
    with_odd_answers(9, &[1, 8, 1, 2, 3]);
    with_odd_answers(10, &[1, 99]);
}
