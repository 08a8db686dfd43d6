//! The daemon at a glance.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sotto_control::OwnProgram;
use sotto_control::config::{Notifications, TalkMode};
use sotto_control::model::Status;

use super::dnd::DoNotDisturb;
use super::publisher::Shown;
use super::warnings::Warnings;
use super::{Hub, present};
use crate::config_file::ConfigFile;
use crate::desktop::DesktopWatch;
use crate::groups::Groups;
use crate::service;

/// Who listens hears within this time that the program was updated.
const LOOK_FOR_UPDATE_EVERY: Duration = Duration::from_secs(60);

/// This run of the daemon.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) started: Instant,
    /// The program that runs, and whether an update has replaced it.
    pub(super) program: OwnProgram,
    /// When that is looked for again.
    pub(super) look_for_update: Instant,
    pub(super) config_file: Arc<ConfigFile>,
    /// The user's groups of colleagues.
    pub(super) groups: Groups,
    /// Held while the configuration is changed.
    pub(super) config_order: Arc<Mutex<()>>,
    /// When the microphone is open while the user is unmuted.
    pub(super) talk_mode: TalkMode,
    /// What may draw the user's attention.
    pub(super) notifications: Notifications,
    /// What follows the desktop, as long as it lives.
    pub(super) desktop: DesktopWatch,
    /// Whether the user wants to be left alone.
    pub(super) dnd: DoNotDisturb,
    /// Warnings that stay in view.
    pub(super) warnings: Warnings,
}

impl Run {
    /// Returns the configuration's file.
    pub(super) fn config_file(&self) -> &Arc<ConfigFile> {
        &self.config_file
    }

    /// Returns what is held while the configuration is changed.
    pub(super) fn config_order(&self) -> &Arc<Mutex<()>> {
        &self.config_order
    }
}

impl Hub {
    /// Returns the daemon at a glance.
    pub(super) fn status(&self) -> Status {
        let me = self.mesh.myself();
        let now = self.clock.now();
        let talk = self.mesh.voice(now);
        Status {
            you: present::person(&self.mesh, me.peer),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            restart_to_update: self.run.program.is_replaced(),
            pid: std::process::id(),
            uptime_s: self.run.started.elapsed().as_secs(),
            config: self.run.config_file.path().display().to_string(),
            meeting: self.own_meeting(),
            presence: present::own_presence(&me),
            muted: talk.muted || talk.deafened,
            deafened: talk.deafened,
            talk: Some(self.talk()),
            unmuted_by: self.clients.unmuted_by().map(str::to_owned),
            joined_by: self
                .clients
                .joined_by()
                .filter(|_| self.mesh.active().is_some())
                .map(str::to_owned),
            dnd: self.run.dnd.now(),
            notifications_off: !self.run.notifications.desktop,
            invitations: self.mesh.invitations(now).len(),
            sound: self.voice.sound(),
            network: self.neighbours.status(self.voice.media_port()),
            warnings: self.run.warnings.all().to_vec(),
        }
    }

    /// Counts anew who runs Sotto: for those who ask. Between that, changes are counted one by one.
    pub(super) fn count_running(&mut self) {
        let running = self.mesh.running(self.clock.now());
        self.neighbours.set_all_running(running);
    }

    /// Looks whether an update has replaced the program, for those who ask.
    pub(super) fn look_for_update(&mut self) {
        let before = self.run.program.is_replaced();
        self.run.look_for_update = Instant::now() + LOOK_FOR_UPDATE_EVERY;
        if self.run.program.look() != before {
            tracing::info!("an update has replaced this program on disk; a restart brings it");
            self.changed(Shown::Status);
        }
    }

    /// Looks for it once in a while, for those who listen.
    pub(super) fn look_for_update_sometimes(&mut self) {
        if Instant::now() >= self.run.look_for_update {
            self.look_for_update();
        }
    }

    /// Writes the line for `systemctl status`.
    pub(super) fn tell_service_manager(&self) {
        let active = self.mesh.active();
        let line = match active.and_then(|id| Some((id, self.mesh.title(id)?))) {
            Some((id, title)) => format!("in \"{title}\", {} present", self.mesh.present(id)),
            None => "idle".to_owned(),
        };
        service::status(&line);
    }
}
