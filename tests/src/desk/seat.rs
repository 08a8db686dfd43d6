//! What a person's hand gives a Wayland desktop: a pointer, and the leave to come to the front.

use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result};
use smithay_client_toolkit::reexports::client::globals::{GlobalListContents, registry_queue_init};
use smithay_client_toolkit::reexports::client::protocol::wl_pointer::ButtonState;
use smithay_client_toolkit::reexports::client::protocol::wl_registry::WlRegistry;
use smithay_client_toolkit::reexports::client::{
    Connection, Dispatch, EventQueue, Proxy, QueueHandle,
};
use smithay_client_toolkit::reexports::protocols::xdg::activation::v1::client::xdg_activation_token_v1::{self, XdgActivationTokenV1};
use smithay_client_toolkit::reexports::protocols::xdg::activation::v1::client::xdg_activation_v1::XdgActivationV1;
use smithay_client_toolkit::reexports::protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1;
use smithay_client_toolkit::reexports::protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

/// The left button.
const LEFT: u32 = 0x110;

/// A pointer that this program moves. It is unplugged when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    queue: EventQueue<Hand>,
    pointer: ZwlrVirtualPointerV1,
    activation: XdgActivationV1,
    hand: Hand,
    /// The size of the screen.
    size: (u32, u32),
}

/// What the compositor says.
#[derive(Debug, Default)]
struct Hand {
    token: Option<String>,
}

impl Seat {
    /// Plugs a pointer into the compositor that listens there.
    pub(crate) fn plug(socket: &Path, size: (u32, u32)) -> Result<Self> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("cannot connect to {}", socket.display()))?;
        let connection = Connection::from_socket(stream)?;
        let (globals, queue) = registry_queue_init(&connection)?;
        let manager: ZwlrVirtualPointerManagerV1 = globals
            .bind(&queue.handle(), 1..=1, ())
            .context("this compositor takes no pointer from a program")?;
        let activation = globals.bind(&queue.handle(), 1..=1, ())?;
        let mut seat = Self {
            pointer: manager.create_virtual_pointer(None, &queue.handle(), ()),
            queue,
            activation,
            hand: Hand::default(),
            size,
        };
        seat.settle()?;
        Ok(seat)
    }

    /// Moves the pointer.
    pub(crate) fn move_to(&mut self, (x, y): (u32, u32)) -> Result<()> {
        let (width, height) = self.size;
        self.pointer.motion_absolute(0, x, y, width, height);
        self.pointer.frame();
        self.settle()
    }

    /// Presses the left button, or lets it go.
    pub(crate) fn button(&mut self, down: bool) -> Result<()> {
        let state = match down {
            true => ButtonState::Pressed,
            false => ButtonState::Released,
        };
        self.pointer.button(0, LEFT, state);
        self.pointer.frame();
        self.settle()
    }

    /// Asks the compositor for its leave, as a panel does that was clicked.
    pub(crate) fn token(&mut self) -> Result<String> {
        let token = self
            .activation
            .get_activation_token(&self.queue.handle(), ());
        token.commit();
        self.settle()?;
        token.destroy();
        self.hand.token.take().context("there is no token")
    }

    /// Waits until the compositor has read everything.
    fn settle(&mut self) -> Result<()> {
        self.queue.roundtrip(&mut self.hand)?;
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pointer.destroy();
        let _ = self.settle();
    }
}

impl Dispatch<XdgActivationTokenV1, ()> for Hand {
    fn event(
        hand: &mut Self,
        _: &XdgActivationTokenV1,
        event: xdg_activation_token_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_activation_token_v1::Event::Done { token } = event {
            hand.token = Some(token);
        }
    }
}

/// What these say does not matter here.
macro_rules! ignored {
    ($($interface:ty, $data:ty);+) => { $(
        impl Dispatch<$interface, $data> for Hand {
            fn event(
                _: &mut Self,
                _: &$interface,
                _: <$interface as Proxy>::Event,
                _: &$data,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
            }
        }
    )+ };
}

ignored!(WlRegistry, GlobalListContents; ZwlrVirtualPointerManagerV1, (); ZwlrVirtualPointerV1, (); XdgActivationV1, ());
