//! Phone calls on this machine, as ModemManager and oFono report them.
//!
//! The user is in a call from dialling, or from answering, until it ends; a phone that merely rings
//! is not yet a call.

use tokio::sync::{mpsc, watch};
use zbus::Connection;

use super::{DesktopSignal, modem_manager, ofono};

/// The calls that each source sees; `None` until it has looked.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    modem_manager: Option<bool>,
    ofono: Option<bool>,
}

impl Seen {
    /// Returns whether there is a call, once every source has looked: what was known of the run before stays until then.
    fn any(self) -> Option<bool> {
        Some(self.modem_manager? | self.ofono?)
    }
}

/// Follows calls until the bus is gone.
pub(super) async fn follow(
    bus: &Connection,
    in_call: &mut bool,
    signals: &mpsc::Sender<DesktopSignal>,
) -> zbus::Result<()> {
    let (seen, seeing) = watch::channel(Seen::default());
    tokio::select! {
        ended = modem_manager::follow(bus, |calls| {
            seen.send_modify(|seen| seen.modem_manager = Some(calls));
        }) => ended,
        ended = ofono::follow(bus, |calls| {
            seen.send_modify(|seen| seen.ofono = Some(calls));
        }) => ended,
        () = report(seeing, in_call, signals) => Ok(()),
    }
}

/// Tells of the beginning of the first call and the end of the last, until nobody listens.
async fn report(
    mut seeing: watch::Receiver<Seen>,
    in_call: &mut bool,
    signals: &mpsc::Sender<DesktopSignal>,
) {
    while seeing.changed().await.is_ok() {
        let seen = seeing.borrow_and_update().any();
        let Some(active) = seen.filter(|seen| seen != in_call) else {
            continue;
        };
        *in_call = active;
        let told = DesktopSignal::PhoneCall { active };
        if signals.send(told).await.is_err() {
            return;
        }
    }
}
