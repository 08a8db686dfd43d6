//! The voice threads, the devices, and who is who between them and the mesh.

mod devices;
mod news;

pub(crate) use news::milliseconds;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sotto_audio::priority::Priority;
use sotto_audio::{CaptureKeeper, CaptureRequest, DeviceState, PlaybackKeeper, PlaybackRequest};
use sotto_control::config::Profile;
use sotto_control::model::Stats;
use sotto_meeting::{Audience, PeerId, VoiceChange};
use sotto_net::{MediaSocket, Network, NodeId};
use sotto_voice::downlink::{ControlLink, InboundLink};
use sotto_voice::mix::Earcon;
use sotto_voice::uplink::OutboundLink;
use sotto_voice::wire::delays::SendingDelays;
use sotto_voice::{
    Audience as VoiceAudience, ChirpOutcome, DownlinkCommand, GateMode, LinkSetup, MediaKeys,
    ProcessorSettings, SampleTime, SenderStats, Slot, SlotSet, UplinkCommand, voice_pair,
};
use tokio::sync::{Notify, mpsc};

use super::processing::Treatments;
use super::profile;
use crate::keylog::KeyLog;
use crate::threads::priority;
use crate::threads::{
    CaptureClock, Clock, DownlinkOrder, DownlinkThread, EchoSource, NewsReceiver, Sending,
    SlotNames, UplinkOrder, UplinkThread, Waiting, news,
};

/// How loud a peer is played unless the user said otherwise, in per cent.
const FULL_VOLUME: u16 = 100;

/// The bitrate of music, in bits per second.
const MUSIC_BITRATE: u32 = 96_000;

/// Which devices to open.
#[derive(Debug, Clone)]
pub(crate) struct Devices {
    /// The microphone.
    pub(crate) capture: CaptureRequest,
    /// The loudspeaker.
    pub(crate) playback: PlaybackRequest,
    /// How delay is weighed against safety.
    pub(crate) profile: Profile,
    /// What is done to the microphone's sound.
    pub(crate) treatments: Treatments,
}

/// Why voice cannot be set up at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VoiceSetupError {
    /// The system refused a socket.
    #[error(transparent)]
    Network(#[from] sotto_net::NetworkError),
    /// The system refused a thread or a descriptor.
    #[error("the system gives no thread or descriptor for voice: {0}; close some programs")]
    System(#[from] std::io::Error),
}

/// What the hub learns from the voice side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum VoiceEvent {
    /// A genuine packet came from a peer.
    Heard(PeerId),
    /// The user spoke.
    Spoke,
    /// Somebody's level or speaking changed.
    Levels,
    /// The figures of the paths changed.
    Stats,
    /// The microphone reaches full scale.
    Clipped,
    /// A peer seems to sit in the same room.
    SameRoom(PeerId),
    /// What became of a chirp that was sent to a peer.
    Chirp(PeerId, ChirpOutcome),
}

/// What the voice machines add to a roster line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Voiced {
    /// The path, over the last second.
    pub(crate) stats: Option<Stats>,
    /// Whether voice comes from them right now.
    pub(crate) speaking: bool,
    /// How loud it is.
    pub(crate) level_dbfs: Option<f32>,
    /// Whether it is a whisper to the user.
    pub(crate) whisper: bool,
    /// Whether they seem to sit in the same room.
    pub(crate) same_room: bool,
}

/// The voice side of the daemon.
pub(crate) struct Voice {
    clock: Clock,
    capture_clock: Arc<CaptureClock>,
    uplink: UplinkThread,
    downlink: DownlinkThread,
    uplink_news: NewsReceiver,
    downlink_news: NewsReceiver,
    microphone: CaptureKeeper,
    loudspeaker: PlaybackKeeper,
    devices: Devices,
    music: bool,
    names: SlotNames,
    slots: HashMap<PeerId, Slot>,
    peers: Vec<Option<PeerId>>,
    next_slot: usize,
    volumes: HashMap<PeerId, u16>,
    /// Those who are heard through the room alone, until the user leaves.
    silenced: HashSet<PeerId>,
    last_audience: (Option<SampleTime>, Audience),
    playing: bool,
    inside: bool,
    key_log: Option<KeyLog>,
    media_port: u16,
    voiced: HashMap<PeerId, Voiced>,
    /// What arrived from each in the last second.
    figures: HashMap<PeerId, SenderStats>,
    /// What our own voice's way out costs: the encoder's share, and all of it as it was told last.
    look_ahead: Duration,
    sending: SendingDelays,
    own: Voiced,
    priorities: HashMap<&'static str, Priority>,
    /// What is done to the sound of which microphone, by its identifier.
    processed: Option<(String, ProcessorSettings)>,
    /// How much later sound comes out of that.
    processing_delay: Duration,
}

impl Voice {
    /// Binds the media socket and starts the threads, with nothing open.
    ///
    /// # Errors
    ///
    /// When the media port is taken or the system gives no threads.
    pub(crate) fn start(
        clock: Clock,
        socket: MediaSocket,
        network: &Network,
        devices: Devices,
        music: bool,
        device_changes: mpsc::Sender<()>,
        key_log: Option<KeyLog>,
    ) -> Result<Self, VoiceSetupError> {
        let arrived = Arc::new(Notify::new());
        let (uplink_sender, uplink_news) = news(Arc::clone(&arrived));
        let (downlink_sender, downlink_news) = news(arrived);
        let capture_clock = Arc::new(CaptureClock::default());
        let names = SlotNames::default();
        let media_port = socket.local_port();
        let waiting = Waiting::new()?;
        let streams = network.media_streams(waiting.wake());
        let sending = || -> std::io::Result<Sending> {
            Ok(Sending {
                socket: socket.try_clone()?,
                streams: streams.clone(),
                names: names.clone(),
            })
        };
        let (uplink, mut microphones, mut echo_sources) =
            UplinkThread::start(clock, Arc::clone(&capture_clock), sending()?, uplink_sender)?;
        let downlink_sending = sending()?;
        let (downlink, mut loudspeakers) =
            DownlinkThread::start(clock, waiting, socket, downlink_sending, downlink_sender)?;
        // A state change only says "look again": one pending look is as good as many.
        let changed = move |changes: mpsc::Sender<()>| {
            move |_: &DeviceState| {
                let _ = changes.try_send(());
            }
        };
        let wake = uplink.waker();
        let microphone = CaptureKeeper::start(
            Arc::clone(&wake),
            move |end| {
                // Sixteen unclaimed devices mean that the thread hangs; there is nobody to give it to.
                let _ = microphones.push(end.map(Box::new));
                wake();
            },
            changed(device_changes.clone()),
        )?;
        let wake = downlink.waker();
        let loudspeaker = PlaybackKeeper::start(
            Arc::clone(&wake),
            move |mut end| {
                let played = end.as_mut().and_then(|end| end.take_played());
                let _ = echo_sources.push(played.map(EchoSource::new));
                let _ = loudspeakers.push(end.map(Box::new));
                wake();
            },
            changed(device_changes),
        )?;
        Ok(Self {
            clock,
            capture_clock,
            uplink,
            downlink,
            uplink_news,
            downlink_news,
            microphone,
            loudspeaker,
            devices,
            music,
            names,
            slots: HashMap::new(),
            peers: vec![None; Slot::COUNT],
            next_slot: 0,
            volumes: HashMap::new(),
            silenced: HashSet::new(),
            last_audience: (None, Audience::Nobody),
            playing: false,
            inside: false,
            key_log,
            media_port,
            voiced: HashMap::new(),
            figures: HashMap::new(),
            look_ahead: Duration::ZERO,
            sending: SendingDelays::default(),
            own: Voiced::default(),
            priorities: HashMap::new(),
            processed: None,
            processing_delay: Duration::ZERO,
        })
    }

    /// The UDP port that media arrives at.
    pub(crate) fn media_port(&self) -> u16 {
        self.media_port
    }

    /// The sample that is being captured now, for stamping what the user wants.
    pub(crate) fn capture_position(&self) -> Option<u64> {
        self.inside
            .then(|| self.capture_clock.position(self.clock.monotonic()))
    }

    /// What the voice side adds to rosters.
    pub(crate) fn voiced(&self) -> (&HashMap<PeerId, Voiced>, Voiced) {
        (&self.voiced, self.own)
    }

    /// How the voice threads are scheduled, the worse of the two: `None` until both have said.
    pub(crate) fn priority(&self) -> Option<Priority> {
        (self.priorities.len() == 2)
            .then(|| self.priorities.values().copied().max())
            .flatten()
    }

    /// Notes what rtkit granted.
    pub(crate) fn set_priority(&mut self, thread: &'static str, priority: Priority) {
        self.priorities.insert(thread, priority);
    }

    /// Carries out what the mesh decided.
    pub(crate) fn apply(&mut self, change: VoiceChange) {
        match change {
            VoiceChange::Enter { .. } => self.enter(),
            VoiceChange::Leave => self.leave(),
            VoiceChange::Outbound {
                peer,
                generation,
                key,
                salt,
                open_ssrc,
                whisper_ssrc,
                address,
            } => {
                let Some(slot) = self.slot(peer) else { return };
                let setup = LinkSetup {
                    slot,
                    generation,
                    keys: MediaKeys { key, salt },
                    open_ssrc,
                    whisper_ssrc,
                };
                if let Some(log) = &mut self.key_log {
                    log.outbound(peer, &setup, address);
                }
                let control = ControlLink::new(setup.clone(), address);
                let outbound = OutboundLink::new(setup);
                match (outbound, control) {
                    (Ok(outbound), Ok(control)) => {
                        self.send_up(UplinkCommand::Link(outbound));
                        // A slot that was unlinked meanwhile has left the uplink's audience.
                        // The moment that it belongs to stays the same, so that nobody hears more for it.
                        let (at, audience) = self.last_audience.clone();
                        let audience = self.audience(audience);
                        self.send_up(UplinkCommand::Audience { at, audience });
                        self.send_down(DownlinkCommand::Outbound(control));
                    }
                    (Err(error), _) | (_, Err(error)) => {
                        tracing::error!(%error, "no voice to a peer")
                    }
                }
            }
            VoiceChange::Inbound {
                peer,
                generation,
                key,
                salt,
                open_ssrc,
                whisper_ssrc,
            } => {
                let Some(slot) = self.slot(peer) else { return };
                let setup = LinkSetup {
                    slot,
                    generation,
                    keys: MediaKeys { key, salt },
                    open_ssrc,
                    whisper_ssrc,
                };
                if let Some(log) = &mut self.key_log {
                    log.inbound(peer, &setup);
                }
                match InboundLink::new(setup, profile::playout(self.devices.profile)) {
                    Ok(inbound) => self.send_down(DownlinkCommand::Inbound(inbound)),
                    Err(error) => tracing::error!(%error, "no voice from a peer"),
                }
                let percent = self.volume(peer);
                if percent != FULL_VOLUME {
                    self.send_down(DownlinkCommand::Volume { slot, percent });
                }
            }
            VoiceChange::Unlink { peer } => self.unlink(peer),
            VoiceChange::Audience { at, audience } => {
                let at = at.map(SampleTime);
                self.last_audience = (at, audience.clone());
                let audience = self.audience(audience);
                self.send_up(UplinkCommand::Audience { at, audience });
            }
            VoiceChange::Microphone { at, open } => {
                let at = at.map(SampleTime);
                // Nobody hears a muted microphone, so that it may become another one meanwhile.
                self.microphone.may_move(!open);
                self.send_up(UplinkCommand::Microphone { at, open });
            }
            VoiceChange::Playback { open } => {
                self.playing = open;
                self.send_down(DownlinkCommand::Playback { open });
            }
            VoiceChange::Volume { peer, percent } => {
                self.volumes.insert(peer, percent);
                self.send_volume(peer);
            }
        }
    }

    /// How loud `peer` is played, in per cent.
    fn volume(&self, peer: PeerId) -> u16 {
        if self.silenced.contains(&peer) {
            return 0;
        }
        self.volumes.get(&peer).copied().unwrap_or(FULL_VOLUME)
    }

    fn send_volume(&mut self, peer: PeerId) {
        if let Some(slot) = self.slots.get(&peer) {
            let (slot, percent) = (*slot, self.volume(peer));
            self.send_down(DownlinkCommand::Volume { slot, percent });
        }
    }

    /// Plays `peer` no more, or again; their volume is as it was then.
    pub(crate) fn silence(&mut self, peer: PeerId, silenced: bool) {
        if silenced {
            self.silenced.insert(peer);
        } else {
            self.silenced.remove(&peer);
        }
        self.send_volume(peer);
    }

    /// Who is heard through the room alone.
    pub(crate) fn silenced(&self) -> &HashSet<PeerId> {
        &self.silenced
    }

    /// Plays a short sign, if anything is played.
    pub(crate) fn earcon(&mut self, earcon: Earcon) {
        if self.inside && self.playing {
            self.send_down(DownlinkCommand::Earcon(earcon));
        }
    }

    /// Sends a chirp to `peer`, if there is a way to them. What becomes of it is told as news.
    pub(crate) fn chirp(&mut self, peer: PeerId) {
        if let Some(slot) = self.slots.get(&peer).copied() {
            self.send_up(UplinkCommand::Chirp { slot });
        }
    }

    fn enter(&mut self) {
        if self.inside {
            self.leave();
        }
        let mut seed = [0; 32];
        if let Err(error) = getrandom::fill(&mut seed) {
            tracing::error!(%error, "no random numbers, so no voice");
            return;
        }
        let mut config = profile::voice(self.devices.profile, seed);
        if self.music {
            config.bitrate = MUSIC_BITRATE;
        }
        match voice_pair(&config) {
            Ok((mut uplink, downlink)) => {
                self.inside = true;
                self.look_ahead = uplink.look_ahead();
                self.sending = SendingDelays::default();
                if !self.uplink.order(UplinkOrder::Enter(Box::new(uplink)))
                    || !self
                        .downlink
                        .order(DownlinkOrder::Enter(Box::new(downlink)))
                {
                    tracing::error!("the voice threads do not respond");
                }
                self.processed = None;
                self.processing_delay = Duration::ZERO;
                // With music always open, whatever is set: a gate would cut quiet passages out.
                let gate = match self.music {
                    true => GateMode::Always,
                    false => self.devices.treatments.gate,
                };
                self.send_up(UplinkCommand::Gate(gate));
                self.microphone.may_move(true);
                self.microphone.want(Some(self.devices.capture.clone()));
                self.loudspeaker.want(Some(self.devices.playback.clone()));
                // Devices that the meeting before left open are not reported again.
                self.review_processing();
            }
            Err(error) => tracing::error!(%error, "no voice"),
        }
    }

    fn leave(&mut self) {
        self.inside = false;
        self.last_audience = (None, Audience::Nobody);
        self.microphone.want(None);
        self.loudspeaker.want(None);
        if !self.uplink.order(UplinkOrder::Leave) || !self.downlink.order(DownlinkOrder::Leave) {
            tracing::error!("the voice threads do not respond");
        }
        for peer in std::mem::take(&mut self.slots).into_keys() {
            self.voiced.remove(&peer);
        }
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if peer.take().is_some()
                && let Some(slot) = Slot::from_index(index)
            {
                self.names.set(slot, None);
            }
        }
        self.voiced.clear();
        self.silenced.clear();
        self.figures.clear();
        self.own = Voiced::default();
    }

    fn unlink(&mut self, peer: PeerId) {
        self.voiced.remove(&peer);
        self.figures.remove(&peer);
        let Some(slot) = self.slots.remove(&peer) else {
            return;
        };
        self.send_up(UplinkCommand::Unlink { slot });
        self.send_down(DownlinkCommand::Unlink { slot });
        self.peers[slot.index()] = None;
        self.names.set(slot, None);
    }

    /// The slot of `peer`, given now if it has none.
    ///
    /// Freed slots come round as late as possible, so that what is still on its way for the one before is stale.
    fn slot(&mut self, peer: PeerId) -> Option<Slot> {
        if let Some(slot) = self.slots.get(&peer) {
            return Some(*slot);
        }
        let free = (0..Slot::COUNT)
            .map(|step| (self.next_slot + step) % Slot::COUNT)
            .find(|index| self.peers[*index].is_none());
        let Some(slot) = free.and_then(Slot::from_index) else {
            tracing::error!("more voices than a meeting may have");
            return None;
        };
        self.next_slot = slot.index() + 1;
        self.peers[slot.index()] = Some(peer);
        self.slots.insert(peer, slot);
        self.names.set(slot, Some(NodeId(peer.0)));
        Some(slot)
    }

    fn audience(&mut self, audience: Audience) -> VoiceAudience {
        let mut set = |peers: Vec<PeerId>| -> SlotSet {
            peers
                .into_iter()
                .filter_map(|peer| self.slot(peer))
                .collect()
        };
        match audience {
            Audience::Nobody => VoiceAudience::Nobody,
            Audience::Open(peers) => VoiceAudience::Open(set(peers)),
            Audience::Whisper(peers) => VoiceAudience::Whisper(set(peers)),
        }
    }

    fn send_up(&mut self, command: UplinkCommand) {
        if self.inside && !self.uplink.order(UplinkOrder::Command(command)) {
            tracing::error!("the uplink thread does not respond");
        }
    }

    fn send_down(&mut self, command: DownlinkCommand) {
        if self.inside && !self.downlink.order(DownlinkOrder::Command(command)) {
            tracing::error!("the downlink thread does not respond");
        }
    }

    /// Closes the devices and ends the threads.
    pub(crate) fn stop(mut self) {
        self.leave();
    }
}

/// Raises the threads that could not raise themselves, through rtkit.
pub(crate) async fn raise(threads: Vec<(&'static str, u64)>) -> Vec<(&'static str, Priority)> {
    let mut granted = Vec::new();
    for (thread, id) in threads {
        if let Some(priority) = priority::ask_rtkit(id).await {
            granted.push((thread, priority));
        }
    }
    granted
}
