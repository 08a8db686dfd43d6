//! Every method: its name, its parameters, its reply.
//!
//! Parameters are always given by name. People and meetings travel as the text that the user typed (`name`,
//! `meeting`): the daemon resolves them by unique prefix of a label, a title or an id, and answers an ambiguous one with
//! the candidates. So every client resolves names alike.

mod parameters;
mod reply;

pub use parameters::*;
pub use reply::*;

use crate::error::{ControlError, ErrorCode};
use crate::model::{DeviceChoice, Devices, Latency, MicrophoneTest, Snapshot, Status};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A method by the type of its parameters.
pub trait Method: Serialize + DeserializeOwned + Into<Request> + Send + Sync {
    /// The name on the wire, for instance `meeting.join`.
    const NAME: &'static str;
    /// What it answers.
    type Reply: Serialize + DeserializeOwned + Into<Reply> + Send;
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])+ $params:ident = $name:literal -> $reply:ty;)+) => {
        /// A request that has been read and checked.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Request {
            $($(#[doc = $doc])+ $params($params),)+
        }

        impl Request {
            /// The name of every method.
            pub const METHODS: &'static [&'static str] = &[$($name,)+];

            /// The method's name on the wire.
            #[must_use]
            pub const fn method(&self) -> &'static str {
                match self { $(Self::$params(_) => $name,)+ }
            }

            /// The parameters as they travel.
            pub(crate) fn params(&self) -> serde_json::Result<Value> {
                match self { $(Self::$params(params) => serde_json::to_value(params),)+ }
            }

            /// Reads and checks a request.
            ///
            /// # Errors
            /// [`ErrorCode::UnknownMethod`], or [`ErrorCode::Invalid`] with the parameter that does not fit.
            pub fn parse(method: &str, params: Option<Value>) -> Result<Self, ControlError> {
                let params = by_name(params)?;
                let request = match method {
                    $($name => Self::$params(typed(method, params)?),)+
                    _ => return Err(unknown(method)),
                };
                request.check()?;
                Ok(request)
            }
        }

        $(
            impl Method for $params {
                const NAME: &'static str = $name;
                type Reply = $reply;
            }

            impl From<$params> for Request {
                fn from(params: $params) -> Self {
                    Self::$params(params)
                }
            }
        )+
    };
}

methods! {
    /// Names the client and learns the daemon's version; the first request on every connection.
    Version = "version" -> VersionReply;
    /// The daemon at a glance.
    StatusGet = "status.get" -> Status;
    /// Everyone known.
    PeersList = "peers.list" -> PeersReply;
    /// Starts a meeting, joins it and invites colleagues.
    MeetingCreate = "meeting.create" -> InviteReply;
    /// Invites more colleagues.
    MeetingInvite = "meeting.invite" -> InviteReply;
    /// Joins a meeting that the user is invited to, or returns to one.
    MeetingJoin = "meeting.join" -> MeetingReply;
    /// Declines an invitation.
    MeetingDecline = "meeting.decline" -> MeetingRefReply;
    /// Withdraws invitations that the user sent.
    MeetingWithdraw = "meeting.withdraw" -> WithdrawReply;
    /// Leaves a meeting.
    MeetingLeave = "meeting.leave" -> MeetingRefReply;
    /// Leaves the active meeting for another, in one step.
    MeetingSwitch = "meeting.switch" -> MeetingReply;
    /// Every meeting that the user is on the roster of.
    MeetingList = "meeting.list" -> MeetingsReply;
    /// One meeting with its roster.
    MeetingRoster = "meeting.roster" -> MeetingReply;
    /// Invitations that wait for an answer.
    InvitationsList = "invitations.list" -> InvitationsReply;
    /// Speaks to the chosen alone.
    TalkWhisper = "talk.whisper" -> TalkReply;
    /// Answers the last whisper.
    TalkReplyTo = "talk.reply" -> TalkReply;
    /// Ends the whisper that this connection holds; what was before it comes back.
    TalkRelease = "talk.release" -> TalkReply;
    /// Speaks to everyone again.
    TalkEveryone = "talk.everyone" -> TalkReply;
    /// Closes the microphone.
    AudioMute = "audio.mute" -> AudioReply;
    /// Opens the microphone.
    AudioUnmute = "audio.unmute" -> AudioReply;
    /// Closes loudspeaker and microphone.
    AudioDeafen = "audio.deafen" -> AudioReply;
    /// Opens the loudspeaker; the microphone returns to what it was.
    AudioUndeafen = "audio.undeafen" -> AudioReply;
    /// Sets how loud one person is.
    AudioVolume = "audio.volume" -> VolumeReply;
    /// How long sound takes between the user and a colleague, and where.
    AudioLatency = "audio.latency" -> Latency;
    /// Sound devices.
    AudioDevices = "audio.devices" -> Devices;
    /// Chooses microphone and loudspeaker, now and for later.
    AudioUse = "audio.use" -> DeviceChoice;
    /// Plays a sound, listens to the microphone, and plays what was heard.
    AudioTest = "audio.test" -> MicrophoneTest;
    /// Stops playing somebody who is heard through the room anyway.
    AudioSilence = "audio.silence" -> SilenceReply;
    /// Plays them again.
    AudioUnsilence = "audio.unsilence" -> SilenceReply;
    /// Sets the user Away.
    PresenceAway = "presence.away" -> PresenceReply;
    /// Ends Away or a phone call.
    PresenceBack = "presence.back" -> PresenceReply;
    /// Takes a phone call: Offline, both devices closed.
    PresencePhone = "presence.phone" -> PresenceReply;
    /// Connects to a colleague by address, where multicast does not pass.
    NetworkConnect = "network.connect" -> ConnectReply;
    /// Begins a subscription: this reply is the snapshot, then every change follows as an event.
    EventsSubscribe = "events.subscribe" -> Snapshot;
    /// Stops the daemon: Offline (closed) everywhere first.
    DaemonQuit = "daemon.quit" -> Done;
}

/// The parameters as an object; JSON-RPC also allows lists, which no method here takes.
fn by_name(params: Option<Value>) -> Result<Value, ControlError> {
    match params {
        None | Some(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
        Some(object @ Value::Object(_)) => Ok(object),
        Some(_) => Err(
            ControlError::invalid("parameters must be given by name, as an object")
                .with_hint(r#"for instance "params":{"meeting":"Planning"}"#),
        ),
    }
}

fn typed<T: DeserializeOwned>(method: &str, params: Value) -> Result<T, ControlError> {
    serde_json::from_value(params)
        .map_err(|error| ControlError::invalid(format!("{method}: {error}")))
}

fn unknown(method: &str) -> ControlError {
    let shown: String = method.chars().take(64).collect();
    let error = ControlError::new(
        ErrorCode::UnknownMethod,
        format!("there is no method \"{}\"", shown.escape_debug()),
    );
    match crate::config::nearest(&shown, Request::METHODS.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
        None => error,
    }
}
