//! Whether the user is heard: talking while muted, and push to talk.

use sotto_control::model::{Notice, NoticeKind};

use super::*;
use crate::daemon::News;

const UNHEARD: &str = "You are talking, but you are muted. Nobody hears you.";

fn unheard() -> Picture {
    let mut picture = picture();
    picture.you.muted = true;
    picture.you.unheard = true;
    if let Some(room) = &mut picture.room {
        room.audience = Audience {
            sentence: vec![Part::Text(UNHEARD.into())],
            can_unmute: true,
            ..Audience::default()
        };
    }
    picture
}

/// The nodes that a screen reader says by itself when they change to this text.
fn announced(harness: &Harness<'_, Stage>, text: &str) -> usize {
    let said = harness.query_all_by_label(text);
    said.filter(|node| node.accesskit_node().live() == Live::Polite)
        .count()
}

#[test]
fn whoever_talks_while_muted_is_told_once_and_can_unmute() {
    let mut harness = window_of(unheard());
    let notice = Notice {
        kind: NoticeKind::MutedTalking,
        text: "you are talking, but you are muted".into(),
        ..Notice::default()
    };
    let news = News::Notice(notice);
    harness.state_mut().desk.news(&news, Duration::ZERO);
    harness.run();
    assert_eq!(announced(&harness, UNHEARD), 1);
    assert_eq!(harness.state().desk.messages().newest(), None);
    let name = "Unmute: nobody hears what you say";
    assert_eq!(click(&mut harness, name), [Wish::Unmute]);
}

#[test]
fn the_strip_marks_the_microphone_of_whoever_talks_while_muted() {
    let mut harness = stage(unheard(), true);
    assert_eq!(announced(&harness, UNHEARD), 1);
    let name = "Unmute: you are talking, but nobody hears you";
    assert_eq!(click(&mut harness, name), [Wish::Unmute]);
}
