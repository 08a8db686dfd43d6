//! Carrying out what the mesh decided, and telling those who watch.

use std::time::Instant;

use sotto_control::Event as ControlEvent;
use sotto_control::model::{Level, Levels, Notice, NoticeKind, Severity};
use sotto_meeting::{Event, Output, Part, TalkTarget, Verdict};
use sotto_net::{NetworkCommand, NodeId};
use sotto_voice::mix::Earcon;

use super::{Hub, LEVELS_EVERY, PUBLISH_AFTER, Shown, notice, notices, refuse};
use crate::files;

/// Commands that may wait for the network; more means that it hangs, and gossip is dropped.
const WAITING_COMMANDS: usize = 8192;

impl Hub {
    /// Carries out everything that the mesh wants done, in its order; only voice does not wait for the disk. A closed
    /// microphone must be closed now, and nothing that the state has to remember follows from it.
    pub(super) fn carry_out(&mut self) {
        loop {
            let mut others = Vec::new();
            while let Some(output) = self.mesh.poll_output() {
                match output {
                    Output::Voice(change) => {
                        tracing::debug!(?change, "voice");
                        self.voice.apply(change);
                    }
                    other => others.push(other),
                }
            }
            if !others.is_empty() {
                self.carry_out_all(others);
                continue;
            }
            // A command of its own, so only when nothing older waits to be carried out after it.
            match self.reopen_for.pop() {
                Some(client) => self.reopen_microphone(&client),
                None => return,
            }
        }
    }

    fn carry_out_all(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Subscribe(topic) => {
                    self.send(NetworkCommand::Subscribe(topic.as_str().to_owned()));
                }
                Output::Unsubscribe(topic) => {
                    self.send(NetworkCommand::Unsubscribe(topic.as_str().to_owned()));
                }
                Output::Publish { topic, data } => self.send(NetworkCommand::Publish {
                    topic: topic.as_str().to_owned(),
                    data,
                }),
                Output::Verdict { receipt, verdict } => self.send(NetworkCommand::Verdict {
                    receipt,
                    verdict: match verdict {
                        Verdict::Accept => sotto_net::Verdict::Accept,
                        Verdict::Ignore => sotto_net::Verdict::Ignore,
                        Verdict::Reject => sotto_net::Verdict::Reject,
                    },
                }),
                Output::Request { to, id, data } => self.send(NetworkCommand::Request {
                    to: NodeId(to.0),
                    id,
                    data,
                }),
                Output::Respond { id, data } => self.send(NetworkCommand::Respond { id, data }),
                Output::Connect { peer, addresses } => self.send(NetworkCommand::Connect {
                    peer: NodeId(peer.0),
                    addresses,
                }),
                Output::Release { peer } => self.send(NetworkCommand::Release {
                    peer: NodeId(peer.0),
                }),
                Output::Store(bytes) => self.store(&bytes),
                Output::Voice(change) => self.voice.apply(change),
                Output::Event(event) => self.take_mesh_event(&event),
            }
        }
    }

    fn send(&mut self, command: NetworkCommand) {
        // Order matters, so nothing overtakes what could not be handed over yet.
        if self.network_commands.len() < WAITING_COMMANDS {
            self.network_commands.push_back(command);
        } else {
            tracing::error!("the network does not take commands; dropped one");
        }
    }

    /// Hands what waits to the network.
    pub(super) async fn flush(&mut self) {
        while let Some(command) = self.network_commands.pop_front() {
            if self.network.send(command).await.is_err() {
                tracing::error!("the network has stopped");
                self.stopping
                    .get_or_insert_with(|| "the network failed".into());
                self.network_commands.clear();
            }
        }
    }

    /// Writes the state. It is small and must be durable before what follows from it leaves the machine, so this is
    /// the one place where the hub waits for the disk. The network goes on meanwhile, in another thread.
    fn store(&mut self, bytes: &[u8]) {
        let Some(state_file) = &self.state_file else {
            return;
        };
        match tokio::task::block_in_place(|| files::write_atomically(state_file, bytes)) {
            Ok(()) => {
                if std::mem::take(&mut self.store_failed) {
                    self.warnings
                        .retain(|warning| warning.kind != NoticeKind::StateDamaged);
                    self.changed(Shown::Status);
                }
            }
            Err(error) if !self.store_failed => {
                self.store_failed = true;
                tracing::error!(%error, "meetings are not saved");
                let text = format!("your meetings are not saved: {error}");
                let warning = notice(NoticeKind::StateDamaged, Severity::Error, text);
                self.warnings.push(warning.clone());
                self.tell(warning);
                self.changed(Shown::Status);
            }
            Err(_) => {}
        }
    }

    /// Takes a warning back that no longer holds.
    pub(super) fn forget_warning(&mut self, kind: NoticeKind) {
        let before = self.warnings.len();
        self.warnings.retain(|warning| warning.kind != kind);
        if self.warnings.len() != before {
            self.changed(Shown::Status);
        }
    }

    fn take_mesh_event(&mut self, event: &Event) {
        match event {
            Event::Changed(part) => {
                match part {
                    Part::Me => self.changed(Shown::Status),
                    Part::Peers => self.changed(Shown::Peers),
                    Part::Meeting(_) => self.changed(Shown::Meetings),
                    Part::Active => {
                        self.changed(Shown::Meetings);
                        self.changed(Shown::Talk);
                    }
                    Part::Invitations => self.changed(Shown::Invitations),
                    Part::Joining => {}
                    Part::Talk => self.changed(Shown::Talk),
                }
                // The status sums all of them up.
                self.changed(Shown::Status);
                return;
            }
            Event::Joined { meeting } => {
                self.join_outcomes.push((*meeting, None));
                self.not_hearing.clear();
                self.settle_joins();
                self.join_outcomes.clear();
            }
            Event::JoinFailed {
                meeting,
                title,
                failure,
            } => {
                let error = refuse::join_failure(title, *failure);
                let awaited = self.joins.iter().any(|waiting| waiting.meeting == *meeting);
                self.join_outcomes.push((*meeting, Some(error)));
                self.settle_joins();
                self.join_outcomes.clear();
                // Whoever waits has been answered; a notice on top would say it twice.
                if awaited {
                    return;
                }
            }
            Event::ReceiverDeafened { peer, .. } => {
                if !self.not_hearing.contains(peer) {
                    self.not_hearing.push(*peer);
                }
                self.changed(Shown::Talk);
            }
            Event::Rejoined { .. } | Event::Restored { .. } => {
                self.joined_by = Some("sottod".to_owned());
                // It happens before anybody can listen, so it stays in view until the user opens the microphone.
                if let Some(told) = notices::of_event(event, &self.view()) {
                    self.forget_warning(NoticeKind::Rejoined);
                    self.warnings.push(told);
                    self.changed(Shown::Status);
                }
            }
            Event::Cloned => {
                let warning = notices::cloned();
                self.warnings.retain(|known| known.kind != warning.kind);
                self.warnings.push(warning);
                self.changed(Shown::Status);
            }
            Event::Presence {
                was,
                is,
                meeting,
                peer,
                ..
            } => {
                let active = self.view().active == Some(*meeting);
                if active && *peer != self.mesh.me() && was.is_present() != is.is_present() {
                    self.voice.earcon(match is.is_present() {
                        true => Earcon::Joined,
                        false => Earcon::Left,
                    });
                }
            }
            _ => {}
        }
        if let Some(told) = notices::of_event(event, &self.view()) {
            self.tell(told);
        }
    }

    /// Notes that clients show something that is no longer so.
    pub(super) fn changed(&mut self, part: Shown) {
        self.dirty.insert(part);
        self.publish_at
            .get_or_insert_with(|| Instant::now() + PUBLISH_AFTER);
    }

    /// Notes that somebody speaks, stops, or is louder than before.
    pub(super) fn levels_changed(&mut self) {
        if self
            .subscribers
            .values()
            .any(sotto_control::server::Outbox::wants_levels)
        {
            let due = (self.levels_told + LEVELS_EVERY).max(Instant::now());
            self.levels_at.get_or_insert(due);
        }
    }

    /// Publishes what is due.
    pub(super) fn publish_due(&mut self) {
        let now = Instant::now();
        if self.publish_at.is_some_and(|due| due <= now) {
            self.publish();
        }
        if self.levels_at.is_some_and(|due| due <= now) {
            self.levels_at = None;
            self.levels_told = now;
            self.publish_levels();
        }
    }

    /// Tells every subscriber what has changed, and then what is to be said about it.
    pub(super) fn publish(&mut self) {
        self.publish_at = None;
        self.published = Instant::now();
        self.publish_parts();
        for notice in std::mem::take(&mut self.notices) {
            self.send_event(&ControlEvent::Notice { notice });
        }
    }

    fn publish_parts(&mut self) {
        let parts = std::mem::take(&mut self.dirty);
        if parts.is_empty() {
            return;
        }
        let view = self.view();
        if !matches!(view.talk.target, TalkTarget::Whisper { .. }) {
            self.not_hearing.clear();
        }
        if parts.contains(&Shown::Status) {
            self.tell_service_manager(&view);
        }
        if self.subscribers.is_empty() {
            return;
        }
        let presenter = self.presenter(&view);
        let events: Vec<ControlEvent> = parts
            .into_iter()
            .map(|part| match part {
                Shown::Status => ControlEvent::Status {
                    status: Box::new(self.status(&view)),
                },
                Shown::Peers => ControlEvent::Peers {
                    peers: presenter.peers(),
                },
                Shown::Meetings => ControlEvent::Meetings {
                    meetings: presenter.meetings(),
                },
                Shown::Invitations => ControlEvent::Invitations {
                    invitations: presenter.invitations(),
                },
                Shown::Talk => ControlEvent::Talk {
                    talk: self.talk(&view),
                },
            })
            .collect();
        for event in &events {
            self.send_event(event);
        }
    }

    fn publish_levels(&self) {
        let (voiced, own) = self.voice.voiced();
        let speakers = voiced
            .iter()
            .filter(|(_, voiced)| voiced.speaking)
            .filter_map(|(peer, voiced)| {
                Some(Level {
                    id: peer.to_string(),
                    level_dbfs: voiced.level_dbfs?,
                    whisper: voiced.whisper,
                })
            })
            .collect();
        self.send_event(&ControlEvent::Levels {
            levels: Levels {
                microphone_dbfs: own.level_dbfs,
                you_speak: own.speaking,
                speakers,
            },
        });
    }

    /// Tells every subscriber something, after what it is about: at once, unless something was published a moment ago.
    /// Thirty colleagues that join together are thirty notices, but not thirty rosters of thirty.
    pub(super) fn tell(&mut self, notice: Notice) {
        // Names and titles stay out of the ordinary log.
        tracing::info!(kind = ?notice.kind, "notice");
        tracing::debug!("{}", notice.text);
        self.notices.push(notice);
        if self.published.elapsed() >= PUBLISH_AFTER {
            self.publish();
        } else {
            self.publish_at
                .get_or_insert(self.published + PUBLISH_AFTER);
        }
    }

    /// Tells something that would be a nuisance if it were told each time: once a minute at most.
    pub(super) fn tell_rarely(&mut self, notice: Notice) {
        const RARELY: u64 = 60;
        let time = notice.time;
        if self.told_rarely.is_none_or(|last| time >= last + RARELY) {
            self.told_rarely = Some(time);
            self.tell(notice);
        }
    }

    pub(super) fn send_event(&self, event: &ControlEvent) {
        for outbox in self.subscribers.values() {
            outbox.event(event);
        }
    }
}
