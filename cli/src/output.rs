//! Where replies go: text for people, JSON for programs.

use crate::failure::Failure;
use crate::format::Style;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Waits until nobody reads standard output any more (`sotto events | head -1`), even if nothing is written meanwhile.
#[cfg(unix)]
pub(crate) async fn reader_gone() {
    use rustix::event::{PollFd, PollFlags, poll};
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own, which ends with the program: the runtime would wait for one of its own.
    let watching = std::thread::Builder::new().spawn(move || {
        let output = io::stdout();
        // Errors and the other end's closing are told without being asked for.
        let mut watched = [PollFd::new(&output, PollFlags::empty())];
        while poll(&mut watched, None) == Err(rustix::io::Errno::INTR) {}
        let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        if watched[0].revents().intersects(gone) {
            let _ = tell.send(());
        }
    });
    if watching.is_err() || told.await.is_err() {
        std::future::pending().await
    }
}

/// Elsewhere the next write tells.
#[cfg(not(unix))]
pub(crate) async fn reader_gone() {
    std::future::pending().await
}

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    style: Style,
}

impl Output {
    /// Colour is for terminals, and for those who have not said NO_COLOR (no-color.org).
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            style: Style::for_stream(io::stdout().is_terminal()),
        }
    }

    /// Whether programs read the output.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a reply: as JSON if that was asked for, else the text that `text` makes of it.
    pub(crate) fn show<T: Serialize>(
        &self,
        reply: &T,
        text: impl FnOnce(&T, Style) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string_pretty(reply).map_err(|error| Failure::File {
                what: "write",
                path: "standard output".into(),
                source: error.into(),
            })?;
            self.line(&json)
        } else {
            self.line(&text(reply, self.style))
        }
    }

    /// Prints one line of NDJSON.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(|error| Failure::File {
            what: "write",
            path: "standard output".into(),
            source: error.into(),
        })?;
        self.line(&json)
    }

    /// Tells a person something beside the reply; programs are not told.
    pub(crate) fn remark(&self, text: &str) {
        if !self.json {
            // Whether standard error is read does not matter to the command.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Whether a person watches while something goes on.
    pub(crate) fn is_watched(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Shows how something goes on, in place of what was shown before; an empty text removes that.
    pub(crate) fn progress(&self, text: &str) {
        if self.is_watched() {
            // Whether it is read does not matter to the command.
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
            let _ = io::stderr().flush();
        }
    }

    /// Shows a text while something is done.
    pub(crate) async fn during<T>(&self, text: &str, work: impl Future<Output = T>) -> T {
        self.progress(text);
        let done = work.await;
        self.progress("");
        done
    }

    /// Prints text as it is, with a line feed if it has none.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{text}{end}")
            .and_then(|()| out.flush())
            .map_err(|source| match source.kind() {
                io::ErrorKind::BrokenPipe => Failure::NobodyReads,
                _ => Failure::File {
                    what: "write",
                    path: "standard output".into(),
                    source,
                },
            })
    }

    /// Says what went wrong: a sentence on standard error, and JSON on standard output if that was asked for.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            // The exit code tells the failure even if nobody reads this.
            let _ = self.json_line(&failure.to_json());
        }
        let style = Style::for_stream(io::stderr().is_terminal());
        let _ = write!(io::stderr(), "{}", crate::format::failure(failure, style));
    }
}
