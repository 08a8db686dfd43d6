//! Asks the daemon for what the keys mean, over a connection of its own: what is held belongs to it, and ends with it.

use std::time::{Duration, Instant};

use sotto_control::config::{GROUP_SIGN, HotkeyAction};
use sotto_control::model::WhisperMode;
use sotto_control::{
    AudioDeafen, AudioMute, AudioUndeafen, AudioUnmute, CallError, Client, ErrorCode, ForPeople,
    Places, RENEW_EVERY, StatusGet, TalkPress, TalkRelease, TalkRenew, TalkReplyTo, TalkWhisper,
};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::hold::{Does, Hold};
use super::{Stroke, Told};

/// What this program calls itself to the daemon, which names it to the user beside what it caused.
const NAME: &str = "sotto-tray (key)";
/// How long the daemon may take to answer: whoever presses a key speaks already.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// Does what the strokes mean until no more can come.
pub(super) async fn run(places: &Places, mut strokes: mpsc::Receiver<Stroke>, told: &Told) {
    let mut holder = Holder {
        places,
        told,
        hold: Hold::default(),
        client: None,
    };
    let mut renewals = interval(RENEW_EVERY);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            stroke = strokes.recv() => {
                let now = Instant::now();
                let does = match stroke {
                    None => return,
                    Some(Stroke::Pressed(action)) => holder.hold.pressed(&action, now),
                    Some(Stroke::Released(action)) => holder.hold.released(&action),
                    Some(Stroke::Lost) => {
                        if holder.hold.lost() {
                            // Nobody has let go: the daemon is to send to nobody.
                            holder.client = None;
                        }
                        None
                    }
                };
                if let Some(does) = does {
                    holder.carry_out(does).await;
                    renewals.reset();
                }
            }
            _ = renewals.tick(), if holder.hold.holds() => holder.renew().await,
        }
    }
}

struct Holder<'a> {
    places: &'a Places,
    told: &'a Told,
    hold: Hold,
    client: Option<Client>,
}

impl Holder<'_> {
    async fn carry_out(&mut self, does: Does) {
        let done = match does {
            Does::Begin(action) => self.begin(&action).await,
            Does::Once(action) => self.toggle(&action).await,
            Does::End => self.end().await,
        };
        if let Err(why) = done {
            self.hold.ended();
            self.told.say(&why, None);
        }
    }

    /// Returns the connection, made anew if the last one has ended.
    async fn client(&mut self) -> Result<Client, String> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = Client::connect(self.places, NAME)
            .await
            .map_err(|error| error.in_one_line())?
            .with_patience(ANSWERS_WITHIN);
        self.client = Some(client.clone());
        Ok(client)
    }

    /// Asks, and asks once more where the daemon has been restarted since the last key.
    async fn ask<T>(
        &mut self,
        request: impl AsyncFn(Client) -> Result<T, CallError>,
    ) -> Result<T, String> {
        let fresh = self.client.is_none();
        let first = request(self.client().await?).await;
        let answer = match first {
            Err(CallError::Disconnected) if !fresh => {
                self.client = None;
                request(self.client().await?).await
            }
            first => first,
        };
        if let Err(CallError::Disconnected | CallError::NoAnswer { .. }) = &answer {
            self.client = None;
        }
        answer.map_err(|error| error.in_one_line())
    }

    async fn begin(&mut self, action: &HotkeyAction) -> Result<(), String> {
        let mode = WhisperMode::Hold;
        match action {
            HotkeyAction::Whisper(group) => {
                let names = vec![format!("{GROUP_SIGN}{group}")];
                let whisper = TalkWhisper { names, mode };
                self.ask(async |client: Client| client.call(whisper.clone()).await)
                    .await
                    .map(drop)
            }
            HotkeyAction::Reply => {
                let to = Vec::new();
                let reply = TalkReplyTo { to, mode };
                self.ask(async |client: Client| client.call(reply.clone()).await)
                    .await
                    .map(drop)
            }
            HotkeyAction::Talk => self
                .ask(async |client: Client| client.call(TalkPress { lasting: false }).await)
                .await
                .map(drop),
            HotkeyAction::Mute | HotkeyAction::Deafen => Ok(()),
        }
    }

    async fn toggle(&mut self, action: &HotkeyAction) -> Result<(), String> {
        let deafens = *action == HotkeyAction::Deafen;
        self.ask(async |client: Client| {
            let status = client.call(StatusGet {}).await?;
            match (deafens, status.deafened, status.muted) {
                (true, true, _) => client.call(AudioUndeafen {}).await,
                (true, false, _) => client.call(AudioDeafen {}).await,
                (false, _, true) => client.call(AudioUnmute {}).await,
                (false, _, false) => client.call(AudioMute {}).await,
            }
        })
        .await
        .map(drop)
    }

    async fn end(&mut self) -> Result<(), String> {
        let Some(client) = self.client.clone() else {
            return Ok(());
        };
        match client.call(TalkRelease {}).await {
            Ok(_) => Ok(()),
            // It has ended by itself, of which the daemon has told.
            Err(CallError::Refused(_)) => Ok(()),
            Err(error) => {
                // The end of the connection ends it too.
                self.client = None;
                Err(error.in_one_line())
            }
        }
    }

    /// Shows the daemon that the key is still held.
    async fn renew(&mut self) {
        let Some(client) = self.client.clone() else {
            self.hold.ended();
            return;
        };
        match client.call(TalkRenew {}).await {
            Ok(_) => {}
            // A daemon of another release, which waits for the end of the connection alone.
            Err(CallError::Refused(error)) if error.code == ErrorCode::UnknownMethod => {}
            // It was ended elsewhere, of which the daemon has told.
            Err(CallError::Refused(_)) => self.hold.ended(),
            Err(error) => {
                self.client = None;
                self.hold.ended();
                self.told.say(&error.in_one_line(), None);
            }
        }
    }
}
