//! Joining talk, keys and reachability to the rest.

use super::Mesh;
use super::direct::Purpose;
use crate::audience::{Notice, TalkOutput};
use crate::bounds::MAX_VOLUME_PERCENT;
use crate::command::{PressMode, Reply, WhisperMode};
use crate::event::{Event, Part};
use crate::ids::{MeetingId, PeerId};
use crate::keys::KeysOutput;
use crate::output::{Output, VoiceChange};
use crate::refusal::Refusal;
use crate::view::Cut;
use crate::wire::MeetingRequest;

impl Mesh {
    /// Lets reachability, talk and keys act on each other until nothing changes any more.
    pub(super) fn voice_consequences(&mut self) {
        // Each round has a cause in the round before; a handful is the most that follows from one input.
        for _ in 0..16 {
            self.reach_consequences();
            if self.meetings.take_attendance_changed()
                && let Some(id) = self.seat.meeting()
            {
                let attendees = self.attendees(id);
                self.talk.attend(&attendees);
            }
            self.drain_talk();
            self.drain_keys();
            if self.meetings.are_settled() {
                break;
            }
        }
    }

    pub(super) fn drain_talk(&mut self) {
        while let Some(output) = self.talk.poll() {
            match output {
                TalkOutput::Voice(change) => {
                    self.outbox.changed(Part::Talk);
                    self.outbox.push(Output::Voice(change));
                }
                TalkOutput::Notice(notice) => self.notice(notice),
                TalkOutput::Tell { peer, notice } => {
                    let serial = notice.serial;
                    match self.seat.meeting() {
                        Some(meeting) => {
                            self.ask_participant(
                                meeting,
                                peer,
                                Purpose::Whisper { meeting, serial },
                                &MeetingRequest::Whisper(notice),
                            );
                        }
                        None => self.talk.told(peer, serial, false, self.now.monotonic),
                    }
                }
                TalkOutput::FlagsChanged(_) => {
                    self.outbox.changed(Part::Talk);
                    self.outbox.save_with_batch();
                    if let Some(id) = self.seat.meeting()
                        && !self.me.is_cloned()
                        && self.signed_by_me(id).keeps_meeting()
                    {
                        self.sign_presence(id, self.signed_by_me(id));
                    }
                }
            }
        }
    }

    pub(super) fn drain_keys(&mut self) {
        while let Some(output) = self.keys.poll() {
            match output {
                KeysOutput::Voice(change) => {
                    let linked = match &change {
                        VoiceChange::Inbound { peer, .. } => Some(*peer),
                        _ => None,
                    };
                    let about = match &change {
                        VoiceChange::Outbound { peer, .. } | VoiceChange::Unlink { peer } => {
                            Some(*peer)
                        }
                        _ => linked,
                    };
                    self.outbox.push(Output::Voice(change));
                    if let Some(peer) = linked
                        && let Some(percent) = self.people.chosen_volume(peer)
                    {
                        self.outbox
                            .push(Output::Voice(VoiceChange::Volume { peer, percent }));
                    }
                    if let Some(id) = self.seat.meeting() {
                        self.outbox.changed(match about {
                            Some(peer) => Part::Participant(id, peer),
                            None => Part::Meeting(id),
                        });
                    }
                }
                KeysOutput::Offer { to, offer } => {
                    let (meeting, generation) = (offer.meeting, offer.generation);
                    self.ask_participant(
                        meeting,
                        to,
                        Purpose::VoiceKeys {
                            meeting,
                            generation,
                        },
                        &MeetingRequest::VoiceKeys(offer),
                    );
                }
            }
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.outbox.changed(Part::Talk);
        let label = |peer: PeerId| self.people.label(peer);
        let event = match notice {
            Notice::ReceiverDeafened(peer) => Event::ReceiverDeafened {
                peer,
                label: label(peer),
            },
            Notice::ReceiverGone(peer) => Event::ReceiverGone {
                peer,
                label: label(peer),
            },
            Notice::ReceiverBack(peer) => Event::ReceiverBack {
                peer,
                label: label(peer),
            },
            Notice::WhisperEmpty => Event::WhisperEmpty,
            Notice::WhisperOver => Event::WhisperOver,
            Notice::HoldLost => Event::HoldLost,
            Notice::HoldCut(cut) => Event::HoldCut(cut),
            Notice::PressCut(cut) => Event::PressCut(cut),
            Notice::WhisperStarted {
                from,
                others,
                unheard,
            } => Event::WhisperStarted {
                from,
                label: label(from),
                others,
                unheard,
            },
            Notice::WhisperStopped { from } => Event::WhisperStopped { from },
            Notice::PressLong => Event::PressLong,
            Notice::PressTooLong => Event::PressTooLong,
            Notice::PressLost => Event::PressLost,
        };
        self.outbox.event(event);
    }

    /// Ends what is held, because of something that happened at the machine.
    pub(super) fn cut_holds(&mut self, cut: Cut) {
        self.talk.cut(cut);
        self.drain_talk();
    }

    /// Opens the devices for the meeting I am in now: a local decision has been made.
    pub(super) fn enter_voice(&mut self, id: MeetingId, restore: Option<bool>) {
        let now = self.now.monotonic;
        self.outbox
            .push(Output::Voice(VoiceChange::Enter { meeting: id }));
        let mut present = Vec::new();
        let mut record = Vec::new();
        if let Some(meeting) = self.meetings.get_mut(&id) {
            meeting.reach_mut().enter(now);
            if let Some(held) = meeting.presence(self.me.id) {
                record = held.record.raw.to_vec();
            }
            present.extend(meeting.participants());
        }
        self.keys.enter(id, record);
        for peer in present {
            if peer != self.me.id && self.meetings.believed(id, peer).is_present() {
                self.keys.present(peer, now);
            }
        }
        let attendees = self.attendees(id);
        match restore {
            Some(muted) => self.talk.restore(&attendees, muted),
            None => self.talk.enter(&attendees, None),
        }
        self.talk.set_away(matches!(
            self.seat.presence(now),
            Some(crate::presence::Presence::Away(_))
        ));
        self.drain_talk();
        self.drain_keys();
        self.meetings.reach_changed(id);
        self.links.reconsider();
        self.outbox.changed(Part::Active);
        self.outbox.changed(Part::Talk);
    }

    /// Closes the devices: for a while, or for good.
    pub(super) fn leave_voice(&mut self, for_good: bool) {
        let Some(id) = self.seat.meeting() else {
            return;
        };
        if for_good {
            self.talk.exit();
        } else {
            self.talk.interrupt();
        }
        self.drain_talk();
        if for_good {
            self.talk.forget_notices();
        }
        self.keys.leave();
        self.drain_keys();
        if self.seat.active().is_some() {
            self.outbox.push(Output::Voice(VoiceChange::Leave));
        }
        if let Some(meeting) = self.meetings.get_mut(&id) {
            meeting.reach_mut().exit(self.now.monotonic);
            self.meetings.reach_changed(id);
        }
        self.links.reconsider();
        self.outbox.changed(Part::Active);
        self.outbox.changed(Part::Talk);
    }

    pub(super) fn whisper(
        &mut self,
        to: &[PeerId],
        mode: WhisperMode,
        at: Option<u64>,
    ) -> Result<Reply, Refusal> {
        self.attend_now();
        let chosen = self.talk.whisper(to, mode, at, self.now.monotonic);
        self.outbox.changed(Part::Talk);
        chosen
            .map(|to| Reply::Whispering { to })
            .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
    }

    pub(super) fn reply(
        &mut self,
        meant: Option<&[PeerId]>,
        mode: WhisperMode,
        at: Option<u64>,
    ) -> Result<Reply, Refusal> {
        self.attend_now();
        let chosen = self.talk.reply(meant, mode, at, self.now.monotonic);
        self.outbox.changed(Part::Talk);
        chosen
            .map(|to| Reply::Whispering { to })
            .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
    }

    /// Opens the microphone while it is pressed, or ends that.
    pub(super) fn press(&mut self, mode: PressMode, at: Option<u64>) -> Result<Reply, Refusal> {
        let pressed = self.talk.press(mode, at, self.now.monotonic);
        self.outbox.changed(Part::Talk);
        pressed
            .map(|()| Reply::Done)
            .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
    }

    /// Notes that whoever holds the press is still there.
    pub(super) fn renew_press(&mut self) -> Result<Reply, Refusal> {
        self.talk
            .renew_press(self.now.monotonic)
            .map(|()| Reply::Done)
            .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
    }

    /// Notes that whoever holds a whisper is still there.
    pub(super) fn renew_hold(&mut self) -> Result<Reply, Refusal> {
        self.talk
            .renew(self.now.monotonic)
            .map(|()| Reply::Done)
            .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
    }

    /// Takes note of a whisper's packet: what its sender announced is real.
    pub(super) fn whispered(&mut self, peer: PeerId) {
        if self.talk.whispered(peer, self.now.monotonic) {
            self.outbox.changed(Part::Talk);
        }
    }

    /// A wish is judged by the roster of this moment.
    fn attend_now(&mut self) {
        if let Some(id) = self.seat.meeting() {
            let attendees = self.attendees_and_invitees(id);
            self.talk.attend(&attendees);
        }
    }

    pub(super) fn set_volume(&mut self, peer: PeerId, percent: u16) -> Result<Reply, Refusal> {
        if percent > MAX_VOLUME_PERCENT {
            return Err(Refusal::WrongVolume);
        }
        if !self.people.knows(peer) {
            return Err(Refusal::UnknownPeer(peer));
        }
        if peer == self.me.id {
            return Err(Refusal::Yourself);
        }
        self.people.set_volume(peer, percent);
        self.outbox.save_with_batch();
        if let Some(id) = self.seat.meeting() {
            self.outbox.changed(Part::Participant(id, peer));
            if self.seat.active().is_some() {
                self.outbox
                    .push(Output::Voice(VoiceChange::Volume { peer, percent }));
            }
        }
        Ok(Reply::Done)
    }
}
