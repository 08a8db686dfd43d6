//! My own identity, and the versions under which I sign.

use ed25519_dalek::SigningKey;

use crate::ids::{MeetingId, PeerId};
use crate::record::{Body, Head, Record, Version, sign};

/// How far to move past a version of mine that I do not know. A run that I have forgotten may have been followed by
/// others: with one step, the next of them to turn up would look like a second daemon.
const LEAP: u64 = 1024;

/// What a record of mine that came from outside says about me.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// One that I signed, or an older run did.
    Echo,
    /// Newer than everything I know of: I am a restored backup. My versions have moved past it.
    Forgotten,
    /// The same again, though I have moved past it: another daemon signs with my key.
    Cloned,
}

/// Who I am.
pub(super) struct Identity {
    pub(super) id: PeerId,
    pub(super) name: String,
    pub(super) device: String,
    key: SigningKey,
    instance: u64,
    version: Version,
    moved: bool,
    /// Another daemon signs with my key.
    cloned: bool,
}

impl Identity {
    pub(super) fn new(
        seed: &[u8; 32],
        instance: u64,
        epoch: u64,
        name: String,
        device: String,
    ) -> Self {
        let key = SigningKey::from_bytes(seed);
        Self {
            id: PeerId(key.verifying_key().to_bytes()),
            name,
            device,
            key,
            instance,
            version: Version { epoch, counter: 0 },
            moved: false,
            cloned: false,
        }
    }

    /// Returns whether I have stopped because another daemon signs with my key.
    pub(super) fn is_cloned(&self) -> bool {
        self.cloned
    }

    /// Notes that I take part in nothing any more because another daemon signs with my key.
    pub(super) fn stop_as_clone(&mut self) {
        self.cloned = true;
    }

    pub(super) fn epoch(&self) -> u64 {
        self.version.epoch
    }

    /// The counter of the next record.
    pub(super) fn next_counter(&self) -> u64 {
        self.version.counter + 1
    }

    /// Signs a statement under the next version.
    pub(super) fn sign<B: Body>(&mut self, meeting: MeetingId, body: B) -> Record<B> {
        self.version.counter += 1;
        sign(&self.key, meeting, self.version, self.instance, body)
    }

    /// Signs a statement of a kind that only later releases understand.
    #[cfg(test)]
    pub(super) fn sign_later(
        &mut self,
        meeting: MeetingId,
        kind: u8,
        body: &[u8],
    ) -> Record<crate::record::Unknown> {
        self.version.counter += 1;
        crate::record::tests::signed_later(
            &self.key,
            meeting,
            kind,
            self.version,
            self.instance,
            body,
        )
    }

    /// A verified record with my signature came from outside.
    pub(super) fn meet(&mut self, head: &Head) -> Own {
        if head.instance == self.instance || head.version < self.version {
            return Own::Echo;
        }
        let cloned = self.moved;
        self.moved = true;
        self.version = Version {
            epoch: head.version.epoch.saturating_add(LEAP),
            counter: 0,
        };
        if cloned { Own::Cloned } else { Own::Forgotten }
    }
}
