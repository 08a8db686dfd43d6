//! The daemon as a service of somebody's login, under a real systemd.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sotto_control::model::{OfflineReason, PresenceState};
use sotto_tests::colleague_views::{offline, participant};
use sotto_tests::programs::{Running, run};
use sotto_tests::{Colleague, UserManager};

use crate::{Outcome, Place, note};

/// Where the programs are: a directory whose name systemd would misread if it were written as it is.
const PROGRAMS: &str = "so tto 50%";
/// Settings of the user's own: they stay whatever is installed. The journal is not there, and nobody waits for half a minute.
const DROP_IN: &str =
    "[Service]\nStandardError=append:%h/unit.log\nWatchdogSec=2s\nTimeoutAbortSec=1s\n";
const DROP_IN_FILE: &str = ".config/systemd/user/sottod.service.d/own.conf";
const CONFIG_FILE: &str = ".config/sotto/config.toml";
/// A goodbye is seen within this time.
const AT_ONCE: Duration = Duration::from_secs(2);

pub(crate) async fn a_service_is_installed_hangs_comes_back_and_is_removed(
    mut lab: Place,
) -> Outcome {
    if let Some(why) = UserManager::obstacle() {
        note(format!("not tried here: {why}"));
        return Ok(());
    }
    let bao = lab.colleague("Bao")?.start().await?;
    let host = lab.host()?;
    let config = format!(
        "name = \"Anna\"\n[network]\ninterfaces = [\"{}\"]\n[audio]\nbackend = \"null\"\ninput = \"null\"\noutput = \"null\"\n",
        host.interface()
    );
    let anna = UserManager::start(host, PROGRAMS)?;
    anna.write(CONFIG_FILE, &config)?;

    is_installed(&anna)?;
    bao.finds("Anna").await?;
    hangs_and_comes_back(&anna, &bao).await?;
    says_goodbye_when_stopped(&anna, &bao).await?;
    leaves_a_daemon_alone_that_was_started_by_hand(&anna)?;
    fails_once(&anna, &config)?;
    is_removed(&anna, &bao).await
}

/// Installed, changed by a drop-in, and started: ready means that it can be asked.
fn is_installed(anna: &UserManager) -> Outcome {
    ensure!(
        anna.sotto(&["service", "status"])?
            .contains("sotto service install")
    );
    ensure!(
        anna.refused(&["service", "start"])?
            .contains("sotto service install")
    );
    let said = anna.sotto(&["service", "install"])?;
    ensure!(
        said.contains("with your login") && said.contains(PROGRAMS),
        "{said}"
    );
    ensure!(anna.property("UnitFileState")? == "enabled");
    anna.write(DROP_IN_FILE, DROP_IN)?;
    anna.sotto(&["service", "install"])?;
    anna.sotto(&["start"])?;
    ensure!(anna.property("StatusText")? == "idle");
    let status = service_status(anna)?;
    ensure!(
        status["running"] == true && status["enabled"] == true,
        "{status}"
    );
    let process = anna.property("MainPID")?;
    let program = std::fs::read_link(Path::new("/proc").join(&process).join("exe"))?;
    ensure!(
        program == anna.programs().join("sottod"),
        "{}",
        program.display()
    );
    ensure!(number(&daemon(anna)?["pid"]) == process);
    Ok(())
}

/// A main loop that stands still is ended by the watchdog, and its daemon returns to the meeting, muted.
async fn hangs_and_comes_back(anna: &UserManager, bao: &Colleague) -> Outcome {
    anna.sotto(&["meet", "Planning", "Bao"])?;
    bao.joins("Planning").await?;
    bao.sees("Planning", "Anna", PresenceState::Online).await?;
    let before = anna.property("MainPID")?;
    let begin = Instant::now();
    signal(&before, "-STOP")?;
    // She may be back before she counts as lost; but nobody else mutes her.
    bao.until("Anna back, muted", |now| {
        participant(now, "Planning", "Anna")
            .is_some_and(|anna| anna.muted && anna.presence.state == PresenceState::Online)
    })
    .await?;
    note(format!(
        "back {:.1} s after the main loop stood still",
        begin.elapsed().as_secs_f64()
    ));
    ensure!(anna.property("MainPID")? != before);
    let said = anna.sotto(&["service", "status"])?;
    ensure!(
        said.contains("started again once") && said.contains("Planning"),
        "{said}"
    );
    Ok(())
}

async fn says_goodbye_when_stopped(anna: &UserManager, bao: &Colleague) -> Outcome {
    let said = anna.sotto(&["service", "stop"])?;
    ensure!(said.contains("has stopped"), "{said}");
    let closed = offline(OfflineReason::Closed);
    bao.sees_within(AT_ONCE, "Planning", "Anna", closed).await?;
    ensure!(anna.property("Result")? == "success");
    ensure!(anna.refused(&["service", "stop"])?.contains("not running"));
    Ok(())
}

/// The unit and a daemon that was started by hand do not harm each other.
fn leaves_a_daemon_alone_that_was_started_by_hand(anna: &UserManager) -> Outcome {
    let mut by_hand = anna.command("sottod");
    by_hand.stdout(Stdio::null()).stderr(Stdio::null());
    let by_hand = Running::start(&mut by_hand)?;
    anna.sotto(&["status", "--wait=10s"])?;
    // A program of another user's takes its name from setpriv, which becomes it.
    let process = number(&daemon(anna)?["pid"]);
    for (arguments, helps) in [
        (&["service", "start"], "sotto restart"),
        (&["service", "stop"], "sotto quit"),
    ] {
        let said = anna.refused(arguments)?;
        ensure!(said.contains(&process) && said.contains(helps), "{said}");
    }
    ensure!(number(&service_status(anna)?["by_hand"]) == process);
    ensure!(anna.systemctl(&["start", "sottod"]).is_err());
    failed_once(anna)?;
    ensure!(
        number(&daemon(anna)?["pid"]) == process,
        "its socket was taken"
    );
    anna.sotto(&["restart"])?;
    ensure!(service_status(anna)?["running"] == true);
    drop(by_hand);
    Ok(())
}

/// A configuration that is wrong stays wrong: it is told once.
fn fails_once(anna: &UserManager, config: &str) -> Outcome {
    anna.sotto(&["service", "stop"])?;
    anna.write(CONFIG_FILE, "name =\n")?;
    let told = lines(anna)?;
    anna.refused(&["start"])?;
    failed_once(anna)?;
    ensure!(
        lines(anna)? == told + 1,
        "told {} times",
        lines(anna)? - told
    );
    let said = anna.sotto(&["service", "status"])?;
    ensure!(
        said.contains("does not run") && said.contains("configuration"),
        "{said}"
    );
    anna.write(CONFIG_FILE, config)?;
    anna.sotto(&["start"])?;
    Ok(())
}

/// What somebody has changed is left alone; the rest goes, with a goodbye, and stays gone.
async fn is_removed(anna: &UserManager, bao: &Colleague) -> Outcome {
    anna.sotto(&["join", "Planning", "--wait=10s"])?;
    bao.sees("Planning", "Anna", PresenceState::Online).await?;
    let unit = anna.home().join(".config/systemd/user/sottod.service");
    let text = std::fs::read_to_string(&unit)?;
    anna.write(
        ".config/systemd/user/sottod.service",
        &format!("{text}# mine\n"),
    )?;
    for command in ["install", "uninstall"] {
        let said = anna.refused(&["service", command])?;
        ensure!(
            said.contains("by hand") && said.contains("--force"),
            "{said}"
        );
    }
    ensure!(std::fs::read_to_string(&unit)?.ends_with("# mine\n"));
    ensure!(
        anna.sotto(&["service", "install", "--force"])?
            .contains("sottod.service.old")
    );
    let said = anna.sotto(&["service", "uninstall"])?;
    ensure!(
        said.contains("\"Planning\"") && said.contains("own.conf"),
        "{said}"
    );
    let closed = offline(OfflineReason::Closed);
    bao.sees_within(AT_ONCE, "Planning", "Anna", closed).await?;
    ensure!(!unit.exists() && anna.home().join(DROP_IN_FILE).exists());
    ensure!(anna.property("UnitFileState")? != "enabled");
    let said = anna.refused(&["service", "uninstall"])?;
    ensure!(said.contains("nothing to uninstall"), "{said}");
    Ok(())
}

/// One attempt, ended by the exit code that says that nothing changes by itself.
fn failed_once(anna: &UserManager) -> Outcome {
    for (property, wanted) in [
        ("ActiveState", "failed"),
        ("Result", "exit-code"),
        ("ExecMainStatus", "78"),
        ("NRestarts", "0"),
    ] {
        let said = anna.property(property)?;
        ensure!(said == wanted, "{property}: {said}");
    }
    Ok(())
}

/// How many times a daemon of the unit has said why it ends.
fn lines(anna: &UserManager) -> Result<usize> {
    let log = std::fs::read_to_string(anna.home().join("unit.log"))?;
    Ok(log
        .lines()
        .filter(|line| line.starts_with("sottod: "))
        .count())
}

fn service_status(anna: &UserManager) -> Result<Value> {
    json(anna, &["service", "status", "--json"])
}

fn daemon(anna: &UserManager) -> Result<Value> {
    json(anna, &["status", "--json"])
}

fn number(value: &Value) -> String {
    value.to_string()
}

fn json(anna: &UserManager, arguments: &[&str]) -> Result<Value> {
    let said = anna.sotto(arguments)?;
    serde_json::from_str(&said).with_context(|| said)
}

fn signal(process: &str, signal: &str) -> Outcome {
    run(Command::new("kill").args([signal, process])).map(drop)
}
