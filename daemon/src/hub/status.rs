//! The daemon at a glance.

use sotto_control::model::{NetworkStatus, Status};
use sotto_meeting::View;

use super::{Hub, present};
use crate::service;

impl Hub {
    /// The daemon at a glance.
    pub(super) fn status(&self, view: &View) -> Status {
        let interfaces = self.interfaces.clone();
        let problem = self.listening.is_empty().then(|| {
            if interfaces.is_empty() {
                "no network interface is up".to_owned()
            } else {
                format!("none of the interfaces {} is up", interfaces.join(", "))
            }
        });
        Status {
            you: present::own_person(&view.me),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_s: self.started.elapsed().as_secs(),
            config: self.config_file.display().to_string(),
            meeting: self.own_meeting(view),
            presence: view.me.presence.map(present::presence),
            muted: view.talk.muted || view.talk.deafened,
            deafened: view.talk.deafened,
            unmuted_by: self.unmuted_by.clone(),
            joined_by: self.joined_by.clone().filter(|_| view.active.is_some()),
            invitations: view.invitations.len(),
            sound: self.voice.sound(),
            network: NetworkStatus {
                listening: self.listening.iter().map(ToString::to_string).collect(),
                media_port: Some(self.voice.media_port()),
                interfaces,
                running: view.peers.iter().filter(|peer| peer.running).count(),
                connected: self.connected.len(),
                problem,
            },
            warnings: self.warnings.clone(),
        }
    }

    /// A line for `systemctl status`.
    pub(super) fn tell_service_manager(&self, view: &View) {
        let line = match view.meetings.iter().find(|meeting| meeting.active) {
            Some(meeting) => {
                let present = meeting
                    .roster
                    .iter()
                    .filter(|entry| entry.presence.is_present());
                format!("in \"{}\", {} present", meeting.title, present.count())
            }
            None => "idle".to_owned(),
        };
        service::status(&line);
    }
}
