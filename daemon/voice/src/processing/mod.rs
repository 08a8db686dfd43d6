//! What is done to captured sound before anybody hears it: echo, noise and level.
//!
//! A [`Processor`] is handed each captured frame together with the one frame that was played meanwhile, and gives back
//! the frame that may be encoded. It knows neither devices nor clocks: [`Reference`] makes the frame that was played out
//! of what a loudspeaker's callback reported, on the capture clock.
//!
//! **Processed sound comes later than it was captured, and blurred.** Echo cancellation and noise suppression work on
//! overlapping windows, so that one sample of what comes out is made from several milliseconds of what went in. An
//! audience is exact to the captured sample all the same, because [`Blur`] says from where to where in the output a
//! captured sample can be found, and the schedule behind the processor leaves the mixture of two audiences to those
//! alone who may hear both.
//!
//! Echo cancellation is put together here, see `canceller.rs`. WebRTC's AEC3 lets little of near speech through while
//! both speak, and no setting of it changed that (`benches/processing`).
//!
//! With echo cancellation, the estimator of the echo's distance allocates in every frame (see `benches/processing`).
//! [`Processor::forget`] allocates too. The uplink thread does so nowhere else.

mod canceller;
mod comfort;
mod distance;
mod leveler;
mod linear;
mod processor;
mod reference;
mod residual;
mod transform;

#[cfg(test)]
mod tests;

pub use processor::{Blur, Processor, ProcessorSettings};
pub use reference::{Reference, ReferenceStats};
