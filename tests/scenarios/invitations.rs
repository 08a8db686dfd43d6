//! How invitations reach people, and how they go away.

use std::time::Duration;

use anyhow::ensure;
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState};
use sotto_tests::Colleague;
use sotto_tests::colleague_views::{invitation, offline, participant};

use crate::{Outcome, Place, note};

pub(crate) async fn who_starts_later_is_invited_although_the_inviter_has_gone(
    mut lab: Place,
) -> Outcome {
    let mut anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let mut dara = lab.colleague("Dara")?.start().await?;
    anna.finds("Bao").await?;
    anna.finds("Dara").await?;
    // Dara is known, but not running when she is invited.
    dara.quits().await?;
    anna.meets("Planning", &["Bao", "Dara"]).await?;
    bao.joins("Planning").await?;
    bao.until("Dara is on the roster", |now| {
        participant(now, "Planning", "Dara").is_some()
    })
    .await?;
    anna.quits().await?;
    bao.sees("Planning", "Anna", offline(OfflineReason::Closed))
        .await?;

    dara.start().await?;
    let took = dara.is_invited_to("Planning").await?;
    note(format!(
        "invited {:.2} s after the daemon answered, by Bao",
        took.as_secs_f64()
    ));
    dara.joins("Planning").await?;
    for who in ["Bao", "Dara"] {
        bao.sees("Planning", who, PresenceState::Online).await?;
        dara.sees("Planning", who, PresenceState::Online).await?;
    }
    dara.sees("Planning", "Anna", offline(OfflineReason::Closed))
        .await?;
    Ok(())
}

pub(crate) async fn an_invitation_lets_in_although_its_inviter_has_gone(mut lab: Place) -> Outcome {
    let mut anna = lab.colleague("Anna")?.start().await?;
    let mut bao = lab.colleague("Bao")?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    let dara = lab.colleague("Dara")?.start().await?;
    for name in ["Bao", "Chen", "Dara"] {
        anna.finds(name).await?;
    }
    bao.finds("Dara").await?;
    anna.meets("Planning", &["Bao", "Chen"]).await?;
    chen.is_invited_to("Planning").await?;
    bao.joins("Planning").await?;
    let took = is_told(&chen, &["Anna", "Bao"]).await?;
    note(format!(
        "{:.1} s after Bao was inside, Chen's invitation said so",
        took.as_secs_f64()
    ));
    // Chen's invitation does not name Dara, whom Bao brings in.
    bao.invites("Planning", &["Dara"]).await?;
    dara.joins("Planning").await?;
    anna.quits().await?;
    is_told(&chen, &["Bao", "Dara"]).await?;
    bao.crashes().await?;
    is_told(&chen, &["Dara"]).await?;
    chen.joins("Planning").await?;
    for who in ["Chen", "Dara"] {
        chen.sees("Planning", who, PresenceState::Online).await?;
        dara.sees("Planning", who, PresenceState::Online).await?;
    }
    Ok(())
}

/// Waits until an open invitation calls exactly these inside.
async fn is_told(invitee: &Colleague, names: &[&str]) -> anyhow::Result<Duration> {
    invitee
        .until(
            &format!("the invitation says that {names:?} are inside"),
            |now| {
                invitation(now, "Planning").is_some_and(|invitation| {
                    let mut inside: Vec<&str> = invitation
                        .inside
                        .iter()
                        .map(|person| person.name.as_str())
                        .collect();
                    inside.sort_unstable();
                    inside == names
                })
            },
        )
        .await
}

pub(crate) async fn a_withdrawn_invitation_disappears(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.is_invited_to("Planning").await?;
    anna.withdraws("Planning", &["Bao"]).await?;
    let took = bao.is_no_longer_invited_to("Planning").await?;
    note(format!("gone after {:.0} ms", took.as_secs_f64() * 1e3));
    let output = bao.sotto(&["join", "Planning"])?;
    ensure!(!output.status.success(), "a withdrawn invitation admits");
    Ok(())
}

pub(crate) async fn a_declined_invitation_is_seen_by_the_inviter(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.is_invited_to("Planning").await?;
    bao.declines("Planning").await?;
    bao.is_no_longer_invited_to("Planning").await?;
    anna.until("Bao is no longer expected", |now| {
        participant(now, "Planning", "Bao").is_none_or(|bao| bao.declined)
    })
    .await?;
    anna.watch()?
        .notice("the decline", |notice| notice.kind == NoticeKind::Declined)
        .await?;
    ensure!(
        bao.watch()?.now().meetings.is_empty(),
        "who declines is told nothing of the meeting"
    );
    Ok(())
}
