//! What the windowing system allows: the strip stays above all other windows and never takes the keyboard.
//!
//! X11 can do both. On Wayland a window can ask for neither. So the strip is a layer there (`layer`), where the compositor
//! has such; else it runs on XWayland; and where there is none of both, the user is told what the desktop itself offers.

use std::ffi::OsString;

use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::properties::WmHints;
use x11rb::protocol::xproto::{ConnectionExt, InputFocus};

/// The windowing system that the window is on, or would be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// X11, XWayland included.
    X11,
    /// Wayland, with an X server beside it.
    WaylandWithX11,
    /// Wayland alone.
    Wayland,
    /// A layer above the windows, on Wayland.
    Layer,
}

impl System {
    /// Tells from the environment.
    pub(crate) fn find() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self::of(set("WAYLAND_DISPLAY"), set("DISPLAY"))
    }

    const fn of(wayland: bool, x11: bool) -> Self {
        match (wayland, x11) {
            (false, _) => Self::X11,
            (true, true) => Self::WaylandWithX11,
            (true, false) => Self::Wayland,
        }
    }
}

/// Returns the sentence for desktops where no program can keep its window above others: their own entry for it.
pub(crate) fn by_hand(desktop: Option<OsString>) -> String {
    let desktop = desktop.unwrap_or_default().to_string_lossy().to_lowercase();
    let entry = if desktop.contains("gnome") {
        "press Alt+Space and choose Always on Top"
    } else if desktop.contains("kde") {
        "right-click the title bar and choose More Actions, Keep Above Others"
    } else if desktop.contains("sway") || desktop.contains("i3") {
        "make the window floating and sticky with 'floating enable, sticky enable'"
    } else if desktop.contains("hyprland") {
        "float and pin the window with 'togglefloating' and 'pin'"
    } else {
        "use the entry of your desktop's window menu that keeps a window on top"
    };
    format!("This desktop lets no program keep its own window above others; {entry}")
}

/// Tells the window manager whether our window wants the keyboard. Best effort: where it fails, a click on the strip
/// takes the keyboard, and nothing else is lost.
pub(crate) fn accept_keyboard(window: &impl HasWindowHandle, accept: bool) {
    let Some(id) = x11_id(window) else { return };
    if let Err(error) = hint(id, accept) {
        tracing::debug!(%error, "the window manager was not told about the keyboard");
    }
}

fn x11_id(window: &impl HasWindowHandle) -> Option<u32> {
    match window.window_handle().ok()?.as_raw() {
        RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok(),
        RawWindowHandle::Xcb(handle) => Some(handle.window.get()),
        _ => None,
    }
}

fn hint(window: u32, accept: bool) -> Result<(), Box<dyn std::error::Error>> {
    let (connection, _) = x11rb::connect(None)?;
    let mut hints = WmHints::get(&connection, window)?
        .reply()?
        .unwrap_or_default();
    hints.input = Some(accept);
    hints.set(&connection, window)?.check()?;
    if !accept && connection.get_input_focus()?.reply()?.focus == window {
        // The window manager gives the keyboard to whoever had it before.
        let nobody = u32::from(InputFocus::POINTER_ROOT);
        connection
            .set_input_focus(InputFocus::POINTER_ROOT, nobody, x11rb::CURRENT_TIME)?
            .check()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strip_goes_where_it_can_stay_above() {
        assert_eq!(System::of(false, true), System::X11);
        assert_eq!(System::of(true, true), System::WaylandWithX11);
        assert_eq!(System::of(true, false), System::Wayland);
    }

    #[test]
    fn where_it_cannot_the_desktops_own_way_is_named() {
        assert!(by_hand(Some("ubuntu:GNOME".into())).contains("Always on Top"));
        assert!(by_hand(Some("KDE".into())).contains("Keep Above Others"));
        assert!(by_hand(None).contains("window menu"));
    }
}
