//! A pretended daemon: the control API over a real socket, with a meeting that is always the same.
//!
//! It answers as a daemon would, as far as a client can tell: names resolve by prefix, what a request changes comes as
//! an event, somebody absent is refused.
// A module of several programs, each of which uses its own part, and all of which may fail loudly.
#![allow(dead_code, unreachable_pub, unused_imports, clippy::unwrap_used)]

#[cfg(test)]
pub mod home;
mod scene;

pub use scene::{incoming_whisper, person, scene};

use scene::{devices, not_joined};
use sotto_control::model::{
    Device, DeviceChoice, Invitation, Latency, Meeting, MicrophoneTest, NobodyBecause,
    OfflineReason, Participant, Person, Presence, Snapshot, Status, Talk, TalkTo, TestVerdict, Way,
    WhisperMode,
};
use sotto_control::server::{Call, InstanceLock, Listener, Outbox, ServerConnection};
use sotto_control::{
    AbsentPerson, AudioReply, AudioUse, ConnectReply, ControlError, DeviceRole, Done, ErrorCode,
    Event, InvitationsReply, InviteReply, MeetingRefReply, MeetingReply, MeetingsReply, PeersReply,
    Places, PresenceReply, Reply, Request, SilenceReply, TalkReply, VolumeReply, WithdrawReply,
};
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// What the pretended daemon knows.
pub struct Known {
    pub snapshot: Snapshot,
    /// Every request, in order.
    pub requests: Vec<Request>,
    outboxes: Vec<Outbox>,
    /// The talk that a held whisper interrupted.
    before_hold: Option<Talk>,
    stop: Arc<tokio::sync::Notify>,
}

/// A pretended daemon, until it is dropped.
pub struct Pretended {
    pub known: Arc<Mutex<Known>>,
    task: JoinHandle<()>,
}

impl Pretended {
    /// Starts it with its files in `home`.
    pub fn start(home: &FilePath) -> Self {
        let places = Places::within(home);
        let lock = InstanceLock::acquire(&places).unwrap();
        let listener = Listener::bind(&places, lock).unwrap();
        let stop = Arc::new(tokio::sync::Notify::new());
        let known = Arc::new(Mutex::new(Known {
            snapshot: scene(),
            requests: Vec::new(),
            outboxes: Vec::new(),
            before_hold: None,
            stop: Arc::clone(&stop),
        }));
        let shared = Arc::clone(&known);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    connection = listener.accept() => {
                        connections.spawn(serve(connection, Arc::clone(&shared)));
                    }
                    () = stop.notified() => return,
                }
            }
        });
        Self { known, task }
    }

    /// Changes what is known and tells every subscriber.
    pub fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut known = self.known.lock().unwrap();
        change(&mut known.snapshot);
        known.tell();
    }

    /// Ends a held whisper as if whoever holds it had shown no life.
    pub fn loses_the_hold(&self) {
        let mut known = self.known.lock().unwrap();
        known.abandon();
        known.tell();
    }

    /// Sends an event as it is.
    pub fn send(&self, event: &Event) {
        let known = self.known.lock().unwrap();
        known.outboxes.iter().for_each(|outbox| outbox.event(event));
    }

    /// The last request.
    pub fn last(&self) -> Request {
        self.known.lock().unwrap().requests.last().unwrap().clone()
    }

    /// Waits until it has been told to quit.
    pub async fn ended(&mut self) {
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Pretended {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut connection: ServerConnection, known: Arc<Mutex<Known>>) {
    while let Some(call) = connection.next().await {
        let Call {
            request, answer, ..
        } = call;
        let mut known = known.lock().unwrap();
        known.requests.push(request.clone());
        if let Request::EventsSubscribe(params) = request {
            answer.subscribe(params, known.snapshot.clone());
            known.outboxes.push(connection.outbox());
            continue;
        }
        let result = known.carry_out(request);
        answer.send(result);
        known.tell();
    }
    let mut known = known.lock().unwrap();
    known.abandon();
    known.tell();
}

impl Known {
    fn tell(&mut self) {
        self.outboxes.retain(|outbox| !outbox.is_closed());
        let Snapshot {
            status,
            peers,
            meetings,
            invitations,
            talk,
        } = self.snapshot.clone();
        for event in [
            Event::Status {
                status: Box::new(status),
            },
            Event::Peers { peers },
            Event::Meetings { meetings },
            Event::Invitations { invitations },
            Event::Talk { talk },
        ] {
            self.outboxes.iter().for_each(|outbox| outbox.event(&event));
        }
    }

    fn carry_out(&mut self, request: Request) -> Result<Reply, ControlError> {
        Ok(match request {
            Request::Version(_) | Request::EventsSubscribe(_) => unreachable!("answered before"),
            Request::StatusGet(_) => self.snapshot.status.clone().into(),
            Request::PeersList(_) => PeersReply {
                peers: self.snapshot.peers.clone(),
            }
            .into(),
            Request::MeetingCreate(params) => {
                let mut names = params.names.clone();
                if let Some(from) = &params.from {
                    let meeting = self.meeting(Some(from))?;
                    let others = meeting.participants.iter().filter(|one| !one.you);
                    names.extend(others.map(|one| one.person.label.clone()));
                }
                names.retain(|name| !params.without.contains(&name.to_lowercase()));
                let invited = self.people(&names)?;
                let meeting = self.create(&params.title, &invited);
                InviteReply { meeting, invited }.into()
            }
            Request::MeetingInvite(params) => {
                let invited = self.people(&params.names)?;
                let mut meeting = self.meeting(params.meeting.as_deref())?;
                meeting.participants.extend(invited.iter().map(not_joined));
                InviteReply { meeting, invited }.into()
            }
            Request::MeetingWithdraw(params) => WithdrawReply {
                meeting: self.meeting(params.meeting.as_deref())?.to_ref(),
                withdrawn: self.people(&params.names)?,
            }
            .into(),
            Request::MeetingJoin(params) => {
                let invitation = self.invitation(params.meeting.as_deref())?;
                self.snapshot
                    .invitations
                    .retain(|it| it.meeting.id != invitation.meeting.id);
                let meeting = self.create(&invitation.meeting.title, &[]);
                MeetingReply { meeting }.into()
            }
            Request::MeetingDecline(params) => {
                let invitation = self.invitation(params.meeting.as_deref())?;
                self.snapshot
                    .invitations
                    .retain(|it| it.meeting.id != invitation.meeting.id);
                MeetingRefReply {
                    meeting: invitation.meeting,
                }
                .into()
            }
            Request::MeetingLeave(params) => {
                let meeting = self.meeting(params.meeting.as_deref())?.to_ref();
                self.activate(None);
                MeetingRefReply { meeting }.into()
            }
            Request::MeetingSwitch(params) => {
                let id = self.meeting(Some(&params.meeting))?.id;
                self.activate(Some(&id));
                MeetingReply {
                    meeting: self.meeting(Some(&params.meeting))?,
                }
                .into()
            }
            Request::MeetingList(_) => MeetingsReply {
                meetings: self.snapshot.meetings.clone(),
            }
            .into(),
            Request::MeetingRoster(params) => MeetingReply {
                meeting: self.meeting(params.meeting.as_deref())?,
            }
            .into(),
            Request::InvitationsList(_) => InvitationsReply {
                invitations: self.snapshot.invitations.clone(),
            }
            .into(),
            Request::TalkWhisper(params) => {
                let to = self.people(&params.names)?;
                self.absent(&to)?;
                self.whisper(to, params.mode)
            }
            Request::TalkRenew(_) => match self.before_hold {
                Some(_) => Done {}.into(),
                None => {
                    return Err(ControlError::new(ErrorCode::Refused, "you hold no whisper"));
                }
            },
            Request::TalkAbandon(_) => {
                self.abandon();
                self.talk()
            }
            Request::TalkReplyTo(params) => {
                let to = self.snapshot.talk.reply_to.clone();
                if to.is_empty() {
                    return Err(ControlError::new(
                        ErrorCode::Refused,
                        "nobody has whispered to you",
                    ));
                }
                self.whisper(to, params.mode)
            }
            Request::TalkRelease(_) => {
                self.release();
                self.talk()
            }
            Request::TalkEveryone(_) => {
                self.snapshot.talk.to = TalkTo::Everyone;
                self.talk()
            }
            Request::AudioMute(_) => self.audio(|status| status.muted = true),
            Request::AudioUnmute(_) => self.audio(|status| status.muted = false),
            Request::AudioDeafen(_) => self.audio(|status| status.deafened = true),
            Request::AudioUndeafen(_) => self.audio(|status| status.deafened = false),
            Request::AudioVolume(params) => VolumeReply {
                person: self.people(&[params.name])?.remove(0),
                percent: params.percent,
            }
            .into(),
            Request::AudioLatency(params) => Latency {
                person: self.people(&[params.name])?.remove(0),
                to: params.chirp.then_some(Way {
                    total_ms: 41.0,
                    chirp_ms: Some(40.6),
                    ..Way::default()
                }),
                from: Some(Way {
                    frame_ms: 10.0,
                    codec_ms: 6.5,
                    network_ms: 0.4,
                    jitter_buffer_ms: 14.6,
                    playback_ms: 8.5,
                    total_ms: 40.0,
                    ..Way::default()
                }),
            }
            .into(),
            Request::AudioDevices(_) => devices(&self.snapshot.status.sound).into(),
            Request::AudioUse(params) => self.choose(&params)?.into(),
            Request::AudioTest(params) => MicrophoneTest {
                input: "USB Headset".into(),
                output: (!params.quiet).then(|| "USB Headset".into()),
                recorded_ms: params.listen_ms.unwrap_or(0),
                peak_dbfs: -12.0,
                speech_dbfs: -22.0,
                noise_dbfs: -66.0,
                verdict: TestVerdict::Good,
                ..MicrophoneTest::default()
            }
            .into(),
            Request::AudioSilence(params) => SilenceReply {
                person: self.people(&[params.name])?.remove(0),
                silenced: true,
            }
            .into(),
            Request::AudioUnsilence(params) => SilenceReply {
                person: self.people(&[params.name])?.remove(0),
                silenced: false,
            }
            .into(),
            Request::PresenceAway(_) => self.presence(Presence::away()),
            Request::PresenceBack(_) => self.presence(Presence::online()),
            Request::PresencePhone(_) => self.presence(Presence::offline(OfflineReason::Phone)),
            Request::NetworkConnect(params) => {
                if params.address.ends_with(":9") {
                    return Err(ControlError::new(
                        ErrorCode::Timeout,
                        format!("{} does not answer", params.address),
                    ));
                }
                ConnectReply {
                    address: params.address,
                    person: params.wait_ms.map(|_| person("Emil")),
                }
                .into()
            }
            Request::DaemonQuit(_) => {
                self.stop.notify_one();
                Done {}.into()
            }
        })
    }

    fn choose(&self, params: &AudioUse) -> Result<DeviceChoice, ControlError> {
        let devices = devices(&self.snapshot.status.sound);
        let find = |list: &[Device]| {
            let wanted = params.device.to_lowercase();
            list.iter()
                .find(|it| it.name.to_lowercase().starts_with(&wanted))
                .cloned()
        };
        let (input, output) = (find(&devices.inputs), find(&devices.outputs));
        if (&input, &output) == (&None, &None) {
            return Err(ControlError::new(
                ErrorCode::NotFound,
                format!("there is no device \"{}\"", params.device),
            ));
        }
        Ok(DeviceChoice {
            input: input.filter(|_| params.only != Some(DeviceRole::Output)),
            output: output.filter(|_| params.only != Some(DeviceRole::Input)),
            not_saved: None,
        })
    }

    fn people(&self, names: &[String]) -> Result<Vec<Person>, ControlError> {
        names.iter().map(|name| self.find(name)).collect()
    }

    fn find(&self, name: &str) -> Result<Person, ControlError> {
        let everyone = self.snapshot.peers.iter().map(|peer| &peer.person);
        let wanted = name.to_lowercase();
        if let Some(exact) = everyone
            .clone()
            .find(|it| it.id == name || it.label.to_lowercase() == wanted)
        {
            return Ok(exact.clone());
        }
        let fitting: Vec<&Person> = everyone
            .filter(|it| it.label.to_lowercase().starts_with(&wanted))
            .collect();
        match fitting.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(ControlError::new(
                ErrorCode::NotFound,
                format!("there is no colleague \"{name}\""),
            )
            .with_hint("'sotto peers' lists them")),
            several => Err(ControlError::new(
                ErrorCode::Ambiguous,
                format!("\"{name}\" fits {} colleagues", several.len()),
            )
            .with_candidates(several.iter().map(|it| it.label.clone()).collect())),
        }
    }

    fn absent(&self, people: &[Person]) -> Result<(), ControlError> {
        let Some(active) = self.snapshot.active() else {
            return Err(ControlError::new(
                ErrorCode::NotInMeeting,
                "you are in no meeting",
            ));
        };
        for person in people {
            let presence = active
                .participants
                .iter()
                .find(|one| one.person == *person)
                .map_or(Presence::offline(OfflineReason::NotJoined), |one| {
                    one.presence
                });
            if !presence.is_present() {
                return Err(ControlError::new(
                    ErrorCode::Absent,
                    format!("{} is not present", person.label),
                )
                .with_absent(vec![AbsentPerson {
                    person: person.clone(),
                    presence,
                }]));
            }
        }
        Ok(())
    }

    fn meeting(&self, title: Option<&str>) -> Result<Meeting, ControlError> {
        let found = match title {
            None => self.snapshot.active(),
            Some(title) => self.snapshot.meetings.iter().find(|it| {
                it.id == title || it.title.to_lowercase().starts_with(&title.to_lowercase())
            }),
        };
        found.cloned().ok_or_else(|| match title {
            None => ControlError::new(ErrorCode::NotInMeeting, "you are in no meeting"),
            Some(title) => {
                ControlError::new(ErrorCode::NotFound, format!("no meeting \"{title}\""))
            }
        })
    }

    fn invitation(&self, title: Option<&str>) -> Result<Invitation, ControlError> {
        let mut invitations = self.snapshot.invitations.iter();
        let wanted = title.unwrap_or_default().to_lowercase();
        invitations
            .find(|it| {
                it.meeting.id == wanted || it.meeting.title.to_lowercase().starts_with(&wanted)
            })
            .cloned()
            .ok_or_else(|| ControlError::new(ErrorCode::NotFound, "there is no invitation"))
    }

    fn create(&mut self, title: &str, invited: &[Person]) -> Meeting {
        let id = format!("{:032x}", title.len());
        let mut participants = vec![Participant {
            person: person("Anna"),
            you: true,
            presence: Presence::online(),
            volume_percent: 100,
            ..Participant::default()
        }];
        participants.extend(invited.iter().map(not_joined));
        self.snapshot.meetings.push(Meeting {
            id: id.clone(),
            title: title.into(),
            participants,
            ..Meeting::default()
        });
        self.activate(Some(&id));
        self.snapshot.active().cloned().unwrap()
    }

    fn activate(&mut self, id: Option<&str>) {
        let elsewhere = match id {
            Some(_) => OfflineReason::Elsewhere,
            None => OfflineReason::Left,
        };
        for meeting in &mut self.snapshot.meetings {
            if meeting.active {
                meeting.presence = Presence::offline(elsewhere);
            }
            meeting.active = id == Some(meeting.id.as_str());
            if meeting.active {
                meeting.presence = Presence::online();
            }
            for one in &mut meeting.participants {
                if one.you {
                    one.presence = meeting.presence;
                }
            }
        }
        let active = self.snapshot.active().map(Meeting::to_ref);
        self.snapshot.status.presence = active.as_ref().map(|_| Presence::online());
        self.snapshot.status.meeting = active;
    }

    fn whisper(&mut self, to: Vec<Person>, mode: WhisperMode) -> Reply {
        if mode == WhisperMode::Hold {
            self.before_hold = Some(self.snapshot.talk.clone());
        }
        let muted = self.snapshot.status.muted;
        self.snapshot.talk.microphone_open = mode == WhisperMode::Hold || !muted;
        self.snapshot.talk.to = TalkTo::Whisper { to, mode };
        self.talk()
    }

    /// What a daemon does some seconds after whoever holds a whisper has shown life for the last time.
    fn abandon(&mut self) {
        if self.before_hold.take().is_some() {
            self.snapshot.talk.to = TalkTo::Nobody;
            self.snapshot.talk.nobody_because = Some(NobodyBecause::HoldLost);
        }
    }

    /// Whether a whisper is held.
    pub fn is_held(&self) -> bool {
        self.before_hold.is_some()
    }

    fn release(&mut self) {
        if let Some(talk) = self.before_hold.take() {
            self.snapshot.talk = talk;
        }
    }

    fn talk(&self) -> Reply {
        TalkReply {
            talk: self.snapshot.talk.clone(),
        }
        .into()
    }

    fn audio(&mut self, change: impl FnOnce(&mut Status)) -> Reply {
        let status = &mut self.snapshot.status;
        change(status);
        let (muted, deafened) = (status.muted || status.deafened, status.deafened);
        self.snapshot.talk.microphone_open = !muted;
        for meeting in &mut self.snapshot.meetings {
            for one in meeting.participants.iter_mut().filter(|one| one.you) {
                (one.muted, one.deafened) = (muted, deafened);
            }
        }
        AudioReply { muted, deafened }.into()
    }

    fn presence(&mut self, presence: Presence) -> Reply {
        self.snapshot.status.presence = Some(presence);
        for meeting in self.snapshot.meetings.iter_mut().filter(|it| it.active) {
            meeting.presence = presence;
            for one in meeting.participants.iter_mut().filter(|one| one.you) {
                one.presence = presence;
            }
        }
        PresenceReply {
            presence: Some(presence),
            meeting: self.snapshot.status.meeting.clone(),
            muted: self.snapshot.status.muted,
        }
        .into()
    }
}
