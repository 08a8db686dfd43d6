//! Whisperers say whom they whisper to, on a still network.

use super::*;

#[test]
fn a_whisper_is_announced_to_its_receivers_and_the_deafened_one_says_so() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    sim.meeting_of_all(anna);
    sim.capture();
    sim.ask(chen, Command::Deafen { at: None });
    sim.run_millis(200);
    sim.forget_events();
    let to = vec![sim.id(bao), sim.id(chen)];
    let whisper = Command::Whisper {
        to,
        mode: WhisperMode::Latch,
        at: Some(480),
    };
    sim.ask(anna, whisper);
    sim.run_millis(300);
    let [from, to_bao, to_chen] = [anna, bao, chen].map(|host| sim.id(host));
    assert!(sim.saw(bao, |event| matches!(event,
        Event::WhisperStarted { from: by, others, unheard: false, .. } if *by == from && *others == [to_chen])));
    assert!(sim.saw(chen, |event| matches!(event,
        Event::WhisperStarted { from: by, others, unheard: true, .. } if *by == from && *others == [to_bao])));
    assert!(sim.saw(
        anna,
        |event| matches!(event, Event::ReceiverDeafened { peer, .. } if *peer == to_chen)
    ));
    sim.ask(
        bao,
        Command::Reply {
            meant: None,
            mode: WhisperMode::Latch,
            at: None,
        },
    );
    sim.ask(anna, TALK);
    sim.run_millis(300);
    assert!(sim.saw(bao, |event| *event == Event::WhisperStopped { from }));
}

#[test]
fn whoever_announces_a_whisper_without_whispering_takes_no_reply() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    sim.meeting_of_all(anna);
    sim.capture();
    sim.ask(chen, latch(&sim, &[anna]));
    sim.run_millis(600);
    sim.forget_events();
    sim.block_media(bao, anna);
    sim.ask(bao, latch(&sim, &[anna]));
    sim.run_millis(600);
    let talk = sim.view(anna).talk;
    assert_eq!(talk.reply_to[0].peer, sim.id(chen));
    assert_eq!(talk.whispers.len(), 1);
    assert!(!sim.saw(anna, |event| matches!(event, Event::WhisperStarted { .. })));
    sim.heal();
    sim.run_millis(600);
    assert_eq!(sim.view(anna).talk.reply_to[0].peer, sim.id(bao));
}

#[test]
fn a_reply_stays_with_whoever_began_last_when_another_whisper_loses_a_receiver() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::still(["Anna", "Bao", "Chen", "Dara"]);
    sim.meeting_of_all(anna);
    sim.capture();
    sim.ask(dara, latch(&sim, &[anna, bao]));
    sim.run_millis(600);
    sim.ask(chen, latch(&sim, &[anna]));
    sim.run_millis(600);
    sim.ask(bao, Command::Leave { meeting: None });
    sim.run_millis(600);
    let whispers = sim.view(anna).talk.whispers;
    assert!(
        whispers.iter().all(|whisper| whisper.others.is_empty()),
        "{whispers:?}"
    );
    let reply = |meant, sim: &Sim| Command::Reply {
        meant: Some(vec![sim.id(meant)]),
        mode: WhisperMode::Latch,
        at: None,
    };
    let wrong = reply(dara, &sim);
    let refusal = sim.command(anna, wrong).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "Chen was the last to begin a whisper to you"
    );
    let right = reply(chen, &sim);
    let to = vec![sim.id(chen)];
    assert_eq!(sim.command(anna, right), Ok(Reply::Whispering { to }));
}

#[test]
fn a_speaker_that_switches_too_often_is_understood_in_the_end() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    sim.meeting_of_all(anna);
    sim.capture();
    for _ in 0..60 {
        sim.ask(anna, latch(&sim, &[bao]));
        sim.ask(anna, TALK);
    }
    sim.ask(anna, latch(&sim, &[bao]));
    assert!(sim.view(bao).counters.requests_dropped > 40);
    sim.run(3);
    assert_eq!(sim.view(bao).talk.whispers.len(), 1);
}
