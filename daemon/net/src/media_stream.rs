//! Media over a stream, for peers that UDP does not reach.
//!
//! A stream is opened when the first datagram wants out, one for each peer and direction, on a connection that
//! exists. Nothing here waits: a real-time thread puts a datagram into a short queue and goes on; if the stream
//! cannot keep up, the oldest datagrams are dropped, because late sound is worth nothing.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use libp2p::StreamProtocol;
use tokio::{sync::Notify, task::JoinSet, time};

use crate::{MediaStreamError, NodeId, statistics::Counters};

mod framing;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/sotto/media/1");
/// The longest media datagram, in bytes.
pub const MAX_MEDIA_DATAGRAM: usize = 1400;
/// Datagrams that wait for one peer's stream: a third of a second at 100 a second.
const OUT_QUEUE: usize = 32;
/// Datagrams that wait for the receiving thread, from everyone and from one peer.
const IN_QUEUE: usize = 1024;
const IN_QUEUE_PER_PEER: usize = 64;
/// Streams open in one direction.
const MAX_STREAMS: usize = 256;
/// A stream that carried nothing for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Opening a stream, or getting rid of one datagram, must not take longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Wakes a thread; called from any other thread, must not block.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Sends and receives media datagrams over streams on existing connections, never blocking.
#[derive(Clone)]
pub struct MediaStreams {
    shared: Arc<Shared>,
}

/// What the real-time threads and the stream tasks share. Locks are held for a few copies at most.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Whether datagrams may wait in `State::incoming`; changed under its lock. The receiving thread, which must not
    /// wait for a lock, takes it only then: where UDP works, never.
    arrived: AtomicBool,
    wake: Mutex<Option<Wake>>,
    /// Rung when a peer's queue is no longer empty and no task serves it.
    opening: Notify,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct State {
    peers: HashMap<NodeId, Outgoing>,
    /// Peers whose queue waits for a task.
    to_open: VecDeque<NodeId>,
    incoming: VecDeque<(NodeId, Box<[u8]>)>,
    incoming_per_peer: HashMap<NodeId, usize>,
}

/// A connected peer's queue.
#[derive(Default)]
struct Outgoing {
    queue: VecDeque<Box<[u8]>>,
    ready: Arc<Notify>,
    served: bool,
}

impl MediaStreams {
    /// Queues a datagram of 1 to [`MAX_MEDIA_DATAGRAM`] bytes for `peer`. The stream is opened on demand. If the
    /// stream cannot keep up, the oldest queued datagram is dropped: late sound is worth nothing.
    ///
    /// # Errors
    /// If the peer is not connected or the length is out of range.
    pub fn try_send(&self, peer: NodeId, datagram: &[u8]) -> Result<(), MediaStreamError> {
        if datagram.is_empty() || datagram.len() > MAX_MEDIA_DATAGRAM {
            return Err(MediaStreamError::Length);
        }
        let mut state = self.shared.state();
        let state = &mut *state;
        let outgoing = state
            .peers
            .get_mut(&peer)
            .ok_or(MediaStreamError::NotConnected(peer))?;
        if outgoing.queue.len() >= OUT_QUEUE {
            outgoing.queue.pop_front();
            self.shared.counters.stream_datagrams_dropped.increment();
        }
        outgoing.queue.push_back(datagram.into());
        if outgoing.served {
            outgoing.ready.notify_one();
        } else {
            outgoing.served = true;
            state.to_open.push_back(peer);
            self.shared.opening.notify_one();
        }
        Ok(())
    }

    /// Takes the next datagram that came in, oldest first, and copies it to the start of `buffer`, which should hold
    /// [`MAX_MEDIA_DATAGRAM`] bytes; a datagram longer than `buffer` is dropped and counted.
    pub fn try_receive(&self, buffer: &mut [u8]) -> Option<(NodeId, usize)> {
        while self.shared.arrived.load(Ordering::Acquire) {
            let (peer, datagram) = {
                let mut state = self.shared.state();
                let taken = state.take_incoming();
                self.shared
                    .arrived
                    .store(!state.incoming.is_empty(), Ordering::Release);
                taken?
            };
            if let Some(space) = buffer.get_mut(..datagram.len()) {
                space.copy_from_slice(&datagram);
                return Some((peer, datagram.len()));
            }
            self.shared.counters.stream_datagrams_dropped.increment();
        }
        None
    }
}

impl fmt::Debug for MediaStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStreams").finish_non_exhaustive()
    }
}

impl State {
    fn take_incoming(&mut self) -> Option<(NodeId, Box<[u8]>)> {
        let (peer, datagram) = self.incoming.pop_front()?;
        self.discount(peer);
        Some((peer, datagram))
    }

    fn drop_oldest_of(&mut self, peer: NodeId) {
        if let Some(oldest) = self.incoming.iter().position(|(from, _)| *from == peer) {
            self.incoming.remove(oldest);
            self.discount(peer);
        }
    }

    fn discount(&mut self, peer: NodeId) {
        if let Some(count) = self.incoming_per_peer.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.incoming_per_peer.remove(&peer);
            }
        }
    }
}

impl Shared {
    pub(crate) fn new(counters: Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            arrived: AtomicBool::new(false),
            wake: Mutex::default(),
            opening: Notify::new(),
            counters,
        })
    }

    /// The handle for the real-time threads; `wake` replaces an earlier one.
    pub(crate) fn handle(self: &Arc<Self>, wake: Wake) -> MediaStreams {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
        MediaStreams {
            shared: Arc::clone(self),
        }
    }

    /// `peer` has a connection now.
    pub(crate) fn connected(&self, peer: NodeId) {
        self.state().peers.entry(peer).or_default();
    }

    /// `peer` has none left; what waited for it is dropped.
    pub(crate) fn disconnected(&self, peer: NodeId) {
        if let Some(outgoing) = self.state().peers.remove(&peer) {
            self.counters
                .stream_datagrams_dropped
                .add(outgoing.queue.len() as u64);
            // The task that serves the queue finds the peer gone.
            outgoing.ready.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the queues are consistent after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self, peer: NodeId, datagram: Box<[u8]>) {
        {
            let mut state = self.state();
            let of_this_peer = state.incoming_per_peer.get(&peer).copied().unwrap_or(0);
            // Late sound is worth nothing: the oldest goes, of this peer if it has its share already.
            if of_this_peer >= IN_QUEUE_PER_PEER {
                state.drop_oldest_of(peer);
                self.counters.stream_datagrams_dropped.increment();
            } else if state.incoming.len() >= IN_QUEUE {
                state.take_incoming();
                self.counters.stream_datagrams_dropped.increment();
            }
            *state.incoming_per_peer.entry(peer).or_default() += 1;
            state.incoming.push_back((peer, datagram));
            self.arrived.store(true, Ordering::Release);
        }
        self.counters.stream_datagrams_received.increment();
        let wake = self
            .wake
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(wake) = wake {
            wake();
        }
    }

    /// The next datagram for `peer`; `None` once it is disconnected or its queue stayed empty for [`IDLE`].
    async fn next_outgoing(&self, peer: NodeId) -> Option<Box<[u8]>> {
        loop {
            let ready = {
                let mut state = self.state();
                let outgoing = state.peers.get_mut(&peer)?;
                if let Some(datagram) = outgoing.queue.pop_front() {
                    return Some(datagram);
                }
                Arc::clone(&outgoing.ready)
            };
            if time::timeout(IDLE, ready.notified()).await.is_err() {
                return None;
            }
        }
    }

    /// No task serves `peer` any more; the next datagram starts another.
    fn unserved(&self, peer: NodeId, failed: bool) {
        let mut state = self.state();
        let state = &mut *state;
        let Some(outgoing) = state.peers.get_mut(&peer) else {
            return;
        };
        if failed {
            self.counters
                .stream_datagrams_dropped
                .add(outgoing.queue.len() as u64);
            outgoing.queue.clear();
        }
        outgoing.served = !outgoing.queue.is_empty();
        if outgoing.served {
            state.to_open.push_back(peer);
            self.opening.notify_one();
        }
    }
}

/// Opens, serves and accepts streams until it is dropped.
pub(crate) async fn run(shared: Arc<Shared>, mut control: libp2p_stream::Control) {
    let Ok(mut incoming) = control.accept(PROTOCOL) else {
        return;
    };
    let mut sending = JoinSet::new();
    let mut receiving = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.opening.notified() => {
                loop {
                    let Some(peer) = shared.state().to_open.pop_front() else { break };
                    if sending.len() >= MAX_STREAMS {
                        shared.counters.streams_refused.increment();
                        shared.unserved(peer, true);
                        continue;
                    }
                    sending.spawn(send(Arc::clone(&shared), control.clone(), peer));
                }
            }
            Some(stream) = incoming.next() => {
                let (peer, stream) = stream;
                let peer = NodeId::from_peer_id(&peer).filter(|_| receiving.len() < MAX_STREAMS);
                match peer {
                    Some(peer) => { receiving.spawn(receive(Arc::clone(&shared), stream, peer)); }
                    None => shared.counters.streams_refused.increment(),
                }
            }
            Some(_) = sending.join_next() => {}
            Some(_) = receiving.join_next() => {}
        }
    }
}

async fn send(shared: Arc<Shared>, mut control: libp2p_stream::Control, peer: NodeId) {
    let opened = time::timeout(PATIENCE, control.open_stream(peer.to_peer_id(), PROTOCOL)).await;
    let mut failed = true;
    match opened {
        Ok(Ok(mut stream)) => loop {
            let Some(datagram) = shared.next_outgoing(peer).await else {
                failed = false;
                break;
            };
            match time::timeout(PATIENCE, framing::write(&mut stream, &datagram)).await {
                Ok(Ok(())) => shared.counters.stream_datagrams_sent.increment(),
                Ok(Err(_)) | Err(_) => {
                    shared.counters.stream_datagrams_dropped.increment();
                    break;
                }
            }
        },
        Ok(Err(error)) => tracing::debug!(%peer, %error, "cannot open a media stream"),
        Err(_) => tracing::debug!(%peer, "opening a media stream took too long"),
    }
    if failed {
        // Not at once again: whoever sends sound would try a hundred times a second.
        time::sleep(PATIENCE / 6).await;
    }
    shared.unserved(peer, failed);
}

async fn receive(shared: Arc<Shared>, mut stream: libp2p::Stream, peer: NodeId) {
    loop {
        match time::timeout(IDLE * 2, framing::read(&mut stream)).await {
            Ok(Ok(Some(datagram))) => shared.received(peer, datagram),
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(error)) => {
                shared.counters.streams_refused.increment();
                tracing::debug!(%peer, %error, "a media stream broke");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const ANNA: NodeId = NodeId([1; 32]);

    fn streams() -> (Arc<Shared>, MediaStreams, Arc<AtomicUsize>) {
        let shared = Shared::new(Arc::new(Counters::default()));
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let streams = shared.handle(Arc::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        (shared, streams, woken)
    }

    #[test]
    fn only_connected_peers_and_sensible_lengths() {
        let (shared, streams, _) = streams();
        assert_eq!(
            streams.try_send(ANNA, b"x"),
            Err(MediaStreamError::NotConnected(ANNA))
        );
        shared.connected(ANNA);
        assert_eq!(streams.try_send(ANNA, b"x"), Ok(()));
        assert_eq!(streams.try_send(ANNA, b""), Err(MediaStreamError::Length));
        assert_eq!(
            streams.try_send(ANNA, &[0; MAX_MEDIA_DATAGRAM + 1]),
            Err(MediaStreamError::Length)
        );
        shared.disconnected(ANNA);
        assert_eq!(
            streams.try_send(ANNA, b"x"),
            Err(MediaStreamError::NotConnected(ANNA))
        );
    }

    #[test]
    fn the_oldest_outgoing_datagram_makes_room() {
        let (shared, streams, _) = streams();
        shared.connected(ANNA);
        for number in 0..100 {
            streams.try_send(ANNA, &[number]).unwrap();
        }
        let state = shared.state();
        let queue = &state.peers[&ANNA].queue;
        assert_eq!(queue.len(), OUT_QUEUE);
        assert_eq!(&**queue.back().unwrap(), [99]);
        assert_eq!(state.to_open.len(), 1, "one task is asked for, once");
        assert_eq!(
            shared.counters.snapshot().stream_datagrams_dropped,
            100 - OUT_QUEUE as u64
        );
    }

    #[test]
    fn one_talker_cannot_fill_the_incoming_queue_for_all() {
        let (shared, streams, woken) = streams();
        for number in 0..200 {
            shared.received(ANNA, Box::new([number]));
        }
        shared.received(NodeId([2; 32]), Box::new([2]));
        let mut buffer = [0; MAX_MEDIA_DATAGRAM];
        let mut received = Vec::new();
        while let Some((peer, 1)) = streams.try_receive(&mut buffer) {
            received.push((peer, buffer[0]));
        }
        assert_eq!(received.len(), IN_QUEUE_PER_PEER + 1);
        assert_eq!(
            received[IN_QUEUE_PER_PEER - 1],
            (ANNA, 199),
            "the newest stay"
        );
        assert_eq!(received.last(), Some(&(NodeId([2; 32]), 2)));
        assert_eq!(woken.load(Ordering::Relaxed), 201);
        assert!(shared.state().incoming_per_peer.is_empty());
    }

    #[test]
    fn a_datagram_longer_than_the_buffer_is_dropped_and_the_next_delivered() {
        let (shared, streams, _) = streams();
        shared.received(ANNA, vec![1; 20].into());
        shared.received(ANNA, vec![2; 3].into());
        let mut buffer = [0; 10];
        assert_eq!(streams.try_receive(&mut buffer), Some((ANNA, 3)));
        assert_eq!(buffer[..3], [2; 3]);
    }
}
