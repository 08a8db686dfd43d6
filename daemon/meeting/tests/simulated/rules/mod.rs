//! The rules of meetings, told as short stories between a few people on a clear network, or on a still one where the
//! network plays no part.

mod alone;
mod announcing;
mod clocks;
mod damage;
mod invitations;
mod inviting;
mod lasting;
mod limits;
mod presence;
mod restarts;
mod rosters;
mod switching;
mod told;
mod whispers;

use std::time::Duration;

use crate::sim::{Host, Sim};
use sotto_meeting::{
    Command, Cut, Event, Input, InvitationEnd, MeetingId, OfflineReason, Presence, Refusal,
    RejoinPolicy, Reply, Session, WhisperMode,
};

const ONLINE: Presence = Presence::Online;
const LOST: Presence = Presence::Offline(OfflineReason::Lost);
const NOT_JOINED: Presence = Presence::Offline(OfflineReason::NotJoined);
const ELSEWHERE: Presence = Presence::Offline(OfflineReason::Elsewhere);
const LEFT: Presence = Presence::Offline(OfflineReason::Left);
const CLOSED: Presence = Presence::Offline(OfflineReason::Closed);
const PHONE: Presence = Presence::Offline(OfflineReason::Phone);

fn is_away(presence: Option<Presence>) -> bool {
    matches!(presence, Some(Presence::Away(_)))
}

fn latch(sim: &Sim, to: &[Host]) -> Command {
    Command::Whisper {
        to: to.iter().map(|host| sim.id(*host)).collect(),
        mode: WhisperMode::Latch,
        at: None,
    }
}

fn hold(sim: &Sim, to: &[Host]) -> Command {
    Command::Whisper {
        to: to.iter().map(|host| sim.id(*host)).collect(),
        mode: WhisperMode::Hold,
        at: None,
    }
}

const TALK: Command = Command::Talk { at: None };
const MUTE: Command = Command::Mute { at: None };
const UNMUTE: Command = Command::Unmute { at: None };
