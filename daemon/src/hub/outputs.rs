//! Carrying out what the mesh decided.

use std::time::Instant;

use sotto_control::model::NoticeKind;
use sotto_meeting::{Event, Output, Part, TalkTarget};
use sotto_voice::mix::Earcon;

use super::publisher::Shown;
use super::{Hub, joins, notices, refuse};

impl Hub {
    /// Carries out everything that the mesh wants done, in its order; only voice does not wait for the disk. A closed
    /// microphone must be closed now, and nothing that the state has to remember follows from it.
    ///
    /// Nothing in here asks the mesh for anything more: what a client is owed, or what the user's microphone needs next,
    /// is noted, and done by [`Self::settle`] at the end of the turn.
    pub(super) fn carry_out(&mut self) {
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
        for output in others {
            match output {
                Output::Store(state) => self.store(state),
                Output::StoreLater(state) => self.store_later(state),
                Output::Event(event) => self.take_mesh_event(&event),
                for_network => self.hand_over(for_network),
            }
        }
    }

    /// Hands `output` over to the network, unless it has to wait for the disk.
    fn hand_over(&mut self, output: Output) {
        let now = Instant::now();
        self.neighbours.judged(&output, now);
        if let Some(output) = self.storekeeper.pass(output, now) {
            self.link.take(output);
        }
    }

    /// Hands what waits to the network.
    pub(super) async fn flush(&mut self) {
        if self.link.flush().await.is_err() {
            tracing::error!("the network has stopped");
            self.stopping
                .get_or_insert_with(|| "the network failed".into());
        }
    }

    /// Takes a warning back that no longer holds.
    pub(super) fn forget_warning(&mut self, kind: NoticeKind) {
        if self.run.warnings.forget(kind) {
            self.changed(Shown::Status);
        }
    }

    fn take_mesh_event(&mut self, event: &Event) {
        match event {
            Event::Changed(part) => {
                self.part_changed(*part);
                return;
            }
            Event::Joined { meeting } => {
                self.joins.joined(*meeting);
                self.not_hearing.clear();
                self.forget_warning(NoticeKind::NotRejoined);
            }
            Event::ClockOff { .. } | Event::OwnClockOff { .. } | Event::NotRejoined { .. } => {
                // It may happen before anybody listens, so it stays in view.
                if let Some(told) = notices::of_event(event, &self.mesh) {
                    self.run.warnings.add(told);
                    self.changed(Shown::Status);
                }
            }
            Event::ClocksRight => self.forget_warning(NoticeKind::Clock),
            Event::JoinFailed {
                meeting,
                title,
                failure,
            } => {
                if let Some(told) = notices::of_event(event, &self.mesh) {
                    let error = refuse::join_failure(title, *failure);
                    self.joins.failed(*meeting, error, told);
                }
                return;
            }
            Event::ReceiverDeafened { peer, .. } => {
                if !self.not_hearing.contains(peer) {
                    self.not_hearing.push(*peer);
                }
                self.changed(Shown::Talk);
                self.changed(Shown::Status);
            }
            Event::Rejoined { .. } | Event::Restored { .. } => {
                self.clients.set_joined_by("sottod");
                // It happens before anybody can listen, so it stays in view until the user opens the microphone.
                if let Some(told) = notices::of_event(event, &self.mesh) {
                    self.run.warnings.replace(told);
                    self.changed(Shown::Status);
                }
            }
            Event::Cloned => {
                self.run.warnings.replace(notices::cloned());
                self.changed(Shown::Status);
            }
            Event::PressLong | Event::PressTooLong | Event::PressLost => {
                self.voice.earcon(Earcon::Reminder);
            }
            Event::Presence {
                was,
                is,
                meeting,
                peer,
                ..
            } if self.mesh.active() == Some(*meeting) && *peer != self.mesh.me() => {
                self.sign_presence(*meeting, *was, *is);
            }
            _ => {}
        }
        if let Some(told) = notices::of_event(event, &self.mesh) {
            self.tell(told);
        }
    }

    fn part_changed(&mut self, part: Part) {
        for shown in Shown::of(part) {
            self.changed(shown);
        }
        if let Part::Peer(peer) = part {
            let runs = self.mesh.runs_sotto(peer, self.clock.now());
            if self.neighbours.set_running(peer, runs) {
                self.changed(Shown::Status);
            }
        }
        if part == Part::Talk {
            let talk = self.mesh.voice(self.clock.now());
            if !matches!(talk.target, TalkTarget::Whisper { .. }) {
                self.not_hearing.clear();
            }
            self.review_muted(&talk);
        }
    }

    /// Does what is to be done next, until nothing is: the end of every turn.
    pub(super) fn settle(&mut self) {
        while let Some(step) = self.joins.next(self.clock.monotonic()) {
            self.take_join_step(step);
        }
    }

    fn take_join_step(&mut self, step: joins::Step) {
        match step {
            joins::Step::Joined(waiting) => {
                let reply = self.joined_reply(waiting.meeting, &waiting.client, waiting.from);
                waiting.answer.send(reply);
            }
            joins::Step::Failed(waiting, error) => {
                if waiting.closed_the_microphone {
                    self.reopen_microphone(&waiting.client);
                }
                waiting.answer.send(Err::<sotto_control::Reply, _>(error));
            }
            joins::Step::Late(waiting) => waiting
                .answer
                .send(Err::<sotto_control::Reply, _>(joins::late())),
            joins::Step::Tell(notice) => self.tell(*notice),
        }
    }
}
