//! What the local user may ask for, and how fast others may.

use sotto_meeting::PeerId;

use super::*;

const MEETINGS: usize = 64;

#[test]
fn a_list_holds_64_meetings_and_ended_ones_make_room() {
    let (mut sim, [anna]) = Sim::still(["Anna"]);
    for number in 0..MEETINGS {
        sim.meet(anna, &format!("Meeting {number}"), &[]);
    }
    let one_more = || Command::Create {
        title: "One more".to_owned(),
        invite: Vec::new(),
    };
    assert_eq!(
        sim.command(anna, one_more()),
        Err(Refusal::TooManyMeetings { limit: MEETINGS })
    );
    sim.ask(anna, Command::Leave { meeting: None });
    sim.ask(anna, one_more());
}

#[test]
fn three_invitations_a_minute_to_one_person() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    for number in 0..3 {
        sim.meet(anna, &format!("Meeting {number}"), &[bao]);
    }
    let invite = vec![sim.id(bao)];
    let refused = sim.command(
        anna,
        Command::Create {
            title: "Fourth".to_owned(),
            invite,
        },
    );
    assert!(
        matches!(refused, Err(Refusal::TooManyInvitations { .. })),
        "{refused:?}"
    );
    assert_eq!(sim.view(bao).invitations.len(), 3);
    sim.run(21);
    sim.meet(anna, "Fourth", &[bao]);
    assert_eq!(sim.view(bao).invitations.len(), 4);
}

#[test]
fn titles_and_names_are_cleaned_where_they_are_given() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let empty = Command::Create {
        title: "\u{202e}\n".to_owned(),
        invite: Vec::new(),
    };
    assert_eq!(sim.command(anna, empty), Err(Refusal::EmptyTitle));
    sim.meet(anna, "Plan\u{202e}ning\u{1b}[31m", &[bao]);
    assert_eq!(sim.view(bao).invitations[0].title, "Planning[31m");
    let rename = Command::Rename {
        name: "Anne\u{7}".to_owned(),
        device: "desk".to_owned(),
    };
    sim.ask(anna, rename);
    sim.run_millis(500);
    assert_eq!(sim.view(bao).peers[0].label, "Anne");
}

#[test]
fn inviting_and_volume_know_whom_they_concern() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[]);
    let (me, bao, nobody) = (sim.id(anna), sim.id(bao), PeerId([9; 32]));
    let mut invite = |peers| sim.command(anna, Command::Invite { meeting, peers });
    assert_eq!(invite(vec![]), Err(Refusal::NobodyNamed));
    assert_eq!(invite(vec![nobody]), Err(Refusal::UnknownPeer(nobody)));
    assert!(invite(vec![me]).is_ok_and(|reply| reply
        == Reply::Invited {
            invited: vec![],
            already: vec![me]
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
        sim.command(anna, volume(bao, 401)),
        Err(Refusal::WrongVolume)
    );
    assert_eq!(
        sim.command(anna, volume(nobody, 50)),
        Err(Refusal::UnknownPeer(nobody))
    );
    assert_eq!(sim.command(anna, volume(bao, 50)), Ok(Reply::Done));
}

#[test]
fn a_talkative_author_is_held_to_ten_records_a_second() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    for _ in 0..40 {
        sim.ask(bao, MUTE);
        sim.ask(bao, UNMUTE);
    }
    assert!(sim.view(anna).counters.records_too_fast > 0);
    // What was dropped comes with the next synchronisation.
    sim.ask(bao, MUTE);
    sim.run(40);
    assert!(sim.entry(anna, meeting, bao).unwrap().flags.muted);
}
