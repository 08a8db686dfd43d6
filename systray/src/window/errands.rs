//! What the settings ask of the daemon: each over a connection of its own, because the answers matter here alone.

use sotto_control::config;
use sotto_control::{
    AudioDevices, AudioTest, AudioUse, CallError, Client, Event, Events, ForPeople, Places,
    SettingsSet,
};

use super::errand::{Errand, Told};
use crate::instance::{self, Keys};

/// What these connections call themselves to the daemon.
const NAME: &str = "sotto-tray settings";

/// Does an errand, and tells what became of it.
pub(crate) async fn run(places: &Places, errand: Errand, mut tell: impl FnMut(Told)) {
    if errand == Errand::Read {
        return tell(Told::Read(read(places).await));
    }
    if errand == Errand::ChooseKeys {
        return match instance::ask_for(Keys::Choose).await {
            Ok(()) => {}
            Err(error) => {
                tracing::debug!(%error, "the icon was not asked");
                tell(Told::Failed("the icon in the panel does not answer".into()));
            }
        };
    }
    let client = match Client::connect(places, NAME).await {
        Ok(client) => client,
        Err(error) => return tell(Told::Failed(error.in_one_line())),
    };
    let mut not_kept = None;
    let done = match errand {
        Errand::Read | Errand::Devices | Errand::ChooseKeys => Ok(()),
        Errand::Use { device, role } => {
            let only = Some(role);
            let choice = client.call(AudioUse { device, only }).await;
            choice.map(|choice| {
                not_kept = choice.not_saved;
            })
        }
        Errand::Try => return attempt(&client, tell).await,
        Errand::Set { key, value } => {
            let (key, value) = (key.to_owned(), Some(value));
            let reply = client.call(SettingsSet { key, value }).await;
            return tell(reply.map_or_else(failed, Told::Set));
        }
        Errand::Key { setting, key } => {
            let (key, value) = (setting, key);
            let reply = client.call(SettingsSet { key, value }).await;
            return tell(reply.map_or_else(failed, Told::Set));
        }
        Errand::Quiet(quiet) => {
            return match client.call(quiet.request()).await {
                Ok(reply) => reply
                    .not_saved
                    .into_iter()
                    .map(Told::NotKept)
                    .for_each(tell),
                Err(error) => tell(failed(error)),
            };
        }
    };
    let listed = match done {
        Ok(()) => client.call(AudioDevices {}).await,
        Err(error) => Err(error),
    };
    tell(match listed {
        Ok(devices) => Told::Devices(Box::new(devices)),
        Err(error) => failed(error),
    });
    // Last, because a list takes it away.
    not_kept.into_iter().map(Told::NotKept).for_each(tell);
}

/// Reads `config.toml` on a thread of its own, because a disk may hang.
pub(super) async fn read(places: &Places) -> String {
    let file = places.config.clone();
    let text = tokio::task::spawn_blocking(move || config::read(&file));
    text.await.ok().and_then(Result::ok).unwrap_or_default()
}

fn failed(error: CallError) -> Told {
    Told::Failed(error.in_one_line())
}

/// Tries the microphone, and tells how it goes meanwhile.
async fn attempt(client: &Client, mut tell: impl FnMut(Told)) {
    let mut events = match client.subscribe(true).await {
        Ok((_, events)) => events,
        Err(error) => return tell(Told::Failed(error.in_one_line())),
    };
    let test = client.call(AudioTest::default());
    tokio::pin!(test);
    let tried: Result<_, CallError> = loop {
        tokio::select! {
            tried = &mut test => break tried,
            progress = next_progress(&mut events) => match progress {
                Some(progress) => tell(Told::Trial(progress)),
                None => break Err(CallError::Disconnected),
            },
        }
    };
    tell(match tried {
        Ok(test) => Told::Tried(Box::new(test)),
        Err(error) => Told::Failed(error.in_one_line()),
    });
}

async fn next_progress(events: &mut Events) -> Option<sotto_control::model::TestProgress> {
    loop {
        if let Event::Test { test } = events.next().await? {
            return Some(test);
        }
    }
}
