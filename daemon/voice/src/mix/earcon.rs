//! Short, soft signs, synthesised: two notes each, told apart by where they go.

use super::Earcon;

/// The loudest moment: −24 dBFS.
const PEAK: f32 = 0.063;
/// One note: 70 ms.
const NOTE: usize = 3360;
/// The second note begins when the first has half died away.
const STEP: usize = 2640;
/// A sign's length.
const LENGTH: usize = STEP + NOTE;
/// Signs that wait. More would tell nothing that the roster does not show.
const WAITING: usize = 4;

impl Earcon {
    /// The notes in Hz: upwards for who comes, downwards for who leaves, a close pair for a whisper, the same twice to
    /// remind.
    const fn notes(self) -> [f32; 2] {
        match self {
            Self::Whisper => [987.77, 1174.66],
            Self::Joined => [523.25, 783.99],
            Self::Left => [783.99, 523.25],
            Self::Muted => [392.0, 392.0],
            Self::Reminder => [659.25, 659.25],
        }
    }
}

/// Plays signs one after the other.
#[derive(Debug, Default)]
pub(super) struct Earcons {
    waiting: [Option<Earcon>; WAITING],
    /// Samples of the first one played.
    at: usize,
}

impl Earcons {
    /// Puts a sign at the end of the queue, unless the same one waits already or the queue is full.
    pub(super) fn play(&mut self, earcon: Earcon) {
        let begun = self.at > 0;
        let again = self
            .waiting
            .iter()
            .skip(usize::from(begun))
            .any(|waiting| *waiting == Some(earcon));
        if again {
            return;
        }
        if let Some(place) = self.waiting.iter_mut().find(|place| place.is_none()) {
            *place = Some(earcon);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds what is playing to `out`.
    pub(super) fn add(&mut self, out: &mut [f32]) {
        for sample in out {
            let Some(earcon) = self.waiting[0] else {
                return;
            };
            *sample += value(earcon, self.at);
            self.at += 1;
            if self.at == LENGTH {
                self.at = 0;
                self.waiting.rotate_left(1);
                self.waiting[WAITING - 1] = None;
            }
        }
    }
}

fn value(earcon: Earcon, at: usize) -> f32 {
    let mut sum = 0.0;
    for (index, frequency) in earcon.notes().into_iter().enumerate() {
        let Some(at) = at.checked_sub(index * STEP).filter(|at| *at < NOTE) else {
            continue;
        };
        let along = at as f32 / NOTE as f32;
        let envelope = (std::f32::consts::PI * along).sin().powi(2);
        let phase = at as f32 / 48_000.0 * frequency * std::f32::consts::TAU;
        // The notes overlap where each is below a quarter of its peak.
        sum += PEAK * envelope * phase.sin();
    }
    sum
}
