//! The window without a screen: everything is found by its accessible name, as a screen reader finds it.

use eframe::egui::accesskit::Live;
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use sotto_control::model::WhisperMode;

use super::*;
use crate::window::picture::{Audience, Mark, Part, Picture, Room, Tile, You};
use crate::wish::Wish;

mod around;
mod hotkeys;
mod talking;

use around::with_meetings;

/// Frames in which a screen reader has been told everything.
const STEPS: usize = 100;

/// A window, and what it asked for.
struct Stage {
    desk: Desk,
    wishes: Vec<Wish>,
    acts: Vec<Act>,
    strip: bool,
}

impl Stage {
    fn draw(&mut self, ui: &mut Ui) {
        let look = style::look(ui.ctx());
        let now = Duration::from_secs_f64(ui.input(|input| input.time));
        let acts = match self.strip {
            true => strip::show(ui, &self.desk, look),
            false => window(ui, &mut self.desk, look),
        };
        if !acts.is_empty() {
            // As the shell does.
            ui.ctx().request_repaint();
        }
        for act in acts {
            self.acts.push(act.clone());
            self.wishes.extend(self.desk.act(act, now));
        }
        self.wishes.extend(self.desk.tick(now));
    }
}

fn tile(label: &str, mark: Mark, presence: &str) -> Tile {
    Tile {
        id: label.to_lowercase(),
        label: label.into(),
        initials: label.chars().take(1).collect(),
        mark,
        presence: presence.into(),
        ..Tile::default()
    }
}

fn picture() -> Picture {
    let mut anna = tile("Anna", Mark::Online, "online");
    anna.you = true;
    let tiles = vec![
        anna,
        tile("Bao", Mark::Online, "online"),
        tile("Chen", Mark::Away, "away"),
        tile("Dara", Mark::Offline, "on the phone"),
    ];
    let sentence = vec![Part::Text("Everyone here hears you.".into())];
    Picture {
        room: Some(Room {
            id: "aa11".into(),
            title: "Planning".into(),
            count: "3 inside · 1 not here".into(),
            tiles,
            audience: Audience {
                sentence,
                ..Audience::default()
            },
            ..Room::default()
        }),
        ..Picture::default()
    }
}

fn stage(picture: Picture, strip: bool) -> Harness<'static, Stage> {
    let mut desk = Desk::default();
    desk.see(picture);
    let stage = Stage {
        desk,
        wishes: Vec::new(),
        acts: Vec::new(),
        strip,
    };
    Harness::builder()
        .with_size(vec2(1000.0, 720.0))
        .with_step_dt(1.0 / 60.0)
        .with_max_steps(16)
        .allow_missing_glyphs()
        .build_ui_state(|ui, stage: &mut Stage| stage.draw(ui), stage)
}

fn window_of(picture: Picture) -> Harness<'static, Stage> {
    stage(picture, false)
}

/// Clicks the control with this name, and returns what was asked for.
fn click(harness: &mut Harness<'_, Stage>, name: &str) -> Vec<Wish> {
    harness.get_by_label(name).click();
    harness.run();
    std::mem::take(&mut harness.state_mut().wishes)
}

fn whisper(to: &str, mode: WhisperMode) -> Wish {
    Wish::Whisper {
        to: vec![to.to_owned()],
        mode,
    }
}

/// The primary button, pressed or let go there.
fn button(at: Pos2, pressed: bool) -> Event {
    Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::default(),
    }
}

/// Presses the control with this name, and returns where it is.
fn hold(harness: &mut Harness<'_, Stage>, name: &str) -> Pos2 {
    let at = harness.get_by_label(name).rect().center();
    harness.event(Event::PointerMoved(at));
    harness.event(button(at, true));
    harness.run();
    at
}

#[test]
fn every_button_asks_for_what_it_says() {
    for (name, wish) in [
        ("Mute", Wish::Mute),
        ("Deafen", Wish::Deafen),
        ("Away", Wish::Away),
        ("Take a phone call: both devices close", Wish::Phone),
        ("Leave", Wish::Leave("aa11".into())),
    ] {
        let mut harness = window_of(picture());
        assert_eq!(click(&mut harness, name), [wish], "{name}");
    }
    let mut away = picture();
    away.you = You {
        away: true,
        muted: true,
        ..You::default()
    };
    let mut harness = window_of(away);
    assert_eq!(click(&mut harness, "Unmute"), [Wish::Unmute]);
    assert_eq!(click(&mut harness, "I am back"), [Wish::Back]);
}

#[test]
fn a_face_that_is_clicked_stays_in_a_whisper_without_a_gap() {
    let mut harness = window_of(picture());
    assert_eq!(
        click(&mut harness, "Bao, online"),
        [
            whisper("bao", WhisperMode::Hold),
            whisper("bao", WhisperMode::Latch)
        ]
    );
}

#[test]
fn a_click_within_one_frame_is_a_click() {
    for name in ["Bao, online", "Mute"] {
        let mut harness = window_of(picture());
        let at = harness.get_by_label(name).rect().center();
        let events = [Event::PointerMoved(at), button(at, true), button(at, false)];
        harness.input_mut().events.extend(events);
        harness.run();
        assert!(!harness.state().wishes.is_empty(), "{name}");
    }
}

#[test]
fn a_face_that_is_held_is_whispered_to_until_it_is_let_go() {
    let mut harness = window_of(picture());
    let at = hold(&mut harness, "Bao, online");
    assert_eq!(
        harness.state().wishes,
        [whisper("bao", WhisperMode::Hold)],
        "the whisper begins with the press"
    );
    harness.run_steps(30);
    harness.event(button(at, false));
    harness.run();
    assert_eq!(harness.state().wishes.last(), Some(&Wish::Release));
}

#[test]
fn a_held_face_is_abandoned_when_another_window_takes_the_keyboard() {
    let mut harness = window_of(picture());
    hold(&mut harness, "Bao, online");
    harness.event(Event::WindowFocused(false));
    harness.run();
    assert_eq!(harness.state().wishes.last(), Some(&Wish::Abandon));
}

#[test]
fn the_keyboard_alone_holds_clicks_chooses_and_goes_back() {
    let mut harness = window_of(picture());
    harness.get_by_label("Bao, online").focus();
    harness.run();
    harness.key_down(Key::Space);
    harness.run_steps(30);
    harness.key_up(Key::Space);
    harness.run();
    assert_eq!(
        harness.state().wishes,
        [whisper("bao", WhisperMode::Hold), Wish::Release]
    );
    harness.state_mut().wishes.clear();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().wishes, [whisper("bao", WhisperMode::Latch)]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run();
    assert!(harness.state().desk.is_chosen("bao"));
    harness.key_press(Key::Escape);
    harness.run();
    assert!(!harness.state().desk.is_chosen("bao"));
}

#[test]
fn the_tab_key_goes_through_the_faces_the_buttons_and_the_meetings() {
    let mut harness = window_of(with_meetings(picture()));
    let mut names = Vec::new();
    for _ in 0..14 {
        harness.key_press(Key::Tab);
        harness.run();
        let root = harness.root();
        let focused = root.children_recursive().find(|node| node.is_focused());
        names.extend(focused.and_then(|node| node.accesskit_node().label()));
    }
    let place = |name: &str| names.iter().position(|one| one == name);
    let order = [
        "Bao, online",
        "Chen, away",
        "Mute",
        "Leave",
        "Decline Budget",
    ]
    .map(place);
    assert!(order.is_sorted() && order[0].is_some(), "{names:?}");
}

#[test]
fn keys_mute_and_deafen_but_not_while_something_is_written() {
    let mut harness = window_of(picture());
    harness.key_press(Key::M);
    harness.run();
    harness.key_press(Key::D);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::Mute, Wish::Deafen]);
    harness.state_mut().wishes.clear();
    click(&mut harness, "Start a meeting…");
    harness.key_press(Key::M);
    harness.run();
    assert!(harness.state().wishes.is_empty());
}

#[test]
fn a_screen_reader_that_can_only_click_whispers_until_escape() {
    let mut harness = window_of(picture());
    harness.get_by_label("Chen, away").click_accesskit();
    harness.run();
    assert_eq!(
        harness.state().wishes,
        [whisper("chen", WhisperMode::Latch)]
    );
}

#[test]
fn several_faces_are_chosen_with_control_and_whispered_to_together() {
    let mut harness = window_of(picture());
    for name in ["Bao, online", "Chen, away"] {
        harness
            .get_by_label(name)
            .click_modifiers(Modifiers::COMMAND);
        harness.run();
    }
    assert!(harness.state().wishes.is_empty());
    assert_eq!(
        click(&mut harness, "Whisper to 2 chosen"),
        [Wish::Whisper {
            to: vec!["bao".into(), "chen".into()],
            mode: WhisperMode::Latch
        }]
    );
}

#[test]
fn a_lasso_around_faces_chooses_them() {
    let mut harness = window_of(picture());
    let from = harness.get_by_label("Chen, away").rect().right_bottom() + vec2(6.0, 40.0);
    let to = harness.get_by_label("Bao, online").rect().left_top() + vec2(20.0, 20.0);
    harness.drag_at(from);
    harness.run();
    for step in [0.3, 0.6, 1.0] {
        harness.hover_at(from.lerp(to, step));
        harness.run();
    }
    harness.drop_at(to);
    harness.run();
    assert!(harness.state().desk.chosen().iter().eq(["bao", "chen"]));
    assert!(harness.state().wishes.is_empty());
}

#[test]
fn what_happens_is_announced_and_can_be_dismissed() {
    let mut harness = window_of(picture());
    let desk = &mut harness.state_mut().desk;
    desk.say("Dara has joined", Duration::ZERO);
    harness.run();
    let live = (0..STEPS).any(|_| {
        harness.step();
        let mut said = harness.get_all_by_label("Dara has joined.");
        said.any(|node| node.accesskit_node().live() == Live::Polite)
    });
    assert!(live, "a screen reader says it although nobody looks there");
    click(&mut harness, "Dismiss the message");
    for _ in 0..STEPS {
        harness.step();
    }
    assert!(
        harness
            .query_all_by_label("Dara has joined.")
            .next()
            .is_none()
    );
}

#[test]
fn nothing_is_drawn_anew_while_nothing_changes() {
    let mut harness = window_of(with_meetings(picture()));
    harness.run();
    let output = harness.output();
    let root = &output.viewport_output[&egui::ViewportId::ROOT];
    assert_eq!(root.repaint_delay, Duration::MAX);
}
