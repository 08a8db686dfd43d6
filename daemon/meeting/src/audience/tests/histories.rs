//! What holds whatever the user does and whatever others say.

use proptest::prelude::*;

use super::*;
use crate::command::PressMode;

#[derive(Debug, Clone)]
enum Step {
    Whisper(Vec<u8>, u8),
    Talk,
    Release,
    Mute(bool),
    Deafen(bool),
    Away(bool),
    Shows(u8, u8),
    Phone(bool),
    Notice(u8, u64, Option<Vec<u8>>),
    Packet(u8),
    Reply(u8),
    Abandon,
    Cut,
    Renew,
    PushToTalk(bool),
    Press(bool),
    RenewPress,
    Unpress,
    Wait(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let peers = || proptest::collection::vec(1u8..6, 0..4);
    let step = prop_oneof![
        4 => (peers(), 0u8..3).prop_map(|(to, mode)| Step::Whisper(to, mode)),
        1 => Just(Step::Talk),
        2 => Just(Step::Release),
        2 => any::<bool>().prop_map(Step::Mute),
        1 => any::<bool>().prop_map(Step::Deafen),
        1 => any::<bool>().prop_map(Step::Away),
        6 => (1u8..6, 0u8..6).prop_map(|(peer, how)| Step::Shows(peer, how)),
        1 => any::<bool>().prop_map(Step::Phone),
        2 => (1u8..6, 0u64..20, proptest::option::of(peers())).prop_map(|(from, serial, to)| Step::Notice(from, serial, to)),
        2 => (1u8..6).prop_map(Step::Packet),
        2 => (0u8..3).prop_map(Step::Reply),
        1 => Just(Step::Abandon),
        1 => Just(Step::Cut),
        1 => Just(Step::Renew),
        1 => any::<bool>().prop_map(Step::PushToTalk),
        4 => any::<bool>().prop_map(Step::Press),
        1 => Just(Step::RenewPress),
        1 => Just(Step::Unpress),
        2 => (0u16..8000).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..60)
}

fn mode(number: u8) -> WhisperMode {
    match number {
        0 => WhisperMode::Hold,
        1 => WhisperMode::Latch,
        _ => WhisperMode::For(Duration::from_secs(5)),
    }
}

#[derive(Debug, Clone)]
enum Told {
    Notice(u8, u64, Option<Vec<u8>>),
    Packet(u8),
    Wait(u16),
}

fn whatever_speakers_do() -> impl Strategy<Value = Vec<Told>> {
    let others = || proptest::option::of(proptest::collection::vec(1u8..4, 0..3));
    let step = prop_oneof![
        4 => (1u8..4, 1u64..40, others()).prop_map(|(from, serial, to)| Told::Notice(from, serial, to)),
        3 => (1u8..4).prop_map(Told::Packet),
        1 => (0u16..3000).prop_map(Told::Wait),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    /// Whoever began last is answered: no notice and no packet of somebody whose whisper goes on already, and none of
    /// somebody who has only announced or only sent something, changes that. A change is told.
    #[test]
    fn a_reply_changes_its_target_only_when_a_whisper_begins(steps in whatever_speakers_do()) {
        let mut room = Room::new();
        for step in steps {
            let before = room.talk.reply_to();
            let ongoing: Vec<PeerId> = room.talk.whispers().map(|(from, _)| from).collect();
            room.notices.clear();
            match &step {
                Told::Notice(from, serial, others) => {
                    let others: Option<Vec<PeerId>> = others.as_ref().map(|peers| peers.iter().map(|peer| PeerId([*peer; 32])).collect());
                    room.is_told(PeerId([*from; 32]), *serial, others.as_deref());
                }
                Told::Packet(from) => room.gets_a_packet(PeerId([*from; 32])),
                Told::Wait(time) => room.wait(Duration::from_millis((*time).into())),
            }
            let after = room.talk.reply_to();
            let began = room.notices.iter().find_map(|notice| match notice {
                Notice::WhisperStarted { from, .. } if !ongoing.contains(from) => Some(*from),
                _ => None,
            });
            match began {
                Some(from) => prop_assert_eq!(after.first(), Some(&from)),
                None => {
                    prop_assert_eq!(after.first(), before.first(), "after {:?}", step);
                    let telling = matches!((&step, before.first()), (Told::Notice(from, ..), Some(last)) if PeerId([*from; 32]) == *last);
                    prop_assert!(telling || after == before, "{:?} after {:?}", after, step);
                }
            }
        }
    }

    /// Whatever happens, only a word of the user (or the end of a time or of a held key, which return to what was
    /// before) adds anybody to those who are addressed; everybody else can only take people away.
    #[test]
    fn the_audience_never_widens_by_itself(steps in steps()) {
        let mut room = Room::new();
        // Those to whom the user has agreed to speak; `None` is everyone.
        let mut base: Option<Vec<PeerId>> = None;
        let nobody = || Some(Vec::new());
        let mut passing: Option<(Vec<PeerId>, u8, Duration)> = None;
        // Whether the user has pressed a key, and has said nothing since that ends it.
        let mut down = false;
        for step in steps {
            match step {
                Step::Whisper(to, how) => {
                    let to: Vec<PeerId> = to.into_iter().map(|peer| PeerId([peer; 32])).collect();
                    if let Ok(chosen) = room.whisper(&to, mode(how)) {
                        if how == 1 { (base, passing) = (Some(chosen), None) } else {
                            // Another key is still down.
                            if passing.as_ref().is_some_and(|(_, how, _)| *how == 0) { base = nobody() }
                            passing = Some((chosen, how, room.now));
                        }
                    }
                }
                Step::Reply(how) => {
                    let shown = room.talk.reply_to();
                    let result = room.talk.reply(None, mode(how), None, room.now);
                    room.drain();
                    if let Ok(chosen) = result {
                        prop_assert_eq!(&chosen, &shown, "an answer to others than were shown");
                        if how == 1 { (base, passing) = (Some(chosen), None) } else {
                            if passing.as_ref().is_some_and(|(_, how, _)| *how == 0) { base = nobody() }
                            passing = Some((chosen, how, room.now));
                        }
                    }
                }
                Step::Abandon => {
                    room.abandon();
                    if passing.take_if(|(_, how, _)| *how == 0).is_some() { base = nobody() }
                }
                Step::Cut => {
                    room.cut(Cut::ScreenLocked);
                    if passing.take_if(|(_, how, _)| *how == 0).is_some() { base = nobody() }
                    down = false;
                }
                Step::Renew => if room.renew().is_ok() {
                    let held = passing.as_mut().filter(|(_, how, _)| *how == 0);
                    prop_assert!(held.is_some(), "renewed what is not held");
                    held.into_iter().for_each(|(_, _, since)| *since = room.now);
                },
                Step::Packet(from) => room.gets_a_packet(PeerId([from; 32])),
                Step::Talk => if room.talk.talk(None).is_ok() { (base, passing) = (None, None) },
                Step::Release => {
                    room.talk.release(None);
                    passing.take_if(|(_, how, _)| *how == 0);
                }
                Step::PushToTalk(needed) => { room.talk.need_press(needed, None); down = false }
                Step::Press(latch) => {
                    let mode = if latch { PressMode::Latch } else { PressMode::Hold };
                    down |= room.talk.press(mode, None, room.now).is_ok();
                }
                Step::RenewPress => { let _ = room.talk.renew_press(room.now); }
                Step::Unpress => { room.talk.unpress(None); down = false }
                Step::Mute(true) => { room.talk.mute(None); down = false }
                Step::Mute(false) => { let _ = room.talk.unmute(None); }
                Step::Deafen(true) => { room.talk.deafen(None); down = false }
                Step::Deafen(false) => room.talk.undeafen(None),
                Step::Away(away) => { room.talk.set_away(away); down &= !away }
                Step::Shows(peer, how) => {
                    let presence = match how {
                        0..=2 => Presence::Online,
                        3 => LOST,
                        4 => LEFT,
                        _ => Presence::Offline(OfflineReason::Phone),
                    };
                    room.shows(PeerId([peer; 32]), presence);
                }
                Step::Phone(true) => { room.talk.interrupt(); passing = None; down = false }
                Step::Phone(false) => { let attendees = room.attendees(); room.talk.restore(&attendees, true) }
                Step::Notice(from, serial, others) => {
                    let others: Option<Vec<PeerId>> = others.map(|peers| peers.into_iter().map(|peer| PeerId([peer; 32])).collect());
                    room.is_told(PeerId([from; 32]), serial, others.as_deref());
                }
                Step::Wait(time) => {
                    room.wait(Duration::from_millis(time.into()));
                    if passing.as_ref().is_some_and(|(_, how, since)| *how == 2 && room.now >= *since + Duration::from_secs(5)) {
                        passing = None;
                    }
                    if passing.take_if(|(_, how, since)| *how == 0 && room.now >= *since + Duration::from_secs(10)).is_some() {
                        base = nobody();
                    }
                }
            }
            room.drain();
            let allowed = passing.as_ref().map(|(chosen, ..)| chosen.clone()).or_else(|| base.clone());
            let present = |peer: &PeerId| room.presence.get(peer).is_some_and(|attendee| attendee.presence.is_present());
            match (&room.audience, allowed) {
                (Audience::Nobody, _) => {}
                (Audience::Open(peers), None) => prop_assert!(peers.iter().all(present)),
                (Audience::Whisper(peers), Some(allowed)) => {
                    prop_assert!(!peers.is_empty());
                    prop_assert!(peers.iter().all(|peer| present(peer) && allowed.contains(peer)));
                }
                (audience, allowed) => prop_assert!(false, "{audience:?} where {allowed:?} was agreed to"),
            }
            let held = passing.as_ref().is_some_and(|(_, how, _)| *how == 0);
            let open = !room.talk.flags().muted && !room.talk.needs_press();
            prop_assert!(down || !room.talk.is_pressed(), "a press that nobody made");
            prop_assert!(!room.microphone || held || down || open, "open microphone while muted or not pressed");
            prop_assert!(!room.microphone || held || room.talk.is_pressed() || open, "open after the press");
        }
    }

    #[test]
    fn any_notice_is_taken_or_ignored(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(notice) = postcard::from_bytes::<WhisperNotice>(&bytes) {
            let mut room = Room::new();
            room.talk.handle_notice(CHEN, &notice, START);
        }
    }
}
