use super::*;
use crate::output::VoiceChange;
use crate::presence::AwayCause;
use proptest::prelude::*;

const ME: PeerId = PeerId([0; 32]);
const BAO: PeerId = PeerId([1; 32]);
const CHEN: PeerId = PeerId([2; 32]);
const DARA: PeerId = PeerId([3; 32]);
const LOST: Presence = Presence::Offline(OfflineReason::Lost);
const LEFT: Presence = Presence::Offline(OfflineReason::Left);
const START: Duration = Duration::from_secs(10);

/// A room of three colleagues and what the voice machines and the user were told.
struct Room {
    talk: Talk,
    presence: BTreeMap<PeerId, Attendee>,
    now: Duration,
    audience: Audience,
    microphone: bool,
    playback: bool,
    notices: Vec<Notice>,
    told: Vec<(PeerId, WhisperNotice)>,
    changes: Vec<VoiceChange>,
}

impl Room {
    fn new() -> Self {
        let presence = [BAO, CHEN, DARA]
            .map(|peer| {
                (
                    peer,
                    Attendee {
                        peer,
                        presence: Presence::Online,
                        flags: Flags::default(),
                    },
                )
            })
            .into();
        let mut room = Self {
            talk: Talk::new(ME, 100),
            presence,
            now: START,
            audience: Audience::Nobody,
            microphone: false,
            playback: false,
            notices: Vec::new(),
            told: Vec::new(),
            changes: Vec::new(),
        };
        let attendees = room.attendees();
        room.talk.enter(&attendees, None);
        room.drain();
        room
    }

    fn attendees(&self) -> Vec<Attendee> {
        self.presence.values().copied().collect()
    }

    fn drain(&mut self) {
        while let Some(output) = self.talk.poll() {
            match output {
                TalkOutput::Voice(change) => {
                    match &change {
                        VoiceChange::Audience { audience, .. } => self.audience = audience.clone(),
                        VoiceChange::Microphone { open, .. } => self.microphone = *open,
                        VoiceChange::Playback { open } => self.playback = *open,
                        _ => {}
                    }
                    self.changes.push(change);
                }
                TalkOutput::Notice(notice) => self.notices.push(notice),
                TalkOutput::Tell { peer, notice } => self.told.push((peer, notice)),
                TalkOutput::FlagsChanged(_) => {}
            }
        }
    }

    fn shows(&mut self, peer: PeerId, presence: Presence) {
        self.presence.insert(
            peer,
            Attendee {
                peer,
                presence,
                flags: Flags::default(),
            },
        );
        self.attend();
    }

    fn deafens(&mut self, peer: PeerId) {
        let flags = Flags {
            muted: true,
            deafened: true,
        };
        self.presence.insert(
            peer,
            Attendee {
                peer,
                presence: Presence::Online,
                flags,
            },
        );
        self.attend();
    }

    fn attend(&mut self) {
        let attendees = self.attendees();
        self.talk.attend(&attendees);
        self.drain();
    }

    fn whisper(&mut self, to: &[PeerId], mode: WhisperMode) -> Result<Vec<PeerId>, TalkRefusal> {
        let result = self.talk.whisper(to, mode, None, self.now);
        self.drain();
        result
    }

    fn reply(&mut self) -> Result<Vec<PeerId>, TalkRefusal> {
        let result = self.talk.reply(None, WhisperMode::Hold, None, self.now);
        self.drain();
        result
    }

    fn talk(&mut self) {
        self.talk.talk(None).unwrap();
        self.drain();
    }

    fn release(&mut self) {
        self.talk.release(None);
        self.drain();
    }

    fn mute(&mut self) {
        self.talk.mute(None);
        self.drain();
    }

    fn unmute(&mut self) {
        self.talk.unmute(None).unwrap();
        self.drain();
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.talk.handle_timeout(self.now);
        self.drain();
    }

    /// A notice, and a packet of the whisper that it tells of.
    fn hears(&mut self, from: PeerId, serial: u64, others: Option<&[PeerId]>) {
        self.is_told(from, serial, others);
        if others.is_some() {
            self.gets_a_packet(from);
        }
    }

    fn is_told(&mut self, from: PeerId, serial: u64, others: Option<&[PeerId]>) {
        self.talk.handle_notice(
            from,
            &WhisperNotice {
                serial,
                others: others.map(<[_]>::to_vec),
            },
            self.now,
        );
        self.drain();
    }

    fn gets_a_packet(&mut self, from: PeerId) {
        self.talk.whispered(from, self.now);
        self.drain();
    }

    fn replies_to(&mut self, meant: &[PeerId]) -> Result<Vec<PeerId>, TalkRefusal> {
        let result = self
            .talk
            .reply(Some(meant), WhisperMode::Latch, None, self.now);
        self.drain();
        result
    }

    fn renew(&mut self) -> Result<(), TalkRefusal> {
        self.talk.renew(self.now)
    }

    fn abandon(&mut self) {
        self.talk.abandon(None);
        self.drain();
    }

    /// Who gets what the microphone captures right now.
    fn heard_by(&self) -> Vec<PeerId> {
        match &self.audience {
            Audience::Open(peers) | Audience::Whisper(peers) if self.microphone => peers.clone(),
            _ => Vec::new(),
        }
    }
}

fn whisper_to(peers: &[PeerId]) -> Audience {
    Audience::Whisper(peers.to_vec())
}

fn everyone() -> Audience {
    Audience::Open(vec![BAO, CHEN, DARA])
}

#[test]
fn whoever_joins_speaks_to_everyone_present() {
    let mut room = Room::new();
    assert_eq!(room.audience, everyone());
    assert!(room.microphone && room.playback);
    room.shows(BAO, Presence::Away(AwayCause::ByHand));
    assert_eq!(room.audience, everyone(), "who is Away hears");
    room.shows(CHEN, LEFT);
    room.shows(DARA, LOST);
    assert_eq!(room.audience, Audience::Open(vec![BAO]));
}

#[test]
fn nothing_is_captured_or_played_outside_a_meeting() {
    let mut talk = Talk::new(ME, 0);
    talk.attend(&[Attendee {
        peer: BAO,
        presence: Presence::Online,
        flags: Flags::default(),
    }]);
    talk.unmute(None).unwrap();
    assert_eq!(
        talk.whisper(&[BAO], WhisperMode::Hold, None, START),
        Err(TalkRefusal::NotInMeeting)
    );
    assert_eq!(talk.talk(None), Err(TalkRefusal::NotInMeeting));
    assert_eq!(talk.poll(), None);
}

#[test]
fn a_whisper_goes_to_the_chosen_alone_until_everyone_is_addressed_again() {
    let mut room = Room::new();
    assert_eq!(
        room.whisper(&[CHEN, BAO, CHEN], WhisperMode::Latch),
        Ok(vec![CHEN, BAO])
    );
    assert_eq!(room.audience, whisper_to(&[CHEN, BAO]));
    room.talk();
    assert_eq!(room.audience, everyone());
}

#[test]
fn an_absent_receiver_is_refused_by_name_and_reason() {
    let mut room = Room::new();
    room.shows(CHEN, Presence::Offline(OfflineReason::Phone));
    let absent = TalkRefusal::Absent {
        peer: CHEN,
        presence: Presence::Offline(OfflineReason::Phone),
    };
    assert_eq!(room.whisper(&[BAO, CHEN], WhisperMode::Latch), Err(absent));
    assert_eq!(
        room.audience,
        Audience::Open(vec![BAO, DARA]),
        "nothing has changed"
    );
    assert_eq!(
        absent.named(|_| "Chen".into()).to_string(),
        "Chen is not there: Offline (phone)"
    );
    let stranger = PeerId([9; 32]);
    assert_eq!(
        room.whisper(&[stranger], WhisperMode::Hold),
        Err(TalkRefusal::NotOnRoster { peer: stranger })
    );
    assert_eq!(
        room.whisper(&[ME], WhisperMode::Hold),
        Err(TalkRefusal::Yourself)
    );
    assert_eq!(
        room.whisper(&[], WhisperMode::Hold),
        Err(TalkRefusal::NobodyNamed)
    );
}

#[test]
fn a_whisper_goes_on_with_the_rest_when_a_receiver_leaves_or_switches() {
    let mut room = Room::new();
    room.whisper(&[BAO, CHEN, DARA], WhisperMode::Latch)
        .unwrap();
    room.shows(CHEN, Presence::Offline(OfflineReason::Elsewhere));
    assert_eq!(room.audience, whisper_to(&[BAO, DARA]));
    assert_eq!(room.notices, [Notice::ReceiverGone(CHEN)]);
    room.shows(CHEN, Presence::Online);
    assert_eq!(
        room.audience,
        whisper_to(&[BAO, DARA]),
        "who left and came back is not included again"
    );
}

#[test]
fn a_whisper_never_widens_when_its_last_receiver_leaves() {
    for mode in [
        WhisperMode::Latch,
        WhisperMode::Hold,
        WhisperMode::For(Duration::from_secs(60)),
    ] {
        let mut room = Room::new();
        room.whisper(&[CHEN], mode).unwrap();
        room.shows(CHEN, LEFT);
        assert_eq!(room.audience, Audience::Nobody);
        assert_eq!(
            room.notices,
            [Notice::ReceiverGone(CHEN), Notice::WhisperEmpty]
        );
        assert_eq!(
            room.talk.target(),
            Target::Nobody(NobodyBecause::ReceiversGone)
        );
        room.shows(CHEN, Presence::Online);
        assert_eq!(
            room.audience,
            Audience::Nobody,
            "nobody until the user says whom"
        );
        room.talk();
        assert_eq!(room.audience, everyone());
    }
}

#[test]
fn a_receiver_that_was_cut_off_and_returns_is_included_again() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.shows(CHEN, LOST);
    assert_eq!(room.audience, Audience::Nobody);
    room.shows(CHEN, Presence::Online);
    assert_eq!(room.audience, whisper_to(&[CHEN]));
    assert_eq!(
        room.notices,
        [
            Notice::ReceiverGone(CHEN),
            Notice::WhisperEmpty,
            Notice::ReceiverBack(CHEN)
        ]
    );
}

#[test]
fn a_newcomer_is_never_added_to_a_whisper() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.shows(PeerId([7; 32]), Presence::Online);
    assert_eq!(room.audience, whisper_to(&[BAO]));
}

#[test]
fn a_held_whisper_returns_to_what_was_before_it() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.release();
    assert_eq!(room.audience, everyone());
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.release();
    assert_eq!(room.audience, whisper_to(&[BAO]));
    room.talk();
    assert_eq!(room.audience, everyone());
}

#[test]
fn a_latched_whisper_that_empties_while_another_is_held_does_not_become_everyone() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.shows(BAO, LEFT);
    room.release();
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(room.notices, [Notice::WhisperEmpty]);
}

#[test]
fn a_held_whisper_that_nobody_releases_any_more_ends_in_nobody() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.abandon();
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(room.notices, [Notice::HoldLost]);
    assert_eq!(
        room.talk.target(),
        Target::Nobody(NobodyBecause::HoldLost),
        "and it is shown why"
    );
    room.release();
    room.unmute();
    room.shows(BAO, LEFT);
    room.shows(BAO, Presence::Online);
    assert_eq!(
        room.audience,
        Audience::Nobody,
        "nobody until the user says whom"
    );
    room.talk();
    assert_eq!(room.audience, everyone());
}

#[test]
fn a_held_whisper_without_a_sign_of_life_ends_in_nobody() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    for _ in 0..30 {
        room.wait(Duration::from_millis(9999));
        assert_eq!(room.renew(), Ok(()));
    }
    assert_eq!(room.audience, whisper_to(&[CHEN]));
    assert_eq!(
        room.talk.next_timeout(),
        Some(room.now + Duration::from_secs(10))
    );
    room.wait(Duration::from_secs(10));
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(room.notices, [Notice::HoldLost]);
    assert_eq!(
        room.renew(),
        Err(TalkRefusal::NothingHeld),
        "whoever wakes up too late holds nothing"
    );
    room.release();
    assert_eq!(room.audience, Audience::Nobody);
}

#[test]
fn a_lost_hold_does_not_return_to_a_latched_whisper_either() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.abandon();
    assert_eq!(room.audience, Audience::Nobody);
}

#[test]
fn a_lost_hold_closes_a_muted_microphone_before_its_audience_changes() {
    let mut room = Room::new();
    room.mute();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.changes.clear();
    room.abandon();
    let closed = [
        VoiceChange::Microphone {
            at: None,
            open: false,
        },
        VoiceChange::Audience {
            at: None,
            audience: Audience::Nobody,
        },
    ];
    assert_eq!(room.changes, closed);
}

#[test]
fn only_a_held_whisper_can_be_lost() {
    for mode in [WhisperMode::Latch, WhisperMode::For(MAX_WHISPER)] {
        let mut room = Room::new();
        room.whisper(&[CHEN], mode).unwrap();
        room.abandon();
        room.wait(Duration::from_secs(60));
        assert_eq!(room.audience, whisper_to(&[CHEN]));
        assert_eq!(room.renew(), Err(TalkRefusal::NothingHeld));
    }
    let mut room = Room::new();
    room.abandon();
    assert_eq!(room.audience, everyone());
}

#[test]
fn a_lost_hold_whose_receivers_have_gone_is_told_once() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.shows(CHEN, LEFT);
    room.notices.clear();
    room.abandon();
    assert_eq!(room.notices, []);
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(
        room.talk.target(),
        Target::Nobody(NobodyBecause::ReceiversGone)
    );
}

/// Whoever held the first is still pressing a key, and speaks to those chosen with it.
#[test]
fn a_whisper_over_one_that_is_still_held_ends_in_nobody() {
    for mode in [WhisperMode::Hold, WhisperMode::For(Duration::from_secs(5))] {
        let mut room = Room::new();
        room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
        room.whisper(&[BAO], mode).unwrap();
        assert_eq!(room.audience, whisper_to(&[BAO]));
        room.release();
        room.wait(Duration::from_secs(5));
        assert_eq!(room.audience, Audience::Nobody);
        assert_eq!(room.notices.last(), Some(&Notice::HoldLost));
    }
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    assert_eq!(
        room.whisper(&[], WhisperMode::Hold),
        Err(TalkRefusal::NobodyNamed)
    );
    room.release();
    assert_eq!(room.audience, everyone(), "a refused one covers nothing");
}

#[test]
fn a_whisper_for_a_stated_time_ends_by_itself_and_says_so() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::For(Duration::from_secs(5)))
        .unwrap();
    assert_eq!(
        room.talk.next_timeout(),
        Some(START + Duration::from_secs(5))
    );
    room.wait(Duration::from_millis(4999));
    assert_eq!(room.audience, whisper_to(&[CHEN]));
    room.wait(Duration::from_millis(1));
    assert_eq!(room.audience, everyone());
    assert_eq!(room.notices, [Notice::WhisperOver]);
    for time in [Duration::ZERO, Duration::from_secs(4000)] {
        assert_eq!(
            room.whisper(&[CHEN], WhisperMode::For(time)),
            Err(TalkRefusal::WrongDuration)
        );
    }
}

#[test]
fn a_timed_whisper_over_a_latched_one_returns_to_it() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::For(Duration::from_secs(5)))
        .unwrap();
    room.wait(Duration::from_secs(5));
    assert_eq!(room.audience, whisper_to(&[BAO]));
}

#[test]
fn mute_closes_open_voice_but_a_held_whisper_speaks_while_it_is_held() {
    let mut room = Room::new();
    room.mute();
    assert_eq!(room.heard_by(), []);
    room.changes.clear();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    assert_eq!(room.heard_by(), [CHEN]);
    let opened = [
        VoiceChange::Audience {
            at: None,
            audience: whisper_to(&[CHEN]),
        },
        VoiceChange::Microphone {
            at: None,
            open: true,
        },
    ];
    assert_eq!(
        room.changes, opened,
        "the microphone opens only to the whisper"
    );
    room.changes.clear();
    room.release();
    assert_eq!(room.heard_by(), []);
    let closed = [
        VoiceChange::Microphone {
            at: None,
            open: false,
        },
        VoiceChange::Audience {
            at: None,
            audience: everyone(),
        },
    ];
    assert_eq!(
        room.changes, closed,
        "and closes before everyone is addressed"
    );
}

#[test]
fn a_latched_whisper_chosen_while_muted_stays_muted_and_unmuting_speaks_to_it_alone() {
    let mut room = Room::new();
    room.mute();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    assert_eq!(room.heard_by(), []);
    assert_eq!(
        room.told,
        [],
        "nothing to announce while nothing is to be heard"
    );
    room.unmute();
    assert_eq!(room.heard_by(), [CHEN]);
    assert_eq!(room.told.len(), 1);
}

#[test]
fn deafened_implies_muted_and_ends_as_it_was_before() {
    let mut room = Room::new();
    room.talk.deafen(None);
    room.drain();
    assert_eq!(
        room.talk.flags(),
        Flags {
            muted: true,
            deafened: true
        }
    );
    assert!(!room.microphone && !room.playback);
    assert_eq!(room.talk.unmute(None), Err(TalkRefusal::YouAreDeafened));
    room.talk.undeafen(None);
    room.drain();
    assert!(
        room.microphone && room.playback,
        "unmuted before, unmuted again"
    );
    room.mute();
    room.talk.deafen(None);
    room.talk.undeafen(None);
    room.drain();
    assert!(
        !room.microphone && room.playback,
        "muted before, muted again"
    );
}

#[test]
fn away_closes_the_microphone_and_hears_on() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.talk.set_away(true);
    room.drain();
    assert_eq!(room.heard_by(), []);
    assert!(room.playback);
    assert_eq!(
        room.whisper(&[CHEN], WhisperMode::Hold),
        Err(TalkRefusal::YouAreAway)
    );
    room.talk.set_away(false);
    room.drain();
    assert_eq!(room.heard_by(), [CHEN]);
}

#[test]
fn switching_meetings_ends_every_whisper() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.hears(BAO, 1, Some(&[]));
    room.talk.exit();
    room.drain();
    assert_eq!(
        (room.audience.clone(), room.microphone, room.playback),
        (Audience::Nobody, false, false)
    );
    assert_eq!(
        room.notices.last(),
        Some(&Notice::WhisperStopped { from: BAO })
    );
    let attendees = room.attendees();
    room.talk.enter(&attendees, None);
    room.drain();
    assert_eq!(room.audience, everyone());
    assert_eq!(room.reply(), Err(TalkRefusal::NothingToReplyTo));
}

#[test]
fn a_phone_call_does_not_open_a_whisper_to_everyone() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.talk.interrupt();
    room.drain();
    assert_eq!((room.heard_by(), room.playback), (vec![], false));
    assert_eq!(
        room.whisper(&[CHEN], WhisperMode::Hold),
        Err(TalkRefusal::OnThePhone)
    );
    let attendees = room.attendees();
    room.talk.restore(&attendees, false);
    room.drain();
    assert_eq!(room.heard_by(), [CHEN]);
    room.talk.interrupt();
    room.talk.restore(&attendees, true);
    room.drain();
    assert_eq!(room.heard_by(), [], "restored by itself: muted");
    assert_eq!(room.audience, whisper_to(&[CHEN]));
}

#[test]
fn a_rejoin_after_a_crash_is_muted() {
    let mut room = Room::new();
    room.talk.exit();
    let attendees = room.attendees();
    room.talk.enter(&attendees, Some(true));
    room.drain();
    assert!(!room.microphone && room.playback);
}

#[test]
fn changes_carry_the_capture_time_of_the_wish() {
    let mut room = Room::new();
    room.changes.clear();
    room.talk
        .whisper(&[CHEN], WhisperMode::Latch, Some(4800), START)
        .unwrap();
    room.talk.mute(Some(9600));
    room.drain();
    let expected = [
        VoiceChange::Audience {
            at: Some(4800),
            audience: whisper_to(&[CHEN]),
        },
        VoiceChange::Microphone {
            at: Some(9600),
            open: false,
        },
    ];
    assert_eq!(room.changes, expected);
}

#[test]
fn a_deafened_receiver_is_reported_to_the_speaker_once() {
    let mut room = Room::new();
    room.deafens(CHEN);
    room.whisper(&[CHEN, BAO], WhisperMode::Latch).unwrap();
    assert_eq!(room.notices, [Notice::ReceiverDeafened(CHEN)]);
    room.attend();
    room.deafens(BAO);
    assert_eq!(
        room.notices,
        [
            Notice::ReceiverDeafened(CHEN),
            Notice::ReceiverDeafened(BAO)
        ]
    );
}

#[test]
fn receivers_learn_who_else_hears_and_when_it_is_over() {
    let mut room = Room::new();
    room.whisper(&[BAO, CHEN], WhisperMode::Latch).unwrap();
    room.shows(CHEN, LEFT);
    room.talk();
    let texts: Vec<_> = room
        .told
        .iter()
        .map(|(peer, notice)| (*peer, notice.others.clone()))
        .collect();
    let expected = [
        (BAO, Some(vec![CHEN])),
        (CHEN, Some(vec![BAO])),
        (CHEN, None),
        (BAO, Some(vec![])),
        (BAO, None),
    ];
    assert_eq!(texts, expected);
    assert!(
        room.told
            .windows(2)
            .all(|pair| pair[0].1.serial < pair[1].1.serial)
    );
}

#[test]
fn a_notice_that_did_not_arrive_is_repeated_with_growing_waits_and_then_given_up() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    let serial = room.told[0].1.serial;
    let mut waits = Vec::new();
    loop {
        room.talk.told(BAO, serial, false, room.now);
        let Some(next) = room.talk.next_timeout() else {
            break;
        };
        waits.push((next - room.now).as_millis());
        room.wait(next - room.now);
    }
    assert_eq!(waits, [200, 400, 800, 1600]);
    assert_eq!(room.told.len(), 5);
}

#[test]
fn a_whisper_to_me_is_shown_with_its_other_receivers() {
    let mut room = Room::new();
    room.hears(CHEN, 5, Some(&[BAO, ME, PeerId([9; 32])]));
    let started = Notice::WhisperStarted {
        from: CHEN,
        others: vec![BAO],
        unheard: false,
    };
    assert_eq!(room.notices, [started], "only others on this roster count");
    assert_eq!(
        room.talk.whispers().collect::<Vec<_>>(),
        [(CHEN, &[BAO][..])]
    );
    room.hears(CHEN, 4, None);
    assert_eq!(room.notices.len(), 1, "an older notice changes nothing");
    room.hears(CHEN, 6, None);
    assert_eq!(room.notices[1], Notice::WhisperStopped { from: CHEN });
    room.hears(CHEN, 5, Some(&[]));
    assert_eq!(room.notices.len(), 2, "and does not start it again");
}

#[test]
fn a_deafened_receiver_gets_a_visible_notice() {
    let mut room = Room::new();
    room.talk.deafen(None);
    room.hears(CHEN, 1, Some(&[]));
    assert_eq!(
        room.notices,
        [Notice::WhisperStarted {
            from: CHEN,
            others: vec![],
            unheard: true
        }]
    );
}

#[test]
fn a_whisper_to_me_ends_when_its_speaker_goes() {
    for gone in [LOST, LEFT] {
        let mut room = Room::new();
        room.hears(CHEN, 1, Some(&[]));
        room.shows(CHEN, gone);
        assert_eq!(
            room.notices.last(),
            Some(&Notice::WhisperStopped { from: CHEN })
        );
    }
}

#[test]
fn nobody_who_is_not_present_whispers_to_me() {
    let mut room = Room::new();
    room.shows(CHEN, LEFT);
    room.hears(CHEN, 1, Some(&[]));
    room.hears(PeerId([9; 32]), 1, Some(&[]));
    assert_eq!(room.notices, []);
}

#[test]
fn a_reply_answers_the_last_whisperer_and_the_others_still_present() {
    let mut room = Room::new();
    room.hears(BAO, 1, Some(&[]));
    room.hears(CHEN, 1, Some(&[DARA, BAO]));
    room.hears(CHEN, 2, None);
    room.shows(DARA, LEFT);
    assert_eq!(room.talk.reply_to(), [CHEN, BAO]);
    assert_eq!(room.reply(), Ok(vec![CHEN, BAO]));
    assert_eq!(room.audience, whisper_to(&[CHEN, BAO]));
}

#[test]
fn a_reply_is_fixed_when_pressed() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[]));
    room.reply().unwrap();
    room.hears(BAO, 1, Some(&[DARA]));
    room.hears(CHEN, 2, Some(&[DARA]));
    assert_eq!(room.audience, whisper_to(&[CHEN]));
}

#[test]
fn a_reply_goes_to_whoever_began_to_whisper_last() {
    let mut room = Room::new();
    room.hears(BAO, 1, Some(&[DARA]));
    room.hears(CHEN, 1, Some(&[]));
    assert_eq!(room.talk.reply_to(), [CHEN]);
    room.hears(BAO, 2, Some(&[]));
    room.hears(BAO, 3, Some(&[CHEN]));
    room.hears(BAO, 4, Some(&[CHEN]));
    assert_eq!(
        room.talk.reply_to(),
        [CHEN],
        "a whisper that goes on does not begin when its receivers change"
    );
    room.hears(BAO, 5, None);
    room.hears(BAO, 6, Some(&[]));
    assert_eq!(room.talk.reply_to(), [BAO], "a new one does");
}

#[test]
fn a_notice_without_a_packet_of_its_whisper_is_worth_nothing() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[]));
    room.notices.clear();
    room.is_told(BAO, 1, Some(&[]));
    room.is_told(BAO, 2, Some(&[DARA]));
    assert_eq!(room.talk.reply_to(), [CHEN]);
    assert_eq!(room.notices, []);
    assert_eq!(room.talk.whispers().count(), 1);
    room.is_told(BAO, 3, None);
    assert_eq!(room.notices, [], "and so is its end");
    room.is_told(BAO, 4, Some(&[DARA]));
    room.gets_a_packet(BAO);
    assert_eq!(room.talk.reply_to(), [BAO, DARA]);
    assert_eq!(room.notices.len(), 1);
}

#[test]
fn a_packet_counts_for_a_notice_that_comes_a_moment_later_but_not_for_another_whisper() {
    let mut room = Room::new();
    room.gets_a_packet(BAO);
    assert_eq!(room.notices, [], "nor does a packet say anything by itself");
    room.wait(Duration::from_millis(500));
    room.is_told(BAO, 1, Some(&[]));
    assert_eq!(room.talk.reply_to(), [BAO]);
    room.is_told(BAO, 2, None);
    room.hears(CHEN, 1, Some(&[]));
    room.is_told(BAO, 3, Some(&[]));
    assert_eq!(room.talk.reply_to(), [CHEN], "that packet was of the first");
    room.is_told(BAO, 4, None);
    room.gets_a_packet(BAO);
    room.wait(Duration::from_secs(3));
    room.is_told(BAO, 5, Some(&[]));
    assert_eq!(room.talk.reply_to(), [CHEN], "and that one was long ago");
}

#[test]
fn nobody_is_added_to_those_whom_a_reply_reaches() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[BAO]));
    room.hears(CHEN, 2, Some(&[BAO, DARA]));
    assert_eq!(
        room.talk.reply_to(),
        [CHEN, BAO],
        "Dara did not hear how it began"
    );
    room.hears(CHEN, 3, Some(&[DARA]));
    assert_eq!(room.talk.reply_to(), [CHEN], "and Bao does not any more");
}

#[test]
fn a_reply_is_refused_if_it_would_not_go_to_whom_the_user_means() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[BAO]));
    let meant = room.talk.reply_to();
    room.hears(DARA, 1, Some(&[CHEN, BAO]));
    assert_eq!(
        room.replies_to(&meant),
        Err(TalkRefusal::ReplyMoved { peer: DARA })
    );
    assert_eq!(
        room.replies_to(&[DARA, CHEN]),
        Err(TalkRefusal::ReplyReaches { peer: BAO })
    );
    assert_eq!(room.audience, everyone(), "and nothing changes");
    room.shows(BAO, LEFT);
    assert_eq!(
        room.replies_to(&[DARA, CHEN, BAO]),
        Ok(vec![DARA, CHEN]),
        "it goes on with the rest"
    );
}

#[test]
fn notices_of_one_speaker_are_limited_but_the_end_of_a_whisper_is_always_taken() {
    let mut room = Room::new();
    let notice = |serial, others| WhisperNotice { serial, others };
    let mut admitted = 0;
    for serial in 0..1000 {
        let notice = notice(serial, Some(vec![]));
        admitted += u32::from(room.talk.admits_notice(CHEN, &notice, room.now));
        room.now += Duration::from_millis(10);
    }
    assert!((30..=40).contains(&admitted), "{admitted} within 10 s");
    let over = notice(1000, None);
    assert!(room.talk.admits_notice(CHEN, &over, room.now));
    let other = notice(1, Some(vec![]));
    assert!(room.talk.admits_notice(BAO, &other, room.now));
}

#[test]
fn a_reply_is_refused_when_the_whisperer_is_gone() {
    let mut room = Room::new();
    assert_eq!(room.reply(), Err(TalkRefusal::NothingToReplyTo));
    room.hears(CHEN, 1, Some(&[BAO]));
    for gone in [LOST, LEFT] {
        room.shows(CHEN, gone);
        assert_eq!(room.reply(), Err(TalkRefusal::WhispererGone { peer: CHEN }));
        assert_eq!(
            room.audience,
            Audience::Open(vec![BAO, DARA]),
            "and does not fall into the open room by itself"
        );
        assert_eq!(room.talk.reply_to(), []);
    }
}

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
    Renew,
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
        1 => Just(Step::Renew),
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
                Step::Mute(true) => room.talk.mute(None),
                Step::Mute(false) => { let _ = room.talk.unmute(None); }
                Step::Deafen(true) => room.talk.deafen(None),
                Step::Deafen(false) => room.talk.undeafen(None),
                Step::Away(away) => room.talk.set_away(away),
                Step::Shows(peer, how) => {
                    let presence = match how {
                        0..=2 => Presence::Online,
                        3 => LOST,
                        4 => LEFT,
                        _ => Presence::Offline(OfflineReason::Phone),
                    };
                    room.shows(PeerId([peer; 32]), presence);
                }
                Step::Phone(true) => { room.talk.interrupt(); passing = None }
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
            prop_assert!(!room.microphone || held || !room.talk.flags().muted, "open microphone while muted");
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
