//! What is around the faces: answers, meetings, dialogs, settings, the strip.

use sotto_control::model::{Device, Devices};
use sotto_control::{DeviceRole, SettingReply};

use super::*;
use crate::daemon::News;
use crate::quiet::Quiet;
use crate::window::errand::{Errand, Told};
use crate::window::picture::{Card, Colleague, Invite};
use crate::window::settings::Settings;

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

pub(super) fn with_meetings(mut picture: Picture) -> Picture {
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

fn set(key: &'static str, value: &str) -> Act {
    let value = value.to_owned();
    Act::Errand(Errand::Set { key, value })
}

#[test]
fn settings_show_what_was_written_by_hand_and_what_the_daemon_answers() {
    let mut quiet = picture();
    quiet.you.quiet = true;
    let mut harness = window_of(quiet);
    let file = "presence.idle_after = \"7m\"\nhotkeys.talk = \"Ctrl+Alt+Space\"\n";
    let settings = Settings::read(file, "anna");
    harness.state_mut().desk.open_settings(settings);
    harness.run();
    harness.get_by_label("Away without input after: 7m, chosen");
    harness.get_by_label("Do not disturb: Until I end it, chosen");
    harness.get_by_label("Speak while held: change the key Ctrl+Alt+Space");
    let told = Told::Set(SettingReply {
        key: "audio.gain_control".into(),
        value: "off".into(),
        restart: true,
        not_saved: Some("the disk is full".into()),
    });
    let desk = &mut harness.state_mut().desk;
    desk.told(told.clone(), Duration::ZERO);
    harness.run();
    harness.get_by_label("Bring speech to an even level: Never, chosen");
    harness.get_by_label("Some of it holds once the daemon is started again.");
    harness.get_by_label("It holds now, but is not kept: the disk is full");
    click(&mut harness, "Done");
    harness.state_mut().desk.told(told, Duration::ZERO);
    let said = harness.state().desk.messages().newest();
    let text = "It holds now, but is not kept: the disk is full.";
    assert_eq!(said, Some((text, true)));
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
            set("window.on_close", "leave"),
        ),
        (
            "When you are heard: While you press Talk",
            set("talk.mode", "push"),
        ),
        (
            "Notifications on the desktop: Off",
            set("notifications.desktop", "false"),
        ),
        ("Short sounds: Off", set("notifications.sounds", "false")),
        (
            "A sound when somebody joins or leaves: Off",
            set("notifications.join_sounds", "false"),
        ),
        (
            "Say when you talk while you are muted: Off",
            set("notifications.muted_talking", "false"),
        ),
        (
            "Away without input after: Never",
            set("presence.idle_after", "never"),
        ),
        (
            "Do not disturb: For 1 hour",
            Act::Errand(Errand::Quiet(Quiet::Hour)),
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
        Act::Errand(Errand::Set { key, value }) => *key == "name" && value.contains("Schmidt"),
        _ => false,
    });
    assert!(named, "{:?}", harness.state().acts);
    assert!(!harness.state().desk.is_covered());
}

#[test]
fn the_strip_mutes_whispers_and_grows() {
    let mut harness = stage(picture(), true);
    let shown = harness.query_all_by_label("Everyone here hears you.");
    assert!(shown.count() > 0);
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
fn without_a_daemon_the_window_offers_to_start_one() {
    let down = |startable| Picture {
        disconnected: Some("the Sotto daemon is not running".into()),
        startable,
        ..Picture::default()
    };
    let mut harness = window_of(down(false));
    assert!(harness.query_by_label("Start Sotto").is_none());
    harness.state_mut().desk.see(down(true));
    harness.run();
    click(&mut harness, "Start Sotto");
    assert_eq!(harness.state().acts.last(), Some(&Act::StartDaemon));
    let start = harness.state_mut().desk.start_mut();
    start.begin();
    harness.run();
    harness.get_by_label("Starting Sotto…");
    assert!(harness.query_by_label("Start Sotto").is_none());
    let failed = Err("there is no sottod beside sotto-tray".to_owned());
    let start = harness.state_mut().desk.start_mut();
    start.ended(failed, Duration::ZERO);
    harness.run();
    let said = harness.get_by_label("there is no sottod beside sotto-tray");
    assert_eq!(said.accesskit_node().live(), Live::Polite);
    harness.get_by_label("Start Sotto");
    harness.state_mut().desk.see(picture());
    assert_eq!(harness.state().desk.start().trouble(), None);
}
