//! Which devices are open, and what is done to the microphone's sound for their sake.

use sotto_audio::{DeviceSpec, DeviceState};
use sotto_control::model::Processing;
use sotto_voice::{Processor, UplinkCommand, duration_of};

use super::super::processing::{self, End};
use super::{Devices, Voice};

impl Voice {
    /// The devices as configured, and how they are doing.
    pub(crate) fn devices(&self) -> (&Devices, DeviceState, DeviceState) {
        (
            &self.devices,
            self.microphone.report().state,
            self.loudspeaker.report().state,
        )
    }

    fn decide_processing(&self) -> (DeviceState, processing::Decision) {
        let (devices, microphone, loudspeaker) = self.devices();
        let decision = processing::decide(
            &devices.treatments,
            End::of(&microphone),
            End::of(&loudspeaker),
        );
        (microphone, decision)
    }

    /// Does to the microphone's sound what suits the devices that are open now.
    ///
    /// Another microphone has another level and other noise: what was learned of the one before is forgotten. Another
    /// loudspeaker is another echo in the same room, which the canceller finds by itself.
    pub(crate) fn review_processing(&mut self) {
        if !self.inside {
            return;
        }
        let (microphone, decision) = self.decide_processing();
        let DeviceState::Open { device, .. } = microphone else {
            return;
        };
        let settings = decision.settings;
        let processed = Some((device.id, settings));
        if self.processed == processed {
            return;
        }
        tracing::debug!(
            ?settings,
            why_not = decision.no_echo_cancellation,
            "processing"
        );
        self.processed = processed;
        let processor = settings.any().then(|| Processor::new(settings));
        let delay = processor.as_ref().map_or(0, |it| it.blur().delay);
        self.processing_delay = duration_of(delay);
        self.send_up(UplinkCommand::Processing(processor));
    }

    /// What is done to the microphone's sound, while it is open.
    pub(crate) fn processing(&self) -> Option<Processing> {
        let (microphone, decision) = self.decide_processing();
        matches!(microphone, DeviceState::Open { .. })
            .then(|| processing::shown(&decision, &self.devices.treatments))
    }

    /// Uses other devices from now on.
    pub(crate) fn choose_devices(
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
        if self.inside {
            self.microphone.want(Some(self.devices.capture.clone()));
            self.loudspeaker.want(Some(self.devices.playback.clone()));
        }
    }

    /// Speaks through whatever microphone the system offers now, if the one before is gone or no longer the default.
    pub(crate) fn accept_microphone(&self) {
        self.microphone.accept();
    }
}
