use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use sotto_instruments::Chance;

use super::invitations::INVITATION_LIFE;
use super::*;
use crate::digest::Entry;
use crate::presence::Flags;
use crate::record::{Answer, NO_MEETING, sign};

const NOW: Utc = Utc(1_800_000_000);

fn key(number: u16) -> SigningKey {
    let mut seed = [7; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SigningKey::from_bytes(&seed)
}

fn peer(number: u16) -> PeerId {
    PeerId(key(number).verifying_key().to_bytes())
}

fn meeting() -> Meeting {
    let founding = Founding {
        title: "Planning".into(),
        created: NOW,
        nonce: [1; 16],
        commitment: [0; 32],
    };
    let founding = sign(&key(0), NO_MEETING, Version::default(), 0, founding);
    let id = MeetingId(founding.hash);
    Meeting::new(founding, [2; 32], Reach::new(id, peer(0), 1), NOW)
}

fn version(counter: u64) -> Version {
    Version { epoch: 1, counter }
}

fn presence(meeting: &Meeting, author: u16, counter: u64, presence: Presence) -> AnyRecord {
    let body = PresenceBody {
        presence,
        flags: Flags::default(),
        seat: 0,
        name: "Anna".into(),
        device: String::new(),
    };
    AnyRecord::Presence(sign(&key(author), meeting.id(), version(counter), 0, body))
}

fn invitation(
    meeting: &Meeting,
    author: u16,
    invitee: u16,
    counter: u64,
    withdrawn: bool,
) -> Record<Invitation> {
    let body = Invitation {
        invitee: peer(invitee),
        made: NOW,
        withdrawn,
        past: None,
        name: "Anna".into(),
        device: String::new(),
        invitee_name: "Bao".into(),
        invitee_device: String::new(),
    };
    sign(&key(author), meeting.id(), version(counter), 0, body)
}

fn answers(
    meeting: &Meeting,
    author: u16,
    counter: u64,
    answers: Vec<([u8; 8], Answer)>,
) -> AnyRecord {
    let body = Answers {
        answers,
        name: "Bao".into(),
        device: String::new(),
    };
    AnyRecord::Answer(sign(&key(author), meeting.id(), version(counter), 0, body))
}

fn sorted(meeting: &Meeting) -> Vec<Entry> {
    let mut entries: Vec<Entry> = meeting.records().map(|kept| kept.entry).collect();
    entries.sort();
    entries
}

#[test]
fn of_equal_versions_the_greater_hash_wins_whatever_comes_first() {
    let one = presence(&meeting(), 1, 5, Presence::Online);
    let other = presence(&meeting(), 1, 5, Presence::Offline(OfflineReason::Left));
    let merged = |records: [&AnyRecord; 2]| {
        let mut meeting = meeting();
        for record in records {
            meeting.merge(record.clone(), None, NOW);
        }
        sorted(&meeting)
    };
    assert_eq!(merged([&one, &other]), merged([&other, &one]));
}

#[test]
fn participation_beats_withdrawal() {
    let mut meeting = meeting();
    let withdrawn = invitation(&meeting, 0, 1, 2, true);
    meeting.merge(AnyRecord::Invitation(withdrawn), None, NOW);
    assert!(!meeting.roster(NOW).contains(&peer(1)));
    let joined = presence(&meeting, 1, 1, Presence::Online);
    meeting.merge(joined, None, NOW);
    assert!(meeting.roster(NOW).contains(&peer(1)));
}

#[test]
fn a_declined_invitation_is_closed_and_a_newer_one_is_open() {
    let mut meeting = meeting();
    let first = invitation(&meeting, 0, 1, 1, false);
    meeting.merge(AnyRecord::Invitation(first.clone()), None, NOW);
    assert_eq!(meeting.undelivered(peer(1), None, NOW).len(), 1);
    let declined = answers(&meeting, 1, 1, vec![(first.reference(), Answer::Declined)]);
    meeting.merge(declined, None, NOW);
    assert!(meeting.open_invitations(peer(1), NOW).is_empty());
    assert!(meeting.undelivered(peer(1), None, NOW).is_empty());
    let again = invitation(&meeting, 0, 1, 2, false);
    meeting.merge(AnyRecord::Invitation(again), None, NOW);
    assert_eq!(meeting.open_invitations(peer(1), NOW).len(), 1);
}

#[test]
fn what_a_meeting_held_fits_into_an_empty_one() {
    let mut full = meeting();
    for invitee in 1..=2 * PARTICIPANTS as u16 {
        let invitation = invitation(&full, 0, invitee, u64::from(invitee), false);
        let declined = vec![(invitation.reference(), Answer::Declined)];
        let declined = answers(&full, invitee, 1, declined);
        full.merge(AnyRecord::Invitation(invitation), None, NOW);
        full.merge(declined, None, NOW);
    }
    let mut empty = meeting();
    for kept in full.records() {
        empty.merge(crate::record::read(kept.raw).unwrap(), None, NOW);
    }
    assert_eq!(sorted(&empty), sorted(&full));
}

#[test]
fn an_invitation_from_the_future_lapses_a_day_after_its_receipt() {
    let mut meeting = meeting();
    let invitation = invitation(&meeting, 0, 1, 1, false);
    let early = Utc(NOW.0 - 1_000_000);
    meeting.merge(AnyRecord::Invitation(invitation), None, early);
    let day = INVITATION_LIFE.as_secs();
    assert_eq!(
        meeting
            .open_invitations(peer(1), Utc(early.0 + day - 1))
            .len(),
        1
    );
    assert!(
        meeting
            .open_invitations(peer(1), Utc(early.0 + day))
            .is_empty()
    );
}

#[test]
fn a_full_roster_takes_nobody_else_and_keeps_those_it_has() {
    let mut meeting = meeting();
    for author in 0..PARTICIPANTS as u16 {
        let record = presence(&meeting, author, 1, Presence::Online);
        assert!(matches!(meeting.merge(record, None, NOW), Merged::Presence));
    }
    let one_more = presence(&meeting, 999, 1, Presence::Online);
    assert!(matches!(meeting.merge(one_more, None, NOW), Merged::Full));
    let invited = invitation(&meeting, 0, 999, 2, false);
    assert!(matches!(
        meeting.merge(AnyRecord::Invitation(invited), None, NOW),
        Merged::Full
    ));
    let renewed = presence(&meeting, 3, 2, Presence::Offline(OfflineReason::Left));
    assert!(matches!(
        meeting.merge(renewed, None, NOW),
        Merged::Presence
    ));
}

#[test]
fn an_answer_that_comes_before_its_invitation_counts() {
    let mut meeting = meeting();
    let invitation = invitation(&meeting, 0, 1, 1, false);
    let declined = answers(
        &meeting,
        1,
        1,
        vec![(invitation.reference(), Answer::Declined)],
    );
    meeting.merge(declined, None, NOW);
    meeting.merge(AnyRecord::Invitation(invitation), None, NOW);
    assert!(meeting.open_invitations(peer(1), NOW).is_empty());
}

/// One of a few statements of a few people; versions repeat, as they do when an identity is copied.
fn any_record() -> impl Strategy<Value = AnyRecord> {
    let said = prop_oneof![
        Just(Presence::Online),
        Just(Presence::Offline(OfflineReason::Left)),
        Just(Presence::Offline(OfflineReason::Elsewhere)),
    ];
    prop_oneof![
        (0u16..4, 0u64..4, said).prop_map(|(author, counter, said)| presence(
            &meeting(),
            author,
            counter,
            said
        )),
        (0u16..4, 0u16..4, 0u64..4, any::<bool>()).prop_map(
            |(author, invitee, counter, withdrawn)| {
                AnyRecord::Invitation(invitation(&meeting(), author, invitee, counter, withdrawn))
            }
        ),
    ]
}

fn any_statement() -> impl Strategy<Value = AnyRecord> {
    let answer = prop_oneof![Just(Answer::Received), Just(Answer::Declined)];
    prop_oneof![
        3 => any_record(),
        1 => (0u16..4, 0u16..4, 0u64..4, 0u64..4, answer).prop_map(|(inviter, invitee, counter, of, answer)| {
            let meeting = meeting();
            let about = invitation(&meeting, inviter, invitee, of, false).reference();
            answers(&meeting, invitee, counter, vec![(about, answer)])
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_and_any_repetition_ends_in_the_same_value(
        records in proptest::collection::vec(any_statement(), 1..30),
        order in any::<u64>(),
    ) {
        let mut straight = meeting();
        for record in &records {
            straight.merge(record.clone(), None, NOW);
        }
        let mut shuffled: Vec<&AnyRecord> = records.iter().chain(&records).collect();
        Chance::new(order).shuffle(&mut shuffled);
        let mut other = meeting();
        for record in shuffled {
            other.merge(record.clone(), None, NOW);
        }
        prop_assert_eq!(sorted(&straight), sorted(&other));
        prop_assert_eq!(straight.roster(NOW), other.roster(NOW));
    }
}
