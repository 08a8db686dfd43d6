//! How well speech is heard, and how late.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sotto_control::AudioLatency;
use sotto_control::model::Way;
use sotto_impairment::{Network, networks};
use sotto_tests::hearing::heard_in;
use sotto_tests::speech::SENTENCES;
use sotto_tests::{Clip, Colleague, Impaired, Lab, Line, Script, Setup, SoundServer};

use crate::figure::{Figure, Table};
use crate::moments::{microphone, recordings};
use crate::stopwatch::{Passed, speak};

/// So long the link is used before the first sentence that counts.
const SETTLING: f64 = 12.0;

/// Somebody who says all sentences so often that `runs` can be judged.
fn speeches(runs: usize) -> Result<(Script, Vec<Line>)> {
    let mut script = Script::new();
    script.wait_until(2.0);
    // What is said before is not judged: the link has to be known first.
    script.say(&Clip::prompts(SENTENCES[0])?);
    script.wait_until(SETTLING);
    let mut lines = Vec::new();
    for run in 0..runs {
        script.pause(0.7);
        lines.push(script.say(&Clip::prompts(SENTENCES[run % SENTENCES.len()])?));
    }
    script.pause(1.5);
    Ok((script, lines))
}

/// Anna, with what `speaking` gives her to say, and Bao, in a meeting.
pub(crate) async fn two(
    lab: &mut Lab,
    speaking: impl FnOnce(Setup) -> Result<Setup>,
) -> Result<[Colleague; 2]> {
    let anna = speaking(lab.colleague("Anna")?)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    Ok([anna, bao])
}

/// The sentence, as it lies in what was heard.
pub(crate) fn around(
    bao: &Colleague,
    anna: &Colleague,
    line: &Line,
) -> Result<(Vec<f32>, Duration)> {
    let said = microphone(anna)? + line.start;
    let recording = recordings(bao)?.pop().context("nothing was recorded")?;
    let place = |moment: Duration| {
        let since = moment.saturating_sub(recording.moment(0.0)).as_secs_f64();
        ((since * 48_000.0) as usize).min(recording.sound.len())
    };
    let from = place(said.saturating_sub(Duration::from_millis(500)));
    let to = place(said + line.clip.length() + Duration::from_millis(900));
    let begin = recording.moment(from as f64 / 48_000.0);
    Ok((recording.sound[from..to].to_vec(), begin))
}

/// PESQ-WB of natural speech through two daemons, clean and with loss.
pub(crate) async fn quality(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    for (percent, goal) in [(0, "≥ 4.4"), (5, ""), (10, "≥ 4.3"), (20, "≥ 4.2")] {
        let (script, lines) = speeches(runs)?;
        let [anna, bao] = two(lab, |anna| anna.speaking(&script)).await?;
        if percent > 0 {
            bao.host().lose_percent(percent)?;
        }
        let last = lines.last().context("no line")?;
        anna.has_said(last).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut values = Vec::new();
        for line in &lines {
            let (sound, _) = around(&bao, &anna, line)?;
            values.push(heard_in(&sound, &line.clip).map_or(1.0, |heard| heard.pesq));
        }
        table.add(Figure::new(
            format!("PESQ-WB, {percent} % random loss"),
            "",
            goal,
            values,
        ));
    }
    Ok(())
}

/// Mouth to ear through file devices: two periods of 10 ms are the apparatus's.
pub(crate) async fn delay_through_files(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    let (mut starts, mut first) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let (script, lines) = speeches(2)?;
        let [mut anna, mut bao] = two(lab, |anna| anna.speaking(&script)).await?;
        let last = lines.last().context("no line")?;
        anna.has_said(last).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        for (line, values) in lines.iter().rev().zip([&mut starts, &mut first]) {
            let (sound, begin) = around(&bao, &anna, line)?;
            let heard = heard_in(&sound, &line.clip).context("not heard")?;
            let at = begin + Duration::from_secs_f64(heard.at);
            let said = microphone(&anna)? + line.start;
            values.push(at.as_secs_f64() * 1e3 - said.as_secs_f64() * 1e3);
        }
        anna.quits().await?;
        bao.quits().await?;
    }
    table.add(Figure::new(
        "mouth to ear, file devices of 10 ms periods",
        "ms",
        "",
        starts,
    ));
    Ok(())
}

/// Nothing is done to the microphone's sound.
pub(crate) const UNPROCESSED: &str =
    "echo_cancellation = \"off\"\nnoise_suppression = \"off\"\ngain_control = \"off\"\n";

/// Tells whether PulseAudio is installed, and the user that `what` is not measured if it is not.
pub(crate) fn has_pulseaudio(what: &str) -> bool {
    let installed = SoundServer::is_installed();
    if !installed {
        println!("({what} is not measured: PulseAudio is not installed)");
    }
    installed
}

/// Mouth to ear through PulseAudio null sinks, as other programs were measured, and what `sotto latency` says of it.
pub(crate) async fn delay_through_pulseaudio(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    if !has_pulseaudio("mouth to ear through PulseAudio") {
        return Ok(());
    }
    for (what, settings, goal) in [
        ("default profile, unprocessed", UNPROCESSED, "≤ 35"),
        ("default profile, processed", "", "≤ 50"),
        ("latency profile", "profile = \"latency\"\n", "≤ 17"),
        ("safe profile, processed", "profile = \"safe\"\n", ""),
    ] {
        let (mut measured, mut ways) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let outcome = delay_through_pulseaudio_once(lab, settings).await;
            if let Some((delay, way)) = table.or_failed(what, outcome) {
                measured.push(delay);
                ways.push(way);
            }
        }
        let told = |stage: fn(&Way) -> Option<f32>| -> Vec<f64> {
            ways.iter().filter_map(stage).map(f64::from).collect()
        };
        let stage = |name: &str, stage: fn(&Way) -> Option<f32>| {
            Figure::new(format!("  of it: {name}, {what}"), "ms", "", told(stage))
        };
        table.extend([
            Figure::new(
                format!("mouth to ear, PulseAudio null sinks, {what}"),
                "ms",
                goal,
                measured,
            ),
            Figure::new(
                format!("the same, as 'sotto latency' tells it, {what}"),
                "ms",
                "",
                told(|way| Some(way.total_ms)),
            ),
            Figure::new(
                format!("the same, as a chirp tells it, {what}"),
                "ms",
                "",
                told(|way| way.chirp_ms),
            ),
            stage("the microphone's blocks", |way| Some(way.capture_ms)),
            stage("a frame, processing and codec", |way| {
                Some(way.frame_ms + way.processing_ms + way.codec_ms)
            }),
            stage("the jitter buffer", |way| Some(way.jitter_buffer_ms)),
            stage("the loudspeaker", |way| Some(way.playback_ms)),
        ]);
    }
    Ok(())
}

/// Returns the delay that was measured, in milliseconds, and what `sotto latency` tells of it, by a chirp too.
async fn delay_through_pulseaudio_once(lab: &mut Lab, settings: &str) -> Result<(f64, Way)> {
    let (server, people) = two_through_pulseaudio(lab, settings).await?;
    let mut passed = speak(&server, "mouth", "ear", 1).await?;
    let measured = passed.remove(0)?.delay * 1e3;
    let way = people[0]
        .ask(AudioLatency {
            name: "Bao".to_owned(),
            chirp: true,
        })
        .await?
        .to;
    let way = way.context("'sotto latency' tells nothing")?;
    ensure!(way.chirp_ms.is_some(), "'sotto latency' tells of no chirp");
    for mut who in people {
        who.quits().await?;
    }
    Ok((measured, way))
}

/// PESQ-WB, STOI and delay through everything there is: two daemons, a sound system at each end, and the networks of the
/// bench on the virtual clock. Both clocks are the machine's, so that there is no drift.
pub(crate) async fn quality_through_pulseaudio(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    if !has_pulseaudio("speech through PulseAudio") {
        return Ok(());
    }
    for (seed, network) in (1..).zip(networks()) {
        let outcome = one_network_through_pulseaudio(lab, runs, network, seed).await;
        let Some(passed) = table.or_failed(network.name, outcome) else {
            continue;
        };
        let (mut pesq, mut stoi, mut delay) = (Vec::new(), Vec::new(), Vec::new());
        for passed in passed {
            if let Some(passed) = table.or_failed(network.name, passed) {
                pesq.push(passed.pesq);
                stoi.push(passed.stoi);
                delay.push(passed.delay * 1e3);
            }
        }
        let what = |measure: &str| format!("{measure}, PulseAudio, {}", network.name);
        table.extend([
            Figure::new(what("PESQ-WB"), "", "", pesq),
            Figure::new(what("STOI"), "", "", stoi),
            Figure::new(what("mouth to ear"), "ms", "", delay),
        ]);
    }
    Ok(())
}

async fn one_network_through_pulseaudio(
    lab: &mut Lab,
    runs: usize,
    network: Network,
    seed: u64,
) -> Result<Vec<Result<Passed>>> {
    let (server, people) = two_through_pulseaudio(lab, UNPROCESSED).await?;
    let mut cables = Vec::new();
    for (number, who) in (0..).zip(&people) {
        let seed = 2 * seed + number;
        cables.push(Impaired::new(who.host(), network.impairment, seed)?);
    }
    let passed = speak(&server, "mouth", "ear", runs).await;
    drop(cables);
    for mut who in people {
        who.quits().await?;
    }
    passed
}

/// Anna, who hears herself nowhere, and Bao, who says nothing, in a meeting: sink `mouth` is Anna's microphone, `ear` is
/// Bao's loudspeaker.
pub(crate) async fn two_through_pulseaudio(
    lab: &mut Lab,
    settings: &str,
) -> Result<(SoundServer, Vec<Colleague>)> {
    let places = [("Anna", "mouth", "elsewhere"), ("Bao", "silence", "ear")];
    meeting_through_pulseaudio(lab, settings, &places).await
}

/// Brings people into a meeting, all at one server: each with a name, the sink that is their microphone, and the one that is their
/// loudspeaker.
pub(crate) async fn meeting_through_pulseaudio(
    lab: &mut Lab,
    settings: &str,
    places: &[(&str, &str, &str)],
) -> Result<(SoundServer, Vec<Colleague>)> {
    let host = lab.host()?;
    let microphones: Vec<&str> = places
        .iter()
        .map(|(_, microphone, _)| *microphone)
        .collect();
    let speakers: Vec<&str> = places.iter().map(|(_, _, speaker)| *speaker).collect();
    let server = SoundServer::start(&host, lab.results(), &speakers, &microphones).await?;
    let mut people = Vec::new();
    for (name, microphone, speaker) in places {
        people.push(
            lab.colleague(name)?
                .sound(&format!(
                    "{}{settings}",
                    server.devices(microphone, speaker)
                ))
                .environment("PULSE_SERVER", server.address())
                .start()
                .await?,
        );
    }
    let [first, others @ ..] = &people[..] else {
        bail!("nobody is to meet");
    };
    let names: Vec<&str> = others.iter().map(Colleague::name).collect();
    for name in &names {
        first.finds(name).await?;
    }
    first.meets("Planning", &names).await?;
    for other in others {
        other.joins("Planning").await?;
    }
    for who in &people {
        let open = who.watch()?.now().status.sound;
        ensure!(open.problem.is_none(), "{}: {:?}", who.name(), open.problem);
    }
    Ok((server, people))
}
