//! When I say something unasked: my presence, my lobby record, what synchronisation brought.

use std::collections::BTreeMap;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

use super::recalls::Recalls;
use super::repeat::Repeat;
use crate::ids::{MeetingId, PeerId};
use crate::lobby;
use crate::output::Topic;

/// How often presence is renewed.
const PRESENCE: Duration = Duration::from_secs(15);
/// How often the mesh tidies up and synchronises with somebody.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// The times at which my own initiative is due.
///
/// Each is drawn with some jitter: machines started together do not stay in step.
#[derive(Debug)]
pub(super) struct Timers {
    presence: Duration,
    announcement: Duration,
    housekeeping: Duration,
    repeat: Repeat,
    recalls: Recalls,
    /// When to offer neighbours what synchronisation brought: about a meeting, or the lobby.
    spreading: BTreeMap<Option<MeetingId>, Duration>,
}

impl Timers {
    pub(super) fn new(now: Duration, rng: &mut ChaCha20Rng) -> Self {
        Self {
            presence: now,
            announcement: now,
            housekeeping: now + jitter(rng, HOUSEKEEPING),
            repeat: Repeat::default(),
            recalls: Recalls::default(),
            spreading: BTreeMap::new(),
        }
    }

    /// Notes that my presence was signed: it holds for a while.
    pub(super) fn presence_signed(&mut self, now: Duration) {
        self.presence = now + PRESENCE;
    }

    /// Renews my presence a little earlier than the period says.
    pub(super) fn hasten_presence(&mut self, rng: &mut ChaCha20Rng) {
        self.presence -= jitter(rng, PRESENCE);
    }

    /// Returns when my presence is to be renewed, if I am present anywhere.
    pub(super) fn presence(&self) -> Duration {
        self.presence
    }

    /// Notes that my lobby record was signed.
    pub(super) fn announced(&mut self, now: Duration, rng: &mut ChaCha20Rng) {
        self.announcement = now + lobby::RENEWAL - jitter(rng, lobby::RENEWAL);
    }

    /// Renews my lobby record with the next housekeeping.
    pub(super) fn announce_again(&mut self, now: Duration) {
        self.announcement = now;
    }

    /// Returns whether my lobby record is to be renewed.
    pub(super) fn is_announcement_due(&self, now: Duration) -> bool {
        self.announcement <= now
    }

    /// Returns whether housekeeping is due, and if so sets its next time.
    pub(super) fn take_housekeeping(&mut self, now: Duration, rng: &mut ChaCha20Rng) -> bool {
        let due = self.housekeeping <= now;
        if due {
            self.housekeeping = now + HOUSEKEEPING - jitter(rng, HOUSEKEEPING);
        }
        due
    }

    /// Notes that something new of mine was gossiped.
    pub(super) fn published(&mut self, topic: &Topic, now: Duration) {
        self.repeat.published(topic, now);
    }

    /// Notes that somebody begins to listen.
    pub(super) fn subscribed(&mut self, topic: &Topic, now: Duration) {
        self.repeat.subscribed(topic, now);
    }

    /// Drops a topic to which I no longer listen.
    pub(super) fn forget(&mut self, topic: &Topic) {
        self.repeat.forget(topic);
    }

    /// Takes the topics in which my latest news are to be said again.
    pub(super) fn take_repeats(&mut self, now: Duration) -> Vec<Topic> {
        self.repeat.take_due(now)
    }

    /// Returns whether neighbours are to be asked soon anyway.
    pub(super) fn is_spreading(&self, about: Option<MeetingId>) -> bool {
        self.spreading.contains_key(&about)
    }

    /// Asks neighbours about a meeting, or the lobby, `within` that time.
    pub(super) fn spread(
        &mut self,
        about: Option<MeetingId>,
        within: Duration,
        now: Duration,
        rng: &mut ChaCha20Rng,
    ) {
        let due = now + within - jitter(rng, within);
        self.spreading.entry(about).or_insert(due);
    }

    /// Takes what neighbours are to be asked about now.
    pub(super) fn take_spreads(&mut self, now: Duration) -> Vec<Option<MeetingId>> {
        let due: Vec<Option<MeetingId>> = self
            .spreading
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(about, _)| *about)
            .collect();
        for about in &due {
            self.spreading.remove(about);
        }
        due
    }

    /// Looks from `at` on at a participant that has lost a meeting.
    pub(super) fn recall(&mut self, id: MeetingId, peer: PeerId, at: Duration) {
        self.recalls.plan(id, peer, at);
    }

    /// Looks at such a participant once more, if there are looks left.
    pub(super) fn recall_again(&mut self, id: MeetingId, peer: PeerId, at: Duration, left: u8) {
        self.recalls.look_again(id, peer, at, left);
    }

    /// Takes those at whom to look now, with the looks that are left.
    pub(super) fn take_recalls(&mut self, now: Duration) -> Vec<(MeetingId, PeerId, u8)> {
        self.recalls.take_due(now)
    }

    /// Returns when something is due. The renewal of presence is not counted: it depends on where I am.
    pub(super) fn next_timeout(&self) -> Duration {
        self.repeat
            .next_timeout()
            .into_iter()
            .chain(self.recalls.next_timeout())
            .chain(self.spreading.values().copied())
            .fold(self.housekeeping, Duration::min)
    }
}

/// Draws a time below a tenth of `period`.
fn jitter(rng: &mut ChaCha20Rng, period: Duration) -> Duration {
    let share = f64::from(rng.next_u32()) / f64::from(u32::MAX);
    period.mul_f64(0.1 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    const NOW: Duration = Duration::from_secs(1000);
    const MEETING: Option<MeetingId> = Some(MeetingId([1; 32]));

    fn timers() -> (Timers, ChaCha20Rng) {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        (Timers::new(NOW, &mut rng), rng)
    }

    #[test]
    fn machines_started_together_do_not_stay_in_step() {
        let due = |seed| {
            let mut rng = ChaCha20Rng::from_seed([seed; 32]);
            Timers::new(NOW, &mut rng).next_timeout()
        };
        let times: std::collections::BTreeSet<Duration> = (0..20).map(due).collect();
        assert_eq!(times.len(), 20);
        assert!(times.iter().all(|due| *due <= NOW + HOUSEKEEPING / 10));
    }

    #[test]
    fn presence_is_renewed_up_to_a_tenth_before_its_period_is_over() {
        let (mut timers, mut rng) = timers();
        timers.presence_signed(NOW);
        assert_eq!(timers.presence(), NOW + PRESENCE);
        timers.hasten_presence(&mut rng);
        let early = NOW + PRESENCE - timers.presence();
        assert!(early <= PRESENCE / 10, "{early:?}");
    }

    #[test]
    fn housekeeping_is_due_once_a_period() {
        let (mut timers, mut rng) = timers();
        let at = timers.next_timeout();
        assert!(!timers.take_housekeeping(at - Duration::from_millis(1), &mut rng));
        assert!(timers.take_housekeeping(at, &mut rng));
        assert!(!timers.take_housekeeping(at, &mut rng));
        let next = timers.next_timeout() - at;
        assert!(
            (HOUSEKEEPING * 9 / 10..=HOUSEKEEPING).contains(&next),
            "{next:?}"
        );
    }

    #[test]
    fn a_lobby_record_is_due_at_the_start_and_again_after_sleep() {
        let (mut timers, mut rng) = timers();
        assert!(timers.is_announcement_due(NOW));
        timers.announced(NOW, &mut rng);
        assert!(!timers.is_announcement_due(NOW + lobby::RENEWAL / 2));
        assert!(timers.is_announcement_due(NOW + lobby::RENEWAL));
        timers.announced(NOW, &mut rng);
        timers.announce_again(NOW);
        assert!(timers.is_announcement_due(NOW));
    }

    #[test]
    fn what_comes_while_a_spread_waits_goes_with_it() {
        let (mut timers, mut rng) = timers();
        let within = Duration::from_millis(500);
        timers.spread(MEETING, within, NOW, &mut rng);
        let due = timers.next_timeout();
        assert!(timers.is_spreading(MEETING) && !timers.is_spreading(None));
        timers.spread(MEETING, within, NOW + within / 2, &mut rng);
        assert_eq!(timers.next_timeout(), due, "not put off");
        assert_eq!(timers.take_spreads(due), vec![MEETING]);
        assert!(timers.take_spreads(due).is_empty());
        assert!(!timers.is_spreading(MEETING));
    }

    #[test]
    fn the_next_timeout_is_the_earliest_of_all() {
        let (mut timers, mut rng) = timers();
        timers.housekeeping = NOW + HOUSEKEEPING;
        timers.spread(None, Duration::from_secs(2), NOW, &mut rng);
        timers.published(&Topic::lobby(), NOW);
        timers.subscribed(&Topic::lobby(), NOW);
        let repeat = timers.next_timeout();
        assert_eq!(timers.take_repeats(repeat), vec![Topic::lobby()]);
        let spread = timers.next_timeout();
        assert!(repeat < spread && spread < NOW + HOUSEKEEPING);
        timers.take_spreads(spread);
        assert_eq!(timers.next_timeout(), NOW + HOUSEKEEPING);
    }
}
