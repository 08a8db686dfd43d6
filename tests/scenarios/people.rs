//! Who is who, and many of them.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sotto_control::model::{NoticeKind, PresenceState};
use sotto_control::{CallError, ErrorCode, MeetingCreate};
use sotto_tests::Colleague;
use sotto_tests::colleague_views::all_see;

use crate::{Outcome, Place, note};

pub(crate) async fn two_people_of_one_name_are_told_apart(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let _first = lab.colleague("Sam")?.start().await?;
    let _second = lab.colleague("Sam")?.start().await?;
    anna.until("two called Sam", |now| {
        now.peers
            .iter()
            .filter(|peer| peer.person.name.starts_with("Sam") && peer.running)
            .count()
            == 2
    })
    .await?;
    let labels: Vec<String> = anna
        .watch()?
        .now()
        .peers
        .iter()
        .filter(|peer| peer.person.name.starts_with("Sam"))
        .map(|peer| peer.person.label.clone())
        .collect();
    note(labels.join(" and "));
    ensure!(labels[0] != labels[1], "both are called {}", labels[0]);
    let request = MeetingCreate {
        title: "Planning".to_owned(),
        names: vec!["Sam".to_owned()],
        ..Default::default()
    };
    match anna.watch()?.client().call(request).await {
        Err(CallError::Refused(refusal)) => {
            ensure!(
                refusal.code == ErrorCode::Ambiguous && refusal.candidates.len() == 2,
                "{refusal:?}"
            );
        }
        other => anyhow::bail!("an ambiguous name gave {other:?}"),
    }
    anna.meets("Planning", &[&labels[1]]).await?;
    Ok(())
}

pub(crate) async fn a_cloned_identity_is_noticed_by_both(mut lab: Place) -> Outcome {
    let mut original = lab.colleague("Anna")?.start().await?;
    let mut copy = lab.colleague("Anna")?.later()?;
    let bao = lab.colleague("Bao")?.start().await?;
    original.finds("Bao").await?;
    original.quits().await?;
    // As when a disk image is copied: identity and state, but not the running daemon's files.
    for entry in std::fs::read_dir(original.home())? {
        let path = entry?.path();
        let name = path
            .file_name()
            .context("a file without a name")?
            .to_owned();
        if path.is_file() && name != "config.toml" && name != "sottod.lock" {
            std::fs::copy(&path, copy.home().join(&name))?;
        }
    }
    original.start().await?;
    original.finds("Bao").await?;
    copy.start().await?;
    let begin = Instant::now();
    for (who, name) in [(&original, "the original"), (&copy, "the copy")] {
        // Gossip of one's own key is never handed on to oneself, so synchronisation must meet it: every 30 s, three
        // times at most, because either side believes at first to be a restored backup and moves past the other.
        let limit = Duration::from_secs(120).saturating_sub(begin.elapsed());
        who.watch()?
            .until_within(
                limit,
                &format!("{name} is warned that its identity is used twice"),
                |now| {
                    now.status
                        .warnings
                        .iter()
                        .any(|warning| warning.kind == NoticeKind::IdentityCloned)
                },
            )
            .await?;
    }
    note(format!(
        "both are warned {:.0} s after the copy started",
        begin.elapsed().as_secs_f64()
    ));
    for who in [&original, &copy] {
        let request = MeetingCreate {
            title: "Planning".to_owned(),
            names: vec!["Bao".to_owned()],
            ..Default::default()
        };
        let refused = who.watch()?.client().call(request).await;
        ensure!(
            matches!(refused, Err(CallError::Refused(_))),
            "it still starts meetings: {refused:?}"
        );
    }
    bao.until("nobody called Anna is to be reached", |now| {
        !now.peers
            .iter()
            .any(|peer| peer.person.name == "Anna" && peer.running)
    })
    .await?;
    ensure!(bao.watch()?.now().meetings.is_empty());
    Ok(())
}

pub(crate) async fn twelve_daemons_meet(mut lab: Place) -> Outcome {
    let names: Vec<String> = (1..=12).map(|n| format!("Person {n:02}")).collect();
    let begin = Instant::now();
    let mut people: Vec<Colleague> = Vec::new();
    for name in &names {
        people.push(lab.colleague(name)?.start().await?);
    }
    for who in &people {
        who.until("all the others are found", |now| {
            now.peers.iter().filter(|peer| peer.running).count() >= 11
        })
        .await?;
    }
    note(format!(
        "twelve daemons know each other {:.1} s after the first start",
        begin.elapsed().as_secs_f64()
    ));

    let others: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    let begin = Instant::now();
    people[0].meets("All hands", &others).await?;
    for who in &people[1..] {
        who.joins("All hands").await?;
    }
    let viewers: Vec<&Colleague> = people.iter().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    all_see(&viewers, "All hands", &names, PresenceState::Online).await?;
    note(format!(
        "eleven joined one after the other; all rosters agree after {:.1} s",
        begin.elapsed().as_secs_f64()
    ));

    let begin = Instant::now();
    people[5].goes_away().await?;
    all_see(&viewers, "All hands", &["Person 06"], PresenceState::Away).await?;
    note(format!(
        "a change of presence is on twelve rosters after {:.0} ms",
        begin.elapsed().as_secs_f64() * 1e3
    ));
    Ok(())
}
