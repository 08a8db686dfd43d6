//! How the user lets go of a held whisper.

use crate::signals::{End, interrupted, terminated};
use std::future::Future;
use std::io::{self, IsTerminal};

/// The way in which the user has let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LetGo {
    /// By saying so.
    Released,
    /// The terminal has gone, and nobody knows whether the user wanted that.
    TerminalGone,
}

/// The state of standard input when the program starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Somebody can type there.
    Terminal,
    /// A program holds the other end, or a line is in it already.
    Open,
    /// At its end, so that no end can come: `/dev/null`, as in a desktop shortcut.
    Ended,
}

impl Input {
    /// Looks at standard input. Call it before anything that takes time: a pipe may end meanwhile.
    pub(crate) fn at_start() -> Self {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            Self::Terminal
        } else if has_ended(&stdin) {
            Self::Ended
        } else {
            Self::Open
        }
    }

    /// Says how to end the whisper.
    pub(super) const fn instruction(self) -> &'static str {
        match self {
            Self::Terminal | Self::Open => "Press Enter to stop.",
            Self::Ended => "End this program to stop.",
        }
    }

    /// Waits for Enter, the end of standard input, or a signal to stop.
    ///
    /// From the call on, not only once it is awaited, no signal ends the program by itself.
    pub(super) fn let_go(self) -> impl Future<Output = LetGo> {
        let (terminated, interrupted) = (terminated(), interrupted());
        let typed = self.typed();
        async move {
            tokio::select! {
                how = typed => how,
                () = interrupted => LetGo::Released,
                end = terminated => match end {
                    End::Asked => LetGo::Released,
                    End::TerminalGone => self.hung_up(),
                },
            }
        }
    }

    /// Reads a line. The end of input and an error end the whisper alike, except where the terminal has gone.
    fn typed(self) -> impl Future<Output = LetGo> {
        let (pressed, enter) = tokio::sync::oneshot::channel();
        if self != Self::Ended {
            // A thread of its own: it may sit in the read until the program ends, and the runtime must not wait for it.
            std::thread::spawn(move || {
                let stdin = io::stdin();
                let ended = !matches!(stdin.read_line(&mut String::new()), Ok(1..));
                let gone = ended && self == Self::Terminal && !stdin.is_terminal();
                let _ = pressed.send(match gone {
                    true => LetGo::TerminalGone,
                    false => LetGo::Released,
                });
            });
        }
        async move {
            match (self, enter.await) {
                (Self::Ended, _) => std::future::pending().await,
                (_, how) => how.unwrap_or(LetGo::Released),
            }
        }
    }

    /// Returns what SIGHUP means. Without a terminal that could have gone, somebody has sent it.
    fn hung_up(self) -> LetGo {
        let in_terminal = io::stdout().is_terminal() || io::stderr().is_terminal();
        match self {
            Self::Ended if !in_terminal => LetGo::Released,
            _ => LetGo::TerminalGone,
        }
    }
}

/// Returns whether there is nothing to read and never will be.
#[cfg(unix)]
fn has_ended(stdin: &io::Stdin) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut waiting = [PollFd::new(stdin, PollFlags::IN)];
    // The read does not block then. What it finds waits in the buffer of standard input.
    matches!(poll(&mut waiting, Some(&Timespec::default())), Ok(1..))
        && matches!(io::BufRead::fill_buf(&mut stdin.lock()), Ok([]))
}

/// Elsewhere nothing tells without waiting.
#[cfg(not(unix))]
fn has_ended(_stdin: &io::Stdin) -> bool {
    false
}
