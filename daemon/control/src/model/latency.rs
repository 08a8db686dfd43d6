//! From mouth to ear, and where each millisecond goes.

use super::Person;
use serde::{Deserialize, Serialize};

/// Reply to `audio.latency`: the ways between the user and a colleague.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The colleague.
    pub person: Person,
    /// From the user's mouth to the colleague's ear; absent before the colleague heard anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Way>,
    /// From the colleague's mouth to the user's ear; absent before anything was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Way>,
}

/// The stages of a way, in the order in which sound passes them, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// The microphone's blocks, beyond a frame.
    #[serde(default)]
    pub capture_ms: f32,
    /// Until a frame is complete.
    #[serde(default)]
    pub frame_ms: f32,
    /// Echo cancellation and noise suppression.
    #[serde(default)]
    pub processing_ms: f32,
    /// The encoder's look-ahead.
    #[serde(default)]
    pub codec_ms: f32,
    /// Half a round trip.
    #[serde(default)]
    pub network_ms: f32,
    /// Held for packets that take longer, for copies, and for what the loudspeaker asks for at once. Measured, with the
    /// threads' wake-up times, as what is left of the time from capture to playback by both machines' clocks.
    #[serde(default)]
    pub jitter_buffer_ms: f32,
    /// The mixer, and what lies ready before the loudspeaker.
    #[serde(default)]
    pub playback_ms: f32,
    /// All of it.
    #[serde(default)]
    pub total_ms: f32,
    /// The same as a chirp measured it, sent that way and found again in what was decoded; absent unless one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chirp_ms: Option<f32>,
}
