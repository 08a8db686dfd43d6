//! State files as each release wrote them, taken up by this one.
//!
//! All of them are Anna's, at the same moment: she is in "Planning" with Bao, muted; Chi of the same meeting is on the
//! phone, and Dora declined and was invited again. Dora invites Anna to "Retro", and Anna declined "Lunch". Bao's volume is 150 %.

use super::kept::{keeps, release, releases};
use super::sim::Sim;
use crate::stored::State;
use crate::{
    Command, Input, Mesh, Now, OfflineReason, Output, Presence, RejoinPolicy, Setup, StoredError,
    Utc,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Anna's key.
#[rustfmt::skip]
const SEED: [u8; 32] = [
    0xf1, 0x9e, 0xe3, 0xb9, 0x65, 0x42, 0x98, 0x44, 0xe4, 0x96, 0xaf, 0x30, 0x0e, 0xd6, 0xcb, 0x0d,
    0xdf, 0x11, 0xe7, 0x54, 0x12, 0xe4, 0x25, 0x2c, 0x93, 0x16, 0x63, 0xe7, 0x55, 0x93, 0xc7, 0x29,
];

/// A moment after the state was written.
const WRITTEN: u64 = 1_800_001_078;

/// Lives through Anna's story, and returns what is on her disk.
fn written_now() -> Vec<u8> {
    let (mut sim, [anna, bao, chi, dora]) = Sim::with(7, ["Anna", "Bao", "Chi", "Dora"]);
    assert_eq!(sim.machine(anna).signing_seed, SEED);
    let planning = sim.gather(anna, "Planning", &[bao, chi]);
    let dora_id = sim.id(dora);
    let invite = || Command::Invite {
        meeting: planning,
        peers: vec![dora_id],
    };
    sim.ask(anna, invite());
    sim.run(5);
    sim.ask(dora, Command::Decline { meeting: planning });
    sim.run(3);
    sim.ask(anna, invite());
    sim.run(3);
    sim.meet(dora, "Retro", &[anna, chi]);
    sim.run(5);
    let lunch = sim.meet(dora, "Lunch", &[anna]);
    sim.run(5);
    sim.ask(anna, Command::Decline { meeting: lunch });
    sim.ask(chi, Command::Phone);
    let volume = Command::Volume {
        peer: sim.id(bao),
        percent: 150,
    };
    sim.ask(anna, volume);
    sim.ask(anna, Command::Mute { at: None });
    sim.run(40);
    sim.machine(anna).disk.clone().unwrap()
}

fn state_of(version: &str) -> Vec<u8> {
    let file = release(version).join("state.bin");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn now() -> Now {
    Now {
        monotonic: std::time::Duration::from_secs(5),
        since_boot: std::time::Duration::from_secs(5),
        utc: Utc(WRITTEN + 20),
    }
}

fn start(stored: Vec<u8>, seed: [u8; 32]) -> Result<Mesh, StoredError> {
    let setup = Setup {
        signing_seed: seed,
        rng_seed: [9; 32],
        name: "Anna".into(),
        device_name: "laptop".into(),
        stored: Some(stored),
        rejoin: RejoinPolicy::AfterCrash,
        boot: None,
    };
    Mesh::new(setup, now())
}

#[test]
fn this_release_keeps_a_state() {
    let file = release(VERSION).join("state.bin");
    if keeps() {
        std::fs::create_dir_all(release(VERSION)).unwrap();
        std::fs::write(&file, written_now()).unwrap();
    }
    // What it writes now has the form of what it kept.
    let kept = state_of(VERSION);
    let now = written_now();
    assert_eq!(
        kept[..10],
        now[..10],
        "the version has changed: see daemon/tests/interop/README.md"
    );
    assert!(State::decode(&kept).is_ok() && State::decode(&now).is_ok());
}

#[test]
fn the_state_of_every_release_is_taken_up() {
    for version in releases() {
        let mut mesh =
            start(state_of(&version), SEED).unwrap_or_else(|error| panic!("{version}: {error}"));
        let view = mesh.view(now());
        let [meeting] = view.meetings.as_slice() else {
            panic!("{version}: {} meetings", view.meetings.len());
        };
        assert_eq!(
            (meeting.title.as_str(), meeting.active),
            ("Planning", true),
            "{version}"
        );
        let me = meeting.roster.iter().find(|entry| entry.me).unwrap();
        assert!(me.flags.muted, "{version}");
        let mut people: Vec<(String, Presence, bool)> = meeting
            .roster
            .iter()
            .map(|entry| (entry.label.clone(), entry.presence, entry.volume == 150))
            .collect();
        people.sort_by(|one, other| one.0.cmp(&other.0));
        let offline = Presence::Offline;
        let expected = [
            ("Anna", Presence::Online, false),
            // A record from the disk does not prove that its author is still there.
            ("Bao", offline(OfflineReason::Lost), true),
            ("Chi", offline(OfflineReason::Phone), false),
            ("Dora", offline(OfflineReason::NotJoined), false),
        ];
        let expected = expected.map(|(name, presence, loud)| (name.to_owned(), presence, loud));
        assert_eq!(people, expected, "{version}");
        let invited: Vec<&str> = view
            .invitations
            .iter()
            .map(|invitation| invitation.title.as_str())
            .collect();
        assert_eq!(invited, ["Retro"], "{version}: \"Lunch\" was declined");
        assert!(view.peers.iter().all(|peer| !peer.running), "{version}");
        // It is written in this release's form, and read again.
        mesh.handle(Input::Spoke, now());
        let stored = std::iter::from_fn(|| mesh.poll_output())
            .filter_map(|output| match output {
                Output::Store(bytes) | Output::StoreLater(bytes) => Some(bytes),
                _ => None,
            })
            .last()
            .unwrap();
        let again = start(stored, SEED).unwrap();
        assert_eq!(again.view(now()).meetings, view.meetings, "{version}");
    }
}

#[test]
fn a_state_cut_short_or_changed_anywhere_is_refused_and_never_taken_for_a_newer_one() {
    for version in releases() {
        let good = state_of(&version);
        for end in (0..good.len()).step_by(7) {
            let refused = State::decode(&good[..end]).unwrap_err();
            assert!(
                matches!(refused, StoredError::Damaged | StoredError::NotState),
                "{version} cut at {end}: {refused}"
            );
        }
        // Beyond the number of the version itself.
        for position in (10..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[position] ^= 0x20;
            assert_eq!(
                State::decode(&bad),
                Err(StoredError::Damaged),
                "{version} at {position}"
            );
        }
        assert_eq!(start(good, [1; 32]).err(), Some(StoredError::OtherIdentity));
    }
}
