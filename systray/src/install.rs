//! `sotto-tray install` and `uninstall`: what a package would bring, for a build from source and one user.
//!
//! The launcher, the autostart entry, the service by which the session's bus starts it, the icons and the description for
//! software centres. All carry one id, by which portals and panels know the program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

use anyhow::{Context, bail};
use directories::BaseDirs;

use crate::app;
use crate::icon::{Mood, files as icons};
use crate::instance;

const LAUNCHER: &str = include_str!("../desktop/alt.sotto.Sotto.desktop");
const AUTOSTART: &str = include_str!("../desktop/autostart/alt.sotto.Sotto.desktop");
const METAINFO: &str = include_str!("../desktop/alt.sotto.Sotto.metainfo.xml");
const SERVICE: &str = include_str!("../desktop/alt.sotto.Sotto.service");
/// The program as the files in the repository call it, for packages that install it into PATH.
const PROGRAM: &str = "sotto-tray";
/// The theme that every other one falls back to, below a directory of data.
const THEME: &str = "icons/hicolor";
/// Where programs' data is if the environment does not say.
const DATA_DIRS: &str = "/usr/local/share:/usr/share";

/// The folders for the user's files.
#[derive(Debug, Clone)]
struct Homes {
    data: PathBuf,
    config: PathBuf,
}

impl Homes {
    fn find() -> anyhow::Result<Self> {
        let base = BaseDirs::new().context("cannot tell your home directory; set HOME to it")?;
        Ok(Self {
            data: base.data_dir().to_owned(),
            config: base.config_dir().to_owned(),
        })
    }
}

/// A file to install.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    kind: Kind,
}

/// The purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Launcher,
    Autostart,
    Service,
    Description,
    Icon,
}

/// Returns every file, with `program` as the path of this one.
fn files(homes: &Homes, program: &str) -> Vec<File> {
    let (data, config) = (&homes.data, &homes.config);
    let entry = format!("{}.desktop", app::ID);
    let here = |text: &str| {
        let exec = format!("Exec={PROGRAM}");
        text.replace(&exec, &format!("Exec={}", quoted(program)))
            .into_bytes()
    };
    let mut files = vec![
        File {
            path: data.join("applications").join(&entry),
            bytes: here(LAUNCHER),
            kind: Kind::Launcher,
        },
        File {
            path: config.join("autostart").join(&entry),
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

/// Installs everything for this user, and says what it did. What is there already stays as it is.
///
/// # Errors
/// A file that cannot be written, with what the system said.
pub(crate) fn install(with_autostart: bool) -> anyhow::Result<()> {
    let homes = Homes::find()?;
    let program = env::current_exe().context("cannot tell where sotto-tray is")?;
    let Some(program) = program.to_str() else {
        bail!(
            "cannot start {} from a menu: its path is no text; move it elsewhere",
            program.display()
        );
    };
    let mut said = Said::default();
    for file in files(&homes, program) {
        if file.kind == Kind::Autostart && !with_autostart {
            let removed = remove(&file.path)?;
            said.note(&file, if removed { "removed" } else { "not wanted" });
            continue;
        }
        let done = if put(&file.path, &file.bytes)? {
            "installed"
        } else {
            "is there already"
        };
        said.note(&file, done);
    }
    refresh(&homes);
    instance::reload_services();
    said.tell(&homes)?;
    say(format_args!(
        "\nSotto is in your menu of programs{}. To undo this: sotto-tray uninstall",
        if with_autostart {
            ", and starts with your session"
        } else {
            ""
        }
    ))
}

/// Removes exactly what [`install`] writes, and says what it did.
///
/// # Errors
/// A file that cannot be removed, with what the system said.
pub(crate) fn uninstall() -> anyhow::Result<()> {
    let homes = Homes::find()?;
    let mut said = Said::default();
    for file in files(&homes, PROGRAM) {
        let done = if remove(&file.path)? {
            "removed"
        } else {
            "was not there"
        };
        said.note(&file, done);
    }
    refresh(&homes);
    instance::reload_services();
    said.tell(&homes)
}

/// Writes a file, in one step, unless it is as it should be. Returns whether it was written.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let write = || {
        let directory = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory)?;
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        fs::write(&new, bytes)?;
        fs::rename(&new, path)
    };
    match write() {
        Ok(()) => Ok(true),
        Err(error) => bail!("cannot write {}: {error}", path.display()),
    }
}

/// Removes a file. Returns whether there was one.
fn remove(path: &Path) -> anyhow::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => bail!("cannot remove {}: {error}", path.display()),
    }
}

/// Makes a cache of the icons count as out of date, if there is one.
fn refresh(homes: &Homes) {
    let theme = homes.data.join(THEME);
    let touched = fs::File::open(&theme).and_then(|theme| theme.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(%error, "the theme of icons was not touched");
    }
}

/// A report of what was done, the icons in one line.
#[derive(Debug, Default)]
struct Said {
    lines: Vec<String>,
    icons: Vec<(&'static str, usize)>,
}

impl Said {
    fn note(&mut self, file: &File, done: &'static str) {
        let what = match file.kind {
            Kind::Launcher => "launcher",
            Kind::Autostart => "autostart entry",
            Kind::Service => "service of the session's bus",
            Kind::Description => "description",
            Kind::Icon => {
                match self.icons.iter_mut().find(|(known, _)| *known == done) {
                    Some((_, count)) => *count += 1,
                    None => self.icons.push((done, 1)),
                }
                return;
            }
        };
        let path = file.path.display();
        self.lines.push(format!("{what}: {path} ({done})"));
    }

    fn tell(&self, homes: &Homes) -> anyhow::Result<()> {
        let theme = homes.data.join(THEME);
        let icons = self.icons.iter().map(|(done, count)| {
            let path = theme.display();
            format!("{count} icons: {path} ({done})")
        });
        for line in self.lines.iter().cloned().chain(icons) {
            say(format_args!("{line}"))?;
        }
        Ok(())
    }
}

fn say(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        // Whether somebody reads it does not matter to what was done.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Returns whether the icons of the states are installed, for this user or for all, so that panels find them by name.
pub(crate) fn icons_are_installed() -> bool {
    let own = BaseDirs::new().map(|base| base.data_dir().to_owned());
    let shared = env::var("XDG_DATA_DIRS").unwrap_or_default();
    let shared = if shared.is_empty() {
        DATA_DIRS
    } else {
        &shared
    };
    // The last that was added to them: older files do not count.
    let probe = icons::scalable(&icons::name(Mood::Phone, true));
    own.into_iter()
        .chain(shared.split(':').map(PathBuf::from))
        .any(|data| data.join(THEME).join(&probe).is_file())
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
