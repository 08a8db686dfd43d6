//! Sotto as it runs: two ends with all of [`Uplink`] and [`Downlink`], sealed packets over a bad network, and reports
//! and feedback back over one that is as bad, so that the talker's redundancy follows what the listener loses.
//!
//! The listener's microphone is muted, and it asks for 2.5 ms of sound at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::Duration;

use sotto_impairment::{Link, MS};
use sotto_instruments::Chance;
use sotto_voice::downlink::{ControlLink, InboundLink};
use sotto_voice::playout::PlayoutConfig;
use sotto_voice::uplink::OutboundLink;
use sotto_voice::wire::is_rtcp;
use sotto_voice::wire::rtp::RtpHeader;
use sotto_voice::{
    Audience, Destination, Downlink, DownlinkCommand, DownlinkEvent, FRAME_SAMPLES, LinkSetup,
    MediaKeys, SAMPLE_RATE, SampleCount, SampleTime, Slot, SlotSet, Ssrc, Timestamp, Uplink,
    UplinkCommand, VoiceConfig, VoiceError, mix, voice_pair,
};

use crate::conditions::Condition;
use crate::cpu::counting;
use crate::heard::{HEADERS, Heard};
use crate::simulated::{DEVICE_BUFFER, Stalls};

/// Samples that the listener asks for at a time.
const BLOCK: usize = 120;
const FRAME_TIME: f64 = 10.0 * MS;
/// The talker's microphone opens when the paths have been proven.
const BEGIN: f64 = 300.0 * MS;
/// How long the listener goes on after the last frame.
const REST: f64 = 1_000.0 * MS;

struct End {
    uplink: Uplink,
    downlink: Downlink,
    /// To the other.
    link: Link,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival,
    Timeout(usize),
    Capture,
    Pull,
}

const TALKER: usize = 0;
const LISTENER: usize = 1;

fn address(end: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1 + end as u8], 4000))
}

fn setup(from: usize, seed: u64) -> LinkSetup {
    let mut key = [from as u8; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    LinkSetup {
        slot: Slot::new(0),
        generation: 1,
        keys: MediaKeys {
            key,
            salt: [from as u8; 12],
        },
        open_ssrc: Ssrc::new(10 + 2 * from as u32),
        whisper_ssrc: Ssrc::new(11 + 2 * from as u32),
    }
}

fn end(index: usize, condition: &Condition, seed: u64) -> Result<End, VoiceError> {
    let mut config = VoiceConfig::new([index as u8 + 1; 32]);
    config.seed[..8].copy_from_slice(&seed.to_le_bytes());
    let (mut uplink, mut downlink) = voice_pair(&config)?;
    let out = setup(index, seed);
    let control = ControlLink::new(out.clone(), address(1 - index))?;
    uplink.command(UplinkCommand::Link(OutboundLink::new(out)?))?;
    downlink.command(DownlinkCommand::Outbound(control), Duration::ZERO)?;
    let playout = PlayoutConfig {
        comfort_noise: false,
        ..PlayoutConfig::default()
    };
    let inbound = InboundLink::new(setup(1 - index, seed), playout)?;
    downlink.command(DownlinkCommand::Inbound(inbound), Duration::ZERO)?;
    let direction = seed.wrapping_mul(2).wrapping_add(index as u64);
    Ok(End {
        uplink,
        downlink,
        link: Link::new(condition.impairment, direction),
    })
}

type Packet = Reverse<(u64, u64, usize, Vec<u8>)>;

struct Run {
    ends: [End; 2],
    network: BinaryHeap<Packet>,
    sent: u64,
    /// The RTP timestamp of the talker's first sample.
    origin: Option<Timestamp>,
    /// From when on bytes count, in ns.
    judged_from: f64,
    frame_time: f64,
    base: f64,
    listener_stalls: Stalls,
    /// By how many samples the decoded sound of each captured frame lags behind it.
    lags: Vec<i64>,
    heard: Heard,
}

/// Lets `sound` be said, and returns what was heard. Bytes are counted from sample `judged` on.
pub(crate) fn run(
    sound: &[f32],
    judged: usize,
    condition: &Condition,
    seed: u64,
) -> Result<Heard, VoiceError> {
    let frame_time = FRAME_TIME / (1.0 + condition.drift * 1e-6);
    let frames = sound.len() / FRAME_SAMPLES;
    let length = Duration::from_nanos((frames as f64 * frame_time) as u64);
    let skipped = judged as f64 / FRAME_SAMPLES as f64 * frame_time;
    let until = BEGIN + frames as f64 * frame_time + REST;
    let (talker_stalls, listener_stalls) = condition.draw_stalls(seed, until);
    let mut run = Run {
        ends: [
            end(TALKER, condition, seed)?,
            end(LISTENER, condition, seed)?,
        ],
        network: BinaryHeap::new(),
        sent: 0,
        origin: None,
        judged_from: BEGIN + skipped,
        frame_time,
        base: condition.impairment.base,
        listener_stalls,
        lags: Vec::with_capacity(frames),
        heard: Heard {
            sound: Vec::with_capacity(sound.len() + 96_000),
            sources: Vec::new(),
            mouth_to_ear: Vec::new(),
            added: Vec::new(),
            bytes: 0,
            sending: length.saturating_sub(Duration::from_nanos(skipped as u64)),
            talker: Duration::ZERO,
            listener: Duration::ZERO,
            speech: length,
            concealed: 0,
            repairable: 0,
        },
    };
    let talker = &mut run.ends[TALKER].uplink;
    talker.command(UplinkCommand::Audience {
        at: None,
        audience: Audience::Open(SlotSet::only(Slot::new(0))),
    })?;
    talker.command(UplinkCommand::Microphone {
        at: None,
        open: true,
    })?;
    // Devices do not run in step with each other.
    let phase = Chance::new(seed ^ 0x0f0f).unit() * 2.5 * MS;
    let mut captured = 0;
    let mut pulled = 0_u64;
    loop {
        let spoken = BEGIN + (captured + 1) as f64 * frame_time;
        let capture = if captured < frames {
            talker_stalls.after(spoken) as u64
        } else {
            u64::MAX
        };
        let turn = phase + pulled as f64 * BLOCK as f64 / f64::from(SAMPLE_RATE) * 1e9;
        let pull = run.listener_stalls.after(turn);
        let mut next = (pull as u64, Event::Pull).min((capture, Event::Capture));
        if let Some(Reverse((at, ..))) = run.network.peek() {
            next = next.min((*at, Event::Arrival));
        }
        for index in [TALKER, LISTENER] {
            if let Some(due) = run.ends[index].downlink.next_timeout() {
                next = next.min((due.as_nanos() as u64, Event::Timeout(index)));
            }
        }
        let (now, event) = next;
        if now as f64 > until {
            return Ok(run.heard);
        }
        match event {
            Event::Capture => {
                let frame = &sound[captured * FRAME_SAMPLES..(captured + 1) * FRAME_SAMPLES];
                captured += 1;
                run.capture(frame, spoken as u64, now);
            }
            Event::Pull => {
                pulled += 1;
                if pull > turn + DEVICE_BUFFER {
                    // The device could not wait.
                    run.heard.sound.extend_from_slice(&[0.0; BLOCK]);
                } else {
                    run.pull(turn as u64);
                }
            }
            Event::Arrival => run.arrive(),
            Event::Timeout(index) => run.keep_house(index, now),
        }
    }
}

fn moment(nanoseconds: u64) -> Duration {
    Duration::from_nanos(nanoseconds)
}

impl Run {
    fn capture(&mut self, frame: &[f32], spoken: u64, now: u64) {
        let mut packets: Vec<Vec<u8>> = Vec::new();
        let uplink = &mut self.ends[TALKER].uplink;
        let position = uplink.position().since(SampleTime::START);
        counting(&mut self.heard.talker, || {
            uplink.capture(frame, moment(spoken), &mut |_, packet: &[u8]| {
                packets.push(packet.to_vec());
            });
        });
        let lag = SampleCount::during(uplink.look_ahead());
        self.lags.push(lag.number());
        for packet in packets {
            if self.origin.is_none()
                && let Some(header) = RtpHeader::parse(&packet).filter(|_| !is_rtcp(&packet))
            {
                self.origin = Some(header.timestamp - position);
            }
            self.carry(TALKER, packet, now);
        }
    }

    fn carry(&mut self, from: usize, packet: Vec<u8>, now: u64) {
        if from == TALKER && now as f64 >= self.judged_from {
            self.heard.bytes += packet.len() as u64 + HEADERS;
        }
        if let Some(mut at) = self.ends[from].link.send(now) {
            self.sent += 1;
            if from == TALKER {
                at = self.listener_stalls.after(at as f64) as u64;
            }
            self.network
                .push(Reverse((at, self.sent, 1 - from, packet)));
        }
    }

    fn arrive(&mut self) {
        let Some(Reverse((now, _, to, packet))) = self.network.pop() else {
            return;
        };
        let end = &mut self.ends[to];
        let spent = if to == TALKER {
            &mut self.heard.talker
        } else {
            &mut self.heard.listener
        };
        counting(spent, || {
            end.downlink
                .receive(Destination::Udp(address(1 - to)), &packet, moment(now));
        });
        self.send_waiting(to, now);
    }

    fn keep_house(&mut self, index: usize, now: u64) {
        let spent = if index == TALKER {
            &mut self.heard.talker
        } else {
            &mut self.heard.listener
        };
        let downlink = &mut self.ends[index].downlink;
        counting(spent, || downlink.handle_timeout(moment(now)));
        self.send_waiting(index, now);
    }

    fn send_waiting(&mut self, index: usize, now: u64) {
        while let Some((_, packet)) = self.ends[index].downlink.poll_transmit() {
            let packet = packet.to_vec();
            self.carry(index, packet, now);
        }
        while let Some(event) = self.ends[index].downlink.poll_event() {
            if let DownlinkEvent::Stats(stats) = event
                && index == LISTENER
                && now as f64 >= self.judged_from
            {
                self.heard.concealed += stats.frames.concealed;
                self.heard.repairable += stats.frames.repairable;
            }
        }
    }

    /// Asks for the block whose `turn` it is, or was a moment ago.
    fn pull(&mut self, turn: u64) {
        let mut block = [0.0; BLOCK];
        let downlink = &mut self.ends[LISTENER].downlink;
        counting(&mut self.heard.listener, || {
            downlink.pull(&mut block, moment(turn));
        });
        if let (Some(played), Some(origin)) = (downlink.played(Slot::new(0)), self.origin) {
            let position = played.timestamp.ahead_of(origin).number();
            let offset = played.at.as_nanos() as f64 - turn as f64;
            let offset = (offset * 48e-6).round() as usize + mix::DELAY;
            let captured = BEGIN + position as f64 / FRAME_SAMPLES as f64 * self.frame_time;
            let mixer = mix::DELAY as f64 / 48.0;
            let frame = usize::try_from(position).unwrap_or(0) / FRAME_SAMPLES;
            let lag = self.lags.get(frame).copied().unwrap_or(0);
            let since = (played.at.as_nanos() as f64 - captured) / MS;
            self.heard
                .sources
                .push((self.heard.sound.len() + offset, position - lag));
            self.heard
                .mouth_to_ear
                .push(since + mixer + lag as f64 / 48.0);
            self.heard
                .added
                .push(since - self.frame_time / MS - self.base);
        }
        self.heard.sound.extend_from_slice(&block);
    }
}
