//! The meetings on my list, and how the people in them are shown.
//!
//! What one meeting knows is in [`Meeting`]. Here is what takes more than one of them: finding one by its tag or topic,
//! and that nobody is present in two.

use std::collections::{BTreeMap, btree_map};
use std::time::Duration;

use super::reviews::Reviews;
use crate::ids::{MeetingId, PeerId, Utc};
use crate::limits::{FORGOTTEN, MEETINGS};
use crate::meeting::Meeting;
use crate::output::Topic;
use crate::presence::{OfflineReason, Presence};
use crate::reach::Standing;

/// A meeting without anyone present is forgotten after this long.
const DESERTED: Duration = Duration::from_secs(7 * 24 * 3600);
/// A meeting that has ended is kept this long, for those who have not heard yet.
const ENDED: Duration = Duration::from_secs(3600);
/// The ids of forgotten meetings are kept this long.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// My meetings, and the ids of those that I have forgotten.
#[derive(Default)]
pub(super) struct Meetings {
    list: BTreeMap<MeetingId, Meeting>,
    /// By the tag that names a meeting towards its participants.
    tags: BTreeMap<[u8; 32], MeetingId>,
    topics: BTreeMap<Topic, MeetingId>,
    forgotten: BTreeMap<MeetingId, Utc>,
    reviews: Reviews,
}

impl Meetings {
    pub(super) fn get(&self, id: &MeetingId) -> Option<&Meeting> {
        self.list.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &MeetingId) -> Option<&mut Meeting> {
        self.list.get_mut(id)
    }

    pub(super) fn contains(&self, id: MeetingId) -> bool {
        self.list.contains_key(&id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = MeetingId> + '_ {
        self.list.keys().copied()
    }

    pub(super) fn iter(&self) -> btree_map::Values<'_, MeetingId, Meeting> {
        self.list.values()
    }

    pub(super) fn iter_mut(&mut self) -> btree_map::ValuesMut<'_, MeetingId, Meeting> {
        self.list.values_mut()
    }

    /// Returns the meeting that a tag names.
    pub(super) fn tagged(&self, tag: &[u8; 32]) -> Option<MeetingId> {
        self.tags.get(tag).copied()
    }

    /// Returns the meeting whose gossip has this topic.
    pub(super) fn in_topic(&self, topic: &Topic) -> Option<MeetingId> {
        self.topics.get(topic).copied()
    }

    /// Returns whether there are as many meetings as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MEETINGS
    }

    /// Returns the meeting that ended longest ago.
    pub(super) fn longest_ended(&self) -> Option<MeetingId> {
        self.iter()
            .filter_map(|meeting| Some((meeting.ended()?, meeting.id())))
            .min()
            .map(|(_, id)| id)
    }

    /// Adds a meeting, also one that I had forgotten.
    pub(super) fn add(&mut self, meeting: Meeting) {
        let id = meeting.id();
        self.tags.insert(meeting.keys().tag, id);
        self.topics.insert(meeting.keys().topic.clone(), id);
        self.forgotten.remove(&id);
        self.list.insert(id, meeting);
    }

    /// Forgets a meeting: copies of old invitations do not call me back into it.
    pub(super) fn forget(&mut self, id: MeetingId, now: Utc) -> Option<Meeting> {
        let meeting = self.list.remove(&id)?;
        self.reviews.forget(id);
        self.tags.remove(&meeting.keys().tag);
        self.topics.remove(&meeting.keys().topic);
        if self.forgotten.len() >= FORGOTTEN
            && let Some(oldest) = self
                .forgotten
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(id, _)| *id)
        {
            self.forgotten.remove(&oldest);
        }
        self.forgotten.insert(id, now);
        Some(meeting)
    }

    /// Notes that the people of the meeting that I am in have changed.
    pub(super) fn attendance_changed(&mut self) {
        self.reviews.attendance_changed();
    }

    /// Takes the news that they have.
    pub(super) fn take_attendance_changed(&mut self) -> bool {
        self.reviews.take_attendance()
    }

    /// Notes that reachability in a meeting has changed, or may have.
    pub(super) fn reach_changed(&mut self, id: MeetingId) {
        self.reviews.reach_changed(id);
    }

    /// Takes a meeting whose reachability has changed.
    pub(super) fn take_reach_changed(&mut self) -> Option<MeetingId> {
        self.reviews.take_reach()
    }

    /// Returns whether the consequences of all changes are drawn.
    pub(super) fn are_settled(&self) -> bool {
        self.reviews.is_settled()
    }

    /// Forgives everybody's silence: this machine slept.
    pub(super) fn forgive(&mut self, now: Duration) {
        for meeting in self.list.values_mut() {
            meeting.reach_mut().forgive(now);
            self.reviews.reach_changed(meeting.id());
        }
    }

    /// Lets time pass for the reachability that changes by itself.
    pub(super) fn handle_timeout(&mut self, now: Duration) {
        for id in self.reviews.due(now) {
            if let Some(meeting) = self.list.get_mut(&id) {
                meeting.reach_mut().handle_timeout(now);
                self.reviews.reach_changed(id);
            }
        }
    }

    /// Returns when reachability changes by itself somewhere.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.reviews.next_timeout()
    }

    /// Sets anew when the reachability in a meeting changes by itself.
    pub(super) fn schedule_reach(&mut self, id: MeetingId, now: Duration) {
        let due = self
            .get(&id)
            .and_then(|meeting| meeting.reach().next_timeout(now));
        self.reviews.schedule(id, due);
    }

    /// Returns when I forgot a meeting.
    pub(super) fn forgotten_at(&self, id: MeetingId) -> Option<Utc> {
        self.forgotten.get(&id).copied()
    }

    /// Returns the meetings that the next run is not to take up again: forgotten ones, and those that have ended.
    pub(super) fn over(&self, now: Utc) -> Vec<(MeetingId, Utc)> {
        self.iter()
            .filter(|meeting| meeting.ended().is_some())
            .map(|meeting| (meeting.id(), now))
            .chain(self.forgotten.iter().map(|(id, at)| (*id, *at)))
            .collect()
    }

    /// Takes up what the last run had forgotten.
    pub(super) fn restore_forgotten(&mut self, forgotten: Vec<(MeetingId, Utc)>) {
        self.forgotten = forgotten.into_iter().collect();
    }

    /// Notes in which meetings somebody besides `me` is present, and returns those that are to be forgotten.
    ///
    /// The one that I am in counts as present and is not forgotten.
    pub(super) fn take_stock(
        &mut self,
        me: PeerId,
        seat: Option<MeetingId>,
        now: Duration,
        utc: Utc,
    ) -> Vec<MeetingId> {
        let mut over = Vec::new();
        for meeting in self.list.values_mut() {
            let seated = seat == Some(meeting.id());
            let present = seated
                || meeting
                    .shown()
                    .iter()
                    .any(|(peer, presence)| *peer != me && presence.is_present());
            if present {
                meeting.set_last_present(utc);
            }
            let ended = meeting
                .ended()
                .is_some_and(|since| now.saturating_sub(since) >= ENDED);
            let deserted = utc.since(meeting.last_present()) >= DESERTED;
            if !seated && (ended || deserted) {
                over.push(meeting.id());
            }
        }
        over
    }

    /// Drops the ids of meetings that I forgot very long ago.
    pub(super) fn forget_forgotten(&mut self, now: Utc) {
        self.forgotten.retain(|_, at| now.since(*at) < REMEMBERED);
    }

    /// Returns the meetings in which `peer` takes or took part.
    pub(super) fn shared_with(&self, peer: PeerId) -> Vec<MeetingId> {
        self.iter()
            .filter(|meeting| meeting.is_participant(peer))
            .map(|meeting| meeting.id())
            .collect()
    }

    /// Returns whether `peer` takes or took part in some meeting of mine.
    pub(super) fn is_colleague(&self, peer: PeerId) -> bool {
        self.iter().any(|meeting| meeting.is_participant(peer))
    }

    /// Returns what `peer` signed about itself in a meeting.
    pub(super) fn signed(&self, id: MeetingId, peer: PeerId) -> Presence {
        self.get(&id)
            .map_or(Presence::Offline(OfflineReason::NotJoined), |meeting| {
                meeting.signed_presence(peer)
            })
    }

    /// Returns what `peer` signed, or that it was overtaken: everybody is present in one meeting at most.
    pub(super) fn believed(&self, id: MeetingId, peer: PeerId) -> Presence {
        let signed = self.signed(id, peer);
        if signed.is_present() && self.is_overtaken(id, peer) {
            return Presence::Offline(OfflineReason::Elsewhere);
        }
        signed
    }

    /// Returns whether `peer` has changed to another meeting since it signed its presence in this one.
    fn is_overtaken(&self, id: MeetingId, peer: PeerId) -> bool {
        let Some(held) = self.get(&id).and_then(|meeting| meeting.presence(peer)) else {
            return false;
        };
        let signed = held.record.head.version;
        self.iter()
            .filter(|other| other.id() != id)
            .filter_map(|other| other.seat(peer))
            .any(|seat| signed < seat)
    }

    /// Returns how `peer` is shown in a meeting, and whether it is merely not reachable from here.
    pub(super) fn shown(&self, id: MeetingId, peer: PeerId) -> (Presence, bool) {
        let believed = self.believed(id, peer);
        if !believed.is_present() {
            return (believed, false);
        }
        match self.get(&id).map(|meeting| meeting.reach().standing(peer)) {
            Some(Standing::Here) => (believed, false),
            Some(Standing::Unreachable) => (believed, true),
            Some(Standing::Lost) | None => (Presence::Offline(OfflineReason::Lost), false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Now;
    use crate::meeting::Turn;
    use crate::presence::Flags;
    use crate::reach::Reach;
    use crate::record::{AnyRecord, Founding, NO_MEETING, PresenceBody, Version, sign};
    use ed25519_dalek::SigningKey;

    const NOW: Now = Now {
        monotonic: Duration::from_secs(1_000_000),
        since_boot: Duration::from_secs(1_000_000),
        utc: Utc(1_800_000_000),
    };
    const ME: PeerId = PeerId([9; 32]);
    const ELSEWHERE: Presence = Presence::Offline(OfflineReason::Elsewhere);

    fn bao() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn bao_id() -> PeerId {
        PeerId(bao().verifying_key().to_bytes())
    }

    fn meeting(number: u16) -> Meeting {
        let mut secret = [0; 32];
        secret[..2].copy_from_slice(&number.to_le_bytes());
        let founding = Founding {
            title: format!("Meeting {number}"),
            created: NOW.utc,
            nonce: [1; 16],
            commitment: [0; 32],
        };
        let founding = sign(&bao(), NO_MEETING, Version::default(), 0, founding);
        let reach = Reach::new(MeetingId(founding.hash), ME, 1);
        Meeting::new(founding, secret, reach, NOW.utc)
    }

    /// Adds a meeting and returns its id.
    fn add(meetings: &mut Meetings, number: u16) -> MeetingId {
        let meeting = meeting(number);
        let id = meeting.id();
        meetings.add(meeting);
        id
    }

    /// Bao signs its presence, having changed its meeting last at `seat`.
    fn says(meetings: &mut Meetings, id: MeetingId, presence: Presence, counter: u64, seat: u64) {
        let body = PresenceBody {
            presence,
            flags: Flags::default(),
            seat,
            name: "Bao".into(),
            device: String::new(),
        };
        let record = sign(&bao(), id, Version { epoch: 1, counter }, 0, body);
        let meeting = meetings.get_mut(&id).unwrap();
        meeting.merge(AnyRecord::Presence(record), Some(NOW.monotonic), NOW.utc);
    }

    /// Bao, who was alone there, leaves.
    fn end(meetings: &mut Meetings, id: MeetingId, at: Duration) {
        says(meetings, id, Presence::Offline(OfflineReason::Left), 9, 0);
        let turn = meetings.get_mut(&id).unwrap().look_at_end(at);
        assert_eq!(turn, Some(Turn::Ended));
    }

    #[test]
    fn a_meeting_is_found_by_its_tag_and_its_topic_until_it_is_forgotten() {
        let mut meetings = Meetings::default();
        let id = add(&mut meetings, 1);
        let (tag, topic) = {
            let keys = meetings.get(&id).unwrap().keys();
            (keys.tag, keys.topic.clone())
        };
        assert_eq!(meetings.tagged(&tag), Some(id));
        assert_eq!(meetings.in_topic(&topic), Some(id));
        meetings.forget(id, NOW.utc);
        assert_eq!(meetings.tagged(&tag), None);
        assert_eq!(meetings.in_topic(&topic), None);
        assert_eq!(meetings.forgotten_at(id), Some(NOW.utc));
        meetings.add(meeting(1));
        assert_eq!(meetings.forgotten_at(id), None, "it is on the list again");
    }

    #[test]
    fn whoever_signs_itself_present_in_two_meetings_is_in_the_later() {
        let mut meetings = Meetings::default();
        let (old, new) = (add(&mut meetings, 1), add(&mut meetings, 2));
        says(&mut meetings, old, Presence::Online, 3, 2);
        assert_eq!(meetings.believed(old, bao_id()), Presence::Online);
        says(&mut meetings, new, Presence::Online, 5, 4);
        assert_eq!(meetings.believed(old, bao_id()), ELSEWHERE);
        assert_eq!(meetings.believed(new, bao_id()), Presence::Online);
        assert_eq!(meetings.signed(old, bao_id()), Presence::Online);
        let mut back = meetings.shared_with(bao_id());
        back.sort();
        let mut both = vec![old, new];
        both.sort();
        assert_eq!(back, both, "a participant of both all the same");
    }

    #[test]
    fn somebody_present_is_shown_lost_until_it_is_heard_of() {
        let mut meetings = Meetings::default();
        let id = add(&mut meetings, 1);
        says(&mut meetings, id, Presence::Online, 3, 2);
        let lost = Presence::Offline(OfflineReason::Lost);
        assert_eq!(meetings.shown(id, bao_id()), (lost, false));
        let reach = meetings.get_mut(&id).unwrap().reach_mut();
        reach.present(bao_id(), (1, 2), Some(NOW.monotonic), NOW.monotonic);
        assert_eq!(meetings.shown(id, bao_id()), (Presence::Online, false));
        says(&mut meetings, id, ELSEWHERE, 4, 4);
        assert_eq!(meetings.shown(id, bao_id()), (ELSEWHERE, false));
    }

    #[test]
    fn a_meeting_without_anyone_is_over_after_a_week_and_an_ended_one_after_an_hour() {
        let mut meetings = Meetings::default();
        let (deserted, ended) = (add(&mut meetings, 1), add(&mut meetings, 2));
        end(&mut meetings, ended, NOW.monotonic);
        let stock = |meetings: &mut Meetings, seat, after: Duration| {
            meetings.take_stock(ME, seat, NOW.monotonic + after, NOW.utc.plus(after))
        };
        assert!(stock(&mut meetings, None, Duration::ZERO).is_empty());
        assert_eq!(stock(&mut meetings, None, ENDED), vec![ended]);
        assert_eq!(meetings.over(NOW.utc), vec![(ended, NOW.utc)]);
        meetings.forget(ended, NOW.utc);
        assert!(stock(&mut meetings, Some(deserted), DESERTED).is_empty());
        assert!(
            stock(&mut meetings, None, DESERTED).is_empty(),
            "I was there until now"
        );
        assert_eq!(stock(&mut meetings, None, 2 * DESERTED), vec![deserted]);
    }

    #[test]
    fn of_two_meetings_that_have_ended_the_longer_past_makes_room() {
        let mut meetings = Meetings::default();
        let (first, second) = (add(&mut meetings, 1), add(&mut meetings, 2));
        assert_eq!(meetings.longest_ended(), None);
        end(&mut meetings, first, Duration::from_secs(2));
        end(&mut meetings, second, Duration::from_secs(1));
        assert_eq!(meetings.longest_ended(), Some(second));
    }

    #[test]
    fn forgotten_ids_are_bounded_and_lapse() {
        let mut meetings = Meetings::default();
        for number in 0..=FORGOTTEN as u16 {
            let id = add(&mut meetings, number);
            meetings.forget(id, Utc(NOW.utc.0 + u64::from(number)));
        }
        assert_eq!(meetings.over(NOW.utc).len(), FORGOTTEN);
        let oldest = meeting(0).id();
        assert_eq!(meetings.forgotten_at(oldest), None, "the oldest went");
        meetings.forget_forgotten(NOW.utc.plus(REMEMBERED + Duration::from_secs(5000)));
        assert!(meetings.over(NOW.utc).is_empty());
    }
}
