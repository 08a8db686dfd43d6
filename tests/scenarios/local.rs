//! One machine by itself: sound systems, files, mistakes.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_control::model::{NoticeKind, PresenceState, SoundState};
use sotto_tests::colleague_views::{all_see, meeting};
use sotto_tests::hearing::{heard_in, understood};
use sotto_tests::programs::{Running, run, said};
use sotto_tests::sound_server::monitor;
use sotto_tests::speech::{Line, read};
use sotto_tests::{Clip, Script, SoundServer, Voice};

use crate::{Outcome, Place, note};

pub(crate) async fn without_a_sound_system_everything_but_sound_works(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.with_system_sound().start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    let request = sotto_control::MeetingCreate {
        title: "Planning".to_owned(),
        names: vec!["Bao".to_owned()],
        ..Default::default()
    };
    anna.ask(request).await?;
    bao.joins("Planning").await?;
    all_see(
        &[&anna, &bao],
        "Planning",
        &["Anna", "Bao"],
        PresenceState::Online,
    )
    .await?;
    anna.until("sound is said not to work", |now| {
        matches!(
            now.status.sound.state,
            SoundState::Failed | SoundState::Unavailable
        ) && now.status.sound.problem.is_some()
    })
    .await?;
    let status = said(&anna.sotto(&["status"])?);
    note(anna.watch()?.now().status.sound.problem.unwrap_or_default());
    ensure!(
        status.to_lowercase().contains("sound"),
        "sotto status says nothing about sound: {status}"
    );
    Ok(())
}

pub(crate) async fn pulseaudio_carries_voice_from_end_to_end(mut lab: Place) -> Outcome {
    if !SoundServer::is_installed() {
        note(
            "NOT tested: pulseaudio is not installed; where it would replace another sound system it is left out",
        );
        return Ok(());
    }
    let mut script = Script::new();
    script.wait_until(10.0);
    let lines = say_thrice(
        &mut script,
        [
            "From one sound server to the other, through the network.",
            "The second sentence goes the same way as the first.",
            "And here is a third one, in case the machine was busy.",
        ],
        Voice::Anna,
    )?;
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let host = lab.host()?;
    let server = SoundServer::start(&host, lab.results(), &["ear"], &["mouth"]).await?;
    // A socket in the file system is reached from every virtual host.
    let bao = lab
        .colleague("Bao")?
        .with_system_sound()
        .environment("PULSE_SERVER", server.address())
        .start()
        .await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    // Raw, because a recorder that is ended does not complete the head of a WAV file.
    let raw = bao.results().join("played.raw");
    let played = bao.results().join("played.wav");
    let recorder = Running::start(
        server
            .client("parec")
            .args([
                &format!("--device={}", monitor("ear")),
                "--rate=48000",
                "--channels=1",
                "--format=s16le",
                "--raw",
            ])
            .args(["--latency-msec=50"])
            .arg(&raw),
    )?;
    let last = lines.last().context("there are three")?;
    anna.has_said(last).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(recorder);
    run(Command::new("sox")
        .args([
            "-t", "raw", "-r", "48000", "-c", "1", "-e", "signed", "-b", "16",
        ])
        .args([&raw, &played]))?;
    let sound = bao.watch()?.now().status.sound;
    one_is_clear(&lines, &read(&played)?, sound.output.open)?;

    // And the other way: somebody speaks into Bao's microphone.
    let mut words = Script::new();
    let answers = say_thrice(
        &mut words,
        [
            "Now I speak into a microphone of my own, and you hear me too.",
            "What I say here is heard at the other end of the cable.",
            "That was all, and nothing of it was lost on the way.",
        ],
        Voice::Bao,
    )?;
    let spoken = bao.results().join("spoken.wav");
    words.write(&spoken)?;
    let mut speaking = server.client("paplay");
    speaking.arg("--device=mouth").arg(&spoken);
    tokio::task::spawn_blocking(move || run(&mut speaking)).await??;
    anna.recorded_until(Instant::now() + Duration::from_millis(600))
        .await?;
    let recordings = anna.recordings()?;
    let heard = recordings.last().context("Anna recorded nothing")?;
    one_is_clear(&answers, heard.sound(), sound.input.open)
}

/// A machine that stands still for a moment makes a buffer stretch what is said then. Whether sound is carried shows in
/// the best of three sentences; how often that happens is a matter of the benchmarks.
fn say_thrice(script: &mut Script, texts: [&str; 3], voice: Voice) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for text in texts {
        lines.push(script.say(&Clip::spoken(text, voice)?));
        script.pause(0.5);
    }
    Ok(lines)
}

/// Checks that one of these sentences at least was carried as it was said.
fn one_is_clear(lines: &[Line], sound: &[f32], device: Option<String>) -> Outcome {
    // STOI is taken after each piece has been moved back to its place; PESQ is not, and falls with every stretch.
    let judged: Vec<(f64, f64)> = lines
        .iter()
        .filter_map(|line| {
            let heard = heard_in(sound, &line.clip)?;
            Some((heard.pesq, understood(sound, &line.clip, &heard)))
        })
        .collect();
    note(format!(
        "through {:?}: PESQ and STOI {judged:.2?}",
        device.unwrap_or_default()
    ));
    ensure!(
        judged.iter().any(|(_, stoi)| *stoi > UNDERSTOOD),
        "no sentence was understood: PESQ and STOI {judged:.2?}"
    );
    Ok(())
}

/// STOI of a sentence that a sound server carried is above this; other words of the same voice are below 0.5.
const UNDERSTOOD: f64 = 0.85;

pub(crate) async fn a_damaged_state_file_is_set_aside(mut lab: Place) -> Outcome {
    let mut anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    let before = anna.watch()?.now().status.you.id;
    anna.crashes().await?;
    let state = anna.home().join("meetings");
    let mut bytes =
        std::fs::read(&state).with_context(|| format!("no state file {}", state.display()))?;
    let half = bytes.len() / 2;
    bytes.truncate(half);
    std::fs::write(&state, &bytes)?;
    anna.start().await?;
    let now = anna.watch()?.now();
    ensure!(now.status.you.id == before, "the identity changed");
    let warning = now
        .status
        .warnings
        .iter()
        .find(|warning| warning.kind == NoticeKind::StateDamaged);
    note(&warning.context("no warning about the damaged file")?.text);
    let aside = std::fs::read_dir(anna.home())?
        .filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
        .any(|content| content == bytes);
    ensure!(aside, "the damaged file was deleted");
    Ok(())
}

pub(crate) async fn one_daemon_runs_in_a_home(mut lab: Place) -> Outcome {
    let mut anna = lab.colleague("Anna")?.start().await?;
    let first = anna.pid()?;
    let second = anna
        .host()
        .command(sotto_tests::programs::program("sottod")?)
        .env("SOTTO_HOME", anna.home())
        .output()?;
    let said = said(&second);
    note(said.lines().last().unwrap_or_default());
    ensure!(
        !second.status.success() && said.contains("already runs"),
        "{said}"
    );
    ensure!(anna.pid()? == first && anna.watch()?.now().status.pid > 0);
    anna.quits().await?;
    anna.start().await?;
    Ok(())
}

pub(crate) async fn mistakes_are_explained(mut lab: Place) -> Outcome {
    let mut anna = lab.colleague("Anna")?.later()?;
    let output = anna.sotto(&["status"])?;
    note(said(&output));
    ensure!(
        output.status.code() == Some(3) && said(&output).contains("sotto start"),
        "{}",
        said(&output)
    );

    let config = anna.home().join("config.toml");
    let good = std::fs::read_to_string(&config)?;
    std::fs::write(&config, good.replace("interfaces", "interface"))?;
    anna.spawn()?;
    let status = anna.ended().await?;
    let log = anna.log_tail(3);
    note(&log);
    ensure!(!status.success() && log.contains("interfaces"), "{log}");

    std::fs::write(&config, good)?;
    anna.start().await?;
    let output = anna.sotto(&["join", "Nowhere"])?;
    note(said(&output));
    ensure!(
        !output.status.success() && said(&output).contains("Nowhere"),
        "{}",
        said(&output)
    );
    ensure!(meeting(&anna.watch()?.now(), "Nowhere").is_none());
    Ok(())
}
