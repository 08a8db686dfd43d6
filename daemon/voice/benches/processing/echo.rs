//! Echo: what is left of it while nobody speaks here, what it and its cancellation cost those who speak against it, and
//! whether two desks howl.

use std::collections::VecDeque;

use sotto_instruments::Chance;
use sotto_judge::{Reference as Judge, SENTENCES};
use sotto_voice::{FRAME_SAMPLES, Processor, ProcessorSettings};

use crate::scene::{Desk, SECOND, db, room, scaled};
use crate::speech::talk;
use crate::{ALL, ECHO, fan, mixed};

/// Who talks to whom: sentences and pitches at the far end and here, and the room.
const PAIRS: [(usize, f64, usize, f64, u32); 4] = [
    (0, 1.0, 1, 0.84, 1),
    (1, 0.84, 2, 1.0, 2),
    (2, 1.1, 3, 0.78, 3),
    (3, 0.9, 0, 1.1, 4),
];

/// A change that a row makes to a desk.
type Change = fn(&mut Desk);

/// A room in which nobody speaks.
fn silence(seconds: usize, peak: f32) -> Vec<f32> {
    let mut chance = Chance::new(5);
    (0..seconds * SECOND)
        .map(|_| peak * chance.sample())
        .collect()
}

/// The median and the least.
fn median_and_worst(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    };
    (median, values[0])
}

/// By how much echo is lowered, in dB, where there is any.
fn attenuation(echo: &[f32], sent: &[f32], from: f64, to: f64) -> f64 {
    let range = (from * SECOND as f64) as usize..((to * SECOND as f64) as usize).min(echo.len());
    let (echo, sent) = (&echo[range.clone()], &sent[range]);
    // Against the loudest of it: what is heard of a pause is the room.
    let audible = echo.chunks(480).map(db).fold(f64::MIN, f64::max) - 30.0;
    let mut powers = (0.0, 0.0);
    for (echo, sent) in echo.chunks(480).zip(sent.chunks(480)) {
        if db(echo) > audible {
            powers.0 += 10.0_f64.powf(db(echo) / 10.0);
            powers.1 += 10.0_f64.powf(db(sent) / 10.0);
        }
    }
    10.0 * (powers.0 / powers.1).log10()
}

/// Prints what is left of echo while nobody speaks here.
pub(crate) fn alone() {
    println!(
        "\nEcho attenuation in dB, median / least of four talkers and rooms; nobody speaks here"
    );
    println!(
        "{:36} {:>13} {:>13} {:>13} {:>13} {:>13}",
        "RT60 0.4 s, echo -6 dB, but", "0-1 s", "1-3 s", "3-10 s", "10-20 s", "20-40 s"
    );
    let rows: [(&str, Change); 14] = [
        ("", |_| ()),
        ("RT60 0.2 s", |desk| desk.reverberation = 0.2),
        ("RT60 0.6 s", |desk| desk.reverberation = 0.6),
        ("+200 ppm", |desk| desk.drift = 200e-6),
        ("-200 ppm", |desk| desk.drift = -200e-6),
        ("RT60 0.2 s, +200 ppm", |desk| {
            desk.reverberation = 0.2;
            desk.drift = 200e-6;
        }),
        ("RT60 0.6 s, -200 ppm", |desk| {
            desk.reverberation = 0.6;
            desk.drift = -200e-6;
        }),
        ("-20 dB", |desk| desk.coupling = -20.0),
        ("0 dB", |desk| desk.coupling = 0.0),
        ("+6 dB", |desk| desk.coupling = 6.0),
        ("a loudspeaker driven hard", |desk| desk.driven = Some(0.1)),
        ("0 dB, driven hard", |desk| {
            desk.coupling = 0.0;
            desk.driven = Some(0.1);
        }),
        ("a fan at -55 dBFS", |desk| {
            desk.near = fan(desk.near.len(), -55.0, 3);
        }),
        ("another loudspeaker at 15 s", |desk| {
            desk.change = Some(15 * SECOND);
        }),
    ];
    for (name, change) in rows {
        let mut figures: [Vec<f64>; 5] = Default::default();
        for (far, pitch, _, _, room) in PAIRS {
            let Some(far) = talk(SENTENCES[far], pitch, 40) else {
                return;
            };
            let mut desk = Desk::new(far, silence(40, 0.000_1), -6.0);
            desk.room = room;
            change(&mut desk);
            let scene = desk.scene();
            let sent = scene.sent(ECHO);
            let ranges = match desk.change {
                // A second with another loudspeaker, and on from there.
                Some(_) => [
                    (10.0, 15.0),
                    (15.0, 16.0),
                    (16.0, 18.0),
                    (18.0, 25.0),
                    (25.0, 40.0),
                ],
                None => [
                    (0.3, 1.3),
                    (1.3, 3.0),
                    (3.0, 10.0),
                    (10.0, 20.0),
                    (20.0, 40.0),
                ],
            };
            for (figures, (from, to)) in figures.iter_mut().zip(ranges) {
                figures.push(attenuation(&scene.echo, &sent, from, to));
            }
            if desk.change.is_some() && figures[0].len() == 1 {
                println!(
                    "{:36} {:>13} {:>13} {:>13} {:>13} {:>13}",
                    "", "10-15 s", "15-16 s", "16-18 s", "18-25 s", "25-40 s"
                );
            }
        }
        print!("{name:36}");
        for figures in figures {
            let (median, worst) = median_and_worst(figures);
            print!(" {median:6.1}/{worst:6.1}");
        }
        println!();
    }
}

/// Prints what near speech is worth while the far end speaks too.
pub(crate) fn double_talk() {
    println!(
        "\nBoth speak: near speech over 20-30 s, median / least of four pairs and rooms; as captured and as sent"
    );
    println!(
        "{:36} {:>11} {:>11} {:>11} {:>11} {:>11} {:>8}",
        "RT60 0.4 s, +100 ppm", "captured", "AEC", "AEC, NS", "STOI capt.", "STOI AEC", "level"
    );
    let rows: [(&str, Change); 15] = [
        ("echo at -20 dB", |desk| desk.coupling = -20.0),
        ("-30 dB", |desk| desk.coupling = -30.0),
        ("-12 dB", |desk| desk.coupling = -12.0),
        ("-6 dB", |desk| desk.coupling = -6.0),
        ("0 dB", |desk| desk.coupling = 0.0),
        ("+6 dB", |desk| desk.coupling = 6.0),
        ("-20 dB, RT60 0.2 s", |desk| {
            desk.coupling = -20.0;
            desk.reverberation = 0.2;
        }),
        ("-20 dB, RT60 0.6 s", |desk| {
            desk.coupling = -20.0;
            desk.reverberation = 0.6;
        }),
        ("-12 dB, RT60 0.2 s", |desk| {
            desk.coupling = -12.0;
            desk.reverberation = 0.2;
        }),
        ("-20 dB, +200 ppm", |desk| {
            desk.coupling = -20.0;
            desk.drift = 200e-6;
        }),
        ("-12 dB, -200 ppm", |desk| {
            desk.coupling = -12.0;
            desk.drift = -200e-6;
        }),
        ("-20 dB, driven hard", |desk| {
            desk.coupling = -20.0;
            desk.driven = Some(0.1);
        }),
        ("-20 dB, a fan at -50 dBFS", |desk| {
            desk.coupling = -20.0;
            desk.near = mixed(&desk.near, &fan(desk.near.len(), -50.0, 3));
        }),
        ("-20 dB, another loudspeaker at 15 s", |desk| {
            desk.coupling = -20.0;
            desk.change = Some(15 * SECOND);
        }),
        ("nobody at the far end", |desk| desk.far.fill(0.0)),
    ];
    let range = 20 * SECOND..30 * SECOND;
    for (name, change) in rows {
        let mut figures: [Vec<f64>; 6] = Default::default();
        for (far, far_pitch, near, near_pitch, room) in PAIRS {
            let (Some(far), Some(near)) = (
                talk(SENTENCES[far], far_pitch, 30),
                talk(SENTENCES[near], near_pitch, 30),
            ) else {
                return;
            };
            let mut said = near;
            // Silent at first, so that the room is known.
            said[..10 * SECOND].fill(0.0);
            let mut desk = Desk::new(far, said.clone(), -20.0);
            desk.room = room;
            desk.drift = 100e-6;
            change(&mut desk);
            let scene = desk.scene();
            let judge = Judge::new(&said[range.clone()]);
            let captured = judge.judge(&scene.captured[range.clone()]);
            let sent = scene.sent(ECHO);
            let echo = judge.judge(&sent[range.clone()]);
            let suppressed = scene.sent(ProcessorSettings {
                gain_control: false,
                ..ALL
            });
            let both = judge.pesq(&suppressed[range.clone()]);
            let level = gain(&said[range.clone()], &sent[range.clone()]);
            for (figures, figure) in figures.iter_mut().zip([
                captured.pesq,
                echo.pesq,
                both,
                captured.stoi,
                echo.stoi,
                level,
            ]) {
                figures.push(figure);
            }
        }
        print!("{name:36}");
        for (index, figures) in figures.into_iter().enumerate() {
            let (median, worst) = median_and_worst(figures);
            match index {
                5 => print!(" {worst:8.1}"),
                _ => print!("  {median:4.2}/{worst:4.2} "),
            }
        }
        println!();
    }
}

/// How much louder than it was spoken near speech is sent, in dB: the median of the frames in which it is loud.
fn gain(said: &[f32], sent: &[f32]) -> f64 {
    let gains = said
        .chunks(FRAME_SAMPLES)
        .zip(sent.chunks(FRAME_SAMPLES))
        .filter(|(said, _)| db(said) > -35.0)
        .map(|(said, sent)| db(sent) - db(said));
    median_and_worst(gains.collect()).0
}

/// Milliseconds from one desk to the other's loudspeaker.
const WAY: usize = 60;

/// Prints whether a word goes round and round between a desk that cancels echo and one that does not.
pub(crate) fn howling() {
    println!(
        "\nA word said at 3 s goes round between a desk with echo cancellation and one without, dBFS at the first"
    );
    println!(
        "{:36} {:>8} {:>8} {:>8} {:>8}",
        "echo at both", "3-4 s", "5-7 s", "7-10 s", "10-15 s"
    );
    for (name, here, there) in [
        ("-6 dB, -6 dB", -6.0, -6.0),
        ("0 dB, 0 dB", 0.0, 0.0),
        ("+6 dB, 0 dB", 6.0, 0.0),
        ("+6 dB, +6 dB", 6.0, 6.0),
    ] {
        let Some(word) = talk(SENTENCES[0], 1.0, 4) else {
            return;
        };
        let sent = round(&word[14_400..14_400 + SECOND], here, there);
        print!("{name:36}");
        for (from, to) in [(3, 4), (5, 7), (7, 10), (10, 15)] {
            print!(" {:8.1}", db(&sent[from * SECOND..to * SECOND]));
        }
        println!();
    }
}

/// What goes to the encoder at a desk that cancels echo.
fn round(word: &[f32], here: f64, there: f64) -> Vec<f32> {
    let paths = [scaled(&room(0.1, 1), here), scaled(&room(0.1, 2), there)];
    let mut histories = [(); 2].map(|()| VecDeque::from(vec![0.0_f32; 8192]));
    let mut ways = [(); 2].map(|()| VecDeque::from(vec![[0.0_f32; FRAME_SAMPLES]; WAY / 10]));
    let mut processor = Processor::new(ECHO);
    let mut chance = Chance::new(5);
    let mut all = Vec::new();
    for index in 0..15 * SECOND / FRAME_SAMPLES {
        let mut captured = [[0.0; FRAME_SAMPLES]; 2];
        let mut played = [[0.0; FRAME_SAMPLES]; 2];
        for side in 0..2 {
            played[side] = ways[1 - side].pop_front().unwrap_or([0.0; FRAME_SAMPLES]);
            // A loudspeaker has a limit.
            for sample in &mut played[side] {
                *sample = sample.clamp(-1.0, 1.0);
            }
            for n in 0..FRAME_SAMPLES {
                histories[side].pop_back();
                histories[side].push_front(played[side][n]);
                let (front, back) = histories[side].as_slices();
                let (first, second) = paths[side].split_at(front.len().min(paths[side].len()));
                let echo: f32 = front.iter().zip(first).map(|(a, b)| a * b).sum::<f32>()
                    + back.iter().zip(second).map(|(a, b)| a * b).sum::<f32>();
                captured[side][n] = (echo + 0.000_1 * chance.sample()).clamp(-1.0, 1.0);
            }
        }
        let at = index * FRAME_SAMPLES;
        for (n, sample) in captured[0].iter_mut().enumerate() {
            if let Some(said) = (at + n).checked_sub(3 * SECOND).and_then(|n| word.get(n)) {
                *sample = (*sample + said).clamp(-1.0, 1.0);
            }
        }
        processor.process(&mut captured[0], &played[0]);
        all.extend(captured[0]);
        let [first, second] = captured;
        ways[0].push_back(first);
        ways[1].push_back(second);
    }
    all
}
