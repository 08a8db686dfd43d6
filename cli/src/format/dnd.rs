//! Do not disturb.

use super::{Ink, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sotto_control::DndReply;
use sotto_control::model::Dnd;

pub(crate) fn dnd_reply(reply: &DndReply, style: Style) -> String {
    let mut text = dnd(&reply.dnd, style);
    if let Some(problem) = &reply.not_saved {
        let word = format!("\nIt will not outlive the daemon: {problem}");
        text.push_str(&style.paint(Ink::Yellow, word));
    }
    text
}

pub(crate) fn dnd(dnd: &Dnd, _style: Style) -> String {
    match dnd.on {
        true => format!("Do not disturb is on, {}.", until(dnd)),
        false => "Do not disturb is off.".to_owned(),
    }
}

/// `until 17:30`, by the user's clock.
pub(super) fn until(dnd: &Dnd) -> String {
    let time = dnd
        .until
        .and_then(|until| Timestamp::from_second(i64::try_from(until).ok()?).ok())
        .map(|until| until.to_zoned_datetime(TimeZone::system()));
    match time {
        Some(time) => format!("until {}", time.strftime("%H:%M")),
        None => "until 'sotto dnd off'".to_owned(),
    }
}
