//! Audiences stay exact to the captured sample behind echo cancellation, noise suppression and gain control.

use super::leak::{changes, correlation, hum};
use super::*;
use crate::processing::{Processor, ProcessorSettings};

const ALL: ProcessorSettings = ProcessorSettings {
    echo_cancellation: true,
    noise_suppression: true,
    gain_control: true,
};

fn combinations() -> Vec<ProcessorSettings> {
    let echo = ProcessorSettings {
        noise_suppression: false,
        gain_control: false,
        ..ALL
    };
    let noise = ProcessorSettings {
        echo_cancellation: false,
        ..ALL
    };
    let gain = ProcessorSettings {
        noise_suppression: false,
        ..noise
    };
    vec![ALL, echo, noise, gain]
}

/// A studio whose microphone is processed.
fn studio(recipients: u8, settings: ProcessorSettings) -> Studio {
    let mut studio = Studio::new(recipients);
    install(&mut studio, Some(settings));
    studio
}

fn install(studio: &mut Studio, settings: Option<ProcessorSettings>) {
    let processor = settings.map(Processor::new);
    studio
        .uplink
        .command(UplinkCommand::Processing(processor))
        .unwrap();
}

/// The frames of both kinds of mixture: the rest of the frame that the change falls into, and what is on its way.
fn frames_mixed(settings: ProcessorSettings) -> u64 {
    1 + Processor::new(settings)
        .blur()
        .late
        .length()
        .div_ceil(FRAME_SAMPLES) as u64
}

#[test]
fn nothing_of_the_sound_before_a_switch_is_decodable_after_it() {
    for settings in combinations() {
        for offset in [0, 239, 479] {
            for (name, before, after, muted, listener, stream) in changes() {
                let at = 60 * FRAME + offset;
                let run = |rest: fn(u64) -> f32| {
                    let mut studio = studio(2, settings);
                    studio.audience(None, before);
                    // While muted the secret is what is said into the closed microphone.
                    studio.microphone(None, !muted);
                    studio.capture(50, voice);
                    studio.audience(Some(at), after);
                    studio.microphone(Some(at), true);
                    studio.capture(50, |sample| {
                        if sample < at {
                            voice(sample)
                        } else {
                            rest(sample)
                        }
                    });
                    studio
                };
                // 30 packets, copies included; nothing for this listener was sent before.
                let studio = run(|_| 0.0);
                let heard = studio.decode_all(listener, stream, 0);
                assert!(
                    heard.len() >= 30 * FRAME_SAMPLES,
                    "{name}: only {}",
                    heard.len()
                );
                let first = studio.heard_by(listener, stream)[0].frames[0].0;
                assert!(first + FRAME > at, "{name}: sent at {first}, before {at}");
                let level = db(&heard);
                assert!(
                    level < -80.0,
                    "{name} at +{offset}, {settings:?}: {level} dBFS leak"
                );

                // The same with sound after the switch, which must be all that there is.
                let studio = run(hum);
                let heard = studio.decode_all(listener, stream, 0);
                let secret: Vec<f32> = (at - 4800..at).map(voice).collect();
                let correlation = correlation(&heard, &secret);
                // The hum alone correlates by 0.03, and with the codec's noise by up to 0.06.
                assert!(
                    correlation < 0.08,
                    "{name} at +{offset}, {settings:?}: correlation {correlation}"
                );
            }
        }
    }
}

#[test]
fn the_leak_test_would_find_a_leak() {
    // Noise suppression moves phases about; the level control alone does not.
    let mut studio = studio(1, combinations()[3]);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(200, voice);
    let heard = studio.decode(0, Stream::Open, 190 * FRAME);
    let secret: Vec<f32> = (185 * FRAME..200 * FRAME).map(voice).collect();
    let correlation = correlation(&heard, &secret);
    // Six times what counts as a leak.
    assert!(correlation > 0.5, "{correlation}");
}

#[test]
fn the_last_samples_of_a_whisper_never_fall_into_the_room_and_reach_those_who_were_meant() {
    for settings in combinations() {
        let blur = Processor::new(settings).blur();
        for offset in [0, 200, 479] {
            let at = 100 * FRAME + offset;
            let mut studio = studio(3, settings);
            studio.microphone(None, true);
            studio.audience(None, Audience::Whisper(set(&[0])));
            studio.capture(95, |_| 0.0);
            studio.audience(Some(at), Audience::Open(set(&[0, 1, 2])));
            // Nothing but the last 20 ms of the whisper is ever said.
            studio.capture(60, |sample| {
                if (at - 960..at).contains(&sample) {
                    voice(sample)
                } else {
                    0.0
                }
            });
            for other in [0, 1, 2] {
                let level = db(&studio.decode_all(other, Stream::Open, 0));
                assert!(
                    level < -80.0,
                    "{other} heard {level} dBFS, {settings:?} at +{offset}"
                );
            }
            for other in [1, 2] {
                assert!(studio.heard_by(other, Stream::Whisper).is_empty());
            }
            // The whisper itself arrives up to where it begins to mix.
            let whispered = studio.decode(0, Stream::Whisper, 0);
            let lost = (blur.delay - blur.early).length() + 2 * FRAME_SAMPLES;
            if lost < 960 {
                assert!(db(&whispered[whispered.len() - 960..]) > -50.0);
            }
            let open = studio.heard_by(1, Stream::Open);
            let begins = open[0].frames.last().unwrap().0;
            assert!(begins >= at, "{begins} {at}");
            assert!(
                begins <= at + frames_mixed(settings) * FRAME,
                "open {} samples after the whisper",
                begins - at
            );
        }
    }
}

#[test]
fn a_mute_cuts_off_what_was_said_after_it_and_not_what_was_said_before() {
    for settings in combinations() {
        let blur = Processor::new(settings).blur();
        for said in [-1_i64, 1] {
            let at = 150 * FRAME + 100;
            let mut studio = studio(1, settings);
            studio.audience(None, Audience::Open(set(&[0])));
            studio.microphone(None, true);
            studio.capture(140, |_| 0.0);
            studio.microphone(Some(at), false);
            let burst = if said < 0 {
                at - 4800..at - blur.delay.length() as u64
            } else {
                at..at + 4800
            };
            studio.capture(60, |sample| {
                if burst.contains(&sample) {
                    voice(sample)
                } else {
                    0.0
                }
            });
            let level = db(&studio.decode(0, Stream::Open, at - 4800));
            if said < 0 {
                assert!(
                    level > -45.0,
                    "{level} dBFS of what was said in time, {settings:?}"
                );
            } else {
                assert!(
                    level < -80.0,
                    "{level} dBFS of what was said when muted, {settings:?}"
                );
            }
        }
    }
}

#[test]
fn lost_samples_carry_no_whisper_past_its_end() {
    for lost in [480, 4800] {
        let mut studio = studio(2, ALL);
        studio.microphone(None, true);
        studio.audience(None, Audience::Whisper(set(&[0])));
        studio.capture(100, |_| 0.0);
        // The whisper goes on up to the gap and ends inside it, or with it.
        studio.capture(20, voice);
        let end = studio.uplink.position().number();
        studio.audience(Some(end + lost / 2), Audience::Open(set(&[0, 1])));
        studio.uplink.skip(SampleCount::new(lost as i64));
        studio.capture(50, |_| 0.0);
        let level = db(&studio.decode_all(1, Stream::Open, 0));
        assert!(level < -80.0, "{level} dBFS leak over a gap of {lost}");
    }
}

#[test]
fn a_resting_processor_lets_nothing_old_out() {
    let mut studio = studio(1, ALL);
    studio.audience(None, Audience::Open(set(&[0])));
    // Spoken into a closed microphone for long enough that the processor rests.
    studio.capture(150, voice);
    studio.microphone(None, true);
    studio.capture(50, |_| 0.0);
    let level = db(&studio.decode_all(0, Stream::Open, 0));
    assert!(level < -80.0, "{level} dBFS of what was said while muted");
    studio.capture(100, voice);
    assert!(db(&studio.decode(0, Stream::Open, 250 * FRAME)) > -35.0);
}

#[test]
fn replacing_a_processor_neither_clicks_nor_leaks() {
    let tone = |sample: u64| 0.2 * (sample as f32 / 48_000.0 * 700.0 * std::f32::consts::TAU).sin();
    let mut studio = Studio::new(2);
    studio.audience(None, Audience::Open(set(&[0])));
    studio.microphone(None, true);
    studio.capture(100, tone);
    for settings in [Some(ALL), None, Some(combinations()[1]), None] {
        install(&mut studio, settings);
        studio.capture(100, tone);
    }
    let heard = studio.decode(0, Stream::Open, 0);
    let step = heard
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(0.0, f32::max);
    // The tone itself moves by 0.018 a sample.
    assert!(step < 0.05, "a step of {step}");
    assert!(db(&heard[heard.len() - 4800..]) > -20.0);
    // A whisper on its way through a processor that goes is gone with it.
    install(&mut studio, Some(ALL));
    studio.capture(10, |_| 0.0);
    studio.audience(None, Audience::Whisper(set(&[0])));
    studio.capture(50, voice);
    install(&mut studio, None);
    studio.audience(
        Some(studio.uplink.position().number() + FRAME),
        Audience::Open(set(&[0, 1])),
    );
    studio.capture(1, voice);
    studio.capture(50, |_| 0.0);
    assert!(db(&studio.decode_all(1, Stream::Open, 0)) < -80.0);
    let retired = std::iter::from_fn(|| studio.uplink.take_retired())
        .filter(|retired| retired.is::<Processor>())
        .count();
    assert_eq!(retired, 3);
}

#[test]
fn frames_of_5_ms_go_out_as_they_are() {
    let (rings, _downlink) = crate::pair::rings();
    let mut config = VoiceConfig::new([7; 32]);
    config.frames = FrameLength::Short;
    let random = ChaCha20Rng::from_seed(config.seed);
    let mut uplink = Uplink::new(&config, random, rings).unwrap();
    uplink
        .command(UplinkCommand::Processing(Some(Processor::new(ALL))))
        .unwrap();
    let frame = [0.1; FRAME_SAMPLES / 2];
    uplink.capture(&frame, Duration::from_millis(5), &mut |_, _| ());
    assert!(!uplink.wants_reference());
    assert!(uplink.processing.delay().is_zero());
    assert!(uplink.take_retired().is_some_and(|it| it.is::<Processor>()));
}
