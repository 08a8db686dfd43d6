//! The control API of real daemons, where only they can show it.
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use sotto_control::model::{Notice, NoticeKind};
use sotto_control::{
    AudioMute, AudioUnmute, CallError, Client, Event, Events, MeetingCreate, MeetingJoin,
    MeetingLeave, PeersList, StatusGet,
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

#[tokio::test]
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
