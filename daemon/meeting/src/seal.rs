//! What only a meeting's participants can read.
//!
//! Whoever was let in holds the meeting's secret. From it come the name of its gossip topic and the key that seals its
//! records: `nonce 24 | XChaCha20-Poly1305(record)`. The additional data names where the bytes belong, so that they
//! open nowhere else.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use zeroize::Zeroizing;

use crate::ids::PeerId;
use crate::output::Topic;

const NONCE: usize = 24;
/// What sealing adds to the length.
pub(crate) const SEAL_OVERHEAD: usize = NONCE + 16;

/// A meeting's secret and what is derived from it.
pub(crate) struct MeetingKeys {
    pub(crate) secret: Zeroizing<[u8; 32]>,
    /// Names the meeting towards those who hold its secret, and tells others nothing.
    pub(crate) tag: [u8; 32],
    pub(crate) topic: Topic,
    cipher: XChaCha20Poly1305,
}

/// Where sealed bytes belong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// The meeting's gossip topic.
    Gossip,
    /// A direct request.
    Request { from: PeerId, to: PeerId },
    /// The answer to a direct request.
    Response { from: PeerId, to: PeerId },
}

impl Place {
    fn additional_data(self, tag: &[u8; 32]) -> Vec<u8> {
        let (kind, peers): (&[u8], _) = match self {
            Self::Gossip => (b"sotto/1/gossip", None),
            Self::Request { from, to } => (b"sotto/1/request", Some((from, to))),
            Self::Response { from, to } => (b"sotto/1/response", Some((from, to))),
        };
        let mut data = [kind, tag].concat();
        if let Some((from, to)) = peers {
            data.extend_from_slice(&from.0);
            data.extend_from_slice(&to.0);
        }
        data
    }
}

impl MeetingKeys {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let tag = blake3::derive_key("sotto/1 2026 meeting topic", &secret);
        let key = Zeroizing::new(blake3::derive_key(
            "sotto/1 2026 meeting record key",
            &secret,
        ));
        let name = blake3::Hash::from_bytes(tag).to_hex();
        Self {
            secret: Zeroizing::new(secret),
            tag,
            topic: Topic::new(&format!("sotto/1/meeting/{name}")),
            cipher: XChaCha20Poly1305::new(&(*key).into()),
        }
    }

    /// What the founding record says of the secret. It tells nothing of what else is derived from it.
    pub(crate) fn commitment(secret: &[u8; 32]) -> [u8; 32] {
        blake3::derive_key("sotto/1 2026 meeting secret commitment", secret)
    }

    pub(crate) fn seal(&self, rng: &mut ChaCha20Rng, place: Place, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let aad = place.additional_data(&self.tag);
        let mut sealed = nonce.to_vec();
        // Only a plaintext of 256 GiB is refused.
        let body = self
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &aad,
                },
            )
            .unwrap_or_default();
        sealed.extend_from_slice(&body);
        sealed
    }

    pub(crate) fn open(&self, place: Place, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
        let aad = place.additional_data(&self.tag);
        self.cipher
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: body,
                    aad: &aad,
                },
            )
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn sealed_bytes_open_only_where_they_belong() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let keys = MeetingKeys::new([2; 32]);
        let (anna, bao) = (PeerId([1; 32]), PeerId([2; 32]));
        let place = Place::Request {
            from: anna,
            to: bao,
        };
        let sealed = keys.seal(&mut rng, place, b"hello");
        assert_eq!(sealed.len(), 5 + SEAL_OVERHEAD);
        assert_eq!(keys.open(place, &sealed).as_deref(), Some(&b"hello"[..]));
        assert!(
            keys.open(
                Place::Request {
                    from: bao,
                    to: anna
                },
                &sealed
            )
            .is_none()
        );
        assert!(
            keys.open(
                Place::Response {
                    from: anna,
                    to: bao
                },
                &sealed
            )
            .is_none()
        );
        assert!(keys.open(Place::Gossip, &sealed).is_none());
        assert!(MeetingKeys::new([3; 32]).open(place, &sealed).is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(MeetingKeys::new([2; 32]).open(Place::Gossip, &bytes).is_none());
        }
    }
}
