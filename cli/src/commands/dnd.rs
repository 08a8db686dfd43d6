//! `sotto dnd`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::between;
use jiff::ZonedDateTime;
use jiff::civil::Time;
use sotto_control::{DndSet, MAX_QUIET, MIN_QUIET, StatusGet};
use std::time::Duration;

/// Be left alone: no sounds and no notifications of invitations, and none of who joins and leaves
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without an argument it is shown how it is. Invitations wait in 'sotto invites' and in the tray meanwhile. It outlives the daemon.\n\nExamples:\n  sotto dnd on\n  sotto dnd 30m\n  sotto dnd 17:30\n  sotto dnd off"
)]
pub(crate) struct Dnd {
    /// on, off, for how long (30m, 2h), or until what time of day (17:30)
    #[arg(value_name = "on|off|TIME", value_parser = wish)]
    wish: Option<Wish>,
}

/// A wish about being left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    On,
    Off,
    For(Duration),
    Until(Time),
}

fn wish(text: &str) -> Result<Wish, String> {
    match text {
        "on" => return Ok(Wish::On),
        "off" => return Ok(Wish::Off),
        _ => {}
    }
    if let Some((hour, minute)) = text.split_once(':') {
        let number = |text: &str| text.parse::<i8>().ok().filter(|_| text.len() <= 2);
        return number(hour)
            .zip(number(minute))
            .and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok())
            .map(Wish::Until)
            .ok_or_else(|| "is no time of day, as 17:30 is".to_owned());
    }
    between(MIN_QUIET, MAX_QUIET)(text)
        .map(Wish::For)
        .map_err(|problem| format!("{problem}; or on, off, or a time of day, as 17:30"))
}

impl Dnd {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = match self.wish {
            None => {
                let dnd = ask(StatusGet {}).await?.dnd;
                return output.show(&dnd, format::dnd);
            }
            Some(Wish::Off) => DndSet::default(),
            Some(Wish::On) => DndSet {
                on: true,
                for_ms: None,
            },
            Some(Wish::For(time)) => DndSet::lasting(time),
            Some(Wish::Until(time)) => DndSet::until(time, &ZonedDateTime::now())
                .ok_or_else(|| Failure::Usage("clocks show no such time here".to_owned()))?,
        };
        output.show(&ask(request).await?, format::dnd_reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_a_word_a_span_or_a_time_of_day() {
        assert_eq!(wish("on"), Ok(Wish::On));
        assert_eq!(wish("off"), Ok(Wish::Off));
        assert_eq!(wish("30m"), Ok(Wish::For(Duration::from_secs(1800))));
        assert_eq!(wish("7:05"), Ok(Wish::Until(jiff::civil::time(7, 5, 0, 0))));
        for wrong in [
            "", "maybe", "25:00", "12:60", "12:3x", "-1:00", "012:00", "25h",
        ] {
            assert!(wish(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let now = jiff::civil::date(2026, 11, 30)
            .at(17, 0, 0, 0)
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .unwrap();
        let minutes = |hour, minute| {
            let time = jiff::civil::time(hour, minute, 0, 0);
            DndSet::until(time, &now).unwrap().for_ms.unwrap() / 60_000
        };
        assert_eq!(minutes(17, 30), 30);
        assert_eq!(minutes(16, 0), 23 * 60);
        assert_eq!(minutes(17, 0), 24 * 60);
    }
}
