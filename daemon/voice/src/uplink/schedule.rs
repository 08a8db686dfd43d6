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
//!
//! **Behind processing** a frame holds sound that was captured a little earlier, and around a change sound from both
//! sides of it, mixed ([`Blur`]). Samples that mix two audiences go to those alone who are in both: between a whisper
//! and open speech, or when a microphone opens, to nobody.

use std::ops::Range;

use super::Audience;
use super::output_time::OutputTime;
use crate::processing::Blur;
use crate::{FrameLength, SampleCount, SampleTime, Slot, SlotSet, Stream};

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

/// A change that is not wholly in the past.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// The first captured sample that it holds for.
    at: SampleTime,
    /// The first sample of the output in which anything from `at` on can be found.
    enters: OutputTime,
    /// The first sample of the output in which nothing from before `at` can be found any more.
    leaves: OutputTime,
    change: Change,
}

/// The voice state now, and the changes to come.
#[derive(Debug)]
pub(super) struct Schedule {
    length: FrameLength,
    /// The oldest state of which anything can still come out of the processing.
    now: Voice,
    /// In the order in which they apply: by sample, then by arrival.
    pending: Vec<Pending>,
    /// The first sample of the frame to be planned next.
    next: SampleTime,
    blur: Blur,
    /// Nothing is heard before this sample of the output: what it holds has lost its order.
    hushed_until: OutputTime,
}

impl Schedule {
    pub(super) fn new(length: FrameLength) -> Self {
        Self {
            length,
            now: Voice::default(),
            pending: Vec::with_capacity(CAPACITY),
            next: SampleTime::START,
            blur: Blur::NONE,
            hushed_until: OutputTime::START,
        }
    }

    /// Schedules `change` for `at`, in the place of earlier orders of its kind for `at` or later: somebody
    /// who mutes does not wait for an unmute that was stamped a little ahead of its time, to be undone by it.
    /// Microphone and audience do not undo each other, because each says the whole of its own.
    ///
    /// `at` lies no further back than the processing reaches.
    ///
    /// When the schedule is full, everything in it and the change itself apply
    /// at once, in order, and `false` is returned: late is worse than early here, for a mute above all.
    pub(super) fn add(&mut self, at: SampleTime, change: Change) -> bool {
        self.pending
            .retain(|earlier| earlier.at < at || !earlier.change.is_undone_by(&change));
        if self.pending.len() == CAPACITY {
            for earlier in self.pending.drain(..) {
                self.now.apply(earlier.change);
            }
            self.now.apply(change);
            self.hushed_until = self.clean_after(self.next) + self.blur.late;
            return false;
        }
        let pending = self.placed(at, change);
        let place = self.pending.partition_point(|other| other.at <= at);
        self.pending.insert(place, pending);
        self.align();
        true
    }

    fn placed(&self, at: SampleTime, change: Change) -> Pending {
        Pending {
            at,
            enters: self.seen_from(at) + self.blur.early,
            leaves: self.clean_after(at) + self.blur.late,
            change,
        }
    }

    /// Returns the beginning of the frame that `at` is in. Processing works on whole frames, so that its windows carry
    /// sound to before its own place; but never to before the frame that it was captured in.
    fn seen_from(&self, at: SampleTime) -> OutputTime {
        OutputTime::in_place_of(if self.blur == Blur::NONE {
            at
        } else {
            let frame = self.length.count().number() as u64;
            SampleTime::new(at.number() / frame * frame)
        })
    }

    /// The first sample at or after `at` before which the processing can forget: the beginning of a frame that it has
    /// not seen yet.
    fn clean_after(&self, at: SampleTime) -> OutputTime {
        OutputTime::in_place_of(if self.blur == Blur::NONE {
            at
        } else {
            at.max(self.next).next_frame(self.length.count())
        })
    }

    /// Lets no change be over before those that it follows, and those for one sample together.
    fn align(&mut self) {
        for index in 1..self.pending.len() {
            let before = self.pending[index - 1];
            let pending = &mut self.pending[index];
            pending.leaves = pending.leaves.max(before.leaves);
        }
        for index in (1..self.pending.len()).rev() {
            let after = self.pending[index];
            let pending = &mut self.pending[index - 1];
            if pending.at == after.at {
                pending.leaves = after.leaves;
            }
        }
    }

    /// Takes `slot` out of every audience, present and to come.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.now.remove(slot);
        for pending in &mut self.pending {
            if let Change::Audience(audience) = &mut pending.change {
                remove(audience, slot);
            }
        }
    }

    /// Whether nobody hears anything now, and nothing is about to change that.
    pub(super) fn is_silent(&self) -> bool {
        self.pending.is_empty() && self.now.listeners().is_none()
    }

    /// Another processing begins with the frame to be planned next. What the one before still held is gone.
    pub(super) fn set_blur(&mut self, blur: Blur) {
        self.blur = blur;
        self.hushed_until = OutputTime::START;
        let next = self.next;
        let due = self.pending.partition_point(|pending| pending.at <= next);
        for pending in self.pending.drain(..due) {
            self.now.apply(pending.change);
        }
        for index in 0..self.pending.len() {
            let Pending { at, change, .. } = self.pending[index];
            self.pending[index] = self.placed(at, change);
        }
        self.align();
    }

    /// Whether the processing should forget before the frame that is planned next: sound for others than before
    /// begins there.
    pub(super) fn forgets(&self) -> bool {
        let (mut voice, mut forgets) = (self.now, false);
        let over = OutputTime::in_place_of(self.next) + self.blur.late;
        for pending in &self.pending {
            let before = voice.listeners();
            voice.apply(pending.change);
            if pending.leaves == over {
                forgets |= voice.listeners().is_some_and(|after| {
                    before.is_none_or(|before| !before.may_continue_as(&after))
                });
            }
        }
        forgets || self.hushed_until == over
    }

    /// Samples were lost from the frame that would be planned next up to `position`. What is due by then applies
    /// without any sound; what was captured before comes out of the processing so much later.
    pub(super) fn skip_to(&mut self, position: SampleTime) {
        let lost = position.since(self.next);
        let next = std::mem::replace(&mut self.next, position);
        if self.blur == Blur::NONE {
            let due = self
                .pending
                .partition_point(|pending| pending.at < position);
            for pending in self.pending.drain(..due) {
                self.now.apply(pending.change);
            }
            return;
        }
        if self.hushed_until > OutputTime::in_place_of(next) {
            self.hushed_until += lost;
        }
        for index in 0..self.pending.len() {
            let Pending { at, change, .. } = self.pending[index];
            let pending = &mut self.pending[index];
            if at < next {
                pending.at = at + lost;
                pending.enters += lost;
                pending.leaves += lost;
            } else if at < position {
                self.pending[index] = self.placed(position, change);
            }
        }
        self.align();
    }

    /// Decides about the frame whose first sample is `start`; `None` when nobody may hear any of it.
    ///
    /// Applies the changes that fall into the frame.
    pub(super) fn plan(&mut self, start: SampleTime) -> Option<Plan> {
        let (line, frame) = (OutputTime::in_place_of(start), self.length.samples());
        self.next = start + self.length.count();
        let end = line + self.length.count();
        let mut best: Option<(Listeners, Range<usize>)> = None;
        // The stretch being collected: everyone in it may hear all of its samples.
        let mut stretch: Option<(Listeners, Range<usize>)> = None;
        let mut from = 0;
        loop {
            let first = line + SampleCount::of_length(from);
            let until = self
                .pending
                .iter()
                .flat_map(|pending| [pending.enters, pending.leaves])
                .chain([self.hushed_until, end])
                .filter(|edge| *edge > first)
                .min()
                .map_or(frame, |edge| edge.min(end).since(line).length());
            let here = self.listeners_at(first);
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
            if until == frame {
                break;
            }
            from = until;
        }
        keep_longer(&mut best, stretch);
        // Changes for a sample that has passed hold from the next one, which is the next frame's first.
        let over = self.pending.partition_point(|pending| pending.leaves < end);
        for pending in self.pending.drain(..over) {
            self.now.apply(pending.change);
        }
        let (listeners, audible) = best?;
        let ends = audible.end < frame
            || self
                .listeners_at(end)
                .is_none_or(|next| !listeners.may_continue_as(&next));
        Some(Plan {
            listeners,
            audible,
            ends,
        })
    }

    /// Who may hear the sample `line` of the output: those who may hear everything that can be found in it.
    fn listeners_at(&self, line: OutputTime) -> Option<Listeners> {
        if line < self.hushed_until {
            return None;
        }
        let mut voice = self.now;
        let mut may: Option<Listeners> = None;
        let mut mixed = false;
        for (index, pending) in self.pending.iter().enumerate() {
            if pending.leaves > line {
                if pending.enters > line {
                    break;
                }
                if !mixed {
                    mixed = true;
                    may = voice.listeners();
                }
            }
            voice.apply(pending.change);
            // Between two changes for one sample nothing was ever captured.
            let more = self.pending.get(index + 1);
            if mixed && more.is_none_or(|more| more.at != pending.at) {
                let here = voice.listeners();
                may = may.and_then(|may| here.and_then(|here| may.intersection(&here)));
            }
        }
        if mixed { may } else { voice.listeners() }
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
