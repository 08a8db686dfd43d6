//! One frame of what was played for each captured frame, at one distance, whatever the clocks and callbacks do.

use sotto_instruments::Chance;

use super::*;

/// What is played, as a function of the loudspeaker's time: tones that do not repeat together within any lag that is
/// looked for, so that every place differs from every other.
fn sound(seconds: f64) -> f32 {
    let tone = |hertz: f64| 0.25 * (hertz * seconds * std::f64::consts::TAU).sin();
    (tone(173.0) + tone(287.3) + tone(431.7)) as f32
}

/// A loudspeaker and a microphone on two clocks.
struct Devices {
    reference: Reference,
    rate: f64,
    /// The loudspeaker's clock against the microphone's.
    drift: f64,
    block: usize,
    /// Seconds by which callbacks come late at most.
    late: f64,
    chance: Chance,
    played: u64,
    captured: u64,
    /// When the loudspeaker began.
    begin: f64,
}

impl Devices {
    fn new(rate: u32, drift_ppm: f64, block: usize, late: f64) -> Self {
        Self {
            reference: Reference::new(rate),
            rate: f64::from(rate),
            drift: 1.0 + drift_ppm * 1e-6,
            block,
            late,
            chance: Chance::new(77),
            played: 0,
            captured: 0,
            begin: 0.0,
        }
    }

    /// Captures a frame, after whatever was played by then. Returns the reference, and when it was on the loudspeaker's
    /// clock.
    fn frame(&mut self) -> ([f32; FRAME_SAMPLES], f64) {
        self.captured += FRAME_SAMPLES as u64;
        let now = self.captured as f64 / 48_000.0;
        let wake = now + self.chance.unit() * self.late;
        loop {
            let due =
                self.begin + (self.played + self.block as u64) as f64 / (self.rate * self.drift);
            let reported = due + self.chance.unit() * self.late;
            if reported > wake {
                break;
            }
            let (first, rate) = (self.played, self.rate);
            let block: Vec<f32> = (0..self.block)
                .map(|n| sound((first + n as u64) as f64 / rate))
                .collect();
            let (some, rest) = block.split_at(self.block / 3);
            self.reference
                .played(some, Duration::from_secs_f64(reported));
            self.reference.played_on(rest);
            self.played += self.block as u64;
        }
        let frame = self.reference.frame(Duration::from_secs_f64(now));
        // In the loudspeaker's own seconds.
        let playing = (now - self.begin) * self.drift;
        (frame, playing)
    }

    /// By how many seconds `frame` lags behind what is played at its end, found by trying; `None` if it does not look
    /// like that sound at all.
    fn lag(&self, frame: &[f32; FRAME_SAMPLES], playing: f64) -> Option<f64> {
        let error = |lag: f64| -> f64 {
            (0..FRAME_SAMPLES)
                .step_by(16)
                .map(|n| {
                    let time = playing - lag - (FRAME_SAMPLES - n) as f64 / 48_000.0;
                    f64::from(frame[n] - sound(time)).powi(2)
                })
                .sum()
        };
        let coarse = (0..400).map(|step| f64::from(step) * 100e-6);
        let best = coarse.min_by(|a, b| error(*a).total_cmp(&error(*b)))?;
        let fine = (-50..=50).map(|step| best + f64::from(step) * 2e-6);
        let best = fine.min_by(|a, b| error(*a).total_cmp(&error(*b)))?;
        (error(best) < 0.02).then_some(best)
    }

    /// The lags from second `from` to `to`; every frame must be found.
    fn lags(&mut self, to: u64) -> Vec<f64> {
        let mut lags = Vec::new();
        while self.captured < to * 48_000 {
            let (frame, playing) = self.frame();
            if self.captured.is_multiple_of(48_000) {
                let lag = self.lag(&frame, playing);
                lags.push(lag.expect("a frame that was never played"));
            }
        }
        lags
    }
}

fn spread(lags: &[f64]) -> f64 {
    let most = lags.iter().copied().fold(f64::MIN, f64::max);
    most - lags.iter().copied().fold(f64::MAX, f64::min)
}

#[test]
fn the_distance_stays_whatever_the_two_clocks_do() {
    for (rate, drift, block, late) in [
        (48_000, 0.0, 480, 0.0),
        (48_000, 200.0, 480, 0.001),
        (48_000, -200.0, 480, 0.001),
        (48_000, 200.0, 1024, 0.002),
        (44_100, -200.0, 441, 0.001),
        (48_000, 400.0, 240, 0.002),
    ] {
        let mut devices = Devices::new(rate, drift, block, late);
        let settling = devices.lags(45);
        let settled = devices.lags(120);
        let name = format!("{rate} Hz, {drift} ppm, blocks of {block}, {late} s late");
        // 1.5 ms of drift would be 75 samples; uncorrected, 200 ppm make 15 ms of it in 75 s.
        assert!(
            spread(&settling) < 0.004,
            "{name}: settling {}",
            spread(&settling)
        );
        assert!(spread(&settled) < 0.000_3, "{name}: {} s", spread(&settled));
        let found = devices.reference.stats().drift_ppm;
        assert!((found - drift).abs() < 40.0, "{name}: found {found} ppm");
        assert_eq!(devices.reference.stats().restarts, 1, "{name}");
    }
}

#[test]
fn the_reference_is_there_before_the_echo_can_be() {
    // A device plays a block at the earliest when the next is asked for.
    for block in [240, 480, 1024] {
        let mut devices = Devices::new(48_000, 100.0, block, 0.001);
        let lags = devices.lags(60);
        let block = block as f64 / 48_000.0;
        let most = lags.iter().copied().fold(0.0, f64::max);
        assert!(
            most < block + 0.006,
            "{most} s behind, with blocks of {block} s"
        );
    }
}

#[test]
fn another_loudspeaker_or_microphone_begins_anew_and_holds_again() {
    let mut devices = Devices::new(48_000, 150.0, 480, 0.001);
    devices.lags(20);
    devices.reference = Reference::new(44_100);
    devices.rate = 44_100.0;
    devices.block = 441;
    devices.played = 0;
    devices.begin = devices.captured as f64 / 48_000.0 + 0.3;
    // Until it plays there is nothing, then silence until enough is there.
    for _ in 0..40 {
        devices.frame();
    }
    let settled = devices.lags(90);
    assert!(
        spread(&settled[40..]) < 0.000_3,
        "{} s",
        spread(&settled[40..])
    );
    assert_eq!(devices.reference.stats().restarts, 1);
    devices.reference.microphone();
    let settled = devices.lags(100);
    assert!(spread(&settled) < 0.004);
    assert_eq!(devices.reference.stats().restarts, 2);
}

#[test]
fn lost_capture_and_lost_reports_do_not_shift_it() {
    let mut devices = Devices::new(48_000, 0.0, 480, 0.0);
    let before = devices.lags(10);
    // A stall: the microphone lost 150 ms, and the reference is told.
    devices.captured += 7_200;
    devices.reference.skip(SampleCount::new(7_200));
    let after = devices.lags(20);
    assert!(
        (before[9] - after[0]).abs() < 0.000_2,
        "{} {}",
        before[9],
        after[0]
    );
    // The ring was full: a second of reports is missing.
    devices.played += 48_000;
    devices.reference.lost(48_000);
    devices.begin -= 1.0;
    for _ in 0..20 {
        devices.frame();
    }
    devices.lags(30);
    assert!(devices.reference.stats().restarts <= 3);
}

#[test]
fn a_silent_loudspeaker_gives_silence_and_no_alarm() {
    let mut reference = Reference::new(0);
    reference.played(&[1.0; 480], Duration::from_secs(2));
    reference.frame(Duration::from_secs(2));
    let mut reference = Reference::new(48_000);
    let nothing = reference.frame(Duration::from_secs(1));
    assert_eq!(nothing, [0.0; FRAME_SAMPLES]);
    for tick in 0..50 {
        let now = Duration::from_millis(3000 + 10 * tick);
        reference.played(&[1.0; 480], now);
        reference.frame(now);
    }
    // It stops without a word.
    let frame = reference.frame(Duration::from_secs(10));
    assert_eq!(frame, [0.0; FRAME_SAMPLES]);
    // Time that runs backwards harms nobody.
    reference.frame(Duration::from_secs(1));
}
