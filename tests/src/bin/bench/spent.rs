//! What processes spend: processor time and task switches of each of their threads, by the kernel's own account.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The length of one measurement.
const WINDOW: Duration = Duration::from_secs(10);

/// The spending of a thread.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    /// On a processor, in programs and in the kernel, in seconds.
    seconds: f64,
    /// Times that it waited, or another was let before it.
    switches: f64,
}

/// The spending of the threads of one process by their names, a second, in each window. Threads of one name are one.
#[derive(Debug, Default)]
pub(crate) struct Spending(Vec<BTreeMap<String, Spent>>);

impl Spending {
    /// Returns the share of one core of all threads whose names fit, in percent, for each window.
    pub(crate) fn shares(&self, fits: impl Fn(&str) -> bool) -> Vec<f64> {
        self.sums(fits, |spent| 100.0 * spent.seconds)
    }

    /// Returns the task switches a second of all threads whose names fit, for each window.
    pub(crate) fn switches(&self, fits: impl Fn(&str) -> bool) -> Vec<f64> {
        self.sums(fits, |spent| spent.switches)
    }

    fn sums(&self, fits: impl Fn(&str) -> bool, what: fn(&Spent) -> f64) -> Vec<f64> {
        let of = |window: &BTreeMap<String, Spent>| {
            let threads = window.iter().filter(|(name, _)| fits(name));
            threads.map(|(_, spent)| what(spent)).sum()
        };
        self.0.iter().map(of).collect()
    }

    /// Returns the names of all threads.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.iter().flat_map(|it| it.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Watches processes for so many windows.
///
/// # Errors
///
/// When one of them ends.
pub(crate) async fn spending<const N: usize>(
    processes: [u32; N],
    windows: usize,
) -> Result<[Spending; N]> {
    let mut all = [const { Spending(Vec::new()) }; N];
    for _ in 0..windows {
        let begin = Instant::now();
        let mut before = [const { BTreeMap::new() }; N];
        for (before, process) in before.iter_mut().zip(processes) {
            *before = so_far(process)?;
        }
        tokio::time::sleep(WINDOW).await;
        for ((before, process), spending) in before.iter().zip(processes).zip(&mut all) {
            let after = so_far(process)?;
            let took = begin.elapsed().as_secs_f64();
            let mut window = BTreeMap::<String, Spent>::new();
            for (id, (name, after)) in after {
                let before = before
                    .get(&id)
                    .map_or(Spent::default(), |(_, spent)| *spent);
                let spent = window.entry(name).or_default();
                spent.seconds += (after.seconds - before.seconds) / took;
                spent.switches += (after.switches - before.switches) / took;
            }
            spending.0.push(window);
        }
    }
    Ok(all)
}

/// Returns the spending so far of the threads that are still there, by their numbers.
fn so_far(process: u32) -> Result<BTreeMap<String, (String, Spent)>> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).context("no process")?;
    let mut threads = BTreeMap::new();
    for task in tasks.flatten() {
        // A thread may end at any moment.
        if let Some(name) = read(&task.path(), "comm")
            && let Some(times) = read(&task.path(), "schedstat")
            && let Some(status) = read(&task.path(), "status")
        {
            let id = task.file_name().to_string_lossy().into_owned();
            threads.insert(id, (name.trim().to_owned(), spent(&times, &status)?));
        }
    }
    Ok(threads)
}

fn read(directory: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(directory.join(file)).ok()
}

fn spent(times: &str, status: &str) -> Result<Spent> {
    // The first field is the time on a processor in nanoseconds, in the kernel too
    // (Documentation/scheduler/sched-stats.rst).
    let nanoseconds: f64 = times
        .split_whitespace()
        .next()
        .and_then(|field| field.parse().ok())
        .context("/proc/PID/task/TID/schedstat is not as expected")?;
    let switches = field(status, "voluntary_ctxt_switches:")
        .zip(field(status, "nonvoluntary_ctxt_switches:"))
        .context("/proc/PID/task/TID/status is not as expected")?;
    Ok(Spent {
        seconds: nanoseconds / 1e9,
        switches: switches.0 + switches.1,
    })
}

/// Returns the number in a line of a status that begins with `name`.
fn field(status: &str, name: &str) -> Option<f64> {
    let mut lines = status.lines();
    let rest = lines.find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Returns the memory that a process has resident, in MiB.
///
/// # Errors
///
/// When it has ended.
pub(crate) fn resident(process: u32) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).context("no process")?;
    let kib = field(&status, "VmRSS:").context("/proc/PID/status is not as expected")?;
    Ok(kib / 1024.0)
}
