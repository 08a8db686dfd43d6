//! What the voice machines are told: everything that the user chose comes down to who receives, and whether the
//! microphone and the loudspeaker are open.

use super::{Base, Place, Talk, TalkOutput};
use crate::ids::PeerId;
use crate::output::{Audience, VoiceChange};

impl Talk {
    fn voice(&mut self, change: VoiceChange) {
        self.outputs.push_back(TalkOutput::Voice(change));
    }

    fn wanted_audience(&self) -> Audience {
        if self.place != Place::Inside {
            return Audience::Nobody;
        }
        let whisper = match (&self.passing, &self.base) {
            (Some(whisper), _) | (None, Base::Latched(whisper)) => whisper,
            (None, Base::Nobody(_)) => return Audience::Nobody,
            (None, Base::Everyone) => {
                return Audience::Open(
                    self.attendees
                        .values()
                        .filter(|attendee| attendee.presence.is_present())
                        .map(|attendee| attendee.peer)
                        .collect(),
                );
            }
        };
        let reached = whisper.reached();
        if reached.is_empty() {
            Audience::Nobody
        } else {
            Audience::Whisper(reached)
        }
    }

    fn wanted_microphone(&self) -> bool {
        let held = self
            .passing
            .as_ref()
            .is_some_and(|whisper| whisper.is_held());
        let open = !self.flags().muted && !self.push.is_needed();
        self.place == Place::Inside && !self.away && (held || self.push.is_pressed() || open)
    }

    /// Tells the voice machines what has changed, from capture time `at` on.
    pub(super) fn apply(&mut self, at: Option<u64>) {
        let (audience, microphone) = (self.wanted_audience(), self.wanted_microphone());
        let playback = self.place == Place::Inside && !self.deafened;
        if self.microphone && !microphone {
            self.voice(VoiceChange::Microphone { at, open: false });
        }
        if self.audience != audience {
            self.voice(VoiceChange::Audience {
                at,
                audience: audience.clone(),
            });
        }
        if !self.microphone && microphone {
            self.voice(VoiceChange::Microphone { at, open: true });
        }
        if self.playback != playback {
            self.voice(VoiceChange::Playback { open: playback });
        }
        // Receivers are told while something can be heard, not while a latched whisper is muted.
        let told: &[PeerId] = match &audience {
            Audience::Whisper(peers) if microphone => peers,
            _ => &[],
        };
        self.announcer.announce(told, &mut self.outputs);
        (self.audience, self.microphone, self.playback) = (audience, microphone, playback);
    }
}
