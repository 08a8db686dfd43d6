//! The screen as people see it, and what keys ask for.

mod daemon;
mod holding;
mod keys;
mod screen;

use super::state::{Effect, Input, Screen};
use super::view;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sotto_control::model::{
    Invitation, Meeting, MeetingRef, OfflineReason, Participant, Path, Peer, Person, Presence,
    Snapshot, Stats, Status, Talk, TalkTo, WhisperMode,
};
use sotto_control::{Event, Request};

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
        ..Snapshot::default()
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
