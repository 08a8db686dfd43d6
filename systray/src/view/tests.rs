mod others;
mod talk;

use super::*;
use crate::click::Show;
use crate::quiet::Quiet;
use crate::wish::Wish;
use sotto_control::model::{
    IncomingWhisper, Invitation, Meeting, MeetingRef, Person, Presence, SoundState, WhisperMode,
};

/// A connected state, built up from nothing.
struct Scene(Snapshot);

impl Scene {
    fn without_a_meeting() -> Self {
        Self(Snapshot::default())
    }

    fn in_a_meeting() -> Self {
        let people = [("Anna", true), ("Bao", false), ("Chen", false)];
        let participants = people.map(|(name, you)| Participant {
            person: person(name),
            presence: Presence::online(),
            you,
            ..Participant::default()
        });
        let meeting = Meeting {
            id: "aa11".into(),
            title: "Planning".into(),
            active: true,
            presence: Presence::online(),
            participants: participants.into(),
            ..Meeting::default()
        };
        let mut snapshot = Snapshot::default();
        snapshot.status.meeting = Some(meeting.to_ref());
        snapshot.status.presence = Some(Presence::online());
        snapshot.talk.to = TalkTo::Everyone;
        snapshot.talk.microphone_open = true;
        snapshot.meetings.push(meeting);
        Self(snapshot)
    }

    fn with(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.0);
        self
    }

    fn muted(self) -> Self {
        self.with(|snapshot| {
            snapshot.status.muted = true;
            snapshot.talk.microphone_open = false;
        })
    }

    fn invited(self, title: &str) -> Self {
        self.with(|snapshot| {
            snapshot.invitations.push(Invitation {
                meeting: MeetingRef {
                    id: format!("id of {title}"),
                    title: title.into(),
                },
                from: vec![person("Dara")],
                inside: vec![person("Dara"), person("Emil")],
                ..Invitation::default()
            });
        })
    }

    fn talking(self) -> Self {
        self.with(|snapshot| snapshot.meetings[0].participants[0].speaking = true)
    }

    fn whispered_to(self) -> Self {
        self.with(|snapshot| {
            snapshot.talk.incoming.push(IncomingWhisper {
                from: person("Bao"),
                also_to: Vec::new(),
                heard: true,
            });
            snapshot.talk.reply_to.push(person("Bao"));
        })
    }

    fn another_meeting(self, title: &str, inside: &[&str]) -> Self {
        let participants = inside.iter().map(|name| Participant {
            person: person(name),
            presence: Presence::online(),
            ..Participant::default()
        });
        let meeting = Meeting {
            id: format!("id of {title}"),
            title: title.into(),
            participants: participants.collect(),
            ..Meeting::default()
        };
        self.with(|snapshot| snapshot.meetings.push(meeting))
    }

    fn view(self) -> View {
        let state = State {
            link: Link::Up(Box::new(self.0)),
            refusal: None,
        };
        View::of(&state, &Here::default())
    }
}

fn down(startable: bool, here: &Here) -> View {
    let why = WHY.to_owned();
    let state = State {
        link: Link::Down { why, startable },
        refusal: None,
    };
    View::of(&state, here)
}

const WHY: &str = "the Sotto daemon is not running; start it with 'sotto start'";

fn person(name: &str) -> Person {
    Person {
        id: format!("12D3Koo{name}"),
        name: name.into(),
        label: name.into(),
    }
}

fn labels(view: &View) -> Vec<&str> {
    view.menu
        .iter()
        .map(|entry| match entry {
            Entry::Text(label) | Entry::Action { label, .. } | Entry::List { label, .. } => {
                label.as_str()
            }
            Entry::Separator => "-",
        })
        .collect()
}

/// Returns what a line of the menu does, at any level.
fn click<'a>(entries: &'a [Entry], wanted: &str) -> Option<&'a Click> {
    entries.iter().find_map(|entry| match entry {
        Entry::Action { label, click } if label == wanted => Some(click),
        Entry::List { lines, .. } => click(lines, wanted),
        _ => None,
    })
}

fn wish<'a>(view: &'a View, wanted: &str) -> Option<&'a Wish> {
    match click(&view.menu, wanted) {
        Some(Click::Ask(wish)) => Some(wish),
        _ => None,
    }
}

/// Returns the lines behind the line that ends so.
fn list<'a>(view: &'a View, ending: &str) -> Vec<&'a str> {
    let lines = view.menu.iter().find_map(|entry| match entry {
        Entry::List { label, lines } if label.ends_with(ending) => Some(lines),
        _ => None,
    });
    let texts = lines.into_iter().flatten().map(|line| match line {
        Entry::Text(label) | Entry::Action { label, .. } => label.as_str(),
        Entry::List { .. } | Entry::Separator => panic!("one level at most"),
    });
    texts.collect()
}

#[test]
fn without_a_daemon_it_says_what_helps_offers_to_start_it_and_can_still_quit() {
    let view = down(true, &Here::default());
    assert_eq!(view.mood, Mood::Disconnected);
    assert_eq!(
        labels(&view),
        [
            "Open Sotto",
            "-",
            "Not connected",
            WHY,
            "Start Sotto",
            "-",
            "Quit"
        ]
    );
    assert_eq!(click(&view.menu, "Start Sotto"), Some(&Click::Start));
    assert_eq!(wish(&view, "Quit"), Some(&Wish::Quit));
}

#[test]
fn a_daemon_that_is_being_started_is_not_offered_again_and_a_failure_is_said() {
    let starting = Here {
        starting: true,
        ..Here::default()
    };
    let view = down(true, &starting);
    assert!(labels(&view).contains(&"Starting Sotto…"));
    assert_eq!(click(&view.menu, "Start Sotto"), None);
    let failed = Here {
        starting: false,
        trouble: Some("sottod is not installed".into()),
    };
    let view = down(true, &failed);
    assert!(labels(&view).contains(&"⚠ sottod is not installed"));
    assert_eq!(click(&view.menu, "Start Sotto"), Some(&Click::Start));
}

#[test]
fn a_daemon_that_runs_and_refuses_cannot_be_started() {
    let view = down(false, &Here::default());
    assert_eq!(click(&view.menu, "Start Sotto"), None);
}

#[test]
fn without_a_meeting_there_is_nothing_to_mute_or_to_leave() {
    let view = Scene::without_a_meeting().view();
    assert_eq!(view.mood, Mood::Ready);
    assert_eq!(
        labels(&view),
        [
            "Open Sotto",
            "-",
            "Not in a meeting",
            "-",
            "Start a meeting…",
            "-",
            "Do not disturb",
            "Settings…",
            "Quit Sotto"
        ]
    );
    for (label, show) in [
        ("Open Sotto", Show::Window),
        ("Start a meeting…", Show::NewMeeting),
        ("Settings…", Show::Settings),
    ] {
        assert_eq!(click(&view.menu, label), Some(&Click::Show(show)));
    }
}

#[test]
fn who_is_not_to_be_disturbed_can_end_that_in_the_menu() {
    let off = Scene::without_a_meeting().view();
    for (label, quiet) in [
        ("For 1 hour", Quiet::Hour),
        ("Until 8:00 in the morning", Quiet::Morning),
        ("Until I end it", Quiet::On),
    ] {
        assert_eq!(wish(&off, label), Some(&Wish::Quiet(quiet)));
    }
    let on = Scene::without_a_meeting()
        .with(|snapshot| snapshot.status.dnd.on = true)
        .view();
    let label = "Let notifications through again";
    assert_eq!(wish(&on, label), Some(&Wish::Quiet(Quiet::Off)));
}

#[test]
fn in_a_meeting_everything_can_be_done_from_the_menu() {
    let view = Scene::in_a_meeting().view();
    assert_eq!(view.mood, Mood::Open);
    assert_eq!(
        labels(&view),
        [
            "Open Sotto",
            "-",
            "Planning",
            "3 inside",
            "-",
            "Mute",
            "Deafen",
            "Whisper to",
            "-",
            "I am away",
            "I am on the phone",
            "Leave “Planning”",
            "-",
            "Start a meeting…",
            "-",
            "Do not disturb",
            "Settings…",
            "Quit Sotto"
        ]
    );
    for (label, expected) in [
        ("Mute", Wish::Mute),
        ("Deafen", Wish::Deafen),
        ("I am away", Wish::Away),
        ("I am on the phone", Wish::Phone),
    ] {
        assert_eq!(wish(&view, label), Some(&expected));
    }
    assert_eq!(
        wish(&view, "Leave “Planning”"),
        Some(&Wish::Leave("aa11".into()))
    );
}

#[test]
fn the_tooltip_names_the_meeting_and_who_is_inside() {
    let view = Scene::in_a_meeting()
        .with(|snapshot| {
            let people = &mut snapshot.meetings[0].participants;
            people[1].presence = Presence::away();
            people[2].presence = Presence::offline(OfflineReason::Elsewhere);
        })
        .view();
    assert_eq!(view.headline, "Sotto: Planning");
    assert_eq!(view.details, "Anna (you)\nBao · away");
}

#[test]
fn the_roster_lists_the_absent_last_and_says_why() {
    let view = Scene::in_a_meeting()
        .with(|snapshot| {
            let people = &mut snapshot.meetings[0].participants;
            people[0].muted = true;
            people[1].presence = Presence::offline(OfflineReason::Phone);
            people[2].deafened = true;
        })
        .view();
    assert_eq!(
        list(&view, "2 inside"),
        [
            "Anna (you) · muted",
            "Chen · deafened",
            "Bao · on the phone"
        ]
    );
}

#[test]
fn whoever_is_away_or_on_the_phone_can_say_to_be_back() {
    let away = Scene::in_a_meeting()
        .with(|snapshot| {
            snapshot.status.presence = Some(Presence::away());
            snapshot.talk.microphone_open = false;
        })
        .view();
    assert_eq!(
        (away.mood, labels(&away)[2]),
        (Mood::Away, "Planning: away")
    );
    assert_eq!(wish(&away, "I am back"), Some(&Wish::Back));
    let phone = Scene::without_a_meeting()
        .with(|snapshot| snapshot.status.presence = Some(Presence::offline(OfflineReason::Phone)))
        .view();
    assert_eq!(
        (phone.mood, labels(&phone)[2]),
        (Mood::Phone, "On the phone")
    );
    assert_eq!(wish(&phone, "I am back"), Some(&Wish::Back));
}

#[test]
fn who_is_deafened_can_hear_again() {
    let view = Scene::in_a_meeting()
        .muted()
        .with(|snapshot| snapshot.status.deafened = true)
        .view();
    assert_eq!(view.mood, Mood::Muted);
    assert_eq!(wish(&view, "Hear and speak again"), Some(&Wish::Undeafen));
    assert_eq!(wish(&view, "Unmute"), None);
}

#[test]
fn long_texts_are_cut_and_line_breaks_removed() {
    let view = Scene::in_a_meeting()
        .with(|snapshot| snapshot.meetings[0].title = "a\nb ".repeat(100))
        .view();
    assert!(view.menu.iter().all(|entry| match entry {
        Entry::Text(label) | Entry::Action { label, .. } | Entry::List { label, .. } =>
            label.chars().count() < 80 && !label.contains('\n'),
        Entry::Separator => true,
    }));
}

#[test]
fn what_does_not_work_is_said() {
    let scene = Scene::in_a_meeting().with(|snapshot| {
        snapshot.status.sound.state = SoundState::Failed;
        snapshot.status.sound.problem = Some("the microphone was unplugged".into());
    });
    let state = State {
        link: Link::Up(Box::new(scene.0)),
        refusal: Some("Chen is absent".into()),
    };
    let here = Here {
        trouble: Some("the window has ended".into()),
        ..Here::default()
    };
    let view = View::of(&state, &here);
    assert_eq!(
        labels(&view)[4..7],
        [
            "⚠ Chen is absent",
            "⚠ the window has ended",
            "⚠ the microphone was unplugged"
        ]
    );
}

#[test]
fn what_a_newer_daemon_says_is_shown_as_far_as_it_is_known() {
    let words = |json: &str| serde_json::from_str::<Presence>(json).unwrap();
    let view = Scene::in_a_meeting()
        .with(|snapshot| {
            let people = &mut snapshot.meetings[0].participants;
            people[1].presence = words(r#"{"state":"dreaming","depth":3}"#);
            people[2].presence = words(r#"{"state":"offline","reason":"walk"}"#);
            snapshot.talk.to = serde_json::from_str(r#"{"audience":"telepathy"}"#).unwrap();
        })
        .view();
    assert_eq!(labels(&view)[2], "Planning: speaking to some");
    assert_eq!(
        wish(&view, "Speak to everyone"),
        Some(&Wish::SpeakToEveryone)
    );
    assert_eq!(
        list(&view, "inside"),
        ["Anna (you)", "Bao · unknown", "Chen · offline"]
    );
}

#[test]
fn the_icon_shows_who_speaks_and_the_menu_stays_as_it_is() {
    let silent = Scene::in_a_meeting().view();
    let talking = Scene::in_a_meeting().talking().view();
    assert_eq!(talking.mood, Mood::Speaking);
    assert_eq!(talking.menu, silent.menu);
    // Others who speak change nothing at all.
    let others = Scene::in_a_meeting().with(|snapshot| {
        let bao = &mut snapshot.meetings[0].participants[1];
        bao.speaking = true;
        bao.level_dbfs = Some(-20.0);
    });
    assert_eq!(others.view(), silent);
}

#[test]
fn an_updated_daemon_is_restarted_by_its_user_alone() {
    let updated = |snapshot: &mut Snapshot| snapshot.status.restart_to_update = true;
    let view = Scene::without_a_meeting().with(updated).view();
    assert_eq!(
        click(&view.menu, "Restart to update"),
        Some(&Click::Restart)
    );
    let view = Scene::in_a_meeting().with(updated).view();
    let label = "Restart to update (interrupts the meeting)";
    assert_eq!(click(&view.menu, label), Some(&Click::Restart));
    let view = Scene::in_a_meeting().view();
    assert_eq!(click(&view.menu, label), None);
}
