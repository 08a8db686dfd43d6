//! Colleagues, and where you are yourself.

use super::{Ink, Style, Table, duration};
use sotto_control::model::{OfflineReason, Peer, PresenceState};
use sotto_control::{ConnectReply, PeersReply, PresenceReply};
use std::time::Duration;

pub(crate) fn peers(reply: &PeersReply, style: Style) -> String {
    if reply.peers.is_empty() {
        return "No colleague has been found yet. 'sotto peers --wait' waits; 'sotto connect ADDRESS' helps where the network does not pass multicast.".to_owned();
    }
    let mut sorted: Vec<&Peer> = reply.peers.iter().collect();
    sorted.sort_by_key(|peer| (!peer.running, peer.person.label.to_lowercase()));
    let mut table = Table::new().heading(&["", "COLLEAGUE", "", "MEETINGS", "ADDRESS"]);
    for peer in sorted {
        let (sign, ink) = match (peer.running, peer.connected) {
            (true, true) => ("●", Ink::Green),
            (true, false) => ("●", Ink::Plain),
            (false, _) => ("○", Ink::Dim),
        };
        let state = match (peer.running, peer.connected, peer.last_heard_s) {
            (true, true, _) => "connected".to_owned(),
            (true, false, _) => "running".to_owned(),
            (false, _, Some(s)) => format!("gone for {}", duration(Duration::from_secs(s))),
            (false, _, None) => "not running".to_owned(),
        };
        let state = match peer.clock_off_s {
            Some(off) => format!("{state}, {}", clock(off)),
            None => state,
        };
        let meetings: Vec<&str> = peer.meetings.iter().map(|it| it.title.as_str()).collect();
        let name = if peer.running { Ink::Bold } else { Ink::Dim };
        table.row([
            (ink, sign.to_owned()),
            (name, peer.person.label.clone()),
            (Ink::Plain, state),
            (Ink::Plain, meetings.join(", ")),
            (
                Ink::Dim,
                peer.addresses.first().cloned().unwrap_or_default(),
            ),
        ]);
    }
    table.render(style)
}

/// A clock that is far off, theirs or this machine's.
fn clock(ahead_s: i64) -> String {
    let off = duration(Duration::from_secs(ahead_s.unsigned_abs()));
    let way = if ahead_s < 0 { "behind" } else { "ahead" };
    format!("clock {off} {way}")
}

pub(crate) fn presence_reply(reply: &PresenceReply, style: Style) -> String {
    let place = reply
        .meeting
        .as_ref()
        .map_or_else(String::new, |meeting| format!(" in {}", meeting.title));
    let Some(presence) = &reply.presence else {
        return "You are in no meeting.".to_owned();
    };
    match presence.state {
        PresenceState::Online if reply.muted => format!("You are online{place}, muted."),
        PresenceState::Online => format!("You are online{place}."),
        PresenceState::Away => {
            format!("You are {presence}{place}: you hear, your microphone is closed.")
        }
        PresenceState::Offline {
            reason: OfflineReason::Phone,
        } => {
            let hint = style.paint(Ink::Dim, "'sotto back' returns.");
            format!("You are on the phone{place}: microphone and loudspeaker are closed. {hint}")
        }
        _ => format!("You are {presence}{place}."),
    }
}

pub(crate) fn connected(reply: &ConnectReply, _style: Style) -> String {
    match &reply.person {
        Some(person) => format!("Connected to {} at {}.", person.label, reply.address),
        None => format!(
            "Trying {} for 10 minutes; 'sotto peers' shows who answers.",
            reply.address
        ),
    }
}
