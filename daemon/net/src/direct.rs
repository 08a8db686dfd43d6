//! Direct messages: one request and its response between two peers, on a stream of their own.
//!
//! Each of the two is a length of four bytes, most significant first, and then as many bytes. The length only says
//! whether the message is whole; memory grows with what really arrives.

use std::{
    collections::HashMap,
    io,
    time::{Duration, Instant},
};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{
    StreamProtocol,
    request_response::{self, OutboundRequestId, ProtocolSupport, ResponseChannel},
};

use crate::{MAX_REQUEST, MAX_RESPONSE, NodeId};

const PROTOCOL: StreamProtocol = StreamProtocol::new("/sotto/direct/1");
/// From the request to the end of its response.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
/// Streams of direct messages at once on one connection.
const STREAMS_PER_CONNECTION: usize = 32;
/// Requests of others that wait for our answer.
const MAX_INBOUND: usize = 256;
/// The same, from one peer.
const MAX_INBOUND_PER_PEER: usize = 16;
/// Own requests under way.
const MAX_OUTBOUND: usize = 1024;

pub(crate) type Behaviour = request_response::Behaviour<Codec>;
pub(crate) type Event = request_response::Event<Vec<u8>, Vec<u8>>;

pub(crate) fn behaviour() -> Behaviour {
    let config = request_response::Config::default()
        .with_request_timeout(TIMEOUT)
        .with_max_concurrent_streams(STREAMS_PER_CONNECTION);
    Behaviour::with_codec(Codec, [(PROTOCOL, ProtocolSupport::Full)], config)
}

/// Bytes as they are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Codec;

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, MAX_REQUEST).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, MAX_RESPONSE).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &request).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        response: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &response).await
    }
}

async fn write(io: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| too_long())?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(message).await?;
    io.close().await
}

/// Reads one message of at most `limit` bytes. A stream that ends early is an error: a peer that drops a request
/// instead of answering it ends the stream as well.
async fn read(io: &mut (impl AsyncRead + Unpin), limit: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length);
    if length as usize > limit {
        return Err(too_long());
    }
    let mut message = Vec::new();
    io.take(length.into()).read_to_end(&mut message).await?;
    if message.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(message)
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the message is too long")
}

/// Requests of others that have not been answered yet.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    next: u64,
    waiting: HashMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    from: NodeId,
    until: Instant,
    channel: ResponseChannel<Vec<u8>>,
}

impl Inbox {
    /// Keeps the way back to `from`; returns the number for it, or `None` if too many wait.
    pub(crate) fn insert(
        &mut self,
        from: NodeId,
        channel: ResponseChannel<Vec<u8>>,
        now: Instant,
    ) -> Option<u64> {
        self.waiting.retain(|_, waiting| waiting.until > now);
        let of_this_peer = self
            .waiting
            .values()
            .filter(|waiting| waiting.from == from)
            .count();
        if self.waiting.len() >= MAX_INBOUND || of_this_peer >= MAX_INBOUND_PER_PEER {
            return None;
        }
        let id = self.next;
        self.next += 1;
        self.waiting.insert(
            id,
            Waiting {
                from,
                until: now + TIMEOUT,
                channel,
            },
        );
        Some(id)
    }

    /// The way back, once.
    pub(crate) fn take(&mut self, id: u64) -> Option<ResponseChannel<Vec<u8>>> {
        self.waiting.remove(&id).map(|waiting| waiting.channel)
    }
}

/// Own requests: those under way, and those that wait for a connection.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    sent: HashMap<OutboundRequestId, Asked>,
    unsent: Vec<(Instant, Asked, Vec<u8>)>,
}

/// Whom a request went to, and the caller's number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) to: NodeId,
    pub(crate) id: u64,
}

impl Outbox {
    pub(crate) fn is_full(&self) -> bool {
        self.sent.len() + self.unsent.len() >= MAX_OUTBOUND
    }

    /// Libp2p answers or fails each within [`TIMEOUT`], so this map drains by itself.
    pub(crate) fn sent(&mut self, request: OutboundRequestId, asked: Asked) {
        self.sent.insert(request, asked);
    }

    pub(crate) fn finished(&mut self, request: OutboundRequestId) -> Option<Asked> {
        self.sent.remove(&request)
    }

    /// Keeps a request until its receiver is connected.
    pub(crate) fn hold(&mut self, asked: Asked, data: Vec<u8>, now: Instant) {
        self.unsent.push((now + TIMEOUT, asked, data));
    }

    /// What was held for `peer`.
    pub(crate) fn release(&mut self, peer: NodeId) -> Vec<(Asked, Vec<u8>)> {
        self.take_unsent(|_, asked| asked.to == peer)
    }

    /// What was held too long.
    pub(crate) fn expired(&mut self, now: Instant) -> Vec<(Asked, Vec<u8>)> {
        self.take_unsent(|until, _| until <= now)
    }

    fn take_unsent(&mut self, which: impl Fn(Instant, &Asked) -> bool) -> Vec<(Asked, Vec<u8>)> {
        self.unsent
            .extract_if(.., |(until, asked, _)| which(*until, asked))
            .map(|(_, asked, data)| (asked, data))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{executor::block_on, io::Cursor};
    use proptest::{collection::vec, prelude::*};

    fn written(message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        block_on(write(&mut bytes, message)).unwrap();
        bytes
    }

    fn parsed(bytes: &[u8]) -> Result<Vec<u8>, io::ErrorKind> {
        block_on(read(&mut Cursor::new(bytes), 1000)).map_err(|error| error.kind())
    }

    #[test]
    fn a_message_is_read_up_to_its_limit() {
        for length in [0, 1, 1000] {
            let message = vec![7; length];
            assert_eq!(parsed(&written(&message)), Ok(message));
        }
        assert_eq!(
            parsed(&written(&[7; 1001])),
            Err(io::ErrorKind::InvalidData)
        );
    }

    #[test]
    fn no_answer_is_not_an_empty_answer() {
        assert_eq!(parsed(&[]), Err(io::ErrorKind::UnexpectedEof));
    }

    proptest! {
        #[test]
        fn a_message_cut_off_anywhere_is_refused(message in vec(any::<u8>(), 0..900), cut: prop::sample::Index) {
            let bytes = written(&message);
            prop_assert_eq!(parsed(&bytes[..cut.index(bytes.len())]), Err(io::ErrorKind::UnexpectedEof));
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_a_message_of_that_length(bytes in vec(any::<u8>(), 0..64)) {
            if let Ok(message) = parsed(&bytes) {
                prop_assert_eq!(&bytes[4..4 + message.len()], &message[..]);
            }
        }

        #[test]
        fn a_mutated_message_does_no_harm(
            message in vec(any::<u8>(), 0..900), at: prop::sample::Index, flip in 1..=255_u8,
        ) {
            let mut bytes = written(&message);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = parsed(&bytes) {
                prop_assert!(read.len() <= message.len());
            }
        }
    }

    #[test]
    fn held_requests_are_released_in_order_or_expire() {
        let mut outbox = Outbox::default();
        let start = Instant::now();
        let (anna, bao) = (NodeId([1; 32]), NodeId([2; 32]));
        for (to, id) in [(anna, 1), (bao, 2), (anna, 3)] {
            outbox.hold(Asked { to, id }, vec![], start);
        }
        let released: Vec<_> = outbox
            .release(anna)
            .into_iter()
            .map(|(asked, _)| asked.id)
            .collect();
        assert_eq!(released, [1, 3]);
        assert!(outbox.expired(start).is_empty());
        assert_eq!(
            outbox.expired(start + TIMEOUT)[0].0,
            Asked { to: bao, id: 2 }
        );
        assert!(!outbox.is_full());
    }
}
