//! The two real-time voice threads and the rings that reach them.
//!
//! The uplink thread sleeps until the microphone's callback wakes it; the downlink thread waits for datagrams and
//! for the loudspeaker. Neither ever waits for the asynchronous side: commands come in and news go out through
//! bounded lock-free rings, and what they no longer need goes out through a ring too, to be freed where nobody
//! is in a hurry.

mod clock;
mod downlink;
mod echo;
mod playback_clock;
pub(crate) mod priority;
mod ring;
mod uplink;

pub(crate) use clock::{CaptureClock, Clock, boot, utc};
pub(crate) use downlink::{DownlinkOrder, DownlinkThread, Waiting};
pub(crate) use echo::EchoSource;
pub(crate) use ring::{NewsReceiver, SlotNames, VoiceNews, news};
pub(crate) use uplink::{Sending, UplinkOrder, UplinkThread};
