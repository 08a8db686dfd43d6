//! `client.conf`: which server PulseAudio's users have settled on.

use std::path::{Path, PathBuf};

/// The system's settings.
const SYSTEM: &str = "/etc/pulse/client.conf";

/// Longer files are no settings.
const LONGEST: u64 = 64 * 1024;

/// More files than these are not read.
const MOST_FILES: usize = 64;

/// Files that include others are read to this depth.
const DEEPEST: usize = 4;

/// The settings that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ClientConf {
    pub(super) default_server: Option<String>,
    pub(super) cookie_file: Option<PathBuf>,
}

/// Reads the settings that hold for this user: their own file, else the system's, and the directory beside it.
pub(super) fn here() -> ClientConf {
    let home = std::env::home_dir();
    let named = std::env::var_os("PULSE_CLIENTCONFIG").map(PathBuf::from);
    let user = user_directory(home.as_deref()).map(|directory| directory.join("client.conf"));
    let old = home.as_ref().map(|home| home.join(".pulse/client.conf"));
    let file = match named {
        Some(named) => named,
        None => [user, old]
            .into_iter()
            .flatten()
            .find(|path| path.is_file())
            .unwrap_or_else(|| SYSTEM.into()),
    };
    read(&file, home.as_deref())
}

/// Reads a file, and those in the directory beside it in the order of their names.
fn read(file: &Path, home: Option<&Path>) -> ClientConf {
    let mut conf = ClientConf::default();
    let mut directory = file.as_os_str().to_owned();
    directory.push(".d");
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "conf"))
        .take(MOST_FILES)
        .collect();
    files.sort();
    for path in std::iter::once(file.to_owned()).chain(files) {
        conf.take(&path, home, &mut Vec::new());
    }
    conf
}

impl ClientConf {
    /// Takes over what a file says, and those that it includes. `within` are the files that include it.
    fn take(&mut self, path: &Path, home: Option<&Path>, within: &mut Vec<PathBuf>) {
        if within.len() >= DEEPEST || within.iter().any(|it| it == path) {
            return;
        }
        let short = std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= LONGEST);
        let Some(text) = short.then(|| std::fs::read_to_string(path).ok()).flatten() else {
            return;
        };
        within.push(path.to_owned());
        for line in text.lines() {
            if let Some(included) = line.trim_start().strip_prefix(".include ") {
                // A path that does not begin at the root begins where the file is.
                self.take(&path.with_file_name(included.trim()), home, within);
                continue;
            }
            let said = line.split([';', '#']).next().unwrap_or_default();
            let Some((key, value)) = said.split_once('=') else {
                continue;
            };
            let value = value.trim();
            let set = (!value.is_empty()).then(|| value.to_owned());
            match key.trim() {
                "default-server" => self.default_server = set,
                "cookie-file" => self.cookie_file = set.map(|path| placed(&path, home)),
                _ => {}
            }
        }
        within.pop();
    }
}

/// Returns a path as PulseAudio reads it: from the root, from home, or from the user's settings.
fn placed(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ if path.starts_with('/') => path.into(),
        _ => user_directory(home).unwrap_or_default().join(path),
    }
}

/// Returns the directory of the user's own settings of PulseAudio, where the cookie is, too.
pub(super) fn user_directory(home: Option<&Path>) -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let configuration = xdg.filter(|it| it.is_absolute());
    let configuration = configuration.or_else(|| Some(home?.join(".config")))?;
    Some(configuration.join("pulse"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_file_that_says_something_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("client.conf");
        let beside = directory.path().join("client.conf.d");
        std::fs::create_dir(&beside).unwrap();
        let home = Some(Path::new("/home/anna"));
        assert_eq!(read(&path, home), ClientConf::default());
        std::fs::write(
            &path,
            "; default-server = commented\n# x\ndefault-server = tcp:first ; why\ncookie-file = ~/c\nautospawn = no\n",
        )
        .unwrap();
        let conf = read(&path, home);
        assert_eq!(conf.default_server.as_deref(), Some("tcp:first"));
        assert_eq!(conf.cookie_file, Some("/home/anna/c".into()));
        std::fs::write(beside.join("20.conf"), "default-server = last").unwrap();
        std::fs::write(beside.join("10.conf"), "default-server=middle").unwrap();
        std::fs::write(beside.join("30.txt"), "default-server = no").unwrap();
        assert_eq!(read(&path, home).default_server.as_deref(), Some("last"));
        // A file that includes itself ends, too.
        std::fs::write(
            beside.join("40.conf"),
            ".include ../client.conf\n .include 40.conf\n.include missing",
        )
        .unwrap();
        assert_eq!(
            read(&path, home).default_server.as_deref(),
            Some("tcp:first")
        );
        std::fs::write(beside.join("90.conf"), "default-server =").unwrap();
        assert_eq!(read(&path, home).default_server, None);
    }
}
