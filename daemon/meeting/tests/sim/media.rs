//! The voice machines of a computer, as far as the mesh can tell: keys, audience, microphone, heartbeats and frames.
//!
//! A frame is captured every 20 ms of virtual time while the microphone is open, and sealed for each peer in the
//! audience that was in force at its capture time. What arrives is kept, so that tests can say who heard what.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use sotto_meeting::{Audience, Command, Input, MeetingId, PeerId, Refusal, Reply, VoiceChange};

use super::happenings::Happening;
use super::{Host, Sim};

pub(crate) const HEARTBEAT: Duration = Duration::from_millis(500);
/// The voice machines go on opening packets of the generation before for this long.
const OVERLAP: Duration = Duration::from_secs(2);
const FRAME: Duration = Duration::from_millis(20);
/// Packets of a whisper are told this often at most.
const WHISPERED: Duration = Duration::from_millis(250);

/// One direction's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) generation: u64,
    pub(crate) key: [u8; 16],
    pub(crate) ssrcs: (u32, u32),
    pub(crate) address: Option<SocketAddr>,
}

/// A frame that somebody opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeardFrame {
    pub(crate) from: PeerId,
    pub(crate) captured: Duration,
    pub(crate) whisper: bool,
}

/// What the local user has agreed to, computed from commands alone.
#[derive(Debug, Clone, Default)]
struct Intent {
    /// Meetings that the user has joined and not left.
    joined: BTreeSet<MeetingId>,
    joining: BTreeSet<MeetingId>,
    /// The meeting entered last.
    last: Option<MeetingId>,
    /// Those whom the user has agreed to whisper to, most recent last; `None` is everyone.
    base: Option<Vec<PeerId>>,
    passing: Option<(Vec<PeerId>, bool)>,
}

/// The voice machines of one computer.
#[derive(Debug, Default)]
pub(crate) struct Voice {
    pub(crate) meeting: Option<MeetingId>,
    pub(crate) outbound: BTreeMap<PeerId, Link>,
    pub(crate) inbound: BTreeMap<PeerId, Vec<(Link, Option<Duration>)>>,
    pub(crate) audience: Option<Audience>,
    pub(crate) microphone: bool,
    pub(crate) playback: bool,
    /// Frames that were opened and played, in order of arrival.
    pub(crate) heard: Vec<HeardFrame>,
    /// All changes, in order.
    pub(crate) changes: Vec<VoiceChange>,
    /// Whether frames are captured at all; off where only presence is tested.
    pub(crate) capturing: bool,
    /// When a packet of each peer's whisper was told last.
    whispered: BTreeMap<PeerId, Duration>,
    intent: Intent,
}

impl Voice {
    /// A new process: keys and devices are gone, what the user has joined is on disk.
    pub(crate) fn restart(&mut self) {
        let joined = std::mem::take(&mut self.intent.joined);
        self.power_off();
        self.intent = Intent {
            joined,
            ..Intent::default()
        };
    }

    /// A copy of the disk also says which meetings the user has joined.
    pub(crate) fn copy_of(other: &Self) -> Self {
        let joined = other.intent.joined.clone();
        Self {
            intent: Intent {
                joined,
                ..Intent::default()
            },
            ..Self::default()
        }
    }

    pub(crate) fn power_off(&mut self) {
        self.meeting = None;
        self.outbound.clear();
        self.inbound.clear();
        self.audience = None;
        self.microphone = false;
        self.playback = false;
    }

    /// Notes what the user wanted and was granted.
    pub(crate) fn intend(&mut self, command: &Command, reply: Result<&Reply, &Refusal>) {
        let Ok(reply) = reply else {
            return;
        };
        let intent = &mut self.intent;
        match (command, reply) {
            (_, Reply::Created { meeting } | Reply::Joined { meeting }) => {
                intent.joined.insert(*meeting);
                // Joining where one is changes nothing.
                if intent.last != Some(*meeting) {
                    (intent.base, intent.passing) = (None, None);
                }
            }
            (_, Reply::Joining { meeting }) => {
                intent.joining.insert(*meeting);
            }
            (Command::CancelJoin { meeting }, _) => {
                intent.joining.remove(meeting);
            }
            (Command::Leave { meeting }, _) => {
                let left = meeting.or(self.meeting);
                intent.joined.retain(|joined| Some(*joined) != left);
                if left == self.meeting {
                    (intent.base, intent.passing) = (None, None);
                }
            }
            (
                Command::Whisper { mode, .. } | Command::Reply { mode, .. },
                Reply::Whispering { to },
            ) => {
                if *mode == sotto_meeting::WhisperMode::Latch {
                    (intent.base, intent.passing) = (Some(to.clone()), None);
                } else {
                    let held = *mode == sotto_meeting::WhisperMode::Hold;
                    // The key of one that was held before is still down.
                    if matches!(intent.passing, Some((_, true))) {
                        intent.base = Some(Vec::new());
                    }
                    intent.passing = Some((to.clone(), held));
                }
            }
            (Command::Talk { .. }, _) => (intent.base, intent.passing) = (None, None),
            (Command::Release { .. }, _) => {
                intent.passing.take_if(|(_, held)| *held);
            }
            (Command::Abandon { .. }, _) => {
                let lost = intent.passing.take_if(|(_, held)| *held);
                intent.base = lost.map(|_| Vec::new()).or(intent.base.take());
            }
            _ => {}
        }
    }

    /// Carries out a change, and checks that it is one that may be asked for.
    pub(crate) fn change(&mut self, change: VoiceChange, now: Duration) {
        self.changes.push(change.clone());
        match change {
            VoiceChange::Enter { meeting } => {
                assert_eq!(self.meeting, None, "entered a meeting while in one");
                // A join under way that has succeeded is a local join too.
                if self.intent.joining.remove(&meeting) {
                    self.intent.joined.insert(meeting);
                }
                if self.intent.last.replace(meeting) != Some(meeting) {
                    (self.intent.base, self.intent.passing) = (None, None);
                }
                assert!(
                    self.intent.joined.contains(&meeting),
                    "entered a meeting that the user has not joined"
                );
                self.meeting = Some(meeting);
            }
            VoiceChange::Leave => {
                // A held key is let go, a time is over; what was latched stays.
                self.intent.passing = None;
                self.power_off();
            }
            VoiceChange::Outbound {
                peer,
                generation,
                key,
                open_ssrc,
                whisper_ssrc,
                address,
                ..
            } => {
                self.must_be_inside("a key to send with");
                assert!(open_ssrc != 0 && whisper_ssrc != 0 && open_ssrc != whisper_ssrc);
                let link = Link {
                    generation,
                    key,
                    ssrcs: (open_ssrc, whisper_ssrc),
                    address: Some(address),
                };
                let before = self.outbound.insert(peer, link);
                assert!(
                    before.is_none_or(|before| before.generation < generation),
                    "a generation did not grow"
                );
            }
            VoiceChange::Inbound {
                peer,
                generation,
                key,
                open_ssrc,
                whisper_ssrc,
                ..
            } => {
                self.must_be_inside("a key to receive with");
                let taken = self
                    .inbound
                    .values()
                    .flatten()
                    .flat_map(|(link, _)| [link.ssrcs.0, link.ssrcs.1]);
                assert!(
                    taken
                        .into_iter()
                        .all(|ssrc| ssrc != open_ssrc && ssrc != whisper_ssrc),
                    "an SSRC is taken"
                );
                let links = self.inbound.entry(peer).or_default();
                links.retain(|(_, until)| until.is_none_or(|until| until > now));
                for (_, until) in links.iter_mut() {
                    until.get_or_insert(now + OVERLAP);
                }
                links.push((
                    Link {
                        generation,
                        key,
                        ssrcs: (open_ssrc, whisper_ssrc),
                        address: None,
                    },
                    None,
                ));
            }
            VoiceChange::Unlink { peer } => {
                self.outbound.remove(&peer);
                self.inbound.remove(&peer);
            }
            VoiceChange::Audience { audience, .. } => {
                if audience != Audience::Nobody {
                    self.must_be_inside("an audience");
                }
                self.audience = Some(audience);
                self.check_audience();
            }
            VoiceChange::Microphone { open, .. } => {
                if open {
                    self.must_be_inside("an open microphone");
                }
                self.microphone = open;
            }
            VoiceChange::Playback { open } => {
                if open {
                    self.must_be_inside("playback");
                }
                self.playback = open;
            }
            VoiceChange::Volume { .. } => {}
        }
    }

    fn must_be_inside(&self, what: &str) {
        assert!(
            self.meeting.is_some(),
            "{what} without having joined a meeting"
        );
    }

    /// A whisper's audience never widens by itself.
    fn check_audience(&mut self) {
        match &self.audience {
            None | Some(Audience::Nobody) => {}
            Some(Audience::Open(_)) => {
                // A timed whisper has ended, and what was before it is in force again.
                if self.intent.passing.as_ref().is_some_and(|(_, held)| !held) {
                    self.intent.passing = None;
                }
                let whispering = self.intent.passing.is_some() || self.intent.base.is_some();
                assert!(
                    !whispering,
                    "a whisper has become open voice by itself: {:?}",
                    self.intent
                );
            }
            Some(Audience::Whisper(peers)) => {
                let chosen = |chosen: &Option<Vec<PeerId>>| {
                    chosen
                        .as_ref()
                        .is_some_and(|chosen| peers.iter().all(|peer| chosen.contains(peer)))
                };
                let passing = self.intent.passing.as_ref().map(|(to, _)| to.clone());
                assert!(
                    chosen(&passing) || chosen(&self.intent.base),
                    "a whisper goes to {peers:?}, but {:?} was agreed to",
                    self.intent
                );
            }
        }
    }

    /// Notes a packet of a whisper, and returns whether it is told.
    fn tells_of_whisper(&mut self, from: PeerId, now: Duration) -> bool {
        let told = self.whispered.get(&from);
        let due = told.is_none_or(|told| now.saturating_sub(*told) >= WHISPERED);
        if due {
            self.whispered.insert(from, now);
        }
        due
    }

    /// Whether it can open what `sender` seals with `link`.
    fn opens(&self, sender: PeerId, link: &Link, now: Duration) -> bool {
        self.inbound.get(&sender).is_some_and(|links| {
            links.iter().any(|(known, until)| {
                until.is_none_or(|until| until > now)
                    && (known.generation, known.key, known.ssrcs)
                        == (link.generation, link.key, link.ssrcs)
            })
        })
    }

    /// Whether voice of `from` was heard after `since`.
    pub(crate) fn hears(&self, from: PeerId, since: Duration) -> bool {
        self.heard
            .iter()
            .any(|frame| frame.from == from && frame.captured > since)
    }

    /// Whether a whisper of `from` was heard after `since`.
    pub(crate) fn hears_whisper(&self, from: PeerId, since: Duration) -> bool {
        self.heard
            .iter()
            .any(|frame| frame.from == from && frame.captured > since && frame.whisper)
    }
}

impl Sim {
    /// From now on everybody's microphone delivers a frame every 20 ms while it is open.
    pub(crate) fn capture(&mut self) {
        for machine in &mut self.machines {
            machine.voice.capturing = true;
        }
        self.schedule(FRAME, Happening::Frames);
    }

    /// Who hears what `host` says within the next 200 ms, deafened ones excepted.
    pub(crate) fn heard_by(&mut self, host: Host) -> Vec<Host> {
        let (since, from) = (self.now, self.id(host));
        self.run_millis(200);
        let hears = |other: &Host| *other != host && self.voice(*other).hears(from, since);
        self.hosts().filter(hears).collect()
    }

    pub(super) fn send_heartbeats(&mut self) {
        for from in 0..self.machines.len() {
            let peers: Vec<(PeerId, Link)> = self.machines[from]
                .voice
                .outbound
                .iter()
                .map(|(peer, link)| (*peer, link.clone()))
                .collect();
            for (peer, link) in peers {
                self.send_media(from, peer, link, None);
            }
        }
        self.schedule(HEARTBEAT, Happening::Heartbeats);
    }

    pub(super) fn send_frames(&mut self) {
        for from in 0..self.machines.len() {
            let voice = &self.machines[from].voice;
            if voice.meeting.is_none() || !voice.microphone || !voice.capturing {
                continue;
            }
            let (peers, whisper) = match &voice.audience {
                Some(Audience::Open(peers)) => (peers.clone(), false),
                Some(Audience::Whisper(peers)) => (peers.clone(), true),
                _ => continue,
            };
            let frame = HeardFrame {
                from: self.machines[from].id,
                captured: self.now,
                whisper,
            };
            for peer in peers {
                if let Some(link) = self.machines[from].voice.outbound.get(&peer).cloned() {
                    self.send_media(from, peer, link, Some(frame));
                }
            }
        }
        self.schedule(FRAME, Happening::Frames);
    }

    /// A packet goes to an address, and whoever is there opens it if it can.
    fn send_media(&mut self, from: usize, peer: PeerId, link: Link, frame: Option<HeardFrame>) {
        let Some(address) = link.address else { return };
        let Some(to) = self.hosts_by_address.get(&address.ip()).copied() else {
            return;
        };
        let reaches = self.parts[from] == self.parts[to]
            && !self.deaf.contains(&(from, to))
            && address.port() == super::machine::MEDIA_PORT;
        if !reaches || self.chance(self.weather.media_loss) {
            return;
        }
        let delay = self.delay();
        self.schedule(
            delay,
            Happening::Media {
                from: self.machines[from].id,
                to,
                peer,
                link,
                frame,
            },
        );
    }

    pub(super) fn receive_media(
        &mut self,
        from: PeerId,
        to: usize,
        peer: PeerId,
        link: &Link,
        frame: Option<HeardFrame>,
    ) {
        let now = self.now;
        let machine = &mut self.machines[to];
        if machine.mesh.is_none() || !machine.voice.opens(from, link, now) {
            return;
        }
        assert_eq!(machine.id, peer, "somebody else opened a packet");
        if let Some(frame) = frame {
            if machine.voice.playback {
                machine.voice.heard.push(frame);
            }
            if frame.whisper && machine.voice.tells_of_whisper(from, now) {
                self.input(to, Input::Whispered { peer: from });
            }
        } else {
            self.input(to, Input::Heard { peer: from });
        }
    }
}
