//! From mouth to ear, as a chirp tells it.

use std::time::Instant;

use anyhow::{Context, ensure};
use sotto_control::AudioLatency;
use sotto_tests::colleague_views::participant;
use sotto_tests::hearing::SILENT;
use sotto_tests::programs::said;
use sotto_tests::{Clip, Script, Voice};

use crate::faults::three_in_a_meeting;
use crate::{Outcome, Place, note};

/// How far the chirp and the sum of all parts may lie apart, in milliseconds: a little stretching of time, and what the
/// threads need to wake up on a busy machine.
const APART: f32 = 15.0;

pub(crate) async fn a_chirp_tells_the_delay_and_no_person_hears_it(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    script.wait_until(6.0);
    let line = script.say(&Clip::spoken(
        "Once I have been heard, I close my microphone.",
        Voice::Anna,
    )?);
    script.pause(1.0);
    let [anna, bao, chen] = three_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    // As soon as there are figures, before anybody was heard.
    anna.until("figures of Chen", |now| {
        let chen = participant(now, "Planning", "Chen").and_then(|chen| chen.stats);
        chen.is_some_and(|stats| stats.target_ms > 0.0)
    })
    .await?;
    let early = anna
        .ask(AudioLatency {
            name: "Chen".to_owned(),
            chirp: true,
        })
        .await?;
    let early = early.to.and_then(|to| to.chirp_ms);
    note(format!("the first: {early:?} ms"));
    ensure!(
        early.is_some(),
        "a chirp was sent, and nothing is told of it"
    );
    for listener in [&bao, &chen] {
        listener.heard_well(&anna, &line, 3.0).await?;
    }
    anna.mutes().await?;

    let begin = Instant::now();
    let reply = anna
        .ask(AudioLatency {
            name: "Bao".to_owned(),
            chirp: true,
        })
        .await?;
    let end = Instant::now();
    let to = reply.to.context("no way to Bao")?;
    let chirp = to.chirp_ms.context("no chirp")?;
    note(format!(
        "{chirp:.1} ms by a chirp, {:.1} ms by all parts, told after {:.1} s",
        to.total_ms,
        (end - begin).as_secs_f32()
    ));
    ensure!(
        (chirp - to.total_ms).abs() < APART,
        "{chirp} ms by a chirp, {} ms by all parts",
        to.total_ms
    );
    for listener in [&bao, &chen] {
        listener.recorded_until(end).await?;
        let heard = listener.nothing_between(&line.clip, begin, end)?;
        ensure!(
            heard.was_listening() && heard.loudest < SILENT,
            "{} heard {:.0} dBFS",
            listener.name(),
            heard.loudest
        );
    }

    let output = anna.sotto(&["latency", "bao", "--chirp"])?;
    note(said(&output));
    ensure!(said(&output).contains("by a chirp"), "{}", said(&output));

    // Three people: it must be said with whom.
    let output = anna.sotto(&["latency"])?;
    ensure!(
        output.status.code() == Some(2) && said(&output).contains("Bao, Chen"),
        "{}",
        said(&output)
    );
    bao.sotto(&["deafen"])?;
    let output = anna.sotto(&["latency", "bao", "--chirp"])?;
    note(said(&output));
    ensure!(
        !output.status.success() && said(&output).contains("Bao hears nothing"),
        "{}",
        said(&output)
    );
    Ok(())
}
