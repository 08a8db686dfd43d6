//! The screen as people see it, and what keys ask for.

use super::picker::Picker;
use super::state::{Effect, Holding, Input, Refusal, Screen};
use super::view;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use sotto_control::model::{
    IncomingWhisper, Invitation, Level, Levels, Meeting, MeetingRef, NobodyBecause, Notice,
    OfflineReason, Participant, Path, Peer, Person, Presence, Sent, Severity, Snapshot, Stats,
    Status, Talk, TalkTo, WhisperMode,
};
use sotto_control::{
    AbsentPerson, AudioDeafen, AudioMute, AudioUnmute, CallError, ControlError, ErrorCode, Event,
    MeetingJoin, MeetingLeave, MeetingSwitch, PresenceAway, Request, TalkAbandon, TalkEveryone,
    TalkRelease, TalkRenew, TalkReplyTo, TalkWhisper,
};

fn person(name: &str) -> Person {
    Person {
        id: format!("id-{name}"),
        name: name.into(),
        label: name.into(),
    }
}

fn participant(name: &str, presence: Presence) -> Participant {
    Participant {
        person: person(name),
        presence,
        volume_percent: 100,
        ..Participant::default()
    }
}

fn stats(loss: f32, delay_ms: f32, path: Path) -> Option<Stats> {
    Some(Stats {
        loss,
        delay_ms,
        path,
        ..Stats::default()
    })
}

/// Anna in *Planning* with Bao, Chen and Dara; *Retro* beside it; an invitation from Emil.
fn scene() -> Screen {
    let planning = Meeting {
        id: "planning".into(),
        title: "Planning".into(),
        active: true,
        presence: Presence::online(),
        participants: vec![
            Participant {
                stats: stats(0.003, 24.0, Path::Udp),
                ..participant("Bao", Presence::online())
            },
            Participant {
                you: true,
                ..participant("Anna", Presence::online())
            },
            participant("Dara", Presence::offline(OfflineReason::Phone)),
            Participant {
                muted: true,
                stats: stats(0.12, 160.0, Path::Stream),
                ..participant("Chen", Presence::away())
            },
        ],
        ..Meeting::default()
    };
    let retro = Meeting {
        id: "retro".into(),
        title: "Retro".into(),
        participants: vec![participant("Emil", Presence::online())],
        ..Meeting::default()
    };
    Screen::new(Snapshot {
        status: Status {
            you: person("Anna"),
            meeting: Some(planning.to_ref()),
            presence: Some(Presence::online()),
            ..Status::default()
        },
        meetings: vec![planning, retro],
        invitations: vec![invitation("Design")],
        talk: Talk {
            to: TalkTo::Everyone,
            microphone_open: true,
            ..Talk::default()
        },
        peers: vec![Peer {
            person: person("Bao"),
            running: true,
            connected: true,
            addresses: vec!["192.0.2.1".into()],
            ..Peer::default()
        }],
    })
}

fn invitation(title: &str) -> Invitation {
    Invitation {
        meeting: MeetingRef {
            id: title.to_lowercase(),
            title: title.into(),
        },
        from: vec![person("Emil")],
        ..Invitation::default()
    }
}

fn drawn(screen: &Screen, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(frame, screen)).unwrap();
    terminal
}

/// The screen as lines of text, without spaces at their ends.
fn lines(screen: &Screen, width: u16, height: u16) -> Vec<String> {
    let terminal = drawn(screen, width, height);
    let buffer = terminal.backend().buffer();
    (0..height)
        .map(|y| {
            let cells = (0..width).filter_map(|x| buffer.cell((x, y)));
            let line: String = cells.map(|cell| cell.symbol()).collect();
            line.trim_end().to_owned()
        })
        .collect()
}

fn press(screen: &mut Screen, code: KeyCode) -> Vec<Effect> {
    screen.update(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn letter(screen: &mut Screen, letter: char) -> Vec<Effect> {
    press(screen, KeyCode::Char(letter))
}

fn ask(request: impl Into<Request>) -> Vec<Effect> {
    vec![Effect::Ask(request.into())]
}

fn event(screen: &mut Screen, event: Event) {
    assert_eq!(screen.update(Input::Event(Box::new(event))), []);
}

fn talk(to: TalkTo) -> Event {
    Event::Talk {
        talk: Talk {
            to,
            microphone_open: true,
            ..Talk::default()
        },
    }
}

fn whisper_to(name: &str, mode: WhisperMode) -> TalkTo {
    TalkTo::Whisper {
        to: vec![person(name)],
        mode,
    }
}

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
fn without_a_meeting_the_colleagues_are_shown() {
    let mut screen = scene();
    screen.snapshot.meetings.clear();
    screen.snapshot.status.meeting = None;
    let all = lines(&screen, 100, 20).join("\n");
    assert!(all.contains("You are in no meeting. Start one: sotto meet TITLE NAME…"));
    assert!(all.contains("● Bao"));
    assert!(all.contains("NO MEETING"));
}

#[test]
fn keys_ask_for_what_they_say() {
    let mut screen = scene();
    assert_eq!(letter(&mut screen, 'm'), ask(AudioMute {}));
    screen.snapshot.status.muted = true;
    assert_eq!(letter(&mut screen, 'm'), ask(AudioUnmute {}));
    assert_eq!(letter(&mut screen, 'd'), ask(AudioDeafen {}));
    assert_eq!(letter(&mut screen, 't'), ask(TalkEveryone {}));
    assert_eq!(letter(&mut screen, 'r'), ask(TalkReplyTo::default()));
    assert_eq!(letter(&mut screen, 'a'), ask(PresenceAway {}));
    assert_eq!(letter(&mut screen, 'z'), []);
    assert_eq!(letter(&mut screen, 'q'), [Effect::Quit]);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(screen.update(Input::Key(control_c)), [Effect::Quit]);
}

#[test]
fn enter_in_the_picker_latches_a_whisper_to_the_chosen() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, ' ');
    press(&mut screen, KeyCode::Down);
    letter(&mut screen, ' ');
    let all = lines(&screen, 100, 14).join("\n");
    assert!(
        all.contains("◉ Bao  online") && all.contains("◉ Chen  away"),
        "{all}"
    );
    let names = vec!["id-Bao".into(), "id-Chen".into()];
    let expected = TalkWhisper {
        names,
        mode: WhisperMode::Latch,
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
    assert_eq!(screen.picker, None);
}

#[test]
fn without_a_choice_the_one_under_the_cursor_is_meant() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    press(&mut screen, KeyCode::Up);
    let expected = TalkWhisper {
        names: vec!["id-Chen".into()],
        ..TalkWhisper::default()
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
}

#[test]
fn somebody_chosen_who_has_gone_is_asked_for_nevertheless() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, ' ');
    screen.snapshot.meetings[0].participants[0].presence = Presence::offline(OfflineReason::Left);
    let expected = TalkWhisper {
        names: vec!["id-Bao".into()],
        ..TalkWhisper::default()
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
}

#[test]
fn a_held_whisper_ends_with_the_next_key_but_not_with_its_own_repetition() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    let expected = TalkWhisper {
        names: vec!["id-Bao".into()],
        mode: WhisperMode::Hold,
    };
    assert_eq!(letter(&mut screen, 'h'), ask(expected));
    let all = lines(&screen, 100, 12);
    assert!(
        all[11].contains("press any key but h to stop"),
        "{}",
        all[11]
    );
    assert_eq!(letter(&mut screen, 'h'), []);
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    assert_eq!(letter(&mut screen, 'h'), []);
    assert_eq!(letter(&mut screen, 'm'), ask(TalkRelease {}));
    assert_eq!(screen.holding, Holding::No);
}

#[test]
fn a_terminal_that_tells_releases_ends_a_held_whisper_with_the_key() {
    let mut screen = scene();
    screen.set_key_releases(true);
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    let key = |kind| {
        Input::Key(KeyEvent::new_with_kind(
            KeyCode::Char('h'),
            KeyModifiers::NONE,
            kind,
        ))
    };
    assert_eq!(screen.update(key(KeyEventKind::Repeat)), []);
    assert_eq!(
        screen.update(key(KeyEventKind::Release)),
        ask(TalkRelease {})
    );
}

fn holding() -> Screen {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    screen
}

#[test]
fn a_held_whisper_is_renewed_every_second_once_the_daemon_knows_of_it() {
    let mut screen = scene();
    assert!(!screen.wants_seconds());
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    assert!(screen.wants_seconds());
    assert_eq!(screen.update(Input::Second), []);
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    assert_eq!(screen.update(Input::Second), ask(TalkRenew {}));
    assert_eq!(letter(&mut screen, 'm'), ask(TalkRelease {}));
    assert_eq!(screen.update(Input::Second), []);
}

#[test]
fn a_held_whisper_that_another_program_has_covered_is_not_held_here() {
    let mut screen = holding();
    assert_eq!(screen.update(Input::NotHeld), []);
    assert_eq!(screen.holding, Holding::No);
    assert_eq!(
        screen.notices.back().unwrap().text,
        "the whisper was ended elsewhere"
    );
    // A renewal that crossed the release says nothing.
    let told = screen.notices.len();
    assert_eq!(screen.update(Input::NotHeld), []);
    assert_eq!(screen.notices.len(), told);
}

#[test]
fn a_window_that_loses_the_keyboard_cannot_tell_when_the_key_is_let_go() {
    let mut screen = holding();
    assert_eq!(
        screen.update(Input::FocusLost),
        [],
        "here any key ends it, and the next one is pressed here again"
    );
    let mut screen = holding();
    screen.set_key_releases(true);
    assert_eq!(screen.update(Input::FocusLost), ask(TalkAbandon {}));
    assert_eq!(screen.holding, Holding::No);
    assert_eq!(screen.update(Input::FocusLost), []);
}

#[test]
fn control_c_lets_go_of_a_held_whisper_before_the_program_ends() {
    let mut screen = holding();
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(
        screen.update(Input::Key(control_c)),
        [Effect::Ask(TalkRelease {}.into()), Effect::Quit]
    );
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
fn a_reply_is_meant_for_those_who_are_shown() {
    let mut screen = scene();
    screen.snapshot.talk.reply_to = vec![person("Chen"), person("Bao")];
    let expected = TalkReplyTo {
        to: vec!["id-Chen".into(), "id-Bao".into()],
        ..TalkReplyTo::default()
    };
    assert_eq!(letter(&mut screen, 'r'), ask(expected));
}

#[test]
fn a_held_whisper_that_the_daemon_ends_or_refuses_is_not_held() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    event(&mut screen, talk(TalkTo::Nobody));
    assert_eq!(screen.holding, Holding::No);
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    let absent = AbsentPerson {
        person: Person {
            label: "Bao".into(),
            ..Person::default()
        },
        presence: Presence::offline(OfflineReason::Phone),
    };
    let error = ControlError::new(ErrorCode::Absent, "Bao is not present")
        .with_absent(vec![absent])
        .with_hint("try again later");
    screen.update(Input::Refused(Refusal::of(&CallError::Refused(error))));
    assert_eq!(screen.holding, Holding::No);
    let told = screen.notices.back().unwrap();
    assert_eq!(told.severity, Severity::Warning);
    assert_eq!(told.text, "Bao is not present (Bao: offline, on the phone)");
    assert_eq!(told.hint.as_deref(), Some("try again later"));
    let ambiguous = ControlError::new(ErrorCode::Ambiguous, "\"em\" fits 2 colleagues")
        .with_candidates(vec!["Emil".into(), "Emilia".into()]);
    let refusal = Refusal::of(&CallError::Refused(ambiguous));
    assert_eq!(refusal.text, "\"em\" fits 2 colleagues (Emil, Emilia)");
}

#[test]
fn switching_joining_and_leaving_go_through_a_list_or_a_question() {
    let mut screen = scene();
    letter(&mut screen, 's');
    let expected = MeetingSwitch {
        meeting: "retro".into(),
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
    let join = |title: &str| {
        ask(MeetingJoin {
            meeting: Some(title.into()),
            muted: false,
        })
    };
    // One invitation needs no list.
    assert_eq!(letter(&mut screen, 'j'), join("design"));
    screen.snapshot.invitations.push(invitation("Lunch"));
    assert_eq!(letter(&mut screen, 'j'), []);
    letter(&mut screen, 'j');
    assert_eq!(press(&mut screen, KeyCode::Enter), join("lunch"));
    letter(&mut screen, 'l');
    assert_eq!(letter(&mut screen, 'n'), []);
    assert_eq!(screen.picker, None);
    letter(&mut screen, 'l');
    assert_eq!(letter(&mut screen, 'y'), ask(MeetingLeave::default()));
}

#[test]
fn a_list_with_nothing_in_it_does_not_open_but_says_why() {
    let mut screen = scene();
    screen.snapshot.invitations.clear();
    letter(&mut screen, 'j');
    assert_eq!(screen.picker, None);
    assert_eq!(
        screen.notices.back().unwrap().text,
        "there is no invitation"
    );
}

#[test]
fn the_cursor_stays_in_a_list_that_shrinks() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    press(&mut screen, KeyCode::Down);
    screen.snapshot.meetings[0].participants.truncate(2);
    let picker = screen.picker.clone().unwrap();
    assert_eq!(picker.position(&screen.snapshot), Some(0));
    screen.snapshot.meetings.clear();
    assert_eq!(picker.position(&screen.snapshot), None);
    assert_eq!(press(&mut screen, KeyCode::Enter), []);
    assert!(matches!(picker, Picker::Whisper { .. }));
}

#[test]
fn a_daemon_that_stops_is_shown_and_one_that_returns_is_followed() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    screen.update(Input::Lost);
    assert_eq!(screen.picker, None);
    assert_eq!(letter(&mut screen, 'm'), []);
    let snapshot = scene().snapshot;
    screen.update(Input::Found(Box::new(snapshot)));
    assert!(screen.connected);
    assert_eq!(letter(&mut screen, 'm'), ask(AudioMute {}));
}

#[test]
fn what_happened_is_not_told_for_ever() {
    let mut screen = scene();
    let warning = Notice {
        severity: Severity::Warning,
        text: "meetings are not saved".into(),
        ..Notice::default()
    };
    screen.snapshot.status.warnings.push(warning);
    screen.update(Input::Found(Box::new(screen.snapshot.clone())));
    let notice = Notice {
        text: "your microphone is open".into(),
        ..Notice::default()
    };
    screen.update(Input::Event(Box::new(Event::Notice { notice })));
    assert_eq!(screen.notices.len(), 2);
    for _ in 0..11 {
        screen.update(Input::Second);
        assert_eq!(screen.notices.len(), 2);
    }
    screen.update(Input::Second);
    let told: Vec<&str> = screen.notices.iter().map(|one| one.text.as_str()).collect();
    // What the daemon's status warns of is still so.
    assert_eq!(told, ["meetings are not saved"]);
    assert!(!screen.wants_seconds());
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
fn what_a_newer_daemon_says_is_shown_as_far_as_it_is_known() {
    let mut screen = scene();
    for json in [
        r#"{"event":"notice","notice":{"kind":"walk","severity":"critical","text":"Dara walks"}}"#,
        r#"{"event":"hologram","of":"Bao"}"#,
        r#"{"event":"talk","talk":{"to":{"audience":"telepathy"},"microphone_open":true}}"#,
    ] {
        event(&mut screen, serde_json::from_str(json).unwrap());
    }
    let participants = &mut screen.snapshot.meetings[0].participants;
    participants[1].presence =
        serde_json::from_str(r#"{"state":"offline","reason":"walk"}"#).unwrap();
    let shown = lines(&screen, 100, 20).join("\n");
    assert!(shown.contains("SPEAKING TO SOME"), "{shown}");
    assert!(
        shown.contains("Dara walks") && shown.contains("offline"),
        "{shown}"
    );
}
