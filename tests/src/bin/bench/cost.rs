//! What a daemon costs: memory, and processor time by the kernel's own account.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_tests::{Clip, Colleague, Lab, Script};

use crate::figure::{Figure, Table};
use crate::sound::two;
use sotto_tests::speech::SENTENCES;

/// How long one measurement lasts.
const WINDOW: Duration = Duration::from_secs(10);
/// The threads that stand in for sound hardware belong to the apparatus: their names begin like this.
const APPARATUS: &str = "sotto-file";

/// Processor time spent so far by threads that are still there: the daemon's own and the apparatus's, in seconds.
fn processor_time(of: &Colleague) -> Result<[f64; 2]> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", of.pid()?)).context("no process")?;
    let mut spent = [0.0; 2];
    for task in tasks.flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file));
        // A thread may end at any moment.
        let (Ok(name), Ok(times)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        // The first field is the time on a processor in nanoseconds (Documentation/scheduler/sched-stats.rst).
        let nanoseconds: f64 = times
            .split_whitespace()
            .next()
            .and_then(|field| field.parse().ok())
            .context("/proc/PID/task/TID/schedstat is not as expected")?;
        spent[usize::from(name.starts_with(APPARATUS))] += nanoseconds / 1e9;
    }
    Ok(spent)
}

pub(crate) fn resident(of: &Colleague) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", of.pid()?)).context("no process")?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .context("/proc/PID/status is not as expected")?;
    Ok(kib / 1024.0)
}

/// Shares of one core in percent, again and again, for each of `who`: the daemon's own and the apparatus's.
async fn shares<const N: usize>(who: [&Colleague; N], runs: usize) -> Result<[[Vec<f64>; 2]; N]> {
    let mut values = std::array::from_fn(|_| [Vec::new(), Vec::new()]);
    for _ in 0..runs {
        let begin = Instant::now();
        let mut before = [[0.0; 2]; N];
        for (before, who) in before.iter_mut().zip(who) {
            *before = processor_time(who)?;
        }
        tokio::time::sleep(WINDOW).await;
        for ((before, who), values) in before.iter().zip(who).zip(&mut values) {
            let after = processor_time(who)?;
            let took = begin.elapsed().as_secs_f64();
            for (values, (after, before)) in values.iter_mut().zip(after.iter().zip(before)) {
                values.push(100.0 * (after - before) / took);
            }
        }
    }
    Ok(values)
}

/// A daemon that knows three colleagues and is in no meeting.
pub(crate) async fn idle(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let mut people = Vec::new();
    for name in ["Anna", "Bao", "Chen", "Dara"] {
        people.push(lab.colleague(name)?.start().await?);
    }
    for name in ["Bao", "Chen", "Dara"] {
        people[0].finds(name).await?;
    }
    // Starting costs more than staying.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let [[share, _]] = shares([&people[0]], runs).await?;
    table.extend([
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
    ]);
    Ok(())
}

/// A talks without pause, B listens and is muted.
pub(crate) async fn call(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let mut script = Script::new();
    for sentence in SENTENCES {
        script.say(&Clip::prompts(sentence)?);
    }
    let [anna, bao] = two(lab, |anna| anna.repeating(&script)).await?;
    bao.mutes().await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let [[talker, talkers_files], [listener, listeners_files]] =
        shares([&anna, &bao], runs).await?;
    table.extend([
        Figure::new("one-way call, the talker: one core", "%", "≤ 2.0", talker),
        Figure::new(
            "one-way call, the listener: one core",
            "%",
            "≤ 1.2",
            listener,
        ),
        Figure::new(
            "beside it: threads that stand in for devices, talker",
            "%",
            "",
            talkers_files,
        ),
        Figure::new(
            "beside it: threads that stand in for devices, listener",
            "%",
            "",
            listeners_files,
        ),
        Figure::new(
            "in a call: memory (RSS)",
            "MiB",
            "",
            vec![resident(&anna)?, resident(&bao)?],
        ),
    ]);
    Ok(())
}
