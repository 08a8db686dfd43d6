//! How fast presence reaches every roster.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_control::MeetingJoin;
use sotto_control::model::{OfflineReason, PresenceState};
use sotto_tests::colleague_views::{all_see, offline};
use sotto_tests::{Colleague, Lab};

use crate::figure::{Figure, Table};

/// Daemons that fit on two cores with room.
const FEW: usize = 12;
/// About as many as two cores carry: each has a connection and a voice path to each other, and sound devices that tick.
/// `SOTTO_PEOPLE` asks for another number; larger meetings are measured in memory, on a virtual clock.
const MANY: usize = 24;

async fn gathered(lab: &mut Lab, count: usize, sound: &str) -> Result<Vec<Colleague>> {
    let names: Vec<String> = (1..=count).map(|n| format!("Person {n:02}")).collect();
    let mut people = Vec::new();
    for name in &names {
        people.push(lab.colleague(name)?.sound(sound).start().await?);
    }
    for who in &people {
        who.watch()?
            .until_within(Duration::from_secs(60), "everybody is found", |now| {
                now.peers.iter().filter(|peer| peer.running).count() >= count - 1
            })
            .await?;
    }
    let others: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    people[0].meets("All hands", &others).await?;
    // Muted: fifty open microphones are sent, and decoded, by fifty daemons, and this is one machine.
    people[0].mutes().await?;
    for who in &people[1..] {
        who.is_invited_to("All hands").await?;
        who.ask(MeetingJoin {
            meeting: Some("All hands".to_owned()),
            muted: true,
        })
        .await?;
        who.is_in("All hands").await?;
    }
    let viewers: Vec<&Colleague> = people.iter().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    all_see(&viewers, "All hands", &names, PresenceState::Online).await?;
    Ok(people)
}

/// When the last of the others saw a change, from `begin` on; each one's own moment of seeing counts.
fn slowest(people: &[Colleague], begin: Instant, who: &str, state: PresenceState) -> Result<f64> {
    let mut slowest = 0.0_f64;
    for viewer in people.iter().filter(|one| one.name() != who) {
        let seen = viewer
            .watch()?
            .changes(begin)
            .into_iter()
            .find(|change| change.who == who && change.presence.state == state)
            .with_context(|| format!("{} did not see it", viewer.name()))?;
        slowest = slowest.max((seen.at - begin).as_secs_f64() * 1e3);
    }
    Ok(slowest)
}

async fn changes(people: &[Colleague], runs: usize) -> Result<Vec<f64>> {
    let mut values = Vec::new();
    let viewers: Vec<&Colleague> = people.iter().collect();
    for run in 0..runs {
        let who = &people[run % people.len()];
        for (away, state) in [(true, PresenceState::Away), (false, PresenceState::Online)] {
            let begin = Instant::now();
            if away {
                who.goes_away().await?;
            } else {
                who.comes_back().await?;
            }
            all_see(&viewers, "All hands", &[who.name()], state).await?;
            values.push(slowest(people, begin, who.name(), state)?);
        }
    }
    Ok(values)
}

/// A change of presence → on every roster.
pub(crate) async fn on_every_roster(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let many = std::env::var("SOTTO_PEOPLE").map_or(Ok(MANY), |people| {
        people
            .parse()
            .context("SOTTO_PEOPLE must be a number of daemons")
    })?;
    for (count, goal) in [(FEW, ""), (many, "p95 ≤ 100 at 50")] {
        let mut people = gathered(
            lab,
            count,
            "backend = \"null\"\ninput = \"null\"\noutput = \"null\"\n",
        )
        .await?;
        let values = changes(&people, runs).await?;
        table.add(Figure::new(
            format!("presence change → on every roster, {count} daemons"),
            "ms",
            goal,
            values,
        ));
        for who in &mut people {
            who.crashes().await?;
        }
    }
    Ok(())
}

/// A crash → seen by everybody.
pub(crate) async fn crash_seen(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let mut people = gathered(
        lab,
        4,
        "backend = \"null\"\ninput = \"null\"\noutput = \"null\"\n",
    )
    .await?;
    let mut values = Vec::new();
    for _ in 0..runs {
        let name = people[3].name().to_owned();
        let begin = Instant::now();
        people[3].crashes().await?;
        let lost = offline(OfflineReason::Lost);
        let viewers: Vec<&Colleague> = people[..3].iter().collect();
        all_see(&viewers, "All hands", &[&name], lost).await?;
        values.push(slowest(&people[..3], begin, &name, lost)?);
        people[3].start().await?;
        people[3].is_in("All hands").await?;
        let viewers: Vec<&Colleague> = people.iter().collect();
        all_see(&viewers, "All hands", &[&name], PresenceState::Online).await?;
        // Until it has been heard once it has a longer grace; somebody who crashes usually was there for a while.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    table.add(Figure::new(
        "crash → seen by the other three",
        "ms",
        "≤ 3000",
        values,
    ));
    Ok(())
}
