//! What the doctor found.

use super::{Ink, Style};
use crate::doctor::{Area, Finding, Report, Weight};
use unicode_width::UnicodeWidthStr;

/// The columns before a sentence: two blanks, the sign, a blank.
const INDENT: usize = 4;

/// The width of a text where no terminal tells its own, and the widest.
const COLUMNS: (usize, usize) = (80, 100);

/// Shows problems and notes, and, if `all`, what is well.
pub(crate) fn diagnosis(report: &Report, all: bool, style: Style) -> String {
    let columns = style.columns().unwrap_or(COLUMNS.0).min(COLUMNS.1);
    let mut text = String::new();
    for area in Area::ALL {
        let of_area = report.findings.iter().filter(|it| it.area == area);
        let shown: Vec<&Finding> = of_area
            .filter(|it| all || it.weight > Weight::Fine)
            .collect();
        text.push_str(&style.paint(Ink::Bold, area.title()));
        text.push('\n');
        if shown.is_empty() {
            text.push_str(&format!("  {} is well\n", style.paint(Ink::Green, "✓")));
        }
        for finding in shown {
            one(&mut text, finding, columns, style);
        }
        text.push('\n');
    }
    let counted = |weight, one: &str, many: &str| match report.count(weight) {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let problems = counted(Weight::Problem, "problem", "problems");
    let notes = counted(Weight::Note, "note", "notes");
    let sum = match (problems, notes) {
        (None, None) => "Everything is well.".to_owned(),
        (None, Some(notes)) => format!("No problem, {notes}."),
        (Some(problems), None) => format!("{problems}."),
        (Some(problems), Some(notes)) => format!("{problems}, {notes}."),
    };
    text.push_str(&sum);
    if !all {
        text.push_str(&style.paint(Ink::Dim, " What is well: sotto doctor --all"));
    }
    text
}

fn one(text: &mut String, finding: &Finding, columns: usize, style: Style) {
    let (sign, ink) = match finding.weight {
        Weight::Fine => ("✓", Ink::Green),
        Weight::Note => ("·", Ink::Yellow),
        Weight::Problem => ("✗", Ink::Red),
    };
    let what = capitalised(&finding.what);
    let lines = wrapped(&what, columns.saturating_sub(INDENT));
    for (number, line) in lines.iter().enumerate() {
        let sign = if number == 0 { sign } else { " " };
        let line = match finding.weight {
            Weight::Problem => style.paint(Ink::Bold, line),
            Weight::Note | Weight::Fine => line.clone(),
        };
        text.push_str(&format!("  {} {line}\n", style.paint(ink, sign)));
    }
    if let Some(why) = &finding.why {
        for line in wrapped(
            &format!("{}.", capitalised(why)),
            columns.saturating_sub(INDENT),
        ) {
            text.push_str(&format!("    {}\n", style.paint(Ink::Dim, line)));
        }
    }
    if let Some(help) = &finding.help {
        // Whoever copies a broken command still runs one.
        let within = columns.saturating_sub(INDENT + 2);
        let broken = finding.is_command && help.width() > within;
        let joint = if broken { " \\" } else { "" };
        let lines = joined(words(help), within.saturating_sub(joint.len()));
        for (number, line) in lines.iter().enumerate() {
            let arrow = if number == 0 { "→" } else { " " };
            let joint = if number + 1 < lines.len() { joint } else { "" };
            text.push_str(&format!("    {arrow} {line}{joint}\n"));
        }
    }
}

/// Begins a sentence with a capital, unless it begins with a program's name.
fn capitalised(sentence: &str) -> String {
    let names = [
        "sottod",
        "sotto",
        "ufw",
        "firewalld",
        "nftables",
        "iptables",
        "network.",
    ];
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) if !names.iter().any(|name| sentence.starts_with(name)) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// Breaks a text between words into lines of at most `columns`; a longer word stays whole.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    joined(text.split(' '), columns)
}

/// Returns the words of a text with commands in it. What stands between quotes is not broken: with a line's end in it, it
/// would be something else.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut open, mut before) = (0, None, ' ');
    for (at, letter) in text.char_indices() {
        let after = at + letter.len_utf8();
        match (letter, open) {
            (' ', None) => {
                words.push(&text[start..at]);
                start = after;
            }
            // Behind a letter it is an apostrophe, behind a backslash a part of a name.
            ('"' | '\'', None)
                if before != '\\'
                    && !before.is_alphanumeric()
                    && text[after..].contains(letter) =>
            {
                open = Some(letter);
            }
            (_, Some(quote)) if letter == quote => open = None,
            _ => {}
        }
        before = letter;
    }
    words.push(&text[start..]);
    words
}

/// Joins words to lines of at most `columns`.
fn joined<'a>(words: impl IntoIterator<Item = &'a str>, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        let line = lines.last_mut();
        let Some(line) = line else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Help;

    fn report() -> Report {
        Report::new(vec![
            Finding::fine(Area::Daemon, "running", "sottod 0.1.0 runs as process 7"),
            Finding::problem(
                Area::Network,
                "firewall",
                "ufw lets nothing in at port 26606",
            )
            .because("colleagues behind such a firewall too may not reach you")
            .helped_by(Help::command("sudo ufw allow Sotto")),
            Finding::note(Area::Desktop, "tray", "sotto-tray does not run")
                .helped_by(Help::command("sotto-tray")),
        ])
    }

    #[test]
    fn problems_come_with_reason_and_help() {
        let text = diagnosis(&report(), false, Style::PLAIN);
        assert_eq!(
            text,
            "The daemon\n  ✓ is well\n\nThe network\n  ✗ ufw lets nothing in at port 26606\n    Colleagues behind such a firewall too may not reach you.\n    → sudo ufw allow Sotto\n\nSound\n  ✓ is well\n\nThe desktop\n  · sotto-tray does not run\n    → sotto-tray\n\n1 problem, 1 note. What is well: sotto doctor --all"
        );
    }

    #[test]
    fn what_is_well_is_shown_when_asked_for() {
        let text = diagnosis(&report(), true, Style::PLAIN);
        assert!(text.contains("✓ sottod 0.1.0 runs as process 7"), "{text}");
        assert!(!text.contains("--all"), "{text}");
    }

    #[test]
    fn a_command_that_is_broken_can_be_copied() {
        let help = "sudo firewall-cmd --permanent --add-service=mdns && sudo firewall-cmd --reload";
        let finding =
            Finding::problem(Area::Network, "firewall", "closed").helped_by(Help::command(help));
        let narrow = Style::PLAIN.within(50);
        let text = diagnosis(&Report::new(vec![finding]), false, narrow);
        let broken = "--permanent \\\n      --add-service=mdns";
        assert!(text.contains(broken), "{text}");
        assert!(text.lines().all(|line| line.width() <= 50), "{text}");
        let advice = Finding::note(Area::Network, "other", "other")
            .helped_by("if that is not meant, change it in the settings of this machine");
        let text = diagnosis(&Report::new(vec![advice]), false, narrow);
        assert!(!text.contains('\\'), "{text}");
    }

    #[test]
    fn what_stands_between_quotes_is_not_broken() {
        let narrow = Style::PLAIN.within(45);
        let shown = |help: Help| {
            let finding = Finding::problem(Area::Daemon, "files", "closed").helped_by(help);
            diagnosis(&Report::new(vec![finding]), false, narrow)
        };
        let path = r"'/srv/the board'\''s own, and old; files'";
        let text = shown(Help::command(format!("chmod go-w {path}")));
        let copied = format!("    → chmod go-w \\\n      {path}\n");
        assert!(text.contains(&copied), "{text}");
        let text = shown(format!("open it with: chmod u+rwx {path}").into());
        assert!(text.contains(&format!(" {path}\n")), "{text}");
        assert!(!text.contains("\\\n"), "{text}");
        let text = shown("at the colleague's: sotto doctor; not the guests' network".into());
        assert!(text.lines().all(|line| line.width() <= 45), "{text}");
    }

    #[test]
    fn lines_fit_a_narrow_terminal() {
        let text = diagnosis(&report(), true, Style::PLAIN.within(40));
        for line in text.lines() {
            assert!(line.width() <= 40, "{line}");
        }
        assert_eq!(
            wrapped("a word-without-end b", 5),
            ["a", "word-without-end", "b"]
        );
    }
}
