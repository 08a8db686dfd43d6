//! A display without a screen, a desktop that is light or dark, and what can be seen and done there.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use x11rb::properties::WmClass;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConnectionExt, EventMask,
    ImageFormat, MOTION_NOTIFY_EVENT,
};
use zbus::zvariant::{OwnedValue, Value};

use crate::fixture::{self, DEADLINE, Session};

/// The size of the display.
const WIDTH: u16 = 1840;
const HEIGHT: u16 = 1320;
/// Between two looks at the display; it tells nobody that it has been drawn on.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

/// The display.
pub(crate) struct Display(fixture::Display);

impl Display {
    pub(crate) fn start() -> Self {
        Self(fixture::Display::of_size(WIDTH, HEIGHT))
    }

    /// Starts the program under test on this display.
    pub(crate) fn window(
        &self,
        session: &Session,
        arguments: &[&str],
        scale: u8,
        log: Stdio,
    ) -> Window {
        let child = Command::new(env!("CARGO_BIN_EXE_sotto-tray"))
            .args(arguments)
            .env("DBUS_SESSION_BUS_ADDRESS", session.address())
            .env("SOTTO_HOME", session.directory.path().join("home"))
            .env("DISPLAY", &self.0.name)
            .env_remove("WAYLAND_DISPLAY")
            .env("WINIT_X11_SCALE_FACTOR", scale.to_string())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Window(child)
    }

    /// Everything on the display, four bytes a pixel: blue, green, red, nothing.
    fn pixels(&self) -> Vec<u8> {
        let image = self.0.client.get_image(
            ImageFormat::Z_PIXMAP,
            self.0.root,
            0,
            0,
            WIDTH,
            HEIGHT,
            u32::MAX,
        );
        image.unwrap().reply().unwrap().data
    }

    /// Waits until something is shown and nothing changes any more.
    pub(crate) async fn settled(&self) -> Vec<u8> {
        let settled = timeout(DEADLINE, async {
            let mut before = Vec::new();
            let mut same = 0;
            loop {
                sleep(LOOK_AGAIN).await;
                let now = self.pixels();
                let empty = now.chunks_exact(4).all(|pixel| pixel[..3] == now[..3]);
                same = if now == before && !empty { same + 1 } else { 0 };
                if same == 4 {
                    return now;
                }
                before = now;
            }
        });
        settled.await.expect("the window does not come to rest")
    }

    /// Waits until something else is shown than before, and nothing changes any more.
    pub(crate) async fn changed(&self, before: &[u8]) -> Vec<u8> {
        let changed = timeout(DEADLINE, async {
            while self.pixels() == before {
                sleep(LOOK_AGAIN).await;
            }
        });
        changed.await.expect("the window does not change");
        self.settled().await
    }

    /// Waits until the window says that something went wrong.
    pub(crate) async fn warned(&self) {
        // The ground of such a message in a light window: blue, green, red.
        const GROUND: [u8; 3] = [0xD8, 0xF0, 0xFC];
        let warned = timeout(DEADLINE, async {
            loop {
                let pixels = self.pixels();
                let ground = pixels.chunks_exact(4).filter(|one| one[..3] == GROUND);
                if ground.count() > 1000 {
                    return;
                }
                sleep(LOOK_AGAIN).await;
            }
        });
        warned.await.expect("the window does not say what is wrong");
    }

    /// Asks the window to close, as a window manager does.
    pub(crate) fn close(&self, class: &str) {
        let client = &self.0.client;
        let atom = |name: &str| {
            let atom = client.intern_atom(false, name.as_bytes()).unwrap();
            atom.reply().unwrap().atom
        };
        let window = self.of_class(class).unwrap();
        let ask = [atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), ask);
        client
            .send_event(false, window, EventMask::NO_EVENT, event)
            .unwrap()
            .check()
            .unwrap();
    }

    /// Waits until the window's corner has this brightness at least, or at most.
    pub(crate) async fn corner(&self, light: bool) {
        let seen = timeout(DEADLINE, async {
            loop {
                let pixel = self.pixels()[..3]
                    .iter()
                    .map(|part| u32::from(*part))
                    .sum::<u32>();
                // An empty display is black; a dark window is not.
                if light && pixel > 600 || !light && (1..200).contains(&pixel) {
                    return;
                }
                sleep(LOOK_AGAIN).await;
            }
        });
        seen.await
            .expect("the window does not take the desktop's theme");
    }

    /// Writes what is shown into a file, without the empty part of the display.
    pub(crate) async fn picture(&self, file: &Path) {
        let pixels = self.settled().await;
        let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
        let shown = |x: usize, y: usize| pixels[(y * width + x) * 4..][..3] != [0, 0, 0];
        let right = (0..width).rev().find(|x| (0..height).any(|y| shown(*x, y)));
        let bottom = (0..height).rev().find(|y| (0..width).any(|x| shown(x, *y)));
        let (columns, rows) = (right.unwrap() + 1, bottom.unwrap() + 1);
        let mut rgb = Vec::with_capacity(columns * rows * 3);
        for y in 0..rows {
            for pixel in pixels[y * width * 4..][..columns * 4].chunks_exact(4) {
                rgb.extend([pixel[2], pixel[1], pixel[0]]);
            }
        }
        let size = (
            u32::try_from(columns).unwrap(),
            u32::try_from(rows).unwrap(),
        );
        let mut encoder = png::Encoder::new(File::create(file).unwrap(), size.0, size.1);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&rgb).unwrap();
    }

    /// Returns whether there is a window of this class, by which the desktop finds its `.desktop` file.
    pub(crate) fn has_class(&self, class: &str) -> bool {
        self.of_class(class).is_some()
    }

    fn of_class(&self, class: &str) -> Option<u32> {
        let windows = self
            .0
            .client
            .query_tree(self.0.root)
            .unwrap()
            .reply()
            .unwrap();
        windows.children.into_iter().find(|window| {
            let found = WmClass::get(&self.0.client, *window).unwrap();
            // Some windows have none.
            let found = found.reply().ok().flatten();
            found.is_some_and(|found| found.class() == class.as_bytes())
        })
    }

    /// Presses the left button there.
    pub(crate) fn press(&self, x: i16, y: i16) {
        self.0.fake(MOTION_NOTIFY_EVENT, 0, x, y);
        self.0.fake(BUTTON_PRESS_EVENT, 1, x, y);
    }

    /// Lets go of it.
    pub(crate) fn release(&self) {
        self.0.fake(BUTTON_RELEASE_EVENT, 1, 0, 0);
    }
}

/// The running window; ended with the test.
pub(crate) struct Window(Child);

impl Window {
    /// Returns whether it runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ends(&mut self) {
        let ended = timeout(DEADLINE, async {
            while self.runs() {
                sleep(LOOK_AGAIN).await;
            }
        });
        ended.await.expect("the window does not end");
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The desktop's setting of light and dark.
pub(crate) struct Portal {
    bus: zbus::Connection,
}

const PORTAL_PATH: &str = "/org/freedesktop/portal/desktop";

struct Settings {
    dark: bool,
}

#[zbus::interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    fn read_one(&self, _namespace: &str, _key: &str) -> OwnedValue {
        let value = Value::from(if self.dark { 1_u32 } else { 2_u32 });
        value.try_to_owned().unwrap()
    }
}

impl Portal {
    pub(crate) async fn start(session: &Session, dark: bool) -> Self {
        let bus = zbus::connection::Builder::address(session.address().as_str())
            .unwrap()
            .name("org.freedesktop.portal.Desktop")
            .unwrap()
            .serve_at(PORTAL_PATH, Settings { dark })
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { bus }
    }

    /// Says that the desktop is dark from now on, or light.
    pub(crate) async fn turn(&self, dark: bool) {
        let value = Value::from(if dark { 1_u32 } else { 2_u32 });
        let change = ("org.freedesktop.appearance", "color-scheme", value);
        let interface = "org.freedesktop.portal.Settings";
        self.bus
            .emit_signal(
                None::<&str>,
                PORTAL_PATH,
                interface,
                "SettingChanged",
                &change,
            )
            .await
            .unwrap();
    }
}
