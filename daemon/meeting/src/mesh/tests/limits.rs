use super::*;
use crate::limits;

#[test]
fn a_list_holds_64_meetings_and_ended_ones_make_room() {
    let mut world = World::new(&["Anna"]);
    for number in 0..limits::MEETINGS {
        world.create(0, &format!("Meeting {number}"), &[]);
    }
    let one_more = || Command::Create {
        title: "One more".to_owned(),
        invite: Vec::new(),
    };
    assert_eq!(
        world.command(0, one_more()),
        Err(Refusal::TooManyMeetings {
            limit: limits::MEETINGS
        })
    );
    world.command(0, Command::Leave { meeting: None }).unwrap();
    world.command(0, one_more()).unwrap();
}

#[test]
fn three_invitations_a_minute_to_one_person() {
    let mut world = World::new(&["Anna", "Bao"]);
    for number in 0..3 {
        world.create(0, &format!("Meeting {number}"), &[1]);
    }
    let invite = vec![world.id(1)];
    let refused = world.command(
        0,
        Command::Create {
            title: "Fourth".to_owned(),
            invite,
        },
    );
    assert!(
        matches!(refused, Err(Refusal::TooManyInvitations { .. })),
        "{refused:?}"
    );
    assert_eq!(world.view(1).invitations.len(), 3);
    world.run(21_000);
    world.create(0, "Fourth", &[1]);
    assert_eq!(world.view(1).invitations.len(), 4);
}

#[test]
fn titles_and_names_are_cleaned_where_they_are_given() {
    let mut world = World::new(&["Anna", "Bao"]);
    let empty = Command::Create {
        title: "\u{202e}\n".to_owned(),
        invite: Vec::new(),
    };
    assert_eq!(world.command(0, empty), Err(Refusal::EmptyTitle));
    world.create(0, "Plan\u{202e}ning\u{1b}[31m", &[1]);
    assert_eq!(world.view(1).invitations[0].title, "Planning[31m");
    let rename = Command::Rename {
        name: "Anne\u{7}".to_owned(),
        device: "desk".to_owned(),
    };
    world.command(0, rename).unwrap();
    world.run(500);
    assert_eq!(world.view(1).peers[0].label, "Anne");
}

#[test]
fn inviting_and_volume_know_whom_they_concern() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[]);
    let (anna, bao, nobody) = (world.id(0), world.id(1), PeerId([9; 32]));
    let mut invite = |peers| world.command(0, Command::Invite { meeting, peers });
    assert_eq!(invite(vec![]), Err(Refusal::NobodyNamed));
    assert_eq!(invite(vec![nobody]), Err(Refusal::UnknownPeer(nobody)));
    assert!(invite(vec![anna]).is_ok_and(|reply| reply
        == Reply::Invited {
            invited: vec![],
            already: vec![anna]
        }));
    assert_eq!(
        invite(vec![bao, bao]),
        Ok(Reply::Invited {
            invited: vec![bao],
            already: vec![]
        })
    );
    assert_eq!(
        invite(vec![bao]),
        Ok(Reply::Invited {
            invited: vec![],
            already: vec![bao]
        })
    );
    let volume = |peer, percent| Command::Volume { peer, percent };
    assert_eq!(
        world.command(0, volume(bao, 401)),
        Err(Refusal::WrongVolume)
    );
    assert_eq!(
        world.command(0, volume(nobody, 50)),
        Err(Refusal::UnknownPeer(nobody))
    );
    assert_eq!(world.command(0, volume(bao, 50)), Ok(Reply::Done));
}

#[test]
fn a_talkative_author_is_held_to_ten_records_a_second() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    for _ in 0..40 {
        world.command(1, Command::Mute { at: None }).unwrap();
        world.command(1, Command::Unmute { at: None }).unwrap();
    }
    assert!(world.view(0).counters.records_too_fast > 0);
    // What was dropped comes with the next synchronisation.
    world.command(1, Command::Mute { at: None }).unwrap();
    world.run(40_000);
    assert!(world.entry(0, meeting, 1).unwrap().flags.muted);
}
