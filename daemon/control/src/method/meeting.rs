//! Meetings and invitations to them.

use super::bound::{FLAG, MEETING, NAMES, SOMEBODY, TITLE};
use super::declare::{Answered, method};
use crate::bounds::MAX_JOIN;
use crate::error::ControlError;
use crate::model::{Invitation, LeftOut, Meeting, MeetingRef, Person};
use serde::{Deserialize, Serialize};

method! {
    /// Starts a meeting, joins it and invites colleagues: at least one of `names` and `from` says whom.
    pub struct MeetingCreate: "meeting.create" -> InviteReply;
    reply: "`meeting`: **Meeting**; `invited`: [**Person**]; `left_out`: [**LeftOut**]";
    answered: Answered::AtOnce;
    rule: MeetingCreate::invites;
    required {
        /// The title.
        title: String = TITLE;
    }
    optional {
        /// The colleagues to invite.
        names: Vec<String> = NAMES;
        /// A meeting whose whole roster is invited too.
        from: Option<String> = MEETING;
        /// Those to leave out of that roster; belongs to `from`.
        without: Vec<String> = NAMES;
    }
}

impl MeetingCreate {
    fn invites(&self) -> Result<(), ControlError> {
        if self.names.is_empty() && self.from.is_none() {
            return Err(
                ControlError::invalid("a meeting needs at least one colleague")
                    .with_hint("name whom to invite, or a meeting to take them from"),
            );
        }
        if !self.without.is_empty() && self.from.is_none() {
            return Err(ControlError::invalid("\"without\" belongs to \"from\"")
                .with_hint("name the meeting whose roster to take"));
        }
        Ok(())
    }
}

method! {
    /// Invites more colleagues.
    pub struct MeetingInvite: "meeting.invite" -> InviteReply;
    reply: "`meeting`: **Meeting**; `invited`: [**Person**]; `left_out`: [**LeftOut**]";
    answered: Answered::AtOnce;
    required {
        /// The colleagues to invite.
        names: Vec<String> = SOMEBODY;
    }
    optional {
        /// The meeting; absent: the active one.
        meeting: Option<String> = MEETING;
    }
}

method! {
    /// Withdraws invitations that the user sent.
    pub struct MeetingWithdraw: "meeting.withdraw" -> WithdrawReply;
    reply: "`meeting`: **MeetingRef**; `withdrawn`: [**Person**]; `left_out`: [**LeftOut**]";
    answered: Answered::AtOnce;
    required {
        /// Those whose invitations to withdraw.
        names: Vec<String> = SOMEBODY;
    }
    optional {
        /// The meeting; absent: the active one.
        meeting: Option<String> = MEETING;
    }
}

method! {
    /// Joins a meeting that the user is invited to, or returns to one. The reply comes when the user is in.
    pub struct MeetingJoin: "meeting.join" -> MeetingReply;
    reply: "`meeting`: **Meeting**";
    answered: Answered::Within(MAX_JOIN);
    optional {
        /// The meeting; absent: that of the only open invitation.
        meeting: Option<String> = MEETING;
        /// Whether to close the microphone first; if the join fails, it is as before.
        muted: bool = FLAG;
    }
}

method! {
    /// Declines an invitation.
    pub struct MeetingDecline: "meeting.decline" -> MeetingRefReply;
    reply: "`meeting`: **MeetingRef**";
    answered: Answered::AtOnce;
    optional {
        /// The meeting; absent: that of the only open invitation.
        meeting: Option<String> = MEETING;
    }
}

method! {
    /// Leaves a meeting.
    pub struct MeetingLeave: "meeting.leave" -> MeetingRefReply;
    reply: "`meeting`: **MeetingRef**";
    answered: Answered::AtOnce;
    optional {
        /// The meeting; absent: the active one.
        meeting: Option<String> = MEETING;
    }
}

method! {
    /// Leaves the active meeting for another, in one step.
    pub struct MeetingSwitch: "meeting.switch" -> MeetingReply;
    reply: "`meeting`: **Meeting**";
    answered: Answered::Within(MAX_JOIN);
    required {
        /// The other meeting.
        meeting: String = MEETING;
    }
}

method! {
    /// Lists every meeting that the user is on the roster of, the active one first.
    pub struct MeetingList: "meeting.list" -> MeetingsReply;
    reply: "`meetings`: [**Meeting**]";
    answered: Answered::AtOnce;
}

method! {
    /// Shows one meeting with its roster.
    pub struct MeetingRoster: "meeting.roster" -> MeetingReply;
    reply: "`meeting`: **Meeting**";
    answered: Answered::AtOnce;
    optional {
        /// The meeting; absent: the active one.
        meeting: Option<String> = MEETING;
    }
}

method! {
    /// Lists invitations that wait for an answer.
    pub struct InvitationsList: "invitations.list" -> InvitationsReply;
    reply: "`invitations`: [**Invitation**]";
    answered: Answered::AtOnce;
}

/// A reply with one meeting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeetingReply {
    /// The meeting with its roster.
    pub meeting: Meeting,
}

/// A reply with a meeting's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRefReply {
    /// The meeting.
    pub meeting: MeetingRef,
}

/// The reply to `meeting.create` and `meeting.invite`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InviteReply {
    /// The meeting with its roster.
    pub meeting: Meeting,
    /// Those whom this request invited.
    pub invited: Vec<Person>,
    /// Members of groups who were not invited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// The reply to `meeting.withdraw`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawReply {
    /// The meeting.
    pub meeting: MeetingRef,
    /// Those whose invitations were withdrawn.
    pub withdrawn: Vec<Person>,
    /// Members of groups whom the user had not invited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// The reply to `meeting.list`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeetingsReply {
    /// The active one first, then the newest.
    pub meetings: Vec<Meeting>,
}

/// The reply to `invitations.list`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvitationsReply {
    /// The newest first.
    pub invitations: Vec<Invitation>,
}
