use proptest::prelude::*;

use super::*;
use crate::presence::{Flags, Presence};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn presence(counter: u64, name: &str) -> Record<PresenceBody> {
    let body = PresenceBody {
        presence: Presence::Online,
        flags: Flags::default(),
        seat: 1,
        name: name.to_owned(),
        device: "laptop".to_owned(),
    };
    sign(
        &key(),
        MeetingId([9; 32]),
        Version { epoch: 1, counter },
        77,
        body,
    )
}

#[test]
fn a_signed_record_reads_back() {
    let record = presence(3, "Anna");
    let Some(AnyRecord::Presence(read)) = read_verified(&record.raw) else {
        panic!("not read");
    };
    assert_eq!(read.head, record.head);
    assert_eq!(read.body, record.body);
    assert_eq!(read.hash, record.hash);
}

#[test]
fn names_arrive_clean_while_the_signed_bytes_stay() {
    let record = presence(3, "An\u{202e}na\n");
    let Some(AnyRecord::Presence(read)) = read_verified(&record.raw) else {
        panic!("not read");
    };
    assert_eq!(read.body.name, "Anna");
    assert_eq!(read.raw, record.raw);
}

#[test]
fn the_longest_bodies_fit_into_a_record() {
    let long = "\u{10ffff}".repeat(300);
    let name = names_of(&long);
    let invitation = sign(
        &key(),
        MeetingId([1; 32]),
        Version {
            epoch: u64::MAX,
            counter: u64::MAX,
        },
        u64::MAX,
        Invitation {
            invitee: PeerId([1; 32]),
            made: crate::Utc(u64::MAX),
            withdrawn: true,
            past: Some(Version {
                epoch: u64::MAX,
                counter: u64::MAX,
            }),
            name: name.0.clone(),
            device: name.1.clone(),
            invitee_name: name.0.clone(),
            invitee_device: name.1.clone(),
        },
    );
    assert!(invitation.raw.len() <= MAX_RECORD);
    let answers = sign(
        &key(),
        MeetingId([1; 32]),
        Version::default(),
        0,
        Answers {
            answers: vec![([255; 8], Answer::Joined); MAX_ANSWERS],
            name: name.0.clone(),
            device: name.1.clone(),
        },
    );
    assert!(read_verified(&answers.raw).is_some());
    let lobby = sign(
        &key(),
        NO_MEETING,
        Version::default(),
        0,
        LobbyEntry {
            running: true,
            name: name.0,
            device: name.1,
            addresses: vec![
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"
                    .parse()
                    .unwrap();
                MAX_ADDRESSES
            ],
        },
    );
    assert!(read_verified(&lobby.raw).is_some());
}

fn names_of(text: &str) -> (String, String) {
    (
        crate::names::clean_name(text),
        crate::names::clean_device(text),
    )
}

#[test]
fn a_record_of_no_meeting_is_refused_where_one_belongs() {
    let mut record = presence(1, "Anna");
    record = sign(&key(), NO_MEETING, record.head.version, 0, record.body);
    assert!(read(&record.raw).is_none());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_verify(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
        prop_assert!(read_verified(&bytes).is_none());
    }

    #[test]
    fn bytes_behind_a_valid_head_are_read_or_refused(kind in 0u8..8, body in proptest::collection::vec(any::<u8>(), 0..900)) {
        let mut bytes = presence(1, "Anna").raw[..HEAD].to_vec();
        bytes[8] = kind;
        bytes.extend(body);
        let _ = read(&bytes);
        prop_assert!(read_verified(&bytes).is_none());
    }

    #[test]
    fn any_change_of_a_valid_record_is_noticed(position: prop::sample::Index, flip in 1u8..) {
        let record = presence(3, "Anna");
        let mut bytes = record.raw.to_vec();
        let position = position.index(bytes.len());
        bytes[position] ^= flip;
        prop_assert!(read_verified(&bytes).is_none());
    }

    #[test]
    fn a_record_cut_short_or_extended_is_refused(keep: prop::sample::Index, more in proptest::collection::vec(any::<u8>(), 1..40)) {
        let record = presence(3, "Anna");
        prop_assert!(read_verified(&record.raw[..keep.index(record.raw.len())]).is_none());
        let mut longer = record.raw.to_vec();
        longer.extend(more);
        prop_assert!(read_verified(&longer).is_none());
    }
}
