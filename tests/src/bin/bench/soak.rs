//! Half an hour of talk in real time: does the delay creep, does the memory grow?

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_tests::hearing::heard_in;
use sotto_tests::speech::SENTENCES;
use sotto_tests::{Clip, Lab, Script};

use crate::figure::{Figure, Table};
use crate::moments::{microphone, now};
use crate::sound::{around, two};
use crate::spent::resident;

/// How long it takes, in minutes, unless the environment says otherwise.
const MINUTES: u64 = 30;
/// Where it may: set by `cargo xtask bench soak MINUTES`.
const MINUTES_VARIABLE: &str = "SOTTO_SOAK_MINUTES";
/// How often it is looked at.
const INTERVAL: Duration = Duration::from_secs(60);
/// What a microphone file has beyond its script: see [`Script::write`].
const BEYOND: usize = 480;

/// A talks without pause to B, who is muted, through file devices. Each minute a sentence is looked for in what B heard.
pub(crate) async fn soak(lab: &mut Lab, _runs: usize, table: &mut Table) -> Result<()> {
    let minutes = std::env::var(MINUTES_VARIABLE)
        .ok()
        .and_then(|minutes| minutes.parse().ok())
        .unwrap_or(MINUTES);
    let mut script = Script::new();
    let mut lines = Vec::new();
    for sentence in SENTENCES {
        script.pause(0.5);
        lines.push(script.say(&Clip::prompts(sentence)?));
    }
    let line = lines.first().context("no sentence")?.clone();
    let lap = Duration::from_secs_f64((script.sound().len() + BEYOND) as f64 / 48_000.0);
    let [anna, bao] = two(lab, |anna| anna.repeating(&script)).await?;
    bao.mutes().await?;
    let began = Instant::now();
    let (mut delays, mut talkers, mut listeners) = (Vec::new(), Vec::new(), Vec::new());
    eprintln!("minute  mouth to ear, ms  RSS of the talker and the listener, MiB");
    for minute in 1..=minutes {
        tokio::time::sleep_until((began + INTERVAL * minute as u32).into()).await;
        // The newest lap whose sentence has been heard and written by now.
        let since = now().saturating_sub(microphone(&anna)?);
        let over = line.end() + Duration::from_secs(3);
        let laps = since.saturating_sub(over).as_secs_f64() / lap.as_secs_f64();
        let mut said = line.clone();
        said.start += lap * laps as u32;
        let (sound, begin) = around(&bao, &anna, &said)?;
        let delay = heard_in(&sound, &said.clip).map(|heard| {
            let at = begin.as_secs_f64() + heard.at;
            (at - microphone(&anna).unwrap_or_default().as_secs_f64() - said.start.as_secs_f64())
                * 1e3
        });
        let memory = (resident(anna.pid()?)?, resident(bao.pid()?)?);
        match delay {
            Some(delay) => eprintln!("{minute:6}  {delay:16.1}  {:.1}  {:.1}", memory.0, memory.1),
            None => eprintln!(
                "{minute:6}  {:>16}  {:.1}  {:.1}",
                "not heard", memory.0, memory.1
            ),
        }
        delays.extend(delay);
        talkers.push(memory.0);
        listeners.push(memory.1);
    }
    let change = |values: &[f64]| match values {
        [first, .., last] => vec![last - first],
        _ => Vec::new(),
    };
    let crept = change(&delays);
    table.extend([
        Figure::new("soak: mouth to ear, file devices", "ms", "", delays),
        Figure::new(
            "soak: delay of the last minute less the first",
            "ms",
            "≤ 5",
            crept,
        ),
        Figure::new(
            "soak: memory of the talker, last less first",
            "MiB",
            "",
            change(&talkers),
        ),
        Figure::new(
            "soak: memory of the listener, last less first",
            "MiB",
            "",
            change(&listeners),
        ),
    ]);
    Ok(())
}
