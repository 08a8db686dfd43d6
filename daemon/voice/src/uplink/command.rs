//! What the uplink is told, and what it tells.

use crate::{Level, Processor, SampleTime, Slot, SlotSet, Timestamp};

use super::OutboundLink;

/// Who receives my voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audience {
    /// Nobody.
    #[default]
    Nobody,
    /// Everyone in the set, on the open stream.
    Open(SlotSet),
    /// Only those in the set, on the whisper stream; the open stream falls silent meanwhile.
    Whisper(SlotSet),
}

/// When the microphone passes to the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GateMode {
    /// Always while it is open: a constant bitrate shows nobody on the network when somebody speaks.
    #[default]
    Always,
    /// While speech is detected, and 300 ms after.
    Speech,
}

/// A change to what the uplink sends, or to whom.
pub enum UplinkCommand {
    /// A sending direction was agreed on, or replaced by one of a newer generation.
    ///
    /// Nothing is sent to the peer before it is in the audience *and* the downlink has proven a path to it.
    Link(Box<OutboundLink>),
    /// The direction ended: its keys are dropped and the slot leaves the audience, past frames included.
    /// A later [`Audience`](UplinkCommand::Audience) command may bring it back.
    Unlink {
        /// The peer.
        slot: Slot,
    },
    /// My voice goes to others from `at` on; `None` is the next captured sample.
    Audience {
        /// The first sample that the new audience may hear. No more than 200 ms ahead of what was captured
        /// counts, and the last order wins: it undoes earlier ones for this sample or later.
        at: Option<SampleTime>,
        /// Who that is.
        audience: Audience,
    },
    /// The microphone opens or closes from `at` on; `None` is the next captured sample. It starts closed.
    Microphone {
        /// The first sample that the change applies to, within the same bounds.
        at: Option<SampleTime>,
        /// Whether samples pass.
        open: bool,
    },
    /// How the gate behind the microphone works.
    Gate(GateMode),
    /// Whether to notice that the user talks behind a closed microphone.
    ListenWhileMuted(bool),
    /// Sends a [chirp](crate::ChirpOutcome) to one peer in 300 ms, instead of the microphone's sound and to nobody
    /// else, muted or not. Nothing happens while another is on its way.
    Chirp {
        /// Whom to.
        slot: Slot,
    },
    /// What is done to captured sound from the next frame but one on, after a short fade; `None` is nothing.
    Processing(Option<Box<Processor>>),
}

impl std::fmt::Debug for UplinkCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Link(link) => write!(f, "Link({})", link.slot()),
            Self::Unlink { slot } => write!(f, "Unlink({slot})"),
            Self::Audience { at, audience } => write!(f, "Audience({audience:?} at {at:?})"),
            Self::Microphone { at, open } => write!(f, "Microphone({open} at {at:?})"),
            Self::Gate(mode) => write!(f, "Gate({mode:?})"),
            Self::ListenWhileMuted(listen) => write!(f, "ListenWhileMuted({listen})"),
            Self::Chirp { slot } => write!(f, "Chirp({slot})"),
            Self::Processing(processor) => write!(f, "Processing({processor:?})"),
        }
    }
}

/// What the uplink noticed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum UplinkEvent {
    /// Speech began or ended behind the open microphone.
    Speaking {
        /// Whether it began.
        speaking: bool,
        /// How loud the frame was.
        level: Level,
    },
    /// There is speech behind the open microphone; at most once a second.
    Spoke,
    /// The microphone reached full scale; at most once a second.
    Clipped,
    /// The user began to talk behind the closed microphone, or stopped, or it opened.
    TalkingMuted {
        /// Whether the user talks.
        talking: bool,
    },
    /// A chirp will be sent, and should be [announced](crate::DownlinkCommand::Chirp) now.
    Chirp {
        /// Whom to.
        slot: Slot,
        /// The RTP timestamp of its first sample.
        timestamp: Timestamp,
    },
    /// How one recipient's packets fare; once a second while anything is sent to it.
    Recipient(RecipientStats),
}

/// How our packets to one recipient fare, by its own reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecipientStats {
    /// The recipient.
    pub slot: Slot,
    /// The share of packets that it lost lately, 0…1.
    pub loss: f32,
    /// The longest run of packets that it lost since the link was made.
    pub longest_burst: u32,
    /// The earlier frames that every packet to it repeats, by their distance in frames.
    pub copies: &'static [u8],
    /// Whether frames carry a memory of the past because of its bursts of loss.
    pub memory: bool,
    /// Frames that were repeated because it had missed them, since the last of these events.
    pub repeated: u32,
}

/// What the uplink did since it was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UplinkStats {
    /// The next sample to be captured.
    pub position: SampleTime,
    /// Frames that were encoded.
    pub frames: u64,
    /// Packets that were sealed and handed out.
    pub packets: u64,
    /// Bytes in those packets.
    pub bytes: u64,
    /// Packets that could not be made, because the encoder or the cipher failed.
    pub failures: u64,
    /// The level behind the microphone in the last frame; silence while it is closed.
    pub level: Level,
    /// By how much echo is lowered now, in dB, and how long after the reference it comes, in ms; `None` without echo
    /// cancellation.
    pub echo: Option<(f64, i32)>,
}
