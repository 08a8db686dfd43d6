//! The keys that work in every program, as the settings show and change them. Pure: what is pressed is handed in.
//!
//! A key is written into `config.toml` by the daemon, as `sotto config set` has it done. The tray sees that, and says
//! what has come of it.

use sotto_control::config::{Config, HotkeyAction, Hotkeys, Trigger};
use sotto_control::{KeyBackend, KeysReport};

use super::errand::Errand;

/// What is known of keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// The settings.
    hotkeys: Hotkeys,
    /// The names of the groups that could have a key.
    groups: Vec<String>,
    /// What has come of it; none without a tray.
    report: Option<KeysReport>,
}

impl Facts {
    /// Reads the text of `config.toml`. A mistake in it is told elsewhere.
    pub(crate) fn of(text: &str, report: Option<KeysReport>) -> Self {
        let config = Config::parse(text).unwrap_or_default();
        let groups = config.groups.into_iter().map(|group| group.name);
        Self {
            groups: groups.collect(),
            hotkeys: config.hotkeys,
            report,
        }
    }
}

/// An action that a key can have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The action.
    pub(crate) action: HotkeyAction,
    /// What it does, in words.
    pub(crate) does: String,
    /// Its key.
    pub(crate) key: Option<Trigger>,
    /// What has come of the key, where that is not simply that it is held; and whether that is wrong.
    pub(crate) remark: Option<(String, bool)>,
}

/// Something that is pressed or let go while a key is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// A key goes down, by its name in the settings if it has one, while these of Ctrl, Alt and Shift are down.
    Down {
        key: Option<&'static str>,
        held: [bool; 3],
    },
    /// One of Ctrl, Alt, Shift and Super, by name, goes down or up.
    Held { name: &'static str, down: bool },
}

/// The wait for a key.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    action: HotkeyAction,
    /// Whether Super is down, of which the toolkit tells only as of a key.
    logo: bool,
    /// What is down and may be let go again without a key.
    alone: Option<&'static str>,
    /// Why what was pressed cannot be the key, in a sentence.
    refused: Option<String>,
}

/// The keys in the open settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Keys {
    facts: Facts,
    asked: Option<Asked>,
    /// The action whose wait has ended, which gets the focus back.
    answered: Option<HotkeyAction>,
}

impl Keys {
    /// Takes what is known now.
    pub(crate) fn see(&mut self, facts: Facts) {
        self.facts = facts;
    }

    /// Returns a line for each action.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let keys = self.facts.hotkeys.all();
        let mut actions = vec![
            HotkeyAction::Talk,
            HotkeyAction::Reply,
            HotkeyAction::Mute,
            HotkeyAction::Deafen,
        ];
        actions.extend(self.facts.groups.iter().cloned().map(HotkeyAction::Whisper));
        // A group that is gone may have its key still.
        let others = keys.iter().map(|(action, _)| action.clone());
        let others: Vec<_> = others.filter(|it| !actions.contains(it)).collect();
        actions.extend(others);
        let key = |action: &HotkeyAction| {
            let found = keys.iter().find(|(one, _)| one == action);
            found.map(|(_, trigger)| *trigger)
        };
        actions
            .into_iter()
            .map(|action| {
                let key = key(&action);
                Row {
                    does: match action.is_held() {
                        true => format!("{} while held", action.says()),
                        false => action.says(),
                    },
                    remark: key.and_then(|key| self.remark(&action, key)),
                    key,
                    action,
                }
            })
            .collect()
    }

    fn remark(&self, action: &HotkeyAction, key: Trigger) -> Option<(String, bool)> {
        // The whole has its own reason.
        let report = self.facts.report.as_ref()?;
        if report.problem.is_some() {
            return None;
        }
        let (setting, key) = (action.setting(), key.to_string());
        let told = report
            .keys
            .iter()
            .find(|told| told.setting == setting && told.key == key);
        let Some(told) = told else {
            return Some(("Not held yet.".into(), false));
        };
        match (&told.problem, &told.bound) {
            (Some(problem), _) => Some((format!("Not held: {problem}."), true)),
            (None, Some(bound)) if *bound != key => {
                Some((format!("The desktop has given it {bound}."), false))
            }
            (None, _) => None,
        }
    }

    /// Says why no key is held at all, in a sentence.
    pub(crate) fn trouble(&self) -> Option<String> {
        match &self.facts.report {
            None if self.facts.hotkeys.all().is_empty() => None,
            None => Some(
                "The icon in the panel holds the keys, and it is not there: start sotto-tray."
                    .into(),
            ),
            Some(report) => report.problem.as_ref().map(|problem| match &report.hint {
                Some(hint) => format!("No key is held: {problem}; {hint}."),
                None => format!("No key is held: {problem}."),
            }),
        }
    }

    /// Returns whether the desktop decides which keys these are.
    pub(crate) fn are_proposed(&self) -> bool {
        let report = self.facts.report.as_ref();
        report.is_some_and(|report| report.backend == KeyBackend::Portal)
    }

    /// Returns whether the desktop has a dialog of its own about them.
    pub(crate) fn has_dialog(&self) -> bool {
        self.facts
            .report
            .as_ref()
            .is_some_and(|report| report.dialog)
    }

    /// Begins to wait for the key of an action.
    pub(crate) fn ask(&mut self, action: HotkeyAction) {
        self.asked = Some(Asked {
            action,
            logo: false,
            alone: None,
            refused: None,
        });
    }

    /// Waits no more. The old key stays.
    pub(crate) fn keep(&mut self) {
        self.answered = self.asked.take().map(|asked| asked.action);
    }

    /// Returns whether a key is waited for.
    pub(crate) const fn asks(&self) -> bool {
        self.asked.is_some()
    }

    /// Returns whether this action's key is waited for.
    pub(crate) fn asks_for(&self, action: &HotkeyAction) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.action == *action)
    }

    /// Says why what was pressed cannot be the key.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.asked.as_ref()?.refused.as_deref()
    }

    /// Returns whether the wait for this action's key has just ended. Tells so once.
    pub(crate) fn has_answered(&mut self, action: &HotkeyAction) -> bool {
        self.answered
            .take_if(|answered| answered == action)
            .is_some()
    }

    /// Takes what is pressed or let go, and returns what is to be set.
    pub(crate) fn stroke(&mut self, stroke: Stroke) -> Option<Errand> {
        let asked = self.asked.as_mut()?;
        match stroke {
            Stroke::Held { name, down } => {
                if name == "Super" {
                    asked.logo = down;
                }
                if down {
                    asked.alone = Some(name);
                } else if asked.alone.take().is_some() {
                    asked.refused = Some(format!(
                        "{name} alone cannot be a key: hold it, and press another one."
                    ));
                }
                None
            }
            Stroke::Down { key, held } => {
                asked.alone = None;
                let logo = asked.logo;
                if key == Some("Escape") && held == [false; 3] && !logo {
                    self.keep();
                    return None;
                }
                match self.read(key, held, logo) {
                    Ok(trigger) => self.set(trigger),
                    Err(why) => {
                        self.asked.as_mut()?.refused = Some(why);
                        None
                    }
                }
            }
        }
    }

    /// Returns the key that is pressed, or why it cannot be one.
    fn read(
        &self,
        key: Option<&'static str>,
        [ctrl, alt, shift]: [bool; 3],
        logo: bool,
    ) -> Result<Trigger, String> {
        let key = key.ok_or("Sotto has no name for this key: press another one.")?;
        let held = [
            (ctrl, "Ctrl"),
            (alt, "Alt"),
            (shift, "Shift"),
            (logo, "Super"),
        ];
        let held = held.into_iter().filter_map(|(is, name)| is.then_some(name));
        let text = held.chain([key]).collect::<Vec<_>>().join("+");
        let trigger: Trigger = text.parse().map_err(|why| format!("The key {why}."))?;
        let asked = self.asked.as_ref().map(|asked| &asked.action);
        let keys = self.facts.hotkeys.all();
        let mut others = keys.iter().filter(|(action, _)| Some(action) != asked);
        match others.find(|(_, other)| *other == trigger) {
            Some((action, _)) => Err(format!(
                "{trigger} is the key for “{}” already.",
                action.says()
            )),
            None => Ok(trigger),
        }
    }

    /// Ends the wait with a key.
    fn set(&mut self, trigger: Trigger) -> Option<Errand> {
        let setting = self.asked.as_ref()?.action.setting();
        self.keep();
        Some(Errand::Key {
            setting,
            key: Some(trigger.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use sotto_control::KeyReport;

    use super::*;

    const FILE: &str =
        "[groups]\ndesk = []\n[hotkeys]\nmute = \"F9\"\nwhisper.home = \"Ctrl+Alt+H\"\n";
    const NOTHING: [bool; 3] = [false; 3];

    fn keys(report: Option<KeysReport>) -> Keys {
        let mut keys = Keys::default();
        keys.see(Facts::of(FILE, report));
        keys
    }

    fn down(key: &'static str, held: [bool; 3]) -> Stroke {
        let key = Some(key);
        Stroke::Down { key, held }
    }

    #[test]
    fn every_action_and_group_has_a_line() {
        let shown: Vec<_> = keys(None)
            .rows()
            .into_iter()
            .map(|row| (row.does, row.key.map(|key| key.to_string())))
            .collect();
        let line = |does: &str, key: Option<&str>| (does.to_owned(), key.map(str::to_owned));
        assert_eq!(
            shown,
            [
                line("Speak while held", None),
                line("Answer the last whisper while held", None),
                line("Mute or unmute", Some("F9")),
                line("Deafen or undeafen", None),
                line("Whisper to desk while held", None),
                line("Whisper to home while held", Some("Ctrl+Alt+H")),
            ]
        );
    }

    #[test]
    fn a_key_is_taken_with_what_is_held_beside_it() {
        let mut keys = keys(None);
        keys.ask(HotkeyAction::Talk);
        for name in ["Ctrl", "Super"] {
            assert_eq!(keys.stroke(Stroke::Held { name, down: true }), None);
        }
        let set = keys.stroke(down("Space", [true, false, false]));
        let expected = Errand::Key {
            setting: "hotkeys.talk".into(),
            key: Some("Ctrl+Super+Space".into()),
        };
        assert_eq!(set, Some(expected));
        assert!(!keys.asks() && keys.has_answered(&HotkeyAction::Talk));
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_in_a_sentence_and_waited_on() {
        let mut keys = keys(None);
        keys.ask(HotkeyAction::Talk);
        let (name, nothing) = (
            "Ctrl",
            Stroke::Down {
                key: None,
                held: NOTHING,
            },
        );
        keys.stroke(Stroke::Held { name, down: true });
        for (stroke, why) in [
            (
                Stroke::Held { name, down: false },
                "Ctrl alone cannot be a key",
            ),
            (down("A", NOTHING), "A alone could not be typed any more."),
            (
                down("A", [false, false, true]),
                "must hold Ctrl, Alt or Super",
            ),
            (
                down("F9", NOTHING),
                "F9 is the key for “Mute or unmute” already.",
            ),
            (nothing, "no name for this key"),
        ] {
            assert_eq!(keys.stroke(stroke), None, "{stroke:?}");
            let refused = keys.refused().unwrap();
            assert!(refused.contains(why), "{refused}");
        }
        assert!(keys.stroke(down("F10", NOTHING)).is_some());
    }

    #[test]
    fn escape_keeps_the_old_key_and_the_old_key_may_be_pressed_again() {
        let mut keys = keys(None);
        keys.ask(HotkeyAction::Mute);
        assert_eq!(keys.stroke(down("Escape", NOTHING)), None);
        assert!(!keys.asks());
        keys.ask(HotkeyAction::Mute);
        assert!(keys.stroke(down("F9", NOTHING)).is_some());
    }

    #[test]
    fn what_has_come_of_a_key_is_said() {
        let told = |key: &str, bound: Option<&str>, problem: Option<&str>| KeysReport {
            backend: KeyBackend::Portal,
            keys: vec![KeyReport {
                setting: "hotkeys.mute".into(),
                key: key.into(),
                bound: bound.map(str::to_owned),
                problem: problem.map(str::to_owned),
            }],
            ..KeysReport::default()
        };
        let remark = |report| keys(Some(report)).rows().swap_remove(2).remark;
        assert_eq!(remark(told("F9", Some("F9"), None)), None);
        assert_eq!(
            remark(told("F9", Some("Super+M"), None)),
            Some(("The desktop has given it Super+M.".into(), false))
        );
        assert_eq!(
            remark(told("F9", None, Some("F9 belongs to another program"))),
            Some(("Not held: F9 belongs to another program.".into(), true))
        );
        // An old report is none about this key.
        assert_eq!(
            remark(told("F8", Some("F8"), None)),
            Some(("Not held yet.".into(), false))
        );
        let refused = KeysReport {
            problem: Some("the desktop was not allowed to".into()),
            hint: Some("allow it".into()),
            ..KeysReport::default()
        };
        let keys = keys(Some(refused));
        let trouble = "No key is held: the desktop was not allowed to; allow it.";
        assert_eq!(keys.trouble().as_deref(), Some(trouble));
        assert_eq!(keys.rows()[2].remark, None);
    }
}
