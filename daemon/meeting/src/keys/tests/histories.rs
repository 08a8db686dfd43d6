//! What holds after any history, and for any message.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Run(u16),
    Connect(usize),
    Disconnect(usize),
    Restart(usize, u8),
    Rejoin(usize),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_sides_agree_after_any_history(
        seed: u8,
        loss in 0u32..60,
        steps in proptest::collection::vec(prop_oneof![
            (0u16..900).prop_map(Step::Run),
            (0usize..2).prop_map(Step::Connect),
            (0usize..2).prop_map(Step::Disconnect),
            (0usize..2, any::<u8>()).prop_map(|(side, seed)| Step::Restart(side, seed)),
            (0usize..2).prop_map(Step::Rejoin),
        ], 0..15),
    ) {
        let mut two = Two::new(seed, loss);
        for step in steps {
            match step {
                Step::Run(time) => two.run(Duration::from_millis(time.into())),
                Step::Connect(side) => two.connect(side),
                Step::Disconnect(side) => two.sides[side].keys.disconnected(Two::id(1 - side)),
                Step::Restart(side, seed) => two.restart(side, seed),
                Step::Rejoin(side) => {
                    let now = two.now;
                    two.sides[side].keys.enter(MEETING, Vec::new());
                    two.sides[side].drain();
                    two.sides[side].keys.present(Two::id(1 - side), now);
                }
            }
        }
        two.run(Duration::from_millis(300));
        two.connect(0);
        two.connect(1);
        two.loss = 0;
        two.run(Duration::from_secs(20));
        prop_assert!(two.agree());
        prop_assert!(two.sides.iter().all(|side| side.keys.next_timeout().is_none()), "and rest");
    }

    #[test]
    fn arbitrary_messages_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = postcard::from_bytes::<Offer>(&bytes);
        let _ = postcard::from_bytes::<Answer>(&bytes);
    }
}
