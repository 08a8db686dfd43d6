//! Servers that can little, come, go or refuse.

use super::*;

#[test]
fn without_buttons_it_says_where_to_answer() {
    let mut desk = Desk::with(Capabilities::default());
    let told = desk.change(|facts| facts.invitations.push(invitation("R&D <b>")));
    let notification = shown(&told);
    assert!(notification.actions.is_empty());
    assert!(notification.body.contains("'sotto join'"));
}

#[test]
fn only_a_server_that_reads_markup_is_given_escaped_text() {
    for (capabilities, expected) in [
        (BUTTONS, "&lt;b&gt;Emil&amp;Co is inside"),
        (
            Capabilities {
                actions: true,
                markup: false,
            },
            "<b>Emil&Co is inside",
        ),
    ] {
        let mut desk = Desk::with(capabilities);
        let told = desk.change(|facts| {
            let mut invitation = invitation("Budget");
            invitation.from = vec![person("<i>")];
            invitation.inside = vec![person("<b>Emil&Co")];
            facts.invitations.push(invitation);
        });
        assert_eq!(shown(&told).body, expected);
        // The first line is never markup.
        assert_eq!(shown(&told).summary, "<i> invites you to “Budget”");
    }
}

#[test]
fn another_server_knows_no_number_and_is_shown_what_was_open() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| {
        facts
            .invitations
            .extend([invitation("Budget"), invitation("Planning")]);
    });
    desk.notice(warning(NoticeKind::Sound, "your microphone is muted"));
    desk.notifier.closed(1);
    desk.after(60);
    let told = desk.restart_server();
    assert_eq!(shown(&told).replaces, 0);
    assert_eq!(shown(&told).summary, "Dara invites you to “Planning”");
    assert_eq!(
        desk.press(2, "join"),
        None,
        "the number of the server before"
    );
    assert_eq!(desk.press(4, "join"), Some(join("Planning")));
}

#[test]
fn without_a_server_one_is_asked_for_only_when_there_is_something_new() {
    let mut desk = Desk::without_a_server();
    assert_eq!(desk.notifier.next(desk.now), Some(Effect::Ask));
    assert_eq!(desk.notifier.next(desk.now), None, "one question at a time");
    desk.notifier.server_absent();
    assert_eq!(desk.told(), []);

    desk.facts.invitations.push(invitation("Budget"));
    desk.notifier.update(Some(&desk.facts));
    desk.notifier
        .hear(&News::Notice(warning(NoticeKind::Sound, "unplugged")));
    assert_eq!(desk.notifier.next(desk.now), Some(Effect::Ask));
    desk.notifier.server_absent();
    assert_eq!(
        desk.change(|facts| facts.invitations[0].inside.push(person("Dara"))),
        []
    );

    // What still holds is shown when one appears; what happened meanwhile is not.
    desk.notifier.server_changed(true);
    assert_eq!(desk.notifier.next(desk.now), Some(Effect::Ask));
    desk.notifier.server_here(BUTTONS);
    let told = desk.told();
    assert_eq!(shown(&told).body, "Dara is inside");
}

#[test]
fn what_the_server_does_not_take_is_not_tried_for_ever() {
    let mut desk = Desk::with(BUTTONS);
    desk.facts.invitations.push(invitation("Budget"));
    desk.notifier.update(Some(&desk.facts));
    let Some(Effect::Show(subject, _)) = desk.notifier.next(desk.now) else {
        panic!("expected a notification")
    };
    desk.notifier.not_shown(&subject);
    assert_eq!(desk.after(60), []);
    // It was about to end: the next is asked for at once.
    desk.notifier.server_changed(false);
    assert_eq!(desk.notifier.next(desk.now), Some(Effect::Ask));
    desk.notifier.server_here(BUTTONS);
    let told = desk.told();
    assert_eq!(shown(&told).summary, "Dara invites you to “Budget”");
}

#[test]
fn the_end_closes_what_can_no_longer_be_answered() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.invitations.push(invitation("Budget")));
    desk.notice(warning(NoticeKind::Sound, "unplugged"));
    desk.notifier.end();
    assert_eq!(desk.told(), [Told::Close(1)]);
}
