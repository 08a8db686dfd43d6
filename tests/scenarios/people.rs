//! Who is who, and many of them.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use sotto_control::model::{NoticeKind, PresenceState, Snapshot};
use sotto_control::{CallError, ErrorCode, MeetingCreate};
use sotto_tests::colleague_views::all_see_since;
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Colleague, Script, Voice};

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
    // Gossip of one's own key is never handed on to oneself, so a comparison of notes must meet it: four in all,
    // because either side believes at first to be a restored backup and moves past the other. Neighbours compare every
    // 30 s, and whoever appears at once.
    let warned = |now: &Snapshot| {
        now.status
            .warnings
            .iter()
            .any(|warning| warning.kind == NoticeKind::IdentityCloned)
    };
    let mut newcomers = Vec::new();
    for name in ["Chen", "Dara", "Emil", "Fred"] {
        let newcomer = lab.colleague(name)?.start().await?;
        newcomer.finds("Anna").await?;
        newcomers.push(newcomer);
    }
    for (who, name) in [(&original, "the original"), (&copy, "the copy")] {
        let limit = Duration::from_secs(150).saturating_sub(begin.elapsed());
        let what = format!("{name} is warned that its identity is used twice");
        who.watch()?.until_within(limit, &what, warned).await?;
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
    ensure!(bao.watch()?.now().meetings.is_empty());
    Ok(())
}

pub(crate) async fn twelve_daemons_meet(mut lab: Place) -> Outcome {
    let names: Vec<String> = (1..=12).map(|n| format!("Person {n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut script = Script::new();
    script.wait_until(12.0);
    let line = script.say(&Clip::spoken(
        "Welcome, all of you. I am glad that everybody could come.",
        Voice::Anna,
    )?);
    let mut people = vec![lab.colleague(names[0])?.speaking(&script)?.later()?];
    for name in &names[1..] {
        people.push(lab.colleague(name)?.later()?);
    }
    for who in &mut people {
        who.spawn()?;
    }
    let mut took = try_join_all(people.iter_mut().map(|who| who.comes_to_know(&names))).await?;
    took.sort();
    note(format!(
        "of twelve daemons that start at once, each knows the others {:.2} to {:.2} s after its own start",
        took[0].as_secs_f64(),
        took[took.len() - 1].as_secs_f64()
    ));

    let begin = Instant::now();
    people[0].meets("All hands", &names[1..]).await?;
    try_join_all(people[1..].iter().map(|who| who.joins("All hands"))).await?;
    let viewers: Vec<&Colleague> = people.iter().collect();
    let online = PresenceState::Online;
    let took = all_see_since(begin, &viewers, "All hands", &names, online).await?;
    note(format!(
        "eleven were invited and joined at once; all rosters agree after {:.1} s",
        took.as_secs_f64()
    ));

    let begin = Instant::now();
    people[5].goes_away().await?;
    let away = PresenceState::Away;
    let took = all_see_since(begin, &viewers, "All hands", &["Person 06"], away).await?;
    note(format!(
        "a change of presence, right after that, is on twelve rosters after {:.0} ms",
        took.as_secs_f64() * 1e3
    ));

    people[0].is_about_to_say(&line).await?;
    let mut worst = f64::INFINITY;
    for listener in &people[1..] {
        let heard = listener.heard_well(&people[0], &line, WELL).await?;
        worst = worst.min(heard.pesq);
    }
    note(format!("heard by all eleven; the worst PESQ is {worst:.2}"));

    let begin = Instant::now();
    people[5].comes_back().await?;
    let took = all_see_since(begin, &viewers, "All hands", &["Person 06"], online).await?;
    note(format!(
        "a change of presence, some time later, is on twelve rosters after {:.0} ms",
        took.as_secs_f64() * 1e3
    ));
    Ok(())
}
