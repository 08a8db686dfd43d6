//! What the rosters show, and what voice does meanwhile, on a still network.

use sotto_meeting::{AwayCause, Flags, Part, VoiceChange};

use super::*;

const AWAY: Presence = Presence::Away(AwayCause::ByHand);

#[test]
fn everybody_in_the_lobby_knows_everybody_by_name() {
    let (sim, [anna, _, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    let view = sim.view(anna);
    let labels: Vec<&str> = view.peers.iter().map(|peer| peer.label.as_str()).collect();
    assert_eq!(labels, ["Bao", "Chen"]);
    assert!(view.peers.iter().all(|peer| peer.running));
}

#[test]
fn joining_shows_on_every_roster_and_voice_keys_are_agreed() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    for peer in [anna, bao, chen] {
        sim.everybody_sees(meeting, peer, ONLINE);
    }
    for viewer in [anna, bao, chen] {
        for peer in [anna, bao, chen].into_iter().filter(|peer| *peer != viewer) {
            assert!(
                sim.entry(viewer, meeting, peer).unwrap().voice,
                "{viewer:?} with {peer:?}"
            );
        }
    }
}

#[test]
fn a_newcomer_is_handed_the_whole_roster() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::still(["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen, dara]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.join_at_once(chen, meeting);
    sim.ask(chen, Command::Phone);
    sim.run_millis(200);
    sim.join_at_once(dara, meeting);
    assert_eq!(sim.presence(dara, meeting, anna), Some(ONLINE));
    assert_eq!(sim.presence(dara, meeting, bao), Some(ONLINE));
    assert_eq!(sim.presence(dara, meeting, chen), Some(PHONE));
}

#[test]
fn no_voice_is_entered_before_the_local_user_joins() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    sim.meet(anna, "Planning", &[bao]);
    sim.run(2);
    assert!(sim.voice(bao).changes.is_empty());
    assert!(
        sim.voice(anna)
            .changes
            .iter()
            .any(|change| matches!(change, VoiceChange::Enter { .. }))
    );
}

#[test]
fn switching_shows_elsewhere_in_one_and_online_in_the_other() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let first = sim.meeting_of_all(anna);
    let second = sim.meet(bao, "Second", &[anna]);
    sim.run_millis(500);
    sim.everybody_sees(first, bao, ELSEWHERE);
    assert_eq!(sim.presence(bao, second, bao), Some(ONLINE));
    assert_eq!(
        sim.presence(chen, second, bao),
        None,
        "who is not in it learns nothing of it"
    );
    sim.join_at_once(anna, second);
    sim.run_millis(500);
    assert_eq!(sim.presence(bao, first, anna), Some(ELSEWHERE));
    assert_eq!(sim.presence(bao, second, anna), Some(ONLINE));
    sim.join_at_once(bao, first);
    sim.run_millis(500);
    assert_eq!(sim.presence(anna, second, bao), Some(ELSEWHERE));
    sim.everybody_sees(first, bao, ONLINE);
}

#[test]
fn leaving_closes_voice_and_the_meeting_goes_on_without_its_creator() {
    let (mut sim, [anna, bao, _]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    sim.forget_events();
    sim.ask(anna, Command::Leave { meeting: None });
    sim.run_millis(500);
    sim.everybody_sees(meeting, anna, LEFT);
    assert!(matches!(
        sim.voice(anna).changes.last(),
        Some(VoiceChange::Leave)
    ));
    assert!(
        sim.voice(bao)
            .changes
            .iter()
            .any(|change| *change == VoiceChange::Unlink { peer: sim.id(anna) })
    );
    sim.everybody_sees(meeting, bao, ONLINE);
    assert_eq!(
        sim.command(anna, Command::Leave { meeting: None }),
        Err(Refusal::NotInMeeting)
    );
}

#[test]
fn a_meeting_ends_when_all_who_joined_have_left_and_open_invitations_go_with_it() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meet(anna, "Planning", &[bao, chen]);
    sim.run_millis(200);
    sim.join_at_once(bao, meeting);
    sim.ask(anna, Command::Leave { meeting: None });
    sim.run_millis(200);
    assert!(sim.is_invited(chen, meeting));
    assert!(!sim.saw(bao, |event| matches!(event, Event::Ended { .. })));
    sim.ask(bao, Command::Leave { meeting: None });
    sim.run(2);
    for host in [anna, bao] {
        assert!(sim.saw(host, |event| matches!(event, Event::Ended { .. })));
        assert!(sim.view(host).meetings.is_empty());
    }
    assert!(!sim.is_invited(chen, meeting));
}

#[test]
fn away_closes_the_microphone_and_back_opens_it() {
    let (mut sim, [anna, _]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.forget_events();
    sim.ask(anna, Command::Away);
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, AWAY);
    assert!(sim.voice(anna).changes.contains(&VoiceChange::Microphone {
        at: None,
        open: false
    }));
    sim.ask(anna, Command::Back);
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, ONLINE);
    assert_eq!(
        sim.voice(anna).changes.last(),
        Some(&VoiceChange::Microphone {
            at: None,
            open: true
        })
    );
}

#[test]
fn a_locked_screen_is_away_by_itself_and_unlocking_restores() {
    let (mut sim, [anna, _]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.happens(anna, Input::Session(Session::Locked));
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, Presence::Away(AwayCause::Automatic));
    sim.happens(anna, Input::Spoke);
    sim.everybody_sees(meeting, anna, Presence::Away(AwayCause::Automatic));
    sim.happens(anna, Input::Session(Session::Active));
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, ONLINE);
}

#[test]
fn what_the_user_said_by_hand_is_never_overridden() {
    let (mut sim, [anna, _]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.ask(anna, Command::Away);
    sim.happens(anna, Input::Session(Session::Idle));
    sim.happens(anna, Input::Session(Session::Active));
    sim.happens(anna, Input::Spoke);
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, AWAY);
    // And the other way round: back is back, however still the keyboard is.
    sim.happens(anna, Input::Session(Session::Idle));
    sim.ask(anna, Command::Back);
    sim.run(400);
    sim.everybody_sees(meeting, anna, ONLINE);
}

#[test]
fn who_speaks_is_not_idle() {
    let (mut sim, [anna, _]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.happens(anna, Input::Spoke);
    sim.happens(anna, Input::Session(Session::Idle));
    sim.run(200);
    sim.everybody_sees(meeting, anna, ONLINE);
    sim.run(120);
    sim.everybody_sees(meeting, anna, Presence::Away(AwayCause::Automatic));
    sim.happens(anna, Input::Spoke);
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, ONLINE);
}

#[test]
fn a_phone_call_closes_both_devices_and_back_restores_as_it_was() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.forget_events();
    sim.ask(anna, Command::Phone);
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, PHONE);
    assert_eq!(sim.voice(anna).changes.last(), Some(&VoiceChange::Leave));
    assert_eq!(sim.view(anna).active, None);
    assert_eq!(sim.view(anna).me.interrupted, Some(meeting));
    sim.happens(anna, Input::SystemCall { active: false });
    sim.everybody_sees(meeting, anna, PHONE);
    sim.ask(anna, Command::Back);
    sim.run_millis(500);
    sim.everybody_sees(meeting, anna, ONLINE);
    assert!(!sim.view(anna).talk.muted);
    assert!(sim.entry(anna, meeting, bao).unwrap().voice);
}

#[test]
fn after_a_call_that_the_system_noticed_the_meeting_is_restored_muted() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.happens(anna, Input::SystemCall { active: true });
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, PHONE);
    sim.happens(anna, Input::SystemCall { active: false });
    sim.run_millis(500);
    sim.everybody_sees(meeting, anna, ONLINE);
    assert!(sim.view(anna).talk.muted);
    assert!(sim.entry(bao, meeting, anna).unwrap().flags.muted);
    assert!(sim.saw(anna, |event| *event == Event::Restored { meeting }));
}

#[test]
fn sleep_is_closed_and_waking_restores_muted() {
    let (mut sim, [anna, _]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.happens(anna, Input::Suspend);
    sim.run_millis(200);
    sim.everybody_sees(meeting, anna, CLOSED);
    sim.happens(anna, Input::Resume);
    sim.run_millis(500);
    sim.everybody_sees(meeting, anna, ONLINE);
    assert!(sim.view(anna).talk.muted);
}

#[test]
fn a_crash_shows_as_lost_within_three_seconds() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    sim.run(10);
    sim.crash(chen);
    sim.run(3);
    sim.everybody_sees(meeting, chen, LOST);
    sim.everybody_sees(meeting, bao, ONLINE);
}

#[test]
fn presence_is_renewed_for_those_who_only_watch_and_lapses_without() {
    let (mut sim, [anna, bao, chen]) = Sim::still(["Anna", "Bao", "Chen"]);
    let meeting = sim.meeting_of_all(anna);
    let other = sim.meet(bao, "Other", &[]);
    sim.run(120);
    assert_eq!(sim.view(bao).active, Some(other));
    assert_eq!(sim.presence(bao, meeting, anna), Some(ONLINE));
    sim.crash(anna);
    sim.crash(chen);
    sim.run(45);
    assert_eq!(sim.presence(bao, meeting, anna), Some(LOST));
}

#[test]
fn two_halves_go_on_and_agree_again() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::still(["Anna", "Bao", "Chen", "Dara"]);
    let meeting = sim.meeting_of_all(anna);
    sim.split(&[&[chen, dara]]);
    sim.run(5);
    assert_eq!(sim.presence(anna, meeting, bao), Some(ONLINE));
    assert_eq!(sim.presence(anna, meeting, chen), Some(LOST));
    assert_eq!(sim.presence(dara, meeting, chen), Some(ONLINE));
    sim.ask(dara, Command::Leave { meeting: None });
    sim.ask(anna, Command::Away);
    sim.heal();
    sim.run(5);
    sim.everybody_sees(meeting, dara, LEFT);
    sim.everybody_sees(meeting, anna, AWAY);
    sim.everybody_sees(meeting, chen, ONLINE);
}

#[test]
fn mute_and_deafen_show_on_every_roster() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.ask(anna, Command::Deafen { at: None });
    sim.run_millis(200);
    let flags = sim.entry(bao, meeting, anna).unwrap().flags;
    assert!(flags.muted && flags.deafened);
    sim.ask(anna, Command::Undeafen { at: None });
    sim.run_millis(200);
    assert_eq!(
        sim.entry(bao, meeting, anna).unwrap().flags,
        Flags::default()
    );
}

#[test]
fn quitting_says_closed_everywhere_at_once() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let meeting = sim.meeting_of_all(anna);
    sim.ask(anna, Command::Quit);
    assert_eq!(sim.presence(bao, meeting, anna), Some(CLOSED));
    assert_eq!(sim.voice(anna).changes.last(), Some(&VoiceChange::Leave));
    assert_eq!(sim.command(anna, Command::Away), Err(Refusal::Closing));
    sim.crash(anna);
    sim.run_millis(100);
    assert!(!sim.view(bao).peers[0].running);
}

#[test]
fn equal_names_carry_key_suffixes() {
    let (sim, [anna, _, bao]) = Sim::still(["Anna", "Anna", "Bao"]);
    let view = sim.view(bao);
    assert!(
        view.peers
            .iter()
            .all(|peer| peer.label.starts_with("Anna (Anna's machine)#")),
        "{:?}",
        view.peers
    );
    assert!(sim.view(anna).me.label.contains('#'));
}

#[test]
fn a_namesake_in_the_lobby_changes_the_roster_at_once() {
    let (mut sim, [anna, paul]) = Sim::still(["Anna", "Paul"]);
    let meeting = sim.meeting_of_all(anna);
    assert_eq!(sim.entry(anna, meeting, paul).unwrap().label, "Paul");
    sim.forget_events();
    let imitator = sim.add("PauI");
    sim.start(imitator);
    sim.run_millis(500);
    let label = sim.entry(anna, meeting, paul).unwrap().label;
    assert!(label.starts_with("Paul (Paul's machine)#"), "{label}");
    let part = Part::Participant(meeting, sim.id(paul));
    assert!(sim.saw(anna, |event| *event == Event::Changed(part)));
}
