//! The window without a screen: everything is found by its accessible name, as a screen reader finds it.

use eframe::egui::accesskit::Live;
use eframe::egui::{Event, Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use sotto_control::DeviceRole;
use sotto_control::model::{Device, Devices, WhisperMode};

use super::*;
use crate::daemon::News;
use crate::window::picture::{
    Audience, Card, Colleague, Invite, Mark, Part, Picture, Room, Tile, You,
};
use crate::window::settings::{Errand, Settings, Told};
use crate::wish::Wish;

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
        let button = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::default(),
        };
        let events = [Event::PointerMoved(at), button(true), button(false)];
        harness.input_mut().events.extend(events);
        harness.run();
        assert!(!harness.state().wishes.is_empty(), "{name}");
    }
}

#[test]
fn a_face_that_is_held_is_whispered_to_until_it_is_let_go() {
    let mut harness = window_of(picture());
    let at = harness.get_by_label("Bao, online").rect().center();
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::default(),
    };
    harness.event(Event::PointerMoved(at));
    harness.event(button(true));
    harness.run();
    assert_eq!(
        harness.state().wishes,
        [whisper("bao", WhisperMode::Hold)],
        "the whisper begins with the press"
    );
    harness.run_steps(30);
    harness.event(button(false));
    harness.run();
    assert_eq!(harness.state().wishes.last(), Some(&Wish::Release));
}

#[test]
fn a_held_face_is_abandoned_when_another_window_takes_the_keyboard() {
    let mut harness = window_of(picture());
    let at = harness.get_by_label("Bao, online").rect().center();
    harness.event(Event::PointerMoved(at));
    harness.event(Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed: true,
        modifiers: Modifiers::default(),
    });
    harness.run();
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
fn the_way_back_to_everyone_is_a_button_and_a_key() {
    let mut whispering = picture();
    if let Some(room) = &mut whispering.room {
        room.audience.can_widen = true;
    }
    let mut harness = window_of(whispering);
    assert_eq!(
        click(&mut harness, "Speak to everyone (Esc)"),
        [Wish::SpeakToEveryone]
    );
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::SpeakToEveryone]);
}

#[test]
fn an_answer_goes_to_those_who_are_named() {
    let mut whispered = picture();
    if let Some(room) = &mut whispered.room {
        room.reply_to = vec!["bao".into(), "chen".into()];
        room.reply_names = vec![
            Part::Name("Bao".into()),
            Part::Text(" and ".into()),
            Part::Name("Chen".into()),
        ];
        room.whispers = vec![vec![
            Part::Name("Bao".into()),
            Part::Text(" whispers to you.".into()),
        ]];
    }
    let mut harness = window_of(whispered);
    harness.get_by_label("Bao whispers to you.");
    let to = vec!["bao".to_owned(), "chen".to_owned()];
    assert_eq!(
        click(&mut harness, "Reply to Bao and Chen"),
        [
            Wish::Reply {
                to: to.clone(),
                mode: WhisperMode::Hold
            },
            Wish::Whisper {
                to: to.clone(),
                mode: WhisperMode::Latch
            }
        ]
    );
    harness.key_press(Key::R);
    harness.run();
    let mode = WhisperMode::Latch;
    assert_eq!(harness.state().wishes, [Wish::Reply { to, mode }]);
}

fn with_meetings(mut picture: Picture) -> Picture {
    picture.invitations = vec![Invite {
        id: "bb22".into(),
        title: "Budget".into(),
        from: "Dara".into(),
        inside: "Inside: Dara".into(),
        sentence: "Dara invites you to “Budget”".into(),
    }];
    picture.meetings = vec![Card {
        id: "cc33".into(),
        title: "Lunch".into(),
        summary: "You: left · 1 inside".into(),
        switches: picture.room.is_some(),
        ..Card::default()
    }];
    picture
}

#[test]
fn invitations_and_meetings_are_answered_beside_the_faces() {
    let mut harness = window_of(with_meetings(picture()));
    assert_eq!(
        click(&mut harness, "Join Budget. Dara invites you to “Budget”"),
        [Wish::Join("bb22".into())]
    );
    assert_eq!(
        click(&mut harness, "Decline Budget"),
        [Wish::Decline("bb22".into())]
    );
    assert_eq!(
        click(&mut harness, "Switch to Lunch"),
        [Wish::Switch("cc33".into())]
    );
    let mut harness = window_of(with_meetings(Picture::default()));
    assert_eq!(
        click(&mut harness, "Join Lunch"),
        [Wish::Join("cc33".into())]
    );
}

#[test]
fn a_narrow_window_shows_the_meetings_in_place_of_the_faces() {
    let mut harness = window_of(with_meetings(picture()));
    harness.set_size(vec2(420.0, 700.0));
    harness.run();
    assert!(harness.query_by_label("Decline Budget").is_none());
    click(&mut harness, "Meetings (1)");
    harness.get_by_label("Decline Budget");
    click(&mut harness, "Faces");
    harness.get_by_label("Bao, online");
}

#[test]
fn a_meeting_is_started_with_a_title_and_colleagues() {
    let picture = Picture {
        colleagues: vec![Colleague {
            key: "bao".into(),
            label: "Bao".into(),
            remark: "online".into(),
            running: true,
            ..Colleague::default()
        }],
        ..Picture::default()
    };
    let mut harness = window_of(picture);
    harness.get_by_label("You are not in a meeting");
    click(&mut harness, "Start a meeting…");
    harness.event(Event::Text("Planning".into()));
    harness.run();
    assert_eq!(click(&mut harness, "Start the meeting"), []);
    click(&mut harness, "Bao, online");
    let created = Wish::Create {
        title: "Planning".into(),
        names: vec!["bao".into()],
    };
    let asked = click(&mut harness, "Start the meeting");
    assert_eq!(asked.as_slice(), std::slice::from_ref(&created));
    let granted = News::Answered {
        wish: created,
        refusal: None,
    };
    harness.state_mut().desk.news(&granted, Duration::ZERO);
    harness.run();
    assert!(harness.query_by_label("Cancel").is_none());
}

#[test]
fn settings_are_set_by_name() {
    let mut harness = window_of(picture());
    click(&mut harness, "Settings");
    assert_eq!(harness.state().acts.last(), Some(&Act::Settings));
    let mut settings = Settings::read("", "anna");
    let mut devices = Devices::default();
    devices.inputs.push(Device {
        id: "usb".into(),
        name: "Headset".into(),
        ..Device::default()
    });
    settings.told(Told::Devices(Box::new(devices)));
    harness.state_mut().desk.open_settings(settings);
    harness.run();
    for (name, act) in [
        (
            "Microphone: Headset",
            Act::Errand(Errand::Use {
                device: "usb".into(),
                role: DeviceRole::Input,
            }),
        ),
        (
            "When this window closes: Leave it",
            Act::Set {
                key: "window.on_close",
                value: "leave".into(),
            },
        ),
        (
            "Try the microphone: it plays a sound, listens, and plays what it heard",
            Act::Errand(Errand::Try),
        ),
    ] {
        harness.get_by_label(name).click_accesskit();
        harness.run();
        assert_eq!(harness.state().acts.last(), Some(&act));
    }
    harness.get_by_label("What colleagues call you").focus();
    harness.run();
    harness.event(Event::Text(" Schmidt".into()));
    harness.run();
    click(&mut harness, "Done");
    let named = harness.state().acts.iter().any(|act| match act {
        Act::Set { key, value } => *key == "name" && value.contains("Schmidt"),
        _ => false,
    });
    assert!(named, "{:?}", harness.state().acts);
    assert!(!harness.state().desk.is_covered());
}

#[test]
fn the_strip_mutes_whispers_and_grows() {
    let mut harness = stage(picture(), true);
    harness.get_by_label("Everyone here hears you.");
    assert_eq!(click(&mut harness, "Mute"), [Wish::Mute]);
    assert_eq!(
        click(&mut harness, "Bao, online").first(),
        Some(&whisper("bao", WhisperMode::Hold))
    );
    click(&mut harness, "Back to the window");
    assert_eq!(harness.state().acts.last(), Some(&Act::Zoom));
    click(&mut harness, "Close");
    assert_eq!(harness.state().acts.last(), Some(&Act::Close));
}

#[test]
fn what_happens_is_announced_and_can_be_dismissed() {
    let mut harness = window_of(picture());
    let desk = &mut harness.state_mut().desk;
    desk.say("Dara has joined", Duration::ZERO);
    harness.run();
    let said: Vec<_> = harness.get_all_by_label("Dara has joined.").collect();
    let live = said
        .iter()
        .any(|node| node.accesskit_node().live() == Live::Polite);
    assert!(live, "a screen reader says it although nobody looks there");
    click(&mut harness, "Dismiss the message");
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
