//! The server of notifications on the session bus: carries out what [`Notifier`] decides.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use zbus::message::Type;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, Message, MessageStream};

use super::{Capabilities, Effect, Facts, Notification, Notifier};
use crate::app;
use crate::click::Click;
use crate::daemon::{News, TOO_MANY};
use crate::hands::Hands;
use crate::install;
use crate::state::State;

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";

/// An icon that every theme has, for as long as our own is not installed.
const COMMON_ICON: &str = "audio-input-microphone";
/// Lets the server say how long a notification stays.
const AS_THE_SERVER_LIKES: i32 = -1;

/// How long a server may take to start.
const START_WITHIN: Duration = Duration::from_secs(15);
/// How long a server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Signals that may wait before reading from the bus pauses.
const SIGNAL_QUEUE: usize = 64;
/// News that may wait while the server takes its time; more is dropped, and then stands in the menu alone.
const MOST_NEWS: usize = 64;

/// Where the daemon's side of notifications goes in.
#[derive(Debug)]
pub(crate) struct Teller {
    facts: watch::Sender<Option<Facts>>,
    news: mpsc::Sender<News>,
}

/// Where it comes out.
#[derive(Debug)]
pub(crate) struct Told {
    facts: watch::Receiver<Option<Facts>>,
    news: mpsc::Receiver<News>,
}

/// Makes both ends.
pub(crate) fn channel() -> (Teller, Told) {
    let (facts_in, facts) = watch::channel(None);
    let (news_in, news) = mpsc::channel(MOST_NEWS);
    (
        Teller {
            facts: facts_in,
            news: news_in,
        },
        Told { facts, news },
    )
}

impl Teller {
    /// Takes a new state over.
    pub(crate) fn show(&self, state: &State) {
        let facts = Facts::of(state);
        self.facts.send_if_modified(|known| {
            let differs = *known != facts;
            *known = facts;
            differs
        });
    }

    /// Takes what happened over, without waiting.
    pub(crate) fn tell(&self, news: News) {
        if let Err(error) = self.news.try_send(news) {
            tracing::debug!(%error, "not told as a notification");
        }
    }
}

/// Shows notifications until the [`Teller`] is dropped or the bus has gone.
pub(crate) async fn run(bus: Connection, told: Told, hands: Hands) {
    let shell = Shell {
        bus,
        hands,
        icon: if install::icons_are_installed() {
            app::ID
        } else {
            COMMON_ICON
        },
        token: None,
        notifier: Notifier::default(),
        owner: None,
        absence_was_told: false,
    };
    if let Err(error) = shell.run(told).await {
        tracing::warn!(%error, "no notifications");
    }
}

struct Shell {
    bus: Connection,
    hands: Hands,
    icon: &'static str,
    /// What lets a window come to the front for the click that follows, and the notification that is clicked.
    token: Option<(u32, String)>,
    notifier: Notifier,
    /// The bus's name for the server that was asked last.
    owner: Option<String>,
    absence_was_told: bool,
}

impl Shell {
    async fn run(mut self, mut told: Told) -> zbus::Result<()> {
        // Before anything is asked, so that no change falls in between.
        let mut owners = MessageStream::for_match_rule(
            MatchRule::builder()
                .msg_type(Type::Signal)
                .sender(BUS)?
                .interface(BUS)?
                .member("NameOwnerChanged")?
                .add_arg(SERVICE)?
                .build(),
            &self.bus,
            Some(SIGNAL_QUEUE),
        )
        .await?;
        let mut signals = MessageStream::for_match_rule(
            MatchRule::builder()
                .msg_type(Type::Signal)
                .sender(SERVICE)?
                .interface(SERVICE)?
                .build(),
            &self.bus,
            Some(SIGNAL_QUEUE),
        )
        .await?;
        loop {
            while let Some(effect) = self.notifier.next(Instant::now()) {
                self.carry_out(effect).await;
            }
            let deadline = self.notifier.deadline();
            tokio::select! {
                changed = told.facts.changed() => {
                    if changed.is_err() {
                        self.close_all().await;
                        return Ok(());
                    }
                    self.notifier.update(told.facts.borrow_and_update().as_ref());
                }
                Some(news) = told.news.recv() => self.notifier.hear(&news),
                message = owners.next() => match message {
                    Some(message) => self.take_owner(&message?),
                    None => return Ok(()),
                },
                message = signals.next() => match message {
                    Some(message) => self.take_signal(&message?),
                    None => return Ok(()),
                },
                () = until(deadline) => {}
            }
        }
    }

    async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Ask => self.ask().await,
            Effect::Show(subject, notification) => match self.notify(&notification).await {
                Ok(id) => self.notifier.shown(&subject, id),
                Err(error) => {
                    tracing::debug!(%error, "a notification was not taken");
                    self.notifier.not_shown(&subject);
                }
            },
            Effect::Close(id) => {
                let (to, body) = (Some(self.server()), (id,));
                let call =
                    self.bus
                        .call_method(to, PATH, Some(SERVICE), "CloseNotification", &body);
                if let Err(error) = within(ANSWER_WITHIN, call).await {
                    tracing::debug!(%error, "a notification was not closed");
                }
            }
        }
    }

    /// Asks what the server can do. The bus starts one if it knows how.
    async fn ask(&mut self) {
        let call = self
            .bus
            .call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &());
        let answer = within(START_WITHIN, call).await;
        let capabilities = answer.and_then(|reply| {
            let names: Vec<String> = reply.body().deserialize()?;
            self.owner = reply.header().sender().map(ToString::to_string);
            Ok(Capabilities::of(&names))
        });
        match capabilities {
            Ok(capabilities) => {
                tracing::info!(?capabilities, "notifications are shown");
                self.notifier.server_here(capabilities);
            }
            Err(error) => {
                self.notifier.server_absent();
                if !std::mem::replace(&mut self.absence_was_told, true) {
                    tracing::warn!(
                        "this desktop shows no notifications: invitations stand in the icon's menu alone"
                    );
                }
                tracing::debug!(%error, "no server of notifications");
            }
        }
    }

    async fn notify(&self, it: &Notification) -> zbus::Result<u32> {
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("desktop-entry", Value::from(app::ID)),
            ("category", Value::from(it.category)),
            ("urgency", Value::from(it.urgency as u8)),
            ("resident", Value::from(false)),
        ]);
        if it.transient {
            hints.insert("transient", Value::from(true));
        }
        // The server plays it, so that its do-not-disturb silences it.
        match it.sound {
            Some(name) => hints.insert("sound-name", Value::from(name)),
            None => hints.insert("suppress-sound", Value::from(true)),
        };
        let body = (
            app::NAME,
            it.replaces,
            self.icon,
            it.summary.as_str(),
            it.body.as_str(),
            &it.actions,
            hints,
            AS_THE_SERVER_LIKES,
        );
        let to = Some(self.server());
        let call = self
            .bus
            .call_method(to, PATH, Some(SERVICE), "Notify", &body);
        within(ANSWER_WITHIN, call).await?.body().deserialize()
    }

    /// Returns the name of the server that was asked what it can do: its successor would take a number for another's.
    fn server(&self) -> &str {
        self.owner.as_deref().unwrap_or(SERVICE)
    }

    fn take_owner(&mut self, message: &Message) {
        let body = message.body();
        // Name, old owner, new owner.
        let Ok((SERVICE, _, owner)) = body.deserialize::<(&str, &str, &str)>() else {
            return;
        };
        if is_from(message, BUS) && self.owner.as_deref() != Some(owner) {
            tracing::debug!(owner, "another server of notifications");
            self.owner = None;
            self.notifier.server_changed(!owner.is_empty());
        }
    }

    /// Takes what the server says. From anybody else it is nothing: only the user presses buttons.
    fn take_signal(&mut self, message: &Message) {
        if !self.owner.as_deref().is_some_and(|it| is_from(message, it)) {
            return;
        }
        let header = message.header();
        let body = message.body();
        match header.member().map(|member| member.as_str()) {
            Some("ActionInvoked") => {
                if let Ok((id, key)) = body.deserialize::<(u32, &str)>() {
                    self.press(id, key);
                }
            }
            Some("NotificationClosed") => {
                if let Ok((id, _reason)) = body.deserialize::<(u32, u32)>() {
                    self.notifier.closed(id);
                }
            }
            // Comes just before what was clicked.
            Some("ActivationToken") => self.token = body.deserialize::<(u32, String)>().ok(),
            _ => {}
        }
    }

    fn press(&mut self, id: u32, key: &str) {
        let token = self.token.take().filter(|(of, _)| *of == id);
        let Some(click) = self.notifier.pressed(id, key, Instant::now()) else {
            return;
        };
        let taken = self
            .hands
            .click(click.clone(), token.map(|(_, token)| token));
        if !taken && let Click::Ask(wish) = click {
            self.notifier.hear(&News::Answered {
                wish,
                refusal: Some(TOO_MANY.into()),
            });
        }
    }

    /// Closes whatever is worth nothing without this program.
    async fn close_all(&mut self) {
        self.notifier.end();
        while let Some(effect) = self.notifier.next(Instant::now()) {
            match effect {
                Effect::Close(_) => self.carry_out(effect).await,
                Effect::Show(subject, _) => self.notifier.not_shown(&subject),
                Effect::Ask => return,
            }
        }
    }
}

/// Waits for the answer to a call, but no longer than this.
async fn within(
    limit: Duration,
    call: impl Future<Output = zbus::Result<Message>>,
) -> zbus::Result<Message> {
    let late = |_| zbus::Error::Failure("no answer in time".into());
    tokio::time::timeout(limit, call).await.map_err(late)?
}

fn is_from(message: &Message, name: &str) -> bool {
    message.header().sender().map(|sender| sender.as_str()) == Some(name)
}

/// Waits until then; for ever if there is no such time.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
