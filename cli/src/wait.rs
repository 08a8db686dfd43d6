//! `--wait`: until something has happened, or for so long.

use crate::failure::Failure;
use sotto_control::model::{Meeting, Path, Snapshot};
use sotto_control::{CallError, Events};
use std::future::Future;
use std::time::Duration;

/// `--wait [TIMEOUT]`
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Wait {
    /// Wait until it has happened, at most TIMEOUT (500ms, 10s, 2m); 30s if not given
    #[arg(
        long = "wait",
        value_name = "TIMEOUT",
        num_args = 0..=1,
        // A time after a blank is joined to it before: see `arguments`.
        require_equals = true,
        default_missing_value = "30s",
        value_parser = parse_duration
    )]
    pub(crate) limit: Option<Duration>,
}

impl Wait {
    /// Runs `future`, for as long as was asked for.
    pub(crate) async fn limited<T>(
        self,
        what: impl Into<String>,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Some(within) = self.limit else {
            return future.await;
        };
        self::within(within, what, future).await
    }
}

/// Runs `future`, but no longer than `limit`.
pub(crate) async fn within<T>(
    limit: Duration,
    what: impl Into<String>,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(limit, future)
        .await
        .unwrap_or_else(|_| {
            let what = what.into();
            let within = limit;
            Err(Failure::Timeout { what, within })
        })
}

/// Follows the daemon's state until `found` finds something in it.
pub(crate) async fn until<T>(
    (snapshot, events): &mut (Snapshot, Events),
    mut found: impl FnMut(&Snapshot) -> Option<T>,
) -> Result<T, Failure> {
    loop {
        if let Some(found) = found(snapshot) {
            return Ok(found);
        }
        let event = events.next().await.ok_or(CallError::Disconnected)?;
        snapshot.apply(&event);
    }
}

/// Follows the daemon's state until voice can travel between the user and everyone present in the meeting.
pub(crate) async fn until_voice_travels(
    subscription: &mut (Snapshot, Events),
    id: &str,
) -> Result<Meeting, Failure> {
    until(subscription, |snapshot| {
        let meeting = snapshot.meetings.iter().find(|it| it.id == id)?;
        voice_travels(meeting).then(|| meeting.clone())
    })
    .await
}

fn voice_travels(meeting: &Meeting) -> bool {
    let others = meeting.participants.iter().filter(|one| {
        !one.you && one.presence.is_present() && !one.presence.not_reachable_from_here
    });
    meeting.active
        && others
            .map(|one| one.stats.map_or(Path::None, |stats| stats.path))
            .all(|path| matches!(path, Path::Udp | Path::Stream))
}

/// The shortest time that can be asked for: the daemon is told whole milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);
/// The longest time that anything can be asked to take.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Reads `500ms`, `10s`, `2m`, `1h`, or a number of seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    bounded(text, SHORTEST, LONGEST)
}

/// Reads a time as [`parse_duration`] does, for something that takes `least` to `most`.
pub(crate) fn between(
    least: Duration,
    most: Duration,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| bounded(text, least.max(SHORTEST), most)
}

fn bounded(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let number: f64 = digits
        .parse()
        .map_err(|_| "write a time such as 500ms, 10s or 2m".to_owned())?;
    let seconds = match unit {
        "ms" => number / 1e3,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(format!("\"{unit}\" is no unit of time; use ms, s, m or h")),
    };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| (least..=most).contains(time))
        .ok_or_else(|| {
            let (least, most) = (crate::format::bound(least), crate::format::bound(most));
            format!("must be {least} to {most}")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_control::model::{OfflineReason, Participant, Presence, Stats};

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
        for wrong in [
            "",
            "s",
            "-1s",
            "0",
            "5 parsecs",
            "1e300",
            "inf",
            "nan",
            "2d",
        ] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_beyond_what_is_possible_is_refused_in_words_for_people() {
        let parse = between(sotto_control::MIN_WHISPER, sotto_control::MAX_WHISPER);
        assert_eq!(parse("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(parse("2h"), Err("must be 100 ms to 1 h".to_owned()));
        assert_eq!(parse("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(parse("99ms"), Err("must be 100 ms to 1 h".to_owned()));
        assert_eq!(parse("0.2ms"), Err("must be 100 ms to 1 h".to_owned()));
        assert_eq!(
            parse_duration("25h"),
            Err("must be 1 ms to 24 h".to_owned())
        );
        let parse = between(Duration::ZERO, sotto_control::MAX_WAIT);
        assert_eq!(parse("11m"), Err("must be 1 ms to 10 min".to_owned()));
    }

    #[test]
    fn voice_travels_once_everyone_present_has_a_path() {
        let someone = |presence, path| Participant {
            presence,
            stats: Some(Stats {
                path,
                ..Stats::default()
            }),
            ..Participant::default()
        };
        let mut meeting = Meeting {
            active: true,
            participants: vec![
                Participant {
                    you: true,
                    presence: Presence::online(),
                    ..Participant::default()
                },
                someone(Presence::online(), Path::Udp),
                someone(Presence::offline(OfflineReason::Phone), Path::None),
            ],
            ..Meeting::default()
        };
        assert!(voice_travels(&meeting));
        meeting
            .participants
            .push(someone(Presence::away(), Path::Probing));
        assert!(!voice_travels(&meeting));
    }
}
