//! Everybody I know of: who runs Sotto here, who I have had to do with, what they are called, how loud I hear them.
//!
//! My own lobby record is kept here as well: it is one among the others, except that nobody but me replaces it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::clocks::Clocks;
use crate::digest::Entry;
use crate::directory::{Directory, Source};
use crate::ids::PeerId;
use crate::limits::{CONTACTS, NAMES};
use crate::lobby::{self, Lobby, Merged, dialable};
use crate::record::{LobbyEntry, Record, Unknown, Version};

/// How loud somebody is played for whom nothing else was chosen, in percent.
const USUAL_VOLUME: u16 = 100;

/// The people around me.
#[derive(Debug)]
pub(super) struct People {
    me: PeerId,
    /// My own entry in the lobby, as I signed it last.
    mine: Option<Record<LobbyEntry>>,
    my_addresses: Vec<SocketAddr>,
    lobby: Lobby,
    directory: Directory,
    /// People I have had to do with, and where they were last.
    contacts: BTreeMap<PeerId, Vec<SocketAddr>>,
    clocks: Clocks,
    /// How loud I hear those for whom something else than the usual was chosen, in percent.
    volumes: BTreeMap<PeerId, u16>,
}

impl People {
    pub(super) fn new(me: PeerId) -> Self {
        Self {
            me,
            mine: None,
            my_addresses: Vec::new(),
            lobby: Lobby::default(),
            directory: Directory::default(),
            contacts: BTreeMap::new(),
            clocks: Clocks::default(),
            volumes: BTreeMap::new(),
        }
    }

    // What they are called.

    /// Returns what to show for `peer`.
    pub(super) fn label(&self, peer: PeerId) -> String {
        self.directory.label(peer)
    }

    /// Returns the name that `peer` gives itself, or others give it.
    pub(super) fn name(&self, peer: PeerId) -> &str {
        self.directory.name(peer)
    }

    /// Returns the name of `peer`'s device.
    pub(super) fn device(&self, peer: PeerId) -> &str {
        self.directory.device(peer)
    }

    /// Returns whether I know a name of `peer`.
    pub(super) fn knows(&self, peer: PeerId) -> bool {
        self.directory.knows(peer)
    }

    /// Returns everybody of whom I know a name, me included.
    pub(super) fn named(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.directory.peers()
    }

    /// Sets what I am called, and returns those whose labels that may change. Nobody else has a say in it.
    pub(super) fn call_me(&mut self, name: &str, device: &str) -> BTreeSet<PeerId> {
        let newest = Source::Signed(Version {
            epoch: u64::MAX,
            counter: u64::MAX,
        });
        self.directory.learn(self.me, name, device, newest)
    }

    /// Learns what somebody is called, and returns those whose labels that may change.
    pub(super) fn learn(
        &mut self,
        peer: PeerId,
        name: &str,
        device: &str,
        source: Source,
    ) -> BTreeSet<PeerId> {
        if peer == self.me || (name.is_empty() && self.directory.knows(peer)) {
            return BTreeSet::new();
        }
        self.directory.learn(peer, name, device, source)
    }

    /// Returns whether there are so many names that no further one of a stranger is learned.
    ///
    /// Claims are cheap to make: between two rounds of tidying they must not pile up.
    pub(super) fn is_full_of_names(&self) -> bool {
        self.directory.len() >= NAMES
    }

    /// Returns whether `peer` is me, here, or a contact: its name is kept.
    pub(super) fn is_familiar(&self, peer: PeerId) -> bool {
        peer == self.me || self.contacts.contains_key(&peer) || self.lobby.contains(peer)
    }

    /// Forgets what a stranger is called, and returns those whose labels that may change.
    pub(super) fn forget_name(&mut self, peer: PeerId) -> BTreeSet<PeerId> {
        self.directory.forget(peer)
    }

    /// Returns what is known of others' clocks.
    pub(super) fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Returns what is known of others' clocks, to be changed.
    pub(super) fn clocks_mut(&mut self) -> &mut Clocks {
        &mut self.clocks
    }

    // Who is here.

    /// Returns whether `peer` has announced itself and not said goodbye.
    pub(super) fn is_announced(&self, peer: PeerId, now: Duration) -> bool {
        self.lobby.is_running(peer, now)
    }

    /// Returns everybody who has announced itself and not said goodbye.
    pub(super) fn announced(&self, now: Duration) -> impl Iterator<Item = PeerId> + '_ {
        self.lobby.running(now)
    }

    /// Returns which run of `peer`'s daemon announced itself last.
    pub(super) fn run(&self, peer: PeerId) -> Option<u64> {
        self.lobby.run(peer)
    }

    /// Returns whether a lobby record would be news, before its signature is checked.
    pub(super) fn is_news(&self, record: &Record<LobbyEntry>) -> bool {
        self.lobby.is_news(record)
    }

    /// Takes a verified lobby record whose author stood by it at `fresh`.
    ///
    /// `proven` is where the connection to the author leads. Those connected and contacts are not pushed out to make
    /// room.
    pub(super) fn merge(
        &mut self,
        record: Record<LobbyEntry>,
        fresh: Duration,
        now: Duration,
        proven: Option<IpAddr>,
        is_connected: impl Fn(PeerId) -> bool,
    ) -> Merged {
        let contacts = &self.contacts;
        let keep = |peer: PeerId| contacts.contains_key(&peer) || is_connected(peer);
        self.lobby.merge(record, fresh, now, proven, keep)
    }

    /// Returns those who had to make room for others since this was last asked.
    pub(super) fn take_pushed_out(&mut self) -> Vec<PeerId> {
        self.lobby.take_pushed_out()
    }

    /// Returns whether a lobby record of a kind that only later releases understand would be news.
    pub(super) fn is_unknown_news(&self, record: &Record<Unknown>) -> bool {
        self.lobby.is_unknown_news(record)
    }

    /// Takes a verified record of such a kind. Returns whether it is kept or to be handed on.
    pub(super) fn merge_unknown(
        &mut self,
        record: Record<Unknown>,
        fresh: Duration,
        now: Duration,
    ) -> bool {
        self.lobby.merge_unknown(record, fresh, now)
    }

    /// Drops lobby records that were not renewed, and returns whose.
    pub(super) fn lapse(&mut self, now: Duration) -> Vec<PeerId> {
        self.lobby.lapse(now)
    }

    // Where they are.

    /// Returns the addresses that `peer` announces.
    pub(super) fn addresses(&self, peer: PeerId) -> &[SocketAddr] {
        self.lobby.addresses(peer)
    }

    /// Returns where to dial `peer`: where it says it is, or else where it was last.
    pub(super) fn dial(&self, peer: PeerId) -> Vec<SocketAddr> {
        match self.lobby.addresses(peer) {
            [] => self.contacts.get(&peer).cloned().unwrap_or_default(),
            announced => announced.to_vec(),
        }
    }

    /// Remembers somebody I have to do with, here or not: where it is, and the name, which it alone changes from now on.
    ///
    /// If there are too many, one goes with whom I share no meeting, as `is_colleague` says.
    pub(super) fn remember(&mut self, peer: PeerId, is_colleague: impl Fn(PeerId) -> bool) {
        if peer == self.me {
            return;
        }
        self.directory.pin(peer);
        if self.contacts.contains_key(&peer) {
            return;
        }
        if self.contacts.len() >= CONTACTS {
            let stranger = self
                .contacts
                .keys()
                .copied()
                .find(|contact| !is_colleague(*contact));
            match stranger {
                Some(stranger) => self.contacts.remove(&stranger),
                None => return,
            };
        }
        self.contacts
            .insert(peer, self.lobby.addresses(peer).to_vec());
    }

    /// Notes where a contact is now; returns whether that was not known.
    pub(super) fn found(&mut self, peer: PeerId, addresses: &[SocketAddr]) -> bool {
        match self.contacts.get_mut(&peer) {
            Some(known) if known != addresses => {
                *known = addresses.to_vec();
                true
            }
            _ => false,
        }
    }

    /// Returns those I have had to do with, and where they were last.
    pub(super) fn contacts(&self) -> impl Iterator<Item = (PeerId, &[SocketAddr])> {
        self.contacts
            .iter()
            .map(|(peer, addresses)| (*peer, addresses.as_slice()))
    }

    /// Takes up a contact of the last run.
    pub(super) fn restore_contact(&mut self, peer: PeerId, addresses: Vec<SocketAddr>) {
        self.contacts.insert(peer, addresses);
    }

    // My own entry.

    /// Notes where others can dial me; returns whether that is new.
    pub(super) fn set_my_addresses(&mut self, addresses: &[SocketAddr]) -> bool {
        let addresses = dialable(addresses);
        if addresses == self.my_addresses {
            return false;
        }
        let on_loopback = |address: &SocketAddr| address.ip().is_loopback();
        self.lobby
            .set_on_loopback(!addresses.is_empty() && addresses.iter().all(on_loopback));
        self.my_addresses = addresses;
        true
    }

    /// Returns where others can dial me.
    pub(super) fn my_addresses(&self) -> &[SocketAddr] {
        &self.my_addresses
    }

    /// Keeps my lobby record as I signed it.
    pub(super) fn announce(&mut self, record: Record<LobbyEntry>) {
        self.mine = Some(record);
    }

    /// Returns my lobby record as I signed it last.
    pub(super) fn mine(&self) -> Option<&Record<LobbyEntry>> {
        self.mine.as_ref()
    }

    /// Returns which lobby records I hold, mine included.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = self.lobby.entries();
        if let Some(mine) = &self.mine {
            entries.push(Entry {
                slot: lobby::slot(self.me),
                reference: mine.reference(),
            });
        }
        entries
    }

    /// Returns the lobby records of these slots as they were signed, each with its age, mine first.
    pub(super) fn records<'a>(
        &'a self,
        slots: &'a BTreeSet<[u8; 8]>,
        now: Duration,
    ) -> impl Iterator<Item = (Duration, &'a [u8])> {
        self.mine
            .iter()
            .filter(move |_| slots.contains(&lobby::slot(self.me)))
            .map(|record| (Duration::ZERO, &*record.raw))
            .chain(self.lobby.records(slots, now))
    }

    // How loud I hear them.

    /// Returns how loud I hear `peer`, in percent.
    pub(super) fn volume(&self, peer: PeerId) -> u16 {
        self.chosen_volume(peer).unwrap_or(USUAL_VOLUME)
    }

    /// Returns how loud I hear `peer` if I chose something else than the usual.
    pub(super) fn chosen_volume(&self, peer: PeerId) -> Option<u16> {
        self.volumes.get(&peer).copied()
    }

    /// Chooses how loud I hear `peer`, in percent.
    pub(super) fn set_volume(&mut self, peer: PeerId, percent: u16) {
        if percent == USUAL_VOLUME {
            self.volumes.remove(&peer);
            return;
        }
        if self.volumes.len() >= CONTACTS {
            self.volumes.pop_first();
        }
        self.volumes.insert(peer, percent);
    }

    /// Returns everybody for whom I chose something else than the usual.
    pub(super) fn volumes(&self) -> impl Iterator<Item = (PeerId, u16)> + '_ {
        self.volumes.iter().map(|(peer, percent)| (*peer, *percent))
    }

    /// Takes up what the last run chose.
    pub(super) fn restore_volumes(&mut self, volumes: impl IntoIterator<Item = (PeerId, u16)>) {
        self.volumes = volumes.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{NO_MEETING, sign};
    use ed25519_dalek::SigningKey;

    const NOW: Duration = Duration::from_secs(5000);
    const ME: PeerId = PeerId([9; 32]);

    fn peer(number: usize) -> PeerId {
        let mut id = [1; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        PeerId(id)
    }

    fn address(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 4001).into()
    }

    fn entry(seed: u8, addresses: Vec<SocketAddr>) -> Record<LobbyEntry> {
        let body = LobbyEntry {
            running: true,
            name: "Anna".into(),
            device: "laptop".into(),
            addresses,
        };
        let version = Version {
            epoch: 1,
            counter: 1,
        };
        sign(
            &SigningKey::from_bytes(&[seed; 32]),
            NO_MEETING,
            version,
            0,
            body,
        )
    }

    fn merge(people: &mut People, record: Record<LobbyEntry>) -> PeerId {
        let author = record.head.author;
        people.merge(record, NOW, NOW, None, |_| false);
        author
    }

    #[test]
    fn nobody_but_me_says_what_i_am_called() {
        let mut people = People::new(ME);
        people.call_me("Anna", "laptop");
        let newest = Source::Signed(Version {
            epoch: u64::MAX,
            counter: u64::MAX,
        });
        assert!(people.learn(ME, "Mallory", "", newest).is_empty());
        assert_eq!((people.name(ME), people.device(ME)), ("Anna", "laptop"));
        people.call_me("Anne", "phone");
        assert_eq!((people.name(ME), people.device(ME)), ("Anne", "phone"));
    }

    #[test]
    fn a_record_without_a_name_takes_none_away() {
        let mut people = People::new(ME);
        assert!(!people.learn(peer(1), "Bao", "", Source::Claimed).is_empty());
        assert!(people.learn(peer(1), "", "", Source::Claimed).is_empty());
        assert_eq!(people.name(peer(1)), "Bao");
    }

    #[test]
    fn a_name_is_pinned_to_whom_i_remember() {
        let mut people = People::new(ME);
        people.learn(peer(1), "Bao", "", Source::Claimed);
        people.remember(peer(1), |_| false);
        assert!(
            people
                .learn(peer(1), "Mallory", "", Source::Claimed)
                .is_empty()
        );
        assert_eq!(people.name(peer(1)), "Bao");
    }

    #[test]
    fn names_of_those_here_and_of_contacts_are_kept() {
        let mut people = People::new(ME);
        let here = merge(&mut people, entry(1, vec![address(1)]));
        people.restore_contact(peer(2), Vec::new());
        assert!(people.is_familiar(ME) && people.is_familiar(here));
        assert!(people.is_familiar(peer(2)) && !people.is_familiar(peer(3)));
    }

    #[test]
    fn somebody_is_dialled_where_it_says_it_is_or_else_where_it_was_last() {
        let mut people = People::new(ME);
        let record = entry(1, vec![address(1)]);
        let anna = record.head.author;
        people.restore_contact(anna, vec![address(7)]);
        assert_eq!(people.dial(anna), vec![address(7)]);
        merge(&mut people, record);
        assert_eq!(people.dial(anna), vec![address(1)]);
        assert!(people.dial(peer(1)).is_empty());
    }

    #[test]
    fn a_contact_is_news_on_disk_only_where_it_has_moved() {
        let mut people = People::new(ME);
        assert!(!people.found(peer(1), &[address(1)]), "not a contact");
        people.restore_contact(peer(1), vec![address(1)]);
        assert!(!people.found(peer(1), &[address(1)]));
        assert!(people.found(peer(1), &[address(2)]));
        assert_eq!(people.dial(peer(1)), vec![address(2)]);
    }

    #[test]
    fn a_colleague_is_not_forgotten_for_a_new_contact() {
        let mut people = People::new(ME);
        let colleagues = |contact: PeerId| contact != peer(5);
        for number in 0..CONTACTS {
            people.remember(peer(number), colleagues);
        }
        people.remember(ME, colleagues);
        assert_eq!(people.contacts().count(), CONTACTS);
        people.remember(peer(CONTACTS), colleagues);
        assert!(people.is_familiar(peer(CONTACTS)) && !people.is_familiar(peer(5)));
        people.remember(peer(CONTACTS + 1), |_| true);
        assert!(!people.is_familiar(peer(CONTACTS + 1)), "nobody can go");
        assert_eq!(people.contacts().count(), CONTACTS);
    }

    #[test]
    fn my_own_entry_is_handed_on_like_any_other() {
        let mut people = People::new(ME);
        assert!(people.entries().is_empty());
        let anna = merge(&mut people, entry(1, vec![address(1)]));
        people.announce(entry(2, vec![address(2)]));
        assert_eq!(people.entries().len(), 2);
        let all = [ME, anna].map(lobby::slot).into_iter().collect();
        let later = NOW + Duration::from_secs(3);
        let ages: Vec<Duration> = people.records(&all, later).map(|(age, _)| age).collect();
        assert_eq!(ages, vec![Duration::ZERO, Duration::from_secs(3)]);
        let hers = [lobby::slot(anna)].into_iter().collect();
        assert_eq!(people.records(&hers, later).count(), 1);
    }

    #[test]
    fn my_addresses_are_news_once_and_only_those_that_can_be_dialled() {
        let mut people = People::new(ME);
        let unspecified: SocketAddr = ([0, 0, 0, 0], 4001).into();
        assert!(people.set_my_addresses(&[unspecified, address(2), address(1), address(2)]));
        assert_eq!(
            people.my_addresses(),
            [address(2), address(1)],
            "in the order of their use"
        );
        assert!(people.set_my_addresses(&[unspecified, address(1)]));
        assert_eq!(people.my_addresses(), [address(1)]);
        assert!(!people.set_my_addresses(&[address(1)]));
    }

    #[test]
    fn the_usual_volume_is_not_kept() {
        let mut people = People::new(ME);
        people.set_volume(peer(1), 40);
        assert_eq!(people.volume(peer(1)), 40);
        people.set_volume(peer(1), USUAL_VOLUME);
        assert_eq!(people.chosen_volume(peer(1)), None);
        assert_eq!(people.volume(peer(1)), USUAL_VOLUME);
        for number in 0..=CONTACTS {
            people.set_volume(peer(number), 40);
        }
        assert_eq!(people.volumes().count(), CONTACTS);
    }
}
