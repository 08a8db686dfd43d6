mod invitations;
mod server;
mod talk;

use std::time::Duration;

use sotto_control::model::{MeetingRef, NoticeKind, Person, Severity};

use super::message::Urgency;
use super::*;
use crate::wish::Wish;

const BUTTONS: Capabilities = Capabilities {
    actions: true,
    markup: true,
};

/// A notifier with a server whose clock is turned by hand.
struct Desk {
    notifier: Notifier,
    now: Instant,
    facts: Facts,
    last_id: u32,
}

/// What the server of [`Desk`] was told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Show(u32, Notification),
    Close(u32),
}

impl Desk {
    fn with(capabilities: Capabilities) -> Self {
        let mut desk = Self::without_a_server();
        assert_eq!(desk.notifier.next(desk.now), Some(Effect::Ask));
        desk.notifier.server_here(capabilities);
        desk
    }

    fn without_a_server() -> Self {
        Self {
            notifier: Notifier::default(),
            now: Instant::now(),
            facts: Facts::default(),
            last_id: 0,
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Facts)) -> Vec<Told> {
        change(&mut self.facts);
        self.notifier.update(Some(&self.facts));
        self.told()
    }

    fn notice(&mut self, notice: Notice) -> Vec<Told> {
        self.notifier.hear(&News::Notice(notice));
        self.told()
    }

    fn answered(&mut self, wish: Wish, refusal: Option<&str>) -> Vec<Told> {
        let refusal = refusal.map(str::to_owned);
        self.notifier.hear(&News::Answered { wish, refusal });
        self.told()
    }

    /// Presses a button a moment after whatever was shown last.
    fn press(&mut self, id: u32, key: &str) -> Option<Wish> {
        self.now += Duration::from_secs(1);
        match self.notifier.pressed(id, key, self.now)? {
            Click::Ask(wish) => Some(wish),
            Click::Show(_)
            | Click::Start
            | Click::Restart
            | Click::ChooseKeys
            | Click::KeysAside(_) => None,
        }
    }

    /// Clicks on a notification, beside its buttons.
    fn click_on(&mut self, id: u32) -> Option<Click> {
        self.notifier.pressed(id, "default", self.now)
    }

    fn after(&mut self, seconds: u64) -> Vec<Told> {
        self.now += Duration::from_secs(seconds);
        self.told()
    }

    /// Another server appears in place of the one there was.
    fn restart_server(&mut self) -> Vec<Told> {
        self.notifier.server_changed(false);
        assert_eq!(self.told(), []);
        self.notifier.server_changed(true);
        assert_eq!(self.notifier.next(self.now), Some(Effect::Ask));
        self.notifier.server_here(BUTTONS);
        self.told()
    }

    /// Does what is to be done; each notification gets the next number.
    fn told(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(effect) = self.notifier.next(self.now) {
            told.push(match effect {
                Effect::Ask => panic!("a server is asked for"),
                Effect::Close(id) => Told::Close(id),
                Effect::Show(subject, notification) => {
                    self.last_id += 1;
                    self.notifier.shown(&subject, self.last_id);
                    Told::Show(self.last_id, notification)
                }
            });
        }
        told
    }
}

/// The one notification that was shown.
fn shown(told: &[Told]) -> &Notification {
    match told {
        [Told::Show(_, notification)] => notification,
        told => panic!("expected one notification: {told:?}"),
    }
}

fn person(name: &str) -> Person {
    Person {
        id: format!("12D3Koo{name}"),
        name: name.into(),
        label: name.into(),
    }
}

fn invitation(title: &str) -> Invitation {
    Invitation {
        meeting: MeetingRef {
            id: format!("id of {title}"),
            title: title.into(),
        },
        from: vec![person("Dara")],
        received: 1000,
        ..Invitation::default()
    }
}

fn join(title: &str) -> Wish {
    Wish::Join(format!("id of {title}"))
}

fn whisper(name: &str) -> IncomingWhisper {
    IncomingWhisper {
        from: person(name),
        also_to: Vec::new(),
        heard: true,
    }
}

fn warning(kind: NoticeKind, text: &str) -> Notice {
    Notice {
        kind,
        severity: Severity::Warning,
        text: text.into(),
        hint: Some("speak to everyone with 'sotto talk'".into()),
        time: 1000,
        ..Notice::default()
    }
}
