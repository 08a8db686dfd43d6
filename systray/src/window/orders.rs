//! What the tray tells its window: one JSON object a line, over the window's standard input.
//!
//! ```text
//! {"show":{}}
//! {"show":{"invitation":"MEETING-ID","token":"ACTIVATION-TOKEN"}}
//! {"show":{"page":"start"}}
//! ```
//!
//! `show` brings the window to the front. `invitation` is the meeting whose invitation it is shown for, `token` the
//! desktop's leave to take the keyboard, `page` what is opened in it: `start` (a meeting) or `settings`. Unknown members
//! are ignored, and so are lines that are no order. The end of standard input does not end the window: it works when it
//! is started by hand, and outlives the tray.

use std::io::{BufRead, Read};

use serde::Deserialize;

/// The longest line; whatever is longer is no order.
const LONGEST: u64 = 4096;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Come to the front.
    Show(Show),
}

/// The reason for the window to come to the front.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Show {
    /// The meeting whose invitation the user has clicked.
    pub(crate) invitation: Option<String>,
    /// The desktop's leave to take the keyboard.
    pub(crate) token: Option<String>,
    /// What is to be opened in it.
    pub(crate) page: Option<Page>,
}

/// A page of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Page {
    /// Where a meeting is started.
    Start,
    /// The settings.
    Settings,
    /// Something that this version does not have.
    #[serde(other)]
    #[value(skip)]
    Unknown,
}

impl Page {
    /// Returns its name on a command line.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Start => Some("start"),
            Self::Settings => Some("settings"),
            Self::Unknown => None,
        }
    }
}

/// Reads orders until the input ends or nobody takes them.
pub(crate) fn read(mut input: impl BufRead, mut take: impl FnMut(Order) -> bool) {
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        match serde_json::from_slice(&line) {
            Ok(order) => {
                if !take(order) {
                    return;
                }
            }
            Err(error) => tracing::debug!(%error, "no order"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(input: &str) -> Vec<Order> {
        let mut orders = Vec::new();
        read(input.as_bytes(), |order| {
            orders.push(order);
            true
        });
        orders
    }

    #[test]
    fn orders_are_read_line_by_line_and_nonsense_is_skipped() {
        let shown = orders(
            "{\"show\":{}}\nnonsense\n\n{\"dance\":1}\n\
             {\"show\":{\"invitation\":\"aa11\",\"token\":\"t\",\"later\":true}}",
        );
        let with = Show {
            invitation: Some("aa11".into()),
            token: Some("t".into()),
            page: None,
        };
        assert_eq!(shown, [Order::Show(Show::default()), Order::Show(with)]);
    }

    #[test]
    fn an_order_may_name_what_is_opened() {
        for (name, page) in [
            ("start", Page::Start),
            ("settings", Page::Settings),
            ("moon", Page::Unknown),
        ] {
            let show = Show {
                page: Some(page),
                ..Show::default()
            };
            let line = format!("{{\"show\":{{\"page\":\"{name}\"}}}}");
            assert_eq!(orders(&line), [Order::Show(show)]);
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        assert_eq!(orders(&"x".repeat(100_000)), []);
    }
}
