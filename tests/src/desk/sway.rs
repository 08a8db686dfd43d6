//! The same desktop on Wayland: sway, on a screen in memory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use sotto_control::APP_ID;

use super::seat::Seat;
use super::{Desk, Screen};
use crate::Colleague;
use crate::programs::run;

/// Windows take the keyboard if they have the leave for it; there is no X server to fall back to.
const CONFIGURATION: &str =
    "xwayland disable\nfocus_on_window_activation focus\ndefault_border none\n";

/// What keeps sway from looking for a graphics card, a seat and a keyboard.
const HEADLESS: [(&str, &str); 4] = [
    ("WLR_BACKENDS", "headless"),
    ("WLR_RENDERER", "pixman"),
    ("WLR_LIBINPUT_NO_DEVICES", "1"),
    ("LIBSEAT_BACKEND", "noop"),
];

/// The size of the screen that sway has without one.
const SIZE: (u32, u32) = (1280, 720);

/// Nobody's number. Sway does not run as root.
const NOBODY: &str = "65534";

/// Sway, as its clients find it.
#[derive(Debug)]
pub(super) struct Sway {
    /// Where it listens for clients.
    pub(super) socket: PathBuf,
    /// Where it listens for `swaymsg`.
    control: PathBuf,
    /// The only pointer.
    seat: Option<Seat>,
}

/// A window on the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its number, by which a window is told from the next of the same program.
    pub id: u64,
    /// The program's own name for itself, which only native clients have.
    pub app_id: String,
    /// Whether it has the keyboard.
    pub focused: bool,
}

impl Desk {
    /// A Wayland desktop on somebody's host, with nothing on it.
    ///
    /// # Errors
    ///
    /// When one of its programs does not start.
    pub fn on_sway(colleague: &Colleague) -> Result<Self> {
        let mut desk = Self::bare(colleague)?;
        // The service of screen readers wants to see a screen.
        desk.start_sway()?;
        desk.start_bus()?;
        Ok(desk)
    }

    fn start_sway(&mut self) -> Result<()> {
        let directory = self.directory.join("sway");
        std::fs::create_dir_all(&directory)?;
        self.write("sway.conf", CONFIGURATION)?;
        let shown = directory.display().to_string();
        let unprivileged = unprivileged()?;
        if unprivileged[0] == "setpriv" {
            run(Command::new("chown").args([NOBODY, &shown]))?;
        }
        run(Command::new("chmod").args(["0700", &shown]))?;
        let log = self.log("sway")?;
        let mut command = self.host.command(unprivileged[0]);
        command
            .args(&unprivileged[1..])
            .args(["sway", "--config"])
            .arg(self.directory.join("sway.conf"))
            .envs(HEADLESS)
            .env("XDG_RUNTIME_DIR", &directory)
            .env("HOME", &directory)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(log.try_clone()?)
            .stderr(log);
        self.running
            .push(crate::programs::Running::start(&mut command)?);
        let find = |begin: &str| {
            let listed = std::fs::read_dir(&directory).ok()?;
            let mut files = listed.flatten().map(|file| file.path());
            files.find(|file| {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with(begin) && !name.ends_with(".lock")
            })
        };
        self.until("sway", |_| {
            Ok(find("wayland-").is_some() && find("sway-ipc.").is_some())
        })?;
        let socket = find("wayland-").context("sway has no socket")?;
        let control = find("sway-ipc.").context("sway has no second socket")?;
        self.screen = Screen::Sway(Sway {
            socket: socket.clone(),
            control,
            seat: None,
        });
        self.until("sway's answer", |desk| Ok(desk.windows()?.is_empty()))?;
        let seat = Seat::plug(&socket, SIZE)?;
        self.sway_mut()?.seat = Some(seat);
        Ok(())
    }

    fn sway(&self) -> Result<&Sway> {
        match &self.screen {
            Screen::Sway(sway) => Ok(sway),
            Screen::X(_) => anyhow::bail!("this desktop is not sway's"),
        }
    }

    fn sway_mut(&mut self) -> Result<&mut Sway> {
        match &mut self.screen {
            Screen::Sway(sway) => Ok(sway),
            Screen::X(_) => anyhow::bail!("this desktop is not sway's"),
        }
    }

    fn seat(&mut self) -> Result<&mut Seat> {
        let seat = self.sway_mut()?.seat.as_mut();
        seat.context("the pointer is unplugged")
    }

    /// Tells sway to do something.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn tells_sway(&self, what: &str) -> Result<()> {
        self.swaymsg(&[what]).map(drop)
    }

    fn swaymsg(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.command("swaymsg");
        command.arg("--socket").arg(&self.sway()?.control);
        run(command.args(arguments))
    }

    /// The windows on the desktop.
    ///
    /// # Errors
    ///
    /// When sway does not answer.
    pub fn windows(&self) -> Result<Vec<Window>> {
        let tree = self.swaymsg(&["-t", "get_tree"])?;
        let mut windows = Vec::new();
        collect(&serde_json::from_str(&tree)?, &mut windows);
        Ok(windows)
    }

    /// The window of this program.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn window_of(&self, app_id: &str) -> Result<Window> {
        let mut windows = self.windows()?.into_iter();
        let window = windows.find(|one| one.app_id == app_id);
        window.with_context(|| format!("there is no window of {app_id}"))
    }

    /// Waits until a window of this program has the keyboard, and returns it.
    ///
    /// # Errors
    ///
    /// When none gets it.
    pub fn keyboard_goes_to(&self, app_id: &str) -> Result<Window> {
        self.until(&format!("{app_id} with the keyboard"), |desk| {
            Ok(desk.window_of(app_id)?.focused)
        })?;
        self.window_of(app_id)
    }

    /// Clicks what has this accessible name, as a hand does. The place counts from the screen's corner, which only
    /// a strip knows.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn clicks_on_strip(&mut self, name: &str) -> Result<()> {
        self.holds_on_strip(name)?;
        self.seat()?.button(false)
    }

    /// The same, without letting go.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn holds_on_strip(&mut self, name: &str) -> Result<()> {
        let place = self.place_of(name)?;
        self.presses_at(place)
    }

    /// Presses the button at a point of the screen.
    ///
    /// # Errors
    ///
    /// When there is no pointer.
    pub fn presses_at(&mut self, place: (u32, u32)) -> Result<()> {
        let seat = self.seat()?;
        seat.move_to(place)?;
        seat.button(true)
    }

    /// Moves the pointer there, with the button as it is.
    ///
    /// # Errors
    ///
    /// When there is no pointer.
    pub fn moves_pointer(&mut self, to: (u32, u32)) -> Result<()> {
        self.seat()?.move_to(to)
    }

    /// Lets the pointer's button go.
    ///
    /// # Errors
    ///
    /// When there is no pointer.
    pub fn lets_pointer_go(&mut self) -> Result<()> {
        self.seat()?.button(false)
    }

    /// Takes the pointer away, whatever it holds.
    ///
    /// # Errors
    ///
    /// When this is not sway.
    pub fn unplugs_pointer(&mut self) -> Result<()> {
        self.sway_mut()?.seat = None;
        Ok(())
    }

    /// Returns whether the tray runs.
    ///
    /// # Errors
    ///
    /// When it does not yet.
    pub fn has_tray(&self) -> Result<bool> {
        self.bus_name(APP_ID).map(|_| true)
    }

    /// Starts Sotto once more, as a launcher does that has the compositor's leave to open a window. Returns the leave.
    ///
    /// # Errors
    ///
    /// When the tray does not take it.
    pub fn starts_with_leave(&mut self) -> Result<String> {
        let token = self.seat()?.token()?;
        let tray = self.bus_name(APP_ID)?;
        let path = format!("/{}", APP_ID.replace('.', "/"));
        let mut starting = self.busctl();
        starting
            .args(["call", &tray, &path, "org.freedesktop.Application"])
            .args(["Activate", "a{sv}", "1", "activation-token", "s", &token]);
        run(&mut starting)?;
        Ok(token)
    }

    /// The brightness of a point of the screen, from 0 to 255.
    ///
    /// # Errors
    ///
    /// When there is no picture.
    pub fn brightness(&self, (x, y): (u32, u32)) -> Result<u8> {
        let path = self.directory.join("point.ppm");
        let mut taking = self.command("grim");
        taking
            .args(["-t", "ppm", "-g", &format!("{x},{y} 1x1")])
            .arg(&path);
        run(&mut taking)?;
        let picture = std::fs::read(&path)?;
        let [.., red, green, blue] = picture[..] else {
            anyhow::bail!("the picture is empty");
        };
        Ok(red.min(green).min(blue))
    }

    /// Keeps a picture of the screen among the results.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn sway_picture(&self, name: &str) -> Result<()> {
        let path = self.results.join(format!("{name}.png"));
        run(self.command("grim").arg(path)).map(drop)
    }

    /// Returns the middle of what has this accessible name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn place_of(&self, name: &str) -> Result<(u32, u32)> {
        let place = self.accessible(&["where", name])?;
        let (x, y) = place.trim().split_once(' ').context("not a place")?;
        Ok((x.parse()?, y.parse()?))
    }
}

/// The windows below a node of sway's tree.
fn collect(node: &Value, windows: &mut Vec<Window>) {
    if let Some(app_id) = node["app_id"].as_str() {
        windows.push(Window {
            id: node["id"].as_u64().unwrap_or_default(),
            app_id: app_id.to_owned(),
            focused: node["focused"] == true,
        });
    }
    for kind in ["nodes", "floating_nodes"] {
        for child in node[kind].as_array().into_iter().flatten() {
            collect(child, windows);
        }
    }
}

/// The words before a program that must not run as root. Whoever looks like root is renamed, which any user may do and
/// which leaves the files where they are; a system that does not allow it lets root become nobody.
fn unprivileged() -> Result<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [
        &[
            "unshare",
            "--user",
            "--map-user",
            NOBODY,
            "--map-group",
            NOBODY,
        ],
        &[
            "setpriv",
            "--reuid",
            NOBODY,
            "--regid",
            NOBODY,
            "--clear-groups",
        ],
    ];
    let works = |way: &&[&str]| run(Command::new(way[0]).args(&way[1..]).arg("true")).is_ok();
    let way = WAYS.into_iter().find(works);
    way.context("sway does not run as root, and there is nobody else here")
}
