//! Parameters of every method, and what they may be.

use super::Request;
use crate::bounds::*;
use crate::config::{Device, LONGEST_DEVICE};
use crate::error::{ControlError, ErrorCode};
use crate::model::WhisperMode;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that `audio.devices` and `audio.use` wait for the sound system.
const MAX_LISTING: Duration = Duration::from_secs(20);
/// How long a daemon may take to answer what it can answer at once, before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(10);

macro_rules! without_parameters {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name {}
        )+
    };
}

without_parameters! {
    /// Parameters of `status.get`: none.
    StatusGet;
    /// Parameters of `peers.list`: none.
    PeersList;
    /// Parameters of `meeting.list`: none.
    MeetingList;
    /// Parameters of `invitations.list`: none.
    InvitationsList;
    /// Parameters of `talk.release`: none.
    TalkRelease;
    /// Parameters of `talk.everyone`: none.
    TalkEveryone;
    /// Parameters of `audio.mute`: none.
    AudioMute;
    /// Parameters of `audio.unmute`: none.
    AudioUnmute;
    /// Parameters of `audio.deafen`: none.
    AudioDeafen;
    /// Parameters of `audio.undeafen`: none.
    AudioUndeafen;
    /// Parameters of `audio.devices`: none.
    AudioDevices;
    /// Parameters of `presence.away`: none.
    PresenceAway;
    /// Parameters of `presence.back`: none.
    PresenceBack;
    /// Parameters of `presence.phone`: none.
    PresencePhone;
    /// Parameters of `daemon.quit`: none.
    DaemonQuit;
}

/// Parameters of `version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What the program calls itself (`sotto`, `sotto-tray`); others see it beside what it causes.
    #[serde(default)]
    pub client: String,
    /// The version of this API that the client was written for; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<u32>,
}

/// Parameters of `meeting.create`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingCreate {
    /// The title.
    pub title: String,
    /// Whom to invite.
    #[serde(default)]
    pub names: Vec<String>,
    /// A meeting whose whole roster is invited too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whom of that roster to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

/// Parameters of `meeting.invite`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingInvite {
    /// Whom to invite.
    pub names: Vec<String>,
    /// To which meeting; absent: the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<String>,
}

/// Parameters of `meeting.join`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingJoin {
    /// Which; absent: the one that the only open invitation is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<String>,
    /// Whether to close the microphone before joining; absent or `false` leaves it as it is.
    #[serde(default)]
    pub muted: bool,
}

/// Parameters of `meeting.decline`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingDecline {
    /// Which; absent: the one that the only open invitation is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<String>,
}

/// Parameters of `meeting.withdraw`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingWithdraw {
    /// Whose invitation to withdraw.
    pub names: Vec<String>,
    /// To which meeting; absent: the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<String>,
}

/// Parameters of `meeting.leave`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingLeave {
    /// Which; absent: the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<String>,
}

/// Parameters of `meeting.switch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingSwitch {
    /// Where to.
    pub meeting: String,
}

/// Parameters of `meeting.roster`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRoster {
    /// Which; absent: the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<String>,
}

/// Parameters of `talk.whisper`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkWhisper {
    /// To whom; each must be present in the active meeting.
    pub names: Vec<String>,
    /// How long it lasts; on the wire `mode`, and `for_ms` for a stated time. `hold` ends with `talk.release` or when
    /// the connection closes.
    #[serde(flatten)]
    pub mode: WhisperMode,
}

/// Parameters of `talk.reply`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkReplyTo {
    /// How long it lasts, as in `talk.whisper`.
    #[serde(flatten)]
    pub mode: WhisperMode,
}

/// Parameters of `audio.volume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioVolume {
    /// Whose.
    pub name: String,
    /// 0 (silent) to 200; 100 is what was received.
    pub percent: u16,
}

/// Parameters of `audio.use`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioUse {
    /// Which device: an identifier or the unique beginning of a name, as `audio.devices` lists them; or `default`, or
    /// `null` for silence. Never a file.
    pub device: String,
    /// As what; absent: as whatever it is, microphone, loudspeaker or both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<DeviceRole>,
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

/// Parameters of `audio.test`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTest {
    /// How long to listen, in milliseconds; 3 s if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen_ms: Option<u64>,
    /// Whether nothing is to be played, neither the sound before nor the recording after.
    #[serde(default)]
    pub quiet: bool,
}

/// Parameters of `audio.silence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioSilence {
    /// Whom; must be in the active meeting.
    pub name: String,
}

/// Parameters of `audio.unsilence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioUnsilence {
    /// Whom.
    pub name: String,
}

/// Parameters of `audio.latency`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioLatency {
    /// With whom; somebody present in the active meeting.
    pub name: String,
    /// Whether to measure the way there with a chirp as well, which takes about a second. It goes to this person alone,
    /// who does not hear it; others do not hear the user for 60 ms.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chirp: bool,
}

/// Parameters of `network.connect`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkConnect {
    /// `IP:PORT` of the colleague's daemon, as its `sotto status` shows it.
    pub address: String,
    /// How long to wait for the connection, in milliseconds; absent: answer as soon as dialling has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

/// Parameters of `events.subscribe`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsSubscribe {
    /// Whether to send `levels` too, up to ten a second.
    #[serde(default)]
    pub levels: bool,
}

impl Request {
    /// How long to wait for the reply before the daemon counts as hung: what the request itself may wait for, and some
    /// patience.
    #[must_use]
    pub fn patience(&self) -> Duration {
        let waits = match self {
            Self::MeetingJoin(_) | Self::MeetingSwitch(_) => MAX_JOIN,
            Self::AudioDevices(_) | Self::AudioUse(_) => MAX_LISTING,
            Self::AudioTest(params) => {
                let listen = params.listen_ms.map_or(USUAL_TEST, Duration::from_millis);
                MAX_LISTING + 2 * listen.min(MAX_TEST)
            }
            Self::NetworkConnect(params) => {
                Duration::from_millis(params.wait_ms.unwrap_or(0)).min(MAX_WAIT)
            }
            _ => Duration::ZERO,
        };
        waits + PATIENCE
    }

    /// Checks what types alone do not say: bounds of texts, lists and numbers.
    pub(super) fn check(&self) -> Result<(), ControlError> {
        match self {
            Self::Version(params) => {
                short("client", &params.client, MAX_TEXT)?;
                printable("client", &params.client)
            }
            Self::MeetingCreate(params) => {
                title(&params.title)?;
                optional("from", params.from.as_deref())?;
                few("names", &params.names)?;
                few("without", &params.without)?;
                if params.names.is_empty() && params.from.is_none() {
                    return Err(
                        ControlError::invalid("a meeting needs at least one colleague")
                            .with_hint("name whom to invite, or a meeting to take them from"),
                    );
                }
                Ok(())
            }
            Self::MeetingInvite(MeetingInvite { names, meeting })
            | Self::MeetingWithdraw(MeetingWithdraw { names, meeting }) => {
                some("names", names)?;
                optional("meeting", meeting.as_deref())
            }
            Self::MeetingJoin(MeetingJoin { meeting, .. })
            | Self::MeetingDecline(MeetingDecline { meeting })
            | Self::MeetingLeave(MeetingLeave { meeting })
            | Self::MeetingRoster(MeetingRoster { meeting }) => {
                optional("meeting", meeting.as_deref())
            }
            Self::MeetingSwitch(params) => text("meeting", &params.meeting),
            Self::TalkWhisper(params) => {
                some("names", &params.names)?;
                duration(params.mode)
            }
            Self::TalkReplyTo(params) => duration(params.mode),
            Self::AudioVolume(params) => {
                text("name", &params.name)?;
                if params.percent > MAX_VOLUME_PERCENT {
                    return Err(ControlError::invalid(format!(
                        "percent is {}, and at most {MAX_VOLUME_PERCENT}",
                        params.percent
                    )));
                }
                Ok(())
            }
            Self::AudioUse(params) => device(&params.device),
            Self::AudioTest(params) => {
                let listen = params.listen_ms.map(Duration::from_millis);
                within("listen_ms", listen, MIN_TEST, MAX_TEST)
            }
            Self::AudioSilence(AudioSilence { name })
            | Self::AudioUnsilence(AudioUnsilence { name }) => text("name", name),
            Self::AudioLatency(params) => text("name", &params.name),
            Self::NetworkConnect(params) => {
                text("address", &params.address)?;
                {
                    let wait = params.wait_ms.map(Duration::from_millis);
                    within("wait_ms", wait, Duration::ZERO, MAX_WAIT)
                }
            }
            _ => Ok(()),
        }
    }
}

/// A device that a program may choose: one of the system, or none. What reads or writes a file, or stands in for a
/// microphone, is the configuration's alone.
fn device(name: &str) -> Result<(), ControlError> {
    if name.len() > LONGEST_DEVICE {
        return Err(ControlError::invalid(format!(
            "device is longer than {LONGEST_DEVICE} bytes"
        )));
    }
    if name.trim().is_empty() {
        return Err(ControlError::invalid("device is empty"));
    }
    printable("device", name)?;
    match name.parse::<Device>() {
        Ok(Device::Default | Device::Null | Device::Named(_)) => Ok(()),
        Ok(Device::File { .. } | Device::Tone { .. }) | Err(_) => Err(ControlError::new(
            ErrorCode::Refused,
            "files and tones are no devices that a program may choose",
        )
        .with_hint("set them in config.toml and start sottod again")),
    }
}

fn short(what: &str, value: &str, most: usize) -> Result<(), ControlError> {
    if value.len() > most {
        return Err(ControlError::invalid(format!(
            "{what} is {} bytes long, and at most {most}",
            value.len()
        )));
    }
    Ok(())
}

fn title(value: &str) -> Result<(), ControlError> {
    text("title", value)?;
    short("title", value, MAX_TITLE)
}

fn text(what: &str, value: &str) -> Result<(), ControlError> {
    if value.trim().is_empty() {
        return Err(ControlError::invalid(format!("{what} is empty")));
    }
    short(what, value, MAX_TEXT)
}

fn printable(what: &str, value: &str) -> Result<(), ControlError> {
    if value.chars().any(char::is_control) {
        return Err(ControlError::invalid(format!(
            "{what} contains control characters"
        )));
    }
    Ok(())
}

fn optional(what: &str, value: Option<&str>) -> Result<(), ControlError> {
    value.map_or(Ok(()), |value| text(what, value))
}

fn few(what: &str, values: &[String]) -> Result<(), ControlError> {
    if values.len() > MAX_NAMES {
        return Err(ControlError::invalid(format!(
            "{what} lists {}, and at most {MAX_NAMES}",
            values.len()
        )));
    }
    values.iter().try_for_each(|value| text(what, value))
}

fn some(what: &str, values: &[String]) -> Result<(), ControlError> {
    if values.is_empty() {
        return Err(ControlError::invalid(format!("{what} is empty")));
    }
    few(what, values)
}

fn within(
    what: &str,
    value: Option<Duration>,
    least: Duration,
    most: Duration,
) -> Result<(), ControlError> {
    match value {
        Some(time) if !(least..=most).contains(&time) => Err(ControlError::invalid(format!(
            "{what} is {}, and must be {} to {}",
            time.as_millis(),
            least.as_millis(),
            most.as_millis()
        ))),
        _ => Ok(()),
    }
}

fn duration(mode: WhisperMode) -> Result<(), ControlError> {
    within("for_ms", mode.time(), MIN_WHISPER, MAX_WHISPER)
}
