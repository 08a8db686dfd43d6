//! The desktop portal's interface about keys, as far as it is needed here.
//!
//! By hand, for the libraries cannot name keys when a session is made, which Plasma 5 wants; give a session another name
//! each time, by which Plasma 5 remembers the keys; and take a key that the user has removed for a mistake.

use std::collections::HashMap;

use futures::StreamExt;
use futures::stream::{SelectAll, select_all};
use serde::Serialize;
use zbus::message::Type;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";
const REQUEST: &str = "org.freedesktop.portal.Request";
const SESSION: &str = "org.freedesktop.portal.Session";
const REGISTRY: &str = "org.freedesktop.host.portal.Registry";
const BUS: &str = "org.freedesktop.DBus";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The name of our session among those of this connection.
const TOKEN: &str = "Sotto";
/// The desktops' own parts that the portal asks, one for each desktop.
const BEHIND: &str = "org.freedesktop.impl.portal.desktop";
/// Plasma's holder of keys, without which the portal tells of none.
const PLASMA: &str = "org.kde.kglobalaccel";

/// The first release of the interface with a dialog about keys.
const WITH_DIALOG: u32 = 2;
/// Signals that may wait before reading from the bus pauses.
const MOST_SIGNALS: usize = 64;

/// The portal's word for what a user does not want.
const CANCELLED: u32 = 1;

type Details = HashMap<String, OwnedValue>;
type Options<'a> = HashMap<&'a str, Value<'a>>;

/// The reason why the portal gives no keys.
#[derive(Debug)]
pub(super) enum Failure {
    /// The desktop has no portal, or one without keys.
    Missing,
    /// The user does not want it.
    Denied,
    /// The portal has said that it failed, or what it must not say.
    Failed(String),
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<zbus::zvariant::Error> for Failure {
    fn from(error: zbus::zvariant::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A key to ask for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) says: String,
    pub(super) trigger: String,
}

/// A key that the desktop gives, or has given earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) id: String,
    /// How it is pressed, in the desktop's words.
    pub(super) trigger: Option<String>,
}

/// Something that the portal tells of a session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Pressed(String),
    Released(String),
    Changed(Vec<Given>),
    /// The session is closed.
    Closed,
}

/// The portal, over a connection of its own, with which everything that was asked for ends.
pub(super) struct Portal {
    bus: Connection,
    version: u32,
}

impl Portal {
    /// Tells the portal who asks: it belongs to the connection, and must be told before anything else.
    pub(super) async fn of(bus: Connection, id: &str) -> Result<Self, Failure> {
        let body = (id, Options::new());
        let to = Some(PORTAL);
        let told = bus.call_method(to, PATH, Some(REGISTRY), "Register", &body);
        if let Err(error) = told.await {
            // Portals before 1.20 have no such method, and go by the name of the process's scope.
            tracing::debug!(%error, "the portal was not told who asks");
        }
        let body = (SHORTCUTS, "version");
        let version = bus.call_method(to, PATH, Some(PROPERTIES), "Get", &body);
        let version = match version.await {
            Ok(reply) => u32::try_from(reply.body().deserialize::<Value<'_>>()?)?,
            Err(error) => {
                tracing::debug!(%error, "no portal for keys");
                return Err(Failure::Missing);
            }
        };
        Ok(Self { bus, version })
    }

    /// Returns whether the desktop has a dialog of its own about keys.
    pub(super) const fn has_dialog(&self) -> bool {
        self.version >= WITH_DIALOG
    }

    /// Opens a session. The keys are named here too, for Plasma 5 takes them nowhere else.
    pub(super) async fn open(&self, keys: &[Asked]) -> Result<Session<'_>, Failure> {
        let path = self.path_of("session", TOKEN)?;
        let mut session = Session { portal: self, path };
        let method = "CreateSession";
        let mut options = options(method);
        options.insert("session_handle_token", Value::from(TOKEN));
        options.insert("shortcuts", Value::from(listed(keys)));
        let made = self.request(method, &(options,)).await?;
        if let Some(told) = made.get("session_handle") {
            let told = match &**told {
                Value::Str(path) => ObjectPath::try_from(path.as_str())?,
                Value::ObjectPath(path) => path.clone(),
                _ => session.path.as_ref(),
            };
            session.path = told.to_owned().into();
        }
        Ok(session)
    }

    /// Asks for something that may take until the user has answered, and returns what has come of it, if it was done.
    async fn request<B>(&self, method: &str, body: &B) -> Result<Details, Failure>
    where
        B: Serialize + DynamicType,
    {
        let (code, details) = self.answer(method, body).await?;
        match code {
            0 => Ok(details),
            CANCELLED => Err(Failure::Denied),
            _ => Err(Failure::Failed(format!("{method} failed"))),
        }
    }

    async fn answer<B>(&self, method: &str, body: &B) -> Result<(u32, Details), Failure>
    where
        B: Serialize + DynamicType,
    {
        let path = self.path_of("request", method)?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(PORTAL)?
            .path(path.as_ref())?
            .interface(REQUEST)?
            .member("Response")?
            .build();
        let mut answers = MessageStream::for_match_rule(rule, &self.bus, Some(1)).await?;
        self.bus
            .call_method(Some(PORTAL), PATH, Some(SHORTCUTS), method, body)
            .await?;
        let answer = match answers.next().await {
            Some(answer) => answer?,
            None => return Err(Failure::Failed("the session bus has ended".into())),
        };
        Ok(answer.body().deserialize()?)
    }

    /// Returns the path that the portal gives to what is asked for with this token.
    fn path_of(&self, kind: &str, token: &str) -> Result<OwnedObjectPath, Failure> {
        let name = self.bus.unique_name().map_or("", |name| name.as_str());
        let name = name.trim_start_matches(':').replace('.', "_");
        let path = ObjectPath::try_from(format!("{PATH}/{kind}/{name}/{token}"))?;
        Ok(path.into())
    }

    /// Returns everything that the portal tells of keys, and of the end of sessions. All of keys in one line: a press and a
    /// release that change places would never end. Nothing else: what waits here unread, while the user decides, keeps
    /// the answer from being read.
    pub(super) async fn signals(&self) -> zbus::Result<SelectAll<MessageStream>> {
        let rule = |interface| {
            MatchRule::builder()
                .msg_type(Type::Signal)
                .sender(PORTAL)?
                .path_namespace(PATH)?
                .interface(interface)
        };
        let rules = [
            rule(SHORTCUTS)?.build(),
            rule(SESSION)?.member("Closed")?.build(),
        ];
        in_one(rules, &self.bus).await
    }
}

/// A session of the portal. It binds keys once.
pub(super) struct Session<'a> {
    portal: &'a Portal,
    path: OwnedObjectPath,
}

impl Session<'_> {
    /// Returns the keys that the desktop knows already. Some portals do not list.
    pub(super) async fn list(&self) -> Result<Vec<Given>, Failure> {
        let method = "ListShortcuts";
        let body = (&self.path, options(method));
        let told = self.portal.request(method, &body).await?;
        Ok(given_in(&told)?.unwrap_or_default())
    }

    /// Asks for keys, and returns those that are given. None if the portal does not tell.
    pub(super) async fn bind(&self, keys: &[Asked]) -> Result<Option<Vec<Given>>, Failure> {
        let method = "BindShortcuts";
        let body = (&self.path, listed(keys), "", options(method));
        let (code, details) = self.portal.answer(method, &body).await?;
        match (code, given_in(&details)?) {
            // GNOME 48 gives keys and says that it failed.
            (0, given) | (_, given @ Some(_)) => Ok(given),
            // And it says that it failed when the user does not want it.
            _ => Err(Failure::Denied),
        }
    }

    /// Has the desktop show its dialog.
    pub(super) async fn configure(&self) -> zbus::Result<()> {
        let body = (&self.path, "", Options::new());
        let (to, method) = (Some(PORTAL), "ConfigureShortcuts");
        let asked = self
            .portal
            .bus
            .call_method(to, PATH, Some(SHORTCUTS), method, &body);
        asked.await.map(drop)
    }

    /// Ends it.
    pub(super) async fn close(&self) {
        let (to, bus) = (Some(PORTAL), &self.portal.bus);
        let closed = bus.call_method(to, &self.path, Some(SESSION), "Close", &());
        if let Err(error) = closed.await {
            tracing::debug!(%error, "the session was not closed");
        }
    }

    /// Reads a signal. None if it tells nothing of this session: portals tell everybody of the keys of all programs.
    pub(super) fn event(&self, message: &Message) -> Option<Event> {
        let (header, body) = (message.header(), message.body());
        let (interface, member) = (header.interface()?.as_str(), header.member()?.as_str());
        let read = match (interface, member) {
            (SHORTCUTS, "Activated" | "Deactivated") => body
                .deserialize::<(OwnedObjectPath, String, u64, Details)>()
                .map(|(session, id, ..)| {
                    let event = if member == "Activated" {
                        Event::Pressed(id)
                    } else {
                        Event::Released(id)
                    };
                    (session, event)
                }),
            (SHORTCUTS, "ShortcutsChanged") => body
                .deserialize::<(OwnedObjectPath, Vec<(String, Details)>)>()
                .map(|(session, keys)| (session, Event::Changed(given(keys)))),
            (SESSION, "Closed") => {
                let path = header.path()?.to_owned();
                Ok((path.into(), Event::Closed))
            }
            _ => return None,
        };
        match read {
            Ok((session, event)) => (session == self.path).then_some(event),
            Err(error) => {
                tracing::debug!(%error, member, "the portal told what it must not");
                None
            }
        }
    }
}

/// Returns what goes with a request. Its name is its token: each is asked for once over a connection.
fn options(method: &str) -> Options<'_> {
    HashMap::from([("handle_token", Value::from(method))])
}

/// Writes keys as the portal wants them.
fn listed(keys: &[Asked]) -> Vec<(String, HashMap<&'static str, Value<'static>>)> {
    let entry = |key: &Asked| {
        let about = HashMap::from([
            ("description", Value::from(key.says.clone())),
            ("preferred_trigger", Value::from(key.trigger.clone())),
        ]);
        (key.id.clone(), about)
    };
    keys.iter().map(entry).collect()
}

/// Reads the keys of an answer. None if it has none.
fn given_in(details: &Details) -> Result<Option<Vec<Given>>, Failure> {
    let Some(keys) = details.get("shortcuts") else {
        return Ok(None);
    };
    let keys = Vec::<(String, Details)>::try_from(keys.try_clone()?)?;
    Ok(Some(given(keys)))
}

fn given(keys: Vec<(String, Details)>) -> Vec<Given> {
    let one = |(id, details): (String, Details)| {
        let trigger = details.get("trigger_description");
        let trigger = trigger.and_then(|text| <&str>::try_from(text).ok());
        let trigger = trigger.filter(|text| !text.is_empty()).map(Into::into);
        Given { id, trigger }
    };
    keys.into_iter().map(one).collect()
}

/// Returns the messages that fit any of the rules; those of one rule in their order.
async fn in_one(
    rules: impl IntoIterator<Item = MatchRule<'static>>,
    bus: &Connection,
) -> zbus::Result<SelectAll<MessageStream>> {
    let mut streams = Vec::new();
    for rule in rules {
        streams.push(MessageStream::for_match_rule(rule, bus, Some(MOST_SIGNALS)).await?);
    }
    Ok(select_all(streams))
}

/// The ends of programs without which no key is told of any more.
pub(super) struct Ends(SelectAll<MessageStream>);

impl Ends {
    pub(super) async fn on(bus: &Connection) -> zbus::Result<Self> {
        let rule = || {
            MatchRule::builder()
                .msg_type(Type::Signal)
                .sender(BUS)?
                .interface(BUS)?
                .member("NameOwnerChanged")
        };
        let rules = [
            rule()?.arg(0, PORTAL)?.build(),
            rule()?.arg0ns(BEHIND)?.build(),
            rule()?.arg(0, PLASMA)?.build(),
        ];
        Ok(Self(in_one(rules, bus).await?))
    }

    /// Waits until one has ended, or the bus has.
    pub(super) async fn next(&mut self) {
        while let Some(Ok(message)) = self.0.next().await {
            let changed = message.body().deserialize::<(String, String, String)>();
            if let Ok((name, before, _)) = changed
                && !before.is_empty()
            {
                tracing::debug!(name, "has ended");
                return;
            }
        }
    }
}
