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

/// Signs a body as its bytes, whatever they are.
fn signed_bytes(key: &SigningKey, head: &Head, body: &[u8]) -> Vec<u8> {
    sign_bytes(key, head, |mut raw| {
        raw.extend(body);
        raw
    })
}

/// A record of a kind that only later releases understand.
pub(crate) fn signed_unknown(
    key: &SigningKey,
    meeting: MeetingId,
    kind: u8,
    counter: u64,
    body: &[u8],
) -> Record<Unknown> {
    signed_later(key, meeting, kind, Version { epoch: 1, counter }, 77, body)
}

/// The same under any version.
pub(crate) fn signed_later(
    key: &SigningKey,
    meeting: MeetingId,
    kind: u8,
    version: Version,
    instance: u64,
    body: &[u8],
) -> Record<Unknown> {
    let head = Head {
        kind: Kind::Unknown(kind),
        meeting,
        author: PeerId(key.verifying_key().to_bytes()),
        version,
        instance,
    };
    match read_verified(&signed_bytes(key, &head, body)) {
        Some(AnyRecord::Unknown(record)) => record,
        other => panic!("{other:?}"),
    }
}

/// One of each kind.
pub(crate) fn samples() -> Vec<AnyRecord> {
    let meeting = MeetingId([9; 32]);
    let version = Version {
        epoch: 3,
        counter: 200,
    };
    let names = || ("Anna".to_owned(), "laptop".to_owned());
    let founding = Founding {
        title: "Planning".to_owned(),
        created: crate::Utc(1_800_000_000),
        nonce: [1; 16],
        commitment: [2; 32],
    };
    let lobby = LobbyEntry {
        running: true,
        name: names().0,
        device: names().1,
        addresses: vec![
            "192.0.2.1:4001".parse().unwrap(),
            "[2001:db8::1]:4001".parse().unwrap(),
        ],
    };
    let invitation = Invitation {
        invitee: PeerId([4; 32]),
        made: crate::Utc(1_800_000_000),
        withdrawn: false,
        past: Some(version),
        name: names().0,
        device: names().1,
        invitee_name: "Bao".to_owned(),
        invitee_device: "desktop".to_owned(),
    };
    let answers = Answers {
        answers: vec![([6; 8], Answer::Received), ([7; 8], Answer::Declined)],
        name: names().0,
        device: names().1,
    };
    let unheard = Unheard {
        report: crate::reach::Report::sample(),
    };
    vec![
        AnyRecord::Founding(sign(&key(), NO_MEETING, version, 77, founding)),
        AnyRecord::Presence(presence(3, "Anna")),
        AnyRecord::Lobby(sign(&key(), NO_MEETING, version, 77, lobby)),
        AnyRecord::Invitation(sign(&key(), meeting, version, 77, invitation)),
        AnyRecord::Answer(sign(&key(), meeting, version, 77, answers)),
        AnyRecord::Unheard(sign(&key(), meeting, version, 77, unheard)),
        AnyRecord::Unknown(signed_unknown(&key(), meeting, 99, 5, b"later")),
    ]
}

/// The body of a record, as text, to compare what was read.
pub(crate) fn body_of(record: &AnyRecord) -> String {
    match record {
        AnyRecord::Founding(record) => format!("{:?}", record.body),
        AnyRecord::Presence(record) => format!("{:?}", record.body),
        AnyRecord::Lobby(record) => format!("{:?}", record.body),
        AnyRecord::Invitation(record) => format!("{:?}", record.body),
        AnyRecord::Answer(record) => format!("{:?}", record.body),
        AnyRecord::Unheard(record) => format!("{:?}", record.body),
        AnyRecord::Unknown(record) => format!("{:?}", record.body),
    }
}

/// What this release writes for a body that it has read.
fn written(record: &AnyRecord) -> Vec<u8> {
    let empty = Vec::new();
    match record {
        AnyRecord::Founding(record) => growable::write(&record.body, empty),
        AnyRecord::Presence(record) => growable::write(&record.body, empty),
        AnyRecord::Lobby(record) => growable::write(&record.body, empty),
        AnyRecord::Invitation(record) => growable::write(&record.body, empty),
        AnyRecord::Answer(record) => growable::write(&record.body, empty),
        AnyRecord::Unheard(record) => growable::write(&record.body, empty),
        AnyRecord::Unknown(record) => record.raw[HEAD..record.raw.len() - SIGNATURE].to_vec(),
    }
}

fn body_bytes(record: &AnyRecord) -> &[u8] {
    let raw = record.raw();
    &raw[HEAD..raw.len() - SIGNATURE]
}

#[test]
fn what_a_later_release_adds_to_any_body_is_skipped_and_handed_on() {
    for record in samples() {
        let body = [body_bytes(&record), &[0xff, 0, 7]].concat();
        let raw = signed_bytes(&key(), record.head(), &body);
        let read = read_verified(&raw).unwrap_or_else(|| panic!("{:?}", record.head().kind));
        assert_eq!(body_of(&read), body_of(&record));
        assert_eq!(read.raw()[..], raw[..]);
    }
}

#[test]
fn a_body_without_all_that_this_release_requires_is_refused() {
    for record in samples() {
        let body = body_bytes(&record);
        for end in 0..body.len() {
            // Only fields that earlier releases did not write may be missing.
            let raw = signed_bytes(&key(), record.head(), &body[..end]);
            if let Some(read) = read(&raw) {
                assert!(written(&read).starts_with(&body[..end]), "{read:?}");
            }
        }
    }
}

#[test]
fn an_unknown_reason_and_an_unknown_answer_are_read_as_such() {
    let record = presence(3, "Anna");
    let mut body = body_bytes(&AnyRecord::Presence(record.clone())).to_vec();
    // Online is one number; a reason of absence is two.
    body.splice(..1, [2, 200, 1]);
    let Some(AnyRecord::Presence(read)) = read_verified(&signed_bytes(&key(), &record.head, &body))
    else {
        panic!("not read");
    };
    assert_eq!(
        read.body.presence,
        Presence::Offline(crate::OfflineReason::Unknown)
    );
    let answers = Answers {
        answers: vec![([6; 8], Answer::Unknown(300))],
        name: String::new(),
        device: String::new(),
    };
    let record = sign(&key(), MeetingId([9; 32]), Version::default(), 0, answers);
    let Some(AnyRecord::Answer(read)) = read_verified(&record.raw) else {
        panic!("not read");
    };
    assert_eq!(read.body.answers, [([6; 8], Answer::Unknown(300))]);
}

#[test]
fn kinds_of_later_releases_are_read_wherever_they_belong() {
    for meeting in [NO_MEETING, MeetingId([9; 32])] {
        for kind in 7..=255 {
            let record = signed_unknown(&key(), meeting, kind, 1, &[]);
            assert_eq!(record.head.kind.is_passing(), kind >= 128);
        }
    }
    let mut head = presence(1, "Anna").head;
    head.kind = Kind::Unknown(0);
    assert!(read(&signed_bytes(&key(), &head, &[])).is_none(), "no kind");
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
