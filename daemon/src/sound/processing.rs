//! The decision about echo, noise and level of the microphone, and its reason.

use sotto_audio::{DeviceState, FormFactor};
use sotto_control::config::{Audio, Profile, TalkMode, Treatment};
use sotto_control::model;
use sotto_voice::{GateMode, ProcessorSettings};

/// The user's wishes for captured sound.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Treatments {
    pub(crate) echo_cancellation: Treatment,
    pub(crate) noise_suppression: Treatment,
    pub(crate) gain_control: Treatment,
    pub(crate) gate: GateMode,
    /// Why nothing is to be done at all.
    pub(crate) untouched: Option<&'static str>,
}

impl Treatments {
    /// As configured.
    pub(crate) fn of(audio: &Audio, mode: TalkMode) -> Self {
        Self {
            echo_cancellation: audio.echo_cancellation,
            noise_suppression: audio.noise_suppression,
            gain_control: audio.gain_control,
            gate: gate(mode),
            untouched: if audio.music {
                Some("music goes out as it is")
            } else if audio.profile == Profile::Latency {
                Some("the latency profile does without")
            } else {
                None
            },
        }
    }
}

/// Returns what becomes of pauses.
pub(crate) const fn gate(mode: TalkMode) -> GateMode {
    match mode {
        TalkMode::Open | TalkMode::Push => GateMode::Always,
        TalkMode::Voice => GateMode::Speech,
    }
}

/// An end of the conversation's sound, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is open.
    Closed,
    /// A file, a tone or nothing at all.
    Pretended,
    /// A device that is worn on the head or held to the ear.
    Worn,
    /// Any other device.
    Free,
}

impl End {
    /// Of a device that is doing like `state`.
    pub(super) fn of(state: &DeviceState) -> Self {
        let DeviceState::Open { device, .. } = state else {
            return Self::Closed;
        };
        if device.id.is_empty() {
            return Self::Pretended;
        }
        let name = device.name.to_lowercase();
        let named_so = ["headset", "headphone", "earphone", "handset"]
            .iter()
            .any(|word| name.contains(word));
        if device.form.is_worn() || (device.form == FormFactor::Unknown && named_so) {
            Self::Worn
        } else {
            Self::Free
        }
    }
}

/// The processing that is done, and why there is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) settings: ProcessorSettings,
    /// Why echo is not cancelled, if it is not.
    pub(super) no_echo_cancellation: Option<&'static str>,
}

/// Decides what is done to the sound of `microphone` while `loudspeaker` plays.
pub(super) fn decide(treatments: &Treatments, microphone: End, loudspeaker: End) -> Decision {
    if let Some(reason) = treatments.untouched {
        return Decision {
            settings: ProcessorSettings::default(),
            no_echo_cancellation: Some(reason),
        };
    }
    let captured = |treatment| match treatment {
        Treatment::On => microphone != End::Closed,
        Treatment::Auto => matches!(microphone, End::Worn | End::Free),
        Treatment::Off => false,
    };
    let no_echo_cancellation = match (treatments.echo_cancellation, microphone, loudspeaker) {
        (Treatment::Off, _, _) => Some("switched off in the settings"),
        (_, End::Closed, _) => Some("no microphone is open"),
        (_, _, End::Closed) => Some("no loudspeaker is open"),
        (Treatment::On, _, _) => None,
        (_, End::Pretended, _) => Some("the microphone is no device"),
        (_, _, End::Pretended) => Some("the loudspeaker is no device"),
        (_, _, End::Worn) => Some("what you hear stays in your headphones"),
        (_, End::Worn | End::Free, End::Free) => None,
    };
    Decision {
        settings: ProcessorSettings {
            echo_cancellation: no_echo_cancellation.is_none(),
            noise_suppression: captured(treatments.noise_suppression),
            gain_control: captured(treatments.gain_control),
        },
        no_echo_cancellation,
    }
}

/// As the control API shows it.
pub(super) fn shown(decision: &Decision, treatments: &Treatments) -> model::Processing {
    model::Processing {
        echo_cancellation: decision.settings.echo_cancellation,
        reason: decision.no_echo_cancellation.map(str::to_owned),
        noise_suppression: decision.settings.noise_suppression,
        gain_control: decision.settings.gain_control,
        gate: treatments.gate == GateMode::Speech,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echo_is_cancelled_where_a_microphone_can_hear_a_loudspeaker() {
        let auto = Treatments::default();
        assert_eq!(
            decide(&auto, End::Free, End::Free).no_echo_cancellation,
            None
        );
        for (microphone, loudspeaker) in [
            (End::Free, End::Worn),
            (End::Worn, End::Worn),
            (End::Free, End::Closed),
            (End::Closed, End::Free),
            (End::Pretended, End::Free),
            (End::Free, End::Pretended),
        ] {
            let decision = decide(&auto, microphone, loudspeaker);
            assert!(!decision.settings.echo_cancellation);
            assert!(decision.no_echo_cancellation.is_some());
        }
        // A headset's microphone hears loudspeakers all the same.
        assert!(
            decide(&auto, End::Worn, End::Free)
                .settings
                .echo_cancellation
        );
    }

    #[test]
    fn a_file_is_left_as_it_is_unless_that_is_wanted() {
        let auto = Treatments::default();
        let untouched = decide(&auto, End::Pretended, End::Pretended).settings;
        assert!(!untouched.any());
        let on = Treatments {
            echo_cancellation: Treatment::On,
            noise_suppression: Treatment::On,
            ..auto
        };
        let settings = decide(&on, End::Pretended, End::Pretended).settings;
        assert!(settings.echo_cancellation && settings.noise_suppression);
        assert!(!settings.gain_control);
        assert!(!decide(&on, End::Closed, End::Closed).settings.any());
    }

    #[test]
    fn music_and_the_latency_profile_are_left_alone() {
        let config = |text: &str| sotto_control::config::Config::parse(text).unwrap().audio;
        for text in ["music = true", "profile = \"latency\""] {
            let mut treatments =
                Treatments::of(&config(&format!("[audio]\n{text}")), TalkMode::Open);
            treatments.echo_cancellation = Treatment::On;
            let decision = decide(&treatments, End::Free, End::Free);
            assert!(!decision.settings.any(), "{text}");
            assert!(decision.no_echo_cancellation.is_some(), "{text}");
        }
        assert_eq!(Treatments::of(&config(""), TalkMode::Open).untouched, None);
    }

    #[test]
    fn off_is_off() {
        let off = Treatments {
            echo_cancellation: Treatment::Off,
            noise_suppression: Treatment::Off,
            gain_control: Treatment::Off,
            ..Treatments::default()
        };
        assert!(!decide(&off, End::Free, End::Free).settings.any());
    }
}
