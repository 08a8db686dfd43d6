//! How whispers end: when they are released, and after a stated time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_control::model::{TalkTo, WhisperMode};
use sotto_control::{Client, TalkRelease, TalkWhisper};
use sotto_tests::{Clip, Colleague, Script, Trace};

use crate::whisper::four_in_a_meeting;
use crate::{Outcome, Place, note};

/// When the sound begins and how long it goes on, in seconds of the script.
const BEGIN: f64 = 8.0;
const LENGTH: f64 = 8.0;

/// How long the timed whisper is asked to last.
const STATED: Duration = Duration::from_millis(1_000);

/// How far what is heard may be from what was asked for, in seconds: commands, and their answers, travel.
const LATE: f64 = 0.2;

pub(crate) async fn a_held_whisper_ends_with_its_release_and_a_timed_one_by_itself(
    mut lab: Place,
) -> Outcome {
    let mut script = Script::new();
    script.wait_until(BEGIN);
    let rustle = script.say(&Clip::rustle(Duration::from_secs_f64(LENGTH)));
    let [anna, bao, chen, _dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let opened = anna.microphone_opened()?;
    let wait_until = |seconds: f64| {
        tokio::time::sleep_until((opened + Duration::from_secs_f64(BEGIN + seconds)).into())
    };

    wait_until(1.0).await;
    let held = hold(&anna, 0.9).await?;
    wait_until(2.7).await;
    anna.whispers_for(&["Chen"], STATED).await?;
    // That one ends without a command. Muted, a held whisper is all that is heard.
    wait_until(4.5).await;
    let muted = Instant::now();
    anna.mutes().await?;
    wait_until(5.0).await;
    let held_while_muted = hold(&anna, 0.9).await?;
    wait_until(6.5).await;
    anna.unmutes().await?;
    let muted = muted.elapsed().as_secs_f64();
    anna.has_said(&rustle).await?;
    chen.recorded_until(opened + rustle.end() + Duration::from_millis(600))
        .await?;

    let around = BEGIN + 0.2..BEGIN + LENGTH - 0.3;
    let trace = |who: &Colleague| -> Result<Trace> {
        let recordings = who.recordings()?;
        let heard = recordings.last().context("no recording")?;
        Trace::follow(script.sound(), heard.sound(), around.clone())
            .with_context(|| format!("what {} heard", who.name()))
    };
    let lengths = |trace: &Trace| -> Vec<f64> {
        let holes = trace.holes(0.1);
        holes.iter().map(|hole| hole.end - hole.start).collect()
    };
    let lacks = lengths(&trace(&bao)?);
    note(format!(
        "held for {held:.2} s, stated {:.2} s, muted for {muted:.2} s: Bao lacks {lacks:.2?} s",
        STATED.as_secs_f64()
    ));
    is_about(&lacks, &[held, STATED.as_secs_f64(), muted]).context("what Bao lacks")?;
    let lacks = lengths(&trace(&chen)?);
    ensure!(
        lacks.len() == 2,
        "Chen lacks {lacks:.2?} s instead of what was before and after the whisper while muted"
    );
    is_about(&[lacks.iter().sum()], &[muted - held_while_muted]).context("what Chen lacks")
}

/// Holds a whisper to Chen for so many seconds, over a connection of its own. Says for how long it was held.
async fn hold(anna: &Colleague, seconds: f64) -> Result<f64> {
    let before = anna.watch()?.now().talk.to;
    let holder = Client::connect(&anna.places(), "holder").await?;
    let begin = Instant::now();
    holder
        .call(TalkWhisper {
            names: vec!["Chen".to_owned()],
            mode: WhisperMode::Hold,
        })
        .await?;
    anna.until("whispering", |now| {
        matches!(now.talk.to, TalkTo::Whisper { .. })
    })
    .await?;
    tokio::time::sleep_until((begin + Duration::from_secs_f64(seconds)).into()).await;
    holder.call(TalkRelease {}).await?;
    let held = begin.elapsed();
    anna.until("the whisper has ended", |now| now.talk.to == before)
        .await?;
    Ok(held.as_secs_f64())
}

fn is_about(heard: &[f64], expected: &[f64]) -> Result<()> {
    ensure!(
        heard.len() == expected.len()
            && heard
                .iter()
                .zip(expected)
                .all(|(heard, expected)| (heard - expected).abs() < LATE),
        "{heard:.2?} s instead of {expected:.2?} s"
    );
    Ok(())
}
