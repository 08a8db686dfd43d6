//! The terminal that the screen is drawn on: taken, given back, and taken again after a suspension.

use super::state::Screen;
use super::view;
use crossterm::event::{
    DisableFocusChange, EnableFocusChange, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use ratatui::{DefaultTerminal, Terminal};
use std::io;
use std::time::Duration;

/// Signals of one moment are told within this time.
const SIGNALS_COME_WITHIN: Duration = Duration::from_millis(50);

/// The terminal, which has its former state back when this is dropped.
pub(super) struct Surface {
    terminal: DefaultTerminal,
    taken: bool,
    key_releases: bool,
    jobs: jobs::Control,
}

impl Surface {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        let mut surface = Self {
            jobs: jobs::Control::new(),
            terminal: ratatui::try_init()?,
            taken: true,
            key_releases: crossterm::terminal::supports_keyboard_enhancement().unwrap_or(false),
        };
        surface.key_releases = surface.key_releases && ask_for_releases().is_ok();
        Ok(surface)
    }

    /// Returns whether the terminal tells when a key is released.
    pub(super) const fn tells_releases(&self) -> bool {
        self.key_releases
    }

    /// Draws the screen.
    pub(super) fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        self.terminal.draw(|frame| view::draw(frame, screen))?;
        Ok(())
    }

    /// Gives the terminal to the shell, stops this program as Ctrl-Z does elsewhere, and takes the terminal again when
    /// the program goes on. Should this be dropped before, the terminal stays given back.
    pub(super) async fn suspend(&mut self) -> io::Result<()> {
        self.give_back();
        self.jobs.stop().await?;
        self.go_on().await
    }

    /// Waits until this program goes on after somebody has stopped it. Cancel safe.
    pub(super) async fn continued(&mut self) {
        self.jobs.continued().await;
    }

    /// Takes the terminal when this program goes on, whatever has been done to the terminal since. Should this be dropped
    /// before, the terminal stays as it is.
    pub(super) async fn go_on(&mut self) -> io::Result<()> {
        // A program that is ended while it is stopped goes on for that. The other signal may come a moment later.
        tokio::time::sleep(SIGNALS_COME_WITHIN).await;
        // Raw mode counts as set until it is taken back, although a shell may have ended it.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.taken = true;
        crossterm::execute!(io::stdout(), EnterAlternateScreen)?;
        if self.key_releases {
            ask_for_releases()?;
        }
        // What was drawn is no longer there. Ratatui's own way asks the terminal where its cursor is, and the thread that
        // reads the keyboard would take the answer.
        crossterm::execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }

    /// Gives the terminal back in any case: what fails is left.
    fn give_back(&mut self) {
        if !std::mem::replace(&mut self.taken, false) {
            return;
        }
        if self.key_releases {
            let _ = crossterm::execute!(
                io::stdout(),
                DisableFocusChange,
                PopKeyboardEnhancementFlags
            );
        }
        let _ = self.terminal.show_cursor();
        ratatui::restore();
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Asks the terminal to tell when a key is released and when another window has the keyboard.
fn ask_for_releases() -> io::Result<()> {
    crossterm::execute!(
        io::stdout(),
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::REPORT_EVENT_TYPES),
        EnableFocusChange
    )
}

/// Stopping and going on, as a shell's job.
#[cfg(unix)]
mod jobs {
    use rustix::process::{Signal, kill_current_process_group};
    use std::io;
    use std::time::Duration;
    use tokio::signal::unix::{self, SignalKind, signal};

    /// A program that has not stopped by then has no shell that could let it go on.
    const STOPS_WITHIN: Duration = Duration::from_millis(200);

    pub(super) struct Control {
        continued: Option<unix::Signal>,
    }

    impl Control {
        pub(super) fn new() -> Self {
            Self {
                continued: signal(SignalKind::from_raw(Signal::CONT.as_raw())).ok(),
            }
        }

        /// Stops the job, and returns when it goes on.
        pub(super) async fn stop(&mut self) -> io::Result<()> {
            // The whole job, as the terminal does: a shell's function may have started this program.
            kill_current_process_group(Signal::TSTP)?;
            // The signal may reach another thread, and this one run on for a moment.
            let _ = tokio::time::timeout(STOPS_WITHIN, self.continued()).await;
            Ok(())
        }

        pub(super) async fn continued(&mut self) {
            match &mut self.continued {
                Some(continued) => {
                    continued.recv().await;
                }
                None => std::future::pending().await,
            }
        }
    }
}

/// Windows has no jobs that stop.
#[cfg(not(unix))]
mod jobs {
    use std::io;

    pub(super) struct Control;

    impl Control {
        pub(super) const fn new() -> Self {
            Self
        }

        pub(super) async fn stop(&mut self) -> io::Result<()> {
            Ok(())
        }

        pub(super) async fn continued(&mut self) {
            std::future::pending().await
        }
    }
}
