//! Replies as text for people.
//!
//! Nothing here prints: every function makes a text of a reply, in a [`Style`] that knows whether colour is wanted.

mod audio;
mod diagnosis;
mod dnd;
mod failure;
mod group;
mod latency;
mod meeting;
mod people;
mod service;
mod stats;
mod status;
mod style;
pub(crate) mod table;
mod talk;

pub(crate) use audio::{
    audio, device_choice, devices, echo_test, microphone_test, silence, test_progress, volume,
};
pub(crate) use diagnosis::diagnosis;
pub(crate) use dnd::{dnd, dnd_reply};
pub(crate) use failure::failure;
pub(crate) use group::{group_added, group_removed, groups};
pub(crate) use latency::latency;
pub(crate) use meeting::{
    declined, invitations, invited, joined, left, meetings, roster, withdrawn,
};
pub(crate) use people::{connected, peers, presence_reply};
pub(crate) use service::{service_installed, service_status, service_stopped, service_uninstalled};
pub(crate) use stats::stats;
pub(crate) use status::{quit, setting, settings, started, status};
pub(crate) use style::{Ink, Style};
pub(crate) use talk::{because, press_reply, talk_reply, whispers};

use sotto_control::model::{OfflineReason, Person, Presence, PresenceState};
use std::time::Duration;
use table::Table;

/// `Anna`, `Anna and Bao`, `Anna, Bao and Chen`.
pub(crate) fn names(people: &[Person]) -> String {
    match people {
        [] => "nobody".to_owned(),
        people => {
            let labels: Vec<&str> = people.iter().map(|one| one.label.as_str()).collect();
            listed(&labels)
        }
    }
}

/// Joins texts as people do: by commas and an `and`.
pub(crate) fn listed(texts: &[impl AsRef<str>]) -> String {
    match texts {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [others @ .., last] => {
            let others: Vec<&str> = others.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", others.join(", "), last.as_ref())
        }
    }
}

/// A time span as people say it: `450 ms`, `12 s`, `3 min`, `2 h 5 min`, `4 days`.
pub(crate) fn duration(time: Duration) -> String {
    // To the nearest second: what is left of two seconds is not "1 s" a moment later.
    let seconds = time.saturating_add(Duration::from_millis(500)).as_secs();
    match seconds {
        _ if time < Duration::from_millis(990) && !time.is_zero() => {
            format!("{} ms", time.as_millis())
        }
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => match seconds % 3600 / 60 {
            0 => format!("{} h", seconds / 3600),
            minutes => format!("{} h {minutes} min", seconds / 3600),
        },
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A bound as people say it, in the largest unit that it is a whole number of.
pub(crate) fn bound(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// The sign for a presence, in its colour.
pub(crate) const fn presence_sign(presence: &Presence) -> (&'static str, Ink) {
    match presence.state {
        PresenceState::Online if presence.not_reachable_from_here => ("●", Ink::Yellow),
        PresenceState::Online => ("●", Ink::Green),
        PresenceState::Away => ("◐", Ink::Yellow),
        PresenceState::Offline {
            reason: OfflineReason::Lost,
        } => ("○", Ink::Red),
        PresenceState::Offline { .. } | PresenceState::Unknown => ("○", Ink::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said = |seconds| duration(Duration::from_secs_f64(seconds));
        assert_eq!(said(0.999), "1 s");
        assert_eq!(said(0.45), "450 ms");
        assert_eq!(said(0.95), "950 ms");
        assert_eq!(said(1.98), "2 s");
        assert_eq!(said(90.0), "90 s");
        assert_eq!(said(600.0), "10 min");
        assert_eq!(said(7500.0), "2 h 5 min");
        assert_eq!(said(86_400.0 * 4.5), "4 days");
    }

    #[test]
    fn several_people_are_joined_by_commas_and_an_and() {
        let people: Vec<Person> = ["Anna", "Bao", "Chen"]
            .map(|label| Person {
                label: label.into(),
                ..Person::default()
            })
            .into();
        assert_eq!(names(&people), "Anna, Bao and Chen");
        assert_eq!(names(&people[..1]), "Anna");
        assert_eq!(names(&[]), "nobody");
    }
}
