//! OpenGL on a layer surface: the toolkit's own painter, which the window has from its framework.

// EGL and OpenGL are libraries in C. Each call says why it is sound.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::num::NonZeroU32;
use std::ptr::NonNull;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use eframe::egui::{ClippedPrimitive, TexturesDelta};
use eframe::egui_glow::Painter;
use eframe::glow;
use glutin::api::egl::config::Config;
use glutin::api::egl::context::{NotCurrentContext, PossiblyCurrentContext};
use glutin::api::egl::display::Display;
use glutin::api::egl::surface::Surface;
use glutin::config::ConfigTemplateBuilder;
use glutin::context::{ContextApi, ContextAttributesBuilder};
use glutin::display::GlDisplay;
use glutin::prelude::{GlSurface, NotCurrentGlContext, PossiblyCurrentGlContext};
use glutin::surface::{SurfaceAttributesBuilder, SwapInterval, WindowSurface};
use raw_window_handle::{
    RawDisplayHandle, RawWindowHandle, WaylandDisplayHandle, WaylandWindowHandle,
};
use smithay_client_toolkit::reexports::client::protocol::wl_surface::WlSurface;
use smithay_client_toolkit::reexports::client::{Connection, Proxy};

/// Where the strip is painted.
pub(super) struct Canvas {
    // In this order they are dropped.
    painter: Painter,
    surface: Option<Surface<WindowSurface>>,
    size: (u32, u32),
    context: PossiblyCurrentContext,
    config: Config,
    display: Display,
    /// EGL keeps a pointer into it.
    _connection: Connection,
}

impl Canvas {
    /// Prepares painting on this surface.
    pub(super) fn new(
        connection: &Connection,
        on: &WlSurface,
        size: (u32, u32),
    ) -> anyhow::Result<Self> {
        let pointer = NonNull::new(connection.backend().display_ptr().cast())
            .ok_or_else(|| anyhow!("there is no display"))?;
        let handle = RawDisplayHandle::Wayland(WaylandDisplayHandle::new(pointer));
        // SAFETY: the connection lives as long as the canvas, which keeps it.
        let display = unsafe { Display::new(handle) }.context("no EGL")?;
        let template = ConfigTemplateBuilder::new().with_depth_size(0).build();
        // SAFETY: the template names no window.
        let config = unsafe { display.find_configs(template) }
            .context("no EGL configuration")?
            .next()
            .ok_or_else(|| anyhow!("no EGL configuration"))?;
        let (context, surface) = {
            let context = context(&display, &config)?;
            let surface = surface(&display, &config, on, size)?;
            let context = context.make_current(&surface).context("no OpenGL")?;
            (context, surface)
        };
        swap_at_once(&surface, &context);
        let load = |name: &str| {
            CString::new(name).map_or(std::ptr::null(), |name| display.get_proc_address(&name))
        };
        // SAFETY: a context is current, and the functions are asked of its own library.
        let gl = unsafe { glow::Context::from_loader_function(load) };
        let painter = Painter::new(Arc::new(gl), "", None, true)
            .map_err(|error| anyhow!("no OpenGL: {error}"))?;
        Ok(Self {
            painter,
            surface: Some(surface),
            size,
            context,
            config,
            display,
            _connection: connection.clone(),
        })
    }

    /// Moves to another surface, after the first has gone. What was painted before stays known.
    pub(super) fn attach(&mut self, on: &WlSurface, size: (u32, u32)) -> anyhow::Result<()> {
        let surface = surface(&self.display, &self.config, on, size)?;
        self.context.make_current(&surface).context("no OpenGL")?;
        swap_at_once(&surface, &self.context);
        self.surface = Some(surface);
        self.size = size;
        Ok(())
    }

    /// Leaves the surface, which may go now.
    pub(super) fn detach(&mut self) {
        if let Err(error) = self.context.make_not_current_in_place() {
            tracing::debug!(%error, "the strip's surface is still in use");
        }
        self.surface = None;
    }

    /// Paints a frame and hands it to the compositor.
    pub(super) fn paint(
        &mut self,
        size: (u32, u32),
        scale: f32,
        what: &[ClippedPrimitive],
        textures: &mut TexturesDelta,
        ground: [f32; 4],
    ) -> anyhow::Result<()> {
        let surface = self.surface.as_ref().context("there is no surface")?;
        if size != self.size {
            let (width, height) = sides(size);
            surface.resize(&self.context, width, height);
            self.size = size;
        }
        let pixels = [size.0, size.1];
        self.painter.clear(pixels, ground);
        self.painter
            .paint_and_update_textures(pixels, scale, what, textures);
        surface.swap_buffers(&self.context).context("not painted")
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.painter.destroy();
        self.detach();
    }
}

fn context(display: &Display, config: &Config) -> anyhow::Result<NotCurrentContext> {
    let usual = ContextAttributesBuilder::new().build(None);
    let embedded = ContextAttributesBuilder::new()
        .with_context_api(ContextApi::Gles(None))
        .build(None);
    // SAFETY: the attributes name no window.
    let context = unsafe { display.create_context(config, &usual) };
    let context = context.or_else(|error| {
        tracing::debug!(%error, "no OpenGL; OpenGL ES is tried");
        // SAFETY: as above.
        unsafe { display.create_context(config, &embedded) }
    });
    context.context("no OpenGL")
}

fn surface(
    display: &Display,
    config: &Config,
    on: &WlSurface,
    size: (u32, u32),
) -> anyhow::Result<Surface<WindowSurface>> {
    let pointer = NonNull::new(on.id().as_ptr().cast())
        .ok_or_else(|| anyhow!("the surface has gone already"))?;
    let window = RawWindowHandle::Wayland(WaylandWindowHandle::new(pointer));
    let (width, height) = sides(size);
    let attributes = SurfaceAttributesBuilder::<WindowSurface>::new().build(window, width, height);
    // SAFETY: the surface is alive, and its owner calls `detach` before it goes.
    unsafe { display.create_window_surface(config, &attributes) }.context("no EGL surface")
}

/// The compositor says when the next frame may come: a swap must not wait for it too.
fn swap_at_once(surface: &Surface<WindowSurface>, context: &PossiblyCurrentContext) {
    if let Err(error) = surface.set_swap_interval(context, SwapInterval::DontWait) {
        tracing::debug!(%error, "a frame may wait for the one before");
    }
}

fn sides((width, height): (u32, u32)) -> (NonZeroU32, NonZeroU32) {
    let of = |side| NonZeroU32::new(side).unwrap_or(NonZeroU32::MIN);
    (of(width), of(height))
}
