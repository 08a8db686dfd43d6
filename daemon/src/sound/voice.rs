//! The voice threads, the devices, and who is who between them and the mesh.

mod equipment;
mod figures;
mod lines;
mod listening;
mod loudness;
mod news;
mod slots;

pub(crate) use equipment::Devices;
pub(crate) use figures::Voiced;
pub(crate) use news::milliseconds;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use sotto_audio::priority::Priority;
use sotto_audio::{CaptureKeeper, DeviceSpec, DeviceState, PlaybackKeeper};
use sotto_control::ForPeople;
use sotto_control::model::Processing;
use sotto_meeting::{Audience, PeerId, VoiceChange};
use sotto_net::{MediaSocket, Network};
use sotto_voice::downlink::{ControlLink, InboundLink};
use sotto_voice::mix::Earcon;
use sotto_voice::uplink::OutboundLink;
use sotto_voice::wire::delays::SendingDelays;
use sotto_voice::{
    Audience as VoiceAudience, ChirpOutcome, DownlinkCommand, GateMode, LinkSetup, MediaKeys,
    SampleTime, Ssrc, UplinkCommand, voice_pair,
};
use tokio::sync::{Notify, mpsc};

use super::processing::Treatments;
use super::profile;
use crate::keylog::KeyLog;
use crate::threads::priority;
use crate::threads::{
    CaptureClock, Clock, DownlinkThread, EchoSource, Sending, SlotNames, UplinkThread, Waiting,
    news as news_ring,
};
use equipment::Equipment;
use figures::Figures;
use lines::Lines;
use listening::Listening;
use loudness::{FULL_VOLUME, Loudness};
use slots::Slots;

/// Why voice cannot be set up at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VoiceSetupError {
    /// The system refused a socket.
    #[error(transparent)]
    Network(#[from] sotto_net::NetworkError),
    /// The system refused a thread or a descriptor.
    #[error("the system gives no thread or descriptor for voice: {0}")]
    System(#[from] std::io::Error),
}

impl ForPeople for VoiceSetupError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Network(error) => error.hint()?,
            Self::System(_) => "close some programs",
        };
        Some(hint.to_owned())
    }
}

/// News from the voice side for the hub.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum VoiceEvent {
    /// A genuine packet came from a peer.
    Heard(PeerId),
    /// A genuine packet of a peer's whisper came.
    Whispered(PeerId),
    /// The user spoke.
    Spoke,
    /// Somebody's level or speaking changed.
    Levels,
    /// The figures of the paths changed.
    Stats,
    /// The microphone reaches full scale.
    Clipped,
    /// The user talks while muted, or does so no longer.
    TalkingMuted(bool),
    /// A peer seems to sit in the same room.
    SameRoom(PeerId),
    /// The end of a chirp that was sent to a peer.
    Chirp(PeerId, ChirpOutcome),
}

/// The voice side of the daemon.
pub(crate) struct Voice {
    clock: Clock,
    capture_clock: Arc<CaptureClock>,
    lines: Lines,
    equipment: Equipment,
    slots: Slots,
    loudness: Loudness,
    figures: Figures,
    last_audience: (Option<SampleTime>, Audience),
    playing: bool,
    signs: bool,
    listening: Listening,
    /// The delays of our own voice's way out: the encoder's share, and all of it as it was told last.
    look_ahead: Duration,
    sending: SendingDelays,
    key_log: Option<KeyLog>,
    media_port: u16,
}

impl Voice {
    /// Binds the media socket and starts the threads, with nothing open.
    ///
    /// # Errors
    ///
    /// If the media port is taken or the system gives no threads.
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
        let (uplink_sender, uplink_news) = news_ring(Arc::clone(&arrived));
        let (downlink_sender, downlink_news) = news_ring(arrived);
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
            lines: Lines::new((uplink, uplink_news), (downlink, downlink_news)),
            equipment: Equipment::new(microphone, loudspeaker, devices, music),
            slots: Slots::new(names),
            loudness: Loudness::default(),
            figures: Figures::default(),
            last_audience: (None, Audience::Nobody),
            playing: false,
            signs: true,
            listening: Listening::default(),
            look_ahead: Duration::ZERO,
            sending: SendingDelays::default(),
            key_log,
            media_port,
        })
    }

    /// The UDP port that media arrives at.
    pub(crate) fn media_port(&self) -> u16 {
        self.media_port
    }

    /// The sample that is being captured now, for stamping what the user wants.
    pub(crate) fn capture_position(&self) -> Option<u64> {
        self.lines
            .inside()
            .then(|| self.capture_clock.position(self.clock.monotonic()).number())
    }

    /// Returns what the voice side adds to rosters.
    pub(crate) fn voiced(&self) -> (&HashMap<PeerId, Voiced>, Voiced) {
        (self.figures.voiced(), self.figures.own())
    }

    /// Returns how the voice threads are scheduled, the worse of the two: `None` until both have said.
    pub(crate) fn priority(&self) -> Option<Priority> {
        self.lines.priority()
    }

    /// Notes what rtkit granted.
    pub(crate) fn set_priority(&mut self, thread: &'static str, priority: Priority) {
        self.lines.set_priority(thread, priority);
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
                let Some(slot) = self.slots.give(peer) else {
                    return;
                };
                let setup = LinkSetup {
                    slot,
                    generation,
                    keys: MediaKeys { key, salt },
                    open_ssrc: Ssrc::new(open_ssrc),
                    whisper_ssrc: Ssrc::new(whisper_ssrc),
                };
                if let Some(log) = &self.key_log {
                    log.outbound(peer, &setup, address);
                }
                let control = ControlLink::new(setup.clone(), address);
                let outbound = OutboundLink::new(setup);
                match (outbound, control) {
                    (Ok(outbound), Ok(control)) => {
                        self.lines.up(UplinkCommand::Link(outbound));
                        // A slot that was unlinked meanwhile has left the uplink's audience.
                        // The moment that it belongs to stays the same, so that nobody hears more for it.
                        let (at, audience) = self.last_audience.clone();
                        let audience = given(&mut self.slots, audience);
                        self.lines.up(UplinkCommand::Audience { at, audience });
                        self.lines.down(DownlinkCommand::Outbound(control));
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
                let Some(slot) = self.slots.give(peer) else {
                    return;
                };
                let setup = LinkSetup {
                    slot,
                    generation,
                    keys: MediaKeys { key, salt },
                    open_ssrc: Ssrc::new(open_ssrc),
                    whisper_ssrc: Ssrc::new(whisper_ssrc),
                };
                if let Some(log) = &self.key_log {
                    log.inbound(peer, &setup);
                }
                match InboundLink::new(setup, profile::playout(self.equipment.profile())) {
                    Ok(inbound) => self.lines.down(DownlinkCommand::Inbound(inbound)),
                    Err(error) => tracing::error!(%error, "no voice from a peer"),
                }
                let percent = self.loudness.of(peer);
                if percent != FULL_VOLUME {
                    self.lines.down(DownlinkCommand::Volume { slot, percent });
                }
            }
            VoiceChange::Unlink { peer } => self.unlink(peer),
            VoiceChange::Audience { at, audience } => {
                let at = at.map(SampleTime::new);
                self.last_audience = (at, audience.clone());
                let audience = given(&mut self.slots, audience);
                self.lines.up(UplinkCommand::Audience { at, audience });
            }
            VoiceChange::Microphone { at, open } => {
                let at = at.map(SampleTime::new);
                // Nobody hears a muted microphone, so that it may become another one meanwhile.
                self.equipment.may_move(!open);
                self.lines.up(UplinkCommand::Microphone { at, open });
            }
            VoiceChange::Playback { open } => {
                self.playing = open;
                self.lines.down(DownlinkCommand::Playback { open });
            }
            VoiceChange::Volume { peer, percent } => {
                self.loudness.set(peer, percent);
                self.send_volume(peer);
            }
        }
    }

    fn send_volume(&mut self, peer: PeerId) {
        if let Some(slot) = self.slots.of(peer) {
            let percent = self.loudness.of(peer);
            self.lines.down(DownlinkCommand::Volume { slot, percent });
        }
    }

    /// Plays `peer` no more, or again; their volume is as it was then.
    pub(crate) fn silence(&mut self, peer: PeerId, silenced: bool) {
        self.loudness.silence(peer, silenced);
        self.send_volume(peer);
    }

    /// Returns those who are heard through the room alone.
    pub(crate) fn silenced(&self) -> &HashSet<PeerId> {
        self.loudness.silenced()
    }

    /// Plays a short sign, if anything is played.
    pub(crate) fn earcon(&mut self, earcon: Earcon) {
        if self.playing {
            self.lines.down(DownlinkCommand::Earcon(earcon));
        }
    }

    /// Sends a chirp to `peer`, if there is a way to them. What becomes of it is told as news.
    pub(crate) fn chirp(&mut self, peer: PeerId) {
        if let Some(slot) = self.slots.of(peer) {
            self.lines.up(UplinkCommand::Chirp { slot });
        }
    }

    fn enter(&mut self) {
        if self.lines.inside() {
            self.leave();
        }
        let mut seed = [0; 32];
        if let Err(error) = getrandom::fill(&mut seed) {
            tracing::error!(%error, "no random numbers, so no voice");
            return;
        }
        let mut config = profile::voice(self.equipment.profile(), seed);
        config.bitrates = self.equipment.bitrates();
        match voice_pair(&config) {
            Ok((mut uplink, downlink)) => {
                self.look_ahead = uplink.look_ahead();
                self.sending = SendingDelays::default();
                self.lines.enter(uplink, downlink);
                self.lines.up(UplinkCommand::Gate(self.equipment.gate()));
                self.lines
                    .down(DownlinkCommand::Signs { wanted: self.signs });
                self.listening.begin_anew();
                self.equipment.open();
                // Devices that the meeting before left open are not reported again.
                self.review_processing();
            }
            Err(error) => tracing::error!(%error, "no voice"),
        }
    }

    fn leave(&mut self) {
        self.equipment.close();
        self.lines.leave();
        self.last_audience = (None, Audience::Nobody);
        self.slots.clear();
        self.loudness.leave();
        self.figures = Figures::default();
    }

    fn unlink(&mut self, peer: PeerId) {
        self.figures.forget(peer);
        if let Some(slot) = self.slots.free(peer) {
            self.lines.up(UplinkCommand::Unlink { slot });
            self.lines.down(DownlinkCommand::Unlink { slot });
        }
    }

    /// Returns the devices as configured, and how they are doing.
    pub(crate) fn devices(&self) -> (&Devices, DeviceState, DeviceState) {
        self.equipment.devices()
    }

    /// Does to the microphone's sound what suits the devices that are open now.
    pub(crate) fn review_processing(&mut self) {
        if self.lines.inside()
            && let Some(processor) = self.equipment.review()
        {
            self.lines.up(UplinkCommand::Processing(processor));
        }
        self.review_listening();
    }

    /// Says whether short signs are played at all.
    pub(crate) fn want_signs(&mut self, wanted: bool) {
        self.signs = wanted;
        if self.lines.inside() {
            self.lines.down(DownlinkCommand::Signs { wanted });
        }
    }

    /// Returns what is done to the microphone's sound, while it is open.
    pub(crate) fn processing(&self) -> Option<Processing> {
        self.equipment.processing()
    }

    /// Uses other devices from now on.
    pub(crate) fn choose_devices(
        &mut self,
        microphone: Option<DeviceSpec>,
        loudspeaker: Option<DeviceSpec>,
    ) {
        self.equipment.choose(microphone, loudspeaker);
        if self.lines.inside() {
            self.equipment.want();
        }
    }

    /// Sends another channel of the microphone from now on; `None` is the one that is spoken into.
    pub(crate) fn choose_channel(&mut self, channel: Option<NonZeroU16>) {
        self.equipment.choose_channel(channel);
        if self.lines.inside() {
            self.equipment.want();
        }
    }

    /// Changes what the user wishes for captured sound.
    pub(crate) fn treat(&mut self, change: impl FnOnce(Treatments) -> Treatments) {
        self.equipment.treat(change);
        self.review_processing();
    }

    /// Returns the bitrate of our voice to few listeners, in bits per second.
    pub(crate) fn bitrate(&self) -> u32 {
        self.equipment.bitrates().most
    }

    /// Chooses what becomes of pauses from now on.
    pub(crate) fn set_gate(&mut self, gate: GateMode) {
        self.equipment.set_gate(gate);
        if self.lines.inside() {
            self.lines.up(UplinkCommand::Gate(self.equipment.gate()));
        }
    }

    /// Speaks through whatever microphone the system offers now, if the one before is gone or no longer the default.
    pub(crate) fn accept_microphone(&self) {
        self.equipment.accept_microphone();
    }

    /// Closes the devices and ends the threads.
    pub(crate) fn stop(mut self) {
        self.leave();
    }
}

/// Returns an audience in slots, which are given where they are missing.
fn given(slots: &mut Slots, audience: Audience) -> VoiceAudience {
    match audience {
        Audience::Nobody => VoiceAudience::Nobody,
        Audience::Open(peers) => VoiceAudience::Open(slots.give_all(peers)),
        Audience::Whisper(peers) => VoiceAudience::Whisper(slots.give_all(peers)),
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
