//! The configuration, where the daemon itself changes it. It is the user's file, on a disk that may hang.

use std::path::{Path, PathBuf};

use sotto_control::config::{self, EditError};

use crate::turns::FileTurns;

/// Values for settings, each with its key.
type Values = Vec<(&'static str, String)>;
/// Makes a new text of the file's text.
type Change = Box<dyn FnOnce(&str) -> Result<String, EditError> + Send>;

/// The file of the configuration.
#[derive(Debug)]
pub(crate) struct ConfigFile(FileTurns<String>);

impl ConfigFile {
    /// Changes the file at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(FileTurns::new(path, "sotto-config"))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes `values` into it, comments kept. Waits for the disk.
    ///
    /// # Errors
    ///
    /// The reason why they are not there, in words for the user. A disk that hangs may write them later all the same.
    pub(crate) fn set(&self, values: Values) -> Result<(), String> {
        let set = move |text: &str| {
            let text = text.to_owned();
            values
                .into_iter()
                .try_fold(text, |text, (key, value)| config::set(&text, key, &value))
        };
        self.edit(Box::new(set)).map(drop)
    }

    /// Changes its text, and returns the new one. Waits for the disk.
    ///
    /// # Errors
    ///
    /// As [`Self::set`].
    pub(crate) fn edit(&self, change: Change) -> Result<String, String> {
        self.0.change(move |path| edit(path, change))
    }
}

fn edit(path: &Path, change: Change) -> Result<String, String> {
    let text =
        config::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let text = change(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    config::replace(path, &text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Longer than anything takes that does not hang.
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn a_choice_is_saved_and_comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new").join("config.toml");
        let file = ConfigFile::new(path.clone());
        let save = || file.set(vec![("audio.input", "pulseaudio:mic".to_owned())]);
        save().unwrap();
        std::fs::write(
            &path,
            "# mine\n[audio]\ninput = \"default\" # the built-in one\noutput = \"null\"\n",
        )
        .unwrap();
        save().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "# mine\n[audio]\ninput = \"pulseaudio:mic\" # the built-in one\noutput = \"null\"\n"
        );
        std::fs::write(&path, "audio = 3").unwrap();
        assert!(save().unwrap_err().contains("config.toml"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "audio = 3");
    }

    /// Whoever opens a pipe waits for its other end, as for a disk that hangs.
    #[cfg(unix)]
    #[test]
    fn a_disk_that_hangs_is_given_up_and_tried_again_when_it_answers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let pipe = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(pipe.unwrap().success());
        let mut file = ConfigFile::new(path.clone());
        file.0.set_patience(Duration::from_millis(1));
        let values = || vec![("audio.input", "null".to_owned())];
        let error = file.set(values()).unwrap_err();
        assert!(error.contains("the disk does not answer"), "{error}");
        // No second change waits beside the first.
        file.0.set_patience(Duration::MAX);
        let error = file.set(values()).unwrap_err();
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
        let ended = file.0.ended();
        std::fs::write(&path, "").unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(async { tokio::time::timeout(LONG, ended.notified()).await })
            .unwrap();
        file.set(values()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("input = \"null\""), "{text}");
    }
}
