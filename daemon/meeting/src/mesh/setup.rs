//! What a mesh starts from.

/// When a restarted daemon joins the meeting again that it was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RejoinPolicy {
    /// After a crash within the last minute, muted. If no clock tells how long ago it was, as after a new start of the
    /// machine with a clock that is behind, it is not joined, and the user is told ([`Event::NotRejoined`]).
    ///
    /// [`Event::NotRejoined`]: crate::Event::NotRejoined
    #[default]
    AfterCrash,
    /// After every restart, however long ago, muted.
    Always,
    /// Not by itself.
    Never,
}

/// What a [`Mesh`](crate::Mesh) starts from.
#[derive(Clone)]
pub struct Setup {
    /// The ed25519 seed of the identity key, the same as the network's.
    pub signing_seed: [u8; 32],
    /// Fresh random bytes from the system for every start: nonces, secrets and keys are drawn from them.
    pub rng_seed: [u8; 32],
    /// How I am called.
    pub name: String,
    /// How this device is called.
    pub device_name: String,
    /// The bytes of the last [`Output::Store`](crate::Output::Store), if there was one. They also say whether the last
    /// run ended with goodbye, and when.
    pub stored: Option<Vec<u8>>,
    /// Whether to return to the meeting of the last run.
    pub rejoin: RejoinPolicy,
    /// The mark of the machine's present start, if the system has one.
    pub boot: Option<[u8; 16]>,
}
