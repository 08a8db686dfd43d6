//! Invitations and their answers.

use super::*;

#[test]
fn an_invitation_is_shown_with_both_answers() {
    let mut desk = Desk::with(BUTTONS);
    let told = desk.change(|facts| {
        let mut invitation = invitation("Budget");
        invitation.inside = vec![person("Dara"), person("Emil")];
        facts.invitations.push(invitation);
    });
    let notification = shown(&told);
    assert_eq!(
        *notification,
        Notification {
            replaces: 0,
            summary: "Dara invites you to “Budget”".into(),
            body: "Dara and Emil are inside".into(),
            actions: vec![
                "default",
                "Open Sotto",
                "join",
                "Join",
                "decline",
                "Decline"
            ],
            urgency: Urgency::Normal,
            category: "im.received",
            transient: false,
            sound: Some("message-new-instant"),
        }
    );
    assert_eq!(desk.change(|_| {}), [], "nothing has changed");
    assert_eq!(desk.press(1, "join"), Some(join("Budget")));
}

#[test]
fn two_meetings_have_two_notifications() {
    let mut desk = Desk::with(BUTTONS);
    let told = desk.change(|facts| {
        facts
            .invitations
            .extend([invitation("Budget"), invitation("Planning")]);
    });
    assert_eq!(told.len(), 2);
    let told = desk.change(|facts| facts.invitations.truncate(1));
    assert_eq!(told, [Told::Close(2)]);
}

#[test]
fn a_flood_of_invitations_is_bounded() {
    let mut desk = Desk::with(BUTTONS);
    let told = desk.change(|facts| {
        facts
            .invitations
            .extend((0..30).map(|number| invitation(&number.to_string())));
    });
    assert_eq!(told.len(), 8);
}

#[test]
fn who_enters_is_written_into_the_same_notification_without_a_sound_and_not_all_the_time() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    assert_eq!(
        desk.change(|facts| facts.invitations[0].inside.push(person("Dara"))),
        []
    );
    assert_eq!(
        desk.change(|facts| facts.invitations[0].inside.push(person("Emil"))),
        []
    );
    assert_eq!(
        desk.notifier.deadline(),
        Some(desk.now + Duration::from_secs(5))
    );
    let told = desk.after(5);
    assert_eq!(shown(&told).replaces, 1);
    assert_eq!(shown(&told).body, "Dara and Emil are inside");
    assert_eq!(shown(&told).sound, None);
    assert_eq!(desk.notifier.deadline(), None);
}

#[test]
fn what_the_user_has_closed_comes_back_only_when_somebody_invites() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    desk.notifier.closed(1);
    desk.after(60);
    let entered = desk.change(|facts| facts.invitations[0].inside.push(person("Dara")));
    assert_eq!(entered, [], "somebody enters");
    assert_eq!(desk.notifier.deadline(), None);

    let told = desk.change(|facts| facts.invitations[0].from.insert(0, person("Emil")));
    assert_eq!(
        shown(&told).summary,
        "Emil and Dara invite you to “Budget”",
        "another invites"
    );
    desk.notifier.closed(2);
    desk.after(60);
    let told = desk.change(|facts| facts.invitations[0].received += 100);
    assert!(
        shown(&told).sound.is_some(),
        "one of them invites once more"
    );
}

#[test]
fn a_notification_that_goes_answers_nothing() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    for key in ["default", "", "Join", "inline-reply"] {
        assert_eq!(desk.press(1, key), None, "{key:?}");
    }
    assert_eq!(desk.press(7, "join"), None, "another's number");
    assert_eq!(desk.press(0, "join"), None);
    desk.notifier.closed(1);
    assert_eq!(desk.told(), []);
}

#[test]
fn a_click_beside_the_buttons_opens_the_window_at_the_invitation() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    let place = Show::Invitation("id of Budget".into());
    assert_eq!(desk.click_on(1), Some(Click::Show(place)));
    assert_eq!(desk.click_on(7), None, "another's number");
    // It is still to be answered.
    assert_eq!(desk.press(1, "join"), Some(join("Budget")));
    desk.change(|facts| facts.invitations.clear());
    assert_eq!(desk.click_on(1), None);
}

#[test]
fn an_invitation_that_was_answered_elsewhere_is_closed_and_can_be_answered_no_more() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    assert_eq!(
        desk.change(|facts| facts.invitations.clear()),
        [Told::Close(1)]
    );
    assert_eq!(desk.press(1, "join"), None);
}

#[test]
fn the_meeting_that_the_user_is_in_is_no_invitation() {
    let mut snapshot = Snapshot::default();
    snapshot.invitations.push(invitation("Budget"));
    snapshot.meetings.push(sotto_control::model::Meeting {
        id: "id of Budget".into(),
        active: true,
        ..Default::default()
    });
    assert_eq!(Facts::among(&snapshot), Facts::default());
}

#[test]
fn a_second_press_does_nothing_until_the_first_is_answered() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    assert_eq!(desk.press(1, "join"), Some(join("Budget")));
    assert_eq!(desk.press(1, "decline"), None);
    assert_eq!(
        desk.answered(join("Budget"), Some("nobody answers")).len(),
        1
    );
    assert_eq!(
        desk.press(2, "decline"),
        Some(Wish::Decline("id of Budget".into()))
    );
}

#[test]
fn a_press_in_the_moment_in_which_it_appears_is_not_meant_for_it() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    let at_once = desk.now + Duration::from_millis(499);
    assert_eq!(desk.notifier.pressed(1, "join", at_once), None);
    assert_eq!(desk.notifier.pressed(1, "join", at_once), None);
    // The server closes it all the same, so it comes back, and takes a press from then on.
    desk.notifier.closed(1);
    assert_eq!(desk.told(), []);
    desk.now += Duration::from_millis(500);
    assert_eq!(desk.notifier.deadline(), Some(desk.now));
    let told = desk.told();
    assert_eq!(shown(&told).replaces, 1);
    assert_eq!(shown(&told).sound, None);
    assert_eq!(
        desk.notifier.pressed(2, "join", desk.now),
        Some(Click::Ask(join("Budget")))
    );
    desk.notifier.closed(2);
    assert_eq!(desk.after(60), []);
}

#[test]
fn a_refusal_is_said_in_the_same_notification_and_can_be_tried_again() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    desk.press(1, "join");
    // Servers close what was answered.
    desk.notifier.closed(1);
    assert_eq!(desk.told(), []);
    let told = desk.answered(
        join("Budget"),
        Some("nobody inside answers; try again later"),
    );
    let notification = shown(&told);
    assert_eq!(notification.replaces, 1);
    assert_eq!(notification.summary, "Cannot join “Budget”");
    assert_eq!(notification.body, "nobody inside answers; try again later");
    assert!(notification.actions.contains(&"join"));

    desk.press(2, "join");
    desk.notifier.closed(2);
    assert_eq!(desk.answered(join("Budget"), None), []);
    assert_eq!(desk.change(|facts| facts.invitations.clear()), []);
}

#[test]
fn a_refusal_of_what_was_clicked_in_the_menu_is_said_too() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    let wish = Wish::Decline("id of Budget".into());
    let told = desk.answered(wish, Some("the disk is full"));
    assert_eq!(shown(&told).summary, "Cannot decline “Budget”");
    assert_eq!(desk.answered(Wish::Mute, Some("the disk is full")), []);
}

#[test]
fn a_refusal_that_comes_after_the_invitation_has_gone_is_said_once() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    desk.press(1, "join");
    desk.change(|facts| facts.invitations.clear());
    let told = desk.answered(join("Budget"), Some("there is no such invitation"));
    assert_eq!(shown(&told).summary, "Cannot join the meeting");
    assert_eq!(shown(&told).body, "there is no such invitation");
    assert_eq!(shown(&told).actions, ["default", "Open Sotto"]);
    assert_eq!(desk.change(|_| {}), []);
}

#[test]
fn without_a_daemon_nothing_is_open_and_what_was_closed_does_not_come_back_with_it() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| {
        facts
            .invitations
            .extend([invitation("Budget"), invitation("Planning")]);
        facts.whispers.push(whisper("Chen"));
    });
    desk.notifier.closed(1);
    desk.notifier.update(None);
    assert_eq!(desk.told(), [Told::Close(2), Told::Close(3)]);
    desk.facts.whispers.clear();
    desk.after(60);
    let told = desk.change(|_| {});
    assert_eq!(shown(&told).summary, "Dara invites you to “Planning”");
}
