//! From what happens in the mesh to sentences that a user reads.

use sotto_control::config::TalkMode;
use sotto_control::model::{
    MeetingRef, Notice, NoticeKind, OfflineReason, PresenceState, Severity,
};
use sotto_meeting::{
    Cut, Event, InvitationEnd, Mesh, OfflineReason as CoreReason, PeerId, Presence,
};

use super::present;
use super::refuse;
pub(super) use crate::notice::notice;

/// How to go on when the user speaks to nobody.
pub(super) const TALK_HINT: &str = "speak to everyone with 'sotto talk'";

/// The hint that sets a wrong clock right.
const SET_CLOCK: &str = "on the machine whose clock is wrong: sudo timedatectl set-ntp true";

/// Returns the notice that `event` is worth, if any.
pub(crate) fn of_event(event: &Event, mesh: &Mesh) -> Option<Notice> {
    let about = |mut notice: Notice, meeting| {
        notice.meeting = Some(present::reference_by_id(mesh, meeting));
        notice
    };
    let with = |mut notice: Notice, peer: PeerId| {
        notice.person = Some(present::person(mesh, peer));
        notice
    };
    let info = |kind, text: String| notice(kind, Severity::Info, text);
    let warning = |kind, text: String| notice(kind, Severity::Warning, text);
    Some(match event {
        Event::Changed(_) | Event::Joined { .. } | Event::ClocksRight => return None,
        Event::Invited {
            meeting,
            title,
            by,
            label,
            again,
        } => {
            let text = match again {
                true => format!("{label} invites you back to \"{title}\": you are on its roster"),
                false => format!("{label} invites you to \"{title}\""),
            };
            let mut notice = with(about(info(NoticeKind::Invited, text), *meeting), *by);
            notice.hint =
                Some("join with 'sotto join', or decline with 'sotto decline'".to_owned());
            notice
        }
        Event::InvitationClosed { meeting, end } => {
            let text = match end {
                InvitationEnd::Joined | InvitationEnd::Declined => return None,
                InvitationEnd::Withdrawn => "an invitation was withdrawn",
                InvitationEnd::Expired => "an invitation has lapsed",
            };
            about(info(NoticeKind::InvitationGone, text.to_owned()), *meeting)
        }
        Event::Declined {
            meeting,
            peer,
            label,
        } => {
            let text = format!("{label} declined");
            with(about(info(NoticeKind::Declined, text), *meeting), *peer)
        }
        Event::JoinFailed {
            meeting,
            title,
            failure,
        } => {
            let error = refuse::join_failure(title, *failure);
            let mut notice = about(warning(NoticeKind::Other, error.message), *meeting);
            notice.hint = error.hint;
            notice
        }
        Event::Rejoined { meeting, title } => {
            let text = format!("rejoined \"{title}\" after a restart, muted");
            let mut notice = about(warning(NoticeKind::Rejoined, text), *meeting);
            notice.hint = Some("speak with 'sotto unmute'".to_owned());
            notice
        }
        Event::NotRejoined { meeting, title } => {
            let text = format!(
                "not back in \"{title}\": this machine was started anew and its clock was wrong, so nobody knows how long \
                 ago the daemon stopped"
            );
            let mut notice = about(warning(NoticeKind::NotRejoined, text), *meeting);
            notice.hint = Some("join again with 'sotto join'".to_owned());
            notice
        }
        Event::ClockOff { peer, label, ahead } => {
            let (by, direction) = apart(*ahead);
            let text = format!("{label}'s clock is {by} {direction} this machine's");
            let mut notice = with(warning(NoticeKind::Clock, text), *peer);
            notice.hint = Some(SET_CLOCK.to_owned());
            notice
        }
        Event::OwnClockOff { ahead } => {
            let (by, direction) = apart(ahead.saturating_neg());
            let text = format!(
                "this machine's clock seems wrong: it is {by} {direction} several colleagues'"
            );
            let mut notice = warning(NoticeKind::Clock, text);
            notice.hint = Some(SET_CLOCK.to_owned());
            notice
        }
        Event::Restored { meeting } => {
            let MeetingRef { title, .. } = present::reference_by_id(mesh, *meeting);
            let text = format!("back in \"{title}\", muted");
            let mut notice = about(warning(NoticeKind::Rejoined, text), *meeting);
            notice.hint = Some("speak with 'sotto unmute'".to_owned());
            notice
        }
        Event::Presence {
            meeting,
            peer,
            label,
            was,
            is,
        } if *peer != mesh.me() => {
            let (kind, text) = presence_change(label, *was, *is);
            with(about(info(kind, text), *meeting), *peer)
        }
        // The notice about leaving or switching says it, with the client that did it.
        Event::Presence {
            is: Presence::Offline(CoreReason::Left | CoreReason::Elsewhere),
            ..
        } => return None,
        Event::Presence { meeting, is, .. } => {
            // By now the cause is known, which the event does not carry.
            let me = mesh.myself();
            let now = present::own_presence(&me).filter(|_| me.presence == Some(*is));
            let now = now.unwrap_or_else(|| present::presence(*is));
            let text = format!("you are {now}");
            about(info(NoticeKind::Presence, text), *meeting)
        }
        Event::Ended { meeting, title } => about(
            info(NoticeKind::MeetingEnded, format!("\"{title}\" has ended")),
            *meeting,
        ),
        Event::WhisperStarted {
            from,
            label,
            others,
            unheard,
        } => {
            let mut text = format!("{label} whispers to you");
            if !others.is_empty() {
                let names: Vec<String> = others
                    .iter()
                    .map(|peer| present::person(mesh, *peer).label)
                    .collect();
                text.push_str(&format!(" and {}", names.join(", ")));
            }
            if *unheard {
                text.push_str("; you are deafened and do not hear it");
                let mut notice = with(warning(NoticeKind::WhisperUnheard, text), *from);
                notice.hint = Some("hear again with 'sotto undeafen'".to_owned());
                notice
            } else {
                let mut notice = with(info(NoticeKind::Whisper, text), *from);
                notice.hint = Some("answer with 'sotto reply'".to_owned());
                notice
            }
        }
        Event::WhisperStopped { from } => {
            let label = present::person(mesh, *from).label;
            let text = format!("{label} has stopped whispering to you");
            with(info(NoticeKind::WhisperEnded, text), *from)
        }
        Event::ReceiverDeafened { peer, label } => {
            let text = format!("{label} is deafened and does not hear your whisper");
            with(warning(NoticeKind::ReceiverDeafened, text), *peer)
        }
        Event::ReceiverGone { peer, label } => {
            let text = format!("{label} is gone; your whisper goes on with the others");
            with(warning(NoticeKind::ReceiverGone, text), *peer)
        }
        Event::ReceiverBack { peer, label } => {
            let text = format!("{label} is back and hears your whisper again");
            with(info(NoticeKind::ReceiverGone, text), *peer)
        }
        Event::WhisperEmpty => {
            let text = "nobody is left to hear your whisper: you speak to nobody";
            let mut notice = warning(NoticeKind::SpeakingToNobody, text.to_owned());
            notice.hint = Some(TALK_HINT.to_owned());
            notice
        }
        Event::HoldLost => {
            let text = "your whisper ended before you let go of it: you speak to nobody";
            let mut notice = warning(NoticeKind::SpeakingToNobody, text.to_owned());
            notice.hint = Some(TALK_HINT.to_owned());
            notice
        }
        Event::HoldCut(cut) => {
            let text = format!(
                "{}, so your whisper has ended: you speak to nobody",
                happened(*cut)
            );
            let mut notice = warning(NoticeKind::SpeakingToNobody, text);
            notice.hint = Some(TALK_HINT.to_owned());
            notice
        }
        Event::PressCut(cut) => {
            let text = format!(
                "{}, so your microphone is no longer pressed open",
                happened(*cut)
            );
            let mut notice = warning(NoticeKind::StuckKey, text);
            notice.hint = Some("press again to go on".to_owned());
            notice
        }
        Event::WhisperOver => info(
            NoticeKind::WhisperEnded,
            "the time of your whisper is over".to_owned(),
        ),
        Event::PressLong => {
            let text = "your microphone has been pressed open for a minute: is the key stuck?";
            let mut notice = warning(NoticeKind::StuckKey, text.to_owned());
            notice.hint = Some("close it with 'sotto talk --release'".to_owned());
            notice
        }
        Event::PressTooLong => {
            let text = "your microphone was pressed open for five minutes, and is closed now";
            let mut notice = warning(NoticeKind::StuckKey, text.to_owned());
            notice.hint = Some(
                "press again to go on, or keep it open with 'sotto talk --mode open'".to_owned(),
            );
            notice
        }
        Event::PressLost => warning(
            NoticeKind::StuckKey,
            "your microphone is closed: the program that pressed it open shows no life".to_owned(),
        ),
        Event::Cloned => cloned(),
        Event::LimitReached { what } => warning(NoticeKind::Network, format!("too much: {what}")),
    })
}

/// Says how far a clock is apart from another, and in which direction.
fn apart(ahead: i64) -> (String, &'static str) {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = ahead.unsigned_abs();
    let (of, unit) = match seconds {
        ..7_200 => (MINUTE, "minutes"),
        7_200..172_800 => (HOUR, "hours"),
        _ => (DAY, "days"),
    };
    let count = seconds.saturating_add(of / 2) / of;
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    (format!("{count} {unit}"), direction)
}

/// Says what happened at the machine while something was held.
const fn happened(cut: Cut) -> &'static str {
    match cut {
        Cut::ScreenLocked => "the screen was locked",
        Cut::ScreenSaver => "the screen saver came on",
        Cut::Suspended => "this machine was suspended",
    }
}

/// The microphone is open at other times than before.
pub(super) fn talk_mode(mode: TalkMode) -> Notice {
    let text = match mode {
        TalkMode::Open => "your microphone is open whenever you are not muted",
        TalkMode::Voice => {
            "your microphone is open whenever you are not muted, and sends while you speak"
        }
        TalkMode::Push => "your microphone is open only while you press to talk",
    };
    notice(NoticeKind::TalkMode, Severity::Info, text)
}

/// Two daemons share one identity.
pub(crate) fn cloned() -> Notice {
    let mut notice = notice(
        NoticeKind::IdentityCloned,
        Severity::Error,
        "another Sotto on this network uses the same identity as this one, so both are offline",
    );
    notice.hint = Some(
        "stop the other one, or move its identity file away, then start Sotto again".to_owned(),
    );
    notice
}

fn presence_change(label: &str, was: Presence, is: Presence) -> (NoticeKind, String) {
    let shown = present::presence(is);
    match (was.is_present(), is.is_present()) {
        (false, true) => (NoticeKind::ParticipantJoined, format!("{label} is here")),
        (true, false) => {
            let text = match shown.state {
                PresenceState::Offline { reason } => match reason {
                    OfflineReason::Closed => format!("{label} closed Sotto"),
                    OfflineReason::Phone => format!("{label} takes a phone call"),
                    OfflineReason::Elsewhere => format!("{label} switched to another meeting"),
                    OfflineReason::Left => format!("{label} left"),
                    OfflineReason::Lost => format!("{label} is lost: crashed or cut off"),
                    OfflineReason::NotJoined | OfflineReason::Other => {
                        format!("{label} is offline")
                    }
                },
                _ => format!("{label} is gone"),
            };
            (NoticeKind::ParticipantGone, text)
        }
        _ => (NoticeKind::Presence, format!("{label} is {shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_said_to_be_apart_in_units_that_fit() {
        let said = |ahead: i64| {
            let (by, direction) = apart(ahead);
            format!("{by} {direction}")
        };
        assert_eq!(said(-400), "7 minutes behind");
        assert_eq!(said(-89_999), "25 hours behind");
        assert_eq!(said(9 * 86_400), "9 days ahead of");
    }
}
