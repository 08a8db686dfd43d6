//! Datagrams on a stream: a length of two bytes, most significant first, and then as many bytes, 1 to 1,400.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::MAX_MEDIA_DATAGRAM;

/// Writes one datagram, whose length the caller has checked, and flushes it.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    datagram: &[u8],
) -> io::Result<()> {
    let length = u16::try_from(datagram.len()).map_err(|_| out_of_range(datagram.len()))?;
    let mut frame = Vec::with_capacity(2 + datagram.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(datagram);
    stream.write_all(&frame).await?;
    stream.flush().await
}

/// Reads one datagram; `None` at the end of the stream between two datagrams.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Box<[u8]>>> {
    let mut length = [0; 2];
    if stream.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..]).await?;
    let length = usize::from(u16::from_be_bytes(length));
    if length == 0 || length > MAX_MEDIA_DATAGRAM {
        return Err(out_of_range(length));
    }
    let mut datagram = vec![0; length];
    stream.read_exact(&mut datagram).await?;
    Ok(Some(datagram.into()))
}

fn out_of_range(length: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a media datagram has 1 to 1400 bytes, not {length}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{executor::block_on, io::Cursor};
    use proptest::{collection::vec, prelude::*};

    /// All datagrams in `bytes`, and whether they end as they should.
    fn read_all(bytes: &[u8]) -> (Vec<Box<[u8]>>, bool) {
        let mut stream = Cursor::new(bytes);
        let mut datagrams = Vec::new();
        loop {
            match block_on(read(&mut stream)) {
                Ok(Some(datagram)) => datagrams.push(datagram),
                Ok(None) => return (datagrams, true),
                Err(_) => return (datagrams, false),
            }
        }
    }

    fn written(datagrams: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for datagram in datagrams {
            block_on(write(&mut stream, datagram)).unwrap();
        }
        stream
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(datagrams in vec(vec(any::<u8>(), 1..=MAX_MEDIA_DATAGRAM), 0..8)) {
            let (read, whole) = read_all(&written(&datagrams));
            prop_assert!(whole);
            prop_assert_eq!(read, datagrams.into_iter().map(Vec::into_boxed_slice).collect::<Vec<_>>());
        }

        #[test]
        fn arbitrary_bytes_give_bounded_datagrams(bytes in vec(any::<u8>(), 0..4096)) {
            let (read, _) = read_all(&bytes);
            prop_assert!(read.iter().all(|datagram| (1..=MAX_MEDIA_DATAGRAM).contains(&datagram.len())));
            prop_assert!(read.iter().map(|datagram| datagram.len() + 2).sum::<usize>() <= bytes.len());
        }

        #[test]
        fn a_mutated_stream_does_no_harm(
            datagrams in vec(vec(any::<u8>(), 1..200), 1..8), at: prop::sample::Index, flip in 1..=255_u8, cut: prop::sample::Index,
        ) {
            let mut bytes = written(&datagrams);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            bytes.truncate(cut.index(bytes.len() + 1));
            let (read, _) = read_all(&bytes);
            prop_assert!(read.len() <= bytes.len() / 3);
        }
    }

    #[test]
    fn a_length_of_nothing_or_too_much_breaks_the_stream() {
        assert_eq!(read_all(&[0, 0, 1]), (vec![], false));
        assert_eq!(read_all(&[0x05, 0x79]), (vec![], false));
        assert_eq!(read_all(&[0, 3, 1]), (vec![], false), "cut off");
    }
}
