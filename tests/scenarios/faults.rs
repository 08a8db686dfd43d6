//! Crashes, loss, and cables that are pulled.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState};
use sotto_impairment::{CLEAN, Impairment, Loss, Spread};
use sotto_tests::colleague_views::{all_see, all_see_since, invitation, offline, participant};
use sotto_tests::host::MEDIA_PORT;
use sotto_tests::programs::said;
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Colleague, Impaired, Line, Script, Voice};

use crate::whisper::four_in_a_meeting;
use crate::{Outcome, Place, note};

/// Three in a meeting, where Anna and Bao speak what the scripts say.
pub(crate) async fn three_in_a_meeting(
    lab: &mut Place,
    anna: &Script,
    bao: &Script,
) -> Result<[Colleague; 3]> {
    let anna = lab.colleague("Anna")?.speaking(anna)?.start().await?;
    let bao = lab.colleague("Bao")?.speaking(bao)?.start().await?;
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

/// Somebody's only words, so long after the microphone opens.
fn words(at: f64, text: &str, voice: Voice) -> Result<(Script, Line)> {
    let mut script = Script::new();
    script.wait_until(at);
    let line = script.say(&Clip::spoken(text, voice)?);
    Ok((script, line))
}

pub(crate) async fn a_crash_is_seen_within_three_seconds(mut lab: Place) -> Outcome {
    let silence = Script::new();
    let [anna, bao, mut chen] = three_in_a_meeting(&mut lab, &silence, &silence).await?;
    // Whose packets have not come yet gets five seconds for the first.
    for viewer in [&anna, &bao] {
        viewer.hears("Planning", "Chen").await?;
    }
    let begin = Instant::now();
    chen.crashes().await?;
    let lost = offline(OfflineReason::Lost);
    let took = all_see_since(begin, &[&anna, &bao], "Planning", &["Chen"], lost).await?;
    note(format!("seen by both after {:.2} s", took.as_secs_f64()));
    ensure!(took <= Duration::from_secs(3), "it took {took:?}");
    Ok(())
}

pub(crate) async fn a_clean_exit_is_seen_at_once_and_takes_less_than_a_second(
    mut lab: Place,
) -> Outcome {
    let silence = Script::new();
    let [anna, bao, mut chen] = three_in_a_meeting(&mut lab, &silence, &silence).await?;
    let begin = Instant::now();
    let closed = offline(OfflineReason::Closed);
    let viewers = [&anna, &bao];
    let (took, seen) = tokio::try_join!(
        chen.quits(),
        all_see_since(begin, &viewers, "Planning", &["Chen"], closed),
    )?;
    note(format!(
        "ended within {:.2} s, seen by both after {:.2} s",
        took.as_secs_f64(),
        seen.as_secs_f64()
    ));
    let limit = Duration::from_secs(1);
    ensure!(took < limit, "ending took {took:?}");
    ensure!(seen < limit, "the others saw it after {seen:?}");
    Ok(())
}

pub(crate) async fn a_crashed_daemon_returns_to_its_meeting_muted(mut lab: Place) -> Outcome {
    let (anna_says, to_bao) = words(
        11.0,
        "Bao, your machine was gone for a moment. Do you hear me?",
        Voice::Anna,
    )?;
    // Bao's microphone opens anew after the restart, and this is said then.
    let (bao_says, to_all) = words(
        19.0,
        "I hear you well, and I have opened my microphone again.",
        Voice::Bao,
    )?;
    let [anna, mut bao, chen] = three_in_a_meeting(&mut lab, &anna_says, &bao_says).await?;
    bao.crashes().await?;
    bao.start().await?;
    bao.is_in("Planning").await?;
    let online = PresenceState::Online;
    all_see(&[&anna, &chen], "Planning", &["Bao"], online).await?;
    note(format!(
        "back on every roster {:.2} s after the restart",
        bao.started()?.elapsed().as_secs_f64()
    ));
    let status = bao.watch()?.now().status;
    ensure!(status.muted, "it must come back muted");
    // It happened before anybody could listen, so it stands as a warning until the microphone is opened.
    let told = |kind| status.warnings.iter().any(|warning| warning.kind == kind);
    ensure!(
        status.joined_by.as_deref() == Some("sottod") && told(NoticeKind::Rejoined),
        "nothing says that it came back by itself: {status:?}"
    );
    bao.heard_well(&anna, &to_bao, WELL).await?;
    bao.is_about_to_say(&to_all).await?;
    bao.unmutes().await?;
    for listener in [&anna, &chen] {
        listener.heard_well(&bao, &to_all, WELL).await?;
    }
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

/// Words that make a bad link known, as long as that takes; nothing of them can be taken for what is judged.
fn learning(seconds: u64) -> Result<Script> {
    let words = [
        "One two three, somebody is talking so that the cable becomes known.",
        "Four five six, and a little longer, because not all is known at once.",
        "Seven eight nine, which is about as long as anybody has to wait for it.",
    ];
    let mut script = Script::new();
    for text in words.into_iter().cycle() {
        if script.length() >= Duration::from_secs(seconds) {
            break;
        }
        script.say(&Clip::spoken(text, Voice::Anna)?);
        script.pause(0.5);
    }
    Ok(script)
}

pub(crate) async fn who_loses_long_bursts_is_sent_a_memory_of_the_past(mut lab: Place) -> Outcome {
    let mut script = learning(20)?;
    let line = script.say(&Clip::spoken(
        "Ten packets in a row are lost, again and again, and still you understand me.",
        Voice::Anna,
    )?);
    script.pause(1.0);
    let bao = lab.colleague("Bao")?.start().await?;
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    anna.finds("Bao").await?;
    // Between two bursts comes a single packet, whose copies are every other frame: the rest of the first burst is in its
    // memory alone, for the copies after the second burst do not reach that far back.
    bao.host().block(&format!(
        "udp dport {MEDIA_PORT} numgen inc mod 64 {{ 0-9, 11-20 }}"
    ))?;
    bao.meets("Planning", &["Anna"]).await?;
    anna.joins("Planning").await?;
    anna.until("packets carry a memory", |now| {
        let bao = participant(now, "Planning", "Bao");
        let sent = bao.and_then(|bao| bao.stats?.sent);
        sent.is_some_and(|sent| sent.memory)
    })
    .await?;
    bao.until("frames are brought back from it", |now| {
        let anna = participant(now, "Planning", "Anna").and_then(|anna| anna.stats);
        anna.is_some_and(|stats| stats.recalled > 0)
    })
    .await?;
    let shown = said(&anna.sotto(&["stats"])?);
    ensure!(shown.contains("memory"), "{shown}");
    let heard = bao.heard_well(&anna, &line, 1.8).await?;
    note(format!(
        "PESQ with bursts of ten, 31 % lost: {:.2}",
        heard.pesq
    ));
    Ok(())
}

pub(crate) async fn speech_is_clear_over_a_cable_that_delays_and_loses(mut lab: Place) -> Outcome {
    let mut script = learning(10)?;
    let line = script.say(&Clip::spoken(
        "Packets overtake each other and some are lost, and still you understand me.",
        Voice::Anna,
    )?);
    script.pause(1.0);
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let bad = Impairment {
        loss: Loss::Random(0.1),
        spread: Spread::Uniform(40.0),
        ..CLEAN
    };
    let cables = (
        Impaired::new(anna.host(), bad, 1)?,
        Impaired::new(bao.host(), bad, 2)?,
    );
    anna.finds("Bao").await?;
    bao.finds("Anna").await?;
    bao.meets("Planning", &["Anna"]).await?;
    anna.joins("Planning").await?;
    bao.until("the jitter buffer holds what the cable takes", |now| {
        let anna = participant(now, "Planning", "Anna").and_then(|anna| anna.stats);
        anna.is_some_and(|stats| stats.delay_ms > 30.0 && stats.jitter_ms > 5.0)
    })
    .await?;
    let heard = bao.heard_well(&anna, &line, 3.0).await?;
    note(format!(
        "PESQ with 40 ms of jitter, 10 % lost: {:.2}",
        heard.pesq
    ));
    drop(cables);
    Ok(())
}

pub(crate) async fn both_halves_of_a_split_network_go_on_and_agree_again(
    mut lab: Place,
) -> Outcome {
    let mut script = Script::new();
    script.wait_until(16.0);
    let meanwhile = script.say(&Clip::spoken(
        "The network is split, but this half of us goes on.",
        Voice::Anna,
    )?);
    script.wait_until(34.0);
    let afterwards = script.say(&Clip::spoken(
        "And now all five of us are together again.",
        Voice::Anna,
    )?);
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let emil = lab.colleague("Emil")?.start().await?;
    anna.finds("Emil").await?;
    chen.finds("Emil").await?;
    let (here, there) = ([&anna, &bao], [&chen, &dara]);
    let other_half = [chen.host(), dara.host()];
    lab.split_off(&other_half)?;
    let lost = offline(OfflineReason::Lost);
    tokio::try_join!(
        all_see(&here, "Planning", &["Chen", "Dara"], lost),
        all_see(&there, "Planning", &["Anna", "Bao"], lost),
    )?;
    // Both halves go on, and both change the same things: each invites Emil, who can join in one of them only, and
    // in the other Dara is away.
    anna.invites("Planning", &["Emil"]).await?;
    chen.invites("Planning", &["Emil"]).await?;
    dara.goes_away().await?;
    emil.joins("Planning").await?;
    let (online, away) = (PresenceState::Online, PresenceState::Away);
    bao.sees("Planning", "Emil", online).await?;
    chen.sees("Planning", "Dara", away).await?;
    for listener in [&bao, &emil] {
        listener.heard_well(&anna, &meanwhile, WELL).await?;
    }
    chen.heard_nothing(&anna, &meanwhile).await?;

    lab.heal(&other_half)?;
    let begin = Instant::now();
    let everyone = [&anna, &bao, &chen, &dara, &emil];
    let present = ["Anna", "Bao", "Chen", "Emil"];
    tokio::try_join!(
        all_see(&everyone, "Planning", &present, online),
        all_see(&everyone, "Planning", &["Dara"], away),
    )?;
    note(format!(
        "all rosters agree {:.1} s after the network healed",
        begin.elapsed().as_secs_f64()
    ));
    ensure!(
        invitation(&emil.watch()?.now(), "Planning").is_none(),
        "Emil is asked again to join where he is"
    );
    anna.is_about_to_say(&afterwards).await?;
    for listener in [&bao, &chen, &dara, &emil] {
        listener.heard_well(&anna, &afterwards, WELL).await?;
    }
    Ok(())
}

pub(crate) async fn an_interface_that_comes_back_is_used_again_within_six_seconds(
    mut lab: Place,
) -> Outcome {
    let (anna_says, to_bao) = words(
        16.0,
        "Bao, the cable is in again. Can you hear me?",
        Voice::Anna,
    )?;
    let (bao_says, to_anna) = words(
        22.0,
        "Loud and clear. Somebody must have pulled it out.",
        Voice::Bao,
    )?;
    let [anna, bao, chen] = three_in_a_meeting(&mut lab, &anna_says, &bao_says).await?;
    bao.host().link_down()?;
    let lost = offline(OfflineReason::Lost);
    all_see(&[&anna, &chen], "Planning", &["Bao"], lost).await?;
    bao.host().link_up()?;
    let begin = Instant::now();
    let names = ["Anna", "Bao", "Chen"];
    let online = PresenceState::Online;
    let took = all_see_since(begin, &[&anna, &chen, &bao], "Planning", &names, online).await?;
    note(format!("used again after {:.1} s", took.as_secs_f64()));
    ensure!(took <= Duration::from_secs(6), "it took {took:?}");
    bao.heard_well(&anna, &to_bao, WELL).await?;
    for listener in [&anna, &chen] {
        listener.heard_well(&bao, &to_anna, WELL).await?;
    }
    Ok(())
}
