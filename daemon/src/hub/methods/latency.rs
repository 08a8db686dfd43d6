//! How long sound takes, and where.

use std::time::Duration;

use sotto_control::model::{Latency, Way};
use sotto_control::server::Answer;
use sotto_control::{ControlError, ErrorCode};
use sotto_meeting::{PeerId, View};
use sotto_voice::ChirpOutcome;
use sotto_voice::wire::delays::SendingDelays;

use super::super::{Hub, WaitingChirp, present};
use super::{Answered, on_roster};
use crate::sound::voice::milliseconds;

/// How many chirps are sent before it is given up: one may be lost, or come before the sender's clock is known.
const CHIRPS: u32 = 3;

/// How long each is waited for: it begins after 300 ms, and is searched for during half as much.
const CHIRP_PATIENCE: Duration = Duration::from_millis(1_500);

impl Hub {
    /// The ways between the user and a colleague, by what both sides measured in the last second.
    pub(super) fn latency(&self, view: &View, name: &str) -> Answered {
        self.latency_with(view, on_roster(view, name)?, None)
    }

    /// The same, with how long a chirp took to `peer`.
    fn latency_with(&self, view: &View, peer: PeerId, chirp: Option<Duration>) -> Answered {
        let person = present::person(view, peer);
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
    pub(super) fn chirp(&mut self, view: &View, name: &str, answer: Answer) {
        let measurable = on_roster(view, name).and_then(|peer| {
            self.latency_with(view, peer, None)?;
            Ok(peer)
        });
        match measurable {
            Ok(peer) => {
                self.voice.chirp(peer);
                self.chirps.push(WaitingChirp {
                    peer,
                    answer,
                    left: CHIRPS - 1,
                    deadline: self.clock.monotonic() + CHIRP_PATIENCE,
                });
            }
            Err(error) => answer.send(Answered::Err(error)),
        }
    }

    /// Whether `peer` has told of its own delays, without which a chirp's way has no end.
    fn knows_delays(&self, peer: PeerId) -> bool {
        let figures = self.voice.figures(peer);
        figures.is_some_and(|figures| figures.delays.is_some())
    }

    /// Answers those who wait for a chirp of which there is news, or sends another where one was missed.
    pub(in crate::hub) fn settle_chirps(&mut self, news: Option<(PeerId, ChirpOutcome)>) {
        let now = self.clock.monotonic();
        for mut waiting in std::mem::take(&mut self.chirps) {
            let outcome = news.filter(|(peer, _)| *peer == waiting.peer);
            let view = self.view();
            let answered: Answered = match outcome {
                Some((peer, ChirpOutcome::Heard(after))) if self.knows_delays(peer) => {
                    self.latency_with(&view, peer, Some(after))
                }
                Some((peer, ChirpOutcome::Deaf)) => Err(ControlError::new(
                    ErrorCode::Unavailable,
                    format!("{} hears nothing now", present::person(&view, peer).label),
                )
                .with_hint("ask them to 'sotto undeafen', or leave '--chirp' out")),
                None if now < waiting.deadline => {
                    self.chirps.push(waiting);
                    continue;
                }
                // Just after joining a chirp may be heard before the listener has told of its loudspeaker.
                Some((_, ChirpOutcome::Heard(_) | ChirpOutcome::Missed)) | None
                    if waiting.left > 0 =>
                {
                    self.voice.chirp(waiting.peer);
                    waiting.left -= 1;
                    waiting.deadline = now + CHIRP_PATIENCE;
                    self.chirps.push(waiting);
                    continue;
                }
                Some((_, ChirpOutcome::Heard(_) | ChirpOutcome::Missed)) | None => {
                    let label = present::person(&view, waiting.peer).label;
                    Err(ControlError::new(
                        ErrorCode::Timeout,
                        format!("{CHIRPS} chirps were sent, and {label} found none of them"),
                    )
                    .with_hint(
                        "the network may lose too much, see 'sotto stats'; this microphone may be closed, see 'sotto status'; or \
                         they run a Sotto that does not know chirps: leave '--chirp' out",
                    ))
                }
            };
            waiting.answer.send(answered);
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
