//! `sotto hotkeys`

mod desktop;

use crate::failure::Failure;
use crate::output::Output;
use desktop::Desktop;
use serde::Serialize;
use sotto_control::config::{self, Config, HotkeyAction, Trigger};
use sotto_control::{KeyBackend, KeyReport, KeysReport, Places, keys_report};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Show the keys that work everywhere, what this desktop cannot do, and lines for its own settings
#[derive(Debug, clap::Args)]
#[command(
    after_help = "sotto-tray holds the keys while it runs, and reads them when it starts. On Wayland the desktop must allow it, once.\n\nExamples:\n  sotto config set hotkeys.mute Ctrl+Alt+M\n  sotto config set hotkeys.whisper.desk Ctrl+Alt+D\n  sotto hotkeys\n  sotto hotkeys --for sway"
)]
pub(crate) struct Hotkeys {
    /// The desktop to show lines for, or "all"; otherwise the one that runs
    #[arg(long = "for", value_name = "DESKTOP")]
    desktop: Option<For>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum For {
    Sway,
    Hyprland,
    I3,
    Gnome,
    Kde,
    All,
}

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
    #[allow(clippy::unused_async)] // every command is run alike
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
        let report = keys_report(&places).map_err(|source| Failure::File {
            what: "read",
            path: places.lock.with_file_name("hotkeys.json"),
            source,
        })?;
        let here = Desktop::here();
        let wanted = match self.desktop {
            None => here.map_or_else(|| Desktop::ALL.to_vec(), |here| vec![here]),
            Some(For::All) => Desktop::ALL.to_vec(),
            Some(For::Sway) => vec![Desktop::Sway],
            Some(For::Hyprland) => vec![Desktop::Hyprland],
            Some(For::I3) => vec![Desktop::I3],
            Some(For::Gnome) => vec![Desktop::Gnome],
            Some(For::Kde) => vec![Desktop::Kde],
        };
        let shown = shown(&config.hotkeys.all(), report, here, &wanted);
        output.show(&shown, |shown, _| text_of(shown))
    }
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
    let of = |action: &HotkeyAction| {
        let setting = action.setting();
        let found = report.keys.iter().find(|key| key.setting == setting);
        found.cloned().unwrap_or_else(|| KeyReport {
            setting,
            bound: None,
            // The whole has its own reason.
            problem: (running && report.problem.is_none())
                .then(|| "sotto-tray has not read it yet; start it again".to_owned()),
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
                    bound,
                    problem,
                } = of(action);
                Key {
                    setting,
                    does: match action.is_held() {
                        true => format!("{} while held", action.says()),
                        false => action.says(),
                    },
                    key: trigger.to_string(),
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
                    bound: Some("Super+M".into()),
                    problem: None,
                },
                KeyReport {
                    setting: "hotkeys.whisper.desk".into(),
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
    fn a_key_that_was_set_since_the_tray_started_is_told() {
        let text = text_of(&shown(&keys(), Some(KeysReport::default()), None, &[]));
        assert!(text.contains("start it again"), "{text}");
    }

    #[test]
    fn without_keys_it_says_how_to_set_one() {
        let text = text_of(&shown(&[], None, None, &Desktop::ALL));
        assert!(text.contains("sotto config set hotkeys.mute"), "{text}");
        assert!(!text.contains("sway"), "{text}");
    }
}
