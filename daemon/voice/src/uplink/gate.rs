//! The gate behind the microphone: whether there is speech, and whether sound passes.

use super::GateMode;
use super::schedule::Listeners;
use crate::activity::Activity;
use crate::{FrameLength, Level};

/// What the gate makes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judgement {
    /// There is speech, or was a moment ago.
    pub(super) speech: bool,
    pub(super) passes: bool,
    /// The frame before was withheld from the very same listeners.
    pub(super) opens: bool,
}

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    mode: GateMode,
    activity: Activity,
    /// Who would have heard the last frame, had the gate not been closed.
    withheld: Option<Listeners>,
}

impl Gate {
    pub(super) fn new(length: FrameLength) -> Self {
        Self {
            mode: GateMode::default(),
            activity: Activity::for_frames(length),
            withheld: None,
        }
    }

    /// Chooses how it works.
    pub(super) fn set_mode(&mut self, mode: GateMode) {
        self.mode = mode;
    }

    /// Judges a frame for `listeners` by its level and the probability of speech in it, where that is known.
    pub(super) fn judge(
        &mut self,
        level: Level,
        probability: Option<f32>,
        listeners: &Listeners,
    ) -> Judgement {
        let opens = self.withheld.take().as_ref() == Some(listeners);
        let verdict = self.activity.judge(level, probability);
        let passes = verdict.passes || self.mode == GateMode::Always;
        if !passes {
            self.withheld = Some(*listeners);
        }
        Judgement {
            speech: verdict.speech,
            passes,
            opens,
        }
    }

    /// Takes note that other sound was sent in the microphone's place.
    pub(super) fn bypass(&mut self) {
        self.withheld = None;
    }

    /// Takes note that there is nothing to judge: the microphone is closed.
    pub(super) fn silence(&mut self) {
        self.activity.silence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Slot, SlotSet, Stream};

    fn listeners(slot: u8) -> Listeners {
        Listeners {
            stream: Stream::Open,
            slots: SlotSet::only(Slot::new(slot)),
        }
    }

    #[test]
    fn a_gate_that_opens_says_so_to_those_from_whom_it_withheld_sound() {
        let mut gate = Gate::new(FrameLength::Usual);
        gate.set_mode(GateMode::Speech);
        for _ in 0..50 {
            let quiet = gate.judge(Level::from_db(-70.0), Some(0.0), &listeners(1));
            assert!(!quiet.passes && !quiet.speech);
        }
        let loud =
            |gate: &mut Gate, slot| gate.judge(Level::from_db(-20.0), Some(0.9), &listeners(slot));
        let first = loud(&mut gate, 1);
        assert!(first.passes && first.opens);
        assert!(!loud(&mut gate, 1).opens);
        gate.judge(Level::from_db(-70.0), Some(0.0), &listeners(1));
        assert!(!loud(&mut gate, 2).opens);
    }

    #[test]
    fn without_a_gate_silence_passes() {
        let mut gate = Gate::new(FrameLength::Usual);
        let judged = gate.judge(Level::SILENCE, None, &listeners(1));
        assert!(judged.passes && !judged.speech && !judged.opens);
    }
}
