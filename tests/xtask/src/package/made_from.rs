//! What the programs are made from: the list that each carries, and the licences of all of it.
//!
//! The licences' texts are those in the sources that cargo has compiled. (cargo-about makes such a text, too; it has to be
//! compiled for eight minutes first, and then guesses for ten what is written here in a second.)

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{FILES, PROGRAMS};
use crate::steps::{Failed, cargo, output_of, target};

/// What a file that holds a licence, or who has the copyright, is called in capital letters: it begins so.
const CALLED: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

/// Crates hold the sources of others, each with its own licence, at most so deep.
const DEPTH: usize = 3;

/// The longest text that counts as a licence, in bytes.
const LONGEST: u64 = 100_000;

/// A library that is compiled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Library {
    name: String,
    version: String,
    /// As its author writes it, in SPDX's language.
    licence: String,
}

/// Writes one text with the licence of every library that is compiled in, and returns its place.
pub(super) fn licences() -> Result<PathBuf, Failed> {
    let mut libraries = BTreeSet::new();
    for (_, package) in PROGRAMS {
        let mut tree = cargo();
        tree.args(["tree", "--locked", "--package", package])
            .args(["--edges", "normal", "--prefix", "none", "--no-dedupe"])
            .args(["--format", "{p}|{l}"]);
        let listed = output_of(&mut tree)?;
        libraries.extend(String::from_utf8_lossy(&listed).lines().filter_map(library));
    }
    let sources = sources()?;
    let mut found = Vec::new();
    for library in libraries {
        let texts = texts(&library, &sources)?;
        found.push((library, texts));
    }
    let written = target().join("xtask/third-party.txt");
    FILES.write(&written, document(&found))?;
    Ok(written)
}

/// Reads a line of cargo's tree: `NAME vVERSION …|LICENCE`. Sotto's own crates have a path.
fn library(line: &str) -> Option<Library> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let is_own = words.any(|word| word.starts_with("(/"));
    (!is_own).then(|| Library {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.trim().to_owned(),
    })
}

/// Returns the folders in which cargo keeps sources, one for each registry.
fn sources() -> Result<Vec<PathBuf>, Failed> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let home = home.ok_or_else(|| Failed::new("licences", "HOME is not set"))?;
    FILES.within(&home.join("registry/src"))
}

/// Returns the texts in a library's sources, each once.
fn texts(library: &Library, sources: &[PathBuf]) -> Result<BTreeSet<String>, Failed> {
    let folder = format!("{}-{}", library.name, library.version);
    let mut folders = sources.iter().map(|source| source.join(&folder));
    let Some(folder) = folders.find(|folder| folder.is_dir()) else {
        let how = format!("the sources of {folder} are not where cargo keeps them");
        return Err(Failed::new("licences", how));
    };
    let mut texts = BTreeSet::new();
    collect(&folder, DEPTH, &mut texts)?;
    Ok(texts)
}

fn collect(folder: &Path, depth: usize, texts: &mut BTreeSet<String>) -> Result<(), Failed> {
    for path in FILES.within(folder)? {
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, texts)?;
            }
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        let length = path.metadata().map_or(u64::MAX, |known| known.len());
        let is_code = [".RS", ".PY", ".SH", ".TOML", ".H", ".C"]
            .iter()
            .any(|code| name.ends_with(code));
        if is_code || length > LONGEST || !CALLED.iter().any(|called| name.starts_with(called)) {
            continue;
        }
        let text = std::fs::read(&path).map_err(|error| FILES.failed(&path, &error))?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let text = lines.join("\n").trim_matches('\n').to_owned();
        if !text.is_empty() {
            texts.insert(text);
        }
    }
    Ok(())
}

/// Writes every library with its licence, then every text once, with those that it belongs to.
fn document(found: &[(Library, BTreeSet<String>)]) -> String {
    let mut document = String::from(
        "Sotto's programs contain these libraries, compiled in. Behind each stands the\n\
         licence that its authors give; the texts follow, each with those that it came\n\
         with. A library without a text of its own is used under the text of its licence\n\
         as it stands for the others.\n\n",
    );
    let mut by_text: BTreeMap<&str, Vec<&Library>> = BTreeMap::new();
    for (library, texts) in found {
        let Library {
            name,
            version,
            licence,
        } = library;
        let without = if texts.is_empty() {
            "  (no text of its own)"
        } else {
            ""
        };
        document.push_str(&format!("  {name} {version}: {licence}{without}\n"));
        for text in texts {
            by_text.entry(text).or_default().push(library);
        }
    }
    let rule = "=".repeat(80);
    for (text, libraries) in by_text {
        let names: Vec<String> = libraries
            .iter()
            .map(|library| format!("{} {}", library.name, library.version))
            .collect();
        document.push_str(&format!("\n{rule}\n{}\n\n{text}\n", names.join(", ")));
    }
    document
}

/// Reads the list back that a program carries: it must name the program's own crate, and others that it is made of.
pub(super) fn check_list(program: &Path) -> Result<(), Failed> {
    let name = program.file_name().unwrap_or_default();
    let own = PROGRAMS.iter().find(|(program, _)| name == *program);
    let own = own.map_or("", |(_, package)| *package);
    let list = output_of(Command::new("rust-audit-info").arg(program))?;
    let list = String::from_utf8_lossy(&list);
    for package in [own, "sotto-control", "tokio"] {
        if !list.contains(&format!("\"name\":\"{package}\"")) {
            let what = format!("the list inside {}", program.display());
            return Err(Failed::new(what, format!("does not name {package}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, licence: &str) -> Library {
        Library {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.to_owned(),
        }
    }

    #[test]
    fn own_crates_are_no_libraries_of_others() {
        let own = "sotto-net v0.1.0 (/src/daemon/net)|MIT OR Apache-2.0";
        assert_eq!(library(own), None);
        assert_eq!(library(""), None);
        let macros = library("serde v1.0.0 (proc-macro)|MIT");
        assert_eq!(macros, Some(named("serde", "MIT")));
    }

    #[test]
    fn each_text_stands_once_and_names_all_whose_it_is() {
        let text = || BTreeSet::from(["Permission is granted".to_owned()]);
        let found = [
            (named("one", "MIT"), text()),
            (named("other", "MIT"), text()),
            (named("bare", "Zlib"), BTreeSet::new()),
        ];
        let document = document(&found);
        assert_eq!(document.matches("Permission is granted").count(), 1);
        assert!(
            document.contains("\none 1.0.0, other 1.0.0\n"),
            "{document}"
        );
        assert!(document.contains("bare 1.0.0: Zlib  (no text of its own)"));
    }
}
