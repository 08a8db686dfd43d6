//! A disk that is full or hangs: nothing is promised that a crash would make the daemon forget, and nothing else waits.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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

/// A file system whose every operation hangs: the kernel asks a program for each, and this one never answers.
struct HangingDisk {
    directory: PathBuf,
    program: Child,
}

impl HangingDisk {
    /// Puts one over a directory, so that what has been opened there goes on and what is opened now hangs.
    fn over(directory: &Path) -> Result<Self> {
        const MOUNT: &str = "exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 \
                             hanging \"$1\" && echo hangs && exec cat";
        let mut program = Command::new("sh")
            .args(["-c", MOUNT, "sh"])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        let out = program.stdout.take().context("it has one")?;
        BufReader::new(out).read_line(&mut said)?;
        ensure!(said == "hangs\n", "there is no /dev/fuse to be had");
        Ok(Self {
            directory: directory.to_owned(),
            program,
        })
    }

    /// Takes it away: what is opened now is on the disk below, and then what hangs ends with an error.
    fn answers(mut self) -> Result<()> {
        run(Command::new("umount").arg("-l").arg(&self.directory))?;
        drop(self.program.stdin.take());
        self.program.wait()?;
        Ok(())
    }
}

/// Moves the file of somebody's meetings to a directory of its own, which is returned. The daemon follows the link.
fn move_meetings(home: &Path) -> Result<PathBuf> {
    let disk = home.join("disk");
    std::fs::create_dir(&disk)?;
    std::fs::rename(home.join("meetings"), disk.join("meetings"))?;
    std::os::unix::fs::symlink("disk/meetings", home.join("meetings"))?;
    Ok(disk)
}

fn is_told(now: &Snapshot) -> bool {
    let mut warnings = now.status.warnings.iter();
    warnings.any(|warning| warning.kind == NoticeKind::NotSaved)
}

/// Does something that cannot be saved, and says what the user is told.
fn is_refused(colleague: &Colleague, command: &[&str], reason: &str) -> Result<String> {
    let output = colleague.sotto(command)?;
    let text = said(&output);
    ensure!(!output.status.success(), "{command:?} says that it is done");
    ensure!(text.contains("saved") && text.contains(reason), "{text}");
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
    note(is_refused(&bao, &["decline", "Planning"], "space")?);
    bao.until("the user is told", is_told).await?;
    let status = said(&bao.sotto(&["status"])?);
    ensure!(status.contains("not saved"), "{status}");
    note(is_refused(&bao, &["meet", "Lunch", "Anna"], "space")?);
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
    note(is_refused(&bao, &["leave"], "space")?);
    bao.until("the microphone is closed", |now| {
        now.status.meeting.is_none() && now.status.sound.input.open.is_none()
    })
    .await?;
    disk.free()?;
    anna.sees("Planning", "Bao", offline(OfflineReason::Left))
        .await?;
    Ok(())
}

pub(crate) async fn a_disk_that_hangs_is_told_and_nothing_else_waits_for_it(
    mut lab: Place,
) -> Outcome {
    /// What takes longer has waited for the disk again. The first write is waited for a second; it hangs for good.
    const AT_ONCE: Duration = Duration::from_secs(3);
    let anna = lab.colleague("Anna")?.start().await?;
    let mut bao = lab.colleague("Bao")?.start().await?;
    bao.quits().await?;
    let disk = move_meetings(bao.home())?;
    bao.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    anna.sees("Planning", "Bao", PresenceState::Online).await?;

    // Mute is waited for by nobody, and told although it is not saved.
    let hanging = HangingDisk::over(&disk)?;
    let begin = Instant::now();
    bao.mutes().await?;
    anna.until("Bao is muted", |now| {
        participant(now, "Planning", "Bao").is_some_and(|bao| bao.muted)
    })
    .await?;
    note(format!("muted after {} ms", begin.elapsed().as_millis()));
    ensure!(begin.elapsed() < AT_ONCE);
    bao.until("the user is told", is_told).await?;
    let begin = Instant::now();
    note(is_refused(
        &bao,
        &["meet", "Lunch", "Anna"],
        "does not answer",
    )?);
    for _ in 0..10 {
        let status = said(&bao.sotto(&["status"])?);
        ensure!(status.contains("not saved"), "{status}");
    }
    bao.unmutes().await?;
    let took = begin.elapsed();
    note(format!("twelve more commands: {} ms", took.as_millis()));
    ensure!(took < AT_ONCE, "{took:?}");

    note(is_refused(&bao, &["leave"], "does not answer")?);
    let seen = anna.watch()?.now();
    let inside = participant(&seen, "Planning", "Bao").context("Bao is on the roster")?;
    ensure!(
        inside.presence.state == PresenceState::Online,
        "Anna was told of what is not saved"
    );

    hanging.answers()?;
    let took = anna
        .sees("Planning", "Bao", offline(OfflineReason::Left))
        .await?;
    note(format!("told after {} ms", took.as_millis()));
    ensure!(took < AT_ONCE, "{took:?}");
    bao.until("it is saved again", |now| !is_told(now)).await?;

    // The end is bounded, too, even if everything hangs: state, configuration and the control socket.
    let hanging = HangingDisk::over(bao.home())?;
    let took = bao.quits().await?;
    note(format!("ended {} ms after SIGTERM", took.as_millis()));
    ensure!(took < AT_ONCE, "{took:?}");
    hanging.answers()
}
