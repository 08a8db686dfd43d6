//! A desktop: a screen, a session bus, a window manager and a server of notifications, and somebody who clicks.
//!
//! All of it is other people's software. The screen is kept in memory (`Xvfb`). What is on it is found by its accessible
//! name, as a screen reader finds it, and clicked where it is, as a person does.

mod seat;
mod sway;
mod tray;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::Colleague;
use crate::host::Host;
use crate::programs::{Running, run};
use sway::Sway;
pub use sway::Window;

/// The title of the window in which somebody types.
pub const EDITOR: &str = "editor";

/// How long a program of the desktop may take to start, and a window to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// Finds, presses and locates by accessible name.
const ACCESSIBLE: &str = include_str!("accessible.py");

/// A message bus that starts nothing by itself.
const BUS: &str = "<busconfig><type>session</type><listen>unix:path=@@/bus</listen><auth>EXTERNAL</auth>\
    <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
    <allow own=\"*\"/></policy></busconfig>";

/// Notifications stay until they are answered; the menu of their buttons is a script.
const NOTIFICATIONS: &str = "[global]\n    dmenu = @@/choose\n    origin = top-right\n\
    [urgency_low]\n    timeout = 0\n[urgency_normal]\n    timeout = 0\n[urgency_critical]\n    timeout = 0\n";

/// A person at that menu: takes the line that holds what stands in the file `choice`.
const CHOOSE: &str = "#!/bin/sh\nexec grep -m1 -F \"$(cat '@@/choice')\"\n";

/// Somebody's desktop.
#[derive(Debug)]
pub struct Desk {
    host: Host,
    /// Where the bus and the settings are.
    directory: PathBuf,
    /// Where logs and pictures go.
    results: PathBuf,
    screen: Screen,
    running: Vec<Running>,
}

/// What is drawn on.
#[derive(Debug)]
enum Screen {
    /// An X server's display, by name; empty before there is one.
    X(String),
    /// Sway's.
    Sway(Sway),
}

impl Desk {
    /// A desktop on somebody's host, with nothing on it.
    ///
    /// # Errors
    ///
    /// When one of its programs does not start.
    pub fn of(colleague: &Colleague) -> Result<Self> {
        let mut desk = Self::bare(colleague)?;
        desk.start_screen()?;
        desk.start_bus()?;
        desk.start("openbox", &["--sm-disable"])?;
        let asking = ["-root", "_NET_SUPPORTING_WM_CHECK"];
        desk.until("a window manager", |desk| {
            Ok(run(desk.command("xprop").args(asking))?.contains('#'))
        })?;
        Ok(desk)
    }

    /// Opens a window in which somebody types, and gives it the keyboard: one that comes up while the window manager still
    /// starts does not get it by itself.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub fn start_editor(&mut self) -> Result<()> {
        self.start("xmessage", &["-name", EDITOR, "Somebody types here."])?;
        self.until("the editor", |desk| {
            let asking = [
                "search",
                "--onlyvisible",
                "--name",
                EDITOR,
                "windowactivate",
            ];
            run(desk.command("xdotool").args(asking))?;
            Ok(desk.active_window()? == EDITOR)
        })
    }

    /// A place for a desktop.
    fn bare(colleague: &Colleague) -> Result<Self> {
        let desk = Self {
            host: colleague.host().clone(),
            directory: colleague.home().join("desk"),
            results: colleague.results().to_owned(),
            screen: Screen::X(String::new()),
            running: Vec::new(),
        };
        std::fs::create_dir_all(&desk.directory)
            .with_context(|| format!("cannot create {}", desk.directory.display()))?;
        desk.write("accessible.py", ACCESSIBLE)?;
        desk.write("choose", CHOOSE)?;
        run(Command::new("chmod")
            .arg("+x")
            .arg(desk.directory.join("choose")))?;
        Ok(desk)
    }

    fn start_screen(&mut self) -> Result<()> {
        // Screens of other sandboxes have their sockets in the same folder, and cannot see each other's processes: a
        // number that was only free would be taken twice.
        let mut hasher = DefaultHasher::new();
        self.results.hash(&mut hasher);
        let display = format!(":{}", 100 + hasher.finish() % 30_000);
        let ready = self.directory.join("screen");
        let file = std::fs::File::create(&ready)?;
        let log = self.log("Xvfb")?;
        self.running.push(Running::start(
            Command::new("Xvfb")
                .arg(&display)
                .args(["-displayfd", "1", "-screen", "0", "1280x800x24"])
                // With the end of its last client it would begin anew, and turn away who comes meanwhile.
                .args(["-nolisten", "tcp", "-noreset"])
                .stdout(file)
                .stderr(log),
        )?);
        self.screen = Screen::X(display);
        self.until("a screen", |desk| {
            let listens = std::fs::read_to_string(&ready)?.ends_with('\n');
            Ok(listens && run(desk.command("xprop").arg("-root")).is_ok())
        })
    }

    /// The session bus, and the one that screen readers listen to.
    fn start_bus(&mut self) -> Result<()> {
        self.write("bus.conf", BUS)?;
        let configuration = format!(
            "--config-file={}",
            self.directory.join("bus.conf").display()
        );
        self.start("dbus-daemon", &["--nofork", &configuration])?;
        let bus = self.directory.join("bus");
        self.until("a session bus", |_| Ok(bus.exists()))?;
        self.start(
            "/usr/libexec/at-spi-bus-launcher",
            &["--launch-immediately", "--a11y=1"],
        )?;
        self.until("a bus for screen readers", |desk| {
            desk.has_name("org.a11y.Bus")
        })
    }

    /// Starts a server of notifications.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start_notifications(&mut self) -> Result<()> {
        run(self.command("dunst").arg("--version"))
            .context("there is no server of notifications; 'cargo xtask setup test' brings it")?;
        self.write("dunstrc", NOTIFICATIONS)?;
        let settings = self.directory.join("dunstrc").display().to_string();
        self.start("dunst", &["-config", &settings])?;
        self.until("a server of notifications", |desk| {
            desk.has_name("org.freedesktop.Notifications")
        })
    }

    /// Runs a program on this desktop until the desktop goes.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(&mut self, program: &str, arguments: &[&str]) -> Result<()> {
        let name = Path::new(program).file_name().unwrap_or_default();
        let log = self.log(&name.to_string_lossy())?;
        let mut command = self.command(program);
        command.args(arguments).stdout(log.try_clone()?).stderr(log);
        self.running.push(Running::start(&mut command)?);
        Ok(())
    }

    /// Starts one of our programs, for the daemon of the colleague whose desktop this is.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_ours(
        &self,
        colleague: &Colleague,
        name: &str,
        arguments: &[&str],
    ) -> Result<Running> {
        let log = self.log(name)?;
        let mut command = colleague.command(name, arguments)?;
        self.introduce(&mut command);
        Running::start(command.stdout(log.try_clone()?).stderr(log))
    }

    /// A program that knows this desktop's screen and buses.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.host.command(program);
        self.introduce(&mut command);
        command
    }

    /// Tells a program where this desktop's screen and buses are.
    fn introduce(&self, command: &mut Command) {
        match &self.screen {
            Screen::X(display) => command
                .env("DISPLAY", display)
                .env_remove("WAYLAND_DISPLAY"),
            Screen::Sway(sway) => command
                .env("WAYLAND_DISPLAY", &sway.socket)
                // What is said between both stands in the log of the program.
                .env("WAYLAND_DEBUG", "1")
                .env_remove("DISPLAY"),
        };
        command
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus())
            .env("XDG_RUNTIME_DIR", &self.directory)
            .env("HOME", &self.directory)
            .env_remove("XAUTHORITY");
    }

    fn bus(&self) -> String {
        format!("unix:path={}/bus", self.directory.display())
    }

    /// Clicks the icon of the tray, as a panel does.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn clicks_icon(&self) -> Result<()> {
        let icon = self.icon()?;
        let mut clicking = self.busctl();
        clicking.args(["call", &icon, "/StatusNotifierItem"]).args([
            "org.kde.StatusNotifierItem",
            "Activate",
            "ii",
            "0",
            "0",
        ]);
        run(&mut clicking).map(drop)
    }

    /// The first name on the bus that begins so.
    fn bus_name(&self, begin: &str) -> Result<String> {
        let names = run(self.busctl().args(["list", "--no-legend"]))?;
        names
            .split_whitespace()
            .find(|name| name.starts_with(begin))
            .map(str::to_owned)
            .with_context(|| format!("nobody on the bus is called {begin}…"))
    }

    /// Presses the button of this accessible name, as a screen reader does.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be pressed.
    pub fn press(&self, name: &str) -> Result<()> {
        self.accessible(&["press", name]).map(drop)
    }

    /// Waits until something has this accessible name.
    ///
    /// # Errors
    ///
    /// When nothing gets it.
    pub fn shows(&self, name: &str) -> Result<()> {
        self.accessible(&["where", name]).map(drop)
    }

    /// Puts the pointer on what has this accessible name and presses the button, until [`Desk::lets_go`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn holds(&self, name: &str) -> Result<()> {
        let place = self.accessible(&["where", name])?;
        let place: Vec<&str> = place.split_whitespace().collect();
        let mut moving = self.command("xdotool");
        moving.args(["mousemove", "--sync"]).args(place);
        run(&mut moving)?;
        run(self.command("xdotool").args(["mousedown", "1"])).map(drop)
    }

    /// Lets the pointer's button go.
    ///
    /// # Errors
    ///
    /// When there is no pointer.
    pub fn lets_go(&self) -> Result<()> {
        run(self.command("xdotool").args(["mouseup", "1"])).map(drop)
    }

    /// Presses a key of the keyboard, with what is held beside it, until [`Desk::key_up`].
    ///
    /// # Errors
    ///
    /// When there is no such key.
    pub fn key_down(&self, key: &str) -> Result<()> {
        run(self.command("xdotool").args(["keydown", key])).map(drop)
    }

    /// Lets a key go, and what was held beside it.
    ///
    /// # Errors
    ///
    /// When there is no such key.
    pub fn key_up(&self, key: &str) -> Result<()> {
        run(self.command("xdotool").args(["keyup", key])).map(drop)
    }

    /// The title of the window that has the keyboard, according to the window manager.
    ///
    /// # Errors
    ///
    /// When none has it.
    pub fn active_window(&self) -> Result<String> {
        let asking = ["getactivewindow", "getwindowname"];
        run(self.command("xdotool").args(asking)).map(|title| title.trim().to_owned())
    }

    /// Returns whether the window manager keeps a window of this title above others.
    ///
    /// # Errors
    ///
    /// When there is no such window.
    pub fn is_above(&self, title: &str) -> Result<bool> {
        let asking = ["search", "--onlyvisible", "--name", title];
        let windows = run(self.command("xdotool").args(asking))?;
        let window = windows.lines().last().context("there is no such window")?;
        let asking = ["-id", window, "_NET_WM_STATE"];
        Ok(run(self.command("xprop").args(asking))?.contains("_NET_WM_STATE_ABOVE"))
    }

    /// Takes a button of the newest notification, by its label.
    ///
    /// # Errors
    ///
    /// When the server of notifications does not answer.
    pub fn answers_notification(&self, label: &str) -> Result<()> {
        self.write("choice", label)?;
        run(self.command("dunstctl").arg("context")).map(drop)
    }

    /// Notifications on the screen.
    ///
    /// # Errors
    ///
    /// When the server of notifications does not answer.
    pub fn notifications(&self) -> Result<u32> {
        let count = run(self.command("dunstctl").args(["count", "displayed"]))?;
        count.trim().parse().context("not a number")
    }

    /// Keeps a picture of the screen among the results.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn picture(&self, name: &str) -> Result<()> {
        let path = self.results.join(format!("{name}.xwd"));
        // A window that goes meanwhile, such as a tooltip, spoils a picture.
        self.until("a picture", |desk| {
            let mut taking = desk.command("xwd");
            run(taking.args(["-root", "-silent", "-out"]).arg(&path)).map(|_| true)
        })
    }

    /// Waits until `seen` says so.
    ///
    /// # Errors
    ///
    /// When it does not within twenty seconds.
    pub fn until(&self, what: &str, seen: impl Fn(&Self) -> Result<bool>) -> Result<()> {
        let begin = Instant::now();
        loop {
            let outcome = seen(self);
            if matches!(outcome, Ok(true)) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                bail!("no sign of {what} on the desktop: {outcome:?}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn has_name(&self, name: &str) -> Result<bool> {
        let mut asking = self.busctl();
        asking
            .args(["call", "org.freedesktop.DBus", "/org/freedesktop/DBus"])
            .args(["org.freedesktop.DBus", "NameHasOwner", "s", name]);
        Ok(run(&mut asking)?.contains("true"))
    }

    fn busctl(&self) -> Command {
        let mut command = self.command("busctl");
        command.arg(format!("--address={}", self.bus()));
        command
    }

    fn accessible(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.command("/usr/bin/python3");
        command
            .arg(self.directory.join("accessible.py"))
            .args(arguments);
        run(&mut command)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let directory = self.directory.display().to_string();
        let path = self.directory.join(name);
        std::fs::write(&path, text.replace("@@", &directory))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn log(&self, name: &str) -> Result<std::fs::File> {
        let path = self.results.join(format!("{name}.log"));
        std::fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))
    }
}
