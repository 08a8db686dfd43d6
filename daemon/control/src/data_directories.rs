//! The directories in which desktops and service managers look for files of programs (XDG Base Directory Specification).

use std::ffi::OsString;
use std::path::PathBuf;

/// The directories for everybody where no variable names others.
const SHARED: &str = "/usr/local/share:/usr/share";

/// Returns the user's own directory and those for everybody, the first first, by the variables that `variable` returns.
pub fn data_directories(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let in_home = || Some(PathBuf::from(set("HOME")?).join(".local/share"));
    let own = set("XDG_DATA_HOME").map(PathBuf::from).or_else(in_home);
    let shared = set("XDG_DATA_DIRS").unwrap_or_else(|| SHARED.into());
    own.into_iter()
        .chain(std::env::split_paths(&shared))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_directory_comes_first() {
        let with = |variables: &[(&str, &str)]| -> Vec<String> {
            let find = |name: &str| {
                let found = variables.iter().find(|(of, _)| *of == name);
                found.map(|(_, value)| OsString::from(value))
            };
            let directories = data_directories(find).into_iter();
            directories.map(|it| it.display().to_string()).collect()
        };
        assert_eq!(
            with(&[("HOME", "/home/anna"), ("XDG_DATA_DIRS", "")]),
            ["/home/anna/.local/share", "/usr/local/share", "/usr/share"]
        );
        assert_eq!(
            with(&[("XDG_DATA_HOME", "/d"), ("XDG_DATA_DIRS", "/a:/b")]),
            ["/d", "/a", "/b"]
        );
    }
}
