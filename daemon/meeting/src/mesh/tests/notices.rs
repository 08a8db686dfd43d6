//! What a speaker says of its whispers when it cannot be heard.

use super::*;

#[test]
fn a_notice_that_did_not_arrive_is_not_repeated_from_another_meeting() {
    let (mut sim, [anna, bao, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    sim.meeting_of_all(anna);
    let whisper = Command::Whisper {
        to: vec![sim.id(bao)],
        mode: crate::WhisperMode::Latch,
        at: None,
    };
    sim.ask(anna, whisper);
    sim.split(&[&[bao]]);
    sim.meet(anna, "Elsewhere", &[]);
    // Four seconds were given to a connection, by which to say that the whisper is over.
    sim.run_millis(4100);
    let mesh = sim.mesh(anna);
    assert_eq!(mesh.talk.next_timeout(), None, "nothing is left to be said");
}
