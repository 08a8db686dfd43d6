//! One tray per user: it owns a name on the session bus, and a second start opens the window of the first.
//!
//! The interface is `org.freedesktop.Application`, by which desktops start and activate programs.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use sotto_control::own_home;
use zbus::fdo::RequestNameFlags;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, connection};

use crate::app;
use crate::click::{Click, Show};
use crate::hands::Hands;

const INTERFACE: &str = "org.freedesktop.Application";
/// By these a desktop tells a program that it may open a window.
const TOKENS: [&str; 2] = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];
/// The longest that the bus may take to look again.
const RELOADS_WITHIN: Duration = Duration::from_secs(2);
/// What `ActivateAction` calls the places where a window can be opened.
const NEW_MEETING: &str = "new-meeting";
const SETTINGS: &str = "settings";
/// What it calls requests of the window about the keys that this program holds.
const CHOOSE_KEYS: &str = "choose-keys";
const KEYS_ASIDE: &str = "keys-aside";
const KEYS_BACK: &str = "keys-back";

/// How often keys are asked to stay aside.
pub(crate) const ASIDE_EVERY: Duration = Duration::from_secs(3);

/// A request of the window, which holds no keys, about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Show the desktop's own dialog about them.
    Choose,
    /// Let them do nothing for a moment: one is to be pressed in the window.
    Aside,
    /// Let them do again what they do.
    Back,
}

/// Returns the name on the bus. Each home has its own, so that several daemons can be tried on one desktop.
fn name() -> String {
    match own_home() {
        None => app::ID.into(),
        Some(home) => {
            // Fixed keys: every start comes to the same number.
            let mut hasher = DefaultHasher::new();
            std::path::absolute(&home)
                .unwrap_or_else(|_| home.into())
                .hash(&mut hasher);
            format!("{}.home{:016x}", app::ID, hasher.finish())
        }
    }
}

/// Returns the path of the object that belongs to the name.
fn path() -> String {
    format!("/{}", app::ID.replace('.', "/"))
}

/// Connects to the session bus, ready to be activated.
pub(crate) async fn connect(hands: Hands) -> zbus::Result<Connection> {
    connection::Builder::session()?
        .serve_at(path(), Application { hands })?
        .build()
        .await
}

/// Takes the name. Returns whether this is the first of its home.
pub(crate) async fn claim(bus: &Connection) -> zbus::Result<bool> {
    let flags = RequestNameFlags::DoNotQueue.into();
    match bus.request_name_with_flags(name(), flags).await {
        Ok(_) => Ok(true),
        Err(zbus::Error::NameTaken) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Has the first one open its window.
pub(crate) async fn activate(bus: &Connection, show: &Show) -> zbus::Result<()> {
    let token = own_token();
    let platform: HashMap<&str, Value<'_>> = token
        .iter()
        .flat_map(|token| {
            let value = || Value::from(token.as_str());
            [
                ("activation-token", value()),
                ("desktop-startup-id", value()),
            ]
        })
        .collect();
    let (to, path, interface) = (name(), path(), Some(INTERFACE));
    let call = |method, action: Option<&'static str>| {
        let (to, path, platform) = (to.clone(), path.clone(), platform.clone());
        async move {
            match action {
                None => {
                    bus.call_method(Some(to), path, interface, method, &(platform,))
                        .await
                }
                Some(action) => {
                    let body = (action, Vec::<Value<'_>>::new(), platform);
                    bus.call_method(Some(to), path, interface, method, &body)
                        .await
                }
            }
        }
    };
    match show {
        Show::Window | Show::Invitation(_) => call("Activate", None).await,
        Show::NewMeeting => call("ActivateAction", Some(NEW_MEETING)).await,
        Show::Settings => call("ActivateAction", Some(SETTINGS)).await,
    }
    .map(drop)
}

/// Has the session's bus look again for programs that it can start. A folder that is new it would find only after the
/// next login, and until then the launcher would start nothing.
pub(crate) fn reload_services() {
    let reload = async {
        let bus = Connection::session().await?;
        let name = "org.freedesktop.DBus";
        let path = "/org/freedesktop/DBus";
        bus.call_method(Some(name), path, Some(name), "ReloadConfig", &())
            .await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    match runtime.block_on(async { tokio::time::timeout(RELOADS_WITHIN, reload).await }) {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the session's bus was not told"),
        Err(_) => tracing::debug!("the session's bus does not answer"),
    }
}

/// Asks the first one for something about its keys.
pub(crate) async fn ask_for(keys: Keys) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let action = match keys {
        Keys::Choose => CHOOSE_KEYS,
        Keys::Aside => KEYS_ASIDE,
        Keys::Back => KEYS_BACK,
    };
    let platform = HashMap::<&str, Value<'_>>::new();
    let body = (action, Vec::<Value<'_>>::new(), platform);
    let (to, method) = (Some(name()), "ActivateAction");
    bus.call_method(to, path(), Some(INTERFACE), method, &body)
        .await
        .map(drop)
}

/// Returns what this program was started with to open a window.
pub(crate) fn own_token() -> Option<String> {
    TOKENS
        .iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|token| !token.is_empty())
}

struct Application {
    hands: Hands,
}

impl Application {
    fn click(&self, click: Click, platform: &HashMap<String, OwnedValue>) {
        let token = ["activation-token", "desktop-startup-id"]
            .iter()
            .filter_map(|key| <&str>::try_from(platform.get(*key)?).ok())
            .find(|token| !token.is_empty());
        self.hands.click(click, token.map(str::to_owned));
    }
}

#[zbus::interface(name = "org.freedesktop.Application")]
impl Application {
    fn activate(&self, platform_data: HashMap<String, OwnedValue>) {
        self.click(Click::Show(Show::Window), &platform_data);
    }

    /// No files belong to this program; whoever opens one wants to see it.
    fn open(&self, _uris: Vec<String>, platform_data: HashMap<String, OwnedValue>) {
        self.click(Click::Show(Show::Window), &platform_data);
    }

    fn activate_action(
        &self,
        action_name: &str,
        _parameter: Vec<OwnedValue>,
        platform_data: HashMap<String, OwnedValue>,
    ) -> zbus::fdo::Result<()> {
        let click = match action_name {
            NEW_MEETING => Click::Show(Show::NewMeeting),
            SETTINGS => Click::Show(Show::Settings),
            CHOOSE_KEYS => Click::ChooseKeys,
            KEYS_ASIDE => Click::KeysAside(true),
            KEYS_BACK => Click::KeysAside(false),
            other => {
                return Err(zbus::fdo::Error::InvalidArgs(format!(
                    "there is no action \"{other}\""
                )));
            }
        };
        self.click(click, &platform_data);
        Ok(())
    }
}
