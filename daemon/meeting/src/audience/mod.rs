//! Who receives my voice right now.
//!
//! An [`Audience`] is everyone present in the active meeting, a chosen few, or nobody. It may shrink when people leave,
//! but it never widens by itself: a whisper whose last receiver has gone is heard by nobody until the user says whom.
//! [`Talk`] turns the user's wishes and the roster into changes for the voice machines, in an order that is safe when
//! they apply to one and the same sample: a microphone closes before its audience changes, and opens after.
//!
//! Talk also keeps what is whispered *to* me, so that a reply goes to those who heard the question and to nobody else.

mod announce;
mod hold;
mod incoming;
mod orders;
mod outcome;
mod push;
mod reply;
#[cfg(test)]
mod tests;
mod whisper;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use announce::Announcer;
pub(crate) use announce::WhisperNotice;
use incoming::Incoming;
pub(crate) use outcome::{Notice, TalkOutput, TalkRefusal, Target};
use push::Push;
use whisper::Whisper;

use crate::bounds::{MAX_WHISPER, MIN_WHISPER};
use crate::command::WhisperMode;
use crate::ids::PeerId;
use crate::output::Audience;
use crate::presence::{Flags, OfflineReason, Presence};
use crate::view::NobodyBecause;

/// Another participant of the active meeting, as it is shown to me.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attendee {
    /// Who.
    pub(crate) peer: PeerId,
    /// As shown, `lost` included.
    pub(crate) presence: Presence,
    /// Whether it is muted or deafened.
    pub(crate) flags: Flags,
}

/// What the user has settled on, apart from a whisper that ends by itself or with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Base {
    Everyone,
    Latched(Whisper),
    Nobody(NobodyBecause),
}

/// Where I am.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In no meeting.
    Outside,
    /// In a meeting, with its audio.
    Inside,
    /// In a meeting, but Offline for a while: on the phone, or asleep.
    Interrupted,
}

/// My voice: who receives it, and whether the microphone is open.
#[derive(Debug)]
pub(crate) struct Talk {
    me: PeerId,
    place: Place,
    away: bool,
    muted: bool,
    deafened: bool,
    base: Base,
    /// A held or timed whisper on top of `base`.
    passing: Option<Whisper>,
    push: Push,
    attendees: BTreeMap<PeerId, Attendee>,
    incoming: Incoming,
    announcer: Announcer,
    /// What the voice machines were told last.
    audience: Audience,
    microphone: bool,
    playback: bool,
    outputs: VecDeque<TalkOutput>,
}

impl Talk {
    /// In no meeting, unmuted.
    ///
    /// `first_serial` must be larger than any that an earlier run of this identity used: receivers take a whisper's
    /// notice only if it is newer than the last.
    pub(crate) fn new(me: PeerId, first_serial: u64) -> Self {
        Self {
            me,
            place: Place::Outside,
            away: false,
            muted: false,
            deafened: false,
            base: Base::Everyone,
            passing: None,
            push: Push::default(),
            attendees: BTreeMap::new(),
            incoming: Incoming::default(),
            announcer: Announcer::new(first_serial),
            audience: Audience::Nobody,
            microphone: false,
            playback: false,
            outputs: VecDeque::new(),
        }
    }

    /// The local user has joined a meeting, or switched to it: every whisper ends.
    ///
    /// Call after [`VoiceChange::Enter`]. `muted` overrides the microphone's state, as a rejoin after a crash does.
    pub(crate) fn enter(&mut self, attendees: &[Attendee], muted: Option<bool>) {
        self.end_whispers();
        self.attendees.clear();
        self.place = Place::Inside;
        self.away = false;
        if let Some(muted) = muted {
            self.change_flags(muted, self.deafened);
        }
        (self.audience, self.microphone, self.playback) = (Audience::Nobody, false, false);
        self.attend(attendees);
    }

    /// Left or switched away: every whisper ends. Call before [`VoiceChange::Leave`].
    pub(crate) fn exit(&mut self) {
        self.place = Place::Outside;
        self.away = false;
        self.end_whispers();
        self.attendees.clear();
        self.apply(None);
    }

    /// Notices of the place that I have left are not repeated: by then I may be in another, and must not ask there, nor
    /// tell its tag. Who was whispered to sees that I have gone. Call when the outputs of [`Self::exit`] are taken.
    pub(crate) fn forget_notices(&mut self) {
        self.announcer.forget();
    }

    /// On the phone, or asleep. A whisper stays chosen, so that coming back does not open it to everyone.
    /// Call before [`VoiceChange::Leave`].
    pub(crate) fn interrupt(&mut self) {
        if self.place == Place::Inside {
            self.place = Place::Interrupted;
            // Whoever held a key down has put it down for the telephone.
            self.passing = None;
            self.push.end();
            self.stop_incoming();
            self.apply(None);
        }
    }

    /// Back from an interruption: as it was, or muted. Call after [`VoiceChange::Enter`].
    pub(crate) fn restore(&mut self, attendees: &[Attendee], muted: bool) {
        if self.place == Place::Interrupted {
            self.place = Place::Inside;
            if muted {
                self.change_flags(true, self.deafened);
            }
            self.attend(attendees);
        }
    }

    /// Away closes the microphone; what was chosen stays chosen.
    pub(crate) fn set_away(&mut self, away: bool) {
        self.away = away;
        if away {
            self.push.end();
        }
        self.apply(None);
    }

    /// The active meeting's other participants, as they are shown now.
    pub(crate) fn attend(&mut self, attendees: &[Attendee]) {
        self.attendees = attendees
            .iter()
            .filter(|attendee| attendee.peer != self.me)
            .map(|attendee| (attendee.peer, *attendee))
            .collect();
        if let Some(whisper) = &mut self.passing {
            whisper.attend(&self.attendees, &mut self.outputs);
        }
        if let Base::Latched(whisper) = &mut self.base {
            // Notices about a whisper that another one covers would only confuse.
            let mut silent = VecDeque::new();
            let covered = self.passing.is_some();
            whisper.attend(
                &self.attendees,
                if covered {
                    &mut silent
                } else {
                    &mut self.outputs
                },
            );
            if whisper.is_abandoned() {
                self.base = Base::Nobody(NobodyBecause::ReceiversGone);
            }
        }
        for from in self.incoming.attend(&self.attendees) {
            self.notice(Notice::WhisperStopped { from });
        }
        self.apply(None);
    }

    /// Closes the microphone for everything but held whispers, and what is pressed from now on.
    pub(crate) fn mute(&mut self, at: Option<u64>) {
        self.push.end();
        self.change_flags(true, self.deafened);
        self.apply(at);
    }

    /// Opens the microphone to whoever the audience is: everyone, or the latched whisper alone.
    pub(crate) fn unmute(&mut self, at: Option<u64>) -> Result<(), TalkRefusal> {
        if self.deafened {
            return Err(TalkRefusal::YouAreDeafened);
        }
        self.change_flags(false, false);
        if !self.push.is_needed() {
            // It is open without.
            self.push.end();
        }
        self.apply(at);
        Ok(())
    }

    /// Plays nothing, and so mutes as well.
    pub(crate) fn deafen(&mut self, at: Option<u64>) {
        self.push.end();
        self.change_flags(self.muted, true);
        self.apply(at);
    }

    /// Plays again; the microphone returns to what it was.
    pub(crate) fn undeafen(&mut self, at: Option<u64>) {
        self.change_flags(self.muted, false);
        self.apply(at);
    }

    /// Speaks to `to` alone. Everybody named must be present; if one is not, nothing changes.
    pub(crate) fn whisper(
        &mut self,
        to: &[PeerId],
        mode: WhisperMode,
        at: Option<u64>,
        now: Duration,
    ) -> Result<Vec<PeerId>, TalkRefusal> {
        self.may_whisper(mode)?;
        let mut chosen = Vec::with_capacity(to.len().min(self.attendees.len()));
        for peer in to {
            if *peer == self.me {
                return Err(TalkRefusal::Yourself);
            }
            let attendee = self
                .attendees
                .get(peer)
                .ok_or(TalkRefusal::NotOnRoster { peer: *peer })?;
            if !attendee.presence.is_present() {
                return Err(TalkRefusal::Absent {
                    peer: *peer,
                    presence: attendee.presence,
                });
            }
            if !chosen.contains(peer) {
                chosen.push(*peer);
            }
        }
        if chosen.is_empty() {
            return Err(TalkRefusal::NobodyNamed);
        }
        self.begin(chosen.clone(), mode, at, now);
        Ok(chosen)
    }

    /// Back to everyone, whatever whisper there was.
    pub(crate) fn talk(&mut self, at: Option<u64>) -> Result<(), TalkRefusal> {
        self.must_be_inside()?;
        self.passing = None;
        self.base = Base::Everyone;
        self.apply(at);
        Ok(())
    }

    /// The outcome of a [`TalkOutput::Tell`].
    pub(crate) fn told(&mut self, peer: PeerId, serial: u64, delivered: bool, now: Duration) {
        self.announcer.told(peer, serial, delivered, now);
    }

    /// `peer` answers a whisper's notice that it is deafened: the roster may not show it yet.
    pub(crate) fn receiver_is_deafened(&mut self, peer: PeerId) {
        let whisper = match (&mut self.passing, &mut self.base) {
            (Some(whisper), _) | (None, Base::Latched(whisper)) => whisper,
            _ => return,
        };
        if whisper.note_deafened(peer) {
            self.notice(Notice::ReceiverDeafened(peer));
        }
    }

    /// Ends a whisper or a press whose time is over or whose holder shows no life, and repeats notices that did not
    /// arrive.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        self.expire(now);
        self.expire_press(now);
        self.announcer.handle_timeout(now, &mut self.outputs);
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        let over = self.passing.as_ref().and_then(Whisper::ends);
        [
            over,
            self.push.next_timeout(),
            self.announcer.next_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next thing to do. Call until `None` after every other call.
    pub(crate) fn poll(&mut self) -> Option<TalkOutput> {
        self.outputs.pop_front()
    }

    /// Muted and deafened, as the roster shows them: deafened implies muted.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            muted: self.muted || self.deafened,
            deafened: self.deafened,
        }
    }

    /// Whether the user has closed the open microphone, apart from being deafened.
    pub(crate) fn muted_by_hand(&self) -> bool {
        self.muted
    }

    /// Sets what was remembered from the last run, before the first [`Self::enter`].
    pub(crate) fn remember(&mut self, muted: bool, deafened: bool) {
        (self.muted, self.deafened) = (muted, deafened);
    }

    /// Whether what I say right now is sent to anybody.
    pub(crate) fn is_heard(&self) -> bool {
        self.microphone
            && match &self.audience {
                Audience::Nobody => false,
                Audience::Open(peers) | Audience::Whisper(peers) => !peers.is_empty(),
            }
    }

    /// To whom I speak.
    pub(crate) fn target(&self) -> Target {
        let whisper = match (&self.passing, &self.base) {
            (Some(whisper), _) | (None, Base::Latched(whisper)) => whisper,
            (None, Base::Everyone) => return Target::Everyone,
            (None, Base::Nobody(because)) => return Target::Nobody(*because),
        };
        if whisper.is_abandoned() {
            return Target::Nobody(NobodyBecause::ReceiversGone);
        }
        Target::Whisper {
            to: whisper.chosen(),
            reached: whisper.reached(),
            mode: whisper.mode(),
            until: whisper.until(),
        }
    }

    fn is_present(&self, peer: PeerId) -> bool {
        self.attendees
            .get(&peer)
            .is_some_and(|attendee| attendee.presence.is_present())
    }

    fn must_be_inside(&self) -> Result<(), TalkRefusal> {
        match self.place {
            Place::Outside => Err(TalkRefusal::NotInMeeting),
            Place::Interrupted => Err(TalkRefusal::OnThePhone),
            Place::Inside => Ok(()),
        }
    }

    fn may_whisper(&self, mode: WhisperMode) -> Result<(), TalkRefusal> {
        self.must_be_inside()?;
        if self.away {
            return Err(TalkRefusal::YouAreAway);
        }
        match mode {
            WhisperMode::For(time) if !(MIN_WHISPER..=MAX_WHISPER).contains(&time) => {
                Err(TalkRefusal::WrongDuration)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, chosen: Vec<PeerId>, mode: WhisperMode, at: Option<u64>, now: Duration) {
        let whisper = Whisper::new(chosen, mode, now, &self.attendees, &mut self.outputs);
        if mode == WhisperMode::Latch {
            self.passing = None;
            self.base = Base::Latched(whisper);
        } else {
            self.cover();
            self.passing = Some(whisper);
        }
        self.apply(at);
    }

    /// A latched whisper is in force again: tells what happened to it while another one covered it.
    fn uncover(&mut self) {
        match &self.base {
            Base::Nobody(NobodyBecause::HoldLost) => self.notice(Notice::HoldLost),
            Base::Nobody(NobodyBecause::HoldCut(cut)) => self.notice(Notice::HoldCut(*cut)),
            Base::Nobody(NobodyBecause::ReceiversGone) => self.notice(Notice::WhisperEmpty),
            Base::Latched(whisper) if whisper.reached().is_empty() => {
                self.notice(Notice::WhisperEmpty);
            }
            Base::Everyone | Base::Latched(_) => {}
        }
    }

    fn end_whispers(&mut self) {
        self.passing = None;
        self.push.end();
        self.base = Base::Everyone;
        self.stop_incoming();
        self.incoming = Incoming::default();
    }

    fn stop_incoming(&mut self) {
        for from in self.incoming.stop_all() {
            self.notice(Notice::WhisperStopped { from });
        }
    }

    fn change_flags(&mut self, muted: bool, deafened: bool) {
        let before = self.flags();
        (self.muted, self.deafened) = (muted, deafened);
        if self.flags() != before {
            self.outputs
                .push_back(TalkOutput::FlagsChanged(self.flags()));
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.outputs.push_back(TalkOutput::Notice(notice));
    }
}

/// How a chosen receiver stands to a whisper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Receives it.
    Here,
    /// Cut off: included again when it returns.
    CutOff,
    /// Left, switched, on the phone or closed: out of this whisper for good.
    Gone,
}

fn standing(peer: PeerId, attendees: &BTreeMap<PeerId, Attendee>) -> Standing {
    match attendees.get(&peer).map(|attendee| attendee.presence) {
        Some(Presence::Online | Presence::Away(_)) => Standing::Here,
        Some(Presence::Offline(OfflineReason::Lost)) => Standing::CutOff,
        Some(Presence::Offline(_)) | None => Standing::Gone,
    }
}
