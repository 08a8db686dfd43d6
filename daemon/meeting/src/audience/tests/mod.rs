//! Who hears the local user, and what is told of whispers, in a room of three colleagues.

mod devices;
mod histories;
mod holds;
mod notices;
mod pushes;
mod replies;
mod rooms;
mod whispers;

use super::*;
use crate::output::VoiceChange;
use crate::view::Cut;

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

    fn cut(&mut self, cut: Cut) {
        self.talk.cut(cut);
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
