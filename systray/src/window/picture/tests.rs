//! What is shown of a state.

use sotto_control::model::{
    IncomingWhisper, Invitation, Meeting, MeetingRef, NobodyBecause, Participant, Peer, Presence,
    Stats, TalkTo, WhisperMode,
};

use super::*;

fn person(name: &str) -> Person {
    Person {
        id: name.to_lowercase(),
        name: name.into(),
        label: name.into(),
    }
}

fn participant(name: &str, presence: Presence) -> Participant {
    Participant {
        person: person(name),
        presence,
        you: name == "Anna",
        ..Participant::default()
    }
}

/// Anna in *Planning* with Bao and Chen; Dara is on the phone.
fn planning() -> Snapshot {
    let phone = Presence::offline(OfflineReason::Phone);
    let meeting = Meeting {
        id: "aa11".into(),
        title: "Planning".into(),
        active: true,
        presence: Presence::online(),
        participants: vec![
            participant("Anna", Presence::online()),
            participant("Dara", phone),
            participant("Bao", Presence::online()),
            participant("Chen", Presence::away()),
        ],
        ..Meeting::default()
    };
    let mut snapshot = Snapshot::default();
    snapshot.status.you = person("Anna");
    snapshot.talk.to = TalkTo::Everyone;
    snapshot.talk.microphone_open = true;
    snapshot.meetings.push(meeting);
    snapshot
}

fn picture(change: impl FnOnce(&mut Snapshot)) -> Picture {
    let mut snapshot = planning();
    change(&mut snapshot);
    Picture::of(&State {
        link: Link::Up(Box::new(snapshot)),
        refusal: None,
    })
}

fn room(change: impl FnOnce(&mut Snapshot)) -> Room {
    picture(change).room.unwrap_or_default()
}

fn sentence(change: impl FnOnce(&mut Snapshot)) -> (String, Tone) {
    let audience = room(change).audience;
    (plain(&audience.sentence), audience.tone)
}

fn whisper(to: &[&str]) -> TalkTo {
    TalkTo::Whisper {
        to: to.iter().map(|name| person(name)).collect(),
        mode: WhisperMode::Latch,
    }
}

#[test]
fn everyone_is_a_tile_with_presence_in_words_and_the_absent_come_last() {
    let room = room(|_| {});
    let names: Vec<String> = room.tiles.iter().map(Tile::accessible).collect();
    assert_eq!(
        names,
        [
            "Anna (you), online",
            "Bao, online",
            "Chen, away",
            "Dara, on the phone"
        ]
    );
    assert_eq!(room.count, "3 inside · 1 not here");
    let reachable: Vec<bool> = room.tiles.iter().map(Tile::reachable).collect();
    assert_eq!(reachable, [false, true, true, false]);
}

#[test]
fn the_audience_is_always_written_out() {
    let open = sentence(|_| {});
    assert_eq!(
        open,
        ("Everyone here hears you: Bao and Chen.".into(), Tone::Open)
    );
    let muted = sentence(|snapshot| {
        snapshot.status.muted = true;
        snapshot.talk.microphone_open = false;
    });
    assert_eq!(
        muted,
        ("You are muted. Nobody hears you.".into(), Tone::Closed)
    );
    let unheard = sentence(|snapshot| {
        snapshot.status.muted = true;
        snapshot.talk.microphone_open = false;
        snapshot.talk.muted_but_talking = true;
        snapshot.talk.to = whisper(&["Chen"]);
    });
    let text = "You are talking, but you are muted. Nobody hears you.";
    assert_eq!(unheard, (text.into(), Tone::Lost));
    let alone = sentence(|snapshot| snapshot.meetings[0].participants.truncate(2));
    assert_eq!(alone, ("Nobody else is here yet.".into(), Tone::Closed));
    let broken = sentence(|snapshot| snapshot.talk.microphone_open = false);
    assert_eq!(broken.1, Tone::Lost);
    let two = sentence(|snapshot| snapshot.meetings[0].participants.truncate(3));
    assert_eq!(two.0, "Bao hears you. Nobody else is here.");
}

#[test]
fn a_whisper_names_all_who_hear_it_and_that_nobody_else_does() {
    let (text, tone) = sentence(|snapshot| snapshot.talk.to = whisper(&["Chen", "Dara", "Bao"]));
    assert_eq!(
        text,
        "Whispering to Chen, Dara and Bao. Nobody else hears you."
    );
    assert_eq!(tone, Tone::Whisper);
    let (text, _) = sentence(|snapshot| {
        snapshot.talk.to = whisper(&["Chen"]);
        snapshot.talk.microphone_open = false;
        snapshot.status.muted = true;
    });
    assert_eq!(text, "You are muted. Once you unmute, only Chen hears you.");
    let (text, _) = sentence(|snapshot| {
        snapshot.talk.to = whisper(&["Chen", "Bao"]);
        snapshot.talk.not_hearing = vec![person("Bao")];
    });
    assert_eq!(
        text,
        "Whispering to Chen and Bao. Nobody else hears you. Bao is deafened and does not hear it."
    );
}

#[test]
fn where_the_microphone_must_be_pressed_it_is_said_who_would_hear() {
    let push = |change: fn(&mut Snapshot)| {
        sentence(|snapshot| {
            snapshot.talk.mode = TalkMode::Push;
            snapshot.talk.microphone_open = false;
            change(snapshot);
        })
    };
    let waits = "Press to talk. Bao and Chen will hear you.";
    assert_eq!(push(|_| {}), (waits.into(), Tone::Closed));
    assert_eq!(push(|snapshot| snapshot.status.muted = true).0, waits);
    let pressed = push(|snapshot| {
        snapshot.status.muted = true;
        snapshot.talk.pressed = true;
        snapshot.talk.microphone_open = true;
    });
    let open = "Everyone here hears you: Bao and Chen.";
    assert_eq!(pressed, (open.into(), Tone::Open));
    let chosen = push(|snapshot| snapshot.talk.to = whisper(&["Chen"]));
    let only = "Press to talk. Only Chen will hear you.";
    assert_eq!(chosen, (only.into(), Tone::Whisper));
    let broken = push(|snapshot| snapshot.talk.pressed = true);
    assert_eq!(broken.1, Tone::Lost);
    let away = push(|snapshot| snapshot.meetings[0].presence = Presence::away());
    assert!(away.0.starts_with("You are away"), "{}", away.0);
}

#[test]
fn a_whisper_that_was_cut_off_is_never_taken_for_everyone() {
    let room = room(|snapshot| {
        snapshot.talk.to = TalkTo::Nobody;
        snapshot.talk.nobody_because = Some(NobodyBecause::HoldLost);
        snapshot.talk.microphone_open = false;
    });
    assert_eq!(room.audience.tone, Tone::Lost);
    assert!(room.audience.can_widen);
    assert!(plain(&room.audience.sentence).contains("Nobody hears you"));
}

#[test]
fn a_whisper_to_me_is_told_with_everyone_who_hears_it() {
    let room = room(|snapshot| {
        snapshot.talk.incoming = vec![IncomingWhisper {
            from: person("Bao"),
            also_to: vec![person("Chen")],
            heard: true,
        }];
        snapshot.talk.reply_to = vec![person("Bao"), person("Chen")];
    });
    let sentences: Vec<String> = room.whispers.iter().map(|parts| plain(parts)).collect();
    assert_eq!(sentences, ["Bao whispers to you and Chen."]);
    assert_eq!(room.reply_to, ["bao", "chen"]);
    let bao = room.tiles.iter().find(|tile| tile.id == "bao");
    let said = bao.map(Tile::accessible);
    assert_eq!(said.as_deref(), Some("Bao, whispers to you, online"));
}

#[test]
fn figures_that_change_every_second_do_not_change_the_picture() {
    let with = |jitter_ms: f32| {
        picture(|snapshot| {
            snapshot.meetings[0].participants[2].stats = Some(Stats {
                jitter_ms,
                delay_ms: 20.0,
                path: sotto_control::model::Path::Udp,
                ..Stats::default()
            });
        })
    };
    assert_eq!(with(1.0), with(2.0));
    let bao = with(1.0).tile("bao").map(|tile| tile.quality);
    assert_eq!(bao, Some(Quality::Good));
}

#[test]
fn who_speaks_does_not_change_the_picture() {
    let quiet = picture(|_| {});
    let loud = picture(|snapshot| snapshot.meetings[0].participants[2].speaking = true);
    assert_eq!(quiet, loud);
}

#[test]
fn invitations_and_other_meetings_are_shown_once_each() {
    let picture = picture(|snapshot| {
        let asked = Meeting {
            id: "bb22".into(),
            title: "Budget".into(),
            ..Meeting::default()
        };
        let other = Meeting {
            id: "cc33".into(),
            title: "Lunch".into(),
            presence: Presence::offline(OfflineReason::Left),
            participants: vec![
                participant("Dara", Presence::offline(OfflineReason::Left)),
                participant("Bao", Presence::online()),
            ],
            ..Meeting::default()
        };
        snapshot.meetings.extend([asked, other]);
        snapshot.invitations.push(Invitation {
            meeting: MeetingRef {
                id: "bb22".into(),
                title: "Budget".into(),
            },
            from: vec![person("Dara")],
            ..Invitation::default()
        });
    });
    assert_eq!(picture.invitations.len(), 1);
    let titles: Vec<&str> = picture.meetings.iter().map(|card| &*card.title).collect();
    assert_eq!(titles, ["Lunch"]);
    assert_eq!(picture.meetings[0].summary, "You: left · 1 inside");
    assert_eq!(picture.meetings[0].roster[0].label, "Bao");
    assert!(picture.meetings[0].switches);
}

#[test]
fn those_who_run_sotto_are_offered_first_and_those_inside_are_marked() {
    let picture = picture(|snapshot| {
        let peer = |name: &str, running: bool| Peer {
            person: person(name),
            running,
            ..Peer::default()
        };
        snapshot.peers = vec![peer("Bao", true), peer("Emil", false), peer("Fay", true)];
    });
    let order: Vec<(&str, bool)> = picture
        .colleagues
        .iter()
        .map(|one| (&*one.label, one.inside))
        .collect();
    assert_eq!(order, [("Bao", true), ("Fay", false), ("Emil", false)]);
}

#[test]
fn no_connection_says_why() {
    let picture = Picture::of(&State {
        link: Link::Down {
            why: "the Sotto daemon is not running; start it with 'sotto start'".into(),
            startable: true,
        },
        refusal: None,
    });
    assert!(
        picture
            .disconnected
            .is_some_and(|why| why.contains("sotto start"))
    );
    assert_eq!(picture.room, None);
}
