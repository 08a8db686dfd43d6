//! The figures: what Sotto does, and what it costs. They are printed, not judged.

use std::path::PathBuf;
use std::process::Command;

use crate::PROGRAMS;
use crate::checks::require_namespaces;
use crate::packages::{self, Set};
use crate::steps::{COMPILING, Failed, Minutes, Steps, cargo, root, target};

/// One group of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// How fast daemons find each other, and gossip between them.
    Discovery,
    /// Agreement of 200 peers, in memory and on a virtual clock.
    Presence,
    /// What it costs to tell one subscriber of one person, in lobbies of every size.
    Core,
    /// The cost of voice, and what speech is worth after a bad network.
    Voice,
    /// Between real daemons on virtual hosts.
    EndToEnd,
    /// The same for half an hour: whether delay creeps or memory grows.
    Soak,
}

impl Part {
    const ALL: [Self; 5] = [
        Self::Discovery,
        Self::Presence,
        Self::Core,
        Self::Voice,
        Self::EndToEnd,
    ];

    /// How long a soak lasts unless told otherwise, and at most, in minutes.
    const SOAK: (u64, u64) = (30, 24 * 60);

    fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Presence => "presence",
            Self::Core => "core",
            Self::Voice => "voice",
            Self::EndToEnd => "end-to-end",
            Self::Soak => "soak",
        }
    }

    /// How long it may take.
    fn limit(self) -> Minutes {
        Minutes(match self {
            Self::Discovery | Self::Presence | Self::Core => 20,
            Self::Voice => 60,
            Self::EndToEnd => 120,
            Self::Soak => Self::SOAK.1 + 10,
        })
    }
}

/// Which parts `words` select, and what of them is for the end-to-end measurements.
///
/// Whatever follows `end-to-end` is for those, even if a part has that name, too.
fn selected(words: &[String]) -> (Vec<Part>, Vec<&str>) {
    let end_to_end = |word: &String| word == Part::EndToEnd.name();
    let place = words.iter().position(end_to_end).unwrap_or(words.len());
    let (before, after) = words.split_at(place);
    let is_part = |word: &str| Part::ALL.iter().any(|part| part.name() == word);
    let rest: Vec<&str> = before
        .iter()
        .map(String::as_str)
        .filter(|word| !is_part(word))
        .chain(after.iter().skip(1).map(String::as_str))
        .collect();
    let chosen = |part: &Part| {
        before.iter().any(|word| word == part.name())
            || (*part == Part::EndToEnd && !(after.is_empty() && rest.is_empty()))
    };
    if words.is_empty() {
        return (Part::ALL.to_vec(), rest);
    }
    (Part::ALL.into_iter().filter(chosen).collect(), rest)
}

/// Fewer seeds for the quality of voice, and no picture of it.
const QUICK: &str = "--quick";

/// Where the picture of what speech is worth after a bad network belongs.
const PICTURE: &str = "daemon/docs/voice-quality.svg";

/// Real daemons talk for so many minutes.
fn soak(name: &str, minutes: &[String]) -> Result<(), Failed> {
    let (usual, most) = Part::SOAK;
    let minutes = match minutes {
        [] => Some(usual),
        [minutes] => minutes
            .parse()
            .ok()
            .filter(|count| (1..=most).contains(count)),
        _ => None,
    };
    let minutes =
        minutes.ok_or_else(|| Failed::new(name, format!("it takes minutes, 1 to {most}")))?;
    let mut steps = Steps::begin();
    packages::install(Set::Bench, &mut steps)?;
    require_namespaces()?;
    steps.quiet("build soak", COMPILING, &mut build(Part::Soak))?;
    let mut command = end_to_end(&[name])
        .ok_or_else(|| Failed::new(name, "sotto-tests has no program sotto-bench"))?;
    command.env("SOTTO_SOAK_MINUTES", minutes.to_string());
    steps.reporting(name, Minutes(minutes + 10), &mut command)?;
    steps.summary();
    Ok(())
}

/// Builds what `words` select, then prints its figures.
pub(crate) fn bench(words: &[String]) -> Result<(), Failed> {
    if let Some((soak, minutes)) = words
        .split_first()
        .filter(|(word, _)| *word == Part::Soak.name())
    {
        return self::soak(soak, minutes);
    }
    let quick = words.iter().any(|word| word == QUICK);
    let words: Vec<String> = words
        .iter()
        .filter(|word| *word != QUICK)
        .cloned()
        .collect();
    let (parts, rest) = selected(&words);
    let mut steps = Steps::begin();
    packages::install(Set::Bench, &mut steps)?;
    if parts.contains(&Part::Discovery) || parts.contains(&Part::EndToEnd) {
        require_namespaces()?;
    }
    // All of it first: whoever measures is not disturbed by a compiler.
    for part in &parts {
        let what = format!("build {}", part.name());
        steps.quiet(&what, COMPILING, &mut build(*part))?;
    }
    for part in &parts {
        let mut command = match part {
            Part::EndToEnd | Part::Soak => {
                let Some(command) = end_to_end(&rest) else {
                    println!(
                        "\nend-to-end is not measured: sotto-tests has no program sotto-bench"
                    );
                    continue;
                };
                command
            }
            Part::Discovery => discovery(),
            Part::Presence => presence(&["--", "--nocapture"]),
            Part::Core => core(&[]),
            Part::Voice => {
                println!("\n--- quality of voice\n");
                let limit = part.limit();
                steps.reporting("quality of voice", limit, &mut quality(quick))?;
                voice(&["--bench", "crowd"])
            }
        };
        println!("\n--- {}\n", part.name());
        steps.reporting(part.name(), part.limit(), &mut command)?;
    }
    steps.summary();
    Ok(())
}

fn build(part: Part) -> Command {
    match part {
        Part::Discovery => {
            let mut command = cargo();
            command
                .args(["build", "--locked", "--release", "--package", "sotto-net"])
                .args(["--example", "figures"]);
            command
        }
        Part::Presence => presence(&["--no-run"]),
        Part::Core => core(&["--no-run"]),
        Part::Voice => voice(&["--benches", "--no-run"]),
        Part::EndToEnd | Part::Soak => {
            let mut command = cargo();
            command
                .args(["build", "--locked", "--release"])
                .args(PROGRAMS);
            command
        }
    }
}

fn release() -> PathBuf {
    target().join("release")
}

/// It speaks multicast, so it refuses to start where anything but loopback is up.
fn discovery() -> Command {
    let mut command = sotto_namespaces::on_loopback_alone();
    command.arg(release().join("examples").join("figures"));
    command
}

fn presence(more: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--locked", "--package", "sotto-meeting"])
        .args(["--test", "scale"])
        .args(more);
    command
}

fn core(more: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(["bench", "--locked", "--package", "sotto-daemon"])
        .args(["--bench", "core"])
        .args(more);
    command
}

fn voice(more: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(["bench", "--locked", "--package", "sotto-voice"])
        .args(more);
    command
}

/// On a virtual clock, with seeds. A quick one says too little for the picture.
fn quality(quick: bool) -> Command {
    let mut command = voice(&["--bench", "quality", "--"]);
    if quick {
        command.arg(QUICK);
    } else {
        command.arg("--plot").arg(root().join(PICTURE));
    }
    command
}

/// `sotto-bench`, if there is one. It makes its virtual hosts by itself.
fn end_to_end(arguments: &[&str]) -> Option<Command> {
    let program = release().join("sotto-bench");
    program.is_file().then(|| {
        let mut command = Command::new(program);
        command.env("SOTTO_PROGRAMS", release()).args(arguments);
        command
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(words: &[&str]) -> (Vec<Part>, Vec<String>) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (parts, rest) = selected(&words);
        (parts, rest.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn no_selection_means_everything() {
        assert_eq!(select(&[]), (Part::ALL.to_vec(), vec![]));
    }

    #[test]
    fn parts_are_selected_by_name() {
        assert_eq!(
            select(&["voice", "discovery"]),
            (vec![Part::Discovery, Part::Voice], vec![])
        );
    }

    #[test]
    fn other_words_go_to_the_end_to_end_measurements() {
        assert_eq!(
            select(&["join", "--runs", "3"]),
            (
                vec![Part::EndToEnd],
                vec!["join".into(), "--runs".into(), "3".into()]
            )
        );
        let (parts, rest) = select(&["voice", "join"]);
        assert_eq!((parts, rest.len()), (vec![Part::Voice, Part::EndToEnd], 1));
        assert_eq!(
            select(&["voice", "end-to-end", "presence"]),
            (vec![Part::Voice, Part::EndToEnd], vec!["presence".into()])
        );
    }
}
