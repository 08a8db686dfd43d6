//! News from every side, handed to the mesh.

use std::time::Instant;

use sotto_control::model::{NoticeKind, Severity};
use sotto_control::server::ConnectionId;
use sotto_meeting::{DirectError, Input, PeerId, Session, Topic};
use sotto_net::NetworkEvent;

use super::publisher::Shown;
use super::{ControlInput, Hub, Later, notice};
use crate::desktop::{DesktopSignal, SessionState, SuspendGuard};
use crate::sound::voice::{self, VoiceEvent};

impl Hub {
    /// Hands something to the mesh and carries out what follows from it.
    pub(super) fn feed(&mut self, input: Input) {
        let now = self.clock.now();
        self.mesh.handle(input, now);
        self.carry_out();
    }

    pub(super) fn mesh_timeout(&mut self) {
        // Who was heard must be known before it is judged who has not been: after a stall of this task everybody would
        // look lost.
        self.take_voice_news();
        let now = self.clock.now();
        self.mesh.handle_timeout(now);
        self.carry_out();
    }

    pub(super) fn take_network_event(&mut self, event: NetworkEvent) {
        if self.neighbours.note(&event, Instant::now()) {
            self.changed(Shown::Status);
        }
        match event {
            NetworkEvent::Listening(addresses) => {
                self.feed(Input::ListenAddresses(addresses));
            }
            NetworkEvent::InterfacesChanged => tracing::debug!("network interfaces changed"),
            // Told by the status.
            NetworkEvent::Hearing(_) => {}
            // Told by whoever asks for it.
            NetworkEvent::Identified { .. } => {}
            NetworkEvent::Cloned { address } => {
                tracing::warn!(%address, "another daemon with this identity answers there");
                self.feed(Input::Cloned);
            }
            NetworkEvent::Discovered { peer, addresses } => {
                tracing::debug!(%peer, ?addresses, "discovered");
            }
            NetworkEvent::Expired { peer } => tracing::debug!(%peer, "announcement expired"),
            NetworkEvent::Connected { peer, address, .. } => {
                let peer = PeerId(peer.0);
                self.feed(Input::PeerConnected { peer, address });
            }
            NetworkEvent::Disconnected { peer } => {
                let peer = PeerId(peer.0);
                self.feed(Input::PeerDisconnected { peer });
            }
            NetworkEvent::Subscribed { peer, topic } => self.feed(Input::Subscribed {
                peer: PeerId(peer.0),
                topic: Topic::new(&topic),
            }),
            NetworkEvent::Unsubscribed { .. } => {}
            NetworkEvent::Gossip {
                topic,
                author,
                neighbour,
                data,
                receipt,
            } => {
                let (author, neighbour) = (PeerId(author.0), PeerId(neighbour.0));
                self.feed(Input::Gossip {
                    topic: Topic::new(&topic),
                    author,
                    neighbour,
                    data,
                    receipt,
                });
            }
            NetworkEvent::Request { from, id, data } => self.feed(Input::Request {
                from: PeerId(from.0),
                id,
                data,
            }),
            NetworkEvent::Response { id, from, result } => self.feed(Input::Response {
                id,
                from: PeerId(from.0),
                result: result.map_err(|error| match error {
                    sotto_net::DirectError::Timeout => DirectError::Timeout,
                    sotto_net::DirectError::Unreachable => DirectError::Unreachable,
                    _ => DirectError::Closed,
                }),
            }),
        }
    }

    pub(super) fn take_voice_news(&mut self) {
        let mut events = Vec::new();
        let for_rtkit = self.voice.take_news(|event| events.push(event));
        if !for_rtkit.is_empty() {
            let later = self.laters.sender.clone();
            tokio::spawn(async move {
                let granted = voice::raise(for_rtkit).await;
                let _ = later.send(Later::Raised(granted)).await;
            });
        }
        for event in events {
            match event {
                VoiceEvent::Heard(peer) => {
                    self.neighbours.heard(peer, Instant::now());
                    self.feed(Input::Heard { peer });
                }
                VoiceEvent::Whispered(peer) => self.feed(Input::Whispered { peer }),
                VoiceEvent::Spoke => self.feed(Input::Spoke),
                VoiceEvent::Levels => self.levels_changed(),
                VoiceEvent::Stats => self.sound.stats_changed = true,
                VoiceEvent::Clipped => {
                    let mut clipped = notice(
                        NoticeKind::Sound,
                        Severity::Warning,
                        "your microphone is too loud: it distorts",
                    );
                    clipped.hint = Some("turn its level down in the sound settings".to_owned());
                    self.tell_rarely(clipped);
                }
                VoiceEvent::TalkingMuted(talking) => self.talking_muted(talking),
                VoiceEvent::SameRoom(peer) => self.same_room(peer),
                VoiceEvent::Chirp(peer, outcome) => self.settle_chirps(Some((peer, outcome))),
            }
        }
    }

    pub(super) async fn take_control(&mut self, input: ControlInput) {
        match input {
            ControlInput::Opened(connection, outbox) => {
                self.clients.opened(connection, outbox);
            }
            ControlInput::Call(call) => self.answer(call).await,
            ControlInput::Closed(connection) => self.forget_client(connection),
        }
    }

    fn forget_client(&mut self, connection: ConnectionId) {
        self.clients.closed(connection);
        self.abandon_test(connection);
        self.abandon(connection);
    }

    /// Takes in what the desktop reports. The guard that it may return holds the machine awake.
    pub(super) fn take_desktop_signal(&mut self, signal: DesktopSignal) -> Option<SuspendGuard> {
        tracing::debug!(?signal, "desktop");
        match signal {
            DesktopSignal::Session(state) => self.feed(Input::Session(match state {
                SessionState::Active => Session::Active,
                SessionState::Idle => Session::Idle,
                SessionState::Locked => Session::Locked,
            })),
            DesktopSignal::ScreenSaver => self.feed(Input::ScreenSaver),
            DesktopSignal::PhoneCall { active } => self.feed(Input::SystemCall { active }),
            DesktopSignal::Suspend(guard) => {
                self.feed(Input::Suspend);
                return Some(guard);
            }
            DesktopSignal::Resume => self.feed(Input::Resume),
            DesktopSignal::LoggedOut => {
                tracing::info!("the user has logged out: offline until the next login");
                self.feed(Input::LoggedOut);
            }
            DesktopSignal::LoggedIn => {
                tracing::info!("the user has logged in");
                self.feed(Input::LoggedIn);
            }
        }
        None
    }

    pub(super) fn take_later(&mut self, later: Later) {
        match later {
            Later::Connected {
                peer,
                address,
                answer,
                waited,
            } => self.connected(peer, address, answer, waited),
            Later::DialledOn(dialling, place) => self.keep_dialling(*dialling, place),
            Later::Outlook(report, answer) => self.tell_outlook(*report, answer),
            Later::Raised(threads) => {
                for (thread, priority) in threads {
                    self.voice.set_priority(thread, priority);
                }
                self.changed(Shown::Status);
            }
            Later::Chosen(choice, answer) => self.choose_devices(*choice, answer),
            Later::Grouped(saved, answer) => self.groups_saved(*saved, answer),
            Later::Set(change, answer) => self.setting_changed(*change, answer),
            Later::TestProgress(test) => self.clients.send(&sotto_control::Event::Test { test }),
            Later::TestEnded => self.sound.testing = None,
        }
    }

    /// Does what is done once a second.
    pub(super) fn tick(&mut self) {
        if std::mem::take(&mut self.sound.stats_changed)
            && let Some(active) = self.mesh.active()
        {
            self.changed(Shown::Meeting(active));
        }
        self.expire_dnd();
        self.look_for_update_sometimes();
        self.retry_storing();
        self.settle_chirps(None);
    }
}
