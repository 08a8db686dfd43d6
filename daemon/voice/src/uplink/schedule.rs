//! To whom each captured sample may go.
//!
//! Mute and audience changes name the sample they hold from, and are kept here until that sample has been
//! captured. The last order wins, whatever samples were named: it takes the place of those of its kind that
//! were to apply at its sample or later. [`Schedule::plan`] then decides for one frame who receives it and which of its samples may be
//! heard.
//!
//! A frame goes to one set of peers on one stream, because a timestamp names one frame. Where a change falls
//! *inside* a frame:
//!
//! - on the same stream, the frame goes whole to those who may hear all of it: peers that leave miss its
//!   beginning, peers that join miss its end, and nobody else notices;
//! - otherwise the side with more samples gets the frame, and the other side's samples are silenced in it.
//!
//! Either way no sample reaches a peer outside its audience, and at most a frame at a change is lost.

use std::ops::Range;

use super::Audience;
use crate::{FrameLength, SampleTime, Slot, SlotSet, Stream};

/// How many changes may wait. A person produces a handful, and a full schedule applies them at once.
const CAPACITY: usize = 64;

/// The peers that may hear something, and on which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listeners {
    pub(super) stream: Stream,
    pub(super) slots: SlotSet,
}

impl Listeners {
    /// Those who may hear both what these and what `other` may, if they share a stream and anybody is left.
    fn intersection(&self, other: &Self) -> Option<Self> {
        let slots: SlotSet = self
            .slots
            .iter()
            .filter(|slot| other.slots.contains(*slot))
            .collect();
        (self.stream == other.stream && !slots.is_empty()).then_some(Self {
            stream: self.stream,
            slots,
        })
    }

    /// Whether a codec that has heard what went to `self` may go on for `next`.
    pub(super) fn may_continue_as(&self, next: &Self) -> bool {
        self.stream == next.stream && next.slots.is_subset(&self.slots)
    }
}

/// What is sent at some moment.
#[derive(Debug, Clone, Copy, Default)]
struct Voice {
    audience: Audience,
    microphone: bool,
}

impl Voice {
    fn listeners(&self) -> Option<Listeners> {
        if !self.microphone {
            return None;
        }
        let (stream, slots) = match self.audience {
            Audience::Nobody => return None,
            Audience::Open(slots) => (Stream::Open, slots),
            Audience::Whisper(slots) => (Stream::Whisper, slots),
        };
        (!slots.is_empty()).then_some(Listeners { stream, slots })
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Audience(audience) => self.audience = audience,
            Change::Microphone(open) => self.microphone = open,
        }
    }

    fn remove(&mut self, slot: Slot) {
        remove(&mut self.audience, slot);
    }
}

fn remove(audience: &mut Audience, slot: Slot) {
    match audience {
        Audience::Nobody => {}
        Audience::Open(slots) | Audience::Whisper(slots) => {
            slots.remove(slot);
        }
    }
}

/// One change.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Audience(Audience),
    Microphone(bool),
}

impl Change {
    /// Whether nothing is left of this change once `later` has taken effect.
    fn is_undone_by(&self, later: &Self) -> bool {
        matches!(
            (self, later),
            (Self::Audience(_), Self::Audience(_)) | (Self::Microphone(_), Self::Microphone(_))
        )
    }
}

/// What becomes of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Who receives it.
    pub(super) listeners: Listeners,
    /// The samples of the frame that they may hear; the others are silenced.
    pub(super) audible: Range<usize>,
    /// Whether the sound breaks off at the end of `audible`, so that it should fade there.
    pub(super) ends: bool,
}

/// The voice state now, and the changes to come.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Samples in a frame.
    frame: usize,
    now: Voice,
    /// In the order in which they apply: by sample, then by arrival.
    pending: Vec<(SampleTime, Change)>,
}

impl Schedule {
    pub(super) fn new(length: FrameLength) -> Self {
        Self {
            frame: length.samples(),
            now: Voice::default(),
            pending: Vec::with_capacity(CAPACITY),
        }
    }

    /// Schedules `change` for `at`, in the place of earlier orders of its kind for `at` or later: somebody
    /// who mutes does not wait for an unmute that was stamped a little ahead of its time, to be undone by it.
    /// Microphone and audience do not undo each other, because each says the whole of its own.
    ///
    /// When the schedule is full, everything in it and the change itself apply
    /// at once, in order, and `false` is returned: late is worse than early here, for a mute above all.
    pub(super) fn add(&mut self, at: SampleTime, change: Change) -> bool {
        self.pending
            .retain(|(other, earlier)| *other < at || !earlier.is_undone_by(&change));
        if self.pending.len() == CAPACITY {
            for (_, earlier) in self.pending.drain(..) {
                self.now.apply(earlier);
            }
            self.now.apply(change);
            return false;
        }
        let place = self.pending.partition_point(|(other, _)| *other <= at);
        self.pending.insert(place, (at, change));
        true
    }

    /// Takes `slot` out of every audience, present and to come.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.now.remove(slot);
        for (_, change) in &mut self.pending {
            if let Change::Audience(audience) = change {
                remove(audience, slot);
            }
        }
    }

    /// Whether nobody hears anything now, and nothing is about to change that.
    pub(super) fn is_silent(&self) -> bool {
        self.pending.is_empty() && self.now.listeners().is_none()
    }

    /// Applies what is due before `position`, without any sound: for samples that were lost.
    pub(super) fn skip_to(&mut self, position: SampleTime) {
        let due = self.pending.partition_point(|(at, _)| *at < position);
        for (_, change) in self.pending.drain(..due) {
            self.now.apply(change);
        }
    }

    /// Decides about the frame whose first sample is `start`; `None` when nobody may hear any of it.
    ///
    /// Applies the changes that fall into the frame.
    pub(super) fn plan(&mut self, start: SampleTime) -> Option<Plan> {
        let end = start + self.frame as u64;
        let mut best: Option<(Listeners, Range<usize>)> = None;
        // The stretch being collected: everyone in it may hear all of its samples.
        let mut stretch: Option<(Listeners, Range<usize>)> = None;
        let mut from = 0;
        loop {
            // Changes for a sample that has passed hold from the next one, which is the frame's first.
            let due = self
                .pending
                .partition_point(|(at, _)| at.0 <= start.0 + from as u64);
            for (_, change) in self.pending.drain(..due) {
                self.now.apply(change);
            }
            let until = match self.pending.first() {
                Some((at, _)) if *at < end => (at.0 - start.0) as usize,
                _ => self.frame,
            };
            let here = self.now.listeners();
            let joined = match (&stretch, &here) {
                (Some((listeners, range)), Some(here)) if range.end == from => listeners
                    .intersection(here)
                    .map(|both| (both, range.start..until)),
                _ => None,
            };
            if joined.is_none() {
                keep_longer(&mut best, stretch.take());
            }
            stretch = joined.or(here.map(|listeners| (listeners, from..until)));
            if until == self.frame {
                break;
            }
            from = until;
        }
        keep_longer(&mut best, stretch);
        let (listeners, audible) = best?;
        let ends = audible.end < self.frame || self.breaks_off_at(end, &listeners);
        Some(Plan {
            listeners,
            audible,
            ends,
        })
    }

    /// Whether the changes known for exactly `end` stop the sound of `listeners` there.
    fn breaks_off_at(&self, end: SampleTime, listeners: &Listeners) -> bool {
        let mut voice = self.now;
        for (_, change) in self.pending.iter().take_while(|(at, _)| *at <= end) {
            voice.apply(*change);
        }
        voice
            .listeners()
            .is_none_or(|next| !listeners.may_continue_as(&next))
    }
}

/// Puts `other` in the place of `best` if it is longer, or as long and later.
fn keep_longer(
    best: &mut Option<(Listeners, Range<usize>)>,
    other: Option<(Listeners, Range<usize>)>,
) {
    let length = |stretch: &Option<(Listeners, Range<usize>)>| {
        stretch.as_ref().map_or(0, |(_, range)| range.len())
    };
    if other.is_some() && length(&other) >= length(best) {
        *best = other;
    }
}

#[cfg(test)]
mod tests;
