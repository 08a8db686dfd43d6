//! A microphone that does not work, told where it matters.
//!
//! Who joins or unmutes wants to be heard. That the microphone does not work is in `sotto status` too, but nobody looks
//! there who believes to be heard.

use crate::connection::connect;
use crate::output::Output;
use crate::wait::until;
use sotto_control::in_one_line;
use sotto_control::model::{Presence, Snapshot};
use std::time::Duration;

/// A microphone that is being opened is waited for this long. Most take a tenth of it.
const OPENING: Duration = Duration::from_millis(1_500);

/// Says in one line what is wrong with the microphone, if something is. Nothing is said to programs, which have
/// `sotto status --json`.
pub(crate) async fn check(output: &Output) {
    if output.is_json() {
        return;
    }
    let Ok(client) = connect().await else {
        return;
    };
    let Ok(mut subscription) = client.subscribe(false).await else {
        return;
    };
    let known = until(&mut subscription, |snapshot| {
        is_known(snapshot).then_some(())
    });
    let _ = tokio::time::timeout(OPENING, known).await;
    tell(&subscription.0, output);
}

/// Says what is wrong with the microphone, as far as it is known by now.
pub(crate) fn tell(snapshot: &Snapshot, output: &Output) {
    let status = &snapshot.status;
    let sound = &status.sound;
    if !is_wanted(snapshot) {
        return;
    }
    if let Some((problem, hint)) = sound.microphone_problem() {
        let problem = in_one_line(problem, hint);
        output.remark(&format!("Your microphone does not work: {problem}."));
    } else if sound.input.muted_by_system {
        output.remark(
            "Your microphone is muted in the system's sound settings: nobody hears you until you unmute it there.",
        );
    }
}

/// Returns whether a microphone should be open.
fn is_wanted(snapshot: &Snapshot) -> bool {
    let status = &snapshot.status;
    status.meeting.is_some() && status.presence == Some(Presence::online())
}

/// Returns whether it is known how the microphone is doing.
fn is_known(snapshot: &Snapshot) -> bool {
    let sound = &snapshot.status.sound;
    !is_wanted(snapshot) || sound.input.open.is_some() || sound.microphone_problem().is_some()
}
