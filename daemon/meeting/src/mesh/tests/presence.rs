use super::*;
use crate::{AwayCause, Session};

const AWAY: Presence = Presence::Away(AwayCause::ByHand);

#[test]
fn everybody_in_the_lobby_knows_everybody_by_name() {
    let world = World::new(&["Anna", "Bao", "Chen"]);
    let view = world.view(0);
    let labels: Vec<&str> = view.peers.iter().map(|peer| peer.label.as_str()).collect();
    assert_eq!(labels, ["Bao", "Chen"]);
    assert!(view.peers.iter().all(|peer| peer.running));
}

#[test]
fn joining_shows_on_every_roster_and_voice_keys_are_agreed() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    for peer in 0..3 {
        world.everybody_sees(meeting, peer, Presence::Online);
    }
    for viewer in 0..3 {
        for peer in (0..3).filter(|peer| *peer != viewer) {
            assert!(
                world.entry(viewer, meeting, peer).unwrap().voice,
                "{viewer} with {peer}"
            );
        }
    }
}

#[test]
fn no_voice_is_entered_before_the_local_user_joins() {
    let mut world = World::new(&["Anna", "Bao"]);
    world.create(0, "Planning", &[1]);
    world.run(2000);
    assert!(world.machines[1].voice.is_empty());
    assert!(
        world.machines[0]
            .voice
            .iter()
            .any(|change| matches!(change, VoiceChange::Enter { .. }))
    );
}

#[test]
fn switching_shows_elsewhere_in_one_and_online_in_the_other() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let first = world.meeting_of_all(0);
    let second = world.create(1, "Second", &[0]);
    world.run(500);
    world.everybody_sees(first, 1, ELSEWHERE);
    assert_eq!(world.presence(1, second, 1), Some(Presence::Online));
    assert_eq!(
        world.presence(2, second, 1),
        None,
        "who is not in it learns nothing of it"
    );
    world.join(0, second);
    world.run(500);
    assert_eq!(world.presence(1, first, 0), Some(ELSEWHERE));
    assert_eq!(world.presence(1, second, 0), Some(Presence::Online));
    world.join(1, first);
    world.run(500);
    assert_eq!(world.presence(0, second, 1), Some(ELSEWHERE));
    world.everybody_sees(first, 1, Presence::Online);
}

#[test]
fn leaving_closes_voice_and_the_meeting_goes_on_without_its_creator() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    world.forget_events();
    world.command(0, Command::Leave { meeting: None }).unwrap();
    world.run(500);
    world.everybody_sees(meeting, 0, LEFT);
    assert!(matches!(
        world.machines[0].voice.last(),
        Some(VoiceChange::Leave)
    ));
    assert!(
        world.machines[1]
            .voice
            .iter()
            .any(|change| *change == VoiceChange::Unlink { peer: world.id(0) })
    );
    world.everybody_sees(meeting, 1, Presence::Online);
    assert_eq!(
        world.command(0, Command::Leave { meeting: None }),
        Err(Refusal::NotInMeeting)
    );
}

#[test]
fn a_meeting_ends_when_all_who_joined_have_left_and_open_invitations_go_with_it() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.create(0, "Planning", &[1, 2]);
    world.run(200);
    world.join(1, meeting);
    world.command(0, Command::Leave { meeting: None }).unwrap();
    world.run(200);
    assert!(world.is_invited(2, meeting));
    assert!(!world.saw(1, |event| matches!(event, Event::Ended { .. })));
    world.command(1, Command::Leave { meeting: None }).unwrap();
    world.run(2000);
    for index in 0..2 {
        assert!(world.saw(index, |event| matches!(event, Event::Ended { .. })));
        assert!(world.view(index).meetings.is_empty());
    }
    assert!(!world.is_invited(2, meeting));
}

#[test]
fn away_closes_the_microphone_and_back_opens_it() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.forget_events();
    world.command(0, Command::Away).unwrap();
    world.run(200);
    world.everybody_sees(meeting, 0, AWAY);
    assert!(world.machines[0].voice.contains(&VoiceChange::Microphone {
        at: None,
        open: false
    }));
    world.command(0, Command::Back).unwrap();
    world.run(200);
    world.everybody_sees(meeting, 0, Presence::Online);
    assert_eq!(
        world.machines[0].voice.last(),
        Some(&VoiceChange::Microphone {
            at: None,
            open: true
        })
    );
}

#[test]
fn a_locked_screen_is_away_by_itself_and_unlocking_restores() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.input(0, Input::Session(Session::Locked));
    world.run(200);
    world.everybody_sees(meeting, 0, Presence::Away(AwayCause::Automatic));
    world.input(0, Input::Spoke);
    world.everybody_sees(meeting, 0, Presence::Away(AwayCause::Automatic));
    world.input(0, Input::Session(Session::Active));
    world.run(200);
    world.everybody_sees(meeting, 0, Presence::Online);
}

#[test]
fn what_the_user_said_by_hand_is_never_overridden() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.command(0, Command::Away).unwrap();
    world.input(0, Input::Session(Session::Idle));
    world.input(0, Input::Session(Session::Active));
    world.input(0, Input::Spoke);
    world.run(200);
    world.everybody_sees(meeting, 0, AWAY);
    // And the other way round: back is back, however still the keyboard is.
    world.input(0, Input::Session(Session::Idle));
    world.command(0, Command::Back).unwrap();
    world.run(400_000);
    world.everybody_sees(meeting, 0, Presence::Online);
}

#[test]
fn who_speaks_is_not_idle() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.input(0, Input::Spoke);
    world.input(0, Input::Session(Session::Idle));
    world.run(200_000);
    world.everybody_sees(meeting, 0, Presence::Online);
    world.run(120_000);
    world.everybody_sees(meeting, 0, Presence::Away(AwayCause::Automatic));
    world.input(0, Input::Spoke);
    world.run(200);
    world.everybody_sees(meeting, 0, Presence::Online);
}

#[test]
fn a_phone_call_closes_both_devices_and_back_restores_as_it_was() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.forget_events();
    world.command(0, Command::Phone).unwrap();
    world.run(200);
    world.everybody_sees(meeting, 0, PHONE);
    assert_eq!(world.machines[0].voice.last(), Some(&VoiceChange::Leave));
    assert_eq!(world.view(0).active, None);
    assert_eq!(world.view(0).me.interrupted, Some(meeting));
    world.input(0, Input::SystemCall { active: false });
    world.everybody_sees(meeting, 0, PHONE);
    world.command(0, Command::Back).unwrap();
    world.run(500);
    world.everybody_sees(meeting, 0, Presence::Online);
    assert!(!world.view(0).talk.muted);
    assert!(world.entry(0, meeting, 1).unwrap().voice);
}

#[test]
fn after_a_call_that_the_system_noticed_the_meeting_is_restored_muted() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.input(0, Input::SystemCall { active: true });
    world.run(200);
    world.everybody_sees(meeting, 0, PHONE);
    world.input(0, Input::SystemCall { active: false });
    world.run(500);
    world.everybody_sees(meeting, 0, Presence::Online);
    assert!(world.view(0).talk.muted);
    assert!(world.entry(1, meeting, 0).unwrap().flags.muted);
    assert!(world.saw(0, |event| *event == Event::Restored { meeting }));
}

#[test]
fn sleep_is_closed_and_waking_restores_muted() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.input(0, Input::Suspend);
    world.run(200);
    world.everybody_sees(meeting, 0, CLOSED);
    world.input(0, Input::Resume);
    world.run(500);
    world.everybody_sees(meeting, 0, Presence::Online);
    assert!(world.view(0).talk.muted);
}

#[test]
fn a_crash_shows_as_lost_within_three_seconds() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    world.run(10_000);
    world.crash(2);
    world.run(3000);
    world.everybody_sees(meeting, 2, LOST);
    world.everybody_sees(meeting, 1, Presence::Online);
}

#[test]
fn presence_is_renewed_for_those_who_only_watch_and_lapses_without() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    let meeting = world.meeting_of_all(0);
    let other = world.create(1, "Other", &[]);
    world.run(120_000);
    assert_eq!(world.view(1).active, Some(other));
    assert_eq!(world.presence(1, meeting, 0), Some(Presence::Online));
    world.crash(0);
    world.crash(2);
    world.run(45_000);
    assert_eq!(world.presence(1, meeting, 0), Some(LOST));
}

#[test]
fn two_halves_go_on_and_agree_again() {
    let mut world = World::new(&["Anna", "Bao", "Chen", "Dara"]);
    let meeting = world.meeting_of_all(0);
    world.cut(&[2, 3]);
    world.run(5000);
    assert_eq!(world.presence(0, meeting, 1), Some(Presence::Online));
    assert_eq!(world.presence(0, meeting, 2), Some(LOST));
    assert_eq!(world.presence(3, meeting, 2), Some(Presence::Online));
    world.command(3, Command::Leave { meeting: None }).unwrap();
    world.command(0, Command::Away).unwrap();
    world.heal();
    world.run(5000);
    world.everybody_sees(meeting, 3, LEFT);
    world.everybody_sees(meeting, 0, AWAY);
    world.everybody_sees(meeting, 2, Presence::Online);
}

#[test]
fn mute_and_deafen_show_on_every_roster() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.command(0, Command::Deafen { at: None }).unwrap();
    world.run(200);
    let flags = world.entry(1, meeting, 0).unwrap().flags;
    assert!(flags.muted && flags.deafened);
    world.command(0, Command::Undeafen { at: None }).unwrap();
    world.run(200);
    assert_eq!(
        world.entry(1, meeting, 0).unwrap().flags,
        crate::Flags::default()
    );
}

#[test]
fn quitting_says_closed_everywhere_at_once() {
    let mut world = World::new(&["Anna", "Bao"]);
    let meeting = world.meeting_of_all(0);
    world.command(0, Command::Quit).unwrap();
    assert_eq!(world.presence(1, meeting, 0), Some(CLOSED));
    assert_eq!(world.machines[0].voice.last(), Some(&VoiceChange::Leave));
    assert_eq!(world.command(0, Command::Away), Err(Refusal::Closing));
    world.crash(0);
    world.run(100);
    assert!(!world.view(1).peers[0].running);
}

#[test]
fn a_whisper_is_announced_to_its_receivers_and_the_deafened_one_says_so() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    world.meeting_of_all(0);
    world.command(2, Command::Deafen { at: None }).unwrap();
    world.run(200);
    world.forget_events();
    let to = vec![world.id(1), world.id(2)];
    world
        .command(
            0,
            Command::Whisper {
                to,
                mode: crate::WhisperMode::Latch,
                at: Some(480),
            },
        )
        .unwrap();
    world.run(300);
    let (anna, bao, chen) = (world.id(0), world.id(1), world.id(2));
    assert!(world.saw(1, |event| matches!(event,
        Event::WhisperStarted { from, others, unheard: false, .. } if *from == anna && *others == [chen])));
    assert!(world.saw(2, |event| matches!(event,
        Event::WhisperStarted { from, others, unheard: true, .. } if *from == anna && *others == [bao])));
    assert!(world.saw(
        0,
        |event| matches!(event, Event::ReceiverDeafened { peer, .. } if *peer == chen)
    ));
    world
        .command(
            1,
            Command::Reply {
                meant: None,
                mode: crate::WhisperMode::Latch,
                at: None,
            },
        )
        .unwrap();
    world.command(0, Command::Talk { at: None }).unwrap();
    world.run(300);
    assert!(world.saw(1, |event| *event == Event::WhisperStopped { from: anna }));
}

fn whisper(to: Vec<PeerId>) -> Command {
    Command::Whisper {
        to,
        mode: crate::WhisperMode::Latch,
        at: None,
    }
}

#[test]
fn whoever_announces_a_whisper_without_whispering_takes_no_reply() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    world.meeting_of_all(0);
    let anna = world.id(0);
    world.command(2, whisper(vec![anna])).unwrap();
    world.run(600);
    world.forget_events();
    world.silent.insert(1);
    world.command(1, whisper(vec![anna])).unwrap();
    world.run(600);
    let talk = world.view(0).talk;
    assert_eq!(talk.reply_to[0].peer, world.id(2));
    assert_eq!(talk.whispers.len(), 1);
    assert!(!world.saw(0, |event| matches!(event, Event::WhisperStarted { .. })));
    world.silent.clear();
    world.run(600);
    assert_eq!(world.view(0).talk.reply_to[0].peer, world.id(1));
}

#[test]
fn a_reply_stays_with_whoever_began_last_when_another_whisper_loses_a_receiver() {
    let mut world = World::new(&["Anna", "Bao", "Chen", "Dara"]);
    world.meeting_of_all(0);
    let (anna, bao) = (world.id(0), world.id(1));
    world.command(3, whisper(vec![anna, bao])).unwrap();
    world.run(600);
    world.command(2, whisper(vec![anna])).unwrap();
    world.run(600);
    world.command(1, Command::Leave { meeting: None }).unwrap();
    world.run(600);
    let dara = world.view(0).talk.whispers;
    assert!(
        dara.iter().all(|whisper| whisper.others.is_empty()),
        "{dara:?}"
    );
    let reply = |meant: usize, world: &World| Command::Reply {
        meant: Some(vec![world.id(meant)]),
        mode: crate::WhisperMode::Latch,
        at: None,
    };
    let wrong = reply(3, &world);
    let refusal = world.command(0, wrong).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "Chen was the last to begin a whisper to you"
    );
    let right = reply(2, &world);
    let to = vec![world.id(2)];
    assert_eq!(world.command(0, right), Ok(Reply::Whispering { to }));
}

#[test]
fn a_speaker_that_switches_too_often_is_understood_in_the_end() {
    let mut world = World::new(&["Anna", "Bao"]);
    world.meeting_of_all(0);
    let bao = world.id(1);
    for _ in 0..60 {
        world.command(0, whisper(vec![bao])).unwrap();
        world.command(0, Command::Talk { at: None }).unwrap();
    }
    world.command(0, whisper(vec![bao])).unwrap();
    assert!(world.view(1).counters.requests_dropped > 40);
    world.run(3000);
    assert_eq!(world.view(1).talk.whispers.len(), 1);
}

#[test]
fn equal_names_carry_key_suffixes() {
    let world = World::new(&["Anna", "Anna", "Bao"]);
    let view = world.view(2);
    assert!(
        view.peers
            .iter()
            .all(|peer| peer.label.starts_with("Anna (laptop)#")),
        "{:?}",
        view.peers
    );
    assert!(world.view(0).me.label.contains('#'));
}

#[test]
fn a_notice_that_did_not_arrive_is_not_repeated_from_another_meeting() {
    let mut world = World::new(&["Anna", "Bao", "Chen"]);
    world.meeting_of_all(0);
    let bao = world.id(1);
    let whisper = Command::Whisper {
        to: vec![bao],
        mode: crate::WhisperMode::Latch,
        at: None,
    };
    world.command(0, whisper).unwrap();
    world.cut(&[1]);
    world.create(0, "Elsewhere", &[]);
    // Four seconds were given to a connection, by which to say that the whisper is over.
    world.run(4100);
    let anna = world.machines[0].mesh.as_ref().unwrap();
    assert_eq!(anna.talk.next_timeout(), None, "nothing is left to be said");
}
