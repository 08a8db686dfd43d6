use super::*;
use crate::record::{NO_MEETING, Version, sign};
use ed25519_dalek::SigningKey;

fn record(seed: u16, counter: u64, running: bool, address: &str) -> Record<LobbyEntry> {
    let mut key = [0; 32];
    key[..2].copy_from_slice(&seed.to_le_bytes());
    let body = LobbyEntry {
        running,
        name: "Anna".into(),
        device: String::new(),
        addresses: vec![address.parse().unwrap()],
    };
    sign(
        &SigningKey::from_bytes(&key),
        NO_MEETING,
        Version { epoch: 1, counter },
        0,
        body,
    )
}

const NOW: Duration = Duration::from_secs(5000);

fn merge(lobby: &mut Lobby, record: Record<LobbyEntry>) -> Merged {
    lobby.merge(record, NOW, NOW, None, |_| false)
}

#[test]
fn who_says_goodbye_is_not_running_and_an_old_record_does_not_revive_it() {
    let mut lobby = Lobby::default();
    let old = record(1, 1, true, "10.0.0.1:1");
    let peer = old.head.author;
    assert_eq!(
        merge(&mut lobby, old.clone()),
        Merged::New {
            appeared: true,
            gone: false
        }
    );
    assert!(lobby.is_running(peer, NOW));
    let goodbye = record(1, 2, false, "10.0.0.1:1");
    assert_eq!(
        merge(&mut lobby, goodbye),
        Merged::New {
            appeared: false,
            gone: true
        }
    );
    assert_eq!(merge(&mut lobby, old), Merged::Known);
    assert!(!lobby.is_running(peer, NOW));
}

#[test]
fn a_record_lapses_without_renewal() {
    let mut lobby = Lobby::default();
    let record = record(1, 1, true, "10.0.0.1:1");
    let peer = record.head.author;
    merge(&mut lobby, record.clone());
    assert!(!lobby.is_running(peer, NOW + LAPSE));
    assert_eq!(lobby.lapse(NOW + LAPSE), vec![peer]);
    assert_eq!(
        lobby.merge(record, NOW, NOW + LAPSE, None, |_| false),
        Merged::Known,
        "still too old"
    );
}

#[test]
fn one_address_does_not_fill_the_lobby_and_a_contact_still_gets_in() {
    let mut lobby = Lobby::default();
    for seed in 0..PEERS_PER_ADDRESS as u16 {
        assert!(matches!(
            merge(&mut lobby, record(seed, 1, true, "10.0.0.1:1")),
            Merged::New { .. }
        ));
    }
    let one_more = record(99, 1, true, "10.0.0.1:1");
    assert_eq!(merge(&mut lobby, one_more.clone()), Merged::Full);
    let contact = one_more.head.author;
    let merged = lobby.merge(one_more, NOW, NOW, None, |peer| peer == contact);
    assert!(matches!(merged, Merged::New { .. }));
    assert_eq!(lobby.peers.len(), PEERS_PER_ADDRESS);
}

#[test]
fn a_lapsed_record_is_not_news_again_whatever_age_it_is_said_to_have() {
    let mut lobby = Lobby::default();
    let old = record(1, 5, true, "10.0.0.1:1");
    let peer = old.head.author;
    merge(&mut lobby, old.clone());
    let later = NOW + LAPSE;
    lobby.lapse(later);
    assert_eq!(
        lobby.merge(old, later, later, None, |_| false),
        Merged::Known
    );
    assert!(!lobby.is_running(peer, later));
    let renewed = record(1, 6, true, "10.0.0.1:1");
    assert!(matches!(
        lobby.merge(renewed, later, later, None, |_| false),
        Merged::New { appeared: true, .. }
    ));
}

#[test]
fn a_restart_is_an_appearance() {
    let mut lobby = Lobby::default();
    merge(&mut lobby, record(1, 5, true, "10.0.0.1:1"));
    let renewed = merge(&mut lobby, record(1, 6, true, "10.0.0.1:1"));
    assert!(matches!(
        renewed,
        Merged::New {
            appeared: false,
            ..
        }
    ));
    let restarted = sign(
        &SigningKey::from_bytes(&{
            let mut key = [0; 32];
            key[0] = 1;
            key
        }),
        NO_MEETING,
        Version {
            epoch: 2,
            counter: 1,
        },
        0,
        record(1, 1, true, "10.0.0.1:1").body,
    );
    let restarted = merge(&mut lobby, restarted);
    assert!(matches!(restarted, Merged::New { appeared: true, .. }));
}

#[test]
fn who_names_no_address_or_anothers_does_not_fill_the_lobby() {
    let mut lobby = Lobby::default();
    for seed in 0..100 {
        let mut nowhere = record(seed, 1, true, "127.0.0.1:1");
        if seed % 2 == 0 {
            nowhere.body.addresses.clear();
        }
        merge(&mut lobby, nowhere);
    }
    assert_eq!(lobby.peers.len(), PEERS_PER_ADDRESS);
    // Connected from elsewhere, whatever they claim, they take nobody's place there.
    let mallory = Some(IpAddr::from([10, 0, 0, 66]));
    for seed in 100..200 {
        let claims = record(seed, 1, true, "10.0.0.1:1");
        lobby.merge(claims, NOW, NOW, mallory, |_| false);
    }
    assert_eq!(lobby.peers.len(), 2 * PEERS_PER_ADDRESS);
    let victim = record(300, 1, true, "10.0.0.1:1");
    assert!(matches!(merge(&mut lobby, victim), Merged::New { .. }));
}

#[test]
fn on_loopback_many_daemons_are_no_flood() {
    let mut lobby = Lobby::default();
    lobby.set_on_loopback(true);
    for seed in 0..40 {
        merge(&mut lobby, record(seed, 1, true, "127.0.0.1:1"));
    }
    assert_eq!(lobby.peers.len(), 40);
}

#[test]
fn others_are_told_only_addresses_that_they_can_dial() {
    let addresses: Vec<SocketAddr> = [
        "127.0.0.1:5",
        "10.0.0.1:5",
        "0.0.0.0:5",
        "[fe80::1]:5",
        "224.0.0.1:5",
        "10.0.0.1:5",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    assert_eq!(dialable(&addresses), vec!["10.0.0.1:5".parse().unwrap()]);
    assert_eq!(dialable(&addresses[..1]), addresses[..1]);
}
