//! Names of streams.

use std::fmt;

/// A synchronisation source (RFC 3550 §5.1): names one stream of one sender.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ssrc(u32);

impl Ssrc {
    /// Returns the SSRC with this number.
    #[inline]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Reads an SSRC from a packet.
    #[inline]
    pub const fn from_be_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }

    /// Returns the bytes that stand in a packet.
    #[inline]
    pub const fn to_be_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Debug for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssrc({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssrc_is_shown_in_eight_hexadecimal_digits_and_reads_back_from_its_bytes() {
        let ssrc = Ssrc::new(0xbeef);
        assert_eq!(ssrc.to_string(), "0x0000beef");
        assert_eq!(format!("{ssrc:?}"), "Ssrc(0x0000beef)");
        assert_eq!(Ssrc::from_be_bytes(ssrc.to_be_bytes()), ssrc);
    }
}
