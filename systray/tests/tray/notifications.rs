//! Notifications of the running program, with a server that pretends.

use std::fs::File;

use sotto_control::Request;
use sotto_control::model::{IncomingWhisper, Notice, NoticeKind, Severity, Snapshot};

use super::fixture::{
    Asked, Daemon, Host, PATH, SERVICE, Server, Session, Window, in_a_meeting, invitation, person,
};

const BUTTONS: &[&str] = &["actions", "body", "body-markup"];
/// The buttons of an invitation, and what a click beside them does.
const INVITED: [&str; 6] = [
    "default",
    "Open Sotto",
    "join",
    "Join",
    "decline",
    "Decline",
];

fn invited() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.invitations.push(invitation("Budget"));
    snapshot
}

/// Presses a button until the daemon hears of it: a press in the moment in which a notification appears only brings it
/// back.
async fn press(server: &mut Server, daemon: &mut Daemon, mut id: u32, key: &str) -> Request {
    loop {
        server.press(id, key).await;
        tokio::select! {
            request = daemon.next_request() => return request,
            shown = server.next_shown() => id = shown.id,
        }
    }
}

#[tokio::test]
async fn join_in_a_notification_reaches_the_daemon_and_the_notification_goes() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let mut daemon = Daemon::start(&session.places(), invited());
    let _tray = session.tray();
    let shown = server.next_shown().await;
    assert_eq!(shown.app_name, "Sotto");
    assert_eq!(shown.replaces, 0);
    assert!(!shown.icon.is_empty());
    assert_eq!(shown.summary, "Dara invites you to “Budget”");
    assert_eq!(shown.body, "Dara is inside");
    assert_eq!(shown.actions, INVITED);
    assert_eq!(shown.urgency(), Some(1));
    assert_eq!(shown.flag("resident"), Some(false));
    assert_eq!(shown.flag("transient"), None);
    assert_eq!(shown.text_hint("category"), Some("im.received"));
    assert_eq!(shown.text_hint("desktop-entry"), Some("alt.sotto.Sotto"));
    assert_eq!(shown.text_hint("sound-name"), Some("message-new-instant"));

    let request = press(&mut server, &mut daemon, shown.id, "join").await;
    let Request::MeetingJoin(join) = request else {
        panic!("expected meeting.join")
    };
    assert_eq!(join.meeting.as_deref(), Some("bb22"));
}

#[tokio::test]
async fn an_invitation_that_is_answered_elsewhere_is_closed() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let daemon = Daemon::start(&session.places(), invited());
    let _tray = session.tray();
    let shown = server.next_shown().await;
    daemon.change(|snapshot| snapshot.invitations.clear());
    assert_eq!(server.next_closed().await, shown.id);
}

#[tokio::test]
async fn a_refusal_is_said_in_the_same_notification_with_its_hint() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let mut daemon = Daemon::start(&session.places(), invited());
    daemon.refuse("nobody inside <answers>", "try again");
    let _tray = session.tray();
    let shown = server.next_shown().await;
    let request = press(&mut server, &mut daemon, shown.id, "decline").await;
    let Request::MeetingDecline(decline) = request else {
        panic!("expected meeting.decline")
    };
    assert_eq!(decline.meeting.as_deref(), Some("bb22"));
    let refused = server.next_shown().await;
    assert_eq!(refused.replaces, shown.id);
    assert_eq!(refused.summary, "Cannot decline “Budget”");
    assert_eq!(refused.body, "nobody inside &lt;answers&gt;; try again");
    assert_eq!(refused.actions, INVITED);
}

#[tokio::test]
async fn only_a_button_answers_and_only_if_the_server_says_so() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let mut daemon = Daemon::start(&session.places(), invited());
    let _tray = session.tray();
    let shown = server.next_shown().await;
    // Too early, so that it comes back and takes a press from now on; or not, on a very slow machine.
    server.press(shown.id, "decline").await;
    let shown = tokio::select! {
        shown = server.next_shown() => shown,
        request = daemon.next_request() => {
            assert!(matches!(request, Request::MeetingDecline(_)));
            return;
        }
    };
    // Another program of the session, which is not the server, straight to the tray.
    let other = session.connect().await;
    other
        .emit_signal(
            Some(shown.from.as_str()),
            PATH,
            SERVICE,
            "ActionInvoked",
            &(shown.id, "join"),
        )
        .await
        .unwrap();
    // The signal has arrived at the bus when it has answered a later call of the same program.
    let proxy = zbus::fdo::DBusProxy::new(&other).await.unwrap();
    proxy.get_id().await.unwrap();
    server.press(shown.id, "default").await;
    server.close(shown.id, 1).await;
    // Of everything until here nothing was an answer: the first request is this one.
    let request = press(&mut server, &mut daemon, shown.id, "decline").await;
    assert!(matches!(request, Request::MeetingDecline(_)));
}

#[tokio::test]
async fn a_whisper_is_shown_while_it_lasts() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Planning").await;
    daemon.change(|snapshot| {
        snapshot.talk.incoming.push(IncomingWhisper {
            from: person("Chen"),
            also_to: Vec::new(),
            heard: true,
        });
    });
    let shown = server.next_shown().await;
    assert_eq!(shown.summary, "Chen whispers to you");
    assert_eq!(shown.urgency(), Some(0));
    assert_eq!(shown.flag("transient"), Some(true));
    assert_eq!(shown.flag("suppress-sound"), Some(true));
    assert_eq!(shown.actions, ["default", "Open Sotto"]);
    daemon.change(|snapshot| snapshot.talk.incoming.clear());
    assert_eq!(server.next_closed().await, shown.id);
}

#[tokio::test]
async fn a_warning_of_the_daemon_is_shown() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Planning").await;
    daemon.tell(Notice {
        kind: NoticeKind::Whisper,
        text: "Chen whispers to you".into(),
        ..Notice::default()
    });
    daemon.tell(Notice {
        kind: NoticeKind::SpeakingToNobody,
        severity: Severity::Warning,
        text: "your whisper ended before you let go of it".into(),
        hint: Some("speak to everyone with 'sotto talk'".into()),
        ..Notice::default()
    });
    let shown = server.next_shown().await;
    assert_eq!(shown.summary, "Nobody hears you");
    assert_eq!(
        shown.body,
        "your whisper ended before you let go of it; speak to everyone with 'sotto talk'"
    );
}

#[tokio::test]
async fn a_server_that_starts_again_is_shown_what_is_open() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let mut daemon = Daemon::start(&session.places(), invited());
    let _tray = session.tray();
    server.next_shown().await;
    server.end(&session).await;
    let mut server = Server::start(&session, &["body"], 40).await;
    let shown = server.next_shown().await;
    assert_eq!((shown.replaces, shown.id), (0, 41));
    assert!(shown.actions.is_empty(), "it has no buttons");
    assert!(shown.body.contains("'sotto join'"), "{}", shown.body);
    let request = press(&mut server, &mut daemon, shown.id, "join").await;
    assert!(matches!(request, Request::MeetingJoin(_)));
}

#[tokio::test]
async fn without_a_server_it_says_so_once_and_shows_what_is_open_when_one_appears() {
    let session = Session::start();
    let daemon = Daemon::start(&session.places(), invited());
    let log = session.directory.path().join("log");
    let tray = session.tray_with(&[], File::create(&log).unwrap().into());
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Join “Budget”").await;
    daemon.change(|snapshot| {
        let mut planning = invitation("Planning");
        planning.meeting.id = "cc33".into();
        snapshot.invitations.push(planning);
    });
    panel.wait_for("Join “Planning”").await;

    let mut server = Server::start(&session, BUTTONS, 0).await;
    let mut shown = [server.next_shown().await, server.next_shown().await].map(|it| it.summary);
    shown.sort();
    assert_eq!(
        shown,
        [
            "Dara invites you to “Budget”",
            "Dara invites you to “Planning”"
        ]
    );

    panel.click("Quit Sotto").await;
    assert!(tray.exit().await.success());
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("shows no notifications").count(), 1, "{log}");
}

#[tokio::test]
async fn the_end_of_the_program_closes_what_it_has_open() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let _daemon = Daemon::start(&session.places(), invited());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    let shown = server.next_shown().await;
    panel.wait_for("Quit Sotto").await;
    panel.click("Quit Sotto").await;
    assert!(tray.exit().await.success());
    assert_eq!(server.next_closed().await, shown.id);
}

#[tokio::test]
async fn a_program_that_is_terminated_leaves_no_button_behind() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let mut daemon = Daemon::start(&session.places(), invited());
    let tray = session.tray();
    let shown = server.next_shown().await;
    tray.terminate();
    assert!(tray.exit().await.success());
    assert_eq!(server.next_closed().await, shown.id);
    assert!(
        daemon.requests.try_recv().is_err(),
        "the daemon is not asked to quit"
    );
}

#[tokio::test]
async fn switched_off_it_says_nothing_to_the_server() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let _daemon = Daemon::start(&session.places(), invited());
    let tray = session.tray_with(&["--no-notifications"], std::process::Stdio::inherit());
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Join “Budget”").await;
    panel.click("Quit Sotto").await;
    assert!(tray.exit().await.success());
    // Whatever the tray had said would have come before this.
    let other = session.connect().await;
    other
        .call_method(
            Some(SERVICE),
            PATH,
            Some(SERVICE),
            "CloseNotification",
            &(7u32,),
        )
        .await
        .unwrap();
    assert!(matches!(server.next_call().await, Asked::Close(7)));
}

#[tokio::test]
async fn a_click_on_an_invitation_opens_the_window_there_with_leave_to_come_to_the_front() {
    let session = Session::start();
    let mut server = Server::start(&session, BUTTONS, 0).await;
    let _daemon = Daemon::start(&session.places(), invited());
    let window = Window::stand_in(&session);
    let _tray = session.tray_with(&window.options(), std::process::Stdio::inherit());
    let shown = server.next_shown().await;
    server.token(shown.id, "token-1").await;
    server.press(shown.id, "default").await;
    assert_eq!(
        window.next_line().await,
        "started --invitation bb22 token=token-1"
    );
}
