//! Text: every name in its own order, cut where it is too long, and read out as it was written.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{
    Color32, FontId, Galley, Painter, Pos2, Response, Sense, Ui, WidgetInfo, pos2, vec2,
};

use crate::window::bidi;
use crate::window::picture::{Part, plain};

/// The importance of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// What the window is about.
    Title,
    /// What a part of it is about.
    Heading,
    /// A name.
    Name,
    /// A sentence.
    Body,
    /// A remark.
    Small,
}

impl Weight {
    /// Returns the font.
    pub(crate) const fn font(self) -> FontId {
        FontId::proportional(match self {
            Self::Title => 22.0,
            Self::Heading => 16.0,
            Self::Name => 15.0,
            Self::Body => 14.0,
            Self::Small => 12.0,
        })
    }
}

/// Lays out a text in one line.
pub(crate) fn layout(painter: &Painter, text: &str, font: &FontId, colour: Color32) -> Arc<Galley> {
    let mut job = LayoutJob {
        break_on_newline: false,
        keep_trailing_whitespace: true,
        ..LayoutJob::default()
    };
    for piece in bidi::pieces(text) {
        job.append(&piece, 0.0, TextFormat::simple(font.clone(), colour));
    }
    painter.layout_job(job)
}

/// Lays out a text in one line of at most this width. Returns whether something had to be left out.
pub(crate) fn fitted(
    painter: &Painter,
    text: &str,
    font: &FontId,
    colour: Color32,
    width: f32,
) -> (Arc<Galley>, bool) {
    let one_line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = layout(painter, &one_line, font, colour);
    if whole.size().x <= width {
        return (whole, false);
    }
    let cut = bidi::cut(&one_line, |text| {
        layout(painter, text, font, colour).size().x <= width
    });
    (layout(painter, &cut, font, colour), true)
}

/// Shows a text in one line, as wide as there is room.
pub(crate) fn line(ui: &mut Ui, text: &str, weight: Weight, colour: Color32) -> Response {
    let (galley, cut) = fitted(
        ui.painter(),
        text,
        &weight.font(),
        colour,
        ui.available_width(),
    );
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    ui.painter().galley(rect.min, galley, colour);
    named(&response, text);
    match cut {
        true => full_on_hover(response, text),
        false => response,
    }
}

/// Shows our own words in as many lines as they need.
pub(crate) fn paragraph(ui: &mut Ui, text: &str, weight: Weight, colour: Color32) -> Response {
    parts(ui, &[Part::Text(text.to_owned())], weight, colour, colour)
}

/// Shows a sentence with names in as many lines as it needs.
pub(crate) fn parts(
    ui: &mut Ui,
    sentence: &[Part],
    weight: Weight,
    colour: Color32,
    names: Color32,
) -> Response {
    let (font, width) = (weight.font(), ui.available_width());
    let painter = ui.painter().clone();
    let mut flow = Flow {
        width,
        placed: Vec::new(),
        at: pos2(0.0, 0.0),
        row: 0.0,
    };
    for part in sentence {
        match part {
            Part::Name(name) => {
                let (galley, _) = fitted(&painter, name, &font, names, width);
                flow.put(galley, 0.0);
            }
            Part::Text(text) => {
                for word in text.split_inclusive(' ') {
                    let whole = layout(&painter, word, &font, colour);
                    let bare = layout(&painter, word.trim_end(), &font, colour);
                    flow.put(whole.clone(), whole.size().x - bare.size().x);
                }
            }
        }
    }
    let widest = flow
        .placed
        .iter()
        .map(|(at, galley)| at.x + galley.size().x);
    let widest = widest.fold(0.0, f32::max).min(width);
    let size = vec2(widest, flow.at.y + flow.row);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    for (at, galley) in flow.placed {
        painter.galley(rect.min + at.to_vec2(), galley, colour);
    }
    named(&response, &plain(sentence));
    response
}

/// Shows a sentence with names in one line, cut where it is too long. Returns whether something is missing.
pub(crate) fn one_line(
    painter: &Painter,
    sentence: &[Part],
    font: &FontId,
    colour: Color32,
    place: eframe::egui::Rect,
) -> bool {
    let mut left = place.left();
    for part in sentence {
        let text = match part {
            Part::Text(text) | Part::Name(text) => text,
        };
        let whole = layout(painter, text, font, colour);
        let room = place.right() - left;
        if whole.size().x > room {
            let cut = bidi::cut(text, |text| {
                layout(painter, text, font, colour).size().x <= room
            });
            painter.galley(
                pos2(left, place.top()),
                layout(painter, &cut, font, colour),
                colour,
            );
            return true;
        }
        let width = whole.size().x;
        painter.galley(pos2(left, place.top()), whole, colour);
        left += width;
    }
    false
}

/// Words and names, one after another, row by row.
struct Flow {
    width: f32,
    placed: Vec<(Pos2, Arc<Galley>)>,
    at: Pos2,
    row: f32,
}

impl Flow {
    /// `trailing` is the width of spaces that may stand beyond the edge.
    fn put(&mut self, galley: Arc<Galley>, trailing: f32) {
        let size = galley.size();
        if self.at.x > 0.0 && self.at.x + size.x - trailing > self.width + 0.5 {
            self.at = pos2(0.0, self.at.y + self.row);
            self.row = 0.0;
        }
        self.placed.push((self.at, galley));
        self.at.x += size.x;
        self.row = self.row.max(size.y);
    }
}

/// Gives a text its accessible name: as it was written, not as it stands on the screen.
pub(crate) fn named(response: &Response, text: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

/// Shows a text that had to be cut whole while the pointer is on it.
pub(crate) fn full_on_hover(response: Response, text: &str) -> Response {
    response.on_hover_ui(|ui| {
        let colour = ui.visuals().text_color();
        ui.set_max_width(360.0);
        parts(
            ui,
            &[Part::Text(text.to_owned())],
            Weight::Body,
            colour,
            colour,
        );
    })
}
