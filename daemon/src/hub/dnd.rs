//! Do not disturb: for so long, or until it is switched off.

use std::sync::Arc;

use sotto_control::model::{Dnd, NoticeKind, Severity};
use sotto_control::server::Answer;
use sotto_control::{DndReply, DndSet};

use super::publisher::Shown;
use super::{Hub, notices};
use crate::dnd_file::DndFile;

/// Do not disturb, and the file that remembers it.
#[derive(Debug)]
pub(super) struct DoNotDisturb {
    now: Dnd,
    file: Arc<DndFile>,
}

impl DoNotDisturb {
    /// As the last run left it.
    pub(super) fn new(file: DndFile) -> Self {
        Self {
            now: file.read(),
            file: Arc::new(file),
        }
    }

    /// Returns how it is.
    pub(super) fn now(&self) -> Dnd {
        self.now
    }

    /// Changes it.
    fn set(&mut self, dnd: Dnd) {
        self.now = dnd;
        self.file.want(dnd);
    }

    /// Ends it if its time is over. Returns whether it was.
    fn expire(&mut self, utc: u64) -> bool {
        let over = self.now.until.is_some_and(|until| until <= utc);
        if over {
            self.set(Dnd::default());
        }
        over
    }
}

impl Hub {
    /// Does what a client wants; the answer comes when it is saved.
    pub(super) fn set_dnd(&mut self, params: &DndSet, client: &str, answer: Answer) {
        let utc = self.clock.now().utc.0;
        let until = params
            .for_ms
            .map(|ms| utc.saturating_add(ms.div_ceil(1000)));
        let dnd = Dnd {
            on: params.on,
            until: until.filter(|_| params.on),
        };
        self.run.dnd.set(dnd);
        self.dnd_changed(match dnd.on {
            true => "do not disturb is on: invitations wait quietly",
            false => "do not disturb is off",
        });
        let file = Arc::clone(&self.run.dnd.file);
        let client = client.to_owned();
        tokio::task::spawn_blocking(move || {
            let not_saved = file.write().err();
            if let Some(problem) = &not_saved {
                tracing::warn!(%client, "do not disturb is not saved: {problem}");
            }
            answer.send(Ok(DndReply { dnd, not_saved }));
        });
    }

    /// Ends it when its time is over. What is in the file by then is over as well.
    pub(super) fn expire_dnd(&mut self) {
        if self.run.dnd.expire(self.clock.now().utc.0) {
            self.dnd_changed("do not disturb is over");
        }
    }

    fn dnd_changed(&mut self, text: &str) {
        self.changed(Shown::Status);
        let kind = NoticeKind::DoNotDisturb;
        self.tell(notices::notice(kind, Severity::Info, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_at_its_time_also_if_that_came_while_nothing_ran() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dnd");
        std::fs::write(&path, "until 1000\n").unwrap();
        let mut dnd = DoNotDisturb::new(DndFile::new(path.clone()));
        assert!(dnd.now().on && !dnd.expire(999));
        assert!(dnd.expire(1000) && !dnd.now().on);
        assert!(!dnd.expire(1001));
        let mut later = DoNotDisturb::new(DndFile::new(path));
        assert!(later.expire(5000));
    }
}
