//! What the loudspeaker plays, on its way to the echo canceller.

use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};
use sotto_audio::{Played, PlayedReader};
use sotto_voice::{FRAME_SAMPLES, Reference, Retired, SampleCount};

use super::ring::NewsSender;
use super::{Clock, VoiceNews};

/// Loudspeakers that may wait to be taken over.
const LOUDSPEAKERS: usize = 16;

/// One loudspeaker, as the uplink thread knows it. Made on another thread, because it allocates.
#[derive(Debug)]
pub(crate) struct EchoSource {
    played: PlayedReader,
    reference: Reference,
}

impl EchoSource {
    /// Of what this reader reads.
    pub(crate) fn new(played: PlayedReader) -> Box<Self> {
        let reference = Reference::new(played.rate());
        Box::new(Self { played, reference })
    }
}

/// Where newly opened loudspeakers are handed over.
pub(crate) type EchoSources = Producer<Option<Box<EchoSource>>>;

/// The uplink thread's side.
pub(super) struct Echo {
    clock: Clock,
    sources: Consumer<Option<Box<EchoSource>>>,
    source: Option<Box<EchoSource>>,
}

impl Echo {
    /// Without a loudspeaker yet.
    pub(super) fn new(clock: Clock) -> (Self, EchoSources) {
        let (sender, sources) = RingBuffer::new(LOUDSPEAKERS);
        let echo = Self {
            clock,
            sources,
            source: None,
        };
        (echo, sender)
    }

    /// Takes over a loudspeaker that was opened or closed.
    pub(super) fn take_over(&mut self, news: &mut NewsSender) {
        while let Ok(source) = self.sources.pop() {
            if let Some(past) = std::mem::replace(&mut self.source, source) {
                news.tell(VoiceNews::Past(Retired::new(past)));
            }
        }
    }

    /// Another microphone listens.
    pub(super) fn microphone_changed(&mut self) {
        if let Some(source) = &mut self.source {
            source.reference.microphone();
        }
    }

    /// Captured samples were lost.
    pub(super) fn skip(&mut self, lost: SampleCount) {
        if let Some(source) = &mut self.source {
            source.reference.skip(lost);
        }
    }

    /// What was played while a frame was captured whose last sample came at `captured`. Silence unless it is `wanted`:
    /// what nobody wants is not read, and soon not written either; alignment then begins anew.
    pub(super) fn frame(&mut self, wanted: bool, captured: Duration) -> [f32; FRAME_SAMPLES] {
        let Some(source) = self.source.as_mut().filter(|_| wanted) else {
            return [0.0; FRAME_SAMPLES];
        };
        let EchoSource { played, reference } = &mut **source;
        let begin = self.clock.instant(Duration::ZERO);
        let since = |at: Instant| at.saturating_duration_since(begin);
        played.read(|played| match played {
            Played::Block {
                samples: (first, second),
                at,
            } => {
                reference.played(first, since(at));
                reference.played_on(second);
            }
            Played::Lost(samples) => reference.lost(samples),
        });
        reference.frame(captured)
    }
}
