//! What came over a host's cable: every packet with voice, as `tcpdump` saw it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};

use crate::host::{Host, MEDIA_PORT};
use crate::programs::Running;
use crate::watch::PATIENCE;

/// The head of a capture file, in the byte order of this machine, with microseconds.
const MAGIC: [u8; 4] = 0xa1b2_c3d4_u32.to_ne_bytes();
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

/// Ethernet, IPv4 without options, and UDP.
const NETWORK_HEADERS: usize = 14 + 20 + 8;

/// Of RTP (RFC 3550 §5.1).
const RTP_HEADER: usize = 12;

/// A running capture.
#[derive(Debug)]
pub struct Capture {
    path: PathBuf,
    _program: Running,
}

/// A packet with voice: RTP with the payload type of Opus or of redundant Opus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicePacket {
    /// When it came.
    pub at: SystemTime,
    /// 111 is Opus, 112 is Opus with copies of earlier frames.
    pub payload_type: u8,
    /// The first captured sample in it.
    pub timestamp: u32,
    /// The stream that it belongs to.
    pub ssrc: u32,
    /// All of it, sealed as it is.
    pub datagram: Vec<u8>,
}

impl Capture {
    /// Captures the voice that reaches `host` from `sender`, from now on. Reports and heartbeats do not count.
    ///
    /// # Errors
    ///
    /// When tcpdump is missing or does not begin.
    pub async fn of_voice(host: &Host, sender: &Host, path: &Path) -> Result<Self> {
        let voice = format!(
            "src host {} and udp dst port {MEDIA_PORT} and (udp[9] & 0x7f = 111 or udp[9] & 0x7f = 112)",
            sender.address()
        );
        let program = Running::start(
            host.command("tcpdump")
                .args(["-i", host.interface(), "-U", "--immediate-mode"])
                .args(["-Z", "root", "-w"])
                .arg(path)
                .arg(&voice)
                .stderr(Stdio::null()),
        )?;
        let begin = std::time::Instant::now();
        // The head of the file is written once the capture goes on.
        while std::fs::metadata(path).map_or(0, |file| file.len()) < FILE_HEADER as u64 {
            ensure!(begin.elapsed() < PATIENCE, "tcpdump does not begin");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Self {
            path: path.to_owned(),
            _program: program,
        })
    }

    /// Everything so far, in the order in which it came.
    ///
    /// # Errors
    ///
    /// When the file is none that this reads.
    pub fn packets(&self) -> Result<Vec<VoicePacket>> {
        let bytes = std::fs::read(&self.path)
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        parse(&bytes).with_context(|| format!("in {}", self.path.display()))
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<VoicePacket>> {
    let Some((head, mut rest)) = bytes.split_at_checked(FILE_HEADER) else {
        bail!("not a capture");
    };
    ensure!(head.starts_with(&MAGIC), "a capture of another kind");
    let mut packets = Vec::new();
    // What tcpdump is writing just now may be incomplete.
    while let Some((header, following)) = rest.split_at_checked(PACKET_HEADER) {
        let number = |at: usize| {
            header[at..at + 4]
                .try_into()
                .map(u32::from_ne_bytes)
                .context("four bytes")
        };
        let Some((packet, next)) = following.split_at_checked(number(8)? as usize) else {
            break;
        };
        let since_epoch =
            Duration::from_secs(number(0)?.into()) + Duration::from_micros(number(4)?.into());
        let datagram = packet.get(NETWORK_HEADERS..).unwrap_or_default();
        if let Some(rtp) = datagram.first_chunk::<RTP_HEADER>() {
            packets.push(VoicePacket {
                at: SystemTime::UNIX_EPOCH + since_epoch,
                payload_type: rtp[1] & 0x7f,
                timestamp: u32::from_be_bytes([rtp[4], rtp[5], rtp[6], rtp[7]]),
                ssrc: u32::from_be_bytes([rtp[8], rtp[9], rtp[10], rtp[11]]),
                datagram: datagram.to_vec(),
            });
        }
        rest = next;
    }
    Ok(packets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_is_still_being_written_is_left_out() {
        let mut bytes = MAGIC.to_vec();
        bytes.resize(FILE_HEADER, 0);
        let mut packet = vec![0; NETWORK_HEADERS];
        packet.extend([0x80, 0xf0, 0, 7, 0, 0, 1, 0, 0, 0, 0, 9, 1, 2, 3]);
        for written in [packet.len(), packet.len() - 1] {
            for field in [1_u32, 500_000, packet.len() as u32, packet.len() as u32] {
                bytes.extend(field.to_ne_bytes());
            }
            bytes.extend_from_slice(&packet[..written]);
        }
        let packets = parse(&bytes).unwrap();
        assert_eq!(packets.len(), 1);
        let packet = &packets[0];
        assert_eq!(
            (packet.payload_type, packet.timestamp, packet.ssrc),
            (112, 256, 9)
        );
        assert_eq!(
            packet.at,
            SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)
        );
        assert!(parse(b"#!/bin/sh and so on, for more than a head").is_err());
    }
}
