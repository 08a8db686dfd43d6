//! Crashes, loss, and cables that are pulled.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState};
use sotto_tests::colleague_views::{all_see, offline};
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Colleague, Script, Voice};

use crate::whisper::four_in_a_meeting;
use crate::{Outcome, Place, note};

async fn three_in_a_meeting(lab: &mut Place) -> Result<[Colleague; 3]> {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    anna.finds("Bao").await?;
    anna.finds("Chen").await?;
    anna.meets("Planning", &["Bao", "Chen"]).await?;
    bao.joins("Planning").await?;
    chen.joins("Planning").await?;
    all_see(
        &[&anna, &bao, &chen],
        "Planning",
        &["Anna", "Bao", "Chen"],
        PresenceState::Online,
    )
    .await?;
    Ok([anna, bao, chen])
}

pub(crate) async fn a_crash_is_seen_within_three_seconds(mut lab: Place) -> Outcome {
    let [anna, bao, mut chen] = three_in_a_meeting(&mut lab).await?;
    chen.crashes().await?;
    let took = all_see(
        &[&anna, &bao],
        "Planning",
        &["Chen"],
        offline(OfflineReason::Lost),
    )
    .await?;
    note(format!("seen by both after {:.2} s", took.as_secs_f64()));
    ensure!(took < Duration::from_millis(3_500), "it took {took:?}");
    Ok(())
}

pub(crate) async fn a_clean_exit_is_seen_at_once_and_takes_less_than_a_second(
    mut lab: Place,
) -> Outcome {
    let [anna, bao, mut chen] = three_in_a_meeting(&mut lab).await?;
    let begin = Instant::now();
    let took = chen.quits().await?;
    all_see(
        &[&anna, &bao],
        "Planning",
        &["Chen"],
        offline(OfflineReason::Closed),
    )
    .await?;
    let seen = begin.elapsed();
    note(format!(
        "ended within {:.2} s, seen by both after {:.2} s",
        took.as_secs_f64(),
        seen.as_secs_f64()
    ));
    ensure!(took < Duration::from_millis(1_500), "ending took {took:?}");
    ensure!(
        seen < Duration::from_millis(2_000),
        "the others saw it after {seen:?}"
    );
    Ok(())
}

pub(crate) async fn a_crashed_daemon_returns_to_its_meeting_muted(mut lab: Place) -> Outcome {
    let [anna, mut bao, chen] = three_in_a_meeting(&mut lab).await?;
    bao.crashes().await?;
    let begin = Instant::now();
    bao.start().await?;
    bao.is_in("Planning").await?;
    all_see(&[&anna, &chen], "Planning", &["Bao"], PresenceState::Online).await?;
    note(format!(
        "back on every roster {:.2} s after the restart",
        begin.elapsed().as_secs_f64()
    ));
    ensure!(bao.watch()?.now().status.muted, "it must come back muted");
    let status = bao.watch()?.now().status;
    // It happened before anybody could listen, so it stands as a warning until the microphone is opened.
    let told = |kind| status.warnings.iter().any(|warning| warning.kind == kind);
    ensure!(
        status.joined_by.as_deref() == Some("sottod") && told(NoticeKind::Rejoined),
        "nothing says that it came back by itself: {status:?}"
    );
    Ok(())
}

pub(crate) async fn losing_five_percent_loses_nobody(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    script.wait_until(12.0);
    let line = script.say(&Clip::spoken(
        "Every twentieth packet is lost, and still you understand me.",
        Voice::Anna,
    )?);
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let all = [&anna, &bao, &chen, &dara];
    for who in all {
        who.host().lose_percent(5)?;
    }
    let begin = Instant::now();
    let heard = bao.heard_well(&anna, &line, 2.5).await?;
    note(format!("PESQ with 5 % lost: {:.2}", heard.pesq));
    tokio::time::sleep_until((begin + Duration::from_secs(30)).into()).await;
    for who in all {
        let lost: Vec<String> = who
            .watch()?
            .changes(begin)
            .iter()
            .filter(|change| !change.presence.is_present())
            .map(|change| format!("{} {}", change.who, change.presence))
            .collect();
        ensure!(lost.is_empty(), "{} saw {lost:?} within 30 s", who.name());
    }
    Ok(())
}

pub(crate) async fn both_halves_of_a_split_network_go_on_and_agree_again(
    mut lab: Place,
) -> Outcome {
    let mut script = Script::new();
    script.wait_until(16.0);
    let line = script.say(&Clip::spoken(
        "The network is split, but this half of us goes on.",
        Voice::Anna,
    )?);
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let (here, there) = ([&anna, &bao], [&chen, &dara]);
    lab.split_off(&[chen.host(), dara.host()])?;
    let lost = offline(OfflineReason::Lost);
    all_see(&here, "Planning", &["Chen", "Dara"], lost).await?;
    all_see(&there, "Planning", &["Anna", "Bao"], lost).await?;
    // Both halves go on: words in one, a change of presence in the other.
    bao.heard_well(&anna, &line, WELL).await?;
    dara.goes_away().await?;
    chen.sees("Planning", "Dara", PresenceState::Away).await?;

    lab.heal(&[chen.host(), dara.host()])?;
    let begin = Instant::now();
    let everyone = [&anna, &bao, &chen, &dara];
    all_see(
        &everyone,
        "Planning",
        &["Anna", "Bao", "Chen"],
        PresenceState::Online,
    )
    .await?;
    all_see(&everyone, "Planning", &["Dara"], PresenceState::Away).await?;
    note(format!(
        "all rosters agree {:.1} s after the network healed",
        begin.elapsed().as_secs_f64()
    ));
    Ok(())
}

pub(crate) async fn an_interface_that_comes_back_is_used_again_within_six_seconds(
    mut lab: Place,
) -> Outcome {
    let [anna, bao, chen] = three_in_a_meeting(&mut lab).await?;
    bao.host().link_down()?;
    anna.sees("Planning", "Bao", offline(OfflineReason::Lost))
        .await?;
    chen.sees("Planning", "Bao", offline(OfflineReason::Lost))
        .await?;
    bao.host().link_up()?;
    let begin = Instant::now();
    all_see(
        &[&anna, &chen, &bao],
        "Planning",
        &["Anna", "Bao", "Chen"],
        PresenceState::Online,
    )
    .await?;
    let took = begin.elapsed();
    note(format!("used again after {:.1} s", took.as_secs_f64()));
    ensure!(took < Duration::from_secs(8), "it took {took:?}");
    Ok(())
}
