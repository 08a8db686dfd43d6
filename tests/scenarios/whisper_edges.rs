//! Not one sample of a whisper reaches anybody else, its first and last milliseconds included.
//!
//! Anna's microphone hears noise without a pause, every few milliseconds of which are like no others. She whispers
//! to Chen in the midst of it, several times, so that the edges fall anywhere in a frame. Two independent witnesses
//! say what went where: the recordings, in which each millisecond is traced back to its place in the source, and the
//! packets on everybody's cable, whose timestamps name the samples in them.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use sotto_tests::hearing::ABSENT;
use sotto_tests::trace::Side;
use sotto_tests::{Capture, Clip, Colleague, Script, Trace, VoicePacket};

use crate::whisper::four_in_a_meeting;
use crate::{Outcome, Place, note};

/// How often Anna whispers.
const WHISPERS: u32 = 6;

/// When the noise begins, in seconds of the script: later than the last one joins.
const BEGIN: f64 = 8.0;

/// How long the sound is open before each whisper and after the last, and how long a whisper is: about so. They are
/// no multiples of a frame.
const OPEN: Duration = Duration::from_micros(803_700);
const WHISPERED: Duration = Duration::from_micros(702_900);

/// How much of the sound a switch may cost the one who hears both sides of it, and nothing may cost more: two fades of
/// 5 ms, up to half a frame, and what the reset encoder looks ahead.
const SWITCH: f64 = 0.03;

/// So far away from what the chosen one heard of a whisper is everything that the others hear. An encoder that is reset
/// keeps the last 2.5 ms of a whisper to itself; if it were not, they would be the first that everybody hears. Sound of
/// 8 ms is traced to two or three milliseconds, so that a little less than nothing may be left; 2 ms have been seen. That
/// not a bit of the whisper is decodable is tested where the encoder is.
const KEPT: f64 = -0.001;

/// The edge that nobody else may hear: 50 ms.
const EDGE: f64 = 0.05;

/// As much of it as a listener's buffer continues and a busy machine blurs: 0.5 to 2.8 % on a quiet one, 5.4 % have been
/// seen. Of a whisper that gets out everything is there.
const BLURRED: f64 = 2.0 * ABSENT;

/// A listener's buffer continues for up to 100 ms what breaks off, ever softer.
const DYING_AWAY: f64 = 0.12;

/// An Opus frame, in samples.
const FRAME: u32 = 480;

/// What was said to switch, and when.
#[derive(Debug)]
struct Commands {
    /// When the whisper was on, for Anna's client.
    whispering: SystemTime,
    /// When she was about to speak to everyone.
    released: SystemTime,
}

pub(crate) async fn a_whisper_in_the_midst_of_sound_has_exact_edges(mut lab: Place) -> Outcome {
    let length = OPEN * (WHISPERS + 2) + WHISPERED * WHISPERS;
    let mut script = Script::new();
    script.wait_until(BEGIN);
    let rustle = script.say(&Clip::rustle(length));
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let mut captures = Vec::new();
    for who in [&bao, &chen, &dara] {
        captures.push(Capture::of_voice(who.host(), anna.host())?);
    }

    let opened = anna.microphone_opened()?;
    let mut moment = opened + rustle.start + OPEN;
    let mut commands = Vec::new();
    for _ in 0..WHISPERS {
        tokio::time::sleep_until(moment.into()).await;
        anna.whispers_to(&["Chen"]).await?;
        let whispering = SystemTime::now();
        moment += WHISPERED;
        tokio::time::sleep_until(moment.into()).await;
        let released = SystemTime::now();
        anna.speaks_to_everyone().await?;
        commands.push(Commands {
            whispering,
            released,
        });
        moment += OPEN;
    }
    anna.has_said(&rustle).await?;
    let end = opened + rustle.end() + Duration::from_millis(600);
    chen.recorded_until(end).await?;

    let to_chen = captures[1].packets();
    let whispers = whispered_stretches(&to_chen)?;
    ensure!(
        whispers.len() == commands.len(),
        "{} whispers went to Chen",
        whispers.len()
    );
    let around = BEGIN + 0.2..BEGIN + length.as_secs_f64() - 0.3;
    let at_chen = trace(&chen, &script, &around)?;
    for (listener, capture) in [(&bao, &captures[0]), (&dara, &captures[2])] {
        let packets = capture.packets();
        for (whisper, commands) in whispers.iter().zip(&commands) {
            no_packet_of(whisper, commands, &packets)
                .with_context(|| format!("{}'s cable", listener.name()))?;
        }
        let other = trace(listener, &script, &around)?;
        not_a_sample(&whispers, &at_chen, &other)
            .with_context(|| format!("what {} heard", listener.name()))?;
    }
    Ok(())
}

/// What somebody heard of the script.
fn trace(who: &Colleague, script: &Script, around: &Range<f64>) -> Result<Trace> {
    let recordings = who.recordings()?;
    let heard = recordings.last().context("no recording")?;
    Trace::follow(script.sound(), heard.sound(), around.clone())
        .with_context(|| format!("what {} heard", who.name()))
}

/// A whisper as its receiver's packets show it, in samples by RTP timestamp.
#[derive(Debug)]
struct Whispered {
    first: u32,
    /// Behind the last.
    end: u32,
}

impl Whispered {
    fn seconds(&self) -> f64 {
        f64::from(self.end.wrapping_sub(self.first)) / 48e3
    }

    fn contains(&self, timestamp: u32) -> bool {
        timestamp.wrapping_sub(self.first) < self.end.wrapping_sub(self.first)
    }
}

/// The whispers among the packets to the chosen one: each interrupts the stream that came first.
fn whispered_stretches(packets: &[VoicePacket]) -> Result<Vec<Whispered>> {
    let open = packets.first().context("no packet at all")?.ssrc;
    let mut whispers: Vec<Whispered> = Vec::new();
    let mut before = open;
    for packet in packets {
        let end = packet.timestamp.wrapping_add(FRAME);
        if packet.ssrc != open {
            match whispers.last_mut() {
                Some(whisper) if before == packet.ssrc => whisper.end = end,
                _ => whispers.push(Whispered {
                    first: packet.timestamp,
                    end,
                }),
            }
        }
        before = packet.ssrc;
    }
    Ok(whispers)
}

/// Nothing that was captured during a whisper went over somebody else's cable, neither by its timestamp nor by the
/// clock, and what came after holds no copy of it.
fn no_packet_of(whisper: &Whispered, commands: &Commands, packets: &[VoicePacket]) -> Result<()> {
    let leaked = packets
        .iter()
        .filter(|packet| whisper.contains(packet.timestamp))
        .count();
    ensure!(leaked == 0, "{leaked} packets hold samples of the whisper");
    // The last open packet may be on its way when the command returns.
    let quiet = commands.whispering + Duration::from_millis(50)..commands.released;
    let meanwhile = packets
        .iter()
        .filter(|packet| quiet.contains(&packet.at))
        .count();
    ensure!(
        meanwhile == 0,
        "{meanwhile} packets came during the whisper"
    );
    let before = packets
        .iter()
        .filter(|packet| packet.timestamp.wrapping_add(FRAME) == whisper.first)
        .count();
    ensure!(before > 0, "the sound before the whisper did not come");
    // Every packet holds a copy of the frame before, if its receiver may have it.
    let after = packets
        .iter()
        .find(|packet| packet.timestamp.wrapping_sub(whisper.end) < 48_000)
        .context("the sound after the whisper did not come")?;
    ensure!(
        after.payload_type == 111,
        "the first packet after the whisper holds a copy of what was before it"
    );
    Ok(())
}

/// Nothing of what the chosen one heard as whispers is in the other's recording.
fn not_a_sample(whispers: &[Whispered], chosen: &Trace, other: &Trace) -> Result<()> {
    let gaps = other.holes(WHISPERED.as_secs_f64() / 2.0);
    ensure!(
        gaps.len() == whispers.len(),
        "{} gaps instead of {}: {gaps:?}",
        gaps.len(),
        whispers.len()
    );
    let switches = chosen.holes(0.003);
    for hole in &switches {
        ensure!(
            hole.end - hole.start <= SWITCH,
            "the chosen one lacks {hole:.3?}, which everybody or the chosen one alone should hear"
        );
    }
    // A switch at a frame's edge may cost less than can be traced: then it is where the others' sound ends or begins, and
    // the length of the whisper tells whether that is where it should be.
    let nearest = |moment: f64| {
        let distance =
            |hole: &&Range<f64>| (hole.start - moment).abs().min((hole.end - moment).abs());
        switches
            .iter()
            .filter(|hole| distance(hole) <= SWITCH)
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .map_or(moment..moment, Range::clone)
    };
    let (mut firsts, mut lasts, mut middles) = (Vec::new(), Vec::new(), Vec::new());
    let mut margin = f64::INFINITY;
    for (gap, whisper) in gaps.iter().zip(whispers) {
        let (begin, end) = (nearest(gap.start), nearest(gap.end));
        let whispered = begin.end..end.start;
        let length = whispered.end - whispered.start;
        ensure!(
            (whisper.seconds() - SWITCH..whisper.seconds() + 0.005).contains(&length),
            "the chosen one heard {length:.3} s as a whisper of {:.3} s",
            whisper.seconds()
        );
        let away = (whispered.start - gap.start).min(gap.end - whispered.end);
        ensure!(
            away >= KEPT,
            "sound up to {:.3} s and from {:.3} s on is in the recording, but {whispered:.3?} was whispered",
            gap.start,
            gap.end
        );
        margin = margin.min(away);
        let sounds_on = other.sounds_on(whispered.start);
        ensure!(
            sounds_on <= DYING_AWAY,
            "there is other sound {sounds_on:.3} s into the whisper"
        );
        firsts.push(whispered.start..whispered.start + EDGE);
        lasts.push(whispered.end - EDGE..whispered.end);
        middles.push(whispered.start + EDGE..whispered.end - EDGE);
    }
    note(format!(
        "the nearest sound is {:.0} ms away from what was whispered",
        margin * 1e3
    ));
    for (name, stretches, side) in [
        ("first 50 ms", firsts, Side::Before),
        ("middle", middles, Side::Before),
        ("last 50 ms", lasts, Side::After),
    ] {
        let there = other.strength(&stretches, side)?;
        let share = there / chosen.strength(&stretches, side)?;
        note(format!(
            "the whispers' {name}: {share:.4} of what the chosen one hears"
        ));
        ensure!(
            share < BLURRED,
            "a share of {share:.3} of the whispers' {name}"
        );
    }
    Ok(())
}
