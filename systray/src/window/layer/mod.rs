//! The strip on Wayland, where the compositor has layers (`zwlr_layer_shell_v1`: KDE, sway, labwc, Hyprland, niri, COSMIC).
//!
//! A layer surface is above all windows, hangs at a corner of a screen, and never has the keyboard. The window's
//! framework knows none, so the strip is shown here: the same [`App`], drawn by the same toolkit and its own painter,
//! over a connection of its own.
//!
//! ```text
//! compositor ──▶ shell ──▶ strip ──▶ app ──▶ strip ──▶ canvas, surface ──▶ compositor
//!                           │ hand, place, pace, scale: pure
//!                           └──▶ reader ──▶ screen readers
//! ```
//!
//! It has no keyboard, hence no Esc, and no Ctrl and click that chooses several: both are in the window.

mod canvas;
mod hand;
mod leave;
mod pace;
mod place;
mod reader;
mod scale;
mod strip;

use std::time::Duration;

use anyhow::Context as _;
use eframe::egui::accesskit::ActionRequest;
use eframe::egui::{self, Context};
use sotto_control::Places;

use super::app::{App, Opening};
use super::memory::Memory;
use smithay_client_toolkit::reexports::calloop::EventLoop;
use smithay_client_toolkit::reexports::calloop::channel::{self, Channel, Event, Sender};
use smithay_client_toolkit::reexports::calloop_wayland_source::WaylandSource;
use smithay_client_toolkit::reexports::client::globals::registry_queue_init;
use smithay_client_toolkit::reexports::client::{Connection, EventQueue};
use strip::{Offers, Strip};

/// Something for the strip that does not come from the compositor.
#[derive(Debug)]
enum Wake {
    /// Something changes after this time.
    Repaint(Duration),
    /// A screen reader begins or ends to listen.
    Reader(bool),
    /// A screen reader does something.
    Action(ActionRequest),
}

/// A strip that is ready to be shown.
pub(crate) struct Ready {
    ground: strip::Ground,
    queue: EventQueue<Strip>,
    ctx: Context,
    wake: Sender<Wake>,
    woken: Channel<Wake>,
}

/// Prepares the strip. Nothing else has begun yet: where it fails, it can be tried in another way.
///
/// # Errors
///
/// There is no Wayland, or it has no layers, or nothing can be painted there.
pub(crate) fn prepare(memory: &Memory) -> anyhow::Result<Ready> {
    let connection = Connection::connect_to_env()?;
    let (globals, queue) = registry_queue_init(&connection)?;
    let offers = Offers::bind(&connection, &globals, &queue.handle())?;
    let ground = strip::Ground::new(offers, memory)?;
    let ctx = Context::default();
    let fonts = egui_system_font_provider::SystemFontProvider::new();
    ctx.add_font_provider(std::sync::Arc::new(fonts));
    let (wake, woken) = channel::channel();
    let repaint = wake.clone();
    ctx.set_request_repaint_callback(move |info: egui::RequestRepaintInfo| {
        // Nobody is there to draw when the strip ends.
        let _ = repaint.send(Wake::Repaint(info.delay));
    });
    Ok(Ready {
        ground,
        queue,
        ctx,
        wake,
        woken,
    })
}

/// Shows the strip until it is closed.
///
/// # Errors
///
/// The compositor has gone.
pub(crate) fn run(
    ready: Ready,
    places: Places,
    memory: Memory,
    opening: &Opening,
) -> anyhow::Result<()> {
    let Ready {
        ground,
        mut queue,
        ctx,
        wake,
        woken,
    } = ready;
    let app = App::new(&ctx, places, memory, opening, super::surface::System::Layer)?;
    let reader = reader::Reader::new(&wake);
    let mut strip = Strip::new(ground, app, ctx, reader);
    // Which screens there are must be known before one of them is chosen.
    queue.roundtrip(&mut strip)?;
    strip.open();
    let mut events: EventLoop<'_, Strip> = EventLoop::try_new()?;
    let handle = events.handle();
    let connection = strip.connection();
    handle
        .insert_source(WaylandSource::new(connection, queue), |(), queue, strip| {
            queue.dispatch_pending(strip)
        })
        .map_err(|error| error.error)?;
    handle
        .insert_source(woken, |event, (), strip| {
            if let Event::Msg(wake) = event {
                strip.wake(wake);
            }
        })
        .map_err(|error| error.error)?;
    while !strip.turn()? {
        let pause = strip.pause();
        events
            .dispatch(pause, &mut strip)
            .context("the desktop has gone")?;
    }
    Ok(())
}
