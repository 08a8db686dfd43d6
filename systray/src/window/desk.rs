//! What the user does at the window, and what follows. Pure: the time is handed in, and wishes come out.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use sotto_control::model::{NoticeKind, WhisperMode};

use super::dialog::Dialog;
use super::errand::{Errand, Told};
use super::keys::Facts;
use super::messages::Messages;
use super::picture::{Picture, Voices};
use super::push::{Push, Target};
use super::settings::Settings;
use super::spoken::Spoken;
use super::start::Start;
use super::turns::Turns;
use crate::daemon::{News, TOO_MANY};
use crate::wish::Wish;

/// An action of the user.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// Asks for something.
    Ask(Wish),
    /// Presses a face, the button that answers, or the one to talk.
    Press(Target),
    /// Lets go of it.
    LetGo,
    /// May have let go, or not: nobody can tell any more.
    Lose,
    /// Clicks a face without pressing it, as the Enter key and a screen reader do.
    Click(String),
    /// Clicks the button that answers in the same way.
    ClickReply(Vec<String>),
    /// Chooses a face for a whisper to several, or no longer.
    Choose(String),
    /// Chooses these, beside those chosen already or instead of them.
    ChooseAll {
        /// The faces, by id.
        faces: Vec<String>,
        /// Whether the others stay chosen.
        add: bool,
    },
    /// Whispers to those chosen, until it is said otherwise.
    WhisperToChosen,
    /// Speaks to everyone again.
    Everyone,
    /// Goes one step back: closes what is open, else speaks to everyone.
    Back,
    /// Opens the dialog that starts a meeting.
    Start,
    /// Opens the dialog that invites.
    Invite,
    /// Does what the open dialog says.
    Confirm,
    /// Opens the settings.
    Settings,
    /// Asks the daemon for something that the settings show.
    Errand(Errand),
    /// Starts the daemon.
    StartDaemon,
    /// Takes the message away.
    Dismiss,
    /// Shrinks the window to a strip, or makes it a window again.
    Zoom,
    /// Moves the strip with the pointer, from here on.
    Drag,
    /// Closes the window.
    Close,
}

/// Everything that the window knows beside the picture.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    picture: Picture,
    voices: Voices,
    figures: HashMap<String, String>,
    push: Push,
    chosen: BTreeSet<String>,
    dialog: Option<Dialog>,
    settings: Option<Settings>,
    /// What is known of keys, once it is.
    keys: Option<Facts>,
    messages: Messages,
    start: Start,
    spoken: Spoken,
    turns: Turns,
    /// The invitation that the window was opened for.
    wanted: Option<String>,
}

impl Desk {
    /// Takes a new picture.
    pub(crate) fn see(&mut self, picture: Picture) {
        // The daemon takes no other press over this connection before the release of the last one.
        if picture.disconnected.is_some() || picture.room.is_none() && !self.push.talks() {
            self.push.forget();
        }
        if picture.disconnected.is_none() {
            self.start = Start::None;
        }
        self.picture = picture;
        let picture = &self.picture;
        self.chosen.retain(|id| {
            picture
                .tile(id)
                .is_some_and(super::picture::Tile::reachable)
        });
        let inviting = self.dialog.as_ref().and_then(Dialog::inviting).is_some();
        if self.picture.disconnected.is_some() || inviting && self.picture.room.is_none() {
            self.dialog = None;
        }
    }

    /// Takes who speaks.
    pub(crate) fn hear(&mut self, voices: Voices) {
        self.voices = voices;
    }

    /// Takes the figures of the network.
    pub(crate) fn measure(&mut self, figures: HashMap<String, String>) {
        self.figures = figures;
    }

    /// Takes what has happened, and returns what follows.
    pub(crate) fn news(&mut self, news: &News, now: Duration) -> Option<Wish> {
        match news {
            // The sentence about who hears the user says it already.
            News::Notice(notice) if notice.kind == NoticeKind::MutedTalking => None,
            News::Notice(notice) => {
                self.messages.notice(notice, now);
                None
            }
            News::Answered {
                wish,
                refusal: Some(why),
            } => {
                if why == TOO_MANY && ends_a_hold(wish) {
                    return Some(wish.clone());
                }
                let (held, talked) = (self.holds(), self.push.talks());
                let follows = self.push.refused(wish);
                match wish {
                    Wish::Renew if talked => {
                        let text = "your microphone was closed; press again to talk";
                        self.messages.refusal(text, now);
                    }
                    Wish::Renew if held => self
                        .messages
                        .refusal("the whisper was ended elsewhere", now),
                    Wish::Renew => {}
                    _ => self.messages.refusal(why, now),
                }
                follows
            }
            News::Answered {
                wish,
                refusal: None,
            } => {
                if matches!(wish, Wish::Create { .. } | Wish::Invite { .. }) {
                    self.dialog = None;
                }
                None
            }
        }
    }

    /// Takes what became of an errand. Once the settings are closed, what went wrong is a message.
    pub(crate) fn told(&mut self, told: Told, now: Duration) {
        match (&mut self.settings, told.trouble()) {
            (Some(settings), _) => settings.told(told),
            (None, Some(trouble)) => self.messages.refusal(&trouble, now),
            (None, None) => {}
        }
    }

    /// Shows the invitation that the window was opened for.
    pub(crate) fn show_invitation(&mut self, meeting: Option<String>) {
        self.wanted = meeting;
    }

    /// Says something good to know.
    pub(crate) fn say(&mut self, text: &str, now: Duration) {
        self.messages.say(text, now);
    }

    /// Says what went wrong.
    pub(crate) fn warn(&mut self, text: &str, now: Duration) {
        self.messages.refusal(text, now);
    }

    /// Takes what the user does, and returns what to ask of the daemon.
    pub(crate) fn act(&mut self, act: Act, now: Duration) -> Option<Wish> {
        match act {
            Act::Ask(wish) => {
                if matches!(wish, Wish::Join(_) | Wish::Switch(_)) {
                    // It waits for others.
                    self.messages.say("Joining…", now);
                }
                Some(wish)
            }
            Act::Press(target) => self.push.press(target, now),
            Act::LetGo => {
                let wish = self.push.let_go(now);
                if matches!(wish, Some(Wish::Whisper { .. })) {
                    // They are the audience now.
                    self.chosen.clear();
                }
                wish
            }
            Act::Lose => self.push.lose(),
            Act::Click(id) => self.whisper(self.with_chosen(&id)),
            Act::ClickReply(to) => Some(Wish::Reply {
                to,
                mode: WhisperMode::Latch,
            }),
            Act::Choose(id) => self.choose(id),
            Act::ChooseAll { faces, add } => {
                if !add {
                    self.chosen.clear();
                }
                let picture = &self.picture;
                let reachable = |id: &String| picture.tile(id).is_some_and(|tile| tile.reachable());
                self.chosen.extend(faces.into_iter().filter(reachable));
                None
            }
            Act::WhisperToChosen => self.whisper(self.chosen.iter().cloned().collect()),
            Act::Everyone => self.everyone(),
            Act::Back => self.back(),
            Act::Start => {
                self.dialog = Some(Dialog::start());
                None
            }
            Act::Invite => {
                let room = self.picture.room.as_ref();
                self.dialog = room.map(|room| Dialog::invite(&room.id, &room.title));
                None
            }
            Act::Confirm => self.dialog.as_ref().and_then(Dialog::wish),
            Act::Dismiss => {
                self.messages.dismiss();
                None
            }
            // The shell does these.
            Act::Settings | Act::Errand(_) | Act::StartDaemon | Act::Drag => None,
            Act::Zoom | Act::Close => self.push.lose(),
        }
    }

    /// Returns the target of a press on this face: all chosen, if it is one of them, else the face alone.
    pub(crate) fn with_chosen(&self, id: &str) -> Vec<String> {
        match self.chosen.contains(id) {
            true => self.chosen.iter().cloned().collect(),
            false => vec![id.to_owned()],
        }
    }

    fn whisper(&mut self, to: Vec<String>) -> Option<Wish> {
        self.chosen.clear();
        (!to.is_empty()).then_some(Wish::Whisper {
            to,
            mode: WhisperMode::Latch,
        })
    }

    /// Where a whisper is on that the user has not held, choosing a face changes whom it reaches, at once. The last one
    /// is not taken out: that would be no whisper any more.
    fn choose(&mut self, id: String) -> Option<Wish> {
        if !self.picture.tile(&id).is_some_and(|tile| tile.reachable()) {
            return None;
        }
        let mut hearing = self.hearing();
        if hearing.is_empty() || self.push.target().is_some() {
            if !self.chosen.remove(&id) {
                self.chosen.insert(id);
            }
            return None;
        }
        if !hearing.remove(&id) {
            hearing.insert(id);
        }
        self.whisper(hearing.into_iter().collect())
    }

    /// Returns those who hear the user's whisper by now.
    fn hearing(&self) -> BTreeSet<String> {
        let tiles = self.picture.room.iter().flat_map(|room| &room.tiles);
        let chosen = tiles.filter(|tile| tile.chosen);
        chosen.map(|tile| tile.id.clone()).collect()
    }

    fn everyone(&mut self) -> Option<Wish> {
        if !self.push.talks() {
            self.push.forget();
        }
        self.chosen.clear();
        self.picture.room.as_ref().map(|_| Wish::SpeakToEveryone)
    }

    fn back(&mut self) -> Option<Wish> {
        if self.dialog.take().is_some() || self.settings.take().is_some() {
            return None;
        }
        if self.push.talks() {
            return self.push.lose();
        }
        let held = self.push.target().is_some();
        if !held && !self.chosen.is_empty() {
            self.chosen.clear();
            return None;
        }
        let can_widen = |room: &super::picture::Room| room.audience.can_widen;
        match held || self.picture.room.as_ref().is_some_and(can_widen) {
            true => self.everyone(),
            false => None,
        }
    }

    /// Returns the sign of life that is due, and drops what has stood long enough.
    pub(crate) fn tick(&mut self, now: Duration) -> Option<Wish> {
        self.messages.tick(now);
        self.start.tick(now);
        self.spoken.see(&self.picture, now);
        self.turns.happened(self.messages.latest());
        let audience = self.spoken.sentence();
        self.turns.audience(audience, self.spoken.aloud());
        self.turns.tick(now);
        self.push.renew(now)
    }

    /// Returns how long until [`Self::tick`] changes something.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        let next = [
            self.push.next(now),
            self.messages.next(now),
            self.start.next(now),
            self.turns.next(now),
        ];
        next.into_iter().flatten().min()
    }

    /// Returns what a screen reader is to say by itself now.
    pub(crate) fn says(&self) -> Option<&str> {
        self.turns.now()
    }

    /// The picture.
    pub(crate) const fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Returns the voices that are heard.
    pub(crate) const fn voices(&self) -> &Voices {
        &self.voices
    }

    /// The figures of the way from this person.
    pub(crate) fn figures(&self, id: &str) -> Option<&str> {
        self.figures.get(id).map(String::as_str)
    }

    /// Returns whether this face is chosen for a whisper to several.
    pub(crate) fn is_chosen(&self, id: &str) -> bool {
        self.chosen.contains(id)
    }

    /// Those chosen for a whisper to several.
    pub(crate) const fn chosen(&self) -> &BTreeSet<String> {
        &self.chosen
    }

    /// Returns whether this face is held down.
    pub(crate) fn is_held(&self, id: &str) -> bool {
        let target = self.push.target();
        target.is_some_and(|target| target.people().iter().any(|one| one == id))
    }

    /// Returns whether the button to talk is held.
    pub(crate) fn talks(&self) -> bool {
        self.push.talks()
    }

    /// Returns whether anything is held.
    pub(crate) fn holds(&self) -> bool {
        self.push.target().is_some()
    }

    /// The dialog that is open.
    pub(crate) const fn dialog(&self) -> Option<&Dialog> {
        self.dialog.as_ref()
    }

    /// The same, to be written in.
    pub(crate) const fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        self.dialog.as_mut()
    }

    /// Opens the settings.
    pub(crate) fn open_settings(&mut self, settings: Settings) {
        let settings = self.settings.insert(settings);
        if let Some(keys) = &self.keys {
            settings.keys.see(keys.clone());
        }
    }

    /// Returns whether a key is waited for.
    pub(crate) fn asks_for_key(&self) -> bool {
        self.settings
            .as_ref()
            .is_some_and(|settings| settings.keys.asks())
    }

    /// Takes what is known of keys.
    pub(crate) fn see_keys(&mut self, keys: Facts) {
        if let Some(settings) = &mut self.settings {
            settings.keys.see(keys.clone());
        }
        self.keys = Some(keys);
    }

    /// The open settings.
    pub(crate) const fn settings_mut(&mut self) -> Option<&mut Settings> {
        self.settings.as_mut()
    }

    /// Returns whether something is open over the faces.
    pub(crate) const fn is_covered(&self) -> bool {
        self.dialog.is_some() || self.settings.is_some()
    }

    /// Returns the state of a start of the daemon.
    pub(crate) const fn start(&self) -> &Start {
        &self.start
    }

    /// The same, to be carried on.
    pub(crate) const fn start_mut(&mut self) -> &mut Start {
        &mut self.start
    }

    /// Returns the messages to show.
    pub(crate) const fn messages(&self) -> &Messages {
        &self.messages
    }

    /// The meeting whose invitation the window was opened for.
    pub(crate) fn wanted(&self) -> Option<&str> {
        self.wanted.as_deref()
    }
}

/// These must reach the daemon, however many clicks there are.
pub(crate) const fn ends_a_hold(wish: &Wish) -> bool {
    matches!(
        wish,
        Wish::Release
            | Wish::Abandon
            | Wish::SpeakToEveryone
            | Wish::Whisper {
                mode: WhisperMode::Latch,
                ..
            }
    )
}

#[cfg(test)]
mod tests;
