//! The desktop's leave to come to the front, used for a window that is open already.
//!
//! The toolkit uses such a token for a new window only. So this asks the compositor itself (`xdg_activation_v1`), over the
//! toolkit's own connection, because only there its window is known.

// The toolkit's handles are pointers. Each use says why it is sound.
#![allow(unsafe_code)]

use anyhow::{Context as _, anyhow};
use raw_window_handle::{HasDisplayHandle, HasWindowHandle, RawDisplayHandle, RawWindowHandle};
use smithay_client_toolkit::reexports::client::backend::{Backend, ObjectId};
use smithay_client_toolkit::reexports::client::globals::{
    GlobalListContents, registry_queue_init,
};
use smithay_client_toolkit::reexports::client::protocol::wl_registry::{self, WlRegistry};
use smithay_client_toolkit::reexports::client::protocol::wl_surface::WlSurface;
use smithay_client_toolkit::reexports::client::{
    Connection, Dispatch, EventQueue, Proxy, QueueHandle,
};
use smithay_client_toolkit::reexports::protocols::xdg::activation::v1::client::xdg_activation_v1::{
    self, XdgActivationV1,
};

/// Gives the window the keyboard, if the desktop finds that the token is good for that.
///
/// # Errors
///
/// The window is not on Wayland, or the compositor has no such thing.
pub(crate) fn activate(
    window: &(impl HasWindowHandle + HasDisplayHandle),
    token: &str,
) -> anyhow::Result<()> {
    let (RawDisplayHandle::Wayland(display), RawWindowHandle::Wayland(surface)) = (
        window.display_handle()?.as_raw(),
        window.window_handle()?.as_raw(),
    ) else {
        return Err(anyhow!("the window is not on Wayland"));
    };
    // SAFETY: the toolkit keeps its connection open for as long as there is a window, which outlives this call.
    let backend = unsafe { Backend::from_foreign_display(display.display.as_ptr().cast()) };
    let connection = Connection::from_backend(backend);
    let (globals, queue): (_, EventQueue<Nobody>) = registry_queue_init(&connection)?;
    let activation: XdgActivationV1 = globals
        .bind(&queue.handle(), 1..=1, ())
        .context("the desktop lets no window come to the front")?;
    // SAFETY: the toolkit's surface lives as long as its window.
    let id =
        unsafe { ObjectId::from_ptr(WlSurface::interface(), surface.surface.as_ptr().cast()) }?;
    let surface = WlSurface::from_id(&connection, id)?;
    activation.activate(token.to_owned(), &surface);
    activation.destroy();
    connection.flush()?;
    Ok(())
}

/// A listener that waits for no answer.
pub(super) struct Nobody;

impl Dispatch<WlRegistry, GlobalListContents> for Nobody {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

impl Dispatch<XdgActivationV1, ()> for Nobody {
    fn event(
        _: &mut Self,
        _: &XdgActivationV1,
        _: xdg_activation_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}
