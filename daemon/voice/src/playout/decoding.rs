//! From encoded frames to sound, and the sound in the place of those that were lost.

use super::store::{FrameStore, StoredFrame};
use crate::codec::{CodecError, Concealment, Decoder, Memory};
use crate::{FRAME_SAMPLES, FrameLength, MediaTime, SampleCount, Stream};

/// What became of a frame in the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoded {
    /// It continues the frame before it.
    Onward(FrameLength),
    /// The decoder began anew with it.
    Anew(FrameLength),
    /// It was no sound.
    Refused,
}

/// A sender's decoders.
///
/// Nothing is allocated after [`Decoding::new`].
#[derive(Debug)]
pub(super) struct Decoding {
    decoders: [Decoder; 2],
    /// The stream whose decoder is running.
    stream: Stream,
    /// What a frame in the store remembers: its timestamp, and how far before it that reaches.
    memory: Memory,
    remembered: Option<(MediaTime, SampleCount)>,
    /// Whether lost frames are brought back or continued by neural models.
    neural: bool,
}

impl Decoding {
    pub(super) fn new() -> Result<Self, CodecError> {
        Ok(Self {
            decoders: [Decoder::new()?, Decoder::new()?],
            stream: Stream::Open,
            memory: Memory::new()?,
            remembered: None,
            neural: true,
        })
    }

    /// Returns the stream that was decoded last.
    pub(super) fn stream(&self) -> Stream {
        self.stream
    }

    /// Forgets everything that was heard.
    pub(super) fn forget(&mut self) {
        for decoder in &mut self.decoders {
            // libopus has no reason to refuse; a decoder with a past only begins less cleanly.
            let _ = decoder.reset();
        }
        self.remembered = None;
    }

    /// Chooses how lost frames are continued.
    pub(super) fn set_concealment(&mut self, concealment: Concealment) {
        self.neural = concealment == Concealment::Deep;
        for decoder in &mut self.decoders {
            // The setting is one of two constants that libopus accepts.
            let _ = decoder.set_concealment(concealment);
        }
    }

    /// Decodes a frame to the beginning of `sound`.
    pub(super) fn decode(
        &mut self,
        frame: &StoredFrame,
        sound: &mut [f32; FRAME_SAMPLES],
    ) -> Decoded {
        let anew = frame.stream != self.stream || frame.marked;
        self.stream = frame.stream;
        let decoder = &mut self.decoders[self.stream.index()];
        if anew {
            // The encoder knows nothing of what was before, so neither may the decoder.
            let _ = decoder.reset();
        }
        match decoder.decode(frame.payload(), sound) {
            Ok(length) if sound.iter().all(|sample| sample.is_finite()) => {
                if anew {
                    Decoded::Anew(length)
                } else {
                    Decoded::Onward(length)
                }
            }
            _ => {
                let _ = decoder.reset();
                Decoded::Refused
            }
        }
    }

    /// Continues the sound for the length of `sound`; silence if the decoder cannot.
    pub(super) fn conceal(&mut self, sound: &mut [f32]) {
        let decoder = &mut self.decoders[self.stream.index()];
        if decoder.conceal(sound).is_err() || sound.iter().any(|sample| !sample.is_finite()) {
            sound.fill(0.0);
        }
    }

    /// Brings the frame of `timestamp` back from what a later one in the store remembers of it (DRED). Tells whether
    /// one did.
    pub(super) fn recall(
        &mut self,
        timestamp: MediaTime,
        store: &FrameStore,
        sound: &mut [f32],
    ) -> bool {
        if !self.neural {
            return false;
        }
        let Some(back) = self.remembering(timestamp, store) else {
            return false;
        };
        let decoder = &mut self.decoders[self.stream.index()];
        decoder.recall(&self.memory, back.length(), sound).is_ok()
            && sound.iter().all(|sample| sample.is_finite())
    }

    /// Finds a later frame that remembers the one of `timestamp`, and returns how far that lies before it. The later
    /// frame's memory is read then.
    fn remembering(&mut self, timestamp: MediaTime, store: &FrameStore) -> Option<SampleCount> {
        let mut after = timestamp;
        // Copies remember nothing.
        while let Some(later) = store.next_original(after, self.stream) {
            let reach = match self.remembered {
                Some((of, reach)) if of == later.timestamp => reach,
                _ => {
                    let reach = SampleCount::of_length(self.memory.read(later.payload()));
                    self.remembered = Some((later.timestamp, reach));
                    reach
                }
            };
            let back = later.timestamp - timestamp;
            if back <= reach {
                return Some(back);
            }
            after = later.timestamp;
        }
        None
    }
}
