//! What came over a host's cable: every packet with voice, as the kernel hands it to whoever listens there.
//!
//! `tcpdump` would do the same, but insists on giving up privileges, which somebody who is root in a sandbox alone
//! cannot.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, recv, socket_with};

use crate::host::{Host, MEDIA_PORT};

/// Ethernet, IPv4 without options, and UDP.
const NETWORK_HEADERS: usize = 14 + 20 + 8;

/// Of RTP (RFC 3550 §5.1).
const RTP_HEADER: usize = 12;

/// Packets of every protocol (`ETH_P_ALL`), most significant byte first.
const EVERY_PROTOCOL: u32 = 3_u16.to_be() as u32;

/// How often the listener looks whether it is to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// A running capture, ended when dropped.
#[derive(Debug)]
pub struct Capture {
    packets: Arc<Mutex<Vec<VoicePacket>>>,
    ended: Arc<AtomicBool>,
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
    /// When the system does not let us listen.
    pub fn of_voice(host: &Host, sender: &Host) -> Result<Self> {
        let from = sender.address();
        let socket = host
            .opening(listener)
            .with_context(|| format!("cannot listen to the cable of {}", host.address()))?;
        let packets = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let capture = Self {
            packets: Arc::clone(&packets),
            ended: Arc::clone(&ended),
        };
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while !ended.load(Ordering::Relaxed) {
                // Nothing came for a while, or a signal did.
                let Ok((_, length)) = recv(&socket, bytes.as_mut_slice(), RecvFlags::empty())
                else {
                    continue;
                };
                if let Some(packet) = voice(&bytes[..length.min(bytes.len())], from) {
                    let mut packets = packets.lock().unwrap_or_else(PoisonError::into_inner);
                    packets.push(packet);
                }
            }
        });
        Ok(capture)
    }

    /// Everything so far, in the order in which it came.
    #[must_use]
    pub fn packets(&self) -> Vec<VoicePacket> {
        let packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        packets.clone()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// A socket that gets whatever passes the interfaces of a network.
fn listener() -> Result<OwnedFd> {
    let protocol = std::num::NonZeroU32::new(EVERY_PROTOCOL).map(Protocol::from_raw);
    let socket = socket_with(
        AddressFamily::PACKET,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        protocol,
    )?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}

/// A packet that came just now, if it is one with voice of `sender`.
fn voice(packet: &[u8], sender: Ipv4Addr) -> Option<VoicePacket> {
    let (headers, datagram) = packet.split_at_checked(NETWORK_HEADERS)?;
    // IPv4 without options; UDP; from the sender; to where voice goes.
    let ours = headers[12..15] == [0x08, 0x00, 0x45]
        && headers[23] == 17
        && headers[26..30] == sender.octets()
        && headers[36..38] == MEDIA_PORT.to_be_bytes();
    let rtp = datagram
        .first_chunk::<RTP_HEADER>()
        .filter(|rtp| ours && matches!(rtp[1] & 0x7f, 111 | 112))?;
    Some(VoicePacket {
        at: SystemTime::now(),
        payload_type: rtp[1] & 0x7f,
        timestamp: u32::from_be_bytes([rtp[4], rtp[5], rtp[6], rtp[7]]),
        ssrc: u32::from_be_bytes([rtp[8], rtp[9], rtp[10], rtp[11]]),
        datagram: datagram.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voice_of_the_sender_counts_and_nothing_else_does() {
        let sender = Ipv4Addr::new(10, 77, 0, 1);
        let mut packet = vec![0; NETWORK_HEADERS];
        packet[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
        packet[23] = 17;
        packet[26..30].copy_from_slice(&sender.octets());
        packet[36..38].copy_from_slice(&MEDIA_PORT.to_be_bytes());
        packet.extend([0x80, 0xf0, 0, 7, 0, 0, 1, 0, 0, 0, 0, 9, 1, 2, 3]);
        let heard = voice(&packet, sender).unwrap();
        assert_eq!(
            (heard.payload_type, heard.timestamp, heard.ssrc),
            (112, 256, 9)
        );
        assert_eq!(heard.datagram, packet[NETWORK_HEADERS..]);
        assert_eq!(voice(&packet, Ipv4Addr::new(10, 77, 0, 2)), None);
        // Another protocol, another port, a report, and too little of a packet.
        for (at, byte) in [(23, 6), (37, 1), (NETWORK_HEADERS + 1, 200)] {
            let mut other = packet.clone();
            other[at] = byte;
            assert_eq!(voice(&other, sender), None, "byte {at}");
        }
        assert_eq!(voice(&packet[..NETWORK_HEADERS + 11], sender), None);
    }
}
