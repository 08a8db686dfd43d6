//! Says once that no panel shows the icon, with what helps.

use std::time::Duration;

use sotto_control::model::{Notice, NoticeKind, Severity};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a panel may take to start, or to start again.
pub(super) const APPEARS_WITHIN: Duration = Duration::from_secs(10);

/// Waits until no panel has been there for so long, and says so.
pub(super) async fn missed(mut host: watch::Receiver<bool>, within: Duration) -> Notice {
    loop {
        // The sender lives as long as the icon.
        if host.wait_for(|here| !here).await.is_err() {
            std::future::pending::<()>().await;
        }
        if timeout(within, host.wait_for(|here| *here)).await.is_err() {
            return said();
        }
    }
}

fn said() -> Notice {
    Notice {
        kind: NoticeKind::Other,
        severity: Severity::Warning,
        text: "This desktop shows no icons of programs, so that Sotto's cannot be seen".into(),
        hint: Some(hint(
            &std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default(),
        )),
        ..Notice::default()
    }
}

/// Returns what helps on this desktop.
fn hint(desktop: &str) -> String {
    let first = if desktop
        .split(':')
        .any(|part| part.eq_ignore_ascii_case("gnome"))
    {
        "install and switch on the extension AppIndicator (Debian: gnome-shell-extension-appindicator)"
    } else {
        "add the tray (status notifier) to your panel"
    };
    format!(
        "{first}; the icon then appears by itself. Until then start Sotto once more to open its window, \
         or use 'sotto top' in a terminal"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn what_helps_depends_on_the_desktop() {
        assert!(hint("ubuntu:GNOME").contains("AppIndicator"));
        assert!(hint("sway").contains("panel"));
        assert!(hint("").contains("sotto top"));
    }

    #[tokio::test]
    async fn a_panel_is_missed_once_it_has_been_away_for_a_while() {
        let (sender, receiver) = watch::channel(true);
        let mut here = std::pin::pin!(missed(receiver.clone(), Duration::ZERO));
        assert!(here.as_mut().now_or_never().is_none());
        sender.send_replace(false);
        assert_eq!(here.await.severity, Severity::Warning);
        // One that starts again meanwhile is not missed.
        let mut away = std::pin::pin!(missed(receiver, Duration::from_secs(3600)));
        assert!(away.as_mut().now_or_never().is_none());
        sender.send_replace(true);
        assert!(away.as_mut().now_or_never().is_none());
    }
}
