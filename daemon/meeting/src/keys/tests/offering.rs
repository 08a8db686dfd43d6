//! When an offer is made, what is in it, and which one is refused.

use super::*;

#[test]
fn offers_wait_for_a_port_and_a_connection() {
    let now = Duration::ZERO;
    let mut side = Side::new(ANNA, 1);
    side.keys.enter(MEETING, Vec::new());
    side.keys.present(BAO, now);
    assert_eq!(side.keys.next_timeout(), None);
    side.keys.connected(BAO, ip(2), now);
    assert_eq!(side.keys.next_timeout(), None);
    side.keys.set_port(4000, now);
    assert_eq!(
        side.keys.next_timeout(),
        Some(now),
        "the smaller identity offers at once"
    );
    let mut side = Side::new(BAO, 1);
    side.keys.set_port(4000, now);
    side.keys.enter(MEETING, Vec::new());
    side.keys.connected(ANNA, ip(1), now);
    side.keys.present(ANNA, now);
    assert_eq!(
        side.keys.next_timeout(),
        Some(SECOND_WAIT),
        "the greater a little later"
    );
}

#[test]
fn failing_offers_back_off_and_rest_after_the_deadline() {
    let mut side = Side::inside(ANNA, 1, BAO, Duration::ZERO);
    side.keys.connected(BAO, ip(2), Duration::ZERO);
    let mut moments = Vec::new();
    while let Some(next) = side.keys.next_timeout() {
        moments.push(next);
        side.keys.handle_timeout(next);
        side.drain();
        let (_, offer) = side.offers.pop_front().unwrap();
        side.keys.handle_answer(BAO, offer.generation, None, next);
        assert!(moments.len() < 100);
    }
    assert!((10..25).contains(&moments.len()), "{moments:?}");
    assert!(*moments.last().unwrap() <= DEADLINE);
    side.keys.connected(BAO, ip(2), Duration::from_secs(300));
    assert!(
        side.keys.next_timeout().is_some(),
        "a new connection begins anew"
    );
}

#[test]
fn ssrcs_are_unique_and_never_zero() {
    let mut side = Side::new(ANNA, 3);
    side.keys.set_port(1, Duration::ZERO);
    side.keys.enter(MEETING, Vec::new());
    let mut seen = BTreeSet::new();
    for number in 2..=255 {
        let peer = PeerId([number; 32]);
        side.keys.present(peer, Duration::ZERO);
        side.keys.connected(peer, ip(number), Duration::ZERO);
        let half = side.keys.offer_to(peer).unwrap().half;
        assert!(half.open_ssrc != 0 && half.whisper_ssrc != 0);
        assert!(seen.insert(half.open_ssrc) && seen.insert(half.whisper_ssrc));
    }
}

#[test]
fn a_malformed_offer_is_refused() {
    let mut two = linked(8);
    let good = two.sides[0].keys.offer_to(BAO).unwrap();
    let zero = Half {
        open_ssrc: 0,
        ..good.half.clone()
    };
    let same = Half {
        open_ssrc: good.half.whisper_ssrc,
        ..good.half.clone()
    };
    for bad in [
        Offer {
            generation: 0,
            ..good.clone()
        },
        Offer {
            generation: u64::MAX,
            ..good.clone()
        },
        Offer {
            port: 0,
            ..good.clone()
        },
        Offer {
            half: zero,
            ..good.clone()
        },
        Offer {
            half: same,
            ..good.clone()
        },
        Offer {
            record: vec![0; 5000],
            ..good.clone()
        },
    ] {
        let answer = two.sides[1].keys.handle_offer(ANNA, bad, two.now);
        assert_eq!(answer, Answer::Refused(AnswerRefusal::Malformed));
    }
}
