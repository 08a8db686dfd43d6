//! The directories in which desktops and service managers look for files of programs (XDG Base Directory Specification).

use std::ffi::OsString;
use std::path::PathBuf;

/// The directories for everybody where no variable names others.
const SHARED: [&str; 2] = ["/usr/local/share", "/usr/share"];

/// Returns the user's own directory and those for everybody, the first first, by the variables that `variable` returns.
///
/// A path that is not absolute counts as none. Without `HOME` the user's home is what the system says.
pub fn data_directories(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(PathBuf::from).or_else(std::env::home_dir);
    let in_home = home.map(|home| home.join(".local/share"));
    let named = set("XDG_DATA_HOME").map(PathBuf::from);
    let own = named.into_iter().chain(in_home).find(|it| it.is_absolute());
    let named = set("XDG_DATA_DIRS").unwrap_or_default();
    let mut shared: Vec<PathBuf> = std::env::split_paths(&named)
        .filter(|it| it.is_absolute())
        .collect();
    if shared.is_empty() {
        shared.extend(SHARED.map(PathBuf::from));
    }
    own.into_iter().chain(shared).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        data_directories(|name| {
            let found = variables.iter().find(|(of, _)| *of == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    fn paths<const N: usize>(paths: [&str; N]) -> Vec<PathBuf> {
        paths.map(PathBuf::from).to_vec()
    }

    #[test]
    fn the_users_own_directory_comes_first() {
        assert_eq!(
            with(&[("HOME", "/home/anna"), ("XDG_DATA_DIRS", "")]),
            paths(["/home/anna/.local/share", "/usr/local/share", "/usr/share"])
        );
        assert_eq!(
            with(&[("XDG_DATA_HOME", "/d"), ("XDG_DATA_DIRS", "/a:/b")]),
            paths(["/d", "/a", "/b"])
        );
    }

    #[test]
    fn paths_that_are_not_absolute_are_ignored() {
        let anna = ("HOME", "/home/anna");
        assert_eq!(
            with(&[anna, ("XDG_DATA_HOME", "d"), ("XDG_DATA_DIRS", "a::/b:~/c")]),
            paths(["/home/anna/.local/share", "/b"])
        );
        assert_eq!(
            with(&[anna, ("XDG_DATA_DIRS", ".:share")]),
            paths(["/home/anna/.local/share", "/usr/local/share", "/usr/share"])
        );
        assert_eq!(
            with(&[("HOME", "anna"), ("XDG_DATA_DIRS", "/a")]),
            paths(["/a"])
        );
    }

    #[test]
    fn without_its_variable_the_home_is_what_the_system_says() {
        let own = std::env::home_dir().map(|home| home.join(".local/share"));
        let all: Vec<_> = own.into_iter().chain(paths(["/a"])).collect();
        assert_eq!(with(&[("XDG_DATA_DIRS", "/a")]), all);
    }
}
