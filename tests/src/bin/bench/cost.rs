//! What a daemon costs: memory, and processor time by the kernel's own account.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_tests::{Clip, Colleague, Lab, Script};

use crate::figure::Figure;
use sotto_tests::speech::SENTENCES;

/// The kernel counts processor time in steps of this many a second.
const TICKS: f64 = 100.0;
/// How long one measurement lasts.
const WINDOW: Duration = Duration::from_secs(10);

fn processor_time(of: &Colleague) -> Result<f64> {
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", of.pid()?)).context("no process")?;
    // The name of the program, in parentheses, may hold spaces.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().collect())
        .unwrap_or_default();
    let field = |index: usize| -> Result<f64> {
        fields
            .get(index)
            .and_then(|field| field.parse().ok())
            .context("/proc/PID/stat is not as expected")
    };
    // utime and stime, proc(5)
    Ok((field(11)? + field(12)?) / TICKS)
}

fn resident(of: &Colleague) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", of.pid()?)).context("no process")?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .context("/proc/PID/status is not as expected")?;
    Ok(kib / 1024.0)
}

/// Shares of one core in percent, again and again, for each of `who`.
async fn shares<const N: usize>(who: [&Colleague; N], runs: usize) -> Result<[Vec<f64>; N]> {
    let mut values = std::array::from_fn(|_| Vec::new());
    for _ in 0..runs {
        let begin = Instant::now();
        let mut before = [0.0; N];
        for (before, who) in before.iter_mut().zip(who) {
            *before = processor_time(who)?;
        }
        tokio::time::sleep(WINDOW).await;
        for ((before, who), values) in before.iter().zip(who).zip(&mut values) {
            let spent = processor_time(who)? - before;
            values.push(100.0 * spent / begin.elapsed().as_secs_f64());
        }
    }
    Ok(values)
}

/// A daemon that knows three colleagues and is in no meeting.
pub(crate) async fn idle(lab: &mut Lab, runs: usize) -> Result<Vec<Figure>> {
    let mut people = Vec::new();
    for name in ["Anna", "Bao", "Chen", "Dara"] {
        people.push(lab.colleague(name)?.start().await?);
    }
    for name in ["Bao", "Chen", "Dara"] {
        people[0].finds(name).await?;
    }
    // Starting costs more than staying.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let [share] = shares([&people[0]], runs).await?;
    Ok(vec![
        Figure::new(
            "idle daemon, three colleagues: memory (RSS)",
            "MiB",
            "≤ 25",
            vec![resident(&people[0])?],
        ),
        Figure::new(
            "idle daemon, three colleagues: one core",
            "%",
            "≤ 0.1",
            share,
        ),
    ])
}

/// A talks without pause, B listens.
pub(crate) async fn call(lab: &mut Lab, runs: usize) -> Result<Vec<Figure>> {
    let mut script = Script::new();
    for sentence in SENTENCES {
        script.say(&Clip::prompts(sentence)?);
    }
    let anna = lab.colleague("Anna")?.repeating(&script)?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    anna.finds("Bao").await?;
    anna.meets("Planning", &["Bao"]).await?;
    bao.joins("Planning").await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let [talker, listener] = shares([&anna, &bao], runs).await?;
    Ok(vec![
        Figure::new("one-way call, the talker: one core", "%", "≤ 2.0", talker),
        Figure::new(
            "one-way call, the listener: one core",
            "%",
            "≤ 1.2",
            listener,
        ),
        Figure::new(
            "in a call: memory (RSS)",
            "MiB",
            "",
            vec![resident(&anna)?, resident(&bao)?],
        ),
    ])
}
