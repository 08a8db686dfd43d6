//! Words of commands that people are told to type.

use std::path::Path;

/// Returns a path as a shell takes it: in quotes where it has blanks or the like.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |it: char| it.is_alphanumeric() || "/._-+,@%:=".contains(it);
    match path.chars().all(plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::server::BindError;
    use crate::{ConnectError, ForPeople};

    #[test]
    fn a_path_is_one_word() {
        for (path, word) in [
            ("/home/anna/.local/share", "/home/anna/.local/share"),
            ("/home/anna/My Files", "'/home/anna/My Files'"),
            ("/srv/anna's", "'/srv/anna'\\''s'"),
            ("/srv/$HOME", "'/srv/$HOME'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[test]
    fn commands_for_a_directory_can_be_typed_whatever_its_name() {
        let path = PathBuf::from("/home/anna/My Files");
        let closed = ConnectError::Closed { path: path.clone() };
        assert_eq!(
            closed.hint().unwrap(),
            "open it with: chmod u+rwx '/home/anna/My Files'"
        );
        let open = BindError::OpenToOthers { path };
        let hint = open.hint().unwrap();
        assert!(
            hint.ends_with("run: chmod go-w '/home/anna/My Files'"),
            "{hint}"
        );
    }
}
