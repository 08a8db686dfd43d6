//! Devices: listing, choosing and testing them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sotto_audio::DeviceState;
use sotto_control::model::{NoticeKind, Severity};
use sotto_control::server::{Answer, ConnectionId};
use sotto_control::{
    AudioTest, AudioUse, ControlError, ErrorCode, Reply, SilenceReply, USUAL_TEST,
};
use sotto_meeting::PeerId;

use super::super::publisher::Shown;
use super::super::{Hub, Later, notices, present};
use super::Answered;
use crate::sound::device_test::DeviceTest;
use crate::sound::devices::{self, Choice};

impl Hub {
    pub(super) fn list_devices(&self, answer: Answer) {
        let shown = self.voice.sound();
        let backend = self.voice.devices().0.capture.backend;
        // Asking the sound system takes up to seconds.
        tokio::task::spawn_blocking(move || {
            answer.send(Ok(devices::devices(shown, backend)));
        });
    }

    /// Looks for the devices that a client wants to use; the answer comes when they are used.
    pub(super) fn find_devices(&self, params: AudioUse, client: &str, answer: Answer) {
        let backend = self.voice.devices().0.capture.backend;
        let config = Arc::clone(self.run.config_file());
        let later = self.laters.sender.clone();
        let client = client.to_owned();
        // Asking the sound system takes up to seconds, and writing the configuration waits for the disk.
        tokio::task::spawn_blocking(move || {
            match Choice::find(&params, backend, &config, &client) {
                Ok(choice) => {
                    let _ = later.blocking_send(Later::Chosen(Box::new(choice), answer));
                }
                Err(error) => answer.send(Err::<Reply, _>(error)),
            }
        });
    }

    /// Uses what was found, and answers.
    pub(in crate::hub) fn choose_devices(&mut self, choice: Choice, answer: Answer) {
        self.voice
            .choose_devices(choice.microphone, choice.loudspeaker);
        for (what, device) in [
            ("microphone", &choice.reply.input),
            ("loudspeaker", &choice.reply.output),
        ] {
            if let Some(device) = device {
                let text = format!("the {what} is \"{}\" from now on", device.name);
                let mut notice = notices::notice(NoticeKind::Sound, Severity::Info, text);
                notice.client = Some(choice.client.clone());
                self.tell(notice);
            }
        }
        self.changed(Shown::Status);
        answer.send(Ok(choice.reply));
    }

    /// Refuses a test of the microphone that others would hear, or a second one at a time.
    pub(super) fn may_test(&self) -> Result<(), ControlError> {
        if self.sound.testing.is_some() {
            return Err(ControlError::new(
                ErrorCode::Busy,
                "the devices are being tested already",
            ));
        }
        if self.is_open_to_others() {
            return Err(ControlError::new(
                ErrorCode::Refused,
                "everyone in the meeting would hear the test",
            )
            .with_hint("mute yourself first, with 'sotto mute'"));
        }
        Ok(())
    }

    /// Tests the devices; the answer comes when that is done.
    pub(super) fn test_devices(
        &mut self,
        params: &AudioTest,
        (client, connection): (&str, ConnectionId),
        answer: Answer,
    ) {
        let (devices, ..) = self.voice.devices();
        let test = DeviceTest {
            devices: devices.clone(),
            listen: params.listen_ms.map_or(USUAL_TEST, Duration::from_millis),
            quiet: params.quiet,
            echo: params.echo.then(|| self.voice.bitrate()),
            abandoned: Arc::default(),
        };
        self.sound.testing = Some((connection, Arc::clone(&test.abandoned)));
        let mut notice = notices::notice(
            NoticeKind::Sound,
            Severity::Info,
            "your microphone is being tested; nobody else hears it",
        );
        notice.client = Some(client.to_owned());
        self.tell(notice);
        let later = self.laters.sender.clone();
        tokio::task::spawn_blocking(move || {
            let done = test.run(|progress| {
                // One that does not fit is superseded by the next.
                let _ = later.try_send(Later::TestProgress(progress));
            });
            let _ = later.blocking_send(Later::TestEnded);
            answer.send(done.map_err(|error| devices::refusal(&error)));
        });
    }

    /// Ends the test that a program began which is gone.
    pub(in crate::hub) fn abandon_test(&mut self, connection: ConnectionId) {
        if let Some((by, abandoned)) = &self.sound.testing
            && *by == connection
        {
            abandoned.store(true, Ordering::Relaxed);
        }
    }

    /// Plays somebody no more who is heard through the room anyway, or again.
    pub(super) fn silence(&mut self, name: &str, silenced: bool, client: &str) -> Answered {
        let peer = self.on_roster(name)?;
        if peer == self.mesh.me() {
            return Err(ControlError::invalid("you are not played to yourself"));
        }
        if self.voice.silenced().contains(&peer) != silenced {
            self.voice.silence(peer, silenced);
            let person = present::person(&self.mesh, peer);
            let text = if silenced {
                format!("{} is not played here any more", person.label)
            } else {
                format!("{} is played here again", person.label)
            };
            let mut notice = notices::notice(NoticeKind::SameRoom, Severity::Info, text);
            notice.person = Some(person);
            notice.client = Some(client.to_owned());
            self.roster_line_changed(peer);
            self.tell(notice);
        }
        Ok(SilenceReply {
            person: present::person(&self.mesh, peer),
            silenced,
        }
        .into())
    }

    /// Somebody's voice reaches the microphone before it is played here.
    pub(in crate::hub) fn same_room(&mut self, peer: PeerId) {
        self.roster_line_changed(peer);
        if self.voice.silenced().contains(&peer) {
            return;
        }
        let person = present::person(&self.mesh, peer);
        let text = format!(
            "{} seems to sit in the same room: you hear each other twice",
            person.label
        );
        let mut notice = notices::notice(NoticeKind::SameRoom, Severity::Warning, text);
        notice.hint = Some(format!(
            "'sotto silence \"{0}\"' plays {0} here no more; ask {0} to do the same with you",
            person.name
        ));
        notice.person = Some(person);
        self.tell(notice);
    }

    /// Notes that what the voice side adds to a line of the active roster has changed.
    fn roster_line_changed(&mut self, peer: PeerId) {
        if let Some(active) = self.mesh.active() {
            self.changed(Shown::Participant(active, peer));
        }
    }

    /// A device opened, closed, failed, or became another one.
    pub(in crate::hub) fn devices_changed(&mut self) {
        self.voice.review_processing();
        self.changed(Shown::Status);
        let (_, microphone, loudspeaker) = self.voice.devices();
        let states: [&DeviceState; 2] = [&microphone, &loudspeaker];
        let heard = self.is_open_to_others();
        for notice in self.sound.told.news(states, heard) {
            self.tell(notice);
        }
    }

    /// Returns whether others hear the microphone.
    fn is_open_to_others(&self) -> bool {
        let talk = self.mesh.voice(self.clock.now());
        let open = !talk.muted && !talk.deafened && !talk.push_to_talk;
        self.mesh.active().is_some() && (open || talk.pressed)
    }
}
