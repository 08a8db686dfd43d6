use super::admission::ask;
use super::*;
use crate::limits;
use crate::mesh::merging::{Taken, Via, Way};
use crate::record::{AnyRecord, NO_MEETING, Version, read, sign};
use crate::wire::{Carried, Request, Response};

#[test]
fn a_list_holds_64_meetings_and_ended_ones_make_room() {
    let mut world = World::new(&["Anna"]);
    for number in 0..limits::MEETINGS {
        world.create(0, &format!("Meeting {number}"), &[]);
    }
    let one_more = || Command::Create {
        title: "One more".to_owned(),
        invite: Vec::new(),
    };
    assert_eq!(
        world.command(0, one_more()),
        Err(Refusal::TooManyMeetings {
            limit: limits::MEETINGS
        })
    );
    world.command(0, Command::Leave { meeting: None }).unwrap();
    world.command(0, one_more()).unwrap();
}

#[test]
fn three_invitations_a_minute_to_one_person() {
    let mut world = World::new(&["Anna", "Bao"]);
    for number in 0..3 {
        world.create(0, &format!("Meeting {number}"), &[1]);
    }
    let invite = vec![world.id(1)];
    let refused = world.command(
        0,
        Command::Create {
            title: "Fourth".to_owned(),
            invite,
        },
    );
    assert!(
        matches!(refused, Err(Refusal::TooManyInvitations { .. })),
        "{refused:?}"
    );
    assert_eq!(world.view(1).invitations.len(), 3);
    world.run(21_000);
    world.create(0, "Fourth", &[1]);
    assert_eq!(world.view(1).invitations.len(), 4);
}

#[test]
fn titles_and_names_are_cleaned_where_they_are_given() {
    let mut world = World::new(&["Anna", "Bao"]);
    let empty = Command::Create {
        title: "\u{202e}\n".to_owned(),
        invite: Vec::new(),
    };
    assert_eq!(world.command(0, empty), Err(Refusal::EmptyTitle));
    world.create(0, "Plan\u{202e}ning\u{1b}[31m", &[1]);
    assert_eq!(world.view(1).invitations[0].title, "Planning[31m");
    let rename = Command::Rename {
        name: "Anne\u{7}".to_owned(),
        device: "desk".to_owned(),
    };
    world.command(0, rename).unwrap();
    world.run(500);
    assert_eq!(world.view(1).peers[0].label, "Anne");
}

#[test]
fn inviting_and_volume_know_whom_they_concern() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[]);
    let (anna, bao, nobody) = (world.id(0), world.id(1), PeerId([9; 32]));
    let mut invite = |peers| world.command(0, Command::Invite { meeting, peers });
    assert_eq!(invite(vec![]), Err(Refusal::NobodyNamed));
    assert_eq!(invite(vec![nobody]), Err(Refusal::UnknownPeer(nobody)));
    assert!(invite(vec![anna]).is_ok_and(|reply| reply
        == Reply::Invited {
            invited: vec![],
            already: vec![anna]
        }));
    assert_eq!(
        invite(vec![bao, bao]),
        Ok(Reply::Invited {
            invited: vec![bao],
            already: vec![]
        })
    );
    assert_eq!(
        invite(vec![bao]),
        Ok(Reply::Invited {
            invited: vec![],
            already: vec![bao]
        })
    );
    let volume = |peer, percent| Command::Volume { peer, percent };
    assert_eq!(
        world.command(0, volume(bao, 401)),
        Err(Refusal::WrongVolume)
    );
    assert_eq!(
        world.command(0, volume(nobody, 50)),
        Err(Refusal::UnknownPeer(nobody))
    );
    assert_eq!(world.command(0, volume(bao, 50)), Ok(Reply::Done));
}

#[test]
fn a_talkative_author_is_held_to_ten_records_a_second() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    for _ in 0..40 {
        world.command(1, Command::Mute { at: None }).unwrap();
        world.command(1, Command::Unmute { at: None }).unwrap();
    }
    assert!(world.view(0).counters.records_too_fast > 0);
    // What was dropped comes with the next synchronisation.
    world.command(1, Command::Mute { at: None }).unwrap();
    world.run(40_000);
    assert!(world.entry(0, meeting, 1).unwrap().flags.muted);
}

/// A lobby record that `seed`'s owner signs.
fn lobby_record(seed: u8, epoch: u64) -> Vec<u8> {
    let body = crate::record::LobbyEntry {
        running: true,
        name: "Somebody".into(),
        device: String::new(),
        addresses: vec!["10.0.0.200:1".parse().unwrap()],
    };
    let version = Version { epoch, counter: 1 };
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    sign(&key, NO_MEETING, version, 0, body).raw.to_vec()
}

#[test]
fn forged_records_use_up_the_share_of_who_hands_them_on_and_not_their_authors() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let chen = world.id(2);
    for epoch in 0..60 {
        let mut forged = lobby_record(world.machines[1].seed, (1 << 40) + epoch);
        *forged.last_mut().unwrap() ^= 1;
        world.input(
            0,
            Input::Gossip {
                topic: Topic::lobby(),
                author: world.id(1),
                neighbour: chen,
                data: forged,
                receipt: epoch,
            },
        );
    }
    assert_eq!(world.view(0).counters.records_too_fast, 0);
    let anna = world.machines[0].mesh.as_ref().unwrap();
    assert!(anna.is_blamed(chen) && !anna.is_blamed(world.id(1)));
    let rename = Command::Rename {
        name: "Barbara".to_owned(),
        device: String::new(),
    };
    world.command(1, rename).unwrap();
    let bao = world.id(1);
    let view = world.view(0);
    let known = view.peers.iter().find(|peer| peer.peer == bao).unwrap();
    assert_eq!(known.name, "Barbara", "the author is heard all the same");
    world.run(40_000);
    let anna = world.machines[0].mesh.as_ref().unwrap();
    assert!(!anna.is_blamed(chen), "one that has become honest as well");
}

/// Anna is handed a gossip message about the lobby.
fn gossip(world: &mut World, author: PeerId, neighbour: PeerId, data: Vec<u8>) {
    world.input(
        0,
        Input::Gossip {
            topic: Topic::lobby(),
            author,
            neighbour,
            data,
            receipt: 0,
        },
    );
}

#[test]
fn a_forger_is_blamed_under_whatever_name_it_signs_its_messages() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let (bao, chen) = (world.id(1), world.id(2));
    for number in 0..60 {
        let mut forged = lobby_record(100, 1 + u64::from(number));
        *forged.last_mut().unwrap() ^= 1;
        gossip(&mut world, PeerId([number; 32]), chen, forged);
    }
    let anna = world.machines[0].mesh.as_ref().unwrap();
    assert!(anna.is_blamed(chen));
    assert!((0..60).all(|number| !anna.is_blamed(PeerId([number; 32]))));
    // What it hands on meanwhile is not looked at, whoever made it; others are heard.
    gossip(&mut world, bao, chen, lobby_record(101, 1));
    assert_eq!(world.view(0).peers.len(), 2);
    gossip(&mut world, chen, bao, lobby_record(102, 1));
    assert_eq!(world.view(0).peers.len(), 3);
}

#[test]
fn what_others_hand_on_does_not_use_up_an_authors_own_share() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let chen = world.id(2);
    // Kept for a day, and sent at once.
    for epoch in 0..60 {
        gossip(&mut world, chen, chen, lobby_record(100, 1 + epoch));
    }
    assert!(world.view(0).counters.records_too_fast > 0);
    let key = ed25519_dalek::SigningKey::from_bytes(&[100; 32]);
    let author = PeerId(key.verifying_key().to_bytes());
    let before = world.view(0).counters.records_accepted;
    gossip(&mut world, author, author, lobby_record(100, 1000));
    assert_eq!(world.view(0).counters.records_accepted, before + 1);
}

#[test]
fn an_old_report_that_is_sent_again_costs_its_author_nothing() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    let chen = world.id(2);
    let key = ed25519_dalek::SigningKey::from_bytes(&[world.machines[1].seed; 32]);
    let mesh = world.machines[0].mesh.as_mut().unwrap();
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
    let now = Some(mesh.now.monotonic);
    let taken: Vec<Taken> = (0..40)
        .map(|_| mesh.take_record(meeting, AnyRecord::Unheard(record.clone()), now, via))
        .collect();
    assert_eq!(taken[0], Taken::New);
    assert!(taken[1..].iter().all(|taken| *taken == Taken::Known));
    assert_eq!(mesh.guard.counters().records_too_fast, 0);
}

#[test]
fn nobody_has_the_records_of_others_handed_on_as_if_they_were_new() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    let (bao, chen) = (world.id(1), world.id(2));
    let key = |index: usize| ed25519_dalek::SigningKey::from_bytes(&[index as u8 + 1; 32]);
    let mesh = world.machines[0].mesh.as_mut().unwrap();
    let later = |author: usize, counter: u64| {
        let peer = PeerId(key(author).verifying_key().to_bytes());
        let known = mesh.meetings.get(&meeting).unwrap();
        let held = &known.presence(peer).unwrap().record;
        let version = Version {
            epoch: held.head.version.epoch,
            counter: held.head.version.counter + counter,
        };
        sign(
            &key(author),
            meeting,
            version,
            held.head.instance,
            held.body.clone(),
        )
    };
    let (of_bao, of_chen) = (later(1, 1), later(2, 1));
    let mut forged: Vec<u8> = later(2, 2).raw.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let published = |mesh: &mut Mesh, raw: &[u8]| {
        mesh.take_and_pass_on(meeting, chen, raw);
        mesh.settle();
        std::iter::from_fn(|| mesh.poll_output())
            .any(|output| matches!(output, Output::Publish { .. }))
    };
    assert!(!published(mesh, &of_bao.raw), "another's");
    let known = mesh.meetings.get(&meeting).unwrap();
    assert_ne!(known.presence(bao).unwrap().record.hash, of_bao.hash);
    assert!(published(mesh, &of_chen.raw), "its own");
    for _ in 0..8 {
        assert!(!published(mesh, &forged));
    }
    assert!(mesh.is_blamed(chen));
}

#[test]
fn who_offers_forged_invitations_is_not_listened_to() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    world.create(0, "Planning", &[1]);
    let disk = world.machines[1].disk.as_ref().unwrap();
    let prompt = crate::stored::State::decode(disk).unwrap().prompts[0].clone();
    let (anna, chen) = (world.id(0), world.id(2));
    let offer = |raw: Vec<u8>| {
        Request::Invitation(crate::wire::Offered {
            founding: prompt.founding.clone(),
            invitations: vec![raw],
            inside: Vec::new(),
            invited: Vec::new(),
        })
    };
    let good = prompt.invitations[0].raw.clone();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    for _ in 0..8 {
        assert_eq!(
            ask(&mut world, 1, chen, &offer(forged.clone())),
            Response::Refused
        );
    }
    assert!(world.machines[1].mesh.as_ref().unwrap().is_blamed(chen));
    assert_eq!(
        ask(&mut world, 1, chen, &offer(good.clone())),
        Response::Refused
    );
    let answer = ask(&mut world, 1, anna, &offer(good));
    assert!(matches!(answer, Response::Answers { .. }));
}

#[test]
fn an_exchange_ends_at_the_first_bad_record() {
    let mut world = World::new(&["Anna", "Bao"]);
    let carried = |raw: Vec<u8>| Carried { age: 0, raw };
    let mut bad = lobby_record(101, 1);
    *bad.last_mut().unwrap() ^= 1;
    let give = vec![
        carried(lobby_record(100, 1)),
        carried(bad),
        carried(lobby_record(102, 1)),
    ];
    let exchange = Request::LobbyExchange {
        want: Vec::new(),
        give,
    };
    let bao = world.id(1);
    ask(&mut world, 0, bao, &exchange);
    assert_eq!(world.view(0).peers.len(), 2, "Bao and the first");
}

#[test]
fn synchronisation_is_held_to_the_rate_of_an_author_too() {
    let mut world = World::new(&["Anna", "Bao"]);
    let bao = world.id(1);
    let give = (0..40)
        .map(|epoch| Carried {
            age: 0,
            raw: lobby_record(100, 1 + epoch),
        })
        .collect();
    let exchange = Request::LobbyExchange {
        want: Vec::new(),
        give,
    };
    ask(&mut world, 0, bao, &exchange);
    assert_eq!(world.view(0).counters.records_too_fast, 20);
}

#[test]
fn only_the_author_makes_a_known_record_fresh_again() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    world.crash(1);
    world.run(10_000);
    let (bao, chen) = (world.id(1), world.id(2));
    let mesh = world.machines[0].mesh.as_mut().unwrap();
    let held = |mesh: &Mesh| {
        mesh.meetings
            .get(&meeting)
            .unwrap()
            .presence(bao)
            .unwrap()
            .clone()
    };
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
}
