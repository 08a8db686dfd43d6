use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::digest::Entry;
use crate::growable::tests::with_addition;

fn carried() -> Vec<Carried> {
    vec![
        Carried {
            age: 3,
            raw: vec![7; 200]
        };
        3
    ]
}

fn listing() -> Listing {
    Listing {
        buckets: vec![1, 200],
        entries: vec![
            Entry {
                slot: [1; 8],
                reference: [2; 8],
            };
            2
        ],
        more: true,
    }
}

fn lobby_digest(hashes: Vec<u64>) -> Request {
    Request::LobbyDigest {
        hashes,
        clock: Utc::default(),
    }
}

pub(crate) fn requests() -> Vec<Request> {
    let claimed = |name: &str| Claimed {
        peer: PeerId([3; 32]),
        name: name.into(),
        device: "laptop".into(),
    };
    vec![
        lobby_digest(vec![5; 256]),
        Request::LobbyExchange {
            want: vec![[1; 8]; 20],
            give: carried(),
        },
        Request::Invitation(Offered {
            founding: vec![1; 200],
            invitations: vec![vec![2; 300]; 2],
            inside: vec![claimed("Anna"), claimed("Bao")],
            invited: vec![claimed("Chi")],
            ages: Vec::new(),
        }),
        Request::Join {
            meeting: MeetingId([4; 32]),
            invitations: vec![vec![2; 300]; 2],
        },
        Request::Answers { raw: vec![3; 400] },
        Request::Sealed {
            tag: [1; 32],
            sealed: vec![2; 90],
        },
    ]
}

pub(crate) fn responses() -> Vec<Response> {
    vec![
        Response::Done,
        Response::Refused,
        Response::Listing(listing()),
        Response::Records(carried()),
        Response::Answers { raw: vec![3; 400] },
        Response::Admitted(Admission {
            secret: [1; 32],
            founding: vec![2; 200],
            records: carried(),
        }),
        Response::NotAdmitted(NotAdmitted::Full),
        Response::Sealed(vec![2; 90]),
        Response::UnknownRequest,
    ]
}

pub(crate) fn meeting_requests() -> Vec<MeetingRequest> {
    vec![
        MeetingRequest::Digest {
            hashes: vec![1, 2],
            mine: Some(vec![1; 230]),
        },
        MeetingRequest::Exchange {
            want: vec![[1; 8]; 20],
            give: carried(),
        },
        MeetingRequest::Announce {
            records: vec![vec![1; 230]; 2],
        },
        MeetingRequest::VoiceKeys(keys::Offer::sample()),
        MeetingRequest::Whisper(WhisperNotice {
            serial: 3,
            others: Some(vec![PeerId([1; 32])]),
        }),
    ]
}

pub(crate) fn meeting_responses() -> Vec<MeetingResponse> {
    vec![
        MeetingResponse::Done,
        MeetingResponse::Listing {
            listing: listing(),
            mine: Some(vec![1; 230]),
        },
        MeetingResponse::Records(carried()),
        MeetingResponse::VoiceKeys(keys::Answer::Accepted(keys::Offer::sample())),
        MeetingResponse::VoiceKeys(keys::Answer::Behind { generation: 7 }),
        MeetingResponse::VoiceKeys(keys::Answer::Refused(keys::AnswerRefusal::Malformed)),
        MeetingResponse::Deafened,
        MeetingResponse::UnknownRequest,
    ]
}

/// Messages and the numbers of their kinds.
fn numbers<M: Message>(messages: Vec<M>) -> Vec<u8> {
    messages.iter().map(|message| message.encode()[1]).collect()
}

#[test]
fn the_numbers_of_the_kinds_stay() {
    assert_eq!(numbers(requests()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(numbers(responses()), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(numbers(meeting_requests()), [0, 1, 2, 3, 4]);
    assert_eq!(numbers(meeting_responses()), [0, 1, 2, 3, 3, 3, 4, 5]);
}

fn each<M: Message + Debug + PartialEq>(messages: Vec<M>, check: impl Fn(&M)) {
    messages.iter().for_each(check);
}

fn for_all(check: impl Check) {
    each(requests(), |message| check.check(message));
    each(responses(), |message| check.check(message));
    each(meeting_requests(), |message| check.check(message));
    each(meeting_responses(), |message| check.check(message));
}

/// Something that holds of every message.
trait Check {
    fn check<M: Message + Debug + PartialEq>(&self, message: &M);
}

struct ReadsBack;

impl Check for ReadsBack {
    fn check<M: Message + Debug + PartialEq>(&self, message: &M) {
        assert_eq!(M::decode(&message.encode()).as_ref(), Ok(message));
    }
}

#[test]
fn messages_read_back() {
    for_all(ReadsBack);
}

struct Grows;

impl Check for Grows {
    fn check<M: Message + Debug + PartialEq>(&self, message: &M) {
        let longer = [message.encode(), vec![0xff, 0, 9]].concat();
        assert_eq!(M::decode(&longer).as_ref(), Ok(message));
        let mut block = 0;
        while let Some(longer) = with_addition(block, || message.encode()) {
            assert_eq!(M::decode(&longer).as_ref(), Ok(message), "block {block}");
            block += 1;
        }
        assert!(block < 100);
    }
}

#[test]
fn what_a_later_release_adds_at_any_depth_is_skipped() {
    for_all(Grows);
    let blocks = |message: &Request| {
        (0..)
            .take_while(|block| with_addition(*block, || message.encode()).is_some())
            .count()
    };
    let counts: Vec<usize> = requests().iter().map(blocks).collect();
    assert_eq!(counts, [0, 3, 3, 0, 0, 0], "records and claims are blocks");
}

struct CutShort;

impl Check for CutShort {
    fn check<M: Message + Debug + PartialEq>(&self, message: &M) {
        let bytes = message.encode();
        for end in 0..bytes.len() {
            // Only fields that earlier releases did not write may be missing.
            match M::decode(&bytes[..end]) {
                Ok(read) => assert!(read.encode().starts_with(&bytes[..end]), "{message:?}"),
                Err(why) => assert_eq!(why, Unread::Broken, "{message:?} cut at {end}"),
            }
        }
    }
}

#[test]
fn a_message_cut_short_is_broken_wherever_it_is_cut() {
    for_all(CutShort);
}

struct OfLaterKinds;

impl Check for OfLaterKinds {
    fn check<M: Message + Debug + PartialEq>(&self, _: &M) {
        for kind in [60_u32, 100, 127] {
            let bytes = [VERSION, kind as u8, 1, 2, 3];
            assert_eq!(M::decode(&bytes), Err(Unread::UnknownKind(kind)));
        }
        let far = [VERSION, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(M::decode(&far), Err(Unread::UnknownKind(u32::MAX)));
    }
}

#[test]
fn a_kind_that_only_a_later_release_knows_is_told_from_a_broken_message() {
    for_all(OfLaterKinds);
    let keys = [VERSION, 3, 77];
    assert_eq!(
        MeetingResponse::decode(&keys),
        Err(Unread::UnknownKind(77)),
        "the kind of an answer about keys"
    );
}

#[test]
fn reasons_that_only_a_later_release_knows_are_kept() {
    for why in [0, 3, 4, 300, u32::MAX] {
        let refusal = Response::NotAdmitted(why.into());
        assert_eq!(Response::decode(&refusal.encode()), Ok(refusal));
        let refusal = MeetingResponse::VoiceKeys(keys::Answer::Refused(why.into()));
        assert_eq!(MeetingResponse::decode(&refusal.encode()), Ok(refusal));
        assert_eq!(u32::from(NotAdmitted::from(why)), why);
        assert_eq!(u32::from(keys::AnswerRefusal::from(why)), why);
    }
}

#[test]
fn a_message_of_another_version_is_broken() {
    let mut bytes = lobby_digest(vec![5; 256]).encode();
    bytes[0] = 2;
    assert_eq!(Request::decode(&bytes), Err(Unread::Broken));
}

#[test]
fn a_list_longer_than_its_bound_is_refused() {
    assert!(Request::decode(&lobby_digest(vec![0; 512]).encode()).is_err());
    let want = vec![[0; 8]; MOST_ENTRIES + 1];
    assert!(
        Request::decode(
            &Request::LobbyExchange {
                want,
                give: Vec::new()
            }
            .encode()
        )
        .is_err()
    );
}

fn decode_as_all(bytes: &[u8]) {
    let _ = Request::decode(bytes);
    let _ = Response::decode(bytes);
    let _ = MeetingRequest::decode(bytes);
    let _ = MeetingResponse::decode(bytes);
}

fn samples() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = requests().iter().map(Message::encode).collect();
    all.extend(responses().iter().map(Message::encode));
    all.extend(meeting_requests().iter().map(Message::encode));
    all.extend(meeting_responses().iter().map(Message::encode));
    all
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 1..2000)) {
        decode_as_all(&bytes);
        bytes[0] = VERSION;
        decode_as_all(&bytes);
    }

    #[test]
    fn mutated_messages_are_read_or_refused(
        sample in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut samples = samples();
        let mut bytes = samples.swap_remove(sample.index(samples.len()));
        for (position, byte) in changes {
            let position = position.index(bytes.len());
            bytes[position] = byte;
        }
        decode_as_all(&bytes);
        decode_as_all(&bytes[..keep.index(bytes.len())]);
    }
}

#[test]
fn a_join_without_invitations_is_that_of_somebody_who_brings_none() {
    let mut bytes = vec![VERSION, 3];
    bytes.extend([4; 32]);
    let read = Request::decode(&bytes);
    let join = Request::Join {
        meeting: MeetingId([4; 32]),
        invitations: Vec::new(),
    };
    assert_eq!(read, Ok(join));
}
