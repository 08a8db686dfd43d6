//! Whispers, and what goes wrong.

use super::*;

#[test]
fn a_whisper_is_shown_quietly_and_closed_when_it_ends() {
    let mut desk = Desk::with(BUTTONS);
    let told = desk.change(|facts| {
        let mut whisper = whisper("Chen");
        whisper.also_to = vec![person("Bao")];
        facts.whispers.push(whisper);
    });
    let notification = shown(&told);
    assert_eq!(notification.summary, "Chen whispers to you");
    assert_eq!(notification.body, "Also to Bao. Answer with 'sotto reply'");
    assert_eq!(notification.urgency, Urgency::Low);
    assert!(notification.transient);
    assert_eq!(notification.sound, None);
    assert_eq!(notification.actions, ["default", "Open Sotto"]);
    assert_eq!(desk.click_on(1), Some(Click::Show(Show::Window)));
    assert_eq!(
        desk.change(|facts| facts.whispers.clear()),
        [Told::Close(1)]
    );
}

#[test]
fn a_deafened_user_is_told_that_a_whisper_is_not_heard_in_one_notification() {
    let mut desk = Desk::with(BUTTONS);
    let told = desk.change(|facts| {
        facts.whispers.push(IncomingWhisper {
            heard: false,
            ..whisper("Chen")
        });
    });
    assert!(shown(&told).body.contains("sotto undeafen"));
    let text = "Chen whispers to you; you are deafened and do not hear it";
    assert_eq!(desk.notice(warning(NoticeKind::WhisperUnheard, text)), []);
}

#[test]
fn short_whispers_of_one_speaker_are_shown_once_in_ten_seconds() {
    let mut desk = Desk::with(BUTTONS);
    assert_eq!(
        desk.change(|facts| facts.whispers.push(whisper("Chen")))
            .len(),
        1
    );
    desk.change(|facts| facts.whispers.clear());
    assert_eq!(desk.after(3), []);
    assert_eq!(
        desk.change(|facts| facts.whispers.push(whisper("Chen"))),
        []
    );
    // Another speaker is another matter.
    assert_eq!(
        desk.change(|facts| facts.whispers.push(whisper("Dara")))
            .len(),
        1
    );
    assert_eq!(
        desk.notifier.deadline(),
        Some(desk.now + Duration::from_secs(7))
    );
    assert_eq!(desk.after(6), []);
    let told = desk.after(1);
    assert_eq!(shown(&told).summary, "Chen whispers to you");

    // One that ends before its turn is not shown at all.
    desk.change(|facts| facts.whispers.clear());
    desk.change(|facts| facts.whispers.push(whisper("Chen")));
    desk.change(|facts| facts.whispers.clear());
    assert_eq!(desk.after(60), []);
    assert_eq!(desk.notifier.deadline(), None);
}

#[test]
fn a_whisper_that_the_user_waved_away_stays_away_until_the_next() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.whispers.push(whisper("Chen")));
    desk.notifier.closed(1);
    desk.after(60);
    assert_eq!(
        desk.change(|facts| facts.whispers[0].also_to.push(person("Bao"))),
        []
    );
    assert_eq!(desk.change(|facts| facts.whispers.clear()), []);
    assert_eq!(
        desk.change(|facts| facts.whispers.push(whisper("Chen")))
            .len(),
        1
    );
}

#[test]
fn speaking_to_nobody_is_said_once_and_closed_when_it_is_over() {
    let mut desk = Desk::with(BUTTONS);
    let text = "your whisper ended before you let go of it: you speak to nobody";
    let notice = warning(NoticeKind::SpeakingToNobody, text);
    let told = desk.notice(notice.clone());
    assert_eq!(shown(&told).summary, "Nobody hears you");
    assert_eq!(
        shown(&told).body,
        format!("{text}; speak to everyone with 'sotto talk'")
    );
    // The state may tell it before the notice, or after it.
    assert_eq!(desk.change(|facts| facts.to_nobody = true), []);
    assert_eq!(desk.notice(notice.clone()), []);
    assert_eq!(
        desk.change(|facts| facts.to_nobody = false),
        [Told::Close(1)]
    );
    desk.change(|facts| facts.to_nobody = true);
    assert_eq!(desk.notice(notice).len(), 1, "it happens again");
}

#[test]
fn warnings_are_shown_once_each_and_information_is_not() {
    let mut desk = Desk::with(BUTTONS);
    let muted = warning(NoticeKind::Sound, "your microphone is muted");
    assert_eq!(desk.notice(muted.clone()).len(), 1);
    let info = Notice {
        severity: Severity::Info,
        ..muted.clone()
    };
    assert_eq!(desk.notice(info), []);
    let other = warning(NoticeKind::Sound, "the loudspeaker was unplugged");
    assert_eq!(desk.notice(other).len(), 1);
    assert_eq!(desk.notice(muted.clone()), []);
    desk.notifier.closed(1);
    desk.after(60);
    let later = Notice {
        time: 1060,
        ..muted
    };
    assert_eq!(desk.notice(later).len(), 1, "it happens once more");
}

#[test]
fn a_warning_that_holds_is_shown_once_and_closed_when_it_is_taken_back() {
    let mut desk = Desk::with(BUTTONS);
    let unsaved = Notice {
        severity: Severity::Error,
        ..warning(NoticeKind::NotSaved, "your meetings cannot be saved")
    };
    let told = desk.notice(unsaved.clone());
    assert_eq!(shown(&told).sound, Some("dialog-error"));
    assert_eq!(
        desk.change(|facts| facts.warnings.push(unsaved.clone())),
        []
    );
    desk.notifier.update(None);
    assert_eq!(desk.told(), []);
    assert_eq!(desk.change(|_| {}), [], "known from before");
    assert_eq!(
        desk.change(|facts| facts.warnings.clear()),
        [Told::Close(1)]
    );
    assert_eq!(desk.change(|facts| facts.warnings.push(unsaved)).len(), 1);
}

#[test]
fn switched_off_in_the_settings_nothing_is_shown_and_what_is_shown_goes() {
    let mut desk = Desk::with(BUTTONS);
    desk.change(|facts| facts.whispers.push(whisper("Chen")));
    let told = desk.change(|facts| {
        facts.off = true;
        facts.whispers.clear();
    });
    assert_eq!(told, [Told::Close(1)]);
    let lost = warning(NoticeKind::Sound, "the microphone was unplugged");
    assert_eq!(desk.notice(lost), []);
}

#[test]
fn whoever_is_not_to_be_disturbed_hears_of_whispers_and_afterwards_of_invitations() {
    let mut snapshot = Snapshot::default();
    snapshot.invitations.push(invitation("Budget"));
    snapshot.talk.incoming.push(whisper("Chen"));
    snapshot.status.dnd.on = true;
    let quiet = Facts::among(&snapshot);
    assert!(quiet.invitations.is_empty());
    assert_eq!(quiet.whispers.len(), 1);
    snapshot.status.dnd.on = false;
    assert_eq!(Facts::among(&snapshot).invitations.len(), 1);
}
