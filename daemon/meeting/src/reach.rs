//! Who of those present can be heard, and who is lost.
//!
//! Everybody present sends heartbeats on the media path, and gossips whom of the present it has not heard for 2.5 s.
//! `Lost` is what one looker concludes from that: neither I nor anybody whom I hear hears this peer. It is never signed,
//! stored or merged, so it heals by itself. A peer that only I do not hear stays as it signed itself, *unreachable from
//! here*. Who looks at a meeting without being present in it starts from those whom nobody reports instead of from
//! those whom it hears.

mod report;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::{MeetingId, PeerId};
pub(crate) use report::Report;
use report::{MOST_TAGS, Received, Tag};

/// Without a packet for this long, a peer is not heard: five heartbeats, so that at 5 % random loss this happens by
/// chance once in three million heartbeats.
const UNHEARD_AFTER: Duration = Duration::from_millis(2500);
/// A peer that has just become present gets this long to agree on keys and send its first heartbeat.
const FIRST_GRACE: Duration = Duration::from_secs(5);
/// Coming back takes this long of being heard.
const RETURN_AFTER: Duration = Duration::from_secs(1);
/// Presence is renewed every 15 s; after this long without, it proves nothing any more.
const RENEWED_WITHIN: Duration = Duration::from_secs(40);
/// When an unchanged report is repeated, counted from its first sending: gossip may have lost it, and who has come
/// since knows nothing of it.
const REPEAT_AFTER: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(6),
    Duration::from_secs(14),
    Duration::from_secs(30),
];
/// How often it is repeated after that, as long as it reports anybody.
const REPEAT_EVERY: Duration = Duration::from_secs(30);

/// How a peer that signed itself present looks from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Heard, or believed to be there.
    Here,
    /// Heard by others, but not from here.
    Unreachable,
    /// Crashed or cut off.
    Lost,
}

/// A participant that signed itself present.
#[derive(Debug)]
struct Peer {
    tag: Tag,
    /// Which run of its daemon, and which stay in the meeting.
    stay: (u64, u64),
    /// When it was first seen present.
    since: Duration,
    /// When its presence was last signed; `None` if it comes from disk and is proven by nothing since.
    renewed: Option<Duration>,
    /// The end of the grace that it gets for its first heartbeat.
    grace: Duration,
    last_heard: Option<Duration>,
    /// Since when it is heard without a gap.
    heard_since: Duration,
    heard: bool,
}

impl Peer {
    /// Until when it counts as heard, if nothing more comes.
    fn heard_until(&self) -> Duration {
        let last = self
            .last_heard
            .map_or(Duration::ZERO, |last| last.saturating_add(UNHEARD_AFTER));
        // One that has been heard needs no more grace: its crash is to be seen in time.
        if self.last_heard.is_some() {
            last
        } else {
            self.grace
        }
    }

    fn is_proven(&self, now: Duration) -> bool {
        self.renewed
            .is_some_and(|renewed| now < renewed.saturating_add(RENEWED_WITHIN))
    }
}

/// The reachability of those present in one meeting, as seen by one looker.
#[derive(Debug)]
pub(crate) struct Reach {
    me: PeerId,
    meeting: MeetingId,
    /// I am present myself, so I hear heartbeats.
    inside: bool,
    peers: BTreeMap<PeerId, Peer>,
    reports: BTreeMap<PeerId, Received>,
    /// My own last report.
    serial: u64,
    inverted: bool,
    tags: Vec<Tag>,
    reported_at: Duration,
    repeats: usize,
    /// The current verdicts on those who are not simply here.
    standings: BTreeMap<PeerId, Standing>,
}

impl Reach {
    /// Nobody is present yet, nor am I. `serial` must be larger than that of any report in an earlier run.
    pub(crate) fn new(meeting: MeetingId, me: PeerId, serial: u64) -> Self {
        Self {
            me,
            meeting,
            inside: false,
            peers: BTreeMap::new(),
            reports: BTreeMap::new(),
            serial,
            inverted: false,
            tags: Vec::new(),
            reported_at: Duration::ZERO,
            repeats: REPEAT_AFTER.len(),
            standings: BTreeMap::new(),
        }
    }

    /// I am present myself from now on.
    pub(crate) fn enter(&mut self, now: Duration) {
        self.inside = true;
        self.forgive(now);
    }

    /// I am no longer present.
    pub(crate) fn exit(&mut self, now: Duration) {
        self.inside = false;
        self.tags.clear();
        self.inverted = false;
        self.repeats = REPEAT_AFTER.len();
        self.update(now);
    }

    /// Everybody gets a new grace: I was asleep, or have just begun to listen.
    pub(crate) fn forgive(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            peer.last_heard = None;
            peer.grace = now.saturating_add(FIRST_GRACE);
            peer.heard = true;
        }
        self.update(now);
    }

    /// `peer` is present by a signed record that came at `renewed`; `None` if it was loaded from disk.
    ///
    /// `stay` tells its starts and joins apart: what it reported in an earlier one is over.
    pub(crate) fn present(
        &mut self,
        peer: PeerId,
        stay: (u64, u64),
        renewed: Option<Duration>,
        now: Duration,
    ) {
        if peer == self.me {
            return;
        }
        let meeting = self.meeting;
        let before = self.peers.get(&peer).map(|known| known.is_proven(now));
        let known = self.peers.entry(peer).or_insert_with(|| Peer {
            tag: Tag::of(meeting, peer),
            stay,
            since: now,
            renewed: None,
            grace: now.saturating_add(FIRST_GRACE),
            last_heard: None,
            heard_since: now,
            heard: true,
        });
        if known.renewed.is_none() && renewed.is_some() && known.last_heard.is_none() {
            // The first sign of life after the disk: time to connect begins only now.
            known.grace = now.saturating_add(FIRST_GRACE);
            known.heard = true;
        }
        known.renewed = known.renewed.max(renewed);
        let proven = known.is_proven(now);
        let again = std::mem::replace(&mut known.stay, stay) != stay;
        if again && let Some(received) = self.reports.get_mut(&peer) {
            received.over = true;
        }
        if again || before != Some(proven) {
            self.update(now);
        }
    }

    /// `peer` is no longer present by its own signed record.
    pub(crate) fn absent(&mut self, peer: PeerId, now: Duration) {
        if self.peers.remove(&peer).is_some() {
            // Kept, so that nobody brings it up again when the peer is back.
            if let Some(received) = self.reports.get_mut(&peer) {
                received.over = true;
            }
            self.update(now);
        }
    }

    /// An authenticated packet from `peer` came on the media path.
    pub(crate) fn heard(&mut self, peer: PeerId, now: Duration) {
        let inside = self.inside;
        if let Some(peer) = self.peers.get_mut(&peer).filter(|_| inside) {
            if peer
                .last_heard
                .is_none_or(|last| now.saturating_sub(last) >= UNHEARD_AFTER)
            {
                peer.heard_since = now;
            }
            peer.last_heard = Some(now);
            let mut news = false;
            if !peer.heard && now.saturating_sub(peer.heard_since) >= RETURN_AFTER {
                peer.heard = true;
                news = true;
            }
            // Keys are agreed only with who is present by a signed record, so being heard proves as much as one.
            if peer.renewed.is_none() {
                peer.renewed = Some(now);
                news = true;
            }
            if news {
                self.update(now);
            }
        }
    }

    /// Returns whether a report of `from` would be news, before its signature is checked.
    pub(crate) fn is_news(&self, from: PeerId, report: &Report) -> bool {
        self.peers.contains_key(&from)
            && self
                .reports
                .get(&from)
                .is_none_or(|known| known.report.serial < report.serial)
    }

    /// Goes on with serial numbers from `serial` at least.
    pub(crate) fn raise_serial(&mut self, serial: u64) {
        self.serial = self.serial.max(serial);
    }

    /// A report signed by `from`, who is present.
    ///
    /// Returns whether it is newer than what was known.
    pub(crate) fn report(&mut self, from: PeerId, report: Report, now: Duration) -> bool {
        let newer = report.is_valid() && self.is_news(from, &report);
        if newer {
            let received = Received {
                report,
                at: now,
                over: false,
            };
            self.reports.insert(from, received);
            self.update(now);
        }
        newer
    }

    /// How `peer`, who signed itself present, looks from here.
    pub(crate) fn standing(&self, peer: PeerId) -> Standing {
        if peer == self.me {
            return Standing::Here;
        }
        match (self.peers.contains_key(&peer), self.standings.get(&peer)) {
            (true, standing) => standing.copied().unwrap_or(Standing::Here),
            (false, _) => Standing::Lost,
        }
    }

    /// The report to sign and gossip now, if there is news or an old one is to be repeated.
    pub(crate) fn poll_report(&mut self, now: Duration) -> Option<Report> {
        if !self.inside {
            return None;
        }
        // Who has not renewed its presence is lost to everybody without a report.
        let unheard = |peer: &Peer| !peer.heard && peer.is_proven(now);
        let inverted =
            self.peers.values().filter(|peer| unheard(peer)).count() * 2 > self.peers.len();
        let mut tags: Vec<Tag> = self
            .peers
            .values()
            .filter(|peer| unheard(peer) != inverted)
            .map(|peer| peer.tag)
            .collect();
        tags.sort_unstable();
        tags.truncate(MOST_TAGS);
        if (inverted, &tags) != (self.inverted, &self.tags) {
            self.reported_at = now;
            self.repeats = 0;
            (self.inverted, self.tags) = (inverted, tags);
        } else if self.next_repeat().is_some_and(|at| at <= now) {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            return None;
        }
        // Repetitions get a serial of their own: gossip drops what it has seen.
        self.serial = self.serial.saturating_add(1);
        Some(Report {
            serial: self.serial,
            inverted: self.inverted,
            tags: self.tags.clone(),
        })
    }

    /// Sees who has fallen silent or has not renewed. [`Self::poll_report`] may have news then.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        self.update(now);
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn next_timeout(&self, now: Duration) -> Option<Duration> {
        let silences = self
            .peers
            .values()
            .filter(|peer| self.inside && peer.heard)
            .map(Peer::heard_until);
        let lapses = self
            .peers
            .values()
            .filter(|peer| peer.is_proven(now))
            .filter_map(|peer| Some(peer.renewed?.saturating_add(RENEWED_WITHIN)));
        silences
            .chain(lapses)
            .chain(
                self.reports
                    .values()
                    .filter(|received| received.says(now).is_some())
                    .map(Received::lapses),
            )
            .chain(self.next_repeat().filter(|_| self.inside))
            .min()
    }

    /// A report that all are heard again is repeated as well, a few times: it may have been lost.
    fn next_repeat(&self) -> Option<Duration> {
        let after = match (REPEAT_AFTER.get(self.repeats), REPEAT_AFTER.last()) {
            (Some(after), _) => *after,
            (None, Some(last)) if self.inverted || !self.tags.is_empty() => {
                let more = self.repeats - REPEAT_AFTER.len() + 1;
                last.saturating_add(
                    REPEAT_EVERY.saturating_mul(u32::try_from(more).unwrap_or(u32::MAX)),
                )
            }
            (None, _) => return None,
        };
        Some(self.reported_at.saturating_add(after))
    }

    fn update(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            if self.inside && peer.heard && peer.heard_until() <= now {
                peer.heard = false;
            }
        }
        let heard = self.heard_by_somebody(now);
        self.standings = self
            .peers
            .iter()
            .filter_map(|(id, peer)| {
                let standing = if !peer.is_proven(now) || !heard.contains(id) {
                    Standing::Lost
                } else if self.inside && !peer.heard {
                    Standing::Unreachable
                } else {
                    return None;
                };
                Some((*id, standing))
            })
            .collect();
    }

    /// Those whom I, or somebody whom I believe to be there, hears.
    fn heard_by_somebody(&self, now: Duration) -> BTreeSet<PeerId> {
        let proven = || self.peers.iter().filter(|(_, peer)| peer.is_proven(now));
        let believed = if self.inside {
            BTreeSet::new()
        } else {
            self.reported(now)
        };
        let witnesses: BTreeSet<PeerId> = if self.inside {
            proven()
                .filter(|(_, peer)| peer.heard)
                .map(|(id, _)| *id)
                .collect()
        } else {
            let unreported: BTreeSet<PeerId> = proven()
                .filter(|(id, _)| !believed.contains(*id))
                .map(|(id, _)| *id)
                .collect();
            if unreported.is_empty() {
                // Each is reported by another: they live, and cannot hear one another.
                return proven().map(|(id, _)| *id).collect();
            }
            unreported
        };
        let doubted = |peer: PeerId| !self.inside && !believed.contains(&peer);
        // No report means that all are heard, once there was time to miss somebody. Until then a newcomer vouches only
        // for those whom I have never heard myself: whom I heard and hear no more has crashed before it came.
        let hears = |witness: PeerId, name: PeerId, target: &Peer| match (
            self.reports
                .get(&witness)
                .and_then(|received| received.says(now)),
            self.peers.get(&witness),
        ) {
            (Some(report), _) => report.hears(target.tag) || doubted(name),
            (None, Some(peer)) => {
                let never_heard = self.inside && target.last_heard.is_none();
                never_heard || peer.since.saturating_add(FIRST_GRACE) <= now
            }
            (None, None) => false,
        };
        proven()
            .filter(|(id, peer)| {
                witnesses.contains(*id)
                    || witnesses
                        .iter()
                        .any(|witness| witness != *id && hears(*witness, **id, peer))
            })
            .map(|(id, _)| *id)
            .collect()
    }

    /// Those whom somebody present does not hear, as far as a looker from outside believes it.
    ///
    /// One that hears hardly anybody is more likely deaf than right: a report of more than one, and of more than half of
    /// the others, counts only against those whom a second one reports as well. If all of them have gone indeed, they
    /// stop renewing their presence.
    fn reported(&self, now: Duration) -> BTreeSet<PeerId> {
        let proven: Vec<(PeerId, Tag)> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.is_proven(now))
            .map(|(id, peer)| (*id, peer.tag))
            .collect();
        let mut reporters: BTreeMap<PeerId, (usize, bool)> = BTreeMap::new();
        for (from, _) in &proven {
            let Some(report) = self.reports.get(from).and_then(|known| known.says(now)) else {
                continue;
            };
            let others = proven.iter().filter(|(id, _)| id != from);
            let unheard: Vec<PeerId> = others
                .filter(|(_, tag)| !report.hears(*tag))
                .map(|(id, _)| *id)
                .collect();
            let sweeping = unheard.len() > 1 && unheard.len() * 2 > proven.len() - 1;
            for id in unheard {
                let (count, plain) = reporters.entry(id).or_default();
                *count += 1;
                *plain |= !sweeping;
            }
        }
        reporters
            .into_iter()
            .filter(|(_, (count, plain))| *plain || *count > 1)
            .map(|(id, _)| id)
            .collect()
    }
}
