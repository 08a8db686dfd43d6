//! The jitter buffer: from frames as they arrive to sound at the playback clock's pace, one per sender.
//!
//! The idea that everything here follows from: a sender's timestamps and our clock are two timelines. The
//! fastest packets of the last seconds give their offset (the *base*); what a packet took beyond that is its
//! *relative delay*; and a frame is due at its timestamp + base + *target*. So delay is a number of samples
//! that can be read off at any moment, and not the filling of a buffer, whose phase depends on when
//! somebody looks.
//!
//! A frame is known by its timestamp. Sequence numbers only count packets: a timestamp that is missing while
//! no sequence number is was never sent, and is silence; else it was lost, and the decoder continues the
//! sound. Both streams of a sender, open and whisper, lie on one timeline and never overlap on it.

mod arrivals;
mod concealment;
mod decoding;
mod demand;
mod incoming;
mod noise;
mod refill;
mod sender;
mod sequence;
mod sound;
mod store;
mod stretch;
mod timeline;

use std::time::Duration;

use crate::{Level, MediaTime, SequenceNumber, Stream, Timestamp};

pub(crate) use concealment::LONGEST_AT_AN_END;
pub use sender::SenderPlayout;

/// One decrypted packet of a sender.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The stream it came on.
    pub stream: Stream,
    /// The RTP sequence number, which counts packets of this stream.
    pub sequence: SequenceNumber,
    /// The RTP timestamp of the packet, which is that of its primary frame.
    pub timestamp: Timestamp,
    /// The marker bit: the first packet after a pause.
    pub marker: bool,
    /// The primary frame and copies of others, in any order. One whose timestamp is [`Self::timestamp`] is
    /// the primary; its lead over a copy is that copy's distance.
    pub frames: &'a [EncodedFrame<'a>],
}

/// One encoded frame out of a packet.
#[derive(Debug, Clone, Copy)]
pub struct EncodedFrame<'a> {
    /// The frame's identity: the capture time of its first sample.
    pub timestamp: Timestamp,
    /// The Opus frame.
    pub payload: &'a [u8],
}

/// What became of a packet's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inserted {
    /// Frames that were not there yet and can still be played.
    pub fresh: u8,
    /// Of those, frames that came as a copy.
    pub copies: u8,
    /// Frames whose turn is over.
    pub late: u8,
}

/// How a sender is played.
#[derive(Debug, Clone)]
pub struct PlayoutConfig {
    /// The times at which playback waits for the copy of a frame in the next one's packet. Default
    /// [`CopyWait::AfterLoss`].
    pub copy_wait: CopyWait,
    /// Whether a pause is filled with noise as loud as the sender's background was. Default true.
    pub comfort_noise: bool,
    /// The target delay before anything is known of the link. Default 5 ms.
    pub initial_target: Duration,
    /// The longest target delay. Default 250 ms.
    pub max_target: Duration,
    /// What is held beyond what the link needs, for when the playback thread wakes up. Default 2 ms.
    pub margin: Duration,
}

/// The times at which playback waits for copies that nobody needed lately. A frame whose packet is lost comes a frame
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyWait {
    /// Never: the delay is the lowest, and a lost frame is continued unless losses are frequent.
    Never,
    /// From the first loss on, for half a minute, and for up to five where there are more.
    AfterLoss,
    /// Always: the first loss is repaired too.
    Always,
}

impl PlayoutConfig {
    /// The least delay: no waiting for copies, which are taken where they come in time, and a narrow margin.
    pub fn low_delay() -> Self {
        Self {
            copy_wait: CopyWait::Never,
            margin: Duration::from_millis(1),
            ..Self::default()
        }
    }
}

impl Default for PlayoutConfig {
    fn default() -> Self {
        Self {
            copy_wait: CopyWait::AfterLoss,
            comfort_noise: true,
            initial_target: Duration::from_millis(5),
            max_target: Duration::from_millis(250),
            margin: Duration::from_millis(2),
        }
    }
}

/// What a block of playback holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulled {
    /// What the sender is doing.
    pub activity: Activity,
    /// The stream last played.
    pub stream: Stream,
    /// Where the block's sound comes from, if it has any but comfort noise.
    pub source: Option<Source>,
    /// How loud the block is.
    pub level: Level,
}

/// Where in the sender's time a block comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The place in the block at which the sender's sound begins, in samples.
    pub offset: usize,
    /// The capture time of the sample there, on the sender's timeline.
    pub timestamp: MediaTime,
}

/// What a sender is doing in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Nothing is being sent: silence or comfort noise.
    Pause,
    /// Sound that was received.
    Sound,
    /// Sound that continues over frames that did not arrive.
    Concealed,
}

/// Counters since the sender was set up, and delays as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlayoutStats {
    /// What playback aims to hold beyond the fastest packets, the block that is asked for at once included.
    pub target: Duration,
    /// What playback held over the last second of sound.
    pub delay: Duration,
    /// The 95th percentile of the packets' relative delay.
    pub jitter: Duration,
    /// Packets received.
    pub packets: u64,
    /// Frames decoded and played.
    pub played: u64,
    /// Of those, frames that came as a copy.
    pub recovered: u64,
    /// Frames that were continued because they were lost or late.
    pub concealed: u64,
    /// Frames that were continued although a later one had come already: the most that a codec's own memory of the past
    /// (DRED, LBRR) in that one could have repaired. One that came itself before it was heard still counts here.
    pub repairable: u64,
    /// Of those, frames that were brought back from the memory in the later one: coarse, but what was said.
    pub recalled: u64,
    /// Frames that arrived after having been concealed.
    pub late: u64,
    /// Frames that were never heard, to get back to the target after an outage, an overflow, or playback
    /// that stood still.
    pub discarded: u64,
    /// Frames that the decoder refused.
    pub malformed: u64,
    /// Gaps that ended in a burst: all of more than 100 ms, and of 50 ms unless they come every second.
    pub outages: u64,
    /// Samples taken out to shorten the delay.
    pub samples_removed: u64,
    /// Samples put in to lengthen the delay.
    pub samples_added: u64,
}
