//! The meeting window, and the strip that it shrinks to: `sotto-tray window`.
//!
//! A process of its own: it takes no memory while it is closed, and whatever happens to its graphics does not take the
//! tray along. Should it die while a whisper is held, the daemon sends to nobody.
//!
//! ```text
//! daemon ──▶ link ──▶ picture ──▶ desk ──▶ draw ──▶ the screen
//!        ◀── wishes ◀──────────── desk ◀── acts ◀── the user
//! ```
//!
//! `picture`, `desk`, `push`, `start`, `dialog`, `messages` and `bidi` are pure and tested without a window; `draw` shows them
//! and is tested by accessible name; `link`, `desktop`, `surface`, `layer` and `app` are the shells to daemon, desktop,
//! windowing system and toolkit.

mod activation;
mod app;
mod bidi;
mod colour;
mod desk;
mod desktop;
mod dialog;
mod draw;
mod errand;
mod errands;
mod keys;
mod layer;
mod layers;
mod link;
mod memory;
mod messages;
mod orders;
mod picture;
mod push;
mod settings;
mod spoken;
mod start;
mod surface;
mod turns;

use anyhow::anyhow;
use eframe::NativeOptions;
use sotto_control::Places;

use app::{App, Opening};
use memory::Memory;
use orders::Page;
use surface::System;

/// Shows the meeting in a window
///
/// Everyone's face, who speaks, and who hears you. Press a face to whisper to that person alone; click it to go on
/// whispering; Esc speaks to everyone again. Closing the window keeps the meeting, unless window.on_close says
/// otherwise.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Show the invitation to the meeting with this id.
    #[arg(long, value_name = "ID")]
    invitation: Option<String>,

    /// Open as a strip above all other windows.
    #[arg(long)]
    strip: bool,

    /// Open at this page, when this program starts itself anew.
    #[arg(long, hide = true)]
    page: Option<Page>,
}

/// Shows the window until it is closed.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let places = Places::find()?;
    let memory = Memory::open(&places);
    let mut opening = Opening {
        invitation: arguments.invitation,
        strip: arguments.strip,
        page: arguments.page,
        says: None,
    };
    let mut system = System::find();
    if opening.strip && system != System::X11 {
        match layer::prepare(&memory) {
            Ok(ready) => return layer::run(ready, places, memory, &opening),
            Err(error) => tracing::info!("no layer for the strip: {error:#}"),
        }
    }
    if opening.strip && system == System::Wayland {
        opening.strip = false;
        opening.says = Some(surface::by_hand(std::env::var_os("XDG_CURRENT_DESKTOP")));
    }
    let mut options = NativeOptions {
        viewport: app::viewport(&opening, &memory),
        ..NativeOptions::default()
    };
    if opening.strip && system == System::WaylandWithX11 {
        use winit::platform::x11::EventLoopBuilderExtX11;
        system = System::X11;
        options.event_loop_builder = Some(Box::new(|builder| {
            builder.with_x11();
        }));
    }
    let shown = eframe::run_native(
        "sotto",
        options,
        Box::new(move |creation| {
            let app = App::new(&creation.egui_ctx, places, memory, &opening, system)?;
            Ok(Box::new(app))
        }),
    );
    shown.map_err(|error| {
        anyhow!(
            "cannot open a window: {error}; start it from a desktop session, or use 'sotto top' in a terminal"
        )
    })
}
