//! Machines as developers have them: bridges of containers, a VPN and a second network beside that of the colleagues.

use std::time::Duration;

use anyhow::{Result, ensure};
use sotto_control::model::{Path, PresenceState, Snapshot};
use sotto_tests::colleague_views::{participant, peer};
use sotto_tests::{Clip, Colleague, Script, Voice};

use crate::{Outcome, Place, note};

/// Gives a host nine bridges with a container each, all with the same addresses on every host, a VPN that leads to nobody
/// here, a network of its own, and a router.
fn furnish(who: &Colleague, number: u8) -> Result<()> {
    let mut lines = String::from("route add default via 10.77.0.254 dev eth0\n");
    let mut add = |line: String| {
        lines.push_str(&line);
        lines.push('\n');
    };
    for bridge in 17..=25 {
        add(format!("link add br-{bridge} type bridge"));
        add(format!("address add 172.{bridge}.0.1/16 dev br-{bridge}"));
        add(format!("link set br-{bridge} up"));
        cable(&mut add, &format!("c{bridge}"));
        add(format!("link set c{bridge} master br-{bridge}"));
    }
    cable(&mut add, "vpn0");
    add(format!("address add 100.64.0.{number}/32 dev vpn0"));
    add("route add 100.64.0.0/10 dev vpn0".to_owned());
    cable(&mut add, "eth1");
    add(format!("address add 192.168.{number}.1/24 dev eth1"));
    batch(who, &lines)
}

/// Adds an interface with a link, whose other end is plugged into nothing.
fn cable(add: &mut impl FnMut(String), name: &str) {
    add(format!("link add {name} type veth peer name {name}-far"));
    add(format!("link set {name} up"));
    add(format!("link set {name}-far up"));
}

fn batch(who: &Colleague, lines: &str) -> Result<()> {
    let script = format!("ip -batch - <<'END'\n{lines}END");
    who.host().run("sh", ["-c", &script]).map(drop)
}

/// Containers come and go on both hosts.
async fn containers(people: [&Colleague; 2]) -> Result<()> {
    for round in 0..8 {
        for who in people {
            let name = format!("new{round}");
            let mut lines = String::new();
            cable(&mut |line| lines.push_str(&(line + "\n")), &name);
            lines.push_str(&format!("link set {name} master br-17\n"));
            batch(who, &lines)?;
        }
        // The daemons look at their interfaces once a second, and mDNS hears of each at once.
        tokio::time::sleep(Duration::from_millis(350)).await;
        for who in people {
            batch(who, &format!("link del new{round}\n"))?;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    Ok(())
}

/// Says whether the connection to Bao, or Bao, is lost.
fn is_cut_off(now: &Snapshot) -> bool {
    let connected = peer(now, "Bao").is_some_and(|peer| peer.connected);
    let online = participant(now, "Planning", "Bao")
        .is_some_and(|bao| bao.presence.state == PresenceState::Online);
    !connected || !online
}

pub(crate) async fn containers_come_and_go_beside_a_meeting(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    script.wait_until(1.5);
    let text = "Containers come and go all day, and you hear me as if there were none.";
    let line = script.say(&Clip::spoken(text, Voice::Anna)?);
    let anna = lab.colleague("Anna")?.on_all_interfaces();
    let mut anna = anna.speaking(&script)?.later()?;
    let mut bao = lab.colleague("Bao")?.on_all_interfaces().later()?;
    for (number, who) in [(1, &anna), (2, &bao)] {
        furnish(who, number)?;
    }
    anna.start().await?;
    bao.start().await?;
    let took = anna.finds("Bao").await?;
    note(format!("found after {:.2} s", took.as_secs_f64()));
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    anna.hears("Planning", "Bao").await?;
    let logs = || [&anna, &bao].map(|who| who.log_tail(10_000));
    let before = logs();

    let cut_off = anna
        .watch()?
        .until_within(Duration::from_secs(60), "cut off", is_cut_off);
    tokio::select! {
        outcome = async {
            let (churn, heard) = tokio::join!(containers([&anna, &bao]), bao.heard_well(&anna, &line, 3.5));
            churn?;
            note(format!("PESQ: {:.2}", heard?.pesq));
            anyhow::Ok(())
        } => outcome?,
        _ = cut_off => anyhow::bail!("a container that came or went has cut Bao off"),
    }
    ensure!(logs() == before, "it is in the log: {:#?}", logs());
    let now = anna.watch()?.now();
    let path = participant(&now, "Planning", "Bao").and_then(|it| it.stats.as_ref());
    ensure!(path.is_some_and(|it| it.path == Path::Udp), "{path:?}");
    let peers = anna.sotto(&["peers"])?;
    let shown = String::from_utf8_lossy(&peers.stdout);
    let lan = bao.host().address().to_string();
    ensure!(shown.contains(&lan), "Bao is at {lan}:\n{shown}");
    Ok(())
}
