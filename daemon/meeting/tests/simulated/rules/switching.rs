//! Several meetings at once, and changing from one to another.

use super::*;

#[test]
fn a_switch_is_seen_in_one_step_on_all_rosters_of_both_meetings() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(26, ["Anna", "Bao", "Chen", "Dara"]);
    let planning = sim.gather(anna, "Planning", &[bao, chen]);
    let review = sim.gather(dara, "Review", &[bao]);
    sim.until_seen(&[anna, chen, bao], planning, bao, ELSEWHERE);
    assert_eq!(
        sim.view(anna).meetings.len(),
        1,
        "nobody is told which other meeting it is"
    );
    sim.ask(bao, Command::Join { meeting: planning });
    assert_eq!(
        sim.view(bao).active,
        Some(planning),
        "no invitation is needed to return"
    );
    sim.until_seen(&[anna, bao, chen], planning, bao, ONLINE);
    sim.until_seen(&[bao, dara], review, bao, ELSEWHERE);
    sim.capture();
    sim.run(1);
    assert_eq!(sim.heard_by(bao), [anna, chen]);
    assert_eq!(sim.heard_by(dara), []);
}

#[test]
fn everybody_sees_all_rosters_they_are_on_live() {
    let (mut sim, [anna, bao, chen]) = Sim::with(27, ["Anna", "Bao", "Chen"]);
    let planning = sim.gather(anna, "Planning", &[bao, chen]);
    let review = sim.gather(bao, "Review", &[anna]);
    // Anna is in Review now, and follows Planning from there.
    sim.ask(chen, Command::Away);
    sim.until("Anna sees it", 5, |sim| {
        is_away(sim.presence(anna, planning, chen))
    });
    sim.crash(chen);
    let took = sim.until_seen(&[anna, bao], planning, chen, LOST);
    println!("whoever is outside sees the last one inside crash after {took:?}");
    assert_eq!(sim.presence(anna, review, bao), Some(ONLINE));
}

#[test]
fn switching_by_creating_leaves_the_first_meeting() {
    let (mut sim, [anna, bao, chen]) = Sim::with(28, ["Anna", "Bao", "Chen"]);
    let planning = sim.gather(anna, "Planning", &[bao, chen]);
    let review = sim.meet(bao, "Review", &[anna]);
    sim.until_seen(&[anna, bao, chen], planning, bao, ELSEWHERE);
    assert_eq!(sim.view(bao).active, Some(review));
}
