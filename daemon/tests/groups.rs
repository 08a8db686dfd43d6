//! Groups of colleagues with real daemons: in the configuration, in meetings, and in whispers.
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use sotto_control::model::{
    Group, LeftOutBecause, OfflineReason, Presence, Snapshot, TalkTo, WhisperMode,
};
use sotto_control::{
    CallError, Client, ControlError, ErrorCode, Event, Events, GroupAdd, GroupList, GroupRemove,
    InviteReply, MeetingCreate, MeetingInvite, MeetingJoin, MeetingLeave, Method, NetworkConnect,
    StatusGet, TalkWhisper,
};
use support::{Daemon, soon};

/// Tests run beside each other and find each other's daemons, so each has names of its own.
fn named(name: &str) -> Daemon {
    with_groups(name, "")
}

fn with_groups(name: &str, groups: &str) -> Daemon {
    let settings = format!("name = '{name}'\naudio.backend = 'null'\n{groups}");
    Daemon::start(&settings, None)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

fn add(group: &str, people: &[&str]) -> GroupAdd {
    GroupAdd {
        name: group.into(),
        names: names(people),
    }
}

fn whisper(to: &[&str]) -> TalkWhisper {
    TalkWhisper {
        names: names(to),
        mode: WhisperMode::Latch,
    }
}

async fn meet(client: &Client, title: &str, people: &[&str]) -> Result<InviteReply, ControlError> {
    let meeting = MeetingCreate {
        title: title.into(),
        names: names(people),
        ..MeetingCreate::default()
    };
    asks(client, meeting).await
}

async fn asks<M: Method>(client: &Client, params: M) -> Result<M::Reply, ControlError> {
    match soon(client.call(params)).await {
        Ok(reply) => Ok(reply),
        Err(CallError::Refused(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// Follows a daemon's picture until it is `settled`.
async fn until(shown: &mut Snapshot, events: &mut Events, settled: impl Fn(&Snapshot) -> bool) {
    while !settled(shown) {
        let event: Event = soon(events.next()).await.unwrap();
        shown.apply(&event);
    }
}

/// The labels of a group's members, and whether the daemon knows them.
fn members(group: &Group) -> Vec<(&str, bool)> {
    let members = group.members.iter();
    members
        .map(|one| (&*one.person.label, !one.unknown))
        .collect()
}

#[tokio::test]
async fn a_whisper_to_a_group_reaches_those_who_are_present_and_never_everyone() {
    let (gina, hugo, ivan) = (named("Gina"), named("Hugo"), named("Ivan"));
    let client = gina.ready().await;
    let hugos = hugo.meets(&client).await;
    ivan.meets(&client).await;
    let (mut shown, mut events) = soon(client.subscribe(false)).await.unwrap();
    asks(&client, add("desk", &["hugo", "ivan"])).await.unwrap();
    until(&mut shown, &mut events, |it| !it.groups.is_empty()).await;
    assert_eq!(members(&shown.groups[0]), [("Hugo", true), ("Ivan", true)]);
    assert_eq!(
        asks(&client, whisper(&["desk"])).await.unwrap_err().code,
        ErrorCode::NotInMeeting
    );

    let created = meet(&client, "Planning", &["desk"]).await.unwrap();
    let invited: Vec<&str> = created.invited.iter().map(|one| &*one.name).collect();
    assert_eq!((invited, created.left_out), (vec!["Hugo", "Ivan"], vec![]));
    let (mut theirs, mut news) = soon(hugos.subscribe(false)).await.unwrap();
    until(&mut theirs, &mut news, |it| !it.invitations.is_empty()).await;
    // Nobody is there yet.
    let error = asks(&client, whisper(&["@desk"])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Absent);
    assert_eq!(error.message, "nobody of @desk is present in this meeting");
    assert_eq!(error.absent.len(), 2);
    assert_eq!(
        asks(&client, StatusGet {}).await.unwrap().talk.unwrap().to,
        TalkTo::Everyone,
        "nothing has changed"
    );

    asks(&hugos, MeetingJoin::default()).await.unwrap();
    let hugo_is_there = |it: &Snapshot, there: bool| {
        let roster = it.active().map_or(&[][..], |it| &it.participants);
        let mut hugos = roster.iter().filter(|one| one.person.name == "Hugo");
        hugos.any(|one| one.presence.is_present()) == there
    };
    until(&mut shown, &mut events, |it| hugo_is_there(it, true)).await;
    let reply = asks(&client, whisper(&["desk"])).await.unwrap();
    let TalkTo::Whisper { to, .. } = &reply.talk.to else {
        panic!("a whisper, not {:?}", reply.talk.to);
    };
    let reached: Vec<&str> = to.iter().map(|one| &*one.name).collect();
    assert_eq!(reached, ["Hugo"]);
    let [left] = reply.left_out.as_slice() else {
        panic!("Ivan alone is left out, not {:?}", reply.left_out);
    };
    assert_eq!((&*left.person.name, &*left.group), ("Ivan", "desk"));
    assert_eq!(left.because, LeftOutBecause::Absent);
    assert_eq!(
        left.presence,
        Some(Presence::offline(OfflineReason::NotJoined))
    );
    // Whoever is named must be there.
    let error = asks(&client, whisper(&["desk", "ivan"])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Absent);

    asks(&hugos, MeetingLeave::default()).await.unwrap();
    until(&mut shown, &mut events, |it| {
        hugo_is_there(it, false) && it.talk.to == TalkTo::Nobody
    })
    .await;
    let error = asks(&client, whisper(&["desk"])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Absent);
    let talk = asks(&client, StatusGet {}).await.unwrap().talk.unwrap();
    assert_eq!(talk.to, TalkTo::Nobody);
}

#[tokio::test]
async fn a_member_is_a_key_who_is_known_once_met_whatever_they_are_called() {
    let karl = named("Karl");
    let karls = karl.ready().await;
    let karls = asks(&karls, StatusGet {}).await.unwrap();
    let key = karls.you.id;
    let stranger = "12D3KooWSCufgHzV4fCwRijfH2k3abrpAJxTKxEvN1FDuRXA2U9x";
    let groups = format!("groups.team = ['Carl {key}', 'Stranger {stranger}']\ngroups.none = []");
    let lena = with_groups("Lena", &groups);
    let client = lena.ready().await;
    let (mut shown, mut events) = soon(client.subscribe(false)).await.unwrap();
    let known = |it: &Snapshot| {
        let team = it.groups.iter().find(|group| group.name == "team");
        team.is_some_and(|team| members(team) == [("Karl", true), ("Stranger", false)])
    };
    let dial = NetworkConnect {
        address: karls.network.listening[0].clone(),
        wait_ms: Some(20_000),
    };
    asks(&client, dial).await.unwrap();
    until(&mut shown, &mut events, known).await;

    let created = meet(&client, "Planning", &["team"]).await.unwrap();
    assert_eq!(created.invited[0].name, "Karl");
    let [left] = created.left_out.as_slice() else {
        panic!("one is left out, not {:?}", created.left_out);
    };
    assert_eq!(left.because, LeftOutBecause::Unknown);
    assert_eq!(left.person.label, "Stranger");
    let invite = MeetingInvite {
        names: names(&["none"]),
        ..MeetingInvite::default()
    };
    let error = asks(&client, invite).await.unwrap_err();
    assert_eq!(error.message, "nobody is in @none");

    let remove = GroupRemove {
        name: "team".into(),
        names: names(&["karl"]),
    };
    let reply = asks(&client, remove).await.unwrap();
    assert_eq!(members(&reply.group), [("Stranger", false)]);
    let error = meet(&client, "Retro", &["team"]).await.unwrap_err();
    assert_eq!(error.message, "nobody of @team is known here");
}

#[tokio::test]
async fn changes_are_in_the_configuration_with_what_the_user_has_written_there() {
    let (mona, nils) = (named("Mona"), named("Nils"));
    let client = mona.ready().await;
    let nilss = nils.meets(&client).await;
    let key = asks(&nilss, StatusGet {}).await.unwrap().you.id;
    let file = mona.home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("# mine\n{text}")).unwrap();

    let refused = asks(&client, add("Nils", &["nils"])).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Refused);
    let missing = asks(&client, add("@desk", &["olga"])).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NotFound);
    let reply = asks(&client, add("@desk", &["nils", "nil"])).await.unwrap();
    assert_eq!(reply.changed.len(), 1);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("# mine\n{text}\n[groups]\ndesk = [\"Nils {key}\"]\n")
    );
    let again = asks(&client, add("desk", &["nils"])).await.unwrap();
    assert_eq!((again.changed, again.gone), (vec![], false));

    // Many at once end as the file does.
    let adding = (0..10).map(|number| {
        let client = client.clone();
        let group = format!("group{number}");
        tokio::spawn(async move { asks(&client, add(&group, &["nils"])).await.map(drop) })
    });
    for added in adding.collect::<Vec<_>>() {
        soon(added).await.unwrap().unwrap();
    }
    assert_eq!(asks(&client, GroupList {}).await.unwrap().groups.len(), 11);

    // A file that cannot be changed leaves the groups as they are.
    std::fs::write(&file, "nmae = 1\n").unwrap();
    let remove = GroupRemove {
        name: "desk".into(),
        names: Vec::new(),
    };
    let error = asks(&client, remove.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("nmae"), "{}", error.message);
    assert_eq!(asks(&client, GroupList {}).await.unwrap().groups.len(), 11);
    std::fs::write(&file, format!("groups.desk = ['{key}'] # alone\n")).unwrap();
    let reply = asks(&client, remove).await.unwrap();
    assert!(reply.gone);
    assert_eq!(asks(&client, GroupList {}).await.unwrap().groups, []);
}
