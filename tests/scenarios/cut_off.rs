//! What ends a hold without a release: nobody can tell any more whether the key is down.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sotto_control::model::{NobodyBecause, NoticeKind, TalkTo};
use sotto_tests::Colleague;
use sotto_tests::programs::{Running, run, said};

use crate::whisper_lost::held;
use crate::{Outcome, Place};

const SAVER: [&str; 3] = [
    "org.mate.ScreenSaver",
    "/org/mate/ScreenSaver",
    "org.mate.ScreenSaver",
];
const LOGIND: [&str; 3] = [
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
];

pub(crate) async fn a_screen_saver_and_sleep_end_a_hold_in_nobody(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let desktop = Desktop::start(&anna)?;
    let bao = lab.colleague("Bao")?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    for name in ["Bao", "Chen"] {
        anna.finds(name).await?;
    }
    anna.meets("Planning", &["Bao", "Chen"]).await?;
    for other in [&bao, &chen] {
        other.joins("Planning").await?;
    }
    anna.hears("Planning", "Chen").await?;

    let holder = held(&anna, Stdio::piped()).await?;
    desktop.until("is listened to", || {
        desktop.says(SAVER, "ActiveChanged", true)?;
        Ok(anna.watch()?.now().talk.to == TalkTo::Nobody)
    })?;
    speaks_to_nobody(&anna, NobodyBecause::ScreenSaver).await?;
    let ended = tokio::time::timeout(Duration::from_secs(10), holder.wait_with_output());
    let ended = ended.await.context("the holder goes on")??;
    let words = said(&ended);
    ensure!(
        !ended.status.success() && words.contains("the screen saver came on"),
        "the holder says {words}"
    );
    desktop.says(SAVER, "ActiveChanged", false)?;
    anna.speaks_to_everyone().await?;

    desktop.until("may delay sleep", || {
        let mut asking = desktop.busctl();
        asking.args(["call", LOGIND[0], LOGIND[1], LOGIND[2], "ListInhibitors"]);
        Ok(run(&mut asking)?.contains("Sotto"))
    })?;
    let _holder = held(&anna, Stdio::null()).await?;
    desktop.says(LOGIND, "PrepareForSleep", true)?;
    anna.until("offline before it sleeps", |now| {
        now.status.meeting.is_none()
    })
    .await?;
    desktop.says(LOGIND, "PrepareForSleep", false)?;
    speaks_to_nobody(&anna, NobodyBecause::Suspended).await?;
    // Whoever wakes the machine has said nothing of everyone.
    anna.unmutes().await?;
    let now = anna.watch()?.now();
    ensure!(now.talk.to == TalkTo::Nobody, "{:?}", now.talk);
    Ok(())
}

/// Waits until nobody hears, and the user was told why.
async fn speaks_to_nobody(anna: &Colleague, because: NobodyBecause) -> Outcome {
    anna.until("speaking to nobody", |now| {
        now.talk.to == TalkTo::Nobody && now.talk.nobody_because == Some(because)
    })
    .await?;
    let kind = NoticeKind::SpeakingToNobody;
    let word = match because {
        NobodyBecause::Suspended => "suspended",
        _ => "screen saver",
    };
    let told = anna.watch()?.notice("told why", |notice| {
        notice.kind == kind && notice.text.contains(word)
    });
    told.await.map(drop)
}

/// Stand-ins for the services by which a desktop tells what happens, on the buses of somebody's daemon.
struct Desktop {
    address: String,
    _running: Vec<Running>,
}

impl Desktop {
    fn start(colleague: &Colleague) -> Result<Self> {
        let bus = colleague.bus();
        let address = format!("unix:path={}", bus.display());
        let settings = colleague.home().join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        std::fs::write(&settings, text)?;
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(settings);
        let mut running = vec![Running::start(command.stderr(Stdio::null()))?];
        let mut desktop = Self {
            address,
            _running: Vec::new(),
        };
        desktop.until("begins with a bus", || Ok(bus.exists()))?;
        for arguments in [&["--template", "logind"][..], &SAVER[..]] {
            let mut command = Command::new("/usr/bin/python3");
            command.args(["-m", "dbusmock", "--system"]).args(arguments);
            command
                .env("DBUS_SYSTEM_BUS_ADDRESS", &desktop.address)
                .env("DBUS_SESSION_BUS_ADDRESS", &desktop.address)
                .stdout(Stdio::null());
            running.push(Running::start(&mut command)?);
        }
        for [name, ..] in [LOGIND, SAVER] {
            desktop.until("has its services", || {
                let names = run(desktop.busctl().args(["list", "--no-legend"]))?;
                Ok(names.contains(name))
            })?;
        }
        desktop._running = running;
        Ok(desktop)
    }

    /// Waits until it is so.
    fn until(&self, what: &str, is: impl Fn() -> Result<bool>) -> Outcome {
        for _ in 0..200 {
            if is()? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("no sign that the desktop {what}")
    }

    fn busctl(&self) -> Command {
        let mut command = Command::new("busctl");
        command.arg(format!("--address={}", self.address));
        command
    }

    /// Has a service send a signal that carries one flag.
    fn says(&self, [name, path, interface]: [&str; 3], signal: &str, flag: bool) -> Outcome {
        let mut call = self.busctl();
        call.args([
            "call",
            name,
            path,
            "org.freedesktop.DBus.Mock",
            "EmitSignal",
        ]);
        call.args(["sssav", interface, signal, "b", "1", "b"]);
        run(call.arg(flag.to_string())).map(drop)
    }
}
