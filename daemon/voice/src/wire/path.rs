//! Challenges and their echoes: application packets (RFC 3550 §6.7) that prove a media path.
//!
//! A challenge is random and sealed with the pair's key, so only the peer can open it, and only a peer that
//! really receives at the challenged address can echo it. Challenges are the heartbeat too.

use super::rtcp::{Compound, Packet};
use crate::Ssrc;

/// A challenge's random content.
pub type Token = [u8; 8];

/// What an application packet of ours says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathMessage {
    /// Asks for its echo. Subtype 0.
    Challenge(Token),
    /// Answers a challenge. Subtype 1.
    Echo(Token),
}

/// Appends `message`.
pub fn write(compound: &mut Compound, ssrc: Ssrc, message: PathMessage) {
    let (subtype, token) = match message {
        PathMessage::Challenge(token) => (0, token),
        PathMessage::Echo(token) => (1, token),
    };
    compound.add_application(subtype, ssrc, |body| body.extend_from_slice(&token));
}

/// Reads a message; `None` for any other packet.
pub fn read(packet: &Packet<'_>) -> Option<PathMessage> {
    let (subtype, token) = packet.application()?;
    // A later release may say more behind the token.
    let token = token.first_chunk::<8>()?;
    match subtype {
        0 => Some(PathMessage::Challenge(*token)),
        1 => Some(PathMessage::Echo(*token)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rtcp::packets;
    use super::*;

    #[test]
    fn messages_read_back_and_nothing_else_does() {
        for message in [
            PathMessage::Challenge([1, 2, 3, 4, 5, 6, 7, 8]),
            PathMessage::Echo([9; 8]),
        ] {
            let mut compound = Compound::new();
            write(&mut compound, Ssrc::new(1), message);
            assert_eq!(compound.bytes().len(), 20);
            let packet = packets(compound.bytes()).next().unwrap();
            assert_eq!(read(&packet), Some(message));
            assert_eq!(read(&Packet { count: 2, ..packet }), None);
            let longer = [packet.body, &[1, 2, 3, 4]].concat();
            let longer = Packet {
                body: &longer,
                ..packet
            };
            assert_eq!(read(&longer), Some(message), "added by a later release");
            for end in 0..packet.body.len() {
                let body = &packet.body[..end];
                assert_eq!(read(&Packet { body, ..packet }), None, "cut at {end}");
            }
            assert_eq!(
                read(&Packet {
                    kind: 205,
                    ..packet
                }),
                None
            );
        }
    }
}
