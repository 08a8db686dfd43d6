//! What people outside a meeting, or one who pesters, can do to those invited.

use ed25519_dalek::SigningKey;

use super::*;
use crate::Utc;
use crate::limits::PROMPTS;
use crate::record::{Founding, Invitation, NO_MEETING, Record, Version, sign};
use crate::stored::State;
use crate::wire::{Admission, Claimed, Offered, Request, Response};

fn founding_of_prompt(sim: &Sim, host: Host) -> Vec<u8> {
    let disk = sim.machine(host).disk.as_ref().unwrap();
    State::decode(disk).unwrap().prompts[0].founding.clone()
}

/// A meeting that a stranger founds, and the stranger's invitation to it.
pub(super) fn strangers_invitation(
    stranger: u16,
    meeting: u64,
    invitee: PeerId,
) -> (Record<Founding>, Record<Invitation>) {
    invitation_made(Utc(EPOCH), stranger, meeting, invitee)
}

/// The same by a clock that says `made`.
fn invitation_made(
    made: Utc,
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
        created: made,
        nonce: [1; 16],
        commitment: [0; 32],
    };
    let founding = sign(&key, NO_MEETING, version, 0, founding);
    let invitation = Invitation {
        invitee,
        made,
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
        ages: Vec::new(),
    })
}

#[test]
fn who_brings_no_invitation_makes_nobody_a_candidate_for_a_join() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    sim.meet(anna, "Planning", &[bao]);
    let founding = founding_of_prompt(&sim, bao);
    let (_, foreign) = strangers_invitation(1, 1, sim.id(bao));
    let plant = offer(&founding, vec![foreign.raw.to_vec()], &[sim.id(chen)]);
    assert_eq!(ask(&mut sim, bao, chen, &plant), Response::Refused);
    let invitation = sim.view(bao).invitations[0].clone();
    let inside: Vec<PeerId> = invitation.inside.iter().map(|named| named.peer).collect();
    assert_eq!(inside, [sim.id(anna)]);
}

#[test]
fn a_secret_that_is_not_the_meetings_own_is_not_taken() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let founding = founding_of_prompt(&sim, bao);
    sim.split(&[&[anna]]);
    sim.ask(bao, Command::Join { meeting });
    let from = sim.id(anna);
    let admission = Admission {
        secret: [9; 32],
        founding,
        records: Vec::new(),
    };
    sim.with_mesh(bao, |mesh, _| mesh.admitted(meeting, from, admission));
    assert!(sim.view(bao).meetings.is_empty());
    assert_eq!(sim.view(bao).joining.len(), 1, "others are still asked");
    sim.heal();
    sim.run(5);
    assert_eq!(sim.view(bao).active, Some(meeting));
}

#[test]
fn neither_withdrawal_nor_restarts_undo_the_ten_minutes_after_a_decline() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meet(anna, "Planning", &[bao]);
    let invitee = sim.id(bao);
    let peers = || vec![invitee];
    let invite = || Command::Invite {
        meeting,
        peers: peers(),
    };
    let withdraw = || Command::Withdraw {
        meeting,
        peers: peers(),
    };
    sim.ask(bao, Command::Decline { meeting });
    sim.run(30);
    sim.ask(anna, invite());
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting), "once");
    sim.run(30);
    sim.ask(anna, withdraw());
    sim.run_millis(500);
    for host in [anna, bao] {
        sim.crash(host);
        sim.start(host);
        sim.run(1);
    }
    let again = sim.command(anna, invite());
    assert!(
        matches!(again, Err(Refusal::DeclinedLately { .. })),
        "{again:?}"
    );
    // An inviter that does not keep to it gets no further.
    sim.with_mesh(anna, |mesh, _| mesh.offerings.restore(Vec::new()));
    sim.ask(anna, invite());
    sim.run_millis(500);
    assert!(!sim.is_invited(bao, meeting));
    sim.run(600);
    sim.ask(anna, withdraw());
    sim.run(30);
    sim.ask(anna, invite());
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
}

#[test]
fn an_invitation_by_a_clock_that_is_far_off_is_seen_for_a_day_and_the_clock_is_told() {
    const DAY: u64 = 24 * 3600;
    for (stranger, (made, told)) in [
        (EPOCH - 9 * DAY, Some(-9)),
        (EPOCH - DAY - 3600, Some(-1)),
        (EPOCH - DAY / 2, None),
        (EPOCH + 9 * DAY, Some(9)),
    ]
    .into_iter()
    .enumerate()
    {
        let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
        let stranger = u16::try_from(stranger).unwrap();
        let (founding, invitation) = invitation_made(Utc(made), stranger, 0, sim.id(bao));
        let request = offer(&founding.raw, vec![invitation.raw.to_vec()], &[]);
        ask(&mut sim, bao, anna, &request);
        let view = sim.view(bao);
        assert_eq!(view.invitations.len(), 1, "{told:?}");
        let left = view.invitations[0].expires.since(Utc(EPOCH));
        assert!(left.as_secs() <= DAY + 1800, "{told:?}: {left:?}");
        let author = invitation.head.author;
        let peer = view.peers.iter().find(|peer| peer.peer == author);
        let off = peer.and_then(|peer| peer.clock_off);
        let days = off.map(|seconds| seconds / DAY.cast_signed());
        // A few seconds have passed.
        let told = told.map(|days: i64| days - i64::from(days > 0));
        assert_eq!(days, told);
    }
}

#[test]
fn a_stranger_does_not_keep_others_invitations_away() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let invitee = sim.id(bao);
    for stranger in 0..20 {
        let mut dropped = 0;
        for number in 0..10 {
            // Three a minute.
            sim.run(21);
            let (founding, invitation) = strangers_invitation(stranger, number, invitee);
            let request = offer(&founding.raw, vec![invitation.raw.to_vec()], &[]);
            let answer = ask(&mut sim, bao, anna, &request);
            dropped += u32::from(answer == Response::Refused);
        }
        // Later, what is taken pushes out what the same stranger sent before.
        assert!(
            stranger >= 8 || dropped == 2,
            "eight of each are taken, {dropped} were not"
        );
    }
    assert!(sim.view(bao).invitations.len() <= PROMPTS);
    let contacts = State::decode(sim.machine(bao).disk.as_ref().unwrap())
        .unwrap()
        .contacts;
    assert!(contacts.len() <= 1, "strangers are no contacts");
    let meeting = sim.meet(anna, "Planning", &[bao]);
    sim.run_millis(500);
    assert!(sim.is_invited(bao, meeting));
    // The next stranger pushes out what another sent, not this.
    sim.run(21);
    let (founding, invitation) = strangers_invitation(99, 0, invitee);
    let request = offer(&founding.raw, vec![invitation.raw.to_vec()], &[]);
    ask(&mut sim, bao, anna, &request);
    assert!(sim.is_invited(bao, meeting));
    assert_eq!(sim.view(bao).invitations.len(), PROMPTS);
}

#[test]
fn names_that_are_only_claimed_do_not_pile_up() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let peer = sim.id(anna);
    sim.with_mesh(bao, |mesh, _| {
        for number in 0..20_000_u32 {
            let mut key = [200; 32];
            key[..4].copy_from_slice(&number.to_le_bytes());
            mesh.learn(PeerId(key), "Nobody", "", crate::directory::Source::Claimed);
        }
        assert!(mesh.people.named().count() <= crate::limits::NAMES);
        mesh.learn(
            peer,
            "Anne",
            "",
            crate::directory::Source::Signed(Version {
                epoch: u64::MAX,
                counter: 9,
            }),
        );
        assert_eq!(mesh.people.label(peer), "Anne");
    });
}
