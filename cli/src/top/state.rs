//! What is on the screen, and how it changes. Pure: no terminal, no socket, no clock.

use super::picker::Picker;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sotto_control::model::{
    Notice, Person, PresenceState, Severity, Snapshot, Talk, TalkTo, WhisperMode,
};
use sotto_control::{
    AudioDeafen, AudioMute, AudioUndeafen, AudioUnmute, CallError, Event, ForPeople, MeetingJoin,
    MeetingLeave, MeetingSwitch, PresenceAway, PresenceBack, Request, TalkAbandon, TalkEveryone,
    TalkRelease, TalkRenew, TalkReplyTo, TalkToggle, TalkWhisper,
};
use std::collections::VecDeque;

/// How many notices are kept for showing.
const MAX_NOTICES: usize = 4;
/// For how many seconds something that happened is shown; what it was is seen in the meeting.
const INFO_SECONDS: u64 = 12;
/// For how many seconds something that went wrong is shown.
const WARNING_SECONDS: u64 = 60;

/// Everything that the screen shows.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) snapshot: Snapshot,
    /// The newest last.
    pub(super) notices: VecDeque<Notice>,
    /// When each of them goes, counted as `seconds` is.
    until: VecDeque<u64>,
    /// Seconds since the start.
    seconds: u64,
    pub(super) picker: Option<Picker>,
    pub(super) holding: Holding,
    /// Whether the daemon is there.
    pub(super) connected: bool,
    /// Whether the terminal tells when a key is released.
    pub(super) key_releases: bool,
}

/// The state of a held whisper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    No,
    /// Asked for; the daemon has not confirmed it yet.
    Asked,
    Held,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Input {
    /// A key was pressed, or released where the terminal tells.
    Key(KeyEvent),
    /// The daemon says so.
    Event(Box<Event>),
    /// The daemon refused what was asked.
    Refused(Refusal),
    /// The daemon knows of no whisper that is held here.
    NotHeld,
    /// Another window has the keyboard.
    FocusLost,
    /// A second has passed.
    Second,
    /// The daemon has gone.
    Lost,
    /// A daemon is there again.
    Found(Box<Snapshot>),
}

/// Why the daemon did not do what was asked, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The sentence, with those whom an ambiguous name could mean, and with where those are who are absent.
    pub(super) text: String,
    /// What the user can do.
    pub(super) hint: Option<String>,
}

impl Refusal {
    pub(super) fn of(error: &CallError) -> Self {
        let hint = error.hint();
        let CallError::Refused(error) = error else {
            return Self {
                text: error.to_string(),
                hint,
            };
        };
        let absent = error
            .absent
            .iter()
            .map(|one| format!("{}: {}", one.person.label, one.presence));
        let details: Vec<String> = error.candidates.iter().cloned().chain(absent).collect();
        Self {
            text: match details.as_slice() {
                [] => error.message.clone(),
                details => format!("{} ({})", error.message, details.join(", ")),
            },
            hint,
        }
    }
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Ask this of the daemon.
    Ask(Request),
    /// Give the terminal back and stop, until the user wants this program again.
    Suspend,
    /// End.
    Quit,
}

impl Screen {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        let notices = snapshot.status.warnings.iter().rev().take(MAX_NOTICES);
        let notices: VecDeque<Notice> = notices.rev().cloned().collect();
        Self {
            // What the status warns of goes on being so.
            until: notices.iter().map(|_| u64::MAX).collect(),
            notices,
            seconds: 0,
            snapshot,
            picker: None,
            holding: Holding::No,
            connected: true,
            key_releases: false,
        }
    }

    pub(super) const fn set_key_releases(&mut self, told: bool) {
        self.key_releases = told;
    }

    /// Takes what happened and returns what to do.
    pub(super) fn update(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Key(key) => self.key(key),
            Input::Event(event) => {
                self.event(&event);
                Vec::new()
            }
            Input::Refused(Refusal { text, hint }) => {
                if self.holding == Holding::Asked {
                    self.holding = Holding::No;
                }
                self.notice(Notice {
                    severity: Severity::Warning,
                    text,
                    hint,
                    ..Notice::default()
                });
                Vec::new()
            }
            Input::NotHeld => {
                // What ended it has been told, unless it was another program's whisper.
                if self.holding == Holding::Held {
                    self.holding = Holding::No;
                    self.tell(Severity::Warning, "the whisper was ended elsewhere");
                }
                Vec::new()
            }
            Input::FocusLost => self.lose_focus(),
            Input::Second => {
                self.seconds += 1;
                let over = |until: &u64| *until <= self.seconds;
                while let Some(place) = self.until.iter().position(over) {
                    self.notices.remove(place);
                    self.until.remove(place);
                }
                match self.holding {
                    Holding::Held => vec![Effect::Ask(TalkRenew {}.into())],
                    Holding::No | Holding::Asked => Vec::new(),
                }
            }
            Input::Lost => {
                self.connected = false;
                self.picker = None;
                self.holding = Holding::No;
                Vec::new()
            }
            Input::Found(snapshot) => {
                let key_releases = self.key_releases;
                *self = Self::new(*snapshot);
                self.key_releases = key_releases;
                Vec::new()
            }
        }
    }

    fn event(&mut self, event: &Event) {
        self.snapshot.apply(event);
        match event {
            Event::Notice { notice } => self.notice(notice.clone()),
            Event::Missed { notices } => {
                self.tell(Severity::Info, format!("{notices} notices were missed"));
            }
            Event::Talk { talk } => self.confirm_holding(talk),
            Event::Snapshot { snapshot } => self.confirm_holding(&snapshot.talk),
            _ => {}
        }
    }

    fn confirm_holding(&mut self, talk: &Talk) {
        let held = matches!(
            talk.to,
            TalkTo::Whisper {
                mode: WhisperMode::Hold,
                ..
            }
        );
        self.holding = match (self.holding, held) {
            // What is held by another program is not held here.
            (Holding::No, _) | (Holding::Held, false) => Holding::No,
            (Holding::Asked, false) => Holding::Asked,
            (Holding::Asked | Holding::Held, true) => Holding::Held,
        };
    }

    fn notice(&mut self, notice: Notice) {
        let seconds = match notice.severity {
            Severity::Info => INFO_SECONDS,
            Severity::Warning | Severity::Error => WARNING_SECONDS,
        };
        self.notices.push_back(notice);
        self.until.push_back(self.seconds + seconds);
        if self.notices.len() > MAX_NOTICES {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.notices.pop_front();
        self.until.pop_front();
    }

    /// Whether something changes with time alone: the screen, or a whisper that must be renewed.
    pub(super) fn wants_seconds(&self) -> bool {
        self.holding != Holding::No || self.until.iter().any(|until| *until != u64::MAX)
    }

    fn tell(&mut self, severity: Severity, text: impl Into<String>) {
        self.notice(Notice {
            severity,
            text: text.into(),
            ..Notice::default()
        });
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        // What the terminal itself does with these keys while no program has taken it.
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let pressed = key.kind == KeyEventKind::Press;
        let job = match key.code {
            KeyCode::Char('c') if control => Some(Effect::Quit),
            KeyCode::Char('z') if control && pressed => Some(Effect::Suspend),
            _ => None,
        };
        if let Some(effect) = job {
            let mut effects = self.let_go();
            effects.push(effect);
            return effects;
        }
        if self.holding != Holding::No {
            return self.key_while_holding(key);
        }
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        if !self.connected {
            return match key.code {
                KeyCode::Char('q') | KeyCode::Esc => vec![Effect::Quit],
                _ => Vec::new(),
            };
        }
        match self.picker.take() {
            Some(picker) => self.key_in_picker(picker, key.code),
            None => self.key_on_screen(key.code),
        }
    }

    /// A terminal that cannot tell a release repeats a key that is kept down: `h` again means still holding, any other
    /// key ends it.
    fn key_while_holding(&mut self, key: KeyEvent) -> Vec<Effect> {
        let h = matches!(key.code, KeyCode::Char('h'));
        let ends = match key.kind {
            KeyEventKind::Release => h,
            KeyEventKind::Repeat => false,
            KeyEventKind::Press => !h,
        };
        if !ends {
            return Vec::new();
        }
        self.let_go()
    }

    fn let_go(&mut self) -> Vec<Effect> {
        match std::mem::replace(&mut self.holding, Holding::No) {
            Holding::No => Vec::new(),
            Holding::Asked | Holding::Held => vec![Effect::Ask(TalkRelease {}.into())],
        }
    }

    /// Where a key's release ends a whisper, another window gets that release from now on: nobody can tell when the user
    /// lets go.
    fn lose_focus(&mut self) -> Vec<Effect> {
        if self.holding == Holding::No || !self.key_releases {
            return Vec::new();
        }
        self.holding = Holding::No;
        vec![Effect::Ask(TalkAbandon {}.into())]
    }

    fn key_on_screen(&mut self, code: KeyCode) -> Vec<Effect> {
        let status = &self.snapshot.status;
        let request: Request = match code {
            KeyCode::Char('q') => return vec![Effect::Quit],
            KeyCode::Char('m') if status.muted => AudioUnmute {}.into(),
            KeyCode::Char('m') => AudioMute {}.into(),
            KeyCode::Char('d') if status.deafened => AudioUndeafen {}.into(),
            KeyCode::Char('d') => AudioDeafen {}.into(),
            KeyCode::Char('t') => TalkEveryone {}.into(),
            KeyCode::Char(' ') => TalkToggle {}.into(),
            KeyCode::Char('r') => TalkReplyTo {
                // Whom the user sees, and nobody else.
                to: ids(&self.snapshot.talk.reply_to),
                ..TalkReplyTo::default()
            }
            .into(),
            KeyCode::Char('a') => match status.presence.map(|presence| presence.state) {
                None | Some(PresenceState::Online) => PresenceAway {}.into(),
                Some(_) => PresenceBack {}.into(),
            },
            KeyCode::Char('w') => {
                return self.open(
                    Picker::Whisper {
                        cursor: 0,
                        chosen: Vec::new(),
                    },
                    "nobody else is present to whisper to",
                );
            }
            KeyCode::Char('s') => {
                return self.open(Picker::Switch { cursor: 0 }, "there is no other meeting");
            }
            KeyCode::Char('j') => match self.snapshot.invitations.as_slice() {
                [only] => MeetingJoin {
                    meeting: Some(only.meeting.id.clone()),
                    ..MeetingJoin::default()
                }
                .into(),
                _ => return self.open(Picker::Join { cursor: 0 }, "there is no invitation"),
            },
            KeyCode::Char('l') => {
                match self.snapshot.active() {
                    Some(_) => self.picker = Some(Picker::Leave),
                    None => self.tell(Severity::Info, "you are in no meeting"),
                }
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        vec![Effect::Ask(request)]
    }

    fn open(&mut self, picker: Picker, otherwise: &str) -> Vec<Effect> {
        if picker.choices(&self.snapshot).is_empty() {
            self.tell(Severity::Info, otherwise);
        } else {
            self.picker = Some(picker);
        }
        Vec::new()
    }

    fn key_in_picker(&mut self, mut picker: Picker, code: KeyCode) -> Vec<Effect> {
        match code {
            KeyCode::Esc | KeyCode::Char('q') => return Vec::new(),
            KeyCode::Down | KeyCode::Char('j') => picker.step(&self.snapshot, true),
            KeyCode::Up | KeyCode::Char('k') => picker.step(&self.snapshot, false),
            KeyCode::Char(' ') => picker.toggle(&self.snapshot),
            KeyCode::Enter | KeyCode::Char('h' | 'y' | 'n') => {
                return self.decide(picker, code);
            }
            _ => {}
        }
        self.picker = Some(picker);
        Vec::new()
    }

    fn decide(&mut self, picker: Picker, code: KeyCode) -> Vec<Effect> {
        let under_cursor = picker.under_cursor(&self.snapshot);
        let request: Option<Request> = match (&picker, code) {
            (Picker::Whisper { .. }, KeyCode::Enter | KeyCode::Char('h')) => {
                let mode = match code {
                    KeyCode::Enter => WhisperMode::Latch,
                    _ => WhisperMode::Hold,
                };
                let names = picker.receivers(&self.snapshot);
                if !names.is_empty() && mode == WhisperMode::Hold {
                    self.holding = Holding::Asked;
                }
                (!names.is_empty()).then(|| TalkWhisper { names, mode }.into())
            }
            (Picker::Switch { .. }, KeyCode::Enter) => {
                under_cursor.map(|meeting| MeetingSwitch { meeting }.into())
            }
            (Picker::Join { .. }, KeyCode::Enter) => under_cursor.map(|id| {
                MeetingJoin {
                    meeting: Some(id),
                    ..MeetingJoin::default()
                }
                .into()
            }),
            (Picker::Leave, KeyCode::Enter | KeyCode::Char('y')) => {
                Some(MeetingLeave::default().into())
            }
            (Picker::Leave, _) => None,
            // A letter that means nothing in this list.
            _ => {
                self.picker = Some(picker);
                None
            }
        };
        request.map(Effect::Ask).into_iter().collect()
    }
}

fn ids(people: &[Person]) -> Vec<String> {
    people.iter().map(|person| person.id.clone()).collect()
}
