//! Who hears you, and who whispers to you.

use super::group::left_out;
use super::{Ink, Style, duration, names};
use sotto_control::TalkReply;
use sotto_control::model::{NobodyBecause, Talk, TalkMode, TalkTo, WhisperMode};

/// One sentence about the audience, and one each about whoever hears nothing and whoever was left out.
pub(crate) fn talk_reply(reply: &TalkReply, style: Style) -> String {
    let talk = &reply.talk;
    let mut text = audience(talk, style);
    if matches!(talk.to, TalkTo::Whisper { .. }) && !talk.microphone_open {
        let closed = match talk.mode {
            TalkMode::Push => {
                "\nThey hear you while you press to talk, as with 'sotto talk --press'."
            }
            _ => "\nYou are muted: they hear nothing until 'sotto unmute'.",
        };
        text.push_str(&style.paint(Ink::Yellow, closed));
    }
    if !talk.not_hearing.is_empty() {
        let deaf = format!(
            "\nDeafened, so not hearing you: {}.",
            names(&talk.not_hearing)
        );
        text.push_str(&style.paint(Ink::Yellow, deaf));
    }
    text.push_str(&left_out(&reply.left_out, style));
    text
}

/// Says how the microphone is, and who hears it while it is open.
pub(crate) fn press_reply(reply: &TalkReply, style: Style) -> String {
    let talk = &reply.talk;
    let audience = || audience(talk, style);
    match (talk.pressed, talk.microphone_open) {
        (true, true) => {
            let open = style.paint(
                Ink::Green,
                "Your microphone is open while you press to talk.",
            );
            format!("{open} {}", audience())
        }
        (true, false) => format!("You press to talk, and nobody is there. {}", audience()),
        (false, true) => format!("Your microphone is open without a key. {}", audience()),
        (false, false) => "Your microphone is closed.".to_owned(),
    }
}

/// Whom the user speaks to, as a sentence.
pub(super) fn audience(talk: &Talk, style: Style) -> String {
    match &talk.to {
        TalkTo::Everyone => "Speaking to everyone in the meeting.".to_owned(),
        TalkTo::Nobody => match because(talk) {
            Some(because) => {
                format!("Speaking to nobody: {because}. Speak to everyone with 'sotto talk'.")
            }
            None => "Speaking to nobody.".to_owned(),
        },
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

/// Why the user speaks to nobody, although in a meeting.
pub(crate) fn because(talk: &Talk) -> Option<&'static str> {
    talk.nobody_because.map(|because| match because {
        NobodyBecause::HoldLost => "your whisper ended before you let go of it",
        NobodyBecause::ScreenLocked => "the screen was locked while you held a whisper",
        NobodyBecause::ScreenSaver => "the screen saver came on while you held a whisper",
        NobodyBecause::Suspended => "this machine was suspended while you held a whisper",
        NobodyBecause::ReceiversGone => "everyone whom you whispered to has gone",
        NobodyBecause::Other => "your whisper has ended",
    })
}

/// What is not ordinary about whom the user speaks to, and who whispers, a line each.
pub(crate) fn whispers(talk: &Talk, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    match &talk.to {
        TalkTo::Whisper { .. } | TalkTo::Unknown => lines.push(audience(talk, style)),
        TalkTo::Nobody if because(talk).is_some() => {
            lines.push(style.paint(Ink::Red, audience(talk, style)));
        }
        TalkTo::Everyone | TalkTo::Nobody => {}
    }
    for whisper in &talk.incoming {
        let to = match whisper.also_to.as_slice() {
            [] => "you alone".to_owned(),
            others => format!("you and {}", names(others)),
        };
        let deaf = match whisper.heard {
            true => "",
            false => "; you are deafened and hear nothing",
        };
        let text = format!("{} whispers to {to}{deaf}.", whisper.from.label);
        lines.push(style.paint(Ink::Magenta, text));
    }
    if let [first, ..] = talk.reply_to.as_slice()
        && talk.incoming.len() > 1
    {
        lines.push(format!("'sotto reply' answers {}.", first.label));
    }
    lines
}
