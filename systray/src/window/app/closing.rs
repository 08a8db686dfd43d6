//! What closing the window does to the meeting.

use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};
use sotto_control::config::{Config, OnClose};

use super::super::desk::Act;
use super::super::errand::{Errand, Told};
use super::App;
use crate::daemon::News;
use crate::wish::Wish;

/// The longest that the settings are waited for; the disk may hang.
const READ_WITHIN: Duration = Duration::from_secs(1);
/// The longest that leaving is waited for when the window closes.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);
/// What is said, once ever, where closing the window keeps the meeting.
const KEPT: (&str, &str) = (
    "The meeting runs on",
    "The icon in the panel shows it. To leave instead when the window closes: sotto config set window.on_close leave",
);
/// What is said where nothing would show that the microphone is open.
const KEPT_MUTED: (&str, &str) = (
    "The meeting runs on, and you are muted",
    "No icon in the panel would show an open microphone. Start sotto-tray, or unmute with 'sotto unmute'.",
);

/// What is said where the window stays open because nobody knows whether the microphone does.
const UNSURE: &str = "Sotto does not answer, so colleagues may still hear you. Close the window again to close it all the same";

/// The progress of closing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Closing {
    No,
    /// The settings are read, until then.
    Reading(Instant),
    /// The answer to this wish is waited for, until then.
    Waiting(Wish, Instant),
    /// The user was told why the window is still here: the next time it closes.
    Unsure,
    Done,
}

impl App {
    /// Keeps the meeting or leaves it, as the user has settled. No microphone stays open without a sign.
    pub(super) fn close(&mut self, ctx: &Context) {
        match &self.closing {
            Closing::Done => return,
            Closing::Reading(_) | Closing::Waiting(..) => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                return;
            }
            Closing::Unsure => {
                self.closing = Closing::Done;
                return;
            }
            Closing::No => {}
        }
        self.remember_place(ctx);
        self.act(ctx, Act::Lose);
        if self.desk.picture().room.is_none() {
            self.closing = Closing::Done;
            return;
        }
        self.closing = Closing::Reading(Instant::now() + READ_WITHIN);
        self.link.errand(Errand::Read);
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
    }

    /// Goes on with closing if the settings are what was waited for.
    pub(super) fn close_as_settled(&mut self, ctx: &Context, told: &Told) {
        if let (Closing::Reading(_), Told::Read(text)) = (&self.closing, told) {
            // A file with a mistake in it is the daemon's to complain about.
            let config = Config::parse(text).unwrap_or_default();
            self.close_with(ctx, config.window.on_close);
        }
    }

    fn close_with(&mut self, ctx: &Context, on_close: OnClose) {
        let picture = self.desk.picture();
        let wish = match (&picture.room, on_close) {
            (None, _) => return self.done(ctx),
            (Some(room), OnClose::Leave) => Wish::Leave(room.id.clone()),
            (Some(_), OnClose::Keep) if self.is_safe() => {
                match self.icon {
                    true => self.say_kept(),
                    false => self.link.notify(KEPT_MUTED),
                }
                return self.done(ctx);
            }
            (Some(_), OnClose::Keep) => Wish::Mute,
        };
        self.closing = Closing::Waiting(wish.clone(), Instant::now() + LEAVE_WITHIN);
        self.ask(ctx, Some(wish));
    }

    /// Returns whether no microphone would be open without a sign if there were no window.
    fn is_safe(&self) -> bool {
        let picture = self.desk.picture();
        self.icon || picture.room.is_none() || picture.you.muted || picture.you.deafened
    }

    fn done(&mut self, ctx: &Context) {
        self.closing = Closing::Done;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    /// Closes the window if this is what was waited for.
    pub(super) fn close_if_answered(&mut self, ctx: &Context, news: &News) {
        let News::Answered { wish, refusal } = news else {
            return;
        };
        match &self.closing {
            Closing::Waiting(wanted, _) if wanted == wish => {}
            // It answers again.
            Closing::Unsure if refusal.is_none() => {
                self.closing = Closing::No;
                return;
            }
            _ => return,
        }
        if refusal.is_some() && !self.is_safe() {
            // The microphone may be open still, and this window, which says why, is its only sign.
            self.closing = Closing::Unsure;
            return;
        }
        if *wish == Wish::Mute && refusal.is_none() {
            self.link.notify(KEPT_MUTED);
        }
        self.done(ctx);
    }

    /// Goes on if it was waited long enough.
    pub(super) fn close_if_overdue(&mut self, ctx: &Context) {
        let (Closing::Reading(until) | Closing::Waiting(_, until)) = &self.closing else {
            return;
        };
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            // The toolkit wakes a little sooner than it is asked to.
            ctx.request_repaint_after(left);
            return;
        }
        match &self.closing {
            Closing::Reading(_) => self.close_with(ctx, OnClose::default()),
            Closing::Waiting(..) => {
                if self.is_safe() {
                    return self.done(ctx);
                }
                self.closing = Closing::Unsure;
                let now = self.now();
                self.desk.warn(UNSURE, now);
                ctx.request_repaint();
            }
            _ => {}
        }
    }

    /// Once, ever.
    fn say_kept(&mut self) {
        if self.memory.now().told_kept {
            return;
        }
        self.memory.change(|now| now.told_kept = true);
        self.link.notify(KEPT);
    }
}
