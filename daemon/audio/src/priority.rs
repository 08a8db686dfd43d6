//! Real-time priority for threads that move sound.
//!
//! Ordinary scheduling lets a busy machine delay a thread by tens of milliseconds, which is heard. So a thread that
//! sound passes through asks, in this order: for real-time scheduling (allowed where the user has a real-time limit),
//! and else for niceness. That goes for the device's own threads as for those of whoever uses it: the chain is as
//! punctual as its last link.

use std::fmt;

use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// Low among real-time priorities: sound servers and the kernel's own threads stay ahead of us.
pub const REALTIME_PRIORITY: u8 = 5;
/// As much as rtkit grants, and what sound servers use.
pub const NICENESS: i32 = -11;

/// How a thread is scheduled, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
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

/// Raises the calling thread as far as it may by itself, and says how far that was. Costs one or two system calls.
#[must_use]
pub fn raise_current_thread() -> Priority {
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
