//! Whether the user is heard: talking while muted, and push to talk.

use egui_kittest::kittest::By;
use sotto_control::model::{Notice, NoticeKind};

use super::*;
use crate::daemon::News;
use crate::window::picture::plain;

const UNHEARD: &str = "You are talking, but you are muted. Nobody hears you.";

fn unheard() -> Picture {
    let mut picture = picture();
    picture.you.muted = true;
    picture.you.unheard = true;
    if let Some(room) = &mut picture.room {
        room.audience = Audience {
            sentence: vec![Part::Text(UNHEARD.into())],
            can_unmute: true,
            ..Audience::default()
        };
    }
    picture
}

/// How often a screen reader says this by itself, until nothing more is to be said.
fn announced(harness: &mut Harness<'_, Stage>, text: &str) -> usize {
    let (mut times, mut before) = (0, false);
    for _ in 0..STEPS {
        let said = harness
            .query_all_by_label(text)
            .any(|node| node.accesskit_node().live() == Live::Polite);
        times += usize::from(said && !before);
        before = said;
        harness.step();
    }
    times
}

#[test]
fn what_happens_and_who_hears_the_user_are_said_one_after_the_other() {
    for strip in [false, true] {
        let mut harness = stage(picture(), strip);
        for _ in 0..STEPS {
            harness.step();
        }
        let mut alone = picture();
        if let Some(room) = &mut alone.room {
            room.audience.sentence = vec![Part::Text("Bao hears you.".into())];
        }
        let desk = &mut harness.state_mut().desk;
        desk.see(alone);
        desk.say("Chen left", Duration::from_secs(30));
        let mut said = Vec::new();
        for _ in 0..STEPS {
            harness.step();
            let polite: Vec<_> = harness
                .query_all(By::new())
                .filter(|node| node.accesskit_node().live() == Live::Polite)
                .filter_map(|node| node.accesskit_node().label())
                .collect();
            assert!(polite.len() <= 1, "{polite:?}");
            said.extend(polite);
        }
        said.dedup();
        assert_eq!(said, ["Chen left.", "Bao hears you."]);
    }
}

#[test]
fn whoever_talks_while_muted_is_told_once_and_can_unmute() {
    let mut harness = window_of(unheard());
    let notice = Notice {
        kind: NoticeKind::MutedTalking,
        text: "you are talking, but you are muted".into(),
        ..Notice::default()
    };
    let news = News::Notice(notice);
    harness.state_mut().desk.news(&news, Duration::ZERO);
    harness.run();
    assert_eq!(announced(&mut harness, UNHEARD), 1);
    assert_eq!(harness.state().desk.messages().newest(), None);
    let name = "Unmute: nobody hears what you say";
    assert_eq!(click(&mut harness, name), [Wish::Unmute]);
}

#[test]
fn the_strip_marks_the_microphone_of_whoever_talks_while_muted() {
    let mut harness = stage(unheard(), true);
    assert_eq!(announced(&mut harness, UNHEARD), 1);
    let name = "Unmute: you are talking, but nobody hears you";
    assert_eq!(click(&mut harness, name), [Wish::Unmute]);
}

#[test]
fn who_goes_on_talking_while_muted_sees_it_each_time_and_hears_it_once() {
    for strip in [false, true] {
        let mut muted = unheard();
        muted.you.unheard = false;
        if let Some(room) = &mut muted.room {
            room.audience.sentence = vec![Part::Text("You are muted.".into())];
        }
        let mut harness = stage(muted.clone(), strip);
        for (times, picture) in [(1, unheard()), (0, muted), (0, unheard())] {
            let shown = plain(&picture.room.as_ref().unwrap().audience.sentence);
            let desk = &mut harness.state_mut().desk;
            desk.see(picture);
            // Before it is drawn, as in the shell.
            desk.tick(Duration::from_secs(1));
            harness.run();
            assert!(harness.query_all_by_label(&shown).next().is_some());
            assert_eq!(announced(&mut harness, &shown), times, "{shown}");
        }
    }
}

fn push_to_talk() -> Picture {
    let mut picture = picture();
    picture.you.push_to_talk = true;
    picture
}

#[test]
fn talk_is_pressed_while_the_button_is_held_in_window_and_strip() {
    for strip in [false, true] {
        let mut harness = stage(push_to_talk(), strip);
        let at = hold(&mut harness, "Talk");
        assert_eq!(harness.state().wishes, [Wish::Press]);
        // More than a second.
        harness.run_steps(70);
        assert_eq!(harness.state().wishes, [Wish::Press, Wish::Renew]);
        harness.drop_at(at);
        harness.run();
        assert_eq!(harness.state().wishes.last(), Some(&Wish::Release));
        // Where there is no tooltip of the same name.
        harness.hover_at(Pos2::ZERO);
        harness.run();
        harness.state_mut().wishes.clear();
        assert_eq!(click(&mut harness, "Talk"), [Wish::Press, Wish::Release]);
    }
}

#[test]
fn a_screen_reader_that_can_only_click_talks_until_the_next_click() {
    let mut harness = window_of(push_to_talk());
    harness.get_by_label("Talk").click_accesskit();
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::TogglePress]);
    harness.state_mut().wishes.clear();
    harness.get_by_label("Talk").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::TogglePress]);
}

#[test]
fn the_space_bar_talks_while_it_is_held() {
    let mut harness = window_of(push_to_talk());
    harness.key_down(Key::Space);
    harness.run_steps(30);
    harness.key_up(Key::Space);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::Press, Wish::Release]);
    harness.state_mut().wishes.clear();
    harness.get_by_label("Talk").focus();
    harness.run();
    harness.key_down(Key::Space);
    harness.run_steps(30);
    harness.key_up(Key::Space);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::Press, Wish::Release]);
}

#[test]
fn the_space_bar_does_not_talk_in_text_fields_on_controls_and_in_other_modes() {
    let mut harness = window_of(push_to_talk());
    harness.get_by_label("Bao, online").focus();
    harness.run();
    harness.key_press(Key::Space);
    harness.run();
    let talked = |harness: &Harness<'_, Stage>| harness.state().wishes.contains(&Wish::Press);
    assert!(!talked(&harness), "it whispers to the focused face");
    let mut harness = window_of(push_to_talk());
    click(&mut harness, "Start a meeting…");
    harness.key_press(Key::Space);
    harness.run();
    assert!(!talked(&harness), "it is written");
    let mut harness = window_of(picture());
    harness.key_press(Key::Space);
    harness.run();
    assert!(!talked(&harness), "the microphone is open anyway");
    assert!(harness.query_by_label("Talk").is_none());
}

#[test]
fn what_takes_the_keyboard_and_escape_close_the_microphone() {
    let mut harness = window_of(push_to_talk());
    harness.key_down(Key::Space);
    harness.run();
    harness.event(Event::WindowFocused(false));
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::Press, Wish::Abandon]);
    let mut harness = window_of(push_to_talk());
    hold(&mut harness, "Talk");
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::Press, Wish::Abandon]);
}

#[test]
fn a_press_that_ends_elsewhere_is_said() {
    let mut harness = window_of(push_to_talk());
    hold(&mut harness, "Talk");
    let refused = News::Answered {
        wish: Wish::Renew,
        refusal: Some("nothing is held".into()),
    };
    let follows = harness.state_mut().desk.news(&refused, Duration::ZERO);
    assert_eq!(follows, Some(Wish::Abandon));
    harness.run();
    let text = "Your microphone was closed; press again to talk.";
    assert_eq!(announced(&mut harness, text), 1);
}
