//! The strip's surface, and a frame from the pointer to the screen.

mod shell;
mod surface;

use std::time::{Duration, Instant};

use eframe::egui::{
    self, Context, CursorIcon, Pos2, RawInput, Rect, Vec2, ViewportCommand, ViewportEvent,
    ViewportId, ViewportInfo, pos2,
};
use smithay_client_toolkit::reexports::client::protocol::wl_surface::WlSurface;
use smithay_client_toolkit::reexports::client::{Connection, Proxy};
use smithay_client_toolkit::seat::pointer::{CursorIcon as Shape, PointerData, ThemedPointer};
use smithay_client_toolkit::shell::WaylandSurface;

use super::Wake;
use super::canvas::Canvas;
use super::hand::Hand;
use super::leave;
use super::pace::{Pace, Turn};
use super::place::Place;
use super::reader::Reader;
use super::scale::Scale;
use crate::window::app::{App, ground};
use crate::window::desk::Desk;
use crate::window::draw;
use crate::window::memory::Memory;
pub(super) use shell::Offers;
use surface::OnLayer;

/// The left button.
const LEFT: u32 = 0x110;

/// Everything that can fail before the strip is there.
pub(super) struct Ground {
    offers: Offers,
    canvas: Canvas,
    first: WlSurface,
    place: Place,
}

impl Ground {
    pub(super) fn new(offers: Offers, memory: &Memory) -> anyhow::Result<Self> {
        let first = offers.compositor.create_surface(&offers.queue);
        let size = whole(draw::strip::size(&Desk::default()));
        Ok(Self {
            canvas: Canvas::new(&offers.connection, &first, size)?,
            first,
            place: Place::new(memory.now().layer.as_ref()),
            offers,
        })
    }
}

/// The strip.
pub(super) struct Strip {
    // The canvas goes before the surface on which it paints.
    canvas: Canvas,
    surface: Option<OnLayer>,
    /// A surface that is nowhere yet, which the canvas was tried on.
    first: Option<WlSurface>,
    pointer: Option<ThemedPointer>,
    cursor: Shape,
    hand: Hand,
    place: Place,
    pace: Pace,
    since: Instant,
    app: App,
    ctx: Context,
    reader: Reader,
    end: End,
    offers: Offers,
}

/// Whether the strip ends.
enum End {
    No,
    /// The app is asked whether it may.
    Asked,
    Done(anyhow::Result<()>),
}

impl Strip {
    pub(super) fn new(ground: Ground, app: App, ctx: Context, reader: Reader) -> Self {
        Self {
            canvas: ground.canvas,
            surface: None,
            first: Some(ground.first),
            pointer: None,
            cursor: Shape::Default,
            hand: Hand::default(),
            place: ground.place,
            pace: Pace::new(Duration::ZERO),
            since: Instant::now(),
            app,
            ctx,
            reader,
            end: End::No,
            offers: ground.offers,
        }
    }

    pub(super) fn connection(&self) -> Connection {
        self.offers.connection.clone()
    }

    fn now(&self) -> Duration {
        self.since.elapsed()
    }

    /// Does what is due. Returns whether the strip has ended.
    ///
    /// # Errors
    ///
    /// Nothing can be shown any more.
    pub(super) fn turn(&mut self) -> anyhow::Result<bool> {
        if self.hand.lost() {
            self.app.lose(&self.ctx);
        }
        match self.pace.turn(self.now()) {
            Turn::Wait => {}
            Turn::Think => self.think(),
            Turn::Draw => self.draw()?,
        }
        match std::mem::replace(&mut self.end, End::No) {
            End::Done(how) => how.map(|()| true),
            end => {
                self.end = end;
                Ok(false)
            }
        }
    }

    /// Returns how long nothing is to be done.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.pace.next(self.now())
    }

    /// Takes what does not come from the compositor.
    pub(super) fn wake(&mut self, wake: Wake) {
        let now = self.now();
        match wake {
            Wake::Repaint(after) => self.pace.want(now.saturating_add(after)),
            Wake::Reader(listens) => {
                match listens {
                    true => self.ctx.enable_accesskit(),
                    false => self.ctx.disable_accesskit(),
                }
                self.pace.want(now);
            }
            Wake::Action(request) => {
                self.reader.act(request);
                self.pace.want(now);
            }
        }
    }

    /// Lets the app think without a frame.
    fn think(&mut self) {
        let (input, asked) = self.input(Vec::new());
        let app = &mut self.app;
        let mut output = self.ctx.run_logic(&input, |ctx| app.step(ctx, None));
        let commands = output.viewport_commands.remove(&ViewportId::ROOT);
        self.obey(&commands.unwrap_or_default(), asked);
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let events = [self.hand.events(), self.reader.events()].concat();
        if self.hand.has_more() {
            self.pace.want(self.now());
        }
        let (input, asked) = self.input(events);
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| {
            let ctx = ui.ctx().clone();
            app.step(&ctx, None);
            app.show(ui, None);
        });
        let scale = output.pixels_per_point;
        let shapes = self.ctx.tessellate(output.shapes, scale);
        let painted = self.paint(&shapes, scale, &mut output.textures_delta);
        // What could not be painted is of no use to anybody.
        output.textures_delta.clear();
        painted?;
        self.reader.update(output.platform_output.accesskit_update);
        self.point(output.platform_output.cursor_icon);
        let root = output.viewport_output.remove(&ViewportId::ROOT);
        let commands = root.map(|root| root.commands).unwrap_or_default();
        self.obey(&commands, asked);
        Ok(())
    }

    /// Returns what the toolkit is to know, and whether the app is asked for the end.
    fn input(&mut self, events: Vec<egui::Event>) -> (RawInput, bool) {
        let asked = matches!(self.end, End::Asked);
        if asked {
            self.end = End::No;
        }
        let (size, scale) = match &self.surface {
            Some(surface) => (surface.size, surface.scale.factor()),
            None => ((1, 1), 1.0),
        };
        let viewport = ViewportInfo {
            events: asked.then_some(ViewportEvent::Close).into_iter().collect(),
            native_pixels_per_point: Some(scale),
            // The keyboard is elsewhere, always.
            focused: Some(false),
            occluded: Some(self.pace.is_hidden(self.now())),
            ..ViewportInfo::default()
        };
        let input = RawInput {
            viewports: std::iter::once((ViewportId::ROOT, viewport)).collect(),
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, points(size))),
            time: Some(self.now().as_secs_f64()),
            events,
            focused: false,
            ..RawInput::default()
        };
        (input, asked)
    }

    fn paint(
        &mut self,
        shapes: &[egui::ClippedPrimitive],
        scale: f32,
        textures: &mut egui::TexturesDelta,
    ) -> anyhow::Result<()> {
        let now = self.now();
        let Some(on) = &self.surface else {
            return Ok(());
        };
        let surface = on.layer.wl_surface();
        match (&on.exact, on.scale) {
            (Some((_, viewport)), Scale::Parts(_)) => {
                viewport.set_destination(signed(on.size.0), signed(on.size.1));
            }
            (_, Scale::Whole(scale)) => surface.set_buffer_scale(signed(scale)),
            (None, Scale::Parts(_)) => {}
        }
        surface.frame(&self.offers.queue, surface.clone());
        self.pace.block(now);
        let ground = ground(&self.ctx.global_style().visuals);
        let pixels = on.scale.pixels(on.size);
        self.canvas.paint(pixels, scale, shapes, textures, ground)
    }

    /// Does what the app wants of its window.
    fn obey(&mut self, commands: &[ViewportCommand], asked: bool) {
        if asked && !commands.contains(&ViewportCommand::CancelClose) {
            self.end = End::Done(Ok(()));
            return;
        }
        for command in commands {
            match command {
                ViewportCommand::InnerSize(size) => self.resize(*size),
                ViewportCommand::StartDrag => self.grab(),
                ViewportCommand::Focus => {
                    let leave = self.leave();
                    self.app.become_window(leave.as_deref());
                }
                ViewportCommand::Close => {
                    self.end = End::Asked;
                    self.pace.want(self.now());
                }
                // A layer has no title, and is in front of everything.
                _ => {}
            }
        }
    }

    /// Returns the compositor's leave for the window that follows the last click.
    fn leave(&self) -> Option<String> {
        let activation = self.offers.activation.as_ref()?;
        let surface = self.surface.as_ref()?.layer.wl_surface();
        let pointer = self.pointer.as_ref().map(ThemedPointer::pointer);
        let data = pointer.and_then(|pointer| pointer.data::<PointerData>());
        let click = data.and_then(|data| Some((data.seat(), data.latest_button_serial()?)));
        leave::ask(&self.offers.connection, activation, surface, click)
    }

    /// The pointer is at this point of the strip.
    fn pointed(&mut self, to: (f64, f64)) {
        let (strip, screen) = self.sizes();
        if !self.place.is_held() {
            #[allow(clippy::cast_possible_truncation)] // a point of the strip
            self.hand.at(pos2(to.0 as f32, to.1 as f32));
            self.pace.want(self.now());
        } else if self.place.moved(to, strip, screen) {
            self.hang();
        }
    }

    /// A button of the pointer goes down or up.
    fn pressed(&mut self, button: u32, down: bool) {
        if button == LEFT && !down {
            self.release();
        }
        self.hand.button(button, down);
        self.pace.want(self.now());
    }

    /// The pointer has gone.
    fn left(&mut self) {
        self.release();
        self.hand.gone();
        self.pace.want(self.now());
    }

    fn grab(&mut self) {
        // By now the pointer may have moved on, or the button may be up again.
        let Some((grip, at)) = self.hand.holds() else {
            return;
        };
        let (strip, screen) = self.sizes();
        self.place.grab(exact(grip), strip, screen);
        self.pointed(exact(at));
    }

    fn release(&mut self) {
        if self.place.release() {
            self.app.remember_layer(self.place.anchored());
        }
    }

    /// Gives the pointer a shape.
    fn point(&mut self, icon: CursorIcon) {
        let shape = match icon {
            CursorIcon::PointingHand => Shape::Pointer,
            CursorIcon::Grab if self.place.is_held() => Shape::Grabbing,
            CursorIcon::Grab => Shape::Grab,
            _ => Shape::Default,
        };
        if shape != self.cursor {
            self.cursor = shape;
            self.show_cursor();
        }
    }

    /// Tells the compositor the pointer's shape, as it must be told whenever the pointer comes.
    fn show_cursor(&self) {
        let Some(pointer) = &self.pointer else { return };
        if let Err(error) = pointer.set_cursor(&self.offers.connection, self.cursor) {
            tracing::debug!(%error, "the pointer has no shape");
        }
    }
}

/// A size in whole points.
fn whole(size: Vec2) -> (u32, u32) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // of a strip
    let of = |side: f32| side.ceil() as u32;
    (of(size.x), of(size.y))
}

fn points((width, height): (u32, u32)) -> Vec2 {
    #[allow(clippy::cast_precision_loss)] // of a strip
    Vec2::new(width as f32, height as f32)
}

fn signed(side: u32) -> i32 {
    i32::try_from(side).unwrap_or(i32::MAX)
}

fn exact(at: Pos2) -> (f64, f64) {
    (f64::from(at.x), f64::from(at.y))
}
