//! Keeping the state on disk, and telling how that goes.

use std::time::Instant;

use sotto_control::ControlError;
use sotto_control::model::{NoticeKind, Severity};
use sotto_meeting::Command;

use super::publisher::Shown;
use super::storekeeper::News;
use super::{Hub, notice, refuse};

impl Hub {
    /// Writes a state before others hear of it.
    pub(super) fn store(&mut self, state: Vec<u8>) {
        self.storekeeper.store(state, Instant::now());
        self.after_storing();
    }

    /// Writes a state for which nobody waits.
    pub(super) fn store_later(&mut self, state: Vec<u8>) {
        self.storekeeper.store_later(state, Instant::now());
        self.after_storing();
    }

    /// Tries again to write a state that could not be written, if it is time to.
    pub(super) fn retry_storing(&mut self) {
        self.storekeeper.retry(Instant::now());
        self.after_storing();
    }

    /// Takes in that the disk has answered late.
    pub(super) fn disk_answered(&mut self) {
        self.storekeeper.answered(Instant::now());
        self.after_storing();
    }

    /// Refuses to begin something that must not be forgotten while nothing can be saved. It is tried once more before.
    ///
    /// What ends something is done in any case.
    pub(super) fn may_begin(&mut self, command: &Command) -> Result<(), ControlError> {
        let begins = matches!(
            command,
            Command::Create { .. }
                | Command::Invite { .. }
                | Command::Withdraw { .. }
                | Command::Join { .. }
                | Command::Rename { .. }
        );
        if !begins {
            return Ok(());
        }
        self.storekeeper.retry_now(Instant::now());
        self.after_storing();
        match self.storekeeper.problem() {
            Some(problem) => Err(refuse::not_begun(problem)),
            None => Ok(()),
        }
    }

    /// Tells the user how saving goes, and the others what had to wait for it.
    fn after_storing(&mut self) {
        match self.storekeeper.news() {
            Some(News::Fails { text }) => {
                let mut warning = notice(NoticeKind::NotSaved, Severity::Error, text);
                warning.hint = Some(refuse::UNTIL_SAVED.to_owned());
                self.run.warnings.replace(warning.clone());
                self.changed(Shown::Status);
                self.tell(warning);
            }
            Some(News::Works) => {
                self.forget_warning(NoticeKind::NotSaved);
                let text = "your meetings are saved again";
                self.tell(notice(NoticeKind::NotSaved, Severity::Info, text));
            }
            None => {}
        }
        for output in self.storekeeper.release(Instant::now()) {
            self.link.take(output);
        }
    }
}
