//! Audiences, exact to the sample.

use proptest::prelude::*;

use super::*;
use crate::FRAME_SAMPLES;

fn set(slots: &[u8]) -> SlotSet {
    slots.iter().copied().map(Slot::new).collect()
}

/// A schedule with the microphone open and `audience` from the start.
fn talking(audience: Audience) -> Schedule {
    let mut schedule = Schedule::new(FrameLength::Usual);
    schedule.add(at(0), Change::Microphone(true));
    schedule.add(at(0), Change::Audience(audience));
    schedule
}

fn at(sample: u64) -> SampleTime {
    SampleTime::new(sample)
}

#[test]
fn nothing_is_heard_before_the_microphone_opens() {
    let mut schedule = Schedule::new(FrameLength::Usual);
    schedule.add(at(0), Change::Audience(Audience::Open(set(&[1]))));
    assert_eq!(schedule.plan(at(0)), None);
}

#[test]
fn a_mute_inside_a_frame_silences_from_its_very_sample() {
    let mut schedule = talking(Audience::Open(set(&[1])));
    schedule.add(at(777), Change::Microphone(false));
    assert_eq!(schedule.plan(at(0)).unwrap().audible, 0..480);
    let plan = schedule.plan(at(480)).unwrap();
    assert_eq!((plan.audible, plan.ends), (0..297, true));
    assert_eq!(schedule.plan(at(960)), None);
}

#[test]
fn a_mute_between_frames_fades_the_frame_before() {
    let mut schedule = talking(Audience::Open(set(&[1])));
    schedule.add(at(480), Change::Microphone(false));
    assert!(schedule.plan(at(0)).unwrap().ends);
    assert_eq!(schedule.plan(at(480)), None);
}

#[test]
fn a_frame_across_a_whisper_goes_to_the_longer_side_alone() {
    for (change, stream, audible) in [
        (100, Stream::Whisper, 100..480),
        (400, Stream::Open, 0..400),
    ] {
        let mut schedule = talking(Audience::Open(set(&[1, 2, 3])));
        schedule.add(at(change), Change::Audience(Audience::Whisper(set(&[2]))));
        let plan = schedule.plan(at(0)).unwrap();
        assert_eq!(plan.listeners.stream, stream);
        assert_eq!(plan.audible, audible);
    }
}

#[test]
fn who_joins_inside_a_frame_hears_the_next_and_who_leaves_none_of_it() {
    let mut schedule = talking(Audience::Open(set(&[1, 2])));
    schedule.add(at(200), Change::Audience(Audience::Open(set(&[2, 3]))));
    let plan = schedule.plan(at(0)).unwrap();
    assert_eq!(plan.listeners.slots, set(&[2]));
    assert_eq!(plan.audible, 0..480);
    assert_eq!(
        schedule.plan(at(480)).unwrap().listeners.slots,
        set(&[2, 3])
    );
}

#[test]
fn a_whisper_to_nobody_left_is_heard_by_nobody() {
    let mut schedule = talking(Audience::Whisper(set(&[1])));
    schedule.remove(Slot::new(1));
    schedule.skip_to(at(1));
    assert_eq!(schedule.plan(at(480)), None);
}

#[test]
fn a_full_schedule_applies_at_once_rather_than_late() {
    let mut schedule = talking(Audience::Open(set(&[1])));
    for later in 2..CAPACITY as u64 {
        assert!(schedule.add(at(10_000 + later), Change::Microphone(true)));
    }
    assert!(!schedule.add(at(20_000), Change::Microphone(false)));
    assert_eq!(schedule.plan(at(0)), None);
}

#[test]
fn a_mute_is_not_undone_by_an_unmute_stamped_ahead_of_it() {
    let mut schedule = talking(Audience::Open(set(&[1])));
    schedule.plan(at(0));
    schedule.add(at(480), Change::Microphone(false));
    schedule.add(at(1300), Change::Microphone(true));
    schedule.add(at(480), Change::Microphone(false));
    for frame in 1..10 {
        assert_eq!(schedule.plan(at(frame * 480)), None);
    }
}

#[test]
fn a_whisper_does_not_win_back_who_was_taken_out_of_it_since() {
    let mut schedule = talking(Audience::Open(set(&[1, 2, 3])));
    schedule.add(at(700), Change::Audience(Audience::Whisper(set(&[1, 2]))));
    schedule.add(at(480), Change::Audience(Audience::Whisper(set(&[1]))));
    schedule.plan(at(0));
    for frame in 1..10 {
        let plan = schedule.plan(at(frame * 480)).unwrap();
        assert_eq!(plan.listeners.stream, Stream::Whisper);
        assert_eq!(plan.listeners.slots, set(&[1]));
    }
}

#[test]
fn an_order_for_later_leaves_those_before_it_and_those_of_the_other_kind_alone() {
    let mut schedule = talking(Audience::Open(set(&[1])));
    schedule.add(at(480), Change::Microphone(false));
    schedule.add(at(1440), Change::Microphone(true));
    schedule.add(at(960), Change::Audience(Audience::Whisper(set(&[1]))));
    assert!(schedule.plan(at(0)).is_some());
    assert_eq!(schedule.plan(at(480)), None);
    assert_eq!(schedule.plan(at(960)), None);
    assert_eq!(
        schedule.plan(at(1440)).unwrap().listeners.stream,
        Stream::Whisper
    );
}

/// What is heard at one sample, said in the simplest way: of what is due, the last order wins. `history` is
/// in the order in which it was ordered.
fn listeners_at(history: &[(u64, Change)], sample: u64) -> Option<Listeners> {
    let mut voice = Voice::default();
    for (_, change) in history.iter().filter(|(at, _)| *at <= sample) {
        voice.apply(*change);
    }
    voice.listeners()
}

fn any_change() -> impl Strategy<Value = Change> {
    let slots = prop::collection::vec(0..4_u8, 0..4);
    prop_oneof![
        any::<bool>().prop_map(Change::Microphone),
        Just(Change::Microphone(true)),
        Just(Change::Audience(Audience::Nobody)),
        slots
            .clone()
            .prop_map(|slots| Change::Audience(Audience::Open(set(&slots)))),
        slots.prop_map(|slots| Change::Audience(Audience::Whisper(set(&slots)))),
    ]
}

/// Like [`listeners_at`], for everything from `first` to `last`.
fn common_listeners(history: &[(u64, Change)], first: u64, last: u64) -> Option<Listeners> {
    let edges = history
        .iter()
        .map(|(at, _)| *at)
        .filter(|at| (first..=last).contains(at));
    let mut common = listeners_at(history, first)?;
    for edge in edges {
        common = common.intersection(&listeners_at(history, edge)?)?;
    }
    Some(common)
}

#[test]
fn behind_processing_a_change_leaves_the_mixture_to_nobody() {
    let mut schedule = talking(Audience::Whisper(set(&[1])));
    schedule.plan(at(0));
    schedule.set_blur(Blur {
        early: SampleCount::new(100),
        delay: SampleCount::new(400),
        late: SampleCount::new(700),
    });
    assert!(schedule.add(at(1000), Change::Audience(Audience::Open(set(&[1, 2])))));
    let plan = schedule.plan(at(480)).unwrap();
    assert_eq!(
        (plan.listeners.stream, plan.audible),
        (Stream::Whisper, 0..480)
    );
    // The mixture begins 100 samples into the frame of the change, and ends 700 after the frame that follows it.
    let plan = schedule.plan(at(960)).unwrap();
    assert_eq!((plan.audible, plan.ends), (0..100, true));
    assert!(schedule.forgets());
    assert_eq!(schedule.plan(at(1440)), None);
    assert!(!schedule.forgets());
    let plan = schedule.plan(at(1920)).unwrap();
    assert_eq!(
        (plan.listeners.stream, plan.audible),
        (Stream::Open, 220..480)
    );
}

#[test]
fn behind_processing_who_stays_misses_nothing_when_somebody_joins_or_leaves() {
    let mut schedule = talking(Audience::Open(set(&[1, 2])));
    schedule.plan(at(0));
    schedule.set_blur(Blur {
        early: SampleCount::new(0),
        delay: SampleCount::new(400),
        late: SampleCount::new(700),
    });
    schedule.add(at(1000), Change::Audience(Audience::Open(set(&[1, 3]))));
    for frame in 1..10 {
        let plan = schedule.plan(at(frame * 480)).unwrap();
        assert!(plan.listeners.slots.contains(Slot::new(1)));
        assert_eq!(plan.audible, 0..480);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Behind processing, everything that can be found in an audible sample may be heard by all who get it, whenever
    /// the orders come, as long as they name samples that are still on their way.
    #[test]
    fn no_mixture_reaches_anybody_outside_an_audience_in_it(
        changes in prop::collection::vec((0..4800_u64, 0..12_u64, any_change()), 0..20),
        early in 0..500_u64,
        length in 0..2000_u64,
    ) {
        let late = early + length + 1;
        let [early_count, late_count] = [early, late].map(|count| SampleCount::new(count as i64));
        let blur = Blur { early: early_count, delay: early_count, late: late_count };
        let mut schedule = Schedule::new(FrameLength::Usual);
        schedule.set_blur(blur);
        let mut changes = changes;
        changes.sort_by_key(|(_, frame, _)| *frame);
        let mut history: Vec<(u64, Change)> = Vec::new();
        let mut forgotten = 0;
        for frame in 0..20 {
            let start = frame * FRAME_SAMPLES as u64;
            for (at, _, change) in changes.iter().filter(|(_, when, _)| *when == frame) {
                let at = (*at).max(start.saturating_sub(early));
                // As ordered: it undoes its like for later samples.
                history.retain(|(other, earlier)| *other < at || !earlier.is_undone_by(change));
                let place = history.partition_point(|(other, _)| *other <= at);
                history.insert(place, (at, *change));
                prop_assert!(schedule.add(SampleTime::new(at), *change));
            }
            if schedule.forgets() {
                forgotten = start;
            }
            let Some(plan) = schedule.plan(at(start)) else {
                continue;
            };
            for offset in plan.audible.clone() {
                let line = start + offset as u64;
                // Without forgetting, what rings on is older.
                let oldest = line.saturating_sub(late - 1);
                let oldest = if forgotten + late <= line { oldest.max(forgotten) } else { oldest };
                let newest = line.saturating_sub(early).max(oldest);
                let allowed = common_listeners(&history, oldest, newest);
                let allowed = allowed.expect("a mixture with silence is audible");
                prop_assert_eq!(plan.listeners.stream, allowed.stream);
                prop_assert!(plan.listeners.slots.is_subset(&allowed.slots));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Every audible sample of every frame goes to nobody who may not hear it, whatever changes come in
    /// whatever order.
    #[test]
    fn no_sample_reaches_anybody_outside_its_audience(
        changes in prop::collection::vec((0..4800_u64, any_change()), 0..20),
    ) {
        let mut schedule = Schedule::new(FrameLength::Usual);
        let history = changes;
        for (at, change) in &history {
            prop_assert!(schedule.add(SampleTime::new(*at), *change));
        }
        for frame in 0..12 {
            let start = frame * FRAME_SAMPLES as u64;
            let Some(plan) = schedule.plan(at(start)) else {
                continue;
            };
            prop_assert!(!plan.listeners.slots.is_empty());
            for offset in plan.audible.clone() {
                let allowed = listeners_at(&history, start + offset as u64);
                let allowed = allowed.expect("a muted sample is audible");
                prop_assert_eq!(plan.listeners.stream, allowed.stream);
                prop_assert!(plan.listeners.slots.is_subset(&allowed.slots));
            }
        }
    }

    /// A change costs its listeners a frame at most: all others are heard whole by all who may.
    #[test]
    fn frames_without_a_change_are_heard_whole_by_everyone(
        changes in prop::collection::vec((0..4800_u64, any_change()), 0..20),
    ) {
        let mut schedule = Schedule::new(FrameLength::Usual);
        let history = changes;
        for (at, change) in &history {
            schedule.add(SampleTime::new(*at), *change);
        }
        for frame in 0..12 {
            let start = frame * FRAME_SAMPLES as u64;
            let inside = start + 1..start + FRAME_SAMPLES as u64;
            let plan = schedule.plan(at(start));
            if history.iter().any(|(at, _)| inside.contains(at)) {
                continue;
            }
            let plan = plan.map(|plan| (plan.listeners, plan.audible));
            let expected = listeners_at(&history, start).map(|listeners| (listeners, 0..FRAME_SAMPLES));
            prop_assert_eq!(plan, expected);
        }
    }

    /// Once everything has taken effect, only the last order of each kind counts.
    #[test]
    fn the_last_order_wins(
        changes in prop::collection::vec((0..4800_u64, any_change()), 0..20),
    ) {
        let mut schedule = Schedule::new(FrameLength::Usual);
        let mut last = Voice::default();
        for (at, change) in &changes {
            schedule.add(SampleTime::new(*at), *change);
            last.apply(*change);
        }
        schedule.skip_to(at(4800));
        let heard = schedule.plan(at(4800)).map(|plan| plan.listeners);
        prop_assert_eq!(heard, last.listeners());
    }
}
