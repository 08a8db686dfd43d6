//! What the user does at the window, and what is asked of the daemon then.

use super::*;
use crate::window::picture::{Audience, Mark, Room, Tile};

const NOW: Duration = Duration::from_secs(100);

fn tile(id: &str, mark: Mark) -> Tile {
    Tile {
        id: id.into(),
        label: id.into(),
        mark,
        ..Tile::default()
    }
}

fn room() -> Picture {
    let mut you = tile("anna", Mark::Online);
    you.you = true;
    Picture {
        room: Some(Room {
            id: "aa11".into(),
            title: "Planning".into(),
            tiles: vec![
                you,
                tile("bao", Mark::Online),
                tile("chen", Mark::Away),
                tile("dara", Mark::Offline),
            ],
            ..Room::default()
        }),
        ..Picture::default()
    }
}

/// The room while a whisper to these is latched.
fn whispering(to: &[&str]) -> Picture {
    let mut picture = room();
    if let Some(room) = &mut picture.room {
        room.audience = Audience {
            can_widen: true,
            ..Audience::default()
        };
        for tile in &mut room.tiles {
            tile.chosen = to.contains(&tile.id.as_str());
        }
    }
    picture
}

fn desk(picture: Picture) -> Desk {
    let mut desk = Desk::default();
    desk.see(picture);
    desk
}

fn latch(to: &[&str]) -> Option<Wish> {
    Some(Wish::Whisper {
        to: to.iter().map(|id| (*id).to_owned()).collect(),
        mode: WhisperMode::Latch,
    })
}

#[test]
fn several_are_chosen_and_then_pressed_together() {
    let mut desk = desk(room());
    assert_eq!(desk.act(Act::Choose("bao".into()), NOW), None);
    assert_eq!(desk.act(Act::Choose("chen".into()), NOW), None);
    assert_eq!(desk.with_chosen("bao"), ["bao", "chen"]);
    assert_eq!(desk.with_chosen("dara"), ["dara"]);
    assert_eq!(desk.act(Act::Choose("dara".into()), NOW), None);
    assert!(!desk.is_chosen("dara"), "whoever is not here is not chosen");
    assert_eq!(desk.act(Act::WhisperToChosen, NOW), latch(&["bao", "chen"]));
    assert!(desk.chosen().is_empty());
}

#[test]
fn a_lasso_chooses_those_who_can_hear() {
    let mut desk = desk(room());
    let faces = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let all = Act::ChooseAll {
        faces: faces(&["anna", "bao", "dara"]),
        add: false,
    };
    desk.act(all, NOW);
    assert!(desk.chosen().iter().eq(["bao"]));
    let more = Act::ChooseAll {
        faces: faces(&["chen"]),
        add: true,
    };
    desk.act(more, NOW);
    assert!(desk.chosen().iter().eq(["bao", "chen"]));
}

#[test]
fn choosing_during_a_whisper_changes_whom_it_reaches() {
    let mut desk = desk(whispering(&["bao"]));
    assert_eq!(
        desk.act(Act::Choose("chen".into()), NOW),
        latch(&["bao", "chen"])
    );
    desk.see(whispering(&["bao", "chen"]));
    assert_eq!(desk.act(Act::Choose("chen".into()), NOW), latch(&["bao"]));
    desk.see(whispering(&["bao"]));
    assert_eq!(
        desk.act(Act::Choose("bao".into()), NOW),
        None,
        "taking out the last one would end in everyone or in nobody"
    );
}

#[test]
fn escape_goes_one_step_back() {
    let mut desk = desk(whispering(&["bao"]));
    desk.act(Act::Start, NOW);
    assert_eq!(desk.act(Act::Back, NOW), None);
    assert!(desk.dialog().is_none());
    assert_eq!(desk.act(Act::Back, NOW), Some(Wish::SpeakToEveryone));
    desk.see(room());
    assert_eq!(
        desk.act(Act::Back, NOW),
        None,
        "there is nothing to go back from"
    );
    desk.act(Act::Choose("bao".into()), NOW);
    assert_eq!(desk.act(Act::Back, NOW), None);
    assert!(desk.chosen().is_empty());
}

#[test]
fn escape_during_a_hold_speaks_to_everyone_and_the_release_means_nothing() {
    let mut desk = desk(room());
    desk.act(Act::Press(Target::Faces(vec!["bao".into()])), NOW);
    assert!(desk.is_held("bao"));
    assert_eq!(desk.act(Act::Back, NOW), Some(Wish::SpeakToEveryone));
    assert_eq!(desk.act(Act::LetGo, NOW), None);
}

#[test]
fn closing_and_zooming_lose_a_hold() {
    for act in [Act::Close, Act::Zoom, Act::Lose] {
        let mut desk = desk(room());
        desk.act(Act::Press(Target::Faces(vec!["bao".into()])), NOW);
        assert_eq!(desk.act(act, NOW), Some(Wish::Abandon));
    }
}

#[test]
fn a_hold_does_not_outlive_the_connection() {
    let mut desk = desk(room());
    desk.act(Act::Press(Target::Faces(vec!["bao".into()])), NOW);
    desk.see(Picture {
        disconnected: Some("gone".into()),
        ..Picture::default()
    });
    assert_eq!(desk.act(Act::LetGo, NOW), None);
    assert_eq!(desk.tick(NOW + Duration::from_secs(5)), None);
}

#[test]
fn talk_is_released_even_after_the_meeting() {
    let mut desk = desk(room());
    desk.act(Act::Press(Target::Talk), NOW);
    desk.see(Picture::default());
    assert_eq!(desk.act(Act::LetGo, NOW), Some(Wish::Release));
    desk.see(room());
    desk.act(Act::Press(Target::Talk), NOW);
    assert_eq!(desk.act(Act::Everyone, NOW), Some(Wish::SpeakToEveryone));
    assert!(desk.talks(), "it is still held");
    assert_eq!(desk.act(Act::Zoom, NOW), Some(Wish::Abandon));
}

#[test]
fn what_ends_a_whisper_is_asked_again_if_there_was_no_room() {
    let mut desk = desk(room());
    let news = News::Answered {
        wish: Wish::Release,
        refusal: Some(TOO_MANY.into()),
    };
    assert_eq!(desk.news(&news, NOW), Some(Wish::Release));
    assert_eq!(desk.messages().newest(), None);
}

#[test]
fn a_refusal_is_said_and_the_dialog_stays_until_it_is_granted() {
    let mut desk = desk(room());
    desk.act(Act::Invite, NOW);
    let invite = Wish::Invite {
        meeting: "aa11".into(),
        names: vec!["bao".into()],
    };
    let refused = News::Answered {
        wish: invite.clone(),
        refusal: Some("Bao has declined a moment ago".into()),
    };
    desk.news(&refused, NOW);
    assert!(desk.dialog().is_some());
    let said = desk.messages().newest();
    assert_eq!(said, Some(("Bao has declined a moment ago.", true)));
    let granted = News::Answered {
        wish: invite,
        refusal: None,
    };
    desk.news(&granted, NOW);
    assert!(desk.dialog().is_none());
}

#[test]
fn whoever_leaves_is_chosen_no_longer() {
    let mut desk = desk(room());
    desk.act(Act::Choose("bao".into()), NOW);
    let mut picture = room();
    if let Some(room) = &mut picture.room {
        room.tiles.retain(|tile| tile.id != "bao");
    }
    desk.see(picture);
    assert!(desk.chosen().is_empty());
}
