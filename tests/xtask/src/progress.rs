//! What a person sees of a step whose output goes to a log.
//!
//! At a terminal the line shows how long the step has taken and the last line of its log, so that a build of some
//! minutes is seen to go on. Elsewhere nothing is printed until the step has ended.

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

/// A step under way.
pub(crate) struct Progress {
    what: String,
    /// Dropped to end the line that changes; `None` where there is none.
    live: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Shows that `what` has begun and writes to `log`.
    pub(crate) fn begin(what: &str, log: &Path) -> Self {
        print!("{what:<28}");
        let _ = std::io::stdout().flush();
        let live = std::io::stdout().is_terminal().then(|| {
            let (end, ended) = channel();
            let (what, log) = (what.to_owned(), PathBuf::from(log));
            let begin = Instant::now();
            let showing = std::thread::spawn(move || {
                let second = Duration::from_secs(1);
                while ended.recv_timeout(second) == Err(RecvTimeoutError::Timeout) {
                    let line = last_line(&log).unwrap_or_default();
                    print!("\r{what:<28}{}  {line}\x1b[K", seconds(begin.elapsed()));
                    let _ = std::io::stdout().flush();
                }
            });
            (end, showing)
        });
        Self {
            what: what.to_owned(),
            live,
        }
    }

    /// Completes the line with how it ended.
    pub(crate) fn end(self, how: &str) {
        let Some((end, showing)) = self.live else {
            println!("{how}");
            return;
        };
        drop(end);
        let _ = showing.join();
        println!("\r{:<28}{how}\x1b[K", self.what);
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
