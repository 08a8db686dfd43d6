//! `sotto-tray install` and `uninstall`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ID: &str = "alt.sotto.Sotto";

/// A home in which everything is installed, and nothing else is.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn output(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_sotto-tray"))
            .args(arguments)
            .env("HOME", self.0.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .output()
            .unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![self.0.path().to_owned()];
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    found.insert(path);
                }
            }
        }
        found
    }
}

#[test]
fn what_is_installed_is_said_stays_as_it_is_the_second_time_and_goes_without_a_rest() {
    let home = Home::new();
    let other = home.path("data/applications/other.desktop");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "another program").unwrap();

    let said = home.run(&["install"]);
    let launcher = home.path("data/applications/alt.sotto.Sotto.desktop");
    assert!(said.contains(launcher.to_str().unwrap()), "{said}");
    let first = home.files();
    for size in [16, 22, 24, 32, 48, 64, 128, 256] {
        let icon = format!("data/icons/hicolor/{size}x{size}/apps/{ID}.png");
        assert!(first.contains(&home.path(&icon)), "{icon}");
    }
    let exec = format!("Exec={} --open\n", env!("CARGO_BIN_EXE_sotto-tray"));
    assert!(fs::read_to_string(&launcher).unwrap().contains(&exec));

    let again = home.run(&["install"]);
    assert!(again.contains("(is there already)") && !again.contains("(installed)"));
    assert_eq!(home.files(), first);

    home.run(&["uninstall"]);
    assert_eq!(home.files(), BTreeSet::from([other]));
    let nothing = home.run(&["uninstall"]);
    assert!(nothing.contains("(was not there)") && !nothing.contains("(removed)"));
}

#[test]
fn it_starts_with_the_session_only_if_that_is_wanted() {
    let home = Home::new();
    let autostart = home.path("config/autostart/alt.sotto.Sotto.desktop");
    home.run(&["install"]);
    assert!(autostart.exists());
    home.run(&["install", "--no-autostart"]);
    assert!(!autostart.exists());
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let home = Home::new();
    fs::write(home.path("data"), "a file").unwrap();
    let output = home.output(&["install"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("cannot write") && message.contains("data"),
        "{message}"
    );
}

/// Runs a checker; where it is not installed, somebody else checks.
fn check(program: &str, arguments: &[&str], file: &Path) {
    match Command::new(program).args(arguments).arg(file).output() {
        Ok(output) => assert!(
            output.status.success(),
            "{program} {}: {}{}",
            file.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => eprintln!("{program} is not installed: {error}"),
    }
}

#[test]
fn desktops_and_software_centres_take_the_files() {
    let home = Home::new();
    home.run(&["install"]);
    for entry in [
        "data/applications/alt.sotto.Sotto.desktop",
        "config/autostart/alt.sotto.Sotto.desktop",
    ] {
        check("desktop-file-validate", &[], &home.path(entry));
    }
    let metainfo = home.path("data/metainfo/alt.sotto.Sotto.metainfo.xml");
    check("appstreamcli", &["validate", "--no-net"], &metainfo);
}

/// The program where a package puts it, beside what `sotto-tray share` writes for it.
fn packaged(home: &Home, prefix: &str) -> PathBuf {
    let program = home.path(prefix).join("bin/sotto-tray");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_sotto-tray"), &program).unwrap();
    let share = home.path(prefix).join("share");
    let program_and_share = [program.to_str().unwrap(), share.to_str().unwrap()];
    home.run(&[
        "share",
        "--program",
        program_and_share[0],
        program_and_share[1],
    ]);
    program
}

#[test]
fn a_package_is_given_all_that_the_list_has_and_manual_pages() {
    let home = Home::new();
    home.run(&["share", home.path("usr/share").to_str().unwrap()]);
    let files = home.files();
    for file in [
        "applications/alt.sotto.Sotto.desktop",
        "dbus-1/services/alt.sotto.Sotto.service",
        "metainfo/alt.sotto.Sotto.metainfo.xml",
        "icons/hicolor/256x256/apps/alt.sotto.Sotto.png",
        "icons/hicolor/scalable/apps/alt.sotto.Sotto.svg",
        "doc/sotto/examples/autostart/alt.sotto.Sotto.desktop",
        "man/man1/sotto-tray.1",
        "man/man1/sotto-tray-window.1",
    ] {
        assert!(files.contains(&home.path("usr/share").join(file)), "{file}");
    }
    let service = home.path("usr/share/dbus-1/services/alt.sotto.Sotto.service");
    let service = fs::read_to_string(service).unwrap();
    assert!(service.contains("Exec=/usr/bin/sotto-tray\n"), "{service}");
    let names: Vec<_> = files.iter().filter_map(|file| file.to_str()).collect();
    assert!(
        !names.iter().any(|name| name.contains("-share.1")),
        "{names:?}"
    );
}

#[test]
fn beside_a_package_only_the_start_with_the_session_is_installed() {
    for (prefix, own) in [("usr", "data"), ("local", "local/share")] {
        let home = Home::new();
        let run = |command: &str| {
            let output = Command::new(home.path(prefix).join("bin/sotto-tray"))
                .arg(command)
                .env("HOME", home.0.path())
                .env("XDG_DATA_HOME", home.path(own))
                .env("XDG_CONFIG_HOME", home.path("config"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        if own == "data" {
            // What an earlier build from source has left would hide the package's files.
            home.run(&["install"]);
        }
        packaged(&home, prefix);
        let of_the_package: BTreeSet<PathBuf> = home
            .files()
            .into_iter()
            .filter(|file| file.starts_with(home.path(prefix)))
            .collect();
        let autostart = home.path("config/autostart/alt.sotto.Sotto.desktop");
        let _ = fs::remove_dir_all(home.path("config"));

        run("install");
        let mut expected = of_the_package.clone();
        expected.insert(autostart);
        assert_eq!(home.files(), expected, "{prefix}");
        run("uninstall");
        assert_eq!(home.files(), of_the_package, "{prefix}");
    }
}
