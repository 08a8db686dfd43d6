use super::report::REPORTED_WITHIN;
use super::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const STAY: (u64, u64) = (1, 1);
const MEETING: MeetingId = MeetingId([5; 32]);
const HEARTBEAT: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(50);

/// A meeting of `n` people and one looker from outside, with heartbeats and reports between them.
struct Room {
    lookers: Vec<Reach>,
    now: Duration,
    /// Who runs.
    alive: Vec<bool>,
    /// Who hears whom.
    hears: Vec<Vec<bool>>,
    /// Who is outside: observes, and sends no heartbeat.
    outside: usize,
    rng: ChaCha20Rng,
    loss: u32,
    reports: u32,
}

fn id(number: usize) -> PeerId {
    PeerId([number as u8 + 1; 32])
}

impl Room {
    fn new(people: usize, seed: u8, loss: u32) -> Self {
        let now = Duration::from_secs(100);
        let mut lookers: Vec<Reach> = (0..=people)
            .map(|number| Reach::new(MEETING, id(number), 7))
            .collect();
        for (number, looker) in lookers.iter_mut().enumerate() {
            if number < people {
                looker.enter(now);
            }
            for peer in (0..people).filter(|peer| *peer != number) {
                looker.present(id(peer), STAY, Some(now), now);
            }
        }
        Self {
            lookers,
            now,
            alive: vec![true; people],
            hears: vec![vec![true; people]; people],
            outside: people,
            rng: ChaCha20Rng::from_seed([seed; 32]),
            loss,
            reports: 0,
        }
    }

    fn run(&mut self, time: Duration, mut check: impl FnMut(&Self)) {
        let end = self.now + time;
        while self.now < end {
            self.now += STEP;
            let people = self.outside;
            if self.now.as_millis().is_multiple_of(HEARTBEAT.as_millis()) {
                for from in (0..people).filter(|peer| self.alive[*peer]) {
                    for to in (0..people).filter(|to| *to != from) {
                        if self.hears[to][from] && self.rng.next_u32() % 100 >= self.loss {
                            self.lookers[to].heard(id(from), self.now);
                        }
                    }
                }
            }
            for from in (0..people).filter(|peer| self.alive[*peer]) {
                let now = self.now;
                if self.now.as_millis().is_multiple_of(15_000) {
                    // Gossip goes round the blocked paths, but not over a split.
                    for to in (0..=people).filter(|to| *to != from) {
                        if self.connected(from, to) {
                            self.lookers[to].present(id(from), STAY, Some(now), now);
                        }
                    }
                }
                self.lookers[from].handle_timeout(now);
                while let Some(report) = self.lookers[from].poll_report(now) {
                    self.reports += 1;
                    for to in (0..=people).filter(|to| *to != from) {
                        if self.connected(from, to) {
                            self.lookers[to].report(id(from), report.clone(), now);
                        }
                    }
                }
            }
            self.lookers[people].handle_timeout(self.now);
            check(self);
        }
    }

    /// Whether gossip passes, perhaps through others; the looker outside is with number 0.
    fn connected(&self, from: usize, to: usize) -> bool {
        let to = if to == self.outside { 0 } else { to };
        let mut seen = vec![false; self.outside];
        let mut queue = vec![from];
        while let Some(peer) = queue.pop() {
            if !std::mem::replace(&mut seen[peer], true) {
                queue.extend(
                    (0..self.outside).filter(|next| self.hears[*next][peer] && self.alive[*next]),
                );
            }
        }
        seen[to]
    }

    fn sees(&self, looker: usize, peer: usize) -> Standing {
        self.lookers[looker].standing(id(peer))
    }
}

fn nothing(_: &Room) {}

#[test]
fn a_crash_is_seen_by_everyone_within_three_seconds() {
    for people in [2, 3, 12] {
        let mut room = Room::new(people, 1, 5);
        room.run(Duration::from_secs(10), nothing);
        room.alive[1] = false;
        room.run(Duration::from_secs(3), nothing);
        for looker in (0..=people).filter(|looker| *looker != 1) {
            assert_eq!(
                room.sees(looker, 1),
                Standing::Lost,
                "{people} people, looker {looker}"
            );
            for other in (0..people).filter(|other| *other != 1) {
                assert_eq!(room.sees(looker, other), Standing::Here);
            }
        }
    }
}

#[test]
fn a_crash_right_after_joining_is_seen_as_fast() {
    let mut room = Room::new(3, 1, 0);
    room.run(Duration::from_secs(1), nothing);
    room.alive[1] = false;
    room.run(Duration::from_secs(3), nothing);
    assert!(
        [0, 2]
            .iter()
            .all(|looker| room.sees(*looker, 1) == Standing::Lost)
    );
}

#[test]
fn five_percent_loss_makes_nobody_lost() {
    for seed in 0..20 {
        let mut room = Room::new(6, seed, 5);
        room.run(Duration::from_secs(120), |room| {
            for looker in 0..=6 {
                for peer in 0..6 {
                    assert_eq!(
                        room.sees(looker, peer),
                        Standing::Here,
                        "seed {seed}, {looker} sees {peer}"
                    );
                }
            }
        });
        assert_eq!(room.reports, 0, "nothing to report");
    }
}

#[test]
fn a_peer_that_only_i_do_not_hear_is_unreachable_from_here_and_not_lost() {
    let mut room = Room::new(4, 1, 0);
    room.run(Duration::from_secs(8), nothing);
    room.hears[0][1] = false;
    room.run(Duration::from_secs(30), |room| {
        assert!((0..=4).all(|looker| looker == 1 || room.sees(looker, 1) != Standing::Lost));
    });
    assert_eq!(room.sees(0, 1), Standing::Unreachable);
    assert!(
        [2, 3, 4]
            .iter()
            .all(|looker| room.sees(*looker, 1) == Standing::Here)
    );
}

#[test]
fn one_that_hears_nobody_makes_nobody_lost_for_those_outside() {
    for people in [3, 4, 12] {
        let mut room = Room::new(people, 1, 0);
        room.run(Duration::from_secs(8), nothing);
        // Number 0 passes the gossip on to the outside.
        room.hears[1] = vec![false; people];
        room.run(Duration::from_secs(30), |room| {
            for peer in 0..people {
                assert_eq!(room.sees(room.outside, peer), Standing::Here, "{peer}");
            }
        });
        // A crash is seen all the same.
        room.alive[2] = false;
        room.run(Duration::from_secs(3), nothing);
        assert_eq!(room.sees(room.outside, 2), Standing::Lost);
        assert_eq!(room.sees(room.outside, 0), Standing::Here);
    }
}

#[test]
fn coming_back_takes_a_second_of_being_heard() {
    let mut room = Room::new(3, 1, 0);
    room.run(Duration::from_secs(8), nothing);
    room.alive[1] = false;
    room.run(Duration::from_secs(10), nothing);
    assert_eq!(room.sees(0, 1), Standing::Lost);
    room.alive[1] = true;
    room.run(Duration::from_millis(950), nothing);
    assert_eq!(room.sees(0, 1), Standing::Lost);
    room.run(Duration::from_secs(1), nothing);
    assert!((0..=3).all(|looker| room.sees(looker, 1) == Standing::Here));
}

#[test]
fn both_halves_of_a_split_lose_each_other_and_find_each_other_again() {
    let mut room = Room::new(6, 1, 2);
    room.run(Duration::from_secs(8), nothing);
    let whole = room.hears.clone();
    for a in 0..6 {
        for b in 0..6 {
            room.hears[a][b] = (a < 3) == (b < 3);
        }
    }
    room.run(Duration::from_secs(5), nothing);
    for looker in 0..=6 {
        for peer in (0..6).filter(|peer| *peer != looker) {
            let same = (peer < 3) == (looker < 3 || looker == 6);
            let expected = if same { Standing::Here } else { Standing::Lost };
            assert_eq!(room.sees(looker, peer), expected, "{looker} sees {peer}");
        }
    }
    room.hears = whole;
    room.run(Duration::from_secs(4), nothing);
    for looker in 0..=6 {
        for peer in 0..6 {
            assert_eq!(
                room.sees(looker, peer),
                Standing::Here,
                "{looker} sees {peer}"
            );
        }
    }
}

#[test]
fn whoever_is_cut_off_from_all_sees_all_as_lost() {
    let mut room = Room::new(4, 1, 0);
    room.run(Duration::from_secs(8), nothing);
    for other in 1..4 {
        room.hears[0][other] = false;
        room.hears[other][0] = false;
    }
    room.run(Duration::from_secs(4), nothing);
    assert!((1..4).all(|peer| room.sees(0, peer) == Standing::Lost));
    assert!((1..4).all(|looker| room.sees(looker, 0) == Standing::Lost));
}

#[test]
fn presence_that_is_not_renewed_for_forty_seconds_is_lost() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    reach.present(id(1), STAY, Some(now), now);
    assert_eq!(reach.standing(id(1)), Standing::Here);
    let due = reach.next_timeout(now).unwrap();
    assert_eq!(due, now + RENEWED_WITHIN);
    reach.handle_timeout(due - STEP);
    assert_eq!(reach.standing(id(1)), Standing::Here);
    reach.handle_timeout(due);
    assert_eq!(reach.standing(id(1)), Standing::Lost);
    reach.present(id(1), STAY, Some(due), due);
    assert_eq!(reach.standing(id(1)), Standing::Here);
}

#[test]
fn presence_that_was_just_loaded_from_disk_is_lost_until_something_proves_it() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    reach.present(id(1), STAY, None, now);
    reach.present(id(2), STAY, None, now);
    assert_eq!(reach.standing(id(1)), Standing::Lost);
    reach.present(id(1), STAY, Some(now), now);
    assert_eq!(reach.standing(id(1)), Standing::Here, "a renewal does");
    reach.enter(now);
    reach.heard(id(2), now);
    assert_eq!(
        reach.standing(id(2)),
        Standing::Here,
        "and so does being heard"
    );
}

#[test]
fn a_newcomer_has_time_to_connect() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    reach.enter(now);
    reach.present(id(1), STAY, Some(now), now);
    reach.handle_timeout(now + FIRST_GRACE - STEP);
    assert_eq!(reach.standing(id(1)), Standing::Here);
    reach.handle_timeout(now + FIRST_GRACE);
    assert_eq!(reach.standing(id(1)), Standing::Lost);
}

#[test]
fn reports_are_repeated_a_few_times_and_then_rest() {
    let mut room = Room::new(3, 1, 0);
    room.run(Duration::from_secs(5), nothing);
    room.alive[1] = false;
    room.run(Duration::from_secs(300), nothing);
    assert!((2 * 5..=2 * 10).contains(&room.reports), "{}", room.reports);
}

#[test]
fn a_report_names_whichever_are_fewer() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    reach.enter(now);
    for number in 1..=250 {
        reach.present(id(number), STAY, Some(now), now);
        if number % 5 == 0 {
            reach.heard(id(number), now + FIRST_GRACE - STEP);
        }
    }
    reach.handle_timeout(now + FIRST_GRACE);
    let report = reach.poll_report(now + FIRST_GRACE).unwrap();
    assert!(report.is_valid() && report.tags.len() == 50 && report.inverted);
    for number in 1..=250 {
        assert_eq!(report.hears(Tag::of(MEETING, id(number))), number % 5 == 0);
    }
}

#[test]
fn an_older_report_does_not_replace_a_newer_one() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    reach.present(id(1), STAY, Some(now), now);
    let report = |serial| Report {
        serial,
        inverted: false,
        tags: Vec::new(),
    };
    assert!(reach.report(id(1), report(2), now));
    assert!(!reach.report(id(1), report(1), now));
    assert!(
        !reach.report(id(2), report(9), now),
        "nor does anybody report who is not present"
    );
    let unsorted = Report {
        serial: 3,
        inverted: false,
        tags: vec![Tag([2; 6]), Tag([1; 6])],
    };
    assert!(!reach.report(id(1), unsorted, now));
}

#[test]
fn what_a_peer_reported_before_its_restart_is_over() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    for number in 1..=3 {
        reach.present(id(number), STAY, Some(now), now);
    }
    let silent = Report {
        serial: 5,
        inverted: false,
        tags: vec![Tag::of(MEETING, id(2))],
    };
    for number in [1, 3] {
        assert!(reach.report(id(number), silent.clone(), now));
    }
    assert_eq!(reach.standing(id(2)), Standing::Lost);
    reach.present(id(1), (2, 1), Some(now), now + FIRST_GRACE);
    assert_eq!(
        reach.standing(id(2)),
        Standing::Here,
        "number 1 vouches for it again"
    );
    assert!(
        !reach.report(id(1), silent, now),
        "and its old report is not taken again"
    );
}

#[test]
fn what_a_peer_reported_before_it_left_is_not_taken_again() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    for number in 1..=2 {
        reach.present(id(number), STAY, Some(now), now);
    }
    let report = |serial| Report {
        serial,
        inverted: false,
        tags: vec![Tag::of(MEETING, id(2))],
    };
    assert!(reach.report(id(1), report(5), now));
    reach.absent(id(1), now);
    reach.present(id(1), (1, 9), Some(now), now);
    assert_eq!(reach.standing(id(2)), Standing::Here);
    assert!(!reach.is_news(id(1), &report(5)));
    assert!(!reach.report(id(1), report(5), now));
    assert_eq!(reach.standing(id(2)), Standing::Here);
    assert!(reach.report(id(1), report(6), now), "a new one is");
    assert_eq!(reach.standing(id(2)), Standing::Lost);
}

#[test]
fn a_report_that_is_not_repeated_lapses() {
    let now = Duration::from_secs(50);
    let mut reach = Reach::new(MEETING, id(0), 0);
    for number in 1..=2 {
        reach.present(id(number), STAY, Some(now), now);
    }
    let silent = Report {
        serial: 5,
        inverted: false,
        tags: vec![Tag::of(MEETING, id(2))],
    };
    reach.report(id(1), silent, now);
    assert_eq!(reach.standing(id(2)), Standing::Lost);
    let later = now + REPORTED_WITHIN;
    for number in 1..=2 {
        reach.present(id(number), STAY, Some(later - STEP), later - STEP);
    }
    assert_eq!(reach.standing(id(2)), Standing::Lost);
    assert_eq!(reach.next_timeout(later - STEP), Some(later));
    reach.handle_timeout(later);
    assert_eq!(reach.standing(id(2)), Standing::Here);
}
