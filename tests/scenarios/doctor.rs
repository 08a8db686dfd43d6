//! `sotto doctor` on causes that only several machines, or real daemons, can make. The others are made in the
//! tests of `sotto`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sotto_control::config::LISTEN_PORT as USUAL_PORT;
use sotto_tests::Colleague;
use sotto_tests::host::LISTEN_PORT;
use sotto_tests::programs::Running;

use crate::{Outcome, Place, note};

/// A cause must be told within this time. Two dials must fail, and nothing says so at once where packets are dropped.
const LIMIT: Duration = Duration::from_secs(60);

/// The findings of one check, each as `weight: what`.
fn findings(who: &Colleague, home: &Path, check: &str) -> Result<Vec<String>> {
    let mut doctor = who.command("sotto", &["doctor", "--json"])?;
    let output = doctor.env("SOTTO_HOME", home).output()?;
    let report: Value = serde_json::from_slice(&output.stdout).context("the doctor's JSON")?;
    let findings = report["findings"].as_array().context("findings")?;
    let of = findings.iter().filter(|it| it["check"] == check);
    Ok(of
        .map(|it| format!("{}: {}", it["weight"], it["what"]).replace('"', ""))
        .collect())
}

/// Asks the doctor until a finding of this check has all of these parts.
fn tells(who: &Colleague, home: &Path, check: &str, parts: &[&str]) -> Result<()> {
    let begin = Instant::now();
    loop {
        let told = findings(who, home, check)?;
        if told
            .iter()
            .any(|it| parts.iter().all(|part| it.contains(part)))
        {
            return Ok(());
        }
        ensure!(
            begin.elapsed() < LIMIT,
            "{}'s doctor says of {check} {told:?}, not {parts:?}",
            who.name()
        );
    }
}

/// A second home on somebody's machine, without ports of its own.
struct Second {
    home: PathBuf,
    daemon: Running,
}

impl Second {
    fn start(who: &Colleague, name: &str) -> Result<Self> {
        let home = who.home().join(name);
        std::fs::create_dir_all(&home)?;
        let settings = format!(
            "name = '{name}'\n[network]\ninterfaces = ['eth0']\n[audio]\nbackend = 'null'\n"
        );
        std::fs::write(home.join("config.toml"), settings)?;
        let mut command = who.command("sottod", &["--log", "error"])?;
        let daemon = Running::start(command.env("SOTTO_HOME", &home))?;
        let mut waits = who.command("sotto", &["status", "--wait=20s"])?;
        let answered = waits.env("SOTTO_HOME", &home).output()?;
        ensure!(answered.status.success(), "{name}'s daemon does not answer");
        Ok(Self { home, daemon })
    }
}

pub(crate) async fn the_doctor_finds_causes_between_real_daemons(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    for check in ["unreachable", "no_common_network", "instances", "clones"] {
        let told = findings(&anna, anna.home(), check)?;
        ensure!(told.is_empty(), "nobody else is there, but: {told:?}");
    }
    // An access point that keeps its guests apart passes what is sent to all, and nothing else.
    let mut bao = lab.colleague("Bao")?.later()?;
    bao.host().block("udp dport != 5353")?;
    bao.host().block("meta l4proto tcp")?;
    bao.start().await?;
    // Two networks on one cable.
    let mut chen = lab.colleague("Chen")?.later()?;
    chen.host().run("ip", ["address", "flush", "dev", "eth0"])?;
    chen.host()
        .run("ip", ["address", "add", "10.78.0.3/24", "dev", "eth0"])?;
    chen.start().await?;
    let begin = Instant::now();
    let parts = ["problem", "10.78.0.3", "no network in common"];
    tells(&anna, anna.home(), "no_common_network", &parts)?;
    // Meanwhile Anna dials Bao in vain.
    sound(&mut lab).await?;
    daemons_of_one_user(&mut lab).await?;
    let address = format!("{}:{LISTEN_PORT}", bao.host().address());
    let parts = ["problem", &address, "cannot be reached"];
    tells(&anna, anna.home(), "unreachable", &parts)?;
    note(format!(
        "isolation is told {:.1} s after the start",
        begin.elapsed().as_secs_f64()
    ));
    Ok(())
}

async fn daemons_of_one_user(lab: &mut Place) -> Outcome {
    let mut dara = lab.colleague("Dara")?.start().await?;
    let first = Second::start(&dara, "first")?;
    let usual = format!("listens at ports {USUAL_PORT} and");
    tells(&dara, &first.home, "ports", &["fine", &usual])?;
    let second = Second::start(&dara, "second")?;
    tells(
        &dara,
        &second.home,
        "ports",
        &["note", "not at the usual ones"],
    )?;
    for number in [first.daemon.id(), dara.pid()?] {
        let parts = ["note", &number.to_string()];
        tells(&dara, &second.home, "instances", &parts)?;
    }
    // As when a disk image is copied: the identity, but not the running daemon's files.
    let mut copy = lab.colleague("Dara")?.later()?;
    ensure!(findings(&dara, dara.home(), "clones")?.is_empty());
    dara.quits().await?;
    std::fs::copy(dara.home().join("identity"), copy.home().join("identity"))?;
    dara.start().await?;
    copy.start().await?;
    let begin = Instant::now();
    for who in [&dara, &copy] {
        tells(who, who.home(), "clones", &["problem"])?;
    }
    note(format!(
        "clones are told after {:.1} s",
        begin.elapsed().as_secs_f64()
    ));
    Ok(())
}

async fn sound(lab: &mut Place) -> Outcome {
    let file = "backend = \"null\"\ninput = \"file:/nowhere/said.wav\"\noutput = \"file:/nowhere/heard.wav\"\n";
    let emil = lab.colleague("Emil")?.sound(file).start().await?;
    for (role, parts) in [
        (
            "microphone",
            ["problem", "/nowhere/said.wav", "cannot be read"],
        ),
        (
            "loudspeaker",
            ["problem", "/nowhere/heard.wav", "cannot be written"],
        ),
    ] {
        tells(&emil, emil.home(), role, &parts)?;
    }
    ensure!(findings(&emil, emil.home(), "server")?.is_empty());
    let system = "backend = \"auto\"\ninput = \"default\"\noutput = \"default\"\n";
    // A socket, a machine, a list, and one that means another machine.
    for server in [
        "unix:/nowhere",
        "localhost",
        "/nowhere tcp:127.0.0.1:9",
        "{other}unix:/nowhere",
    ] {
        let fay = lab.colleague("Fay")?.sound(system);
        let fay = fay.environment("PULSE_SERVER", server).start().await?;
        let parts = ["problem", "no sound system answers", server];
        tells(&fay, fay.home(), "server", &parts)?;
        ensure!(findings(&fay, fay.home(), "microphone")?.is_empty());
    }
    Ok(())
}
