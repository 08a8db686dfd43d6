//! The identities of peers and meetings, and the clocks.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A running daemon, named by its raw ed25519 public key.
///
/// Shown in libp2p's base58 form (`12D3Koo…`), so that it can be compared with what network tools print.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeerId(pub [u8; 32]);

/// A meeting, named by the BLAKE3 hash of its signed founding record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MeetingId(pub [u8; 32]);

/// A text that names no peer or meeting.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a peer or meeting identifier")]
pub struct ParseIdError(String);

/// Multihash head (identity, 36 bytes) and protobuf head (ed25519, 32 bytes) of a libp2p peer id.
const LIBP2P_ED25519_HEAD: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// RFC 4648 §6, in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl PeerId {
    /// Four characters that tell two people of the same name apart.
    ///
    /// They come from the hash of the key, not from the key, whose first characters in base58 are alike for all.
    pub fn suffix(&self) -> String {
        self.suffix_of(4)
    }

    /// A longer suffix (52 characters at most), for keys whose first characters were made alike.
    pub(crate) fn suffix_of(&self, characters: usize) -> String {
        let mut text = base32(blake3::hash(&self.0).as_bytes());
        text.truncate(characters);
        text
    }

    /// Where the peer stands on the ring of hashed ids.
    pub(crate) fn ring(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 38];
        bytes[..6].copy_from_slice(&LIBP2P_ED25519_HEAD);
        bytes[6..].copy_from_slice(&self.0);
        f.write_str(&base58_encode(&bytes))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", self.suffix())
    }
}

impl FromStr for PeerId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseIdError(text.chars().take(80).collect());
        let bytes = base58_decode(text).ok_or_else(wrong)?;
        let key = bytes.strip_prefix(&LIBP2P_ED25519_HEAD).ok_or_else(wrong)?;
        Ok(Self(key.try_into().map_err(|_| wrong())?))
    }
}

impl MeetingId {
    /// The first eight characters, enough to name a meeting on one's own list.
    pub fn short(&self) -> String {
        let mut text = base32(&self.0);
        text.truncate(8);
        text
    }
}

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32(&self.0))
    }
}

impl fmt::Debug for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MeetingId({})", self.short())
    }
}

impl FromStr for MeetingId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        base32_decode(text)
            .map(Self)
            .ok_or_else(|| ParseIdError(text.chars().take(80).collect()))
    }
}

/// Seconds since 1970 in UTC.
///
/// Used only for what people read (when an invitation was made) and for what must outlive a restart
/// (24 hours, 7 days, 30 days); never to order records, and never to compare another machine's clock with this one's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Utc(pub u64);

impl Utc {
    /// How long ago `earlier` was; zero if it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// This moment plus `time`, in whole seconds.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time.as_secs()))
    }

    /// This moment less `time`, in whole seconds.
    #[must_use]
    pub(crate) fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(time.as_secs()))
    }

    /// By how many seconds this is later than `other`, negative if it is earlier.
    pub(crate) fn seconds_after(self, other: Self) -> i64 {
        if self >= other {
            i64::try_from(self.0 - other.0).unwrap_or(i64::MAX)
        } else {
            i64::try_from(other.0 - self.0).map_or(i64::MIN, |seconds| -seconds)
        }
    }

    /// This moment by a clock that is `seconds` ahead.
    #[must_use]
    pub(crate) fn shifted(self, seconds: i64) -> Self {
        Self(self.0.saturating_add_signed(seconds))
    }
}

/// The time, as the caller reads it from its three clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since an arbitrary start that never runs backwards and does not count suspension reliably.
    pub monotonic: Duration,
    /// Time since the machine started, suspension included. Nobody can set it.
    pub since_boot: Duration,
    /// The wall clock, which may be wrong, and may be set at any moment.
    pub utc: Utc,
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut value, mut bits) = (0u32, 0);
    for byte in bytes {
        value = (value << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(value >> bits) as usize & 31]));
        }
        value &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(BASE32[(value << (5 - bits)) as usize & 31]));
    }
    text
}

/// Exactly 32 bytes, in the one spelling that [`base32`] gives them.
fn base32_decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 52 {
        return None;
    }
    let mut bytes = Vec::with_capacity(33);
    let (mut value, mut bits) = (0u32, 0);
    for character in text.bytes() {
        let digit = BASE32
            .iter()
            .position(|c| *c == character.to_ascii_lowercase())?;
        value = (value << 5) | digit as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits) as u8);
            value &= (1 << bits) - 1;
        }
    }
    if value != 0 {
        return None;
    }
    bytes.try_into().ok()
}

fn base58_encode(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 138 / 100 + 1);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    std::iter::repeat_n('1', zeros)
        .chain(
            digits
                .iter()
                .rev()
                .map(|digit| char::from(BASE58[usize::from(*digit)])),
        )
        .collect()
}

fn base58_decode(text: &str) -> Option<Vec<u8>> {
    // 38 bytes take at most 52 characters; a longer text is no peer id and not worth the quadratic work.
    if text.len() > 64 {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for character in text.bytes() {
        let mut carry = BASE58.iter().position(|c| *c == character)? as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    let zeros = text
        .bytes()
        .take_while(|character| *character == b'1')
        .count();
    bytes.extend(std::iter::repeat_n(0, zeros));
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_peer_id_reads_like_libp2p_prints_it() {
        // The test vector of libp2p's peer-id specification for ed25519 keys is an identity multihash.
        let text = PeerId([7; 32]).to_string();
        assert!(text.starts_with("12D3KooW"), "{text}");
        assert_eq!(text.len(), 52);
    }

    proptest! {
        #[test]
        fn identifiers_survive_being_written_and_read(key: [u8; 32]) {
            prop_assert_eq!(PeerId(key).to_string().parse(), Ok(PeerId(key)));
            prop_assert_eq!(MeetingId(key).to_string().parse(), Ok(MeetingId(key)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,100}") {
            let _ = text.parse::<PeerId>();
            let _ = text.parse::<MeetingId>();
        }
    }
}
