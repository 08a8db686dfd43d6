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
mod ears;
mod link;
mod neural;
mod notices;
mod outbox;
mod path;
mod peer;
mod peers;
mod play;
mod receive;
mod reception;
mod speech;
#[cfg(test)]
mod tests;
mod transit;
mod transmit;

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

pub use command::{
    DownlinkCommand, DownlinkEvent, Dropped, FrameStats, PathState, Played, SenderStats,
};
pub use link::{ControlLink, InboundLink};

use crate::link::KeyMemory;
use crate::pair::DownlinkRings;
use crate::retired::RetiredQueue;
use crate::wire::delays::Delays;
use crate::{Destination, Retired, SameRoom, Slot, SlotSet, VoiceError, duration_of, mix};
use ears::Ears;
use neural::NeuralChoice;
use notices::Notices;
use outbox::Outbox;
use peers::{Peers, Taken};
use speech::Speech;

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

/// The time that the mixer adds.
const MIXING: Duration = duration_of(mix::DELAY as u64);

/// The receiving half of a conversation. See the [module](self).
pub struct Downlink {
    peers: Peers,
    ears: Ears,
    neural: NeuralChoice,
    outbox: Outbox,
    notices: Notices,
    retired: RetiredQueue,
    rings: DownlinkRings,
    /// Paths that the uplink was not told yet, because the ring was full.
    untold_paths: SlotSet,
    /// What our own voice's way out costs, and how long sound takes from the jitter buffer to the ear.
    delays: Delays,
    /// Our canonical name (RFC 7022 §4.2): random, new for each conversation.
    name: [u8; 16],
    random: ChaCha20Rng,
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
            peers: Peers::new(keys),
            ears: Ears::new(),
            neural: NeuralChoice::default(),
            outbox: Outbox::new(),
            notices: Notices::new(),
            retired: RetiredQueue::with_capacity(2 * Slot::COUNT),
            rings,
            untold_paths: SlotSet::EMPTY,
            delays: Delays {
                playback: MIXING,
                ..Delays::default()
            },
            name,
            random,
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
            DownlinkCommand::Inbound(link) => self.peers.set_inbound(link, now, &mut self.retired),
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
                self.ears.set_volume(slot, percent);
                Ok(())
            }
            DownlinkCommand::Sending(delays) => {
                self.delays.sending = delays;
                Ok(())
            }
            DownlinkCommand::Earcon(earcon) => {
                self.ears.sign(earcon);
                Ok(())
            }
            DownlinkCommand::Signs { wanted } => {
                self.ears.want_signs(wanted);
                Ok(())
            }
            DownlinkCommand::Chirp { slot, timestamp } => {
                self.announce_chirp(slot, timestamp);
                Ok(())
            }
        }
    }

    fn set_outbound(&mut self, link: Box<ControlLink>, now: Duration) -> Result<(), VoiceError> {
        let slot = link.slot();
        if self.peers.set_outbound(link, now, &mut self.retired)? == Taken::New {
            // The uplink must know the path under the new link's name.
            self.untold_paths.insert(slot);
        }
        self.update_path(slot, now);
        Ok(())
    }

    fn unlink(&mut self, slot: Slot) {
        if self.peers.unlink(slot, &mut self.retired) {
            self.notices.tell(Speech::END.of(slot));
        }
        self.ears.forget(slot);
        self.untold_paths.remove(slot);
    }

    /// Something to be freed on another thread, if there is.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.retired.pop()
    }

    /// The oldest event that was not taken yet.
    pub fn poll_event(&mut self) -> Option<DownlinkEvent> {
        self.notices.poll()
    }

    /// The next packet to be sent, and where to.
    pub fn poll_transmit(&mut self) -> Option<(Destination, &[u8])> {
        self.outbox.poll()
    }

    /// Datagrams that were not taken.
    pub fn dropped(&self) -> Dropped {
        let dropped = self.notices.dropped();
        Dropped {
            overflow: dropped.overflow + self.outbox.overflow(),
            ..dropped
        }
    }

    /// Where the sound of `slot` in the last pull came from, if there was any: delay and drift are read off it.
    pub fn played(&self, slot: Slot) -> Option<Played> {
        self.peers.get(slot).played
    }

    /// Tells how long a sample that is pulled now waits until it sounds: ring and device.
    pub fn set_playback_delay(&mut self, delay: Duration) {
        self.delays.playback = delay + MIXING;
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.peers
            .linked()
            .iter()
            .flat_map(|slot| {
                let peer = self.peers.get(slot);
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
        for slot in self.peers.linked().iter() {
            if let Some((_, until)) = &self.peers.get(slot).previous
                && *until <= now
            {
                self.peers.end_previous(slot, &mut self.retired);
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
            let Some(outbound) = &mut self.peers.get_mut(count.slot).outbound else {
                continue;
            };
            if outbound.link.setup.ssrc(count.stream) == count.ssrc {
                outbound.sent[count.stream.index()] = Some((count, false));
            }
        }
    }

    /// Tells the uplink and the outside when a path changed.
    fn update_path(&mut self, slot: Slot, now: Duration) {
        let Some(outbound) = &mut self.peers.get_mut(slot).outbound else {
            return;
        };
        let state = outbound.path.update(now);
        if outbound.told != state {
            outbound.told = state;
            self.untold_paths.insert(slot);
            self.notices.tell(DownlinkEvent::Path { slot, state });
        }
        self.tell_paths();
    }

    /// Hands path changes to the uplink, as many as fit; the others wait.
    fn tell_paths(&mut self) {
        for slot in self.untold_paths.iter() {
            if let Some(outbound) = &self.peers.get(slot).outbound
                && self.rings.paths.push(outbound.path_update()).is_err()
            {
                break;
            }
            self.untold_paths.remove(slot);
        }
    }
}
