//! The log, which nobody waits for: a terminal that is stopped, a pipe that nobody reads and a disk that hangs hold up
//! neither the hub nor the voice threads.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::scribe::Scribe;

/// The time that the last lines may take at the end of the program.
pub(crate) const LAST_LINES: Duration = Duration::from_millis(100);
/// The time that an error may take that ends the program.
pub(crate) const LAST_ERROR: Duration = Duration::from_secs(2);

/// Returns whether standard error goes to systemd's journal, which gives each line its time. Programs that it started
/// inherit the variable, so the file that it names has to be ours.
pub(crate) fn is_journal() -> bool {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::fs::MetadataExt;
        let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
            return false;
        };
        std::fs::metadata("/proc/self/fd/2")
            .is_ok_and(|error| stream == format!("{}:{}", error.st_dev(), error.st_ino()))
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// The log on standard error.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    scribe: Arc<Scribe>,
    /// Lines that found no room since the last that did.
    missing: Arc<AtomicUsize>,
}

impl Log {
    /// Starts to write on standard error.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start() -> io::Result<Self> {
        // There is no other place to tell that standard error is gone.
        Ok(Self::of(Scribe::start("sotto-log", io::stderr(), |_| {})?))
    }

    fn of(scribe: Scribe) -> Self {
        Self {
            scribe: Arc::new(scribe),
            missing: Arc::default(),
        }
    }

    /// Writes `text`, which ends its lines itself.
    pub(crate) fn say(&self, text: &[u8]) {
        let missing = self.missing.swap(0, Ordering::Relaxed);
        let mut line = Vec::with_capacity(text.len());
        if missing > 0 {
            line.extend(format!("({missing} lines of the log are missing here)\n").bytes());
        }
        line.extend(text);
        if !self.scribe.write(line) {
            self.missing.fetch_add(missing + 1, Ordering::Relaxed);
        }
    }

    /// Waits for the last lines, no longer than `patience`.
    pub(crate) fn finish(&self, patience: Duration) {
        self.scribe.finish(patience);
    }
}

/// Takes each event in one piece, as the subscriber writes it.
impl Write for &Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.say(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scribe::WAITING;
    use crate::scribe::tests::{hanging, next};

    #[test]
    fn lines_that_nobody_took_are_counted() {
        let (scribe, resume, lines) = hanging();
        let log = Log::of(scribe);
        for _ in 0..WAITING {
            log.say(b"said\n");
        }
        log.say(b"lost\n");
        log.say(b"lost\n");
        assert_eq!(next(&resume, &lines), "first");
        for _ in 0..WAITING {
            assert_eq!(next(&resume, &lines), "said\n");
        }
        log.say(b"again\n");
        assert_eq!(
            next(&resume, &lines),
            "(2 lines of the log are missing here)\nagain\n"
        );
    }
}
