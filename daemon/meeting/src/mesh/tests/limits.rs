//! How much one neighbour and one author may say, and who is blamed for what is forged.

use super::*;
use crate::mesh::merging::{Taken, Via, Way};
use crate::record::{AnyRecord, NO_MEETING, Version, read, sign};
use crate::wire::{Carried, Request, Response};

/// A lobby record that the owner of `seed` signs.
fn lobby_record(seed: [u8; 32], epoch: u64) -> Vec<u8> {
    let body = crate::record::LobbyEntry {
        running: true,
        name: "Somebody".into(),
        device: String::new(),
        addresses: vec!["10.0.0.200:1".parse().unwrap()],
    };
    let version = Version { epoch, counter: 1 };
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    sign(&key, NO_MEETING, version, 0, body).raw.to_vec()
}

/// A lobby record of somebody whose machine is nowhere on the network.
fn strangers_record(stranger: u8, epoch: u64) -> Vec<u8> {
    lobby_record([stranger; 32], epoch)
}

#[test]
fn forged_records_use_up_the_share_of_who_hands_them_on_and_not_their_authors() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let (author, neighbour) = (sim.id(bao), sim.id(chen));
    for epoch in 0..60 {
        let mut forged = lobby_record(sim.machine(bao).signing_seed, (1 << 40) + epoch);
        *forged.last_mut().unwrap() ^= 1;
        hand_gossip(&mut sim, anna, author, neighbour, forged);
    }
    assert_eq!(sim.view(anna).counters.records_too_fast, 0);
    let mesh = sim.mesh(anna);
    assert!(mesh.is_blamed(neighbour) && !mesh.is_blamed(author));
    let rename = Command::Rename {
        name: "Barbara".to_owned(),
        device: String::new(),
    };
    sim.ask(bao, rename);
    let view = sim.view(anna);
    let known = view.peers.iter().find(|peer| peer.peer == author).unwrap();
    assert_eq!(known.name, "Barbara", "the author is heard all the same");
    sim.run(40);
    let mesh = sim.mesh(anna);
    assert!(
        !mesh.is_blamed(neighbour),
        "one that has become honest as well"
    );
}

#[test]
fn a_forger_is_blamed_under_whatever_name_it_signs_its_messages() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let (bao, chen) = (sim.id(bao), sim.id(chen));
    for number in 0..60 {
        let mut forged = strangers_record(100, 1 + u64::from(number));
        *forged.last_mut().unwrap() ^= 1;
        hand_gossip(&mut sim, anna, PeerId([number; 32]), chen, forged);
    }
    let mesh = sim.mesh(anna);
    assert!(mesh.is_blamed(chen));
    assert!((0..60).all(|number| !mesh.is_blamed(PeerId([number; 32]))));
    // What it hands on meanwhile is not looked at, whoever made it; others are heard.
    hand_gossip(&mut sim, anna, bao, chen, strangers_record(101, 1));
    assert_eq!(sim.view(anna).peers.len(), 2);
    hand_gossip(&mut sim, anna, chen, bao, strangers_record(102, 1));
    assert_eq!(sim.view(anna).peers.len(), 3);
}

#[test]
fn what_others_hand_on_does_not_use_up_an_authors_own_share() {
    let (mut sim, [anna, _, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let chen = sim.id(chen);
    // Kept for a day, and sent at once.
    for epoch in 0..60 {
        hand_gossip(&mut sim, anna, chen, chen, strangers_record(100, 1 + epoch));
    }
    assert!(sim.view(anna).counters.records_too_fast > 0);
    let key = ed25519_dalek::SigningKey::from_bytes(&[100; 32]);
    let author = PeerId(key.verifying_key().to_bytes());
    let before = sim.view(anna).counters.records_accepted;
    hand_gossip(&mut sim, anna, author, author, strangers_record(100, 1000));
    assert_eq!(sim.view(anna).counters.records_accepted, before + 1);
}

#[test]
fn an_old_report_that_is_sent_again_costs_its_author_nothing() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    let chen = sim.id(chen);
    let key = ed25519_dalek::SigningKey::from_bytes(&sim.machine(bao).signing_seed);
    let report = crate::reach::Report::empty(u64::MAX);
    let version = Version {
        epoch: 1,
        counter: 999,
    };
    let record = sign(&key, meeting, version, 0, crate::record::Unheard { report });
    let via = Via {
        relay: chen,
        way: Way::Gossip,
    };
    let taken: Vec<Taken> = sim.with_mesh(anna, |mesh, _| {
        let now = Some(mesh.now.monotonic);
        (0..40)
            .map(|_| mesh.take_record(meeting, AnyRecord::Unheard(record.clone()), now, via))
            .collect()
    });
    assert_eq!(taken[0], Taken::New);
    assert!(taken[1..].iter().all(|taken| *taken == Taken::Known));
    assert_eq!(sim.mesh(anna).guard.counters().records_too_fast, 0);
}

#[test]
fn nobody_has_the_records_of_others_handed_on_as_if_they_were_new() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    let later = |author: Host, counter: u64| {
        let seed = sim.machine(author).signing_seed;
        let known = sim.mesh(anna).meetings.get(&meeting).unwrap();
        let held = &known.presence(sim.id(author)).unwrap().record;
        let version = Version {
            epoch: held.head.version.epoch,
            counter: held.head.version.counter + counter,
        };
        sign(
            &ed25519_dalek::SigningKey::from_bytes(&seed),
            meeting,
            version,
            held.head.instance,
            held.body.clone(),
        )
    };
    let (of_bao, of_chen) = (later(bao, 1), later(chen, 1));
    let mut forged: Vec<u8> = later(chen, 2).raw.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let (bao, chen) = (sim.id(bao), sim.id(chen));
    let published = |mesh: &mut Mesh, raw: &[u8]| {
        mesh.take_and_pass_on(meeting, chen, raw);
        mesh.settle();
        std::iter::from_fn(|| mesh.poll_output())
            .any(|output| matches!(output, Output::Publish { .. }))
    };
    sim.with_mesh(anna, |mesh, _| {
        assert!(!published(mesh, &of_bao.raw), "another's");
        let known = mesh.meetings.get(&meeting).unwrap();
        assert_ne!(known.presence(bao).unwrap().record.hash, of_bao.hash);
        assert!(published(mesh, &of_chen.raw), "its own");
        for _ in 0..8 {
            assert!(!published(mesh, &forged));
        }
        assert!(mesh.is_blamed(chen));
    });
}

#[test]
fn who_offers_forged_invitations_is_not_listened_to() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    sim.meet(anna, "Planning", &[bao]);
    let disk = sim.machine(bao).disk.as_ref().unwrap();
    let prompt = crate::stored::State::decode(disk).unwrap().prompts[0].clone();
    let offer = |raw: Vec<u8>| {
        Request::Invitation(crate::wire::Offered {
            founding: prompt.founding.clone(),
            invitations: vec![raw],
            inside: Vec::new(),
            invited: Vec::new(),
            ages: Vec::new(),
        })
    };
    let good = prompt.invitations[0].raw.clone();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    for _ in 0..8 {
        assert_eq!(
            ask(&mut sim, bao, chen, &offer(forged.clone())),
            Response::Refused
        );
    }
    assert!(sim.mesh(bao).is_blamed(sim.id(chen)));
    assert_eq!(
        ask(&mut sim, bao, chen, &offer(good.clone())),
        Response::Refused
    );
    let answer = ask(&mut sim, bao, anna, &offer(good));
    assert!(matches!(answer, Response::Answers { .. }));
}

#[test]
fn an_exchange_ends_at_the_first_bad_record() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let carried = |raw: Vec<u8>| Carried { age: 0, raw };
    let mut bad = strangers_record(101, 1);
    *bad.last_mut().unwrap() ^= 1;
    let give = vec![
        carried(strangers_record(100, 1)),
        carried(bad),
        carried(strangers_record(102, 1)),
    ];
    let exchange = Request::LobbyExchange {
        want: Vec::new(),
        give,
    };
    ask(&mut sim, anna, bao, &exchange);
    assert_eq!(sim.view(anna).peers.len(), 2, "Bao and the first");
}

#[test]
fn synchronisation_is_held_to_the_rate_of_an_author_too() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let give = (0..40)
        .map(|epoch| Carried {
            age: 0,
            raw: strangers_record(100, 1 + epoch),
        })
        .collect();
    let exchange = Request::LobbyExchange {
        want: Vec::new(),
        give,
    };
    ask(&mut sim, anna, bao, &exchange);
    assert_eq!(sim.view(anna).counters.records_too_fast, 20);
}

#[test]
fn only_the_author_makes_a_known_record_fresh_again() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    sim.crash(bao);
    sim.run(10);
    let (bao, chen) = (sim.id(bao), sim.id(chen));
    let held = |mesh: &Mesh| {
        let known = mesh.meetings.get(&meeting).unwrap();
        known.presence(bao).unwrap().clone()
    };
    sim.with_mesh(anna, |mesh, _| {
        let before = held(mesh);
        let now = Some(mesh.now.monotonic);
        for (relay, refreshes) in [(chen, false), (bao, true)] {
            for way in [Way::Relayed, Way::Gossip, Way::Carried] {
                // The neighbour's own, though another has signed the message around it.
                let refreshes = refreshes && !matches!(way, Way::Relayed);
                let record = read(&before.record.raw).unwrap();
                assert!(matches!(record, AnyRecord::Presence(_)));
                let via = Via { relay, way };
                assert_eq!(mesh.take_record(meeting, record, now, via), Taken::Known);
                assert_eq!(held(mesh).fresh == now, refreshes, "{via:?}");
            }
        }
    });
}
