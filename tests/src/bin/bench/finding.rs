//! How fast people find each other, and how fast they hear each other.

use std::time::Duration;

use anyhow::{Context, Result};
use sotto_control::MeetingJoin;
use sotto_control::model::PresenceState;
use sotto_tests::colleague_views::peer;
use sotto_tests::{Colleague, Lab};

use crate::figure::{Figure, Table};
use crate::moments::{now, recordings};

/// A microphone that is never silent.
const TONE: &str = "backend = \"null\"\ninput = \"tone:440\"\noutput = \"null\"\n";

/// A colleague's daemon starts → it is in my list.
pub(crate) async fn in_the_list(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let anna = lab.colleague("Anna")?.start().await?;
    let (mut in_mine, mut in_theirs) = (Vec::new(), Vec::new());
    for number in 0..runs {
        // A newcomer each time: nothing is known of them.
        let name = format!("Newcomer {number}");
        let mut newcomer = lab.colleague(&name)?.later()?;
        let begin = std::time::Instant::now();
        newcomer.spawn()?;
        let seen = anna.finds(&name);
        let both = async {
            newcomer.attach().await?;
            newcomer.finds("Anna").await?;
            anyhow::Ok(begin.elapsed())
        };
        let (seen, theirs) = tokio::join!(
            async {
                seen.await?;
                anyhow::Ok(begin.elapsed())
            },
            both
        );
        in_mine.push(seen?.as_secs_f64() * 1e3);
        in_theirs.push(theirs?.as_secs_f64() * 1e3);
        newcomer.quits().await?;
        anna.until("the newcomer has gone", |now| {
            peer(now, &name).is_none_or(|one| !one.running)
        })
        .await?;
    }
    table.extend([
        Figure::new(
            "a colleague's daemon starts → it is in my list",
            "ms",
            "p95 ≤ 1500",
            in_mine,
        ),
        Figure::new(
            "my daemon starts → a colleague is in my list",
            "ms",
            "",
            in_theirs,
        ),
    ]);
    Ok(())
}

/// Waits until what somebody hears is on disk; recordings are flushed every half second.
async fn recorded() {
    tokio::time::sleep(Duration::from_millis(1_300)).await;
}

/// `join` → first sound.
pub(crate) async fn join_to_first_sound(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    let anna = lab.colleague("Anna")?.sound(TONE).start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.is_invited_to("Planning").await?;
    let mut values = Vec::new();
    for _ in 0..runs {
        let begin = now();
        bao.ask(MeetingJoin {
            meeting: Some("Planning".to_owned()),
            muted: false,
        })
        .await?;
        bao.is_in("Planning").await?;
        recorded().await;
        let first = recordings(&bao)?
            .last()
            .and_then(|recording| recording.first_sound(begin))
            .context("nothing was heard after joining")?;
        values.push((first - begin).as_secs_f64() * 1e3);
        bao.leaves("Planning").await?;
        anna.sees(
            "Planning",
            "Bao",
            sotto_tests::colleague_views::offline(sotto_control::model::OfflineReason::Left),
        )
        .await?;
        // Keys of before open for two more seconds; a user would not be back faster.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
    table.add(Figure::new("join → first sound", "ms", "p95 ≤ 300", values));
    Ok(())
}

/// `sottod` started with `rejoin` → first sound heard by the others.
pub(crate) async fn rejoin_to_first_sound(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    let mut anna = lab
        .colleague("Anna")?
        .sound(TONE)
        .meeting("rejoin = \"always\"")
        .start()
        .await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    let mut values = Vec::new();
    for _ in 0..runs {
        anna.quits().await?;
        bao.until("Anna has gone", |now| {
            sotto_tests::colleague_views::participant(now, "Planning", "Anna")
                .is_some_and(|anna| !anna.presence.is_present())
        })
        .await?;
        // What was on its way has been heard by then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begin = now();
        anna.spawn()?;
        anna.attach().await?;
        bao.sees("Planning", "Anna", PresenceState::Online).await?;
        if anna.watch()?.now().status.muted {
            anna.unmutes().await?;
        }
        recorded().await;
        recorded().await;
        let first = first_sound(&bao, begin)?;
        values.push((first - begin).as_secs_f64() * 1e3);
    }
    table.add(Figure::new(
        "daemon starts with rejoin → first sound heard by the others",
        "ms",
        "p95 ≤ 2000",
        values,
    ));
    Ok(())
}

fn first_sound(listener: &Colleague, begin: Duration) -> Result<Duration> {
    recordings(listener)?
        .last()
        .and_then(|recording| recording.first_sound(begin))
        .context("nothing was heard after the restart")
}
