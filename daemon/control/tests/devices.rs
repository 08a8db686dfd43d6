//! What a configuration may name a device or a sound system: whatever it is, it is understood or refused.

use proptest::prelude::*;
use sotto_control::config::{Backend, Device};

const DEVICES: [&str; 8] = [
    "default",
    "null",
    "tone:440",
    "file:/tmp/a.wav",
    "file:/tmp/a.wav?loop",
    "file:/tmp/a?b/c.wav?once",
    "USB Headset",
    "pulseaudio:alsa_input.usb",
];

/// What holds for every text.
fn check(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Device>() {
        Ok(device) => {
            let shown = device.to_string();
            // "?once" may be added, so that a question mark in a path keeps its meaning.
            prop_assert!(shown.len() <= text.len() + "?once".len());
            prop_assert_eq!(shown.parse(), Ok(device.clone()));
            // No text reaches a file without saying so, however it is twisted.
            let file = matches!(device, Device::File { .. });
            prop_assert_eq!(file, text.starts_with("file:"));
            if let Device::Tone { hertz } = device {
                prop_assert!((1..=20_000).contains(&hertz));
            }
        }
        Err(error) => prop_assert!(error.to_string().len() < text.len() + 200),
    }
    match text.parse::<Backend>() {
        Ok(backend) => prop_assert_eq!(backend.name(), text),
        Err(error) => prop_assert!(error.to_string().len() < text.len() + 200),
    }
    Ok(())
}

#[test]
fn every_backend_is_known_by_its_name() {
    for backend in Backend::ALL {
        assert_eq!(backend.name().parse(), Ok(backend));
    }
}

#[test]
fn a_name_of_any_length_is_not_kept() {
    for length in [1_024, 1_025, 1_000_000] {
        let understood = "x".repeat(length).parse::<Device>().is_ok();
        assert_eq!(understood, length == 1_024);
    }
}

#[test]
fn every_form_is_shown_as_it_was_written() {
    for text in DEVICES {
        let device: Device = text.parse().unwrap();
        assert_eq!(device.to_string(), text);
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for text in [
        "",
        "file:",
        "file:?loop",
        "file:/a.wav?twice",
        "tone:",
        "tone:0",
        "tone:96000",
        "tone:a",
        "tone:440.5",
    ] {
        assert!(text.parse::<Device>().is_err(), "{text}");
    }
    assert!("jack".parse::<Backend>().is_err());
}

#[test]
fn a_question_mark_inside_a_path_belongs_to_the_path() {
    let file = Device::File {
        path: "/tmp/why?/a.wav".into(),
        looped: false,
    };
    assert_eq!("file:/tmp/why?/a.wav".parse(), Ok(file));
}

proptest! {
    #[test]
    fn arbitrary_words_are_understood_or_refused(text: String, long in "(?s).{0,2000}") {
        check(&text)?;
        check(&long)?;
        for kind in ["file:", "tone:"] {
            check(&format!("{kind}{text}"))?;
        }
    }

    #[test]
    fn mutated_words_are_understood_or_refused(
        valid in prop::sample::select(DEVICES.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0..3_u8), 1..5),
    ) {
        let mut text: Vec<char> = valid.chars().collect();
        for (place, new, how) in changes {
            if text.is_empty() {
                break;
            }
            let place = place.index(text.len());
            match how {
                0 => text[place] = new,
                1 => text.insert(place, new),
                _ => drop(text.remove(place)),
            }
        }
        check(&text.into_iter().collect::<String>())?;
    }
}
