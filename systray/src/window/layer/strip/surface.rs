//! The strip's surface: where it is, how large, and how many pixels a point of it has.

use std::time::Duration;

use eframe::egui::Vec2;
use smithay_client_toolkit::globals::GlobalData;
use smithay_client_toolkit::reexports::client::protocol::wl_output::WlOutput;
use smithay_client_toolkit::reexports::client::protocol::wl_surface::WlSurface;
use smithay_client_toolkit::reexports::protocols::wp::fractional_scale::v1::client::wp_fractional_scale_v1::WpFractionalScaleV1;
use smithay_client_toolkit::reexports::protocols::wp::viewporter::client::wp_viewport::WpViewport;
use smithay_client_toolkit::shell::WaylandSurface;
use smithay_client_toolkit::shell::wlr_layer::{Anchor, KeyboardInteractivity, Layer, LayerSurface};

use super::super::place::Pair;
use super::super::scale::Scale;
use super::{End, Strip, signed, whole};
use crate::window::desk::Desk;
use crate::window::draw;

/// What the strip is called among layer surfaces.
const NAMESPACE: &str = "sotto-strip";
/// A surface that the compositor closes sooner is not wanted.
const WANTED_FOR: Duration = Duration::from_secs(2);

/// The answer to a change of the strip's place.
#[derive(Debug)]
pub(super) struct Moved;

/// The surface on its layer.
pub(super) struct OnLayer {
    pub(super) layer: LayerSurface,
    pub(super) exact: Option<(WpFractionalScaleV1, WpViewport)>,
    pub(super) scale: Scale,
    pub(super) size: (u32, u32),
    screen: Option<WlOutput>,
    opened: Duration,
    configured: bool,
}

impl Strip {
    /// Shows the strip on its screen, if it is not there and there is one.
    pub(in crate::window::layer) fn open(&mut self) {
        if self.surface.is_some() || !self.has_screen() {
            return;
        }
        let size = whole(draw::strip::size(&Desk::default()));
        let surface = match self.first.take() {
            Some(first) => first,
            None => {
                let surface = self.offers.compositor.create_surface(&self.offers.queue);
                if let Err(error) = self.canvas.attach(&surface, size) {
                    self.end = End::Done(Err(error));
                    return;
                }
                surface
            }
        };
        let offers = &self.offers;
        let exact = offers.scaling.as_ref().map(|(scales, viewports)| {
            let scale = scales.get_fractional_scale(&surface, &offers.queue, GlobalData);
            let viewport = viewports.get_viewport(&surface, &offers.queue, GlobalData);
            (scale, viewport)
        });
        let screen = self.remembered_screen();
        let layer = offers.shell.create_layer_surface(
            &offers.queue,
            surface,
            Layer::Overlay,
            Some(NAMESPACE),
            screen.as_ref(),
        );
        layer.set_keyboard_interactivity(KeyboardInteractivity::None);
        // Panels do not push it aside: then its distance from the edges is what was asked for.
        layer.set_exclusive_zone(-1);
        layer.set_size(size.0, size.1);
        self.surface = Some(OnLayer {
            layer,
            exact,
            scale: Scale::Whole(1),
            size,
            screen,
            opened: self.now(),
            configured: false,
        });
        self.hang();
    }

    fn has_screen(&self) -> bool {
        self.offers.outputs.outputs().next().is_some()
    }

    fn remembered_screen(&self) -> Option<WlOutput> {
        let wanted = self.place.anchored().screen.as_ref()?;
        let outputs = &self.offers.outputs;
        outputs
            .outputs()
            .find(|one| outputs.info(one).and_then(|info| info.name).as_ref() == Some(wanted))
    }

    /// Tells the compositor where the strip hangs.
    pub(super) fn hang(&mut self) {
        let Some(on) = &self.surface else { return };
        let at = self.place.anchored();
        let (vertical, top, bottom) = match at.bottom {
            true => (Anchor::BOTTOM, 0, at.down),
            false => (Anchor::TOP, at.down, 0),
        };
        let (horizontal, left, right) = match at.right {
            true => (Anchor::RIGHT, 0, at.across),
            false => (Anchor::LEFT, at.across, 0),
        };
        on.layer.set_anchor(vertical | horizontal);
        on.layer.set_margin(top, right, bottom, left);
        on.layer.commit();
        self.offers
            .connection
            .display()
            .sync(&self.offers.queue, Moved);
        self.locate();
    }

    /// Tells screen readers where the strip is.
    fn locate(&mut self) {
        let Some(on) = &self.surface else { return };
        let (strip, screen) = self.sizes();
        let (x, y) = self.place.corner(strip, screen);
        let factor = on.scale.factor();
        #[allow(clippy::cast_precision_loss)] // on a screen
        let corner = (x as f32 * factor, y as f32 * factor);
        self.reader.place(corner, on.scale.pixels(on.size));
    }

    /// The sizes of the strip and of its screen.
    pub(super) fn sizes(&self) -> (Pair, Pair) {
        let Some(on) = &self.surface else {
            return ((0, 0), (0, 0));
        };
        let strip = (signed(on.size.0), signed(on.size.1));
        let outputs = &self.offers.outputs;
        let screen = on.screen.clone().or_else(|| outputs.outputs().next());
        let info = screen.and_then(|screen| outputs.info(&screen));
        // A screen that does not tell its size has no far edges.
        let unknown = (i32::MAX, i32::MAX);
        let size = info.and_then(|info| info.logical_size);
        (strip, size.unwrap_or(unknown))
    }

    /// Makes the strip as large as what it shows.
    pub(super) fn resize(&mut self, size: Vec2) {
        let (width, height) = whole(size);
        if let Some(on) = &self.surface
            && on.size != (width, height)
        {
            on.layer.set_size(width, height);
            on.layer.commit();
        }
    }

    /// The compositor gives the strip this size.
    pub(super) fn configured(&mut self, (width, height): (u32, u32)) {
        let now = self.now();
        let Some(on) = &mut self.surface else { return };
        if width > 0 && height > 0 {
            on.size = (width, height);
        }
        if !std::mem::replace(&mut on.configured, true) {
            self.pace.free(now);
        }
        self.pace.want(now);
        self.fit();
        self.locate();
    }

    /// The compositor prefers another scale.
    pub(super) fn scaled(&mut self, scale: impl FnOnce(Scale) -> Scale) {
        if let Some(on) = &mut self.surface {
            on.scale = scale(on.scale);
        }
        self.locate();
        self.pace.want(self.now());
    }

    /// The strip is on this screen.
    pub(super) fn entered(&mut self, surface: &WlSurface, screen: &WlOutput) {
        let Some(on) = &mut self.surface else { return };
        if on.layer.wl_surface() != surface {
            return;
        }
        on.screen = Some(screen.clone());
        let name = self.offers.outputs.info(screen).and_then(|info| info.name);
        self.place.on(name);
        self.fit();
        self.locate();
    }

    /// Keeps the strip on its screen.
    pub(super) fn fit(&mut self) {
        let (strip, screen) = self.sizes();
        if self.surface.is_some() && self.place.fit(strip, screen) {
            self.hang();
        }
    }

    /// The compositor has taken the surface away: its screen has gone, or it wants no strip.
    pub(super) fn closed(&mut self) {
        let now = self.now();
        self.left();
        self.canvas.detach();
        let Some(on) = self.surface.take() else {
            return;
        };
        if let Some((scale, viewport)) = on.exact {
            scale.destroy();
            viewport.destroy();
        }
        self.pace.block(now);
        let wanted = now.saturating_sub(on.opened) >= WANTED_FOR;
        drop(on.layer);
        if wanted {
            self.open();
        } else if self.has_screen() {
            self.app.back_to_the_window(&self.ctx);
        }
    }

    /// The compositor has done what it was told.
    pub(super) fn settled(&mut self) {
        let (strip, screen) = self.sizes();
        if self.place.settled(strip, screen) {
            self.hang();
        }
    }
}
