//! How egui's own widgets look: quiet, round, and in the palette.

use eframe::egui::epaint::Shadow;
use eframe::egui::style::{Selection, WidgetVisuals};
use eframe::egui::{Color32, Context, CornerRadius, Margin, Stroke, Theme, Visuals, vec2};

use crate::window::colour::{DARK, LIGHT, Palette};

/// Gives both themes their look.
pub(crate) fn set(ctx: &Context) {
    for (theme, look) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(theme, look);
            style.spacing.item_spacing = vec2(8.0, 6.0);
            style.spacing.menu_margin = Margin::same(8);
            style.spacing.scroll.bar_width = 8.0;
            // Nothing moves by itself: an animation draws frames that nobody needs.
            style.animation_time = 0.0;
        });
    }
}

/// The palette of the theme in use.
pub(crate) fn look(ctx: &Context) -> &'static Palette {
    match ctx.theme() {
        Theme::Dark => &DARK,
        Theme::Light => &LIGHT,
    }
}

fn visuals(theme: Theme, look: &Palette) -> Visuals {
    let mut visuals = match theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    let round = CornerRadius::same(10);
    let state = |fill: Color32, ink: Color32, edge: Stroke| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: edge,
        corner_radius: round,
        fg_stroke: Stroke::new(1.0, ink),
        expansion: 0.0,
    };
    let edge = Stroke::new(1.0, look.line);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = state(look.card, look.text, edge);
    widgets.inactive = state(look.card_hovered, look.text, Stroke::NONE);
    widgets.hovered = state(look.card_hovered, look.text, edge);
    widgets.active = state(look.card_hovered, look.text, Stroke::new(2.0, look.accent));
    widgets.open = widgets.hovered;
    visuals.selection = Selection {
        bg_fill: look.accent.gamma_multiply(0.35),
        stroke: Stroke::new(2.0, look.accent),
    };
    visuals.override_text_color = Some(look.text);
    visuals.weak_text_color = Some(look.weak);
    visuals.panel_fill = look.ground;
    visuals.window_fill = look.card;
    visuals.window_stroke = edge;
    visuals.window_corner_radius = CornerRadius::same(16);
    visuals.menu_corner_radius = CornerRadius::same(12);
    visuals.extreme_bg_color = look.ground;
    visuals.text_edit_bg_color = Some(look.ground);
    visuals.text_cursor.blink = false;
    visuals.text_cursor.stroke = Stroke::new(2.0, look.accent);
    let shadow = Shadow {
        offset: [0, 6],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(if theme == Theme::Dark { 110 } else { 40 }),
    };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals
}
