//! The voice threads, the devices, and who is who between them and the mesh.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sotto_audio::priority::Priority;
use sotto_audio::{
    CaptureKeeper, CaptureRequest, DeviceSpec, DeviceState, PlaybackKeeper, PlaybackRequest,
};
use sotto_control::config::Profile;
use sotto_control::model::{Path, Processing, Sent, Stats};
use sotto_meeting::{Audience, PeerId, VoiceChange};
use sotto_net::{MediaSocket, Network, NodeId};
use sotto_voice::downlink::{ControlLink, InboundLink};
use sotto_voice::mix::Earcon;
use sotto_voice::uplink::OutboundLink;
use sotto_voice::wire::delays::SendingDelays;
use sotto_voice::{
    Audience as VoiceAudience, DownlinkCommand, DownlinkEvent, GateMode, LinkSetup, MediaKeys,
    PathState, Processor, ProcessorSettings, RecipientStats, SampleTime, SenderStats, Slot,
    SlotSet, UplinkCommand, UplinkEvent, voice_pair,
};
use tokio::sync::{Notify, mpsc};

use super::present::Voiced;
use super::processing::{self, End, Treatments};
use crate::keylog::KeyLog;
use crate::profile;
use crate::threads::priority;
use crate::threads::{
    CaptureClock, Clock, DownlinkOrder, DownlinkThread, EchoSource, NewsReceiver, Sending,
    SlotNames, UplinkOrder, UplinkThread, VoiceNews, Waiting, news,
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

/// What the rest of the core learns from the voice side.
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

    /// The devices as configured, and how they are doing.
    pub(crate) fn devices(&self) -> (&Devices, DeviceState, DeviceState) {
        (
            &self.devices,
            self.microphone.report().state,
            self.loudspeaker.report().state,
        )
    }

    fn decide_processing(&self) -> (DeviceState, processing::Decision) {
        let (devices, microphone, loudspeaker) = self.devices();
        let (capture, playback) = (&devices.capture, &devices.playback);
        let decision = processing::decide(
            &devices.treatments,
            End::of(capture.backend, &capture.device, &microphone),
            End::of(playback.backend, &playback.device, &loudspeaker),
        );
        (microphone, decision)
    }

    /// Does to the microphone's sound what suits the devices that are open now.
    ///
    /// Another microphone has another level and other noise: what was learned of the one before is forgotten. Another
    /// loudspeaker is another echo in the same room, which the canceller finds by itself.
    pub(crate) fn review_processing(&mut self) {
        if !self.inside {
            return;
        }
        let (microphone, decision) = self.decide_processing();
        let DeviceState::Open { device, .. } = microphone else {
            return;
        };
        let settings = decision.settings;
        let processed = Some((device.id, settings));
        if self.processed == processed {
            return;
        }
        tracing::debug!(
            ?settings,
            why_not = decision.no_echo_cancellation,
            "processing"
        );
        self.processed = processed;
        let processor = settings.any().then(|| Processor::new(settings));
        let delay = processor.as_ref().map_or(0, |it| it.blur().delay);
        self.processing_delay =
            Duration::from_nanos(delay * 1_000_000_000 / u64::from(sotto_voice::SAMPLE_RATE));
        self.send_up(UplinkCommand::Processing(processor));
    }

    /// What is done to the microphone's sound, while it is open.
    pub(crate) fn processing(&self) -> Option<Processing> {
        let (microphone, decision) = self.decide_processing();
        matches!(microphone, DeviceState::Open { .. })
            .then(|| processing::shown(&decision, &self.devices.treatments))
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

    /// Uses other devices from now on.
    pub(crate) fn choose_devices(
        &mut self,
        microphone: Option<DeviceSpec>,
        loudspeaker: Option<DeviceSpec>,
    ) {
        if let Some(device) = microphone {
            self.devices.capture.device = device;
        }
        if let Some(device) = loudspeaker {
            self.devices.playback.device = device;
        }
        if self.inside {
            self.microphone.want(Some(self.devices.capture.clone()));
            self.loudspeaker.want(Some(self.devices.playback.clone()));
        }
    }

    /// Speaks through whatever microphone the system offers now, if the one before is gone or no longer the default.
    pub(crate) fn accept_microphone(&self) {
        self.microphone.accept();
    }

    /// Plays a short sign, if anything is played.
    pub(crate) fn earcon(&mut self, earcon: Earcon) {
        if self.inside && self.playing {
            self.send_down(DownlinkCommand::Earcon(earcon));
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

    /// What is notified when there is news.
    pub(crate) fn arrived(&self) -> Arc<Notify> {
        self.uplink_news.arrived()
    }

    /// Takes in what the threads tell; what the rest of the core must know goes to `tell`.
    pub(crate) fn take_news(
        &mut self,
        mut tell: impl FnMut(VoiceEvent),
    ) -> Vec<(&'static str, u64)> {
        let mut for_rtkit = Vec::new();
        while let Some(news) = self
            .uplink_news
            .take()
            .or_else(|| self.downlink_news.take())
        {
            match news {
                VoiceNews::Uplink(event) => self.uplink_event(event, &mut tell),
                VoiceNews::Downlink(event) => self.downlink_event(event, &mut tell),
                VoiceNews::Scheduled {
                    thread,
                    priority,
                    id,
                } => {
                    tracing::debug!(thread, %priority, "voice thread scheduled");
                    self.priorities.insert(thread, priority);
                    if priority != Priority::Realtime {
                        for_rtkit.push((thread, id));
                    }
                }
                VoiceNews::Failed(error) => tracing::error!("{error}"),
                VoiceNews::Past(_) => {}
            }
        }
        for_rtkit
    }

    fn uplink_event(&mut self, event: UplinkEvent, tell: &mut impl FnMut(VoiceEvent)) {
        match event {
            UplinkEvent::Speaking { speaking, level } => {
                self.own.speaking = speaking && self.inside;
                self.own.level_dbfs = self.own.speaking.then_some(level.db());
                tell(VoiceEvent::Levels);
            }
            UplinkEvent::Spoke => tell(VoiceEvent::Spoke),
            UplinkEvent::Clipped => tell(VoiceEvent::Clipped),
            UplinkEvent::Recipient(stats) => {
                if let Some(peer) = self.peers[stats.slot.index()] {
                    let voiced = self.voiced.entry(peer).or_default();
                    voiced.stats.get_or_insert_default().sent = Some(sent(&stats));
                    tell(VoiceEvent::Stats);
                }
            }
        }
    }

    fn downlink_event(&mut self, event: DownlinkEvent, tell: &mut impl FnMut(VoiceEvent)) {
        let slot = match event {
            DownlinkEvent::Heard { slot }
            | DownlinkEvent::SameRoom { slot }
            | DownlinkEvent::Speaking { slot, .. }
            | DownlinkEvent::Path { slot, .. } => slot,
            DownlinkEvent::Stats(stats) => stats.slot,
        };
        // What is told of a slot that was freed meanwhile is of no interest.
        let Some(peer) = self.peers[slot.index()] else {
            return;
        };
        match event {
            DownlinkEvent::Heard { .. } => tell(VoiceEvent::Heard(peer)),
            DownlinkEvent::SameRoom { .. } => {
                self.voiced.entry(peer).or_default().same_room = true;
                tell(VoiceEvent::SameRoom(peer));
            }
            DownlinkEvent::Speaking {
                speaking,
                whisper,
                level,
                ..
            } => {
                let voiced = self.voiced.entry(peer).or_default();
                voiced.speaking = speaking;
                voiced.whisper = whisper;
                voiced.level_dbfs = speaking.then_some(level.db());
                tell(VoiceEvent::Levels);
            }
            DownlinkEvent::Path { state, .. } => {
                tracing::debug!(peer = ?peer, ?state, "media path");
                let voiced = self.voiced.entry(peer).or_default();
                voiced.stats.get_or_insert_default().path = path(state);
                tell(VoiceEvent::Stats);
            }
            DownlinkEvent::Stats(stats) => {
                if stats.concealed + stats.late + stats.discarded + stats.outages > 0 {
                    tracing::debug!(?peer, ?stats, "voice was disturbed");
                }
                self.figures.insert(peer, stats);
                self.tell_sending();
                let voiced = self.voiced.entry(peer).or_default();
                let sent = voiced.stats.and_then(|before| before.sent);
                voiced.stats = Some(Stats {
                    sent,
                    ..figures(&stats)
                });
                tell(VoiceEvent::Stats);
            }
        }
    }

    /// What arrived from `peer` in the last second.
    pub(crate) fn figures(&self, peer: PeerId) -> Option<&SenderStats> {
        self.figures.get(&peer)
    }

    /// What our own voice's way out costs.
    pub(crate) fn sending(&self) -> SendingDelays {
        self.sending
    }

    /// Tells everybody what our own voice's way out costs, if that has changed: devices have the blocks that they have.
    fn tell_sending(&mut self) {
        let frame = profile::frame(self.devices.profile);
        let statistics = self.microphone.report().statistics;
        let block = u64::from(statistics.block) * 1_000_000_000;
        let block = Duration::from_nanos(block / u64::from(statistics.rate.max(1)));
        let sending = SendingDelays {
            capture: block.saturating_sub(frame),
            frame,
            processing: self.processing_delay,
            look_ahead: self.look_ahead,
        };
        if self.sending != sending {
            self.sending = sending;
            self.send_down(DownlinkCommand::Sending(sending));
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

fn path(state: PathState) -> Path {
    match state {
        PathState::Probing => Path::Probing,
        PathState::Udp(_) => Path::Udp,
        PathState::Stream => Path::Stream,
    }
}

fn figures(stats: &SenderStats) -> Stats {
    Stats {
        loss: stats.loss,
        jitter_ms: milliseconds(stats.jitter),
        delay_ms: milliseconds(stats.delay + stats.round_trip.unwrap_or_default() / 2),
        kbps: stats.bitrate as f32 / 1000.0,
        path: path(stats.path),
        target_ms: milliseconds(stats.target_delay),
        round_trip_ms: stats.round_trip.map(milliseconds),
        recovered: stats.recovered,
        concealed: stats.concealed,
        sent: None,
    }
}

fn sent(stats: &RecipientStats) -> Sent {
    Sent {
        loss: stats.loss,
        longest_burst: stats.longest_burst,
        copies: stats.copies.len() as u8,
        farthest: stats.copies.last().copied().unwrap_or(0),
        repeated: stats.repeated,
    }
}

fn milliseconds(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}
