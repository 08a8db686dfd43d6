//! Bodies of earlier versions of the stored state, each brought to the next one by a file of its own.
//!
//! A migration holds the structures of its version as they were, reads them, and turns them into those of the version
//! after. It is never changed again. To add one: copy the structures of [`State`] as they are now into `vN.rs`, where
//! `N` is the present version; change them in `stored.rs`; count `STATE_VERSION` up; let the last migration end in the
//! copies, and the new one in [`State`]; and lengthen the chain in [`read`].

mod v3;

use super::{STATE_VERSION, State};

/// Reads a body of this version or an earlier one; `None` if it is damaged, or older than any release.
pub(super) fn read(version: u16, body: &[u8]) -> Option<State> {
    match version {
        2 | 3 => Some(v3::read(body)?.into()),
        STATE_VERSION => whole(body),
        _ => None,
    }
}

/// Reads a structure that takes up all of a body.
fn whole<'de, T: serde::Deserialize<'de>>(body: &'de [u8]) -> Option<T> {
    match postcard::take_from_bytes(body) {
        Ok((state, [])) => Some(state),
        _ => None,
    }
}
