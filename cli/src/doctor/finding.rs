//! One thing that the doctor found.

use serde::Serialize;

/// A part of what Sotto stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Area {
    Daemon,
    Network,
    Sound,
    Desktop,
}

impl Area {
    pub(crate) const ALL: [Self; 4] = [Self::Daemon, Self::Network, Self::Sound, Self::Desktop];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Daemon => "The daemon",
            Self::Network => "The network",
            Self::Sound => "Sound",
            Self::Desktop => "The desktop",
        }
    }

    /// Returns the exit code of `sotto doctor` if this is the first part with a problem.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Daemon => 10,
            Self::Network => 11,
            Self::Sound => 12,
            Self::Desktop => 13,
        }
    }
}

/// The weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Weight {
    /// As it should be.
    Fine,
    /// Worth knowing; or something that could not be looked at.
    Note,
    /// Keeps Sotto from doing something.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) area: Area,
    /// The name of the thing, for programs: `firewall`.
    pub(crate) check: &'static str,
    pub(crate) weight: Weight,
    /// A sentence without full stop.
    pub(crate) what: String,
    /// A sentence that says why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// The command, or the deed, that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
    /// The help is a command and nothing else.
    #[serde(skip)]
    pub(crate) is_command: bool,
}

/// A help: a deed in words, or a command that can be typed as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Help {
    text: String,
    is_command: bool,
}

impl Help {
    pub(crate) fn command(command: impl Into<String>) -> Self {
        Self {
            text: command.into(),
            is_command: true,
        }
    }
}

impl<T: Into<String>> From<T> for Help {
    fn from(deed: T) -> Self {
        Self {
            text: deed.into(),
            is_command: false,
        }
    }
}

impl Finding {
    fn new(weight: Weight, area: Area, check: &'static str, what: impl Into<String>) -> Self {
        Self {
            area,
            check,
            weight,
            what: what.into(),
            why: None,
            help: None,
            is_command: false,
        }
    }

    pub(crate) fn fine(area: Area, check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Weight::Fine, area, check, what)
    }

    pub(crate) fn note(area: Area, check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Weight::Note, area, check, what)
    }

    pub(crate) fn problem(area: Area, check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Weight::Problem, area, check, what)
    }

    /// Adds why it matters.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds what helps.
    pub(crate) fn helped_by(mut self, help: impl Into<Help>) -> Self {
        let help = help.into();
        self.help = Some(help.text);
        self.is_command = help.is_command;
        self
    }

    /// Replaces what helps, if something better is known.
    pub(crate) fn helped_if(self, help: Option<impl Into<Help>>) -> Self {
        match help {
            Some(help) => self.helped_by(help),
            None => self,
        }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Puts findings in the order of their areas; within one they stay as they were found.
    pub(crate) fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.area);
        Self { findings }
    }

    /// Replaces every text that is shown to people.
    pub(crate) fn reworded(mut self, mut reword: impl FnMut(&str) -> String) -> Self {
        for finding in &mut self.findings {
            finding.what = reword(&finding.what);
            for text in [&mut finding.why, &mut finding.help].into_iter().flatten() {
                *text = reword(text);
            }
        }
        self
    }

    /// Returns the first part that has a problem.
    pub(crate) fn ails(&self) -> Option<Area> {
        let mut problems = self
            .findings
            .iter()
            .filter(|it| it.weight == Weight::Problem);
        problems.next().map(|finding| finding.area)
    }

    pub(crate) fn count(&self, weight: Weight) -> usize {
        self.findings
            .iter()
            .filter(|it| it.weight == weight)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_with_a_problem_gives_the_exit_code() {
        let report = Report::new(vec![
            Finding::problem(Area::Desktop, "tray", "no tray"),
            Finding::problem(Area::Network, "firewall", "closed"),
            Finding::note(Area::Daemon, "linger", "on"),
        ]);
        assert_eq!(report.ails(), Some(Area::Network));
        assert_eq!(report.findings[0].check, "linger");
        let well = Report::new(vec![Finding::note(Area::Daemon, "linger", "on")]);
        assert_eq!(well.ails(), None);
    }

    #[test]
    fn every_text_for_people_is_reworded() {
        let finding = Finding::note(Area::Network, "colleagues", "Anna is away")
            .because("Anna went")
            .helped_by("call Anna");
        let report = Report::new(vec![finding]).reworded(|text| text.replace("Anna", "person-1"));
        let shown = serde_json::to_string(&report).unwrap();
        assert!(!shown.contains("Anna"), "{shown}");
        assert_eq!(shown.matches("person-1").count(), 3);
    }
}
