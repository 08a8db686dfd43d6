//! What the compositor says to the strip.

use smithay_client_toolkit::compositor::{CompositorHandler, CompositorState};
use smithay_client_toolkit::globals::GlobalData;
use smithay_client_toolkit::output::{OutputHandler, OutputState};
use smithay_client_toolkit::reexports::client::globals::GlobalList;
use smithay_client_toolkit::reexports::client::protocol::wl_callback::{self, WlCallback};
use smithay_client_toolkit::reexports::client::protocol::wl_output::{Transform, WlOutput};
use smithay_client_toolkit::reexports::client::protocol::wl_pointer::WlPointer;
use smithay_client_toolkit::reexports::client::protocol::wl_seat::WlSeat;
use smithay_client_toolkit::reexports::client::protocol::wl_surface::WlSurface;
use smithay_client_toolkit::reexports::client::{Connection, Dispatch, Proxy, QueueHandle};
use smithay_client_toolkit::reexports::protocols::wp::fractional_scale::v1::client::wp_fractional_scale_manager_v1::WpFractionalScaleManagerV1;
use smithay_client_toolkit::reexports::protocols::wp::fractional_scale::v1::client::wp_fractional_scale_v1::{self, WpFractionalScaleV1};
use smithay_client_toolkit::reexports::protocols::wp::viewporter::client::wp_viewport::WpViewport;
use smithay_client_toolkit::reexports::protocols::wp::viewporter::client::wp_viewporter::WpViewporter;
use smithay_client_toolkit::reexports::protocols::xdg::activation::v1::client::xdg_activation_v1::XdgActivationV1;
use smithay_client_toolkit::registry::{ProvidesRegistryState, RegistryState};
use smithay_client_toolkit::seat::pointer::{PointerEvent, PointerEventKind, PointerHandler, ThemeSpec};
use smithay_client_toolkit::seat::{Capability, SeatHandler, SeatState};
use smithay_client_toolkit::shell::WaylandSurface;
use smithay_client_toolkit::shell::wlr_layer::{
    LayerShell, LayerShellHandler, LayerSurface, LayerSurfaceConfigure,
};
use smithay_client_toolkit::shm::{Shm, ShmHandler};
use smithay_client_toolkit::{
    delegate_compositor, delegate_layer, delegate_output, delegate_pointer, delegate_registry,
    delegate_seat, delegate_shm, registry_handlers,
};

use super::super::scale::Scale;
use super::Strip;
use super::surface::Moved;

/// What the compositor offers.
pub(crate) struct Offers {
    pub(super) connection: Connection,
    pub(super) queue: QueueHandle<Strip>,
    pub(super) compositor: CompositorState,
    pub(super) shell: LayerShell,
    /// Scales that are not whole, where both halves of that are offered.
    pub(super) scaling: Option<(WpFractionalScaleManagerV1, WpViewporter)>,
    /// Leaves for windows, where they are given.
    pub(super) activation: Option<XdgActivationV1>,
    pub(super) outputs: OutputState,
    registry: RegistryState,
    seats: SeatState,
    shm: Shm,
}

impl Offers {
    /// Takes what is needed. Fails where the compositor has no layers.
    pub(crate) fn bind(
        connection: &Connection,
        globals: &GlobalList,
        queue: &QueueHandle<Strip>,
    ) -> anyhow::Result<Self> {
        let scaling = globals
            .bind(queue, 1..=1, GlobalData)
            .ok()
            .zip(globals.bind(queue, 1..=1, GlobalData).ok());
        Ok(Self {
            shell: LayerShell::bind(globals, queue)?,
            compositor: CompositorState::bind(globals, queue)?,
            shm: Shm::bind(globals, queue)?,
            scaling,
            activation: globals.bind(queue, 1..=1, GlobalData).ok(),
            outputs: OutputState::new(globals, queue),
            registry: RegistryState::new(globals),
            seats: SeatState::new(globals, queue),
            connection: connection.clone(),
            queue: queue.clone(),
        })
    }
}

impl LayerShellHandler for Strip {
    fn closed(&mut self, _: &Connection, _: &QueueHandle<Self>, _: &LayerSurface) {
        self.closed();
    }

    fn configure(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        _: &LayerSurface,
        configure: LayerSurfaceConfigure,
        _: u32,
    ) {
        self.configured(configure.new_size);
    }
}

impl CompositorHandler for Strip {
    fn scale_factor_changed(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        _: &WlSurface,
        factor: i32,
    ) {
        self.scaled(|scale| scale.whole(factor));
    }

    fn transform_changed(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        _: &WlSurface,
        _: Transform,
    ) {
    }

    fn frame(&mut self, _: &Connection, _: &QueueHandle<Self>, _: &WlSurface, _: u32) {
        self.pace.free(self.since.elapsed());
    }

    fn surface_enter(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        surface: &WlSurface,
        output: &WlOutput,
    ) {
        self.entered(surface, output);
    }

    fn surface_leave(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        _: &WlSurface,
        _: &WlOutput,
    ) {
    }
}

impl PointerHandler for Strip {
    fn pointer_frame(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        _: &WlPointer,
        events: &[PointerEvent],
    ) {
        for event in events {
            let ours = self.surface.as_ref().map(|one| one.layer.wl_surface());
            if ours != Some(&event.surface) {
                continue;
            }
            match event.kind {
                PointerEventKind::Enter { .. } => {
                    self.show_cursor();
                    self.pointed(event.position);
                }
                PointerEventKind::Motion { .. } => self.pointed(event.position),
                PointerEventKind::Press { button, .. } => self.pressed(button, true),
                PointerEventKind::Release { button, .. } => self.pressed(button, false),
                PointerEventKind::Leave { .. } => self.left(),
                // Nothing on the strip scrolls.
                PointerEventKind::Axis { .. } => {}
            }
        }
    }
}

impl SeatHandler for Strip {
    fn seat_state(&mut self) -> &mut SeatState {
        &mut self.offers.seats
    }

    fn new_seat(&mut self, _: &Connection, _: &QueueHandle<Self>, _: WlSeat) {}

    fn new_capability(
        &mut self,
        _: &Connection,
        queue: &QueueHandle<Self>,
        seat: WlSeat,
        capability: Capability,
    ) {
        if capability != Capability::Pointer || self.pointer.is_some() {
            return;
        }
        let cursor = self.offers.compositor.create_surface(queue);
        let shm = self.offers.shm.wl_shm();
        let theme = ThemeSpec::System;
        let pointer = self
            .offers
            .seats
            .get_pointer_with_theme(queue, &seat, shm, cursor, theme);
        match pointer {
            Ok(pointer) => self.pointer = Some(pointer),
            Err(error) => tracing::warn!(%error, "the strip has no pointer"),
        }
    }

    fn remove_capability(
        &mut self,
        _: &Connection,
        _: &QueueHandle<Self>,
        _: WlSeat,
        capability: Capability,
    ) {
        if capability == Capability::Pointer && self.pointer.take().is_some() {
            self.left();
        }
    }

    fn remove_seat(&mut self, _: &Connection, _: &QueueHandle<Self>, _: WlSeat) {}
}

impl OutputHandler for Strip {
    fn output_state(&mut self) -> &mut OutputState {
        &mut self.offers.outputs
    }

    fn new_output(&mut self, _: &Connection, _: &QueueHandle<Self>, _: WlOutput) {
        self.open();
    }

    fn update_output(&mut self, _: &Connection, _: &QueueHandle<Self>, _: WlOutput) {
        self.fit();
    }

    fn output_destroyed(&mut self, _: &Connection, _: &QueueHandle<Self>, _: WlOutput) {}
}

impl ShmHandler for Strip {
    fn shm_state(&mut self) -> &mut Shm {
        &mut self.offers.shm
    }
}

impl ProvidesRegistryState for Strip {
    fn registry(&mut self) -> &mut RegistryState {
        &mut self.offers.registry
    }

    registry_handlers![OutputState, SeatState];
}

delegate_compositor!(Strip);
delegate_layer!(Strip);
delegate_output!(Strip);
delegate_pointer!(Strip);
delegate_registry!(Strip);
delegate_seat!(Strip);
delegate_shm!(Strip);

/// The compositor has read everything that came before.
impl Dispatch<WlCallback, Moved> for Strip {
    fn event(
        strip: &mut Self,
        _: &WlCallback,
        event: wl_callback::Event,
        _: &Moved,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_callback::Event::Done { .. } = event {
            strip.settled();
        }
    }
}

impl Dispatch<WpFractionalScaleV1, GlobalData> for Strip {
    fn event(
        strip: &mut Self,
        _: &WpFractionalScaleV1,
        event: wp_fractional_scale_v1::Event,
        _: &GlobalData,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wp_fractional_scale_v1::Event::PreferredScale { scale } = event {
            strip.scaled(|_| Scale::Parts(scale.max(1)));
        }
    }
}

/// These say nothing.
macro_rules! silent {
    ($($interface:ty),+) => { $(
        impl Dispatch<$interface, GlobalData> for Strip {
            fn event(
                _: &mut Self,
                _: &$interface,
                _: <$interface as Proxy>::Event,
                _: &GlobalData,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
            }
        }
    )+ };
}

silent!(
    WpFractionalScaleManagerV1,
    WpViewporter,
    WpViewport,
    XdgActivationV1
);
