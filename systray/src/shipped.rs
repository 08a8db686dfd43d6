//! The files by which a desktop knows this program: one list, for `sotto-tray install` and for packages.
//!
//! The launcher, the autostart entry, the service by which the session's bus starts it, the icons and the description for
//! software centres. All carry one id, by which portals and panels know the program.

use std::path::{Path, PathBuf};

use crate::app;
use crate::icon::files as icons;

const LAUNCHER: &str = include_str!("../desktop/alt.sotto.Sotto.desktop");
const AUTOSTART: &str = include_str!("../desktop/autostart/alt.sotto.Sotto.desktop");
const METAINFO: &str = include_str!("../desktop/alt.sotto.Sotto.metainfo.xml");
const SERVICE: &str = include_str!("../desktop/alt.sotto.Sotto.service");
/// The program as the files in the repository call it.
pub(crate) const PROGRAM: &str = "sotto-tray";
/// The theme that every other one falls back to, below a directory of data.
pub(crate) const THEME: &str = "icons/hicolor";

/// The folders that files go into.
#[derive(Debug, Clone)]
pub(crate) struct Homes {
    /// What `XDG_DATA_HOME` is for one user, and `/usr/share` for a package.
    pub(crate) data: PathBuf,
    /// What `XDG_CONFIG_HOME` is for one user, and `/etc/xdg` for all.
    pub(crate) config: PathBuf,
}

/// A file to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Its place.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
    /// Its purpose.
    pub(crate) kind: Kind,
}

/// The purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Launcher,
    Autostart,
    Service,
    Description,
    Icon,
}

/// Returns the launcher's place below a folder of data.
pub(crate) fn launcher(data: &Path) -> PathBuf {
    data.join("applications")
        .join(format!("{}.desktop", app::ID))
}

/// Returns every file, with `program` as the path of this one.
pub(crate) fn files(homes: &Homes, program: &str) -> Vec<File> {
    let (data, config) = (&homes.data, &homes.config);
    let entry = format!("{}.desktop", app::ID);
    let here = |text: &str| {
        let exec = format!("Exec={PROGRAM}");
        text.replace(&exec, &format!("Exec={}", quoted(program)))
            .into_bytes()
    };
    let mut files = vec![
        File {
            path: launcher(data),
            bytes: here(LAUNCHER),
            kind: Kind::Launcher,
        },
        File {
            path: config.join("autostart").join(entry),
            bytes: here(AUTOSTART),
            kind: Kind::Autostart,
        },
        File {
            path: data
                .join("dbus-1/services")
                .join(format!("{}.service", app::ID)),
            bytes: service(program).into_bytes(),
            kind: Kind::Service,
        },
        File {
            path: data
                .join("metainfo")
                .join(format!("{}.metainfo.xml", app::ID)),
            bytes: METAINFO.into(),
            kind: Kind::Description,
        },
    ];
    files.extend(icons::all().into_iter().map(|icon| File {
        path: data.join(THEME).join(icon.path),
        bytes: icon.bytes,
        kind: Kind::Icon,
    }));
    files
}

/// Returns the service by which the session's bus starts `program`. Its command is read as a shell reads it, after
/// backslashes in the file have been read.
fn service(program: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    let command = match program.chars().all(plain) {
        true => program.to_owned(),
        false => format!("'{}'", program.replace('\'', r"'\''")).replace('\\', r"\\"),
    };
    SERVICE.replace(&format!("Exec={PROGRAM}"), &format!("Exec={command}"))
}

/// Writes a path as an argument in `Exec=`: in quotation marks, with what means something inside them escaped, twice
/// where the file itself takes a backslash for an escape.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    let mut text = String::from('"');
    for c in path.chars() {
        match c {
            '\\' => text.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                text.push_str("\\\\");
                text.push(c);
            }
            '%' => text.push_str("%%"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes() -> Homes {
        Homes {
            data: "/home/anna/.local/share".into(),
            config: "/home/anna/.config".into(),
        }
    }

    #[test]
    fn every_file_carries_the_one_id() {
        for file in files(&homes(), "/opt/sotto-tray") {
            let name = file.path.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with(app::ID), "{name}");
        }
        for text in [LAUNCHER, AUTOSTART, METAINFO, SERVICE] {
            assert!(text.contains(app::ID), "{text}");
        }
    }

    #[test]
    fn entries_start_this_program_where_it_is() {
        let files = files(&homes(), "/opt/my tools/sotto-tray");
        let launcher = String::from_utf8(files[0].bytes.clone()).unwrap();
        assert!(launcher.contains("\nExec=\"/opt/my tools/sotto-tray\" --open\n"));
        assert!(launcher.contains("\nExec=\"/opt/my tools/sotto-tray\" --open settings\n"));
        assert!(!launcher.contains("Exec=sotto-tray"));
        let autostart = String::from_utf8(files[1].bytes.clone()).unwrap();
        assert!(autostart.contains("\nExec=\"/opt/my tools/sotto-tray\"\n"));
        let service = String::from_utf8(files[2].bytes.clone()).unwrap();
        assert!(service.contains("\nExec='/opt/my tools/sotto-tray'\n"));
    }

    #[test]
    fn what_means_something_in_an_entry_is_escaped() {
        assert_eq!(quoted("/usr/bin/sotto-tray"), "/usr/bin/sotto-tray");
        assert_eq!(quoted("/a b/c"), "\"/a b/c\"");
        assert_eq!(quoted("/50%/$x"), "\"/50%%/\\\\$x\"");
        assert_eq!(quoted("/a\\b"), "\"/a\\\\\\\\b\"");
        assert!(service("/o'clock").ends_with("\nExec='/o'\\\\''clock'\n"));
    }
}
