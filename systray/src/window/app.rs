//! The shell around the desk: frames, the windowing system, and the way to the daemon.

use std::collections::VecDeque;
use std::process::Command;
use std::time::{Duration, Instant};

use eframe::egui::{
    self, Context, Pos2, Theme, Ui, Vec2, ViewportBuilder, ViewportCommand, WindowLevel, vec2,
};
use sotto_control::config::{self, Config, OnClose};
use sotto_control::{Places, RENEW_EVERY};

use super::desk::{Act, Desk, ends_a_hold};
use super::draw::{self, strip, style};
use super::link::{Fresh, Link};
use super::memory::Memory;
use super::picture::Picture;
use super::settings::{Errand, Settings};
use super::surface::{self, System};
use crate::daemon::{News, TOO_MANY};
use crate::wish::Wish;

/// The size of the window when it is opened.
const SIZE: Vec2 = vec2(900.0, 640.0);
/// The smallest window.
const SMALLEST: Vec2 = vec2(380.0, 480.0);
/// The largest: no limit, after the strip had one.
const LARGEST: Vec2 = Vec2::splat(16_384.0);
/// The longest that leaving is waited for when the window closes.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);
/// The pause before a wish is sent again that found no room.
const AGAIN: Duration = Duration::from_millis(20);
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
/// What the desktop knows this program by.
const APP_ID: &str = "sotto";

/// How the window is opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    /// The meeting whose invitation it is opened for.
    pub(crate) invitation: Option<String>,
    /// Whether it is a strip from the start.
    pub(crate) strip: bool,
}

/// Returns how the window is to look when it appears.
pub(crate) fn viewport(opening: &Opening, memory: &Memory) -> ViewportBuilder {
    let viewport = ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title("Sotto")
        .with_icon(egui::IconData::default());
    if !opening.strip {
        return viewport.with_inner_size(SIZE).with_min_inner_size(SMALLEST);
    }
    let size = strip::size(&Desk::default());
    let viewport = viewport
        .with_inner_size(size)
        .with_min_inner_size(size)
        .with_max_inner_size(size)
        // A desktop that tiles its windows lets such a one float.
        .with_window_type(egui::X11WindowType::Utility)
        .with_decorations(false)
        .with_active(false);
    match memory.now().strip {
        Some((x, y)) => viewport.with_position([x, y]),
        None => viewport,
    }
}

/// The window.
pub(crate) struct App {
    link: Link,
    desk: Desk,
    since: Instant,
    places: Places,
    memory: Memory,
    system: System,
    shape: Shape,
    /// Wishes that found no room and must not be lost.
    unsent: VecDeque<Wish>,
    closing: Closing,
    /// Whether an icon in the panel shows that the meeting runs.
    icon: bool,
    title: String,
}

/// Whether it is a window or a strip.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Window,
    Strip {
        /// The size that was asked for last.
        size: Vec2,
        /// The size of the window before.
        before: Vec2,
        /// Whether the window manager was told what this is.
        told: bool,
    },
}

/// How far closing has come.
#[derive(Debug, Clone, PartialEq)]
enum Closing {
    No,
    /// The answer to this wish is waited for, until then.
    Waiting(Wish, Instant),
    Done,
}

impl App {
    /// Connects the window with everything it shows.
    pub(crate) fn new(
        ctx: &Context,
        places: Places,
        memory: Memory,
        opening: &Opening,
    ) -> std::io::Result<Self> {
        style::set(ctx);
        ctx.set_theme(Theme::Light);
        let wake = ctx.clone();
        let link = Link::start(places.clone(), move || wake.request_repaint())?;
        let mut desk = Desk::default();
        desk.see(Picture::unknown());
        desk.show_invitation(opening.invitation.clone());
        Ok(Self {
            link,
            desk,
            since: Instant::now(),
            places,
            memory,
            system: System::find(opening.strip),
            shape: match opening.strip {
                true => Shape::Strip {
                    size: Vec2::ZERO,
                    before: SIZE,
                    told: false,
                },
                false => Shape::Window,
            },
            unsent: VecDeque::new(),
            closing: Closing::No,
            icon: false,
            title: String::new(),
        })
    }

    fn now(&self) -> Duration {
        self.since.elapsed()
    }

    /// Takes what is new.
    fn take(&mut self, ctx: &Context, fresh: Fresh) {
        let now = self.now();
        if let Some(dark) = fresh.dark {
            ctx.set_theme(if dark { Theme::Dark } else { Theme::Light });
        }
        self.icon = fresh.icon.unwrap_or(self.icon);
        if let Some(picture) = fresh.picture {
            self.desk.see(picture);
        }
        if let Some(voices) = fresh.voices {
            self.desk.hear(voices);
        }
        if let Some(figures) = fresh.figures {
            self.desk.measure(figures);
        }
        for news in fresh.news {
            let answered = match (&self.closing, &news) {
                (Closing::Waiting(wanted, _), News::Answered { wish, .. }) => wanted == wish,
                _ => false,
            };
            if answered {
                if self.closing_mutes() {
                    self.link.notify(KEPT_MUTED);
                }
                self.closing = Closing::Done;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            let follows = self.desk.news(&news, now);
            self.ask(ctx, follows);
        }
        if let Some(settings) = self.desk.settings_mut() {
            fresh.told.into_iter().for_each(|told| settings.told(told));
        }
        if fresh.gone {
            self.act(ctx, Act::Lose);
        }
        if let Some(show) = fresh.show {
            self.desk.show_invitation(show.invitation);
            self.come_to_front(ctx, show.token);
        }
        let title = self.desk.picture().window_title();
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn act(&mut self, ctx: &Context, act: Act) {
        let wish = self.desk.act(act, self.now());
        self.ask(ctx, wish);
    }

    /// Hands a wish on. Whatever ends a whisper is handed on again and again.
    fn ask(&mut self, ctx: &Context, wish: Option<Wish>) {
        self.unsent.extend(wish);
        while let Some(wish) = self.unsent.pop_front() {
            if self.link.clicks().click(wish.clone()) {
                continue;
            }
            if !ends_a_hold(&wish) {
                let now = self.now();
                self.desk.say(TOO_MANY, now);
                continue;
            }
            self.unsent.push_front(wish);
            ctx.request_repaint_after(AGAIN);
            return;
        }
    }

    /// Brings the window to the front. On Wayland only a new window may take the keyboard: this program starts itself
    /// anew in its own place.
    fn come_to_front(&mut self, ctx: &Context, token: Option<String>) {
        let focused = ctx.input(|input| input.viewport().focused).unwrap_or(false);
        if let (Some(token), false, false) = (token, focused, self.system == System::X11) {
            self.replace(&["window"], Some(&token));
        }
        if matches!(self.shape, Shape::Strip { .. }) {
            self.grow(ctx);
        }
        ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        ctx.send_viewport_cmd(ViewportCommand::Focus);
    }

    /// Runs this program anew in place of this process, so that the tray still knows it. Returns only if that failed.
    fn replace(&mut self, arguments: &[&str], token: Option<&str>) {
        use std::os::unix::process::CommandExt;
        let Ok(program) = std::env::current_exe() else {
            return;
        };
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(meeting) = self.desk.wanted() {
            command.args(["--invitation", meeting]);
        }
        if let Some(token) = token {
            command.env("XDG_ACTIVATION_TOKEN", token);
        }
        let error = command.exec();
        let now = self.now();
        self.desk
            .say(&format!("the window cannot start anew: {error}"), now);
    }

    fn zoom(&mut self, ctx: &Context) {
        match (self.shape, self.system) {
            (Shape::Strip { .. }, _) => self.grow(ctx),
            (Shape::Window, System::X11) => self.shrink(ctx),
            (Shape::Window, System::WaylandWithX11) => self.replace(&["window", "--strip"], None),
            (Shape::Window, System::Wayland) => {
                let text = surface::by_hand(std::env::var_os("XDG_CURRENT_DESKTOP"));
                let now = self.now();
                self.desk.say(&text, now);
            }
        }
    }

    fn shrink(&mut self, ctx: &Context) {
        let before = ctx.content_rect().size();
        ctx.send_viewport_cmd(ViewportCommand::Decorations(false));
        if let Some((x, y)) = self.memory.now().strip {
            ctx.send_viewport_cmd(ViewportCommand::OuterPosition(Pos2::new(x, y)));
        }
        self.shape = Shape::Strip {
            size: Vec2::ZERO,
            before,
            told: false,
        };
        self.fit_strip(ctx);
    }

    fn grow(&mut self, ctx: &Context) {
        let Shape::Strip { before, .. } = self.shape else {
            return;
        };
        self.remember_place(ctx);
        if std::env::var_os("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty()) {
            self.replace(&["window"], None);
        }
        self.shape = Shape::Window;
        ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::Normal));
        ctx.send_viewport_cmd(ViewportCommand::Decorations(true));
        ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(SMALLEST));
        ctx.send_viewport_cmd(ViewportCommand::MaxInnerSize(LARGEST));
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(before));
        ctx.send_viewport_cmd(ViewportCommand::Focus);
    }

    /// Keeps the strip as large as what it shows.
    fn fit_strip(&mut self, ctx: &Context) {
        let wanted = strip::size(&self.desk);
        if let Shape::Strip { size, .. } = &mut self.shape
            && *size != wanted
        {
            *size = wanted;
            ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(wanted));
            ctx.send_viewport_cmd(ViewportCommand::MaxInnerSize(wanted));
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(wanted));
        }
    }

    /// Tells the window manager what the strip is, once the window is there: before, the wish is lost.
    fn tell_manager(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let strip = match &mut self.shape {
            Shape::Strip { told, .. } if !*told => {
                *told = true;
                true
            }
            Shape::Strip { .. } => return,
            Shape::Window => false,
        };
        if strip {
            surface::accept_keyboard(frame, false);
            ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::AlwaysOnTop));
        }
    }

    fn remember_place(&mut self, ctx: &Context) {
        if !matches!(self.shape, Shape::Strip { .. }) {
            return;
        }
        if let Some(place) = ctx.input(|input| input.viewport().outer_rect) {
            let corner = (place.min.x, place.min.y);
            self.memory.change(|now| now.strip = Some(corner));
        }
    }

    /// What closing does to the meeting: as the user has settled it. No microphone stays open without a sign.
    fn close(&mut self, ctx: &Context) {
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
        let wish = match self.on_close() {
            OnClose::Leave => Wish::Leave(room.id.clone()),
            OnClose::Keep if self.icon || !self.desk.picture().you.microphone_open => {
                self.say_kept();
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

    const fn closing_mutes(&self) -> bool {
        matches!(self.closing, Closing::Waiting(Wish::Mute, _))
    }

    fn open_settings(&mut self) {
        let text = config::read(&self.places.config).unwrap_or_default();
        let you = self.desk.picture().you.name.clone();
        self.desk.open_settings(Settings::read(&text, &you));
        self.link.errand(Errand::Devices);
    }

    /// Writes a setting, as `sotto config set` does.
    fn set(&mut self, key: &str, value: &str) {
        let path = &self.places.config;
        let written = config::read(path)
            .map_err(|error| error.to_string())
            .and_then(|text| config::set(&text, key, value).map_err(|error| error.to_string()))
            .and_then(|text| config::replace(path, &text).map_err(|error| error.to_string()));
        let Some(settings) = self.desk.settings_mut() else {
            return;
        };
        match written {
            Ok(()) => settings.was_set(key, value),
            Err(why) => settings.fails(format!("{}: {why}", path.display())),
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

    fn is_hidden(ctx: &Context) -> bool {
        ctx.input(|input| {
            let viewport = input.viewport();
            viewport.minimized == Some(true) || viewport.occluded == Some(true)
        })
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        let fresh = self.link.take();
        self.take(ctx, fresh);
        let hidden = Self::is_hidden(ctx);
        if hidden && self.desk.holds() {
            self.act(ctx, Act::Lose);
        }
        let room = self.desk.picture().room.is_some();
        self.link.listen(room && !hidden);
        let due = self.desk.tick(self.now());
        self.ask(ctx, due);
        if ctx.input(|input| input.viewport().close_requested()) {
            self.close(ctx);
        }
        if let Closing::Waiting(_, deadline) = &self.closing
            && *deadline <= Instant::now()
        {
            self.closing = Closing::Done;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        if self.desk.holds() {
            ctx.request_repaint_after(RENEW_EVERY);
        }
        draw::wake(ctx, &self.desk, self.now());
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let look = style::look(&ctx);
        let acts = match self.shape {
            Shape::Strip { .. } => {
                self.fit_strip(&ctx);
                self.tell_manager(&ctx, frame);
                strip::show(ui, &self.desk, look)
            }
            Shape::Window => draw::window(ui, &mut self.desk, look),
        };
        let acted = !acts.is_empty();
        for act in acts {
            match act {
                Act::Zoom => {
                    self.act(&ctx, Act::Zoom);
                    self.zoom(&ctx);
                    if self.shape == Shape::Window {
                        surface::accept_keyboard(frame, true);
                    }
                }
                Act::Close => {
                    self.act(&ctx, Act::Close);
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
                Act::Settings => self.open_settings(),
                Act::Set { key, value } => self.set(key, &value),
                Act::Errand(errand) => self.link.errand(errand),
                act => self.act(&ctx, act),
            }
        }
        if acted {
            // What the user did shows at once.
            ctx.request_repaint();
        }
        draw::wake(&ctx, &self.desk, self.now());
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
