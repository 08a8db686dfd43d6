//! What somebody at a Wayland desktop sees and does, and what comes of it.

use anyhow::{Context, ensure};
use sotto_control::APP_ID;
use sotto_control::model::{NobodyBecause, TalkTo};
use sotto_tests::{Colleague, Desk};

use crate::{Outcome, Place};

/// The window in which somebody works.
const EDITOR: &str = "foot";

/// The strip is lighter than this, and an empty desktop darker.
const LIGHT: u8 = 128;

/// From the middle of the first face to the handle by which the strip is moved.
const HANDLE: u32 = 45;

pub(crate) async fn an_open_window_comes_to_the_front_with_leave(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let mut desk = Desk::on_sway(&anna)?;
    let _tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    let leave = starts(&mut desk)?;
    let window = desk.keyboard_goes_to(APP_ID)?;
    desk.until("the leave, used", |_| used(&anna, &leave))?;

    desk.start(EDITOR, &[])?;
    desk.keyboard_goes_to(EDITOR)?;
    let leave = desk.starts_with_leave()?;
    let again = desk.keyboard_goes_to(APP_ID)?;
    ensure!(again.id == window.id, "it is another window");
    ensure!(used(&anna, &leave)?, "the keyboard came without the leave");
    Ok(())
}

pub(crate) async fn the_strip_on_wayland_is_above_others_and_never_has_the_keyboard(
    mut lab: Place,
) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let mut desk = Desk::on_sway(&anna)?;
    let _window = desk.start_ours(&anna, "sotto-tray", &["window"])?;
    bao.finds("Anna").await?;
    bao.meets("Planning", &["Anna"]).await?;
    anna.joins("Planning").await?;
    desk.shows("Bao, …")?;
    desk.keyboard_goes_to(APP_ID)?;
    desk.start(EDITOR, &[])?;
    desk.keyboard_goes_to(EDITOR)?;

    desk.press("Shrink to a strip above all windows")?;
    desk.until("no window of ours", |desk| {
        Ok(desk.window_of(APP_ID).is_err())
    })?;
    desk.tells_sway("fullscreen enable")?;
    let first = face(&desk)?;
    desk.until("the strip over the editor", |desk| is_light(desk, first))?;
    desk.sway_picture("strip")?;
    desk.clicks_on_strip("Mute")?;
    anna.until("muted in the strip", |now| now.status.muted)
        .await?;

    // By its handle, to another corner.
    let grip = (first.0 - HANDLE, first.1);
    desk.presses_at(grip)?;
    for step in 1..=8 {
        desk.moves_pointer((grip.0 - 100 * step, grip.1 + 60 * step))?;
    }
    let there = (first.0 - 800, first.1 + 480);
    desk.until("the strip where it was moved", |desk| {
        Ok(is_light(desk, there)? && !is_light(desk, first)?)
    })?;
    desk.lets_pointer_go()?;
    desk.sway_picture("moved")?;

    ensure!(
        desk.window_of(EDITOR)?.focused,
        "the strip took the keyboard"
    );
    desk.tells_sway("fullscreen disable")?;
    desk.clicks_on_strip("Back to the window")?;
    desk.keyboard_goes_to(APP_ID)?;
    let said = log(&anna)?;
    let asked = said
        .rfind("set_serial(")
        .context("no leave was asked for")?;
    ensure!(said[asked..].contains("activate("), "the leave is not used");

    desk.press("Shrink to a strip above all windows")?;
    desk.until("the strip where it was", |desk| is_light(desk, there))?;
    desk.holds_on_strip("Bao, …")?;
    anna.until("whispering while the face is held", |now| {
        matches!(now.talk.to, TalkTo::Whisper { .. })
    })
    .await?;
    desk.unplugs_pointer()?;
    anna.until("speaking to nobody, because the hold was lost", |now| {
        now.talk.to == TalkTo::Nobody && now.talk.nobody_because == Some(NobodyBecause::HoldLost)
    })
    .await?;
    Ok(())
}

/// Starts Sotto once more, as soon as it runs.
fn starts(desk: &mut Desk) -> anyhow::Result<String> {
    desk.until("the tray", Desk::has_tray)?;
    desk.starts_with_leave()
}

/// Whether a program of this colleague has used this leave.
fn used(colleague: &Colleague, leave: &str) -> anyhow::Result<bool> {
    Ok(log(colleague)?.contains(&format!("activate(\"{leave}\"")))
}

/// What the programs of this colleague have said, to the compositor too.
fn log(colleague: &Colleague) -> anyhow::Result<String> {
    let log = colleague.results().join("sotto-tray.log");
    std::fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))
}

/// A point of the strip beside the first face.
fn face(desk: &Desk) -> anyhow::Result<(u32, u32)> {
    desk.shows("Back to the window")?;
    desk.place_of("Bao, …")
}

fn is_light(desk: &Desk, (x, y): (u32, u32)) -> anyhow::Result<bool> {
    // Beside the face: the ground of the strip.
    Ok(desk.brightness((x - 28, y))? > LIGHT)
}
