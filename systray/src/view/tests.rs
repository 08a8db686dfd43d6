use super::*;
use sotto_control::model::{MeetingRef, Person, Presence, WhisperMode};

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

    fn view(self) -> View {
        View::of(&State {
            link: Link::Up(Box::new(self.0)),
            refusal: None,
        })
    }
}

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

fn wish<'a>(view: &'a View, wanted: &str) -> Option<&'a Wish> {
    view.menu.iter().find_map(|entry| match entry {
        Entry::Action { label, wish } if label == wanted => Some(wish),
        _ => None,
    })
}

#[test]
fn without_a_daemon_it_says_what_helps_and_can_still_quit() {
    let why = "the Sotto daemon is not running; start it with 'sottod'".to_owned();
    let view = View::of(&State {
        link: Link::Down { why: why.clone() },
        refusal: None,
    });
    assert_eq!(view.mood, Mood::Disconnected);
    assert_eq!(labels(&view), ["Not connected", why.as_str(), "-", "Quit"]);
    assert_eq!(wish(&view, "Quit"), Some(&Wish::Quit));
}

#[test]
fn without_a_meeting_there_is_nothing_to_mute_or_to_leave() {
    let view = Scene::without_a_meeting().view();
    assert_eq!(view.mood, Mood::Ready);
    assert_eq!(labels(&view), ["Not in a meeting", "-", "Quit Sotto"]);
}

#[test]
fn in_a_meeting_it_offers_mute_leave_and_quit() {
    let view = Scene::in_a_meeting().view();
    assert_eq!(view.mood, Mood::Speaking);
    assert_eq!(
        labels(&view),
        [
            "Planning",
            "3 inside",
            "-",
            "Mute",
            "Leave “Planning”",
            "-",
            "Quit Sotto"
        ]
    );
    assert_eq!(wish(&view, "Mute"), Some(&Wish::Mute));
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
    let lines = [
        "Anna (you) · muted",
        "Chen · deafened",
        "Bao · on the phone",
    ]
    .map(String::from);
    assert_eq!(
        view.menu[1],
        Entry::List {
            label: "2 inside".into(),
            lines: lines.into()
        }
    );
}

#[test]
fn a_closed_microphone_shows_and_can_be_opened() {
    let view = Scene::in_a_meeting().muted().view();
    assert_eq!(view.mood, Mood::Muted);
    assert_eq!(labels(&view)[0], "Planning: muted");
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
    assert_eq!(labels(&view)[0], "Planning: whispering to Chen");
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
    assert_eq!(labels(&view)[0], "Planning: whispering to Bao and Chen");
    assert_eq!(
        wish(&view, "Speak to everyone"),
        Some(&Wish::SpeakToEveryone)
    );
    let crowd = Scene::in_a_meeting()
        .with(|snapshot| snapshot.talk.to = whisper(&["A", "B", "C", "D", "E"]))
        .view();
    assert_eq!(
        labels(&crowd)[0],
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
    assert_eq!(labels(&view)[0], "Planning: whispering to Chen (muted)");
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
    assert_eq!(labels(&view)[0], "Planning: speaking to nobody");
    assert_eq!(
        wish(&view, "Speak to everyone"),
        Some(&Wish::SpeakToEveryone)
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
        (away.mood, labels(&away)[0]),
        (Mood::Away, "Planning: away")
    );
    assert_eq!(wish(&away, "I am back"), Some(&Wish::Back));
    let phone = Scene::without_a_meeting()
        .with(|snapshot| snapshot.status.presence = Some(Presence::offline(OfflineReason::Phone)))
        .view();
    assert_eq!(
        (phone.mood, labels(&phone)[0]),
        (Mood::Away, "On the phone")
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
fn an_invitation_can_be_joined_or_declined_and_puts_a_dot_on_the_icon() {
    let view = Scene::without_a_meeting().invited("Budget").view();
    assert!(view.badge);
    assert_eq!(
        labels(&view),
        [
            "Not in a meeting",
            "-",
            "Dara invites you to “Budget” (2 inside)",
            "Join “Budget”",
            "Decline “Budget”",
            "-",
            "Quit Sotto"
        ]
    );
    assert_eq!(
        wish(&view, "Join “Budget”"),
        Some(&Wish::Join("id of Budget".into()))
    );
    assert_eq!(
        wish(&view, "Decline “Budget”"),
        Some(&Wish::Decline("id of Budget".into()))
    );
}

#[test]
fn many_invitations_do_not_fill_the_screen() {
    let scene = (0..50).fold(Scene::without_a_meeting(), |scene, number| {
        scene.invited(&number.to_string())
    });
    let view = scene.view();
    assert!(labels(&view).contains(&"and 42 more: 'sotto invites'"));
    assert!(view.menu.len() < 40);
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
    let view = View::of(&State {
        link: Link::Up(Box::new(scene.0)),
        refusal: Some("Chen is absent".into()),
    });
    assert_eq!(
        labels(&view)[2..4],
        ["⚠ Chen is absent", "⚠ the microphone was unplugged"]
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
    assert_eq!(labels(&view)[0], "Planning: speaking to some");
    assert_eq!(
        wish(&view, "Speak to everyone"),
        Some(&Wish::SpeakToEveryone)
    );
    let lines = view.menu.iter().find_map(|entry| match entry {
        Entry::List { lines, .. } => Some(lines.as_slice()),
        _ => None,
    });
    let expected = ["Anna (you)", "Bao · unknown", "Chen · offline"];
    assert_eq!(lines, Some(expected.map(str::to_owned).as_slice()));
}
