//! What was heard, compared with what was said.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sotto_judge::{STOI_RATE, resample, stoi};

use crate::colleague::Colleague;
use crate::signal::{NARROW, RATE, find, loudest, narrow, pesq};
use crate::speech::{Clip, Line, read};
use crate::watch::Opening;

/// Above this, what was said is there; below [`ABSENT`], nothing of it is.
const PRESENT: f64 = 0.35;

/// "Heard nothing" means less resemblance than this.
pub const ABSENT: f64 = 0.05;

/// "Heard nothing" also means that nothing was louder than this, in dBFS.
pub const SILENT: f64 = -50.0;

/// Who listened at least for this share of the time could have heard what there was. A recording begins a moment after
/// its speaker opens.
const LISTENED: f64 = 0.9;

/// How much of the recording before and after a clip is compared along.
const AROUND: f64 = 0.25;

/// How long the pieces are that are moved back to where they were said, in samples: 100 ms.
const ALIGNED: usize = RATE / 10;

/// How much earlier and later than all of it a piece may be heard, in samples: 150 and 400 ms.
const EARLIER: usize = RATE * 3 / 20;
const LATER: usize = RATE * 2 / 5;

/// A piece that resembles what was said by so much is moved; others go with the one before them.
const CERTAIN: f64 = 0.5;

/// How something was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Where in the recording, in seconds.
    pub at: f64,
    /// How much it resembles what was said, from 0 to 1.
    pub likeness: f64,
    /// PESQ-WB against what was said.
    pub pesq: f64,
}

/// Everything that somebody heard through one opening of the speaker.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    /// When the speaker was opened.
    opened: Instant,
    sound: Vec<f32>,
}

impl Recording {
    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its samples, 48 kHz.
    #[must_use]
    pub fn sound(&self) -> &[f32] {
        &self.sound
    }

    /// What lies between two moments, as far as it was recorded.
    fn between(&self, from: Instant, to: Instant) -> &[f32] {
        let index = |moment: Instant| {
            let since = moment.saturating_duration_since(self.opened).as_secs_f64();
            ((since * RATE as f64) as usize).min(self.sound.len())
        };
        let (from, to) = (index(from), index(to));
        &self.sound[from..to.max(from)]
    }
}

impl Colleague {
    /// Everything heard so far, one recording for each opening of the speaker.
    ///
    /// Recordings are as old as their last flush, half a second at most.
    ///
    /// # Errors
    ///
    /// When a recording cannot be read.
    pub fn recordings(&self) -> Result<Vec<Recording>> {
        recordings(&self.watch()?.outputs())
    }

    /// How a clip was heard, if it was.
    ///
    /// # Errors
    ///
    /// When the recordings cannot be read.
    pub fn heard(&self, clip: &Clip) -> Result<Option<Heard>> {
        Ok(heard_among(&self.recordings()?, clip))
    }

    /// Waits until a line should have been heard and recorded, and judges it.
    ///
    /// # Errors
    ///
    /// When it was not heard, or worse than `pesq` at least.
    pub async fn heard_well(&self, speaker: &Self, line: &Line, pesq: f64) -> Result<Heard> {
        speaker.has_said(line).await?;
        self.recorded_until(speaker.microphone_opened()? + line.end() + Duration::from_millis(600))
            .await?;
        let Some(heard) = self.heard(&line.clip)? else {
            bail!(
                "{} did not hear {:?} of {}",
                self.name(),
                line.clip.text,
                speaker.name()
            );
        };
        if heard.pesq < pesq {
            bail!(
                "{} heard {:?} of {} badly: PESQ {:.2} instead of {pesq:.2} (likeness {:.2})",
                self.name(),
                line.clip.text,
                speaker.name(),
                heard.pesq,
                heard.likeness
            );
        }
        Ok(heard)
    }

    /// Waits until a line would have been heard and recorded, and checks that nothing of it was: no resemblance,
    /// and no sound at all at that time, though the speaker was open.
    ///
    /// # Errors
    ///
    /// When something was heard, or the speaker was not open.
    pub async fn heard_nothing(&self, speaker: &Self, line: &Line) -> Result<Nothing> {
        speaker.has_said(line).await?;
        let opened = speaker.microphone_opened()?;
        let (from, to) = (opened + line.start, opened + line.end());
        self.recorded_until(to + Duration::from_millis(600)).await?;
        let nothing = self.nothing_between(&line.clip, from, to + Duration::from_millis(400))?;
        if !nothing.was_listening() {
            bail!(
                "{} recorded only {:.0} % of the time in which nothing should have been heard: that proves nothing",
                self.name(),
                nothing.recorded * 100.0
            );
        }
        if !nothing.is_silence() {
            bail!(
                "{} should have heard nothing of {:?} of {}, but there was sound of {:.0} dBFS with a likeness of {:.3}",
                self.name(),
                line.clip.text,
                speaker.name(),
                nothing.loudest,
                nothing.likeness
            );
        }
        Ok(nothing)
    }

    /// How much there was of a clip between two moments.
    ///
    /// # Errors
    ///
    /// When there are no recordings, or they cannot be read.
    pub fn nothing_between(&self, clip: &Clip, from: Instant, to: Instant) -> Result<Nothing> {
        let recordings = self.recordings()?;
        if recordings.is_empty() {
            bail!("{} recorded nothing at all", self.name());
        }
        Ok(nothing_among(&recordings, clip, from, to))
    }

    /// Waits until the recording reaches a moment; it is flushed every half second.
    ///
    /// # Errors
    ///
    /// When the daemon is not running.
    pub async fn recorded_until(&self, moment: Instant) -> Result<()> {
        self.watch()?;
        tokio::time::sleep_until((moment + Duration::from_millis(600)).into()).await;
        Ok(())
    }
}

/// How little was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nothing {
    /// The greatest resemblance with what was said.
    pub likeness: f64,
    /// The loudest 20 ms, in dBFS.
    pub loudest: f64,
    /// For how much of the time there is a recording, from 0 to 1: the speaker may have been closed.
    pub recorded: f64,
}

impl Nothing {
    /// Whether it is as good as nothing: no resemblance, and no sound.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.likeness < ABSENT && self.loudest < SILENT
    }

    /// Whether the speaker was open, so that something would have been heard.
    #[must_use]
    pub fn was_listening(&self) -> bool {
        self.recorded >= LISTENED
    }
}

/// What was recorded at these openings of a speaker, one recording for each. The daemon need not run any more.
///
/// # Errors
///
/// When a recording cannot be read.
pub fn recordings(openings: &[Opening]) -> Result<Vec<Recording>> {
    let mut recordings = Vec::new();
    for opening in openings {
        // The daemon calls such a device "file PATH".
        let Some(path) = opening.device.strip_prefix("file ") else {
            continue;
        };
        let path = PathBuf::from(path);
        recordings.push(Recording {
            sound: read(&path)?,
            path,
            opened: opening.at,
        });
    }
    Ok(recordings)
}

/// How a clip was heard in the recording that is most like it, if it was heard.
#[must_use]
pub fn heard_among(recordings: &[Recording], clip: &Clip) -> Option<Heard> {
    recordings
        .iter()
        .filter_map(|recording| heard_in(&recording.sound, clip))
        .max_by(|one, other| one.likeness.total_cmp(&other.likeness))
}

/// How much there was of a clip between two moments.
#[must_use]
pub fn nothing_among(recordings: &[Recording], clip: &Clip, from: Instant, to: Instant) -> Nothing {
    let said = narrow(clip.sound());
    let mut nothing = Nothing {
        likeness: 0.0,
        loudest: -120.0,
        recorded: 0.0,
    };
    for recording in recordings {
        let sound = recording.between(from, to);
        if sound.is_empty() {
            continue;
        }
        nothing.recorded += sound.len() as f64 / RATE as f64 / (to - from).as_secs_f64();
        nothing.loudest = nothing.loudest.max(loudest(sound, RATE));
        let likeness = find(&said, &narrow(sound)).map_or(0.0, |(_, likeness)| likeness);
        nothing.likeness = nothing.likeness.max(likeness);
    }
    nothing
}

/// Finds a clip in a recording and judges it.
#[must_use]
pub fn heard_in(recording: &[f32], clip: &Clip) -> Option<Heard> {
    let said = narrow(clip.sound());
    let heard = narrow(recording);
    // Playback that is stretched or compressed shifts the end against the beginning, so half a second in the middle
    // tells where the clip lies, and how alike it is there.
    let half = NARROW / 4;
    let middle = loudest_stretch(&said, 2 * half);
    let (at, likeness) = find(&said[middle..(middle + 2 * half).min(said.len())], &heard)?;
    if likeness < PRESENT {
        return None;
    }
    let around = (AROUND * NARROW as f64) as usize;
    let begin = at.saturating_sub(middle);
    let from = begin.saturating_sub(around);
    let to = (begin + said.len() + around).min(heard.len());
    let mut reference = vec![0.0; begin - from];
    reference.extend_from_slice(&said);
    reference.resize(to.saturating_sub(from).max(reference.len()), 0.0);
    let pesq = pesq(&reference, &heard[from..to]).unwrap_or(1.0);
    Some(Heard {
        at: begin as f64 / NARROW as f64,
        likeness,
        pesq,
    })
}

/// STOI of a clip that was heard so in this recording. Playback that was stretched or compressed is put back first:
/// STOI compares moments.
#[must_use]
pub fn understood(recording: &[f32], clip: &Clip, heard: &Heard) -> f64 {
    let aligned = aligned(recording, clip.sound(), (heard.at * RATE as f64) as usize);
    let ready = |sound: &[f32]| resample(sound, RATE, STOI_RATE);
    stoi(&ready(clip.sound()), &ready(&aligned)).unwrap_or(0.0)
}

/// What was heard, each piece of it moved to where it was said. All of it begins at sample `at` or so.
fn aligned(recording: &[f32], said: &[f32], at: usize) -> Vec<f32> {
    let factor = RATE / NARROW;
    let (narrow_said, narrow_heard) = (narrow(said), narrow(recording));
    let half = ALIGNED / factor / 2;
    let mut lag = at.cast_signed();
    let mut aligned = Vec::with_capacity(said.len());
    for begin in (0..said.len()).step_by(ALIGNED) {
        // Compared along twice its length, so that there is something to go by.
        let from = (begin / factor).saturating_sub(half);
        let stretch = &narrow_said[from..(from + 4 * half).min(narrow_said.len())];
        let earliest = (from + at / factor).saturating_sub(EARLIER / factor);
        let latest = from + (at + LATER) / factor + stretch.len();
        let place = narrow_heard
            .get(earliest..latest.min(narrow_heard.len()))
            .and_then(|heard| find(stretch, heard))
            .filter(|(_, likeness)| *likeness > CERTAIN);
        if let Some((place, _)) = place {
            lag = ((earliest + place) * factor).cast_signed() - (from * factor).cast_signed();
        }
        let first = begin.saturating_add_signed(lag);
        let count = ALIGNED.min(said.len() - begin);
        let there = recording.get(first..).unwrap_or_default();
        aligned.extend(there.iter().take(count));
        aligned.resize(begin + count, 0.0);
    }
    aligned
}

/// Where the loudest stretch of so many samples begins.
fn loudest_stretch(sound: &[f32], samples: usize) -> usize {
    let step = (samples / 8).max(1);
    (0..sound.len().saturating_sub(samples))
        .step_by(step)
        .max_by(|a, b| {
            let energy = |at: usize| {
                sound[at..at + samples]
                    .iter()
                    .map(|sample| sample * sample)
                    .sum::<f32>()
            };
            energy(*a).total_cmp(&energy(*b))
        })
        .unwrap_or(0)
}

/// Judges a recording that is only a file.
///
/// # Errors
///
/// When it cannot be read, or the clip is not in it.
pub fn judge_file(path: &Path, clip: &Clip) -> Result<Heard> {
    heard_in(&read(path)?, clip)
        .with_context(|| format!("{:?} is not in {}", clip.text, path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Voice;

    #[test]
    fn a_faithful_copy_is_found_and_judged_perfect() {
        let clip =
            Clip::spoken("The meeting begins at nine in the large room.", Voice::Anna).unwrap();
        let mut recording = vec![0.0; 50_000];
        recording.extend(clip.sound().iter().map(|sample| sample * 0.8));
        recording.resize(recording.len() + 30_000, 0.0);
        let heard = heard_in(&recording, &clip).unwrap();
        assert!((heard.at - 50_000.0 / 48_000.0).abs() < 0.001, "{heard:?}");
        assert!(heard.pesq > 4.5, "{heard:?}");
    }

    #[test]
    fn stretched_playback_is_understood_like_the_original() {
        let clip =
            Clip::spoken("The meeting begins at nine in the large room.", Voice::Anna).unwrap();
        let mut recording = vec![0.0; 24_000];
        let (first, rest) = clip.sound().split_at(40_000);
        recording.extend(first);
        // 60 ms are heard twice.
        recording.extend(&first[first.len() - 2_880..]);
        recording.extend(rest);
        let heard = heard_in(&recording, &clip).unwrap();
        let stoi = understood(&recording, &clip, &heard);
        assert!(stoi > 0.98, "{stoi}");
        let other = crate::signal::noise(1, recording.len());
        let stoi = understood(&other, &clip, &heard);
        assert!(stoi < 0.5, "{stoi}");
    }

    #[test]
    fn other_words_of_the_same_voice_are_not_taken_for_it() {
        let said =
            Clip::spoken("The meeting begins at nine in the large room.", Voice::Anna).unwrap();
        let other = Clip::spoken(
            "Nobody has seen the figures for the last quarter yet.",
            Voice::Anna,
        )
        .unwrap();
        assert_eq!(heard_in(other.sound(), &said), None);
    }
}
