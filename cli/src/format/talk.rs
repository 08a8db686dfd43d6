//! Who hears you, and who whispers to you.

use super::{Ink, Style, duration, names};
use sotto_control::TalkReply;
use sotto_control::model::{Talk, TalkTo, WhisperMode};

/// One sentence about the audience, and one about whoever hears nothing.
pub(crate) fn talk_reply(reply: &TalkReply, style: Style) -> String {
    let talk = &reply.talk;
    let mut text = audience(talk, style);
    if matches!(talk.to, TalkTo::Whisper { .. }) && !talk.microphone_open {
        let muted = "\nYou are muted: they hear nothing until 'sotto unmute'.";
        text.push_str(&style.paint(Ink::Yellow, muted));
    }
    if !talk.not_hearing.is_empty() {
        let deaf = format!(
            "\nDeafened, so not hearing you: {}.",
            names(&talk.not_hearing)
        );
        text.push_str(&style.paint(Ink::Yellow, deaf));
    }
    text
}

/// Whom the user speaks to, as a sentence.
pub(super) fn audience(talk: &Talk, style: Style) -> String {
    match &talk.to {
        TalkTo::Everyone => "Speaking to everyone in the meeting.".to_owned(),
        TalkTo::Nobody => "Speaking to nobody.".to_owned(),
        TalkTo::Unknown => {
            "Speaking to some: a newer daemon says to whom; 'sotto talk' speaks to everyone again."
                .to_owned()
        }
        TalkTo::Whisper { to, mode } => {
            let until = match mode {
                WhisperMode::Hold => "while you hold it".to_owned(),
                WhisperMode::Latch => "until 'sotto talk'".to_owned(),
                WhisperMode::For(left) => format!("for {}", duration(*left)),
            };
            let to = style.paint(Ink::Magenta, names(to));
            format!("Whispering to {to}, {until}.")
        }
    }
}
