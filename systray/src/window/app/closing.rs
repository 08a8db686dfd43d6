//! What closing the window does to the meeting.

use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};
use sotto_control::config::{self, Config, OnClose};

use super::super::desk::Act;
use super::App;
use crate::daemon::News;
use crate::wish::Wish;

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

/// The progress of closing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Closing {
    No,
    /// The answer to this wish is waited for, until then.
    Waiting(Wish, Instant),
    Done,
}

impl App {
    /// Keeps the meeting or leaves it, as the user has settled. No microphone stays open without a sign.
    pub(super) fn close(&mut self, ctx: &Context) {
        match &self.closing {
            Closing::Done => return,
            Closing::Waiting(..) => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                return;
            }
            Closing::No => {}
        }
        self.remember_place(ctx);
        self.act(ctx, Act::Lose);
        let Some(room) = &self.desk.picture().room else {
            self.closing = Closing::Done;
            return;
        };
        let you = &self.desk.picture().you;
        let wish = match self.on_close() {
            OnClose::Leave => Wish::Leave(room.id.clone()),
            OnClose::Keep if self.icon || you.muted || you.deafened => {
                match self.icon {
                    true => self.say_kept(),
                    false => self.link.notify(KEPT_MUTED),
                }
                self.closing = Closing::Done;
                return;
            }
            OnClose::Keep => Wish::Mute,
        };
        let deadline = Instant::now() + LEAVE_WITHIN;
        self.closing = Closing::Waiting(wish.clone(), deadline);
        self.ask(ctx, Some(wish));
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        ctx.request_repaint_after(LEAVE_WITHIN);
    }

    fn on_close(&self) -> OnClose {
        let text = config::read(&self.places.config).unwrap_or_default();
        // A file with a mistake in it is the daemon's to complain about.
        Config::parse(&text).unwrap_or_default().window.on_close
    }

    /// Closes the window if this is what was waited for.
    pub(super) fn close_if_answered(&mut self, ctx: &Context, news: &News) {
        let (Closing::Waiting(wanted, _), News::Answered { wish, refusal }) = (&self.closing, news)
        else {
            return;
        };
        if wanted != wish {
            return;
        }
        if *wish == Wish::Mute {
            if refusal.is_some() {
                // The microphone may be open still, and this window, which says why, is its only sign.
                self.closing = Closing::No;
                return;
            }
            self.link.notify(KEPT_MUTED);
        }
        self.closing = Closing::Done;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    /// Closes the window if it was waited long enough.
    pub(super) fn close_if_overdue(&mut self, ctx: &Context) {
        if let Closing::Waiting(_, deadline) = &self.closing
            && *deadline <= Instant::now()
        {
            self.closing = Closing::Done;
            ctx.send_viewport_cmd(ViewportCommand::Close);
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
