//! What a person sees of a step whose output goes to a log.
//!
//! At a terminal the line shows how long the step has taken and the last line of its log, so that a build of some
//! minutes is seen to go on. Elsewhere a line says so at least every half minute.

use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::steps::seconds;

/// How much of a log's last line is shown. With the step's name and time it fits into 80 columns.
const SHOWN: usize = 40;

/// How much of the log's end is read for that.
const TAIL: u64 = 4096;

/// How often a line says, where there is no terminal, that a step goes on.
const SAID_EVERY: Duration = Duration::from_secs(25);

/// A step under way whose output goes to a log.
pub(crate) struct Progress {
    what: String,
    ticker: Ticker,
}

impl Progress {
    /// Shows that `what` has begun and writes to `log`.
    pub(crate) fn begin(what: &str, log: &Path) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let (named, log) = (what.to_owned(), PathBuf::from(log));
        let ticker = if terminal {
            print!("{what:<28}");
            let _ = std::io::stdout().flush();
            Ticker::begin(Duration::from_secs(1), move |took| {
                let line = last_line(&log).unwrap_or_default();
                print!("\r{named:<28}{}  {line}\x1b[K", seconds(took));
                let _ = std::io::stdout().flush();
            })
        } else {
            Ticker::begin(SAID_EVERY, move |took| {
                let line = last_line(&log).unwrap_or_default();
                println!("{}", going_on(&named, took, &line));
            })
        };
        Self {
            what: what.to_owned(),
            ticker,
        }
    }

    /// Completes the line with how it ended.
    pub(crate) fn end(self, how: &str) {
        self.ticker.end();
        let what = self.what;
        if std::io::stdout().is_terminal() {
            println!("\r{what:<28}{how}\x1b[K");
        } else {
            println!("{what:<28}{how}");
        }
    }
}

/// A step under way that reports by itself, though perhaps not for a long while.
pub(crate) struct Waiting(Option<Ticker>);

impl Waiting {
    /// Says from time to time that `what` goes on, where there is no terminal. The report itself is not disturbed.
    pub(crate) fn begin(what: &str) -> Self {
        let what = what.to_owned();
        let elsewhere = !std::io::stdout().is_terminal();
        Self(elsewhere.then(|| {
            Ticker::begin(SAID_EVERY, move |took| {
                eprintln!("{}", going_on(&what, took, ""));
            })
        }))
    }

    /// Says no more.
    pub(crate) fn end(self) {
        if let Some(ticker) = self.0 {
            ticker.end();
        }
    }
}

/// A line about a step that has not ended.
fn going_on(what: &str, took: Duration, line: &str) -> String {
    let line = format!("  … {what}, {}  {line}", seconds(took).trim());
    line.trim_end().to_owned()
}

/// Something that is done again and again in a thread of its own.
struct Ticker {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Ticker {
    /// Calls `tick` with the time since the beginning, every `period`.
    fn begin(period: Duration, tick: impl Fn(Duration) + Send + 'static) -> Self {
        let (end, ended) = channel();
        let begin = Instant::now();
        let thread = std::thread::spawn(move || {
            while ended.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                tick(begin.elapsed());
            }
        });
        Self { end, thread }
    }

    /// Returns when it will not tick any more.
    fn end(self) {
        drop(self.end);
        let _ = self.thread.join();
    }
}

/// The last line of a log that is not empty, without what could move the cursor.
fn last_line(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let line = tail.lines().map(str::trim).rfind(|line| !line.is_empty());
    let line = line.unwrap_or_default().chars();
    Ok(line.filter(|c| !c.is_control()).take(SHOWN).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test fails by panicking
mod tests {
    use super::*;

    #[test]
    fn a_step_that_takes_long_says_so_until_it_ends() {
        let (said, heard) = channel();
        let ticker = Ticker::begin(Duration::from_millis(1), move |took| {
            let _ = said.send(going_on("build tests", took, "Compiling libp2p"));
        });
        let patience = Duration::from_secs(20);
        for _ in 0..3 {
            let line = heard.recv_timeout(patience).unwrap();
            assert_eq!(line, "  … build tests, 0 s  Compiling libp2p");
        }
        ticker.end();
        // The thread is gone, and with it whoever could send.
        while heard.recv_timeout(patience).is_ok() {}
        assert_eq!(
            heard.recv_timeout(patience),
            Err(RecvTimeoutError::Disconnected)
        );
        assert!(SAID_EVERY <= Duration::from_secs(30));
    }

    #[test]
    fn the_last_line_of_a_log_is_short_and_moves_no_cursor() {
        let path = std::env::temp_dir().join(format!("sotto-xtask-log-{}", std::process::id()));
        let cases = [
            ("", String::new()),
            ("one\n   Compiling two\n\n", "Compiling two".to_owned()),
            ("\x1b[31mred\x08", "[31mred".to_owned()),
            (&"long ".repeat(2000), "long ".repeat(SHOWN / 5)),
        ];
        for (text, line) in cases {
            std::fs::write(&path, text).unwrap();
            assert_eq!(last_line(&path).unwrap(), line);
        }
        std::fs::remove_file(&path).unwrap();
    }
}
