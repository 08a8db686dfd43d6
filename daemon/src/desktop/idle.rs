//! How long there was no input, where the desktop tells it.
//!
//! Two interfaces on the session bus tell a time: Mutter's idle monitor, in milliseconds, and
//! `org.freedesktop.ScreenSaver`, whose `GetSessionIdleTime` is in seconds on most desktops and in milliseconds
//! on some (KDE). Its unit is therefore learnt by watching it grow, and until then nothing is concluded.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use zbus::Connection;

use super::bus::{self, is_connection_lost};
use super::knowledge::Knowledge;

/// How often to look while the user is idle, so that coming back shows soon.
const LOOK_EVERY_WHILE_IDLE: Duration = Duration::from_secs(1);
/// How often to look for a source where there was none.
const LOOK_FOR_SOURCE_EVERY: Duration = Duration::from_secs(60);

/// Looks at the idle time until the bus is gone: `every` so often while the user is active.
pub(super) async fn follow(
    bus: &Connection,
    idle_after: &mut watch::Receiver<Option<Duration>>,
    every: Duration,
    knowledge: &watch::Sender<Knowledge>,
) -> zbus::Result<()> {
    let mut screen_saver = LearntUnit::default();
    loop {
        let time = idle_time(bus, &mut screen_saver).await?;
        // Whoever is never idle need not be looked at often.
        let idle_after_now = idle_after.borrow_and_update().unwrap_or(Duration::MAX);
        let idle = match time {
            IdleTime::Known(time) => Some(time >= idle_after_now),
            IdleTime::Learning | IdleTime::NoSource => None,
        };
        knowledge
            .send_if_modified(|known| std::mem::replace(&mut known.idle_by_time, idle) != idle);
        let pause = match time {
            IdleTime::Known(time) if time >= idle_after_now => LOOK_EVERY_WHILE_IDLE.min(every),
            IdleTime::Known(time) => (idle_after_now - time)
                .max(LOOK_EVERY_WHILE_IDLE)
                .min(every),
            IdleTime::Learning => every,
            IdleTime::NoSource => LOOK_FOR_SOURCE_EVERY,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = idle_after.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

enum IdleTime {
    Known(Duration),
    /// There is a source, but its unit is not known yet.
    Learning,
    NoSource,
}

async fn idle_time(bus: &Connection, screen_saver: &mut LearntUnit) -> zbus::Result<IdleTime> {
    const MUTTER: &str = "org.gnome.Mutter.IdleMonitor";
    if let Some(milliseconds) = ask::<u64>(
        bus,
        MUTTER,
        "/org/gnome/Mutter/IdleMonitor/Core",
        "GetIdletime",
    )
    .await?
    {
        return Ok(IdleTime::Known(Duration::from_millis(milliseconds)));
    }
    const SCREEN_SAVER: &str = "org.freedesktop.ScreenSaver";
    match ask::<u32>(
        bus,
        SCREEN_SAVER,
        "/org/freedesktop/ScreenSaver",
        "GetSessionIdleTime",
    )
    .await?
    {
        Some(value) => Ok(match screen_saver.observe(value, Instant::now()) {
            Some(time) => IdleTime::Known(time),
            None => IdleTime::Learning,
        }),
        None => {
            *screen_saver = LearntUnit::default();
            Ok(IdleTime::NoSource)
        }
    }
}

/// Calls a method whose service, object and interface bear the same name. `None` if nobody answers it.
async fn ask<T>(
    bus: &Connection,
    service: &'static str,
    path: &'static str,
    method: &'static str,
) -> zbus::Result<Option<T>>
where
    T: serde::de::DeserializeOwned + zbus::zvariant::Type,
{
    if !bus::is_present(bus, service).await? {
        return Ok(None);
    }
    match bus
        .call_method(Some(service), path, Some(service), method, &())
        .await
    {
        Ok(reply) => Ok(reply.body().deserialize().ok()),
        Err(error) if is_connection_lost(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// An idle time whose unit, seconds or milliseconds, shows in how it grows.
///
/// It cannot grow faster than time passes: read as seconds, it does so almost at once if it is in
/// milliseconds. If it keeps step with time instead, for several readings without input, it is in seconds.
#[derive(Debug, Default)]
struct LearntUnit {
    previous: Option<(u32, Instant)>,
    /// Readings in a row that grew by as many as seconds had passed.
    in_step: u8,
    unit: Option<Duration>,
}

impl LearntUnit {
    /// Readings in step with seconds before that is believed. Milliseconds that differ by
    /// chance as seconds would do so once in about a hundred readings, hence seldom this often in a row.
    const ENOUGH_IN_STEP: u8 = 4;
    /// Two readings in whole seconds may each be off by almost one.
    const TOLERANCE: f64 = 2.0;

    /// Takes one reading. Returns the idle time once its unit is known.
    fn observe(&mut self, value: u32, now: Instant) -> Option<Duration> {
        if let Some((before, then)) = self.previous.replace((value, now)) {
            let elapsed = now.duration_since(then).as_secs_f64();
            let ahead = f64::from(value) - f64::from(before) - elapsed;
            if ahead > Self::TOLERANCE {
                self.unit = Some(Duration::from_millis(1));
            } else if ahead < -Self::TOLERANCE {
                self.in_step = 0;
            } else if self.unit.is_none() {
                self.in_step += 1;
                if self.in_step >= Self::ENOUGH_IN_STEP {
                    self.unit = Some(Duration::from_secs(1));
                }
            }
        }
        self.unit.map(|unit| unit * value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds readings that are 10 s apart and returns what came of the last.
    fn after(readings: &[u32]) -> Option<Duration> {
        let start = Instant::now();
        let mut learnt = LearntUnit::default();
        let times = (0u32..).map(|count| start + count * Duration::from_secs(10));
        readings
            .iter()
            .zip(times)
            .map(|(value, at)| learnt.observe(*value, at))
            .last()
            .flatten()
    }

    #[test]
    fn nothing_is_concluded_from_one_reading() {
        assert_eq!(after(&[86_400]), None);
    }

    #[test]
    fn growth_faster_than_time_is_milliseconds() {
        assert_eq!(after(&[100, 10_100]), Some(Duration::from_millis(10_100)));
    }

    #[test]
    fn milliseconds_show_even_while_the_user_types() {
        assert_eq!(after(&[3, 140, 30]), Some(Duration::from_millis(30)));
    }

    #[test]
    fn growth_in_step_with_time_is_seconds() {
        assert_eq!(after(&[5, 15, 25, 36]), None);
        assert_eq!(after(&[5, 15, 25, 36, 45]), Some(Duration::from_secs(45)));
    }

    #[test]
    fn seconds_stay_seconds_when_the_user_comes_back() {
        assert_eq!(
            after(&[5, 15, 25, 35, 45, 1, 3]),
            Some(Duration::from_secs(3))
        );
    }

    #[test]
    fn input_between_readings_starts_the_learning_anew() {
        assert_eq!(after(&[5, 15, 25, 35, 2, 12]), None);
    }

    #[test]
    fn a_mistaken_second_is_put_right() {
        // Milliseconds that happened to look like seconds.
        assert_eq!(
            after(&[5, 15, 25, 35, 45, 9_000]),
            Some(Duration::from_secs(9))
        );
    }
}
