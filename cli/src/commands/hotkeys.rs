//! `sotto hotkeys`

mod desktop;

use crate::failure::Failure;
use crate::output::Output;
use desktop::Desktop;
use serde::Serialize;
use sotto_control::config::{self, Config, HotkeyAction, Trigger};
use sotto_control::{KeyBackend, KeyReport, KeysReport, Places, keys_report, keys_report_path};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Show the keys that work everywhere, what this desktop cannot do, and lines for its own settings
#[derive(Debug, clap::Args)]
#[command(
    after_help = "sotto-tray holds the keys while it runs; a changed one holds at once. On Wayland the desktop must allow it, once.\n\nExamples:\n  sotto config set hotkeys.mute Ctrl+Alt+M\n  sotto config set hotkeys.whisper.desk Ctrl+Alt+D\n  sotto hotkeys\n  sotto hotkeys --for sway"
)]
pub(crate) struct Hotkeys {
    /// The desktop to show lines for; otherwise the one that runs
    #[arg(long = "for", value_name = "DESKTOP")]
    desktop: Option<For>,

    /// Show lines for every desktop, as where none runs
    #[arg(long, conflicts_with = "desktop")]
    all: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum For {
    Sway,
    Hyprland,
    I3,
    Gnome,
    Kde,
}

/// The looks at a tray that has just been told of other keys.
const LOOKS: usize = 10;
/// The pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The reply.
#[derive(Debug, Serialize)]
struct Shown {
    /// The way by which this desktop gives keys.
    backend: KeyBackend,
    /// Whether sotto-tray runs, and holds what can be held.
    running: bool,
    /// Why none is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    keys: Vec<Key>,
    /// What this desktop cannot do, in sentences.
    cannot: Vec<String>,
    /// Lines for the settings of desktops, by their names.
    lines: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Key {
    setting: String,
    /// What it does.
    does: String,
    /// The key in the settings.
    key: String,
    /// The key as the desktop holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<String>,
    /// Why it is not held.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Hotkeys {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let places = Places::find()?;
        let reading = |source| Failure::File {
            what: "read",
            path: places.config.clone(),
            source,
        };
        let text = config::read(&places.config).map_err(reading)?;
        let config = Config::parse(&text).map_err(|source| Failure::Config {
            path: places.config.clone(),
            source,
        })?;
        let keys = config.hotkeys.all();
        let report = report(&places, &keys).await?;
        let here = Desktop::here();
        let wanted = match self.desktop {
            None => match (self.all, here, Desktop::name_here()) {
                (false, Some(here), _) => vec![here],
                // Its settings are unknown, and those of others are of no use in it.
                (false, None, Some(_)) => Vec::new(),
                (true, ..) | (false, None, None) => Desktop::ALL.to_vec(),
            },
            Some(For::Sway) => vec![Desktop::Sway],
            Some(For::Hyprland) => vec![Desktop::Hyprland],
            Some(For::I3) => vec![Desktop::I3],
            Some(For::Gnome) => vec![Desktop::Gnome],
            Some(For::Kde) => vec![Desktop::Kde],
        };
        let shown = shown(&keys, report, here, &wanted);
        output.show(&shown, |shown, _| text_of(shown))
    }
}

/// Reads what has come of the keys. A tray that has just been told of others is waited for a moment.
async fn report(
    places: &Places,
    keys: &[(HotkeyAction, Trigger)],
) -> Result<Option<KeysReport>, Failure> {
    let mut looks = 0;
    loop {
        let report = keys_report(places).map_err(|source| Failure::File {
            what: "read",
            path: keys_report_path(places),
            source,
        })?;
        looks += 1;
        match report {
            Some(report) if looks < LOOKS && !is_of(&report, keys) => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            report => return Ok(report),
        }
    }
}

/// Returns whether a report tells of these keys.
fn is_of(report: &KeysReport, keys: &[(HotkeyAction, Trigger)]) -> bool {
    let told = |(action, trigger)| found(report, action, trigger).is_some();
    report.problem.is_some() || keys.iter().map(|(a, t)| (a, t)).all(told)
}

/// Returns what a report tells of a key.
fn found<'a>(
    report: &'a KeysReport,
    action: &HotkeyAction,
    trigger: &Trigger,
) -> Option<&'a KeyReport> {
    let (setting, key) = (action.setting(), trigger.to_string());
    let mut keys = report.keys.iter();
    keys.find(|told| told.setting == setting && told.key == key)
}

fn shown(
    keys: &[(HotkeyAction, Trigger)],
    report: Option<KeysReport>,
    here: Option<Desktop>,
    wanted: &[Desktop],
) -> Shown {
    let running = report.is_some();
    let report = report.unwrap_or_else(|| KeysReport {
        backend: KeyBackend::here(),
        ..KeysReport::default()
    });
    let of = |action: &HotkeyAction, trigger: &Trigger| {
        let found = found(&report, action, trigger);
        found.cloned().unwrap_or_else(|| KeyReport {
            setting: action.setting(),
            key: trigger.to_string(),
            bound: None,
            // The whole has its own reason.
            problem: (running && report.problem.is_none())
                .then(|| "sotto-tray has not taken it over yet".to_owned()),
        })
    };
    Shown {
        backend: report.backend,
        running,
        problem: report.problem.clone(),
        hint: report.hint.clone(),
        keys: keys
            .iter()
            .map(|(action, trigger)| {
                let KeyReport {
                    setting,
                    key,
                    bound,
                    problem,
                } = of(action, trigger);
                Key {
                    setting,
                    does: match action.is_held() {
                        true => format!("{} while held", action.says()),
                        false => action.says(),
                    },
                    key,
                    bound,
                    problem,
                }
            })
            .collect(),
        cannot: desktop::cannot(report.backend, here),
        lines: wanted
            .iter()
            .map(|desktop| (desktop.name(), desktop.lines(keys)))
            .collect(),
    }
}

fn text_of(shown: &Shown) -> String {
    let mut text = String::new();
    text.push_str(match shown.backend {
        KeyBackend::X11 => "The X server gives programs keys here.\n",
        KeyBackend::Portal => "The desktop portal gives programs keys here (Wayland).\n",
        KeyBackend::None => "Nothing gives programs keys here: there is no desktop.\n",
    });
    if !shown.running {
        text.push_str(
            "sotto-tray does not run, so that no key is held; start it with 'sotto-tray'.\n",
        );
    }
    if let Some(problem) = &shown.problem {
        let hint = shown.hint.as_deref().unwrap_or_default();
        // Writing to a text does not fail.
        let _ = writeln!(text, "No key is held: {problem}\n  {hint}");
    }
    if shown.keys.is_empty() {
        text.push_str("\nNo key is set; for instance: sotto config set hotkeys.mute Ctrl+Alt+M\n");
        return text;
    }
    text.push('\n');
    let width = |of: fn(&Key) -> &str| {
        let lengths = shown.keys.iter().map(|key| of(key).chars().count());
        lengths.max().unwrap_or_default()
    };
    let (keys, says) = (width(|key| &key.key), width(|key| &key.does));
    for key in &shown.keys {
        let state = match (&key.bound, &key.problem) {
            (_, Some(problem)) => problem.clone(),
            (Some(bound), None) if *bound == key.key => "held".to_owned(),
            (Some(bound), None) => format!("held as {bound}"),
            (None, None) => "not held".to_owned(),
        };
        let _ = writeln!(text, "  {:keys$}  {:says$}  {state}", key.key, key.does);
    }
    if !shown.cannot.is_empty() {
        text.push_str("\nWhat this desktop cannot do:\n");
        for sentence in &shown.cannot {
            let _ = writeln!(text, "  {sentence}");
        }
    }
    if shown.lines.is_empty() {
        text.push_str("\nLines for the settings of other desktops: sotto hotkeys --all\n");
    }
    for (name, lines) in &shown.lines {
        let place = Desktop::ALL.iter().find(|desktop| desktop.name() == *name);
        let place = place.map(|desktop| desktop.place()).unwrap_or_default();
        let _ = writeln!(text, "\n{name}: {place}");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<(HotkeyAction, Trigger)> {
        let config = "[hotkeys]\nmute = 'Ctrl+Alt+M'\nwhisper.desk = 'Ctrl+Alt+D'\n";
        Config::parse(config).unwrap().hotkeys.all()
    }

    #[test]
    fn without_a_tray_no_key_is_held_and_it_says_so() {
        let text = text_of(&shown(&keys(), None, None, &[]));
        assert!(text.contains("sotto-tray does not run"), "{text}");
        assert!(text.contains("Ctrl+Alt+M  Mute or unmute"), "{text}");
        assert!(text.contains("not held"), "{text}");
    }

    #[test]
    fn what_has_come_of_each_key_is_shown() {
        let report = KeysReport {
            backend: KeyBackend::Portal,
            keys: vec![
                KeyReport {
                    setting: "hotkeys.mute".into(),
                    key: "Ctrl+Alt+M".into(),
                    bound: Some("Super+M".into()),
                    problem: None,
                },
                KeyReport {
                    setting: "hotkeys.whisper.desk".into(),
                    key: "Ctrl+Alt+D".into(),
                    bound: None,
                    problem: Some("belongs to another program".into()),
                },
            ],
            ..KeysReport::default()
        };
        let text = text_of(&shown(&keys(), Some(report), Some(Desktop::Kde), &[]));
        assert!(text.contains("held as Super+M"), "{text}");
        assert!(text.contains("belongs to another program"), "{text}");
        assert!(!text.contains("does not run"), "{text}");
    }

    #[test]
    fn a_key_that_the_tray_has_not_taken_over_is_told() {
        let report = KeysReport {
            keys: vec![KeyReport {
                setting: "hotkeys.mute".into(),
                key: "F9".into(),
                bound: Some("F9".into()),
                problem: None,
            }],
            ..KeysReport::default()
        };
        assert!(!is_of(&report, &keys()));
        let text = text_of(&shown(&keys(), Some(report), None, &[]));
        assert_eq!(
            text.matches("has not taken it over yet").count(),
            2,
            "{text}"
        );
    }

    #[test]
    fn without_keys_it_says_how_to_set_one() {
        let text = text_of(&shown(&[], None, None, &Desktop::ALL));
        assert!(text.contains("sotto config set hotkeys.mute"), "{text}");
        assert!(!text.contains("sway"), "{text}");
    }
}
