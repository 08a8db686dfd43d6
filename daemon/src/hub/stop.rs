//! Going down: the goodbye first, everything else beside it, and the end at a stated time whatever hangs.

use std::time::Duration;

use sotto_control::model::{NoticeKind, Severity};
use sotto_meeting::Command;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Hub, Sources, notice};
use crate::service;
use crate::sound::Voice;

/// From the wish to stop to the end of the program at the latest. What still hangs then is left to the system.
pub(crate) const STOP_LIMIT: Duration = Duration::from_millis(900);
/// Of that, how long the hub may take; the rest is for what stands around it.
const CORE_LIMIT: Duration = Duration::from_millis(850);
/// The time that the last messages may take on their way out.
const GOODBYE: Duration = Duration::from_millis(300);

impl Hub {
    /// Goodbye to everybody, then down.
    pub(super) async fn stop(self, sources: Sources) {
        let deadline = Instant::now() + CORE_LIMIT;
        // A task of its own, which is left alone when it takes too long: what it holds would block whoever drops it.
        let down = tokio::spawn(self.go_down(sources));
        match timeout_at(deadline, down).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "going down failed"),
            Err(_) => tracing::warn!(
                "something did not close within {} ms; it is left to the system",
                CORE_LIMIT.as_millis()
            ),
        }
    }

    async fn go_down(mut self, mut sources: Sources) {
        let reason = self.stopping.clone().unwrap_or_default();
        tracing::info!(%reason, "stopping");
        service::stopping();
        self.tell(notice(
            NoticeKind::Stopping,
            Severity::Info,
            "Sotto is closing",
        ));
        self.storekeeper.hurry();
        // This also tells the devices to close, which they do by themselves while the goodbye is said.
        if let Err(error) = self.command(Command::Quit) {
            tracing::warn!(%error, "goodbye was not said");
        }
        self.settle();
        self.flush().await;
        self.publish();
        // The goodbye is gossip: it leaves when the network task has had its turn, and others confirm nothing. What
        // comes in meanwhile is still answered. A goodbye that waits for the disk leaves if that answers in time.
        let disk = self.storekeeper.answers();
        let said = tokio::time::sleep(GOODBYE);
        tokio::pin!(said);
        loop {
            tokio::select! {
                () = &mut said => break,
                () = disk.notified() => self.disk_answered(),
                Some(event) = sources.network.recv() => self.take_network_event(event),
            }
            self.settle();
            self.flush().await;
            self.publish();
        }
        let Self { link, voice, .. } = self;
        tokio::join!(link.shutdown(), closed(voice));
    }
}

/// Ends the voice threads and closes the devices, in a thread of its own: a device that is just being opened answers
/// only after seconds, if at all.
async fn closed(voice: Voice) {
    let (tell, told) = oneshot::channel();
    let closing = std::thread::Builder::new()
        .name("sotto-closing".to_owned())
        .spawn(move || {
            voice.stop();
            let _ = tell.send(());
        });
    match closing {
        Ok(_) => drop(told.await),
        // The threads end with the program.
        Err(error) => tracing::warn!(%error, "no thread to close the devices in"),
    }
}
