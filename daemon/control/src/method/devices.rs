//! Microphones and loudspeakers.

use super::bound::{DEVICE, FLAG, LISTENING, ROLE};
use super::declare::{Answered, method};
use crate::bounds::{MAX_TEST, USUAL_TEST};
use crate::model::{DeviceChoice, Devices, MicrophoneTest};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that the sound system is waited for.
const MAX_LISTING: Duration = Duration::from_secs(20);

method! {
    /// Lists sound devices.
    pub struct AudioDevices: "audio.devices" -> Devices;
    reply: "**Devices**";
    answered: Answered::Within(MAX_LISTING);
}

method! {
    /// Chooses microphone and loudspeaker, now and for later.
    pub struct AudioUse: "audio.use" -> DeviceChoice;
    reply: "`input` and `output`: the **Device**s that are used from now on; `not_saved`: why that will not outlive the daemon";
    answered: Answered::Within(MAX_LISTING);
    required {
        /// An identifier, or the unique beginning of a name, as `audio.devices` lists them; `default`; `null` for none.
        device: String = DEVICE;
    }
    optional {
        /// The role; absent: whatever it is, microphone, loudspeaker or both.
        only: Option<DeviceRole> = ROLE;
    }
}

/// What a device is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceRole {
    /// Microphone.
    Input,
    /// Loudspeaker.
    Output,
}

method! {
    /// Plays a sound, listens to the microphone, and plays what was heard.
    pub struct AudioTest: "audio.test" -> MicrophoneTest;
    reply: "**MicrophoneTest**, when it is done";
    answered: Answered::As(testing, "20 s and twice `listen_ms`");
    optional {
        /// The time to listen, in milliseconds; absent: 3,000.
        listen_ms: Option<u64> = LISTENING;
        /// Whether to play nothing, neither the sound before nor the recording after.
        quiet: bool = FLAG;
        /// Whether to play what others would hear, after processing and codec, and no sound before.
        echo: bool = FLAG;
    }
}

fn testing(params: &AudioTest) -> Duration {
    let listen = params.listen_ms.map_or(USUAL_TEST, Duration::from_millis);
    MAX_LISTING + 2 * listen.min(MAX_TEST)
}
