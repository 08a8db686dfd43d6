use proptest::prelude::*;

use super::*;

fn state() -> State {
    State {
        me: PeerId([1; 32]),
        epoch: 4,
        written: Utc(9),
        wall: Utc(10),
        boot: Some(([7; 16], Duration::from_millis(1500))),
        clean: false,
        seat: Some(StoredSeat {
            meeting: MeetingId([2; 32]),
            presence: Presence::Online,
        }),
        muted: true,
        deafened: false,
        meetings: Vec::new(),
        prompts: Vec::new(),
        invited_again: vec![(MeetingId([5; 32]), PeerId([6; 32]), Utc(7))],
        forgotten: vec![(MeetingId([3; 32]), Utc(8))],
        contacts: Vec::new(),
        volumes: vec![(PeerId([4; 32]), 50)],
    }
}

#[test]
fn state_reads_back() {
    assert_eq!(State::decode(&state().encode()), Ok(state()));
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let mut bytes = state().encode();
    bytes[8] = 9;
    assert_eq!(
        State::decode(&bytes),
        Err(StoredError::Newer {
            found: 9,
            known: STATE_VERSION,
            release: format!("release {RELEASE}"),
        })
    );
    assert_eq!(State::decode(b"something else"), Err(StoredError::NotState));
}

proptest! {
    #[test]
    fn any_body_with_a_checksum_that_fits_is_read_or_refused(
        version in 0..=STATE_VERSION,
        body in proptest::collection::vec(any::<u8>(), 0..400),
        keep: prop::sample::Index,
    ) {
        let sealed = |body: &[u8]| {
            let bytes = [MAGIC, &version.to_le_bytes()[..], body].concat();
            let checksum = blake3::hash(&bytes);
            [&bytes, &checksum.as_bytes()[..]].concat()
        };
        let _ = State::decode(&sealed(&body));
        // One that begins as a true state does, and goes on at random.
        let good = state().encode();
        let good = &good[MAGIC.len() + 2..good.len() - CHECKSUM];
        let mixed = [&good[..keep.index(good.len())], &body].concat();
        let _ = State::decode(&sealed(&mixed));
    }

    #[test]
    fn any_damage_is_noticed(position: prop::sample::Index, flip in 1u8.., keep: prop::sample::Index) {
        let good = state().encode();
        let mut bytes = good.clone();
        let position = position.index(bytes.len());
        bytes[position] ^= flip;
        prop_assert!(State::decode(&bytes).is_err());
        prop_assert!(State::decode(&good[..keep.index(good.len())]).is_err());
    }
}

#[test]
fn a_newer_file_says_which_release_wrote_it_whatever_follows() {
    let newer = |rest: &[u8]| {
        let bytes = [MAGIC, &900_u16.to_le_bytes()[..], rest].concat();
        State::decode(&bytes).unwrap_err().to_string()
    };
    let told = newer(b"\x05 9.1\nbody of the future");
    assert!(told.contains("(release 9.1; state version 900"), "{told}");
    for unreadable in [&b""[..], b"\x00", b"\xffshort", b"\x02\n\n"] {
        let told = newer(unreadable);
        assert!(told.contains("(release unknown;"), "{told}");
    }
}
