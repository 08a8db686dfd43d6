//! What somebody at a desktop sees and clicks, and what comes of it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sotto_control::model::{NobodyBecause, Snapshot, TalkTo};
use sotto_tests::desk::EDITOR;
use sotto_tests::programs::{Running, run};
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Desk, Script, Voice};

use crate::{Outcome, Place, note};

/// How long a person takes to see something and press.
const REACTION: Duration = Duration::from_secs(1);

pub(crate) async fn an_invitation_does_not_interrupt(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let mut desk = Desk::of(&anna)?;
    desk.start_notifications()?;
    desk.start_editor()?;
    let _tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    bao.finds("Anna").await?;
    bao.meets("Planning", &["Anna"]).await?;
    desk.until("the invitation", |desk| Ok(desk.notifications()? == 1))?;
    desk.picture("invited")?;
    let active = desk.active_window()?;
    ensure!(
        active == EDITOR,
        "the invitation gave the keyboard to {active}"
    );
    // A press that comes sooner was meant for something else, and answers nothing.
    tokio::time::sleep(REACTION).await;
    desk.answers_notification("Join")?;
    anna.is_in("Planning").await?;
    let active = desk.active_window()?;
    ensure!(active == EDITOR, "joining gave the keyboard to {active}");
    desk.until("the answered invitation's end", |desk| {
        Ok(desk.notifications()? == 0)
    })?;
    Ok(())
}

pub(crate) async fn a_pushed_face_alone_hears_and_a_killed_window_whispers_to_nobody(
    mut lab: Place,
) -> Outcome {
    let mut script = Script::new();
    script.wait_until(14.0);
    let private = script.say(&Clip::spoken(
        "Chen, only you should ever hear these very private words.",
        Voice::Anna,
    )?);
    script.wait_until(24.0);
    let after = script.say(&Clip::spoken(
        "Nobody should hear this, because the window has been killed.",
        Voice::Anna,
    )?);
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    let desk = Desk::of(&anna)?;
    let tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    desk.until("the window", |desk| {
        desk.clicks_icon()?;
        Ok(true)
    })?;
    for name in ["Anna", "Chen"] {
        bao.finds(name).await?;
    }
    bao.meets("Planning", &["Anna", "Chen"]).await?;
    chen.joins("Planning").await?;
    anna.joins("Planning").await?;
    desk.shows("Chen, …")?;
    desk.picture("meeting")?;

    anna.is_about_to_say(&private).await?;
    desk.holds("Chen, …")?;
    anna.until("whispering to Chen while the face is held", |now| {
        whispers_to(now, "Chen")
    })
    .await?;
    desk.picture("whispering")?;
    chen.heard_well(&anna, &private, WELL).await?;
    bao.heard_nothing(&anna, &private).await?;

    kill(&window(&tray)?)?;
    anna.until("speaking to nobody, because the hold was lost", |now| {
        now.talk.to == TalkTo::Nobody && now.talk.nobody_because == Some(NobodyBecause::HoldLost)
    })
    .await?;
    for listener in [&chen, &bao] {
        let nothing = listener.heard_nothing(&anna, &after).await?;
        note(format!(
            "after the window was killed, {}: likeness {:.3}",
            listener.name(),
            nothing.likeness
        ));
    }
    desk.lets_go()?;
    desk.clicks_icon()?;
    desk.shows("Chen, …")
}

pub(crate) async fn the_window_becomes_a_strip_above_others_and_a_window_again(
    mut lab: Place,
) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let mut desk = Desk::of(&anna)?;
    desk.start_editor()?;
    let _tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    bao.finds("Anna").await?;
    bao.meets("Planning", &["Anna"]).await?;
    anna.joins("Planning").await?;
    desk.clicks_icon()?;
    desk.shows("Bao, …")?;
    ensure!(!desk.is_above(WINDOW)?, "a window is above others");
    desk.press("Shrink to a strip above all windows")?;
    desk.until("a strip above others", |desk| desk.is_above(WINDOW))?;
    desk.until("the editor with the keyboard", |desk| {
        Ok(desk.active_window()? == EDITOR)
    })?;
    desk.picture("strip")?;
    desk.press("Mute")?;
    anna.until("muted in the strip", |now| now.status.muted)
        .await?;
    let active = desk.active_window()?;
    ensure!(active == EDITOR, "the strip gave the keyboard to {active}");
    desk.press("Back to the window")?;
    desk.until("a window like others", |desk| Ok(!desk.is_above(WINDOW)?))?;
    desk.press("Unmute")?;
    anna.until("heard again", |now| !now.status.muted).await?;
    desk.picture("window")
}

/// How the title of the meeting window begins.
const WINDOW: &str = "Planning";

fn whispers_to(now: &Snapshot, name: &str) -> bool {
    matches!(&now.talk.to, TalkTo::Whisper { to, .. } if to.len() == 1 && to[0].name == name)
}

/// The process of the window that the tray has opened.
fn window(tray: &Running) -> Result<String> {
    let children = format!("/proc/{0}/task/{0}/children", tray.id());
    let children = std::fs::read_to_string(children)?;
    let window = children.split_whitespace().next();
    window
        .map(str::to_owned)
        .context("the tray has opened no window")
}

fn kill(process: &str) -> Result<()> {
    run(Command::new("kill").args(["-KILL", process])).map(drop)
}
