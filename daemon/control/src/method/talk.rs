//! Whom the user speaks to.

use super::Done;
use super::bound::{FLAG, LASTING, NAMES, SOMEBODY};
use super::declare::{Answered, method};
use crate::model::{LeftOut, Talk, WhisperMode};
use serde::{Deserialize, Serialize};

method! {
    /// Speaks to the chosen alone.
    pub struct TalkWhisper: "talk.whisper" -> TalkReply;
    reply: "`talk`: **Talk**; `left_out`: [**LeftOut**]";
    answered: Answered::AtOnce;
    required {
        /// The receivers; each must be present in the active meeting, and one of each group.
        names: Vec<String> = SOMEBODY;
    }
    spread {
        /// How long it lasts; `hold` ends with `talk.release`, and is renewed with `talk.renew` until then.
        mode: WhisperMode = LASTING;
    }
}

method! {
    /// Answers the last whisper: speaks to those whom `reply_to` of **Talk** lists.
    pub struct TalkReplyTo: "talk.reply" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
    optional {
        /// Those whom the user means to answer, the whisperer first; absent: whoever it is. Refused if the answer would
        /// go to anybody else.
        to: Vec<String> = NAMES;
    }
    spread {
        /// How long it lasts, as in `talk.whisper`.
        mode: WhisperMode = LASTING;
    }
}

method! {
    /// Ends the whisper and the press that this connection holds; what was before comes back.
    pub struct TalkRelease: "talk.release" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Shows that whoever holds a whisper or a press over this connection is there.
    pub struct TalkRenew: "talk.renew" -> Done;
    reply: "an empty object";
    answered: Answered::AtOnce;
}

method! {
    /// Ends the whisper and the press that this connection holds although nobody has released them: after a whisper the
    /// user speaks to nobody.
    pub struct TalkAbandon: "talk.abandon" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Opens the microphone to whoever the user speaks to, while it is pressed: until `talk.release`, and renewed with
    /// `talk.renew`. If it is pressed already, that ends. Where it is open anyway, nothing changes.
    pub struct TalkPress: "talk.press" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
    optional {
        /// Whether it outlives this connection, as a command in a shortcut must: until `talk.unpress` or another press.
        lasting: bool = FLAG;
    }
}

method! {
    /// Presses the microphone, or ends the press that there is, whoever made it.
    pub struct TalkToggle: "talk.toggle" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Ends the press, whoever made it. A whisper goes on.
    pub struct TalkUnpress: "talk.unpress" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
}

method! {
    /// Speaks to everyone again.
    pub struct TalkEveryone: "talk.everyone" -> TalkReply;
    reply: "`talk`: **Talk**";
    answered: Answered::AtOnce;
}

/// The reply to every `talk` method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TalkReply {
    /// Whom the user speaks to now.
    pub talk: Talk,
    /// Members of groups who are not spoken to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}
