//! The devices that are open, and the processing of the microphone's sound that they ask for.

use std::num::NonZeroU16;
use std::time::Duration;

use sotto_audio::{
    CaptureKeeper, CaptureRequest, DeviceSpec, DeviceState, PlaybackKeeper, PlaybackRequest,
};
use sotto_control::config::Profile;
use sotto_control::model::Processing;
use sotto_voice::{Bitrates, GateMode, Processor, ProcessorSettings};

use super::super::processing::{self, End, Treatments};
use super::super::profile;

/// The bitrate of music, in bits per second.
const MUSIC_BITRATE: u32 = 128_000;

/// The devices to open.
#[derive(Debug, Clone)]
pub(crate) struct Devices {
    /// The microphone.
    pub(crate) capture: CaptureRequest,
    /// The loudspeaker.
    pub(crate) playback: PlaybackRequest,
    /// The weight of delay against safety.
    pub(crate) profile: Profile,
    /// The processing of the microphone's sound.
    pub(crate) treatments: Treatments,
}

/// The microphone and the loudspeaker.
pub(super) struct Equipment {
    microphone: CaptureKeeper,
    loudspeaker: PlaybackKeeper,
    devices: Devices,
    /// Sound goes out as music.
    music: bool,
    /// The processing at present, and the identifier of the microphone that it is for.
    processed: Option<(String, ProcessorSettings)>,
    /// The delay of that processing.
    delay: Duration,
}

impl Equipment {
    /// Has nothing open.
    pub(super) fn new(
        microphone: CaptureKeeper,
        loudspeaker: PlaybackKeeper,
        devices: Devices,
        music: bool,
    ) -> Self {
        Self {
            microphone,
            loudspeaker,
            devices,
            music,
            processed: None,
            delay: Duration::ZERO,
        }
    }

    /// Returns the devices as configured, and how they are doing.
    pub(super) fn devices(&self) -> (&Devices, DeviceState, DeviceState) {
        (
            &self.devices,
            self.microphone.report().state,
            self.loudspeaker.report().state,
        )
    }

    /// Returns how delay is weighed against safety.
    pub(super) fn profile(&self) -> Profile {
        self.devices.profile
    }

    /// Returns the bitrates of our voice.
    pub(super) fn bitrates(&self) -> Bitrates {
        match self.music {
            true => Bitrates::always(MUSIC_BITRATE),
            false => profile::voice(self.devices.profile, [0; 32]).bitrates,
        }
    }

    /// Returns when captured sound is sent. Music always is, whatever is set: a gate would cut quiet passages out.
    pub(super) fn gate(&self) -> GateMode {
        match self.music {
            true => GateMode::Always,
            false => self.devices.treatments.gate,
        }
    }

    /// Changes what the user wishes for captured sound.
    pub(super) fn treat(&mut self, change: impl FnOnce(Treatments) -> Treatments) {
        self.devices.treatments = change(self.devices.treatments);
    }

    /// Chooses what becomes of pauses.
    pub(super) fn set_gate(&mut self, gate: GateMode) {
        self.devices.treatments.gate = gate;
    }

    /// Opens both devices. What is done to the microphone's sound is to be decided anew.
    pub(super) fn open(&mut self) {
        self.processed = None;
        self.delay = Duration::ZERO;
        self.microphone.may_move(true);
        self.want();
    }

    /// Closes both devices.
    pub(super) fn close(&mut self) {
        self.microphone.want(None);
        self.loudspeaker.want(None);
    }

    /// Says whether the microphone may become another one by itself.
    pub(super) fn may_move(&self, may: bool) {
        self.microphone.may_move(may);
    }

    /// Uses whatever microphone the system offers now, if the one before is gone or no longer the default.
    pub(super) fn accept_microphone(&self) {
        self.microphone.accept();
    }

    /// Notes that other devices are to be used from now on.
    pub(super) fn choose(
        &mut self,
        microphone: Option<DeviceSpec>,
        loudspeaker: Option<DeviceSpec>,
    ) {
        if let Some(device) = microphone {
            self.devices.capture.device = device;
        }
        if let Some(device) = loudspeaker {
            self.devices.playback.device = device;
        }
    }

    /// Notes that another channel of the microphone is to be used from now on.
    pub(super) fn choose_channel(&mut self, channel: Option<NonZeroU16>) {
        self.devices.capture.channel = channel;
    }

    /// Opens the devices that are to be used now.
    pub(super) fn want(&self) {
        self.microphone.want(Some(self.devices.capture.clone()));
        self.loudspeaker.want(Some(self.devices.playback.clone()));
    }

    fn decide(&self) -> (DeviceState, processing::Decision) {
        let (devices, microphone, loudspeaker) = self.devices();
        let decision = processing::decide(
            &devices.treatments,
            End::of(&microphone),
            End::of(&loudspeaker),
        );
        (microphone, decision)
    }

    /// Decides what is done to the microphone's sound with the devices that are open now. Returns the processor for it
    /// if that is something else than before; `Some(None)` is for nothing at all.
    ///
    /// Another microphone has another level and other noise: what was learned of the one before is forgotten. Another
    /// loudspeaker is another echo in the same room, which the canceller finds by itself.
    #[allow(clippy::option_option)] // nothing new, and nothing to be done, are two things
    pub(super) fn review(&mut self) -> Option<Option<Box<Processor>>> {
        let (microphone, decision) = self.decide();
        let DeviceState::Open { device, .. } = microphone else {
            return None;
        };
        let settings = decision.settings;
        let processed = Some((device.id, settings));
        if self.processed == processed {
            return None;
        }
        tracing::debug!(
            ?settings,
            why_not = decision.no_echo_cancellation,
            "processing"
        );
        self.processed = processed;
        let processor = settings.any().then(|| Processor::new(settings));
        self.delay = processor
            .as_ref()
            .map_or(Duration::ZERO, |it| it.blur().delay.duration());
        Some(processor)
    }

    /// Returns whether what the loudspeaker plays is in the microphone's sound, and stays there.
    pub(super) fn hears_loudspeaker(&self) -> bool {
        let (_, _, loudspeaker) = self.devices();
        let (_, decision) = self.decide();
        End::of(&loudspeaker) == End::Free && !decision.settings.echo_cancellation
    }

    /// Returns what is done to the microphone's sound, while it is open.
    pub(super) fn processing(&self) -> Option<Processing> {
        let (microphone, decision) = self.decide();
        matches!(microphone, DeviceState::Open { .. })
            .then(|| processing::shown(&decision, &self.devices.treatments))
    }

    /// Returns how much later sound comes out of processing.
    pub(super) fn processing_delay(&self) -> Duration {
        self.delay
    }

    /// Returns how long the blocks are in which the microphone gives sound.
    pub(super) fn block(&self) -> Duration {
        self.microphone.report().statistics.block_time()
    }
}
