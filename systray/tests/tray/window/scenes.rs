//! What there is to see.

use sotto_control::model::{
    IncomingWhisper, Level, Levels, Meeting, Notice, OfflineReason, Participant, Path, Peer,
    Person, Presence, Severity, Snapshot, Stats, TalkMode, TalkTo, WhisperMode,
};

use crate::fixture::{invitation, person};

/// A state of the window.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) snapshot: Snapshot,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) levels: Vec<Levels>,
    pub(crate) notices: Vec<Notice>,
    /// Where it is clicked then.
    pub(crate) click: Option<(i16, i16)>,
    /// Whether it is shown at twice the size, too.
    pub(crate) large: bool,
}

const WINDOW: &[&str] = &["window"];
const STRIP: &[&str] = &["window", "--strip"];

/// Names in the scripts that people write in.
const NAMES: [&str; 11] = [
    "Anna Schmidt",
    "Bao Nguyễn",
    "陈伟",
    "ليلى حداد (laptop)",
    "ליאת כהן",
    "अनन्या शर्मा",
    "Олексій Ткаченко",
    "Dara Ó Briain",
    "김민준",
    "Maximiliane von Hohenstein-Rottenburg",
    "สมชาย ใจดี",
];

fn stats(delay_ms: f32, concealed: u32) -> Stats {
    Stats {
        path: Path::Udp,
        delay_ms,
        concealed,
        jitter_ms: 1.5,
        loss: 0.004,
        ..Stats::default()
    }
}

fn participant(name: &str, place: usize) -> Participant {
    let presence = match place {
        6 => Presence::away(),
        8 => Presence::offline(OfflineReason::Phone),
        10 => Presence::offline(OfflineReason::NotJoined),
        _ => Presence::online(),
    };
    Participant {
        person: person(name),
        presence,
        you: place == 0,
        muted: place == 4 || place == 7,
        deafened: place == 7,
        stats: (place > 0 && presence.is_present()).then(|| match place {
            3 => stats(210.0, 5),
            5 => stats(60.0, 30),
            _ => stats(32.0, 0),
        }),
        ..Participant::default()
    }
}

fn meeting(participants: Vec<Participant>) -> Snapshot {
    let meeting = Meeting {
        id: "aa11".into(),
        title: "Planning".into(),
        active: true,
        presence: Presence::online(),
        participants,
        ..Meeting::default()
    };
    let mut snapshot = Snapshot::default();
    snapshot.status.you = meeting.participants[0].person.clone();
    snapshot.status.meeting = Some(meeting.to_ref());
    snapshot.talk.to = TalkTo::Everyone;
    snapshot.talk.microphone_open = true;
    snapshot.meetings.push(meeting);
    snapshot
}

/// Two people.
pub(crate) fn small() -> Snapshot {
    meeting(
        (0..2)
            .map(|place| participant(NAMES[place], place))
            .collect(),
    )
}

fn many() -> Snapshot {
    let people = (0..30).map(|place| {
        let name = NAMES[place % NAMES.len()];
        let name = match place / NAMES.len() {
            0 => name.to_owned(),
            lap => format!("{name} {}", lap + 1),
        };
        participant(&name, place)
    });
    meeting(people.collect())
}

fn several() -> Snapshot {
    meeting(
        NAMES
            .iter()
            .enumerate()
            .map(|(place, name)| participant(name, place))
            .collect(),
    )
}

fn with_meetings(mut snapshot: Snapshot) -> Snapshot {
    snapshot.invitations.push(invitation("Budget 2027"));
    snapshot.meetings.push(Meeting {
        id: "cc33".into(),
        title: "Lunch".into(),
        presence: Presence::offline(OfflineReason::Elsewhere),
        participants: vec![
            participant("Anna Schmidt", 0),
            participant("陈伟", 2),
            participant("김민준", 8),
        ],
        ..Meeting::default()
    });
    snapshot.peers = NAMES
        .iter()
        .skip(1)
        .map(|name| Peer {
            person: person(name),
            running: name.len() % 3 != 0,
            ..Peer::default()
        })
        .collect();
    snapshot
}

fn whisper(snapshot: &Snapshot, places: &[usize]) -> TalkTo {
    let people = &snapshot.meetings[0].participants;
    TalkTo::Whisper {
        to: places
            .iter()
            .map(|place| people[*place].person.clone())
            .collect(),
        mode: WhisperMode::Latch,
    }
}

fn speaking(snapshot: &Snapshot, places: &[usize]) -> Levels {
    let people = &snapshot.meetings[0].participants;
    Levels {
        microphone_dbfs: Some(-24.0),
        you_speak: false,
        speakers: places
            .iter()
            .map(|place| Level {
                id: people[*place].person.id.clone(),
                level_dbfs: -14.0,
                whisper: false,
            })
            .collect(),
    }
}

/// Every state.
pub(crate) fn all() -> Vec<Scene> {
    let scene = |name, snapshot: Snapshot| Scene {
        name,
        // Whoever is in a meeting wants levels, and is told the rest after them.
        levels: snapshot
            .active()
            .map(|_| Levels::default())
            .into_iter()
            .collect(),
        snapshot,
        arguments: WINDOW,
        notices: Vec::new(),
        click: None,
        large: false,
    };
    let mut scenes = vec![scene("two", small()), scene("none", with_meetings_only())];
    scenes.push(scene("empty", Snapshot::default()));

    let mut open = scene("scripts", with_meetings(several()));
    open.levels = vec![speaking(&open.snapshot, &[2, 3])];
    open.large = true;
    scenes.push(open);

    let mut crowd = scene("thirty", many());
    crowd.levels = vec![speaking(&crowd.snapshot, &[1, 12])];
    scenes.push(crowd);

    let mut whispering = scene("whispering", with_meetings(several()));
    whispering.snapshot.talk.to = whisper(&whispering.snapshot, &[2, 3, 4]);
    whispering.large = true;
    scenes.push(whispering);

    let mut whispered = scene("whispered-to", several());
    let people: Vec<Person> = whispered.snapshot.meetings[0]
        .participants
        .iter()
        .map(|one| one.person.clone())
        .collect();
    whispered.snapshot.talk.incoming = vec![IncomingWhisper {
        from: people[3].clone(),
        also_to: vec![people[2].clone()],
        heard: true,
    }];
    whispered.snapshot.talk.reply_to = vec![people[3].clone(), people[2].clone()];
    whispered.levels = vec![speaking(&whispered.snapshot, &[3])];
    whispered.notices = vec![Notice {
        text: "Bao Nguyễn has joined".into(),
        ..Notice::default()
    }];
    scenes.push(whispered);

    let mut muted = scene("muted", small());
    muted.snapshot.status.muted = true;
    muted.snapshot.talk.microphone_open = false;
    muted.notices = vec![Notice {
        severity: Severity::Warning,
        text: "the microphone is gone".into(),
        hint: Some("plug it in again or choose another with 'sotto devices use'".into()),
        ..Notice::default()
    }];
    scenes.push(muted);

    let mut unheard = scene("muted-talking", small());
    unheard.snapshot.status.muted = true;
    unheard.snapshot.talk.microphone_open = false;
    unheard.snapshot.talk.muted_but_talking = true;
    scenes.push(unheard);

    let mut waiting = scene("push-to-talk", small());
    waiting.snapshot.talk.mode = TalkMode::Push;
    waiting.snapshot.talk.microphone_open = false;
    scenes.push(waiting);

    let mut pressed = scene("push-to-talk-pressed", small());
    pressed.snapshot.talk.mode = TalkMode::Push;
    pressed.snapshot.talk.pressed = true;
    scenes.push(pressed);

    let mut start = scene("start", with_meetings_only());
    start.click = Some((270, 142));
    scenes.push(start);

    let mut settings = scene("settings", small());
    settings.click = Some((543, 31));
    scenes.push(settings);

    let mut strip = scene("strip", several());
    strip.arguments = STRIP;
    strip.levels = vec![speaking(&strip.snapshot, &[2, 3])];
    strip.large = true;
    scenes.push(strip);

    let mut strip_whispering = scene("strip-whispering", several());
    strip_whispering.arguments = STRIP;
    strip_whispering.snapshot.talk.to = whisper(&strip_whispering.snapshot, &[2, 3]);
    scenes.push(strip_whispering);

    let mut strip_unheard = scene("strip-muted-talking", small());
    strip_unheard.arguments = STRIP;
    strip_unheard.snapshot.status.muted = true;
    strip_unheard.snapshot.talk.microphone_open = false;
    strip_unheard.snapshot.talk.muted_but_talking = true;
    scenes.push(strip_unheard);

    let mut strip_push = scene("strip-push-to-talk", small());
    strip_push.arguments = STRIP;
    strip_push.snapshot.talk.mode = TalkMode::Push;
    strip_push.snapshot.talk.microphone_open = false;
    scenes.push(strip_push);
    scenes
}

fn with_meetings_only() -> Snapshot {
    let mut snapshot = with_meetings(several());
    snapshot.meetings.remove(0);
    snapshot.status.meeting = None;
    snapshot.talk = Default::default();
    snapshot
}
