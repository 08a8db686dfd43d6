//! Agreement on voice keys with every other participant of the active meeting.
//!
//! A direction's key is chosen by its sender, and its two SSRCs (open and whisper) are allotted by its receiver. So each
//! side of a pair contributes a *half*: the key with which it will send, and the SSRCs under which it wants to receive.
//! A half belongs to (peer, meeting, generation), never to a connection, and is made once: two sides that offer at the
//! same moment offer the same generation or the higher one wins, and either way both end with the same two halves. A new
//! connection, join or restart begins a new generation.
//!
//! Halves go only to peers that [`Keys::present`] names, that is, whose signed record says that they are present and is
//! sealed with the meeting's secret; the caller verifies the record that travels with an [`Offer`] before it hands the
//! offer over. Everything is erased as soon as either side is no longer present. Where to send is the address of the
//! authenticated connection with the port that was named over it, never an address from a message.
//!
//! The voice machines keep opening packets of the generation before for 2 s after a newer
//! [`VoiceChange::Inbound`](crate::VoiceChange::Inbound), so that nothing on its way is lost when keys change.

mod half;
mod pair;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub(crate) use half::{Answer, AnswerRefusal, Offer};
use half::{Half, Material};
use pair::Pair;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::ids::{MeetingId, PeerId};
use crate::output::VoiceChange;

/// No meeting has more participants.
const MOST_PAIRS: usize = 256;
/// So many peers' last generations are remembered.
const MOST_REMEMBERED: usize = 16 * MOST_PAIRS;
/// Generations beyond this are nothing that an honest peer counts up to.
const HIGHEST_GENERATION: u64 = 1 << 48;
/// How much later the peer with the greater identity offers: usually the other one's offer has arrived by then.
const SECOND_WAIT: Duration = Duration::from_millis(100);
/// The wait before an offer that failed is repeated; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait between two offers.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// After this long without success, offers rest until the peer connects anew or offers by itself.
const DEADLINE: Duration = Duration::from_secs(60);

/// What [`Keys`] wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeysOutput {
    /// Tell the voice machines.
    Voice(VoiceChange),
    /// Send this to `to` over its authenticated connection, then call [`Keys::handle_answer`].
    Offer {
        /// Whom.
        to: PeerId,
        /// What.
        offer: Offer,
    },
}

/// The keys of all pairs in the active meeting.
#[derive(Debug)]
pub(crate) struct Keys {
    me: PeerId,
    rng: ChaCha20Rng,
    meeting: Option<MeetingId>,
    /// My signed presence, sealed for the meeting; it travels with every half.
    record: Vec<u8>,
    port: Option<u16>,
    addresses: BTreeMap<PeerId, IpAddr>,
    pairs: BTreeMap<PeerId, Pair>,
    /// The last generation with peers that are not present now, in whichever meeting. Theirs only ever grows: an answer to
    /// an offer of an earlier stay, which holds another half of mine, is known by its number.
    generations: BTreeMap<PeerId, u64>,
    outputs: VecDeque<KeysOutput>,
}

impl Keys {
    /// Without meeting. `seed` must be fresh from the system for every start.
    pub(crate) fn new(me: PeerId, seed: [u8; 32]) -> Self {
        Self {
            me,
            rng: ChaCha20Rng::from_seed(seed),
            meeting: None,
            record: Vec::new(),
            port: None,
            addresses: BTreeMap::new(),
            pairs: BTreeMap::new(),
            generations: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// I am present in `meeting` now, by this signed record. Call after [`VoiceChange::Enter`].
    pub(crate) fn enter(&mut self, meeting: MeetingId, record: Vec<u8>) {
        self.leave();
        self.meeting = Some(meeting);
        self.record = record;
    }

    /// My presence was signed anew; later offers carry this record.
    pub(crate) fn renew(&mut self, record: Vec<u8>) {
        self.record = record;
    }

    /// I am no longer present: erases every key. Call before [`VoiceChange::Leave`].
    pub(crate) fn leave(&mut self) {
        for peer in self.pairs.keys().copied().collect::<Vec<_>>() {
            self.absent(peer);
        }
        self.meeting = None;
        self.record.clear();
    }

    /// `peer` is present in the active meeting, by a signed record sealed with the meeting's secret.
    pub(crate) fn present(&mut self, peer: PeerId, now: Duration) {
        if self.meeting.is_none() || peer == self.me || self.pairs.contains_key(&peer) {
            return;
        }
        if self.pairs.len() >= MOST_PAIRS {
            return;
        }
        let generation = self.generations.remove(&peer).unwrap_or(0);
        self.pairs.insert(peer, Pair::new(generation));
        self.begin(peer, now);
    }

    /// `peer` is no longer present by its own signed record: erases its keys.
    ///
    /// A peer that is merely shown as lost keeps them: it is cut off, and comes back with the same ones.
    pub(crate) fn absent(&mut self, peer: PeerId) {
        if let Some(pair) = self.pairs.remove(&peer) {
            if self.generations.len() < MOST_REMEMBERED {
                self.generations.insert(peer, pair.generation());
            }
            if pair.was_linked() {
                self.voice(VoiceChange::Unlink { peer });
            }
        }
    }

    /// An authenticated connection with `peer` is up, from this address.
    pub(crate) fn connected(&mut self, peer: PeerId, address: IpAddr, now: Duration) {
        self.addresses.insert(peer, address);
        self.begin(peer, now);
    }

    /// The last connection with `peer` is gone. Its keys remain: the media path does not need the connection.
    pub(crate) fn disconnected(&mut self, peer: PeerId) {
        self.addresses.remove(&peer);
        if let Some(pair) = self.pairs.get_mut(&peer) {
            pair.rest();
        }
    }

    /// The UDP port on which I receive media. Offers wait for it.
    pub(crate) fn set_port(&mut self, port: u16, now: Duration) {
        if port != 0 && self.port.replace(port) != Some(port) {
            for peer in self.pairs.keys().copied().collect::<Vec<_>>() {
                self.begin(peer, now);
            }
        }
    }

    /// `peer` offers its half. The caller has verified and merged the record that came with it.
    pub(crate) fn handle_offer(&mut self, from: PeerId, offer: Offer, now: Duration) -> Answer {
        if !offer.is_valid() {
            return Answer::Refused(AnswerRefusal::Malformed);
        }
        let (Some(meeting), Some(_)) = (self.meeting, self.port) else {
            return Answer::Refused(AnswerRefusal::NotPresent);
        };
        if offer.meeting != meeting {
            return Answer::Refused(AnswerRefusal::NotPresent);
        }
        let Some(pair) = self.pairs.get(&from) else {
            return Answer::Refused(AnswerRefusal::YouAreNotPresent);
        };
        if !self.addresses.contains_key(&from) {
            return Answer::Refused(AnswerRefusal::NotConnected);
        }
        if offer.generation < pair.generation() || pair.contradicts(offer.generation, &offer.half) {
            return Answer::Behind {
                generation: pair.generation(),
            };
        }
        self.adopt(from, offer, now);
        match self.offer_to(from) {
            Some(mine) => Answer::Accepted(mine),
            None => Answer::Refused(AnswerRefusal::NotPresent),
        }
    }

    /// The outcome of a [`KeysOutput::Offer`] of this generation; `None` if no answer came.
    pub(crate) fn handle_answer(
        &mut self,
        from: PeerId,
        generation: u64,
        answer: Option<Answer>,
        now: Duration,
    ) {
        let Some(pair) = self.pairs.get_mut(&from) else {
            return;
        };
        let current = pair.generation() == generation;
        match answer {
            Some(Answer::Accepted(offer)) => {
                let meant_for_this = offer.is_valid() && Some(offer.meeting) == self.meeting;
                let news = offer.generation >= pair.generation()
                    && !pair.contradicts(offer.generation, &offer.half);
                if meant_for_this && news {
                    self.adopt(from, offer, now);
                } else if current {
                    pair.retry(now);
                }
            }
            // It knows a later generation (of before my restart, or its own offer is on the way): go past that.
            Some(Answer::Behind { generation: theirs }) if theirs < HIGHEST_GENERATION => {
                if current && pair.linked_since().is_none() {
                    let wait = if self.me < from {
                        Duration::ZERO
                    } else {
                        SECOND_WAIT
                    };
                    pair.go_past(theirs, now, wait);
                }
            }
            Some(Answer::Behind { .. } | Answer::Refused(_)) | None => {
                if current && pair.linked_since().is_none() {
                    pair.retry(now);
                }
            }
        }
    }

    /// Sends the offers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        let due: Vec<PeerId> = self
            .pairs
            .iter()
            .filter(|(_, pair)| pair.is_due(now))
            .map(|(peer, _)| *peer)
            .collect();
        for to in due {
            // Nothing to send without a port or a connection: both begin anew when they come.
            let offer = self.offer_to(to);
            if let Some(pair) = self.pairs.get_mut(&to) {
                if offer.is_some() {
                    pair.sent();
                } else {
                    pair.rest();
                }
            }
            if let Some(offer) = offer {
                self.outputs.push_back(KeysOutput::Offer { to, offer });
            }
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.pairs.values().filter_map(Pair::due).min()
    }

    /// The next thing to do. Call until `None` after every other call.
    pub(crate) fn poll(&mut self) -> Option<KeysOutput> {
        self.outputs.pop_front()
    }

    /// Whether voice can flow in both directions.
    pub(crate) fn is_linked(&self, peer: PeerId) -> bool {
        self.pairs.get(&peer).is_some_and(Pair::was_linked)
    }

    /// A new generation, offered at once by the peer with the smaller identity, a little later by the other.
    fn begin(&mut self, peer: PeerId, now: Duration) {
        let ready = self.port.is_some() && self.addresses.contains_key(&peer);
        let wait = if self.me < peer {
            Duration::ZERO
        } else {
            SECOND_WAIT
        };
        if ready && let Some(pair) = self.pairs.get_mut(&peer) {
            pair.begin(now, wait);
        }
    }

    /// My half with `to` for the current generation, made if there is none yet.
    fn offer_to(&mut self, to: PeerId) -> Option<Offer> {
        let (meeting, port) = (self.meeting?, self.port?);
        if !self.addresses.contains_key(&to) {
            return None;
        }
        let mine = match self.pairs.get(&to)?.mine() {
            Some(half) => half.clone(),
            None => {
                let half = self.make_half();
                self.pairs.get_mut(&to)?.set_mine(half.clone());
                half
            }
        };
        let generation = self.pairs.get(&to)?.generation();
        Some(Offer {
            meeting,
            generation,
            port,
            half: mine,
            record: self.record.clone(),
        })
    }

    fn make_half(&mut self) -> Half {
        let mut key = [0; 16];
        let mut salt = [0; 12];
        self.rng.fill_bytes(&mut key);
        self.rng.fill_bytes(&mut salt);
        let mut taken: BTreeSet<u32> = self.pairs.values().flat_map(Pair::allotted).collect();
        let mut ssrc = || {
            loop {
                let ssrc = self.rng.next_u32();
                // At most a thousand of four billion are taken, so this ends at once.
                if ssrc != 0 && taken.insert(ssrc) {
                    return ssrc;
                }
            }
        };
        let (open_ssrc, whisper_ssrc) = (ssrc(), ssrc());
        Half {
            material: Material { key, salt },
            open_ssrc,
            whisper_ssrc,
        }
    }

    /// Both halves of a generation are there (mine is made now if it was not): tells the voice machines.
    fn adopt(&mut self, peer: PeerId, offer: Offer, now: Duration) {
        let Offer {
            generation,
            half: theirs,
            port,
            ..
        } = offer;
        let Some(pair) = self.pairs.get_mut(&peer) else {
            return;
        };
        pair.raise(generation);
        if pair.mine().is_none() {
            let half = self.make_half();
            if let Some(pair) = self.pairs.get_mut(&peer) {
                pair.set_mine(half);
            }
        }
        let Some(ip) = self.addresses.get(&peer).copied() else {
            return;
        };
        let Some(pair) = self.pairs.get_mut(&peer) else {
            return;
        };
        let address = SocketAddr::new(ip, port);
        let Some((mine, theirs)) = pair.link(theirs, address, now) else {
            return;
        };
        let inbound = VoiceChange::Inbound {
            peer,
            generation,
            key: theirs.material.key,
            salt: theirs.material.salt,
            open_ssrc: mine.open_ssrc,
            whisper_ssrc: mine.whisper_ssrc,
        };
        let outbound = VoiceChange::Outbound {
            peer,
            generation,
            key: mine.material.key,
            salt: mine.material.salt,
            open_ssrc: theirs.open_ssrc,
            whisper_ssrc: theirs.whisper_ssrc,
            address,
        };
        self.voice(inbound);
        self.voice(outbound);
    }

    fn voice(&mut self, change: VoiceChange) {
        self.outputs.push_back(KeysOutput::Voice(change));
    }
}
