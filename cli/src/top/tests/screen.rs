//! What is on the screen.

use super::super::state::{Holding, Input, Screen};
use super::{drawn, event, letter, lines, participant, person, scene, talk, whisper_to};
use ratatui::style::Color;
use sotto_control::Event;
use sotto_control::model::{
    IncomingWhisper, Level, Levels, NobodyBecause, Presence, Sent, Talk, TalkTo, WhisperMode,
};

#[test]
fn the_roster_shows_presence_voice_loss_and_delay() {
    let mut screen = scene();
    event(
        &mut screen,
        Event::Levels {
            levels: Levels {
                speakers: vec![Level {
                    id: "id-Bao".into(),
                    level_dbfs: -30.0,
                    whisper: false,
                }],
                ..Levels::default()
            },
        },
    );
    let expected = [
        " sotto Anna  ● online in Planning                                           ● MICROPHONE OPEN",
        "╭ Planning 3 of 4 present ───────────────────────────────────────────────────────────────────╮",
        "│ ● Anna (you)                                                                               │",
        "│ ● Bao         speaking            ██████          0.3 % loss   24 ms delay                 │",
        "│ ◐ Chen        away, muted                        12.0 % loss  160 ms delay  by stream      │",
        "│ ○ Dara        on the phone                                                                 │",
        "│                                                                                            │",
        "│                                                                                            │",
        "│                                                                                            │",
        "│                                                                                            │",
        "│                                                                                            │",
        "│                                                                                            │",
        "│                                                                                            │",
        "│                                                                                            │",
        "╰────────────────────────────────────────────────────────────────────────────────────────────╯",
        "╭ Meetings ──────────────────────────────────────────────────────────────────────────────────╮",
        "│ ▸ Planning  3/4                                                                            │",
        "│   Retro  1/1                                                                               │",
        "╰────────────────────────────────────────────────────────────────────────────────────────────╯",
        "╭ Invitations ───────────────────────────────────────────────────────────────────────────────╮",
        "│ Design                                                                                     │",
        "│   from Emil                                                                                │",
        "╰────────────────────────────────────────────────────────────────────────────────────────────╯",
        " m mute  d deafen  w whisper  r reply  t to all  a away  s switch  j join  l leave  q quit",
    ];
    assert_eq!(lines(&screen, 94, 24), expected);
}

#[test]
fn whoever_loses_what_is_sent_shows_how_often_it_is_repeated() {
    let mut screen = scene();
    let sent = |copies, memory| {
        Some(Sent {
            copies,
            memory,
            ..Sent::default()
        })
    };
    let cases = [
        (1, false, ""),
        (3, false, "  3 copies"),
        (4, true, "  4+memory"),
    ];
    for (copies, memory, shown) in cases {
        for meeting in &mut screen.snapshot.meetings {
            if let Some(stats) = &mut meeting.participants[0].stats {
                stats.sent = sent(copies, memory);
            }
        }
        let all = lines(&screen, 94, 24);
        let repeated = copies > 1 && !memory;
        assert_eq!(all[3].contains("copies"), repeated, "{}", all[3]);
        assert!(
            all[3].contains(&format!("24 ms delay{shown}")),
            "{}",
            all[3]
        );
    }
}

#[test]
fn a_wide_screen_has_the_meetings_beside_the_roster() {
    let screen = scene();
    let all = lines(&screen, 120, 10);
    assert!(all[1].contains("╭ Planning") && all[1].contains("╭ Meetings"));
    assert!(all[3].contains("24 ms delay"), "{all:#?}");
}

#[test]
fn eighty_columns_hold_loss_and_delay() {
    let all = lines(&scene(), 80, 24).join("\n");
    assert!(all.contains("0.3 % loss   24 ms delay"), "{all}");
}

#[test]
fn eighty_columns_hold_every_key() {
    let mut screen = scene();
    for (muted, deafened) in [(false, false), (true, false), (true, true)] {
        screen.snapshot.status.muted = muted;
        screen.snapshot.status.deafened = deafened;
        let keys = lines(&screen, 80, 24).pop().unwrap();
        assert!(keys.ends_with(" q quit"), "{keys}");
    }
    screen.holding = Holding::Held;
    let keys = lines(&screen, 80, 24).pop().unwrap();
    assert!(keys.ends_with(" to stop"), "{keys}");
}

#[test]
fn a_narrow_screen_puts_the_meetings_below() {
    let screen = scene();
    let all = lines(&screen, 60, 20);
    assert!(all[1].starts_with("╭ Planning"), "{all:#?}");
    assert!(all.iter().any(|line| line.starts_with("╭ Meetings")));
    assert!(all.iter().any(|line| line.starts_with("╭ Invitations")));
}

#[test]
fn no_size_of_terminal_is_too_small() {
    let mut screen = scene();
    for open in [' ', 'w', 's', 'j', 'l'] {
        screen.picker = None;
        letter(&mut screen, open);
        for (width, height) in [(1, 1), (3, 2), (10, 5), (40, 3), (90, 6), (300, 100)] {
            drawn(&screen, width, height);
        }
    }
}

#[test]
fn who_does_not_fit_is_counted() {
    let mut screen = scene();
    let people = (0..50).map(|number| participant(&format!("P{number}"), Presence::online()));
    screen.snapshot.meetings[0].participants.extend(people);
    let all = lines(&screen, 120, 16).join("\n");
    assert!(all.contains("and 43 more"), "{all}");
}

#[test]
fn an_open_microphone_a_whisper_and_silence_are_told_apart_at_a_glance() {
    let mut screen = scene();
    let badge = |screen: &Screen| {
        let terminal = drawn(screen, 100, 10);
        let cell = terminal.backend().buffer().cell((98, 0)).unwrap().clone();
        (lines(screen, 100, 10)[0].clone(), cell.bg)
    };
    let (text, colour) = badge(&screen);
    assert!(text.ends_with("MICROPHONE OPEN") && colour == Color::Green);
    event(&mut screen, talk(whisper_to("Chen", WhisperMode::Latch)));
    let (text, colour) = badge(&screen);
    assert!(
        text.ends_with("WHISPER → Chen") && colour == Color::Magenta,
        "{text}"
    );
    event(&mut screen, talk(TalkTo::Nobody));
    let (text, colour) = badge(&screen);
    assert!(
        text.ends_with("NOBODY HEARS YOU") && colour == Color::Red,
        "{text}"
    );
    screen.snapshot.status.muted = true;
    assert!(badge(&screen).0.ends_with("MUTED"));
    screen.update(Input::Lost);
    assert!(badge(&screen).0.ends_with("DAEMON STOPPED"));
}

#[test]
fn a_whisper_to_the_user_is_seen_with_everyone_who_hears_it() {
    let mut screen = scene();
    screen.snapshot.talk.incoming = vec![IncomingWhisper {
        from: person("Chen"),
        also_to: vec![person("Bao")],
        heard: false,
    }];
    let all = lines(&screen, 100, 12);
    let expected = " ◂ Chen whispers to you and Bao: you are deafened and hear nothing";
    assert_eq!(all[1], expected);
}

#[test]
fn who_speaks_to_nobody_sees_why_and_how_to_go_on() {
    let mut screen = scene();
    let nobody = Talk {
        to: TalkTo::Nobody,
        nobody_because: Some(NobodyBecause::HoldLost),
        ..Talk::default()
    };
    event(&mut screen, Event::Talk { talk: nobody });
    assert_eq!(
        lines(&screen, 100, 12)[1],
        " Nobody hears you: your whisper ended before you let go of it. Press t to speak to all."
    );
}

#[test]
fn somebody_muted_hears_a_whisper_as_well() {
    let mut screen = scene();
    let participants = &mut screen.snapshot.meetings[0].participants;
    let muted = participants.iter_mut().find(|one| one.muted).unwrap();
    muted.presence = Presence::online();
    let to = vec![muted.person.clone()];
    screen.snapshot.talk.to = TalkTo::Whisper {
        to,
        mode: WhisperMode::Latch,
    };
    let shown = lines(&screen, 100, 20).join("\n");
    assert!(shown.contains("hears your whisper"), "{shown}");
}

#[test]
fn without_a_meeting_the_colleagues_are_shown() {
    let mut screen = scene();
    screen.snapshot.meetings.clear();
    screen.snapshot.status.meeting = None;
    let all = lines(&screen, 100, 20).join("\n");
    assert!(all.contains("You are in no meeting. Start one: sotto meet TITLE NAME…"));
    assert!(all.contains("● Bao"));
    assert!(all.contains("NO MEETING"));
}
