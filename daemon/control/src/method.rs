//! Every method: its name, its parameters with their bounds, its reply, how long it takes, and its documentation.
//!
//! A method stands once, in the file of its subject beside this one; [`method!`](declare) makes everything of it. The
//! list at [`methods!`] names them all. Without any of these a method does not compile, and
//! `daemon/docs/PROTOCOL.md` is compared with them in a test.
//!
//! Parameters are always given by name. People and meetings travel as the text that the user typed (`name`,
//! `meeting`): the daemon resolves them by unique prefix of a label, a title or an id, and answers an ambiguous one with
//! the candidates. Where several people can be named, the name of a group means its members. So every client resolves
//! names alike.

mod audio;
mod bound;
mod daemon;
mod declare;
mod devices;
mod dnd;
mod groups;
mod meeting;
mod people;
mod presence;
mod reply;
mod settings;
mod talk;

pub use audio::*;
pub use daemon::*;
pub use declare::{Answered, MethodDoc, ParameterDoc};
pub use devices::*;
pub use dnd::*;
pub use groups::*;
pub use meeting::*;
pub use people::*;
pub use presence::*;
pub use reply::Reply;
pub use settings::*;
pub use talk::*;

use crate::error::{ControlError, ErrorCode};
use declare::Parameter;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// A method, by the type of its parameters.
pub trait Method: Serialize + DeserializeOwned + Into<Request> + Send + Sync + 'static {
    /// The name on the wire, for instance `meeting.join`.
    const NAME: &'static str;
    /// The effect, in a sentence or two.
    const DOC: &'static str;
    /// The parameters, those that are required first.
    const PARAMETERS: &'static [Parameter];
    /// The reply.
    type Reply: Serialize + DeserializeOwned + Into<Reply> + Send;
    /// The members of the reply, in words.
    const REPLY: &'static str;
    /// The time until the daemon answers.
    const ANSWERED: Answered<Self>;

    /// Checks what types alone do not say: the bound of every parameter.
    ///
    /// # Errors
    /// The first parameter that does not fit.
    fn check(&self) -> Result<(), ControlError>;
}

/// The time that a client waits beyond what the daemon itself may take, before the daemon counts as hung.
const PATIENCE: Duration = Duration::from_secs(10);

macro_rules! methods {
    ($($params:ident,)+) => {
        /// A request that has been read and checked.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)] // each variant is the method of that name
        pub enum Request {
            $($params($params),)+
        }

        impl Request {
            /// The name of every method.
            pub const METHODS: &'static [&'static str] = &[$($params::NAME,)+];

            /// Returns the method's name on the wire.
            #[must_use]
            pub const fn method(&self) -> &'static str {
                match self { $(Self::$params(_) => $params::NAME,)+ }
            }

            /// Returns how long to wait for the reply before the daemon counts as hung.
            #[must_use]
            pub fn patience(&self) -> Duration {
                let takes = match self { $(Self::$params(params) => $params::ANSWERED.after(params),)+ };
                takes + PATIENCE
            }

            /// Returns the parameters as they travel.
            pub(crate) fn params(&self) -> serde_json::Result<Value> {
                match self { $(Self::$params(params) => serde_json::to_value(params),)+ }
            }

            /// Reads and checks a request.
            ///
            /// # Errors
            /// [`ErrorCode::UnknownMethod`], or [`ErrorCode::Invalid`] with the parameter that does not fit.
            pub fn parse(method: &str, params: Option<Value>) -> Result<Self, ControlError> {
                let params = by_name(params)?;
                match method {
                    $($params::NAME => checked::<$params>(params),)+
                    unknown => Err(unknown_method(unknown)),
                }
            }

            /// Returns the documentation of every method.
            #[must_use]
            pub fn documentation() -> Vec<MethodDoc> {
                vec![$(MethodDoc::of::<$params>(),)+]
            }
        }

        $(
            impl From<$params> for Request {
                fn from(params: $params) -> Self {
                    Self::$params(params)
                }
            }
        )+
    };
}

methods! {
    Version,
    StatusGet,
    PeersList,
    MeetingCreate,
    MeetingInvite,
    MeetingWithdraw,
    MeetingJoin,
    MeetingDecline,
    MeetingLeave,
    MeetingSwitch,
    MeetingList,
    MeetingRoster,
    InvitationsList,
    TalkWhisper,
    TalkReplyTo,
    TalkRelease,
    TalkRenew,
    TalkAbandon,
    TalkEveryone,
    TalkPress,
    TalkToggle,
    TalkUnpress,
    AudioMute,
    AudioUnmute,
    AudioDeafen,
    AudioUndeafen,
    AudioVolume,
    AudioLatency,
    AudioSilence,
    AudioUnsilence,
    AudioDevices,
    AudioUse,
    AudioTest,
    GroupList,
    GroupAdd,
    GroupRemove,
    SettingsGet,
    SettingsSet,
    PresenceAway,
    PresenceBack,
    PresencePhone,
    DndSet,
    NetworkConnect,
    NetworkGet,
    EventsSubscribe,
    DaemonQuit,
}

/// Returns the parameters as an object; JSON-RPC also allows lists, which no method here takes.
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

fn checked<M: Method>(params: Value) -> Result<Request, ControlError> {
    let params: M = serde_json::from_value(params)
        .map_err(|error| ControlError::invalid(format!("{}: {error}", M::NAME)))?;
    params.check()?;
    Ok(params.into())
}

fn unknown_method(method: &str) -> ControlError {
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
