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
//! and is tested by accessible name; `link`, `desktop`, `surface` and `app` are the shells to daemon, desktop, windowing
//! system and toolkit.

mod app;
mod bidi;
mod colour;
mod desk;
mod desktop;
mod dialog;
mod draw;
mod errands;
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

use anyhow::anyhow;
use eframe::NativeOptions;
use sotto_control::Places;

use app::{App, Opening};
use memory::Memory;

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
}

/// Shows the window until it is closed.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let places = Places::find()?;
    let memory = Memory::open(&places);
    let opening = Opening {
        invitation: arguments.invitation,
        strip: arguments.strip,
    };
    let mut options = NativeOptions {
        viewport: app::viewport(&opening, &memory),
        ..NativeOptions::default()
    };
    if opening.strip && std::env::var_os("DISPLAY").is_some() {
        use winit::platform::x11::EventLoopBuilderExtX11;
        options.event_loop_builder = Some(Box::new(|builder| {
            builder.with_x11();
        }));
    }
    let shown = eframe::run_native(
        "sotto",
        options,
        Box::new(move |creation| {
            let app = App::new(&creation.egui_ctx, places, memory, &opening)?;
            Ok(Box::new(app))
        }),
    );
    shown.map_err(|error| {
        anyhow!(
            "cannot open a window: {error}; start it from a desktop session, or use 'sotto top' in a terminal"
        )
    })
}
