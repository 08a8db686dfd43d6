//! A microphone that is open only while a key is pressed, and one that is muted.

use anyhow::{Result, ensure};
use sotto_control::model::{NoticeKind, PresenceState, TalkMode};
use sotto_tests::colleague_views::all_see;
use sotto_tests::programs::said;
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Line, Script, Voice};

use crate::{Outcome, Place, note};

fn say(script: &mut Script, at: f64, text: &str) -> Result<Line> {
    script.wait_until(at);
    Ok(script.say(&Clip::spoken(text, Voice::Anna)?))
}

pub(crate) async fn only_what_is_said_while_the_key_is_down_is_heard(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    let before = say(
        &mut script,
        8.0,
        "Nobody hears this, because no key is down yet.",
    )?;
    let pressed = say(
        &mut script,
        17.0,
        "This is what I say while I press the key.",
    )?;
    let after = say(
        &mut script,
        26.0,
        "And this is again for nobody but myself.",
    )?;
    let muted = say(
        &mut script,
        35.0,
        "Now I am talking although I have muted my microphone.",
    )?;
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    let does = |arguments: &[&str]| -> Result<String> {
        let output = anna.sotto(arguments)?;
        let text = said(&output);
        ensure!(output.status.success(), "{arguments:?}: {text}");
        note(text.trim());
        Ok(text)
    };
    does(&["talk", "--mode", "push"])?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    let names = ["Anna", "Bao"];
    all_see(&[&anna, &bao], "Planning", &names, PresenceState::Online).await?;
    let status = does(&["status"])?;
    ensure!(status.contains("closed until you press to talk"));

    bao.heard_nothing(&anna, &before).await?;
    anna.is_about_to_say(&pressed).await?;
    // The command has ended before the first word; the press has not.
    does(&["talk", "--press"])?;
    bao.heard_well(&anna, &pressed, WELL).await?;
    ensure!(anna.watch()?.now().talk.pressed);
    does(&["talk", "--release"])?;
    bao.heard_nothing(&anna, &after).await?;

    does(&["talk", "--mode", "open"])?;
    anna.until("open without a key", |now| {
        now.talk.mode == TalkMode::Open && now.talk.microphone_open
    })
    .await?;
    anna.is_about_to_say(&muted).await?;
    anna.mutes().await?;
    anna.until("seen to talk while muted", |now| now.talk.muted_but_talking)
        .await?;
    anna.watch()?
        .notice("told of talking while muted", |notice| {
            notice.kind == NoticeKind::MutedTalking
        })
        .await?;
    bao.heard_nothing(&anna, &muted).await?;
    anna.until("silent again", |now| !now.talk.muted_but_talking)
        .await?;
    Ok(())
}
