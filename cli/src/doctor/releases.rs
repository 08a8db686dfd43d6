//! Colleagues whose program is of another release than this machine's daemon, or speaks another protocol.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use semver::Version;
use sotto_control::model::PeerProgram;

use super::finding::{Area, Finding};
use crate::format;

const CHECK: &str = "colleagues_release";
/// The most colleagues that one finding names; the others are counted.
const NAMED: usize = 3;
/// The most findings: of many releases, the first so many are told.
const MOST: usize = 5;

/// Judges the programs of those who are connected; `own` is the daemon's release.
pub(super) fn judge(programs: &[PeerProgram], own: &str) -> Vec<Finding> {
    let Ok(own) = Version::parse(own) else {
        return Vec::new();
    };
    let mut strangers: Groups = BTreeMap::new();
    let mut others: Groups = BTreeMap::new();
    for program in programs {
        // Whoever names no release that can be compared is no worse for it.
        let release = program.version.as_deref();
        let release = release.and_then(|release| Version::parse(release).ok());
        if let Some(protocol) = &program.other_protocol {
            let at = format!("{} ({})", program.label, program.address);
            let group = (release, protocol.clone());
            strangers.entry(group).or_default().push(at);
        } else if release
            .as_ref()
            .is_some_and(|it| it.cmp_precedence(&own) != Ordering::Equal)
        {
            let group = (release, String::new());
            others.entry(group).or_default().push(program.label.clone());
        }
    }
    let strangers = strangers
        .into_iter()
        .map(|((release, protocol), who)| stranger(&who, &protocol, release.as_ref(), &own));
    let others = others
        .into_iter()
        .filter_map(|((release, _), who)| Some(other(&who, &release?, &own)));
    strangers.chain(others).take(MOST).collect()
}

/// Those of one release and protocol.
type Groups = BTreeMap<(Option<Version>, String), Vec<String>>;

fn stranger(who: &[String], protocol: &str, release: Option<&Version>, own: &Version) -> Finding {
    let whose = listed(who);
    let what = match (release, protocol) {
        (Some(release), _) => {
            format!(
                "the Sotto of {whose} ({release}) and this machine's ({own}) speak different protocols"
            )
        }
        (None, "") => format!("the program of {whose} does not speak Sotto's protocol"),
        (None, protocol) => {
            format!("the program of {whose} speaks another protocol than Sotto {own}: {protocol}")
        }
    };
    let help = match release.map(|release| release.cmp_precedence(own)) {
        Some(Ordering::Greater) => HERE.to_owned(),
        Some(_) => there(who),
        None => "update both to the same release of Sotto".to_owned(),
    };
    Finding::problem(Area::Network, CHECK, what)
        .because("neither understands the other: you do not see each other, and cannot meet")
        .helped_by(help)
}

fn other(who: &[String], release: &Version, own: &Version) -> Finding {
    let (verb, whose) = match who {
        [one] => ("runs", one.clone()),
        _ => ("run", listed(who)),
    };
    let (which, help) = match release.cmp_precedence(own) {
        Ordering::Less => ("older", there(who)),
        _ => ("newer", HERE.to_owned()),
    };
    let what = format!("{whose} {verb} Sotto {release}, {which} than this machine's {own}");
    Finding::note(Area::Network, CHECK, what)
        .because("you understand each other; what only the newer release can do works for one side alone")
        .helped_by(help)
}

const HERE: &str = "update Sotto on this machine, then: sotto restart";

fn there(who: &[String]) -> String {
    match who {
        [_] => "on that colleague's machine update Sotto, then: sotto restart".to_owned(),
        _ => "on those colleagues' machines update Sotto, then: sotto restart".to_owned(),
    }
}

/// Names the first few, and counts the others.
fn listed(who: &[String]) -> String {
    let named = who.get(..NAMED).unwrap_or(who);
    match who.len() - named.len() {
        0 => format::listed(who),
        1 => format!("{} and 1 other", named.join(", ")),
        left => format!("{} and {left} others", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    fn program(label: &str, version: Option<&str>, other_protocol: Option<&str>) -> PeerProgram {
        PeerProgram {
            label: label.into(),
            address: "192.168.1.9".into(),
            version: version.map(str::to_owned),
            other_protocol: other_protocol.map(str::to_owned),
            ..PeerProgram::default()
        }
    }

    fn told(programs: &[PeerProgram]) -> Vec<(Weight, String, String)> {
        let found = judge(programs, "0.2.0");
        let told = found.into_iter();
        told.map(|it| (it.weight, it.what, it.help.unwrap()))
            .collect()
    }

    #[test]
    fn the_same_release_and_one_that_cannot_be_compared_are_no_matter() {
        assert_eq!(
            told(&[
                program("Bao", Some("0.2.0"), None),
                program("Chen", Some("0.2.0+deb13"), None),
                program("Dara", None, None),
                program("Emil", Some("experiment"), None),
            ]),
            []
        );
        assert!(judge(&[program("Bao", Some("1.0.0"), None)], "").is_empty());
    }

    #[test]
    fn older_and_newer_colleagues_are_told_who_must_update() {
        let told = told(&[
            program("Bao", Some("0.1.9"), None),
            program("Chen", Some("0.10.0"), None),
            program("Dara", Some("0.10.0"), None),
        ]);
        assert_eq!(
            told,
            [
                (
                    Weight::Note,
                    "Bao runs Sotto 0.1.9, older than this machine's 0.2.0".to_owned(),
                    "on that colleague's machine update Sotto, then: sotto restart".to_owned(),
                ),
                (
                    Weight::Note,
                    "Chen and Dara run Sotto 0.10.0, newer than this machine's 0.2.0".to_owned(),
                    HERE.to_owned(),
                ),
            ]
        );
    }

    #[test]
    fn another_protocol_is_a_problem_and_names_where() {
        let told = told(&[
            program("somebody#k3fq", Some("2.0.0"), Some("/sotto/2")),
            program("somebody#abcd", None, Some("/ipfs/0.1.0")),
        ]);
        assert_eq!(told[0].0, Weight::Problem);
        assert!(
            told[0].1.contains("somebody#abcd (192.168.1.9)"),
            "{told:?}"
        );
        assert!(told[0].1.ends_with("/ipfs/0.1.0"), "{told:?}");
        assert!(told[1].1.contains("(2.0.0)"), "{told:?}");
        assert_eq!(told[1].2, HERE);
    }

    #[test]
    fn many_are_counted_and_many_releases_are_cut() {
        let names = ["A", "B", "C", "D", "E"];
        let five = names.map(|name| program(name, Some("0.1.0"), None));
        let said = told(&five);
        assert!(
            said[0].1.starts_with("A, B, C and 2 others run"),
            "{said:?}"
        );
        let said = told(&five[..4]);
        assert!(
            said[0].1.starts_with("A, B, C and 1 other run "),
            "{said:?}"
        );
        let said = told(&five[..3]);
        assert!(said[0].1.starts_with("A, B and C run "), "{said:?}");
        let releases: Vec<_> = (0..20)
            .map(|patch| program("A", Some(&format!("0.1.{patch}")), None))
            .collect();
        assert_eq!(told(&releases).len(), MOST);
    }
}
