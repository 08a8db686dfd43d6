//! The publisher collects changes and notices for a moment, so that subscribers are told of them together.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sotto_control::model::{Notice, NoticeKind, Severity};
use sotto_meeting::{MeetingId, Part, PeerId};

/// Changes reach clients together after this long: short against what a person notices, long against a burst.
const PUBLISH_AFTER: Duration = Duration::from_millis(20);
/// Levels are told this often at most.
const LEVELS_EVERY: Duration = Duration::from_millis(100);
/// If more colleagues than this have changed at once, all are told in one list.
const MANY_PEERS: usize = 256;
/// A notice that would be a nuisance is told once in so many seconds.
const RARELY: u64 = 60;

/// A part of what clients show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    Status,
    /// Every colleague.
    Peers,
    /// One colleague.
    Peer(PeerId),
    Meetings,
    Meeting(MeetingId),
    /// One line of a meeting's roster.
    Participant(MeetingId, PeerId),
    Invitations,
    Talk,
    Groups,
}

impl Shown {
    /// Returns what clients show of a part of the mesh.
    pub(super) fn of(part: Part) -> impl Iterator<Item = Self> {
        let shown = match part {
            Part::Me => [Some(Self::Status), None, None],
            Part::Joining => [None; 3],
            Part::Peer(peer) => [Some(Self::Peer(peer)), None, None],
            Part::Meeting(meeting) => [Some(Self::Meeting(meeting)), None, None],
            Part::Participant(meeting, peer) => {
                [Some(Self::Participant(meeting, peer)), None, None]
            }
            Part::Active => [Self::Meetings, Self::Talk, Self::Status].map(Some),
            Part::Invitations => [Some(Self::Invitations), Some(Self::Status), None],
            Part::Talk => [Some(Self::Talk), Some(Self::Status), None],
        };
        shown.into_iter().flatten()
    }

    /// Returns whether something larger that has changed brings this along.
    fn is_within(self, changed: &BTreeSet<Self>) -> bool {
        match self {
            Self::Peer(_) => changed.contains(&Self::Peers),
            Self::Meeting(_) => changed.contains(&Self::Meetings),
            Self::Participant(meeting, _) => {
                changed.contains(&Self::Meetings) || changed.contains(&Self::Meeting(meeting))
            }
            _ => false,
        }
    }
}

/// Everything that is due at one moment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Due {
    /// The parts that have changed.
    pub(super) parts: BTreeSet<Shown>,
    /// Told after the parts that they are about.
    pub(super) notices: Vec<Notice>,
    /// Levels are due, too.
    pub(super) levels: bool,
}

/// Collects changes and notices until they are due.
#[derive(Debug)]
pub(super) struct Publisher {
    parts: BTreeSet<Shown>,
    notices: Vec<Notice>,
    due: Option<Instant>,
    published: Instant,
    levels_due: Option<Instant>,
    levels_told: Instant,
    /// The time of the last notice that is told rarely.
    told_rarely: Option<u64>,
}

impl Publisher {
    /// Has nothing to tell yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            parts: BTreeSet::new(),
            notices: Vec::new(),
            due: None,
            published: now,
            levels_due: None,
            levels_told: now,
            told_rarely: None,
        }
    }

    /// Notes that clients show something that is no longer so.
    pub(super) fn changed(&mut self, part: Shown, now: Instant) {
        self.parts.insert(part);
        self.due.get_or_insert(now + PUBLISH_AFTER);
    }

    /// Notes that somebody speaks, stops, or is louder than before.
    pub(super) fn levels_changed(&mut self, now: Instant) {
        let due = (self.levels_told + LEVELS_EVERY).max(now);
        self.levels_due.get_or_insert(due);
    }

    /// Tells `notice` after what it is about: at once, unless something was published a moment ago. Thirty colleagues
    /// that join together are thirty notices, but not thirty rosters of thirty.
    pub(super) fn tell(&mut self, notice: Notice, now: Instant) {
        log(&notice);
        self.notices.push(notice);
        let soonest = (self.published + PUBLISH_AFTER).max(now);
        self.due = Some(self.due.map_or(soonest, |due| due.min(soonest)));
    }

    /// Tells `notice`, but drops it if another one like it was told within the last minute.
    pub(super) fn tell_rarely(&mut self, notice: Notice, now: Instant) {
        let time = notice.time;
        if self.told_rarely.is_none_or(|last| time >= last + RARELY) {
            self.told_rarely = Some(time);
            self.tell(notice, now);
        }
    }

    /// Returns when [`Self::take_due`] has something next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.levels_due).min()
    }

    /// Hands out what is due at `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Due> {
        let levels = self.levels_due.take_if(|due| *due <= now).is_some();
        if levels {
            self.levels_told = now;
        }
        let due = self.due.is_some_and(|due| due <= now);
        if !due && !levels {
            return None;
        }
        Some(Due {
            levels,
            ..if due { self.take(now) } else { Due::default() }
        })
    }

    /// Hands out every change and notice, due or not.
    pub(super) fn take(&mut self, now: Instant) -> Due {
        self.due = None;
        self.published = now;
        let mut parts = std::mem::take(&mut self.parts);
        let one_by_one = |part: &&Shown| matches!(part, Shown::Peer(_));
        if parts.iter().filter(one_by_one).count() > MANY_PEERS {
            parts.insert(Shown::Peers);
        }
        let within: Vec<Shown> = parts
            .iter()
            .copied()
            .filter(|part| part.is_within(&parts))
            .collect();
        for part in within {
            parts.remove(&part);
        }
        Due {
            parts,
            notices: std::mem::take(&mut self.notices),
            levels: false,
        }
    }
}

/// Logs a notice. One about this machine is told in full; of others the kind alone, because names and titles stay out of
/// the ordinary log.
fn log(notice: &Notice) {
    use NoticeKind::{
        Clock, IdentityCloned, Network, NotRejoined, NotSaved, Other, Sound, StateDamaged, Stopping,
    };
    let hint = notice.hint.as_deref();
    match notice.kind {
        // It has been logged, with its reason.
        Clock | NotRejoined | Stopping => {}
        Sound | Network | NotSaved | StateDamaged | IdentityCloned | Other => {
            match notice.severity {
                Severity::Info => tracing::info!(hint, "{}", notice.text),
                Severity::Warning => tracing::warn!(hint, "{}", notice.text),
                Severity::Error => tracing::error!(hint, "{}", notice.text),
            }
        }
        kind => {
            tracing::info!(?kind, "notice");
            tracing::debug!("{}", notice.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sotto_control::model::{NoticeKind, Severity};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn notice(time: u64) -> Notice {
        Notice {
            kind: NoticeKind::Other,
            severity: Severity::Info,
            time,
            ..Notice::default()
        }
    }

    /// A publisher that has published nothing for a second.
    fn rested() -> (Publisher, Instant) {
        let start = Instant::now();
        (Publisher::new(start), start + Duration::from_secs(1))
    }

    #[test]
    fn changes_of_one_moment_are_told_together_and_once() {
        let (mut publisher, now) = rested();
        publisher.changed(Shown::Talk, now);
        publisher.changed(Shown::Status, now + 5 * MS);
        publisher.changed(Shown::Talk, now + 6 * MS);
        assert_eq!(publisher.due(), Some(now + PUBLISH_AFTER));
        assert_eq!(publisher.take_due(now + 19 * MS), None);
        let due = publisher.take_due(now + PUBLISH_AFTER).unwrap();
        assert_eq!(due.parts, BTreeSet::from([Shown::Status, Shown::Talk]));
        assert_eq!(
            (publisher.due(), publisher.take_due(now + PUBLISH_AFTER)),
            (None, None)
        );
    }

    #[test]
    fn a_part_is_not_told_beside_a_larger_one_that_brings_it_along() {
        let (mut publisher, now) = rested();
        let (one, other) = (MeetingId([1; 32]), MeetingId([2; 32]));
        let bao = PeerId([2; 32]);
        let parts = [
            Shown::Peer(bao),
            Shown::Meeting(one),
            Shown::Participant(one, bao),
            Shown::Participant(other, bao),
        ];
        for part in parts {
            publisher.changed(part, now);
        }
        let [peer, meeting, _, elsewhere] = parts;
        let told = publisher.take(now).parts;
        assert_eq!(told, BTreeSet::from([peer, meeting, elsewhere]));
        for part in parts {
            publisher.changed(part, now);
        }
        publisher.changed(Shown::Meetings, now);
        let told = publisher.take(now).parts;
        assert_eq!(told, BTreeSet::from([peer, Shown::Meetings]));
    }

    #[test]
    fn very_many_colleagues_are_told_in_one() {
        let (mut publisher, now) = rested();
        let peer = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            Shown::Peer(PeerId(key))
        };
        for number in 0..MANY_PEERS {
            publisher.changed(peer(number), now);
        }
        assert_eq!(publisher.take(now).parts.len(), MANY_PEERS);
        for number in 0..=MANY_PEERS {
            publisher.changed(peer(number), now);
        }
        assert_eq!(publisher.take(now).parts, BTreeSet::from([Shown::Peers]));
    }

    #[test]
    fn a_notice_takes_the_changes_that_it_is_about_along() {
        let (mut publisher, now) = rested();
        publisher.changed(Shown::Meetings, now);
        publisher.tell(notice(1), now);
        let due = publisher.take_due(now).unwrap();
        assert_eq!(due.parts, BTreeSet::from([Shown::Meetings]));
        assert_eq!(due.notices, [notice(1)]);
    }

    #[test]
    fn thirty_notices_in_a_row_are_two_publications() {
        let (mut publisher, now) = rested();
        let mut told = Vec::new();
        for number in 0..30 {
            publisher.changed(Shown::Meetings, now);
            publisher.tell(notice(number), now);
            told.extend(publisher.take_due(now));
        }
        told.extend(publisher.take_due(now + PUBLISH_AFTER));
        let counts: Vec<usize> = told.iter().map(|due| due.notices.len()).collect();
        assert_eq!(counts, [1, 29]);
    }

    #[test]
    fn a_nuisance_is_told_once_a_minute() {
        let (mut publisher, now) = rested();
        for time in [100, 130, 159, 160] {
            publisher.tell_rarely(notice(time), now);
        }
        let told: Vec<u64> = publisher
            .take(now)
            .notices
            .iter()
            .map(|one| one.time)
            .collect();
        assert_eq!(told, [100, 160]);
    }

    #[test]
    fn levels_are_told_ten_times_a_second_at_most() {
        let (mut publisher, now) = rested();
        let mut told = 0;
        for step in 0..100 {
            let now = now + step * 10 * MS;
            publisher.levels_changed(now);
            told += u32::from(publisher.take_due(now).is_some_and(|due| due.levels));
        }
        assert_eq!(told, 10);
    }
}
