//! Coloured bands with a sentence: what does not work, and who whispers.

use eframe::egui::{Color32, CornerRadius, Frame, Margin, Sense, Ui, vec2};

use super::icon::{self, Icon};
use super::text::{self, Weight};
use crate::window::colour::Palette;
use crate::window::picture::{Part, Picture};

/// Shows what does not work, each with what helps.
pub(super) fn troubles(ui: &mut Ui, picture: &Picture, look: &Palette) {
    for trouble in &picture.troubles {
        let sentence = [Part::Text(trouble.clone())];
        band(
            ui,
            Icon::Warning,
            &sentence,
            look.warning_ground,
            look.warning,
            look,
        );
    }
}

/// A sentence on a ground of its own.
pub(super) fn band(
    ui: &mut Ui,
    one: Icon,
    sentence: &[Part],
    ground: Color32,
    ink: Color32,
    look: &Palette,
) {
    Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(12))
        .inner_margin(Margin::symmetric(14, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                mark(ui, one, ink);
                text::parts(ui, sentence, Weight::Body, look.text, ink);
            });
        });
    ui.add_space(8.0);
}

/// A small icon before a sentence.
pub(super) fn mark(ui: &mut Ui, one: Icon, ink: Color32) {
    let (square, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
    icon::draw(ui.painter(), one, square, ink);
    ui.add_space(4.0);
}
