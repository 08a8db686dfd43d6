//! The last figures of the voice threads: who speaks, and how well voices arrive.

use std::collections::HashMap;

use sotto_control::model::{Path, Sent, Stats};
use sotto_meeting::PeerId;
use sotto_voice::SenderStats;

/// The voice side of a roster line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Voiced {
    /// The path, over the last second.
    pub(crate) stats: Option<Stats>,
    /// Voice comes from them right now.
    pub(crate) speaking: bool,
    /// The level of that voice.
    pub(crate) level_dbfs: Option<f32>,
    /// It is a whisper to the user.
    pub(crate) whisper: bool,
    /// They seem to sit in the same room.
    pub(crate) same_room: bool,
}

/// The figures of everybody's voice in one conversation.
#[derive(Debug, Default)]
pub(super) struct Figures {
    voiced: HashMap<PeerId, Voiced>,
    /// The figures of the last second.
    arrived: HashMap<PeerId, SenderStats>,
    own: Voiced,
}

impl Figures {
    /// Returns what is added to everybody else's roster line.
    pub(super) fn voiced(&self) -> &HashMap<PeerId, Voiced> {
        &self.voiced
    }

    /// Returns what is added to the user's own.
    pub(super) fn own(&self) -> Voiced {
        self.own
    }

    /// Returns what arrived from `peer` in the last second.
    pub(super) fn arrived(&self, peer: PeerId) -> Option<&SenderStats> {
        self.arrived.get(&peer)
    }

    /// Notes the user's own voice.
    pub(super) fn own_level(&mut self, level: Option<f32>) {
        self.own.speaking = level.is_some();
        self.own.level_dbfs = level;
    }

    /// Notes the voice of `peer`.
    pub(super) fn level(&mut self, peer: PeerId, level: Option<f32>, whisper: bool) {
        let voiced = self.voiced.entry(peer).or_default();
        voiced.speaking = level.is_some();
        voiced.level_dbfs = level;
        voiced.whisper = whisper;
    }

    /// Notes that `peer` seems to sit in the same room.
    pub(super) fn same_room(&mut self, peer: PeerId) {
        self.voiced.entry(peer).or_default().same_room = true;
    }

    /// Notes which way packets take to `peer`.
    pub(super) fn path(&mut self, peer: PeerId, path: Path) {
        self.stats(peer).path = path;
    }

    /// Notes what becomes of our voice on its way to `peer`.
    pub(super) fn sent(&mut self, peer: PeerId, sent: Sent) {
        self.stats(peer).sent = Some(sent);
    }

    /// Notes what arrived from `peer`: `shown` replaces what is shown of it.
    pub(super) fn received(&mut self, peer: PeerId, stats: SenderStats, shown: Stats) {
        self.arrived.insert(peer, stats);
        self.show(peer, shown);
    }

    fn show(&mut self, peer: PeerId, shown: Stats) {
        let before = self.stats(peer);
        *before = Stats {
            sent: before.sent,
            ..shown
        };
    }

    /// Forgets `peer`.
    pub(super) fn forget(&mut self, peer: PeerId) {
        self.voiced.remove(&peer);
        self.arrived.remove(&peer);
    }

    fn stats(&mut self, peer: PeerId) -> &mut Stats {
        let voiced = self.voiced.entry(peer).or_default();
        voiced.stats.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAO: PeerId = PeerId([2; 32]);

    #[test]
    fn what_was_sent_stays_beside_what_arrives_anew() {
        let mut figures = Figures::default();
        let sent = Sent {
            copies: 2,
            ..Sent::default()
        };
        figures.sent(BAO, sent);
        figures.path(BAO, Path::Udp);
        let shown = Stats {
            loss: 0.25,
            path: Path::Stream,
            ..Stats::default()
        };
        let now = Stats {
            sent: Some(sent),
            ..shown
        };
        figures.show(BAO, shown);
        assert_eq!(figures.voiced()[&BAO].stats, Some(now));
    }

    #[test]
    fn whoever_falls_silent_has_no_level() {
        let mut figures = Figures::default();
        figures.level(BAO, Some(-20.0), true);
        figures.same_room(BAO);
        assert!(figures.voiced()[&BAO].speaking);
        figures.level(BAO, None, false);
        let expected = Voiced {
            same_room: true,
            ..Voiced::default()
        };
        assert_eq!(figures.voiced()[&BAO], expected);
        figures.forget(BAO);
        assert!(figures.voiced().is_empty());
    }
}
