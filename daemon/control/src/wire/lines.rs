//! Lines of bounded length from a stream.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What a reader found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, without its line feed.
    Complete(Vec<u8>),
    /// A line that is longer than allowed; it was skipped.
    TooLong,
}

/// Reads lines and holds at most one line's worth of bytes beyond what a single read brings.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    stream: R,
    buffer: Vec<u8>,
    /// How much of the buffer is known to hold no line feed.
    searched: usize,
    longest: usize,
    skipping: bool,
}

/// How much one read may bring.
const CHUNK: usize = 16 * 1024;

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(crate) const fn new(stream: R, longest: usize) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            searched: 0,
            longest,
            skipping: false,
        }
    }

    /// The next line that is not empty; `None` at the end of the stream. A last line without line feed is dropped:
    /// its sender may have died in the middle of it.
    ///
    /// Cancel safe: all that was read stays in the reader.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            if self.buffer.len() > self.longest {
                self.skipping = true;
            }
            if self.skipping {
                self.buffer.clear();
                self.searched = 0;
            }
            self.buffer.reserve(CHUNK);
            let mut chunk = (&mut self.stream).take(CHUNK as u64);
            if chunk.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn take_line(&mut self) -> Option<Line> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(found) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                return None;
            };
            let mut line: Vec<u8> = self.buffer.drain(..=self.searched + found).collect();
            self.searched = 0;
            if std::mem::take(&mut self.skipping) || line.len() > self.longest + 1 {
                return Some(Line::TooLong);
            }
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(Line::Complete(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn all(input: &[u8], longest: usize) -> Vec<Line> {
        let mut reader = LineReader::new(input, longest);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.unwrap() {
            lines.push(line);
            assert!(reader.buffer.len() <= longest + CHUNK);
        }
        lines
    }

    fn complete(text: &str) -> Line {
        Line::Complete(text.into())
    }

    #[tokio::test]
    async fn empty_lines_and_carriage_returns_do_not_matter() {
        let lines = all(b"one\r\n\n  \ntwo\nhalf", 100).await;
        assert_eq!(lines, [complete("one"), complete("two")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let input = format!("{}\nok\n123456\n1234567\n", "x".repeat(100_000));
        let lines = all(input.as_bytes(), 6).await;
        assert_eq!(
            lines,
            [
                Line::TooLong,
                complete("ok"),
                complete("123456"),
                Line::TooLong
            ]
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_come_back_as_the_lines_that_they_are(input: Vec<u8>, longest in 1..64_usize) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let lines = runtime.block_on(all(&input, longest));
            let fed = input.iter().filter(|byte| **byte == b'\n').count();
            prop_assert!(lines.len() <= fed);
            for line in lines {
                if let Line::Complete(line) = line {
                    prop_assert!(line.len() <= longest && !line.contains(&b'\n'));
                }
            }
        }
    }
}
