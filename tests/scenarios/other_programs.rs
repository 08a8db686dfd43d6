//! Other people's programs understand what Sotto says.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sotto_tests::hearing::judge_file;
use sotto_tests::programs::{Running, run, said};
use sotto_tests::{Capture, Clip, Host, Script, Voice, VoicePacket};

use crate::{Outcome, Place, note};

pub(crate) async fn avahi_finds_the_service(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let host = lab.host()?;
    let _bus = system_bus(&host, lab.results())?;
    avahi_is_root(lab.results())?;
    let configuration = lab.results().join("avahi.conf");
    std::fs::write(
        &configuration,
        "[server]\nhost-name=bystander\nallow-interfaces=eth0\nuse-ipv6=no\nenable-dbus=yes\n[publish]\ndisable-publishing=yes\n",
    )?;
    let log = std::fs::File::create(lab.results().join("avahi.log"))?;
    let _avahi = Running::start(
        host.command("avahi-daemon")
            .args(["--no-drop-root", "--no-chroot", "--no-rlimits", "--file"])
            .arg(&configuration)
            .stdout(log.try_clone()?)
            .stderr(log),
    )?;
    let begin = Instant::now();
    let listed = loop {
        let output = host
            .command("avahi-browse")
            .args(["--resolve", "--parsable", "--terminate", "_sotto._udp"])
            .output()
            .context("cannot start avahi-browse; 'cargo xtask setup' installs it")?;
        let listed = said(&output);
        if listed.contains(&anna.host().address().to_string()) {
            break listed;
        }
        if begin.elapsed() > Duration::from_secs(20) {
            bail!("avahi-browse does not list the service: {listed}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let resolved = listed
        .lines()
        .find(|line| line.starts_with('='))
        .context("not resolved")?;
    note(resolved);
    Ok(())
}

/// Gives `avahi`, to whom its daemon gives its directory even if it goes on as root, the one number that there is in a
/// sandbox of somebody who is not root.
fn avahi_is_root(directory: &Path) -> Result<()> {
    for (file, entry) in [
        ("passwd", "avahi:x:0:0::/:/bin/false"),
        ("group", "avahi:x:0:"),
    ] {
        let system = format!("/etc/{file}");
        let text = std::fs::read_to_string(&system)?;
        let others = text.lines().filter(|line| !line.starts_with("avahi:"));
        let lines: Vec<&str> = others.chain([entry]).collect();
        let ours = directory.join(file);
        std::fs::write(&ours, lines.join("\n") + "\n")?;
        run(Command::new("mount").arg("--bind").arg(&ours).arg(&system))?;
    }
    Ok(())
}

/// A message bus at the place where system services look for it, without the users it usually needs.
fn system_bus(host: &Host, directory: &Path) -> Result<Running> {
    std::fs::create_dir_all("/run/dbus")?;
    let configuration = directory.join("bus.conf");
    std::fs::write(
        &configuration,
        "<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>\
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
         <allow own=\"*\"/><allow user=\"*\"/></policy></busconfig>",
    )?;
    let bus = Running::start(
        host.command("dbus-daemon")
            .arg("--nofork")
            .arg(format!("--config-file={}", configuration.display())),
    )?;
    let begin = Instant::now();
    while !Path::new("/run/dbus/system_bus_socket").exists() {
        ensure!(
            begin.elapsed() < Duration::from_secs(10),
            "the message bus does not start"
        );
        std::thread::yield_now();
    }
    Ok(bus)
}

pub(crate) async fn gstreamer_decrypts_and_decodes_a_captured_stream(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    script.wait_until(8.0);
    let line = script.say(&Clip::spoken(
        "Any program that knows the keys can decode what we say.",
        Voice::Anna,
    )?);
    let keys = lab.results().join("voice-keys");
    let anna = lab.colleague("Anna")?.speaking(&script)?.start().await?;
    let bao = lab
        .colleague("Bao")?
        .argument("--export-voice-keys")
        .argument(&keys.display().to_string())
        .start()
        .await?;
    let log = std::fs::read_to_string(bao.results().join("sottod.log"))?;
    ensure!(
        log.contains("VOICE KEYS"),
        "exporting keys must be said loudly in the log"
    );
    let capture = Capture::of_voice(bao.host(), anna.host())?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    bao.heard_well(&anna, &line, 2.5).await?;

    // direction, peer, generation, open SSRC, whisper SSRC, key and salt, address
    let exported = std::fs::read_to_string(&keys)?;
    let inbound = exported
        .lines()
        .rfind(|line| line.starts_with("in "))
        .context("no key was exported")?;
    let fields: Vec<&str> = inbound.split(' ').collect();
    let (ssrc, secret) = (fields[3], fields[5]);
    let ssrc: u32 = ssrc.parse().context("an SSRC is a number")?;
    let mut packets = capture.packets();
    packets.retain(|packet| packet.ssrc == ssrc);
    let framed = lab.results().join("open.rtp");
    std::fs::write(&framed, framed_stream(&packets)?)?;
    let decoded = lab.results().join("decoded.wav");
    let srtp = format!(
        "application/x-srtp-stream,media=audio,clock-rate=48000,encoding-name=OPUS,payload=111,ssrc=(uint){ssrc},\
         roc=(uint)0,srtp-key=(buffer){secret},srtp-cipher=aes-128-gcm,srtp-auth=null,srtcp-cipher=aes-128-gcm,\
         srtcp-auth=null"
    );
    let output = Command::new("gst-launch-1.0")
        .args(["-q", "filesrc", &format!("location={}", framed.display())])
        .args(["!", &srtp, "!", "rtpstreamdepay", "!", "srtpdec"])
        .args([
            "!",
            "rtpreddec",
            "pt=112",
            "!",
            "rtpopusdepay",
            "!",
            "opusdec",
            "plc=true",
        ])
        .args(["!", "audioconvert", "!", "audioresample"])
        .args([
            "!",
            "audio/x-raw,format=S16LE,rate=48000,channels=1",
            "!",
            "wavenc",
        ])
        .args(["!", "filesink", &format!("location={}", decoded.display())])
        .output()
        .context("cannot start gst-launch-1.0; 'cargo xtask setup' installs it")?;
    ensure!(
        output.status.success(),
        "GStreamer failed: {}",
        said(&output)
    );
    let heard = judge_file(&decoded, &line.clip)?;
    note(format!(
        "GStreamer's decoding has a PESQ of {:.2}",
        heard.pesq
    ));
    ensure!(heard.pesq > 2.5, "PESQ {:.2}", heard.pesq);
    Ok(())
}

/// Packets one after the other, each after its length in two bytes (RFC 4571), as GStreamer reads them from a file.
fn framed_stream(packets: &[VoicePacket]) -> Result<Vec<u8>> {
    let mut framed = Vec::new();
    for packet in packets {
        let length = u16::try_from(packet.datagram.len()).context("longer than a datagram")?;
        framed.extend(length.to_be_bytes());
        framed.extend_from_slice(&packet.datagram);
    }
    Ok(framed)
}
