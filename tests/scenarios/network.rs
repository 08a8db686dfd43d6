//! Networks that make it hard.

use std::time::Duration;

use anyhow::{Result, ensure};
use sotto_control::NetworkConnect;
use sotto_control::model::{Path, PresenceState};
use sotto_tests::colleague_views::participant;
use sotto_tests::host::{LISTEN_PORT, MEDIA_PORT};
use sotto_tests::{Clip, Line, Script, Voice};

use crate::{Outcome, Place, note};

fn one_line(at: f64, text: &str) -> Result<(Script, Line)> {
    let mut script = Script::new();
    script.wait_until(at);
    let line = script.say(&Clip::spoken(text, Voice::Anna)?);
    Ok((script, line))
}

pub(crate) async fn peers_are_reached_by_address_where_multicast_does_not_pass(
    mut lab: Place,
) -> Outcome {
    let anna = lab.colleague("Anna")?;
    let bao = lab.colleague("Bao")?;
    let chen = lab.colleague("Chen")?;
    let anna = anna.later()?;
    let address = format!("{}:{LISTEN_PORT}", anna.host().address());
    let mut anna = anna;
    let mut bao = bao
        .network(&format!("static_peers = [\"{address}\"]"))
        .later()?;
    let mut chen = chen.later()?;
    for who in [&anna, &bao, &chen] {
        who.host().block("udp dport 5353")?;
    }
    chen.start().await?;
    // Nobody is there yet, and nobody waits: it is tried all the same.
    let reply = chen
        .ask(NetworkConnect {
            address: address.clone(),
            wait_ms: None,
        })
        .await?;
    ensure!(reply.person.is_none(), "{:?} is not there", reply.person);
    anna.start().await?;
    bao.start().await?;
    let took = chen.finds("Anna").await?;
    note(format!(
        "a peer that starts later is found after {:.2} s",
        took.as_secs_f64()
    ));
    let took = bao.finds("Anna").await?;
    note(format!(
        "a peer from the configuration is found after {:.2} s",
        took.as_secs_f64()
    ));
    let reply = chen
        .ask(NetworkConnect {
            address,
            wait_ms: Some(10_000),
        })
        .await?;
    ensure!(reply.person.is_some_and(|person| person.name == "Anna"));
    // Through Anna, Chen learns of Bao.
    chen.finds("Bao").await?;
    bao.meets("Planning", &["Anna", "Chen"]).await?;
    chen.joins("Planning").await?;
    bao.sees("Planning", "Chen", PresenceState::Online).await?;
    Ok(())
}

/// What firewalls of desktops do: everything out, nothing in but answers and multicast DNS.
const FIREWALL: [&str; 5] = [
    "add table inet desktop",
    "add chain inet desktop in { type filter hook input priority 0; policy drop; }",
    "add rule inet desktop in iif lo accept",
    "add rule inet desktop in ct state established,related accept",
    "add rule inet desktop in udp dport 5353 accept",
];

pub(crate) async fn behind_firewalls_on_both_sides_people_meet_and_talk(mut lab: Place) -> Outcome {
    let (script, line) = one_line(
        14.0,
        "Two firewalls stand between us, and you hear me because both of us dial.",
    )?;
    let mut anna = lab.colleague("Anna")?.speaking(&script)?.later()?;
    let mut bao = lab.colleague("Bao")?.later()?;
    for who in [&anna, &bao] {
        for rule in FIREWALL {
            who.host().run("nft", [rule])?;
        }
    }
    anna.start().await?;
    bao.start().await?;
    let took = anna.finds("Bao").await?;
    note(format!("found after {:.2} s", took.as_secs_f64()));
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    let heard = bao.heard_well(&anna, &line, 3.5).await?;
    note(format!("PESQ: {:.2}", heard.pesq));
    let output = anna.sotto(&["doctor", "--json"])?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let firewall = findings.iter().find(|it| it["check"] == "firewall");
    let told = firewall.map(|it| (it["weight"].clone(), it["what"].to_string()));
    ensure!(
        told.as_ref().is_some_and(|(weight, what)| {
            weight == "note" && what.contains(&LISTEN_PORT.to_string())
        }),
        "the doctor says of the firewall: {told:?}"
    );
    Ok(())
}

pub(crate) async fn where_udp_is_blocked_voice_travels_over_a_stream(mut lab: Place) -> Outcome {
    let (script, line) = one_line(
        16.0,
        "Even where the firewall blocks our packets you can hear me.",
    )?;
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    for who in [&anna, &bao] {
        who.host().block(&format!("udp dport {MEDIA_PORT}"))?;
    }
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    let took = bao
        .until("voice goes over a stream", |now| {
            participant(now, "Planning", "Anna")
                .and_then(|anna| anna.stats)
                .is_some_and(|stats| stats.path == Path::Stream)
        })
        .await?;
    note(format!("over a stream after {:.1} s", took.as_secs_f64()));
    let heard = bao.heard_well(&anna, &line, 2.5).await?;
    note(format!("PESQ over the stream: {:.2}", heard.pesq));
    Ok(())
}

pub(crate) async fn a_third_machine_is_not_flooded(mut lab: Place) -> Outcome {
    let (script, line) = one_line(
        10.0,
        "These words must never be sent to a machine that did not ask for them.",
    )?;
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let victim = lab.host()?;
    bao.host().redirect_media_to(&victim)?;
    let voice = victim.count_voice_from(anna.host())?;
    let all = victim.count("everything", &format!("udp dport {MEDIA_PORT}"))?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    anna.has_said(&line).await?;
    let (voice, all) = (voice.packets()?, all.packets()?);
    let seconds = (line.end() + Duration::from_millis(300)).as_secs_f64();
    note(format!(
        "the third machine got {all} packets in {seconds:.0} s, {voice} of them voice"
    ));
    ensure!(
        all > 0,
        "nothing was redirected: the scenario proves nothing"
    );
    ensure!(
        voice == 0,
        "{voice} packets of voice reached a machine that never answered"
    );
    ensure!(
        (all as f64) < seconds * 10.0,
        "{all} packets in {seconds:.0} s"
    );
    Ok(())
}
