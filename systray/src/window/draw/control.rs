//! Buttons: an icon, words, or both. The words are the accessible name; where there is only an icon, they are shown while
//! the pointer is on it.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Color32, CornerRadius, CursorIcon, Key, Rect, Response, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

use super::icon::{self, Icon};
use super::text::{self, Weight};
use crate::window::colour::Palette;

/// The purpose of a button, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of several.
    Plain,
    /// The one that most people want.
    Main,
    /// Something is closed, or will be left.
    Danger,
    /// A whisper.
    Whisper,
    /// No ground until the pointer is on it.
    Bare,
}

/// A button.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Control<'a> {
    icon: Option<Icon>,
    text: &'a str,
    /// What a screen reader says, where that is more than the text.
    name: Option<&'a str>,
    kind: Kind,
    shape: Shape,
    enabled: bool,
    key: Option<Key>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The icon above the words.
    Tall,
    /// The icon beside the words, or words alone.
    Wide,
    /// The icon alone.
    Small,
    /// Small words.
    Link,
}

impl<'a> Control<'a> {
    /// The icon above the words.
    pub(crate) const fn tall(icon: Icon, text: &'a str, kind: Kind) -> Self {
        Self::new(Some(icon), text, kind, Shape::Tall)
    }

    /// The icon beside the words.
    pub(crate) const fn wide(icon: Icon, text: &'a str, kind: Kind) -> Self {
        Self::new(Some(icon), text, kind, Shape::Wide)
    }

    /// Words alone.
    pub(crate) const fn words(text: &'a str, kind: Kind) -> Self {
        Self::new(None, text, kind, Shape::Wide)
    }

    /// The icon alone.
    pub(crate) const fn small(icon: Icon, text: &'a str, kind: Kind) -> Self {
        Self::new(Some(icon), text, kind, Shape::Small)
    }

    /// Small words.
    pub(crate) const fn link(text: &'a str, kind: Kind) -> Self {
        Self::new(None, text, kind, Shape::Link)
    }

    const fn new(icon: Option<Icon>, text: &'a str, kind: Kind, shape: Shape) -> Self {
        Self {
            icon,
            text,
            name: None,
            kind,
            shape,
            enabled: true,
            key: None,
        }
    }

    /// Says more to a screen reader, and while the pointer is on it.
    pub(crate) const fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// Says whether it can be used.
    pub(crate) const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The key that does the same.
    pub(crate) const fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Draws it.
    pub(crate) fn add(self, ui: &mut Ui, look: &Palette) -> Response {
        self.add_with(ui, look, Sense::click())
    }

    /// Draws it with another sense than for clicks.
    pub(crate) fn add_with(self, ui: &mut Ui, look: &Palette, sense: Sense) -> Response {
        let sense = if self.enabled { sense } else { Sense::hover() };
        let font = match self.shape {
            Shape::Tall | Shape::Link => Weight::Small.font(),
            Shape::Wide | Shape::Small => Weight::Body.font(),
        };
        let words = text::layout(ui.painter(), self.text, &font, look.text).size();
        let size = match (self.shape, self.icon.is_some()) {
            (Shape::Tall, _) => vec2((words.x + 20.0).max(68.0), 58.0),
            (Shape::Wide, true) => vec2(words.x + 52.0, 36.0),
            (Shape::Wide, false) => vec2(words.x + 30.0, 36.0),
            (Shape::Small, _) => vec2(30.0, 30.0),
            (Shape::Link, _) => vec2(words.x + 14.0, 24.0),
        };
        let (rect, response) = ui.allocate_exact_size(size, sense);
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        let name = self.name.unwrap_or(self.text);
        let enabled = self.enabled;
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect, &response, look);
        }
        let response = response.on_hover_cursor(match self.enabled {
            true => CursorIcon::PointingHand,
            false => CursorIcon::Default,
        });
        if let Some(key) = self.key {
            let key = key.name();
            ui.ctx()
                .accesskit_node_builder(response.id, |node| node.set_keyboard_shortcut(key));
            return text::full_on_hover(response, &format!("{name} ({key})"));
        }
        match self.shape == Shape::Small || self.name.is_some() {
            true => text::full_on_hover(response, name),
            false => response,
        }
    }

    fn paint(self, ui: &Ui, rect: Rect, response: &Response, look: &Palette) {
        let (ground, ink) = self.colours(response, look);
        let radius = CornerRadius::same(if self.shape == Shape::Tall { 14 } else { 11 });
        let painter = ui.painter();
        painter.rect_filled(rect, radius, ground);
        if response.has_focus() {
            let edge = Stroke::new(2.0, look.accent);
            painter.rect_stroke(rect.expand(1.0), radius, edge, StrokeKind::Outside);
        }
        let words = |at: eframe::egui::Pos2, weight: Weight| {
            let galley = text::layout(painter, self.text, &weight.font(), ink);
            painter.galley(at - galley.size() / 2.0, galley, ink);
        };
        let square =
            |x: f32, y: f32, size: f32| Rect::from_center_size(pos2(x, y), vec2(size, size));
        let center = rect.center();
        match (self.shape, self.icon) {
            (Shape::Tall, Some(one)) => {
                icon::draw(painter, one, square(center.x, rect.top() + 22.0, 20.0), ink);
                words(pos2(center.x, rect.bottom() - 15.0), Weight::Small);
            }
            (Shape::Wide, Some(one)) => {
                icon::draw(
                    painter,
                    one,
                    square(rect.left() + 22.0, center.y, 17.0),
                    ink,
                );
                words(pos2(center.x + 11.0, center.y), Weight::Body);
            }
            (Shape::Small, Some(one)) => {
                icon::draw(painter, one, square(center.x, center.y, 16.0), ink);
            }
            (Shape::Link, _) => words(center, Weight::Small),
            (_, None) => words(center, Weight::Body),
        }
    }

    fn colours(self, response: &Response, look: &Palette) -> (Color32, Color32) {
        let hovered = response.hovered() && self.enabled;
        if !self.enabled {
            return (look.card_hovered, look.weak.gamma_multiply(0.7));
        }
        let mixed = |ground: Color32| match hovered {
            true => ground.lerp_to_gamma(look.text, 0.12),
            false => ground,
        };
        match self.kind {
            Kind::Plain => (mixed(look.card_hovered), look.text),
            Kind::Main => (mixed(look.accent), look.on_accent),
            Kind::Danger => (mixed(look.card_hovered), look.danger),
            Kind::Whisper => (mixed(look.whisper_ground), look.whisper),
            Kind::Bare if hovered => (look.card_hovered, look.text),
            Kind::Bare => (Color32::TRANSPARENT, look.weak),
        }
    }
}
