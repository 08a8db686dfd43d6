//! Being left alone, and for how long.

use std::time::Duration;

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use sotto_control::DndSet;

/// The time at which a new day begins, for somebody who wants to be left alone until then.
const MORNING: Time = time(8, 0, 0, 0);
const HOUR: Duration = Duration::from_secs(3600);

/// A wish about being left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// No longer.
    Off,
    /// Until it is switched off.
    On,
    /// For one hour.
    Hour,
    /// Until it is eight in the morning.
    Morning,
}

impl Quiet {
    /// The ways to be left alone, with their names on the screen.
    pub(crate) const WAYS: [(Self, &'static str); 3] = [
        (Self::Hour, "For 1 hour"),
        (Self::Morning, "Until 8:00 in the morning"),
        (Self::On, "Until I end it"),
    ];

    /// Returns what is asked of the daemon.
    pub(crate) fn request(self) -> DndSet {
        match self {
            Self::Off => DndSet::default(),
            Self::On => DndSet {
                on: true,
                for_ms: None,
            },
            Self::Hour => DndSet::lasting(HOUR),
            // A clock without a morning is none to go by.
            Self::Morning => DndSet::until(MORNING, &ZonedDateTime::now())
                .unwrap_or_else(|| DndSet::lasting(HOUR)),
        }
    }
}

/// Returns the user's time of day at a moment that is given in seconds since 1970.
pub(crate) fn time_of_day(seconds: u64) -> Option<String> {
    let moment = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    let here = moment.to_zoned_datetime(TimeZone::system());
    Some(here.strftime("%H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_morning_is_the_next_one() {
        for (hour, minutes) in [(0, 8 * 60), (7, 60), (8, 24 * 60), (17, 15 * 60)] {
            let now = jiff::civil::date(2026, 11, 30).at(hour, 0, 0, 0);
            let now = now.to_zoned_datetime(TimeZone::UTC).unwrap();
            let asked = DndSet::until(MORNING, &now).unwrap();
            assert_eq!(asked.for_ms.unwrap() / 60_000, minutes, "at {hour}");
        }
    }

    #[test]
    fn each_way_lasts_as_long_as_it_says() {
        let lasts = |quiet: Quiet| (quiet.request().on, quiet.request().for_ms);
        assert_eq!(lasts(Quiet::Off), (false, None));
        assert_eq!(lasts(Quiet::On), (true, None));
        assert_eq!(lasts(Quiet::Hour), (true, Some(3_600_000)));
        let (on, for_ms) = lasts(Quiet::Morning);
        assert!(on && for_ms.is_some_and(|ms| ms <= 24 * 3_600_000));
    }
}
