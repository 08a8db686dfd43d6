//! Writing lines on a thread of its own, so that whoever has something to say never waits for a disk or a reader.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// Lines that may wait to be written; more mean that nobody takes them.
pub(crate) const WAITING: usize = 1024;

enum Message {
    Line(Vec<u8>),
    /// Tells that everything before it is written.
    Mark(SyncSender<()>),
}

/// Writes lines one after another, on a thread that ends with this.
#[derive(Debug)]
pub(crate) struct Scribe(SyncSender<Message>);

impl Scribe {
    /// Starts a thread called `name` that writes to `out`, and tells `failed` of what could not be written.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(
        name: &str,
        mut out: impl Write + Send + 'static,
        failed: impl Fn(io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        let (say, said) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                for message in said {
                    match message {
                        Message::Line(line) => {
                            if let Err(error) = out.write_all(&line).and_then(|()| out.flush()) {
                                failed(error);
                            }
                        }
                        Message::Mark(written) => {
                            // Whoever waited may have lost patience.
                            let _ = written.try_send(());
                        }
                    }
                }
            })?;
        Ok(Self(say))
    }

    /// Hands over a line, and returns whether there was room for it.
    pub(crate) fn write(&self, line: Vec<u8>) -> bool {
        self.0.try_send(Message::Line(line)).is_ok()
    }

    /// Waits until everything is written, no longer than `patience`.
    pub(crate) fn finish(&self, patience: Duration) {
        let (mark, written) = sync_channel(1);
        if self.0.try_send(Message::Mark(mark)).is_ok() {
            let _ = written.recv_timeout(patience);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Longer than anything takes that does not hang.
    const LONG: Duration = Duration::from_secs(30);

    /// A reader who takes a line only when it is told to.
    struct Reader {
        begun: Sender<()>,
        go_on: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Reader {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            // The test asks for the first alone.
            let _ = self.begun.send(());
            self.go_on.recv().map_err(io::Error::other)?;
            self.taken.send(line.to_vec()).map_err(io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A scribe, the word that lets its reader take a line, and what the reader took. The reader hangs on the line
    /// "first".
    pub(crate) fn hanging() -> (Scribe, Sender<()>, Receiver<Vec<u8>>) {
        let (begin, begun) = channel();
        let (resume, go_on) = channel();
        let (taken, lines) = channel();
        let reader = Reader {
            begun: begin,
            go_on,
            taken,
        };
        let scribe = Scribe::start("test", reader, |_| {}).unwrap();
        assert!(scribe.write(b"first".to_vec()));
        begun.recv_timeout(LONG).unwrap();
        (scribe, resume, lines)
    }

    /// Returns the next line that the reader takes.
    pub(crate) fn next(resume: &Sender<()>, lines: &Receiver<Vec<u8>>) -> String {
        resume.send(()).unwrap();
        String::from_utf8(lines.recv_timeout(LONG).unwrap()).unwrap()
    }

    #[test]
    fn a_reader_who_hangs_holds_nobody_up_and_the_order_stays() {
        let (scribe, resume, lines) = hanging();
        for number in 0..WAITING {
            assert!(scribe.write(number.to_string().into_bytes()));
        }
        assert!(!scribe.write(b"one too many".to_vec()));
        scribe.finish(LONG);
        assert_eq!(next(&resume, &lines), "first");
        for number in 0..WAITING {
            assert_eq!(next(&resume, &lines), number.to_string());
        }
    }

    #[test]
    fn patience_with_a_reader_who_hangs_ends() {
        let (scribe, _resume, _lines) = hanging();
        scribe.finish(Duration::from_millis(1));
    }

    #[test]
    fn what_was_said_before_the_end_is_written() {
        let (scribe, resume, lines) = hanging();
        resume.send(()).unwrap();
        scribe.finish(LONG);
        assert_eq!(lines.try_recv().unwrap(), b"first");
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::BrokenPipe))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (tell, told) = channel();
        let failed = move |error: io::Error| tell.send(error.kind()).unwrap();
        let scribe = Scribe::start("test", Gone, failed).unwrap();
        assert!(scribe.write(vec![1]));
        assert_eq!(told.recv_timeout(LONG).unwrap(), io::ErrorKind::BrokenPipe);
    }
}
