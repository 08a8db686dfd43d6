//! The downlink thread: from the media socket to the loudspeaker's ring, and the conversation's housekeeping.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::{Events, Poll, Token};
use rtrb::{Consumer, Producer, PushError, RingBuffer};
use sotto_audio::priority::raise_current_thread;
use sotto_audio::{PlaybackWriter, Wake};
use sotto_net::{MAX_MEDIA_DATAGRAM, MediaSocket};
use sotto_voice::{
    Destination, Downlink, DownlinkCommand, FRAME_SAMPLES, MAX_DATAGRAM, Retired, duration_of,
};

use super::playback_clock::PlaybackClock;
use super::ring::NewsSender;
use super::uplink::Sending;
use super::waiting::{DEVICE, OTHERS, WAKER, Waiting, exchange};
use super::{Clock, VoiceNews, priority};

/// The media socket may take up several from here on.
const SOCKET: Token = OTHERS;
/// Orders that may wait; a meeting of 256 that everybody joins at once makes three a peer.
const ORDERS: usize = 2048;
/// Devices that may wait to be taken over.
const LOUDSPEAKERS: usize = 16;
/// Datagrams taken before the loudspeaker is looked after again: a flood must not silence everybody.
const DATAGRAMS_A_TURN: usize = 64;
/// Turns in a row that may find more datagrams than they take. After that the thread sleeps for [`FLOOD_REST`] and the
/// kernel drops what is too much: 64,000 datagrams a second are no conversation, and a real-time thread that never
/// sleeps is ended by the system.
const FULL_TURNS: u32 = 8;
/// See [`FULL_TURNS`].
const FLOOD_REST: Duration = Duration::from_millis(1);
/// Made in one go at most: more than any device's block.
const BLOCK: usize = 2048;
/// The pace at which sound is consumed while no loudspeaker works, so that rosters show who speaks.
const UNHEARD_PERIOD: Duration = Duration::from_millis(10);
/// The samples of [`UNHEARD_PERIOD`].
const UNHEARD_SAMPLES: usize = FRAME_SAMPLES;
/// When the loudspeaker has played silence in want of sound for up to 100 ms, as much sound is left out, so that an
/// accident is not kept as delay. After more than that playback begins anew by itself.
const MOST_LEFT_OUT: usize = 4_800;

/// What the downlink thread is told.
pub(crate) enum DownlinkOrder {
    /// A conversation begins.
    Enter(Box<Downlink>),
    /// It is over.
    Leave,
    /// Something changes in it.
    Command(DownlinkCommand),
    /// The program ends.
    Stop,
}

/// The thread, from outside.
pub(crate) struct DownlinkThread {
    orders: Producer<DownlinkOrder>,
    thread: Option<JoinHandle<()>>,
    wake: Wake,
}

/// Where newly opened loudspeakers are handed over.
pub(crate) type Loudspeakers = Producer<Option<Box<PlaybackWriter>>>;

impl DownlinkThread {
    /// Starts the thread, asleep.
    ///
    /// # Errors
    ///
    /// When the system gives no more threads or file descriptors.
    pub(crate) fn start(
        clock: Clock,
        waiting: Waiting,
        mut socket: MediaSocket,
        sending: Sending,
        news: NewsSender,
    ) -> io::Result<(Self, Loudspeakers)> {
        let Waiting { poll, wake } = waiting;
        socket.register(poll.registry(), SOCKET)?;
        let (orders, order_queue) = RingBuffer::new(ORDERS);
        let (loudspeakers, loudspeaker_queue) = RingBuffer::new(LOUDSPEAKERS);
        let work = Work {
            clock,
            poll,
            socket,
            sending,
            news,
            orders: order_queue,
            loudspeakers: loudspeaker_queue,
            downlink: None,
            loudspeaker: None,
            playback_clock: PlaybackClock::new(clock.monotonic()),
            block: [0.0; BLOCK],
            next_unheard: Duration::ZERO,
        };
        let thread = thread::Builder::new()
            .name("sotto-downlink".to_owned())
            .spawn(move || work.run())?;
        let handle = Self {
            orders,
            thread: Some(thread),
            wake,
        };
        Ok((handle, loudspeakers))
    }

    /// Returns the call for a loudspeaker's callback.
    pub(crate) fn waker(&self) -> Wake {
        Arc::clone(&self.wake)
    }

    /// Hands over an order. `false` if the thread has stopped taking them.
    #[must_use]
    pub(crate) fn order(&mut self, order: DownlinkOrder) -> bool {
        let taken = match self.orders.push(order) {
            Ok(()) => true,
            Err(PushError::Full(_)) => false,
        };
        (self.wake)();
        taken
    }
}

impl Drop for DownlinkThread {
    fn drop(&mut self) {
        // The queue is only full when the thread hangs, and then waiting for it would hang us too.
        if self.order(DownlinkOrder::Stop)
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

struct Work {
    clock: Clock,
    poll: Poll,
    socket: MediaSocket,
    sending: Sending,
    news: NewsSender,
    orders: Consumer<DownlinkOrder>,
    loudspeakers: Consumer<Option<Box<PlaybackWriter>>>,
    downlink: Option<Box<Downlink>>,
    loudspeaker: Option<Box<PlaybackWriter>>,
    playback_clock: PlaybackClock,
    block: [f32; BLOCK],
    next_unheard: Duration,
}

impl Work {
    fn run(mut self) {
        self.news.tell(VoiceNews::Scheduled {
            thread: "downlink",
            priority: raise_current_thread(),
            id: priority::current_thread_id(),
        });
        let mut events = Events::with_capacity(2 + MediaSocket::TOKENS);
        let mut more = false;
        let mut full_turns = 0;
        while self.take_orders() {
            full_turns = if more { full_turns + 1 } else { 0 };
            if full_turns > FULL_TURNS {
                thread::sleep(FLOOD_REST);
                full_turns = 0;
            }
            let timeout = if more {
                Some(Duration::ZERO)
            } else {
                self.timeout()
            };
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.news.tell(VoiceNews::Failed(format!(
                    "waiting for voice failed: {error}"
                )));
                return;
            }
            self.socket.note_ready(&events);
            let reported = |what: fn(Token) -> bool| events.iter().any(|it| what(it.token()));
            let datagrams = more || reported(|token| token >= SOCKET);
            let streams = more || reported(|token| token == WAKER);
            more = datagrams && self.receive();
            more |= streams && self.receive_from_streams();
            if reported(|token| token == DEVICE)
                && let Some(loudspeaker) = &mut self.loudspeaker
            {
                loudspeaker.attend();
            }
            self.play();
            self.keep_house();
        }
    }

    /// Takes what is ordered; `false` when the thread is to end.
    fn take_orders(&mut self) -> bool {
        while let Ok(loudspeaker) = self.loudspeakers.pop() {
            let registry = self.poll.registry();
            exchange(&mut self.loudspeaker, loudspeaker, registry, &mut self.news);
            self.playback_clock = PlaybackClock::new(self.clock.monotonic());
        }
        while let Ok(order) = self.orders.pop() {
            match order {
                DownlinkOrder::Enter(downlink) => self.replace(Some(downlink)),
                DownlinkOrder::Leave => self.replace(None),
                DownlinkOrder::Command(command) => {
                    let now = self.clock.monotonic();
                    if let Some(downlink) = &mut self.downlink
                        && let Err(error) = downlink.command(command, now)
                    {
                        self.news.tell(VoiceNews::Failed(error.to_string()));
                    }
                }
                DownlinkOrder::Stop => return false,
            }
        }
        true
    }

    fn replace(&mut self, downlink: Option<Box<Downlink>>) {
        if let Some(past) = std::mem::replace(&mut self.downlink, downlink) {
            self.news.tell(VoiceNews::Past(Retired::new(past)));
        }
        self.next_unheard = self.clock.monotonic();
    }

    fn timeout(&self) -> Option<Duration> {
        let downlink = self.downlink.as_ref()?;
        let now = self.clock.monotonic();
        let housekeeping = downlink.next_timeout();
        let unheard = self.loudspeaker.is_none().then_some(self.next_unheard);
        housekeeping
            .into_iter()
            .chain(unheard)
            .min()
            .map(|due| due.saturating_sub(now))
    }

    /// Takes datagrams in; `true` if there may be more.
    fn receive(&mut self) -> bool {
        let mut buffer = [0; MAX_DATAGRAM];
        let mut more = true;
        for _ in 0..DATAGRAMS_A_TURN {
            match self.socket.receive_from(&mut buffer) {
                Ok((length, from)) => {
                    // Outside a meeting nothing is listened to, but the socket is emptied.
                    if let Some(downlink) = &mut self.downlink {
                        let now = self.clock.monotonic();
                        downlink.receive(Destination::Udp(from), &buffer[..length], now);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    more = false;
                    break;
                }
                // An ICMP error about a packet that we sent earlier.
                Err(error) => tracing::trace!(%error, "receiving failed"),
            }
        }
        more
    }

    /// Takes in what came over streams, for peers that UDP does not reach; `true` if there may be more.
    fn receive_from_streams(&mut self) -> bool {
        let mut buffer = [0; MAX_MEDIA_DATAGRAM];
        for _ in 0..DATAGRAMS_A_TURN {
            let Some((node, length)) = self.sending.streams.try_receive(&mut buffer) else {
                return false;
            };
            let slot = self.sending.names.slot(node);
            if let (Some(downlink), Some(slot)) = (&mut self.downlink, slot) {
                let now = self.clock.monotonic();
                downlink.receive(Destination::Stream(slot), &buffer[..length], now);
            }
        }
        true
    }

    /// Gives the loudspeaker what it wants.
    fn play(&mut self) {
        let now = self.clock.monotonic();
        let Some(loudspeaker) = &mut self.loudspeaker else {
            self.consume_unheard(now);
            return;
        };
        let missed = loudspeaker.take_missed();
        let mut left_out = if missed <= MOST_LEFT_OUT {
            missed
        } else {
            self.playback_clock.played(missed);
            0
        };
        let wanted = loudspeaker.wanted();
        let mut left = left_out + wanted;
        if left == 0 {
            return;
        }
        let mut at = self.playback_clock.moment(now);
        while left > 0 {
            let count = if left_out > 0 { left_out } else { left }.min(BLOCK);
            let block = &mut self.block[..count];
            match &mut self.downlink {
                Some(downlink) => downlink.pull(block, at),
                None => block.fill(0.0),
            }
            if left_out > 0 {
                left_out -= count;
            } else {
                loudspeaker.write(block);
            }
            self.playback_clock.played(count);
            at += duration_of(count as u64);
            left -= count;
        }
        if let Some(downlink) = &mut self.downlink {
            downlink.set_playback_delay(duration_of(loudspeaker.until_heard() as u64));
        }
    }

    fn consume_unheard(&mut self, now: Duration) {
        let Some(downlink) = &mut self.downlink else {
            return;
        };
        // After a long stall sound is skipped rather than decoded in a burst.
        if now > self.next_unheard + Duration::from_secs(1) {
            self.next_unheard = now;
        }
        while self.next_unheard <= now {
            downlink.pull(&mut self.block[..UNHEARD_SAMPLES], self.next_unheard);
            self.next_unheard += UNHEARD_PERIOD;
        }
    }

    /// Sends what is due and tells what was noticed.
    fn keep_house(&mut self) {
        let now = self.clock.monotonic();
        let Some(downlink) = &mut self.downlink else {
            return;
        };
        if downlink.next_timeout().is_some_and(|due| due <= now) {
            downlink.handle_timeout(now);
        }
        while let Some((to, packet)) = downlink.poll_transmit() {
            self.sending.send(to, packet);
        }
        while let Some(event) = downlink.poll_event() {
            self.news.tell(VoiceNews::Downlink(event));
        }
        while let Some(retired) = downlink.take_retired() {
            self.news.tell(VoiceNews::Past(retired));
        }
    }
}
