//! Real-time priority for the two voice threads.
//!
//! Ordinary scheduling lets a busy machine delay a voice thread by tens of milliseconds, which is heard. So each
//! thread asks, in this order: for real-time scheduling by itself (allowed where the user has a real-time limit),
//! through rtkit (the desktop's way), and last for niceness. What it got is shown in `sotto status`.

use std::fmt;

use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// Low among real-time priorities: sound servers and the kernel's own threads stay ahead of us.
const REALTIME_PRIORITY: u8 = 5;
/// As much as rtkit grants, and what sound servers use.
const NICENESS: i32 = -11;

/// How a voice thread is scheduled, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// Real-time round robin.
    Realtime,
    /// Ordinary scheduling, ahead of other programs.
    Nice,
    /// Like any other program.
    Ordinary,
}

impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Realtime => "real-time",
            Self::Nice => "raised",
            Self::Ordinary => "ordinary",
        })
    }
}

/// Raises the calling thread as far as it may by itself.
pub(crate) fn raise_current_thread() -> Priority {
    let Ok(value) = ThreadPriorityValue::try_from(REALTIME_PRIORITY) else {
        return Priority::Ordinary;
    };
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    match set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(value),
        policy,
    ) {
        Ok(()) => Priority::Realtime,
        Err(_) => renice_current_thread(),
    }
}

#[cfg(target_os = "linux")]
fn renice_current_thread() -> Priority {
    // On Linux niceness belongs to the thread, and the calling thread is process 0 to this call.
    match rustix::process::setpriority_process(None, NICENESS) {
        Ok(()) => Priority::Nice,
        Err(_) => Priority::Ordinary,
    }
}

#[cfg(not(target_os = "linux"))]
fn renice_current_thread() -> Priority {
    Priority::Ordinary
}

/// The system's number of the calling thread, by which rtkit knows it.
#[cfg(target_os = "linux")]
pub(crate) fn current_thread_id() -> u64 {
    u64::from(
        rustix::thread::gettid()
            .as_raw_nonzero()
            .get()
            .unsigned_abs(),
    )
}

/// Asks rtkit to raise `thread_id` of this process.
///
/// Returns what was granted; without a system bus or rtkit, `None`.
#[cfg(target_os = "linux")]
pub(crate) async fn ask_rtkit(thread_id: u64) -> Option<Priority> {
    use std::time::Duration;

    const REPLY_TIMEOUT: Duration = Duration::from_secs(2);

    let ask = async {
        // rtkit refuses processes that could hold a core for ever.
        let limit = rustix::process::Rlimit {
            current: Some(200_000),
            maximum: Some(200_000),
        };
        rustix::process::setrlimit(rustix::process::Resource::Rttime, limit).ok()?;
        let connection = zbus::Connection::system().await.ok()?;
        let rtkit = zbus::Proxy::new(
            &connection,
            "org.freedesktop.RealtimeKit1",
            "/org/freedesktop/RealtimeKit1",
            "org.freedesktop.RealtimeKit1",
        )
        .await
        .ok()?;
        let realtime: zbus::Result<()> = rtkit
            .call(
                "MakeThreadRealtime",
                &(thread_id, u32::from(REALTIME_PRIORITY)),
            )
            .await;
        if realtime.is_ok() {
            return Some(Priority::Realtime);
        }
        let nice: zbus::Result<()> = rtkit
            .call("MakeThreadHighPriority", &(thread_id, NICENESS))
            .await;
        nice.ok().map(|()| Priority::Nice)
    };
    tokio::time::timeout(REPLY_TIMEOUT, ask)
        .await
        .ok()
        .flatten()
}
