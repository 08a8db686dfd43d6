//! What the desktop says: whether it is light or dark, and that nobody is at the screen any more.

use futures::StreamExt;
use futures::future::ready;
use futures::stream::{BoxStream, select_all};
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

/// A message of the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Windows are to be dark, or light.
    Dark(bool),
    /// Whether an icon of ours shows in the panel that the meeting runs.
    Icon(bool),
    /// The screen is locked or the machine is about to sleep: whoever held a button has let go unseen.
    Gone,
}

/// The settings portal, which every desktop's theme can be read from.
const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PORTAL_PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
/// What icons in the panel are called on the bus; the number of their process follows.
const ITEM: &str = "org.kde.StatusNotifierItem-";
/// The portal's name of the setting.
const THEME: (&str, &str) = ("org.freedesktop.appearance", "color-scheme");

/// Listens until both buses have gone, or for ever where there are none. What a desktop does not say is not said.
pub(crate) async fn listen(mut say: impl FnMut(Word)) {
    let mut words: Vec<BoxStream<'static, Word>> = Vec::new();
    if let Ok(session) = Connection::session().await {
        if let Some(changes) = signals(&session, SETTINGS, "SettingChanged").await {
            words.push(
                changes
                    .filter_map(|change| async move { theme_in(&change?) })
                    .boxed(),
            );
        }
        for service in ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"] {
            if let Some(changes) = signals(&session, service, "ActiveChanged").await {
                words.push(
                    changes
                        .filter_map(|change| async move { gone_in(&change?) })
                        .boxed(),
                );
            }
        }
        if let Some(owners) = signals(&session, "org.freedesktop.DBus", "NameOwnerChanged").await {
            let bus = session.clone();
            let items = owners.filter(|change| ready(change.as_ref().is_some_and(is_an_item)));
            words.push(items.then(move |_| icon(bus.clone())).boxed());
        }
        // After the signals, so that no change is missed between.
        say(icon(session.clone()).await);
        if let Some(dark) = theme(&session).await {
            say(Word::Dark(dark));
        }
    }
    if let Ok(system) = Connection::system().await {
        let logind = "org.freedesktop.login1";
        if let Some(locks) = signals(&system, &format!("{logind}.Session"), "Lock").await {
            words.push(locks.map(|_| Word::Gone).boxed());
        }
        let manager = format!("{logind}.Manager");
        if let Some(sleeps) = signals(&system, &manager, "PrepareForSleep").await {
            words.push(
                sleeps
                    .filter_map(|sleep| async move { gone_in(&sleep?) })
                    .boxed(),
            );
        }
    }
    let mut words = select_all(words);
    while let Some(word) = words.next().await {
        say(word);
    }
}

/// Subscribes to a signal, whoever sends it.
async fn signals(
    bus: &Connection,
    interface: &str,
    member: &str,
) -> Option<
    futures::stream::Map<MessageStream, fn(zbus::Result<zbus::Message>) -> Option<zbus::Message>>,
> {
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .interface(interface.to_owned())
        .ok()?
        .member(member.to_owned())
        .ok()?
        .build();
    let stream = MessageStream::for_match_rule(rule, bus, None).await.ok()?;
    Some(stream.map(Result::ok as fn(_) -> _))
}

/// Asks the portal; nothing where there is none, or no preference.
async fn theme(session: &Connection) -> Option<bool> {
    for (method, depth) in [("ReadOne", 1), ("Read", 2)] {
        let asked = session
            .call_method(Some(PORTAL), PORTAL_PATH, Some(SETTINGS), method, &THEME)
            .await;
        let Ok(reply) = asked else { continue };
        let value: OwnedValue = reply.body().deserialize().ok()?;
        return is_dark(&value, depth);
    }
    None
}

/// Reads 1 as dark, 2 as light, and anything else as no preference. The older method packs it once more.
fn is_dark(value: &Value<'_>, depth: u8) -> Option<bool> {
    match value {
        Value::Value(inner) if depth > 0 => is_dark(inner, depth - 1),
        Value::U32(1) => Some(true),
        Value::U32(2) => Some(false),
        _ => None,
    }
}

fn theme_in(change: &zbus::Message) -> Option<Word> {
    let body = change.body();
    let (namespace, key, value): (&str, &str, Value<'_>) = body.deserialize().ok()?;
    if (namespace, key) != THEME {
        return None;
    }
    // Without a preference windows are light.
    Some(Word::Dark(is_dark(&value, 1).unwrap_or(false)))
}

fn gone_in(change: &zbus::Message) -> Option<Word> {
    let begins: bool = change.body().deserialize().ok()?;
    begins.then_some(Word::Gone)
}

fn is_an_item(change: &zbus::Message) -> bool {
    let body = change.body();
    let read = body.deserialize::<(&str, &str, &str)>();
    read.is_ok_and(|(name, ..)| name.starts_with(ITEM))
}

/// Looks whether one of the icons in the panel belongs to a process of this program.
async fn icon(session: Connection) -> Word {
    let names = match zbus::fdo::DBusProxy::new(&session).await {
        Ok(bus) => bus.list_names().await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let here = std::env::current_exe().ok();
    let ours = |name: &str| {
        let process = name.strip_prefix(ITEM)?.split('-').next()?.to_owned();
        let program = std::fs::read_link(format!("/proc/{process}/exe")).ok()?;
        Some(here.as_ref() == Some(&program))
    };
    Word::Icon(names.iter().any(|name| ours(name.as_str()) == Some(true)))
}

/// Says on the desktop that the meeting runs on although the window has closed.
pub(crate) async fn notify(title: &str, text: &str) -> zbus::Result<()> {
    let session = Connection::session().await?;
    let hints: std::collections::HashMap<&str, Value<'_>> =
        std::collections::HashMap::from([("desktop-entry", Value::from(sotto_control::APP_ID))]);
    let actions: Vec<&str> = Vec::new();
    session
        .call_method(
            Some("org.freedesktop.Notifications"),
            "/org/freedesktop/Notifications",
            Some("org.freedesktop.Notifications"),
            "Notify",
            &("Sotto", 0_u32, "", title, text, actions, hints, -1_i32),
        )
        .await?;
    Ok(())
}
