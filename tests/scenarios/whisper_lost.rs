//! What becomes of a held whisper when nobody is left to release it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sotto_control::model::{NobodyBecause, NoticeKind, TalkTo, WhisperMode};
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Colleague, Line, Script, Voice};
use tokio::process::Child;

use crate::whisper::four_in_a_meeting;
use crate::{Outcome, Place, note};

fn say(script: &mut Script, at: f64, text: &str) -> Result<Line> {
    script.wait_until(at);
    Ok(script.say(&Clip::spoken(text, Voice::Anna)?))
}

pub(crate) async fn a_held_whisper_whose_program_dies_or_sleeps_goes_to_nobody(
    mut lab: Place,
) -> Outcome {
    let mut script = Script::new();
    let whispered = say(&mut script, 12.0, "Chen, this is for you and nobody else.")?;
    let killed = say(
        &mut script,
        21.0,
        "I believe that I am still whispering to you.",
    )?;
    let suspended = say(
        &mut script,
        42.0,
        "And this must not fall into the room either.",
    )?;
    let open = say(
        &mut script,
        52.0,
        "Now I am speaking to everybody in the room.",
    )?;
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let everyone = [&bao, &chen, &dara];

    anna.is_about_to_say(&whispered).await?;
    let mut holder = hold(&anna).await?;
    chen.heard_well(&anna, &whispered, WELL).await?;
    for listener in [&bao, &dara] {
        listener.heard_nothing(&anna, &whispered).await?;
    }
    holder.kill().await?;
    speaks_to_nobody(&anna).await?;
    let packets = [
        bao.host().count_voice_from(anna.host())?,
        chen.host().count_voice_from(anna.host())?,
        dara.host().count_voice_from(anna.host())?,
    ];
    for listener in everyone {
        listener.heard_nothing(&anna, &killed).await?;
    }
    for (listener, counted) in everyone.iter().zip(&packets) {
        let packets = counted.packets()?;
        ensure!(
            packets == 0,
            "{packets} packets of voice reached {} after the holder was killed",
            listener.name()
        );
    }

    anna.speaks_to_everyone().await?;
    let mut holder = hold(&anna).await?;
    signal(&holder, "STOP")?;
    let begin = std::time::Instant::now();
    let hold_ends =
        anna.watch()?
            .until_within(Duration::from_secs(13), "the whisper has ended", |now| {
                now.talk.to == TalkTo::Nobody
            });
    hold_ends.await?;
    note(format!(
        "a suspended program's whisper ended after {:.1} s",
        begin.elapsed().as_secs_f64()
    ));
    speaks_to_nobody(&anna).await?;
    for listener in everyone {
        listener.heard_nothing(&anna, &suspended).await?;
    }
    signal(&holder, "CONT")?;
    // Waiting would close it, which lets go.
    let _stdin = holder.stdin.take();
    let status = tokio::time::timeout(Duration::from_secs(10), holder.wait())
        .await
        .context("the holder has woken up and goes on")??;
    ensure!(!status.success(), "it says nothing of what has happened");
    ensure!(
        anna.watch()?.now().talk.to == TalkTo::Nobody,
        "its end has changed something"
    );

    anna.is_about_to_say(&open).await?;
    anna.speaks_to_everyone().await?;
    for listener in everyone {
        listener.heard_well(&anna, &open, WELL).await?;
    }
    Ok(())
}

/// Runs `sotto whisper Chen --hold`, and waits until the daemon holds it.
async fn hold(anna: &Colleague) -> Result<Child> {
    held(anna, Stdio::null()).await
}

/// The same, with somewhere for it to say what went wrong.
pub(crate) async fn held(anna: &Colleague, words: Stdio) -> Result<Child> {
    let mut command = anna.command("sotto", &["whisper", "Chen", "--hold"])?;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(words);
    let mut command = tokio::process::Command::from(command);
    let holder = command.kill_on_drop(true).spawn()?;
    anna.until("holding a whisper", |now| {
        matches!(
            now.talk.to,
            TalkTo::Whisper {
                mode: WhisperMode::Hold,
                ..
            }
        )
    })
    .await?;
    Ok(holder)
}

/// Checks that a user who looks sees that nobody hears, why, and how to go on.
async fn speaks_to_nobody(anna: &Colleague) -> Outcome {
    anna.until("speaking to nobody", |now| {
        now.talk.to == TalkTo::Nobody && now.talk.nobody_because == Some(NobodyBecause::HoldLost)
    })
    .await?;
    let notice = anna
        .watch()?
        .notice("speaking to nobody", |notice| {
            notice.kind == NoticeKind::SpeakingToNobody
        })
        .await?;
    ensure!(
        notice
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("sotto talk")),
        "{notice:?}"
    );
    for command in ["status", "roster"] {
        let output = anna.sotto(&[command])?;
        let said = sotto_tests::programs::said(&output);
        ensure!(
            said.contains("Speaking to nobody: your whisper ended before you let go of it")
                && said.contains("'sotto talk'"),
            "'sotto {command}' says {said}"
        );
    }
    Ok(())
}

fn signal(child: &Child, signal: &str) -> Outcome {
    let pid = child.id().context("it has ended already")?.to_string();
    let mut kill = std::process::Command::new("kill");
    sotto_tests::programs::run(kill.args(["-s", signal, &pid])).map(drop)
}
