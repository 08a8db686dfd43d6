//! The figures as text.

use crate::measure::{Bench, Summary, at};

pub(crate) fn head(bench: &Bench) {
    println!(
        "{:.0} s of speech, {} seeds; delays in ms, processor time in µs per 10 ms. libopus: in-band FEC, 60 ms buffer",
        bench.seconds(),
        bench.seeds
    );
    let system = "PESQ-WB       STOI          added        mouth to ear  wire   both";
    println!("{:32} {system:67} concealed % | {system}", "");
    let columns = "med    worst  med    worst  mean   p95   mean   p95    kbit/s ends";
    println!("{:32} {columns:67} all   DRED  | {columns}", "network");
    println!("{:32} {:79} | libopus", "", "Sotto");
}

pub(crate) fn row(name: &str, sotto: &Summary, baseline: &Summary) {
    let (concealed, repairable) = sotto.gaps;
    println!(
        "{name:32} {:67} {concealed:5.2} {repairable:5.2} | {}",
        figures(sotto),
        figures(baseline)
    );
}

fn figures(summary: &Summary) -> String {
    format!(
        "{:<6.2} {:<6.2} {:<6.3} {:<6.3} {:5.1} {:5.1} {:6.1} {:6.1} {:6.0} {:5.0}",
        at(&summary.pesq, 0.5),
        at(&summary.pesq, 0.0),
        at(&summary.stoi, 0.5),
        at(&summary.stoi, 0.0),
        summary.added.mean,
        summary.added.p95,
        summary.mouth_to_ear.mean,
        summary.mouth_to_ear.p95,
        summary.kilobits,
        summary.microseconds,
    )
}

pub(crate) fn head_of_first_seconds() {
    println!(
        "\nThe first second after loss sets in on a clean link, PESQ-WB\n{:32} {:14} | libopus",
        "", "Sotto"
    );
    println!("{:32} med    worst  | med    worst", "");
}

pub(crate) fn row_of_first_seconds(name: &str, sotto: &[f64], baseline: &[f64]) {
    println!(
        "{name:32} {:<6.2} {:<6.2} | {:<6.2} {:<6.2}",
        at(sotto, 0.5),
        at(sotto, 0.0),
        at(baseline, 0.5),
        at(baseline, 0.0),
    );
}
