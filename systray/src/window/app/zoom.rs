//! Window and strip: one becomes the other, comes to the front, and is moved.

use std::process::Command;

use eframe::egui::{Context, Pos2, Vec2, ViewportCommand, WindowLevel};

use super::super::activation;
use super::super::draw::strip;
use super::super::layers;
use super::super::memory::Anchored;
use super::super::orders::Page;
use super::super::surface::{self, System};
use super::{App, SMALLEST};

/// The largest: no limit, after the strip had one.
const LARGEST: Vec2 = Vec2::splat(16_384.0);

/// The shape of the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
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

impl App {
    /// Brings the window to the front. On Wayland that needs the desktop's leave, and where the open window cannot use
    /// it, a new one can: this program starts itself anew in its own place. So it does where a strip becomes a window.
    pub(super) fn come_to_front(
        &mut self,
        ctx: &Context,
        page: Option<Page>,
        token: Option<String>,
        frame: Option<&eframe::Frame>,
    ) {
        let focused = ctx.input(|input| input.viewport().focused).unwrap_or(false);
        let page = page.and_then(Page::name);
        let page = page.map(|page| ["--page", page]);
        let window = [&["window"][..], page.as_ref().map_or(&[], |page| &page[..])].concat();
        let strip = matches!(self.shape, Shape::Strip { .. });
        match (&token, self.system) {
            (_, System::Layer) => return self.replace(&window, token.as_deref()),
            (_, System::X11) if strip && on_wayland() => {
                self.remember_place(ctx);
                return self.replace(&window, token.as_deref());
            }
            (Some(token), System::Wayland | System::WaylandWithX11) if !focused => {
                let activated = match frame {
                    Some(frame) => activation::activate(frame, token),
                    None => return,
                };
                if let Err(error) = activated {
                    tracing::debug!("the window cannot come to the front by itself: {error:#}");
                    self.replace(&window, Some(token));
                }
            }
            _ => {}
        }
        if strip {
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

    pub(super) fn zoom(&mut self, ctx: &Context) {
        match (self.shape, self.system) {
            (Shape::Strip { .. }, _) => self.grow(ctx),
            (Shape::Window, System::X11) => self.shrink(ctx),
            (Shape::Window, System::WaylandWithX11) => self.replace(&["window", "--strip"], None),
            (Shape::Window, System::Wayland | System::Layer) if layers::are_offered() => {
                self.replace(&["window", "--strip"], None);
            }
            (Shape::Window, System::Wayland | System::Layer) => {
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
        if self.system == System::Layer {
            // Only the layer can ask for the window's leave to have the keyboard.
            ctx.send_viewport_cmd(ViewportCommand::Focus);
            return;
        }
        if on_wayland() {
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
    pub(super) fn fit_strip(&mut self, ctx: &Context) {
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
    pub(super) fn tell_manager(&mut self, ctx: &Context, frame: &eframe::Frame) {
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

    /// Hands the strip to the window manager, which moves it with the pointer and keeps the release for itself. The
    /// toolkit's own command does nothing for a window that has no keyboard.
    pub(super) fn drag(&mut self, ctx: &Context, frame: Option<&eframe::Frame>) {
        let Some(frame) = frame else {
            // A layer moves itself.
            ctx.send_viewport_cmd(ViewportCommand::StartDrag);
            return;
        };
        let Some(window) = frame.winit_window() else {
            return;
        };
        match window.drag_window() {
            Ok(()) => self.dragged_from = ctx.pointer_latest_pos(),
            Err(error) => tracing::debug!(%error, "the strip cannot be moved"),
        }
    }

    pub(super) fn remember_place(&mut self, ctx: &Context) {
        if !matches!(self.shape, Shape::Strip { .. }) {
            return;
        }
        // A layer has no position, and remembers itself where it hangs.
        if let Some(place) = ctx.input(|input| input.viewport().outer_rect) {
            let corner = (place.min.x, place.min.y);
            self.memory.change(|now| now.strip = Some(corner));
        }
    }

    /// Remembers where the strip hangs on Wayland.
    pub(crate) fn remember_layer(&mut self, at: &Anchored) {
        self.memory.change(|now| now.layer = Some(at.clone()));
    }

    /// Becomes a window again, with this leave to have the keyboard.
    pub(crate) fn become_window(&mut self, leave: Option<&str>) {
        self.replace(&["window"], leave);
    }

    /// Gives up the strip: the desktop does not keep it.
    pub(crate) fn back_to_the_window(&mut self, ctx: &Context) {
        self.lose(ctx);
        self.grow(ctx);
    }
}

/// Returns whether there is Wayland, wherever this window is.
fn on_wayland() -> bool {
    System::find() != System::X11
}
