//! The uplink thread: from the microphone's ring to the media socket.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::{Events, Poll};
use rtrb::{Consumer, Producer, PushError, RingBuffer};
use sotto_audio::priority::raise_current_thread;
use sotto_audio::{CaptureReader, Wake};
use sotto_net::{MediaSocket, MediaStreams};
use sotto_voice::{
    Destination, FRAME_SAMPLES, Retired, SampleCount, SampleTime, Uplink, UplinkCommand,
};

use super::echo::{Echo, EchoSources};
use super::ring::NewsSender;
use super::waiting::{DEVICE, Waiting, exchange};
use super::{CaptureClock, Clock, SlotNames, VoiceNews, priority};

/// Orders that may wait; a meeting of 256 that everybody joins at once makes two a peer.
const ORDERS: usize = 1024;
/// Devices that may wait to be taken over.
const MICROPHONES: usize = 16;
/// How long the thread sleeps at most while a conversation is on: the pulse of its housekeeping when no
/// microphone wakes it.
const HOUSEKEEPING: Duration = Duration::from_millis(100);

/// What the uplink thread is told.
pub(crate) enum UplinkOrder {
    /// A conversation begins.
    Enter(Box<Uplink>),
    /// It is over.
    Leave,
    /// Something changes in it.
    Command(UplinkCommand),
    /// The program ends.
    Stop,
}

/// The thread, from outside.
pub(crate) struct UplinkThread {
    orders: Producer<UplinkOrder>,
    thread: Option<JoinHandle<()>>,
    wake: Wake,
}

/// Where newly opened microphones are handed over.
pub(crate) type Microphones = Producer<Option<Box<CaptureReader>>>;

/// How packets leave.
pub(crate) struct Sending {
    /// The media socket.
    pub(crate) socket: MediaSocket,
    /// For peers that UDP does not reach.
    pub(crate) streams: MediaStreams,
    /// Whom slots stand for.
    pub(crate) names: SlotNames,
}

impl Sending {
    /// Sends one packet. What the system does not take at once is lost: late sound is worth nothing.
    pub(crate) fn send(&self, to: Destination, packet: &[u8]) {
        match to {
            Destination::Udp(address) => {
                if let Err(error) = self.socket.send_to(packet, address) {
                    tracing::trace!(%error, "packet not sent");
                }
            }
            Destination::Stream(slot) => {
                if let Some(node) = self.names.node(slot)
                    && let Err(error) = self.streams.try_send(node, packet)
                {
                    tracing::trace!(%error, "packet not sent over the stream");
                }
            }
        }
    }
}

impl UplinkThread {
    /// Starts the thread, asleep.
    ///
    /// # Errors
    ///
    /// When the system gives no more threads or file descriptors.
    pub(crate) fn start(
        clock: Clock,
        capture_clock: Arc<CaptureClock>,
        sending: Sending,
        news: NewsSender,
    ) -> io::Result<(Self, Microphones, EchoSources)> {
        let Waiting { poll, wake } = Waiting::new()?;
        let (echo, echo_sources) = Echo::new(clock);
        let (orders, order_queue) = RingBuffer::new(ORDERS);
        let (microphones, microphone_queue) = RingBuffer::new(MICROPHONES);
        let work = Work {
            clock,
            poll,
            capture_clock,
            sending,
            news,
            orders: order_queue,
            microphones: microphone_queue,
            uplink: None,
            microphone: None,
            echo,
            frame: [0.0; FRAME_SAMPLES],
        };
        let thread = thread::Builder::new()
            .name("sotto-uplink".to_owned())
            .spawn(move || work.run())?;
        let handle = Self {
            orders,
            thread: Some(thread),
            wake,
        };
        Ok((handle, microphones, echo_sources))
    }

    /// Returns the call for a microphone's callback.
    pub(crate) fn waker(&self) -> Wake {
        Arc::clone(&self.wake)
    }

    /// Hands over an order. `false` if the thread has stopped taking them.
    #[must_use]
    pub(crate) fn order(&mut self, order: UplinkOrder) -> bool {
        let taken = match self.orders.push(order) {
            Ok(()) => true,
            Err(PushError::Full(_)) => false,
        };
        (self.wake)();
        taken
    }
}

impl Drop for UplinkThread {
    fn drop(&mut self) {
        // The queue is only full when the thread hangs, and then waiting for it would hang us too.
        if self.order(UplinkOrder::Stop)
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

struct Work {
    clock: Clock,
    poll: Poll,
    capture_clock: Arc<CaptureClock>,
    sending: Sending,
    news: NewsSender,
    orders: Consumer<UplinkOrder>,
    microphones: Consumer<Option<Box<CaptureReader>>>,
    uplink: Option<Box<Uplink>>,
    microphone: Option<Box<CaptureReader>>,
    echo: Echo,
    frame: [f32; FRAME_SAMPLES],
}

impl Work {
    fn run(mut self) {
        self.news.tell(VoiceNews::Scheduled {
            thread: "uplink",
            priority: raise_current_thread(),
            id: priority::current_thread_id(),
        });
        let mut events = Events::with_capacity(2);
        while self.take_orders() {
            if events.iter().any(|it| it.token() == DEVICE)
                && let Some(microphone) = &mut self.microphone
            {
                microphone.attend();
            }
            self.capture();
            self.report();
            let timeout = self.uplink.is_some().then_some(HOUSEKEEPING);
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.news.tell(VoiceNews::Failed(format!(
                    "waiting for the microphone failed: {error}"
                )));
                return;
            }
        }
    }

    /// Takes what is ordered; `false` when the thread is to end.
    fn take_orders(&mut self) -> bool {
        while let Ok(microphone) = self.microphones.pop() {
            let registry = self.poll.registry();
            exchange(&mut self.microphone, microphone, registry, &mut self.news);
            self.echo.microphone_changed();
            self.catch_up();
        }
        self.echo.take_over(&mut self.news);
        while let Ok(order) = self.orders.pop() {
            match order {
                UplinkOrder::Enter(uplink) => self.replace(Some(uplink)),
                UplinkOrder::Leave => self.replace(None),
                UplinkOrder::Command(command) => {
                    if let Some(uplink) = &mut self.uplink
                        && let Err(error) = uplink.command(command)
                    {
                        self.news.tell(VoiceNews::Failed(error.to_string()));
                    }
                }
                UplinkOrder::Stop => return false,
            }
        }
        true
    }

    fn replace(&mut self, uplink: Option<Box<Uplink>>) {
        if let Some(past) = std::mem::replace(&mut self.uplink, uplink) {
            self.news.tell(VoiceNews::Past(Retired::new(past)));
        }
        self.capture_clock
            .update(SampleTime::START, self.clock.monotonic());
    }

    /// Capture time has gone on while no microphone was open. Without this, what the user did meanwhile, stamped by
    /// that clock, would come into force as much too late: a mute after it was shown as one.
    fn catch_up(&mut self) {
        let (Some(uplink), Some(microphone)) = (&mut self.uplink, &self.microphone) else {
            return;
        };
        let waiting = SampleCount::of_length(microphone.waiting());
        let now = self.capture_clock.position(self.clock.monotonic());
        uplink.skip(now.since(uplink.position() + waiting));
    }

    /// Sends everything that the microphone has.
    fn capture(&mut self) {
        let Some(microphone) = &mut self.microphone else {
            return;
        };
        loop {
            let frame = self
                .uplink
                .as_ref()
                .map_or(FRAME_SAMPLES, |uplink| uplink.frame_length().samples());
            let frame = &mut self.frame[..frame];
            let Some(lost) = microphone.read(frame) else {
                return;
            };
            let now = self.clock.monotonic();
            // Without a conversation what is captured goes nowhere.
            let Some(uplink) = &mut self.uplink else {
                continue;
            };
            if lost > 0 {
                let lost = SampleCount::new(i64::try_from(lost).unwrap_or(i64::MAX));
                uplink.skip(lost);
                self.echo.skip(lost);
            }
            // Of what waits, the last sample was captured just now.
            let waiting = SampleCount::of_length(microphone.waiting());
            let captured = now.saturating_sub(waiting.duration());
            uplink.overhear(frame, captured);
            let reference = self.echo.frame(uplink.wants_reference(), captured);
            let send = &mut |to, packet: &[u8]| self.sending.send(to, packet);
            uplink.capture_with_reference(frame, &reference, now, send);
            self.capture_clock.update(uplink.position() + waiting, now);
        }
    }

    /// Tells what the uplink noticed.
    fn report(&mut self) {
        let Some(uplink) = &mut self.uplink else {
            return;
        };
        while let Some(event) = uplink.poll_event() {
            self.news.tell(VoiceNews::Uplink(event));
        }
        while let Some(retired) = uplink.take_retired() {
            self.news.tell(VoiceNews::Past(retired));
        }
    }
}
