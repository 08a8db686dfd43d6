//! A disk that is full: nothing is promised that a crash would make the daemon forget.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState, Snapshot};
use sotto_tests::Colleague;
use sotto_tests::colleague_views::{invitation, offline, participant};
use sotto_tests::programs::{run, said};

use crate::{Outcome, Place, note};

/// A home on a disk of its own, with little room.
struct SmallDisk {
    filling: PathBuf,
}

impl SmallDisk {
    /// Puts a home that was not used yet on one.
    fn under(home: &Path) -> Result<Self> {
        let config = std::fs::read(home.join("config.toml"))?;
        let options = ["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs"];
        run(Command::new("mount").args(options).arg(home))?;
        std::fs::write(home.join("config.toml"), config)?;
        Ok(Self {
            filling: home.join("filling"),
        })
    }

    fn fill(&self) -> Result<()> {
        let full = std::fs::write(&self.filling, vec![1; 1024 * 1024]);
        ensure!(full.is_err(), "the disk has more room than it should");
        Ok(())
    }

    fn free(&self) -> Result<()> {
        std::fs::remove_file(&self.filling).context("the disk was not full")
    }
}

fn is_told(now: &Snapshot) -> bool {
    let mut warnings = now.status.warnings.iter();
    warnings.any(|warning| warning.kind == NoticeKind::NotSaved)
}

/// Does something that cannot be saved, and says what the user is told.
fn is_refused(colleague: &Colleague, command: &[&str]) -> Result<String> {
    let output = colleague.sotto(command)?;
    let text = said(&output);
    ensure!(!output.status.success(), "{command:?} says that it is done");
    ensure!(text.contains("saved") && text.contains("space"), "{text}");
    Ok(text)
}

pub(crate) async fn a_full_disk_is_told_and_what_it_cannot_hold_is_told_to_nobody(
    mut lab: Place,
) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let mut bao = lab.colleague("Bao")?.later()?;
    let disk = SmallDisk::under(bao.home())?;
    bao.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.is_invited_to("Planning").await?;

    disk.fill()?;
    note(is_refused(&bao, &["decline", "Planning"])?);
    bao.until("the user is told", is_told).await?;
    let status = said(&bao.sotto(&["status"])?);
    ensure!(status.contains("not saved"), "{status}");
    note(is_refused(&bao, &["meet", "Lunch", "Anna"])?);
    // It was not saved, so it is not remembered; and nobody was told.
    bao.crashes().await?;
    bao.start().await?;
    bao.until("the user is told after a restart, too", is_told)
        .await?;
    bao.is_invited_to("Planning").await?;
    let seen = anna.watch()?.now();
    let declined = participant(&seen, "Planning", "Bao").is_none_or(|bao| bao.declined);
    ensure!(!declined, "Anna was told of what Bao's daemon forgot");
    ensure!(invitation(&seen, "Lunch").is_none());

    disk.free()?;
    let took = bao.until("it is saved again", |now| !is_told(now)).await?;
    note(format!(
        "saved {:.1} s after there was room",
        took.as_secs_f64()
    ));
    bao.watch()?
        .notice("the user is told that it is saved again", |notice| {
            notice.kind == NoticeKind::NotSaved && notice.text.contains("again")
        })
        .await?;
    bao.joins("Planning").await?;
    anna.sees("Planning", "Bao", PresenceState::Online).await?;

    // In a meeting, what closes something happens at once.
    disk.fill()?;
    bao.mutes().await?;
    anna.until("Bao is muted", |now| {
        participant(now, "Planning", "Bao").is_some_and(|bao| bao.muted)
    })
    .await?;
    note(is_refused(&bao, &["leave"])?);
    bao.until("the microphone is closed", |now| {
        now.status.meeting.is_none() && now.status.sound.input.open.is_none()
    })
    .await?;
    disk.free()?;
    anna.sees("Planning", "Bao", offline(OfflineReason::Left))
        .await?;
    Ok(())
}
