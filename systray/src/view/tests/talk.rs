//! Whom the user speaks to, and whether the microphone is open.

use super::*;

#[test]
fn a_closed_microphone_shows_and_can_be_opened() {
    let view = Scene::in_a_meeting().muted().view();
    assert_eq!(view.mood, Mood::Muted);
    assert_eq!(labels(&view)[2], "Planning: muted");
    assert_eq!(wish(&view, "Unmute"), Some(&Wish::Unmute));
    assert_eq!(wish(&view, "Mute"), None);
}

#[test]
fn an_open_microphone_shows_whatever_else_is_so() {
    // A held whisper opens it although the user is muted.
    let view = Scene::in_a_meeting()
        .muted()
        .with(|snapshot| {
            snapshot.talk.to = TalkTo::Whisper {
                to: vec![person("Chen")],
                mode: WhisperMode::Hold,
            };
            snapshot.talk.microphone_open = true;
            snapshot.status.presence = Some(Presence::away());
        })
        .view();
    assert_eq!(view.mood, Mood::Whispering);
    assert_eq!(labels(&view)[2], "Planning: whispering to Chen");
}

#[test]
fn a_whisper_says_to_whom_and_offers_the_way_back() {
    let whisper = |to: &[&str]| TalkTo::Whisper {
        to: to.iter().copied().map(person).collect(),
        mode: WhisperMode::Latch,
    };
    let view = Scene::in_a_meeting()
        .with(|snapshot| snapshot.talk.to = whisper(&["Bao", "Chen"]))
        .view();
    assert_eq!(labels(&view)[2], "Planning: whispering to Bao and Chen");
    assert_eq!(
        wish(&view, "Speak to everyone"),
        Some(&Wish::SpeakToEveryone)
    );
    let crowd = Scene::in_a_meeting()
        .with(|snapshot| snapshot.talk.to = whisper(&["A", "B", "C", "D", "E"]))
        .view();
    assert_eq!(
        labels(&crowd)[2],
        "Planning: whispering to A, B, C and 2 more"
    );
}

#[test]
fn a_latched_whisper_chosen_while_muted_does_not_look_open() {
    let to = TalkTo::Whisper {
        to: vec![person("Chen")],
        mode: WhisperMode::Latch,
    };
    let view = Scene::in_a_meeting()
        .muted()
        .with(|snapshot| snapshot.talk.to = to)
        .view();
    assert_eq!(view.mood, Mood::Muted);
    assert_eq!(labels(&view)[2], "Planning: whispering to Chen (muted)");
}

#[test]
fn a_whisper_without_receivers_speaks_to_nobody_and_says_so() {
    let view = Scene::in_a_meeting()
        .with(|snapshot| {
            snapshot.talk.to = TalkTo::Nobody;
            snapshot.talk.microphone_open = false;
        })
        .view();
    assert_eq!(view.mood, Mood::Muted);
    assert_eq!(labels(&view)[2], "Planning: speaking to nobody");
    assert_eq!(
        wish(&view, "Speak to everyone"),
        Some(&Wish::SpeakToEveryone)
    );
}

#[test]
fn a_microphone_that_waits_for_the_talk_key_does_not_look_open() {
    let waits = |pressed| {
        Scene::in_a_meeting().with(|snapshot| {
            snapshot.talk.mode = TalkMode::Push;
            snapshot.talk.pressed = pressed;
            snapshot.talk.microphone_open = pressed;
        })
    };
    let released = waits(false).view();
    assert_eq!(released.mood, Mood::Muted);
    assert_eq!(labels(&released)[2], "Planning: push to talk");
    let pressed = waits(true).view();
    assert_eq!(pressed.mood, Mood::Open);
    assert_eq!(labels(&pressed)[2], "Planning: the talk key is held");
}

#[test]
fn whoever_talks_while_muted_sees_it_on_the_icon_and_not_in_the_menu() {
    let silent = Scene::in_a_meeting().muted().view();
    let talking = Scene::in_a_meeting()
        .muted()
        .with(|snapshot| snapshot.talk.muted_but_talking = true)
        .view();
    assert_eq!(talking.mood, Mood::MutedTalking);
    assert!(talking.details.ends_with("nobody hears it"));
    assert_eq!(talking.menu, silent.menu);
}
