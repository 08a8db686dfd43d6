//! The icon in a real panel.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use sotto_tests::Desk;
use sotto_tests::programs::{Running, run};

use crate::{Outcome, Place};

/// What is said where nothing shows the icon, in the log and as a notification.
const NO_PANEL: &str = "This desktop shows no icons of programs";

pub(crate) async fn a_desktop_without_a_panel_is_told_and_the_icon_comes_with_each_panel(
    mut lab: Place,
) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let mut desk = Desk::of(&anna)?;
    desk.start_notifications()?;
    let tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    desk.until("word that nothing shows the icon", |desk| {
        Ok(desk.notifications()? == 1)
    })?;
    desk.picture("no panel")?;

    let panel = desk.start_panel()?;
    desk.until("the icon in the panel", Desk::panel_has_icon)?;
    bao.finds("Anna").await?;
    bao.meets("Planning", &["Anna"]).await?;
    desk.until("the invitation in the menu", |desk| {
        desk.chooses("Join “Planning”").map(|()| true)
    })?;
    anna.is_in("Planning").await?;
    desk.until("the meeting in the menu", |desk| {
        desk.chooses("Mute").map(|()| true)
    })?;
    anna.until("muted from the menu", |now| now.status.muted)
        .await?;
    opens_the_window(&desk, &tray)?;
    desk.picture("panel")?;
    let window = window(&tray)?.context("there is no window")?;
    run(Command::new("kill").args(["-KILL", &window]))?;

    // As when it crashes, or is configured anew.
    drop(panel);
    desk.until("a desktop without its panel", |desk| {
        desk.panel_has_icon().map(|has| !has).or(Ok(true))
    })?;
    let _panel = desk.start_panel()?;
    desk.until("the icon in the new panel", Desk::panel_has_icon)?;
    opens_the_window(&desk, &tray)?;
    desk.picture("new panel")?;
    desk.chooses("Leave “Planning”")?;
    anna.until("out of the meeting", |now| now.status.meeting.is_none())
        .await?;
    let log = std::fs::read_to_string(anna.results().join("sotto-tray.log"))?;
    let said = log.matches(NO_PANEL).count();
    ensure!(said == 1, "it was said {said} times: {log}");
    Ok(())
}

/// Clicks the icon in the panel, once it is drawn, until the window is there.
fn opens_the_window(desk: &Desk, tray: &Running) -> Result<()> {
    desk.until("the window, after a click on the icon", |desk| {
        desk.clicks_panel()?;
        Ok(window(tray)?.is_some())
    })?;
    desk.shows("Bao, …")
}

/// The process of the window that the tray has opened.
fn window(tray: &Running) -> Result<Option<String>> {
    let children = format!("/proc/{0}/task/{0}/children", tray.id());
    let children = std::fs::read_to_string(children)?;
    Ok(children.split_whitespace().next().map(str::to_owned))
}
