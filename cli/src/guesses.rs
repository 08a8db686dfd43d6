//! Commands as people guess them who know other programs, and what they are called here.

use std::ffi::OsString;

/// Words that are typed, and the command that does it.
const GUESSES: &[(&[&str], &str)] = &[
    (&["call", "create", "new", "begin"], "sotto meet"),
    (&["accept", "answer", "enter"], "sotto join"),
    (&["reject", "refuse", "deny"], "sotto decline"),
    (&["hangup", "hang-up", "end", "exit", "part"], "sotto leave"),
    (&["say", "speak", "ptt"], "sotto talk"),
    (&["pm", "private", "tell"], "sotto whisper"),
    (
        &["ls", "list", "who", "users", "colleagues", "contacts"],
        "sotto peers",
    ),
    (&["members", "participants"], "sotto roster"),
    (&["use", "change", "goto"], "sotto switch"),
    (&["here", "online", "present"], "sotto back"),
    (&["offline", "close"], "sotto quit"),
    (&["busy", "do-not-disturb"], "sotto dnd"),
    (
        &["mic", "microphone", "speaker", "audio", "sound"],
        "sotto devices",
    ),
    (&["echo", "test"], "sotto echo-test"),
    (&["log", "logs", "journal"], "sotto service logs"),
    (&["install", "enable"], "sotto service install"),
    (&["uninstall", "disable"], "sotto service uninstall"),
    (&["check", "diagnose", "diag"], "sotto doctor"),
    (&["report", "bug"], "sotto bugreport"),
    (&["name", "rename", "nick"], "sotto config set name"),
    (
        &["settings", "preferences", "config list", "config show"],
        "sotto config get",
    ),
    (&["devices list", "devices ls"], "sotto devices"),
    (&["service enable"], "sotto service install"),
    (&["service disable"], "sotto service uninstall"),
    (&["service log"], "sotto service logs"),
    (&["version"], "sotto --version"),
];

/// Returns the command that was meant by these words of a command line, the first of which is the program.
pub(crate) fn meant(words: &[OsString]) -> Option<&'static str> {
    let mut plain = words
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .filter(|word| !word.starts_with('-'));
    let first = plain.next()?;
    let both = plain.next().map(|second| format!("{first} {second}"));
    let of = |typed: &str| {
        let found = GUESSES.iter().find(|(guesses, _)| guesses.contains(&typed));
        found.map(|(_, command)| *command)
    };
    both.as_deref().and_then(of).or_else(|| of(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn meant_by(line: &str) -> Option<&'static str> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        meant(&words)
    }

    #[test]
    fn guesses_lead_to_the_command() {
        for (line, command) in [
            ("sotto hangup", Some("sotto leave")),
            ("sotto --json call bao", Some("sotto meet")),
            ("sotto config list", Some("sotto config get")),
            ("sotto config lst", None),
            ("sotto", None),
        ] {
            assert_eq!(meant_by(line), command, "{line}");
        }
    }

    #[test]
    fn no_guess_is_a_command_and_each_leads_to_one() {
        let arguments = crate::Arguments::command();
        // The deepest command that these words name, and the words that are left.
        let resolved = |line: &str| {
            let mut at = &arguments;
            let mut left: Vec<&str> = line.split(' ').skip(1).collect();
            while let Some(next) = left.first().and_then(|word| at.find_subcommand(word)) {
                at = next;
                left.remove(0);
            }
            left.join(" ")
        };
        for (guesses, command) in GUESSES {
            for guess in *guesses {
                let word = guess.split(' ').next_back().unwrap();
                assert_eq!(resolved(&format!("sotto {guess}")), word);
            }
            let left = resolved(command);
            assert!(
                ["", "name", "--version"].contains(&left.as_str()),
                "{command}"
            );
        }
    }
}
