//! The shapes that icons are made of, each as a distance for pixels and as an element of an SVG.

use std::fmt::Write;

/// A place in an icon, in pixels from its upper left corner.
pub(super) type Point = (f32, f32);

/// A shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A speech bubble.
    Bubble(Bubble),
    /// The same, hollow.
    Outline(Bubble, f32),
    /// A rectangle with round corners.
    Rect {
        middle: Point,
        half: Point,
        radius: f32,
    },
    /// A disc.
    Disc { middle: Point, radius: f32 },
    /// A part of a circle with round ends, from one angle on: 0° is right, 90° is down.
    Arc {
        middle: Point,
        radius: f32,
        from: f32,
        sweep: f32,
        width: f32,
    },
    /// A line with round ends.
    Line { from: Point, to: Point, width: f32 },
}

/// A rounded body with a tail below.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bubble {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) top: f32,
    pub(super) bottom: f32,
    pub(super) radius: f32,
    /// The upright edge of the tail, the width of its root, and how far it reaches down.
    pub(super) tail: (f32, f32, f32),
    /// The width of the icon if the tail is at the right: somebody else speaks.
    pub(super) mirrored: Option<f32>,
}

impl Shape {
    /// Returns how far a point is from the shape; inside it is below zero.
    pub(super) fn distance(&self, x: f32, y: f32) -> f32 {
        match self {
            Self::Bubble(bubble) => bubble.distance(x, y),
            Self::Outline(bubble, width) => {
                let hole = bubble.body(x, y) + width;
                bubble.distance(x, y).max(-hole)
            }
            Self::Rect {
                middle,
                half,
                radius,
            } => rounded(x - middle.0, y - middle.1, *half, *radius),
            Self::Disc { middle, radius } => (x - middle.0).hypot(y - middle.1) - radius,
            Self::Arc {
                middle,
                radius,
                from,
                sweep,
                width,
            } => {
                let angle = (y - middle.1).atan2(x - middle.0).to_degrees();
                let along = (angle - from).rem_euclid(360.0);
                let nearest = if along <= *sweep {
                    angle
                } else if along - sweep < 360.0 - along {
                    from + sweep
                } else {
                    *from
                };
                let (near_x, near_y) = on_circle(*middle, *radius, nearest);
                (x - near_x).hypot(y - near_y) - width / 2.0
            }
            Self::Line { from, to, width } => segment((x, y), *from, *to) - width / 2.0,
        }
    }

    /// Returns a disc or a line that is wider by so much on every side; any other shape as it is.
    pub(super) fn grown(&self, by: f32) -> Self {
        let mut grown = self.clone();
        match &mut grown {
            Self::Disc { radius, .. } => *radius += by,
            Self::Line { width, .. } => *width += 2.0 * by,
            Self::Bubble(_) | Self::Outline(..) | Self::Rect { .. } | Self::Arc { .. } => {}
        }
        grown
    }

    /// Writes the shape as an SVG's element in this paint.
    pub(super) fn svg(&self, paint: &str, out: &mut String) {
        // Writing to a text does not fail.
        let _ = match self {
            Self::Bubble(bubble) => {
                writeln!(out, r#"<path fill="{paint}" d="{}"/>"#, bubble.path())
            }
            Self::Outline(bubble, width) => writeln!(
                out,
                r#"<path fill="{paint}" fill-rule="evenodd" d="{} {}"/>"#,
                bubble.path(),
                bubble.hole(*width)
            ),
            Self::Rect {
                middle,
                half,
                radius,
            } => writeln!(
                out,
                r#"<rect fill="{paint}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>"#,
                number(middle.0 - half.0),
                number(middle.1 - half.1),
                number(half.0 * 2.0),
                number(half.1 * 2.0),
                number(radius.min(half.0).min(half.1)),
            ),
            Self::Disc { middle, radius } => writeln!(
                out,
                r#"<circle fill="{paint}" cx="{}" cy="{}" r="{}"/>"#,
                number(middle.0),
                number(middle.1),
                number(*radius),
            ),
            Self::Arc {
                middle,
                radius,
                from,
                sweep,
                width,
            } => {
                let half = width / 2.0;
                let (outer, inner) = (radius + half, radius - half);
                let at = |radius, angle| pair(on_circle(*middle, radius, angle));
                let large = u8::from(*sweep > 180.0);
                writeln!(
                    out,
                    r#"<path fill="{paint}" d="M{} A{o} {o} 0 {large} 1 {} A{h} {h} 0 0 1 {} A{i} {i} 0 {large} 0 {} A{h} {h} 0 0 1 {} Z"/>"#,
                    at(outer, *from),
                    at(outer, from + sweep),
                    at(inner, from + sweep),
                    at(inner, *from),
                    at(outer, *from),
                    o = number(outer),
                    i = number(inner),
                    h = number(half),
                )
            }
            Self::Line { from, to, width } => {
                let half = width / 2.0;
                let along = (to.0 - from.0).hypot(to.1 - from.1).max(f32::EPSILON);
                // Across the line, half its width.
                let x = (from.1 - to.1) / along * half;
                let y = (to.0 - from.0) / along * half;
                writeln!(
                    out,
                    r#"<path fill="{paint}" d="M{} L{} A{h} {h} 0 0 1 {} L{} A{h} {h} 0 0 1 {} Z"/>"#,
                    pair((from.0 - x, from.1 - y)),
                    pair((to.0 - x, to.1 - y)),
                    pair((to.0 + x, to.1 + y)),
                    pair((from.0 + x, from.1 + y)),
                    pair((from.0 - x, from.1 - y)),
                    h = number(half),
                )
            }
        };
    }
}

impl Bubble {
    fn distance(&self, x: f32, y: f32) -> f32 {
        let across = self.mirrored.map_or(x, |width| width - x);
        let (edge, root, end) = self.tail;
        // Its root lies well inside the body; its edge is upright and crisp.
        let top = self.tail_top();
        let tail = triangle((across, y), (edge, top), (edge + root, top), (edge, end));
        self.body(x, y).min(tail)
    }

    fn tail_top(&self) -> f32 {
        self.bottom - self.radius * 0.6
    }

    /// Returns the distance to the bubble without its tail.
    fn body(&self, x: f32, y: f32) -> f32 {
        let x = self.mirrored.map_or(x, |width| width - x);
        let middle = (
            f32::midpoint(self.left, self.right),
            f32::midpoint(self.top, self.bottom),
        );
        let half = (
            f32::midpoint(self.right, -self.left),
            f32::midpoint(self.bottom, -self.top),
        );
        rounded(x - middle.0, y - middle.1, half, self.radius)
    }

    /// Returns the contour, clockwise from the upper left.
    fn path(&self) -> String {
        let (edge, root, end) = self.tail;
        let radius = self.corner();
        let top = self.tail_top();
        // Where the slanted side of the tail leaves the body.
        let leaves = edge + root * (end - self.bottom) / (end - top);
        // Where its upright side meets the corner of the body, or the bottom beside it.
        let inside = (self.left + radius - edge).clamp(0.0, radius);
        let meets = self.bottom - radius + (radius * radius - inside * inside).sqrt();
        let points = [
            (self.left + radius, self.top),
            (self.right - radius, self.top),
            (self.right, self.top + radius),
            (self.right, self.bottom - radius),
            (self.right - radius, self.bottom),
            (leaves, self.bottom),
            (edge, end),
            (edge, meets),
            (self.left, self.bottom - radius),
            (self.left, self.top + radius),
            (self.left + radius, self.top),
        ];
        self.contour(points, [2, 4, 8, 10], radius)
    }

    /// Returns the contour of the body's inside, where the bubble is hollow.
    fn hole(&self, width: f32) -> String {
        let radius = (self.corner() - width).max(0.0);
        let (left, right) = (self.left + width, self.right - width);
        let (top, bottom) = (self.top + width, self.bottom - width);
        let points = [
            (left + radius, top),
            (right - radius, top),
            (right, top + radius),
            (right, bottom - radius),
            (right - radius, bottom),
            (left + radius, bottom),
            (left, bottom - radius),
            (left, top + radius),
            (left + radius, top),
        ];
        self.contour(points, [2, 4, 6, 8], radius)
    }

    fn corner(&self) -> f32 {
        self.radius
            .min((self.right - self.left) / 2.0)
            .min((self.bottom - self.top) / 2.0)
    }

    /// Joins points by lines, and by quarters of a circle before those whose numbers are in `round`.
    fn contour<const N: usize>(
        &self,
        points: [Point; N],
        round: [usize; 4],
        radius: f32,
    ) -> String {
        let mut path = String::new();
        let clockwise = u8::from(self.mirrored.is_none());
        for (place, (x, y)) in points.into_iter().enumerate() {
            let x = self.mirrored.map_or(x, |width| width - x);
            // Writing to a text does not fail.
            let _ = match place {
                0 => write!(path, "M{}", pair((x, y))),
                _ if round.contains(&place) => write!(
                    path,
                    " A{r} {r} 0 0 {clockwise} {}",
                    pair((x, y)),
                    r = number(radius)
                ),
                _ => write!(path, " L{}", pair((x, y))),
            };
        }
        path + " Z"
    }
}

/// Returns the point of a circle at this angle.
pub(super) fn on_circle(middle: Point, radius: f32, degrees: f32) -> Point {
    let (down, across) = degrees.to_radians().sin_cos();
    (middle.0 + radius * across, middle.1 + radius * down)
}

/// Distance to a rectangle around the origin with `half` its sides and rounded corners.
fn rounded(x: f32, y: f32, half: Point, radius: f32) -> f32 {
    let radius = radius.min(half.0).min(half.1);
    let (across, down) = (x.abs() - half.0 + radius, y.abs() - half.1 + radius);
    across.max(0.0).hypot(down.max(0.0)) + across.max(down).min(0.0) - radius
}

/// Distance to a line from `a` to `b`.
fn segment(point: Point, a: Point, b: Point) -> f32 {
    let (across, down) = (b.0 - a.0, b.1 - a.1);
    let length = across * across + down * down;
    let along = if length > 0.0 {
        ((point.0 - a.0) * across + (point.1 - a.1) * down) / length
    } else {
        0.0
    };
    let along = along.clamp(0.0, 1.0);
    (point.0 - a.0 - across * along).hypot(point.1 - a.1 - down * along)
}

/// Distance to a triangle whose corners go clockwise on screen.
fn triangle(point: Point, a: Point, b: Point, c: Point) -> f32 {
    let beyond = |from: Point, to: Point| {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        ((point.0 - from.0) * down - (point.1 - from.1) * across) / across.hypot(down)
    };
    beyond(a, b).max(beyond(b, c)).max(beyond(c, a))
}

fn pair((x, y): Point) -> String {
    format!("{} {}", number(x), number(y))
}

/// Writes a length with at most two digits behind the point.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
