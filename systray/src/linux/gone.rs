//! Says that the daemon has gone, once it is clear that it does not come back by itself.

use std::time::Duration;

use sotto_control::model::{Notice, NoticeKind, Severity};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a daemon may take to start again by itself: an upgrade, or a service that is restarted after a crash.
pub(super) const RETURNS_WITHIN: Duration = Duration::from_secs(5);

/// Waits until a daemon that was there has been away for so long.
pub(super) async fn missed(up: &mut watch::Receiver<bool>, within: Duration) -> Notice {
    loop {
        // The sender lives as long as the icon.
        if up.wait_for(|up| *up).await.is_err() || up.wait_for(|up| !up).await.is_err() {
            std::future::pending::<()>().await;
        }
        if timeout(within, up.wait_for(|up| *up)).await.is_err() {
            return Notice {
                kind: NoticeKind::Other,
                severity: Severity::Warning,
                text: "Sotto has stopped: nobody hears you, and you hear nobody".into(),
                hint: Some(
                    "Start it from the menu of its icon; it is connected to by itself".into(),
                ),
                ..Notice::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_daemon_that_comes_back_or_was_never_there_is_not_missed() {
        let (sender, mut receiver) = watch::channel(false);
        {
            let mut never = std::pin::pin!(missed(&mut receiver, Duration::ZERO));
            assert!(never.as_mut().now_or_never().is_none());
            sender.send_replace(true);
            assert!(never.as_mut().now_or_never().is_none());
            sender.send_replace(false);
            assert!(never.await.text.contains("stopped"));
        }
        sender.send_replace(true);
        let mut back = std::pin::pin!(missed(&mut receiver, Duration::from_secs(3600)));
        assert!(back.as_mut().now_or_never().is_none());
        sender.send_replace(false);
        assert!(back.as_mut().now_or_never().is_none());
        sender.send_replace(true);
        assert!(back.as_mut().now_or_never().is_none());
    }
}
