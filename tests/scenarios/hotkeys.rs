//! Keys that work whichever program is in front: what they let others hear, and what a changed one does.

use anyhow::{Context, Result, ensure};
use sotto_control::model::{PresenceState, Snapshot, TalkTo};
use sotto_tests::colleague_views::all_see;
use sotto_tests::desk::EDITOR;
use sotto_tests::programs::said;
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Colleague, Desk, Line, Script, Voice};

use crate::{Outcome, Place, note};

fn say(script: &mut Script, at: f64, text: &str) -> Result<Line> {
    script.wait_until(at);
    Ok(script.say(&Clip::spoken(text, Voice::Anna)?))
}

fn sotto(colleague: &Colleague, arguments: &[&str]) -> Result<String> {
    let output = colleague.sotto(arguments)?;
    let text = said(&output);
    ensure!(output.status.success(), "{arguments:?}: {text}");
    Ok(text)
}

pub(crate) async fn keys_are_heard_while_somebody_works_elsewhere_and_a_changed_one_holds_at_once(
    mut lab: Place,
) -> Outcome {
    let mut script = Script::new();
    let before = say(&mut script, 6.5, "Nobody hears this, for no key is down.")?;
    let talked = say(
        &mut script,
        12.5,
        "Everyone hears me while the key is down.",
    )?;
    let private = say(&mut script, 18.5, "Only the desk is to hear these words.")?;
    let changed = say(&mut script, 24.5, "And this I say with another key.")?;
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    let mut desk = Desk::of(&anna)?;
    desk.start_editor()?;
    for name in ["Bao", "Chen"] {
        anna.finds(name).await?;
    }
    sotto(&anna, &["group", "add", "desk", "Chen"])?;
    sotto(&anna, &["talk", "--mode", "push"])?;
    for (setting, key) in [("hotkeys.talk", "F8"), ("hotkeys.whisper.desk", "Super+D")] {
        sotto(&anna, &["config", "set", setting, key])?;
    }
    let _tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    is_held(&desk, &anna, "F8")?;
    // The window manager has this one.
    let text = sotto(&anna, &["hotkeys"])?;
    ensure!(
        text.contains("Super+D belongs to another program"),
        "{text}"
    );
    sotto(
        &anna,
        &["config", "set", "hotkeys.whisper.desk", "Ctrl+Alt+D"],
    )?;
    is_held(&desk, &anna, "Ctrl+Alt+D")?;
    anna.meets("Planning", &["Bao", "Chen"]).await?;
    bao.joins("Planning").await?;
    chen.joins("Planning").await?;
    let (all, names) = ([&anna, &bao, &chen], ["Anna", "Bao", "Chen"]);
    all_see(&all, "Planning", &names, PresenceState::Online).await?;
    bao.heard_nothing(&anna, &before).await?;

    anna.is_about_to_say(&talked).await?;
    desk.key_down("F8")?;
    anna.until("pressing to talk", |now| now.talk.pressed)
        .await?;
    bao.heard_well(&anna, &talked, WELL).await?;
    chen.heard_well(&anna, &talked, WELL).await?;
    desk.key_up("F8")?;
    anna.until("silent again", |now| !now.talk.microphone_open)
        .await?;

    anna.is_about_to_say(&private).await?;
    desk.key_down("ctrl+alt+d")?;
    anna.until("whispering to the desk", whispers_to_chen)
        .await?;
    chen.heard_well(&anna, &private, WELL).await?;
    bao.heard_nothing(&anna, &private).await?;
    desk.key_up("ctrl+alt+d")?;
    anna.until("back with everyone", |now| {
        now.talk.to == TalkTo::Everyone && !now.talk.microphone_open
    })
    .await?;

    let text = sotto(&anna, &["config", "set", "hotkeys.talk", "F9"])?;
    ensure!(text == "hotkeys.talk is now F9", "{text}");
    is_held(&desk, &anna, "F9")?;
    anna.is_about_to_say(&changed).await?;
    // The old one does nothing: it neither opens the microphone nor, let go, closes it.
    desk.key_down("F8")?;
    desk.key_down("F9")?;
    anna.until("pressing to talk", |now| now.talk.pressed)
        .await?;
    desk.key_up("F8")?;
    bao.heard_well(&anna, &changed, WELL).await?;
    desk.key_up("F9")?;
    anna.until("silent", |now| !now.talk.pressed).await?;
    let active = desk.active_window()?;
    ensure!(active == EDITOR, "a key gave the keyboard to {active}");
    Ok(())
}

/// Waits until 'sotto hotkeys' says that a key is held.
fn is_held(desk: &Desk, colleague: &Colleague, key: &str) -> Result<()> {
    desk.until(&format!("{key} that is held"), |_| {
        let text = sotto(colleague, &["hotkeys"])?;
        let line = text.lines().find(|line| line.trim_start().starts_with(key));
        let line = line.with_context(|| format!("no line about {key}: {text}"))?;
        let held = line.ends_with("  held");
        if held {
            note(line.trim());
        }
        Ok(held)
    })
}

fn whispers_to_chen(now: &Snapshot) -> bool {
    matches!(&now.talk.to, TalkTo::Whisper { to, .. } if to.len() == 1 && to[0].name == "Chen")
}
