//! Whispers, invitations and other meetings in the menu.

use super::*;
use sotto_control::model::{Group, GroupMember};

#[test]
fn a_whisper_to_the_user_shows_and_can_be_answered() {
    let view = Scene::in_a_meeting().whispered_to().view();
    assert_eq!(view.mood, Mood::WhisperedTo);
    assert!(labels(&view).contains(&"Bao whispers to you"));
    assert!(view.details.ends_with("Bao whispers to you"));
    assert_eq!(
        wish(&view, "Whisper back to Bao"),
        Some(&Wish::Reply {
            to: vec!["12D3KooBao".into()],
            mode: WhisperMode::Latch
        })
    );
    let muted = Scene::in_a_meeting().muted().whispered_to().view();
    assert_eq!(muted.mood, Mood::WhisperedTo);
    let talking = Scene::in_a_meeting().talking().whispered_to().view();
    assert_eq!(talking.mood, Mood::Speaking, "others hear the user");
}

#[test]
fn people_and_groups_inside_can_be_whispered_to() {
    let group = |name: &str, members: &[&str]| Group {
        name: name.into(),
        members: members
            .iter()
            .map(|name| GroupMember {
                person: person(name),
                ..GroupMember::default()
            })
            .collect(),
    };
    let view = Scene::in_a_meeting()
        .with(|snapshot| {
            snapshot.groups = vec![group("desk", &["Chen", "Emil"]), group("home", &["Emil"])];
            snapshot.meetings[0].participants[1].presence = Presence::offline(OfflineReason::Left);
        })
        .view();
    assert_eq!(list(&view, "Whisper to"), ["@desk", "Chen"]);
    assert_eq!(
        wish(&view, "@desk"),
        Some(&Wish::Whisper {
            to: vec!["@desk".into()],
            mode: WhisperMode::Latch
        })
    );
}

#[test]
fn other_meetings_can_be_switched_to_or_joined() {
    let inside = Scene::in_a_meeting()
        .another_meeting("Retro", &["Dara", "Emil"])
        .view();
    assert_eq!(
        wish(&inside, "Switch to “Retro” (2 inside)"),
        Some(&Wish::Switch("id of Retro".into()))
    );
    let outside = Scene::without_a_meeting()
        .another_meeting("Retro", &[])
        .view();
    assert_eq!(
        wish(&outside, "Join “Retro”"),
        Some(&Wish::Join("id of Retro".into()))
    );
}

#[test]
fn a_meeting_that_the_user_is_invited_to_stands_there_once() {
    let view = Scene::in_a_meeting()
        .another_meeting("Budget", &["Dara"])
        .invited("Budget")
        .view();
    let named = labels(&view).into_iter().filter(|it| it.contains("Budget"));
    assert_eq!(named.count(), 3, "asked, join, decline: {view:?}");
}

#[test]
fn an_invitation_can_be_joined_or_declined_and_puts_a_dot_on_the_icon() {
    let view = Scene::without_a_meeting().invited("Budget").view();
    assert!(view.badge);
    assert_eq!(
        labels(&view),
        [
            "Open Sotto",
            "-",
            "Not in a meeting",
            "-",
            "Dara invites you to “Budget” (2 inside)",
            "Join “Budget”",
            "Decline “Budget”",
            "-",
            "Start a meeting…",
            "-",
            "Do not disturb",
            "Settings…",
            "Quit Sotto"
        ]
    );
    assert_eq!(
        wish(&view, "Join “Budget”"),
        Some(&Wish::Join("id of Budget".into()))
    );
    assert_eq!(
        wish(&view, "Decline “Budget”"),
        Some(&Wish::Decline("id of Budget".into()))
    );
}

#[test]
fn many_invitations_do_not_fill_the_screen() {
    let scene = (0..50).fold(Scene::without_a_meeting(), |scene, number| {
        scene.invited(&number.to_string())
    });
    let view = scene.view();
    assert_eq!(
        click(&view.menu, "42 more invitations in the window…"),
        Some(&Click::Show(Show::Window))
    );
    assert!(view.menu.len() < 40);
}
