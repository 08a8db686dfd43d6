//! A participant's state in one meeting.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(test)]
use crate::growable::tests as growable;

/// Why a participant is Away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AwayCause {
    /// The user said so, and only the user ends it.
    ByHand,
    /// The session was idle or locked; activity ends it.
    Automatic,
}

/// Why a participant is Offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfflineReason {
    /// On the roster, but has not joined yet.
    NotJoined,
    /// The program, or the user's login, ended, or the machine was suspended.
    Closed,
    /// The user took a phone call.
    Phone,
    /// Switched to another meeting; nobody is told to which.
    Elsewhere,
    /// Left the meeting.
    Left,
    /// Crashed or was cut off. A view of the one who looks: never signed, stored or merged.
    Lost,
    /// For a reason that only a later release knows.
    Unknown,
}

/// A participant's state in one meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Hears, and speaks unless muted.
    Online,
    /// Hears; the microphone is closed.
    Away(AwayCause),
    /// Neither hears nor speaks.
    Offline(OfflineReason),
}

impl Presence {
    /// Online or Away: in the meeting, with its audio.
    pub fn is_present(self) -> bool {
        !matches!(self, Self::Offline(_))
    }

    /// Whether the peer has joined at some time and not left since.
    ///
    /// A meeting ends when this holds of nobody who ever joined.
    pub fn keeps_meeting(self) -> bool {
        !matches!(
            self,
            Self::Offline(OfflineReason::Left | OfflineReason::NotJoined)
        )
    }
}

/// The numbers of the states. Every state but Online is followed by the number of its cause or reason.
mod state {
    pub(super) const ONLINE: u32 = 0;
    pub(super) const AWAY: u32 = 1;
    pub(super) const OFFLINE: u32 = 2;
}

impl Serialize for Presence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Online => state::ONLINE.serialize(serializer),
            Self::Away(cause) => (state::AWAY, cause.number()).serialize(serializer),
            Self::Offline(reason) => (state::OFFLINE, reason.number()).serialize(serializer),
        }
    }
}

/// A state that only a later release knows reads as Offline for an unknown reason: nothing is sent to whom we do not
/// understand.
impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl<'de> Visitor<'de> for Numbers {
            type Value = Presence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a state, and a cause or reason")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Presence, A::Error> {
                let mut next = || {
                    let number: Option<u32> = numbers.next_element()?;
                    number.ok_or_else(|| A::Error::invalid_length(0, &self))
                };
                Ok(match next()? {
                    state::ONLINE => Presence::Online,
                    state::AWAY => Presence::Away(AwayCause::read(next()?)),
                    state::OFFLINE => Presence::Offline(OfflineReason::read(next()?)),
                    _ => {
                        next()?;
                        Presence::Offline(OfflineReason::Unknown)
                    }
                })
            }
        }

        deserializer.deserialize_tuple(2, Numbers)
    }
}

impl AwayCause {
    fn number(self) -> u32 {
        match self {
            Self::ByHand => 0,
            Self::Automatic => 1,
        }
    }

    /// A cause that only a later release knows reads as by hand.
    fn read(number: u32) -> Self {
        match number {
            1 => Self::Automatic,
            _ => Self::ByHand,
        }
    }
}

impl OfflineReason {
    fn number(self) -> u32 {
        #[cfg(test)]
        if self == Self::Phone && growable::is_later() {
            return growable::CALL;
        }
        match self {
            Self::NotJoined => 0,
            // An unknown reason is never one's own, unless a later release ran here before: by now it is closed.
            Self::Closed | Self::Unknown => 1,
            Self::Phone => 2,
            Self::Elsewhere => 3,
            Self::Left => 4,
            Self::Lost => 5,
        }
    }

    fn read(number: u32) -> Self {
        #[cfg(test)]
        if number == growable::CALL && growable::is_later() {
            return Self::Phone;
        }
        match number {
            0 => Self::NotJoined,
            1 => Self::Closed,
            2 => Self::Phone,
            3 => Self::Elsewhere,
            4 => Self::Left,
            5 => Self::Lost,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for OfflineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJoined => "not joined",
            Self::Closed => "closed",
            Self::Phone => "phone",
            Self::Elsewhere => "elsewhere",
            Self::Left => "left",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online => f.write_str("Online"),
            Self::Away(_) => f.write_str("Away"),
            Self::Offline(OfflineReason::Unknown) => f.write_str("Offline"),
            Self::Offline(reason) => write!(f, "Offline ({reason})"),
        }
    }
}

/// What a participant says about its own microphone and loudspeaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Flags {
    /// Open voice is closed.
    pub muted: bool,
    /// Nothing is played; implies `muted`.
    pub deafened: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Presence> {
        postcard::take_from_bytes(bytes)
            .ok()
            .filter(|(_, rest)| rest.is_empty())
            .map(|(presence, _)| presence)
    }

    #[test]
    fn every_state_has_its_numbers() {
        use OfflineReason::{Closed, Elsewhere, Left, Lost, NotJoined, Phone};
        for (presence, numbers) in [
            (Presence::Online, &[0][..]),
            (Presence::Away(AwayCause::ByHand), &[1, 0]),
            (Presence::Away(AwayCause::Automatic), &[1, 1]),
            (Presence::Offline(NotJoined), &[2, 0]),
            (Presence::Offline(Closed), &[2, 1]),
            (Presence::Offline(Phone), &[2, 2]),
            (Presence::Offline(Elsewhere), &[2, 3]),
            (Presence::Offline(Left), &[2, 4]),
            (Presence::Offline(Lost), &[2, 5]),
        ] {
            let bytes = postcard::to_extend(&presence, Vec::new()).unwrap();
            assert_eq!(bytes, numbers, "{presence:?}");
            assert_eq!(read(numbers), Some(presence));
        }
    }

    #[test]
    fn what_a_later_release_says_of_presence_reads_sensibly() {
        let offline = Presence::Offline(OfflineReason::Unknown);
        assert_eq!(read(&[1, 9]), Some(Presence::Away(AwayCause::ByHand)));
        assert_eq!(read(&[2, 6]), Some(offline));
        assert_eq!(read(&[2, 0xff, 0x7f]), Some(offline));
        assert_eq!(read(&[3, 1]), Some(offline));
        assert_eq!(offline.to_string(), "Offline");
        assert!(offline.keeps_meeting() && !offline.is_present());
    }

    #[test]
    fn a_presence_cut_short_is_none() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[1]), None);
        assert_eq!(read(&[2]), None);
        assert_eq!(read(&[7]), None);
    }
}
