//! What somebody at a desktop sees and clicks, and what comes of it.

use std::time::Duration;

use anyhow::ensure;
use sotto_tests::Desk;

use crate::{Outcome, Place};

/// How long a person takes to see something and press.
const REACTION: Duration = Duration::from_secs(1);

pub(crate) async fn an_invitation_does_not_interrupt(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let mut desk = Desk::of(&anna)?;
    desk.start_notifications()?;
    let nothing = desk.focus()?;
    desk.start("xmessage", &["-name", "editor", "Somebody types here."])?;
    desk.until("the editor", |desk| Ok(desk.focus()? != nothing))?;
    let editor = desk.focus()?;
    let _tray = desk.start_ours(&anna, "sotto-tray", &[])?;
    bao.finds("Anna").await?;
    bao.meets("Planning", &["Anna"]).await?;
    desk.until("the invitation", |desk| Ok(desk.notifications()? == 1))?;
    desk.picture("invited")?;
    ensure!(desk.focus()? == editor, "the invitation took the keyboard");
    // A press that comes sooner was meant for something else, and answers nothing.
    tokio::time::sleep(REACTION).await;
    desk.answers_notification("Join")?;
    anna.is_in("Planning").await?;
    ensure!(desk.focus()? == editor, "joining took the keyboard");
    desk.until("the answered invitation's end", |desk| {
        Ok(desk.notifications()? == 0)
    })?;
    Ok(())
}
