//! Which short sounds are heard of who comes and goes.

use sotto_meeting::{MeetingId, Presence};
use sotto_voice::mix::Earcon;

use super::Hub;

/// With more people than this present, it is not heard who joins and leaves: it would not stop sounding.
const CROWD: usize = 8;

/// Returns the sign of a change of presence, if it is one of coming or going and so few are there.
fn sign(was: Presence, is: Presence, present: usize) -> Option<Earcon> {
    match (was.is_present(), is.is_present()) {
        _ if present > CROWD => None,
        (false, true) => Some(Earcon::Joined),
        (true, false) => Some(Earcon::Left),
        _ => None,
    }
}

impl Hub {
    /// Lets it be heard that somebody in the active meeting has come or gone, if the user wants that.
    pub(super) fn sign_presence(&mut self, meeting: MeetingId, was: Presence, is: Presence) {
        let wanted = self.run.notifications.join_sounds && !self.run.dnd.now().on;
        if let Some(earcon) = sign(was, is, self.mesh.present(meeting)).filter(|_| wanted) {
            self.voice.earcon(earcon);
        }
    }
}

#[cfg(test)]
mod tests {
    use sotto_meeting::{AwayCause, OfflineReason};

    use super::*;

    #[test]
    fn who_comes_and_goes_is_heard_unless_many_are_there() {
        let away = Presence::Away(AwayCause::ByHand);
        let left = Presence::Offline(OfflineReason::Left);
        assert_eq!(sign(left, Presence::Online, 8), Some(Earcon::Joined));
        assert_eq!(sign(away, left, 8), Some(Earcon::Left));
        assert_eq!(sign(Presence::Online, away, 2), None);
        assert_eq!(sign(left, Presence::Online, 9), None);
        assert_eq!(sign(Presence::Online, left, 200), None);
    }
}
