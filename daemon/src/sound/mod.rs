//! Everything about sound in the daemon: devices, what is done to the microphone's sound, profiles, the test of the
//! devices, and the wiring of the voice threads.

pub(crate) mod device_test;
pub(crate) mod devices;
pub(crate) mod processing;
pub(crate) mod profile;
pub(crate) mod told;
pub(crate) mod voice;

pub(crate) use processing::Treatments;
pub(crate) use voice::{Devices, Voice, VoiceSetupError};
