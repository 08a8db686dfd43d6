//! What a listener heard, and what it cost.

use std::time::Duration;

use crate::simulated::unwarp;

/// What one run brought.
pub(crate) struct Heard {
    pub(crate) sound: Vec<f32>,
    /// For stretches of `sound`: where each begins, and which of the talker's samples is heard there.
    pub(crate) sources: Vec<(usize, i64)>,
    /// For the same stretches: from the microphone's sample to the loudspeaker's, devices left out. Milliseconds.
    pub(crate) mouth_to_ear: Vec<f64>,
    /// What of that is not framing, codec, mixer and the shortest way through the network.
    pub(crate) added: Vec<f64>,
    /// Bytes that the talker sent while the judged speech was spoken, with the headers of IPv4 and UDP; and for how
    /// long.
    pub(crate) bytes: u64,
    pub(crate) sending: Duration,
    /// Processor time of both ends, and the speech that it was for.
    pub(crate) talker: Duration,
    pub(crate) listener: Duration,
    pub(crate) speech: Duration,
    /// Frames that were concealed while the judged speech was heard, and those of them behind which a later one had come.
    /// Not counted for the baseline.
    pub(crate) concealed: u32,
    pub(crate) repairable: u32,
}

/// IPv4 and UDP.
pub(crate) const HEADERS: u64 = 28;

impl Heard {
    /// Put back onto the talker's time: a shift counts for nothing.
    pub(crate) fn unwarped(&self, count: usize) -> Vec<f32> {
        unwarp(&self.sound, &self.sources, count)
    }

    /// The delays of what the talker said from sample `from` on.
    pub(crate) fn since(&self, from: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let delays = self.mouth_to_ear.iter().zip(&self.added);
        self.sources
            .iter()
            .zip(delays)
            .filter(move |((_, position), _)| *position >= from as i64)
            .map(|(_, (mouth_to_ear, added))| (*mouth_to_ear, *added))
    }

    pub(crate) fn kilobits(&self) -> f64 {
        self.bytes as f64 * 8.0 / 1_000.0 / self.sending.as_secs_f64().max(1e-9)
    }

    /// Of the frames of `samples` of speech, in per cent: concealed, and those of them behind which a later one had come.
    pub(crate) fn gaps(&self, samples: usize) -> (f64, f64) {
        let share = |frames: u32| f64::from(frames) * 48_000.0 / samples.max(1) as f64;
        (share(self.concealed), share(self.repairable))
    }

    /// Microseconds of processor time per 10 ms of speech, both ends together.
    pub(crate) fn microseconds(&self) -> f64 {
        let frames = self.speech.as_secs_f64() * 100.0;
        (self.talker + self.listener).as_secs_f64() * 1e6 / frames.max(1.0)
    }
}
