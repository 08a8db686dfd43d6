//! From packets to what is heard, and the housekeeping of a conversation.
//!
//! [`Downlink::receive`] opens datagrams and hands frames to their sender's playout buffer;
//! [`Downlink::pull`] mixes whatever the playback device asks for. Between them,
//! [`Downlink::handle_timeout`] keeps the conversation alive: heartbeats that prove the paths, reports every
//! second, feedback within 100 ms of a loss. All this goes on while the microphone is muted and while
//! nothing is played.
//!
//! A datagram is looked at in the order of what it costs: its form, whether its stream was given to anybody,
//! whether it comes from that peer's address, and only then its cryptography.

mod chirp;
mod command;
mod control;
mod link;
mod neural;
mod path;
mod peer;
mod play;
mod receive;
mod reception;
mod speech;
#[cfg(test)]
mod tests;
mod transit;
mod transmit;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

pub use command::{DownlinkCommand, DownlinkEvent, Dropped, PathState, Played, SenderStats};
pub use link::{ControlLink, InboundLink};

use crate::chirp::ChirpListener;
use crate::link::KeyMemory;
use crate::mix::{self, Mixer};
use crate::pair::DownlinkRings;
use crate::wire::delays::SendingDelays;
use crate::wire::rtcp::Compound;
use crate::{Destination, Retired, SameRoom, Slot, SlotSet, VoiceError};
use path::Path;
use peer::{OVERLAP, Outbound, Peer};
use reception::spread;
use transmit::TransmitQueue;

/// How many events wait to be polled: a second's for a full meeting.
const EVENTS: usize = 8 * Slot::COUNT;

/// The time between reports, and between statistics.
const REPORT: Duration = Duration::from_secs(1);

/// What is due is due on a grid of this: fine enough for a path's first challenges 20 ms apart.
const STEP: Duration = Duration::from_millis(5);

/// `due` on the grid of [`STEP`], not earlier than it is.
fn round_up(due: Duration) -> Duration {
    // Nanoseconds in 64 bits reach 584 years.
    let nanoseconds = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX);
    let step = STEP.as_nanos() as u64;
    Duration::from_nanos(nanoseconds.div_ceil(step).saturating_mul(step))
}

/// The receiving half of a conversation. See the [module](self).
pub struct Downlink {
    random: ChaCha20Rng,
    rings: DownlinkRings,
    /// What our own voice's way out costs, and how long sound takes from here to the ear.
    sending: SendingDelays,
    playback_delay: Duration,
    peers: Vec<Peer>,
    /// Slots with either direction.
    linked: SlotSet,
    /// Slots with a receiving direction.
    inbound: SlotSet,
    /// Whose stream an SSRC is. Only numbers that we allotted are in here.
    streams: HashMap<u32, Slot>,
    mixer: Mixer,
    same_room: SameRoom,
    chirps: ChirpListener,
    /// Whether frames are played; and whether the last of them are fading out.
    playing: bool,
    fading: bool,
    /// When those whose losses are continued by the neural model are chosen again.
    neural_due: Duration,
    block: Box<[f32; mix::MAX_BLOCK]>,
    compound: Compound,
    /// Our canonical name (RFC 7022 §4.2): random, new for each conversation.
    name: [u8; 16],
    keys: KeyMemory,
    transmit: TransmitQueue,
    /// Paths that the uplink was not told yet, because the ring was full.
    untold_paths: SlotSet,
    events: VecDeque<DownlinkEvent>,
    retired: VecDeque<Retired>,
    dropped: Dropped,
}

impl Downlink {
    pub(crate) fn new(mut random: ChaCha20Rng, rings: DownlinkRings) -> Result<Self, VoiceError> {
        let mut name = [0; 16];
        random.fill_bytes(&mut name);
        // Printable, as RFC 3550 §6.5 wants it.
        for byte in &mut name {
            *byte = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(*byte & 31)];
        }
        let keys = KeyMemory::new(random.next_u64());
        Ok(Self {
            random,
            rings,
            sending: SendingDelays::default(),
            playback_delay: Duration::ZERO,
            peers: (0..Slot::COUNT).map(|_| Peer::new()).collect(),
            linked: SlotSet::EMPTY,
            inbound: SlotSet::EMPTY,
            streams: HashMap::with_capacity(4 * Slot::COUNT),
            mixer: Mixer::new(),
            same_room: SameRoom::new(),
            chirps: ChirpListener::new(),
            playing: true,
            fading: false,
            neural_due: Duration::ZERO,
            block: Box::new([0.0; mix::MAX_BLOCK]),
            compound: Compound::new(),
            name,
            keys,
            transmit: TransmitQueue::new(),
            untold_paths: SlotSet::EMPTY,
            events: VecDeque::with_capacity(EVENTS),
            retired: VecDeque::with_capacity(2 * Slot::COUNT),
            dropped: Dropped::default(),
        })
    }

    /// Carries out a command.
    ///
    /// # Errors
    ///
    /// A link that is [outdated](VoiceError::Outdated), whose [key was used](VoiceError::KeyReused), or whose
    /// [stream number is another peer's](VoiceError::StreamNumberTaken) changes nothing.
    pub fn command(&mut self, command: DownlinkCommand, now: Duration) -> Result<(), VoiceError> {
        match command {
            DownlinkCommand::Inbound(link) => self.set_inbound(link, now),
            DownlinkCommand::Outbound(link) => self.set_outbound(link, now),
            DownlinkCommand::Unlink { slot } => {
                self.unlink(slot);
                Ok(())
            }
            DownlinkCommand::Playback { open } => {
                self.set_playing(open);
                Ok(())
            }
            DownlinkCommand::Volume { slot, percent } => {
                self.mixer.set_volume(slot, percent);
                Ok(())
            }
            DownlinkCommand::Sending(delays) => {
                self.sending = delays;
                Ok(())
            }
            DownlinkCommand::Earcon(earcon) => {
                self.mixer.play(earcon);
                Ok(())
            }
            DownlinkCommand::Chirp { slot, timestamp } => {
                self.announce_chirp(slot, timestamp);
                Ok(())
            }
        }
    }

    fn set_inbound(&mut self, mut link: Box<InboundLink>, now: Duration) -> Result<(), VoiceError> {
        let slot = link.slot();
        let current = self.peers[slot.index()]
            .inbound
            .as_ref()
            .map(|link| link.generation());
        if current == Some(link.generation()) {
            // The same again: its replay window must not begin anew.
            self.retire(Retired::Inbound(link));
            return Ok(());
        }
        let refusal = match current {
            Some(current) if current > link.generation() => Some(VoiceError::Outdated {
                slot,
                offered: link.generation(),
                current,
            }),
            _ => [link.setup.open_ssrc, link.setup.whisper_ssrc]
                .into_iter()
                .find(|ssrc| self.streams.get(ssrc).is_some_and(|owner| *owner != slot))
                .map(|ssrc| VoiceError::StreamNumberTaken { slot, ssrc }),
        };
        if let Some(refusal) = refusal {
            self.retire(Retired::Inbound(link));
            return Err(refusal);
        }
        self.end_previous(slot);
        self.streams.insert(link.setup.open_ssrc, slot);
        self.streams.insert(link.setup.whisper_ssrc, slot);
        let peer = &mut self.peers[slot.index()];
        if let Some(mut replaced) = peer.inbound.take() {
            // What is being played goes on; a sender that started anew shows by its timestamps.
            std::mem::swap(&mut replaced.playout, &mut link.playout);
            peer.previous = Some((replaced, now + OVERLAP));
        } else {
            peer.stats_due = now + spread(slot, REPORT);
        }
        peer.inbound = Some(link);
        if let Some(outbound) = &mut peer.outbound {
            outbound.path.hurry(now);
        }
        self.inbound.insert(slot);
        self.linked.insert(slot);
        Ok(())
    }

    fn set_outbound(&mut self, link: Box<ControlLink>, now: Duration) -> Result<(), VoiceError> {
        let slot = link.slot();
        let peer = &mut self.peers[slot.index()];
        if let Some(outbound) = &mut peer.outbound {
            let current = outbound.link.generation();
            if current == link.generation() {
                // Only the address can be news: sealing goes on where it was.
                outbound.path.set_address(link.address, now);
                self.retire(Retired::Control(link));
                self.update_path(slot, now);
                return Ok(());
            }
            if current > link.generation() {
                let offered = link.generation();
                self.retire(Retired::Control(link));
                return Err(VoiceError::Outdated {
                    slot,
                    offered,
                    current,
                });
            }
        }
        if !self.keys.remember(&link.setup.keys) {
            self.retire(Retired::Control(link));
            return Err(VoiceError::KeyReused { slot });
        }
        let peer = &mut self.peers[slot.index()];
        let (path, told) = match peer.outbound.take() {
            Some(replaced) => {
                let Outbound {
                    link: old,
                    mut path,
                    told,
                    ..
                } = replaced;
                self.retire(Retired::Control(old));
                path.set_address(link.address, now);
                (path, told)
            }
            None => (Path::new(slot, link.address, now), PathState::Probing),
        };
        self.peers[slot.index()].outbound = Some(Outbound {
            link,
            path,
            told,
            report_due: now + spread(slot, REPORT),
            sent: [None; 2],
            reported: Default::default(),
        });
        self.linked.insert(slot);
        // The uplink must know the path under the new link's name.
        self.untold_paths.insert(slot);
        self.update_path(slot, now);
        Ok(())
    }

    fn unlink(&mut self, slot: Slot) {
        self.end_previous(slot);
        let peer = std::mem::replace(&mut self.peers[slot.index()], Peer::new());
        if peer.meter.is_told() {
            self.tell(DownlinkEvent::Speaking {
                slot,
                speaking: false,
                whisper: false,
                level: crate::Level::SILENCE,
            });
        }
        if let Some(link) = peer.inbound {
            self.streams.remove(&link.setup.open_ssrc);
            self.streams.remove(&link.setup.whisper_ssrc);
            self.retire(Retired::Inbound(link));
        }
        if let Some(outbound) = peer.outbound {
            self.retire(Retired::Control(outbound.link));
        }
        self.mixer.forget(slot);
        self.same_room.forget(slot);
        self.chirps.forget(slot);
        self.inbound.remove(slot);
        self.linked.remove(slot);
        self.untold_paths.remove(slot);
    }

    /// Forgets the keys before the newest.
    fn end_previous(&mut self, slot: Slot) {
        let peer = &mut self.peers[slot.index()];
        let Some((link, _)) = peer.previous.take() else {
            return;
        };
        for ssrc in [link.setup.open_ssrc, link.setup.whisper_ssrc] {
            let in_use = peer
                .inbound
                .as_ref()
                .is_some_and(|current| current.setup.stream(ssrc).is_some());
            if !in_use {
                self.streams.remove(&ssrc);
            }
        }
        self.retire(Retired::Inbound(link));
    }

    fn retire(&mut self, retired: Retired) {
        // A caller that never takes them makes us free them here, late but bounded.
        if self.retired.len() == self.retired.capacity() {
            self.retired.pop_front();
        }
        self.retired.push_back(retired);
    }

    /// Something to be freed on another thread, if there is.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.retired.pop_front()
    }

    fn tell(&mut self, event: DownlinkEvent) {
        if self.events.len() < EVENTS {
            self.events.push_back(event);
        } else {
            self.dropped.overflow += 1;
        }
    }

    /// The oldest event that was not taken yet.
    pub fn poll_event(&mut self) -> Option<DownlinkEvent> {
        self.events.pop_front()
    }

    /// The next packet to be sent, and where to.
    pub fn poll_transmit(&mut self) -> Option<(Destination, &[u8])> {
        self.transmit.pop()
    }

    /// Datagrams that were not taken.
    pub fn dropped(&self) -> Dropped {
        Dropped {
            overflow: self.dropped.overflow + self.transmit.overflow(),
            ..self.dropped
        }
    }

    /// Where the sound of `slot` in the last pull came from, if there was any: delay and drift are read off it.
    pub fn played(&self, slot: Slot) -> Option<Played> {
        self.peers[slot.index()].played
    }

    /// Tells how long a sample that is pulled now waits until it sounds: ring and device.
    pub fn set_playback_delay(&mut self, delay: Duration) {
        self.playback_delay = delay;
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.linked
            .iter()
            .flat_map(|slot| {
                let peer = &self.peers[slot.index()];
                let inbound = peer.inbound.as_ref().map(|link| {
                    let feedback = link
                        .receptions
                        .iter()
                        .filter_map(|reception| reception.feedback_due());
                    feedback.fold(peer.stats_due, Duration::min)
                });
                let outbound = peer
                    .outbound
                    .as_ref()
                    .map(|outbound| outbound.path.next_timeout().min(outbound.report_due));
                let previous = peer.previous.as_ref().map(|(_, until)| *until);
                [inbound, outbound, previous].into_iter().flatten()
            })
            .min()
            .map(|due| {
                // What many peers need at about the same time is done in one go.
                round_up(due)
            })
    }

    /// Does what is due by `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.listen_to_uplink();
        for slot in self.linked.iter() {
            if let Some((_, until)) = &self.peers[slot.index()].previous
                && *until <= now
            {
                self.end_previous(slot);
            }
            self.update_path(slot, now);
            self.challenge(slot, now);
            self.send_feedback(slot, now);
            self.send_report(slot, now);
            self.tell_stats(slot, now);
        }
        self.tell_paths();
    }

    /// Takes over what the uplink sent.
    fn listen_to_uplink(&mut self) {
        while let Ok(count) = self.rings.counts.pop() {
            let Some(outbound) = &mut self.peers[count.slot.index()].outbound else {
                continue;
            };
            if outbound.link.setup.ssrc(count.stream) == count.ssrc {
                outbound.sent[count.stream.index()] = Some((count, false));
            }
        }
    }

    /// Tells the uplink and the outside when a path changed.
    fn update_path(&mut self, slot: Slot, now: Duration) {
        let Some(outbound) = &mut self.peers[slot.index()].outbound else {
            return;
        };
        let state = outbound.path.update(now);
        if outbound.told != state {
            outbound.told = state;
            self.untold_paths.insert(slot);
            self.tell(DownlinkEvent::Path { slot, state });
        }
        self.tell_paths();
    }

    /// Hands path changes to the uplink, as many as fit; the others wait.
    fn tell_paths(&mut self) {
        for slot in self.untold_paths.iter() {
            if let Some(outbound) = &self.peers[slot.index()].outbound
                && self.rings.paths.push(outbound.path_update()).is_err()
            {
                break;
            }
            self.untold_paths.remove(slot);
        }
    }
}
