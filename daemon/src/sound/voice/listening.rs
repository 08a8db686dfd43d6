//! Listening for a user who talks while muted.

use sotto_voice::UplinkCommand;

use super::Voice;

/// Listening while muted: whether it is wanted, and what the uplink was told.
#[derive(Debug, Default)]
pub(super) struct Listening {
    wanted: bool,
    /// What the uplink was told last.
    told: bool,
}

impl Listening {
    /// Returns whether the uplink listens.
    pub(super) fn is_on(&self) -> bool {
        self.told
    }

    /// Notes that there is another uplink, which does not listen yet.
    pub(super) fn begin_anew(&mut self) {
        self.told = false;
    }
}

impl Voice {
    /// Says whether the user is to be told of talking while muted.
    pub(crate) fn listen_while_muted(&mut self, wanted: bool) {
        self.listening.wanted = wanted;
        self.review_listening();
    }

    /// Where a microphone hears the loudspeaker, and nothing takes that out, everybody's voice would be the user's.
    pub(super) fn review_listening(&mut self) {
        if !self.lines.inside() {
            return;
        }
        let listen = self.listening.wanted && !self.equipment.hears_loudspeaker();
        if std::mem::replace(&mut self.listening.told, listen) != listen {
            self.lines.up(UplinkCommand::ListenWhileMuted(listen));
        }
    }
}
