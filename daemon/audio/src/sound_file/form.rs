//! Rate and channels.

/// The form of a file's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Form {
    pub(super) rate: u32,
    pub(super) channels: usize,
}
