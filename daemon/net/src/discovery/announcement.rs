//! What a daemon says about itself in its TXT record.
//!
//! `v=1` and `id=` the base58 peer id. The port stands in the SRV record. Unknown keys are ignored, so that a later
//! version may add some; another `v` means that the rest cannot be understood.

use crate::NodeId;

/// The version of the TXT record.
const VERSION: &str = "1";
/// An ed25519 peer id has 52 characters.
const MAX_ID: usize = 64;
/// Properties looked at; an announcement of ours has two.
const MAX_PROPERTIES: usize = 16;

/// An announcement's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announcement {
    /// The identity that is claimed.
    pub(super) node: NodeId,
}

impl Announcement {
    pub(super) fn new(node: NodeId) -> Self {
        Self { node }
    }

    /// Reads TXT properties (RFC 6763 §6): a key, and a value unless the key stood alone.
    pub(super) fn parse<'a>(
        properties: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Option<Self> {
        let mut version = None;
        let mut id = None;
        for (key, value) in properties.into_iter().take(MAX_PROPERTIES) {
            // RFC 6763 §6.4: keys ignore case, and the first of equal keys counts.
            if key.eq_ignore_ascii_case("v") {
                version = version.or(value);
            } else if key.eq_ignore_ascii_case("id") {
                id = id.or(value);
            }
        }
        let id = id.filter(|id| id.len() <= MAX_ID)?;
        if version? != VERSION.as_bytes() {
            return None;
        }
        let node = std::str::from_utf8(id).ok()?.parse().ok()?;
        Some(Self::new(node))
    }

    /// The TXT properties to announce.
    pub(super) fn properties(&self) -> [(&'static str, String); 2] {
        [("v", VERSION.to_owned()), ("id", self.node.to_string())]
    }

    /// A name for the service instance that nobody else has: the first half of the key.
    pub(super) fn instance(&self) -> String {
        self.node.0[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn parse(properties: &[(String, Option<Vec<u8>>)]) -> Option<Announcement> {
        Announcement::parse(
            properties
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_deref())),
        )
    }

    fn valid(node: NodeId) -> Vec<(String, Option<Vec<u8>>)> {
        let properties = Announcement::new(node).properties();
        properties
            .into_iter()
            .map(|(key, value)| (key.to_owned(), Some(value.into_bytes())))
            .collect()
    }

    #[test]
    fn another_version_is_not_understood() {
        let mut properties = valid(NodeId([7; 32]));
        properties[0].1 = Some(b"2".to_vec());
        assert_eq!(parse(&properties), None);
        properties[0].1 = None;
        assert_eq!(parse(&properties), None);
    }

    #[test]
    fn a_record_fits_its_limits() {
        let announcement = Announcement::new(NodeId([255; 32]));
        // A DNS label has at most 63 bytes, a TXT string 255.
        assert!(announcement.instance().len() <= 63);
        assert!(
            announcement
                .properties()
                .iter()
                .all(|(key, value)| key.len() + value.len() < 255)
        );
    }

    proptest! {
        #[test]
        fn what_is_announced_is_read_back(key: [u8; 32], extra in vec(("[a-z]{3,9}", any::<Option<Vec<u8>>>()), 0..8)) {
            let node = NodeId(key);
            let mut properties = valid(node);
            properties.extend(extra);
            properties.reverse();
            prop_assert_eq!(parse(&properties), Some(Announcement::new(node)));
        }

        #[test]
        fn arbitrary_properties_do_no_harm(properties in vec(("(v|V|id|.{0,4})", any::<Option<Vec<u8>>>()), 0..64)) {
            let _ = parse(&properties);
        }

        #[test]
        fn a_mutated_record_is_refused_or_well_formed(key: [u8; 32], which in 0..2_usize, at: usize, flip in 1..=255_u8) {
            let mut properties = valid(NodeId(key));
            let value = properties[which].1.as_mut().unwrap();
            let at = at % value.len();
            value[at] ^= flip;
            if let Some(announcement) = parse(&properties) {
                prop_assert!(announcement.node.to_string().parse::<NodeId>().is_ok());
            }
        }

        #[test]
        fn a_truncated_or_padded_id_is_no_identity(key: [u8; 32], length in 0..200_usize) {
            let mut properties = valid(NodeId(key));
            let value = properties[1].1.as_mut().unwrap();
            let full = value.len();
            value.resize(length, b'1');
            prop_assert_eq!(parse(&properties).is_some(), length == full);
        }
    }
}
