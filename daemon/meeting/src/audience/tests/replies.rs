//! Whom a reply goes to.

use super::*;

#[test]
fn a_reply_answers_the_last_whisperer_and_the_others_still_present() {
    let mut room = Room::new();
    room.hears(BAO, 1, Some(&[]));
    room.hears(CHEN, 1, Some(&[DARA, BAO]));
    room.hears(CHEN, 2, None);
    room.shows(DARA, LEFT);
    assert_eq!(room.talk.reply_to(), [CHEN, BAO]);
    assert_eq!(room.reply(), Ok(vec![CHEN, BAO]));
    assert_eq!(room.audience, whisper_to(&[CHEN, BAO]));
}

#[test]
fn a_reply_is_fixed_when_pressed() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[]));
    room.reply().unwrap();
    room.hears(BAO, 1, Some(&[DARA]));
    room.hears(CHEN, 2, Some(&[DARA]));
    assert_eq!(room.audience, whisper_to(&[CHEN]));
}

#[test]
fn a_reply_goes_to_whoever_began_to_whisper_last() {
    let mut room = Room::new();
    room.hears(BAO, 1, Some(&[DARA]));
    room.hears(CHEN, 1, Some(&[]));
    assert_eq!(room.talk.reply_to(), [CHEN]);
    room.hears(BAO, 2, Some(&[]));
    room.hears(BAO, 3, Some(&[CHEN]));
    room.hears(BAO, 4, Some(&[CHEN]));
    assert_eq!(
        room.talk.reply_to(),
        [CHEN],
        "a whisper that goes on does not begin when its receivers change"
    );
    room.hears(BAO, 5, None);
    room.hears(BAO, 6, Some(&[]));
    assert_eq!(room.talk.reply_to(), [BAO], "a new one does");
}

#[test]
fn nobody_is_added_to_those_whom_a_reply_reaches() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[BAO]));
    room.hears(CHEN, 2, Some(&[BAO, DARA]));
    assert_eq!(
        room.talk.reply_to(),
        [CHEN, BAO],
        "Dara did not hear how it began"
    );
    room.hears(CHEN, 3, Some(&[DARA]));
    assert_eq!(room.talk.reply_to(), [CHEN], "and Bao does not any more");
}

#[test]
fn a_reply_is_refused_if_it_would_not_go_to_whom_the_user_means() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[BAO]));
    let meant = room.talk.reply_to();
    room.hears(DARA, 1, Some(&[CHEN, BAO]));
    assert_eq!(
        room.replies_to(&meant),
        Err(TalkRefusal::ReplyMoved { peer: DARA })
    );
    assert_eq!(
        room.replies_to(&[DARA, CHEN]),
        Err(TalkRefusal::ReplyReaches { peer: BAO })
    );
    assert_eq!(room.audience, everyone(), "and nothing changes");
    room.shows(BAO, LEFT);
    assert_eq!(
        room.replies_to(&[DARA, CHEN, BAO]),
        Ok(vec![DARA, CHEN]),
        "it goes on with the rest"
    );
}

#[test]
fn a_reply_is_refused_when_the_whisperer_is_gone() {
    let mut room = Room::new();
    assert_eq!(room.reply(), Err(TalkRefusal::NothingToReplyTo));
    room.hears(CHEN, 1, Some(&[BAO]));
    for gone in [LOST, LEFT] {
        room.shows(CHEN, gone);
        assert_eq!(room.reply(), Err(TalkRefusal::WhispererGone { peer: CHEN }));
        assert_eq!(
            room.audience,
            Audience::Open(vec![BAO, DARA]),
            "and does not fall into the open room by itself"
        );
        assert_eq!(room.talk.reply_to(), []);
    }
}
