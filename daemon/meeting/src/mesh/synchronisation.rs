//! Sending what is missing: on every new connection, and now and then with one neighbour.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Mesh;
use super::direct::Purpose;
use super::merging::{Taken, Via, Way};
use crate::digest::{self, Entry, Listing, MOST_BUCKETS};
use crate::ids::{MeetingId, PeerId, Utc};
use crate::meeting::{Kept, Meeting};
use crate::record::{self, AnyRecord, Invitation, Record};
use crate::wire::{AGE_UNKNOWN, Carried, MeetingRequest, Request, SYNC_BYTES};

/// Slots asked for in one exchange, so that the answer stays below 16 KiB with most kinds of record.
const WANTED_AT_ONCE: usize = 48;
/// Exchanges that follow from one comparison.
const EXCHANGES: usize = 12;
/// Comparisons in a row while there is more than fits.
const ROUNDS: u8 = 16;
/// What synchronisation brought is offered to others within this, with what came in the meantime; in large groups within
/// [`CALMEST`] times this.
const SPREAD_WITHIN: Duration = Duration::from_millis(500);
/// To so many.
const SPREAD_TO: usize = 3;
/// With each further so many peers, one more fresh record is taken for one that gossip brings to everybody.
const PEERS_A_STRAY: usize = 32;
/// At most so many, less one, are.
const CALMEST: usize = 4;

/// What was new among synchronised records.
///
/// In a large group some fresh record is always still on its way by gossip, so one is nothing worth telling there. In a
/// small one it means that gossip went out before somebody listened, as when all start at once; and older records, or
/// many, mean anywhere that two parts of the network have just met.
#[derive(Debug, Default)]
struct News {
    all: usize,
    settled: usize,
}

impl News {
    fn count(&mut self, age: u16) {
        self.all += 1;
        self.settled += usize::from(age >= 3);
    }

    fn is_worth_spreading(&self, calm: usize) -> bool {
        self.settled > 0 || self.all >= calm
    }
}

impl Mesh {
    /// Compares everything that I share with a peer.
    pub(super) fn synchronise_with(&mut self, peer: PeerId) {
        self.compare_lobby(peer, ROUNDS);
        for id in self.meetings.shared_with(peer) {
            self.compare_meeting(id, peer, ROUNDS);
        }
    }

    pub(super) fn compare_lobby(&mut self, peer: PeerId, rounds: u8) {
        let Some(rounds) = rounds.checked_sub(1) else {
            return;
        };
        let request = Request::LobbyDigest {
            hashes: digest::digest(self.people.entries().into_iter(), MOST_BUCKETS),
            clock: self.now.wall(),
        };
        self.ask(peer, Purpose::LobbyDigest { rounds }, &request);
    }

    pub(super) fn compare_meeting(&mut self, id: MeetingId, peer: PeerId, rounds: u8) {
        let (Some(rounds), Some(meeting)) = (rounds.checked_sub(1), self.meetings.get(&id)) else {
            return;
        };
        let entries = entries(meeting);
        let buckets = digest::buckets_for(entries.len());
        let hashes = digest::digest(entries.into_iter(), buckets);
        let purpose = Purpose::MeetingDigest {
            meeting: id,
            buckets,
            rounds,
        };
        self.ask_participant(
            id,
            peer,
            purpose,
            &MeetingRequest::Digest {
                hashes,
                mine: self.my_record(id),
            },
        );
    }

    /// My newest presence in a meeting, as I signed it.
    pub(super) fn my_record(&self, id: MeetingId) -> Option<Vec<u8>> {
        self.meetings
            .get(&id)?
            .presence(self.me.id)
            .map(|held| held.record.raw.to_vec())
    }

    pub(super) fn lobby_listing(&self, theirs: &[u64]) -> Listing {
        digest::listing(&self.people.entries(), theirs)
    }

    pub(super) fn meeting_listing(&self, id: MeetingId, theirs: &[u64]) -> Listing {
        self.meetings
            .get(&id)
            .map_or_else(Listing::default, |meeting| {
                digest::listing(&entries(meeting), theirs)
            })
    }

    pub(super) fn lobby_listed(&mut self, from: PeerId, listing: &Listing, rounds: u8) {
        let difference = digest::difference(&self.people.entries(), listing, MOST_BUCKETS);
        let give: Vec<Carried> = self.lobby_carried(&difference.give.iter().copied().collect());
        let (exchanges, cut) = exchanges(difference.want, give);
        let more = listing.more || cut;
        let last = exchanges.len().saturating_sub(1);
        for (index, (want, give)) in exchanges.into_iter().enumerate() {
            let again = (more && index == last).then_some(rounds);
            self.ask(
                from,
                Purpose::LobbyExchange { again },
                &Request::LobbyExchange { want, give },
            );
        }
    }

    pub(super) fn meeting_listed(
        &mut self,
        id: MeetingId,
        from: PeerId,
        listing: &Listing,
        buckets: usize,
        rounds: u8,
    ) {
        let Some(meeting) = self.meetings.get(&id) else {
            return;
        };
        let difference = digest::difference(&entries(meeting), listing, buckets);
        let give = self.meeting_carried(id, &difference.give.iter().copied().collect(), usize::MAX);
        let (exchanges, cut) = exchanges(difference.want, give);
        let more = listing.more || cut;
        let last = exchanges.len().saturating_sub(1);
        for (index, (want, give)) in exchanges.into_iter().enumerate() {
            let again = (more && index == last).then_some(rounds);
            let purpose = Purpose::MeetingExchange { meeting: id, again };
            self.ask_participant(id, from, purpose, &MeetingRequest::Exchange { want, give });
        }
    }

    pub(super) fn lobby_records(&self, want: &[[u8; 8]]) -> Vec<Carried> {
        let mut records = self.lobby_carried(&want.iter().copied().collect());
        bound(&mut records, SYNC_BYTES);
        records
    }

    fn lobby_carried(&self, slots: &BTreeSet<[u8; 8]>) -> Vec<Carried> {
        self.people
            .records(slots, self.now.monotonic)
            .map(|(age, raw)| Carried {
                age: seconds(age),
                raw: raw.to_vec(),
            })
            .collect()
    }

    pub(super) fn meeting_records(&self, id: MeetingId, want: &[[u8; 8]]) -> Vec<Carried> {
        self.meeting_carried(id, &want.iter().copied().collect(), SYNC_BYTES)
    }

    fn meeting_carried(
        &self,
        id: MeetingId,
        slots: &BTreeSet<[u8; 8]>,
        bytes: usize,
    ) -> Vec<Carried> {
        self.carried(id, bytes, |kept| slots.contains(&kept.entry.slot))
    }

    /// Everything about a meeting that a newcomer is handed, its presences first.
    pub(super) fn whole_meeting(&self, id: MeetingId, bytes: usize) -> Vec<Carried> {
        self.carried(id, bytes, |_| true)
    }

    /// Returns the `wanted` records of a meeting with their ages, as many as fit into `bytes`.
    fn carried(
        &self,
        id: MeetingId,
        bytes: usize,
        wanted: impl Fn(&Kept<'_>) -> bool,
    ) -> Vec<Carried> {
        let (now, utc) = (self.now.monotonic, self.now.utc);
        let age = |kept: &Kept<'_>| match kept.fresh {
            _ if kept.lasts => seconds(utc.since(kept.made)),
            Some(fresh) => seconds(now.saturating_sub(fresh)),
            None => AGE_UNKNOWN,
        };
        let kept = self.meetings.get(&id).map(Meeting::records);
        let mut records: Vec<Carried> = kept
            .into_iter()
            .flatten()
            .filter(wanted)
            .map(|kept| Carried {
                age: age(&kept),
                raw: kept.raw.to_vec(),
            })
            .collect();
        bound(&mut records, bytes);
        records
    }

    pub(super) fn take_lobby_records(&mut self, from: PeerId, records: Vec<Carried>) {
        let via = Via {
            relay: from,
            way: Way::Carried,
        };
        let mut news = News::default();
        for carried in records {
            if self.is_blamed(from) {
                break;
            }
            let taken = match (record::read(&carried.raw), self.moment(carried.age)) {
                (Some(AnyRecord::Lobby(record)), Some(fresh)) => {
                    self.take_lobby_record(record, fresh, via)
                }
                (Some(AnyRecord::Unknown(record)), Some(fresh))
                    if !record.head.kind.is_passing() =>
                {
                    self.take_unknown_lobby_record(record, fresh, via)
                }
                (Some(AnyRecord::Unknown(_)), _) | (Some(AnyRecord::Lobby(_)), None) => {
                    Taken::Known
                }
                _ => {
                    self.guard.malformed();
                    Taken::Bad
                }
            };
            match taken {
                Taken::New => news.count(carried.age),
                Taken::Known => {}
                Taken::Bad => {
                    self.blame(from);
                    break;
                }
            }
        }
        self.spread(None, &news);
    }

    pub(super) fn take_meeting_records(
        &mut self,
        id: MeetingId,
        from: PeerId,
        records: Vec<Carried>,
    ) {
        let via = Via {
            relay: from,
            way: Way::Carried,
        };
        let mut news = News::default();
        for carried in records {
            if self.is_blamed(from) {
                break;
            }
            let taken = match record::read(&carried.raw) {
                // What is only gossiped is not handed on in any other way.
                Some(AnyRecord::Unheard(_)) | None => {
                    self.guard.malformed();
                    Taken::Bad
                }
                Some(record) if record.head().kind.is_passing() => Taken::Known,
                Some(record) => {
                    let fresh = self.moment(carried.age);
                    self.take_record(id, record, fresh, via)
                }
            };
            match taken {
                Taken::New => news.count(carried.age),
                Taken::Known => {}
                // Who hands on one such record has verified none: the rest is not looked at.
                Taken::Bad => {
                    self.blame(from);
                    break;
                }
            }
        }
        self.spread(Some(id), &news);
    }

    /// What came by synchronisation may be new to my neighbours as well: asks a few of them, soon.
    fn spread(&mut self, about: Option<MeetingId>, news: &News) {
        // Most exchanges bring nothing; counting whom they are about would be the dearer part.
        if news.all == 0 || self.timers.is_spreading(about) {
            return;
        }
        let peers = match about.map(|id| self.meetings.get(&id)) {
            None => self.people.entries().len(),
            Some(meeting) => meeting.map_or(0, |meeting| meeting.records().count()),
        };
        let calm = (1 + peers / PEERS_A_STRAY).min(CALMEST);
        if news.is_worth_spreading(calm) {
            let within = SPREAD_WITHIN * calm as u32;
            self.timers
                .spread(about, within, self.now.monotonic, &mut self.rng);
        }
    }

    pub(super) fn spread_timeouts(&mut self) {
        for about in self.timers.take_spreads(self.now.monotonic) {
            let mut neighbours = self.neighbours_in(about);
            for _ in 0..SPREAD_TO {
                let Some(peer) = self.pick(&neighbours) else {
                    break;
                };
                neighbours.retain(|other| *other != peer);
                match about {
                    Some(id) => self.compare_meeting(id, peer, 4),
                    None => self.compare_lobby(peer, 4),
                }
            }
        }
    }

    /// Those connected, as far as they are in this meeting.
    pub(super) fn neighbours_in(&self, about: Option<MeetingId>) -> Vec<PeerId> {
        let shares = |peer: &PeerId| {
            about.is_none_or(|id| {
                self.meetings
                    .get(&id)
                    .is_some_and(|meeting| meeting.is_participant(*peer))
            })
        };
        self.links.connections().filter(shares).collect()
    }

    /// Takes a record that its author `from` asked me to hand on, and does so if it is news.
    ///
    /// Others gossip for themselves: through me nobody is made to look alive.
    pub(super) fn take_and_pass_on(&mut self, id: MeetingId, from: PeerId, raw: &[u8]) {
        let via = Via {
            relay: from,
            way: Way::Gossip,
        };
        let Some(record) = record::read(raw).filter(|record| record.head().author == from) else {
            self.guard.malformed();
            return;
        };
        if self.is_blamed(from) {
            return;
        }
        match self.take_record(id, record, Some(self.now.monotonic), via) {
            Taken::New => self.publish(id, raw),
            Taken::Known => {}
            Taken::Bad => self.blame(from),
        }
    }

    /// Returns when an invitation was made, by my clock: by its age if that is known and was told whole, else by the
    /// clock of its author, which is corrected as far as it is known.
    pub(super) fn made(&self, invitation: &Record<Invitation>, fresh: Option<Duration>) -> Utc {
        let now = self.now.utc;
        let age = fresh.map(|fresh| self.now.monotonic.saturating_sub(fresh));
        let oldest = Duration::from_secs(OLDEST.into());
        match age {
            Some(age) if age < oldest => now.minus(age),
            Some(_) => self.made_by_its_clock(invitation).min(now.minus(oldest)),
            None => self.made_by_its_clock(invitation),
        }
    }

    /// Returns when an invitation was made, by my clock, going by what its author's clock said.
    pub(super) fn made_by_its_clock(&self, invitation: &Record<Invitation>) -> Utc {
        let ahead = self.people.clocks().ahead(invitation.head.author);
        let told = invitation.body.made.shifted(ahead.saturating_neg());
        self.now.mine(told).min(self.now.utc)
    }

    /// When somebody stood by what has this age; none if that is not known, or before my own time.
    fn moment(&self, age: u16) -> Option<Duration> {
        if age == AGE_UNKNOWN {
            return None;
        }
        self.now
            .monotonic
            .checked_sub(Duration::from_secs(age.into()))
    }
}

/// Returns what a meeting holds, to be compared.
fn entries(meeting: &Meeting) -> Vec<Entry> {
    meeting.records().map(|kept| kept.entry).collect()
}

/// An age that is at least so long.
const OLDEST: u16 = AGE_UNKNOWN - 1;

/// Rounded up: an age never shrinks on its way.
fn seconds(age: Duration) -> u16 {
    let whole = age.as_secs() + u64::from(age.subsec_nanos() > 0);
    u16::try_from(whole).map_or(OLDEST, |seconds| seconds.min(OLDEST))
}

fn bound(records: &mut Vec<Carried>, bytes: usize) {
    let mut total = 0usize;
    let fits = records
        .iter()
        .take_while(|record| {
            total = total.saturating_add(record.raw.len() + 6);
            total <= bytes
        })
        .count();
    records.truncate(fits);
}

/// One message: what is wanted, and what is given.
type Exchange = (Vec<[u8; 8]>, Vec<Carried>);

/// Cuts what is wanted and given into messages; says whether something had to be left out.
fn exchanges(want: Vec<[u8; 8]>, give: Vec<Carried>) -> (Vec<Exchange>, bool) {
    let mut wants: Vec<Vec<[u8; 8]>> = want.chunks(WANTED_AT_ONCE).map(<[_]>::to_vec).collect();
    let mut gives: Vec<Vec<Carried>> = Vec::new();
    let mut size = usize::MAX;
    for record in give {
        size = size.saturating_add(record.raw.len() + 6);
        if size > SYNC_BYTES {
            gives.push(Vec::new());
            size = record.raw.len() + 6;
        }
        if let Some(last) = gives.last_mut() {
            last.push(record);
        }
    }
    let count = wants.len().max(gives.len());
    wants.resize(count, Vec::new());
    gives.resize(count, Vec::new());
    let mut messages: Vec<_> = wants.into_iter().zip(gives).collect();
    let cut = messages.len() > EXCHANGES;
    messages.truncate(EXCHANGES);
    (messages, cut)
}
