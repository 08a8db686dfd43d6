//! Other people's programs understand what Sotto says.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sotto_tests::hearing::judge_file;
use sotto_tests::host::MEDIA_PORT;
use sotto_tests::programs::{run, said};
use sotto_tests::{Clip, Host, Script, Voice};

use crate::{Outcome, Place, note};

/// A program that ends with its scenario.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let shown = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .spawn()
            .map(Self)
            .with_context(|| format!("cannot start {shown}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) async fn avahi_finds_the_service(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let host = lab.host()?;
    let _bus = system_bus(&host, lab.results())?;
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
    let capture = lab.results().join("captured.pcap");
    let voice = format!(
        "src host {} and udp dst port {MEDIA_PORT} and (udp[9] & 0x7f = 111 or udp[9] & 0x7f = 112)",
        anna.host().address()
    );
    let _capturing = Running::start(
        bao.host()
            .command("tcpdump")
            .args(["-i", "eth0", "-U", "--immediate-mode", "-Z", "root", "-w"])
            .arg(&capture)
            .arg(&voice)
            .stderr(Stdio::null()),
    )?;
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
    let open = lab.results().join("open.pcap");
    run(Command::new("tcpdump")
        .args(["-Z", "root", "-r"])
        .arg(&capture)
        .arg("-w")
        .arg(&open)
        .arg(format!("udp[16:4] = {ssrc}")))?;
    let framed = lab.results().join("open.rtp");
    std::fs::write(&framed, framed_stream(&std::fs::read(&open)?))?;
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

/// The UDP payloads of a capture, each after its length in two bytes (RFC 4571), as GStreamer reads them from a
/// file.
fn framed_stream(capture: &[u8]) -> Vec<u8> {
    /// Of a capture file, of a packet in it, and of Ethernet, IPv4 without options and UDP.
    const FILE_HEADER: usize = 24;
    const PACKET_HEADER: usize = 16;
    const NETWORK_HEADERS: usize = 14 + 20 + 8;
    let mut framed = Vec::with_capacity(capture.len());
    let mut rest = capture.get(FILE_HEADER..).unwrap_or_default();
    while let Some((header, following)) = rest.split_at_checked(PACKET_HEADER) {
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        let Some((packet, next)) = following.split_at_checked(length) else {
            break;
        };
        let payload = packet.get(NETWORK_HEADERS..).unwrap_or_default();
        if let Ok(length) = u16::try_from(payload.len()) {
            framed.extend(length.to_be_bytes());
            framed.extend_from_slice(payload);
        }
        rest = next;
    }
    framed
}
