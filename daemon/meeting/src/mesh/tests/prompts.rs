//! What people outside a meeting, or one who pesters, can do to those invited.

use ed25519_dalek::SigningKey;

use super::admission::ask;
use super::*;
use crate::limits::PROMPTS;
use crate::record::{Founding, Invitation, NO_MEETING, Record, Version, sign};
use crate::stored::State;
use crate::wire::{Admission, Claimed, Offered, Request, Response};

fn founding_of_prompt(world: &World, index: usize) -> Vec<u8> {
    let disk = world.machines[index].disk.as_ref().unwrap();
    State::decode(disk).unwrap().prompts[0].founding.clone()
}

/// A meeting that a stranger founds, and the stranger's invitation to it.
pub(super) fn strangers_invitation(
    stranger: u16,
    meeting: u64,
    invitee: PeerId,
) -> (Record<Founding>, Record<Invitation>) {
    let mut seed = [77; 32];
    seed[..2].copy_from_slice(&stranger.to_le_bytes());
    let key = SigningKey::from_bytes(&seed);
    let version = Version {
        epoch: 1,
        counter: meeting + 1,
    };
    let founding = Founding {
        title: format!("Spam {meeting}"),
        created: Utc(START),
        nonce: [1; 16],
        commitment: [0; 32],
    };
    let founding = sign(&key, NO_MEETING, version, 0, founding);
    let invitation = Invitation {
        invitee,
        made: Utc(START),
        withdrawn: false,
        past: None,
        name: "Stranger".into(),
        device: String::new(),
        invitee_name: String::new(),
        invitee_device: String::new(),
    };
    let id = MeetingId(founding.hash);
    let invitation = sign(&key, id, version, 0, invitation);
    (founding, invitation)
}

pub(super) fn offer(founding: &[u8], invitations: Vec<Vec<u8>>, inside: &[PeerId]) -> Request {
    let claimed = |peer: &PeerId| Claimed {
        peer: *peer,
        name: "Claimed".into(),
        device: String::new(),
    };
    Request::Invitation(Offered {
        founding: founding.to_vec(),
        invitations,
        inside: inside.iter().map(claimed).collect(),
        invited: Vec::new(),
    })
}

#[test]
fn who_brings_no_invitation_makes_nobody_a_candidate_for_a_join() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    world.create(0, "Planning", &[1]);
    let founding = founding_of_prompt(&world, 1);
    let (anna, bao, chen) = (world.id(0), world.id(1), world.id(2));
    let (_, foreign) = strangers_invitation(1, 1, bao);
    let plant = offer(&founding, vec![foreign.raw.to_vec()], &[chen]);
    assert_eq!(ask(&mut world, 1, chen, &plant), Response::Refused);
    let invitation = world.view(1).invitations[0].clone();
    let inside: Vec<PeerId> = invitation.inside.iter().map(|named| named.peer).collect();
    assert_eq!(inside, [anna]);
}

#[test]
fn a_secret_that_is_not_the_meetings_own_is_not_taken() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    let founding = founding_of_prompt(&world, 1);
    world.cut(&[0]);
    world.command(1, Command::Join { meeting }).unwrap();
    let anna = world.id(0);
    let mesh = world.machines[1].mesh.as_mut().unwrap();
    let admission = Admission {
        secret: [9; 32],
        founding,
        records: Vec::new(),
    };
    mesh.admitted(meeting, anna, admission);
    assert!(world.view(1).meetings.is_empty());
    assert_eq!(world.view(1).joining.len(), 1, "others are still asked");
    world.heal();
    world.run(5000);
    assert_eq!(world.view(1).active, Some(meeting));
}

#[test]
fn who_delivered_an_invitation_can_be_joined_by_though_it_has_not_joined_the_audio() {
    let mut world = World::new(&["Anna", "Bao"]);
    let dara = world.add("Dara");
    world.start(dara);
    world.run(1000);
    world.crash(dara);
    let meeting = world.create(0, "Planning", &[1, dara]);
    world.run(200);
    world.join(1, meeting);
    world.run(500);
    world.create(1, "Elsewhere", &[]);
    world.crash(0);
    world.run(60_000);
    world.start(dara);
    world.run(5000);
    assert!(world.is_invited(dara, meeting));
    assert!(world.view(dara).invitations[0].inside.is_empty());
    // The memory of who delivered it outlives a restart.
    world.crash(dara);
    world.start(dara);
    world.run(1000);
    world.join(dara, meeting);
    assert_eq!(world.presence(1, meeting, dara), Some(Presence::Online));
}

#[test]
fn a_decline_reaches_the_participant_that_delivered_the_invitation() {
    let mut world = World::new(&["Anna", "Bao"]);
    let dara = world.add("Dara");
    world.start(dara);
    world.run(1000);
    world.crash(dara);
    let meeting = world.create(0, "Planning", &[1, dara]);
    world.run(200);
    world.join(1, meeting);
    world.create(1, "Elsewhere", &[]);
    world.crash(0);
    world.run(60_000);
    world.start(dara);
    world.run(5000);
    world.command(dara, Command::Decline { meeting }).unwrap();
    world.run(500);
    assert!(world.has_declined(1, meeting, dara));
}

#[test]
fn neither_withdrawal_nor_restarts_undo_the_ten_minutes_after_a_decline() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.create(0, "Planning", &[1]);
    let bao = world.id(1);
    let peers = || vec![bao];
    let invite = || Command::Invite {
        meeting,
        peers: peers(),
    };
    let withdraw = || Command::Withdraw {
        meeting,
        peers: peers(),
    };
    world.command(1, Command::Decline { meeting }).unwrap();
    world.run(30_000);
    world.command(0, invite()).unwrap();
    world.run(500);
    assert!(world.is_invited(1, meeting), "once");
    world.run(30_000);
    world.command(0, withdraw()).unwrap();
    world.run(500);
    for index in [0, 1] {
        world.crash(index);
        world.start(index);
        world.run(1000);
    }
    let again = world.command(0, invite());
    assert!(
        matches!(again, Err(Refusal::DeclinedLately { .. })),
        "{again:?}"
    );
    // An inviter that does not keep to it gets no further.
    let anna = world.machines[0].mesh.as_mut().unwrap();
    anna.offerings.restore(Vec::new());
    world.command(0, invite()).unwrap();
    world.run(500);
    assert!(!world.is_invited(1, meeting));
    world.run(600_000);
    world.command(0, withdraw()).unwrap();
    world.run(30_000);
    world.command(0, invite()).unwrap();
    world.run(500);
    assert!(world.is_invited(1, meeting));
}

#[test]
fn a_stranger_does_not_keep_others_invitations_away() {
    let mut world = World::new(&["Anna", "Bao"]);
    let (bao, from) = (world.id(1), world.id(0));
    for stranger in 0..20 {
        let mut dropped = 0;
        for number in 0..10 {
            // Three a minute.
            world.run(21_000);
            let (founding, invitation) = strangers_invitation(stranger, number, bao);
            let request = offer(&founding.raw, vec![invitation.raw.to_vec()], &[]);
            let answer = ask(&mut world, 1, from, &request);
            dropped += u32::from(answer == Response::Refused);
        }
        // Later, what is taken pushes out what the same stranger sent before.
        assert!(
            stranger >= 8 || dropped == 2,
            "eight of each are taken, {dropped} were not"
        );
    }
    assert!(world.view(1).invitations.len() <= PROMPTS);
    let contacts = State::decode(world.machines[1].disk.as_ref().unwrap())
        .unwrap()
        .contacts;
    assert!(contacts.len() <= 1, "strangers are no contacts");
    let meeting = world.create(0, "Planning", &[1]);
    world.run(500);
    assert!(world.is_invited(1, meeting));
    // The next stranger pushes out what another sent, not this.
    world.run(21_000);
    let (founding, invitation) = strangers_invitation(99, 0, bao);
    let request = offer(&founding.raw, vec![invitation.raw.to_vec()], &[]);
    ask(&mut world, 1, from, &request);
    assert!(world.is_invited(1, meeting));
    assert_eq!(world.view(1).invitations.len(), PROMPTS);
}

#[test]
fn names_that_are_only_claimed_do_not_pile_up() {
    let mut world = World::new(&["Anna", "Bao"]);
    let anna = world.id(0);
    let mesh = world.machines[1].mesh.as_mut().unwrap();
    for number in 0..20_000_u32 {
        let mut key = [200; 32];
        key[..4].copy_from_slice(&number.to_le_bytes());
        mesh.learn(PeerId(key), "Nobody", "", crate::directory::Source::Claimed);
    }
    assert!(mesh.people.named().count() <= crate::limits::NAMES);
    mesh.learn(
        anna,
        "Anne",
        "",
        crate::directory::Source::Signed(Version {
            epoch: u64::MAX,
            counter: 9,
        }),
    );
    assert_eq!(mesh.people.label(anna), "Anne");
}
