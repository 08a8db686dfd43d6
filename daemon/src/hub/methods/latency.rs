//! The time that sound takes on its way, by stages.

use std::time::Duration;

use sotto_control::model::{Latency, Way};
use sotto_control::server::Answer;
use sotto_control::{ControlError, ErrorCode};
use sotto_meeting::PeerId;
use sotto_voice::ChirpOutcome;
use sotto_voice::wire::delays::SendingDelays;

use super::super::chirps::{CHIRPS, End, Step};
use super::super::{Hub, present};
use super::Answered;
use crate::sound::voice::milliseconds;

impl Hub {
    /// The ways between the user and a colleague, by what both sides measured in the last second.
    pub(super) fn latency(&self, name: &str) -> Answered {
        self.latency_with(self.on_roster(name)?, None)
    }

    /// The same, with how long a chirp took to `peer`.
    fn latency_with(&self, peer: PeerId, chirp: Option<Duration>) -> Answered {
        let person = present::person(&self.mesh, peer);
        let Some(figures) = self.voice.figures(peer) else {
            return Err(ControlError::new(
                ErrorCode::Unavailable,
                format!("there is no voice between you and {}", person.label),
            )
            .with_hint("both must be present in the meeting for two seconds; see 'sotto roster'"));
        };
        let network = figures.round_trip.unwrap_or_default() / 2;
        let theirs = figures.delays;
        let sending = self.voice.sending();
        // Somebody who was muted all the time is heard by a chirp alone.
        let measured = chirp.map(|after| after.saturating_sub(sending.look_ahead));
        let to = theirs.and_then(|delays| {
            let transit = delays.transit.or(measured)?;
            let ms = |after: Duration| milliseconds(sending.capture + after + delays.playback);
            Some(Way {
                chirp_ms: chirp.map(ms),
                ..way(sending, network, transit, delays.playback)
            })
        });
        Ok(Latency {
            to,
            from: figures.transit.zip(theirs).map(|(transit, delays)| {
                way(delays.sending, network, transit, figures.playback_delay)
            }),
            person,
        }
        .into())
    }

    /// Sends a chirp; the client is answered when its outcome is known.
    pub(super) fn chirp(&mut self, name: &str, answer: Answer) {
        let measurable = self.on_roster(name).and_then(|peer| {
            self.latency_with(peer, None)?;
            Ok(peer)
        });
        match measurable {
            Ok(peer) => {
                self.voice.chirp(peer);
                self.chirps.wait(peer, answer, self.clock.monotonic());
            }
            Err(error) => answer.send(Answered::Err(error)),
        }
    }

    /// Answers those who wait for a chirp of which there is news, or sends another where one was missed.
    pub(in crate::hub) fn settle_chirps(&mut self, news: Option<(PeerId, ChirpOutcome)>) {
        let knows_delays = |peer| {
            let figures = self.voice.figures(peer);
            figures.is_some_and(|figures| figures.delays.is_some())
        };
        let now = self.clock.monotonic();
        for step in self.chirps.settle(news, knows_delays, now) {
            match step {
                Step::Again(peer) => self.voice.chirp(peer),
                Step::Answer(answer, peer, end) => answer.send(self.chirp_reply(peer, end)),
            }
        }
    }

    fn chirp_reply(&self, peer: PeerId, end: End) -> Answered {
        let label = self.mesh.label(peer);
        match end {
            End::Heard(after) => self.latency_with(peer, Some(after)),
            End::Deaf => Err(ControlError::new(
                ErrorCode::Unavailable,
                format!("{label} hears nothing now"),
            )
            .with_hint("ask them to 'sotto undeafen', or leave '--chirp' out")),
            End::Missed => Err(ControlError::new(
                ErrorCode::Timeout,
                format!("{CHIRPS} chirps were sent, and {label} found none of them"),
            )
            .with_hint(
                "the network may lose too much, see 'sotto stats'; this microphone may be closed, see 'sotto status'; or \
                 they run a Sotto that does not know chirps: leave '--chirp' out",
            )),
        }
    }
}

/// A way by its parts. `transit` is measured and holds the frame, processing, the network and the jitter buffer: the
/// sender stamps what comes out of its processing with the moment at which that was captured.
fn way(sending: SendingDelays, network: Duration, transit: Duration, playback: Duration) -> Way {
    let ms = milliseconds;
    let held = transit.saturating_sub(sending.frame + sending.processing + network);
    let total = sending.capture + sending.look_ahead + transit + playback;
    Way {
        capture_ms: ms(sending.capture),
        frame_ms: ms(sending.frame),
        processing_ms: ms(sending.processing),
        codec_ms: ms(sending.look_ahead),
        network_ms: ms(network),
        jitter_buffer_ms: ms(held),
        playback_ms: ms(playback),
        total_ms: ms(total),
        chirp_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_add_up_to_the_whole_way() {
        let ms = Duration::from_millis;
        let sending = SendingDelays {
            capture: ms(1),
            frame: ms(10),
            processing: ms(2),
            look_ahead: ms(6),
        };
        let way = way(sending, ms(3), ms(30), ms(8));
        let sum = way.capture_ms
            + way.frame_ms
            + way.processing_ms
            + way.codec_ms
            + way.network_ms
            + way.jitter_buffer_ms
            + way.playback_ms;
        assert!((sum - way.total_ms).abs() < 0.01, "{way:?}");
        assert!((way.jitter_buffer_ms - 15.0).abs() < 0.01, "{way:?}");
        assert!((way.total_ms - 45.0).abs() < 0.01, "{way:?}");
    }
}
