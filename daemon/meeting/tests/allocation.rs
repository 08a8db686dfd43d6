//! Messages from outside are given memory for what they hold, never for what they say they hold.
//!
//! A global allocator counts, so this is a test program of its own.

#![allow(clippy::unwrap_used)] // a test fails loudly, its fixtures too

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use sotto_instruments::{Counting, needed};
use sotto_meeting::{Input, Mesh, Now, Output, RejoinPolicy, Setup, Topic, Utc};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a message of this length may need at once: itself, what is read of it, and the answer to it.
///
/// True content takes more memory than bytes on the wire: an empty byte string is one byte there and 24 here, and a list
/// that grows holds its former content for a moment. But every list has a bound of its own.
fn justified(length: usize) -> usize {
    (16 * length).min(3 * length + 128 * 1024) + 16 * 1024
}

const START: Duration = Duration::from_secs(1_000);
const LENGTHS: [usize; 6] = [150, 400, 1_000, 6_000, 20_000, 60_000];

fn now(since_start: Duration) -> Now {
    Now {
        monotonic: START + since_start,
        since_boot: START + since_start,
        utc: Utc(1_800_000_000 + since_start.as_secs()),
    }
}

fn mesh(seed: u8) -> Mesh {
    let setup = Setup {
        signing_seed: [seed; 32],
        rng_seed: [seed; 32],
        name: "Anna".into(),
        device_name: "laptop".into(),
        stored: None,
        rejoin: RejoinPolicy::default(),
        boot: None,
    };
    Mesh::new(setup, now(Duration::ZERO)).unwrap()
}

fn outputs(mesh: &mut Mesh) -> Vec<Output> {
    std::iter::from_fn(|| mesh.poll_output()).collect()
}

/// postcard's integers: seven bits a byte, least significant first.
fn told(mut length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes
}

/// Messages of `length` bytes that begin with `before`, then tell a length, then hold nothing but `filling`.
fn lies(before: &[u8], length: usize, filling: u8) -> impl Iterator<Item = Vec<u8>> {
    let left = length.saturating_sub(before.len() + 3) as u64;
    let before = before.to_vec();
    [left, left / 2, left / 34, 2 * left, 1 << 31, u64::MAX]
        .into_iter()
        .map(move |lie| {
            let mut message = [before.clone(), told(lie)].concat();
            message.resize(length, filling);
            message
        })
}

/// Every place where a request tells a length, as what precedes it: version, kind, and mostly empty lists.
fn places_in_requests() -> Vec<Vec<u8>> {
    vec![
        vec![1, 0],                                // hashes of the lobby
        vec![1, 1],                                // what is wanted
        vec![1, 1, 0],                             // what is given
        vec![1, 1, 0, 1, 0],                       // a record that is given
        vec![1, 2],                                // the founding record
        vec![1, 2, 0],                             // invitations
        vec![1, 2, 0, 1],                          // an invitation
        vec![1, 2, 0, 0],                          // who is inside
        vec![1, 2, 0, 0, 0],                       // who is invited
        [&[1, 2, 0, 0, 1][..], &[7; 32]].concat(), // somebody's name
        vec![1, 4],                                // answers
        [&[1, 5][..], &[7; 32]].concat(),          // sealed
    ]
}

/// The same for responses.
fn places_in_responses() -> Vec<Vec<u8>> {
    vec![
        vec![1, 2],                             // buckets
        vec![1, 2, 0],                          // entries
        vec![1, 3],                             // records
        vec![1, 3, 1, 0],                       // a record
        vec![1, 4],                             // answers
        [&[1, 5][..], &[7; 32]].concat(),       // the founding record
        [&[1, 5][..], &[7; 32], &[0]].concat(), // records at admission
        vec![1, 7],                             // sealed
    ]
}

/// The same for lobby records: magic, kind, meeting, author, versions, and that it runs.
fn places_in_lobby_records() -> Vec<Vec<u8>> {
    let head = [&b"sotto/1/"[..], &[3], &[0; 32], &[7; 32], &[1; 24], &[1]].concat();
    // Name, device, addresses.
    [&[][..], &[0], &[0, 0]]
        .map(|empty| [&head, empty].concat())
        .to_vec()
}

#[test]
fn a_told_length_is_given_no_memory() {
    let peer = mesh(2).me();
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    let mut worst = (0.0, String::new());
    let mut judge = |what: String, length: usize, needed: usize| {
        let share = needed as f64 / justified(length) as f64;
        if share > worst.0 {
            worst = (share, format!("{what}: {needed} bytes for {length}"));
        }
    };

    for (place, filling, length) in everywhere(&places_in_requests()) {
        for data in lies(place, length, filling) {
            let mut mesh = mesh(1);
            mesh.handle(Input::PeerConnected { peer, address }, now(Duration::ZERO));
            outputs(&mut mesh);
            let needed = needed(|| {
                let request = Input::Request {
                    from: peer,
                    id: 1,
                    data: data.clone(),
                };
                mesh.handle(request, now(Duration::ZERO));
            });
            let answered = outputs(&mut mesh);
            assert!(
                answered
                    .iter()
                    .any(|output| matches!(output, Output::Respond { id: 1, .. })),
                "{place:?}"
            );
            judge(format!("request {place:?}"), length, needed);
        }
    }

    for (place, filling, length) in everywhere(&places_in_responses()) {
        for data in lies(place, length, filling) {
            let mut mesh = mesh(1);
            mesh.handle(Input::PeerConnected { peer, address }, now(Duration::ZERO));
            let asked = outputs(&mut mesh)
                .into_iter()
                .find_map(|output| match output {
                    Output::Request { id, .. } => Some(id),
                    _ => None,
                });
            // Whoever connects is asked what it knows of the lobby.
            let id = asked.unwrap();
            let needed = needed(|| {
                let response = Input::Response {
                    id,
                    from: peer,
                    result: Ok(data.clone()),
                };
                mesh.handle(response, now(Duration::ZERO));
            });
            judge(format!("response {place:?}"), length, needed);
        }
    }

    // A lobby record without a valid signature: it is read before that is known.
    for (place, filling, length) in everywhere(&places_in_lobby_records()) {
        for data in lies(place, length, filling) {
            let mut mesh = mesh(1);
            outputs(&mut mesh);
            let needed = needed(|| {
                let gossip = Input::Gossip {
                    topic: Topic::lobby(),
                    author: peer,
                    neighbour: peer,
                    data: data.clone(),
                    receipt: 1,
                };
                mesh.handle(gossip, now(Duration::ZERO));
            });
            let judged = outputs(&mut mesh);
            assert!(
                judged
                    .iter()
                    .any(|output| matches!(output, Output::Verdict { receipt: 1, .. })),
                "{place:?}"
            );
            judge(format!("lobby record {place:?}"), length, needed);
        }
    }

    println!("closest to its limit: {}", worst.1);
    assert!(
        worst.0 <= 1.0,
        "more memory than the bytes justify: {}",
        worst.1
    );
}

fn everywhere(places: &[Vec<u8>]) -> impl Iterator<Item = (&[u8], u8, usize)> {
    places.iter().flat_map(|place| {
        LENGTHS
            .into_iter()
            .flat_map(move |length| [0, 1, 0xff].map(|filling| (&place[..], filling, length)))
    })
}
