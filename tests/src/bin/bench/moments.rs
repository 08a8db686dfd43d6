//! When sound devices were opened, and so when each sample of a recording was played.
//!
//! The daemon logs the opening with the time of day. That is nearer to the truth than the event that reports it, which
//! travels through a socket first.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use sotto_tests::Colleague;
use sotto_tests::signal::RATE;
use sotto_tests::speech::read;

/// The period that file devices move at once. What a speaker is handed at the end of a period is heard from then on.
const PERIOD: f64 = 0.010;

/// A recording, and when it began.
pub(crate) struct Timed {
    /// 48 kHz.
    pub(crate) sound: Vec<f32>,
    /// When the first sample of it was heard.
    begin: Duration,
}

impl Timed {
    /// When a place in the recording was heard, in time since 1970. `at` in seconds.
    pub(crate) fn moment(&self, at: f64) -> Duration {
        self.begin + Duration::from_secs_f64(at)
    }

    /// When sound louder than −40 dBFS first came at or after a moment.
    pub(crate) fn first_sound(&self, after: Duration) -> Option<Duration> {
        let from = after.saturating_sub(self.begin).as_secs_f64() * RATE as f64;
        let sound = self.sound.get(from as usize..)?;
        let at = sound.iter().position(|sample| sample.abs() > 0.01)?;
        Some(self.moment((from as usize + at) as f64 / RATE as f64))
    }
}

/// Now, in time since 1970.
pub(crate) fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// The recordings of somebody with file devices, the newest last.
pub(crate) fn recordings(of: &Colleague) -> Result<Vec<Timed>> {
    let name = format!("file {}", of.results().display());
    openings(of)?
        .into_iter()
        .filter(|(_, device)| device.starts_with(&name) && !device.ends_with("said.wav"))
        .map(|(at, device)| {
            let path = device.trim_start_matches("file ");
            Ok(Timed {
                sound: read(path.as_ref())?,
                begin: at + Duration::from_secs_f64(PERIOD),
            })
        })
        .collect()
}

/// When somebody's microphone, a file, was opened last.
pub(crate) fn microphone(of: &Colleague) -> Result<Duration> {
    openings(of)?
        .into_iter()
        .rev()
        .find(|(_, device)| device.ends_with("said.wav"))
        .map(|(at, _)| at)
        .with_context(|| format!("{}'s microphone was never opened", of.name()))
}

/// Returns how often the devices of somebody, which are closed by now, ran dry or over.
pub(crate) fn interruptions(of: &Colleague) -> Result<f64> {
    let log = of.log_tail(usize::MAX);
    let mut closed = log
        .lines()
        .filter(|line| line.contains("sound device closed"))
        .peekable();
    closed
        .peek()
        .with_context(|| format!("{}'s log tells of no device that was closed", of.name()))?;
    let count = |line: &str| -> Option<f64> {
        let (_, rest) = line.split_once("interruptions=")?;
        rest.split_whitespace().next()?.parse().ok()
    };
    closed
        .map(|line| count(line).with_context(|| format!("no interruptions in {line:?}")))
        .sum()
}

/// Every opening of a device in the daemon's log: when, and which.
fn openings(of: &Colleague) -> Result<Vec<(Duration, String)>> {
    let log = of.log_tail(usize::MAX);
    log.lines()
        .filter_map(|line| {
            let (_, device) = line.split_once("sound device open device=\"")?;
            Some((line, device.trim_end_matches('"')))
        })
        .map(|(line, device)| {
            let at = moment(line).with_context(|| format!("no time in {line:?}"))?;
            Ok((at, device.to_owned()))
        })
        .collect()
}

/// The time at the head of a line of the log, `2026-11-23T12:08:04.550169Z`, placed on the day that makes it the past.
fn moment(line: &str) -> Option<Duration> {
    let time = line.split_once('T')?.1.split_once('Z')?.0;
    let mut parts = time.split(':');
    let hours: f64 = parts.next()?.parse().ok()?;
    let minutes: f64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    let in_day = Duration::from_secs_f64(hours * 3600.0 + minutes * 60.0 + seconds);
    let day = Duration::from_secs(86_400);
    let now = now();
    let midnight = day * u32::try_from(now.as_secs() / day.as_secs()).ok()?;
    let today = midnight + in_day;
    Some(if today > now + Duration::from_secs(60) {
        today - day
    } else {
        today
    })
}
