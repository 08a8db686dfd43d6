//! Meetings, rosters and invitations.

use super::group::left_out;
use super::{Ink, Style, Table, duration, names, presence_sign};
use sotto_control::model::{Invitation, Meeting, Participant, Path, Person, Presence};
use sotto_control::{
    InvitationsReply, InviteReply, MeetingRefReply, MeetingReply, MeetingsReply, WithdrawReply,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The letters of an identifier that name a meeting.
const SHORT_ID: usize = 8;

pub(crate) fn meetings(reply: &MeetingsReply, style: Style) -> String {
    if reply.meetings.is_empty() {
        return "You have no meetings. Start one: sotto meet TITLE NAME…".to_owned();
    }
    let mut table = Table::new().heading(&["", "MEETING", "", "YOU", "PRESENT", ""]);
    for meeting in &reply.meetings {
        let title = meeting.title.to_lowercase();
        let alike = reply
            .meetings
            .iter()
            .filter(|it| it.title.to_lowercase() == title);
        // By this one can be named where the title means several.
        let id = match alike.count() {
            0 | 1 => String::new(),
            _ => format!(
                "[{}]",
                meeting.id.chars().take(SHORT_ID).collect::<String>()
            ),
        };
        let (sign, ink) = if meeting.active {
            ("▸", Ink::Green)
        } else {
            (" ", Ink::Plain)
        };
        let present: Vec<Person> = meeting
            .participants
            .iter()
            .filter(|one| one.presence.is_present() && !one.you)
            .map(|one| one.person.clone())
            .collect();
        let with = match present.as_slice() {
            [] => String::new(),
            present => format!("with {}", names(present)),
        };
        table.row([
            (ink, sign.to_owned()),
            (Ink::Bold, meeting.title.clone()),
            (Ink::Dim, id),
            (Ink::Plain, state(&meeting.presence)),
            (Ink::Plain, count(meeting)),
            (Ink::Dim, with),
        ]);
    }
    table.render(style)
}

pub(crate) fn roster(reply: &MeetingReply, style: Style) -> String {
    let meeting = &reply.meeting;
    let title = style.paint(Ink::Bold, &meeting.title);
    let mut text = format!("{title}, {} present\n", count(meeting));
    let mut table = Table::new().indented(2);
    for one in &meeting.participants {
        table.row(participant(one));
    }
    text.push_str(&table.render(style));
    text
}

fn participant(one: &Participant) -> [(Ink, String); 7] {
    let (sign, ink) = presence_sign(&one.presence);
    let present = one.presence.is_present();
    let name = match (one.you, present) {
        (true, _) => (Ink::Bold, format!("{} (you)", one.person.label)),
        (false, true) => (Ink::Bold, one.person.label.clone()),
        (false, false) => (Ink::Dim, one.person.label.clone()),
    };
    let presence = match one.declined && !present {
        true => "declined".to_owned(),
        false => state(&one.presence),
    };
    let voice = match one {
        _ if !present => (Ink::Plain, String::new()),
        Participant { deafened: true, .. } => (Ink::Yellow, "deafened".to_owned()),
        Participant { muted: true, .. } => (Ink::Yellow, "muted".to_owned()),
        Participant { speaking: true, .. } => (Ink::Green, "speaking".to_owned()),
        Participant { silenced: true, .. } => (Ink::Yellow, "silenced here".to_owned()),
        Participant {
            same_room: true, ..
        } => (Ink::Yellow, "in the same room".to_owned()),
        Participant { .. } => (Ink::Plain, String::new()),
    };
    let volume = match one.volume_percent {
        100 => String::new(),
        percent => format!("volume {percent} %"),
    };
    let (loss, delay) = one.stats.map_or_else(Default::default, |stats| {
        let path = match stats.path {
            Path::Udp => "",
            Path::Stream => " over a stream",
            Path::Probing | Path::None => " (no path yet)",
        };
        (
            format!("loss {:.1} %", stats.loss * 100.0),
            format!("delay {:.0} ms{path}", stats.delay_ms),
        )
    });
    [
        (ink, sign.to_owned()),
        name,
        (Ink::Plain, presence),
        voice,
        (Ink::Dim, loss),
        (Ink::Dim, delay),
        (Ink::Dim, volume),
    ]
}

/// A presence without the word that its sign already says.
fn state(presence: &Presence) -> String {
    let text = presence.to_string();
    match text.strip_prefix("offline, ") {
        Some(reason) => reason.to_owned(),
        None => text,
    }
}

fn count(meeting: &Meeting) -> String {
    format!("{} of {}", meeting.present(), meeting.participants.len())
}

pub(crate) fn joined(reply: &MeetingReply, style: Style) -> String {
    format!("You are in.\n{}", roster(reply, style))
}

pub(crate) fn invited(reply: &InviteReply, style: Style) -> String {
    let left_out = left_out(&reply.left_out, style);
    let said = match (reply.invited.as_slice(), reply.left_out.as_slice()) {
        ([], []) => "They are in the meeting already.".to_owned(),
        (invited, _) => format!("Invited {}.", names(invited)),
    };
    let meeting = MeetingReply {
        meeting: reply.meeting.clone(),
    };
    format!("{said}{left_out}\n{}", roster(&meeting, style))
}

pub(crate) fn withdrawn(reply: &WithdrawReply, style: Style) -> String {
    let verb = match reply.withdrawn.as_slice() {
        [_] => "is",
        _ => "are",
    };
    format!(
        "{} {verb} no longer invited to {}.{}",
        names(&reply.withdrawn),
        reply.meeting.title,
        left_out(&reply.left_out, style)
    )
}

pub(crate) fn declined(reply: &MeetingRefReply, _style: Style) -> String {
    format!("Declined {}.", reply.meeting.title)
}

pub(crate) fn left(reply: &MeetingRefReply, _style: Style) -> String {
    format!("Left {}.", reply.meeting.title)
}

pub(crate) fn invitations(reply: &InvitationsReply, style: Style) -> String {
    if reply.invitations.is_empty() {
        return "No invitations.".to_owned();
    }
    let mut lines = Vec::new();
    for invitation in &reply.invitations {
        lines.push(invitation_text(invitation, style));
    }
    lines.push(style.paint(
        Ink::Dim,
        "Answer with 'sotto join MEETING' or 'sotto decline MEETING'.",
    ));
    lines.join("\n")
}

fn invitation_text(invitation: &Invitation, style: Style) -> String {
    let Invitation {
        meeting,
        from,
        roster,
        inside,
        received,
        ..
    } = invitation;
    let title = style.paint(Ink::Bold, &meeting.title);
    let mut text = format!("{title}: {} invites you", names(from));
    if let Some(ago) = since(*received) {
        text.push_str(&style.paint(Ink::Dim, format!(", {} ago", duration(ago))));
    }
    // Only the inviter says so, until the user is inside.
    if !inside.is_empty() {
        text.push_str(&format!("\n  inside   {}", names(inside)));
    }
    if !roster.is_empty() {
        text.push_str(&format!("\n  roster   {}", names(roster)));
    }
    text
}

/// How long ago a time in seconds since 1970 was; `None` if it is unknown or still to come.
fn since(time: u64) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    (time > 0)
        .then(|| now.checked_sub(time))
        .flatten()
        .map(Duration::from_secs)
}
