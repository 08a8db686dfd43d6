//! From what the mesh refuses to what the control API answers.

use sotto_control::{AbsentPerson, ControlError, ErrorCode};
use sotto_meeting::resolve::ResolveError;
use sotto_meeting::{JoinFailure, Mesh, PeerId, Refusal, View};

use super::present;
use crate::groups::Group;

/// A command that the mesh refused.
pub(crate) fn refusal(refusal: &Refusal, mesh: &Mesh) -> ControlError {
    let on_the_phone = mesh.active().is_none() && mesh.own_meeting().is_some();
    let refusal = match refusal {
        // The user knows of a meeting, and means it.
        Refusal::NotInMeeting if on_the_phone => &Refusal::OnThePhone,
        refusal => refusal,
    };
    let code = match refusal {
        Refusal::UnknownMeeting(_) | Refusal::UnknownPeer(_) | Refusal::NoInvitation { .. } => {
            ErrorCode::NotFound
        }
        Refusal::NotInMeeting | Refusal::NotJoined { .. } => ErrorCode::NotInMeeting,
        Refusal::EmptyTitle
        | Refusal::EmptyName
        | Refusal::NobodyNamed
        | Refusal::Yourself
        | Refusal::WrongVolume
        | Refusal::WrongDuration => ErrorCode::Invalid,
        Refusal::TooManyMeetings { .. }
        | Refusal::MeetingFull { .. }
        | Refusal::DeclinedLately { .. }
        | Refusal::TooManyInvitations { .. } => ErrorCode::Limit,
        Refusal::Absent { .. } | Refusal::WhispererGone { .. } => ErrorCode::Absent,
        _ => ErrorCode::Refused,
    };
    let mut error = ControlError::new(code, refusal.to_string()).with_hint_if(refusal.hint());
    if let Refusal::Absent { peer, presence, .. } = refusal {
        error = error.with_absent(vec![AbsentPerson {
            person: present::person(mesh, *peer),
            presence: present::presence(*presence),
        }]);
    }
    error
}

/// A name that names nobody, or several.
pub(crate) fn unresolved(error: ResolveError) -> ControlError {
    let (sentence, hint) = (error.to_string(), error.hint());
    let (code, candidates) = match error {
        ResolveError::Unknown { .. } => (ErrorCode::NotFound, Vec::new()),
        ResolveError::Elsewhere { .. } => (ErrorCode::Absent, Vec::new()),
        ResolveError::Yourself { .. } => (ErrorCode::Invalid, Vec::new()),
        ResolveError::Ambiguous { candidates, .. } => (ErrorCode::Ambiguous, candidates),
    };
    ControlError::new(code, sentence)
        .with_hint(hint)
        .with_candidates(candidates)
}

/// A name that a group and somebody have.
pub(crate) fn group_or_person(
    view: &View,
    group: &Group,
    people: &[PeerId],
    text: &str,
) -> ControlError {
    let mut candidates = vec![group.signed()];
    let known = view.peers.iter().filter(|it| people.contains(&it.peer));
    // Their labels alone may be what was typed.
    candidates.extend(known.map(|it| format!("{}#{}", it.name, it.peer.suffix())));
    let typed = text.trim();
    let sentence = format!("\"{typed}\" may be {}", candidates.join(" or "));
    ControlError::new(ErrorCode::Ambiguous, sentence)
        .with_hint("write it as it is listed")
        .with_candidates(candidates)
}

/// A group where one person is meant.
pub(crate) fn group_for_one(group: &Group) -> ControlError {
    let sentence = format!(
        "{} is a group, and this is about one person",
        group.signed()
    );
    ControlError::invalid(sentence).with_hint("name one of those whom 'sotto group' lists in it")
}

/// A group that nobody is in, but for the user.
pub(crate) fn empty_group(group: &Group) -> ControlError {
    let Group { name, members } = group;
    let but_you = if members.is_empty() { "" } else { " but you" };
    let sentence = format!("nobody{but_you} is in {}", group.signed());
    ControlError::new(ErrorCode::Refused, sentence)
        .with_hint(format!("add somebody with 'sotto group add {name} PERSON'"))
}

/// A way out when the state cannot be written.
pub(crate) const UNTIL_SAVED: &str =
    "Sotto tries again by itself; see with 'sotto status' how it stands";

/// Something was not begun, because it could not be saved.
pub(crate) fn not_begun(problem: &str) -> ControlError {
    let sentence = format!("nothing was done, because it could not be saved: {problem}");
    ControlError::new(ErrorCode::Unavailable, sentence).with_hint(UNTIL_SAVED)
}

/// Something was done and could not be saved.
pub(crate) fn not_saved(problem: &str) -> ControlError {
    let sentence = format!(
        "it is done here, but not saved, and your colleagues do not hear of it yet: {problem}"
    );
    ControlError::new(ErrorCode::Unavailable, sentence).with_hint(UNTIL_SAVED)
}

/// A join that came to nothing.
pub(crate) fn join_failure(title: &str, failure: JoinFailure) -> ControlError {
    let (code, sentence, hint) = match failure {
        JoinFailure::NobodyReachable => (
            ErrorCode::Timeout,
            format!("nobody in \"{title}\" could be reached to let you in"),
            Some("the invitation stays open; try again when a participant is on the network"),
        ),
        JoinFailure::NotInvited => (
            ErrorCode::Refused,
            format!("nobody in \"{title}\" has an open invitation for you on record"),
            Some("ask a participant to invite you again"),
        ),
        JoinFailure::Full => (
            ErrorCode::Limit,
            format!("\"{title}\" is full, or your list of meetings is"),
            Some("leave a meeting that you no longer need with 'sotto leave'"),
        ),
        JoinFailure::Ended => (ErrorCode::Refused, format!("\"{title}\" has ended"), None),
        JoinFailure::Refused => (
            ErrorCode::Refused,
            format!(
                "a participant of \"{title}\" refused to let you in, for a reason that only a newer Sotto knows"
            ),
            Some("install the newest release, or ask a participant"),
        ),
        JoinFailure::Cancelled => (
            ErrorCode::Refused,
            format!("joining \"{title}\" was called off"),
            None,
        ),
    };
    ControlError::new(code, sentence).with_hint_if(hint)
}
