//! The people of the scenes, each with a daemon.

use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use serde_json::Value;
use sotto_control::model::{Meeting, Participant, PresenceState, Snapshot, TalkTo};
use sotto_control::{
    AudioMute, AudioUnmute, Client, Events, MeetingCreate, MeetingJoin, MeetingLeave,
    MeetingSwitch, Method, NetworkConnect, PresenceAway, PresencePhone, StatusGet,
};

use super::normal::Normal;
use super::support::{Daemon, soon};

/// The longest that a scene waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// An address at which nobody answers.
pub(crate) const NOBODY_THERE: &str = "127.0.0.1:9";

/// Somebody with a daemon, and a program that uses it.
pub(crate) struct Person {
    name: &'static str,
    pub(crate) daemon: Daemon,
    client: Client,
    /// Where colleagues reach the daemon.
    pub(crate) address: String,
}

impl Person {
    async fn start(name: &'static str, sound: &str) -> Self {
        let settings = format!("name = '{name}'\n[audio]\nbackend = 'null'\n{sound}");
        let daemon = Daemon::start(&settings, None);
        daemon.tells("READY=1").await;
        let client = Client::connect(&daemon.places(), "sotto").await.unwrap();
        let status = soon(client.call(StatusGet {})).await.unwrap();
        Self {
            name,
            daemon,
            client,
            address: status.network.listening[0].clone(),
        }
    }

    /// Connects one more program.
    pub(crate) async fn client(&self, name: &str) -> Client {
        let places = self.daemon.places();
        soon(Client::connect(&places, name)).await.unwrap()
    }

    /// Asks for something that the daemon must do.
    pub(crate) async fn asks<M: Method>(&self, params: M) -> M::Reply {
        soon(self.client.call(params)).await.unwrap()
    }

    /// Waits until the daemon's picture is `settled`.
    pub(crate) async fn sees(&self, settled: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let watching = self.client("watching").await;
        let (mut shown, mut events) = soon(watching.subscribe(false)).await.unwrap();
        until(&mut shown, &mut events, settled).await;
        shown
    }

    /// Waits for the invitation to a meeting and joins it.
    pub(crate) async fn accepts(&self, title: &str) {
        self.sees(|it| it.invitations.iter().any(|it| it.meeting.title == title))
            .await;
        let join = MeetingJoin {
            meeting: Some(title.into()),
            ..MeetingJoin::default()
        };
        self.asks(join).await;
    }

    /// Starts a meeting.
    pub(crate) async fn meets(&self, title: &str, names: &[&str]) {
        self.asks(create(title, names)).await;
    }

    /// Switches to a meeting.
    pub(crate) async fn switches(&self, title: &str) {
        let meeting = title.into();
        self.asks(MeetingSwitch { meeting }).await;
    }

    /// Leaves a meeting.
    pub(crate) async fn leaves(&self, title: &str) {
        let meeting = Some(title.into());
        self.asks(MeetingLeave { meeting }).await;
    }

    /// Makes the daemon stand still, or go on.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.daemon.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Connects to somebody's daemon, sooner than they would find each other, and waits until both know it.
    async fn finds(&self, other: &Self) {
        let dial = NetworkConnect {
            address: other.address.clone(),
            wait_ms: Some(20_000),
        };
        self.asks(dial).await;
        let connected = |it: &Snapshot, to: &str| {
            let mut peers = it.peers.iter();
            peers.any(|peer| peer.person.name == to && peer.connected && peer.running)
        };
        self.sees(|it| connected(it, other.name)).await;
        other.sees(|it| connected(it, self.name)).await;
    }
}

/// Follows a daemon's picture until it is `settled`.
async fn until(shown: &mut Snapshot, events: &mut Events, settled: impl Fn(&Snapshot) -> bool) {
    let following = async {
        while !settled(shown) {
            let event = events.next().await.expect("the daemon runs");
            shown.apply(&event);
        }
    };
    if tokio::time::timeout(PATIENCE, following).await.is_err() {
        panic!("never settles: {}", serde_json::to_string(shown).unwrap());
    }
}

/// Asks for a meeting with these.
pub(crate) fn create(title: &str, names: &[&str]) -> MeetingCreate {
    MeetingCreate {
        title: title.into(),
        names: names.iter().map(|&name| name.into()).collect(),
        ..MeetingCreate::default()
    }
}

/// Finds somebody's line in a meeting's roster.
pub(crate) fn line<'a>(snapshot: &'a Snapshot, title: &str, name: &str) -> Option<&'a Participant> {
    let meeting = snapshot.meetings.iter().find(|it| it.title == title)?;
    let mut roster = meeting.participants.iter();
    roster.find(|it| it.person.name == name)
}

/// Tells whether somebody is in a meeting in this way.
pub(crate) fn is(snapshot: &Snapshot, title: &str, name: &str, state: PresenceState) -> bool {
    line(snapshot, title, name).is_some_and(|line| line.presence.state == state)
}

/// Tells whether voice travels to and from everyone present.
pub(crate) fn voice_travels(snapshot: &Snapshot) -> bool {
    let travels = |line: &Participant| {
        let path = line.stats.map(|stats| stats.path);
        line.you || !line.presence.is_present() || path == Some(sotto_control::model::Path::Udp)
    };
    let meeting: Option<&Meeting> = snapshot.active();
    meeting.is_some_and(|meeting| meeting.participants.iter().all(travels))
}

/// Everyone. Emilia comes and goes in a scene of her own.
pub(crate) struct Cast {
    pub(crate) anna: Person,
    pub(crate) bao: Person,
    pub(crate) chen: Person,
    pub(crate) dara: Person,
    pub(crate) emil: Person,
    normal: Mutex<Normal>,
}

impl Cast {
    /// Starts everyone's daemon and waits until they know each other.
    pub(crate) async fn assemble() -> Self {
        let (anna, bao, chen, dara, emil) = tokio::join!(
            Person::start("Anna", ""),
            // A voice that never pauses.
            Person::start("Bao", "input = 'tone:440'\nmusic = true\n"),
            Person::start("Chen", ""),
            Person::start("Dara", ""),
            Person::start("Emil", ""),
        );
        let cast = Self {
            anna,
            bao,
            chen,
            dara,
            emil,
            normal: Mutex::default(),
        };
        let everyone = [&cast.anna, &cast.bao, &cast.chen, &cast.dara, &cast.emil];
        for one in everyone {
            cast.introduce(one).await;
        }
        for (place, one) in everyone.iter().enumerate() {
            for other in &everyone[..place] {
                one.finds(other).await;
            }
        }
        let mut normal = cast.normal.lock().unwrap();
        normal.replace(&cast.emil.address, "192.0.2.3:4");
        normal.replace(NOBODY_THERE, "192.0.2.3:9");
        drop(normal);
        cast
    }

    /// Gives somebody an identity that is the same in every run.
    async fn introduce(&self, one: &Person) {
        let you = one.asks(StatusGet {}).await.you;
        self.normal.lock().unwrap().person(&you.id, &you.name);
    }

    /// Starts one more daemon. Everyone knows it, so that somebody hears its goodbye, which is said once.
    pub(crate) async fn enters(&self, name: &'static str) -> Person {
        let person = Person::start(name, "").await;
        self.introduce(&person).await;
        for one in [&self.bao, &self.chen, &self.dara, &self.emil, &self.anna] {
            one.finds(&person).await;
        }
        person
    }

    /// Returns a picture as it is in every run.
    pub(crate) fn normal(&self, snapshot: &Snapshot) -> Snapshot {
        serde_json::from_value(self.normal_json(snapshot)).unwrap()
    }

    /// Returns a value as it is in every run.
    pub(crate) fn normal_json(&self, value: &impl Serialize) -> Value {
        self.normal.lock().unwrap().json(value)
    }

    /// Brings everyone where the scenes from *Planning* on begin.
    pub(crate) async fn take_their_places(&self) {
        self.emil.meets("Retro", &["anna"]).await;
        self.anna.accepts("Retro").await;
        // Not by Anna: nobody can be invited often in a row by the same one.
        self.dara.meets("Planning", &["anna", "bao", "chen"]).await;
        for one in [&self.anna, &self.bao, &self.chen] {
            one.accepts("Planning").await;
        }
        self.chen.asks(AudioMute {}).await;
        self.chen.asks(PresenceAway {}).await;
        self.dara.asks(PresencePhone {}).await;
        self.anna.asks(AudioMute {}).await;
        let tray = self.anna.client("sotto-tray").await;
        soon(tray.call(AudioUnmute {})).await.unwrap();
        self.emil.meets("Design review", &["anna"]).await;
        self.anna.sees(|it| !it.invitations.is_empty()).await;
        self.emil.switches("Retro").await;
        self.anna.sees(in_place).await;
    }
}

/// Tells whether everyone is where the scenes from *Planning* on begin.
pub(crate) fn in_place(it: &Snapshot) -> bool {
    let planning = |name| line(it, "Planning", name);
    voice_travels(it)
        && it.talk.to == TalkTo::Everyone
        && it.meetings.len() == 2
        // They are told who is inside when that has not changed for a while.
        && it.invitations.iter().all(|one| one.inside.is_empty())
        && is(it, "Planning", "Anna", PresenceState::Online)
        && is(it, "Planning", "Bao", PresenceState::Online)
        && is(it, "Planning", "Chen", PresenceState::Away)
        && is(it, "Retro", "Emil", PresenceState::Online)
        && planning("Chen").is_some_and(|chen| chen.muted)
        && planning("Dara").is_some_and(|dara| !dara.presence.is_present())
}
