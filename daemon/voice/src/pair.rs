//! The pair of voice machines and the rings between them.
//!
//! What one thread knows and the other needs travels through bounded lock-free rings: proven paths and loss
//! reports from the downlink to the uplink, counts of what was sent the other way. A full ring never blocks:
//! paths are offered again until they fit, loss reports and counts are superseded by their successors.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::codec::DEFAULT_BITRATE;
use crate::{
    Destination, Downlink, FrameLength, SequenceNumber, Slot, Ssrc, Stream, Timestamp, Uplink,
    VoiceError,
};

/// How a conversation is set up. The values of [`VoiceConfig::new`] are what the daemon uses.
#[derive(Clone)]
pub struct VoiceConfig {
    /// Randomness from the operating system: sequence numbers, timestamps and path challenges grow from it.
    pub seed: [u8; 32],
    /// How long our frames are. Default: 10 ms.
    pub frames: FrameLength,
    /// The encoder's bitrate. Default: 80,000 to few listeners, 48,000 to a crowd.
    pub bitrates: Bitrates,
    /// From how many recipients on a packet carries two frames. Default: 32.
    pub two_frames_from: usize,
}

impl VoiceConfig {
    /// The defaults, with this seed. Never use a seed twice outside tests.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            frames: FrameLength::Usual,
            bitrates: Bitrates {
                most: DEFAULT_BITRATE,
                least: 48_000,
            },
            two_frames_from: 32,
        }
    }

    /// The least delay, with this seed: frames of 5 ms, which cost quality at the same bitrate, at 64 kbit/s.
    pub fn low_delay(seed: [u8; 32]) -> Self {
        Self {
            frames: FrameLength::Short,
            bitrates: Bitrates::always(64_000),
            ..Self::new(seed)
        }
    }
}

/// The encoder's constant bitrate, by how many listen. In bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bitrates {
    /// The bitrate up to [`Self::FEW`] listeners.
    pub most: u32,
    /// The bitrate to a crowd, to whom packets carry two frames.
    pub least: u32,
}

impl Bitrates {
    /// So many listeners are few: together they cost less than 1 Mbit/s of voice without copies.
    pub const FEW: usize = 8;

    /// Returns one bitrate for any number of listeners.
    pub fn always(bitrate: u32) -> Self {
        Self {
            most: bitrate,
            least: bitrate,
        }
    }

    /// Chooses for so many `listeners`, between both if they are neither few nor a `crowd`.
    pub(crate) fn choose(self, listeners: usize, crowd: bool) -> u32 {
        if crowd {
            self.least
        } else if listeners <= Self::FEW {
            self.most
        } else {
            self.most.midpoint(self.least)
        }
    }
}

impl std::fmt::Debug for VoiceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VoiceConfig")
            .field("frames", &self.frames)
            .field("bitrates", &self.bitrates)
            .field("two_frames_from", &self.two_frames_from)
            .finish_non_exhaustive()
    }
}

/// Where the uplink may send a peer's packets, or `None` while no path is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathUpdate {
    pub(crate) slot: Slot,
    /// Names the link that the path was proven for, so that a late update never applies to a successor.
    pub(crate) generation: u64,
    pub(crate) open_ssrc: Ssrc,
    pub(crate) destination: Option<Destination>,
}

/// What a peer reported about one of our streams to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LossReport {
    pub(crate) slot: Slot,
    /// Names the link that the report is about, so that a late one never applies to a successor.
    pub(crate) generation: u64,
    pub(crate) stream: Stream,
    pub(crate) news: LossNews,
    /// How long a packet there and its answer take.
    pub(crate) round_trip: Option<Duration>,
}

/// How a loss became known. The two tell of the same losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LossNews {
    /// The reports of every second, which miss nothing.
    Report {
        /// Packets that the report covers and no report before did.
        expected: u32,
        /// How many of them did not arrive.
        lost: u32,
        /// The last of them.
        highest: SequenceNumber,
    },
    /// Feedback on single packets, soon after a loss: whether packet `begin + i` arrived, in bit `i`.
    Feedback {
        begin: SequenceNumber,
        count: u8,
        received: u64,
    },
}

/// How much was sent to a peer on one stream, for sender reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SendCount {
    pub(crate) slot: Slot,
    pub(crate) stream: Stream,
    pub(crate) ssrc: Ssrc,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    /// The RTP timestamp of the sample behind the last frame, and when that frame's last sample was captured.
    pub(crate) timestamp: Timestamp,
    pub(crate) captured: Duration,
}

/// What the microphone heard, for telling who sits in the same room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overheard {
    /// When the last sample was captured.
    pub(crate) end: Duration,
    /// How many samples.
    pub(crate) samples: usize,
    /// Their mean square.
    pub(crate) power: f32,
}

/// How many frames of what the microphone heard may wait: more than the longest pause between two pulls.
const OVERHEARD: usize = 128;

/// The uplink's ends of the rings.
pub(crate) struct UplinkRings {
    pub(crate) paths: Consumer<PathUpdate>,
    pub(crate) losses: Consumer<LossReport>,
    pub(crate) counts: Producer<SendCount>,
    pub(crate) overheard: Producer<Overheard>,
}

/// The downlink's ends of the rings.
pub(crate) struct DownlinkRings {
    pub(crate) paths: Producer<PathUpdate>,
    pub(crate) losses: Producer<LossReport>,
    pub(crate) counts: Consumer<SendCount>,
    pub(crate) overheard: Consumer<Overheard>,
}

/// The rings that join the two machines of one conversation.
pub(crate) fn rings() -> (UplinkRings, DownlinkRings) {
    // Two entries per slot let every peer change twice before the other thread looks.
    let (paths_in, paths_out) = RingBuffer::new(2 * Slot::COUNT);
    let (losses_in, losses_out) = RingBuffer::new(2 * Slot::COUNT);
    let (counts_in, counts_out) = RingBuffer::new(4 * Slot::COUNT);
    let (overheard_in, overheard_out) = RingBuffer::new(OVERHEARD);
    (
        UplinkRings {
            paths: paths_out,
            losses: losses_out,
            counts: counts_in,
            overheard: overheard_in,
        },
        DownlinkRings {
            paths: paths_in,
            losses: losses_in,
            counts: counts_out,
            overheard: overheard_out,
        },
    )
}

/// Makes the two machines of one conversation, joined.
///
/// Both belong to one stay in one meeting: drop them on leaving, make new ones with a fresh seed on joining.
///
/// # Errors
///
/// [`VoiceError::Codec`] when the encoder cannot be made.
pub fn voice_pair(config: &VoiceConfig) -> Result<(Uplink, Downlink), VoiceError> {
    let (uplink_rings, downlink_rings) = rings();
    let mut random = ChaCha20Rng::from_seed(config.seed);
    let uplink_random = split(&mut random);
    let downlink_random = split(&mut random);
    let uplink = Uplink::new(config, uplink_random, uplink_rings)?;
    let downlink = Downlink::new(downlink_random, downlink_rings)?;
    Ok((uplink, downlink))
}

/// An independent generator grown from this one.
fn split(random: &mut ChaCha20Rng) -> ChaCha20Rng {
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    ChaCha20Rng::from_seed(seed)
}
