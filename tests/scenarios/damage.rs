//! What comes back after the file of meetings was damaged.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState};
use sotto_tests::colleague_views::offline;

use crate::{Outcome, Place, note};

/// What became of the file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Truncated,
    Garbage,
    Missing,
    /// A backup from before the meeting took its place.
    Outdated,
}

impl Damage {
    fn happens_to(self, state: &Path, backup: &[u8]) -> Result<()> {
        let bytes = std::fs::read(state).context("no file of meetings")?;
        match self {
            Self::Truncated => std::fs::write(state, &bytes[..bytes.len() / 2])?,
            Self::Garbage => std::fs::write(state, "Once upon a time there was a file.")?,
            Self::Missing => std::fs::remove_file(state)?,
            Self::Outdated => std::fs::write(state, backup)?,
        }
        Ok(())
    }

    fn is_noticed(self) -> bool {
        matches!(self, Self::Truncated | Self::Garbage)
    }
}

pub(crate) async fn after_damage_a_participant_is_invited_back(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let mut bao = lab.colleague("Bao")?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    for name in ["Bao", "Chen"] {
        anna.finds(name).await?;
    }
    let state = bao.home().join("meetings");
    let backup = std::fs::read(&state).context("no file of meetings")?;
    // The meeting is Bao's own: nobody has an invitation on record for its creator.
    bao.finds("Anna").await?;
    bao.finds("Chen").await?;
    bao.meets("Planning", &["Anna", "Chen"]).await?;
    anna.joins("Planning").await?;
    chen.joins("Planning").await?;
    for damage in [
        Damage::Truncated,
        Damage::Garbage,
        Damage::Missing,
        Damage::Outdated,
    ] {
        bao.quits().await?;
        anna.sees("Planning", "Bao", offline(OfflineReason::Closed))
            .await?;
        damage.happens_to(&state, &backup)?;
        bao.start().await?;
        let took = bao.is_invited_to("Planning").await?;
        let now = bao.watch()?.now();
        let mut warnings = now.status.warnings.iter();
        let warned = warnings.any(|warning| warning.kind == NoticeKind::StateDamaged);
        ensure!(warned == damage.is_noticed(), "{damage:?}");
        ensure!(
            now.status.meeting.is_none() && now.status.sound.input.open.is_none(),
            "{damage:?} opened a microphone"
        );
        note(format!(
            "{damage:?}: invited after {:.1} s",
            took.as_secs_f64()
        ));
        bao.joins("Planning").await?;
        for viewer in [&anna, &chen, &bao] {
            for name in ["Anna", "Bao", "Chen"] {
                viewer.sees("Planning", name, PresenceState::Online).await?;
            }
        }
    }
    Ok(())
}
