//! How long sound takes, and where.

use std::time::Duration;

use sotto_control::model::{Latency, Way};
use sotto_control::{ControlError, ErrorCode};
use sotto_meeting::View;
use sotto_voice::wire::delays::SendingDelays;

use super::super::{Core, present};
use super::{Answered, on_roster};

impl Core {
    /// The ways between the user and a colleague, by what both sides measured in the last second.
    pub(super) fn latency(&self, view: &View, name: &str) -> Answered {
        let peer = on_roster(view, name)?;
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
        Ok(Latency {
            to: theirs
                .and_then(|delays| delays.transit.zip(Some(delays.playback)))
                .map(|(transit, playback)| way(self.voice.sending(), network, transit, playback)),
            from: figures.transit.zip(theirs).map(|(transit, delays)| {
                way(delays.sending, network, transit, figures.playback_delay)
            }),
            person,
        }
        .into())
    }
}

/// A way by its parts. `transit` is measured and holds the frame, processing, the network and the jitter buffer: the
/// sender stamps what comes out of its processing with the moment at which that was captured.
fn way(sending: SendingDelays, network: Duration, transit: Duration, playback: Duration) -> Way {
    let ms = |time: Duration| time.as_secs_f32() * 1000.0;
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
