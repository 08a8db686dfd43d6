//! The two real-time voice threads and the rings that reach them.
//!
//! The uplink thread waits for the microphone; the downlink thread for datagrams and for the loudspeaker. A device that
//! can be waited for they attend to themselves, others have a thread that wakes them. Neither ever waits for the
//! asynchronous side: commands come in and news go out through bounded lock-free rings, and what they no longer need goes
//! out through a ring too, to be freed where nobody is in a hurry.

mod clock;
mod downlink;
mod echo;
mod playback_clock;
pub(crate) mod priority;
mod ring;
mod uplink;
mod waiting;

pub(crate) use clock::{CaptureClock, Clock, boot, utc};
pub(crate) use downlink::{DownlinkOrder, DownlinkThread};
pub(crate) use echo::EchoSource;
pub(crate) use ring::{NewsReceiver, SlotNames, VoiceNews, news};
pub(crate) use uplink::{Sending, UplinkOrder, UplinkThread};
pub(crate) use waiting::Waiting;
