//! A daemon's name on the network: its public key.

use std::{fmt, str::FromStr};

use libp2p::{PeerId, identity, multihash::Multihash};

use crate::ParseNodeIdError;

/// The raw ed25519 public key of a daemon, which is its name everywhere.
///
/// Shown and parsed as libp2p's base58 peer id (`12D3KooW…`), which holds the same 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub [u8; 32]);

/// What precedes the key in an ed25519 peer id: protobuf field 1 = key type 1, field 2 = 32 bytes.
const KEY_PREFIX: [u8; 4] = [0x08, 0x01, 0x12, 0x20];
/// The multihash code of a value that is not hashed.
const IDENTITY_HASH: u64 = 0x00;

impl NodeId {
    /// The identity that belongs to a secret ed25519 seed.
    pub fn from_secret_seed(seed: [u8; 32]) -> Self {
        let keypair = keypair_from_seed(seed);
        Self(keypair.public().to_bytes())
    }

    /// The key inside `peer`, or `None` for an identity that is not an ed25519 key.
    pub(crate) fn from_peer_id(peer: &PeerId) -> Option<Self> {
        let multihash: &Multihash<64> = peer.as_ref();
        if multihash.code() != IDENTITY_HASH {
            return None;
        }
        let key = multihash.digest().strip_prefix(&KEY_PREFIX)?;
        Some(Self(key.try_into().ok()?))
    }

    /// The same key as libp2p's peer id.
    pub(crate) fn to_peer_id(self) -> PeerId {
        let mut digest = [0; 36];
        digest[..4].copy_from_slice(&KEY_PREFIX);
        digest[4..].copy_from_slice(&self.0);
        let multihash = Multihash::wrap(IDENTITY_HASH, &digest);
        #[allow(clippy::expect_used)]
        // 36 bytes fit into a multihash of 64, and the identity hash is valid for ≤ 42
        multihash
            .ok()
            .and_then(|multihash| PeerId::from_multihash(multihash).ok())
            .expect("an ed25519 key always makes a peer id")
    }
}

/// The key pair that grows out of a 32-byte seed.
pub(crate) fn keypair_from_seed(mut seed: [u8; 32]) -> identity::ed25519::Keypair {
    #[allow(clippy::expect_used)]
    // every 32 bytes are an ed25519 secret; the copy in `seed` is zeroed by the call
    let secret =
        identity::ed25519::SecretKey::try_from_bytes(&mut seed).expect("32 bytes are a secret key");
    identity::ed25519::Keypair::from(secret)
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_peer_id().fmt(f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = ParseNodeIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // An ed25519 peer id has 52 characters; anything far longer is not worth decoding.
        if text.len() > 64 {
            return Err(ParseNodeIdError);
        }
        let peer: PeerId = text.parse().map_err(|_| ParseNodeIdError)?;
        Self::from_peer_id(&peer).ok_or(ParseNodeIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_seed_gives_the_same_identity_as_libp2p() {
        let seed = [7; 32];
        let keypair: identity::Keypair = keypair_from_seed(seed).into();
        let node = NodeId::from_secret_seed(seed);
        assert_eq!(node.to_peer_id(), keypair.public().to_peer_id());
        assert_eq!(
            NodeId::from_peer_id(&keypair.public().to_peer_id()),
            Some(node)
        );
        assert!(node.to_string().starts_with("12D3KooW"));
    }

    #[test]
    fn a_peer_id_that_is_a_hash_is_no_node() {
        assert_eq!(
            "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse::<NodeId>(),
            Err(ParseNodeIdError)
        );
    }

    proptest! {
        #[test]
        fn text_round_trips(bytes: [u8; 32]) {
            let node = NodeId(bytes);
            prop_assert_eq!(node.to_string().parse::<NodeId>(), Ok(node));
        }

        #[test]
        fn arbitrary_text_is_refused_or_canonical(text in ".{0,80}") {
            if let Ok(node) = text.parse::<NodeId>() {
                prop_assert_eq!(node.to_string().parse::<NodeId>(), Ok(node));
            }
        }
    }
}
