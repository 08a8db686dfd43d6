//! The control API of real daemons, where only they can show it.
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use sotto_control::model::{Notice, NoticeKind, PresenceState, Snapshot, Talk, TalkMode};
use sotto_control::{
    AudioMute, AudioUnmute, CallError, Client, DndSet, ErrorCode, Event, Events, MeetingCreate,
    MeetingJoin, MeetingLeave, PeersList, PresenceAway, PresenceBack, SettingsGet, SettingsSet,
    StatusGet, TalkPress, TalkRelease, TalkRenew,
};
use support::{Daemon, soon};

/// Tests run beside each other and find each other's daemons, so each has names of its own.
fn named(name: &str) -> Daemon {
    Daemon::start(&format!("name = '{name}'\n[audio]\nbackend = 'null'"), None)
}

/// The next notice of `kind`.
async fn notice(events: &mut Events, kind: NoticeKind) -> Notice {
    loop {
        match soon(events.next()).await.unwrap() {
            Event::Notice { notice } if notice.kind == kind => return notice,
            _ => {}
        }
    }
}

async fn meet(client: &Client, title: &str, name: &str) {
    let meeting = MeetingCreate {
        title: title.into(),
        names: vec![name.into()],
        ..MeetingCreate::default()
    };
    soon(client.call(meeting)).await.unwrap();
}

#[tokio::test]
async fn joining_switching_and_leaving_are_told_with_the_client_that_did_it() {
    let (anna, bao) = (named("Anna"), named("Bao"));
    let client = anna.ready().await;
    bao.meets(&client).await;
    let (_, mut events) = soon(client.subscribe(false)).await.unwrap();
    meet(&client, "Planning", "Bao").await;
    let joined = notice(&mut events, NoticeKind::Joined).await;
    assert_eq!(joined.text, "you are in \"Planning\"");
    meet(&client, "Retro", "Bao").await;
    let switched = notice(&mut events, NoticeKind::Switched).await;
    assert_eq!(switched.text, "you switched to \"Retro\"");
    soon(client.call(MeetingLeave::default())).await.unwrap();
    let left = notice(&mut events, NoticeKind::Left).await;
    assert_eq!(left.text, "you left \"Retro\"");
    for told in [joined, switched, left] {
        assert_eq!(told.client.as_deref(), Some("test"));
    }
    let peers = soon(client.call(PeersList {})).await.unwrap().peers;
    let silent = peers[0].last_heard_s.unwrap();
    assert!(silent < 60, "{silent}");
}

/// The people and meetings of a snapshot, without what is measured anew every second.
fn lasting(snapshot: &Snapshot) -> Snapshot {
    let mut lasting = Snapshot {
        peers: snapshot.peers.clone(),
        meetings: snapshot.meetings.clone(),
        ..Snapshot::default()
    };
    for peer in &mut lasting.peers {
        peer.last_heard_s = None;
        // Told when the peer changes, and not when a meeting does.
        peer.meetings.clear();
    }
    let meetings = lasting.meetings.iter_mut();
    for participant in meetings.flat_map(|meeting| &mut meeting.participants) {
        participant.stats = None;
    }
    lasting
}

#[tokio::test]
async fn whoever_follows_the_events_of_single_people_shows_what_a_new_snapshot_shows() {
    let (eve, mut finn) = (named("Eve"), named("Finn"));
    let client = eve.ready().await;
    let (mut shown, mut events) = soon(client.subscribe(false)).await.unwrap();
    let other = finn.meets(&client).await;
    let (_, mut invitations) = soon(other.subscribe(false)).await.unwrap();
    meet(&client, "Planning", "Finn").await;
    notice(&mut invitations, NoticeKind::Invited).await;
    soon(other.call(MeetingJoin::default())).await.unwrap();
    soon(other.call(PresenceAway {})).await.unwrap();
    soon(client.call(AudioMute {})).await.unwrap();
    let mut lines = 0;
    let mut follow = async |done: &dyn Fn(&Snapshot) -> bool| {
        while !done(&shown) {
            let event = soon(events.next()).await.unwrap();
            let whole = matches!(event, Event::Snapshot { .. } | Event::Peers { .. });
            assert!(!whole, "one person is told as one person: {event:?}");
            lines += usize::from(matches!(event, Event::Participant { .. }));
            shown.apply(&event);
        }
        let (anew, _) = soon(client.subscribe(false)).await.unwrap();
        let same = |shown: &Snapshot| lasting(shown) == lasting(&anew);
        while !same(&shown) {
            let event = soon(events.next()).await.unwrap();
            shown.apply(&event);
        }
    };
    let finn_is = |shown: &Snapshot, wanted: fn(PresenceState) -> bool| {
        let meeting = shown.meetings.iter().find(|it| it.title == "Planning");
        let roster = meeting.map_or(&[][..], |it| &it.participants);
        roster
            .iter()
            .any(|one| one.person.name == "Finn" && wanted(one.presence.state))
    };
    follow(&|shown| finn_is(shown, |state| state == PresenceState::Away)).await;
    // With nothing else going on, so that no change of the whole meeting is told together with it.
    soon(other.call(PresenceBack {})).await.unwrap();
    follow(&|shown| finn_is(shown, |state| state == PresenceState::Online)).await;
    finn.crash().await;
    let offline = |state| matches!(state, PresenceState::Offline { .. });
    follow(&|shown| {
        let finn = shown.peers.iter().find(|peer| peer.person.name == "Finn");
        finn_is(shown, offline) && finn.is_some_and(|finn| !finn.connected)
    })
    .await;
    assert!(lines > 0, "rosters are told by lines");
}

/// The next picture of the talk that is as `wanted`.
async fn talk(events: &mut Events, wanted: impl Fn(&Talk) -> bool) -> Talk {
    loop {
        match soon(events.next()).await.unwrap() {
            Event::Talk { talk } if wanted(&talk) => return talk,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_press_ends_with_the_program_that_holds_it_and_a_lasting_one_does_not() {
    let (gina, hugo) = (named("Gina"), named("Hugo"));
    let client = gina.ready().await;
    let other = hugo.meets(&client).await;
    let (_, mut invitations) = soon(other.subscribe(false)).await.unwrap();
    let (_, mut events) = soon(client.subscribe(false)).await.unwrap();
    meet(&client, "Planning", "Hugo").await;
    notice(&mut invitations, NoticeKind::Invited).await;
    soon(other.call(MeetingJoin::default())).await.unwrap();
    talk(&mut events, |talk| talk.microphone_open).await;
    let push = SettingsSet {
        key: "talk.mode".into(),
        value: Some("push".into()),
    };
    let set = soon(client.call(push)).await.unwrap();
    assert_eq!((set.restart, set.not_saved), (false, None));
    talk(&mut events, |talk| {
        talk.mode == TalkMode::Push && !talk.microphone_open
    })
    .await;

    let key = Client::connect(&gina.places(), "key").await.unwrap();
    let held = soon(key.call(TalkPress { lasting: false })).await.unwrap();
    assert!(held.talk.pressed && held.talk.microphone_open);
    soon(key.call(TalkRenew {})).await.unwrap();
    // A trigger that repeats presses once.
    let held = soon(key.call(TalkPress { lasting: false })).await.unwrap();
    assert!(held.talk.pressed);
    // What ends a press holds until the key is let go.
    soon(client.call(AudioMute {})).await.unwrap();
    let muted = soon(key.call(TalkPress { lasting: false })).await.unwrap();
    assert!(!muted.talk.pressed && !muted.talk.microphone_open);
    assert!(soon(key.call(TalkRenew {})).await.is_err());
    soon(key.call(TalkRelease {})).await.unwrap();
    soon(client.call(AudioUnmute {})).await.unwrap();
    let held = soon(key.call(TalkPress { lasting: false })).await.unwrap();
    assert!(held.talk.pressed && held.talk.microphone_open);
    drop(key);
    talk(&mut events, |talk| !talk.pressed && !talk.microphone_open).await;

    let shortcut = Client::connect(&gina.places(), "shortcut").await.unwrap();
    soon(shortcut.call(TalkPress { lasting: true }))
        .await
        .unwrap();
    drop(shortcut);
    // Whoever asks now is answered after the end of that connection was seen, or before it: the press outlives both.
    talk(&mut events, |talk| talk.pressed).await;
    let shown = soon(client.call(StatusGet {})).await.unwrap().talk.unwrap();
    assert!(shown.pressed && shown.microphone_open);
    soon(client.call(AudioMute {})).await.unwrap();
    talk(&mut events, |talk| !talk.pressed).await;
}

#[tokio::test]
async fn settings_and_do_not_disturb_hold_at_once_and_outlive_the_daemon() {
    let mut ines = named("Ines");
    let client = ines.ready().await;
    let set = |key: &str, value: &str| SettingsSet {
        key: key.into(),
        value: Some(value.into()),
    };
    for (key, value, restart) in [
        ("name", "Ines Maria", false),
        ("talk.mode", "push", false),
        ("presence.idle_after", "never", false),
        ("audio.echo_cancellation", "off", false),
        ("notifications.desktop", "false", false),
        ("audio.profile", "safe", true),
    ] {
        let reply = soon(client.call(set(key, value))).await.unwrap();
        assert_eq!((&*reply.value, reply.restart), (value, restart), "{key}");
    }
    let refused = soon(client.call(set("audio.input", "file:/etc/passwd"))).await;
    assert!(
        matches!(&refused, Err(CallError::Refused(error)) if error.code == ErrorCode::Refused),
        "{refused:?}"
    );
    let quiet = DndSet {
        on: true,
        for_ms: Some(3_600_000),
    };
    let reply = soon(client.call(quiet)).await.unwrap();
    assert!(reply.dnd.on && reply.not_saved.is_none());
    let look = async |client: &Client| soon(client.call(StatusGet {})).await.unwrap();
    let before = look(&client).await;
    assert_eq!(before.you.name, "Ines Maria");
    assert!(before.notifications_off && before.dnd == reply.dnd);
    ines.terminate().await;

    let client = ines.again().await;
    let after = look(&client).await;
    assert_eq!(after.you.name, "Ines Maria");
    assert_eq!(after.talk.unwrap().mode, TalkMode::Push);
    assert!(after.notifications_off && after.dnd == reply.dnd);
    assert_eq!(after.sound.profile.as_deref(), Some("safe"));
    let all = soon(client.call(SettingsGet { key: None })).await.unwrap();
    assert_eq!(all.settings["presence.idle_after"], "never");
    soon(client.call(DndSet::default())).await.unwrap();
    assert!(!look(&client).await.dnd.on);
}

#[tokio::test]
#[ignore = "waits half a minute for a join to fail; 'cargo xtask test' runs it beside the others"]
async fn a_muted_join_that_fails_leaves_the_microphone_as_it_was() {
    let (chen, mut dara) = (named("Chen"), named("Dara"));
    let client = chen.ready().await;
    let inviter = dara.meets(&client).await;
    let (_, mut events) = soon(client.subscribe(false)).await.unwrap();
    meet(&inviter, "Planning", "Chen").await;
    notice(&mut events, NoticeKind::Invited).await;
    dara.crash().await;

    let join = || {
        let client = client.clone();
        tokio::spawn(async move {
            let muted = MeetingJoin {
                meeting: None,
                muted: true,
            };
            client.call(muted).await
        })
    };
    let refused = |reply| match reply {
        Err(CallError::Refused(error)) => error,
        reply => panic!("refused, not {reply:?}"),
    };
    let muted = || async { soon(client.call(StatusGet {})).await.unwrap().muted };

    // It is closed while the join is under way, and open again when that has failed.
    let joining = join();
    notice(&mut events, NoticeKind::Muted).await;
    assert!(muted().await);
    refused(soon(joining).await.unwrap());
    notice(&mut events, NoticeKind::Unmuted).await;
    assert!(!muted().await);

    // What the user says meanwhile holds.
    let joining = join();
    notice(&mut events, NoticeKind::Muted).await;
    soon(client.call(AudioMute {})).await.unwrap();
    refused(soon(joining).await.unwrap());
    assert!(muted().await);
    soon(client.call(AudioUnmute {})).await.unwrap();
}
