//! What both sides hold once they agree, and when it ends.

use super::*;

#[test]
fn each_sends_with_its_own_key_to_the_ssrcs_that_its_receiver_allotted() {
    let two = linked(1);
    let (anna, bao) = (&two.sides[0].outbound[&BAO], &two.sides[1].outbound[&ANNA]);
    assert_ne!(anna.key, bao.key);
    assert_ne!(anna.ssrcs, bao.ssrcs);
    assert_eq!(anna.generation, 1, "one agreement is enough");
}

#[test]
fn media_goes_to_the_address_of_the_connection_and_the_port_named_there() {
    let two = linked(2);
    assert_eq!(
        two.sides[0].outbound[&BAO].address,
        Some(SocketAddr::new(ip(2), 40002))
    );
    assert_eq!(
        two.sides[1].outbound[&ANNA].address,
        Some(SocketAddr::new(ip(1), 40001))
    );
}

#[test]
fn simultaneous_offers_do_not_conflict() {
    for seed in 0..50 {
        let mut two = Two::new(seed, 0);
        two.connect(0);
        two.connect(1);
        // Both offer at once, without the second waiting for the first.
        two.now += SECOND_WAIT;
        two.run(Duration::from_secs(2));
        assert!(two.agree(), "seed {seed}");
    }
}

#[test]
fn a_new_connection_brings_a_new_generation_on_both_sides() {
    let mut two = linked(3);
    let before = two.sides[0].outbound[&BAO].clone();
    for side in 0..2 {
        two.sides[side].keys.disconnected(Two::id(1 - side));
    }
    two.run(Duration::from_secs(1));
    assert_eq!(
        two.sides[0].outbound[&BAO], before,
        "without connection, the keys stay"
    );
    two.connect(0);
    two.connect(1);
    two.run(Duration::from_secs(1));
    assert!(two.agree());
    assert!(two.generation() > before.generation);
    assert_ne!(two.sides[0].outbound[&BAO].key, before.key);
}

#[test]
fn a_restarted_peer_that_has_forgotten_its_generation_gets_a_newer_one() {
    for side in 0..2 {
        let mut two = linked(4);
        two.restart(side, 99);
        two.run(Duration::from_secs(2));
        assert!(two.agree(), "side {side}");
        assert!(two.generation() > 1);
    }
}

#[test]
fn nobody_who_is_not_present_gets_keys() {
    let mut two = linked(5);
    let offer = Offer {
        generation: 9,
        ..two.sides[0].keys.offer_to(BAO).unwrap()
    };
    let mut away = Side::new(BAO, 9);
    let answer = away.keys.handle_offer(ANNA, offer.clone(), two.now);
    assert_eq!(
        answer,
        Answer::Refused(AnswerRefusal::NotPresent),
        "I am in no meeting"
    );
    away.keys.set_port(4, two.now);
    away.keys.connected(ANNA, ip(1), two.now);
    away.keys.enter(MEETING, Vec::new());
    let answer = away.keys.handle_offer(ANNA, offer.clone(), two.now);
    assert_eq!(answer, Answer::Refused(AnswerRefusal::YouAreNotPresent));
    away.keys.present(ANNA, two.now);
    let elsewhere = Offer {
        meeting: OTHER,
        ..offer
    };
    assert_eq!(
        away.keys.handle_offer(ANNA, elsewhere, two.now),
        Answer::Refused(AnswerRefusal::NotPresent)
    );
    two.sides[1].keys.leave();
    two.sides[1].drain();
    assert!(two.sides[1].outbound.is_empty() && two.sides[1].inbound.is_empty());
}

#[test]
fn keys_are_erased_when_either_is_no_longer_present() {
    let mut two = linked(6);
    two.sides[0].keys.absent(BAO);
    two.sides[0].drain();
    assert!(two.sides[0].outbound.is_empty() && two.sides[0].inbound.is_empty());
    assert!(!two.sides[0].keys.is_linked(BAO));
    two.sides[0].keys.present(BAO, two.now);
    two.run(Duration::from_secs(2));
    assert!(two.agree());
    assert!(two.generation() > 1, "a new join brings a new generation");
}

#[test]
fn keys_are_not_printed() {
    let mut two = linked(7);
    let offer = two.sides[0].keys.offer_to(BAO).unwrap();
    let key = format!("{:?}", offer.half.material.key);
    for text in [
        format!("{offer:?}"),
        format!("{:?}", two.sides[0].keys),
        format!("{:?}", Answer::Accepted(offer)),
    ] {
        assert!(!text.contains(&key), "{text}");
    }
}

#[test]
fn a_late_answer_to_an_offer_of_an_earlier_stay_agrees_on_nothing() {
    for other in [MEETING, OTHER] {
        let now = Duration::ZERO;
        let mut anna = Side::inside(ANNA, 1, BAO, now);
        anna.keys.connected(BAO, ip(2), now);
        anna.keys.handle_timeout(now);
        anna.drain();
        let (_, offered) = anna.offers.pop_front().unwrap();
        let mut bao = Side::inside(BAO, 2, ANNA, now);
        bao.keys.connected(ANNA, ip(1), now);
        let generation = offered.generation;
        let answer = bao.keys.handle_offer(ANNA, offered, now);
        assert!(matches!(answer, Answer::Accepted(_)));
        anna.keys.leave();
        if other != MEETING {
            anna.keys.enter(other, vec![1; 100]);
            anna.keys.leave();
        }
        anna.keys.enter(MEETING, vec![1; 100]);
        anna.keys.present(BAO, now);
        anna.keys.handle_answer(BAO, generation, Some(answer), now);
        anna.drain();
        assert!(!anna.keys.is_linked(BAO), "Bao has a half of before");
    }
}
