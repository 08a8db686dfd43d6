//! The shell around the desk: frames, the windowing system, and the way to the daemon.

mod closing;
mod zoom;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::egui::{self, Context, Pos2, Theme, Ui, Vec2, ViewportBuilder, ViewportCommand, vec2};
use sotto_control::{APP_ID, Places, RENEW_EVERY};

use closing::Closing;
use zoom::Shape;

use super::desk::{Act, Desk, ends_a_hold};
use super::draw::{self, strip, style};
use super::errand::Errand;
use super::link::{Fresh, Link};
use super::memory::Memory;
use super::orders::Page;
use super::picture::Picture;
use super::settings::Settings;
use super::surface::{self, System};
use crate::daemon::TOO_MANY;
use crate::wish::Wish;

/// The size of the window when it is opened.
const SIZE: Vec2 = vec2(900.0, 640.0);
/// The smallest window.
const SMALLEST: Vec2 = vec2(380.0, 480.0);
/// The pause before a wish is sent again that found no room.
const AGAIN: Duration = Duration::from_millis(20);

/// The way in which the window is opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    /// The meeting whose invitation it is opened for.
    pub(crate) invitation: Option<String>,
    /// Whether it is a strip from the start.
    pub(crate) strip: bool,
    /// What is opened in it.
    pub(crate) page: Option<Page>,
    /// What the user is told first.
    pub(crate) says: Option<String>,
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
    memory: Memory,
    system: System,
    shape: Shape,
    /// Wishes that found no room and must not be lost.
    unsent: VecDeque<Wish>,
    closing: Closing,
    /// Whether an icon in the panel shows that the meeting runs.
    icon: bool,
    title: String,
    /// Where the strip was taken, until the toolkit has been told that the button is up.
    dragged_from: Option<Pos2>,
}

impl App {
    /// Connects the window with everything it shows, on this windowing system.
    pub(crate) fn new(
        ctx: &Context,
        places: Places,
        memory: Memory,
        opening: &Opening,
        system: System,
    ) -> std::io::Result<Self> {
        style::set(ctx);
        ctx.set_theme(Theme::Light);
        let wake = ctx.clone();
        let link = Link::start(places, move || wake.request_repaint())?;
        let mut desk = Desk::default();
        desk.see(Picture::unknown());
        desk.show_invitation(opening.invitation.clone());
        let mut app = Self {
            link,
            desk,
            since: Instant::now(),
            memory,
            system,
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
            dragged_from: None,
        };
        app.turn_to(ctx, opening.page);
        if let Some(text) = &opening.says {
            let now = app.now();
            app.desk.say(text, now);
        }
        Ok(app)
    }

    /// Opens a page.
    fn turn_to(&mut self, ctx: &Context, page: Option<Page>) {
        match page {
            Some(Page::Start) => self.act(ctx, Act::Start),
            Some(Page::Settings) => self.open_settings(),
            Some(Page::Unknown) | None => {}
        }
    }

    fn now(&self) -> Duration {
        self.since.elapsed()
    }

    /// Takes what is new.
    fn take(&mut self, ctx: &Context, fresh: Fresh, frame: Option<&eframe::Frame>) {
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
        if let Some(keys) = fresh.keys {
            self.desk.see_keys(keys);
        }
        if let Some(figures) = fresh.figures {
            self.desk.measure(figures);
        }
        for news in fresh.news {
            self.close_if_answered(ctx, &news);
            let follows = self.desk.news(&news, now);
            self.ask(ctx, follows);
        }
        for told in fresh.told {
            self.close_as_settled(ctx, &told);
            self.desk.told(told, now);
        }
        if let Some(started) = fresh.started {
            let connects = started.is_ok().then_some(Wish::Connect);
            self.desk.start_mut().ended(started, now);
            self.ask(ctx, connects);
        }
        if fresh.gone {
            self.lose(ctx);
        }
        if let Some(show) = fresh.show {
            self.turn_to(ctx, show.page);
            self.desk.show_invitation(show.invitation);
            self.come_to_front(ctx, show.page, show.token, frame);
        }
        let title = self.desk.picture().window_title();
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// Nobody can tell any more whether the user holds something.
    pub(crate) fn lose(&mut self, ctx: &Context) {
        self.act(ctx, Act::Lose);
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

    fn open_settings(&mut self) {
        let settings = Settings::unread(&self.desk.picture().you.name);
        self.desk.open_settings(settings);
        self.link.errand(Errand::Read);
        self.link.errand(Errand::Devices);
    }

    fn is_hidden(ctx: &Context) -> bool {
        ctx.input(|input| {
            let viewport = input.viewport();
            viewport.minimized == Some(true) || viewport.occluded == Some(true)
        })
    }

    /// Does everything that needs no frame. `frame` is the toolkit's, which a layer has not.
    pub(crate) fn step(&mut self, ctx: &Context, frame: Option<&eframe::Frame>) {
        let fresh = self.link.take();
        self.take(ctx, fresh, frame);
        let hidden = Self::is_hidden(ctx);
        if hidden && self.desk.holds() {
            self.lose(ctx);
        }
        let room = self.desk.picture().room.is_some();
        self.link.listen(room && !hidden);
        let due = self.desk.tick(self.now());
        self.ask(ctx, due);
        if ctx.input(|input| input.viewport().close_requested()) {
            self.close(ctx);
        }
        self.close_if_overdue(ctx);
        if self.desk.holds() {
            ctx.request_repaint_after(RENEW_EVERY);
        }
        draw::wake(ctx, &self.desk, self.now());
    }

    /// Draws, and does what the user does.
    pub(crate) fn show(&mut self, ui: &mut Ui, frame: Option<&eframe::Frame>) {
        let ctx = ui.ctx().clone();
        let look = style::look(&ctx);
        let acts = match self.shape {
            Shape::Strip { .. } => {
                self.fit_strip(&ctx);
                if let Some(frame) = frame {
                    self.tell_manager(&ctx, frame);
                }
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
                    if let (Shape::Window, Some(frame)) = (self.shape, frame) {
                        surface::accept_keyboard(frame, true);
                    }
                }
                Act::Close => {
                    self.act(&ctx, Act::Close);
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
                Act::Drag => self.drag(&ctx, frame),
                Act::Settings => self.open_settings(),
                Act::StartDaemon => {
                    if self.desk.start_mut().begin() {
                        self.link.start_daemon();
                    }
                }
                Act::Errand(errand) => self.link.errand(errand),
                act => self.act(&ctx, act),
            }
        }
        if acted {
            // What the user did shows at once.
            ctx.request_repaint();
        }
        self.link.set_keys_aside(self.desk.asks_for_key());
        draw::wake(&ctx, &self.desk, self.now());
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        self.step(ctx, Some(frame));
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.show(ui, Some(frame));
    }

    fn raw_input_hook(&mut self, _ctx: &Context, input: &mut egui::RawInput) {
        if let Some(pos) = self.dragged_from.take() {
            input.events.push(egui::Event::PointerButton {
                pos,
                button: egui::PointerButton::Primary,
                pressed: false,
                modifiers: egui::Modifiers::NONE,
            });
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        ground(visuals)
    }
}

/// Returns the colour below everything.
pub(crate) fn ground(visuals: &egui::Visuals) -> [f32; 4] {
    visuals.panel_fill.to_normalized_gamma_f32()
}
