//! What is to be logged, as a user writes it.
//!
//! The library takes any word that is no level for the name of a part, and then logs nothing. So a word alone must be a level
//! or a part of Sotto.

use std::borrow::Cow;

use sotto_control::config::nearest;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The parts of Sotto that log.
const PARTS: [&str; 6] = [
    "sotto_audio",
    "sotto_control",
    "sotto_daemon",
    "sotto_meeting",
    "sotto_net",
    "sotto_voice",
];

/// All parts of Sotto: the library compares the beginnings of names.
const ALL: &str = "sotto";
/// The name that people know them by.
const PROGRAM: &str = "sottod";

/// Reads a filter.
///
/// # Errors
///
/// Says what is wrong with it.
pub(crate) fn read(text: &str) -> Result<EnvFilter, String> {
    if text.trim().is_empty() {
        return Err("says nothing".to_owned());
    }
    // Spans have a grammar of their own, which the library checks.
    if text.contains('[') {
        return EnvFilter::try_new(text).map_err(|error| error.to_string());
    }
    let directives: Vec<_> = text.split(',').map(|it| of_parts(it.trim())).collect();
    directives.iter().try_for_each(|it| check(it))?;
    EnvFilter::try_new(directives.join(",")).map_err(|error| error.to_string())
}

/// Takes the program's name for all of its parts.
fn of_parts(directive: &str) -> Cow<'_, str> {
    match directive.strip_prefix(PROGRAM) {
        Some(level) if level.is_empty() || level.starts_with('=') => format!("{ALL}{level}").into(),
        _ => directive.into(),
    }
}

fn check(directive: &str) -> Result<(), String> {
    if directive.is_empty() {
        return Ok(());
    }
    let (part, alone) = match directive.split_once('=') {
        Some((part, level)) if level.is_empty() || level.parse::<LevelFilter>().is_err() => {
            return Err(format!("\"{level}\" in \"{part}={level}\" is no level"));
        }
        Some((part, _)) => (part, false),
        None if directive.parse::<LevelFilter>().is_ok() => return Ok(()),
        None => (directive, true),
    };
    let name = part.split("::").next().unwrap_or(part);
    if name == ALL || PARTS.contains(&name) {
        return Ok(());
    }
    if name.starts_with("sotto") {
        let hint = nearest(name, PARTS.into_iter())
            .map_or_else(String::new, |part| format!("; the nearest is {part}"));
        return Err(format!("no part of Sotto is called \"{name}\"{hint}"));
    }
    // Parts of others log too, and are not known here.
    match alone {
        true => Err(format!(
            "\"{directive}\" is neither a level nor a part of Sotto"
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn levels_and_parts_are_read() {
        for text in [
            "info",
            "DEBUG",
            "off",
            "info,sotto_net=debug",
            "sotto_net::driver=trace, warn",
            "sotto_meeting",
            "sotto",
            "info,libp2p_swarm=warn",
            "warn,",
            "sotto_net[span{a=1}]=trace",
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_name_of_the_program_means_all_its_parts() {
        for (text, meant) in [
            ("sottod=debug", "sotto=debug"),
            ("warn, sottod", "sotto=trace,warn"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), meant);
        }
        let debug = read("sottod=debug").unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(debug), || {
            assert!(tracing::enabled!(target: "sotto_net::driver", Level::DEBUG));
            assert!(!tracing::enabled!(target: "libp2p_swarm", Level::INFO));
        });
    }

    #[test]
    fn what_would_log_nothing_is_refused_with_the_word() {
        for (text, word) in [
            ("nonsense", "\"nonsense\""),
            ("info,verbose", "\"verbose\""),
            ("sotto_nte=debug", "sotto_net"),
            ("sotto_net=loud", "\"loud\""),
            ("sottodd=debug", "\"sottodd\""),
            ("=", "no level"),
            (" ", "nothing"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
