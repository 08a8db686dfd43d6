//! The summary as a picture: plain SVG.

use std::fmt::Write;

use crate::conditions::Condition;
use crate::measure::{Summary, at};
use crate::peers::PEERS;

type Row = (Condition, Summary, Summary);
type Point = (f64, f64);

const SOTTO: &str = "#1f5fbf";
const BASELINE: &str = "#666666";

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 420.0;
/// Room for a plot, and around it.
const PLOT: (f64, f64) = (350.0, 260.0);
const TOP: f64 = 56.0;
const LEFT: [f64; 2] = [60.0, 510.0];

/// Both axes of one plot, from their lower to their upper end.
struct Axes {
    left: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn place(&self, (x, y): Point) -> Point {
        let along = |value: f64, (from, to): (f64, f64)| (value - from) / (to - from);
        (
            self.left + along(x, self.x) * PLOT.0,
            TOP + (1.0 - along(y, self.y)) * PLOT.1,
        )
    }
}

/// A picture of PESQ over random loss, and of delay over loss and jitter, with other programs' figures.
pub(crate) fn svg(rows: &[Row]) -> String {
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    quality(&mut picture, rows);
    delay(&mut picture, rows);
    legend(&mut picture);
    picture.push_str("</svg>\n");
    picture
}

fn quality(picture: &mut String, rows: &[Row]) {
    let axes = Axes {
        left: LEFT[0],
        x: (0.0, 30.0),
        y: (1.0, 4.64),
    };
    frame(
        picture,
        &axes,
        "Speech quality (PESQ-WB) over random packet loss",
        &[0.0, 5.0, 10.0, 20.0, 30.0],
        &[1.0, 2.0, 3.0, 4.0, 4.64],
        "% of packets lost",
    );
    let points = |pick: fn(&Row) -> &Summary| -> Vec<Point> {
        rows.iter()
            .filter_map(|row| Some((row.0.random_loss? * 100.0, at(&pick(row).pesq, 0.5))))
            .collect()
    };
    for peer in &PEERS {
        let points: Vec<Point> = peer
            .loss
            .iter()
            .map(|(share, pesq)| (share * 100.0, *pesq))
            .collect();
        line(picture, &axes, &points, peer.colour, true);
    }
    line(picture, &axes, &points(|row| &row.2), BASELINE, false);
    line(picture, &axes, &points(|row| &row.1), SOTTO, false);
}

fn delay(picture: &mut String, rows: &[Row]) {
    let axes = Axes {
        left: LEFT[1],
        x: (-0.5, 7.5),
        y: (0.0, 300.0),
    };
    let chosen: [(&str, &str); 8] = [
        ("clean", "0 %"),
        ("random 10 %", "10 %"),
        ("random 20 %", "20 %"),
        ("random 30 %", "30 %"),
        ("bursts of 8 (mean), 20 %", "bursts"),
        ("jitter 0-20 ms", "20"),
        ("jitter 0-60 ms", "60"),
        ("20 ms + uniform 0-40 ms", "20 + 40"),
    ];
    frame(
        picture,
        &axes,
        "Mouth to ear in ms over loss and jitter, devices left out",
        &[],
        &[0.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0],
        "",
    );
    for (at, kind) in [(2.0, "packets lost"), (6.0, "jitter, ms")] {
        let (x, bottom) = axes.place((at, 0.0));
        text(picture, (x, bottom + 36.0), "middle", kind);
    }
    for (index, (name, shown)) in chosen.iter().enumerate() {
        let (x, bottom) = axes.place((index as f64, 0.0));
        text(picture, (x, bottom + 16.0), "middle", shown);
        let Some(row) = rows.iter().find(|row| row.0.name == *name) else {
            continue;
        };
        for (summary, colour, shift) in [(&row.1, SOTTO, -9.0), (&row.2, BASELINE, 2.0)] {
            let (_, top) = axes.place((0.0, summary.mouth_to_ear.mean));
            let (_, p95) = axes.place((0.0, summary.mouth_to_ear.p95));
            let left = x + shift;
            let middle = left + 3.5;
            let _ = writeln!(
                picture,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"7\" height=\"{:.1}\" fill=\"{colour}\"/>\
                 <path d=\"M{middle:.1} {top:.1}V{p95:.1}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                bottom - top
            );
        }
    }
    for peer in &PEERS {
        circle(picture, axes.place((0.35, peer.clean)), peer.colour);
        if let Some(jitter) = peer.jitter {
            circle(picture, axes.place((7.35, jitter)), peer.colour);
        }
    }
    let note = "Right: bars are means, lines reach to the 95th percentile; points are other programs with their devices.";
    text(picture, (60.0, HEIGHT - 46.0), "start", note);
}

fn frame(
    picture: &mut String,
    axes: &Axes,
    title: &str,
    across: &[f64],
    upwards: &[f64],
    below: &str,
) {
    let middle = axes.left + PLOT.0 / 2.0;
    let _ = writeln!(
        picture,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"14\">{title}</text>",
        TOP - 20.0
    );
    for value in upwards {
        let (x, y) = axes.place((axes.x.0, *value));
        let _ = writeln!(
            picture,
            "<path d=\"M{x:.1} {y:.1}h{}\" stroke=\"#dddddd\"/>",
            PLOT.0
        );
        text(picture, (x - 6.0, y + 4.0), "end", &value.to_string());
    }
    for value in across {
        let (x, y) = axes.place((*value, axes.y.0));
        text(picture, (x, y + 16.0), "middle", &value.to_string());
    }
    text(picture, (middle, TOP + PLOT.1 + 36.0), "middle", below);
}

fn line(picture: &mut String, axes: &Axes, points: &[Point], colour: &str, others: bool) {
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let (x, y) = axes.place(*point);
        let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    let (width, dashes) = if others {
        (1.0, " stroke-dasharray=\"4 3\"")
    } else {
        (2.5, "")
    };
    let _ = writeln!(
        picture,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
    );
    for point in points {
        circle(picture, axes.place(*point), colour);
    }
}

fn circle(picture: &mut String, (x, y): Point, colour: &str) {
    let _ = writeln!(
        picture,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
    );
}

fn text(picture: &mut String, (x, y): Point, anchor: &str, words: &str) {
    let _ = writeln!(
        picture,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"11\">{words}</text>"
    );
}

fn legend(picture: &mut String) {
    let names = [("Sotto", SOTTO), ("libopus alone, FEC", BASELINE)]
        .into_iter()
        .chain(PEERS.iter().map(|peer| (peer.name, peer.colour)));
    for (index, (name, colour)) in names.enumerate() {
        let x = 60.0 + 140.0 * index as f64;
        circle(picture, (x, HEIGHT - 24.0), colour);
        text(picture, (x + 10.0, HEIGHT - 20.0), "start", name);
    }
}
