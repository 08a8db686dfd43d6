//! The frame of what is shown over everything else.

use eframe::egui::{Context, CornerRadius, Frame, Id, Margin, Modal, Stroke, Ui};

use crate::window::colour::Palette;
use crate::window::desk::Act;

/// Draws `contents` over everything else, `width` wide where there is room; a click beside it closes it. Escape is seen
/// by everything else, once.
pub(super) fn show(
    ctx: &Context,
    name: &str,
    width: f32,
    look: &Palette,
    acts: &mut Vec<Act>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Act>),
) {
    let frame = Frame::new()
        .fill(look.card)
        .stroke(Stroke::new(1.0, look.line))
        .corner_radius(CornerRadius::same(18))
        .inner_margin(Margin::same(20));
    let modal = Modal::new(Id::unique(name)).frame(frame).show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - 64.0));
        contents(ui, acts);
    });
    if modal.backdrop_response.clicked() {
        acts.push(Act::Back);
    }
}
