//! `sotto-tray install` and `uninstall`: what a package would bring, for a build from source and one user; and
//! `sotto-tray share`, which writes the same files for a package.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

use anyhow::{Context, bail};
use directories::BaseDirs;
use sotto_control::data_directories;

use crate::icon::{Mood, files as icons};
use crate::instance;
use crate::shipped::{self, File, Homes, Kind, PROGRAM, THEME};

/// Finds the folders for the user's files.
fn homes() -> anyhow::Result<Homes> {
    let base = BaseDirs::new().context("cannot tell your home directory; set HOME to it")?;
    Ok(Homes {
        data: base.data_dir().to_owned(),
        config: base.config_dir().to_owned(),
    })
}

/// Installs everything for this user, and says what it did. What is there already stays as it is. Where a package has
/// brought the rest, only lets the program start with the session: copies would hide the package's files for ever.
///
/// # Errors
/// A file that cannot be written, with what the system said.
pub(crate) fn install(with_autostart: bool) -> anyhow::Result<()> {
    let homes = homes()?;
    let path = env::current_exe().context("cannot tell where sotto-tray is")?;
    let Some(program) = path.to_str() else {
        bail!(
            "cannot start {} from a menu: its path is no text; move it elsewhere",
            path.display()
        );
    };
    let package = packaged(&path);
    let mut said = Said::default();
    for file in shipped::files(&homes, program) {
        let done = match (&package, file.kind) {
            (_, Kind::Autostart) if with_autostart => written(&file)?,
            (_, Kind::Autostart) => removed(&file, "not wanted")?,
            (None, _) => written(&file)?,
            (Some(share), _) if *share == homes.data => "is the package's",
            (Some(_), _) => removed(&file, "the package has it")?,
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
    let homes = homes()?;
    let package = env::current_exe().ok().and_then(|path| packaged(&path));
    let mut said = Said::default();
    for file in shipped::files(&homes, PROGRAM) {
        let is_the_packages = file.kind != Kind::Autostart && package.as_ref() == Some(&homes.data);
        let done = match is_the_packages {
            true => "is the package's",
            false => removed(&file, "was not there")?,
        };
        said.note(&file, done);
    }
    refresh(&homes);
    instance::reload_services();
    said.tell(&homes)
}

/// Writes for a package what belongs below `share`, manual pages included. The program will be at `program`.
///
/// It does not start with everybody's session: who wants that says `sotto-tray install`. The entry for it is among the
/// examples.
///
/// # Errors
/// A file that cannot be written, with what the system said.
pub(crate) fn share(share: &Path, program: &str, manual: clap::Command) -> anyhow::Result<()> {
    let homes = Homes {
        data: share.to_owned(),
        config: share.join("doc/sotto/examples"),
    };
    for file in shipped::files(&homes, program) {
        put(&file.path, &file.bytes)?;
    }
    let pages = share.join("man/man1");
    fs::create_dir_all(&pages)
        .and_then(|()| clap_mangen::generate_to(manual, &pages))
        .with_context(|| format!("cannot write manual pages to {}", pages.display()))
}

/// Returns the folder of data beside this program, if a package has put the launcher there.
fn packaged(program: &Path) -> Option<PathBuf> {
    let prefix = program
        .parent()
        .filter(|folder| folder.ends_with("bin"))?
        .parent()?;
    let share = prefix.join("share");
    let launcher = shipped::launcher(&share);
    launcher.is_file().then_some(share)
}

/// Writes a file and says whether it did.
fn written(file: &File) -> anyhow::Result<&'static str> {
    Ok(match put(&file.path, &file.bytes)? {
        true => "installed",
        false => "is there already",
    })
}

/// Removes a file and says whether it did; `otherwise` if there was none.
fn removed(file: &File, otherwise: &'static str) -> anyhow::Result<&'static str> {
    Ok(match remove(&file.path)? {
        true => "removed",
        false => otherwise,
    })
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
    // The last that was added to them: older files do not count.
    let probe = icons::scalable(&icons::name(Mood::Phone, true));
    data_directories(|name| env::var_os(name))
        .iter()
        .any(|data| data.join(THEME).join(&probe).is_file())
}
