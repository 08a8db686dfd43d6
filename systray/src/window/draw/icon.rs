//! Icons, drawn with lines: no font has them all.

use std::f32::consts::{PI, TAU};

use eframe::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, vec2};

/// A pictogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    /// An open microphone.
    Microphone,
    /// A closed one.
    Muted,
    /// Headphones.
    Headphones,
    /// Headphones that nothing comes from.
    Deafened,
    /// A clock: away.
    Clock,
    /// A telephone.
    Phone,
    /// A door to go out by.
    Leave,
    /// A person to be added.
    Invite,
    /// An arrow back.
    Reply,
    /// A window that becomes small.
    Shrink,
    /// A window that becomes large.
    Grow,
    /// A cross.
    Close,
    /// Several people.
    People,
    /// A tick.
    Tick,
    /// A speech bubble, for whispers.
    Bubble,
    /// A triangle with a mark.
    Warning,
    /// Dots to drag by.
    Handle,
    /// Sliders: settings.
    Sliders,
}

/// Draws the icon into a square.
pub(crate) fn draw(painter: &Painter, icon: Icon, square: Rect, colour: Color32) {
    let pen = Pen {
        painter,
        square,
        colour,
        stroke: Stroke::new((square.width() / 11.0).max(1.4), colour),
    };
    pen.draw(icon);
}

struct Pen<'a> {
    painter: &'a Painter,
    square: Rect,
    colour: Color32,
    stroke: Stroke,
}

impl Pen<'_> {
    /// From the unit square to the screen.
    fn at(&self, x: f32, y: f32) -> Pos2 {
        self.square.min + vec2(x, y) * self.square.width()
    }

    fn rect(&self, x: f32, y: f32, width: f32, height: f32) -> Rect {
        let size = vec2(width, height) * self.square.width();
        Rect::from_min_size(self.at(x, y), size)
    }

    fn line(&self, points: &[(f32, f32)]) {
        let points = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        self.painter.add(Shape::line(points, self.stroke));
    }

    /// An arc around a point, from one angle to another, clockwise from the right.
    fn arc(&self, center: (f32, f32), radius: f32, from: f32, to: f32) {
        let steps: u8 = 18;
        let points = (0..=steps).map(|step| {
            let angle = from + (to - from) * f32::from(step) / f32::from(steps);
            self.at(center.0, center.1) + Vec2::angled(angle) * radius * self.square.width()
        });
        self.painter.add(Shape::line(points.collect(), self.stroke));
    }

    fn boxed(&self, rect: Rect, radius: f32) {
        let radius = radius * self.square.width();
        self.painter
            .rect_stroke(rect, radius, self.stroke, StrokeKind::Middle);
    }

    fn dot(&self, x: f32, y: f32, radius: f32) {
        let radius = radius * self.square.width();
        self.painter
            .circle_filled(self.at(x, y), radius, self.colour);
    }

    fn draw(&self, icon: Icon) {
        match icon {
            Icon::Microphone => self.microphone(),
            Icon::Muted => {
                self.microphone();
                self.slash();
            }
            Icon::Headphones => self.headphones(),
            Icon::Deafened => {
                self.headphones();
                self.slash();
            }
            Icon::Clock => {
                self.arc((0.5, 0.5), 0.4, 0.0, TAU);
                self.line(&[(0.5, 0.26), (0.5, 0.53), (0.68, 0.62)]);
            }
            Icon::Phone => {
                self.boxed(self.rect(0.28, 0.08, 0.44, 0.84), 0.1);
                self.line(&[(0.45, 0.8), (0.55, 0.8)]);
            }
            Icon::Leave => {
                self.line(&[(0.55, 0.12), (0.16, 0.12), (0.16, 0.88), (0.55, 0.88)]);
                self.line(&[(0.4, 0.5), (0.92, 0.5)]);
                self.line(&[(0.72, 0.3), (0.92, 0.5), (0.72, 0.7)]);
            }
            Icon::Invite => {
                self.arc((0.38, 0.32), 0.18, 0.0, TAU);
                self.arc((0.38, 0.92), 0.33, PI, TAU);
                self.line(&[(0.82, 0.3), (0.82, 0.66)]);
                self.line(&[(0.64, 0.48), (1.0, 0.48)]);
            }
            Icon::Reply => {
                self.line(&[(0.4, 0.16), (0.1, 0.44), (0.4, 0.72)]);
                self.line(&[(0.12, 0.44), (0.6, 0.44)]);
                self.arc((0.6, 0.74), 0.3, -PI / 2.0, 0.1);
            }
            Icon::Shrink => {
                self.boxed(self.rect(0.08, 0.16, 0.84, 0.68), 0.1);
                let inner = self.rect(0.46, 0.5, 0.34, 0.22);
                self.painter.rect_filled(inner, 2.0, self.colour);
            }
            Icon::Grow => {
                self.boxed(self.rect(0.08, 0.16, 0.84, 0.68), 0.1);
                self.line(&[(0.3, 0.64), (0.68, 0.36)]);
                self.line(&[(0.48, 0.33), (0.7, 0.34), (0.67, 0.56)]);
            }
            Icon::Close => {
                self.line(&[(0.22, 0.22), (0.78, 0.78)]);
                self.line(&[(0.78, 0.22), (0.22, 0.78)]);
            }
            Icon::People => {
                self.arc((0.5, 0.34), 0.17, 0.0, TAU);
                self.arc((0.5, 0.9), 0.3, PI, TAU);
                self.dot(0.12, 0.48, 0.09);
                self.dot(0.88, 0.48, 0.09);
            }
            Icon::Tick => self.line(&[(0.18, 0.54), (0.42, 0.76), (0.84, 0.26)]),
            Icon::Bubble => {
                self.boxed(self.rect(0.08, 0.14, 0.84, 0.56), 0.16);
                self.line(&[(0.3, 0.7), (0.3, 0.92), (0.52, 0.7)]);
            }
            Icon::Warning => {
                self.line(&[(0.5, 0.1), (0.95, 0.88), (0.05, 0.88), (0.5, 0.1)]);
                self.line(&[(0.5, 0.4), (0.5, 0.62)]);
                self.dot(0.5, 0.75, 0.05);
            }
            Icon::Sliders => {
                for (y, knob) in [(0.22, 0.66), (0.5, 0.34), (0.78, 0.58)] {
                    self.line(&[(0.08, y), (0.92, y)]);
                    self.dot(knob, y, 0.12);
                }
            }
            Icon::Handle => {
                for x in [0.36, 0.64] {
                    for y in [0.2, 0.5, 0.8] {
                        self.dot(x, y, 0.08);
                    }
                }
            }
        }
    }

    fn microphone(&self) {
        self.boxed(self.rect(0.36, 0.06, 0.28, 0.5), 0.14);
        self.arc((0.5, 0.44), 0.3, 0.0, PI);
        self.line(&[(0.5, 0.74), (0.5, 0.92)]);
        self.line(&[(0.32, 0.92), (0.68, 0.92)]);
    }

    fn headphones(&self) {
        self.arc((0.5, 0.54), 0.38, PI, TAU);
        self.boxed(self.rect(0.08, 0.54, 0.18, 0.34), 0.06);
        self.boxed(self.rect(0.74, 0.54, 0.18, 0.34), 0.06);
    }

    fn slash(&self) {
        self.line(&[(0.1, 0.08), (0.9, 0.94)]);
    }
}
